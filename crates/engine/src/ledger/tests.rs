//! The books against a naive model, and each way to misuse them by name.

use std::panic::{AssertUnwindSafe, catch_unwind};

use expect_test::{Expect, expect};
use plimsoll_units::{AccountId, MarketId, VenueId};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::*;

const MONEY: AssetId = AssetId(0);
const SHARES: AssetId = AssetId(1);
const VENUE: VenueId = VenueId(0);

fn assets() -> Vec<Asset> {
    let asset = |symbol: &str, decimals| Asset {
        symbol: symbol.to_owned(),
        decimals,
    };
    vec![asset("USDC", 6), asset("TLP", 18)]
}

fn wallet(number: u32) -> Holder {
    Holder::wallet(VENUE, AccountId(number))
}

fn outside() -> Holder {
    Holder::of_venue(HolderKind::Outside, VENUE)
}

/// What two equal ledgers have in common, and nothing else: the encoding that is hashed.
fn bytes(ledger: &Ledger) -> Vec<u8> {
    borsh::to_vec(ledger).unwrap()
}

/// Outside, two wallets in money, the issuer and a wallet in shares; 100 in the first wallet.
struct Books {
    ledger: Ledger,
    outside: Slot,
    alice: Slot,
    bob: Slot,
    issuer: Slot,
    alice_shares: Slot,
}

fn books() -> Books {
    let mut ledger = Ledger::new(assets());
    let mut open = |holder, asset| ledger.open(holder, asset).unwrap();
    let (outside, alice, bob) = (
        open(outside(), MONEY),
        open(wallet(0), MONEY),
        open(wallet(1), MONEY),
    );
    let issuer = open(Holder::of_venue(HolderKind::Issuer, VENUE), SHARES);
    let alice_shares = open(wallet(0), SHARES);
    ledger.post(outside, alice, 100, Reason::Deposit).unwrap();
    ledger.commit();
    Books {
        ledger,
        outside,
        alice,
        bob,
        issuer,
        alice_shares,
    }
}

#[test]
fn a_refused_movement_moves_nothing() {
    let Books {
        mut ledger,
        outside,
        alice,
        bob,
        alice_shares,
        ..
    } = books();
    let closed = ledger.open(wallet(9), MONEY).unwrap();
    ledger.close(closed).unwrap();
    let never = Slot(77);
    let mut check = |from, to, amount, expected: Expect| {
        let (before, mark) = (bytes(&ledger), ledger.mark());
        let refusal = ledger.post(from, to, amount, Reason::Loss).unwrap_err();
        expected.assert_eq(&refusal.to_string());
        assert_eq!((bytes(&ledger), ledger.mark()), (before, mark), "{refusal}");
    };
    check(
        alice,
        bob,
        101,
        expect!["the wallet of account-0 (venue-0) holds 100 raw units, 101 are needed"],
    );
    check(
        bob,
        bob,
        1,
        expect!["the wallet of account-1 (venue-0) holds 0 raw units, 1 are needed"],
    );
    check(
        alice,
        bob,
        -1,
        expect!["a movement cannot be negative (-1)"],
    );
    check(
        outside,
        bob,
        i128::MIN,
        expect!["a movement cannot be negative (-170141183460469231731687303715884105728)"],
    );
    check(
        alice,
        alice_shares,
        1,
        expect![
            "the wallet of account-0 (venue-0) and the wallet of account-0 (venue-0) hold different assets"
        ],
    );
    check(
        outside,
        alice,
        i128::MAX,
        expect!["the balance of the outside world (venue-0) would not fit in 128 bits"],
    );
    check(never, bob, 1, expect!["no holder is kept at slot 77"]);
    check(alice, never, 1, expect!["no holder is kept at slot 77"]);
    check(closed, bob, 1, expect!["no holder is kept at slot 5"]);
    check(alice, closed, 0, expect!["no holder is kept at slot 5"]);
}

#[test]
fn balances_reach_the_limits_of_128_bits_and_not_beyond() {
    let mut ledger = Ledger::new(assets());
    let outside = ledger.open(outside(), MONEY).unwrap();
    let (alice, bob) = (
        ledger.open(wallet(0), MONEY).unwrap(),
        ledger.open(wallet(1), MONEY).unwrap(),
    );
    let mut deposit = |to, amount| {
        ledger
            .post(outside, to, amount, Reason::Deposit)
            .map(|_| ())
    };
    assert_eq!(deposit(alice, i128::MAX), Ok(()));
    // The payer could, the payee could not.
    assert_eq!(deposit(alice, 1), Err(LedgerError::Overflow(wallet(0))));
    assert_eq!(deposit(bob, 1), Ok(()));
    // Outside is at the lowest balance there is.
    assert_eq!(deposit(bob, 1), Err(LedgerError::Overflow(self::outside())));
    assert_eq!(ledger.balance(outside), i128::MIN);
    assert_eq!(ledger.audit(), Ok(()));
    ledger.rollback(3);
    assert_eq!((ledger.balance(outside), ledger.balance(alice)), (0, 0));
    assert_eq!(ledger.audit(), Ok(()));
}

#[test]
fn a_movement_of_nothing_is_not_reported() {
    let mut books = books();
    let before = bytes(&books.ledger);
    let nothing = books.ledger.post(books.bob, books.alice, 0, Reason::Profit);
    assert_eq!(nothing, Ok(None));
    assert_eq!((bytes(&books.ledger), books.ledger.mark()), (before, 0));
}

#[test]
fn a_movement_to_oneself_is_reported_and_changes_nothing() {
    let mut books = books();
    let before = bytes(&books.ledger);
    let (alice, all) = (books.alice, 100);
    let moved = books
        .ledger
        .post(alice, alice, all, Reason::Funding)
        .unwrap();
    assert_eq!(
        moved.map(|m| (m.from, m.to, m.amount)),
        Some((wallet(0), wallet(0), 100))
    );
    assert_eq!((bytes(&books.ledger), books.ledger.mark()), (before, 0));
}

#[test]
fn exactly_the_kinds_that_stand_for_debts_may_owe() {
    let may_owe: Vec<_> = (0..=u8::MAX)
        .filter_map(|number| borsh::from_slice::<HolderKind>(&[number]).ok())
        .filter(|kind| kind.may_owe())
        .collect();
    use HolderKind::{Clearing, Issuer, Margin, Outside, Shortfall};
    assert_eq!(may_owe, [Outside, Issuer, Clearing, Shortfall, Margin]);

    let mut ledger = Ledger::new(assets());
    let to = ledger.open(wallet(0), MONEY).unwrap();
    for kind in (1..=u8::MAX).filter_map(|n| borsh::from_slice::<HolderKind>(&[n]).ok()) {
        let from = ledger.open(Holder::of_venue(kind, VENUE), MONEY).unwrap();
        let paid = ledger.post(from, to, 1, Reason::Loss);
        assert_eq!(paid.is_ok(), kind.may_owe(), "{kind:?}");
        assert_eq!(ledger.balance(from), if kind.may_owe() { -1 } else { 0 });
    }
    assert_eq!(ledger.audit(), Ok(()));
}

#[test]
fn a_holder_with_money_or_debt_cannot_be_closed() {
    let mut books = books();
    let mut check = |slot, expected: Expect| {
        let before = bytes(&books.ledger);
        let refusal = books.ledger.close(slot).unwrap_err();
        expected.assert_eq(&refusal.to_string());
        assert_eq!(bytes(&books.ledger), before);
    };
    check(
        books.alice,
        expect!["the wallet of account-0 (venue-0) still holds 100 raw units"],
    );
    check(
        books.outside,
        expect!["the outside world (venue-0) still holds -100 raw units"],
    );
    check(Slot(1000), expect!["no holder is kept at slot 1000"]);
    assert_eq!(books.ledger.close(books.issuer), Ok(()));
    assert_eq!(
        books.ledger.close(books.issuer),
        Err(LedgerError::UnknownSlot(3))
    );
}

#[test]
fn nobody_and_unknown_assets_cannot_be_opened() {
    let mut ledger = Ledger::new(assets());
    let before = bytes(&ledger);
    for venue in [VenueId(0), VenueId(7)] {
        let nobody = Holder::of_venue(HolderKind::Closed, venue);
        assert_eq!(ledger.open(nobody, MONEY), Err(LedgerError::Nobody));
    }
    let unknown = AssetId(2);
    assert_eq!(
        ledger.open(wallet(0), unknown),
        Err(LedgerError::UnknownAsset(unknown))
    );
    assert_eq!((bytes(&ledger), ledger.mark()), (before, 0));
}

#[test]
fn a_closed_slot_is_nobodys_until_it_is_used_again() {
    let mut books = books();
    let (ledger, bob) = (&mut books.ledger, books.bob);
    ledger.close(bob).unwrap();
    assert_eq!((ledger.holder(bob), ledger.balance(bob)), (None, 0));
    assert!(ledger.entries().all(|(holder, ..)| holder != wallet(1)));
    let carol = ledger.open(wallet(2), SHARES).unwrap();
    assert_eq!((carol, ledger.holder(bob)), (bob, Some(wallet(2))));
    assert_eq!(ledger.audit(), Ok(()));
}

/// A rejected command that used a free slot for another asset must leave no trace of it.
#[test]
fn rollback_of_a_reused_slot_leaves_no_trace_of_the_asset() {
    let mut books = books();
    let (ledger, shares) = (&mut books.ledger, books.alice_shares);
    ledger.close(shares).unwrap();
    ledger.commit();
    let before = bytes(ledger);
    for asset in [MONEY, SHARES] {
        ledger.open(wallet(3), asset).unwrap();
        ledger.rollback(0);
        assert_eq!(bytes(ledger), before, "{asset}");
    }
}

/// Slots are handed out newest free first, before and after a rollback.
#[test]
fn rollback_restores_the_order_in_which_slots_are_used_again() {
    let mut ledger = Ledger::new(assets());
    let slots: Vec<Slot> = (0..4)
        .map(|n| ledger.open(wallet(n), MONEY).unwrap())
        .collect();
    for &slot in &slots[..3] {
        ledger.close(slot).unwrap();
    }
    ledger.commit();
    let open_four = |ledger: &mut Ledger| -> Vec<Slot> {
        (10..14)
            .map(|n| ledger.open(wallet(n), SHARES).unwrap())
            .collect()
    };
    let first = open_four(&mut ledger);
    assert_eq!(first, [slots[2], slots[1], slots[0], Slot(4)]);
    ledger.close(first[1]).unwrap();
    ledger.rollback(0);
    assert_eq!(open_four(&mut ledger), first);
}

#[test]
fn a_mark_beyond_what_is_open_is_a_bug_and_stops() {
    let mut books = books();
    let misuse = |ledger: &mut Ledger, mark| {
        catch_unwind(AssertUnwindSafe(|| ledger.rollback(mark))).is_err()
    };
    let (ledger, from, to) = (&mut books.ledger, books.alice, books.bob);
    ledger.post(from, to, 1, Reason::Loss).unwrap();
    let inner = ledger.mark();
    assert!(!misuse(ledger, inner));
    ledger.rollback(0);
    assert!(misuse(ledger, inner), "rolled back beyond the mark");
    ledger.post(from, to, 1, Reason::Loss).unwrap();
    ledger.commit();
    assert!(misuse(ledger, inner), "committed after the mark");
}

#[test]
fn the_audit_names_each_kind_of_damage() {
    let check = |damage: fn(&mut Ledger), expected: Expect| {
        let mut books = books();
        let (ledger, bob) = (&mut books.ledger, books.bob);
        ledger.close(bob).unwrap();
        ledger.commit();
        assert_eq!(ledger.audit(), Ok(()));
        damage(ledger);
        expected.assert_eq(&ledger.audit().unwrap_err());
    };
    check(
        |l| l.places[1].balance = 99,
        expect!["USDC sums to -1 raw units instead of zero"],
    );
    check(
        |l| {
            let first = l.places[0].balance;
            l.places[0].balance = std::mem::replace(&mut l.places[1].balance, first);
        },
        expect!["the wallet of account-0 (venue-0) has a negative balance of -100 raw units"],
    );
    check(
        |l| l.places[4].asset = AssetId(2),
        expect!["the wallet of account-0 (venue-0) holds asset-2, which does not exist"],
    );
    check(
        |l| l.assets.truncate(1),
        expect!["the share issuer (venue-0) holds asset-1, which does not exist"],
    );
    check(
        |l| l.places[2].balance = 1,
        expect!["closed slot 2 keeps 1 raw units of asset-0"],
    );
    check(
        |l| l.places[2].asset = SHARES,
        expect!["closed slot 2 keeps 0 raw units of asset-1"],
    );
    check(
        |l| {
            let number = 1;
            let nobody = Holder {
                number,
                ..Holder::CLOSED
            };
            l.places[2] = Place::new(nobody, AssetId(0));
        },
        expect!["closed slot 2 keeps 0 raw units of asset-0"],
    );
    check(
        |l| l.free.clear(),
        expect!["0 slots are listed as free, 1 are closed"],
    );
    check(
        |l| l.free.push(Slot(2)),
        expect!["2 slots are listed as free, 1 are closed"],
    );
    check(
        |l| l.free.push(Slot(1)),
        expect!["slot 1 is free and not closed"],
    );
    check(
        |l| l.free[0] = Slot(u32::MAX),
        expect!["slot 4294967295 is free and not closed"],
    );
}

#[test]
fn columns_of_unequal_length_do_not_decode() {
    let check = |balances: usize, holders: usize, kept: usize, expected: Expect| {
        let columns = (
            assets(),
            vec![0i128; balances],
            vec![outside(); holders],
            vec![MONEY; kept],
            Vec::<u32>::new(),
        );
        let decoded = borsh::from_slice::<Ledger>(&borsh::to_vec(&columns).unwrap());
        let message = decoded.map(|l| l.places.len()).map_err(|e| e.to_string());
        expected.assert_eq(&format!("{message:?}"));
    };
    check(3, 3, 3, expect!["Ok(3)"]);
    check(
        4,
        3,
        3,
        expect![[r#"Err("4 balances of 3 holders in 3 assets")"#]],
    );
    check(
        3,
        2,
        3,
        expect![[r#"Err("3 balances of 2 holders in 3 assets")"#]],
    );
    check(
        3,
        3,
        4,
        expect![[r#"Err("3 balances of 3 holders in 4 assets")"#]],
    );
}

/// The books are stored as columns; a column cut short must not pass for smaller books.
#[test]
fn columns_of_different_lengths_are_no_books() {
    let check = |balances: usize, holders: usize, kept: usize, expected: &Expect| {
        let bytes = borsh::to_vec(&(
            assets(),
            vec![0i128; balances],
            vec![wallet(0); holders],
            vec![MONEY; kept],
            Vec::<Slot>::new(),
        ));
        let read = borsh::from_slice::<Ledger>(&bytes.unwrap());
        let shown = read.map_or_else(|e| e.to_string(), |books| format!("{:?}", books.audit()));
        expected.assert_eq(&shown);
    };
    check(2, 2, 2, &expect!["Ok(())"]);
    check(1, 2, 2, &expect!["1 balances of 2 holders in 2 assets"]);
    check(2, 3, 2, &expect!["2 balances of 3 holders in 2 assets"]);
    check(2, 2, 0, &expect!["2 balances of 2 holders in 0 assets"]);
}

#[test]
fn memory_counts_what_a_large_command_left_allocated() {
    let mut books = books();
    let before = books.ledger.memory_bytes();
    for _ in 0..1000 {
        books
            .ledger
            .post(books.outside, books.bob, 1, Reason::Deposit)
            .unwrap();
    }
    assert!(books.ledger.memory_bytes() >= before + 1000 * size_of::<Undo>());
}

/// The same books the obvious way: every mark keeps a copy of everything.
#[derive(Clone, Default)]
struct Model {
    slots: Vec<Option<(Holder, AssetId, i128)>>,
    free: Vec<usize>,
}

impl Model {
    fn at(&self, slot: Slot) -> Result<(Holder, AssetId, i128), LedgerError> {
        let found = self.slots.get(slot.0 as usize).copied().flatten();
        found.ok_or(LedgerError::UnknownSlot(slot.0))
    }

    fn open(&mut self, holder: Holder, asset: AssetId) -> Result<Slot, LedgerError> {
        if holder.kind == HolderKind::Closed {
            return Err(LedgerError::Nobody);
        }
        if asset.index() >= assets().len() {
            return Err(LedgerError::UnknownAsset(asset));
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[at] = Some((holder, asset, 0));
        Ok(Slot(at as u32))
    }

    fn close(&mut self, slot: Slot) -> Result<(), LedgerError> {
        let (holder, _, balance) = self.at(slot)?;
        if balance != 0 {
            return Err(LedgerError::NotEmpty { holder, balance });
        }
        self.slots[slot.0 as usize] = None;
        self.free.push(slot.0 as usize);
        Ok(())
    }

    fn post(&mut self, from: Slot, to: Slot, amount: i128) -> Result<bool, LedgerError> {
        let ((payer, asset, has), (payee, other, had)) = (self.at(from)?, self.at(to)?);
        if amount < 0 {
            return Err(LedgerError::Negative(amount));
        }
        if asset != other {
            return Err(LedgerError::AssetMismatch {
                from: payer,
                to: payee,
            });
        }
        let left = has
            .checked_sub(amount)
            .ok_or(LedgerError::Overflow(payer))?;
        if left < 0 && !payer.kind.may_owe() {
            return Err(LedgerError::Insufficient {
                holder: payer,
                balance: has,
                amount,
            });
        }
        if from != to {
            let then = had
                .checked_add(amount)
                .ok_or(LedgerError::Overflow(payee))?;
            self.slots[from.0 as usize] = Some((payer, asset, left));
            self.slots[to.0 as usize] = Some((payee, other, then));
        }
        Ok(amount != 0)
    }

    /// The bytes that a ledger of the same books has.
    fn bytes(&self) -> Vec<u8> {
        let column = |of: fn((Holder, AssetId, i128)) -> Vec<u8>| -> Vec<u8> {
            let mut out = (self.slots.len() as u32).to_le_bytes().to_vec();
            for slot in &self.slots {
                out.extend(of(slot.unwrap_or((Holder::CLOSED, AssetId(0), 0))));
            }
            out
        };
        let free: Vec<u32> = self.free.iter().map(|&at| at as u32).collect();
        [
            borsh::to_vec(&assets()).unwrap(),
            column(|(_, _, balance)| borsh::to_vec(&balance).unwrap()),
            column(|(holder, _, _)| borsh::to_vec(&holder).unwrap()),
            column(|(_, asset, _)| borsh::to_vec(&asset).unwrap()),
            borsh::to_vec(&free).unwrap(),
        ]
        .concat()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Open(HolderKind, u32, AssetId),
    Close(Slot),
    Post(Slot, Slot, i128),
    Mark,
    Rollback(prop::sample::Index),
    Commit,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        2 => Just(HolderKind::Outside),
        1 => Just(HolderKind::Clearing),
        5 => Just(HolderKind::Wallet),
        1 => Just(HolderKind::Closed),
    ];
    let slot = || (0u32..10).prop_map(Slot);
    let amount = prop_oneof![
        3 => Just(0i128),
        20 => 1..40i128,
        1 => Just(-1),
        1 => Just(i128::MIN),
        1 => (0..3i128).prop_map(|less| i128::MAX - less),
        1 => Just(i128::MAX / 2),
    ];
    prop_oneof![
        4 => (kind, 0..4u32, (0..3u16).prop_map(AssetId)).prop_map(|(k, n, a)| Step::Open(k, n, a)),
        3 => slot().prop_map(Step::Close),
        12 => (slot(), slot(), amount).prop_map(|(from, to, amount)| Step::Post(from, to, amount)),
        2 => Just(Step::Mark),
        2 => any::<prop::sample::Index>().prop_map(Step::Rollback),
        1 => Just(Step::Commit),
    ]
}

/// How often each thing really happened, so that the law is not about refusals alone.
#[derive(Debug, Default)]
struct Seen {
    moved: u32,
    refused: u32,
    reused: u32,
    took_back: u32,
}

fn check_against_model(steps: &[Step], seen: &mut Seen) -> Result<(), TestCaseError> {
    let (mut ledger, mut model) = (Ledger::new(assets()), Model::default());
    let mut marks = vec![(ledger.mark(), model.clone())];
    for step in steps {
        match *step {
            Step::Open(kind, number, asset) => {
                let holder = Holder {
                    number: number.into(),
                    venue: VENUE,
                    market: MarketId(0),
                    kind,
                };
                let free = model.free.len();
                prop_assert_eq!(ledger.open(holder, asset), model.open(holder, asset));
                seen.reused += u32::from(model.free.len() < free);
            }
            Step::Close(slot) => prop_assert_eq!(ledger.close(slot), model.close(slot)),
            Step::Post(from, to, amount) => {
                let before = (model.at(from), model.at(to));
                let real = ledger.post(from, to, amount, Reason::Profit);
                prop_assert_eq!(real.map(|m| m.is_some()), model.post(from, to, amount));
                if let (Ok(Some(movement)), (Ok(payer), Ok(payee))) = (real, before) {
                    let expected = Movement {
                        from: payer.0,
                        to: payee.0,
                        asset: payer.1,
                        amount,
                        reason: Reason::Profit,
                    };
                    prop_assert_eq!(movement, expected);
                    seen.moved += 1;
                }
                seen.refused += u32::from(real.is_err());
            }
            Step::Mark => marks.push((ledger.mark(), model.clone())),
            Step::Rollback(at) => {
                let at = at.index(marks.len());
                marks.truncate(at + 1);
                let (mark, then) = &marks[at];
                seen.took_back += u32::from(*mark < ledger.mark());
                ledger.rollback(*mark);
                model = then.clone();
            }
            Step::Commit => {
                ledger.commit();
                marks = vec![(ledger.mark(), model.clone())];
            }
        }
        prop_assert_eq!(bytes(&ledger), model.bytes(), "after {:?}", step);
        prop_assert_eq!(ledger.audit(), Ok(()), "after {:?}", step);
        let open: Vec<_> = model.slots.iter().copied().flatten().collect();
        prop_assert_eq!(ledger.entries().collect::<Vec<_>>(), open);
    }
    let again: Ledger = borsh::from_slice(&bytes(&ledger)).unwrap();
    prop_assert_eq!(bytes(&again), bytes(&ledger));
    Ok(())
}

/// Random steps on books that have who owes and who pays in both assets.
fn histories() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..120).prop_map(|random| {
        let mut steps = Vec::new();
        for asset in [MONEY, SHARES] {
            steps.push(Step::Open(HolderKind::Outside, 0, asset));
            steps.extend((0..3).map(|number| Step::Open(HolderKind::Wallet, number, asset)));
        }
        steps.push(Step::Post(Slot(0), Slot(1), 1_000));
        steps.push(Step::Post(Slot(4), Slot(5), 1_000));
        steps.push(Step::Commit);
        steps.extend(random);
        steps
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn books_are_those_of_the_naive_model(steps in histories()) {
        check_against_model(&steps, &mut Seen::default())?;
    }
}

/// The histories above are of use only if money moves, slots are reused and changes taken back.
#[test]
fn random_histories_are_not_idle() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = Seen::default();
    for _ in 0..100 {
        let steps = histories().new_tree(&mut runner).unwrap().current();
        check_against_model(&steps, &mut seen).unwrap();
    }
    let Seen {
        moved,
        refused,
        reused,
        took_back,
    } = seen;
    assert!(
        moved > 400 && refused > 700 && reused > 100 && took_back > 100,
        "{seen:?}"
    );
}
