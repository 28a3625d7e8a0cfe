//! The walk over stages that do what the test says.

use expect_test::{Expect, expect};
use plimsoll_units::{AccountId, ArithmeticError, CaseId, MarketId, Timestamp, VenueId};

use super::*;
use crate::ledger::Ledger;
use crate::liquidation::{Rule, StageKind, Target, Trigger};

fn case() -> Case {
    Case {
        id: CaseId(9),
        target: Target {
            venue: VenueId(0),
            market: MarketId(0),
            account: AccountId(1),
            position: None,
        },
        trigger: Trigger {
            rule: Rule::MaintenanceOverCollateral,
            at: Timestamp(5),
            price: 1,
            version: 1,
            equity: 0,
            requirement: 1,
            collateral: 0,
            notional: 1,
        },
    }
}

fn next(amount: i128, shortfall: i128) -> Result<Step, Rejection> {
    Ok(Step::Next {
        stage: StageKind::ForceClose,
        amount,
        shortfall,
    })
}

fn waiting(amount: i128) -> Result<Step, Rejection> {
    Ok(Step::Waiting {
        stage: StageKind::CloseNextVersion,
        amount,
    })
}

/// Walks `steps`; shows which were taken, what was reported, and how far it came.
fn check(steps: &[Result<Step, Rejection>], expected: &Expect) {
    let (mut ledger, mut events, mut next_case) = (Ledger::default(), Vec::new(), 1);
    let mut tx = Tx::new(
        Timestamp(5),
        VenueId(0),
        &mut ledger,
        &mut events,
        &mut next_case,
    );
    let mut taken = 0;
    let walked = follow(&mut tx, &case(), steps, |step, _| {
        taken += 1;
        step.clone()
    });
    let mut shown = format!("{taken} of {} taken\n", steps.len());
    for event in events {
        shown += &format!("{event:?}\n");
    }
    expected.assert_eq(&format!("{shown}{walked:?}\n"));
}

#[test]
fn every_stage_is_taken_in_order_and_losses_add_up() {
    check(
        &[next(10, 3), next(20, 0), next(0, 4)],
        &expect![[r#"
            3 of 3 taken
            Case(Stage { case: case-9, stage: ForceClose, amount: 10 })
            Case(Stage { case: case-9, stage: ForceClose, amount: 20 })
            Case(Stage { case: case-9, stage: ForceClose, amount: 0 })
            Ok(Done { shortfall: 7 })
        "#]],
    );
}

#[test]
fn no_stages_are_no_liquidation() {
    check(
        &[],
        &expect![[r#"
        0 of 0 taken
        Ok(Done { shortfall: 0 })
    "#]],
    );
}

#[test]
fn a_restored_account_is_left_alone() {
    check(
        &[next(10, 3), Ok(Step::Restored), next(20, 5)],
        &expect![[r#"
            2 of 3 taken
            Case(Stage { case: case-9, stage: ForceClose, amount: 10 })
            Ok(Done { shortfall: 3 })
        "#]],
    );
}

#[test]
fn a_stage_that_waits_holds_up_those_after_it() {
    check(
        &[next(10, 3), waiting(8), next(20, 5)],
        &expect![[r#"
            2 of 3 taken
            Case(Stage { case: case-9, stage: ForceClose, amount: 10 })
            Case(Stage { case: case-9, stage: CloseNextVersion, amount: 8 })
            Ok(Waiting)
        "#]],
    );
}

#[test]
fn a_stage_with_nothing_to_do_says_nothing() {
    check(
        &[Ok(Step::Nothing), next(10, 3), Ok(Step::Later), next(20, 5)],
        &expect![[r#"
            3 of 4 taken
            Case(Stage { case: case-9, stage: ForceClose, amount: 10 })
            Ok(Waiting)
        "#]],
    );
}

#[test]
fn a_refusal_ends_the_walk_and_is_handed_on() {
    check(
        &[
            next(10, 3),
            Err(ArithmeticError::DivisionByZero.into()),
            next(20, 5),
        ],
        &expect![[r#"
            2 of 3 taken
            Case(Stage { case: case-9, stage: ForceClose, amount: 10 })
            Err(Arithmetic(DivisionByZero))
        "#]],
    );
}

#[test]
fn losses_beyond_128_bits_are_a_refusal() {
    check(
        &[next(1, i128::MAX), next(2, 1), next(3, 0)],
        &expect![[r#"
            2 of 3 taken
            Case(Stage { case: case-9, stage: ForceClose, amount: 1 })
            Err(Arithmetic(Overflow))
        "#]],
    );
}
