//! How a result is booked: every cut keeps the books even.

use proptest::prelude::*;

use super::*;

fn flows(pnl: i128, funding: i128, borrowing: i128, excess: i128, uncollected: i128) -> Flows {
    let owed = Holding {
        funding: Amount::from_raw(funding),
        borrowing: Amount::from_raw(borrowing),
    };
    Flows::new(pnl, &owed, excess, uncollected)
}

#[test]
fn excess_cuts_profit_first_and_what_is_uncollected_cuts_the_loss_first() {
    let check = |f: Flows, expected: [i128; 5]| {
        let parts = [
            f.loss,
            f.funding_paid,
            f.borrowing,
            f.profit,
            f.funding_received,
        ];
        assert_eq!(parts, expected);
    };
    check(flows(100, 3, 2, 0, 0), [0, 3, 2, 100, 0]);
    check(flows(100, 3, 2, 40, 0), [0, 3, 2, 60, 0]);
    // The funding credit is larger than the profit: the excess eats into it too.
    check(flows(10, -100, 5, 60, 0), [0, 0, 5, 0, 50]);
    check(flows(-100, 30, 5, 0, 0), [100, 30, 5, 0, 0]);
    check(flows(-100, 30, 5, 0, 40), [60, 30, 5, 0, 0]);
    check(flows(-10, 30, 5, 0, 42), [0, 0, 3, 0, 0]);
}

proptest! {
    /// The parts always sum to what is credited.
    #[test]
    fn parts_sum_to_the_result(
        pnl in -1_000i128..1_000, funding in -1_000i128..1_000, borrowing in 0i128..1_000,
        cut in 0i128..3_000, win in any::<bool>(),
    ) {
        let credits = pnl.max(0) + (-funding).max(0);
        let charges = (-pnl).max(0) + funding.max(0) + borrowing;
        let (excess, uncollected) =
            if win { (cut.min(credits), 0) } else { (0, cut.min(charges)) };
        let f = flows(pnl, funding, borrowing, excess, uncollected);
        let total = |parts: &[(i128, Reason)]| parts.iter().map(|(amount, _)| amount).sum::<i128>();
        let net = total(&f.credits()) - total(&f.charges());
        prop_assert_eq!(net, pnl - funding - borrowing - excess + uncollected);
        prop_assert!(f.credits().iter().chain(&f.charges()).all(|(amount, _)| *amount >= 0));
    }
}
