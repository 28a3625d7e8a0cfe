//! Who pays what an account without positions owes.
//!
//! In this order: the insurance fund, as far as it has equity and its caps let it; the vault, as
//! far as its equity and its stop-loss let it; accounts in profit, where the design shares losses;
//! and nobody: then it stays the account's debt, and is told as unpaid.
//!
//! Losses are shared once for all cases of a walk, in proportion to profit. Nobody pays more than
//! its unrealised profit, nor more than leaves it sound; shares are rounded down in favour of who
//! pays, and the last pips come from the first who still can. Money goes straight from who shares
//! to who owes, so each payment names its case.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, CaseId, MarketId, Rounding, mul_div};

use super::state::Note;
use crate::ledger::Reason;
use crate::liquidation::{Case, Stage};
use crate::venues::composed::{Composed, Event, accounts};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// A loss that is to be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Loss {
    case: CaseId,
    account: AccountId,
    amount: i128,
    /// Whose profits are asked: those of this market, or everybody's.
    market: Option<MarketId>,
}

/// Who shares, and at most how much.
type Sharer = (AccountId, i128);

impl Composed {
    /// What an account without positions owes, and nobody has been asked for.
    pub(super) fn debt(&self, tx: &Tx<'_>, account: AccountId) -> Result<i128, Rejection> {
        if !self.positions(account).is_empty() {
            return Ok(0);
        }
        // An account owes when its walk ends: what it is asked for already was asked just now.
        let asked = self.cases.shared.last().filter(|l| l.account == account);
        let asked = asked.map_or(0, |loss| loss.amount);
        let owes = self.balance(tx.ledger(), account)?.min(0).checked_neg();
        let left = owes.ok_or(OVERFLOW)?.checked_sub(asked).ok_or(OVERFLOW)?;
        Ok(left.max(0))
    }

    /// The fund and the vault pay what an account owes, as far as they may.
    fn pay_debt(&mut self, tx: &mut Tx<'_>, case: &Case) -> Result<(), Rejection> {
        let account = case.target.account;
        let debt = self.debt(tx, account)?;
        if debt == 0 {
            return Ok(());
        }
        self.change_file(case.id, |file| {
            let sum = file.shortfall.checked_add(debt);
            file.shortfall = sum.ok_or(OVERFLOW)?;
            file.touched = true;
            Ok(())
        })?;
        let paid = debt.min(self.fund_pays(tx, case)?);
        if paid > 0 {
            let from = (accounts::FUND, account);
            self.pay(tx, from, paid, Reason::InsurancePayout)?;
            self.book_fund(tx, case.id, case.target.market, paid.saturating_neg())?;
            let now = tx.now;
            self.change_fund(|fund| {
                fund.deficit(now);
                Ok::<(), Rejection>(())
            })?;
        }
        let left = debt.checked_sub(paid).ok_or(OVERFLOW)?;
        let paid = left.min(self.vault_pays(tx)?);
        if paid > 0 {
            let from = (accounts::VAULT, account);
            self.pay(tx, from, paid, Reason::ShortfallResolved)?;
        }
        Ok(())
    }

    fn fund_pays(&self, tx: &Tx<'_>, case: &Case) -> Result<i128, Rejection> {
        if self.config.backstops.fund.is_none() {
            return Ok(0);
        }
        let has = self.equity(tx.ledger(), accounts::FUND)?.max(0);
        let borne = self.file(case.id)?.borne;
        let room = self.fund.room(tx.now, case.target.market, borne)?;
        Ok(room.map_or(has, |room| has.min(room.amount)))
    }

    fn vault_pays(&self, tx: &Tx<'_>) -> Result<i128, Rejection> {
        if self.config.backstops.vault.is_none() {
            return Ok(0);
        }
        let has = self.equity(tx.ledger(), accounts::VAULT)?;
        let over = has.checked_sub(self.vault_floor()?).ok_or(OVERFLOW)?;
        Ok(over.max(0))
    }

    /// What an account without positions owes after the fund and the vault have paid is to be
    /// shared; returns how much.
    pub(super) fn share_debt(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        same_market: bool,
    ) -> Result<i128, Rejection> {
        self.pay_debt(tx, case)?;
        let amount = self.debt(tx, case.target.account)?;
        if amount == 0 {
            return Ok(0);
        }
        self.note(Note::Shared(self.cases.shared.len()));
        self.cases.shared.push(Loss {
            case: case.id,
            account: case.target.account,
            amount,
            market: same_market.then_some(case.target.market),
        });
        Ok(amount)
    }

    /// The end of a case: what is still owed finds who bears it.
    pub(super) fn settle_debt(&mut self, tx: &mut Tx<'_>, case: &Case) -> Result<(), Rejection> {
        let named = self.config.procedure.iter().find_map(|stage| match stage {
            Stage::Socialise(stage) => Some(stage.same_market),
            _ => None,
        });
        if let Some(same_market) = named {
            return self.share_debt(tx, case, same_market).map(|_| ());
        }
        self.pay_debt(tx, case)?;
        let amount = self.debt(tx, case.target.account)?;
        if amount > 0 {
            unpaid(tx, case.id, case.target.account, amount);
        }
        Ok(())
    }

    /// Shares the losses of the walks that have ended.
    pub(super) fn share_losses(&mut self, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        if self.cases.shared.is_empty() {
            return Ok(());
        }
        self.note(Note::Shared(0));
        let mut by_market: BTreeMap<Option<MarketId>, Vec<Loss>> = BTreeMap::new();
        for loss in std::mem::take(&mut self.cases.shared) {
            by_market.entry(loss.market).or_default().push(loss);
        }
        for (market, losses) in by_market {
            let sharers = self.sharers(tx, market)?;
            self.share_among(tx, &losses, &sharers)?;
        }
        Ok(())
    }

    fn share_among(
        &mut self,
        tx: &mut Tx<'_>,
        losses: &[Loss],
        sharers: &[Sharer],
    ) -> Result<(), Rejection> {
        let wanted = losses.iter().try_fold(0i128, |sum, loss| {
            sum.checked_add(loss.amount).ok_or(OVERFLOW)
        })?;
        let mut purses = divided(wanted, sharers)?.into_iter().peekable();
        for loss in losses {
            let mut left = loss.amount;
            while left > 0
                && let Some((sharer, purse)) = purses.peek_mut()
            {
                let part = left.min(*purse);
                let (from, amount) = ((*sharer, loss.account), part);
                left = left.saturating_sub(part);
                *purse = purse.saturating_sub(part);
                if *purse == 0 {
                    purses.next();
                }
                if amount == 0 {
                    continue;
                }
                self.pay(tx, from, amount, Reason::LossSocialised)?;
                self.cases.moved.push(from.0);
                tx.emit(Event::Socialised {
                    case: loss.case,
                    account: from.0,
                    amount,
                });
            }
            if left > 0 {
                unpaid(tx, loss.case, loss.account, left);
            }
        }
        Ok(())
    }

    /// Accounts in profit in a market, or in any, and at most how much each can pay, by account.
    fn sharers(&self, tx: &Tx<'_>, market: Option<MarketId>) -> Result<Vec<Sharer>, Rejection> {
        let markets: Vec<MarketId> = match market {
            Some(market) => vec![market],
            None => self.market_ids().collect(),
        };
        let holders = markets.iter().flat_map(|m| self.holdings.holders(*m));
        let holders: BTreeSet<AccountId> = holders.collect();
        let mut found = Vec::new();
        for account in holders {
            let own = accounts::is_own(account) && account != accounts::STREET;
            if own || self.cases.of(account).is_some() {
                continue;
            }
            let mut profit = 0i128;
            for position in self.positions(account) {
                if !markets.contains(&position.market) {
                    continue;
                }
                let base = position.size.unsigned_abs();
                let worth = self.at_mark(position.market, base, Rounding::Floor)?;
                let sign = i128::from(position.size.signum());
                let worth = worth.checked_mul(sign).ok_or(OVERFLOW)?;
                let won = worth.checked_sub(position.entry).ok_or(OVERFLOW)?;
                profit = profit.checked_add(won).ok_or(OVERFLOW)?;
            }
            if profit <= 0 {
                continue;
            }
            let health = self.health(tx.ledger(), account)?;
            let spare = health.equity.checked_sub(health.requirement);
            let most = profit.min(spare.ok_or(OVERFLOW)?);
            if most > 0 {
                found.push((account, most));
            }
        }
        Ok(found)
    }
}

fn unpaid(tx: &mut Tx<'_>, case: CaseId, account: AccountId, amount: i128) {
    tx.emit(Event::Unpaid {
        case,
        account,
        amount,
    });
}

/// `wanted`, or all there is, divided in proportion to what each can pay.
fn divided(wanted: i128, sharers: &[Sharer]) -> Result<Vec<Sharer>, ArithmeticError> {
    let total = sharers.iter().try_fold(0i128, |sum, (_, most)| {
        sum.checked_add(*most).ok_or(OVERFLOW)
    })?;
    let wanted = wanted.min(total);
    let (mut shares, mut left) = (Vec::with_capacity(sharers.len()), wanted);
    for (account, most) in sharers {
        let share = mul_div(wanted, *most, total, Rounding::Down)?;
        left = left.checked_sub(share).ok_or(OVERFLOW)?;
        shares.push((*account, share));
    }
    for ((_, share), (_, most)) in shares.iter_mut().zip(sharers) {
        let more = left.min(most.saturating_sub(*share));
        *share = share.saturating_add(more);
        left = left.saturating_sub(more);
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_proportion_and_never_more_than_anybody_can_pay() {
        let check = |wanted: i128, most: &[i128], expected: &[i128]| {
            let ids = (0..).map(AccountId);
            let sharers: Vec<Sharer> = ids.zip(most.iter().copied()).collect();
            let found = divided(wanted, &sharers).unwrap();
            let found: Vec<i128> = found.into_iter().map(|(_, share)| share).collect();
            assert_eq!(found, expected, "{wanted} of {most:?}");
        };
        check(10, &[30, 70], &[3, 7]);
        // The pips that rounding leaves come from the first who can.
        check(10, &[1, 1, 1], &[1, 1, 1]);
        check(2, &[1, 1, 1], &[1, 1, 0]);
        check(7, &[5, 5, 5], &[3, 2, 2]);
        check(100, &[3, 4], &[3, 4]);
        check(100, &[], &[]);
        check(1, &[i128::MAX / 2, 1], &[1, 0]);
    }
}
