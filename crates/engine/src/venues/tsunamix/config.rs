//! The parameters of a TsunamiX venue, their presets and their bounds.
//!
//! Units: money has 6 decimals, prices 18; shares of fees, bounties and profit limits are on 1e5;
//! borrowing rates on 1e6 per hour; funding on 1e15 per hour; weights and caps of the
//! open-interest rule in basis points.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Amount, AssetId, Duration, Price, Rate, Side};

use super::Refusal;
use super::fees::{EntryRule, FundingParams};
use crate::limits::open_interest::Sharing;
use crate::limits::profit::DEFAULT_PCT_E5;
use crate::margin::isolated::Boundary;
use crate::oracle::Guards;
use crate::venues::Execution;

/// A value for the longs and one for the shorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Sides<T> {
    /// The longs'.
    pub long: T,
    /// The shorts'.
    pub short: T,
}

impl<T> Sides<T> {
    /// The value of a side.
    pub const fn of(&self, side: Side) -> &T {
        match side {
            Side::Long => &self.long,
            Side::Short => &self.short,
        }
    }

    /// The value of a side, to change.
    pub const fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Long => &mut self.long,
            Side::Short => &mut self.short,
        }
    }
}

impl<T: Copy> Sides<T> {
    /// The same value for both.
    pub const fn both(value: T) -> Self {
        Self {
            long: value,
            short: value,
        }
    }
}

/// Which integers decide a liquidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Check {
    /// The documented rule, exact: closing, funding and borrowing fees against threshold times
    /// collateral plus profit or loss.
    Documented(Boundary),
    /// The deployed contract's: truncated result net of funding and borrowing (the closing fee is
    /// not in it) against the floored threshold.
    Deployed,
}

/// How a liquidated collateral is shared out; the vault gets the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Bounty {
    /// To whoever registered the liquidation first, 1e5 is all.
    pub first_caller_e5: u32,
    /// To whoever carries it out.
    pub resolver_e5: u32,
}

/// Parameters of the whole venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rules {
    /// Which integers decide a liquidation.
    pub check: Check,
    /// How a liquidated collateral is shared out.
    pub bounty: Bounty,
    /// The open-interest rule.
    pub sharing: Sharing,
    /// How long an epoch of that rule is; epochs begin at multiples of it since 1970.
    pub epoch: Duration,
    /// The profit limit of markets without their own, on 1e5 of the vault's money.
    pub profit_pct_e5: u32,
    /// The vault's share of trading fees on 1e5; the rest is the protocol's. Borrowing and
    /// funding are the vault's alone, so that no close costs it more than the profit limit.
    pub vault_fee_share_e5: u32,
    /// How the entry price of a grown position is formed.
    pub entry: EntryRule,
    /// The least collateral to open or increase with.
    pub min_collateral: Amount<6>,
    /// What is asked of prices.
    pub guards: Guards,
}

impl Default for Rules {
    /// The documented rule with `>=`; no bounties; 8 h epochs; 1 % profit limit; half of the
    /// trading fees and at least 5 of collateral, as in the contracts.
    fn default() -> Self {
        Self {
            check: Check::Documented(Boundary::Inclusive),
            bounty: Bounty::default(),
            sharing: Sharing::default(),
            epoch: Duration(8 * 3_600_000),
            profit_pct_e5: DEFAULT_PCT_E5,
            vault_fee_share_e5: 50_000,
            entry: EntryRule::Conserving,
            min_collateral: Amount::from_raw(5_000_000),
            guards: Guards::default(),
        }
    }
}

impl Rules {
    /// The venue's own: as the default, with bounties of 2 % and 8 %.
    #[must_use]
    pub fn tsunamix() -> Self {
        let bounty = Bounty {
            first_caller_e5: 2_000,
            resolver_e5: 8_000,
        };
        Self {
            bounty,
            ..Self::default()
        }
    }
}

/// Parameters of one market.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MarketParams {
    /// Field-standard symbol.
    pub symbol: String,
    /// The step of displayed and trigger prices.
    pub tick: Price<18>,
    /// The share of the collateral that may be lost, 0.80 to 1.00.
    pub threshold: Rate<6>,
    /// The largest size per collateral.
    pub max_leverage: u32,
    /// Trading fee on 1e5; 100 is 10 basis points.
    pub trading_fee_e5: u32,
    /// Borrowing fee on 1e6 per hour.
    pub borrow_rate_e6: Sides<u32>,
    /// How the funding rate moves.
    pub funding: FundingParams,
    /// Slippage by utilisation, on 1e5; zero executes at the oracle price.
    pub slippage_factor: u32,
    /// The market's own profit limit.
    pub profit_pct_e5: Option<u32>,
    /// Base weights in the open-interest rule.
    pub weights: Sides<u32>,
    /// Caps of the open-interest targets, of the whole budget.
    pub caps_bps: Sides<Option<u32>>,
}

impl MarketParams {
    /// The venue's defaults: threshold 0.99, 20x, 10 bp, 0.01 % per hour, no slippage.
    #[must_use]
    pub fn new(symbol: impl Into<String>, tick: Price<18>) -> Self {
        Self {
            symbol: symbol.into(),
            tick,
            threshold: Rate::from_raw(990_000),
            max_leverage: 20,
            trading_fee_e5: 100,
            borrow_rate_e6: Sides::both(100),
            funding: FundingParams::default(),
            slippage_factor: 0,
            profit_pct_e5: None,
            weights: Sides::both(1),
            caps_bps: Sides::both(None),
        }
    }
}

/// A venue as it starts.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Config {
    /// The asset of collateral and vault; 6 decimals.
    pub money: AssetId,
    /// The asset of the vault's shares (TLP).
    pub shares: AssetId,
    /// Who carries liquidations out.
    pub execution: Execution,
    /// Parameters of the whole venue.
    pub rules: Rules,
    /// The markets; market `i` has id `i`.
    pub markets: Vec<MarketParams>,
}

/// The most markets of a venue.
pub const MARKETS_MAX: usize = 1_024;
/// The most accounts that are opened for a keeper's sake.
const KEEPER_MAX: u32 = 65_535;
/// No fee, weight or leverage is anywhere near this.
const PARAMETER_MAX: u32 = 1_000_000;

fn within(name: &'static str, value: i128, low: i128, high: i128) -> Result<(), Refusal> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Refusal::Parameter {
        name,
        value,
        low,
        high,
    })
}

impl Rules {
    /// Whether every parameter is within its bounds.
    ///
    /// # Errors
    /// [`Refusal::Parameter`] for the first that is not.
    pub fn validate(&self) -> Result<(), Refusal> {
        let all = 100_000;
        let bounty = i128::from(self.bounty.first_caller_e5);
        let bounty = bounty.saturating_add(self.bounty.resolver_e5.into());
        within("sum of the bounties", bounty, 0, all)?;
        within("profit_pct_e5", self.profit_pct_e5.into(), 1, all)?;
        within("vault_fee_share_e5", self.vault_fee_share_e5.into(), 0, all)?;
        within("kappa_bps", self.sharing.kappa_bps.into(), 0, 1_000_000)?;
        within("lambda_bps", self.sharing.lambda_bps.into(), 0, 10_000)?;
        within("beta_bps", self.sharing.beta_bps.into(), 0, 1_000_000)?;
        let (minute, year) = (60_000, 366 * 86_400_000);
        within("epoch (ms)", self.epoch.millis().into(), minute, year)?;
        let min_collateral = self.min_collateral.raw();
        within("min_collateral", min_collateral, 0, i64::MAX.into())
    }
}

impl MarketParams {
    /// Whether every parameter is within its bounds.
    ///
    /// # Errors
    /// [`Refusal::Parameter`] for the first that is not.
    pub fn validate(&self) -> Result<(), Refusal> {
        let most = i128::from(PARAMETER_MAX);
        within("tick", self.tick.raw(), 1, super::PRICE_MAX.raw())?;
        within("threshold (ppm)", self.threshold.raw(), 800_000, 1_000_000)?;
        within("max_leverage", self.max_leverage.into(), 1, most)?;
        within("trading_fee_e5", self.trading_fee_e5.into(), 0, 100_000)?;
        within("slippage_factor", self.slippage_factor.into(), 0, 100_000)?;
        let pct = self.profit_pct_e5.unwrap_or(DEFAULT_PCT_E5);
        within("profit_pct_e5", pct.into(), 1, 100_000)?;
        for side in [Side::Long, Side::Short] {
            let rate = *self.borrow_rate_e6.of(side);
            within("borrow_rate_e6", rate.into(), 0, most)?;
            within("weight", (*self.weights.of(side)).into(), 0, most)?;
            let cap = self.caps_bps.of(side).unwrap_or(10_000);
            within("cap_bps", cap.into(), 0, 10_000)?;
        }
        let max_rate = i128::from(self.funding.max_rate_e15);
        within("funding.max_rate_e15", max_rate, 0, super::fees::E15)
    }
}

impl Config {
    /// Whether every parameter is within its bounds.
    ///
    /// # Errors
    /// [`Refusal::Parameter`], [`Refusal::TooManyMarkets`].
    pub fn validate(&self) -> Result<(), Refusal> {
        self.rules.validate()?;
        if let Execution::Engine { keeper } = self.execution {
            within("keeper", keeper.0.into(), 0, KEEPER_MAX.into())?;
        }
        if self.markets.len() > MARKETS_MAX {
            return Err(Refusal::TooManyMarkets(self.markets.len()));
        }
        self.markets.iter().try_for_each(MarketParams::validate)?;
        let weights = self
            .markets
            .iter()
            .map(|m| [m.weights.long, m.weights.short]);
        let weight: u64 = weights.flatten().map(u64::from).sum();
        match self.markets.len() {
            0 => Ok(()),
            _ => within("sum of the weights", weight.into(), 1, i128::MAX),
        }
    }
}
