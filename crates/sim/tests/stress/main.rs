//! Stresses through a replay's outer door: each does what it says to every bundled scenario and
//! nothing else, money is conserved under all of them, and the same seed gives the same state.

mod effects;
mod refusals;
mod worded;

use plimsoll_engine::{Command, Engine};
use plimsoll_sim::replay::{CommandSink, Replay, SinkError};
use plimsoll_sim::results::Results;
use plimsoll_sim::scenario::{Scenario, Span, Stress, When};
use plimsoll_units::{Duration, Timestamp};

/// Keeps the commands.
#[derive(Default)]
struct Recorded(Vec<Command>);

impl CommandSink for Recorded {
    fn record(&mut self, command: &Command) -> Result<(), SinkError> {
        self.0.push(command.clone());
        Ok(())
    }

    fn applied(&mut self, _: &Engine) -> Result<(), SinkError> {
        Ok(())
    }

    fn finish(&mut self, engine: &Engine) -> Result<(), SinkError> {
        engine.audit().map_err(|e| SinkError(e.to_string()))
    }
}

struct Ran {
    results: Results,
    commands: Vec<Command>,
}

/// Runs a scenario; the replay audits its engine at the end.
fn run(scenario: &Scenario) -> Ran {
    scenario.check("test").unwrap();
    let replay = Replay::prepare(scenario.clone()).unwrap();
    let mut sink = Recorded::default();
    let results = replay.run(&mut sink, &mut |_, _| {}).unwrap();
    Ran {
        results,
        commands: sink.0,
    }
}

fn hash(scenario: &Scenario) -> String {
    run(scenario).results.state_hash
}

fn when(text: &str) -> When {
    let time: jiff::Timestamp = text.parse().unwrap();
    When(Timestamp(time.as_millisecond()))
}

const fn seconds(count: i64) -> Span {
    Span(Duration(count * 1_000))
}

/// A bundled scenario made small: its name, its worst hours, how many people.
struct Small {
    bundle: &'static str,
    from: &'static str,
    to: &'static str,
    people: u32,
    /// How long people take to arrive.
    arrive: Span,
    /// When stresses begin, and how long they last.
    at: &'static str,
    length: Span,
}

const SMALL: [Small; 4] = [
    Small {
        bundle: "october-2025",
        from: "2025-10-10T20:40:00Z",
        to: "2025-10-10T21:50:00Z",
        people: 50,
        arrive: seconds(900),
        at: "2025-10-10T21:05:00Z",
        length: seconds(1_200),
    },
    Small {
        bundle: "kuma-2025-10",
        from: "2025-10-10T20:40:00Z",
        to: "2025-10-10T21:50:00Z",
        people: 50,
        arrive: seconds(900),
        at: "2025-10-10T21:05:00Z",
        length: seconds(1_200),
    },
    Small {
        bundle: "kyan-2026-02",
        from: "2026-02-05T18:00:00Z",
        to: "2026-02-05T21:30:00Z",
        people: 70,
        arrive: seconds(1),
        at: "2026-02-05T20:05:00Z",
        length: seconds(3_600),
    },
    Small {
        bundle: "gammaswap-2021",
        from: "2021-01-01T00:00:00Z",
        to: "2021-03-10T00:00:00Z",
        people: 40,
        arrive: seconds(1_000_000),
        at: "2021-02-10T00:00:00Z",
        length: seconds(1_000_000),
    },
];

impl Small {
    /// Without a stress, one venue of each kind.
    fn scenario(&self) -> Scenario {
        let mut scenario = Scenario::bundled_as(self.bundle).unwrap().unwrap();
        scenario.prices.from = Some(when(self.from));
        scenario.prices.to = Some(when(self.to));
        // The others are variants of the first, but for the two of October.
        if self.bundle != "october-2025" {
            scenario.venues.truncate(1);
        }
        for venue in &mut scenario.venues {
            venue.scale_to(self.people);
            // Portfolios are there from the start.
            if !venue.preset.is_kyan() {
                venue.population.arrive_over = self.arrive;
            }
        }
        scenario
    }

    fn stressed(&self, stress: Stress) -> Scenario {
        let mut scenario = self.scenario();
        scenario.stress = vec![stress];
        scenario
    }

    /// One of every kind, as strong as makes sense.
    fn every(&self) -> Vec<Stress> {
        let (at, length) = (when(self.at), self.length);
        let by = |text: &str| text.parse().unwrap();
        let leader = self.scenario().markets[0].symbol.clone();
        vec![
            Stress::Scale {
                by: by("1.5"),
                markets: Vec::new(),
            },
            Stress::Correlate {
                with: leader,
                by: by("0.8"),
            },
            Stress::Gap {
                at,
                by: by("-0.06"),
                markets: Vec::new(),
            },
            Stress::FreezeOracle {
                at,
                r#for: length,
                markets: Vec::new(),
            },
            Stress::DelayPrices {
                by: seconds(47),
                at: None,
                r#for: None,
            },
            Stress::PartnersLeave {
                at,
                r#for: Some(length),
            },
            Stress::LiquidatorsAway {
                at,
                r#for: Some(length),
            },
            Stress::LiquidityLeaves {
                at,
                share: by("0.5"),
            },
            Stress::WidenBooks {
                at,
                r#for: Some(length),
                depth: by("0.2"),
                spread: by("3"),
            },
        ]
    }
}
