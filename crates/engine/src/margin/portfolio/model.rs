//! The charges and factors of a portfolio margin model.
//!
//! The scenario grid and the volatility shocks belong to the arrays; what is left is here. None of
//! it is public for Kyan, so all of it is configuration of a pair.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Amount, Duration, Rate};

use super::MarginError;

/// Charges and factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Model {
    /// Charge on directional exposure beyond the free part.
    pub delta_rate: Rate<6>,
    /// Exposure that is not charged, in quote money.
    pub delta_free: Amount<6>,
    /// Charge on net short options about to expire, a share of the index price.
    pub roll_rate: Rate<6>,
    /// Time before expiry in which that charge grows from zero to its full size.
    pub roll_window: Duration,
    /// Maintenance margin over base.
    pub mm_factor: Rate<6>,
    /// Initial margin over base; at least the maintenance factor.
    pub im_factor: Rate<6>,
}

impl Model {
    /// The reference model KRM-43: 1 % of exposure above 100,000; 1 % of the index in the last day;
    /// initial margin 1.2 times maintenance. A proposal, not Kyan's own numbers.
    pub const KRM: Self = Self {
        delta_rate: Rate::from_raw(10_000),
        delta_free: Amount::from_raw(100_000_000_000),
        roll_rate: Rate::from_raw(10_000),
        roll_window: Duration(86_400_000),
        mm_factor: Rate::from_raw(1_000_000),
        im_factor: Rate::from_raw(1_200_000),
    };

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`MarginError::Model`] names the first that cannot be.
    pub fn validate(&self) -> Result<(), MarginError> {
        let refuse = |what, raw, must| Err(MarginError::Model { what, raw, must });
        for (what, raw) in [
            ("the delta rate", self.delta_rate.raw()),
            ("the free delta", self.delta_free.raw()),
            ("the roll rate", self.roll_rate.raw()),
        ] {
            if raw < 0 {
                return refuse(what, raw, "zero or more");
            }
        }
        let window = self.roll_window.millis();
        if window < 0 {
            return refuse("the roll window", window.into(), "zero or more");
        }
        if !self.mm_factor.is_positive() {
            let raw = self.mm_factor.raw();
            return refuse("the maintenance factor", raw, "above zero");
        }
        if self.im_factor < self.mm_factor {
            let raw = self.im_factor.raw();
            return refuse("the initial factor", raw, "at least the maintenance factor");
        }
        Ok(())
    }
}
