//! Quantiles, expected shortfall and funds, against a naive count.

use plimsoll_sim::sweep::{Losses, PerMille, QUANTILES};
use proptest::prelude::*;

#[test]
fn quantiles_of_a_hundred_runs() {
    let losses = Losses::new((1..=100).rev().collect());
    assert_eq!(losses.quantile(PerMille(500)), Ok(50));
    assert_eq!(losses.quantile(PerMille(900)), Ok(90));
    assert_eq!(losses.quantile(PerMille(990)), Ok(99));
    // The worst ten, and the worst one.
    assert_eq!(losses.expected_shortfall(PerMille(900)), Ok(96), "95.5");
    assert_eq!(losses.expected_shortfall(PerMille(990)), Ok(100));
    assert_eq!(losses.covered_by(90), 90);
    assert_eq!(losses.left_by(98), Some(0), "3 / 100");
    assert_eq!(losses.with_loss(), 100);
}

#[test]
fn a_quantile_needs_a_run_beyond_it() {
    for (share, needs) in [(500, 2), (900, 10), (990, 100), (999, 1_000)] {
        let share = PerMille(share);
        assert_eq!(share.needs(), needs);
        assert!(Losses::new(vec![1; needs]).quantile(share).is_ok());
        let few = Losses::new(vec![1; needs - 1]);
        assert!(few.quantile(share).is_err(), "{share:?}");
        assert!(few.expected_shortfall(share).is_err(), "{share:?}");
    }
    let told = |runs: usize| {
        let few = Losses::new(vec![0; runs]);
        few.quantile(PerMille(999)).unwrap_err().to_string()
    };
    assert_eq!(
        told(40),
        "99.9 % needs 1000 runs; 40 support at most 97.5 %"
    );
    assert_eq!(
        told(999),
        "99.9 % needs 1000 runs; 999 support at most 99.89 %"
    );
    assert_eq!(told(1), "99.9 % needs 1000 runs; 1 support at most 0 %");
    assert_eq!(told(0), "99.9 % needs 1000 runs; 0 support at most nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The quantile is the smallest loss that at least the share of the runs stayed within; the
    /// expected shortfall lies between it and the largest; a fund of its size covers the share.
    #[test]
    fn quantiles_are_the_smallest_that_cover_their_share(
        losses in proptest::collection::vec(0i128..50, 1_000..1_100),
    ) {
        let sorted = Losses::new(losses.clone());
        for share in QUANTILES {
            let enough = |fund: i128| {
                let within = losses.iter().filter(|l| **l <= fund).count();
                within * 1_000 >= losses.len() * usize::from(share.0)
            };
            let naive = (0..50).find(|fund| enough(*fund)).unwrap();
            let quantile = sorted.quantile(share).unwrap();
            prop_assert_eq!(quantile, naive);
            prop_assert!(sorted.covered_by(quantile) * 1_000 >= losses.len() * usize::from(share.0));
            let tail = sorted.expected_shortfall(share).unwrap();
            prop_assert!(tail >= quantile && tail <= sorted.largest().unwrap());
        }
        prop_assert_eq!(sorted.left_by(sorted.largest().unwrap()), Some(0));
        prop_assert_eq!(sorted.left_by(0), sorted.mean());
    }
}
