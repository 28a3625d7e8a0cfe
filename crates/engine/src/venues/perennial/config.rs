//! The venue's parameters: the protocol's (its controller), each product's, and the flags that
//! tell the venue as it was deployed from the one we recommend.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, AssetId};

use super::curve::Curve;
use super::numbers::{Money, Ratio18, Size};
use super::payoff::Payoff;
use super::position::Role;
use super::refusal::Refusal;
use crate::venues::Execution;

/// What the venue starts with. Product `i` gets market id `i`.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Config {
    /// The asset of all collateral; it has 18 decimals.
    pub asset: AssetId,
    /// The protocol's parameters.
    pub protocol: Protocol,
    /// The products.
    pub products: Vec<ProductParams>,
    /// Who may act for every account, if anybody.
    pub multi_invoker: Option<AccountId>,
    /// Our departures from the deployed venue.
    pub flags: Flags,
    /// Who carries liquidations out.
    pub execution: Execution,
}

impl Config {
    /// The preset `perennial`: the deployed contracts exactly, their faults included; keepers
    /// liquidate.
    #[must_use]
    pub fn perennial(asset: AssetId, products: Vec<ProductParams>) -> Self {
        Self {
            asset,
            protocol: Protocol::default(),
            products,
            multi_invoker: None,
            flags: Flags::default(),
            execution: Execution::Keepers,
        }
    }

    /// The preset `perennial-plus`, which we recommend: every flag on. Products need a margin
    /// ratio.
    #[must_use]
    pub fn perennial_plus(asset: AssetId, products: Vec<ProductParams>) -> Self {
        Self {
            flags: Flags::PLUS,
            ..Self::perennial(asset, products)
        }
    }
}

/// Our departures from the deployed venue, each on its own switch; see the module `plus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
// Four independent switches of one preset are clearest as four switches.
#[allow(clippy::struct_excessive_bools)]
pub struct Flags {
    /// The reward's cap is read after the close fee was taken, so that it can be paid.
    pub close_fee_before_reward: bool,
    /// Openings and withdrawals need a margin above maintenance.
    pub margin_above_maintenance: bool,
    /// The reward is paid when the liquidation settles, into the liquidator's collateral.
    pub reward_at_settlement: bool,
    /// Only as much is closed as returns the account to its requirement.
    pub partial_liquidation: bool,
}

impl Flags {
    /// Every flag on.
    pub const PLUS: Self = Self {
        close_fee_before_reward: true,
        margin_above_maintenance: true,
        reward_at_settlement: true,
        partial_liquidation: true,
    };
}

/// The protocol's parameters (`Controller`). A change takes effect at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Protocol {
    /// The protocol's share of the fees that leave a product.
    pub protocol_fee: Ratio18,
    /// The least share of funding that is a fee, in any product.
    pub min_funding_fee: Ratio18,
    /// The liquidator's share of the maintenance requirement.
    pub liquidation_fee: Ratio18,
    /// A balance is zero or at least this; also the least base of a reward.
    pub min_collateral: Money,
    /// Nothing but parameters can be changed.
    pub paused: bool,
}

impl Protocol {
    /// Refuses shares above one and numbers below zero.
    ///
    /// # Errors
    /// The contract's refusal of the first parameter that is out of bounds.
    pub fn check(&self) -> Result<(), Refusal> {
        share(self.protocol_fee, Refusal::InvalidProtocolFee)?;
        share(self.min_funding_fee, Refusal::InvalidMinFundingFee)?;
        share(self.liquidation_fee, Refusal::InvalidLiquidationFee)?;
        not_negative(self.min_collateral.raw())
    }
}

/// One product's parameters. Fees on trades wait for the pending positions they were promised to;
/// see the module `params`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct ProductParams {
    /// What a unit pays.
    pub payoff: Payoff,
    /// The maintenance requirement as a share of the notional.
    pub maintenance: Ratio18,
    /// With `margin_above_maintenance`: what openings and withdrawals need.
    pub margin: Option<Ratio18>,
    /// The share of funding that is a fee.
    pub funding_fee: Ratio18,
    /// Makers' fee on the notional they open or close.
    pub maker_fee: Ratio18,
    /// Takers' fee on the notional they open or close.
    pub taker_fee: Ratio18,
    /// The share of those fees that leaves the product.
    pub position_fee: Ratio18,
    /// The most the makers may have together.
    pub maker_limit: Size,
    /// The funding rate.
    pub curve: Curve,
}

impl ProductParams {
    /// The fee on trades of one side.
    #[must_use]
    pub fn trade_fee(&self, role: Role) -> Ratio18 {
        match role {
            Role::Maker => self.maker_fee,
            Role::Taker => self.taker_fee,
        }
    }

    /// What an account must have to open or to withdraw: the margin where there is one.
    #[must_use]
    pub fn entry_ratio(&self) -> Ratio18 {
        self.margin.unwrap_or(self.maintenance)
    }

    /// Refuses shares above one, numbers below zero, and a margin that does not fit the flags.
    ///
    /// # Errors
    /// The contract's refusal of the first parameter that is out of bounds, or ours.
    pub fn check(&self, flags: &Flags) -> Result<(), Refusal> {
        share(self.funding_fee, Refusal::InvalidFundingFee)?;
        share(self.maker_fee, Refusal::InvalidMakerFee)?;
        share(self.taker_fee, Refusal::InvalidTakerFee)?;
        share(self.position_fee, Refusal::InvalidPositionFee)?;
        not_negative(self.maintenance.raw())?;
        not_negative(self.maker_limit.raw())?;
        self.curve.check()?;
        match (self.margin, flags.margin_above_maintenance) {
            (None, false) => Ok(()),
            (Some(margin), true) if margin > self.maintenance => Ok(()),
            (Some(margin), true) => Err(Refusal::MarginNotAboveMaintenance {
                margin,
                maintenance: self.maintenance,
            }),
            _ => Err(Refusal::MarginWithoutFlag),
        }
    }
}

fn share(value: Ratio18, refusal: fn(Ratio18) -> Refusal) -> Result<(), Refusal> {
    not_negative(value.raw())?;
    if value > Ratio18::ONE {
        Err(refusal(value))
    } else {
        Ok(())
    }
}

/// Refuses what the contract's unsigned types cannot hold.
pub(super) fn not_negative(raw: i128) -> Result<(), Refusal> {
    if raw < 0 {
        Err(Refusal::Negative(raw))
    } else {
        Ok(())
    }
}
