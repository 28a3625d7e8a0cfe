//! Savepoints: pieces of a command are taken back alone, and never beyond their command.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plimsoll_engine::ledger::{Asset, Holder, HolderKind, Ledger, LedgerError, Reason, Slot};
use plimsoll_engine::liquidation::{CaseEvent, StageKind};
use plimsoll_engine::{Event, Savepoint, Tx};
use plimsoll_units::{AccountId, AssetId, CaseId, Timestamp, VenueId};

const VENUE: VenueId = VenueId(0);

struct Books {
    ledger: Ledger,
    events: Vec<Event>,
    next_case: u64,
    outside: Slot,
    wallet: Slot,
}

impl Books {
    fn new() -> Self {
        let dollar = Asset {
            symbol: "USDC".to_owned(),
            decimals: 6,
        };
        let mut ledger = Ledger::new(vec![dollar]);
        let outside = Holder::of_venue(HolderKind::Outside, VENUE);
        let outside = ledger.open(outside, AssetId(0)).unwrap();
        let wallet = Holder::wallet(VENUE, AccountId(0));
        let wallet = ledger.open(wallet, AssetId(0)).unwrap();
        ledger.commit();
        Self {
            ledger,
            events: Vec::new(),
            next_case: 1,
            outside,
            wallet,
        }
    }

    fn tx(&mut self) -> Tx<'_> {
        let Self {
            ledger,
            events,
            next_case,
            ..
        } = self;
        Tx::new(Timestamp(0), VENUE, ledger, events, next_case)
    }

    /// Everything that a savepoint covers.
    fn all(&self) -> (Vec<u8>, Vec<Event>, u64) {
        let ledger = borsh::to_vec(&self.ledger).unwrap();
        (ledger, self.events.clone(), self.next_case)
    }

    /// One piece of a command: a case, a holder that comes and goes, money that stays. One that
    /// fails does so at its very end.
    fn piece(&mut self, amount: i128, fails: bool) -> Result<(), LedgerError> {
        let (outside, wallet) = (self.outside, self.wallet);
        let mut tx = self.tx();
        let case = tx.next_case();
        let fresh = Holder::wallet(VENUE, AccountId(7));
        let fresh = tx.open(fresh, AssetId(0))?;
        tx.pay(outside, fresh, amount, Reason::Deposit)?;
        tx.pay(fresh, wallet, amount, Reason::Profit)?;
        tx.close(fresh)?;
        tx.emit(CaseEvent::Stage {
            case,
            stage: StageKind::Reward,
            amount,
        });
        if fails {
            // It was just closed.
            tx.pay(fresh, wallet, amount, Reason::Profit)?;
        }
        Ok(())
    }

    fn savepoint(&mut self) -> Savepoint {
        self.tx().savepoint()
    }

    fn rollback(&mut self, to: Savepoint) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.tx().rollback(to))).is_ok()
    }
}

#[test]
fn a_piece_that_fails_half_way_is_taken_back_alone() {
    let mut books = Books::new();
    books.piece(10, false).unwrap();
    let after_first = books.all();
    let savepoint = books.savepoint();
    assert!(books.piece(11, true).is_err());
    assert_ne!(books.all(), after_first);
    assert!(books.rollback(savepoint));
    assert_eq!(books.all(), after_first);
    // The same savepoint again, and the next piece as if nothing had been.
    assert!(books.rollback(savepoint));
    books.piece(20, false).unwrap();
    let reported = books.events.iter().filter_map(|event| match event {
        Event::Case(CaseEvent::Stage { case, amount, .. }) => Some((*case, *amount)),
        _ => None,
    });
    let reported: Vec<_> = reported.collect();
    assert_eq!(reported, [(CaseId(1), 10), (CaseId(2), 20)]);
}

#[test]
fn savepoints_nest() {
    let mut books = Books::new();
    let (outer, before) = (books.savepoint(), books.all());
    books.piece(1, false).unwrap();
    let (inner, between) = (books.savepoint(), books.all());
    books.piece(2, false).unwrap();
    assert!(books.rollback(inner));
    assert_eq!(books.all(), between);
    assert!(books.rollback(outer));
    assert_eq!(books.all(), before);
}

#[test]
fn a_savepoint_beyond_an_outer_rollback_stops() {
    let mut books = Books::new();
    let outer = books.savepoint();
    books.piece(1, false).unwrap();
    let inner = books.savepoint();
    assert!(books.rollback(outer));
    let before = books.all();
    assert!(!books.rollback(inner));
    assert_eq!(books.all(), before);
}

#[test]
fn a_savepoint_of_another_command_stops_even_where_the_numbers_would_fit() {
    let mut books = Books::new();
    let first = books.savepoint();
    books.piece(1, false).unwrap();
    let second = books.savepoint();
    books.ledger.commit();
    books.piece(2, false).unwrap();
    let before = books.all();
    for stale in [first, second] {
        assert!(!books.rollback(stale));
        assert_eq!(books.all(), before);
    }
}

#[test]
fn nothing_moved_is_nothing_reported() {
    let mut books = Books::new();
    let (outside, wallet) = (books.outside, books.wallet);
    let mut tx = books.tx();
    tx.pay(outside, wallet, 0, Reason::Deposit).unwrap();
    assert!(tx.pay(wallet, outside, 1, Reason::Withdrawal).is_err());
    assert_eq!((tx.balance(wallet), books.events.len()), (0, 0));
}
