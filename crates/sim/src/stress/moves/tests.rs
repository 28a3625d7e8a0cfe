//! What price stresses do, by tables and laws: sizes, correlation, gaps, and nothing when asked for nothing.

use proptest::prelude::*;

use super::*;

fn path(prices: Vec<i128>) -> Moves {
    let times = (0..).map(Timestamp).take(prices.len()).collect();
    Moves::new(times, prices)
}

/// A market's path: cents between 0.01 and 10,000, every so many ms.
fn paths() -> impl Strategy<Value = Moves> {
    let prices = proptest::collection::vec(1i128..1_000_000, 2..40);
    (prices, 1i64..3).prop_map(|(cents, every)| {
        let times = (0..).map(|at| Timestamp(at * every)).take(cents.len());
        let times = times.collect();
        let prices = cents.into_iter().map(|cent| cent * ONE / 100).collect();
        Moves::new(times, prices)
    })
}

fn usable(moves: &Moves) -> bool {
    let on_grid = |price: &i128| *price > 0 && price % moves.grid == 0;
    moves.prices.iter().all(on_grid)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_times_as_large_is_the_same(moves in paths()) {
        let mut scaled = moves.clone();
        scaled.scale(1.0);
        prop_assert_eq!(scaled, moves);
    }

    #[test]
    fn scaled_paths_begin_where_they_did_and_stay_positive(moves in paths(), by in 1u32..1_000) {
        let mut scaled = moves.clone();
        scaled.scale(f64::from(by) / 100.0);
        prop_assert_eq!(scaled.prices[0], moves.prices[0]);
        prop_assert!(usable(&scaled));
        // What rose still rises, what fell still falls, by more or by less.
        for (was, is) in moves.prices.iter().zip(&scaled.prices) {
            let (was, is) = (was - moves.prices[0], is - moves.prices[0]);
            prop_assert!(was.signum() == is.signum() || is == 0);
            let further = if by >= 100 { is.abs() >= was.abs() } else { is.abs() <= was.abs() };
            prop_assert!(further);
        }
    }

    #[test]
    fn mixed_by_nothing_is_the_same(moves in paths(), leader in paths()) {
        let mut mixed = moves.clone();
        mixed.correlate(&leader, 0.0);
        prop_assert_eq!(mixed, moves);
    }

    #[test]
    fn mixed_paths_stay_positive(moves in paths(), leader in paths(), by in -100i32..=100) {
        let mut mixed = moves.clone();
        mixed.correlate(&leader, f64::from(by) / 100.0);
        prop_assert_eq!(mixed.prices[0], moves.prices[0]);
        prop_assert!(usable(&mixed));
    }

    #[test]
    fn a_gap_is_after_its_moment_and_nowhere_else(
        moves in paths(), at in 0i64..80, by in -99i128..=300,
    ) {
        let mut jumped = moves.clone();
        jumped.gap(Timestamp(at), by * ONE / 100);
        for (at_, (was, is)) in moves.times.iter().zip(moves.prices.iter().zip(&jumped.prices)) {
            let exact = was * (100 + by) / 100;
            let cut = (exact / moves.grid).max(1) * moves.grid;
            prop_assert_eq!(*is, if at_.0 < at { *was } else { cut });
        }
    }
}

/// Paths with room for exact moves: the grid is so fine that rounding is not seen.
fn fine(logs: &[f64]) -> Moves {
    let of = |log: &f64| {
        #[allow(clippy::cast_possible_truncation)]
        let raw = (1e21 * libm::exp(*log)) as i128;
        raw
    };
    path(logs.iter().map(of).collect())
}

fn correlation(a: &Moves, b: &Moves) -> f64 {
    let moves = |m: &Moves| -> Vec<f64> {
        let logs = m.logs();
        logs.windows(2).map(|w| w[1] - w[0]).collect()
    };
    let (a, b) = (moves(a), moves(b));
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    sum(&a, &b) / libm::sqrt(sum(&a, &a) * sum(&b, &b))
}

fn size(m: &Moves) -> f64 {
    m.logs()
        .windows(2)
        .map(|w| (w[1] - w[0]) * (w[1] - w[0]))
        .sum()
}

#[test]
fn correlation_goes_as_far_as_asked_and_the_size_of_moves_stays() {
    let leader = fine(&[0.0, 0.02, -0.01, -0.08, -0.05, -0.12]);
    let market = fine(&[0.0, 0.01, 0.03, -0.10, -0.02, -0.09]);
    let before = correlation(&market, &leader);
    for by in [1.0, 0.5, 0.1, -0.3, -1.0] {
        let mut mixed = market.clone();
        mixed.correlate(&leader, by);
        let room = if by > 0.0 { 1.0 - before } else { 1.0 + before };
        let found = correlation(&mixed, &leader);
        assert!((found - (before + by * room)).abs() < 1e-9, "{by}: {found}");
        assert!((size(&mixed) / size(&market) - 1.0).abs() < 1e-9, "{by}");
    }
}

#[test]
fn a_market_that_never_moves_or_has_nothing_of_its_own_is_not_divided_by_zero() {
    let leader = fine(&[0.0, 0.1, -0.1]);
    let still = fine(&[0.0, 0.0, 0.0]);
    for (mut market, leader) in [(still.clone(), leader.clone()), (leader.clone(), still)] {
        let before = market.clone();
        market.correlate(&leader, 0.7);
        assert_eq!(market, before);
    }
    // Its own shadow, turned against itself: nothing is left but the leader's mirror image.
    let mut shadow = leader.clone();
    shadow.correlate(&leader, -1.0);
    assert!((correlation(&shadow, &leader) + 1.0).abs() < 1e-9);
}

/// As decimals of fifty digits have them.
#[test]
fn numbers_do_not_depend_on_the_machine() {
    let cents = [12_166_241, 12_100_000, 10_500_013, 11_377_700];
    let mut market = path(cents.iter().map(|c| c * ONE / 100).collect());
    let leader = path(vec![4_380 * ONE, 4_300 * ONE, 3_435 * ONE, 3_800 * ONE]);
    market.scale(1.5);
    let scaled: Vec<i128> = market.prices.iter().map(|p| p / (ONE / 100)).collect();
    assert_eq!(scaled, [12_166_241, 12_067_015, 9_754_534, 11_002_807]);
    market.correlate(&leader, 0.5);
    let mixed: Vec<i128> = market.prices.iter().map(|p| p / (ONE / 100)).collect();
    assert_eq!(mixed, [12_166_241, 12_031_302, 9_695_774, 10_872_648]);
}
