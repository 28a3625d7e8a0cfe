//! The transportation solver against every possible pairing.

use proptest::prelude::*;

use super::{Shipment, Transport};

/// The most that can be saved, by trying every flow unit by unit.
fn best(supply: &mut [i64], demand: &mut [i64], saving: &[Vec<Option<i128>>], from: usize) -> i128 {
    let Some(left) = supply.get(from).copied() else {
        return 0;
    };
    // This supply's next unit stays unpaired, with all behind it.
    let mut most = best(supply, demand, saving, from + 1);
    if left == 0 {
        return most;
    }
    for to in 0..demand.len() {
        let Some(gain) = saving[from][to].filter(|_| demand[to] > 0) else {
            continue;
        };
        supply[from] -= 1;
        demand[to] -= 1;
        most = most.max(gain + best(supply, demand, saving, from));
        supply[from] += 1;
        demand[to] += 1;
    }
    most
}

fn problem(supply: &[i64], demand: &[i64], saving: &[Vec<Option<i128>>]) -> Transport {
    let mut problem = Transport::new(supply.to_vec(), demand.to_vec());
    for (from, row) in saving.iter().enumerate() {
        for (to, saving) in row.iter().enumerate() {
            if let Some(saving) = saving {
                problem.allow(from, to, *saving);
            }
        }
    }
    problem
}

/// Within supplies and demands, only where allowed; what it saves.
fn saved(
    shipments: &[Shipment],
    supply: &[i64],
    demand: &[i64],
    saving: &[Vec<Option<i128>>],
) -> i128 {
    let (mut supply, mut demand) = (supply.to_vec(), demand.to_vec());
    let mut total = 0;
    for shipment in shipments {
        assert!(shipment.quantity > 0);
        supply[shipment.from] -= shipment.quantity;
        demand[shipment.to] -= shipment.quantity;
        let saving = saving[shipment.from][shipment.to].expect("an allowed pair");
        total += saving * i128::from(shipment.quantity);
    }
    assert!(supply.iter().chain(&demand).all(|left| *left >= 0));
    total
}

#[test]
fn the_closest_pair_first_is_not_the_best() {
    // KY-10's shape: taking the pair that saves most leaves a bad one.
    let saving = vec![vec![Some(9), Some(1)], vec![Some(10), Some(8)]];
    let (supply, demand) = (vec![1, 1], vec![1, 1]);
    let found = problem(&supply, &demand, &saving)
        .solve()
        .expect("a solution");
    assert_eq!(saved(&found, &supply, &demand, &saving), 17);
}

#[test]
fn what_saves_nothing_is_not_paired() {
    let saving = vec![vec![Some(0), Some(-5), None]];
    let found = problem(&[5], &[2, 2, 2], &saving).solve();
    assert_eq!(found, Ok(Vec::new()));
    assert_eq!(Transport::new(Vec::new(), vec![3]).solve(), Ok(Vec::new()));
    assert_eq!(Transport::new(vec![3], Vec::new()).solve(), Ok(Vec::new()));
    let mut outside = Transport::new(vec![1], vec![1]);
    outside.allow(7, 0, 5);
    outside.allow(0, 7, 5);
    assert_eq!(outside.solve(), Ok(Vec::new()));
}

#[test]
fn savings_that_do_not_fit_are_refused() {
    let saving = vec![vec![Some(i128::MIN)]];
    assert!(problem(&[1], &[1], &saving).solve().is_err());
    let far = vec![
        vec![Some(i128::MAX), Some(i128::MAX)],
        vec![Some(i128::MAX), Some(i128::MIN + 1)],
    ];
    assert!(problem(&[1, 1], &[1, 1], &far).solve().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn it_saves_as_much_as_any_pairing(
        supply in proptest::collection::vec(0i64..3, 1..4),
        demand in proptest::collection::vec(0i64..3, 1..4),
        cells in proptest::collection::vec(proptest::option::weighted(0.8, -5i128..30), 9),
    ) {
        let saving: Vec<Vec<Option<i128>>> = cells
            .chunks(3)
            .take(supply.len())
            .map(|row| row[..demand.len()].to_vec())
            .collect();
        let found = problem(&supply, &demand, &saving).solve().expect("a solution");
        let most = best(&mut supply.clone(), &mut demand.clone(), &saving, 0);
        prop_assert_eq!(saved(&found, &supply, &demand, &saving), most);
    }

    /// Quantities scale, and a thousand times as much is as quick.
    #[test]
    fn quantities_scale(
        supply in proptest::collection::vec(1i64..9, 3),
        demand in proptest::collection::vec(1i64..9, 3),
        cells in proptest::collection::vec(proptest::option::weighted(0.8, 1i128..30), 9),
    ) {
        let saving: Vec<Vec<Option<i128>>> = cells.chunks(3).map(<[_]>::to_vec).collect();
        let times = |list: &[i64]| list.iter().map(|q| q * 1_000_000_007).collect::<Vec<_>>();
        let small = problem(&supply, &demand, &saving).solve().expect("a solution");
        let large = problem(&times(&supply), &times(&demand), &saving).solve().expect("a solution");
        let least = saved(&small, &supply, &demand, &saving);
        let most = saved(&large, &times(&supply), &times(&demand), &saving);
        prop_assert_eq!(least * 1_000_000_007, most);
    }
}
