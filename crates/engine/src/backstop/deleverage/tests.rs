//! Who is chosen, in which order, and that no choice of less would have done.

use proptest::prelude::*;

use super::naive::{Naive, cheapest, costs};
use super::*;

fn candidate(account: u32, size: i128, hedged: i128, product: i64) -> Candidate {
    Candidate {
        account: AccountId(account),
        size,
        hedged,
        score: Score {
            product,
            ..Score::default()
        },
    }
}

fn shown(cuts: &[Cut]) -> String {
    let one = |c: &Cut| format!("{}:{} #{}", c.from.account.0, c.quantity, c.rank);
    let all: Vec<_> = cuts.iter().map(one).collect();
    all.join(" ")
}

#[test]
fn the_score_is_profit_ratio_times_leverage() {
    let check =
        |profit: i128, cost: i128, exposure: i128, equity: i128, expected: Option<[i64; 3]>| {
            let stake = Stake {
                profit,
                cost,
                exposure,
                equity,
            };
            let score = Score::of(&stake).unwrap();
            let found = score.map(|s| [s.profit_ratio, s.leverage, s.product]);
            assert_eq!(found, expected, "{stake:?}");
        };
    let e8 = 100_000_000;
    // Half its cost in profit, ten times its equity at risk.
    check(50, 100, 1_000, 100, Some([e8 / 2, 10 * e8, 5 * e8]));
    check(-50, 100, 1_000, 100, Some([-e8 / 2, 10 * e8, -5 * e8]));
    check(0, 100, 1_000, 100, Some([0, 10 * e8, 0]));
    // Rounded down, also below zero.
    check(1, 3, 2, 3, Some([33_333_333, 66_666_666, 22_222_221]));
    check(-1, 3, 2, 3, Some([-33_333_334, 66_666_666, -22_222_223]));
    // Nothing to lose is no counterparty; nothing paid is the highest ratio.
    check(50, 100, 1_000, 0, None);
    check(50, 100, 1_000, -1, None);
    check(
        50,
        0,
        100,
        100,
        Some([100_000_000_000_000_000, e8, 100_000_000_000_000_000]),
    );
    check(
        i128::MAX,
        1,
        i128::MAX,
        1,
        Some([100_000_000_000_000_000, 100_000_000_000_000_000, i64::MAX]),
    );
}

#[test]
fn quintiles_divide_the_line_in_fifths() {
    let check = |of: u32, expected: &[u8]| {
        let found: Vec<u8> = (1..=of).map(|rank| quintile(rank, of)).collect();
        assert_eq!(found, expected);
    };
    check(1, &[5]);
    check(2, &[5, 3]);
    check(5, &[5, 4, 3, 2, 1]);
    check(7, &[5, 5, 4, 3, 3, 2, 1]);
    check(10, &[5, 5, 4, 4, 3, 3, 2, 2, 1, 1]);
    assert_eq!((quintile(0, 5), quintile(6, 5)), (0, 0));
}

#[test]
fn each_policy_takes_from_whom_it_says() {
    let line = [
        candidate(1, 100, 0, 500),
        candidate(2, 60, 60, 900),
        candidate(3, 40, 10, 500),
        candidate(4, 200, 150, -7),
        candidate(5, 0, 0, 999),
    ];
    let check = |policy: Policy, quantity: i128, expected: &str| {
        let mut ranking = Ranking::new(policy, line.to_vec());
        let cuts = ranking.plan(quantity, 10).unwrap();
        assert_eq!(shown(&cuts), expected, "{policy} {quantity}");
    };
    // Ties by account id; the last one gives a part.
    check(Policy::Queue, 170, "2:60 #1 1:100 #2 3:10 #3");
    check(Policy::Queue, 1_000, "2:60 #1 1:100 #2 3:40 #3 4:200 #4");
    // 100 of 400: 15, 25, 10, 50 in steps of 10; the step that is left down the queue.
    check(Policy::ProRata, 100, "2:20 #1 1:20 #2 3:10 #3 4:50 #4");
    check(Policy::ProRata, 7, "2:7 #1");
    check(Policy::ProRata, 400, "2:60 #1 1:100 #2 3:40 #3 4:200 #4");
    // Unhedged 100, 0, 30, 50; the hedged of those already concerned before another account.
    check(Policy::Minimal, 120, "1:100 #1 4:20 #2");
    check(Policy::Minimal, 180, "1:100 #1 4:50 #2 3:30 #3");
    check(Policy::Minimal, 250, "1:100 #1 4:120 #2 3:30 #3");
    check(Policy::Minimal, 350, "1:100 #1 4:200 #2 3:40 #3 2:10 #4");
}

#[test]
fn who_was_reduced_or_set_aside_takes_another_place() {
    let line = [
        candidate(1, 100, 0, 900),
        candidate(2, 100, 0, 800),
        candidate(3, 100, 0, 700),
    ];
    let mut ranking = Ranking::new(Policy::Queue, line.to_vec());
    ranking.update(AccountId(1), Some(candidate(1, 40, 0, 750)));
    let cuts = ranking.plan(150, 1).unwrap();
    assert_eq!(shown(&cuts), "2:100 #2 1:40 #3 3:10 #3");
    ranking.update(AccountId(2), None);
    ranking.update(AccountId(1), None);
    assert_eq!(shown(&ranking.plan(150, 1).unwrap()), "3:100 #3");
    // Somebody new on that side within the burst.
    ranking.update(AccountId(9), Some(candidate(9, 5, 0, 999)));
    assert_eq!(shown(&ranking.plan(10, 1).unwrap()), "9:5 #3 3:5 #3");
    ranking.update(AccountId(3), None);
    ranking.update(AccountId(9), None);
    assert_eq!(shown(&ranking.plan(10, 1).unwrap()), "");
}

#[test]
fn the_least_quantity_covers_the_deficit_and_no_step_more() {
    let check = |deficit: i128, available: i128, expected: i128| {
        let covers = |quantity: i128| Ok::<_, ArithmeticError>(3 * quantity >= deficit);
        let found = least_quantity(available, 10, covers);
        assert_eq!(found, Ok(expected), "{deficit} {available}");
    };
    check(0, 100, 0);
    check(1, 100, 10);
    check(30, 100, 10);
    check(31, 100, 20);
    check(285, 95, 95);
    // Nothing less than all there is covers it, or not even that.
    check(281, 95, 95);
    check(9_999, 95, 95);
    check(5, 0, 0);
    let fails = least_quantity(5, 1, |_| Err(ArithmeticError::Overflow));
    assert_eq!(fails, Err(ArithmeticError::Overflow));
}

fn any_line(most: usize, size: i128) -> impl Strategy<Value = Vec<Candidate>> {
    let one = (0..=size, 0..=size, -4..4i64);
    prop::collection::vec(one, 0..most).prop_map(|all| {
        let made = |(at, (size, hedged, product)): (usize, (i128, i128, i64))| {
            candidate(u32::try_from(at).unwrap(), size, hedged.min(size), product)
        };
        all.into_iter().enumerate().map(made).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was reduced, set aside or joined before: the line is that of a fresh sort.
    #[test]
    fn the_line_is_that_of_sorting_everybody_anew(
        line in any_line(3_000, 50),
        policy in prop_oneof![Just(Policy::Queue), Just(Policy::Minimal)],
        burst in prop::collection::vec((1..400i128, 0..5u32, -4..4i64), 1..12),
    ) {
        let mut ranking = Ranking::new(policy, line.clone());
        let mut naive = Naive::new(policy, &line);
        for (quantity, aside, product) in burst {
            let cuts = ranking.plan(quantity, 1).unwrap();
            if policy == Policy::Queue {
                let found: Vec<_> = cuts.iter().map(|c| (c.from.account, c.quantity)).collect();
                prop_assert_eq!(found, naive.queue(quantity));
            }
            for (at, cut) in (0u32..).zip(&cuts) {
                let left = cut.from.size - cut.quantity;
                let now = (at % 5 != aside).then(|| candidate(cut.from.account.0, left, left.min(7), product));
                ranking.update(cut.from.account, now);
                match now {
                    Some(now) => naive.all.insert(now.account, now),
                    None => naive.all.remove(&cut.from.account),
                };
            }
            let seen: Vec<_> = ranking.clone().ranks().iter().map(|c| c.from).collect();
            prop_assert_eq!(seen, naive.line());
        }
    }

    /// No division of the same quantity takes less from hedged parts, nor as little from fewer.
    #[test]
    fn minimal_is_the_least_of_all_divisions(line in any_line(5, 5), quantity in 1..26i128) {
        let total: i128 = line.iter().map(|c| c.size).sum();
        let quantity = quantity.min(total);
        let cuts = Ranking::new(Policy::Minimal, line.clone()).plan(quantity, 1).unwrap();
        let mut taken = vec![0; line.len()];
        for cut in &cuts {
            taken[cut.from.account.index()] += cut.quantity;
        }
        prop_assert_eq!(taken.iter().sum::<i128>(), quantity);
        prop_assert!(line.iter().zip(&taken).all(|(c, t)| *t <= c.size));
        prop_assert_eq!(Some(costs(&line, &taken)), cheapest(&line, quantity));
    }

    /// Pro rata: everybody within a step of the exact share, the sum exact, nobody beyond its size.
    #[test]
    fn pro_rata_is_fair_to_a_step(
        line in any_line(40, 5_000),
        quantity in 1..50_000i128,
        step in 1..50i128,
    ) {
        let total: i128 = line.iter().map(|c| c.size).sum();
        let cuts = Ranking::new(Policy::ProRata, line.clone()).plan(quantity, step).unwrap();
        let taken: i128 = cuts.iter().map(|c| c.quantity).sum();
        prop_assert_eq!(taken, quantity.min(total));
        for cut in &cuts {
            prop_assert!(cut.quantity <= cut.from.size);
            let exact = (quantity.min(total) * cut.from.size) / total;
            prop_assert!((cut.quantity - exact).abs() <= 2 * step);
        }
    }

    /// It is the first whole step that covers, tried one by one.
    #[test]
    fn the_least_quantity_is_the_first_that_covers(
        deficit in 0..5_000i128,
        relief in 1..50i128,
        step in 1..20i128,
        available in 1..500i128,
    ) {
        let covers = |quantity: i128| quantity * relief >= deficit;
        let found = least_quantity(available, step, |q| Ok::<_, ArithmeticError>(covers(q)));
        let by_hand = (0..).map(|n| n * step).find(|q| covers(*q) || *q >= available);
        prop_assert_eq!(found, Ok(by_hand.unwrap().min(available)));
    }
}
