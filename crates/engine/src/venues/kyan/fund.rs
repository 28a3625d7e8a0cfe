//! Bankruptcy: the insurance fund takes over what nobody took, and pays what the account lacks.
//!
//! The fund has a reserve and, on each pair, an account of its own, whose cash may be below zero
//! as anybody's. That account takes every position at fair value; the reserve is paid the last
//! incentive of the auction for it, as far as the bankrupt's equity goes, and pays what is lacking
//! below zero ([`take_over`]). Afterwards the account has no position and exactly what its owner
//! keeps. When the fund's account has no position left, its result goes to the reserve.
//!
//! When the reserve cannot pay, accounts with an open profit on the pair pay in proportion to it, at
//! most that profit and at most their equity; what is still missing is booked as the pair's
//! shortfall, never as a silent negative balance. Source: the page ("the insurance fund steps in
//! to absorb the loss"); kyan-docs for socialised losses; the formula is \[ours\].

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, mul_div};

use super::account::{Account, Held};
use super::event::PhaseName;
use super::health::Marked;
use super::{Event, InstrumentId, Kyan};
use crate::auction::settlement::take_over;
use crate::ledger::Reason;
use crate::liquidation::{CaseEvent, Outcome, StageKind};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

impl Marked<'_> {
    /// What the last level of the auction offers for all of an account's positions, money,
    /// rounded up: in favour of whoever takes them.
    fn cap_incentive(&self, account: &Account) -> Result<i128, Rejection> {
        let mut total = 0i128;
        for held in &account.positions {
            let params = &self.pair.params;
            let ladder = if held.instrument.is_perpetual() {
                params.perpetuals
            } else {
                params.options
            };
            let rate = ladder.incentive(ladder.cap())?.raw();
            let size = i128::from(held.quantity.checked_abs().ok_or(OVERFLOW)?);
            let part = mul_div(
                mul_div(self.of.index().raw(), size, 100_000_000, Rounding::Ceil)?,
                rate,
                1_000_000,
                Rounding::Ceil,
            )?;
            total = total.checked_add(part).ok_or(OVERFLOW)?;
        }
        Ok(total)
    }

    /// An account's open profit: what its positions are worth more than they cost, rounded down.
    fn open_profit(&self, account: &Account) -> Result<i128, Rejection> {
        let mut total = 0i128;
        for held in &account.positions {
            let worth = super::instrument::value(
                self.fair(held.instrument)?,
                held.quantity,
                Rounding::Floor,
            )?;
            let profit = worth.checked_sub(held.cost).ok_or(OVERFLOW)?;
            total = total.checked_add(profit).ok_or(OVERFLOW)?;
        }
        Ok(total)
    }
}

impl Kyan {
    /// The account is bankrupt, and closed in the same moment.
    pub(super) fn bankrupt(&mut self, tx: &mut Tx<'_>, id: AccountId) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let Some(case) = account.episode().map(|episode| episode.case.id) else {
            return Ok(());
        };
        let pair = account.pair;
        let health = self.health_after(tx, account, None)?;
        let marked = self.marked(pair)?;
        let index = marked.of.index().raw();
        let incentive = marked.cap_incentive(account)?;
        self.enter(tx, id, PhaseName::Bankrupt, &health)?;
        self.remove_all(tx, id, super::event::Gone::NotNeeded)?;
        let positions = std::mem::take(&mut self.account_mut(id)?.positions);
        self.fund_takes(tx, id, &positions)?;
        let cash = self.account(id)?.cash;
        let taken = take_over(tx.balance(cash), incentive)?;
        tx.emit(Event::Bankruptcy {
            case,
            account: id,
            deficit: taken.loss,
            positions: positions
                .iter()
                .map(|h| (h.instrument, h.quantity))
                .collect(),
        });
        tx.pay(cash, self.house.fund, taken.to_fund, Reason::Acquisition)?;
        self.cover(tx, id, taken.loss)?;
        tx.emit(Event::TakenOver {
            case,
            account: id,
            to_fund: taken.to_fund,
            loss: taken.loss,
            to_owner: taken.to_owner,
        });
        let notional = positions.iter().try_fold(0i128, |sum, held| {
            let size = held.quantity.checked_abs().ok_or(OVERFLOW)?;
            let part = super::instrument::value(index, size, Rounding::Up)?;
            sum.checked_add(part).ok_or(OVERFLOW)
        })?;
        tx.emit(CaseEvent::Stage {
            case,
            stage: StageKind::Takeover,
            amount: notional,
        });
        let shortfall = taken.loss;
        self.end(tx, id, PhaseName::Closed, Outcome::Liquidated { shortfall })
    }

    /// The fund's account of the pair takes positions at fair value, rounded down: by less than a
    /// unit in favour of whoever holds the positions afterwards.
    fn fund_takes(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        positions: &[Held],
    ) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let (pair, cash) = (account.pair, account.cash);
        for held in positions {
            let marked = self.marked(pair)?;
            let price = marked.fair(held.instrument)?;
            let worth = super::instrument::value(price, held.quantity, Rounding::Floor)?;
            let fund = self.fund_mut(pair)?;
            let theirs = fund.cash;
            fund.change(held.instrument, held.quantity, worth)?;
            self.fund_dirty.insert(pair);
            tx.pay_net(theirs, cash, worth, Reason::Acquisition)?;
        }
        Ok(())
    }

    /// The reserve pays what an account lacks; then accounts in profit; then nobody.
    fn cover(&mut self, tx: &mut Tx<'_>, id: AccountId, loss: i128) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let (cash, pair) = (account.cash, account.pair);
        let fund = self.house.fund;
        let lacking = loss.checked_sub(tx.balance(fund)).ok_or(OVERFLOW)?;
        if lacking > 0 {
            self.socialise(tx, id, lacking)?;
        }
        let paid = loss.min(tx.balance(fund));
        tx.pay(fund, cash, paid, Reason::InsurancePayout)?;
        let left = loss.checked_sub(paid).ok_or(OVERFLOW)?;
        if left > 0 {
            let shortfall = self.pair(pair)?.shortfall;
            tx.pay(shortfall, cash, left, Reason::ShortfallIncurred)?;
            if let Some(episode) = self.account(id)?.episode() {
                let case = episode.case.id;
                tx.emit(Event::Uncovered { case, amount: left });
            }
        }
        Ok(())
    }

    /// What the fund's account of a pair came to goes to the reserve, once it has no position.
    pub(super) fn settle_fund(&self, tx: &mut Tx<'_>, id: MarketId) -> Result<(), Rejection> {
        let pair = self.pair(id)?;
        let (cash, reserve) = (pair.fund.cash, self.house.fund);
        if !pair.fund.positions.is_empty() {
            return Ok(());
        }
        let has = tx.balance(cash);
        if has >= 0 {
            tx.pay(cash, reserve, has, Reason::Settlement)?;
            return Ok(());
        }
        let owes = has.checked_neg().ok_or(OVERFLOW)?;
        let paid = owes.min(tx.balance(reserve));
        tx.pay(reserve, cash, paid, Reason::Settlement)?;
        let left = owes.checked_sub(paid).ok_or(OVERFLOW)?;
        tx.pay(pair.shortfall, cash, left, Reason::ShortfallIncurred)?;
        Ok(())
    }

    /// Collects `lacking` for the fund from the pair's accounts in profit, pro rata. Each share is
    /// rounded down in favour of who pays; the last unit or two come from the first that still can.
    fn socialise(
        &mut self,
        tx: &mut Tx<'_>,
        bankrupt: AccountId,
        lacking: i128,
    ) -> Result<(), Rejection> {
        let account = self.account(bankrupt)?;
        let pair = account.pair;
        let Some(case) = account.episode().map(|episode| episode.case.id) else {
            return Ok(());
        };
        let payers = self.in_profit(tx, pair)?;
        let total = payers.iter().try_fold(0i128, |sum, (_, _, most)| {
            sum.checked_add(*most).ok_or(OVERFLOW)
        })?;
        if total == 0 {
            return Ok(());
        }
        let wanted = lacking.min(total);
        let mut shares = Vec::with_capacity(payers.len());
        let mut left = wanted;
        for (_, _, most) in &payers {
            let share = mul_div(wanted, *most, total, Rounding::Down)?;
            left = left.checked_sub(share).ok_or(OVERFLOW)?;
            shares.push(share);
        }
        for (share, (_, _, most)) in shares.iter_mut().zip(&payers) {
            let more = left.min(most.checked_sub(*share).ok_or(OVERFLOW)?);
            *share = share.checked_add(more).ok_or(OVERFLOW)?;
            left = left.checked_sub(more).ok_or(OVERFLOW)?;
        }
        for (amount, (payer, profit, _)) in shares.into_iter().zip(payers) {
            let cash = self.account(payer)?.cash;
            tx.pay(cash, self.house.fund, amount, Reason::LossSocialised)?;
            if amount > 0 {
                tx.emit(Event::Socialised {
                    case,
                    account: payer,
                    amount,
                    profit,
                });
                self.dirty.insert(payer);
            }
        }
        Ok(())
    }

    /// Accounts with an open profit: the profit, and the most they can pay of it.
    fn in_profit(
        &self,
        tx: &Tx<'_>,
        pair: MarketId,
    ) -> Result<Vec<(AccountId, i128, i128)>, Rejection> {
        let marked = self.marked(pair)?;
        let mut found = Vec::new();
        for (account, number) in self.accounts.iter().zip(0u32..) {
            let concerned = account.pair == pair && account.episode.is_none();
            if !concerned || account.positions.is_empty() {
                continue;
            }
            let profit = marked.open_profit(account)?;
            if profit <= 0 {
                continue;
            }
            let health = self.health_after(tx, account, None)?;
            let most = profit.min(marked.numbers(&health)?.equity.max(0));
            if most > 0 {
                found.push((AccountId(number), profit, most));
            }
        }
        Ok(found)
    }

    /// What the fund's account of a pair is worth: cash, and positions at fair value rounded down.
    ///
    /// # Errors
    /// [`super::Refusal::NoMarks`], overflow.
    pub fn fund_worth(
        &self,
        ledger: &crate::ledger::Ledger,
        pair: MarketId,
    ) -> Result<i128, Rejection> {
        let fund = &self.pair(pair)?.fund;
        let mut total = ledger.balance(fund.cash);
        for held in &fund.positions {
            let price = self.marked(pair)?.fair(held.instrument)?;
            let worth = super::instrument::value(price, held.quantity, Rounding::Floor)?;
            total = total.checked_add(worth).ok_or(OVERFLOW)?;
        }
        Ok(total)
    }

    /// The fund's positions in an instrument that is settled leave it.
    pub(super) fn fund_drops(
        &mut self,
        pair: MarketId,
        instrument: InstrumentId,
    ) -> Result<i64, Rejection> {
        let fund = self.fund_mut(pair)?;
        let held = fund.quantity(instrument);
        fund.positions.retain(|h| h.instrument != instrument);
        Ok(held)
    }
}
