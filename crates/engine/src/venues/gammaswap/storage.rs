//! What the pool's contract stores: the pool itself and each loan, in the contract's units.
//!
//! Invariant units are the root of a product of two token amounts; indices are 1e18 = 1.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, PositionId};
use ruint::aliases::U256;

use super::word::{ONE, Word, add, div, fit, low, mul, mul_div, product, sub, w};
use super::{Generation, Refusal};
use crate::ledger::Slot;

/// A loan's number: the venue counts them from 1.
pub type LoanId = PositionId;

/// The pool's own books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Storage {
    /// The block of the last accrual.
    pub last_block: u64,
    /// Debt of all loans, in invariant units. May differ from their sum by rounding.
    pub borrowed_invariant: u128,
    /// Invariant of the LP tokens in the pool.
    pub lp_invariant: u128,
    /// LP tokens in the pool that it has tracked.
    pub lp_token_balance: u128,
    /// LP tokens lent, principal.
    pub lp_token_borrowed: u128,
    /// LP tokens lent, with interest.
    pub lp_token_borrowed_plus_interest: u128,
    /// Growth of every debt since the pool began, 1e18 = 1.
    pub acc_fee_index: u128,
    /// Growth of the pair inside the last block, 1e18 = 1.
    pub last_cfmm_fee_index: u128,
    /// The pair's invariant when last looked at.
    pub last_cfmm_invariant: u128,
    /// The pair's LP supply when last looked at.
    pub last_cfmm_total_supply: u128,
    /// The pair's reserves when last looked at.
    pub cfmm_reserves: [u128; 2],
    /// Tokens in the pool that it has tracked: the collateral of all loans.
    pub token_balance: [u128; 2],
    /// Moving average of utilisation, six decimals (B).
    pub ema_util_rate: u32,
    /// Shares (GS-LP) issued.
    pub share_supply: u128,
}

impl Storage {
    /// A pool nobody has used.
    #[must_use]
    pub fn new(block: u64) -> Self {
        Self {
            last_block: block,
            acc_fee_index: ONE,
            last_cfmm_fee_index: ONE,
            ..Self::default()
        }
    }

    /// What `lp` LP tokens are worth in invariant units, rounded down; zero without a supply.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn lp_to_invariant(&self, lp: u128) -> Result<u128, Refusal> {
        if self.last_cfmm_total_supply == 0 {
            return Ok(0);
        }
        fit(mul_div(
            lp,
            self.last_cfmm_invariant,
            self.last_cfmm_total_supply,
        )?)
    }

    /// How many LP tokens `invariant` is worth, rounded down; zero without an invariant.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn invariant_to_lp(&self, invariant: u128) -> Result<u128, Refusal> {
        if self.last_cfmm_invariant == 0 {
            return Ok(0);
        }
        fit(mul_div(
            invariant,
            self.last_cfmm_total_supply,
            self.last_cfmm_invariant,
        )?)
    }

    /// How many LP tokens it takes to be worth at least `invariant`: rounded up. Also generation
    /// B's rounding of the debt in LP tokens, in favour of the lenders.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn invariant_to_lp_up(&self, invariant: u128) -> Result<u128, Refusal> {
        let lp = product(invariant, self.last_cfmm_total_supply);
        fit(div_up(lp, self.last_cfmm_invariant)?)
    }

    /// The debt in LP tokens as the generation rounds it: down (A), up (B).
    pub(super) fn debt_in_lp(&self, generation: Generation, debt: u128) -> Result<u128, Refusal> {
        match generation {
            Generation::A => self.invariant_to_lp(debt),
            Generation::B => self.invariant_to_lp_up(debt),
        }
    }

    /// What a share is worth: invariant units of all shares, lent and not.
    #[must_use]
    pub const fn assets_invariant(&self) -> u128 {
        self.lp_invariant.saturating_add(self.borrowed_invariant)
    }

    /// LP tokens that all shares are worth, lent ones with interest.
    #[must_use]
    pub const fn assets_lp(&self) -> u128 {
        self.lp_token_balance
            .saturating_add(self.lp_token_borrowed_plus_interest)
    }
}

/// `a / b` rounded up; zero when `b` is zero.
fn div_up(a: U256, b: u128) -> Word {
    if b == 0 {
        return Ok(w(0));
    }
    div(add(a, sub(w(b), w(1))?)?, w(b))
}

/// One loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Loan {
    /// Who borrowed.
    pub owner: AccountId,
    /// Its own liquidation threshold; zero for the pool's. Ours; the page mentions it.
    pub threshold_bps: u16,
    /// Debt when last touched, in invariant units.
    pub liquidity: u128,
    /// Principal, in invariant units.
    pub init_liquidity: u128,
    /// Principal, in LP tokens.
    pub lp_tokens: u128,
    /// The pool's fee index when last touched; zero without a debt.
    pub rate_index: u128,
    /// Its collateral.
    pub held: [u128; 2],
    /// Where the ledger keeps its collateral.
    pub(super) slots: [Slot; 2],
}

impl Loan {
    /// The debt at fee index `index`, rounded down in favour of the borrower; zero without one.
    /// The contract keeps its low 128 bits.
    ///
    /// # Errors
    /// [`Refusal::Panic`] for an index far beyond any the pool stores.
    pub fn debt_at(&self, index: U256) -> Result<u128, Refusal> {
        if self.rate_index == 0 {
            return Ok(0);
        }
        let debt = div(mul(w(self.liquidity), index)?, w(self.rate_index))?;
        Ok(low(debt))
    }

    /// Clears the debt; the collateral stays.
    pub(super) fn clear_debt(&mut self) {
        self.liquidity = 0;
        self.init_liquidity = 0;
        self.lp_tokens = 0;
        self.rate_index = 0;
    }
}
