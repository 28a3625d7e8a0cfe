//! A wallet's open case: from the moment the rule says so until it is liquidated or above its
//! requirement again.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId};

use crate::Tx;
use crate::ledger::Ledger;
use crate::liquidation::{Case, CaseEvent, Outcome, Rule, Target, Trigger};
use crate::margin::cross::Totals;
use crate::venues::kuma::{Kuma, Refusal};

/// A case that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpenCase {
    /// The case.
    pub case: Case,
    /// The wallet's value when it was last examined, in pips. What it is below zero falls on
    /// whoever takes the wallet.
    pub value: i64,
}

impl Kuma {
    /// Wallets below their requirement, with their cases, by account.
    pub fn open_cases(&self) -> impl Iterator<Item = (AccountId, &OpenCase)> + '_ {
        self.cases.iter().map(|(account, open)| (*account, open))
    }

    /// The open case of a wallet, or a new one with the numbers of this moment.
    pub(in crate::venues::kuma) fn ensure_case(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<Case, Refusal> {
        let totals = self.totals_with_funding(tx.ledger(), account)?;
        let value = totals.value_pips()?;
        if let Some(open) = self.cases.get_mut(&account) {
            open.value = value;
            return Ok(open.case);
        }
        let trigger = self.trigger(tx, account, &totals)?;
        let case = Case {
            id: tx.next_case(),
            target: Target {
                venue: tx.venue,
                market: self.heaviest(account)?.unwrap_or(MarketId(0)),
                account,
                position: None,
            },
            trigger,
        };
        tx.emit(CaseEvent::Opened(case));
        self.cases.insert(account, OpenCase { case, value });
        Ok(case)
    }

    /// Ends a wallet's case, if it has one.
    pub(in crate::venues::kuma) fn end_case(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        outcome: Outcome,
    ) {
        if let Some(open) = self.cases.remove(&account) {
            tx.emit(CaseEvent::Closed {
                case: open.case.id,
                target: open.case.target,
                outcome,
            });
        }
    }

    /// The wallet is not below its requirement any more: because it was taken, or by itself.
    pub(super) fn over(&mut self, tx: &mut Tx<'_>, account: AccountId, taken: bool) {
        let Some(value) = self.cases.get(&account).map(|open| open.value) else {
            return;
        };
        let outcome = if taken && !self.wallets.has_positions(account) {
            let shortfall = i128::from(value).min(0).saturating_neg();
            Outcome::Liquidated { shortfall }
        } else {
            Outcome::Recovered
        };
        self.end_case(tx, account, outcome);
    }

    /// Recounts: the open cases are exactly the wallets the rule names, but for the funds and
    /// whoever the next command is to look at first.
    pub(in crate::venues::kuma) fn audit_cases(&self, ledger: &Ledger) -> Result<(), String> {
        for account in (0..self.wallets.count()).filter_map(|at| u32::try_from(at).ok()) {
            if self.watching.pending.contains(&account) {
                continue;
            }
            let account = AccountId(account);
            let Ok(named) = self.is_liquidatable(ledger, account) else {
                continue;
            };
            let due = named && !self.is_fund(account);
            if due != self.cases.contains_key(&account) {
                return Err(format!(
                    "{account}: liquidatable {due}, and its case says otherwise"
                ));
            }
        }
        Ok(())
    }

    fn trigger(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        totals: &Totals,
    ) -> Result<Trigger, Refusal> {
        let heaviest = self.heaviest(account)?;
        let price = match heaviest {
            Some(market) => self.market(market)?.index_price(),
            None => 0,
        };
        let mut notional = 0i128;
        for (_, position) in self.wallets.of(account) {
            let price = self.market(position.market())?.index_price();
            let quote = crate::margin::cross::index_quote(position.size(), price)?;
            notional = notional.saturating_add(quote.into());
        }
        Ok(Trigger {
            rule: Rule::ValueUnderMaintenance,
            at: tx.now,
            price: price.into(),
            version: 0,
            equity: totals.value_pips()?.into(),
            requirement: totals.requirement_pips()?.into(),
            collateral: self.quote(tx.ledger(), account)?.into(),
            notional,
        })
    }

    /// The market in which the wallet's requirement is largest; the lowest number among equals.
    fn heaviest(&self, account: AccountId) -> Result<Option<MarketId>, Refusal> {
        let mut most = None;
        for (_, position) in self.wallets.of(account) {
            let id = position.market();
            let price = self.market(id)?.index_price();
            let fraction = self.limits(account, id)?.maintenance_margin_fraction;
            let needs = crate::margin::cross::requirement(position.size(), price, fraction)?;
            let key = (needs, std::cmp::Reverse(id));
            if most.is_none_or(|most| key > most) {
                most = Some(key);
            }
        }
        Ok(most.map(|(_, std::cmp::Reverse(id))| id))
    }
}
