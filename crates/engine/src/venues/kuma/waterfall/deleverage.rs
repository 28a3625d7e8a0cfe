//! Positions nobody took are reduced against counterparties, one contract call each.
//!
//! A wallet the fund could not take over: at its bankruptcy price, computed anew at every call. A
//! piece the fund could not get rid of: at the fund's entry price. The policy says whose turn it
//! is ([`crate::backstop::deleverage`]); who would not meet its maintenance margin afterwards is
//! passed over for the rest of the command. Everybody who is reduced gets a receipt.

use plimsoll_units::{MarketId, Side};

use super::event::{Amounts, ServiceEvent, Why};
use super::holding::Way;
use super::subject::pips;
use super::take::{against_index, side_of};
use crate::backstop::deleverage::{Cut, Policy, Ranking, Receipt};
use crate::backstop::partners::Skip;
use crate::liquidation::{Case, Disposed, StageKind, Whose};
use crate::margin::cross;
use crate::venues::kuma::{Deleverage, Kuma, Refusal, Revert};
use crate::{Rejection, Tx};

/// What counterparties are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hunt {
    /// Whose position is reduced.
    pub(super) whose: Whose,
    /// Where.
    pub(super) market: MarketId,
    /// How much base at most.
    pub(super) base: u64,
    /// How they are chosen.
    pub(super) policy: Policy,
    /// Why it came to this, for a wallet.
    pub(super) why: Why,
}

/// What became of one cut.
enum Done {
    /// It was taken.
    Taken(Amounts),
    /// The counterparty cannot.
    Passed(Skip),
    /// The position is not what the ranking says any more.
    Stale,
    /// The wallet meets its requirement again.
    Restored,
}

/// What was taken so far.
#[derive(Debug, Default)]
struct Sum {
    base: u64,
    quote: u64,
    index_quote: u64,
    accounts: u32,
}

impl Kuma {
    /// Reduces up to the base that is hunted.
    pub(super) fn deleverage_by_policy(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        hunt: &Hunt,
    ) -> Result<Disposed, Rejection> {
        let from = match hunt.whose {
            Whose::Account => case.target.account,
            Whose::Backstop => self.funds.insurance_fund,
        };
        let size = self.lot(from, hunt.market).size;
        let (side, asked) = (side_of(size), hunt.base.min(size.unsigned_abs()));
        if asked == 0 {
            return Ok(Disposed::default());
        }
        let against = side.opposite();
        if self.waterfall.service.compare_policies {
            self.compare_policies(tx, case, hunt, (side, asked))?;
        }
        let mut ranking = self.ranking(tx, hunt.market, against, hunt.policy);
        let sum = self.cut_all(tx, case, hunt, (side, asked), &mut ranking);
        let key = (hunt.market, against);
        self.waterfall.rankings.insert(key, ranking);
        // Those it concerned are ranked anew already.
        self.waterfall.ranked_events = tx.events.len();
        let sum = sum?;
        let why = match hunt.whose {
            Whose::Account => hunt.why,
            Whose::Backstop => self
                .piece(case, hunt.market)
                .map_or(Why::BookInsufficient, |piece| piece.why),
        };
        let done = Amounts {
            base: sum.base,
            quote: sum.quote,
            index_quote: sum.index_quote,
        };
        if sum.base > 0 {
            let event = ServiceEvent::Hop {
                case: case.id,
                market: hunt.market,
                side,
                stage: StageKind::Deleverage,
                why,
                asked,
                done,
            };
            Self::tell(tx, event);
        }
        Ok(Disposed {
            quantity: sum.base.into(),
            notional: sum.index_quote.into(),
            shortfall: 0,
        })
    }

    fn cut_all(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        hunt: &Hunt,
        (side, asked): (Side, u64),
        ranking: &mut Ranking,
    ) -> Result<Sum, Rejection> {
        let step = i128::from(self.market(hunt.market)?.listing.step);
        let most = self.waterfall.service.counterparties_max;
        let mut sum = Sum::default();
        loop {
            let left = asked.saturating_sub(sum.base);
            let plan = ranking.plan(left.into(), step)?;
            if plan.is_empty() {
                return Ok(sum);
            }
            for cut in plan {
                if sum.accounts >= most {
                    return Ok(sum);
                }
                let account = cut.from.account;
                match self.cut(tx, case, hunt, (side, &cut))? {
                    Done::Taken(amounts) => {
                        sum.base = sum.base.saturating_add(amounts.base);
                        sum.quote = sum.quote.saturating_add(amounts.quote);
                        sum.index_quote = sum.index_quote.saturating_add(amounts.index_quote);
                        sum.accounts = sum.accounts.saturating_add(1);
                    }
                    Done::Passed(why) => {
                        ranking.update(account, None);
                        let event = ServiceEvent::CounterpartySkipped {
                            case: case.id,
                            market: hunt.market,
                            account,
                            rank: cut.rank,
                            why,
                        };
                        Self::tell(tx, event);
                        continue;
                    }
                    Done::Stale => {}
                    Done::Restored => return Ok(sum),
                }
                let side = side.opposite();
                let now = self.candidate(tx.ledger(), account, hunt.market, side);
                // One that was stale and is as before could be tried for ever.
                let now = now.filter(|now| *now != cut.from);
                ranking.update(account, now);
            }
        }
    }

    fn cut(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        hunt: &Hunt,
        (side, cut): (Side, &Cut),
    ) -> Result<Done, Rejection> {
        let (market, base) = (hunt.market, pips(cut.quantity));
        let mark = self.mark(tx);
        let called = match hunt.whose {
            Whose::Account => self.cut_wallet(tx, case, market, cut, base),
            Whose::Backstop => self.cut_fund(tx, case, market, cut, base),
        };
        let quote = match called {
            Ok(quote) => quote,
            Err(rejection) => {
                self.back_to(tx, &mark);
                return done_of(rejection);
            }
        };
        let amounts = Amounts {
            base,
            quote,
            index_quote: self.index_quote(market, base)?,
        };
        let receipt = Receipt {
            case: case.id,
            account: cut.from.account,
            market,
            side: side.opposite(),
            policy: hunt.policy,
            rank: cut.rank,
            of: cut.of,
            quintile: cut.quintile,
            score: cut.from.score,
            hedged: cut.from.hedged,
            quantity: cut.quantity,
            quote: quote.into(),
            index_quote: amounts.index_quote.into(),
            covered: against_index(side, &amounts),
        };
        Self::tell(tx, ServiceEvent::Deleveraged(receipt));
        Ok(Done::Taken(amounts))
    }

    /// `deleverageInMaintenanceAcquisition`, at the exact quote.
    fn cut_wallet(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        cut: &Cut,
        base: u64,
    ) -> Result<u64, Rejection> {
        let account = case.target.account;
        self.apply_funding(tx, account)?;
        let totals = self.totals(tx.ledger(), account)?;
        let mut what = Deleverage {
            market,
            account,
            counterparty: cut.from.account,
            base,
            quote: 0,
        };
        let lot = self.lot(account, market);
        what.quote = self.bankruptcy_part(&what, lot, &totals)?;
        self.deleverage_in_maintenance(tx, &what)?;
        Ok(what.quote)
    }

    /// `deleverageInsuranceFundClosure`, at the exact quote.
    fn cut_fund(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        cut: &Cut,
        base: u64,
    ) -> Result<u64, Rejection> {
        let fund = self.funds.insurance_fund;
        let quote = cross::entry_quote(self.lot(fund, market), base)?;
        let what = Deleverage {
            market,
            account: fund,
            counterparty: cut.from.account,
            base,
            quote,
        };
        self.deleverage_insurance_fund(tx, &what)?;
        self.release(tx, case, market, Way::Deleveraged, (base, quote))?;
        Ok(quote)
    }
}

fn done_of(rejection: Rejection) -> Result<Done, Rejection> {
    let Rejection::Kuma(Refusal::Revert(revert)) = rejection else {
        return Err(rejection);
    };
    match revert {
        Revert::MaintenanceNotMet => Ok(Done::Passed(Skip::Margin)),
        Revert::PositionMustMoveTowardZero | Revert::PositionMustBeNonZero => Ok(Done::Stale),
        Revert::MaintenanceMet => Ok(Done::Restored),
        _ => Err(rejection),
    }
}
