//! Makers who leave under a stress: they close what the takers of their product do not need, and
//! once that has settled take the same share of their collateral out.

use plimsoll_engine::venues::perennial::{Command as Do, Role};
use plimsoll_engine::{Body, Engine};
use plimsoll_units::{Amount as Money, Quantity, Timestamp};

use super::PerennialDesk;
use crate::replay::leaving::Reduction;
use crate::replay::plan::Plans;

/// A maker as its product has it.
#[derive(Debug, Clone, Copy)]
struct Stands {
    /// What it makes once what is pending has settled.
    size: i128,
    /// Whether something is pending.
    pending: bool,
    /// Its collateral at the newest version.
    collateral: i128,
    /// How much more the product's makers have than its takers, all settled.
    free: i128,
}

impl PerennialDesk {
    /// Every maker with a position decides to keep a part of it.
    pub(super) fn makers_leave(
        &mut self,
        at: usize,
        engine: &Engine,
        (plans, now): (&mut Plans, Timestamp),
    ) {
        let decide = |by: usize| {
            let stands = self.stands(engine, by)?;
            let keeps = self.book.keeps(at, stands.size);
            let money = self.book.keeps(at, stands.collateral);
            (stands.size > 0).then_some(Reduction { by, keeps, money })
        };
        let new: Vec<Reduction> = (0..self.makers.len()).filter_map(decide).collect();
        let when = (plans, now);
        self.book.begin_leaving(&mut self.leaving, new, when);
    }

    /// One of them closes what it may, or takes its money.
    pub(super) fn reduce(
        &self,
        at: usize,
        engine: &Engine,
        (plans, now): (&mut Plans, Timestamp),
    ) -> Vec<Body> {
        let Some(reduction) = self.leaving.get(at) else {
            return Vec::new();
        };
        let (Some(maker), Some(stands)) = (
            self.makers.get(reduction.by),
            self.stands(engine, reduction.by),
        ) else {
            return Vec::new();
        };
        let (product, account, by) = (maker.product, maker.account, maker.account);
        let wanted = stands.size.saturating_sub(reduction.keeps);
        if wanted > 0 || stands.pending {
            self.book.reduce_again(at, plans, now);
            let amount = wanted.min(stands.free);
            let close = Do::Close {
                product,
                account,
                by,
                role: Role::Maker,
                amount: Quantity::from_raw(amount),
            };
            return (amount > 0)
                .then_some(Body::Perennial(close))
                .into_iter()
                .collect();
        }
        let amount = stands.collateral.saturating_sub(reduction.money);
        let withdraw = Do::Withdraw {
            product,
            account,
            by,
            amount: Some(Money::from_raw(amount)),
        };
        (amount > 0)
            .then_some(Body::Perennial(withdraw))
            .into_iter()
            .collect()
    }

    fn stands(&self, engine: &Engine, by: usize) -> Option<Stands> {
        let (maker, venue) = (self.makers.get(by)?, self.state(engine)?);
        let product = venue.product(maker.product).ok()?;
        let view = product.account_view(engine.ledger(), maker.account).ok()?;
        let settlement = venue.preview(maker.product).ok()?;
        let standing = product.standing(engine.ledger(), &settlement, maker.account);
        let all = settlement.pre.next(&settlement.position).ok()?;
        let size = view.pre.next(&view.position).ok()?.maker.raw();
        Some(Stands {
            size,
            pending: standing
                .as_ref()
                .ok()?
                .is_some_and(|s| s.size.raw() != size),
            collateral: standing.ok()??.collateral.raw(),
            free: all.maker.raw().saturating_sub(all.taker.raw()),
        })
    }
}
