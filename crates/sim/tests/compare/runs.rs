//! Laws of every comparison: the same numbers on any number of threads, every unit accounted for,
//! and one design's failure is not the others'.

use plimsoll_sim::compare::{Step, compare};

use crate::{FIVE, ran, small};

#[test]
fn one_thread_and_many_give_the_same_bytes() {
    let scenario = small(30, &["tsunamix", "kuma", "perennial", "gammaswap"]);
    let one = serde_json::to_string(&ran(&scenario, 1)).unwrap();
    let many = serde_json::to_string(&ran(&scenario, 4)).unwrap();
    assert!(
        one == many,
        "the comparison differs between one thread and four"
    );
}

#[test]
fn a_design_comes_out_alike_whoever_stands_beside_it() {
    let together = ran(&small(30, &["tsunamix", "kuma"]), 2);
    let alone = ran(&small(30, &["kuma"]), 1);
    assert_eq!(together.outcomes[1], alone.outcomes[0]);
}

#[test]
fn every_unit_is_accounted_for_in_every_design() {
    let compared = ran(&small(40, &FIVE), 2);
    for outcome in &compared.outcomes {
        let design = &outcome.design;
        assert!(outcome.conservation.starts_with("Every unit"), "{design}");
        let measures = &outcome.measures;
        assert!(
            measures.traders > 0 && measures.deposits > 0,
            "{design}: {measures:?}"
        );
        assert!(
            measures.liquidated <= measures.traders,
            "{design}: {measures:?}"
        );
        assert!(measures.over_liquidation >= 0, "{design}: {measures:?}");
        assert!(
            measures.over_liquidation <= measures.deposits,
            "{design}: {measures:?}"
        );
        let bears = measures.bad_debt.iter().all(|share| share.amount >= 0);
        assert!(bears, "{design}: {:?}", measures.bad_debt);
    }
}

#[test]
fn progress_ends_where_the_prices_do() {
    let scenario = small(5, &["tsunamix", "kuma"]);
    let last = std::sync::Mutex::new(vec![None::<Step>; 2]);
    compare(&scenario, None, &|step| {
        last.lock().unwrap()[step.design] = Some(step);
    })
    .unwrap();
    for step in last.into_inner().unwrap() {
        let step = step.unwrap();
        assert_eq!(step.done, step.total);
        assert!(step.total > 100);
    }
}
