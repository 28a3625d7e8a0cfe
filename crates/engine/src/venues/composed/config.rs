//! What a composed venue is made of: plain data, checked as a whole before anything runs.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AssetId, Duration};

use crate::backstop::fund::FundPolicy;
use crate::liquidation::Stage;

/// A composed venue's parameters.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Config {
    /// The money; 8 decimals.
    pub money: AssetId,
    /// The markets, by id.
    pub markets: Vec<Market>,
    /// What an account must have.
    pub margin: Margin,
    /// When too little of it counts.
    pub trigger: Trigger,
    /// What an account in liquidation may still do.
    pub lock: Lock,
    /// What is done with it, in order.
    pub procedure: Vec<Stage>,
    /// Who stands behind it.
    pub backstops: Backstops,
    /// What is not let in.
    pub limits: Limits,
    /// How long a case that waits is left alone before its procedure is walked again. It is also
    /// walked again at every price of one of its markets.
    pub retry: Duration,
}

/// A linear perpetual. Fractions in pips of notional.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Market {
    /// Smallest difference of quantities, pips of base.
    pub step: u64,
    /// Initial margin fraction: what a trade must leave.
    pub initial: u64,
    /// Maintenance margin fraction.
    pub maintenance: u64,
}

/// What an account must have.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Margin {
    /// One position per account, its own collateral behind it.
    Isolated,
    /// As isolated, and prices are *versions*: liquidations are queued and settle at the next
    /// one, and until then the account is locked (Perennial's page).
    Versioned,
    /// One balance behind positions in all markets; the requirement is the sum of theirs.
    Cross,
    /// One balance behind positions in all markets; the requirement is the largest loss over
    /// scenarios, and at least a share of gross notional.
    Portfolio(Scenarios),
}

/// The scenarios of portfolio margin.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Scenarios {
    /// Each scenario moves every market: `moves_e5[scenario][market]`, in 1/100,000 of the mark.
    pub moves_e5: Vec<Vec<i32>>,
    /// The requirement is at least this share of gross notional, in 1/100,000.
    pub least_e5: u32,
    /// Initial over maintenance requirement, in 1/100,000; at least 100,000.
    pub initial_e5: u32,
}

/// When an account that has less than it must is liquidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Trigger {
    /// Under its requirement at so many prices in a row before a case is opened: 0 and 1 at the
    /// first, 2 when the next price confirms it. A single bad print then liquidates nobody.
    pub confirmations: u8,
    /// Under its requirement for so long before a case is opened: time to add collateral.
    pub grace: Duration,
    /// An account whose equity is at or below this share of its requirement, in 1/100,000, does
    /// not get grace: waiting would cost more than it spares.
    pub urgent_e5: u32,
}

/// What an account in liquidation may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Lock {
    /// Everything that margin lets it: deposits, and trades that lower its requirement.
    #[default]
    None = 0,
    /// Deposits.
    DepositsOnly = 1,
    /// Nothing, until the case is closed.
    All = 2,
}

/// Who stands behind the accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Backstops {
    /// The insurance fund, if there is one.
    pub fund: Option<FundTerms>,
    /// The liquidity providers' vault, if there is one.
    pub vault: Option<VaultTerms>,
    /// Who takes positions over in the stages `acquire` and `reduce`.
    pub acquirer: Acquirer,
    /// What an account pays the fund on what is closed of it while it has equity left, in
    /// 1/100,000 of notional.
    pub penalty_e5: u32,
    /// The most accounts deleveraged for one position at once.
    pub counterparties_max: u32,
}

/// Who takes positions over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Acquirer {
    /// The insurance fund.
    #[default]
    Fund = 0,
    /// The vault.
    Vault = 1,
}

/// An insurance fund's terms. Its money comes by deposits to its account.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FundTerms {
    /// How it defends itself.
    pub policy: FundPolicy,
    /// The fund takes a position over only while its equity stays at least this share of the
    /// notional it holds, in 1/100,000; 0: while its equity is positive.
    pub cover_e5: u32,
    /// The share of its maintenance fraction, in 1/100,000, that a partial liquidation (`reduce`)
    /// gives the acquirer as a discount to the mark.
    pub reduction_discount_e5: u32,
}

/// A vault's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VaultTerms {
    /// The vault takes positions over only while the notional it holds in a market stays within
    /// this share of its equity, in 1/100,000; 0: without limit.
    pub inventory_e5: u32,
    /// It takes nothing more once it has lost this share of what its providers put in, in
    /// 1/100,000; 0: it never stops.
    pub stop_loss_e5: u32,
    /// Providers may take money out only while the vault's equity stays at least this share of
    /// the notional it holds, in 1/100,000.
    pub reserve_e5: u32,
}

/// What is not let in.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Limits {
    /// The most open interest (long side, pips of quote at the mark) of each market; none where
    /// the list is empty. A trade that does not raise it is always let in.
    pub open_interest: Vec<i128>,
    /// The largest position of one account, pips of quote at the mark; none where zero.
    pub position: i128,
    /// The most open interest as a multiple of what the backstops have, in 1/100,000; none where
    /// zero: the backstop is sized to what it insures.
    pub over_backstop_e5: u32,
}
