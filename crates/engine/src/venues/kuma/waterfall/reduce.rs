//! Partial liquidation, and how little would be enough.
//!
//! A wallet below its maintenance requirement gives up positions to the fund at the index price
//! less a discount (a share of the market's maintenance fraction), until it is above its *initial*
//! requirement. The contracts have no such function: at the bankruptcy price a part of a position
//! changes nothing about value over requirement. What the fund takes over here goes the same way
//! as everything it takes over.
//!
//! What would be enough is asked of hypothetical wallets: value and requirement as they are, but
//! for one position.

use plimsoll_units::{AccountId, MarketId, Rounding, Side, mul_div};

use super::event::{Amounts, Why};
use super::take::{fund_cannot, side_of};
use crate::backstop::deleverage::least_quantity;
use crate::ledger::Reason;
use crate::liquidation::stages::SLICE_ONE;
use crate::liquidation::{Case, Disposed, Reducible, StageKind};
use crate::margin::cross::{self, Lot, ONE};
use crate::venues::kuma::settle::{Handover, Level};
use crate::venues::kuma::{Kuma, Refusal};
use crate::{Rejection, Tx};

/// Value against initial requirement, in pips.
#[derive(Debug, Clone, Copy)]
struct Standing {
    value: i128,
    initial: i128,
}

impl Standing {
    const fn holds(self) -> bool {
        self.value >= self.initial
    }
}

impl Kuma {
    /// The positions the wallet could give up, and what each frees; none when it meets its
    /// requirement, or when giving up everything would leave less than nothing.
    pub(super) fn reducible_positions(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
    ) -> Result<Vec<Reducible>, Rejection> {
        let mut found = Vec::new();
        if !self.is_liquidatable(tx.ledger(), account)? {
            return Ok(found);
        }
        let mut left = i128::from(self.value_truncated(tx.ledger(), account)?);
        left = left.saturating_add(self.outstanding_funding(account)?.into());
        for (_, position) in self.wallets.of(account) {
            let (id, size) = (position.market(), position.size());
            let market = self.market(id)?;
            if !market.is_active() {
                continue;
            }
            let base = size.unsigned_abs();
            let quote = self.reduction_quote(account, id, side_of(size), base)?;
            let index = self.index_quote(id, base)?;
            let cost = i128::from(quote)
                .saturating_sub(index.into())
                .saturating_abs();
            let fraction = cross::initial_fraction(self.limits(account, id)?, size)?;
            let frees = cross::requirement(size, market.index_price(), fraction)?;
            left = left.saturating_sub(cost);
            found.push(Reducible {
                market: id,
                quantity: base.into(),
                step: market.listing.step.into(),
                frees: i128::from(frees).saturating_sub(cost),
            });
        }
        if left < 0 {
            found.clear();
        }
        Ok(found)
    }

    /// What the fund gives for `base` of a position in a partial liquidation, or takes: the index
    /// less the discount for a long, rounded down, and more for a short, rounded up; both in
    /// favour of the fund.
    fn reduction_quote(
        &self,
        account: AccountId,
        market: MarketId,
        side: Side,
        base: u64,
    ) -> Result<u64, Rejection> {
        let maintenance = self.limits(account, market)?.maintenance_margin_fraction;
        let share = self.waterfall.service.reduction_discount_e5;
        let all = i128::from(SLICE_ONE);
        let discount = mul_div(maintenance.into(), share.into(), all, Rounding::Ceil)?;
        let one = i128::from(ONE);
        let (factor, rounding) = match side {
            Side::Long => (one.saturating_sub(discount).max(0), Rounding::Floor),
            Side::Short => (one.saturating_add(discount), Rounding::Ceil),
        };
        let index = i128::from(base).saturating_mul(self.market(market)?.index_price().into());
        let scale = one.saturating_mul(one);
        let quote = mul_div(index, factor, scale, rounding)?;
        Ok(cross::signed(quote)?.unsigned_abs())
    }

    /// Whether the wallet would be above its initial requirement with `base` less in a market.
    pub(super) fn suffices(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        market: MarketId,
        base: u64,
    ) -> Result<bool, Rejection> {
        let lot = self.lot(account, market);
        let side = side_of(lot.size);
        let quote = self.reduction_quote(account, market, side, base)?;
        let after = smaller(lot, base)?;
        let paid = i128::from(quote).saturating_mul(side.sign());
        let standing = self.standing(tx, account, (market, after), paid)?;
        Ok(standing.holds())
    }

    /// Value and initial requirement, with another size in one market and more quote.
    fn standing(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        (changed, size): (MarketId, i64),
        more: i128,
    ) -> Result<Standing, Refusal> {
        let quote = i128::from(self.quote(tx.ledger(), account)?);
        let funding = i128::from(self.outstanding_funding(account)?);
        let mut standing = Standing {
            value: quote.saturating_add(funding).saturating_add(more),
            initial: 0,
        };
        for (_, position) in self.wallets.of(account) {
            let id = position.market();
            let size = if id == changed { size } else { position.size() };
            self.add_position(account, (id, size), &mut standing)?;
        }
        Ok(standing)
    }

    fn add_position(
        &self,
        account: AccountId,
        (id, size): (MarketId, i64),
        standing: &mut Standing,
    ) -> Result<(), Refusal> {
        let price = self.market(id)?.index_price();
        let fraction = cross::initial_fraction(self.limits(account, id)?, size)?;
        let (value, needs) = (
            cross::value(size, price)?,
            cross::requirement(size, price, fraction)?,
        );
        standing.value = standing.value.saturating_add(value.into());
        standing.initial = standing.initial.saturating_add(needs.into());
        Ok(())
    }

    /// The wallet gives `base` of a position up to the fund, if the fund can carry it.
    pub(super) fn reduce(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        base: u64,
    ) -> Result<Disposed, Rejection> {
        self.not_in_recovery()?;
        let (account, fund) = (case.target.account, self.funds.insurance_fund);
        let mark = self.mark(tx);
        self.apply_funding(tx, account)?;
        self.apply_funding(tx, fund)?;
        let side = side_of(self.lot(account, market).size);
        let amounts = Amounts {
            base,
            quote: self.reduction_quote(account, market, side, base)?,
            index_quote: self.index_quote(market, base)?,
        };
        let handover = Handover {
            market,
            from: account,
            to: fund,
            base,
            quote: amounts.quote,
            reason: Reason::Acquisition,
            toward_zero: false,
        };
        let taken = self
            .hand_over(tx, &handover)
            .and_then(|()| self.check_margin(tx, fund, Level::Initial));
        if let Err(rejection) = taken {
            self.back_to(tx, &mark);
            return fund_cannot(&rejection)
                .map(|_| Disposed::default())
                .ok_or(rejection);
        }
        let why = Why::Restorable;
        self.tell_hop(tx, case, (market, side), StageKind::Reduce, why, &amounts);
        self.keep(tx, case, (market, side), &amounts)?;
        let result = super::take::against_index(side, &amounts).saturating_neg();
        let now = tx.now;
        self.change_fund(|fund| fund.book(now, market, result))?;
        Ok(Disposed {
            quantity: base.into(),
            notional: amounts.index_quote.into(),
            shortfall: 0,
        })
    }

    /// The least of what is held for a case in a market with which, closed at the fund's entry
    /// price, the fund meets its initial requirement again. All that is due once a cap on the
    /// fund's losses leaves it no room.
    pub(super) fn needed_of_fund(
        &self,
        tx: &Tx<'_>,
        case: &Case,
        market: MarketId,
    ) -> Result<i128, Rejection> {
        let Some(piece) = self.piece(case, market) else {
            return Ok(0);
        };
        let due = i128::from(piece.due.min(piece.left()));
        let holding = self.waterfall.holdings.get(&case.id);
        let borne = holding.map_or(0, |holding| holding.result.saturating_neg());
        let room = self.waterfall.fund.room(tx.now, market, borne)?;
        if room.is_some_and(|room| room.amount == 0) {
            return Ok(due);
        }
        let fund = self.funds.insurance_fund;
        let (lot, side) = (self.lot(fund, market), piece.side);
        let step = i128::from(self.market(market)?.listing.step);
        least_quantity(due, step, |quantity| {
            let base = super::subject::pips(quantity);
            let quote = cross::entry_quote(lot, base)?;
            let paid = i128::from(quote).saturating_mul(side.sign());
            let after = (market, smaller(lot, base)?);
            Ok::<_, Rejection>(self.standing(tx, fund, after, paid)?.holds())
        })
    }

    /// The least of a wallet's position with which, deleveraged at the bankruptcy price, the fund
    /// could take the rest of the wallet over.
    pub(super) fn needed_of_wallet(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        market: MarketId,
    ) -> Result<i128, Rejection> {
        let size = i128::from(self.lot(account, market).size.unsigned_abs());
        let step = i128::from(self.market(market)?.listing.step);
        least_quantity(size, step, |quantity| {
            let base = super::subject::pips(quantity);
            self.could_take(tx, account, market, base)
        })
    }

    /// Whether the fund could take a wallet over that has `base` less in a market. The wallet's
    /// value, which goes over whole, shrinks in proportion to its requirement, as it does at the
    /// bankruptcy price.
    fn could_take(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        market: MarketId,
        base: u64,
    ) -> Result<bool, Rejection> {
        let fund = self.funds.insurance_fund;
        let value = self
            .totals_with_funding(tx.ledger(), account)?
            .value_pips()?;
        let own = self.value_truncated(tx.ledger(), fund)?;
        let funding = self.outstanding_funding(fund)?;
        let (mut kept, mut all, mut initial) = (0i128, 0i128, 0i128);
        let mut taken = Vec::new();
        for (_, position) in self.wallets.of(account) {
            let id = position.market();
            let price = self.market(id)?.index_price();
            let fraction = self.limits(account, id)?.maintenance_margin_fraction;
            let needs = |size: i64| cross::requirement(size, price, fraction);
            let size = if id == market {
                smaller(position.lot(), base)?
            } else {
                position.size()
            };
            all = all.saturating_add(needs(position.size())?.into());
            kept = kept.saturating_add(needs(size)?.into());
            taken.push((id, size));
        }
        for (_, position) in self.wallets.of(fund) {
            if taken.iter().all(|(id, _)| *id != position.market()) {
                taken.push((position.market(), 0));
            }
        }
        for (id, size) in taken {
            let before = self.lot(fund, id).size;
            let (after, limits) = (cross::add(before, size)?, self.limits(fund, id)?);
            let reduced = after.unsigned_abs() < before.unsigned_abs();
            if after.unsigned_abs() > limits.maximum_position_size && !reduced {
                return Ok(false);
            }
            let fraction = cross::initial_fraction(limits, after)?;
            let price = self.market(id)?.index_price();
            let needs = cross::requirement(after, price, fraction)?;
            initial = initial.saturating_add(needs.into());
        }
        // Down, in favour of the fund.
        let over = mul_div(value.into(), kept, all.max(1), Rounding::Floor)?;
        let value = i128::from(own).saturating_add(funding.into());
        Ok(value.saturating_add(over) >= initial)
    }
}

/// The size of a position with `base` less of it.
fn smaller(lot: Lot, base: u64) -> Result<i64, Refusal> {
    let way = cross::Way::closing(lot.size);
    Ok(lot.size_after(way, base)?)
}
