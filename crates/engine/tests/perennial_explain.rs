//! A liquidation told as a story: every number in it is checked by reading it once, and kept.

mod perennial_support;

use expect_test::{Expect, expect};
use perennial_support::{Bench, LIQ, id, plain, venue, with_flags};
use plimsoll_engine::oracle::Version;
use plimsoll_engine::venues::perennial::{
    Config as VenueParams, Flags, Payoff, PerUnit, ProductParams,
};
use plimsoll_units::{MarketId, Timestamp, VenueId};

/// The story of liquidating alice after `script`, by a version at `coming` where one is given.
#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check(venue: VenueParams, script: &str, coming: Option<(u64, &str)>, expected: Expect) {
    let mut bench = Bench::new(venue);
    bench.run(script);
    let coming = coming.map(|(number, price)| Version {
        number,
        time: Timestamp(bench.engine.now().millis() + 3_600_000),
        price: price.parse::<PerUnit>().unwrap().raw(),
    });
    let story = bench.venue().explain(
        bench.engine.ledger(),
        VenueId(0),
        MarketId(0),
        (id("alice"), LIQ),
        coming,
    );
    expected.assert_eq(&story.map_or_else(|why| why.to_string(), |s| s.to_string()));
}

fn params() -> ProductParams {
    ProductParams {
        taker_fee: "0.01".parse().unwrap(),
        ..plain()
    }
}

const TAKER: &str = "oracle 100
    deposit alice 3250
    deposit bob 100000
    make bob 100
    oracle 100
    take alice 100
    oracle 99";

#[test]
fn a_taker_brought_down_by_the_version_that_settles_its_opening_and_the_next() {
    check(
        venue(vec![params()]),
        TAKER,
        Some((4, "95")),
        expect![[r#"
            account-0 in market-0 of venue-0: at oracle version 4 (1970-01-01 04:00:00.000) its position needed 2850, and it had 2750.

            The rule
              Perennial V1, Collateral.liquidate: an account is liquidatable when maintenance > collateral, strictly; its settled position counts, at the newest price, pending changes do not

            The inputs
              price (the payoff): 95, version 4
              payoff of the product: long
              side: taker
              position: 0 + 100 opening - 0 closing, asked for at version 2
              collateral: 3150, as settled at version 2
              maintenance ratio: 0.3
              liquidation fee: 0.2
              least base of a reward: 0
              fee on closing: 0.01

            The arithmetic
              gain to version 3 = 0 x (0 - 0) = 0  (rounded toward zero)
              gain to version 4 = 100 x (-4 - 0) = -400  (rounded toward zero)
              collateral settled = max(0, 3150 + -400) = 2750
              notional = |100 x 95| = 9500  (rounded toward zero)
              maintenance = 9500 x 0.3 = 2850  (rounded toward zero)
              the rule = 2850 > 2750 = met
              closed = settled + opening - closing; settles at the next version = 100
              closing fee = 100 x |95| x 0.01 = 95  (rounded toward zero)
              reward = min(2750, max(2850, 0) x 0.2) = 570  (rounded toward zero)

            Who was paid
              settlement of accrued profit and loss: 400 from the collateral of account-0 in market-0 (venue-0) to the clearing of market-0 (venue-0)
              position fee: 95 from the collateral of account-0 in market-0 (venue-0) to the clearing of market-0 (venue-0)
              liquidation reward: 570 from the collateral of account-0 in market-0 (venue-0) to the outside world (venue-0)

            What would have prevented it
              a deposit: at least 100 more, before this liquidation
              a smaller position with the same collateral: at most 96.491228070175438596, settled by this version
              a price (payoff) at this version of: 96.428571428571428572 instead, coming from version 3
        "#]],
    );
}

#[test]
fn a_maker_with_a_version_that_is_there_already() {
    check(
        venue(vec![plain()]),
        "oracle 300
         deposit alice 10000
         make alice 100
         oracle 300
         oracle 500",
        None,
        expect![[r#"
            account-0 in market-0 of venue-0: at oracle version 3 (1970-01-01 03:00:00.000) its position needed 15000, and it had 10000.

            The rule
              Perennial V1, Collateral.liquidate: an account is liquidatable when maintenance > collateral, strictly; its settled position counts, at the newest price, pending changes do not

            The inputs
              price (the payoff): 500, version 3
              payoff of the product: long
              side: maker
              position: 0 + 100 opening - 0 closing, asked for at version 1
              collateral: 10000, as settled at version 1
              maintenance ratio: 0.3
              liquidation fee: 0.2
              least base of a reward: 0
              fee on closing: 0

            The arithmetic
              gain to version 2 = 0 x (0 - 0) = 0  (rounded toward zero)
              gain to version 3 = 100 x (0 - 0) = 0  (rounded toward zero)
              collateral settled = max(0, 10000 + 0) = 10000
              notional = |100 x 500| = 50000  (rounded toward zero)
              maintenance = 50000 x 0.3 = 15000  (rounded toward zero)
              the rule = 15000 > 10000 = met
              closed = settled + opening - closing; settles at the next version = 100
              closing fee = 100 x |500| x 0 = 0  (rounded toward zero)
              reward = min(10000, max(15000, 0) x 0.2) = 3000  (rounded toward zero)

            Who was paid
              liquidation reward: 3000 from the collateral of account-0 in market-0 (venue-0) to the outside world (venue-0)

            What would have prevented it
              a deposit: at least 5000 more, before this liquidation
              a smaller position with the same collateral: at most 66.666666666666666666, settled by this version
        "#]],
    );
}

#[test]
fn every_flag_on_and_a_short_payoff() {
    let params = ProductParams {
        payoff: Payoff::Short,
        margin: Some("0.31".parse().unwrap()),
        ..params()
    };
    check(
        with_flags(vec![params], Flags::PLUS),
        "oracle 100
         deposit alice 3250
         deposit bob 100000
         make bob 100
         oracle 100
         take alice 100
         oracle 100
         settle alice",
        Some((4, "101.5")),
        expect![[r#"
            account-0 in market-0 of venue-0: at oracle version 4 (1970-01-01 04:00:00.000) its position needed 3045, and it had 3000.

            The rule
              Perennial V1, Collateral.liquidate: an account is liquidatable when maintenance > collateral, strictly; its settled position counts, at the newest price, pending changes do not
              flag partial_liquidation: and only when its own pending close does not restore it already

            The inputs
              price (the payoff): -101.5, version 4
              payoff of the product: short
              side: taker
              position: 100
              collateral: 3150, as settled at version 3
              maintenance ratio: 0.3
              liquidation fee: 0.2
              least base of a reward: 0
              fee on closing: 0.01

            The arithmetic
              gain to version 4 = 100 x (-1.5 - 0) = -150  (rounded toward zero)
              collateral settled = max(0, 3150 + -150) = 3000
              notional = |100 x -101.5| = 10150  (rounded toward zero)
              maintenance = 10150 x 0.3 = 3045  (rounded toward zero)
              the rule = 3045 > 3000 = met
              closed = least size that restores the requirement; settles at the next version = 6.013957307060755337
              closing fee = 6.013957307060755337 x |-101.5| x 0.01 = 6.104166666666666667  (rounded toward zero)
              reward = min(collateral after the closing fee, max(maintenance of the part closed, 0) x 0.2) = 36.625000000000000002  (rounded toward zero)

            Who was paid
              settlement of accrued profit and loss: 150 from the collateral of account-0 in market-0 (venue-0) to the clearing of market-0 (venue-0)
              position fee: 6.104166666666666667 from the collateral of account-0 in market-0 (venue-0) to the clearing of market-0 (venue-0)
              reward owed: up to 36.625000000000000002, when the lock is lifted

            What would have prevented it
              a deposit: at least 45 more, before this liquidation
              a smaller position with the same collateral: at most 98.522167487684729064, settled by this version
              a price (payoff) at this version of: -101.153846153846153846 instead, coming from version 3
        "#]],
    );
}

#[test]
fn a_healthy_account_has_no_story() {
    check(
        venue(vec![params()]),
        TAKER,
        Some((4, "99")),
        expect!["CollateralCantLiquidate: maintenance 2970 <= collateral 3150"],
    );
}

#[test]
fn a_liquidation_the_contract_would_panic_on_says_so() {
    let params = ProductParams {
        maker_fee: "0.05".parse().unwrap(),
        ..plain()
    };
    let mut venue = venue(vec![params]);
    venue.protocol.liquidation_fee = "1".parse().unwrap();
    check(
        venue,
        "oracle 300
         deposit alice 11500
         make alice 100
         oracle 300",
        Some((3, "500")),
        expect!["Panic(0x11): the contract's arithmetic refuses"],
    );
}
