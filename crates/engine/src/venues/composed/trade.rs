//! Trades between two accounts, and what is asked of whoever takes a position.
//!
//! A trade *increases* an account's position when its size grows or changes sides. Who increases
//! must be left with initial margin and within the limits. Who does not must not be left with less
//! to spare (equity less requirement) than before, unless initial margin is left: nobody gives
//! what they owe away by closing at a price of their choice.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, mul_div};

use super::check::{PRICE_MAX, within};
use super::config::Margin;
use super::health::{E5, pips, worth};
use super::money::Wish;
use super::transfer::Transfer;
use super::{Composed, Fill, Refusal, accounts};
use crate::ledger::{Ledger, Reason};
use crate::margin::cross::ONE;
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// An account before a position of it changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    account: AccountId,
    market: MarketId,
    size: i64,
    spare: i128,
}

impl Composed {
    pub(super) fn fill(&mut self, tx: &mut Tx<'_>, fill: &Fill) -> Result<(), Rejection> {
        let market = fill.market;
        self.mark(market)?;
        let size = self.whole_steps(market, fill.quantity)?;
        within("price", fill.price.into(), 1, PRICE_MAX.into())?;
        for account in [fill.buyer, fill.seller] {
            self.check_trader(account, market)?;
        }
        let buyer = self.before(tx.ledger(), fill.buyer, market)?;
        let seller = self.before(tx.ledger(), fill.seller, market)?;
        let open = self.open_interest(market);
        // Up, in favour of the seller.
        let quote = pips(worth(size, fill.price)?, Rounding::Ceil)?;
        let transfer = Transfer {
            from: fill.seller,
            to: fill.buyer,
            market,
            size,
            quote,
            reason: Reason::Trade,
        };
        self.transfer(tx, &transfer)?;
        self.admit(tx.ledger(), &buyer)?;
        self.admit(tx.ledger(), &seller)?;
        self.check_open_interest(tx.ledger(), market, open)
    }

    /// A quantity as a size: positive, in whole steps of the market.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`], [`Refusal::OutOfBounds`], [`Refusal::NotWholeSteps`].
    pub(super) fn whole_steps(&self, market: MarketId, quantity: u64) -> Result<i64, Refusal> {
        let params = self.config.markets.get(market.index());
        let step = params.ok_or(Refusal::UnknownMarket(market))?.step;
        within("quantity", quantity.into(), 1, i64::MAX.into())?;
        if quantity.checked_rem(step) != Some(0) {
            return Err(Refusal::NotWholeSteps { quantity, step });
        }
        // It is within bounds.
        Ok(i64::try_from(quantity).unwrap_or(i64::MAX))
    }

    /// Whether an account may trade in a market at all: it is there, a participant's or the
    /// street's, not locked, and has no position elsewhere where it may have but one.
    pub(super) fn check_trader(&self, account: AccountId, market: MarketId) -> Result<(), Refusal> {
        self.quote_slot(account)?;
        if account == accounts::STREET {
            return Ok(());
        }
        if accounts::is_own(account) {
            return Err(Refusal::OwnAccount(account));
        }
        self.check_lock(account, Wish::Other)?;
        let one = matches!(self.config.margin, Margin::Isolated | Margin::Versioned);
        let elsewhere = self.positions(account).iter().find(|p| p.market != market);
        match elsewhere {
            Some(other) if one => Err(Refusal::OnePosition {
                account,
                holds: other.market,
            }),
            _ => Ok(()),
        }
    }

    /// What [`Composed::admit`] compares with: to be asked before the position changes.
    ///
    /// # Errors
    /// As [`Composed::equity`].
    pub(super) fn before(
        &self,
        ledger: &Ledger,
        account: AccountId,
        market: MarketId,
    ) -> Result<Before, Rejection> {
        let spare = if accounts::is_own(account) {
            0
        } else {
            self.spare(ledger, account)?
        };
        Ok(Before {
            account,
            market,
            size: self.holdings.size(account, market),
            spare,
        })
    }

    /// Refuses what a changed position leaves an account with: see the module documentation. The
    /// venue's own accounts are asked nothing.
    ///
    /// # Errors
    /// [`Refusal::Margin`], [`Refusal::Limit`].
    pub(super) fn admit(&self, ledger: &Ledger, before: &Before) -> Result<(), Rejection> {
        let (account, market) = (before.account, before.market);
        if accounts::is_own(account) {
            return Ok(());
        }
        let size = self.holdings.size(account, market);
        let flipped = (size < 0) != (before.size < 0);
        let grown = size.unsigned_abs() > before.size.unsigned_abs();
        let increased = size != 0 && (grown || flipped);
        if increased {
            self.check_position(market, size)?;
        }
        if !increased && self.spare(ledger, account)? >= before.spare {
            return Ok(());
        }
        let equity = self.equity(ledger, account)?;
        let initial = self.initial(account)?;
        let has = equity.checked_sub(initial).ok_or(OVERFLOW)?;
        if has < 0 {
            let needs = 0;
            return Err(Refusal::Margin {
                account,
                has,
                needs,
            }
            .into());
        }
        Ok(())
    }

    /// Equity less maintenance requirement, pips.
    fn spare(&self, ledger: &Ledger, account: AccountId) -> Result<i128, Rejection> {
        let health = self.health(ledger, account)?;
        let spare = health.equity.checked_sub(health.requirement);
        Ok(spare.ok_or(OVERFLOW)?)
    }

    fn check_position(&self, market: MarketId, size: i64) -> Result<(), Rejection> {
        let most = self.config.limits.position;
        let worth = worth(size, self.mark(market)?)?;
        let would = pips(worth.checked_abs().ok_or(OVERFLOW)?, Rounding::Ceil)?;
        if most > 0 && would > most {
            let what = "the position";
            return Err(Refusal::Limit { what, would, most }.into());
        }
        Ok(())
    }

    /// Refuses a trade that raised open interest beyond a limit.
    pub(super) fn check_open_interest(
        &self,
        ledger: &Ledger,
        market: MarketId,
        before: i128,
    ) -> Result<(), Rejection> {
        if self.open_interest(market) <= before {
            return Ok(());
        }
        let limits = &self.config.limits;
        if let Some(&most) = limits.open_interest.get(market.index()) {
            let would = self.open_notional(market)?;
            let what = "the market's open interest";
            if would > most {
                return Err(Refusal::Limit { what, would, most }.into());
            }
        }
        if limits.over_backstop_e5 > 0 {
            let backing = self.backing(ledger)?.max(0);
            // Down: rather less is insured.
            let most = mul_div(backing, limits.over_backstop_e5.into(), E5, Rounding::Floor)?;
            let would = self.total_open()?;
            let what = "open interest over the backstops";
            if would > most {
                return Err(Refusal::Limit { what, would, most }.into());
            }
        }
        Ok(())
    }

    /// A market's open interest at the mark, pips of quote, rounded up.
    ///
    /// # Errors
    /// [`Refusal::NoMark`], or when it does not fit.
    pub fn open_notional(&self, market: MarketId) -> Result<i128, Rejection> {
        let open = self.open_interest(market);
        if open == 0 {
            return Ok(0);
        }
        let mark = self.mark(market)?;
        Ok(mul_div(open, mark.into(), ONE.into(), Rounding::Ceil)?)
    }

    /// Open interest of all markets at their marks, pips of quote.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn total_open(&self) -> Result<i128, Rejection> {
        let mut sum = 0i128;
        for market in self.market_ids() {
            let open = self.open_notional(market)?;
            sum = sum.checked_add(open).ok_or(OVERFLOW)?;
        }
        Ok(sum)
    }

    /// What the backstops have: the fund's equity and the vault's, pips.
    ///
    /// # Errors
    /// As [`Composed::equity`].
    pub fn backing(&self, ledger: &Ledger) -> Result<i128, Rejection> {
        let fund = match self.config.backstops.fund {
            Some(_) => self.equity(ledger, accounts::FUND)?,
            None => 0,
        };
        let vault = match self.config.backstops.vault {
            Some(_) => self.equity(ledger, accounts::VAULT)?,
            None => 0,
        };
        Ok(fund.checked_add(vault).ok_or(OVERFLOW)?)
    }
}
