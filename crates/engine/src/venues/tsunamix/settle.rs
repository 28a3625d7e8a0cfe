//! Settling a close: the result is cut by the profit limit, then by what the collateral can pay,
//! then every part of it is booked under its own reason.
//!
//! ```text
//! open      = trunc(pnl) - funding - borrowing
//! credited  = min(open, cap - realised)                 cap first
//! credited  = max(credited, -collateral)                the vault bears what is beyond
//! fee       = min(closing fee, collateral + credited)   the result before the fee
//! payout    = collateral + credited - fee
//! ```
//!
//! The last two cuts matter for slippage, the deployed check (which leaves the closing fee out)
//! and single raw units of a partial close; the documented rule liquidates before they do.
//! The collateral of a part is rounded down: the rest stays in the position.

use plimsoll_units::{Amount, ArithmeticError, Notional, PositionId, Price, Rounding, mul_div};

use super::event::{Closing, Event};
use super::health::{closing_fee, profit_pct};
use super::position::{Holding, Position};
use super::{Refusal, TsunamiX};
use crate::ledger::{Reason, Slot};
use crate::limits::profit::{Allowance, cap};
use crate::margin::isolated::{Exposure, IsolatedError};
use crate::{Rejection, Tx};

/// What is to be closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) id: PositionId,
    pub(super) size: Notional<6>,
    pub(super) price: Price<18>,
    pub(super) forced: bool,
}

/// One close, computed but not booked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settlement {
    pub(super) closing: Closing,
    /// What is left of the position, if anything.
    pub(super) rest: Option<Position>,
    pub(super) owed: Holding,
    /// Loss and fees that neither result nor collateral could pay.
    pub(super) uncollected: i128,
}

/// The parts of a result as they are booked. Charges go to the vault, credits come from it.
#[derive(Debug, Clone, Copy)]
struct Flows {
    loss: i128,
    funding_paid: i128,
    borrowing: i128,
    profit: i128,
    funding_received: i128,
}

impl Flows {
    /// Excess cuts credits, profit first; what cannot be collected cuts charges, loss first.
    fn new(pnl: i128, owed: &Holding, excess: i128, uncollected: i128) -> Self {
        let funding = owed.funding.raw();
        let mut cut = excess;
        let mut credit = |amount: i128| {
            let kept = amount.max(0).saturating_sub(cut).max(0);
            cut = cut.saturating_sub(amount.max(0).saturating_sub(kept));
            kept
        };
        let (profit, funding_received) = (credit(pnl), credit(funding.saturating_neg()));
        let mut cut = uncollected;
        let mut charge = |amount: i128| {
            let kept = amount.max(0).saturating_sub(cut).max(0);
            cut = cut.saturating_sub(amount.max(0).saturating_sub(kept));
            kept
        };
        Self {
            loss: charge(pnl.saturating_neg()),
            funding_paid: charge(funding),
            borrowing: charge(owed.borrowing.raw()),
            profit,
            funding_received,
        }
    }

    fn charges(&self) -> [(i128, Reason); 3] {
        [
            (self.loss, Reason::Loss),
            (self.funding_paid, Reason::Funding),
            (self.borrowing, Reason::BorrowingFee),
        ]
    }

    fn credits(&self) -> [(i128, Reason); 2] {
        [
            (self.profit, Reason::Profit),
            (self.funding_received, Reason::Funding),
        ]
    }
}

impl TsunamiX {
    /// Computes a close without changing anything.
    pub(super) fn settlement(&self, tx: &Tx<'_>, part: &Part) -> Result<Settlement, Rejection> {
        let position = self.position(part.id)?;
        let collateral = tx.balance(position.collateral);
        let market = self.market(position.market)?;
        let indices = market.indices(tx.now);
        let (rest, owed) = if part.size == position.size() {
            (None, position.holding(&indices)?)
        } else {
            let (rest, owed) = position.shrunk(part.size, &indices)?;
            (Some(rest), owed)
        };
        let exposure = Exposure::new(position.side, part.size, position.entry());
        let pnl = exposure.and_then(|e| e.pnl_truncated(part.price));
        let pnl = pnl.map_err(Refusal::from)?;
        let open = pnl.sub(owed.total()?)?;
        let limit = cap(self.vault_money(tx), profit_pct(&self.rules, market))?;
        let allowed = Allowance::new(limit, position.realised())?.credited(open);
        let behind = match rest {
            Some(_) => mul_div(
                collateral,
                part.size.raw(),
                position.size().raw(),
                Rounding::Floor,
            )?,
            None => collateral,
        };
        let behind = Amount::<6>::from_raw(behind);
        let credited = allowed.max(behind.neg()?);
        let left = behind.add(credited)?;
        let fee = closing_fee(market, part.size)?.min(left);
        let rest = rest.map(|r| r.realising(credited)).transpose()?;
        let closing = Closing {
            position: part.id,
            forced: part.forced,
            size: part.size,
            price: part.price,
            pnl,
            funding: owed.funding,
            borrowing: owed.borrowing,
            credited,
            excess: open.sub(allowed)?,
            fee,
            payout: left.sub(fee)?,
        };
        Ok(Settlement {
            closing,
            rest,
            owed,
            uncollected: credited.sub(allowed)?.raw(),
        })
    }

    /// Settles a close: money first, which may be refused, then the position.
    pub(super) fn settle(&mut self, tx: &mut Tx<'_>, part: &Part) -> Result<Closing, Rejection> {
        let position = self.position(part.id)?;
        let wallet = self.wallet_of(position.owner)?;
        let settlement = self.settlement(tx, part)?;
        let closing = settlement.closing;
        self.book(tx, position.collateral, &settlement)?;
        self.pay_trading_fee(tx, position.collateral, closing.fee)?;
        let payout = closing.payout.raw();
        tx.pay(
            position.collateral,
            wallet,
            payout,
            Reason::CollateralReturned,
        )?;
        match settlement.rest {
            Some(rest) => {
                self.change_open(tx, &position, part.size.raw().saturating_neg());
                self.positions.set(part.id.slot(), rest);
                self.watching.pending.push(part.id.slot());
            }
            None => self.remove(tx, part.id, &position)?,
        }
        tx.emit(Event::Closed(closing));
        Ok(closing)
    }

    /// Takes an empty position off the books: its ledger account, its open interest, its trips.
    pub(super) fn remove(
        &mut self,
        tx: &mut Tx<'_>,
        id: PositionId,
        position: &Position,
    ) -> Result<(), Rejection> {
        tx.close(position.collateral)?;
        self.change_open(tx, position, position.size().raw().saturating_neg());
        self.positions.remove(id.slot());
        self.watching.disarm(id);
        if !self.registered.is_empty() {
            self.registered.remove(&id);
        }
        Ok(())
    }

    /// Changes the open interest of a position's market and side; fees accrue first.
    pub(super) fn change_open(&mut self, tx: &Tx<'_>, position: &Position, by: i128) {
        if let Some(market) = self.markets.get_mut(position.market.index()) {
            market.change_open(tx.now, position.side, by);
        }
        // Saturating in words only, as in `Market::change_open`.
        self.total_open = Notional::from_raw(self.total_open.raw().saturating_add(by));
        self.watching.market_changed(position.market);
    }

    /// The vault's share is rounded down, the protocol has the rest.
    pub(super) fn pay_trading_fee(
        &self,
        tx: &mut Tx<'_>,
        from: Slot,
        fee: Amount<6>,
    ) -> Result<(), Rejection> {
        let share = i128::from(self.rules.vault_fee_share_e5);
        let vault = fee.mul_ratio(share, 100_000, Rounding::Floor)?;
        let protocol = fee.sub(vault)?;
        tx.pay(from, self.house.vault, vault.raw(), Reason::TradingFee)?;
        tx.pay(from, self.house.fees, protocol.raw(), Reason::TradingFee)?;
        Ok(())
    }

    /// Moves the result between position and vault.
    ///
    /// Charges come first: the collateral suffices, and then the vault can pay every credit,
    /// because their difference is at most the profit limit. Only when the charges of a part are
    /// larger than the whole collateral (and so are the credits), the difference alone is moved.
    fn book(&self, tx: &mut Tx<'_>, position: Slot, settled: &Settlement) -> Result<(), Rejection> {
        let (pnl, excess) = (settled.closing.pnl.raw(), settled.closing.excess.raw());
        let flows = Flows::new(pnl, &settled.owed, excess, settled.uncollected);
        let sum = |parts: &[(i128, Reason)]| {
            let mut parts = parts.iter();
            parts.try_fold(0i128, |sum, (amount, _)| sum.checked_add(*amount))
        };
        let (charges, credits) = (flows.charges(), flows.credits());
        let charged = sum(&charges).ok_or(ArithmeticError::Overflow)?;
        let credited = sum(&credits).ok_or(ArithmeticError::Overflow)?;
        let net = credited
            .checked_sub(charged)
            .ok_or(ArithmeticError::Overflow)?;
        if net != settled.closing.credited.raw() {
            return Err(Refusal::from(IsolatedError::Arithmetic(ArithmeticError::Overflow)).into());
        }
        let vault = self.house.vault;
        if charged <= tx.balance(position) {
            for (amount, reason) in charges {
                tx.pay(position, vault, amount, reason)?;
            }
            for (amount, reason) in credits {
                tx.pay(vault, position, amount, reason)?;
            }
            return Ok(());
        }
        Ok(tx.pay_net(vault, position, net, Reason::Settlement)?)
    }
}

#[cfg(test)]
mod tests;
