//! What fits together in a design, and what is refused with its reason.

use expect_test::{Expect, expect};
use plimsoll_engine::Rejection;
use plimsoll_engine::auction::Ladder;
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::{FundPolicy, Pots};
use plimsoll_engine::liquidation::stages::{
    Acquire, Auction, CloseNextVersion, CloseOnBook, Confiscate, Deleverage, ForceClose, HandOff,
    Hedge, Reduce, Repay, Reward, RewardCap, Slicing, Socialise, WriteDown,
};
use plimsoll_engine::liquidation::{Portion, Repayment, Stage, Whose};
use plimsoll_engine::venues::composed::{Acquirer, Config, Lock, Margin};
use plimsoll_units::{Duration, Fixed};

use crate::world::*;

fn check(change: impl FnOnce(&mut Config), expected: &Expect) {
    let mut config = design(Margin::Cross);
    change(&mut config);
    let refusal = config.check().unwrap_err();
    expected.assert_eq(&format!("{refusal}\n"));
    let made = World::try_new(config).map(|_| ());
    assert_eq!(made.unwrap_err(), refusal);
}

fn stages(procedure: &[Stage]) -> impl FnOnce(&mut Config) + '_ {
    |config| config.procedure = procedure.to_vec()
}

const HAND_OFF: Stage = Stage::HandOff(HandOff);
const FORCE_CLOSE: Stage = Stage::ForceClose(ForceClose);
const SOCIALISE: Stage = Stage::Socialise(Socialise { same_market: true });
const BOOK: Stage = Stage::CloseOnBook(CloseOnBook {
    collar_bps: None,
    slices: None,
});
const AUCTION: Stage = Stage::Auction(Auction {
    ladder: Ladder::PERPS,
    just_enough: true,
});
const NEXT: Stage = Stage::CloseNextVersion(CloseNextVersion {
    portion: Portion::All,
});
const CONFISCATE: Stage = Stage::Confiscate(Confiscate {
    first_caller_e5: 2_000,
    resolver_e5: 8_000,
});
const ACQUIRE: Stage = Stage::Acquire(Acquire);

const fn deleverage(whose: Whose) -> Stage {
    let policy = Policy::Queue;
    Stage::Deleverage(Deleverage { whose, policy })
}

#[test]
fn stages_of_other_kinds_of_account_are_refused() {
    check(
        stages(&[Stage::WriteDown(WriteDown)]),
        &expect![[r#"
        the design does not fit together: `write-down` needs a liquidity loan: accounts of this margin model hold positions
    "#]],
    );
    let how = Repayment::WithLp;
    check(
        stages(&[HAND_OFF, Stage::Repay(Repay { how })]),
        &expect![[r#"
        the design does not fit together: `repay` needs a liquidity loan: accounts of this margin model hold positions
    "#]],
    );
    check(
        stages(&[NEXT]),
        &expect![[r#"
        the design does not fit together: `close-next-version` needs versioned margin: prices of the others are not versions
    "#]],
    );
}

#[test]
fn stages_need_whom_they_name() {
    let without_vault = |stage: Stage| {
        move |c: &mut Config| {
            c.backstops.vault = None;
            c.procedure = vec![stage];
        }
    };
    check(
        without_vault(CONFISCATE),
        &expect![[r#"
        the design does not fit together: `confiscate` needs a vault to take the position: give the backstops a vault
    "#]],
    );
    check(
        without_vault(FORCE_CLOSE),
        &expect![[r#"
        the design does not fit together: `force-close` needs a vault to be the counterparty at the mark: give the backstops a vault
    "#]],
    );
    let without_fund = |stage: Stage| {
        move |c: &mut Config| {
            c.backstops.fund = None;
            c.procedure = vec![stage];
        }
    };
    check(
        without_fund(ACQUIRE),
        &expect![[r#"
        the design does not fit together: `acquire` names the fund as acquirer, but there is no fund
    "#]],
    );
    check(
        without_fund(Stage::Reduce(Reduce)),
        &expect![[r#"
        the design does not fit together: `reduce` names the fund as acquirer, but there is no fund
    "#]],
    );
    check(
        |c| {
            c.backstops.acquirer = Acquirer::Vault;
            c.backstops.vault = None;
            c.procedure = vec![ACQUIRE];
        },
        &expect![[r#"
            the design does not fit together: `acquire` names the vault as acquirer, but there is no vault
        "#]],
    );
    check(
        stages(&[HAND_OFF, deleverage(Whose::Backstop)]),
        &expect![[r#"
        the design does not fit together: `deleverage` of the backstop's positions needs `acquire` or `reduce` before it: the backstop holds none yet
    "#]],
    );
    check(
        |c| {
            c.backstops.counterparties_max = 0;
            c.procedure = vec![deleverage(Whose::Account)];
        },
        &expect![[r#"
            the design does not fit together: `deleverage` with at most 0 counterparties reaches nobody
        "#]],
    );
}

#[test]
fn stages_that_are_never_reached_are_refused() {
    check(
        stages(&[]),
        &expect![[r#"
        the design does not fit together: a procedure without stages liquidates nobody: name at least one
    "#]],
    );
    check(
        stages(&[CONFISCATE, HAND_OFF]),
        &expect![[r#"
        the design does not fit together: `hand-off` is never reached: `confiscate` always ends the case
    "#]],
    );
    check(
        stages(&[FORCE_CLOSE, BOOK]),
        &expect![[r#"
        the design does not fit together: `close-on-book` is never reached: `force-close` always ends the case
    "#]],
    );
    check(
        stages(&[BOOK, SOCIALISE, HAND_OFF]),
        &expect![[r#"
        the design does not fit together: `hand-off` is never reached: `socialise` always ends the case
    "#]],
    );
    check(
        stages(&[AUCTION, BOOK, AUCTION]),
        &expect![[r#"
        the design does not fit together: two `auction`s: a case has one clock, and the second would never be offered
    "#]],
    );
    check(
        stages(&[HAND_OFF; 17]),
        &expect![[r#"
        the design does not fit together: 17 stages; a procedure has at most 16
    "#]],
    );
}

#[test]
fn versioned_margin_needs_its_stage_and_a_lock() {
    check(
        |c| {
            c.margin = Margin::Versioned;
            c.procedure = vec![NEXT];
        },
        &expect![[r#"
            the design does not fit together: with versioned margin a liquidation settles at the next price, and the account must not trade meanwhile: lock it with `deposits-only` or `all`
        "#]],
    );
    check(
        |c| {
            c.margin = Margin::Versioned;
            c.lock = Lock::All;
        },
        &expect![[r#"
            the design does not fit together: versioned margin without the stage `close-next-version` is isolated margin: name the stage, or choose isolated margin
        "#]],
    );
}

#[test]
fn scenarios_must_ask_for_something() {
    let portfolio = |change: fn(&mut plimsoll_engine::venues::composed::Scenarios)| {
        move |c: &mut Config| {
            let mut all = scenarios(2);
            change(&mut all);
            c.margin = Margin::Portfolio(all);
        }
    };
    check(
        portfolio(|s| s.moves_e5[3] = vec![1]),
        &expect![[r#"
        the design does not fit together: scenario 3 moves 1 markets, but there are 2
    "#]],
    );
    check(
        portfolio(|s| {
            s.least_e5 = 0;
            s.moves_e5 = vec![vec![-10_000, 5_000], vec![10_000, 5_000]];
        }),
        &expect![[r#"
            the design does not fit together: no scenario moves market 1 down and `least` is 0: a long there would need no margin
        "#]],
    );
    check(
        portfolio(|s| s.moves_e5 = vec![vec![0, 0]; 257]),
        &expect![[r#"
        the design does not fit together: 257 scenarios; portfolio margin has at most 256
    "#]],
    );
    check(
        portfolio(|s| s.moves_e5[0][1] = -100_001),
        &expect![[r#"
        a scenario's move_e5 -100001 is not in -100000..=1000000
    "#]],
    );
    check(
        portfolio(|s| s.initial_e5 = 99_999),
        &expect![[r#"
        initial_e5 99999 is not in 100000..=1000000
    "#]],
    );
}

#[test]
fn backstops_and_limits_must_be_able_to_act() {
    check(
        |c| {
            c.backstops.fund = None;
            c.backstops.penalty_e5 = 1;
        },
        &expect![[r#"
            the design does not fit together: the penalty is paid to the insurance fund, but there is no fund
        "#]],
    );
    let policy = FundPolicy {
        pots: Pots::PerMarket,
        ..FundPolicy::default()
    };
    check(
        |c| c.backstops.fund.as_mut().unwrap().policy = policy,
        &expect![[r#"
            the design does not fit together: pots per market have to be filled by somebody, and a composed venue has no command for it: the fund would never bear a loss; share one pot
        "#]],
    );
    check(
        |c| c.limits.open_interest = vec![ONE],
        &expect![[r#"
        the design does not fit together: open-interest limits of 1 markets, but there are 2: one each, or none
    "#]],
    );
    check(
        |c| {
            c.limits.over_backstop_e5 = 1;
            (c.backstops.fund, c.backstops.vault) = (None, None);
            c.procedure = vec![BOOK];
        },
        &expect![[r#"
            the design does not fit together: open interest is limited to a multiple of the backstops, but there is neither a fund nor a vault
        "#]],
    );
}

#[test]
fn numbers_have_bounds() {
    check(
        |c| c.markets.clear(),
        &expect![[r#"
        the design does not fit together: 0 markets; a venue has 1 to 256
    "#]],
    );
    check(
        |c| c.markets[1].step = 0,
        &expect![[r#"
        the quantity step 0 is not in 1..=9223372036854775807
    "#]],
    );
    check(
        |c| c.markets[1].maintenance = 0,
        &expect![[r#"
        maintenance 0 is not in 1..=100000000
    "#]],
    );
    check(
        |c| c.markets[1].initial = 1,
        &expect![[r#"
        initial 1 is not in 10000000..=100000000
    "#]],
    );
    check(
        |c| c.retry = Duration(0),
        &expect![[r#"
        retry, in milliseconds, 0 is not in 1..=2592000000
    "#]],
    );
    check(
        |c| c.trigger.grace = Duration(-1),
        &expect![[r#"
        grace, in milliseconds, -1 is not in 0..=2592000000
    "#]],
    );
    check(
        |c| c.trigger.urgent_e5 = 100_001,
        &expect![[r#"
        urgent_e5 100001 is not in 0..=100000
    "#]],
    );
    let hedge = Stage::Hedge(Hedge {
        collar_bps: Some(10_001),
        cushion_e5: 0,
    });
    check(
        stages(&[hedge]),
        &expect![[r#"
        the collar, in basis points, 10001 is not in 0..=10000
    "#]],
    );
    let slices = Slicing {
        fraction_e5: 0,
        interval: Duration(1),
        deep_e5: 0,
    };
    let sliced = Stage::CloseOnBook(CloseOnBook {
        collar_bps: None,
        slices: Some(slices),
    });
    check(
        stages(&[ACQUIRE, sliced]),
        &expect![[r#"
        slices of 0 (in 1/100000) every 1 ms are not a disposal: a slice is 1 to 100000, an interval is not negative
    "#]],
    );
    let greedy = Stage::Confiscate(Confiscate {
        first_caller_e5: 60_000,
        resolver_e5: 60_000,
    });
    check(
        stages(&[greedy]),
        &expect![[r#"
        bounties of 60000 and 60000 (in 1/100000) exceed the whole collateral
    "#]],
    );
    let reward = Stage::Reward(Reward {
        fee: Fixed::from_raw(-1),
        minimum_requirement: 0,
        cap: RewardCap::Now,
    });
    check(
        stages(&[reward, FORCE_CLOSE]),
        &expect![[r#"
        the reward's fee -1 is not in 0..=1000000000000000000
    "#]],
    );
    check(
        |c| c.limits.position = -1,
        &expect![[r#"
        the limit of a position -1 is not in 0..=100000000000000000000000000
    "#]],
    );
}

#[test]
fn what_fits_is_let_in() {
    let designs: [&[Stage]; 6] = [
        &[CONFISCATE],
        &[FORCE_CLOSE, SOCIALISE],
        &[
            HAND_OFF,
            BOOK,
            AUCTION,
            ACQUIRE,
            deleverage(Whose::Account),
            SOCIALISE,
        ],
        &[
            ACQUIRE,
            HAND_OFF,
            BOOK,
            deleverage(Whose::Backstop),
            deleverage(Whose::Account),
        ],
        &[Stage::Reduce(Reduce), ACQUIRE, AUCTION, BOOK],
        &[AUCTION],
    ];
    for margin in [
        Margin::Isolated,
        Margin::Cross,
        Margin::Portfolio(scenarios(2)),
    ] {
        for procedure in designs {
            let mut config = design(margin.clone());
            config.procedure = procedure.to_vec();
            assert_eq!(config.check(), Ok::<(), Rejection>(()), "{procedure:?}");
        }
    }
    let mut config = design(Margin::Versioned);
    config.procedure = vec![NEXT, SOCIALISE];
    config.lock = Lock::DepositsOnly;
    assert_eq!(config.check(), Ok(()));
}
