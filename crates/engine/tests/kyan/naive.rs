//! The margin of an account computed again, in the plainest way, from what the venue publishes:
//! its positions and cash, the arrays, the index and the model.

use plimsoll_engine::Engine;
use plimsoll_engine::venues::Venue;
use plimsoll_engine::venues::kyan::{Account, InstrumentId, Kyan, Pair};
use plimsoll_units::{AccountId, Price, Rate, Rounding, Timestamp, Wide, mul_div};

use crate::world::VENUE;

/// Equity and requirement, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Margin {
    /// 14 decimals.
    pub(crate) equity: i128,
    /// The requirement before its factors, 20 decimals.
    pub(crate) base: i128,
    pub(crate) mm_factor: Rate<6>,
    pub(crate) im_factor: Rate<6>,
}

impl Margin {
    fn exceeds(&self, factor: Rate<6>) -> bool {
        let million = 1_000_000;
        let needed = Wide::product(&[self.base, factor.raw()]).expect("512 bits");
        needed > Wide::product(&[self.equity, million, million]).expect("512 bits")
    }

    pub(crate) fn is_under(&self) -> bool {
        self.exceeds(self.mm_factor)
    }

    pub(crate) fn is_released(&self) -> bool {
        !self.exceeds(self.im_factor)
    }
}

pub(crate) fn venue(engine: &Engine) -> &Kyan {
    match engine.venue(VENUE) {
        Some(Venue::Kyan(venue)) => venue,
        other => panic!("no Kyan venue: {other:?}"),
    }
}

/// The margin of account `id`, if its pair is priced.
pub(crate) fn margin(engine: &Engine, id: u32) -> Option<Margin> {
    let venue = venue(engine);
    let account = venue.account(AccountId(id)).expect("an account");
    let pair = venue.pair(account.pair).expect("a pair");
    let cash = venue
        .cash(engine.ledger(), AccountId(id))
        .expect("an account");
    of(pair, account, cash)
}

fn of(pair: &Pair, account: &Account, cash: i128) -> Option<Margin> {
    let priced = pair.pricing()?;
    let index = pair.index().expect("an index").index.raw();
    let perpetual = pair.perpetual_mark().expect("a mark").raw();
    let model = &pair.params().model;
    let row = |id| priced.row(id).expect("an open instrument");
    let held: Vec<(InstrumentId, i128)> = account
        .positions()
        .iter()
        .map(|held| (held.instrument, i128::from(held.quantity)))
        .collect();

    let worth: i128 = held
        .iter()
        .map(|(id, quantity)| {
            let mark = if id.is_perpetual() {
                perpetual
            } else {
                priced.mark(*id).expect("a mark")
            };
            quantity * mark
        })
        .sum();
    let equity = cash * 100_000_000 + worth;

    let worst = (0..priced.arrays.scenarios())
        .map(|scenario| {
            let profit = |(id, quantity): &(InstrumentId, i128)| {
                let cells = priced.arrays.row(row(*id)).expect("a row");
                quantity * i128::from(cells[scenario])
            };
            held.iter().map(profit).sum::<i128>()
        })
        .min()
        .expect("scenarios");
    let matrix = (-worst).max(0);

    let exposure: i128 = held
        .iter()
        .map(|(id, quantity)| {
            let delta = priced.arrays.delta(row(*id)).expect("a delta");
            let one = 1_000_000_000_000;
            quantity * mul_div(delta.into(), index, one, Rounding::HalfEven).expect("fits")
        })
        .sum();
    let free = model.delta_free.raw() * 100_000_000;
    let over = (exposure.abs() - free).max(0);

    let mut strikes: Vec<(Timestamp, Price<8>)> = Vec::new();
    for (id, _) in held.iter().filter(|(id, _)| !id.is_perpetual()) {
        let terms = pair.option(*id).expect("an option").terms;
        strikes.push((terms.expiry, terms.strike));
    }
    strikes.sort_unstable();
    strikes.dedup();
    let roll: i128 = strikes
        .into_iter()
        .map(|strike| {
            let here = held.iter().filter(|(id, _)| {
                pair.option(*id)
                    .is_some_and(|o| (o.terms.expiry, o.terms.strike) == strike)
            });
            let short = -here.map(|(_, quantity)| *quantity).sum::<i128>().min(0);
            let window = i128::from(model.roll_window.millis());
            let left = i128::from(strike.0.millis() - priced.at().millis()).max(0);
            let share = (window - left).max(0);
            let charged = index * model.roll_rate.raw() * share;
            let scale = window * 1_000_000;
            short * ((charged + scale - 1) / scale)
        })
        .sum();

    let base = (matrix + roll) * 1_000_000 + over * model.delta_rate.raw();
    Some(Margin {
        equity,
        base,
        mm_factor: model.mm_factor,
        im_factor: model.im_factor,
    })
}
