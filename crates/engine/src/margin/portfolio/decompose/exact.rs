//! The pairing with the least sum of isolated margins: one transportation problem an expiry.
//!
//! Every component but a peripheral pairs a long with a short leg of one expiry: call with put of
//! one strike (a synthetic), or two strikes of one kind (a vertical). The cost of a part is its
//! isolated margin per contract; a pairing saves what the two legs cost alone minus what they cost
//! together. The matrix and roll charges are proportional to size, so this is exact for them; the
//! delta charge, which is free up to a limit, enters at the size of one contract.

use plimsoll_units::ArithmeticError;

use super::super::CONTRACT;
use super::super::transport::Transport;
use super::{Kind, OptionLeg, Part, negated, unit_cost};
use crate::margin::portfolio::{MarginError, Valuation};

/// The parts of `legs`, which come sorted by expiry.
pub(super) fn parts(of: &Valuation<'_>, legs: &[OptionLeg]) -> Result<Vec<Part>, MarginError> {
    let mut parts = Vec::new();
    let mut from = 0usize;
    for expiry in legs.chunk_by(|a, b| a.expiry == b.expiry) {
        let until = from.saturating_add(expiry.len());
        let places: Vec<usize> = (from..until).collect();
        one_expiry(of, legs, &places, &mut parts)?;
        from = until;
    }
    Ok(parts)
}

fn one_expiry(
    of: &Valuation<'_>,
    legs: &[OptionLeg],
    places: &[usize],
    parts: &mut Vec<Part>,
) -> Result<(), MarginError> {
    let quantity = |at: usize| legs.get(at).map_or(0, |leg| leg.quantity);
    let longs: Vec<usize> = places
        .iter()
        .copied()
        .filter(|p| quantity(*p) > 0)
        .collect();
    let shorts: Vec<usize> = places
        .iter()
        .copied()
        .filter(|p| quantity(*p) < 0)
        .collect();
    let supply: Vec<i64> = longs.iter().map(|at| quantity(*at)).collect();
    let mut demand = Vec::with_capacity(shorts.len());
    for at in &shorts {
        demand.push(negated(quantity(*at))?);
    }
    let mut problem = Transport::new(supply.clone(), demand.clone());
    let alone = |at: usize, quantity: i64| {
        let part = Part {
            legs: (at, None),
            kind: Kind::Peripheral,
            quantity,
        };
        unit_cost(of, legs, part)
    };
    let mut short_costs = Vec::with_capacity(shorts.len());
    for short in &shorts {
        short_costs.push(alone(*short, negated(CONTRACT)?)?);
    }
    for (from, long) in longs.iter().enumerate() {
        let long_cost = alone(*long, CONTRACT)?;
        for (to, (short, short_cost)) in shorts.iter().zip(&short_costs).enumerate() {
            let Some(kind) = kind_of_pair(legs, *long, *short) else {
                continue;
            };
            let part = Part {
                legs: (*long, Some(*short)),
                kind,
                quantity: CONTRACT,
            };
            let together = unit_cost(of, legs, part)?;
            let apart = long_cost.checked_add(*short_cost);
            let saving = apart.and_then(|apart| apart.checked_sub(together));
            problem.allow(from, to, saving.ok_or(ArithmeticError::Overflow)?);
        }
    }
    let (mut long_left, mut short_left) = (supply, demand);
    for shipment in problem.solve()? {
        let (Some(long), Some(short)) = (longs.get(shipment.from), shorts.get(shipment.to)) else {
            continue;
        };
        if let Some(kind) = kind_of_pair(legs, *long, *short) {
            parts.push(Part {
                legs: (*long, Some(*short)),
                kind,
                quantity: shipment.quantity,
            });
        }
        for left in [
            long_left.get_mut(shipment.from),
            short_left.get_mut(shipment.to),
        ]
        .into_iter()
        .flatten()
        {
            *left = left.saturating_sub(shipment.quantity);
        }
    }
    let singles = longs.iter().zip(&long_left).map(|(at, left)| (*at, *left));
    let mut all: Vec<(usize, i64)> = singles.collect();
    for (at, left) in shorts.iter().zip(&short_left) {
        all.push((*at, negated(*left)?));
    }
    for (at, quantity) in all {
        if quantity != 0 {
            parts.push(Part {
                legs: (at, None),
                kind: Kind::Peripheral,
                quantity,
            });
        }
    }
    Ok(())
}

/// What a long and a short leg of one expiry are together, if anything.
fn kind_of_pair(legs: &[OptionLeg], long: usize, short: usize) -> Option<Kind> {
    let (long, short) = (legs.get(long)?, legs.get(short)?);
    match (long.kind == short.kind, long.strike == short.strike) {
        (true, false) => Some(Kind::Vertical),
        (false, true) => Some(Kind::Synthetic),
        _ => None,
    }
}
