//! The stages of a backstop on a venue that does what the test says: what each asks for, in which
//! order, and when it waits.

use plimsoll_units::{AccountId, CaseId, Duration, MarketId, Side, Timestamp, VenueId};

use crate::backstop::deleverage::Policy;
use crate::ledger::Ledger;
use crate::liquidation::stages::*;
use crate::liquidation::{Acquired, Health, Lot, Reducible, Rule, Target, Trigger, Whose, walk};

/// A venue with one account: what the book and the partners take, and what was asked of it.
#[derive(Debug, Default)]
struct Desk {
    positions: Vec<(u16, i128)>,
    lots: Vec<Lot>,
    unable: bool,
    partners_take: i128,
    book_takes: i128,
    needed: i128,
    sliced_at: Option<Timestamp>,
    /// What must be given up, in units of market `n` worth `n`.
    to_free: i128,
    log: Vec<String>,
}

fn lot(market: u16, quantity: i128) -> Lot {
    Lot {
        market: MarketId(market),
        side: Side::Long,
        quantity,
        acquired: quantity,
        due: quantity,
        step: 10,
    }
}

impl Desk {
    fn take(&mut self, what: &str, market: MarketId, quantity: i128) -> Disposed {
        for lot in &mut self.lots {
            if lot.market == market {
                lot.quantity -= quantity;
                lot.due = (lot.due - quantity).max(0);
            }
        }
        self.lots.retain(|lot| lot.quantity > 0);
        self.log.push(format!("{what} {quantity} of {market}"));
        Disposed {
            quantity,
            notional: quantity,
            shortfall: 0,
        }
    }
}

impl Subject for Desk {
    fn health(&self, _: &Tx<'_>) -> Result<Health, Rejection> {
        Ok(Health {
            equity: 0,
            requirement: 1,
        })
    }

    fn collateral(&self, _: &Tx<'_>) -> i128 {
        0
    }

    fn acquire(&mut self, _: &mut Tx<'_>) -> Result<Acquired, Rejection> {
        if self.positions.is_empty() {
            return Ok(Acquired::NotDue);
        }
        if self.unable {
            return Ok(Acquired::Unable);
        }
        let taken = std::mem::take(&mut self.positions);
        self.lots.extend(taken.into_iter().map(|(m, q)| lot(m, q)));
        Ok(Acquired::Taken {
            amount: 1,
            shortfall: 2,
        })
    }

    fn positions(&self, _: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        Ok(self.positions.iter().map(|(m, q)| lot(*m, *q)).collect())
    }

    fn inventory(&self, _: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        Ok(self.lots.clone())
    }

    fn hand_off(
        &mut self,
        _: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
    ) -> Result<Disposed, Rejection> {
        let taken = quantity.min(self.partners_take);
        self.partners_take -= taken;
        Ok(self.take("hand off", market, taken))
    }

    fn sliced_at(&self) -> Option<Timestamp> {
        self.sliced_at
    }

    fn schedule(&mut self, tx: &mut Tx<'_>, market: MarketId, due: i128) -> Result<(), Rejection> {
        self.sliced_at = Some(tx.now);
        let lot = self.lots.iter_mut().find(|lot| lot.market == market);
        lot.unwrap().due = due;
        Ok(())
    }

    fn close_on_book(
        &mut self,
        _: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
        collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        let taken = quantity.min(self.book_takes);
        self.book_takes -= taken;
        Ok(self.take(&format!("close {collar_bps:?}"), market, taken))
    }

    fn needed(&self, _: &Tx<'_>, _: Whose, _: MarketId) -> Result<i128, Rejection> {
        Ok(self.needed)
    }

    fn deleverage(
        &mut self,
        _: &mut Tx<'_>,
        whose: Whose,
        market: MarketId,
        quantity: i128,
        policy: Policy,
    ) -> Result<Disposed, Rejection> {
        self.positions.retain_mut(|(m, left)| {
            *left -= if MarketId(*m) == market { quantity } else { 0 };
            *left > 0
        });
        Ok(self.take(&format!("deleverage {whose:?} {policy}"), market, quantity))
    }

    fn reducible(&self, _: &Tx<'_>) -> Result<Vec<Reducible>, Rejection> {
        let all = self.positions.iter().map(|(market, quantity)| Reducible {
            market: MarketId(*market),
            quantity: *quantity,
            step: 10,
            frees: quantity * i128::from(*market),
        });
        Ok(all.collect())
    }

    fn suffices(&self, _: &Tx<'_>, market: MarketId, quantity: i128) -> Result<bool, Rejection> {
        Ok(quantity * i128::from(market.0) >= self.to_free)
    }

    fn reduce(
        &mut self,
        _: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
    ) -> Result<Disposed, Rejection> {
        self.to_free -= quantity * i128::from(market.0);
        Ok(self.take("reduce", market, quantity))
    }
}

fn case(equity: i128) -> Case {
    Case {
        id: CaseId(1),
        target: Target {
            venue: VenueId(0),
            market: MarketId(0),
            account: AccountId(0),
            position: None,
        },
        trigger: Trigger {
            rule: Rule::ValueUnderMaintenance,
            at: Timestamp(0),
            price: 1,
            version: 1,
            equity,
            requirement: 1_000,
            collateral: 0,
            notional: 0,
        },
    }
}

/// Walks `stages` at each of `times`; what was asked of the desk, and how each walk ended.
fn check(mut desk: Desk, stages: &[Stage], equity: i128, times: &[i64], expected: &[&str]) {
    let mut log = Vec::new();
    for at in times {
        let (mut ledger, mut events, mut next) = (Ledger::default(), Vec::new(), 1);
        let now = Timestamp(*at);
        let mut tx = Tx::new(now, VenueId(0), &mut ledger, &mut events, &mut next);
        let walked = walk(&mut tx, &case(equity), stages, &mut desk).unwrap();
        log.append(&mut desk.log);
        log.push(format!("{walked:?}, {} events", events.len()));
    }
    assert_eq!(log, expected);
}

const BOOK: CloseOnBook = CloseOnBook {
    collar_bps: None,
    slices: None,
};

fn deleverage(whose: Whose, policy: Policy) -> Stage {
    Stage::Deleverage(Deleverage { whose, policy })
}

/// The waterfall of the page.
fn page() -> [Stage; 5] {
    [
        Stage::Acquire(Acquire),
        deleverage(Whose::Account, Policy::Queue),
        Stage::HandOff(HandOff),
        Stage::CloseOnBook(BOOK),
        deleverage(Whose::Backstop, Policy::Queue),
    ]
}

#[test]
fn each_hop_takes_what_the_one_before_it_left() {
    let desk = || Desk {
        positions: vec![(1, 100), (2, 50)],
        partners_take: 60,
        book_takes: 70,
        ..Desk::default()
    };
    let done = "Done { shortfall: 2 }, 4 events";
    let expected = [
        "hand off 60 of market-1",
        "hand off 0 of market-2",
        "close None 40 of market-1",
        "close None 30 of market-2",
        "deleverage Backstop queue 20 of market-2",
        done,
    ];
    check(desk(), &page(), 0, &[0], &expected);
    let unable = Desk {
        unable: true,
        ..desk()
    };
    let expected = [
        "deleverage Account queue 100 of market-1",
        "deleverage Account queue 50 of market-2",
        "Done { shortfall: 0 }, 1 events",
    ];
    check(unable, &page(), 0, &[0], &expected);
    check(
        Desk::default(),
        &page(),
        0,
        &[0],
        &["Done { shortfall: 0 }, 0 events"],
    );
}

#[test]
fn slices_round_up_wait_and_never_hold_up_a_deep_case() {
    let slicing = Slicing {
        fraction_e5: 40_000,
        interval: Duration(100),
        deep_e5: 10_000,
    };
    let stages = [
        Stage::CloseOnBook(CloseOnBook {
            collar_bps: Some(50),
            slices: Some(slicing),
        }),
        deleverage(Whose::Backstop, Policy::Minimal),
    ];
    let desk = || Desk {
        lots: vec![lot(1, 72)],
        book_takes: 1_000,
        ..Desk::default()
    };
    // 40 % of 72 is 28.8: 30, 30 and the rest.
    let expected = [
        "close Some(50) 30 of market-1",
        "Waiting, 1 events",
        "Waiting, 0 events",
        "close Some(50) 30 of market-1",
        "Waiting, 1 events",
        "close Some(50) 12 of market-1",
        "Done { shortfall: 0 }, 1 events",
    ];
    check(desk(), &stages, 100, &[0, 99, 100, 200], &expected);
    let expected = [
        "close Some(50) 72 of market-1",
        "Done { shortfall: 0 }, 1 events",
    ];
    check(desk(), &stages, 99, &[0], &expected);
    // The smallest position there is does close.
    let small = Desk {
        lots: vec![lot(1, 1)],
        ..desk()
    };
    let expected = [
        "close Some(50) 1 of market-1",
        "Done { shortfall: 0 }, 1 events",
    ];
    check(small, &stages, 100, &[0], &expected);
    // What the book does not take of a slice goes on: no more than is needed of it.
    let thin = Desk {
        book_takes: 5,
        needed: 20,
        ..desk()
    };
    let expected = [
        "close Some(50) 5 of market-1",
        "deleverage Backstop minimal 20 of market-1",
        "Done { shortfall: 0 }, 2 events",
    ];
    check(thin, &stages, 100, &[0], &expected);
}

#[test]
fn a_slice_of_nothing_is_refused() {
    let check = |fraction_e5: u32, interval: i64, expected: &str| {
        let slicing = Slicing {
            fraction_e5,
            interval: Duration(interval),
            deep_e5: 0,
        };
        let found = slicing.validate().map_err(|refused| refused.to_string());
        assert_eq!(found.err().unwrap_or_default(), expected);
    };
    let says = |fraction: u32, interval: i64| {
        format!(
            "slices of {fraction} (in 1/100000) every {interval} ms are not a disposal: a slice is \
             1 to 100000, an interval is not negative"
        )
    };
    check(1, 0, "");
    check(100_000, 5, "");
    check(0, 5, &says(0, 5));
    check(100_001, 5, &says(100_001, 5));
    check(5, -1, &says(5, -1));
}

#[test]
fn no_more_is_given_up_than_brings_the_account_back() {
    let check = |to_free: i128, expected: &[&str]| {
        let desk = Desk {
            positions: vec![(1, 500), (3, 100), (2, 100)],
            to_free,
            ..Desk::default()
        };
        check(desk, &[Stage::Reduce(Reduce)], 0, &[0], expected);
    };
    let done = "Done { shortfall: 0 }, 1 events";
    // Market 1 frees 500, market 3 300, market 2 200: the most first, and of the last the least.
    check(1, &["reduce 10 of market-1", done]);
    check(10, &["reduce 10 of market-1", done]);
    check(11, &["reduce 20 of market-1", done]);
    check(500, &["reduce 500 of market-1", done]);
    check(
        501,
        &["reduce 500 of market-1", "reduce 10 of market-3", done],
    );
    check(
        631,
        &["reduce 500 of market-1", "reduce 50 of market-3", done],
    );
    let all = [
        "reduce 500 of market-1",
        "reduce 100 of market-3",
        "reduce 10 of market-2",
        done,
    ];
    check(819, &all);
}
