//! A Kyan venue in a scenario: its liquidation, its margin model, its people and its bidders.
//!
//! Fractions and money are plain decimals; what is left out is the preset's own. `kyan` is the
//! page: hedge, decompose, auction. `kyan-derive` is the same venue with Derive's portfolio auction
//! in the place of step 3. Every number that the page does not give is configuration here.

use std::path::PathBuf;

use plimsoll_engine::auction::Ladder;
use plimsoll_engine::auction::portfolio::Terms;
use plimsoll_engine::margin::portfolio::Model;
use plimsoll_engine::margin::portfolio::decompose::Pairing;
use plimsoll_engine::margin::portfolio::guards::Band;
use plimsoll_engine::pricing::{Grid, Scenario as Shock, VolShock};
use plimsoll_engine::venues::kyan::{
    DecomposeTerms, Fees, Guards, HedgeTerms, PairParams, Stage, Steps, Trust,
};
use plimsoll_units::{Amount, Duration, Rate};
use serde::{Deserialize, Serialize};

use super::books::{Bidder, OptionMakers, OptionPartner, People};
use super::decimal::{millionths, whole};
use super::{Decimal, Population, Span, bounds};

/// The most bidders, makers and partners of a Kyan venue together.
pub(crate) const DESKS_MAX: usize = 200;
/// The most expiries and strikes a scenario may list.
const EXPIRIES_MAX: u32 = 12;
const STRIKES_MAX: u32 = 60;

/// Where the options of a scenario come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// `"bundled"`, or a chain in Deribit's columns, or a directory of them.
    pub source: String,
    /// The coin whose options they are.
    pub coin: String,
    /// How many expiries are listed: those with the most open interest.
    pub expiries: u32,
    /// How many strikes of each: those with the most open interest.
    pub strikes: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            source: "bundled".to_owned(),
            coin: "BTC".to_owned(),
            expiries: 5,
            strikes: 14,
        }
    }
}

impl Options {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.source.is_empty() || self.coin.is_empty() {
            return Err("options.source or options.coin is empty".to_owned());
        }
        for (name, given, most) in [
            ("options.expiries", self.expiries, EXPIRIES_MAX),
            ("options.strikes", self.strikes, STRIKES_MAX),
        ] {
            if !(1..=most).contains(&given) {
                return Err(format!("{name} {given} is not in 1..={most}"));
            }
        }
        Ok(())
    }

    /// The path of the chains, if they are not bundled.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        (self.source != "bundled").then(|| PathBuf::from(&self.source))
    }
}

/// A stage of a liquidation, as a scenario names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Step 1.
    Hedge,
    /// Step 2.
    Decompose,
    /// Step 3.
    Auction,
    /// Derive's auction in its place.
    PortfolioAuction,
    /// Hand-off to partners.
    Partner,
}

impl Step {
    /// The engine's stage.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::Hedge => Stage::Hedge,
            Self::Decompose => Stage::Decompose,
            Self::Auction => Stage::Auction,
            Self::PortfolioAuction => Stage::PortfolioAuction,
            Self::Partner => Stage::HandOff,
        }
    }
}

/// How portfolios are decomposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairingMode {
    /// Synthetics first, then verticals by closest strikes: the page's rule.
    #[default]
    KyanRule,
    /// The pairing with the least sum of isolated margins.
    MinMargin,
}

/// Which guards are on; all of them where left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardSwitches {
    /// G2: a hedge must lower the requirement.
    pub hedge_must_lower: bool,
    /// G4: closing a component must help.
    pub close_must_help: bool,
    /// G5: no more is closed than restores health.
    pub do_not_over_close: bool,
    /// G6: how often an order may be priced again within one index update; 0 for no bound.
    pub child_orders: u32,
    /// G8: stale or jumping market data freezes.
    pub freeze: bool,
    /// G9: besides the band, a hedge that restores the initial margin is reason enough.
    pub any_delta_condition: bool,
}

impl Default for GuardSwitches {
    fn default() -> Self {
        let all = Guards::ALL;
        Self {
            hedge_must_lower: all.hedge_must_lower,
            close_must_help: all.close_must_help,
            do_not_over_close: all.do_not_over_close,
            child_orders: all.child_orders,
            freeze: all.freeze,
            any_delta_condition: all.any_delta_condition,
        }
    }
}

impl GuardSwitches {
    /// The engine's guards.
    #[must_use]
    pub const fn guards(self) -> Guards {
        Guards {
            hedge_must_lower: self.hedge_must_lower,
            close_must_help: self.close_must_help,
            do_not_over_close: self.do_not_over_close,
            child_orders: self.child_orders,
            freeze: self.freeze,
            any_delta_condition: self.any_delta_condition,
        }
    }
}

/// An incentive that rises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rising {
    /// Time from one level to the next.
    pub every: Span,
    /// The last level.
    pub levels: u32,
    /// The incentive of level 0, a share of the index.
    pub first: Decimal,
    /// What each level adds.
    pub step: Decimal,
}

impl Rising {
    fn of(ladder: Ladder, first: i128, step: i128) -> Self {
        Self {
            every: Span(ladder.interval()),
            levels: ladder.cap(),
            first: millionths(first),
            step: millionths(step),
        }
    }

    fn ladder(&self, name: &str) -> Result<Ladder, String> {
        bounds::grid(name, self.first, 6)?;
        bounds::grid(name, self.step, 6)?;
        let (first, step) = (rate(self.first), rate(self.step));
        Ladder::new(self.every.0, self.levels, first, step).map_err(|why| format!("{name}: {why}"))
    }
}

/// Parameters of a Kyan venue; the page's where it has them, ours where it has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KyanParameters {
    /// What a liquidation does, in order; the preset's own where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub procedure: Option<Vec<Step>>,
    /// How portfolios are decomposed.
    pub pairing: PairingMode,
    /// The insurance fund at the start, whole units.
    pub fund: Decimal,
    /// The widest core move of the spot in the margin's scenarios, a share.
    pub price_range: Decimal,
    /// How far volatility goes up and down in them, at 30 days.
    pub vol_up: Decimal,
    /// How far it goes down.
    pub vol_down: Decimal,
    /// Charge on directional exposure beyond the free part.
    pub delta_rate: Decimal,
    /// Exposure that is not charged, whole units.
    pub delta_free: Decimal,
    /// Charge on net short options about to expire.
    pub roll_rate: Decimal,
    /// Initial margin over maintenance margin.
    pub initial_factor: Decimal,
    /// The delta within which a portfolio counts as hedged, whole units at the index.
    pub band: Decimal,
    /// Incentive of step 1, a share of the index.
    pub hedge_incentive: Decimal,
    /// T1: how long step 1 may take.
    pub hedge_timeout: Span,
    /// Incentive of step 2, a share of the index.
    pub decompose_incentive: Decimal,
    /// T2: how long one component may take.
    pub decompose_timeout: Span,
    /// Step 3 for options.
    pub options_ladder: Rising,
    /// Step 3 for perpetuals.
    pub perpetuals_ladder: Rising,
    /// Whether a perpetual-only account stops when its health is restored.
    pub perp_only_stops: bool,
    /// A portfolio auction stops this far above the requirement, as a share of it.
    pub auction_buffer: Decimal,
    /// The index is published at least this often.
    pub index_every: Span,
    /// It is published when the price moved by this share.
    pub index_moves: Decimal,
    /// The perpetual's mark over the index, a share; funding follows it.
    pub basis: Decimal,
    /// The venue looks at accounts in liquidation this often, and at nobody when there are none.
    pub clock: Span,
    /// Data older than this is not trusted: the index.
    pub index_age: Span,
    /// The surface.
    pub surface_age: Span,
    /// Guards.
    pub guards: GuardSwitches,
    /// Who has positions.
    pub people: People,
    /// Who is on the other side of the people's positions, and quotes the perpetual.
    pub makers: OptionMakers,
    /// Who takes liquidation orders.
    pub bidders: Vec<Bidder>,
    /// Liquidation partners.
    pub partners: Vec<OptionPartner>,
}

impl Default for KyanParameters {
    fn default() -> Self {
        Self {
            procedure: None,
            pairing: PairingMode::KyanRule,
            fund: whole(500_000),
            price_range: millionths(160_000),
            vol_up: millionths(500_000),
            vol_down: millionths(250_000),
            delta_rate: millionths(10_000),
            delta_free: whole(100_000),
            roll_rate: millionths(10_000),
            initial_factor: millionths(1_200_000),
            band: whole(10_000),
            hedge_incentive: millionths(1_000),
            hedge_timeout: Span(Duration(30_000)),
            decompose_incentive: millionths(1_000),
            decompose_timeout: Span(Duration(60_000)),
            options_ladder: Rising::of(Ladder::OPTIONS, 1_000, 1_000),
            perpetuals_ladder: Rising::of(Ladder::PERPS, 1_000, 500),
            perp_only_stops: false,
            auction_buffer: millionths(150_000),
            index_every: Span(Duration(300_000)),
            index_moves: millionths(2_500),
            basis: millionths(10),
            clock: Span(Duration(5_000)),
            index_age: Span(Duration(600_000)),
            surface_age: Span(Duration(86_400_000)),
            guards: GuardSwitches::default(),
            people: People::default(),
            makers: OptionMakers::default(),
            bidders: Vec::new(),
            partners: Vec::new(),
        }
    }
}

fn rate(decimal: Decimal) -> Rate<6> {
    Rate::from_raw(decimal.on_grid::<6>())
}

fn money(decimal: Decimal) -> Amount<6> {
    Amount::from_raw(decimal.on_grid::<6>())
}

impl KyanParameters {
    /// What a liquidation does on this venue.
    #[must_use]
    pub fn steps(&self, derive: bool) -> Vec<Step> {
        let last = if derive {
            Step::PortfolioAuction
        } else {
            Step::Auction
        };
        let own = self.procedure.clone();
        own.unwrap_or_else(|| vec![Step::Hedge, Step::Decompose, last])
    }

    pub(crate) fn check(&self, derive: bool) -> Result<(), String> {
        let steps = self.steps(derive);
        let twice = |at: usize| steps[..at].contains(&steps[at]);
        if (0..steps.len()).any(twice) {
            return Err("kyan.procedure names a step twice".to_owned());
        }
        let auctions = [Step::Auction, Step::PortfolioAuction];
        if auctions.iter().filter(|a| steps.contains(a)).count() != 1 {
            return Err(
                "kyan.procedure needs one of \"auction\" and \"portfolio-auction\"".to_owned(),
            );
        }
        self.check_numbers()?;
        self.people.check()?;
        self.makers.check()?;
        if !self.partners.is_empty() && !steps.contains(&Step::Partner) {
            return Err("there are partners, but the procedure has no \"partner\"".to_owned());
        }
        let desks = self.bidders.len() + self.partners.len() + self.makers.count as usize;
        if desks > DESKS_MAX {
            return Err(format!(
                "{desks} makers, bidders and partners are more than {DESKS_MAX}"
            ));
        }
        for (at, bidder) in self.bidders.iter().enumerate() {
            bidder.check()?;
            if self.bidders[..at].iter().any(|b| b.name == bidder.name) {
                return Err(format!("two bidders are called {:?}", bidder.name));
            }
        }
        self.partners.iter().try_for_each(OptionPartner::check)
    }

    fn check_numbers(&self) -> Result<(), String> {
        for (name, value) in [
            ("kyan.fund", self.fund),
            ("kyan.delta_free", self.delta_free),
            ("kyan.band", self.band),
        ] {
            bounds::not_negative(name, value)?;
            bounds::grid(name, value, 6)?;
            bounds::at_most(name, value, whole(bounds::MONEY_MAX))?;
        }
        for (name, value) in [
            ("kyan.delta_rate", self.delta_rate),
            ("kyan.roll_rate", self.roll_rate),
            ("kyan.hedge_incentive", self.hedge_incentive),
            ("kyan.decompose_incentive", self.decompose_incentive),
            ("kyan.index_moves", self.index_moves),
            ("kyan.basis", self.basis),
            ("kyan.auction_buffer", self.auction_buffer),
            ("kyan.vol_down", self.vol_down),
        ] {
            bounds::chance(name, value)?;
        }
        for (name, value, least, most) in [
            ("kyan.price_range", self.price_range, 10_000, 900_000),
            ("kyan.vol_up", self.vol_up, 0, 10_000_000),
            (
                "kyan.initial_factor",
                self.initial_factor,
                1_000_000,
                10_000_000,
            ),
        ] {
            bounds::grid(name, value, 6)?;
            if value < millionths(least) || value > millionths(most) {
                let (least, most) = (millionths(least), millionths(most));
                return Err(format!("{name} {value} is not in {least}..={most}"));
            }
        }
        for (name, span, least) in [
            ("kyan.hedge_timeout", self.hedge_timeout, 1),
            ("kyan.decompose_timeout", self.decompose_timeout, 1),
            ("kyan.index_every", self.index_every, 1_000),
            ("kyan.clock", self.clock, 1_000),
            ("kyan.index_age", self.index_age, 1),
            ("kyan.surface_age", self.surface_age, 1),
        ] {
            if span.millis() < least {
                return Err(format!("{name} {} ms is below {least} ms", span.millis()));
            }
        }
        self.options_ladder.ladder("kyan.options_ladder")?;
        self.perpetuals_ladder.ladder("kyan.perpetuals_ladder")?;
        Ok(())
    }

    /// The margin's scenarios: KRM-43 with its core as wide as the price range. The tails stay.
    fn grid(&self) -> Vec<Shock> {
        let widest = i128::from(self.price_range.millionths());
        let wide = |spot: i32| {
            let core = i128::from(spot) * widest / 160_000;
            i32::try_from(core).unwrap_or(spot)
        };
        let is_core = |shock: &Shock| shock.spot_e6.unsigned_abs() <= 160_000;
        let krm = Grid::krm_43();
        let scenarios = krm.scenarios().iter().map(|shock| Shock {
            spot_e6: if is_core(shock) {
                wide(shock.spot_e6)
            } else {
                shock.spot_e6
            },
            ..*shock
        });
        scenarios.collect()
    }

    /// The engine's parameters of the pair `name`; whoever reads this has checked them.
    pub(crate) fn pair(&self, name: &str) -> Result<PairParams, String> {
        Ok(PairParams {
            name: name.to_owned(),
            perpetual: Steps {
                tick: 50_000_000,
                lot: 1_000,
            },
            option: Steps {
                tick: 100_000_000,
                lot: 10_000,
            },
            grid: self.grid(),
            shock: VolShock {
                up_e6: self.vol_up.millionths(),
                down_e6: self.vol_down.millionths(),
                ..VolShock::KRM
            },
            model: Model {
                delta_rate: rate(self.delta_rate),
                delta_free: money(self.delta_free),
                roll_rate: rate(self.roll_rate),
                im_factor: rate(self.initial_factor),
                ..Model::KRM
            },
            hedge: HedgeTerms {
                band: Band::Value(money(self.band)),
                incentive: rate(self.hedge_incentive),
                repeg: Rate::from_raw(500),
                repeg_every: Duration(1_000),
                timeout: self.hedge_timeout.0,
                perp_only_stops: self.perp_only_stops,
            },
            decompose: DecomposeTerms {
                incentive: rate(self.decompose_incentive),
                timeout: self.decompose_timeout.0,
                mode: match self.pairing {
                    PairingMode::KyanRule => Pairing::KyanRule,
                    PairingMode::MinMargin => Pairing::MinMargin,
                },
            },
            options: self.options_ladder.ladder("kyan.options_ladder")?,
            perpetuals: self.perpetuals_ladder.ladder("kyan.perpetuals_ladder")?,
            portfolio: Terms {
                buffer: Rate::from_raw(self.auction_buffer.raw()),
                ..Terms::DERIVE
            },
            fees: Fees::KYAN,
            trust: Trust {
                index_age: self.index_age.0,
                surface_age: self.surface_age.0,
                jump: Rate::from_raw(200_000),
            },
            funding_most: Rate::from_raw(10_000),
        })
    }

    /// Changes what is in proportion to the people.
    pub(super) fn scale(&mut self, numerator: i128, denominator: i128) {
        let scaled = |value: Decimal| value.scaled(numerator, denominator).cut::<6>();
        self.fund = scaled(self.fund);
        self.makers.perpetual_size = scaled(self.makers.perpetual_size);
        for bidder in &mut self.bidders {
            bidder.per_hour = scaled(bidder.per_hour);
            bidder.capital = scaled(bidder.capital);
        }
        for partner in &mut self.partners {
            partner.capacity = scaled(partner.capacity);
            partner.capital = scaled(partner.capital);
        }
    }
}

/// A Kyan venue's people are books of options: of the population it takes the number of accounts
/// alone.
pub(super) fn check_population(population: &Population) -> Result<(), String> {
    let plain = Population {
        accounts: population.accounts,
        ..Population::default()
    };
    if plain == *population {
        return Ok(());
    }
    Err(
        "a kyan venue's people are books of options: of `population` it takes `accounts` alone, \
         the rest is in `kyan.people`"
            .to_owned(),
    )
}
