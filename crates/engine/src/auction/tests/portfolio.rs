//! The portfolio auction: Derive's own unit tests, and its laws.

use plimsoll_units::{Duration, Rate, Timestamp};
use proptest::prelude::*;

use super::super::AuctionError;
use super::super::portfolio::*;

const ONE: i128 = 1_000_000_000_000_000_000;

/// Shares in thousandths.
fn share(thousandths: i128) -> Rate<18> {
    Rate::from_raw(thousandths * ONE / 1_000)
}

fn terms() -> Terms {
    Terms {
        start: share(1_000),
        cutoff: share(800),
        fast: Duration(600_000),
        slow: Duration(7_200_000),
        insolvent: Duration(600_000),
        buffer: share(100),
        fee: share(20),
        whole_below: 0,
    }
}

fn marks(value: i128, margin: i128) -> Marks {
    Marks {
        value: value * ONE,
        margin: margin * ONE,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

fn begin(marks: Marks) -> PortfolioAuction {
    PortfolioAuction::begin(terms(), marks, at(0))
        .expect("an auction")
        .0
}

fn close(raw: i128, expected: f64) {
    let shown = raw as f64 / 1e18;
    assert!(
        (shown - expected).abs() < 1e-9,
        "{shown} instead of {expected}"
    );
}

/// `SolventAuction.t.sol`: margin -100 of 300.
#[test]
fn a_solvent_bid_restores_the_buffer_and_no_more() {
    let under = marks(300, -100);
    let (mut auction, fee) = PortfolioAuction::begin(terms(), under, at(0)).expect("an auction");
    assert_eq!(auction.branch(), Branch::Solvent);
    close(fee, 300.0 * 0.02 * 140.0 / 440.0);
    assert_eq!(auction.price(under, at(0)), Ok(300 * ONE));
    close(
        auction.max_share(under, at(0)).expect("a share").raw(),
        140.0 / 440.0,
    );
    assert_eq!(auction.price(under, at(300)), Ok(270 * ONE));
    let taken = auction
        .bid(under, share(1_000), i128::MAX, at(300))
        .expect("a bid");
    close(taken.share.raw(), 140.0 / 410.0);
    close(taken.paid, 270.0 * 140.0 / 410.0);
    close(
        taken.bidder_needs,
        270.0 * 140.0 / 410.0 + 140.0 * 140.0 / 410.0,
    );
    assert_eq!(auction.reserved(), taken.paid);
    let after = under.after(0, taken.share, taken.paid).expect("marks");
    close(after.buffer_margin(terms().buffer).expect("a margin"), 0.0);
    assert_eq!(auction.standing(after, at(300)), Ok(Standing::Restored));
    let refused = auction.bid(after, share(1), i128::MAX, at(301));
    let words = "the auction takes no bids: the account has its margin back";
    assert_eq!(refused.expect_err("over").to_string(), words);
}

/// `InsolventAuction.t.sol`: margin -300 of -100, over 600 s.
#[test]
fn an_insolvent_account_pays_more_and_more_to_be_taken() {
    let under = marks(-100, -300);
    let mut auction = begin(under);
    assert_eq!(auction.branch(), Branch::Insolvent);
    for (seconds, price) in [
        (0, -100),
        (12, -104),
        (300, -200),
        (600, -300),
        (9_999, -300),
    ] {
        assert_eq!(
            auction.price(under, at(seconds)),
            Ok(price * ONE),
            "{seconds}"
        );
    }
    let before = auction;
    let refused = auction.bid(under, share(500), -53 * ONE, at(12));
    assert!(matches!(refused, Err(AuctionError::Limit { .. })));
    assert_eq!(auction, before, "a refused bid changes nothing");
    let taken = auction
        .bid(under, share(500), -52 * ONE, at(12))
        .expect("a bid");
    assert_eq!((taken.share, taken.paid), (share(500), -52 * ONE));
    assert_eq!((auction.left(), auction.reserved()), (share(500), 0));
    let left = under.after(0, taken.share, taken.paid).expect("marks");
    assert_eq!(
        left,
        marks(-50, -150),
        "the fund's money is not the account's"
    );
    let rest = auction.bid(left, share(1_000), 0, at(300)).expect("a bid");
    assert_eq!(rest.paid, -100 * ONE);
    assert_eq!(auction.standing(left, at(300)), Ok(Standing::Taken));
}

/// The price falls fast, then slowly, then it is zero and the other branch begins.
#[test]
fn nobody_bids_until_it_is_insolvent() {
    let factor = |seconds: i64| {
        terms()
            .price_factor(Duration(seconds * 1_000))
            .expect("a factor")
    };
    for (seconds, thousandths) in [
        (0, 1_000),
        (300, 900),
        (600, 800),
        (4_200, 400),
        (7_800, 0),
        (1_000_000, 0),
    ] {
        assert_eq!(factor(seconds), share(thousandths), "{seconds}");
    }
    let under = marks(300, -100);
    let mut auction = begin(under);
    assert_eq!(auction.standing(under, at(7_799)), Ok(Standing::Open));
    assert!(auction.convert(under, at(7_799)).is_err());
    assert_eq!(
        auction.standing(under, at(7_800)),
        Ok(Standing::MustConvert)
    );
    // Above its requirement, if not above the buffer: nobody has to be paid.
    assert_eq!(
        auction.standing(marks(300, 1), at(7_800)),
        Ok(Standing::Restored)
    );
    // Worth no more than what is reserved.
    assert_eq!(
        auction.standing(marks(0, -1), at(5)),
        Ok(Standing::MustConvert)
    );
    auction.convert(under, at(7_800)).expect("insolvent");
    assert_eq!(auction.branch(), Branch::Insolvent);
    assert_eq!(auction.price(under, at(7_800)), Ok(0));
    assert_eq!(auction.price(under, at(8_400)), Ok(-100 * ONE));
}

#[test]
fn a_frozen_auction_keeps_its_price() {
    let under = marks(300, -100);
    let mut auction = begin(under);
    auction.clock_mut().freeze(at(300)).expect("frozen");
    assert_eq!(auction.price(under, at(5_000)), Ok(270 * ONE));
    auction.clock_mut().thaw(at(5_000)).expect("running");
    assert_eq!(auction.price(under, at(5_300)), Ok(240 * ONE));
}

#[test]
fn bad_terms_and_bids_are_refused() {
    let under = marks(300, -100);
    let refused = |terms: Terms| {
        let begun = PortfolioAuction::begin(terms, under, at(0));
        begun.expect_err("bad").to_string()
    };
    let good = terms();
    for (bad, words) in [
        (
            Terms {
                fast: Duration(0),
                ..good
            },
            "the interval of the auction is 0 ms; it must be positive",
        ),
        (
            Terms {
                start: share(1_001),
                ..good
            },
            "the share bid for is 1.001; it must be above 0 and at most 1",
        ),
        (
            Terms {
                start: share(700),
                ..good
            },
            "the share bid for is 0.8; it must be above 0 and at most 1",
        ),
        (
            Terms {
                buffer: share(-1),
                ..good
            },
            "the buffer is -1000000000000000 (raw); it must not be negative",
        ),
    ] {
        assert_eq!(refused(bad), words);
    }
    let healthy = PortfolioAuction::begin(good, marks(300, 0), at(0));
    assert_eq!(healthy, Err(AuctionError::NotUnder(0)));
    let mut auction = begin(under);
    for bad in [0, -1, 1_001] {
        let bid = auction.bid(under, share(bad), i128::MAX, at(1));
        assert_eq!(bid, Err(AuctionError::Share(share(bad))));
    }
    let early = auction.bid(under, share(1), i128::MAX, Timestamp(-1));
    assert!(matches!(early, Err(AuctionError::TimeWentBack { .. })));
    let huge = Marks {
        value: i128::MAX,
        margin: i128::MIN,
    };
    assert!(PortfolioAuction::begin(good, huge, at(0)).is_err());
}

/// A small account may be taken whole.
#[test]
fn a_small_account_goes_at_once() {
    let small = Terms {
        whole_below: 301 * ONE,
        ..terms()
    };
    let under = marks(300, -100);
    let (auction, _) = PortfolioAuction::begin(small, under, at(0)).expect("an auction");
    assert_eq!(auction.max_share(under, at(0)), Ok(share(1_000)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the order of bids: each is paid for at the price, none takes more than restores
    /// the buffer, the whole of f_max restores it, and money is conserved.
    #[test]
    fn bids_restore_the_buffer_together(
        value in 1i128..1_000_000,
        lacking in 1i128..1_000_000,
        bids in proptest::collection::vec((1i128..1_000, 0i64..900), 1..6),
    ) {
        // The requirement is above the value: margin below zero.
        let mut now_at = 0;
        let mut state = marks(value, -lacking);
        let mut auction = begin(state);
        for (thousandths, wait) in bids {
            now_at += wait;
            let (now, reserved) = (at(now_at), auction.reserved());
            if auction.standing(state, now).expect("a standing") != Standing::Open {
                break;
            }
            let most = auction.max_share(state, now).expect("a share");
            let price = auction.price(state, now).expect("a price");
            let taken = auction.bid(state, share(thousandths), i128::MAX, now).expect("a bid");
            prop_assert!(taken.share <= most && taken.share <= share(thousandths));
            prop_assert!(taken.paid >= 0 && taken.paid <= price);
            prop_assert_eq!(auction.reserved(), reserved + taken.paid);
            let before = state;
            state = state.after(reserved, taken.share, taken.paid).expect("marks");
            let margin = state.buffer_margin(terms().buffer).expect("a margin");
            // Rounding of shares and marks: a few units of 10^-18 per unit of value.
            let dust = 8 + 4 * (value + lacking);
            if taken.share == most && most < share(1_000) {
                prop_assert!(margin.abs() <= dust, "{} {:?}", margin, before);
            }
            prop_assert!(margin <= dust || most == share(1_000));
        }
    }

    /// An insolvent payout never falls while the marks stand, and ends at the margin.
    #[test]
    fn payouts_never_fall(value in -1_000i128..0, more in 0i128..1_000, early in 0i64..900_000, later in 0i64..900_000) {
        let under = marks(value, value - more);
        prop_assume!(under.margin < 0);
        let auction = begin(under);
        let (early, later) = (early.min(later), early.max(later));
        let price = |millis| auction.price(under, Timestamp(millis)).expect("a price");
        prop_assert!(price(later) <= price(early));
        prop_assert!(price(early) <= under.value && price(later) >= under.margin);
    }
}
