//! What stresses do, and what they leave alone.

use plimsoll_engine::Body;
use plimsoll_engine::venues::kuma::waterfall::ServiceCommand;
use plimsoll_engine::venues::{kuma, kyan, perennial, tsunamix};
use plimsoll_sim::scenario::{Scenario, Stress};
use plimsoll_sim::stress::unaffected;
use plimsoll_units::Timestamp;

use super::{Ran, SMALL, Small, hash, run, seconds, when};

fn small(bundle: &str) -> &'static Small {
    SMALL.iter().find(|small| small.bundle == bundle).unwrap()
}

/// Whether nothing in the scenario can feel it.
fn is_untouched(scenario: &Scenario, stress: &Stress) -> bool {
    let alone = scenario.markets.len() == 1 && matches!(stress, Stress::Correlate { .. });
    let mut venues = scenario.venues.iter();
    alone || venues.all(|venue| unaffected(stress, venue).is_some())
}

/// Every replay audits its engine at the end, so this is conservation under every stress, too.
#[test]
fn every_stress_touches_what_it_says_and_nothing_else() {
    for small in &SMALL {
        let plain = small.scenario();
        let before = hash(&plain);
        for stress in small.every() {
            let scenario = small.stressed(stress.clone());
            let after = hash(&scenario);
            let same = before == after;
            let untouched = is_untouched(&plain, &stress);
            assert_eq!(same, untouched, "{}: {stress:?}", small.bundle);
        }
    }
}

#[test]
fn stresses_of_no_size_change_nothing() {
    for small in &SMALL {
        let by = |text: &str| text.parse().unwrap();
        let mut scenario = small.scenario();
        let leader = scenario.markets[0].symbol.clone();
        let before = hash(&scenario);
        scenario.stress = vec![
            Stress::Scale {
                by: by("1"),
                markets: Vec::new(),
            },
            Stress::Correlate {
                with: leader,
                by: by("0"),
            },
            Stress::Gap {
                at: when(small.at),
                by: by("0"),
                markets: Vec::new(),
            },
            Stress::WidenBooks {
                at: when(small.at),
                r#for: None,
                depth: by("1"),
                spread: by("1"),
            },
            // Between two prices, when nobody would have been told anything.
            Stress::FreezeOracle {
                at: when(small.at),
                r#for: plimsoll_sim::scenario::Span(plimsoll_units::Duration(1)),
                markets: vec![scenario.markets[0].symbol.clone()],
            },
        ];
        if let Stress::FreezeOracle { at, .. } = &mut scenario.stress[4] {
            at.0 = Timestamp(at.0.millis() + 1);
        }
        assert_eq!(hash(&scenario), before, "{}", small.bundle);
    }
}

#[test]
fn all_stresses_together_give_the_same_state_twice() {
    for small in &SMALL {
        let mut scenario = small.scenario();
        scenario.stress = small.every();
        assert_eq!(hash(&scenario), hash(&scenario), "{}", small.bundle);
        // As text it is the same scenario.
        let again = Scenario::parse("test", &scenario.to_toml()).unwrap();
        assert_eq!(again, scenario, "{}", small.bundle);
    }
}

/// Times of the commands that `wanted` says.
fn times(ran: &Ran, wanted: impl Fn(&Body) -> bool) -> Vec<Timestamp> {
    let commands = ran.commands.iter().filter(|command| wanted(&command.body));
    commands.map(|command| command.time).collect()
}

fn is_told(body: &Body) -> bool {
    matches!(
        body,
        Body::TsunamiX(tsunamix::Command::Prices(_))
            | Body::Perennial(perennial::Command::OracleVersion { .. })
            | Body::Kuma(kuma::Command::PublishIndexPrices(_))
            | Body::Kyan(kyan::Command::Index(_))
    )
}

#[test]
fn a_frozen_oracle_tells_nothing_and_delays_liquidations() {
    for bundle in ["october-2025", "kuma-2025-10", "kyan-2026-02"] {
        let small = small(bundle);
        let (at, end) = (when(small.at).0, {
            let at = when(small.at).0;
            at.saturating_add(small.length.0)
        });
        let frozen = |time: &Timestamp| *time >= at && *time < end;
        let plain = run(&small.scenario());
        let ran = run(&small.stressed(Stress::FreezeOracle {
            at: when(small.at),
            r#for: small.length,
            markets: Vec::new(),
        }));
        let told = times(&ran, is_told);
        assert!(times(&plain, is_told).iter().any(frozen), "{bundle}");
        assert!(!told.iter().any(frozen), "{bundle}");
        assert!(told.contains(&end), "{bundle}: the newest price at the end");
        let triggered = |ran: &Ran| -> usize {
            let venues = ran.results.venues.iter();
            let cases = venues.flat_map(|venue| &venue.liquidations);
            let inside = cases.filter(|case| frozen(&Timestamp(case.triggered)));
            inside.count()
        };
        assert!(triggered(&plain) > 0, "{bundle}");
        // Fees and expiries go on; the price can open no case.
        assert!(triggered(&ran) < triggered(&plain) / 4 + 1, "{bundle}");
        // The market itself is as it was.
        assert_eq!(ran.results.prices, plain.results.prices, "{bundle}");
    }
}

#[test]
fn makers_see_the_market_while_the_index_stands_still() {
    let small = small("kuma-2025-10");
    let (at, length) = (when(small.at), small.length);
    let ran = run(&small.stressed(Stress::FreezeOracle {
        at,
        r#for: length,
        markets: Vec::new(),
    }));
    let inside = |time: &&Timestamp| **time > at.0 && **time < at.0.saturating_add(length.0);
    let quoted = times(&ran, |body| {
        matches!(body, Body::Kuma(kuma::Command::PlaceOrder { .. }))
    });
    assert!(quoted.iter().filter(inside).count() > 100);
    // Partners who would pay the old price for what is worth less take their quotes off.
    let off = times(&ran, |body| match body {
        Body::Kuma(kuma::Command::Service(service)) => {
            matches!(**service, ServiceCommand::CancelOffer { .. })
        }
        _ => false,
    });
    assert!(off.iter().any(|time| inside(&time)));
}

#[test]
fn liquidators_who_are_away_act_on_returning() {
    let small = small("october-2025");
    let (at, end) = (
        when(small.at).0,
        when(small.at).0.saturating_add(small.length.0),
    );
    let away = |time: &Timestamp| *time >= at && *time < end;
    let acts = |body: &Body| {
        matches!(
            body,
            Body::TsunamiX(
                tsunamix::Command::Liquidate { .. } | tsunamix::Command::ForceClose { .. }
            ) | Body::Perennial(perennial::Command::Liquidate { .. })
        )
    };
    let plain = run(&small.scenario());
    let ran = run(&small.stressed(Stress::LiquidatorsAway {
        at: when(small.at),
        r#for: Some(small.length),
    }));
    assert!(times(&plain, acts).iter().any(away));
    let acted = times(&ran, acts);
    assert!(!acted.iter().any(away));
    // The fast ones need two seconds.
    assert!(acted.contains(&end.saturating_add(seconds(2).0)));
}

#[test]
fn partners_who_leave_take_their_quotes_with_them_and_come_back() {
    let small = small("kuma-2025-10");
    let (at, end) = (
        when(small.at).0,
        when(small.at).0.saturating_add(small.length.0),
    );
    let ran = run(&small.stressed(Stress::PartnersLeave {
        at: when(small.at),
        r#for: Some(small.length),
    }));
    let service = |wanted: fn(&ServiceCommand) -> bool| {
        times(&ran, |body| match body {
            Body::Kuma(kuma::Command::Service(service)) => wanted(service),
            _ => false,
        })
    };
    let off = service(|s| matches!(s, ServiceCommand::CancelOffers { .. }));
    assert!(
        !off.is_empty() && off.iter().all(|time| *time == at),
        "{off:?}"
    );
    let signed = service(|s| {
        matches!(
            s,
            ServiceCommand::PostQuote(_) | ServiceCommand::ReplaceWithQuote { .. }
        )
    });
    assert!(!signed.iter().any(|time| *time >= at && *time < end));
    assert!(signed.contains(&end));
}

#[test]
fn liquidity_leaves_as_far_as_the_venue_lets_it() {
    for (bundle, wanted) in [("october-2025", 2), ("gammaswap-2021", 1)] {
        let small = small(bundle);
        let ran = run(&small.stressed(Stress::LiquidityLeaves {
            at: when(small.at),
            share: "0.5".parse().unwrap(),
        }));
        let out = |body: &Body| {
            use plimsoll_engine::venues::gammaswap::Action;
            match body {
                Body::TsunamiX(tsunamix::Command::RemoveLiquidity { .. })
                | Body::Perennial(perennial::Command::Withdraw { .. }) => true,
                Body::GammaSwap(command) => matches!(command.action, Action::PoolWithdraw { .. }),
                _ => false,
            }
        };
        let plain = run(&small.scenario());
        let before = times(&plain, out).len();
        let left = ran.commands.iter().filter(|command| out(&command.body));
        let mut venues: Vec<_> = left.map(|command| command.venue).collect();
        assert!(times(&ran, out).len() > before, "{bundle}");
        venues.dedup();
        assert!(venues.len() >= wanted, "{bundle}: {venues:?}");
        // What the venue does not let go is not even asked for.
        for venue in &ran.results.venues {
            let refused = venue.refusals.iter();
            let refused = refused.filter(|r| r.name.contains("LiquidityInUse"));
            assert_eq!(refused.count(), 0, "{bundle}");
        }
    }
}
