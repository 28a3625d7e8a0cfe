//! How positions and money move between two accounts: always both at once, always zero-sum.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, mul_div};

use super::{Composed, Refusal};
use crate::ledger::Reason;
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// A position, or a part of one, that changes hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transfer {
    /// Who gives it up.
    pub(super) from: AccountId,
    /// Who takes it.
    pub(super) to: AccountId,
    /// In which market.
    pub(super) market: MarketId,
    /// What is given up, signed, pips of base.
    pub(super) size: i64,
    /// What the taker pays for it, pips; below zero where the giver pays the taker, as for a
    /// short given up at a positive price.
    pub(super) quote: i128,
    /// Why.
    pub(super) reason: Reason,
}

/// What an account holds after `size` came in for `quote`: size, and what was paid for it.
///
/// Increasing adds the quote; reducing takes the share of what was paid that the size is of what
/// was held, rounded toward zero, which leaves the rounding with what is kept; a flip costs the
/// share of the quote that is left on the new side, rounded toward zero. Entries decide nothing
/// but who counts as in profit.
pub(super) fn moved(
    (held, entry): (i64, i128),
    size: i64,
    quote: i128,
) -> Result<(i64, i128), ArithmeticError> {
    let then = held.checked_add(size).ok_or(OVERFLOW)?;
    if then == 0 {
        return Ok((0, 0));
    }
    if held == 0 || (held < 0) == (size < 0) {
        return Ok((then, entry.checked_add(quote).ok_or(OVERFLOW)?));
    }
    let entry = if (then < 0) == (held < 0) {
        let share = mul_div(entry, size.into(), held.into(), Rounding::Down)?;
        entry.checked_add(share).ok_or(OVERFLOW)?
    } else {
        mul_div(quote, then.into(), size.into(), Rounding::Down)?
    };
    Ok((then, entry))
}

impl Composed {
    /// Moves a position and the quote for it between two accounts, and has both looked at before
    /// the command ends. Asks no questions: margin, locks and limits are the caller's.
    ///
    /// # Errors
    /// [`Refusal::SameAccount`], [`Refusal::UnknownAccount`], or when a number does not fit; the
    /// caller takes back what is half done.
    pub(super) fn transfer(
        &mut self,
        tx: &mut Tx<'_>,
        transfer: &Transfer,
    ) -> Result<(), Rejection> {
        let (from, to, market) = (transfer.from, transfer.to, transfer.market);
        if from == to {
            return Err(Refusal::SameAccount(from).into());
        }
        let back = transfer.size.checked_neg().ok_or(OVERFLOW)?;
        let refund = transfer.quote.checked_neg().ok_or(OVERFLOW)?;
        let (giver, taker) = (self.holding(from, market), self.holding(to, market));
        let giver = moved(giver, back, refund)?;
        let taker = moved(taker, transfer.size, transfer.quote)?;
        let (payee, payer) = (self.quote_slot(from)?, self.quote_slot(to)?);
        tx.pay_net(payer, payee, transfer.quote, transfer.reason)?;
        self.set_position(from, market, giver)?;
        self.set_position(to, market, taker)?;
        self.touch(from);
        self.touch(to);
        Ok(())
    }

    /// Moves money from one account to another (the other way where it is below zero), and has
    /// both looked at before the command ends.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], or when a balance would not fit.
    pub(super) fn pay(
        &mut self,
        tx: &mut Tx<'_>,
        (from, to): (AccountId, AccountId),
        amount: i128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        tx.pay_net(self.quote_slot(from)?, self.quote_slot(to)?, amount, reason)?;
        self.touch(from);
        self.touch(to);
        Ok(())
    }

    /// Has an account looked at before the command ends: something of it changed.
    pub(super) fn touch(&mut self, account: AccountId) {
        self.touched.push(account);
    }

    fn holding(&self, account: AccountId, market: MarketId) -> (i64, i128) {
        let position = self.holdings.position(account, market);
        position.map_or((0, 0), |p| (p.size, p.entry))
    }
}
