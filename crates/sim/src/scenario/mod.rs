//! Scenarios: what a replay is made of, as TOML.
//!
//! A scenario names the prices, the markets, and venues with their parameters, people and agents.
//! Money, fractions and times are read exactly (decimal text or TOML numbers, `"2s"`,
//! `"2025-10-10T12:00:00Z"`); an unknown key is an error that names its line. Every default is
//! part of the scenario once read: [`Scenario::to_toml`] writes the scenario as it ran.

mod bounds;
mod decimal;
mod loans;
mod parameters;
mod people;

pub(crate) use bounds::MONEY_MAX;
pub use decimal::{Decimal, Span, When};
pub use loans::{BatchHabits, Borrowers, GammaswapParameters, Pool, PoolToken};
pub use parameters::{PerennialParameters, TsunamixParameters, TsunamixRule};
pub(crate) use people::{ACCOUNTS_MAX, LEVERAGE_MAX};
pub use people::{
    Liquidators, LiquidityProvider, Makers, Population, TopUps, WeightedLeverage, WeightedMarket,
};

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The bundled scenario of liquidity loans: GammaSwap, both generations, through the year 2021.
pub const BUNDLED_LOANS: &str = include_str!("../../assets/gammaswap-2021.toml");

/// The bundled scenario: two venues through 10 October 2025.
pub const BUNDLED: &str = include_str!("../../assets/october-2025.toml");

/// The most markets of a scenario: every Perennial market has two products.
pub const MARKETS_MAX: usize = 1_000;

/// The most venues of a scenario.
pub const VENUES_MAX: usize = 64;

/// The bundled scenarios by name.
pub const BUNDLES: [(&str, &str); 2] =
    [("october-2025", BUNDLED), ("gammaswap-2021", BUNDLED_LOANS)];

/// A whole scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, for titles.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Where prices come from.
    pub prices: Prices,
    /// The pair of GammaSwap venues; `prices` are then its history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// The markets, in order.
    pub markets: Vec<Market>,
    /// The venues, in order.
    pub venues: Vec<Venue>,
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// `"bundled"` (published anchors and a seeded path between them), or the path of a kline
    /// file or of a directory of them, relative to the scenario file.
    #[serde(default = "bundled")]
    pub source: String,
    /// Which files to take where a directory has several per market: words of the file name,
    /// the most wanted first.
    #[serde(default = "spot_five_minutes")]
    pub prefer: Vec<String>,
    /// Leave out what is before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<When>,
    /// Leave out what is at or after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<When>,
}

fn bundled() -> String {
    "bundled".to_owned()
}

fn spot_five_minutes() -> Vec<String> {
    vec!["spot".to_owned(), "5m".to_owned()]
}

/// A market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// The symbol as price files name it, such as `BTCUSDT`.
    pub symbol: String,
}

/// Which venue, with which rules switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// TsunamiX V2, as its page and contracts say.
    Tsunamix,
    /// Perennial V1, as its contracts say, faults included.
    Perennial,
    /// Perennial V1 with our corrections.
    PerennialPlus,
    /// GammaSwap V1 as its page describes it.
    Gammaswap,
    /// GammaSwap V1 as its contracts are since June 2023.
    #[serde(rename = "gammaswap-v1.2")]
    GammaswapV12,
}

impl Preset {
    /// Its name in a scenario.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tsunamix => "tsunamix",
            Self::Perennial => "perennial",
            Self::PerennialPlus => "perennial-plus",
            Self::Gammaswap => "gammaswap",
            Self::GammaswapV12 => "gammaswap-v1.2",
        }
    }
}

/// How due liquidations are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutionMode {
    /// By liquidators, who see the case and react, as on the venues themselves.
    #[default]
    Keepers,
    /// By the engine, within the price update that made them due.
    Engine,
}

/// A venue in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Venue {
    /// Its name, for titles.
    pub name: String,
    /// Its rules.
    pub preset: Preset,
    /// Who carries liquidations out.
    #[serde(default)]
    pub execution: ExecutionMode,
    /// Parameters of a TsunamiX venue; the preset's own where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsunamix: Option<TsunamixParameters>,
    /// Parameters of a Perennial venue; the preset's own where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perennial: Option<PerennialParameters>,
    /// Parameters of a GammaSwap venue; the preset's own where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gammaswap: Option<GammaswapParameters>,
    /// What borrowers do beside opening a loan (GammaSwap).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowers: Option<Borrowers>,
    /// The traders.
    pub population: Population,
    /// The liquidators, fastest first is not required.
    #[serde(default)]
    pub liquidators: Vec<Liquidators>,
    /// Those who provide the vault's liquidity (TsunamiX).
    #[serde(default)]
    pub liquidity: Vec<LiquidityProvider>,
    /// Those who take the other side (Perennial).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub makers: Option<Makers>,
    /// Traders who add collateral when they come close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_ups: Option<TopUps>,
}

impl Venue {
    /// Changes the number of traders, and the liquidity providers' deposits in proportion (the
    /// makers follow the takers anyway).
    pub fn scale_to(&mut self, accounts: u32) {
        let before = std::mem::replace(&mut self.population.accounts, accounts);
        if before == 0 {
            return;
        }
        for provider in &mut self.liquidity {
            let deposit = provider.deposit.scaled(accounts.into(), before.into());
            provider.deposit = deposit.cut::<6>();
        }
    }
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read the scenario {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, or not a scenario; the message has line and column.
    #[error("the scenario {name} is not valid:\n{source}")]
    Syntax {
        /// File name, or `(bundled)`.
        name: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// Valid TOML that makes no sense.
    #[error("the scenario {name} cannot run: {why}")]
    Nonsense {
        /// File name, or `(bundled)`.
        name: String,
        /// What and why.
        why: String,
    },
}

impl Scenario {
    /// The bundled scenario.
    ///
    /// # Errors
    /// Never, unless this build ships a broken file; a test reads it.
    pub fn bundled() -> Result<Self, ScenarioError> {
        Self::parse("(bundled)", BUNDLED)
    }

    /// A bundled scenario by its name in [`BUNDLES`]; `None` when no bundled one is called so.
    ///
    /// # Errors
    /// Never, unless this build ships a broken file; a test reads them all.
    pub fn bundled_as(name: &str) -> Result<Option<Self>, ScenarioError> {
        let found = BUNDLES.iter().find(|(known, _)| *known == name);
        found
            .map(|(name, text)| Self::parse(&format!("(bundled) {name}"), text))
            .transpose()
    }

    /// Reads a scenario file. A relative price source or file of accounts is taken relative to
    /// it.
    ///
    /// # Errors
    /// [`ScenarioError`] as its variants say.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut scenario = Self::parse(&path.display().to_string(), &text)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        if scenario.prices.source != "bundled" {
            // An absolute path stays what it is.
            let beside = directory.join(&scenario.prices.source);
            scenario.prices.source = beside.display().to_string();
        }
        for venue in &mut scenario.venues {
            if let Some(file) = &mut venue.population.file {
                *file = directory.join(&*file);
            }
        }
        Ok(scenario)
    }

    /// Reads a scenario from text; `name` is for messages.
    ///
    /// # Errors
    /// [`ScenarioError::Syntax`], [`ScenarioError::Nonsense`].
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|source| ScenarioError::Syntax {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        scenario.check(name)?;
        Ok(scenario)
    }

    /// The scenario as TOML, defaults written out.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|e| format!("# cannot be written: {e}"))
    }

    /// Whether the scenario makes sense; `name` is for messages.
    ///
    /// # Errors
    /// [`ScenarioError::Nonsense`].
    pub fn check(&self, name: &str) -> Result<(), ScenarioError> {
        self.first_nonsense()
            .map_err(|why| ScenarioError::Nonsense {
                name: name.to_owned(),
                why,
            })
    }

    fn first_nonsense(&self) -> Result<(), String> {
        if self.markets.is_empty() {
            return Err("there is no [[markets]] entry".to_owned());
        }
        if self.markets.len() > MARKETS_MAX {
            return Err(format!(
                "{} markets are more than {MARKETS_MAX}",
                self.markets.len()
            ));
        }
        if self.venues.is_empty() {
            return Err("there is no [[venues]] entry".to_owned());
        }
        if self.venues.len() > VENUES_MAX {
            return Err(format!(
                "{} venues are more than {VENUES_MAX}",
                self.venues.len()
            ));
        }
        if self.prices.source.is_empty() {
            return Err("prices.source is empty".to_owned());
        }
        for (at, market) in self.markets.iter().enumerate() {
            if market.symbol.is_empty() {
                return Err("a market has no symbol".to_owned());
            }
            if self.markets[..at].contains(market) {
                return Err(format!("market {} is listed twice", market.symbol));
            }
        }
        if let Some(pool) = &self.pool {
            let [market] = self.markets.as_slice() else {
                return Err("a [pool] goes with exactly one [[markets]] entry".to_owned());
            };
            pool.check(&market.symbol)?;
        }
        for (at, venue) in self.venues.iter().enumerate() {
            if self.venues[..at].iter().any(|v| v.name == venue.name) {
                return Err(format!("two venues are called {:?}", venue.name));
            }
            self.check_venue(venue)
                .map_err(|why| format!("venue {:?}: {why}", venue.name))?;
        }
        Ok(())
    }

    fn check_venue(&self, venue: &Venue) -> Result<(), String> {
        match venue.preset {
            Preset::Gammaswap | Preset::GammaswapV12 => self.check_lending(venue)?,
            _ => self.check_perpetual(venue)?,
        }
        if venue.execution == ExecutionMode::Keepers && venue.liquidators.is_empty() {
            return Err(
                "with execution = \"keepers\" add at least one [[venues.liquidators]]".to_owned(),
            );
        }
        if let Some(parameters) = &venue.tsunamix {
            parameters.check()?;
        }
        if let Some(parameters) = &venue.perennial {
            parameters.check()?;
        }
        venue.population.check(&self.markets)?;
        for provider in &venue.liquidity {
            provider.check()?;
        }
        if let Some(makers) = &venue.makers {
            makers.check()?;
        }
        for liquidators in &venue.liquidators {
            liquidators.check()?;
        }
        if let Some(top_ups) = &venue.top_ups {
            top_ups.check()?;
        }
        Ok(())
    }

    fn check_perpetual(&self, venue: &Venue) -> Result<(), String> {
        if self.pool.is_some() {
            return Err("only GammaSwap venues go with a [pool]".to_owned());
        }
        if venue.gammaswap.is_some() || venue.borrowers.is_some() {
            return Err("`gammaswap` and `borrowers` do not belong to this venue".to_owned());
        }
        if venue.liquidators.iter().any(|l| l.loans.is_some()) {
            return Err("a liquidator's `loans` do not belong to this venue".to_owned());
        }
        let tsunamix = venue.preset == Preset::Tsunamix;
        if tsunamix && (venue.perennial.is_some() || venue.makers.is_some()) {
            return Err("`perennial` and `makers` do not belong to a tsunamix venue".to_owned());
        }
        if !tsunamix && (venue.tsunamix.is_some() || !venue.liquidity.is_empty()) {
            return Err("`tsunamix` and `liquidity` do not belong to a perennial venue".to_owned());
        }
        if tsunamix && venue.liquidity.is_empty() {
            return Err("a vault needs at least one [[venues.liquidity]]".to_owned());
        }
        if !tsunamix && venue.makers.is_none() {
            return Err("takers need a counterparty: add [venues.makers]".to_owned());
        }
        Ok(())
    }

    fn check_lending(&self, venue: &Venue) -> Result<(), String> {
        if self.pool.is_none() {
            return Err("a GammaSwap venue needs a [pool]".to_owned());
        }
        if venue.tsunamix.is_some() || venue.perennial.is_some() || venue.makers.is_some() {
            return Err(
                "`tsunamix`, `perennial` and `makers` do not belong to a GammaSwap venue"
                    .to_owned(),
            );
        }
        if venue.liquidity.is_empty() {
            return Err("loans need lenders: add at least one [[venues.liquidity]]".to_owned());
        }
        if let Some(borrowers) = &venue.borrowers {
            borrowers.check()?;
        }
        for liquidators in &venue.liquidators {
            let name = &liquidators.name;
            let Some(loans) = &liquidators.loans else {
                return Err(format!(
                    "liquidators {name:?} need `loans = {{ capital = ... }}` to pay debts with"
                ));
            };
            loans
                .check()
                .map_err(|why| format!("liquidators {name:?}: {why}"))?;
        }
        Ok(())
    }
}
