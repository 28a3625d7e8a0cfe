//! What an account may do while it is being liquidated, and while its initial margin is not met.
//!
//! Source: the page, "When MMr > 100%, the user can no longer trade (only deposit more collateral
//! in USDC)"; docs.kyan.blue, "IMr >= 100%: only risk-reducing actions". A transfer in is money in
//! and is accepted like a deposit (ours). The user's open orders were cancelled when the account
//! was flagged, so that cancelling one has nothing left to do.

use std::fmt;

/// What a user can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Bring money in.
    Deposit,
    /// Receive money from another account of the same owner.
    TransferIn,
    /// Take money out.
    Withdraw,
    /// Send money to another account of the same owner.
    TransferOut,
    /// Place a limit order.
    PlaceLimit,
    /// Place an order that only reduces a position.
    PlaceReduceOnly,
    /// Place a market order.
    PlaceMarket,
    /// Place several legs as one.
    Combo,
    /// Ask for a quote.
    RfqRequest,
    /// Take a quote.
    RfqFill,
    /// Change an order.
    EditOrder,
    /// Cancel an order of one's own.
    CancelUserOrder,
    /// Cancel an order that the liquidation placed.
    CancelLiquidationOrder,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 13] = [
        Self::Deposit,
        Self::TransferIn,
        Self::Withdraw,
        Self::TransferOut,
        Self::PlaceLimit,
        Self::PlaceReduceOnly,
        Self::PlaceMarket,
        Self::Combo,
        Self::RfqRequest,
        Self::RfqFill,
        Self::EditOrder,
        Self::CancelUserOrder,
        Self::CancelLiquidationOrder,
    ];

    /// Its name, as the venue's API has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::TransferIn => "transfer_in",
            Self::Withdraw => "withdraw",
            Self::TransferOut => "transfer_out",
            Self::PlaceLimit => "place_limit",
            Self::PlaceReduceOnly => "place_reduce_only",
            Self::PlaceMarket => "place_market",
            Self::Combo => "combo",
            Self::RfqRequest => "rfq_request",
            Self::RfqFill => "rfq_fill",
            Self::EditOrder => "edit_order",
            Self::CancelUserOrder => "cancel_user_order",
            Self::CancelLiquidationOrder => "cancel_liquidation_order",
        }
    }

    /// The action of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// What becomes of it while the account is being liquidated.
    #[must_use]
    pub const fn while_liquidated(self) -> Verdict {
        match self {
            Self::Deposit | Self::TransferIn => Verdict::Accepted,
            Self::CancelUserOrder => Verdict::NothingToDo,
            _ => Verdict::Refused,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What becomes of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out.
    Accepted,
    /// Accepted, but the engine has done it already.
    NothingToDo,
    /// It is refused.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::{Action, Verdict};

    #[test]
    fn nothing_but_money_in_passes_while_liquidated() {
        let passes: Vec<&str> = Action::ALL
            .into_iter()
            .filter(|a| a.while_liquidated() == Verdict::Accepted)
            .map(Action::name)
            .collect();
        assert_eq!(passes, ["deposit", "transfer_in"]);
    }

    #[test]
    fn every_action_is_found_by_its_name() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(action));
        }
        assert_eq!(Action::named("place"), None);
    }
}
