//! Sweeps: what can be varied and what is refused, the arithmetic of losses, the same bytes from
//! one core and many, and going on after a stop.

mod axes;
mod losses;
mod plan;
mod runs;
mod tables;

use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::sweep::{Axis, Plan, SweepError};

/// An hour of the bundled crash, two venues, few people.
const TINY: &str = r#"
name = "tiny"
seed = 7

[prices]
from = "2025-10-10T20:50:00Z"
to = "2025-10-10T21:50:00Z"

[[markets]]
symbol = "DOGEUSDT"

[[venues]]
name = "T"
preset = "tsunamix"
execution = "engine"
liquidity = [{ deposit = 1000000 }]
population = { accounts = 40, collateral_max = 5000, arrive_over = "10m" }

[[venues]]
name = "P one"
preset = "perennial"
makers = { per_product = 2 }
liquidators = [{ name = "fast", delay = "2s" }, { name = "slow", delay = "60s" }]
population = { accounts = 40, collateral_max = 5000, arrive_over = "10m" }
"#;

fn tiny() -> Scenario {
    Scenario::parse("tiny", TINY).unwrap()
}

/// A plan for the tiny scenario.
fn plan(vary: &[&str], seeds: u32) -> Result<Plan, SweepError> {
    let axes = vary.iter().map(|text| Axis::parse(text));
    Plan::new(&tiny(), axes.collect::<Result<_, _>>()?, seeds, None)
}
