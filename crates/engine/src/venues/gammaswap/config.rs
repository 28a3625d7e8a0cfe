//! The venue's parameters: which generation of the rules, its rates and fees, its assets.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::AssetId;

use super::Refusal;
use super::rates::RateModel;
use super::state::State;
use super::word::{BPS, MAX_U64, MAX_U80, MAX_U96, ONE};
use crate::venues::Execution;

/// Which generation of the contracts. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Generation {
    /// What the venue's page describes: the liquidator chooses the trade, may pay in part, and
    /// keeps all of the collateral that is left. In force until June 2023.
    A = 0,
    /// The contracts since (v1.2): the trade is computed, the whole debt is paid, and what is
    /// left of the collateral stays with the borrower.
    B = 1,
}

impl Generation {
    /// The largest fee index that can be stored.
    #[must_use]
    pub const fn max_index(self) -> u128 {
        match self {
            Self::A => MAX_U96,
            Self::B => MAX_U80,
        }
    }

    /// The largest growth of the pair inside one block that can be stored.
    #[must_use]
    pub const fn max_pair_index(self) -> u128 {
        match self {
            Self::A => MAX_U80,
            Self::B => MAX_U64,
        }
    }

    /// The largest block number that can be stored.
    #[must_use]
    pub const fn max_block(self) -> u64 {
        match self {
            Self::A => (1 << 48) - 1,
            Self::B => (1 << 40) - 1,
        }
    }
}

/// What the pool charges and when it liquidates.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Params {
    /// Which generation of the rules.
    pub generation: Generation,
    /// A loan is liquidatable when its debt is above this share of its collateral. In generation
    /// B a whole number of tenths of a percent.
    pub ltv_bps: u16,
    /// The share that borrowing and withdrawing must stay within; at most `ltv_bps`.
    pub borrow_ltv_bps: u16,
    /// The liquidator's fee, as a share of the collateral (A) or of the debt (B).
    pub liquidation_fee_bps: u16,
    /// The fee on borrowing (its base, in generation B).
    pub origination_fee_bps: u16,
    /// Utilisation in percent above which the fee on borrowing grows exponentially (B).
    pub min_util_1: u8,
    /// Utilisation in percent above which the fee on borrowing grows linearly (B).
    pub min_util_2: u8,
    /// Divisor of the exponential fee on borrowing (B).
    pub fee_divisor: u16,
    /// The smallest debt a loan may have, in invariant units; 1000 in generation A.
    pub min_borrow: u128,
    /// The borrow rate by utilisation.
    pub rate: RateModel,
    /// The most that interest and the pair's fees together may charge in a year, 1e18 = 100 %.
    pub max_total_apy: u128,
    /// Blocks in a year.
    pub blocks_per_year: u64,
    /// The protocol's share of interest, in 1/100,000; paid in new shares.
    pub protocol_fee_e5: u32,
    /// Weight in percent of the newest utilisation in its moving average (B).
    pub ema_multiplier: u8,
    /// What is left of a trade after the pair's fee, over `trading_fee.1`: 997 of 1000.
    pub trading_fee: (u32, u32),
    /// Decimals of the two reserve tokens; generation B's rebalancing rounds by them.
    pub decimals: [u8; 2],
}

impl Params {
    /// Generation A with the page's threshold and penalty, and the rates of the public fixtures.
    #[must_use]
    pub const fn page() -> Self {
        Self {
            generation: Generation::A,
            ltv_bps: 9950,
            borrow_ltv_bps: 9950,
            liquidation_fee_bps: 25,
            origination_fee_bps: 0,
            min_util_1: 92,
            min_util_2: 80,
            fee_divisor: 2048,
            min_borrow: 1000,
            rate: RateModel::LogDerivative {
                base: ONE / 100,
                factor: ONE / 25,
                max_apy: ONE / 4 * 3,
            },
            max_total_apy: 10 * ONE,
            blocks_per_year: 2_252_571,
            protocol_fee_e5: 10_000,
            ema_multiplier: 10,
            trading_fee: (997, 1000),
            decimals: [18, 18],
        }
    }

    /// Generation B with its initializer's defaults and the rates of the public fixtures.
    #[must_use]
    pub const fn v1_2() -> Self {
        Self {
            generation: Generation::B,
            origination_fee_bps: 2,
            rate: RateModel::LinearKinked {
                base: ONE / 100,
                optimal: ONE / 10 * 8,
                slope_1: ONE / 20,
                slope_2: ONE / 4 * 3,
            },
            max_total_apy: 15 * ONE,
            ..Self::page()
        }
    }

    /// Checks the bounds the contracts' constructors and setters check, and those without which
    /// a formula has no value.
    ///
    /// # Errors
    /// [`Refusal::BadConfig`] with the parameter.
    pub fn check(&self) -> Result<(), Refusal> {
        let bad = |what| Err(Refusal::BadConfig(what));
        if self.ltv_bps == 0 || u128::from(self.ltv_bps) > BPS {
            return bad("ltv_bps must be between 1 and 10000");
        }
        if self.borrow_ltv_bps == 0 || self.borrow_ltv_bps > self.ltv_bps {
            return bad("borrow_ltv_bps must be between 1 and ltv_bps");
        }
        if u128::from(self.liquidation_fee_bps) > BPS {
            return bad("liquidation_fee_bps must not be above 10000");
        }
        if u128::from(self.origination_fee_bps) > BPS {
            return bad("origination_fee_bps must not be above 10000");
        }
        if self.fee_divisor == 0 {
            return bad("fee_divisor must not be zero");
        }
        if self.min_borrow < 1000 {
            return bad("min_borrow must be at least 1000");
        }
        if self.blocks_per_year == 0 {
            return bad("blocks_per_year must not be zero");
        }
        if self.max_total_apy == 0 {
            return bad("max_total_apy must not be zero");
        }
        if self.ema_multiplier > 100 {
            return bad("ema_multiplier must not be above 100");
        }
        let (fee, whole) = self.trading_fee;
        if fee == 0 || fee > whole || whole > 1_000_000 {
            return bad(
                "trading_fee must be a share of at most all, in parts of at most a million",
            );
        }
        if self.decimals.iter().any(|&d| d > 36) {
            return bad("decimals must not be above 36");
        }
        self.rate.check()?;
        self.check_generation()
    }

    fn check_generation(&self) -> Result<(), Refusal> {
        let slack = BPS.saturating_sub(self.ltv_bps.into());
        match self.generation {
            Generation::A if self.min_borrow != 1000 => {
                Err(Refusal::BadConfig("min_borrow is 1000 in generation A"))
            }
            Generation::B if !self.ltv_bps.is_multiple_of(10) => Err(Refusal::BadConfig(
                "ltv_bps is a whole number of tenths of a percent in generation B",
            )),
            Generation::B if u128::from(self.liquidation_fee_bps) > slack => Err(
                Refusal::BadConfig("liquidation_fee_bps must fit above ltv_bps in generation B"),
            ),
            _ => Ok(()),
        }
    }
}

/// The ledger's assets the venue moves. All four differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Assets {
    /// The pair's two reserve tokens.
    pub tokens: [AssetId; 2],
    /// The pair's LP token.
    pub lp: AssetId,
    /// The pool's share (GS-LP).
    pub shares: AssetId,
}

/// What the venue starts with.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Config {
    /// Its assets.
    pub assets: Assets,
    /// Its rules.
    pub params: Params,
    /// Who carries liquidations out. With [`Execution::Engine`] the keeper's wallet pays the LP
    /// tokens and receives the collateral.
    pub execution: Execution,
    /// The most loans the venue takes.
    pub max_loans: u32,
    /// A state of a chain to start from; an empty pair and pool without it.
    pub genesis: Option<State>,
}

/// The most loans a venue can be configured for.
pub const MAX_LOANS: u32 = 1 << 26;
/// The most loans in one batch.
pub const MAX_BATCH: usize = 1 << 16;

impl Config {
    /// The preset `gammaswap`: what the page describes. Keepers liquidate.
    #[must_use]
    pub fn gammaswap(assets: Assets) -> Self {
        Self {
            assets,
            params: Params::page(),
            execution: Execution::Keepers,
            max_loans: 1 << 20,
            genesis: None,
        }
    }

    /// The preset `gammaswap-v1.2`: the contracts since June 2023. Keepers liquidate.
    #[must_use]
    pub fn gammaswap_v1_2(assets: Assets) -> Self {
        Self {
            params: Params::v1_2(),
            ..Self::gammaswap(assets)
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// [`Refusal::BadConfig`] with the parameter.
    pub fn check(&self) -> Result<(), Refusal> {
        let Assets { tokens, lp, shares } = self.assets;
        let mut all = [tokens[0], tokens[1], lp, shares];
        all.sort_unstable();
        if all.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Refusal::BadConfig("the four assets must differ"));
        }
        if self.max_loans > MAX_LOANS {
            return Err(Refusal::BadConfig(
                "max_loans is above what a venue can hold",
            ));
        }
        self.params.check()
    }
}
