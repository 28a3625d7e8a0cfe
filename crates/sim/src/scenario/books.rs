//! Who takes part in a Kyan venue: people with books of options, makers, bidders, partners.

use serde::{Deserialize, Serialize};

use super::decimal::{millionths, whole};
use super::kyan::Step;
use super::{Decimal, Span, bounds};

/// Books of people: weights of what they hold, how large, how well covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct People {
    /// Long perpetual, short calls above.
    pub covered_calls: u32,
    /// Short calls and puts out of the money.
    pub strangles: u32,
    /// One option bought, one of the same type sold.
    pub verticals: u32,
    /// A put spread and a call spread sold.
    pub condors: u32,
    /// A synthetic future against the perpetual.
    pub synthetics: u32,
    /// Short calls or puts, no hedge.
    pub naked: u32,
    /// Nothing but the perpetual.
    pub perpetuals: u32,
    /// Several of these in one account.
    pub mixed: u32,
    /// Median size of a book, in base units.
    pub size_median: Decimal,
    /// Spread of sizes: standard deviation of the natural logarithm.
    pub size_spread: Decimal,
    /// The largest size.
    pub size_max: Decimal,
    /// Share of perpetual-only accounts that are long.
    pub long_share: Decimal,
    /// The least equity of anybody, whole units: a book that needs hardly any margin has as much.
    pub equity_min: Decimal,
    /// Equity over initial margin at the start, with weights.
    pub cover: Vec<WeightedCover>,
}

/// A class of cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedCover {
    /// Equity over initial margin; above 1.
    pub times: Decimal,
    /// How common it is, against the other classes.
    pub weight: u32,
}

impl Default for People {
    fn default() -> Self {
        let class = |times: i128, weight| WeightedCover {
            times: millionths(times * 10_000),
            weight,
        };
        Self {
            covered_calls: 18,
            strangles: 16,
            verticals: 16,
            condors: 12,
            synthetics: 8,
            naked: 12,
            perpetuals: 10,
            mixed: 8,
            size_median: millionths(1_500_000),
            size_spread: whole(1),
            size_max: whole(60),
            long_share: millionths(650_000),
            equity_min: whole(1_000),
            cover: vec![
                class(110, 10),
                class(130, 20),
                class(170, 25),
                class(250, 25),
                class(500, 20),
            ],
        }
    }
}

/// Market makers: everybody's counterparty at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptionMakers {
    /// How many share the other side.
    pub count: u32,
    /// Equity of each at the start over its initial margin.
    pub cover: Decimal,
    /// Half the spread of their quotes on the perpetual, a share of the index.
    pub perpetual_spread: Decimal,
    /// Size of each quote on the perpetual, base units.
    pub perpetual_size: Decimal,
}

impl Default for OptionMakers {
    fn default() -> Self {
        Self {
            count: 3,
            cover: whole(4),
            perpetual_spread: millionths(700),
            perpetual_size: millionths(500_000),
        }
    }
}

/// Somebody who takes the engine's orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bidder {
    /// Its name, for the report.
    pub name: String,
    /// Whose orders it takes.
    pub steps: Vec<Step>,
    /// Time from seeing an order to its own.
    pub delay: Span,
    /// The least incentive it works for, a share of the index.
    pub incentive: Decimal,
    /// How much notional it takes within an hour, whole units.
    pub per_hour: Decimal,
    /// What it has, whole units.
    pub capital: Decimal,
    /// It leaves options alone whose strike is further from the index than this share.
    #[serde(default = "third")]
    pub reach: Decimal,
    /// How many times its incentive it wants where nobody else quotes: at a share `s` of real
    /// options without a quote on that side it wants `1 + s * caution` times as much, and stays
    /// away from a share `s` of the orders altogether.
    #[serde(default = "five")]
    pub caution: Decimal,
}

/// A liquidation partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionPartner {
    /// Its name, for the report.
    pub name: String,
    /// How far from the mark it trades, a share of the index.
    pub offset: Decimal,
    /// How much notional it takes in all, whole units.
    pub capacity: Decimal,
    /// What it has, whole units.
    pub capital: Decimal,
}

impl Bidder {
    /// Its reach where the scenario does not say.
    pub(crate) const REACH: Decimal = millionths(350_000);
    /// Its caution where the scenario does not say.
    pub(crate) const CAUTION: Decimal = whole(5);
}

const fn third() -> Decimal {
    Bidder::REACH
}

const fn five() -> Decimal {
    Bidder::CAUTION
}

impl People {
    /// The weights of the books, in the order in which they are drawn.
    #[must_use]
    pub const fn weights(&self) -> [u32; 8] {
        [
            self.covered_calls,
            self.strangles,
            self.verticals,
            self.condors,
            self.synthetics,
            self.naked,
            self.perpetuals,
            self.mixed,
        ]
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.weights().iter().all(|weight| *weight == 0) {
            return Err("kyan.people: no kind of book has a weight".to_owned());
        }
        bounds::money("kyan.people.size_median", self.size_median)?;
        bounds::money("kyan.people.size_max", self.size_max)?;
        bounds::money("kyan.people.equity_min", self.equity_min)?;
        bounds::chance("kyan.people.long_share", self.long_share)?;
        let spread = self.size_spread;
        if spread < Decimal::default() || spread > whole(5) {
            return Err(format!("kyan.people.size_spread {spread} is not in 0..=5"));
        }
        if self.cover.iter().all(|class| class.weight == 0) {
            return Err("kyan.people.cover: no class has a weight".to_owned());
        }
        self.cover
            .iter()
            .try_for_each(|class| cover("kyan.people.cover", class.times))
    }
}

/// Equity over initial margin: whoever begins below it could not have opened.
fn cover(name: &str, times: Decimal) -> Result<(), String> {
    bounds::grid(name, times, 6)?;
    if times < whole(1) || times > whole(1_000) {
        return Err(format!("{name} {times} is not in 1..=1000"));
    }
    Ok(())
}

impl OptionMakers {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.count == 0 {
            return Err("kyan.makers.count is zero: nobody takes the other side".to_owned());
        }
        cover("kyan.makers.cover", self.cover)?;
        bounds::chance("kyan.makers.perpetual_spread", self.perpetual_spread)?;
        bounds::not_negative("kyan.makers.perpetual_size", self.perpetual_size)?;
        bounds::grid("kyan.makers.perpetual_size", self.perpetual_size, 6)?;
        let most = whole(bounds::MONEY_MAX);
        bounds::at_most("kyan.makers.perpetual_size", self.perpetual_size, most)
    }
}

impl Bidder {
    pub(super) fn check(&self) -> Result<(), String> {
        let name = &self.name;
        let named = |why: String| format!("bidder {name:?}: {why}");
        if self.steps.is_empty() {
            return Err(named("steps is empty".to_owned()));
        }
        if self.steps.contains(&Step::Partner) {
            return Err(named("partners have their own list".to_owned()));
        }
        bounds::money("per_hour", self.per_hour).map_err(named)?;
        bounds::money("capital", self.capital).map_err(named)?;
        bounds::chance("incentive", self.incentive).map_err(named)?;
        bounds::chance("reach", self.reach).map_err(named)?;
        bounds::not_negative("caution", self.caution).map_err(named)?;
        bounds::grid("caution", self.caution, 6).map_err(named)?;
        bounds::at_most("caution", self.caution, whole(1_000)).map_err(named)
    }
}

impl OptionPartner {
    pub(super) fn check(&self) -> Result<(), String> {
        let name = &self.name;
        let named = |why: String| format!("partner {name:?}: {why}");
        bounds::chance("offset", self.offset).map_err(named)?;
        if self.offset >= whole(1) {
            return Err(named(format!("offset {} is all of the price", self.offset)));
        }
        bounds::money("capacity", self.capacity).map_err(named)?;
        bounds::money("capital", self.capital).map_err(named)
    }
}
