//! Changing parameters.
//!
//! Source: `UParamProvider`, `Controller`. The protocol's parameters change at once. A product is
//! settled first, so that nothing already accrued is touched; its fees on trades then wait while
//! positions are pending, because those were promised the old ones, and change when they settle.

use borsh::{BorshDeserialize, BorshSerialize};

use super::command::{ProductParam, ProtocolParam};
use super::config::{Flags, ProductParams, Protocol};
use super::numbers::Ratio18;
use super::refusal::Refusal;

/// Fees on trades that wait for pending positions to settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct PendingFees {
    /// The makers' fee.
    pub maker_fee: Option<Ratio18>,
    /// The takers' fee.
    pub taker_fee: Option<Ratio18>,
    /// The retained share.
    pub position_fee: Option<Ratio18>,
}

impl PendingFees {
    /// Puts what waits into force; says what did.
    pub(super) fn apply(&mut self, params: &mut ProductParams) -> [Option<ProductParam>; 3] {
        let waiting = std::mem::take(self);
        params.maker_fee = waiting.maker_fee.unwrap_or(params.maker_fee);
        params.taker_fee = waiting.taker_fee.unwrap_or(params.taker_fee);
        params.position_fee = waiting.position_fee.unwrap_or(params.position_fee);
        [
            waiting.maker_fee.map(ProductParam::MakerFee),
            waiting.taker_fee.map(ProductParam::TakerFee),
            waiting.position_fee.map(ProductParam::PositionFee),
        ]
    }
}

impl Protocol {
    /// The parameters with one of them changed.
    ///
    /// # Errors
    /// The contract's refusal of a value out of its bounds.
    pub(super) fn with(&self, param: ProtocolParam) -> Result<Self, Refusal> {
        let mut next = *self;
        match param {
            ProtocolParam::ProtocolFee(fee) => next.protocol_fee = fee,
            ProtocolParam::MinFundingFee(fee) => next.min_funding_fee = fee,
            ProtocolParam::LiquidationFee(fee) => next.liquidation_fee = fee,
            ProtocolParam::MinCollateral(least) => next.min_collateral = least,
            ProtocolParam::Paused(paused) => next.paused = paused,
        }
        next.check()?;
        Ok(next)
    }
}

/// A product's changeable parameters, in force and waiting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameters {
    pub(super) params: ProductParams,
    pub(super) pending: PendingFees,
    pub(super) closed: bool,
}

impl Parameters {
    /// Changes one of them; a fee on trades waits when `positions_pending`. Returns whether the
    /// change is in force.
    pub(super) fn set(
        &mut self,
        param: ProductParam,
        positions_pending: bool,
        flags: &Flags,
    ) -> Result<bool, Refusal> {
        // A value is checked as if it were in force, whether it waits or not.
        let mut next = self.params;
        match param {
            ProductParam::Maintenance(ratio) => next.maintenance = ratio,
            ProductParam::Margin(ratio) => next.margin = Some(ratio),
            ProductParam::FundingFee(fee) => next.funding_fee = fee,
            ProductParam::MakerFee(fee) => next.maker_fee = fee,
            ProductParam::TakerFee(fee) => next.taker_fee = fee,
            ProductParam::PositionFee(fee) => next.position_fee = fee,
            ProductParam::MakerLimit(limit) => next.maker_limit = limit,
            ProductParam::Curve(curve) => next.curve = curve,
            ProductParam::Closed(closed) => self.closed = closed,
        }
        next.check(flags)?;
        match param {
            ProductParam::MakerFee(fee) if positions_pending => self.pending.maker_fee = Some(fee),
            ProductParam::TakerFee(fee) if positions_pending => self.pending.taker_fee = Some(fee),
            ProductParam::PositionFee(fee) if positions_pending => {
                self.pending.position_fee = Some(fee);
            }
            _ => {
                self.params = next;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
