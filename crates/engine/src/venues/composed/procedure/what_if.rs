//! What margin would be, if: how little of a position is enough, and what the acquirer can carry.
//!
//! Nothing here changes anything. A part is thought away at the mark less what giving it up costs
//! (a discount, the penalty), so that what is found to be enough is enough.

use std::cmp::Reverse;

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, mul_div};

use super::hand_over::{E5, quantity_of, signed};
use crate::backstop::fund::Cap;
use crate::liquidation::Reducible;
use crate::venues::composed::holdings::Position;
use crate::venues::composed::{Composed, Margin, Refusal, accounts};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;
/// A fraction in pips times a share in 1/100,000.
const PIPS_E5: i128 = 100_000_000 * E5;

/// A part of a position that the acquirer would take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) market: MarketId,
    /// Signed, pips of base.
    pub(super) size: i64,
    /// What the acquirer wins by it against the mark; negative where it pays more.
    pub(super) result: i128,
}

impl Part {
    /// The same with `quantity` less of it.
    pub(super) fn less(self, quantity: u64) -> Result<Self, ArithmeticError> {
        let all = i128::from(self.size.unsigned_abs()).max(1);
        let less = signed(quantity, self.size)?;
        let gone = mul_div(self.result, quantity.into(), all, Rounding::Floor)?;
        Ok(Self {
            market: self.market,
            size: self.size.checked_sub(less).ok_or(OVERFLOW)?,
            result: self.result.checked_sub(gone).ok_or(OVERFLOW)?,
        })
    }
}

impl Composed {
    pub(super) fn step(&self, market: MarketId) -> Result<i128, Refusal> {
        let found = self.config.markets.get(market.index());
        let found = found.ok_or(Refusal::UnknownMarket(market))?;
        Ok(found.step.into())
    }

    /// An account's positions with `quantity` less in a market.
    fn without(
        &self,
        account: AccountId,
        market: MarketId,
        quantity: u64,
    ) -> Result<Vec<Position>, ArithmeticError> {
        let mut positions = self.positions(account).to_vec();
        for position in positions.iter_mut().filter(|p| p.market == market) {
            let less = signed(quantity, position.size)?;
            position.size = position.size.checked_sub(less).ok_or(OVERFLOW)?;
        }
        positions.retain(|position| position.size != 0);
        Ok(positions)
    }

    /// The maintenance requirement with `quantity` less in a market.
    pub(super) fn requirement_without(
        &self,
        account: AccountId,
        market: MarketId,
        quantity: u64,
    ) -> Result<i128, Rejection> {
        self.requirement_of(&self.without(account, market, quantity)?)
    }

    /// The initial requirement with `quantity` less in a market.
    fn initial_without(
        &self,
        account: AccountId,
        market: MarketId,
        quantity: u64,
    ) -> Result<i128, Rejection> {
        self.initial_of(&self.without(account, market, quantity)?)
    }

    /// An account's equity after a penalty on `quantity`, which it pays as far as it can.
    fn after_penalty(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        (market, quantity): (MarketId, u64),
        discount: i128,
    ) -> Result<i128, Rejection> {
        let equity = self.equity(tx.ledger(), account)?;
        let equity = equity.checked_sub(discount).ok_or(OVERFLOW)?;
        let penalty = self.penalty(market, quantity)?.min(equity.max(0));
        Ok(equity.checked_sub(penalty).ok_or(OVERFLOW)?)
    }

    /// Whether an account with `quantity` less in a market, traded at `discount` in all less than
    /// the mark, would be `cushion_e5` above its requirement.
    pub(super) fn would_be_sound(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        (market, quantity): (MarketId, u64),
        (discount, cushion_e5): (i128, u32),
    ) -> Result<bool, Rejection> {
        let equity = self.after_penalty(tx, account, (market, quantity), discount)?;
        let needs = self.requirement_without(account, market, quantity)?;
        let with = E5.checked_add(cushion_e5.into()).ok_or(OVERFLOW)?;
        Ok(equity >= mul_div(needs, with, E5, Rounding::Ceil)?)
    }

    /// What an account gives up of `quantity` in a partial liquidation: this much less than the
    /// mark. Up, in favour of the acquirer.
    pub(super) fn discount(&self, market: MarketId, quantity: u64) -> Result<i128, Rejection> {
        let Some(terms) = &self.config.backstops.fund else {
            return Ok(0);
        };
        let found = self.config.markets.get(market.index());
        let found = found.ok_or(Refusal::UnknownMarket(market))?;
        let fraction = i128::from(found.maintenance);
        let share = fraction.checked_mul(terms.reduction_discount_e5.into());
        let notional = self.at_mark(market, quantity, Rounding::Ceil)?;
        let share = share.ok_or(OVERFLOW)?;
        Ok(mul_div(notional, share, PIPS_E5, Rounding::Ceil)?)
    }

    /// Whether giving up `quantity` to the acquirer would leave the account its initial
    /// requirement.
    pub(super) fn would_suffice(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        market: MarketId,
        quantity: u64,
    ) -> Result<bool, Rejection> {
        let discount = self.discount(market, quantity)?;
        let equity = self.after_penalty(tx, account, (market, quantity), discount)?;
        Ok(equity >= self.initial_without(account, market, quantity)?)
    }

    /// The account's positions that lower its requirement when they are traded away, what lowers
    /// it most for its notional first, each with the most of it that still does.
    pub(super) fn helpful(&self, account: AccountId) -> Result<Vec<Reducible>, Rejection> {
        let mut found = Vec::new();
        for position in self.positions(account) {
            let market = position.market;
            let quantity = self.helpful_part(account, position)?;
            let base = quantity_of(quantity);
            let before = self.requirement(account)?;
            let after = self.requirement_without(account, market, base)?;
            let frees = before.checked_sub(after).ok_or(OVERFLOW)?;
            let frees = frees.checked_sub(self.penalty(market, base)?);
            let frees = frees.ok_or(OVERFLOW)?;
            if frees <= 0 {
                continue;
            }
            let notional = self.at_mark(market, base, Rounding::Ceil)?.max(1);
            let density = mul_div(frees, PIPS_E5, notional, Rounding::Floor)?;
            let step = self.step(market)?;
            let one = Reducible {
                market,
                quantity,
                step,
                frees,
            };
            found.push((Reverse(density), one));
        }
        found.sort_by_key(|(density, one)| (*density, one.market));
        Ok(found.into_iter().map(|(_, one)| one).collect())
    }

    /// How much of a position still lowers the requirement: all of it where requirements add up;
    /// of a portfolio, where one position offsets another, the least of a convex function.
    fn helpful_part(&self, account: AccountId, position: &Position) -> Result<i128, Rejection> {
        let all = i128::from(position.size.unsigned_abs());
        if !matches!(self.config.margin, Margin::Portfolio(_)) {
            return Ok(all);
        }
        let step = self.step(position.market)?.max(1);
        let quantity = |steps: i128| steps.saturating_mul(step).min(all);
        let needs = |steps: i128| {
            let base = quantity_of(quantity(steps));
            self.requirement_without(account, position.market, base)
        };
        // The first step from which on another one does not help: beyond `low`, at most `high`.
        let (mut low, mut high) = (-1i128, mul_div(all, 1, step, Rounding::Ceil)?);
        while high.saturating_sub(low) > 1 {
            let middle = mul_div(low.saturating_add(high), 1, 2, Rounding::Floor)?;
            if needs(middle.saturating_add(1))? < needs(middle)? {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(quantity(high))
    }

    /// The positions an account could give up to the acquirer to have its initial requirement
    /// again; none where all of them would not bring it there.
    pub(super) fn could_give_up(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
    ) -> Result<Vec<Reducible>, Rejection> {
        let mut left = self.equity(tx.ledger(), account)?;
        for position in self.positions(account) {
            let base = position.size.unsigned_abs();
            let discount = self.discount(position.market, base)?;
            let penalty = self.penalty(position.market, base)?;
            let costs = discount.checked_add(penalty).ok_or(OVERFLOW)?;
            left = left.checked_sub(costs).ok_or(OVERFLOW)?;
        }
        if left < 0 || self.acquirer().is_none() {
            return Ok(Vec::new());
        }
        let mut found = self.helpful(account)?;
        for one in &mut found {
            let discount = self.discount(one.market, quantity_of(one.quantity))?;
            one.frees = one.frees.checked_sub(discount).ok_or(OVERFLOW)?;
        }
        Ok(found)
    }

    /// Whether the acquirer can carry more, by its terms: its money, the notional it holds, and
    /// what the fund may lose on an account that has cost it `borne` so far. What makes it hold
    /// less it always can, while it has money.
    pub(super) fn can_carry(
        &self,
        tx: &Tx<'_>,
        borne: i128,
        parts: &[Part],
    ) -> Result<bool, Rejection> {
        let Some(acquirer) = self.acquirer() else {
            return Ok(false);
        };
        let mut result = 0i128;
        for part in parts {
            result = result.checked_add(part.result).ok_or(OVERFLOW)?;
        }
        let has = self.equity(tx.ledger(), acquirer)?;
        let equity = has.checked_add(result).ok_or(OVERFLOW)?;
        if equity <= 0 {
            return Ok(false);
        }
        if acquirer == accounts::FUND {
            let within = self.within_caps(tx, borne, result, parts)?;
            Ok(within && self.covered(equity, parts, false)?)
        } else {
            self.within_inventory(equity, parts, false)
        }
    }

    /// Whether the acquirer, after one more part, keeps to its terms by what it then has, whatever
    /// it had before.
    pub(super) fn keeps_terms(&self, tx: &Tx<'_>, part: &Part) -> Result<bool, Rejection> {
        let Some(acquirer) = self.acquirer() else {
            return Ok(true);
        };
        let equity = self.equity(tx.ledger(), acquirer)?;
        let equity = equity.checked_add(part.result).ok_or(OVERFLOW)?;
        let parts = std::slice::from_ref(part);
        Ok(equity > 0
            && if acquirer == accounts::FUND {
                self.covered(equity, parts, true)?
            } else {
                self.within_inventory(equity, parts, true)?
            })
    }

    /// Whether none of the fund's caps on losses is passed.
    fn within_caps(
        &self,
        tx: &Tx<'_>,
        borne: i128,
        result: i128,
        parts: &[Part],
    ) -> Result<bool, Rejection> {
        for part in parts {
            for room in self.fund.rooms(tx.now, part.market, borne)? {
                // A pot bears its market's part, every other cap the whole.
                let here = if room.cap == Cap::Pot {
                    part.result
                } else {
                    result
                };
                if here.saturating_neg() > room.amount {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether the fund's equity would cover its share of the notional it holds.
    fn covered(&self, equity: i128, parts: &[Part], strict: bool) -> Result<bool, Rejection> {
        let terms = self.config.backstops.fund.as_ref();
        let cover = i128::from(terms.map_or(0, |terms| terms.cover_e5));
        if cover == 0 {
            return Ok(true);
        }
        let mut after = self.notional(accounts::FUND)?;
        let before = after;
        for part in parts {
            let (had, has) = self.sizes(accounts::FUND, part)?;
            let had = self.at_mark(part.market, had, Rounding::Floor)?;
            let has = self.at_mark(part.market, has, Rounding::Ceil)?;
            let more = has.checked_sub(had).ok_or(OVERFLOW)?;
            after = after.checked_add(more).ok_or(OVERFLOW)?;
        }
        let needs = mul_div(after, cover, E5, Rounding::Ceil)?;
        Ok(equity >= needs || (!strict && after <= before))
    }

    /// Whether the vault would hold no more than it may in each market, and has not lost so much
    /// that it has stopped.
    fn within_inventory(
        &self,
        equity: i128,
        parts: &[Part],
        strict: bool,
    ) -> Result<bool, Rejection> {
        let Some(terms) = self.config.backstops.vault else {
            return Ok(false);
        };
        if equity < self.vault_floor()? {
            return Ok(false);
        }
        let most = mul_div(equity, terms.inventory_e5.into(), E5, Rounding::Floor)?;
        for part in parts {
            let (had, has) = self.sizes(accounts::VAULT, part)?;
            let worth = self.at_mark(part.market, has, Rounding::Ceil)?;
            if terms.inventory_e5 > 0 && (strict || has > had) && worth > most {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How much the acquirer holds in a market before and after it takes a part.
    fn sizes(&self, acquirer: AccountId, part: &Part) -> Result<(u64, u64), ArithmeticError> {
        let had = self.holdings.size(acquirer, part.market);
        let has = had.checked_add(part.size).ok_or(OVERFLOW)?;
        Ok((had.unsigned_abs(), has.unsigned_abs()))
    }

    /// The least equity the vault may be brought to: what its stop-loss leaves of what its
    /// providers put in. Up, in favour of the providers.
    pub(super) fn vault_floor(&self) -> Result<i128, Rejection> {
        let terms = self.config.backstops.vault;
        let stop = i128::from(terms.map_or(0, |terms| terms.stop_loss_e5));
        if stop == 0 {
            return Ok(0);
        }
        let kept = E5.checked_sub(stop).ok_or(OVERFLOW)?.max(0);
        Ok(mul_div(self.vault.put_in, kept, E5, Rounding::Ceil)?)
    }
}
