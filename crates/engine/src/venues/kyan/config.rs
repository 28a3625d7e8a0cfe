//! The parameters of a Kyan venue. What is public is Kyan's; every number marked \[ours\] is not
//! public and is configuration.
//!
//! Units: money and sizes with 6 decimals, prices with 8; rates with 6; times in ms.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Amount, AssetId, Duration, MarketId, Rate};

use super::Refusal;
use super::account::Held;
use super::instrument::{OptionTerms, Steps};
use crate::Rejection;
use crate::auction::Ladder;
use crate::auction::portfolio::Terms;
use crate::auction::settlement::FeeRule;
use crate::margin::portfolio::decompose::Pairing;
use crate::margin::portfolio::guards::Band;
use crate::margin::portfolio::{MarginError, Model};
use crate::pricing::{Grid, Scenario, VolShock};

/// The most instruments of one pair, the perpetual included.
pub const INSTRUMENTS_MAX: usize = 4_096;
/// The most positions of one account.
pub(super) const POSITIONS_MAX: usize = 512;
/// The most orders an account may have standing, over all books.
pub(super) const ORDERS_MAX: usize = 1_000;
/// The most pairs.
pub(super) const PAIRS_MAX: usize = 64;

/// A venue's parameters, as it starts.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Config {
    /// USDC, 6 decimals.
    pub money: AssetId,
    /// The pairs.
    pub pairs: Vec<PairParams>,
    /// What a liquidation does, in order. [`Stage::Hedge`] and [`Stage::Decompose`] before an
    /// auction are Kyan's; the insurance fund's takeover always comes last.
    pub procedure: Vec<Stage>,
    /// The guards around it.
    pub guards: Guards,
    /// What is there at the start, for a venue that moves to this engine.
    pub start: Start,
}

/// What a venue brings along. Signed sizes of each instrument sum to zero over the accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Start {
    /// Options, numbered per pair in this order.
    pub options: Vec<(MarketId, OptionTerms)>,
    /// Accounts, numbered in this order.
    pub accounts: Vec<Opening>,
    /// The insurance fund's money.
    pub fund: Amount<6>,
}

/// An account that is there at the start.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Opening {
    /// Whose.
    pub owner: u32,
    /// Its pair.
    pub pair: MarketId,
    /// Its cash, either sign.
    pub cash: Amount<6>,
    /// Its positions: how much of what, and what it cost.
    pub positions: Vec<Held>,
}

/// A stage of the venue's procedure. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Stage {
    /// Step 1: hedge the delta, or close a perpetual-only account.
    Hedge = 0,
    /// Step 2: close components, largest margin in isolation first.
    Decompose = 1,
    /// Step 3: every position at fair value with a rising incentive.
    Auction = 2,
    /// Instead of step 3: shares of the whole portfolio at a falling price, as Derive does it.
    PortfolioAuction = 3,
    /// Positions handed to liquidation partners at their quotes.
    HandOff = 4,
    /// The insurance fund offers what it took over: never part of a procedure, always after it.
    Unwind = 5,
}

impl Stage {
    /// Its name in a scenario.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hedge => "hedge",
            Self::Decompose => "decompose",
            Self::Auction => "auction",
            Self::PortfolioAuction => "portfolio-auction",
            Self::HandOff => "partner",
            Self::Unwind => "unwind",
        }
    }
}

/// One pair's parameters.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PairParams {
    /// Its name, such as `BTC_USDC`.
    pub name: String,
    /// Grid of the perpetual.
    pub perpetual: Steps,
    /// Grid of the options.
    pub option: Steps,
    /// The margin model's scenarios.
    pub grid: Vec<Scenario>,
    /// Its volatility shocks.
    pub shock: VolShock,
    /// Its charges and factors.
    pub model: Model,
    /// Step 1.
    pub hedge: HedgeTerms,
    /// Step 2.
    pub decompose: DecomposeTerms,
    /// Step 3 for options.
    pub options: Ladder,
    /// Step 3 for perpetuals.
    pub perpetuals: Ladder,
    /// The second kind of step 3.
    pub portfolio: Terms,
    /// Fees.
    pub fees: Fees,
    /// What makes market data untrustworthy.
    pub trust: Trust,
    /// The most an hour's funding rate may be, either way.
    pub funding_most: Rate<6>,
}

/// Step 1: orders at spot with the incentive inside the price. Sizes are our choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HedgeTerms {
    /// The delta within which a portfolio counts as hedged.
    pub band: Band,
    /// The incentive, a share of the index; it does not rise in this step.
    pub incentive: Rate<6>,
    /// An order is priced again when the index moved by this share.
    pub repeg: Rate<6>,
    /// An order is priced again after this time, if the index moved at all.
    pub repeg_every: Duration,
    /// T1: how long step 1 may take.
    pub timeout: Duration,
    /// Whether a perpetual-only account stops when its health is restored. The page says "the
    /// entire position", so this is off.
    pub perp_only_stops: bool,
}

/// Step 2. Sizes are our choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DecomposeTerms {
    /// The incentive, a share of the index.
    pub incentive: Rate<6>,
    /// T2: how long one component may take.
    pub timeout: Duration,
    /// How the portfolio is decomposed.
    pub mode: Pairing,
}

/// Fees of trades and of liquidations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fees {
    /// Of a taker on the perpetual.
    pub taker_perpetual: FeeRule,
    /// Of a taker on options.
    pub taker_option: FeeRule,
    /// Of a liquidated account on the perpetual.
    pub liquidation_perpetual: FeeRule,
    /// Of a liquidated account on options.
    pub liquidation_option: FeeRule,
}

impl Fees {
    /// docs.kyan.blue, the newer fees: takers pay 8 bp of perpetuals and 4 bp of the index for
    /// options, a liquidation costs 4 bp and 8 bp; options never more than 12.5 % of the premium.
    pub const KYAN: Self = Self {
        taker_perpetual: FeeRule::OfNotional(Rate::from_raw(800)),
        taker_option: FeeRule::OfIndex {
            rate: Rate::from_raw(400),
            premium_cap: Rate::from_raw(125_000),
        },
        liquidation_perpetual: FeeRule::KYAN_PERP,
        liquidation_option: FeeRule::KYAN_OPTION,
    };
}

/// What makes market data untrustworthy (guard G8). Sizes are our choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trust {
    /// The oldest an index price may be.
    pub index_age: Duration,
    /// The oldest a surface may be.
    pub surface_age: Duration,
    /// The largest move from one index price to the next; a larger one freezes the pair until the
    /// next price confirms it.
    pub jump: Rate<6>,
}

/// Which guards are on. Our choice: the page has none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Guards {
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

impl Guards {
    /// All of them.
    pub const ALL: Self = Self {
        hedge_must_lower: true,
        close_must_help: true,
        do_not_over_close: true,
        child_orders: 16,
        freeze: true,
        any_delta_condition: true,
    };
    /// The page alone.
    pub const NONE: Self = Self {
        hedge_must_lower: false,
        close_must_help: false,
        do_not_over_close: false,
        child_orders: 0,
        freeze: false,
        any_delta_condition: false,
    };
}

impl Config {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`Refusal::Parameter`] names the first out of its bounds; errors of the margin model, the
    /// scenarios and the auction's terms name theirs.
    pub(super) fn validate(&self) -> Result<(), Rejection> {
        if self.pairs.is_empty() || self.pairs.len() > PAIRS_MAX {
            return refuse("pairs", self.pairs.len() as i128, "1 to 64 pairs");
        }
        for (at, stage) in self.procedure.iter().enumerate() {
            if self.procedure.get(..at).is_some_and(|b| b.contains(stage)) {
                return refuse("procedure", at as i128, "each stage at most once");
            }
        }
        if self.procedure.contains(&Stage::Unwind) {
            return refuse("procedure", 0, "without unwind, which is the fund's own");
        }
        let auctions = [Stage::Auction, Stage::PortfolioAuction];
        let named = auctions.iter().filter(|s| self.procedure.contains(s));
        if named.count() != 1 {
            return refuse("procedure", 0, "one of auction and portfolio-auction");
        }
        self.pairs.iter().try_for_each(PairParams::validate)
    }
}

impl PairParams {
    fn validate(&self) -> Result<(), Rejection> {
        let steps = [
            ("perpetual.tick", self.perpetual.tick),
            ("perpetual.lot", self.perpetual.lot),
            ("option.tick", self.option.tick),
            ("option.lot", self.option.lot),
            ("hedge.repeg_every", self.hedge.repeg_every.millis()),
            ("hedge.timeout", self.hedge.timeout.millis()),
            ("decompose.timeout", self.decompose.timeout.millis()),
            ("trust.index_age", self.trust.index_age.millis()),
            ("trust.surface_age", self.trust.surface_age.millis()),
        ];
        for (name, given) in steps {
            if given <= 0 {
                return refuse(name, given.into(), "above zero");
            }
        }
        let shares = [
            ("hedge.incentive", self.hedge.incentive),
            ("hedge.repeg", self.hedge.repeg),
            ("decompose.incentive", self.decompose.incentive),
            ("funding_most", self.funding_most),
        ];
        for (name, rate) in shares {
            if rate.is_negative() || rate > Rate::ONE {
                return refuse(name, rate.raw(), "from 0 to 1 (6 decimals)");
            }
        }
        if !self.trust.jump.is_positive() {
            return refuse("trust.jump", self.trust.jump.raw(), "above zero");
        }
        self.model.validate()?;
        self.shock.validate()?;
        Grid::new(self.grid.clone())?;
        self.portfolio.validate().map_err(MarginError::from)?;
        Ok(())
    }
}

fn refuse(name: &'static str, given: i128, bounds: &'static str) -> Result<(), Rejection> {
    Err(Refusal::Parameter {
        name,
        given,
        bounds,
    }
    .into())
}
