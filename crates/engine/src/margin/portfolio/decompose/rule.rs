//! The literal rule: synthetics by strike, then verticals by closest strikes, then what is left.
//!
//! On a line of strikes the closest two of opposite signs are always neighbours among those that
//! are left: anything between them would be closer to one of the two. So the line is a linked list
//! of what is left, a heap keeps the neighbours of opposite signs by distance, and a neighbourhood
//! only changes when a strike is used up: O(n log n). Ties: the lower pair of strikes first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use plimsoll_units::ArithmeticError;

use super::{Kind, OptionLeg, Part};
use crate::pricing::OptionKind;

/// The parts of `legs`, which come sorted by expiry, strike, kind and instrument.
pub(super) fn parts(legs: &[OptionLeg]) -> Result<Vec<Part>, ArithmeticError> {
    let mut left: Vec<i64> = legs.iter().map(|leg| leg.quantity).collect();
    let mut parts = Vec::new();
    synthetics(legs, &mut left, &mut parts)?;
    for line in lines(legs) {
        verticals(legs, &line, &mut left, &mut parts)?;
    }
    for (at, quantity) in left.iter().enumerate() {
        if *quantity != 0 {
            parts.push(Part {
                legs: (at, None),
                kind: Kind::Peripheral,
                quantity: *quantity,
            });
        }
    }
    Ok(parts)
}

/// Call and put of one strike and expiry with opposite signs, as far as both go.
fn synthetics(
    legs: &[OptionLeg],
    left: &mut [i64],
    parts: &mut Vec<Part>,
) -> Result<(), ArithmeticError> {
    let mut from = 0usize;
    for strike in legs.chunk_by(|a, b| (a.expiry, a.strike) == (b.expiry, b.strike)) {
        let until = from.saturating_add(strike.len());
        let calls = strike.iter().filter(|l| l.kind == OptionKind::Call).count();
        let puts = from.saturating_add(calls);
        for call in from..puts {
            for put in puts..until {
                parts.extend(pair(left, (call, put), Kind::Synthetic)?);
            }
        }
        from = until;
    }
    Ok(())
}

/// The legs' places by expiry and kind, each line by strike.
fn lines(legs: &[OptionLeg]) -> Vec<Vec<usize>> {
    let mut lines = Vec::new();
    let mut from = 0usize;
    for expiry in legs.chunk_by(|a, b| a.expiry == b.expiry) {
        for kind in [OptionKind::Call, OptionKind::Put] {
            let of_kind = expiry.iter().enumerate().filter(|(_, l)| l.kind == kind);
            lines.push(of_kind.map(|(at, _)| from.saturating_add(at)).collect());
        }
        from = from.saturating_add(expiry.len());
    }
    lines
}

/// Closes as much of two legs against each other as both go, when their signs are opposite.
fn pair(
    left: &mut [i64],
    (a, b): (usize, usize),
    kind: Kind,
) -> Result<Option<Part>, ArithmeticError> {
    let (Some(&of_a), Some(&of_b)) = (left.get(a), left.get(b)) else {
        return Ok(None);
    };
    if of_a.signum().saturating_mul(of_b.signum()) >= 0 {
        return Ok(None);
    }
    let quantity = of_a.unsigned_abs().min(of_b.unsigned_abs());
    let quantity = i64::try_from(quantity).map_err(|_| ArithmeticError::Overflow)?;
    for at in [a, b] {
        if let Some(left) = left.get_mut(at) {
            let used = quantity.saturating_mul(left.signum());
            *left = left.saturating_sub(used);
        }
    }
    let legs = if of_a > 0 { (a, Some(b)) } else { (b, Some(a)) };
    Ok(Some(Part {
        legs,
        kind,
        quantity,
    }))
}

/// What is left of a line, linked by place on it.
struct Line<'l> {
    places: &'l [usize],
    next: Vec<Option<usize>>,
    before: Vec<Option<usize>>,
}

/// Neighbours by distance, then by place: (distance, lower, upper).
type Nearest = BinaryHeap<Reverse<(i128, usize, usize)>>;

fn verticals(
    legs: &[OptionLeg],
    places: &[usize],
    left: &mut [i64],
    parts: &mut Vec<Part>,
) -> Result<(), ArithmeticError> {
    let open: Vec<usize> = places
        .iter()
        .copied()
        .filter(|at| left.get(*at).is_some_and(|q| *q != 0))
        .collect();
    let mut line = Line::new(&open);
    let mut nearest = Nearest::new();
    for lower in 0..open.len() {
        if let Some(upper) = line.next.get(lower).copied().flatten() {
            line.offer(legs, left, &mut nearest, lower, upper)?;
        }
    }
    while let Some(Reverse((_, lower, upper))) = nearest.pop() {
        // Neighbours may have been parted by now.
        if line.next.get(lower).copied().flatten() != Some(upper) {
            continue;
        }
        let Some((a, b)) = line.legs(lower, upper) else {
            continue;
        };
        parts.extend(pair(left, (a, b), Kind::Vertical)?);
        for at in [lower, upper] {
            let used_up = line.leg(at).and_then(|leg| left.get(leg)) == Some(&0);
            if let Some((before, next)) = used_up.then(|| line.unlink(at)).flatten() {
                line.offer(legs, left, &mut nearest, before, next)?;
            }
        }
    }
    Ok(())
}

impl<'l> Line<'l> {
    fn new(places: &'l [usize]) -> Self {
        let count = places.len();
        let next = (1..=count).map(|at| (at < count).then_some(at)).collect();
        let before = (0..count).map(|at| at.checked_sub(1)).collect();
        Self {
            places,
            next,
            before,
        }
    }

    fn leg(&self, at: usize) -> Option<usize> {
        self.places.get(at).copied()
    }

    fn legs(&self, lower: usize, upper: usize) -> Option<(usize, usize)> {
        self.leg(lower).zip(self.leg(upper))
    }

    /// Takes a strike off the line; its former neighbours, where it had both.
    fn unlink(&mut self, at: usize) -> Option<(usize, usize)> {
        let before = self.before.get(at).copied().flatten();
        let next = self.next.get(at).copied().flatten();
        if let Some(link) = before.and_then(|before| self.next.get_mut(before)) {
            *link = next;
        }
        if let Some(link) = next.and_then(|next| self.before.get_mut(next)) {
            *link = before;
        }
        for links in [&mut self.next, &mut self.before] {
            if let Some(link) = links.get_mut(at) {
                *link = None;
            }
        }
        before.zip(next)
    }

    /// Puts two neighbours on the heap when their signs are opposite.
    fn offer(
        &self,
        legs: &[OptionLeg],
        left: &[i64],
        nearest: &mut Nearest,
        lower: usize,
        upper: usize,
    ) -> Result<(), ArithmeticError> {
        let Some((a, b)) = self.legs(lower, upper) else {
            return Ok(());
        };
        let sign = |at: usize| left.get(at).map_or(0, |q| q.signum());
        if sign(a).saturating_mul(sign(b)) >= 0 {
            return Ok(());
        }
        if let (Some(low), Some(high)) = (legs.get(a), legs.get(b)) {
            let distance = high.strike.sub(low.strike)?.raw();
            nearest.push(Reverse((distance, lower, upper)));
        }
        Ok(())
    }
}
