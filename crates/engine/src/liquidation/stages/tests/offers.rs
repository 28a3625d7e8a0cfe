//! Hedge, auction and socialise on an account that does what the test says: what each asks for,
//! and when it waits.

use plimsoll_units::{AccountId, CaseId, Duration, MarketId, Rate, Side, Timestamp, VenueId};

use crate::auction::{Clock, Ladder};
use crate::ledger::Ledger;
use crate::liquidation::stages::*;
use crate::liquidation::{
    Case, Disposed, Health, Lot, Offered, Reducible, Rule, Subject, Target, Trigger, walk,
};
use crate::tx::Tx;
use crate::{Event, Rejection};

/// An account with positions in markets where one unit of base frees one unit of margin at the
/// mark, and `1 / slip` less on the book.
#[derive(Debug, Default)]
struct Account {
    /// Market, quantity, and what the book takes of it.
    positions: Vec<(u16, i128, i128)>,
    /// What is missing to the requirement.
    missing: i128,
    /// Every so many units traded cost one.
    slip: i128,
    clock: Option<Clock>,
    /// Owed, and what the winners have.
    debt: i128,
    profits: i128,
    log: Vec<String>,
}

impl Subject for Account {
    fn health(&self, _: &Tx<'_>) -> Result<Health, Rejection> {
        Ok(Health {
            equity: 0,
            requirement: self.missing,
        })
    }

    fn collateral(&self, _: &Tx<'_>) -> i128 {
        0
    }

    fn inventory(&self, _: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        let open = self.positions.iter().filter(|(_, left, _)| *left > 0);
        let lots = open.map(|(market, quantity, _)| Lot {
            market: MarketId(*market),
            side: Side::Long,
            quantity: *quantity,
            acquired: *quantity,
            due: *quantity,
            step: 10,
        });
        Ok(lots.collect())
    }

    fn hedgeable(&self, _: &Tx<'_>, cushion_e5: u32) -> Result<Vec<Reducible>, Rejection> {
        if self.missing + i128::from(cushion_e5) <= 0 {
            return Ok(Vec::new());
        }
        let all = self
            .positions
            .iter()
            .map(|(market, quantity, _)| Reducible {
                market: MarketId(*market),
                quantity: *quantity,
                step: 10,
                frees: *quantity,
            });
        Ok(all.collect())
    }

    fn hedged(&self, _: &Tx<'_>, _: MarketId, q: i128, cushion: u32) -> Result<bool, Rejection> {
        Ok(q >= self.missing + i128::from(cushion))
    }

    fn trade_on_book(
        &mut self,
        _: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
        collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        let found = self.positions.iter_mut().find(|(m, ..)| *m == market.0);
        let (_, left, takes) = found.unwrap();
        let taken = quantity.min(*takes);
        (*left, *takes) = (*left - taken, *takes - taken);
        self.missing -= taken - taken / self.slip.max(1);
        let collar = collar_bps.map_or(String::new(), |bps| format!(" within {bps}"));
        self.log
            .push(format!("{taken} of {quantity} of {market}{collar}"));
        Ok(Disposed {
            quantity: taken,
            notional: taken,
            shortfall: 0,
        })
    }

    fn auction(
        &mut self,
        tx: &mut Tx<'_>,
        ladder: &Ladder,
        just_enough: bool,
    ) -> Result<Offered, Rejection> {
        if self.clock.is_none() {
            self.log
                .push(format!("offered, just enough: {just_enough}"));
        }
        let clock = self.clock.get_or_insert(Clock::start(tx.now));
        if ladder.is_exhausted(clock.elapsed(tx.now)?) {
            return Ok(Offered::Over);
        }
        Ok(Offered::Standing)
    }

    fn socialise(&mut self, _: &mut Tx<'_>, same_market: bool) -> Result<i128, Rejection> {
        let shared = self.debt.min(self.profits);
        (self.debt, self.profits) = (self.debt - shared, self.profits - shared);
        self.log
            .push(format!("{shared} shared, same market: {same_market}"));
        Ok(shared)
    }
}

fn case() -> Case {
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
            equity: 0,
            requirement: 1_000,
            collateral: 0,
            notional: 0,
        },
    }
}

/// Walks `stages` at each of `times`; what was asked of the account, what was told, and how each
/// walk ended.
fn check(mut account: Account, stages: &[Stage], times: &[i64], expected: &[&str]) {
    let mut log = Vec::new();
    for at in times {
        let (mut ledger, mut events, mut next) = (Ledger::default(), Vec::new(), 1);
        let now = Timestamp(*at);
        let mut tx = Tx::new(now, VenueId(0), &mut ledger, &mut events, &mut next);
        let walked = walk(&mut tx, &case(), stages, &mut account).unwrap();
        log.append(&mut account.log);
        for event in events {
            if let Event::Case(crate::liquidation::CaseEvent::Stage { stage, amount, .. }) = event {
                log.push(format!("{} {amount}", stage.name()));
            }
        }
        log.push(format!("{walked:?}"));
    }
    assert_eq!(log, expected);
}

const DONE: &str = "Done { shortfall: 0 }";

fn hedge(collar_bps: Option<u32>, cushion_e5: u32) -> [Stage; 1] {
    [Stage::Hedge(Hedge {
        collar_bps,
        cushion_e5,
    })]
}

#[test]
fn no_more_is_hedged_than_restores_and_what_the_book_cost_is_traded_again() {
    let of = |missing: i128, slip: i128| Account {
        positions: vec![(1, 500, 400), (2, 300, 300)],
        missing,
        slip,
        ..Account::default()
    };
    // Whole steps; with a cushion more; and nothing when nothing is missing.
    let first = ["40 of 40 of market-1", "hedge 40", DONE];
    check(of(31, 1_000), &hedge(None, 0), &[0], &first);
    let first = ["50 of 50 of market-1 within 30", "hedge 50", DONE];
    check(of(31, 1_000), &hedge(Some(30), 19), &[0], &first);
    check(of(0, 1_000), &hedge(None, 0), &[0], &[DONE]);
    // Half of what is traded is lost on the book: what is still missing is traded again.
    let again = [
        "100 of 100 of market-1",
        "50 of 50 of market-1",
        "30 of 30 of market-1",
        "10 of 10 of market-1",
        "10 of 10 of market-1",
        "hedge 200",
        DONE,
    ];
    check(of(100, 2), &hedge(None, 0), &[0], &again);
    // A thin book: the next position.
    let thin = [
        "400 of 450 of market-1",
        "50 of 50 of market-2",
        "hedge 450",
        DONE,
    ];
    check(of(450, 1_000), &hedge(None, 0), &[0], &thin);
    // More than there is: everything, and the next stage sees what is left.
    let all = [
        "400 of 500 of market-1",
        "300 of 300 of market-2",
        "hedge 700",
        DONE,
    ];
    check(of(2_000, 1_000), &hedge(None, 0), &[0], &all);
}

#[test]
fn a_book_that_takes_all_that_it_gives_is_not_traded_on_for_ever() {
    // Every unit traded costs one: nothing is ever gained.
    let account = Account {
        positions: vec![(1, 100_000, 100_000)],
        missing: 10,
        slip: 1,
        ..Account::default()
    };
    let mut expected = vec!["10 of 10 of market-1"; 16];
    expected.extend(["hedge 160", DONE]);
    check(account, &hedge(None, 0), &[0], &expected);
}

#[test]
fn an_auction_holds_up_what_comes_after_it_until_nobody_came() {
    let ladder = Ladder::new(Duration(100), 2, Rate::from_raw(0), Rate::from_raw(10)).unwrap();
    let stages = [
        Stage::Auction(Auction {
            ladder,
            just_enough: true,
        }),
        hedge(None, 0)[0],
    ];
    let account = || Account {
        positions: vec![(1, 500, 500)],
        missing: 10,
        slip: 1_000,
        ..Account::default()
    };
    let expected = [
        "offered, just enough: true",
        "Waiting",
        "Waiting",
        "10 of 10 of market-1",
        "hedge 10",
        DONE,
    ];
    check(account(), &stages, &[0, 299, 300], &expected);
    // Nothing to offer.
    let empty = Account::default();
    check(empty, &stages, &[0], &[DONE]);
}

#[test]
fn a_loss_is_shared_as_far_as_profits_go() {
    let stages = [Stage::Socialise(Socialise { same_market: true })];
    let of = |debt: i128, profits: i128| Account {
        debt,
        profits,
        ..Account::default()
    };
    let some = ["30 shared, same market: true", "socialise 30", DONE];
    check(of(40, 30), &stages, &[0], &some);
    check(of(30, 40), &stages, &[0], &some);
    let none = ["0 shared, same market: true", DONE];
    check(of(0, 40), &stages, &[0], &none);
}
