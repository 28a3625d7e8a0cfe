//! Agents: liquidators, traders who add collateral, liquidity providers who leave.

use plimsoll_engine::Body;
use plimsoll_engine::venues::{perennial, tsunamix};
use plimsoll_sim::scenario::{Decimal, Scenario, Span};
use plimsoll_units::Duration;

use super::{Ran, count, figure, only, run};

const KEEPERS: [&str; 3] = [
    "tsunamix, keepers",
    "perennial, keepers",
    "perennial-plus, keepers",
];

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A keepers' scenario with one liquidator.
fn with_one_liquidator(venue: &str) -> Scenario {
    let mut scenario = only(venue);
    let venue = &mut scenario.venues[0];
    venue.liquidators.truncate(1);
    venue.liquidators[0].cost = Decimal::default();
    venue.liquidators[0].sees = decimal("1");
    venue.top_ups = None;
    scenario
}

fn liquidations_sent(ran: &Ran) -> usize {
    let is_liquidation = |body: &Body| {
        matches!(
            body,
            Body::TsunamiX(
                tsunamix::Command::Liquidate { .. } | tsunamix::Command::ForceClose { .. }
            ) | Body::Perennial(perennial::Command::Liquidate { .. })
        )
    };
    let bodies = ran.commands.iter().map(|c| &c.body);
    bodies.filter(|b| is_liquidation(b)).count()
}

#[test]
fn a_liquidator_who_sees_nothing_does_nothing() {
    for venue in KEEPERS {
        let mut scenario = with_one_liquidator(venue);
        scenario.venues[0].liquidators[0].sees = Decimal::default();
        let ran = run(&scenario);
        assert_eq!(liquidations_sent(&ran), 0);
        assert_eq!(count(ran.venue(), "Liquidated"), 0);
        assert!(count(ran.venue(), "Cases opened") > 20, "{venue}");
        assert!(count(ran.venue(), "Still open at the end") > 0, "{venue}");
    }
}

#[test]
fn a_liquidator_who_does_not_earn_the_cost_does_nothing() {
    for venue in KEEPERS {
        let mut scenario = with_one_liquidator(venue);
        scenario.venues[0].liquidators[0].cost = decimal("1000000000");
        let ran = run(&scenario);
        let bounties = ran.venue().liquidations.iter().filter(|l| {
            // A force-close pays no bounty and is done all the same.
            !l.rule.contains("profit")
        });
        assert_eq!(bounties.count(), 0, "{venue}");
        let not_worth = count(ran.venue(), "Not worth a liquidator's cost");
        assert!(not_worth > 20, "{venue}: {not_worth}");
    }
}

#[test]
fn liquidations_come_a_delay_after_the_case() {
    for venue in KEEPERS {
        for delay in [0, 2_000, 45_000] {
            let mut scenario = with_one_liquidator(venue);
            scenario.venues[0].liquidators[0].delay = Span(Duration(delay));
            let ran = run(&scenario);
            assert!(!ran.venue().liquidations.is_empty());
            for row in &ran.venue().liquidations {
                let waited = row.executed - row.triggered;
                // Tries again come one delay, at least a second, apart.
                let again = (waited - delay) % delay.max(1_000);
                assert!(waited >= delay && again == 0, "{venue}, {delay}: {row:?}");
            }
            let quick = ran.venue().liquidations.iter();
            let quick = quick.filter(|l| l.executed - l.triggered == delay).count();
            assert!(quick * 10 >= ran.venue().liquidations.len() * 9);
        }
    }
}

#[test]
fn a_case_has_one_transaction_where_nothing_is_refused() {
    for venue in KEEPERS {
        let ran = run(&with_one_liquidator(venue));
        let refused: u64 = ran.venue().refusals.iter().map(|r| r.times).sum();
        let liquidated = count(ran.venue(), "Liquidated");
        assert!(liquidations_sent(&ran) as u64 <= liquidated + refused);
        assert!(liquidations_sent(&ran) as u64 >= liquidated);
    }
}

#[test]
fn whoever_adds_collateral_adds_once_and_fewer_are_liquidated() {
    for venue in KEEPERS {
        let mut scenario = with_one_liquidator(venue);
        let without = count(run(&scenario).venue(), "Liquidated");
        let mut habit = only("perennial, keepers").venues[0]
            .top_ups
            .clone()
            .unwrap();
        (habit.share, habit.within) = (decimal("1"), decimal("1"));
        // On TsunamiX a position's collateral may not be more than its size.
        habit.adds = decimal(if venue == "tsunamix, keepers" {
            "0.9"
        } else {
            "10"
        });
        scenario.venues[0].top_ups = Some(habit);
        let ran = run(&scenario);
        let with = count(ran.venue(), "Liquidated");
        assert!(
            with * 4 < without * 3,
            "{venue}: {with} of {without}; {:?}",
            ran.venue().refusals
        );

        let mut added: Vec<String> = ran
            .commands
            .iter()
            .filter_map(|command| match &command.body {
                Body::TsunamiX(tsunamix::Command::AddCollateral { position, .. }) => {
                    Some(position.to_string())
                }
                Body::Perennial(perennial::Command::Deposit {
                    product, account, ..
                }) => Some(format!("{product} {account}")),
                _ => None,
            })
            .collect();
        let all = added.len();
        added.sort_unstable();
        added.dedup();
        // On Perennial everybody's first deposit is one, too.
        let most = match venue {
            "tsunamix, keepers" => added.len(),
            _ => added.len() * 2,
        };
        assert!(all > 200 && all <= most, "{venue}: {all} of {most}");
    }
}

#[test]
fn a_provider_who_leaves_in_the_crash_takes_what_the_vault_allows() {
    let mut scenario = only("tsunamix, keepers");
    let stays = run(&{
        let mut stays = scenario.clone();
        stays.venues[0].liquidity[1].withdraws_at = None;
        stays
    });
    let leaves = run(&scenario);
    let removed = |ran: &Ran| -> i128 {
        let flows = ran.venue().flows.iter();
        flows
            .filter(|f| f.from == "vault" && f.to == "wallets" && f.reason.contains("liquidity"))
            .map(|f| f.amount.raw)
            .sum()
    };
    assert_eq!(removed(&stays), 0, "{:#?}", stays.venue().flows);
    assert!(removed(&leaves) > 0, "{:#?}", leaves.venue().flows);
    assert_ne!(
        figure(leaves.venue(), "Vault at the end"),
        figure(stays.venue(), "Vault at the end")
    );

    // Everybody wants to leave at once, at the worst moment, and tries again every hour.
    let when = scenario.venues[0].liquidity[1].withdraws_at;
    for provider in &mut scenario.venues[0].liquidity {
        provider.withdraws_at = when;
    }
    let run_for_it = run(&scenario);
    let refusals = &run_for_it.venue().refusals;
    assert!(
        removed(&run_for_it) > 0 || !refusals.is_empty(),
        "{refusals:?}"
    );
}

#[test]
fn a_provider_who_comes_late_finds_traders_refused() {
    let mut scenario = only("tsunamix, keepers");
    let late = "2025-10-10T21:50:00Z";
    scenario.venues[0].liquidity.truncate(1);
    let text = scenario.to_toml().replacen(
        "deposit = \"4000000\"",
        &format!("deposit = \"4000000\"\nat = \"{late}\""),
        1,
    );
    let ran = run(&Scenario::parse("late", &text).unwrap());
    assert_eq!(count(ran.venue(), "Cases opened"), 0);
    let refused: u64 = ran.venue().refusals.iter().map(|r| r.times).sum();
    assert_eq!(refused, 300, "{:?}", ran.venue().refusals);
}
