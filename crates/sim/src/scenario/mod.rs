//! Scenarios: what a replay is made of, as TOML.
//!
//! A scenario names the prices, the markets, and venues with their parameters, people and agents.
//! Money, fractions and times are read exactly (decimal text or TOML numbers, `"2s"`,
//! `"2025-10-10T12:00:00Z"`); an unknown key is an error that names its line. Every default is
//! part of the scenario once read: [`Scenario::to_toml`] writes the scenario as it ran.

mod books;
mod bounds;
mod check;
mod decimal;
mod diagnose;
mod kuma;
mod kyan;
mod loans;
mod matched;
mod parameters;
mod people;
mod starter;
mod stress;

pub use books::{Bidder, OptionMakers, OptionPartner, People, WeightedCover};
pub(crate) use bounds::MONEY_MAX;
pub use decimal::{Decimal, Span, When};
pub(crate) use diagnose::misread;
pub use diagnose::{Finding, diagnose};
pub use kuma::{BookMakers, Defence, Deleveraging, Hop, KumaParameters, Partner, Slices};
pub use kyan::{GuardSwitches, KyanParameters, Options, PairingMode, Rising, Step};
pub use loans::{BatchHabits, Borrowers, GammaswapParameters, Pool, PoolToken};
pub use matched::{Matched, Street};
pub use parameters::{PerennialParameters, TsunamixParameters, TsunamixRule};
pub(crate) use people::{ACCOUNTS_MAX, LEVERAGE_MAX};
pub use people::{
    Like, Liquidators, LiquidityProvider, Makers, Population, TopUps, WeightedLeverage,
    WeightedMarket,
};
pub use starter::{starter, starters};
pub use stress::Stress;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::design::Design;

/// The bundled scenario of liquidity loans: GammaSwap, both generations, through the year 2021.
pub const BUNDLED_LOANS: &str = include_str!("../../assets/gammaswap-2021.toml");

/// The bundled scenario of cross margin: Kuma with and without liquidation partners, through 10
/// October 2025.
pub const BUNDLED_KUMA: &str = include_str!("../../assets/kuma-2025-10.toml");

/// The bundled scenario: two venues through 10 October 2025.
pub const BUNDLED: &str = include_str!("../../assets/october-2025.toml");

/// The most markets of a scenario: every Perennial market has two products.
pub const MARKETS_MAX: usize = 1_000;

/// The most venues of a scenario.
pub const VENUES_MAX: usize = 64;

/// The bundled scenario of option portfolios: Kyan, and Kyan with Derive's auction, through the
/// crash of early February 2026.
pub const BUNDLED_KYAN: &str = include_str!("../../assets/kyan-2026-02.toml");

/// The bundled comparison: every design through 10 October 2025.
pub const BUNDLED_COMPARISON: &str = include_str!("../../assets/compare.toml");

/// The most liquidation partners of a venue.
pub const PARTNERS_MAX: usize = 100;

/// The bundled scenarios by name.
pub const BUNDLES: [(&str, &str); 4] = [
    ("october-2025", BUNDLED),
    ("gammaswap-2021", BUNDLED_LOANS),
    ("kuma-2025-10", BUNDLED_KUMA),
    ("kyan-2026-02", BUNDLED_KYAN),
];

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
    /// The options of Kyan venues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
    /// The markets, in order.
    pub markets: Vec<Market>,
    /// The venues, in order; none in a comparison, which makes one for each of its `designs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub venues: Vec<Venue>,
    /// What is compared: names of designs, or paths of design files relative to the scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub designs: Vec<String>,
    /// The people of a comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<Matched>,
    /// Who else takes part in a comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<Street>,
    /// What is done to the crash, and to those who stand ready, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stress: Vec<Stress>,
    /// What the scenario teaches, where it is a named lesson of history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<String>,
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// `"bundled"` (published anchors of October 2025 and a seeded path between them),
    /// `"bundled:NAME"` for the anchors of another crash, or the path of a kline
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

impl Prices {
    /// The name of the bundled prices, if they are bundled; the first bundle where none is named.
    #[must_use]
    pub fn bundle(&self) -> Option<&str> {
        let rest = self.source.strip_prefix("bundled")?;
        match rest.strip_prefix(':') {
            Some(name) => Some(name),
            None if rest.is_empty() => Some(crate::prices::BUNDLES[0]),
            None => None,
        }
    }
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
    /// Kuma, as its page and contracts say.
    Kuma,
    /// Kuma with our options: slices, a price collar, partial liquidation, a fund that defends
    /// itself.
    KumaPlus,
    /// Kyan, as its page says: hedge, decompose, auction.
    Kyan,
    /// Kyan with Derive's auction of whole portfolios in the place of step 3.
    KyanDerive,
    /// Whatever a design composes.
    Composed,
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
            Self::Kuma => "kuma",
            Self::KumaPlus => "kuma-plus",
            Self::Kyan => "kyan",
            Self::KyanDerive => "kyan-derive",
            Self::Composed => "composed",
        }
    }

    /// Whether it is one of Kuma's.
    #[must_use]
    pub const fn is_kuma(self) -> bool {
        matches!(self, Self::Kuma | Self::KumaPlus)
    }

    /// Whether it is one of Kyan's.
    #[must_use]
    pub const fn is_kyan(self) -> bool {
        matches!(self, Self::Kyan | Self::KyanDerive)
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
    /// Parameters of a Kuma venue; the preset's own where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kuma: Option<KumaParameters>,
    /// Parameters of a Kyan venue; the preset's own where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kyan: Option<KyanParameters>,
    /// The design of a composed venue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<Box<Design>>,
    /// Who makes the order books (Kuma).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book: Option<BookMakers>,
    /// Liquidation partners (Kuma).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partners: Vec<Partner>,
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
    /// Every path of data beside prices and people that the venue names.
    fn data_files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let funding = self.kuma.as_mut().map(|kuma| &mut kuma.funding);
        let books = self.book.as_mut().map(|book| &mut book.files);
        let named = funding.filter(|path| **path != Path::new("bundled"));
        named
            .into_iter()
            .chain(books.into_iter().flatten())
            .chain(&mut self.population.like_files)
    }

    /// Changes the number of traders, and in proportion the liquidity providers' deposits, the
    /// insurance fund and the partners (the makers follow the takers anyway).
    pub fn scale_to(&mut self, accounts: u32) {
        let before = std::mem::replace(&mut self.population.accounts, accounts);
        if before == 0 {
            return;
        }
        for provider in &mut self.liquidity {
            let deposit = provider.deposit.scaled(accounts.into(), before.into());
            provider.deposit = deposit.cut::<6>();
        }
        let (to, from) = (accounts.into(), before.into());
        if self.preset.is_kuma() {
            self.kuma.get_or_insert_default().scale(to, from);
        }
        if self.preset.is_kyan() {
            self.kyan.get_or_insert_default().scale(to, from);
        }
        for partner in &mut self.partners {
            partner.scale(to, from);
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

    /// A bundled scenario by its name in [`BUNDLES`], or a lesson by its name in
    /// [`crate::lessons::SCENARIOS`]; `None` when none is called so.
    ///
    /// # Errors
    /// Never, unless this build ships a broken file; a test reads them all.
    pub fn bundled_as(name: &str) -> Result<Option<Self>, ScenarioError> {
        let mut all = BUNDLES.iter().chain(&crate::lessons::SCENARIOS);
        let found = all.find(|(known, _)| *known == name);
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
        if scenario.prices.bundle().is_none() {
            // An absolute path stays what it is.
            let beside = directory.join(&scenario.prices.source);
            scenario.prices.source = beside.display().to_string();
        }
        if let Some(options) = &mut scenario.options
            && let Some(path) = options.path()
        {
            options.source = directory.join(path).display().to_string();
        }
        for design in &mut scenario.designs {
            if crate::design::is_path(design) {
                *design = directory.join(&*design).display().to_string();
            }
        }
        if let Some(files) = scenario.people.as_mut().and_then(|p| p.like_files.as_mut()) {
            *files = directory.join(&*files);
        }
        for venue in &mut scenario.venues {
            if let Some(file) = &mut venue.population.file {
                *file = directory.join(&*file);
            }
            for path in venue.data_files() {
                *path = directory.join(&*path);
            }
        }
        Ok(scenario)
    }

    /// Takes what a directory of market data has beside prices, for the venues that use it:
    /// accounts of a day in `positions`, snapshots of books in `orderbook`, funding rates in
    /// `funding`, chains in `options`. What is not there stays as the scenario has it.
    ///
    /// # Errors
    /// [`ScenarioError::Read`] where a directory cannot be listed.
    pub fn use_data(&mut self, directory: &Path) -> Result<(), ScenarioError> {
        let inside = |name: &str| Some(directory.join(name)).filter(|path| path.is_dir());
        let options = inside("options").map(|path| {
            let own = path.join("deribit");
            if own.is_dir() { own } else { path }
        });
        let listed = !self.designs.is_empty() || self.venues.iter().any(|v| v.preset.is_kyan());
        if let Some(options) = options.filter(|_| listed) {
            self.options.get_or_insert_default().source = options.display().to_string();
        }
        if let Some(people) = self.people.as_mut().filter(|people| people.like.is_some())
            && let Some(positions) = inside("positions")
        {
            people.like_files = Some(positions);
        }
        let books = inside("orderbook")
            .map(|path| snapshots(&path))
            .transpose()?;
        for venue in self.venues.iter_mut().filter(|v| v.preset.is_kuma()) {
            if venue.population.like.is_some()
                && let Some(positions) = inside("positions")
            {
                venue.population.like_files = Some(positions);
            }
            if let Some(funding) = inside("funding") {
                venue.kuma.get_or_insert_default().funding = funding;
            }
            if let Some(books) = books.as_ref().filter(|books| !books.is_empty()) {
                venue.book.get_or_insert_default().files.clone_from(books);
            }
        }
        Ok(())
    }

    /// Changes the number of traders of a comparison, and in proportion the partners; what stands
    /// behind the traders follows what they deposit anyway.
    pub fn scale_people(&mut self, traders: u32) {
        let Some(people) = &mut self.people else {
            return;
        };
        let before = std::mem::replace(&mut people.traders, traders);
        let partners = self.street.as_mut().map(|street| &mut street.partners);
        if before > 0 {
            for partner in partners.into_iter().flatten() {
                partner.scale(traders.into(), before.into());
            }
        }
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
}

/// The files of a directory that are snapshots of books, by name.
fn snapshots(directory: &Path) -> Result<Vec<PathBuf>, ScenarioError> {
    let failed = |source| ScenarioError::Read {
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        let is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
        if is_csv && name.contains("snapshot") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
