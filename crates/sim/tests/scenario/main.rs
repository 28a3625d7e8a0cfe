//! Scenario files and account files through their outer door: text in, a scenario, people or a
//! message out.

mod accounts;
mod bad;
mod documented;
mod round_trip;

/// A small scenario that is fine: the tables of bad ones change one line of it.
const GOOD: &str = r#"name = "small"
seed = 7
markets = [{ symbol = "BTCUSDT" }, { symbol = "ETHUSDT" }]

[prices]
source = "bundled"

[[venues]]
name = "Tsunami"
preset = "tsunamix"

[venues.tsunamix]
threshold = "0.99"

[venues.population]
accounts = 20
long_share = "0.6"

[[venues.liquidity]]
deposit = "1000000"

[[venues.liquidators]]
name = "fast"
delay = "2s"

[[venues]]
name = "Perennial"
preset = "perennial-plus"
execution = "engine"

[venues.perennial]
maintenance = "0.05"

[venues.population]
accounts = 20

[venues.makers]
per_product = 2

[venues.top_ups]
share = "0.1"
every = "5m"
within = "0.03"
adds = "0.5"
"#;

/// [`GOOD`] with its first line `from` replaced by `to`.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from:?} is not in the good scenario");
    GOOD.replacen(from, to, 1)
}
