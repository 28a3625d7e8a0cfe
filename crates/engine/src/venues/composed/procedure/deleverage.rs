//! Positions nobody took are reduced against sound accounts on the other side of their market.
//!
//! The account's own at its bankruptcy price, computed anew at every cut; what the acquirer holds
//! at what it cost. Whose turn it is the policy says ([`crate::backstop::deleverage`]); who would
//! not be sound afterwards is passed over for the rest of the command, and so is who is in
//! liquidation or under its requirement. The fund, the vault and the keeper are no counterparties;
//! the street, which trades for its own account, is.
//!
//! A ranking is made once per command and market side, when it is first needed; whoever has moved
//! since is ranked anew. Pro rata looks at everybody each time.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, Side, mul_div};

use super::hand_over::{Handing, Seller, quantity_of, result_of_giving, side_of, signed};
use super::what_if::Part;
use crate::Rejection;
use crate::Tx;
use crate::backstop::deleverage::{Candidate, Cut, Policy, Ranking, Score, Stake, least_quantity};
use crate::ledger::{Ledger, Reason};
use crate::liquidation::{Case, Disposed, StageKind};
use crate::margin::cross::ONE;
use crate::venues::composed::{Composed, Taker, accounts};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// Rankings of no more than so many are checked against the naive one in debug builds.
const FEW: u32 = 64;

/// A ranking of this command.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    ranking: Ranking,
    /// How many of those who moved it knows.
    seen: usize,
}

impl Ranked {
    /// What was moved since the first `known` was taken back, or may have been.
    pub(super) fn forget(&mut self, known: usize) {
        self.seen = self.seen.min(known);
    }
}

/// What counterparties are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hunt {
    pub(super) market: MarketId,
    /// How much base at most.
    pub(super) base: u64,
    /// How they are chosen.
    pub(super) policy: Policy,
}

impl Composed {
    /// Reduces up to what is hunted of what a case has in a market.
    pub(super) fn reduce_against(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        hunt: &Hunt,
        seller: &Seller,
    ) -> Result<Disposed, Rejection> {
        let against = seller.side().opposite();
        let mut ranked = self.ranked(tx, hunt, against);
        let done = self.cut_all(tx, case, hunt, &mut ranked.ranking);
        // Those it concerned are ranked anew already.
        ranked.seen = self.cases.moved.len();
        self.cases.ranked.insert((hunt.market, against), ranked);
        done
    }

    fn cut_all(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        hunt: &Hunt,
        ranking: &mut Ranking,
    ) -> Result<Disposed, Rejection> {
        let (market, step) = (hunt.market, self.step(hunt.market)?);
        let most = self.config.backstops.counterparties_max;
        let (mut done, mut count) = (Disposed::default(), 0u32);
        loop {
            let left = i128::from(hunt.base).saturating_sub(done.quantity);
            let plan = ranking.plan(left, step)?;
            if plan.is_empty() {
                return Ok(done);
            }
            for cut in plan {
                let seller = self.seller(self.file(case.id)?, market);
                let Some(seller) = seller.filter(|_| count < most) else {
                    return Ok(done);
                };
                let account = cut.from.account;
                let Some(cut) = self.cut(tx, case, market, &seller, &cut)? else {
                    ranking.update(account, None);
                    continue;
                };
                count = count.saturating_add(1);
                done.quantity = done.quantity.saturating_add(cut.quantity);
                done.notional = done.notional.saturating_add(cut.notional);
                done.shortfall = done.shortfall.saturating_add(cut.shortfall);
                let against = seller.side().opposite();
                let now = self.candidate(tx.ledger(), account, market, against);
                ranking.update(account, now);
            }
        }
    }

    /// One counterparty; nothing where it would not be sound afterwards.
    fn cut(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        seller: &Seller,
        cut: &Cut,
    ) -> Result<Option<Disposed>, Rejection> {
        let base = quantity_of(cut.quantity).min(seller.size.unsigned_abs());
        let what = Handing {
            case: case.id,
            market,
            from: seller.account,
            to: cut.from.account,
            taker: Taker::Counterparty,
            size: signed(base, seller.size)?,
            quote: self.price_of_rule(tx, market, seller, base)?,
            reason: Reason::Deleveraging,
        };
        let notional = self.at_mark(market, base, Rounding::Down)?;
        let won = result_of_giving(&what, notional)?;
        if !self.would_stand(tx, what.to, (market, base), won)? {
            return Ok(None);
        }
        if seller.cost.is_some() {
            return self.dispose(tx, seller, &what).map(Some);
        }
        self.hand_over(tx, &what)?;
        // What the account owes beyond what it has goes to its counterparties in parts.
        let shortfall = won.max(0);
        self.change_file(case.id, |file| {
            file.went(market, base);
            let sum = file.shortfall.checked_add(shortfall);
            file.shortfall = sum.ok_or(OVERFLOW)?;
            Ok(())
        })?;
        Ok(Some(Disposed {
            quantity: base.into(),
            notional,
            shortfall,
        }))
    }

    /// The quote that goes with a part by the rule: up, in favour of whoever sells.
    fn price_of_rule(
        &self,
        tx: &Tx<'_>,
        market: MarketId,
        seller: &Seller,
        base: u64,
    ) -> Result<i128, Rejection> {
        let whole = match seller.cost {
            Some(cost) => cost,
            None => {
                let all = self.bankrupt(tx, seller.account)?;
                let here = all.iter().find(|one| one.market == market);
                here.map_or(0, |one| one.quote)
            }
        };
        let size = i128::from(seller.size.unsigned_abs()).max(1);
        Ok(mul_div(whole, base.into(), size, Rounding::Ceil)?)
    }

    /// Whether a counterparty that loses `won` by giving `base` up would be sound.
    fn would_stand(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        (market, base): (MarketId, u64),
        won: i128,
    ) -> Result<bool, Rejection> {
        let equity = self.equity(tx.ledger(), account)?;
        // A pip for the rounding of equity, which may fall by one more than what is lost.
        let then = equity.checked_sub(won).and_then(|e| e.checked_sub(1));
        let then = then.ok_or(OVERFLOW)?;
        Ok(then >= self.requirement_without(account, market, base)?)
    }

    /// The ranking of a market side, up to date.
    fn ranked(&mut self, tx: &Tx<'_>, hunt: &Hunt, side: Side) -> Ranked {
        let market = hunt.market;
        let known = self.cases.ranked.remove(&(market, side));
        let mut ranked = match known {
            Some(ranked) if ranked.ranking.policy() == hunt.policy => ranked,
            _ => {
                let holders = self.holdings.holders(market);
                let all = holders.filter_map(|a| self.candidate(tx.ledger(), a, market, side));
                let ranking = Ranking::new(hunt.policy, all.collect());
                let seen = self.cases.moved.len();
                return Ranked { ranking, seen };
            }
        };
        let moved = self.cases.moved.get(ranked.seen..).unwrap_or_default();
        let mut moved = moved.to_vec();
        moved.sort_unstable();
        moved.dedup();
        for account in moved {
            let now = self.candidate(tx.ledger(), account, market, side);
            ranked.ranking.update(account, now);
        }
        debug_assert!(self.is_fresh(tx, hunt, side, &ranked.ranking));
        ranked
    }

    /// Whether a ranking kept up to date is in the order of one made now, but for those who were
    /// passed over. The naive reference, asked in debug builds of small rankings.
    fn is_fresh(&self, tx: &Tx<'_>, hunt: &Hunt, side: Side, kept: &Ranking) -> bool {
        if kept.of() > FEW {
            return true;
        }
        let holders = self.holdings.holders(hunt.market);
        let all = holders.filter_map(|a| self.candidate(tx.ledger(), a, hunt.market, side));
        let now = Ranking::new(hunt.policy, all.collect()).ranks();
        let mut now = now.iter().map(|cut| cut.from);
        let kept = kept.clone().ranks();
        kept.iter().all(|cut| now.any(|one| one == cut.from))
    }

    /// An account as a counterparty on a side of a market, if it can be one. One whose numbers do
    /// not fit cannot.
    fn candidate(
        &self,
        ledger: &Ledger,
        account: AccountId,
        market: MarketId,
        side: Side,
    ) -> Option<Candidate> {
        let own = accounts::is_own(account) && account != accounts::STREET;
        let size = self.holdings.size(account, market);
        if own || size == 0 || side_of(size) != side || self.cases.of(account).is_some() {
            return None;
        }
        let health = self.health(ledger, account).ok()?;
        if health.equity < health.requirement {
            return None;
        }
        self.stake(account, market, health.equity).ok().flatten()
    }

    fn stake(
        &self,
        account: AccountId,
        market: MarketId,
        equity: i128,
    ) -> Result<Option<Candidate>, Rejection> {
        let (mut exposure, mut others) = (0i128, 0i128);
        let mut own = None;
        for position in self.positions(account) {
            let base = position.size.unsigned_abs();
            let worth = self.at_mark(position.market, base, Rounding::Down)?;
            exposure = exposure.checked_add(worth).ok_or(OVERFLOW)?;
            let sign = i128::from(position.size.signum());
            let signed = worth.checked_mul(sign).ok_or(OVERFLOW)?;
            if position.market == market {
                own = Some((*position, worth, sign));
            } else {
                others = others.checked_add(signed).ok_or(OVERFLOW)?;
            }
        }
        let Some((position, worth, sign)) = own else {
            return Ok(None);
        };
        let cost = position.entry.checked_mul(sign).ok_or(OVERFLOW)?;
        let profit = worth.checked_sub(cost).and_then(|p| p.checked_mul(sign));
        let stake = Stake {
            profit: profit.ok_or(OVERFLOW)?,
            cost,
            exposure,
            equity,
        };
        let Some(score) = Score::of(&stake)? else {
            return Ok(None);
        };
        let size = i128::from(position.size.unsigned_abs());
        // Down: a fraction of a pip offsets nothing.
        let offset = others.checked_mul(sign).and_then(i128::checked_neg);
        let offset = offset.ok_or(OVERFLOW)?.max(0).min(worth);
        let mark = i128::from(self.mark(market)?);
        let hedged = mul_div(offset, ONE.into(), mark, Rounding::Floor)?.min(size);
        Ok(Some(Candidate {
            account,
            size,
            hedged,
            score,
        }))
    }

    /// The least of an account's position with which, deleveraged at the bankruptcy price, the
    /// acquirer could take the rest over; all of it where nobody takes over.
    pub(super) fn needed_of_account(
        &self,
        tx: &Tx<'_>,
        case: &Case,
        market: MarketId,
    ) -> Result<i128, Rejection> {
        let account = case.target.account;
        let size = self.holdings.size(account, market);
        let all = i128::from(size.unsigned_abs());
        let takes = |kind: StageKind| kind == StageKind::Acquire;
        if !self.config.procedure.iter().any(|s| takes(s.kind())) {
            return Ok(all);
        }
        let bankrupt = self.bankrupt(tx, account)?;
        let borne = self.file(case.id)?.borne;
        least_quantity(all, self.step(market)?, |quantity| {
            let mut parts: Vec<Part> = Vec::with_capacity(bankrupt.len());
            for one in &bankrupt {
                let part = one.part()?;
                parts.push(match one.market == market {
                    true => part.less(quantity_of(quantity))?,
                    false => part,
                });
            }
            self.can_carry(tx, borne, &parts)
        })
    }

    /// The least of what the acquirer holds of a case in a market with which, given up at its
    /// cost, it keeps to its terms again.
    pub(super) fn needed_of_acquirer(
        &self,
        tx: &Tx<'_>,
        market: MarketId,
        seller: &Seller,
    ) -> Result<i128, Rejection> {
        let all = seller.size.unsigned_abs();
        let marked = self.at_mark(market, all, Rounding::HalfEven)?;
        let won = seller.cost.unwrap_or(marked).checked_sub(marked);
        let sign = i128::from(seller.size.signum());
        let won = won.and_then(|won| won.checked_mul(sign)).ok_or(OVERFLOW)?;
        least_quantity(all.into(), self.step(market)?, |quantity| {
            let base = quantity_of(quantity);
            let size = signed(base, seller.size)?;
            let share = i128::from(all).max(1);
            let part = Part {
                market,
                size: size.checked_neg().ok_or(OVERFLOW)?,
                result: mul_div(won, quantity, share, Rounding::Floor)?,
            };
            self.keeps_terms(tx, &part)
        })
    }
}
