//! What can be asked of the venue, and what it reports.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::AccountId;

use super::{Accrued, LoanId};

/// One command, in one block.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Command {
    /// The block it happens in. Never below the block of the command before it.
    pub block: u64,
    /// What.
    pub action: Action,
}

/// One of a wallet's assets. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Purse {
    /// The first reserve token.
    Token0 = 0,
    /// The second reserve token.
    Token1 = 1,
    /// The pair's LP token.
    Lp = 2,
    /// The pool's share.
    Shares = 3,
}

impl Purse {
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Token0 => 0,
            Self::Token1 => 1,
            Self::Lp => 2,
            Self::Shares => 3,
        }
    }
}

/// What somebody sends to the pool in the same transaction, before the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Sent {
    /// Reserve tokens.
    pub tokens: [u128; 2],
    /// LP tokens.
    pub lp: u128,
}

impl Sent {
    /// LP tokens alone.
    #[must_use]
    pub const fn lp(lp: u128) -> Self {
        Self { tokens: [0, 0], lp }
    }

    /// Reserve tokens alone.
    #[must_use]
    pub const fn tokens(tokens: [u128; 2]) -> Self {
        Self { tokens, lp: 0 }
    }
}

/// What a command asks. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Action {
    /// Money comes into a wallet from outside. LP tokens and shares only as far as outside holds
    /// some.
    Deposit {
        /// Whose wallet.
        account: AccountId,
        /// Which asset.
        purse: Purse,
        /// How much.
        amount: u128,
    } = 0,
    /// Money leaves a wallet.
    Withdraw {
        /// Whose wallet.
        account: AccountId,
        /// Which asset.
        purse: Purse,
        /// How much.
        amount: u128,
    } = 1,
    /// Reserve tokens become LP tokens, in the proportion of the reserves.
    AddLiquidity {
        /// Whose.
        account: AccountId,
        /// At most this much of each.
        desired: [u128; 2],
    } = 2,
    /// LP tokens become reserve tokens.
    RemoveLiquidity {
        /// Whose.
        account: AccountId,
        /// How many.
        lp: u128,
    } = 3,
    /// A trader's swap.
    Swap {
        /// Whose.
        account: AccountId,
        /// The token that goes in, 0 or 1.
        sell: u8,
        /// How much goes in.
        amount: u128,
        /// The least that must come out.
        minimum: u128,
    } = 4,
    /// The world outside moved the pair to these reserves and this LP supply: other traders and
    /// providers, as recorded. Ours.
    MovePair {
        /// The reserves then.
        reserves: [u128; 2],
        /// The LP supply then; LP tokens outside make up the difference.
        supply: u128,
    } = 5,
    /// Tokens are sent to the pool's address, and nothing more. Whoever calls next has them.
    Send {
        /// From whose wallet.
        account: AccountId,
        /// What.
        sent: Sent,
    } = 6,
    /// Tokens are sent to the pair's address, and nothing more.
    SendToPair {
        /// From whose wallet.
        account: AccountId,
        /// What.
        tokens: [u128; 2],
    } = 7,
    /// LP tokens become shares of the pool.
    PoolDeposit {
        /// Whose.
        account: AccountId,
        /// How many LP tokens.
        lp: u128,
    } = 8,
    /// Shares of the pool become LP tokens.
    PoolWithdraw {
        /// Whose.
        account: AccountId,
        /// How many shares.
        shares: u128,
    } = 9,
    /// The pool looks at the pair and charges interest.
    UpdatePool = 10,
    /// A new, empty loan.
    CreateLoan {
        /// Who may use it.
        account: AccountId,
        /// Its own liquidation threshold, at or below the pool's. Ours.
        threshold_bps: Option<u16>,
    } = 11,
    /// Collateral is added.
    IncreaseCollateral {
        /// Whose.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// How much of each token.
        amounts: [u128; 2],
    } = 12,
    /// Collateral is taken back.
    DecreaseCollateral {
        /// Whose.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// How much of each token.
        amounts: [u128; 2],
    } = 13,
    /// Liquidity is borrowed; it becomes collateral.
    Borrow {
        /// Whose.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// How many LP tokens.
        lp: u128,
    } = 14,
    /// Debt is repaid out of the collateral.
    Repay {
        /// Whose.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// How much, in invariant units; all of it when more.
        liquidity: u128,
    } = 15,
    /// Debt is repaid with LP tokens.
    RepayWithLp {
        /// Whose.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// How much, in invariant units; all of it when more.
        liquidity: u128,
        /// How many LP tokens are sent for it.
        lp: u128,
    } = 16,
    /// Collateral is traded on the pair.
    Rebalance {
        /// Whose.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// Bought (above zero) or sold (below) of each token; exactly one is not zero.
        deltas: Vec<i128>,
    } = 17,
    /// A loan at once: created, given collateral, borrowed.
    Open {
        /// Whose.
        account: AccountId,
        /// Its own liquidation threshold, at or below the pool's. Ours.
        threshold_bps: Option<u16>,
        /// Collateral.
        amounts: [u128; 2],
        /// How many LP tokens are borrowed.
        lp: u128,
    } = 18,
    /// `liquidateWithLP`.
    LiquidateWithLp {
        /// The liquidator.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// What it sends first.
        sent: Sent,
    } = 19,
    /// `liquidate`: out of the loan's collateral.
    Liquidate {
        /// The liquidator.
        account: AccountId,
        /// The loan.
        loan: LoanId,
        /// The trade wanted; empty for none. Generation B computes its own and takes none.
        deltas: Vec<i128>,
        /// Transfer fees of the tokens in basis points, to gross payments up by; empty for none.
        fees: Vec<u16>,
        /// What it sends first.
        sent: Sent,
    } = 20,
    /// `batchLiquidations`.
    BatchLiquidations {
        /// The liquidator.
        account: AccountId,
        /// The loans.
        loans: Vec<LoanId>,
        /// What it sends first.
        sent: Sent,
    } = 21,
}

/// Which liquidation function. Discriminants are part of journals: never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Form {
    /// `liquidateWithLP`.
    WithLp = 0,
    /// `liquidate`.
    FromCollateral = 1,
    /// `batchLiquidations`.
    Batch = 2,
}

impl Form {
    /// The contract's name of the function.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithLp => "liquidateWithLP",
            Self::FromCollateral => "liquidate",
            Self::Batch => "batchLiquidations",
        }
    }
}

/// One liquidation call: the contract's `Liquidation` event and what the call returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Liquidation {
    /// Which function.
    pub form: Form,
    /// The loan; none for a batch.
    pub loan: Option<LoanId>,
    /// The liquidator.
    pub account: AccountId,
    /// Collateral that was liquidated, in invariant units.
    pub collateral: u128,
    /// Debt that was paid, in invariant units.
    pub liquidity: u128,
    /// Debt that was written down.
    pub write_down: u128,
    /// The fee (B); generation A has none beside what is left of the collateral.
    pub fee: u128,
    /// The debt as the call returns it: paid (A), owed (B), or the batch's total.
    pub loan_liquidity: u128,
    /// Collateral paid to the liquidator.
    pub refund: [u128; 2],
    /// The fee paid in LP tokens (`liquidate` of generation B).
    pub refund_lp: u128,
    /// LP tokens sent in excess, returned.
    pub excess_lp: u128,
}

/// What happened on the venue, beside money and cases. Discriminants are part of journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Event {
    /// Interest was charged.
    Accrued {
        /// For how many blocks.
        blocks: u64,
        /// The pool's fee index now.
        index: u128,
        /// All debts now, in invariant units.
        borrowed: u128,
        /// Lent of all liquidity, 1e18 = all, before.
        utilisation: u128,
        /// The rate charged, per year.
        rate: u128,
        /// New shares for the protocol.
        protocol_shares: u128,
    } = 0,
    /// A loan was created.
    LoanCreated {
        /// The loan.
        loan: LoanId,
        /// Whose.
        account: AccountId,
        /// Its threshold.
        threshold_bps: u16,
    } = 1,
    /// A loan was changed by its owner.
    LoanUpdated {
        /// The loan.
        loan: LoanId,
        /// Its debt now.
        liquidity: u128,
        /// Its collateral now.
        held: [u128; 2],
    } = 2,
    /// Somebody traded on the pair.
    Swapped {
        /// The token that went in.
        sell: u8,
        /// How much went in.
        sold: u128,
        /// How much came out.
        bought: u128,
    } = 3,
    /// A liquidation call.
    Liquidated(Liquidation) = 4,
}

impl Event {
    pub(super) fn accrued(done: &Accrued, index: u128, borrowed: u128) -> Self {
        Self::Accrued {
            blocks: done.blocks,
            index,
            borrowed,
            utilisation: done.rate.utilisation,
            rate: done.rate.rate,
            protocol_shares: done.protocol_shares,
        }
    }
}
