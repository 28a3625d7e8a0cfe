//! The rebalancing rule: worked numbers, and its laws over random cells.

use proptest::prelude::*;

use super::*;

type N = Notional<0>;

fn cell(open: i128, demand: i128, previous: i128, weight: u32, cap_bps: u32) -> Cell<0> {
    Cell {
        open: N::from_raw(open),
        demand: N::from_raw(demand),
        previous: N::from_raw(previous),
        weight,
        cap_bps: Some(cap_bps),
    }
}

fn raws(limits: &[N]) -> Vec<i128> {
    limits.iter().map(|l| l.raw()).collect()
}

#[test]
fn limits_of_the_worked_examples() {
    let check = |tvl: i128, lambda_bps, cells: &[Cell<0>], limits: &[i128], targets: &str| {
        let sharing = Sharing {
            lambda_bps,
            ..Sharing::default()
        };
        let got = sharing.rebalance(Amount::from_raw(tvl), cells).unwrap();
        assert_eq!(raws(&got.limits), limits);
        let texts = got.targets.as_ref().map(|t| {
            let texts: Vec<_> = t
                .iter()
                .map(|t| t.to_text(6, Rounding::HalfEven).unwrap())
                .collect();
            texts.join(" ")
        });
        assert_eq!(texts.as_deref().unwrap_or("reduce only"), targets);
        assert_eq!(got.reduce_only(), targets == "reduce only");
    };
    let steady = [
        cell(100_000, 100_000, 100_000, 1, 10_000),
        cell(300_000, 300_000, 300_000, 1, 10_000),
    ];
    check(1_000_000, 0, &steady, &[250_000, 750_000], "250000 750000");
    check(
        1_000_000,
        2_000,
        &steady,
        &[300_000, 700_000],
        "300000 700000",
    );
    let fading = [
        cell(50_000, 50_000, 200_000, 1, 10_000),
        cell(50_000, 50_000, 50_000, 1, 10_000),
    ];
    check(
        1_000_000,
        2_000,
        &fading,
        &[100_000, 900_000],
        "100000 900000",
    );
    let cold = [cell(0, 0, 0, 3, 10_000), cell(0, 0, 0, 1, 10_000)];
    check(
        1_000_000,
        2_000,
        &cold,
        &[750_000, 250_000],
        "750000 250000",
    );
    let full = [
        cell(400_000, 400_000, 400_000, 1, 10_000),
        cell(300_000, 300_000, 300_000, 1, 10_000),
    ];
    check(500_000, 2_000, &full, &[400_000, 300_000], "reduce only");
    check(700_000, 2_000, &full, &[400_000, 300_000], "reduce only");
    let capped = [
        cell(0, 600_000, 600_000, 1, 2_500),
        cell(0, 100_000, 100_000, 1, 10_000),
        cell(0, 100_000, 100_000, 1, 10_000),
    ];
    check(
        1_000_000,
        0,
        &capped,
        &[250_000, 375_000, 375_000],
        "250000 375000 375000",
    );
    let dust = [cell(0, 1, 1, 1, 10_000); 3];
    check(10, 2_000, &dust, &[3, 3, 3], "3.333333 3.333333 3.333333");
}

#[test]
fn water_filling_keeps_proportions_and_caps_in_turn() {
    let limits = |lambda_bps, cells: &[Cell<0>]| {
        let sharing = Sharing {
            lambda_bps,
            ..Sharing::default()
        };
        raws(
            &sharing
                .rebalance(Amount::from_raw(1_000_000), cells)
                .unwrap()
                .limits,
        )
    };
    // The first cap pushes the second cell over its own; the third takes what is left.
    let chain = [
        cell(0, 600, 600, 1, 1_000),
        cell(0, 300, 300, 1, 5_000),
        cell(0, 100, 100, 1, 10_000),
    ];
    assert_eq!(limits(0, &chain), [100_000, 500_000, 400_000]);
    // The excess follows demand, 3 : 1, not heads.
    let uneven = [
        cell(0, 600, 600, 1, 2_000),
        cell(0, 300, 300, 1, 10_000),
        cell(0, 100, 100, 1, 10_000),
    ];
    assert_eq!(limits(0, &uneven), [200_000, 600_000, 200_000]);
    // All demand is in the capped cell: the rest is shared by weight.
    let alone = [
        cell(0, 600, 600, 1, 2_000),
        cell(0, 0, 0, 3, 10_000),
        cell(0, 0, 0, 1, 10_000),
    ];
    assert_eq!(limits(0, &alone), [200_000, 600_000, 200_000]);
    // Everybody capped: the rest belongs to no one.
    let all = [cell(0, 5, 5, 1, 1_000), cell(0, 5, 5, 1, 2_000)];
    assert_eq!(limits(2_000, &all), [100_000, 200_000]);
}

#[test]
fn a_rule_without_weights_or_with_an_impossible_share_is_refused() {
    let tvl = Amount::from_raw(1_000);
    let weightless = Sharing::default().rebalance(tvl, &[cell(0, 1, 1, 0, 10_000)]);
    assert_eq!(weightless, Err(OpenInterestError::NoWeight(1)));
    let sharing = Sharing {
        lambda_bps: 10_001,
        ..Sharing::default()
    };
    let above_one = sharing.rebalance(tvl, &[cell(0, 1, 1, 1, 10_000)]);
    assert_eq!(above_one, Err(OpenInterestError::Lambda(10_001)));
}

#[test]
fn admission_is_inclusive_and_looks_at_the_cell_and_at_the_vault() {
    let check = |oi: [i128; 2], limit: i128, amount: i128, tvl: i128, expected: &str| {
        let backing = Sharing::default()
            .backing(Amount::<0>::from_raw(tvl))
            .unwrap();
        let [open, other] = oi.map(N::from_raw);
        let total = open.add(other).unwrap();
        let got = admit(
            open,
            N::from_raw(limit),
            total,
            backing,
            N::from_raw(amount),
        )
        .unwrap();
        assert_eq!(
            got.map_or_else(|e| e.to_string(), |()| "admitted".into()),
            expected
        );
    };
    let oi = [100_000, 300_000];
    check(oi, 300_000, 200_000, 1_000_000, "admitted");
    check(
        oi,
        300_000,
        200_001,
        1_000_000,
        "open interest 100000 + 200001 would exceed the limit 300000 (raw)",
    );
    check(
        [400_000, 300_000],
        350_000,
        1,
        1_000_000,
        "open interest 400000 + 1 would exceed the limit 350000 (raw)",
    );
    check(oi, 300_000, 200_000, 600_000, "admitted");
    check(
        oi,
        300_000,
        200_000,
        599_999,
        "total open interest 400000 + 200000 would exceed 599999, which the vault backs (raw)",
    );
}

fn money() -> impl Strategy<Value = i128> {
    prop_oneof![2 => 0i128..50, 4 => 0i128..1_000_000, 1 => 0i128..1 << 80]
}

fn any_cell(capped: bool) -> impl Strategy<Value = Cell<0>> {
    let cap = if capped {
        (0u32..=10_000).boxed()
    } else {
        Just(10_000).boxed()
    };
    (money(), money(), money(), 1u32..5, cap)
        .prop_map(|(open, demand, previous, weight, cap)| cell(open, demand, previous, weight, cap))
}

fn sharing() -> impl Strategy<Value = Sharing> {
    (0u32..=20_000, 0u32..=10_000, 0u32..=20_000).prop_map(|(kappa_bps, lambda_bps, beta_bps)| {
        Sharing {
            kappa_bps,
            lambda_bps,
            beta_bps,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn limits_keep_to_the_budget_the_open_interest_and_the_targets(
        sharing in sharing(), tvl in money(),
        cells in prop::collection::vec(any_cell(true), 1..8),
    ) {
        let got = sharing.rebalance(Amount::from_raw(tvl), &cells).unwrap();
        let total: i128 = got.limits.iter().map(|l| l.raw()).sum();
        prop_assert!(total <= got.budget.raw().max(got.open.raw()), "sum L <= max(B, S)");
        for (at, (limit, cell)) in got.limits.iter().zip(&cells).enumerate() {
            prop_assert!(*limit >= cell.open, "L >= oi");
            let Some(targets) = &got.targets else {
                prop_assert_eq!(*limit, cell.open, "reduce only");
                continue;
            };
            let target = targets[at].to_grid(0, Rounding::Floor).unwrap();
            prop_assert!(limit.raw() <= target.max(cell.open.raw()), "L <= max(oi, T)");
            let cap = Wide::product(&[got.budget.raw(), cell.cap_bps.unwrap().into()]).unwrap();
            let target = targets[at].numerator().mul(BPS_ONE.into()).unwrap();
            let capped = cap.mul(targets[at].denominator()).unwrap();
            prop_assert!(target <= capped, "T <= cap * B");
        }
        // Running the rule twice on the same demand changes nothing.
        prop_assert_eq!(sharing.rebalance(Amount::from_raw(tvl), &cells).unwrap(), got);
    }

    #[test]
    fn without_caps_less_than_one_unit_a_cell_stays_unallocated(
        sharing in sharing(), tvl in money(),
        cells in prop::collection::vec(any_cell(false), 1..8),
    ) {
        let got = sharing.rebalance(Amount::from_raw(tvl), &cells).unwrap();
        if !got.reduce_only() {
            let total: i128 = got.limits.iter().map(|l| l.raw()).sum();
            let dust = got.budget.raw() - total;
            prop_assert!(dust < i128::try_from(cells.len()).unwrap(), "{} of dust", dust);
        }
    }

    #[test]
    fn more_demand_never_lowers_a_cells_own_limit(
        sharing in sharing(), tvl in money(), more in money(),
        mut cells in prop::collection::vec(any_cell(false), 1..6), pick in any::<prop::sample::Index>(),
    ) {
        let at = pick.index(cells.len());
        let before = sharing.rebalance(Amount::from_raw(tvl), &cells).unwrap().limits[at];
        cells[at].demand = cells[at].demand.add(N::from_raw(more)).unwrap();
        let after = sharing.rebalance(Amount::from_raw(tvl), &cells).unwrap().limits[at];
        prop_assert!(after >= before, "{} -> {}", before, after);
    }

    #[test]
    fn permuting_cells_permutes_limits(
        sharing in sharing(), tvl in money(),
        cells in prop::collection::vec(any_cell(true), 1..8), turn in 0usize..8,
    ) {
        let mut turned = cells.clone();
        turned.rotate_left(turn % cells.len());
        let mut expected = sharing.rebalance(Amount::from_raw(tvl), &cells).unwrap().limits;
        expected.rotate_left(turn % cells.len());
        let got = sharing.rebalance(Amount::from_raw(tvl), &turned).unwrap().limits;
        prop_assert_eq!(got, expected);
    }

    /// Openings that were admitted one after the other never break `S <= kappa * TVL`.
    #[test]
    fn admitted_openings_stay_backed(
        sharing in sharing(), tvl in money(), asks in prop::collection::vec((0usize..4, money()), 1..20),
        cells in prop::collection::vec(any_cell(true), 4),
    ) {
        let backing = sharing.backing(Amount::<0>::from_raw(tvl)).unwrap();
        let limits = sharing.rebalance(Amount::from_raw(tvl), &cells).unwrap().limits;
        let mut open: Vec<N> = cells.iter().map(|c| c.open).collect();
        let total = |open: &[N]| N::from_raw(open.iter().map(|o| o.raw()).sum());
        let started_backed = total(&open) <= backing;
        for (at, ask) in asks {
            let ask = N::from_raw(ask);
            if admit(open[at], limits[at], total(&open), backing, ask).unwrap().is_ok() {
                open[at] = open[at].add(ask).unwrap();
                prop_assert!(total(&open) <= backing);
            }
        }
        prop_assert!(!started_backed || total(&open) <= backing);
    }
}
