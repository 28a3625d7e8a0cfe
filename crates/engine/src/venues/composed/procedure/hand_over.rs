//! Everything that changes hands in a case, at one place: the position and its quote, the event
//! that tells both exactly, the penalty, and what the acquirer holds of the case.
//!
//! Laws (tests): sizes and quote keep their sums; what is held for cases in a market lies on one
//! side; a penalty never takes an account below zero.
//! Units: pips. A quote is positive here, whichever way it flows: it goes from the taker of a
//! long to its giver, and from the giver of a short to its taker.

use plimsoll_units::{AccountId, ArithmeticError, CaseId, MarketId, Rounding, Side, mul_div};

use super::state::{File, Piece};
use crate::backstop::fund::FundPolicy;
use crate::ledger::Reason;
use crate::liquidation::Disposed;
use crate::margin::cross::ONE;
use crate::venues::composed::transfer::Transfer;
use crate::venues::composed::{Acquirer, Composed, Event, Taker, accounts};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;
/// One, of shares in 1/100,000.
pub(super) const E5: i128 = 100_000;

/// A part of a position that changes hands for a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handing {
    pub(super) case: CaseId,
    pub(super) market: MarketId,
    pub(super) from: AccountId,
    pub(super) to: AccountId,
    pub(super) taker: Taker,
    /// Signed, pips of base.
    pub(super) size: i64,
    /// Positive, pips.
    pub(super) quote: i128,
    pub(super) reason: Reason,
}

/// Who gives up what is to be disposed of in a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seller {
    pub(super) account: AccountId,
    /// How much of it is of the case, signed.
    pub(super) size: i64,
    /// The acquirer's cost of that, where it is the acquirer's.
    pub(super) cost: Option<i128>,
}

impl Seller {
    pub(super) const fn side(&self) -> Side {
        side_of(self.size)
    }
}

/// The side of a signed size.
pub(super) const fn side_of(size: i64) -> Side {
    if size < 0 { Side::Short } else { Side::Long }
}

/// `quantity` on the side of `size`.
///
/// # Errors
/// When it does not fit.
pub(super) fn signed(quantity: u64, size: i64) -> Result<i64, ArithmeticError> {
    let quantity = i64::try_from(quantity).map_err(|_| OVERFLOW)?;
    quantity.checked_mul(size.signum()).ok_or(OVERFLOW)
}

/// A quantity of the stages in pips. Stages never ask for more than they were told there is.
pub(super) fn quantity_of(quantity: i128) -> u64 {
    u64::try_from(quantity.max(0)).unwrap_or(u64::MAX)
}

impl Composed {
    /// What a quantity is worth at the mark.
    ///
    /// # Errors
    /// When there is no mark, or it does not fit.
    pub(super) fn at_mark(
        &self,
        market: MarketId,
        quantity: u64,
        rounding: Rounding,
    ) -> Result<i128, Rejection> {
        let mark = i128::from(self.mark(market)?);
        Ok(mul_div(quantity.into(), mark, ONE.into(), rounding)?)
    }

    /// Who takes positions over, if anybody does.
    pub(super) fn acquirer(&self) -> Option<AccountId> {
        let backstops = &self.config.backstops;
        match backstops.acquirer {
            Acquirer::Fund => backstops.fund.is_some().then_some(accounts::FUND),
            Acquirer::Vault => backstops.vault.is_some().then_some(accounts::VAULT),
        }
    }

    /// Who has what is still to be disposed of for a case in a market: the acquirer what it took
    /// over, else the account its own.
    pub(super) fn seller(&self, file: &File, market: MarketId) -> Option<Seller> {
        if let (Some(piece), Some(account)) = (file.piece(market), self.acquirer()) {
            return Some(Seller {
                account,
                size: piece.size,
                cost: Some(piece.cost),
            });
        }
        let account = file.case.target.account;
        let size = self.holdings.size(account, market);
        (size != 0).then_some(Seller {
            account,
            size,
            cost: None,
        })
    }

    /// Moves a part of a position, and tells it.
    ///
    /// # Errors
    /// When a number does not fit; the caller takes back what is half done.
    pub(super) fn hand_over(&mut self, tx: &mut Tx<'_>, what: &Handing) -> Result<(), Rejection> {
        let sign = i128::from(what.size.signum());
        let transfer = Transfer {
            from: what.from,
            to: what.to,
            market: what.market,
            size: what.size,
            quote: what.quote.checked_mul(sign).ok_or(OVERFLOW)?,
            reason: what.reason,
        };
        self.transfer(tx, &transfer)?;
        self.cases.moved.extend([what.from, what.to]);
        let base = i128::from(what.size.unsigned_abs());
        // For display; the exact money is the quote.
        let price = mul_div(what.quote, ONE.into(), base.max(1), Rounding::HalfEven)?;
        tx.emit(Event::Moved {
            case: what.case,
            market: what.market,
            from: what.from,
            to: what.to,
            taker: what.taker,
            size: what.size,
            price: u64::try_from(price).unwrap_or(u64::MAX),
            quote: what.quote,
            mark: self.mark(what.market)?,
        });
        Ok(())
    }

    /// What whoever has a position to give away disposes of in a case: moved, kept account of, and
    /// the penalty charged where the account gave it.
    pub(super) fn dispose(
        &mut self,
        tx: &mut Tx<'_>,
        seller: &Seller,
        what: &Handing,
    ) -> Result<Disposed, Rejection> {
        self.hand_over(tx, what)?;
        let (case, market, quantity) = (what.case, what.market, what.size.unsigned_abs());
        let notional = self.at_mark(market, quantity, Rounding::Down)?;
        if seller.cost.is_some() {
            self.release(case, market, quantity)?;
            let result = result_of_giving(what, notional)?;
            self.book_result(tx, case, market, result)?;
        } else {
            self.charge(tx, what.from, market, quantity)?;
        }
        self.change_file(case, |file| {
            file.went(market, quantity);
            Ok(())
        })?;
        Ok(Disposed {
            quantity: quantity.into(),
            notional,
            shortfall: 0,
        })
    }

    /// What the fund is owed on closing a quantity: down, in favour of the account. Nothing where
    /// there is no fund.
    pub(super) fn penalty(&self, market: MarketId, quantity: u64) -> Result<i128, Rejection> {
        let backstops = &self.config.backstops;
        if backstops.penalty_e5 == 0 || backstops.fund.is_none() {
            return Ok(0);
        }
        let notional = self.at_mark(market, quantity, Rounding::Down)?;
        let share = backstops.penalty_e5.into();
        Ok(mul_div(notional, share, E5, Rounding::Down)?)
    }

    /// An account pays the penalty on what was closed of it, as far as its equity goes.
    pub(super) fn charge(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        market: MarketId,
        quantity: u64,
    ) -> Result<(), Rejection> {
        let owed = self.penalty(market, quantity)?;
        if owed == 0 {
            return Ok(());
        }
        let owed = owed.min(self.equity(tx.ledger(), account)?).max(0);
        let fund = accounts::FUND;
        self.pay(tx, (account, fund), owed, Reason::LiquidationFee)?;
        let now = tx.now;
        self.change_fund(|fund| fund.book(now, market, owed))
    }

    /// Books what the fund won or lost on a case against the mark.
    pub(super) fn book_result(
        &mut self,
        tx: &Tx<'_>,
        case: CaseId,
        market: MarketId,
        result: i128,
    ) -> Result<(), Rejection> {
        if self.acquirer() != Some(accounts::FUND) {
            return Ok(());
        }
        self.book_fund(tx, case, market, result)
    }

    /// Books what the fund won or lost on a case.
    pub(super) fn book_fund(
        &mut self,
        tx: &Tx<'_>,
        case: CaseId,
        market: MarketId,
        result: i128,
    ) -> Result<(), Rejection> {
        if *self.fund.policy() == FundPolicy::default() {
            return Ok(());
        }
        let now = tx.now;
        self.change_fund(|fund| fund.book(now, market, result))?;
        self.change_file(case, |file| {
            file.borne = file.borne.checked_sub(result).ok_or(OVERFLOW)?;
            Ok(())
        })
    }

    /// Books a piece that the acquirer has just taken over in. What it holds for other cases on
    /// the other side is met with it first, the oldest first: nobody needs to take either.
    pub(super) fn keep(
        &mut self,
        case: CaseId,
        market: MarketId,
        size: i64,
        cost: i128,
    ) -> Result<(), Rejection> {
        let mut new = Piece { market, size, cost };
        let against = self.cases.held_in(market);
        let against = against.filter(|(_, held)| (*held < 0) != (size < 0));
        let against: Vec<CaseId> = against.map(|(case, _)| case).collect();
        for other in against {
            if new.size == 0 {
                break;
            }
            let left = new.size.unsigned_abs();
            let met = self.change_file(other, |file| {
                let piece = file.piece_mut(market).ok_or(OVERFLOW)?;
                let met = piece.size.unsigned_abs().min(left);
                piece.less(met)?;
                Ok(met)
            })?;
            new.less(met)?;
            self.drop_if_over(other);
        }
        if new.size == 0 {
            return Ok(());
        }
        self.change_file(case, |file| {
            match file.piece_mut(market) {
                Some(piece) => {
                    piece.size = piece.size.checked_add(new.size).ok_or(OVERFLOW)?;
                    piece.cost = piece.cost.checked_add(new.cost).ok_or(OVERFLOW)?;
                }
                None => file.pieces.push(new),
            }
            Ok(())
        })
    }

    /// A part of what was held for a case is gone.
    fn release(&mut self, case: CaseId, market: MarketId, quantity: u64) -> Result<(), Rejection> {
        self.change_file(case, |file| match file.piece_mut(market) {
            Some(piece) => Ok(piece.less(quantity)?),
            None => Ok(()),
        })
    }
}

impl Piece {
    /// `quantity` less of it. Its cost goes in proportion, rounded down; the last part takes what
    /// is left of it.
    fn less(&mut self, quantity: u64) -> Result<(), ArithmeticError> {
        let held = self.size.unsigned_abs();
        let quantity = quantity.min(held);
        let gone = self.cost_of(quantity)?;
        let less = signed(quantity, self.size)?;
        self.size = self.size.checked_sub(less).ok_or(OVERFLOW)?;
        self.cost = self.cost.checked_sub(gone).ok_or(OVERFLOW)?;
        Ok(())
    }

    /// What a part of it cost.
    fn cost_of(&self, quantity: u64) -> Result<i128, ArithmeticError> {
        let held = self.size.unsigned_abs().max(1);
        mul_div(self.cost, quantity.into(), held.into(), Rounding::Down)
    }
}

/// What whoever gives a position away wins by it against its worth at the mark.
pub(super) fn result_of_giving(what: &Handing, notional: i128) -> Result<i128, ArithmeticError> {
    let more = what.quote.checked_sub(notional).ok_or(OVERFLOW)?;
    more.checked_mul(what.size.signum().into()).ok_or(OVERFLOW)
}
