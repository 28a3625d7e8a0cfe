//! The plan against trying every set, and its verdicts as a reader sees them.

use expect_test::{Expect, expect};
use plimsoll_units::PositionId;
use proptest::prelude::*;

use super::*;

const FEE: u16 = 25;

fn terms(generation: Generation) -> Terms {
    Terms {
        generation,
        fee_bps: FEE,
        invariant: 1_000_000,
        supply: 900_000,
    }
}

fn candidate(generation: Generation, number: u64, debt: u128, collateral: u128) -> Candidate {
    let most = match generation {
        Generation::A => collateral * u128::from(10_000 - FEE) / 10_000,
        Generation::B => collateral - collateral * u128::from(FEE) / 10_000,
    };
    let payable = debt.min(most);
    let penalty = match generation {
        Generation::A => collateral - payable,
        Generation::B => collateral * u128::from(FEE) / 10_000,
    };
    Candidate {
        loan: PositionId(number),
        debt,
        collateral,
        payable,
        penalty,
    }
}

/// What the pool itself would make of a set: its gain less the cost of its loans, if the capital
/// pays for it.
fn worth(terms: &Terms, set: &[Candidate], model: &CostModel) -> Option<u128> {
    let sum = |of: fn(&Candidate) -> u128| set.iter().map(of).sum::<u128>();
    let (gain, paid) = match terms.generation {
        Generation::A => {
            let collateral = sum(|c| c.collateral);
            let most = collateral * u128::from(10_000 - terms.fee_bps) / 10_000;
            let paid = sum(|c| c.debt).min(most);
            (collateral - paid, paid)
        }
        Generation::B => (sum(|c| c.penalty), sum(|c| c.payable)),
    };
    let lp = (paid * terms.supply).div_ceil(terms.invariant);
    let cost = model.per_loan * set.len() as u128;
    (lp <= model.capital_lp).then(|| gain.saturating_sub(cost))
}

fn best_by_trying(terms: &Terms, all: &[Candidate], model: &CostModel) -> u128 {
    let sets = 0u32..1 << all.len();
    let of = |set: u32| -> Vec<Candidate> {
        let has = |i: &usize| set >> i & 1 == 1;
        (0..all.len()).filter(has).map(|i| all[i]).collect()
    };
    sets.filter_map(|set| worth(terms, &of(set), model))
        .max()
        .unwrap_or(0)
}

#[track_caller]
fn check(
    generation: Generation,
    all: &[Candidate],
    model: &CostModel,
) -> Result<(), TestCaseError> {
    let terms = terms(generation);
    let plan = plan_batch(&terms, all, model).unwrap();
    prop_assert!(plan.exact);
    let best = best_by_trying(&terms, all, model);
    prop_assert_eq!(plan.net_at_most, best);
    let chosen: Vec<Candidate> = all
        .iter()
        .filter(|c| plan.loans().contains(&c.loan))
        .copied()
        .collect();
    if best <= model.per_transaction {
        prop_assert!(
            chosen.is_empty(),
            "{best} does not pay for the transaction: {plan:?}"
        );
        return Ok(());
    }
    let ours = worth(&terms, &chosen, model);
    prop_assert_eq!(ours, Some(best), "{:?}", &plan);
    prop_assert_eq!(plan.gain - plan.cost, best - model.per_transaction);
    let exact_lp = (plan.payable * terms.supply).div_ceil(terms.invariant);
    prop_assert_eq!(plan.lp, exact_lp);
    prop_assert!(plan.lp <= model.capital_lp);
    Ok(())
}

fn a_loan() -> impl Strategy<Value = (u128, u128)> {
    (1_000u128..1_000_000, 9_900u128..10_300)
        .prop_map(|(collateral, share)| (collateral * share / 10_000, collateral))
}

fn a_model() -> impl Strategy<Value = CostModel> {
    (
        0u128..4_000,
        0u128..2_000,
        prop_oneof![0u128..3_000_000, Just(u128::MAX >> 64)],
    )
        .prop_map(|(per_transaction, per_loan, capital_lp)| CostModel {
            per_transaction,
            per_loan,
            capital_lp,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn no_other_set_of_up_to_16_loans_gains_more(
        loans in prop::collection::vec(a_loan(), 0..=11), model in a_model(),
    ) {
        for generation in [Generation::A, Generation::B] {
            let numbered = (1u64..).zip(&loans);
            let all: Vec<Candidate> =
                numbered.map(|(n, (d, c))| candidate(generation, n, *d, *c)).collect();
            check(generation, &all, &model)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]
    #[test]
    fn no_other_set_of_16_loans_gains_more(
        loans in prop::collection::vec(a_loan(), 16), model in a_model(),
    ) {
        for generation in [Generation::A, Generation::B] {
            let numbered = (1u64..).zip(&loans);
            let all: Vec<Candidate> =
                numbered.map(|(n, (d, c))| candidate(generation, n, *d, *c)).collect();
            check(generation, &all, &model)?;
        }
    }
}

#[test]
fn ten_thousand_loans_are_planned_within_the_steps_allowed() {
    // A fixed linear sequence, so that the case is the same everywhere.
    let mut seed = 12_345u128;
    let mut next = move |below: u128| {
        seed = seed * 6_364_136_223_846_793_005 % (1 << 64) + 1_442_695_040_888_963_407;
        (seed >> 20) % below
    };
    for generation in [Generation::A, Generation::B] {
        let all: Vec<Candidate> = (1..=10_000)
            .map(|n| {
                let collateral = 1_000_000 + next(1_000_000_000);
                let debt = collateral * (9_951 + next(150)) / 10_000;
                candidate(generation, n, debt, collateral)
            })
            .collect();
        let whole: u128 = all.iter().map(|c| c.payable).sum();
        for capital_lp in [u128::MAX >> 32, whole / 2, whole / 1000] {
            let model = CostModel {
                per_transaction: 1_000_000,
                per_loan: 100_000,
                capital_lp,
            };
            let plan = plan_batch(&terms(generation), &all, &model).unwrap();
            assert_eq!(plan.verdicts.len(), all.len());
            assert!(plan.lp <= capital_lp && plan.gain > plan.cost);
            assert!(plan.exact || capital_lp < whole);
            // Even where the search was stopped, what is left to gain is next to nothing.
            let net = plan.gain - plan.cost + model.per_transaction;
            assert!(net <= plan.net_at_most);
            assert!(plan.net_at_most - net <= plan.net_at_most / 20, "{plan:?}");
        }
    }
}

fn told(plan: &Plan) -> String {
    let mut text = format!(
        "gain {}, cost {}, pays {} with {} LP tokens\n",
        plan.gain, plan.cost, plan.payable, plan.lp
    );
    for (loan, verdict) in &plan.verdicts {
        text.push_str(&format!("{loan}: {verdict:?}\n"));
    }
    text
}

#[track_caller]
fn check_told(loans: &[(u128, u128)], model: CostModel, expected: &Expect) {
    let numbered = (1u64..).zip(loans);
    let mut all: Vec<Candidate> = numbered
        .map(|(n, (d, c))| candidate(Generation::A, n, *d, *c))
        .collect();
    if let Some(first) = all.first().copied() {
        all.push(first);
    }
    let plan = plan_batch(&terms(Generation::A), &all, &model).unwrap();
    expected.assert_eq(&told(&plan));
}

#[test]
fn every_loan_is_told_why() {
    let loans = [
        (995_100, 1_000_000),
        (9_960, 10_000),
        (1_002_000, 1_000_000),
        (0, 5),
    ];
    let model = |per_transaction, per_loan, capital_lp| CostModel {
        per_transaction,
        per_loan,
        capital_lp,
    };
    // Small loans do not pay for themselves, and one is under water.
    check_told(
        &loans,
        model(1_000, 100, 10_000_000),
        &expect![[r#"
        gain 4900, cost 1100, pays 995100 with 895590 LP tokens
        position-1: In { gain: 4900, cost: 100 }
        position-2: CostsMore { gain: 40, cost: 100 }
        position-3: Underwater { loss: 2000 }
        position-4: NoDebt
        position-1: Duplicate
    "#]],
    );
    // The capital suffices for little.
    check_told(
        &loans,
        model(10, 10, 100_000),
        &expect![[r#"
        gain 40, cost 20, pays 9960 with 8964 LP tokens
        position-1: NoCapital { payable: 995100 }
        position-2: In { gain: 40, cost: 10 }
        position-3: Underwater { loss: 2000 }
        position-4: NoDebt
        position-1: Duplicate
    "#]],
    );
    // The transaction costs more than all penalties.
    check_told(
        &loans,
        model(1_000_000, 10, 10_000_000),
        &expect![[r#"
        gain 0, cost 0, pays 0 with 0 LP tokens
        position-1: TransactionCostsMore { gain: 4995, cost: 1000000 }
        position-2: TransactionCostsMore { gain: 4995, cost: 1000000 }
        position-3: TransactionCostsMore { gain: 4995, cost: 1000000 }
        position-4: NoDebt
        position-1: Duplicate
    "#]],
    );
    check_told(
        &[],
        model(0, 0, 0),
        &expect![[r#"
        gain 0, cost 0, pays 0 with 0 LP tokens
    "#]],
    );
}

#[test]
fn amounts_at_the_limits_are_refused_or_planned_never_wrapped() {
    let huge = Candidate {
        loan: PositionId(1),
        debt: u128::MAX,
        collateral: u128::MAX,
        payable: u128::MAX,
        penalty: u128::MAX,
    };
    let second = Candidate {
        loan: PositionId(2),
        ..huge
    };
    let model = CostModel {
        per_transaction: 0,
        per_loan: 0,
        capital_lp: u128::MAX,
    };
    let one = Terms {
        invariant: u128::MAX,
        supply: 1,
        ..terms(Generation::B)
    };
    let none = plan_batch(&Terms { supply: 0, ..one }, &[huge], &model).unwrap();
    assert_eq!(none.loans(), []);
    for generation in [Generation::A, Generation::B] {
        let terms = Terms { generation, ..one };
        // Whatever the totals come to, an answer or a refusal.
        let _ = plan_batch(&terms, &[huge, second], &model);
        let _ = plan_batch(
            &terms,
            &[huge],
            &CostModel {
                per_loan: u128::MAX,
                ..model
            },
        );
    }
}
