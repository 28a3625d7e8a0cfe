//! What the dispatcher made the fund take over by a command of its own: an exited wallet, a
//! position below the minimum, a wallet it did not leave to the service. It goes the same way as
//! everything the fund takes over.

use plimsoll_units::{AccountId, MarketId};

use super::event::{Amounts, Why};
use super::take::{Taken, side_of};
use crate::Tx;
use crate::liquidation::{Case, CaseEvent, Outcome, Rule, StageKind, Target, Trigger};
use crate::margin::cross::Lot;
use crate::venues::kuma::{Kuma, Market, Refusal};

/// What a command has made the fund take over from a wallet.
#[derive(Debug, Clone, Default)]
pub(super) struct Seized {
    /// Whose it was.
    account: AccountId,
    /// By which rule.
    rule: Option<Rule>,
    taken: Vec<Taken>,
    /// What was left of its quote, in pips; may be below zero.
    swept: i64,
}

impl Kuma {
    /// Notes a position that the fund takes over by a command.
    pub(in crate::venues::kuma) fn note_seized(
        &mut self,
        (account, rule): (AccountId, Rule),
        (market, lot, quote): (MarketId, Lot, u64),
    ) -> Result<(), Refusal> {
        if !self.serves() {
            return Ok(());
        }
        let base = lot.size.unsigned_abs();
        let index_quote = self.index_quote(market, base)?;
        let seized = &mut self.waterfall.seized;
        seized.account = account;
        seized.rule = Some(rule);
        seized.taken.push(Taken {
            market,
            lot,
            amounts: Amounts {
                base,
                quote,
                index_quote,
            },
        });
        Ok(())
    }

    /// Notes the quote that went along.
    pub(in crate::venues::kuma) fn note_swept(&mut self, swept: i64) {
        self.waterfall.seized.swept = swept;
    }

    /// Forgets what was noted: it was taken back, or is the service's own doing.
    pub(in crate::venues::kuma) fn forget_seized(&mut self) {
        self.waterfall.seized.taken.clear();
        self.waterfall.seized.swept = 0;
    }

    /// Books in what the command made the fund take over, and makes it due.
    pub(super) fn adopt(&mut self, tx: &mut Tx<'_>) {
        let seized = std::mem::take(&mut self.waterfall.seized);
        let Some(rule) = seized.rule.filter(|_| !seized.taken.is_empty()) else {
            return;
        };
        let mark = self.mark(tx);
        let open = self.cases.get(&seized.account).map(|open| open.case);
        let case = open.unwrap_or_else(|| self.open_seized(tx, &seized, rule));
        let why = match rule {
            Rule::WalletExited => Why::WalletExited,
            Rule::PositionBelowMinimum => Why::BelowMinimum,
            _ => Why::UnderMaintenance,
        };
        let booked = self.book_taken(tx, &case, why, &seized.taken, seized.swept.into());
        if booked.is_err() {
            // Its numbers do not fit the service's books: the fund keeps it outside of them.
            self.back_to(tx, &mark);
            return;
        }
        if open.is_none() {
            let outcome = Outcome::Liquidated { shortfall: 0 };
            tx.emit(CaseEvent::Closed {
                case: case.id,
                target: case.target,
                outcome,
            });
        }
        self.waterfall.next_look = tx.now;
    }

    /// A case for what no requirement was the reason of: its trigger has no numbers but the
    /// notional and, as equity, what the fund gives for it.
    fn open_seized(&self, tx: &mut Tx<'_>, seized: &Seized, rule: Rule) -> Case {
        let first = seized.taken.first();
        let market = first.map_or(MarketId(0), |taken| taken.market);
        let price = self.market(market).map_or(0, Market::index_price);
        let sum = |of: fn(&Amounts) -> u64| {
            let all = seized.taken.iter().map(|taken| of(&taken.amounts));
            all.fold(0i128, |sum, one| sum.saturating_add(one.into()))
        };
        let case = Case {
            id: tx.next_case(),
            target: Target {
                venue: tx.venue,
                market,
                account: seized.account,
                position: None,
            },
            trigger: Trigger {
                rule,
                at: tx.now,
                price: price.into(),
                version: 0,
                equity: sum(|amounts| amounts.quote),
                requirement: 0,
                collateral: 0,
                notional: sum(|amounts| amounts.index_quote),
            },
        };
        tx.emit(CaseEvent::Opened(case));
        case
    }

    /// Books everything taken in, and what the fund won or lost by it against the index; `swept`
    /// came along as quote. Returns what it was worth at the index price.
    pub(super) fn book_taken(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        why: Why,
        all: &[Taken],
        swept: i128,
    ) -> Result<i128, crate::Rejection> {
        let mut amount = 0i128;
        for one in all {
            let side = side_of(one.lot.size);
            let (market, amounts) = (one.market, &one.amounts);
            self.tell_hop(tx, case, (market, side), StageKind::Acquire, why, amounts);
            self.keep(tx, case, (market, side), amounts)?;
            let (now, result) = (tx.now, one.result());
            self.change_fund(|fund| fund.book(now, market, result))?;
            amount = amount.saturating_add(amounts.index_quote.into());
        }
        if !all.is_empty() && swept != 0 {
            self.change_holding(case, |holding| {
                holding.result = holding.result.saturating_add(swept);
                Ok(())
            })?;
        }
        Ok(amount)
    }
}
