//! How positions and quote move between two wallets, and what is asked of a wallet afterwards
//! (`BalanceTracking.sol`, `IndexPriceMargin.sol`).
//!
//! Every function here changes the venue and the books as it goes; when one fails, its caller
//! takes back to a mark, or refuses the whole command.

use plimsoll_units::{AccountId, MarketId};

use super::config::MAX_POSITION;
use super::refusal::require;
use super::{Event, Kuma, Revert};
use crate::ledger::{Reason, Slot};
use crate::margin::cross::{self, Changed, Lot, LotError, PipError, Way};
use crate::{Rejection, Tx};

/// What a wallet must meet after it took part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Its maintenance margin requirement.
    Maintenance,
    /// Its initial margin requirement.
    Initial,
}

impl Level {
    /// What a trade asks of a wallet: less of one whose position has become smaller.
    pub(super) const fn after(reduced: bool) -> Self {
        if reduced {
            Self::Maintenance
        } else {
            Self::Initial
        }
    }
}

/// A position, or a part of it, that goes from one wallet to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handover {
    /// Where.
    pub(super) market: MarketId,
    /// Whose position is taken toward zero.
    pub(super) from: AccountId,
    /// Who takes it over.
    pub(super) to: AccountId,
    /// How much base.
    pub(super) base: u64,
    /// For how much quote: a short pays it to be taken over, a long receives it.
    pub(super) quote: u64,
    /// Why.
    pub(super) reason: Reason,
    /// Whether the taker's own position must move toward zero too.
    pub(super) toward_zero: bool,
}

impl From<LotError> for Rejection {
    fn from(error: LotError) -> Self {
        match error {
            LotError::AboveMaximum => Revert::MaxPositionSizeExceeded.into(),
            LotError::NoPosition => Revert::PositionMustBeNonZero.into(),
            LotError::NotTowardZero => Revert::PositionMustMoveTowardZero.into(),
            LotError::Pips(error) => error.into(),
        }
    }
}

impl Kuma {
    /// Carries a handover out. Neither party's margin is looked at.
    pub(super) fn hand_over(
        &mut self,
        tx: &mut Tx<'_>,
        handover: &Handover,
    ) -> Result<(), Rejection> {
        let Handover {
            market,
            from,
            to,
            base,
            quote,
            ..
        } = *handover;
        let lot = self.lot(from, market);
        let way = Way::closing(lot.size);
        lot.check_toward_zero(way, base)?;
        self.change(tx, from, market, (way, base, quote))?;
        let payers = match way {
            Way::In => (from, to),
            Way::Out => (to, from),
        };
        self.pay(tx, payers, quote, handover.reason)?;
        if handover.toward_zero {
            let theirs = self.lot(to, market);
            theirs.check_toward_zero(way.opposite(), base)?;
        }
        self.change(tx, to, market, (way.opposite(), base, quote))?;
        Ok(())
    }

    /// Moves base into or out of a wallet's position, for a quote that is not paid here.
    pub(super) fn change(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        market: MarketId,
        (way, base, quote): (Way, u64, u64),
    ) -> Result<Changed, Rejection> {
        let maximum = if account == self.funds.exit_fund {
            MAX_POSITION
        } else {
            self.limits(account, market)?.maximum_position_size
        };
        let lot = self.lot(account, market);
        let changed = lot.moved(way, base, quote, maximum)?;
        self.set_lot(tx, account, market, changed.lot)?;
        Ok(changed)
    }

    /// Sets a wallet's position, and reports it.
    pub(super) fn set_lot(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        market: MarketId,
        lot: Lot,
    ) -> Result<(), Rejection> {
        let periods = self.market(market)?.periods();
        self.wallets.set(account, market, lot, periods)?;
        tx.emit(Event::Position {
            account,
            market,
            lot,
        });
        Ok(())
    }

    /// Pays quote from one wallet to another. Both balances stay within the contract's type.
    pub(super) fn pay(
        &mut self,
        tx: &mut Tx<'_>,
        (from, to): (AccountId, AccountId),
        amount: u64,
        reason: Reason,
    ) -> Result<(), Rejection> {
        let amount = cross::to_int64(amount)?;
        let slots = (self.quote_slot(from)?, self.quote_slot(to)?);
        pay_slots(tx, slots, amount, reason)
    }

    /// Pays a signed amount: below zero, the other way.
    pub(super) fn pay_signed(
        &mut self,
        tx: &mut Tx<'_>,
        (from, to): (AccountId, AccountId),
        amount: i64,
        reason: Reason,
    ) -> Result<(), Rejection> {
        let parties = if amount < 0 { (to, from) } else { (from, to) };
        self.pay(tx, parties, amount.unsigned_abs(), reason)
    }

    /// Pays a wallet the funding it has not been paid, in every market.
    pub(super) fn apply_funding(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<(), Rejection> {
        let mut next = self.wallets.of(account).next().map(|(slot, _)| slot);
        while let Some(slot) = next {
            self.apply_funding_at(tx, slot, usize::MAX)?;
            next = self.wallets.after(slot);
        }
        Ok(())
    }

    /// Pays one position the funding it has not been paid, for the oldest `most` periods.
    pub(super) fn apply_funding_at(
        &mut self,
        tx: &mut Tx<'_>,
        slot: u32,
        most: usize,
    ) -> Result<(), Rejection> {
        let Some(position) = self.wallets.position(slot).copied() else {
            return Ok(());
        };
        let market = self.market(position.market())?;
        let clearing = market.clearing;
        let unpaid = market.unpaid(position.periods());
        let unpaid = unpaid.get(..most).unwrap_or(unpaid);
        let Some(periods) = u32::try_from(unpaid.len()).ok().filter(|n| *n > 0) else {
            return Ok(());
        };
        let payment = cross::funding_payment(position.size(), unpaid)?;
        let periods = position.periods().saturating_add(periods);
        self.wallets.set_periods(slot, periods)?;
        let quote = self.quote_slot(position.owner())?;
        if payment < 0 {
            let amount = payment.checked_neg().ok_or(PipError::ARITHMETIC)?;
            return pay_slots(tx, (quote, clearing), amount, Reason::Funding);
        }
        pay_slots(tx, (clearing, quote), payment, Reason::Funding)
    }

    /// Refuses when a wallet does not meet a requirement, by truncated values.
    pub(super) fn check_margin(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        level: Level,
    ) -> Result<(), Rejection> {
        let value = self.value_truncated(tx.ledger(), account)?;
        let (required, revert) = match level {
            Level::Maintenance => (
                self.maintenance_requirement(account)?,
                Revert::MaintenanceNotMet,
            ),
            Level::Initial => (self.initial_requirement(account)?, Revert::InitialNotMet),
        };
        require(value >= cross::to_int64(required)?, revert)?;
        Ok(())
    }

    /// Refuses while the exit fund holds positions: the venue is in recovery.
    pub(super) fn not_in_recovery(&self) -> Result<(), Revert> {
        let open = self.wallets.has_positions(self.funds.exit_fund);
        require(!open, Revert::ExitFundHasOpenPositions)
    }

    /// Refuses while the exit fund holds no positions.
    pub(super) fn in_recovery(&self) -> Result<(), Revert> {
        let open = self.wallets.has_positions(self.funds.exit_fund);
        require(open, Revert::ExitFundHasNoPositions)
    }

    /// An active market in which the wallet has a position (`loadAndValidateActiveMarket`).
    pub(super) fn active_position(
        &self,
        account: AccountId,
        market: MarketId,
    ) -> Result<Lot, Revert> {
        let active = self.market(market).is_ok_and(super::Market::is_active);
        require(active, Revert::NoActiveMarket)?;
        let lot = self.lot(account, market);
        require(lot.size != 0, Revert::OpenPositionNotFound)?;
        Ok(lot)
    }

    /// Starts or stops the exit fund's clock (`getExitFundPositionOpenedAtBlockTimestamp`): it
    /// runs from the first position until neither positions nor quote are left.
    pub(super) fn wind_exit_fund_clock(&mut self, tx: &Tx<'_>) -> Result<(), Rejection> {
        let fund = self.funds.exit_fund;
        let has_positions = self.wallets.has_positions(fund);
        let has_quote = self.quote(tx.ledger(), fund)? > 0;
        match self.exit_fund_since {
            None if has_positions => self.set_exit_fund_since(Some(tx.now)),
            Some(_) if !has_positions && !has_quote => self.set_exit_fund_since(None),
            _ => {}
        }
        Ok(())
    }
}

/// Pays between two places; the wallets' stay within the contract's type.
pub(super) fn pay_slots(
    tx: &mut Tx<'_>,
    (from, to): (Slot, Slot),
    amount: i64,
    reason: Reason,
) -> Result<(), Rejection> {
    tx.pay(from, to, amount.into(), reason)?;
    for slot in [from, to] {
        let of_wallet = tx
            .ledger()
            .holder(slot)
            .is_some_and(|holder| holder.kind == crate::ledger::HolderKind::Margin);
        if of_wallet && i64::try_from(tx.balance(slot)).is_err() {
            return Err(PipError::ARITHMETIC.into());
        }
    }
    Ok(())
}
