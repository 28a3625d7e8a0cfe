//! What a Kuma venue starts with: markets and their limits, the three wallets of the venue
//! itself, and, for recorded states, wallets with positions.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp};

use super::order::Address;
use super::refusal::{Refusal, Revert, require};
use super::waterfall::Service;
use crate::margin::cross::Limits;
use crate::venues::Execution;

/// The most markets a venue lists (`Constants.MAX_NUMBER_OF_MARKETS`).
pub const MAX_MARKETS: usize = 255;
/// The largest position size that can be asked for, 2^63-1 pips.
pub const MAX_POSITION: u64 = i64::MAX.unsigned_abs();
/// The highest fee and tolerance, a fraction in pips: 5 %.
pub const MAX_FEE: u64 = 5_000_000;
/// Quotes below this are not compared, in pips (`MINIMUM_QUOTE_QUANTITY_VALIDATION_THRESHOLD`).
pub const SMALL_QUOTE: u64 = 10_000;
/// Length of a funding period.
pub const FUNDING_PERIOD_MS: u64 = 8 * 60 * 60 * 1000;
/// The most periods a wallet is paid at once when it is paid in one market alone: a year of them,
/// and the first.
pub const FUNDING_PERIODS_AT_ONCE: usize = 365 * 3 + 1;
/// The symbol of what every market is quoted in (`QUOTE_ASSET_SYMBOL`): no market's own.
const QUOTE_SYMBOL: &str = "USD";
/// The longest base symbol, in bytes. The contracts know no bound.
const SYMBOL_LENGTH_MAX: i128 = 64;
/// A day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// The longest a delegated key can be set to live.
pub const MAX_KEY_EXPIRY_MS: u64 = 365 * DAY_MS;
/// Delegated keys live 35 days unless set otherwise (`GOVERNANCE.md`).
pub const KEY_EXPIRY_MS: u64 = 35 * DAY_MS;
/// The exit fund's wait before a withdrawal.
pub const EXIT_FUND_DELAY_MS: u64 = 60 * 60 * 1000;

impl Limits {
    /// The bounds of `Validations.sol`.
    ///
    /// # Errors
    /// The contract's refusal of the first field out of bounds.
    pub fn check(&self) -> Result<(), Revert> {
        let at_least = |value: u64, least: u64, revert| require(value >= least, revert);
        at_least(
            self.initial_margin_fraction,
            500_000,
            Revert::InitialFractionBelowMin,
        )?;
        at_least(
            self.maintenance_margin_fraction,
            300_000,
            Revert::MaintenanceFractionBelowMin,
        )?;
        at_least(
            self.incremental_initial_margin_fraction,
            100_000,
            Revert::IncrementalFractionBelowMin,
        )?;
        let at_most = |value: u64, most: u64, revert| require(value <= most, revert);
        at_most(
            self.baseline_position_size,
            MAX_POSITION,
            Revert::BaselineExceedsMax,
        )?;
        at_least(
            self.incremental_position_size,
            1,
            Revert::IncrementalSizeZero,
        )?;
        at_most(
            self.maximum_position_size,
            MAX_POSITION,
            Revert::MaximumExceedsMax,
        )?;
        at_most(
            self.minimum_position_size,
            MAX_POSITION.saturating_sub(1),
            Revert::MinimumExceedsMax,
        )
    }
}

/// How a market is traded off chain. In pips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Listing {
    /// Prices are multiples of this.
    pub tick: u64,
    /// Quantities are multiples of this.
    pub step: u64,
    /// The maker's fee, a fraction; below zero for a rebate.
    pub maker_fee: i64,
    /// The taker's fee, a fraction.
    pub taker_fee: u64,
    /// Market orders fill within this fraction of the index price.
    pub market_price_limit: u64,
    /// Limit orders are taken within this fraction of the index price.
    pub limit_price_limit: u64,
}

impl Default for Listing {
    /// Every pip is a tick and a step, no fees, no price limits.
    fn default() -> Self {
        Self {
            tick: 1,
            step: 1,
            maker_fee: 0,
            taker_fee: 0,
            market_price_limit: u64::MAX,
            limit_price_limit: u64::MAX,
        }
    }
}

impl Listing {
    /// Refuses empty steps, and fees no trade would be accepted with.
    ///
    /// # Errors
    /// [`Refusal::Parameter`].
    pub fn check(&self) -> Result<(), Refusal> {
        within("tick", self.tick.into(), 1, MAX_POSITION.into())?;
        within("step", self.step.into(), 1, MAX_POSITION.into())?;
        within("taker_fee", self.taker_fee.into(), 0, MAX_FEE.into())?;
        let rebate = 0i128.saturating_sub(self.taker_fee.into());
        within("maker_fee", self.maker_fee.into(), rebate, MAX_FEE.into())
    }
}

/// A market as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MarketParams {
    /// The base asset's symbol, such as `ETH`.
    pub symbol: String,
    /// The market's place among all in ascending order of keccak256(symbol): supplied quotes of
    /// a wallet come in this order.
    pub rank: u8,
    /// The limits for wallets without their own.
    pub limits: Limits,
    /// How it is traded.
    pub listing: Listing,
    /// Whether it starts active.
    pub active: bool,
    /// The index price it starts with, in pips.
    pub index_price: u64,
    /// When that price is from. The market's first funding period ends at the next multiple of
    /// eight hours.
    pub index_time: Timestamp,
    /// For a market that starts inactive: the price its positions are closed at.
    pub price_at_deactivation: u64,
}

/// A position that is there from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SeedPosition {
    /// In which market; each once.
    pub market: MarketId,
    /// Signed size, in pips; not zero.
    pub size: i64,
    /// Signed cost basis, in pips.
    pub cost_basis: i64,
}

/// A wallet that is there from the start. Wallet `i` of the list is account `i`.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct SeedWallet {
    /// Its address, when it signs.
    pub address: Option<Address>,
    /// Its quote balance, in pips; may be below zero.
    pub quote: i64,
    /// Its positions.
    pub positions: Vec<SeedPosition>,
    /// When it has exited: from when on the exit is final.
    pub exit: Option<Timestamp>,
}

/// A wallet's own limits in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Override {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// The limits that count instead of the market's.
    pub limits: Limits,
}

/// Guards on index prices, which the deployed contracts do not have. Off by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct IndexGuards {
    /// The oldest a price may be when it is published.
    pub max_age_ms: Option<u64>,
    /// The furthest from the last price, in parts per million of it.
    pub max_jump_ppm: Option<u32>,
}

/// What a Kuma venue starts with. Market `i` gets market id `i`.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Config {
    /// The asset of all quote balances: USD with 8 decimals.
    pub asset: AssetId,
    /// The markets.
    pub markets: Vec<MarketParams>,
    /// The exit fund's wallet.
    pub exit_fund: AccountId,
    /// The insurance fund's wallet.
    pub insurance_fund: AccountId,
    /// The wallet that receives fees.
    pub fee_wallet: AccountId,
    /// Wallets that are there from the start; those of the venue itself are opened in any case.
    pub wallets: Vec<SeedWallet>,
    /// Wallets' own limits.
    pub overrides: Vec<Override>,
    /// The tolerance for quotes of positions below the minimum, a fraction in pips.
    pub below_minimum_tolerance: u64,
    /// How long exits and nonce invalidations take to be final.
    pub propagation_ms: u64,
    /// How long delegated keys live.
    pub key_expiry_ms: u64,
    /// Whether deposits wait until the dispatcher applies them, as on chain.
    pub deposits_wait: bool,
    /// Guards on index prices.
    pub guards: IndexGuards,
    /// Who carries liquidations out.
    pub execution: Execution,
    /// How the liquidation service works, where it carries them out.
    pub service: Service,
}

impl Config {
    /// The preset `kuma`: the deployed contracts exactly; the dispatcher calls each function.
    /// Accounts 0, 1 and 2 are the exit fund, the insurance fund and the fee wallet.
    #[must_use]
    pub fn kuma(asset: AssetId, markets: Vec<MarketParams>) -> Self {
        Self {
            asset,
            markets,
            exit_fund: AccountId(0),
            insurance_fund: AccountId(1),
            fee_wallet: AccountId(2),
            wallets: Vec::new(),
            overrides: Vec::new(),
            below_minimum_tolerance: 0,
            propagation_ms: 0,
            key_expiry_ms: KEY_EXPIRY_MS,
            deposits_wait: true,
            guards: IndexGuards::default(),
            execution: Execution::Keepers,
            service: Service::kuma(),
        }
    }

    /// The preset `kuma-plus`: the same contracts, carried out by the liquidation service with
    /// the options that the venue lacks; index prices are guarded.
    #[must_use]
    pub fn kuma_plus(asset: AssetId, markets: Vec<MarketParams>) -> Self {
        Self {
            guards: Service::PLUS_GUARDS,
            execution: Execution::Engine {
                keeper: AccountId(1),
            },
            service: Service::kuma_plus(),
            ..Self::kuma(asset, markets)
        }
    }

    /// Refuses markets, wallets and parameters that no venue can have.
    ///
    /// # Errors
    /// The first that is out of bounds.
    pub fn check(&self) -> Result<(), Refusal> {
        let count = i128::try_from(self.markets.len()).unwrap_or(i128::MAX);
        if self.markets.len() > MAX_MARKETS {
            return Err(parameter("markets", count));
        }
        let mut ranks = [false; MAX_MARKETS];
        for (at, market) in self.markets.iter().enumerate() {
            market.check()?;
            let before = self.markets.iter().take(at);
            let known = before.map(|m| &m.symbol).any(|m| *m == market.symbol);
            require(!known, Revert::MarketExists)?;
            let rank = i128::from(market.rank);
            let within = rank < count;
            match ranks.get_mut(usize::from(market.rank)) {
                Some(taken) if !*taken && within => *taken = true,
                _ => return Err(parameter("rank", rank)),
            }
        }
        let own = [self.exit_fund, self.insurance_fund, self.fee_wallet];
        if own[0] == own[1] || own[0] == own[2] || own[1] == own[2] {
            return Err(parameter("the venue's own wallets", own[0].0.into()));
        }
        self.check_periods()
    }

    fn check_periods(&self) -> Result<(), Refusal> {
        let tolerance = self.below_minimum_tolerance;
        let bounds = [
            (
                "below_minimum_tolerance",
                i128::from(tolerance),
                i128::from(MAX_FEE),
            ),
            (
                "propagation_ms",
                self.propagation_ms.into(),
                i128::from(DAY_MS),
            ),
            (
                "key_expiry_ms",
                self.key_expiry_ms.into(),
                i128::from(MAX_KEY_EXPIRY_MS),
            ),
        ];
        bounds
            .into_iter()
            .try_for_each(|(name, value, most)| within(name, value, 0, most))
    }
}

impl MarketParams {
    /// Refuses limits, trading rules and prices no market can have.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let length = i128::try_from(self.symbol.len()).unwrap_or(i128::MAX);
        within("the symbol's length", length, 1, SYMBOL_LENGTH_MAX)?;
        require(self.symbol != QUOTE_SYMBOL, Revert::BaseIsQuote)?;
        self.limits.check()?;
        self.listing.check()?;
        let most = i128::from(i64::MAX);
        within("index_price", self.index_price.into(), 1, most)?;
        within(
            "price_at_deactivation",
            self.price_at_deactivation.into(),
            0,
            most,
        )?;
        within("index_time", self.index_time.0.into(), 0, most)
    }
}

pub(super) fn parameter(name: &'static str, value: i128) -> Refusal {
    Refusal::Parameter { name, value }
}

pub(super) fn within(
    name: &'static str,
    value: i128,
    low: i128,
    high: i128,
) -> Result<(), Refusal> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(parameter(name, value))
    }
}
