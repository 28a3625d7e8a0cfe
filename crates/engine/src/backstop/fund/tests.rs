//! Where a fund's defences begin and end.

use proptest::prelude::*;

use super::*;

const BTC: MarketId = MarketId(0);
const ETH: MarketId = MarketId(1);

fn room(amount: i128, cap: Cap) -> Result<Option<Room>, ArithmeticError> {
    Ok(Some(Room { amount, cap }))
}

fn capped(account: i128, window: i128) -> FundPolicy {
    FundPolicy {
        account_cap: Some(account),
        window_cap: Some(WindowCap {
            amount: window,
            length: Duration(64_000),
        }),
        ..FundPolicy::default()
    }
}

#[test]
fn without_a_policy_nothing_limits_and_nothing_is_kept() {
    let mut fund = Fund::new(FundPolicy::default()).unwrap();
    fund.book(Timestamp(0), BTC, -1_000_000).unwrap();
    fund.deficit(Timestamp(0));
    assert_eq!(fund.room(Timestamp(0), BTC, i128::MAX), Ok(None));
    assert_eq!(fund.shut_until(Timestamp(0), Gated::Fund), None);
    assert_eq!(fund, Fund::default());
}

#[test]
fn the_narrowest_cap_is_the_room_and_gains_make_none() {
    let mut fund = Fund::new(capped(100, 250)).unwrap();
    let now = Timestamp(500);
    assert_eq!(fund.room(now, BTC, 0), room(100, Cap::Account));
    assert_eq!(fund.room(now, BTC, 40), room(60, Cap::Account));
    // An account that brought money in has no larger cap for it.
    assert_eq!(fund.room(now, BTC, -40), room(100, Cap::Account));
    assert_eq!(fund.room(now, BTC, 101), room(0, Cap::Account));
    fund.book(now, BTC, -200).unwrap();
    fund.book(now, ETH, 170).unwrap();
    assert_eq!(fund.room(now, ETH, 0), room(50, Cap::Window));
    fund.book(now, ETH, -90).unwrap();
    assert_eq!(fund.room(now, BTC, 0), room(0, Cap::Window));
    assert_eq!(
        fund.room(Timestamp(65_000), BTC, 0),
        room(100, Cap::Account)
    );
}

#[test]
fn isolated_pots_do_not_lend_to_each_other() {
    let policy = FundPolicy {
        pots: Pots::PerMarket,
        ..FundPolicy::default()
    };
    let mut fund = Fund::new(policy).unwrap();
    let now = Timestamp(0);
    fund.assign(BTC, 1_000).unwrap();
    assert_eq!(fund.room(now, BTC, 0), room(1_000, Cap::Pot));
    assert_eq!(fund.room(now, ETH, 0), room(0, Cap::Pot));
    fund.book(now, BTC, -1_200).unwrap();
    assert_eq!(fund.pot(BTC), -200);
    assert_eq!(fund.room(now, BTC, 0), room(0, Cap::Pot));
    fund.book(now, BTC, 300).unwrap();
    assert_eq!(fund.room(now, BTC, 0), room(100, Cap::Pot));
    let refused = fund.assign(BTC, -101).unwrap_err();
    let text = "the pot of market-0 holds 100 (raw), less than the 101 to be taken out";
    assert_eq!(refused.to_string(), text);
    fund.assign(BTC, -100).unwrap();
    assert_eq!(fund.pot(BTC), 0);
}

#[test]
fn the_gate_shuts_for_whom_it_says_and_opens_again() {
    let check = |whom: Gated, asked: Gated, at: i64, expected: Option<i64>| {
        let gate = Some(Gate {
            length: Duration(100),
            whom,
        });
        let policy = FundPolicy {
            gate,
            ..FundPolicy::default()
        };
        let mut fund = Fund::new(policy).unwrap();
        assert_eq!(fund.shut_until(Timestamp(50), Gated::Fund), None);
        fund.deficit(Timestamp(50));
        let found = fund.shut_until(Timestamp(at), asked);
        assert_eq!(found, expected.map(Timestamp), "{whom:?} {asked:?} {at}");
    };
    check(Gated::Fund, Gated::Fund, 50, Some(150));
    check(Gated::Fund, Gated::Fund, 149, Some(150));
    check(Gated::Fund, Gated::Fund, 150, None);
    check(Gated::Fund, Gated::Everybody, 60, None);
    check(Gated::Everybody, Gated::Everybody, 60, Some(150));
    check(Gated::Everybody, Gated::Fund, 60, Some(150));
}

#[test]
fn parameters_below_zero_are_refused_with_their_value() {
    let check = |policy: FundPolicy, expected: &str| {
        let refused = Fund::new(policy).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    };
    let says = |what: &str, given: i128| {
        format!("{what} of the insurance fund must not be negative, but is {given}")
    };
    check(capped(-1, 0), &says("the cap per account", -1));
    check(capped(0, -7), &says("the cap per window", -7));
    let mut policy = capped(0, 0);
    policy.window_cap = Some(WindowCap {
        amount: 0,
        length: Duration(-2),
    });
    check(policy, &says("the window", -2));
    policy = FundPolicy {
        gate: Some(Gate {
            length: Duration(-3),
            whom: Gated::Fund,
        }),
        ..FundPolicy::default()
    };
    check(policy, &says("the gate", -3));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever asks for room first never loses more than the cap in any window of its length.
    #[test]
    fn losses_within_the_room_never_exceed_the_cap_in_any_window(
        cap in 1..1_000i128,
        length in 1..2_000i64,
        wishes in prop::collection::vec((0..50i64, -200..400i128), 1..200),
    ) {
        let policy = FundPolicy {
            window_cap: Some(WindowCap { amount: cap, length: Duration(length) }),
            ..FundPolicy::default()
        };
        let mut fund = Fund::new(policy).unwrap();
        let (mut now, mut lost) = (0, Vec::new());
        for (wait, wish) in wishes {
            now += wait;
            let room = fund.room(Timestamp(now), BTC, 0).unwrap().unwrap();
            let loss = wish.min(room.amount);
            fund.book(Timestamp(now), BTC, -loss).unwrap();
            lost.push((now, loss.max(0)));
            let within = lost.iter().filter(|(at, _)| now - at < length);
            prop_assert!(within.map(|(_, loss)| loss).sum::<i128>() <= cap);
        }
    }
}
