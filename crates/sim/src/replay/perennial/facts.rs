//! What the Perennial desk reports to the meter.
//!
//! * Only takers are traders. A breach is a taker's case; it is over at the version that settles
//!   the close, two versions after the price that caused it.
//! * A liquidation costs the account its reward and the closing fee; what the price does until the
//!   close settles is the market's doing.
//! * Makers are the backstop: it stands at what their accounts have, settled at the newest price.
//! * A loss beyond an account's collateral is the product's shortfall: counterparties were credited
//!   in full and whoever withdraws last is not paid, so nobody has borne it yet. Makers' own
//!   shortfalls are among them.
//!
//! A taker's exposure is taken as undampened: makers cover the takers.

use std::collections::BTreeMap;

use plimsoll_engine::ledger::{HolderKind, Movement, Reason};
use plimsoll_engine::liquidation::{Case, CaseEvent, StageKind, Trigger};
use plimsoll_engine::venues::perennial::{Command as Do, Event as Happened, Perennial, Role};
use plimsoll_engine::{Body, Command, Engine, Event};
use plimsoll_units::{AccountId, CaseId, MarketId, Rounding, Timestamp, mul_div};

use super::{E12, ONE, PerennialDesk};
use crate::compare::{Bearer, Breach, Meter, Payee, Stake, Taken, least_notional};
use crate::results::Exposure;

/// An account of a product.
type Key = (MarketId, AccountId);

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Numbers that opened the takers' open cases.
    cases: BTreeMap<CaseId, Open>,
    /// The close that was queued last: which case, how much.
    closing: Option<(CaseId, i128)>,
    /// The fee that was debited last, and from whom.
    fee: Option<(Key, i128)>,
    /// Liquidations of the command under way.
    liquidations: Vec<Liquidation>,
    /// Payoffs in force, by product.
    payoffs: Vec<i128>,
    /// Makers with a position, by product, and what they have together.
    makers: BTreeMap<MarketId, (Vec<AccountId>, i128)>,
    /// Products of which makers' standing may have changed by more than the price.
    changed: Vec<MarketId>,
    /// Brought by traders whose position was refused.
    idle: i128,
    /// What accounts in open cases lack together, by the last look.
    lacking: i128,
}

/// An open case.
#[derive(Debug, Clone, Copy)]
struct Open {
    product: MarketId,
    trigger: Trigger,
    /// At the last look.
    lacked: i128,
}

#[derive(Debug, Clone, Copy)]
struct Liquidation {
    case: CaseId,
    key: Key,
    size: i128,
    fee: i128,
    reward: i128,
}

impl Open {
    /// What the account lacks at the payoff in force; its funding since is left out.
    fn lacks(&self, payoff: Option<&i128>) -> i128 {
        let trigger = &self.trigger;
        let moved = payoff.map_or(0, |payoff| payoff - trigger.price);
        let then = trigger.price.saturating_abs().max(1);
        let result = mul_div(trigger.notional, moved, then, Rounding::Down);
        let equity = trigger.equity.saturating_add(result.unwrap_or(0));
        equity.min(0).saturating_neg()
    }
}

impl Facts {
    /// Looks at every open case anew. Between two looks what was lacking of a case goes with it.
    fn look(&mut self) {
        self.lacking = 0;
        for open in self.cases.values_mut() {
            open.lacked = open.lacks(self.payoffs.get(open.product.index()));
            self.lacking = self.lacking.saturating_add(open.lacked);
        }
    }
}

/// The meter of a Perennial venue.
pub(super) fn meter() -> Meter {
    Meter::new(18, Some(Bearer::Makers))
}

impl PerennialDesk {
    /// Whose trader an account of a product is; nothing for makers.
    fn taker(&self, key: Key) -> Option<u32> {
        let taker = matches!(
            self.holding.get(&key),
            Some(Exposure::Long | Exposure::Short)
        );
        self.book.measured(key.1).filter(|_| taker)
    }

    pub(super) fn report(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::Perennial(event) => self.happened(event),
            Event::Money(movement) => self.moved(movement),
            Event::Case(CaseEvent::Opened(case)) => self.breached(case),
            Event::Case(CaseEvent::Stage {
                case,
                stage: StageKind::CloseNextVersion,
                amount,
            }) => self.facts.closing = Some((*case, *amount)),
            Event::Case(CaseEvent::Closed { case, .. }) => {
                if let Some(open) = self.facts.cases.remove(case) {
                    self.facts.lacking -= open.lacked;
                }
                self.book.meter.resolved(case.0, now);
            }
            Event::Case(_) => {}
            _ => {}
        }
    }

    fn happened(&mut self, event: &Happened) {
        match *event {
            Happened::Opened {
                product,
                account,
                role,
                ..
            } => {
                self.facts.fee = None;
                let brought = match role {
                    Role::Taker => {
                        let person = self.book.person(account);
                        person.map(|person| self.book.people[person].collateral * E12)
                    }
                    Role::Maker => {
                        let of = |maker: &&super::Maker| {
                            (maker.product, maker.account) == (product, account)
                        };
                        self.makers.iter().find(of).map(|maker| maker.collateral)
                    }
                };
                let brought = brought.unwrap_or(0);
                match (role, self.book.measured(account)) {
                    (Role::Taker, Some(trader)) => self.book.meter.joined(trader, brought),
                    _ => {
                        self.book.meter.endowed(brought);
                        let makers = self.facts.makers.entry(product).or_default();
                        makers.0.push(account);
                        makers.1 = makers.1.saturating_add(brought);
                    }
                }
            }
            Happened::OracleVersion { product, price, .. } => {
                let payoffs = &mut self.facts.payoffs;
                if payoffs.len() <= product.index() {
                    payoffs.resize(product.index() + 1, 0);
                }
                payoffs[product.index()] = price.raw();
            }
            Happened::AccountSettled {
                product,
                new_shortfall,
                ..
            } if !new_shortfall.is_zero() => {
                self.book.meter.lost(Bearer::Nobody, new_shortfall.raw());
                self.facts.changed.push(product);
            }
            Happened::ShortfallResolved { amount, .. } => {
                self.book.meter.lost(Bearer::Nobody, -amount.raw());
            }
            Happened::Liquidated {
                product,
                account,
                reward,
                ..
            } => {
                let key = (product, account);
                self.facts.changed.push(product);
                let fee = self.facts.fee.take().filter(|(of, _)| *of == key);
                if let Some((case, size)) = self.facts.closing.take() {
                    self.facts.liquidations.push(Liquidation {
                        case,
                        key,
                        size,
                        fee: fee.map_or(0, |(_, fee)| fee),
                        reward: reward.raw(),
                    });
                }
            }
            _ => {}
        }
    }

    fn moved(&mut self, movement: &Movement) {
        let payer = movement.from;
        match (movement.reason, payer.kind) {
            (Reason::PositionFee, HolderKind::Collateral) => {
                let account = u32::try_from(payer.number).unwrap_or(u32::MAX);
                let key = (payer.market, AccountId(account));
                self.facts.fee = Some((key, movement.amount));
            }
            // Makers who leave take what is theirs.
            (Reason::Withdrawal, HolderKind::Collateral) => {
                let account = u32::try_from(payer.number).unwrap_or(u32::MAX);
                if self.book.person(AccountId(account)).is_none() {
                    self.book.meter.endowed(-movement.amount);
                    self.facts.changed.push(payer.market);
                }
            }
            (Reason::LiquidationReward, _) => {
                let engine = self.book.liquidators.is_empty();
                let payee = if engine {
                    Payee::Dispatcher
                } else {
                    Payee::Keepers
                };
                self.book.meter.paid(payee, movement.amount);
            }
            _ => {}
        }
    }

    fn breached(&mut self, case: &Case) {
        let (trigger, target) = (case.trigger, case.target);
        let key = (target.market, target.account);
        let Some(trader) = self.taker(key) else {
            return;
        };
        let sign = match self.holding.get(&key) {
            Some(Exposure::Short) => -1,
            _ => 1,
        };
        let open = Open {
            product: target.market,
            trigger,
            lacked: 0,
        };
        self.facts.cases.insert(case.id, open);
        let breach = Breach {
            trader,
            at: trigger.at,
            equity: trigger.equity,
            requirement: trigger.requirement,
            scales: true,
            stakes: vec![Stake {
                market: Self::market_of(target.market),
                notional: trigger.notional * sign,
                mark: trigger.price.saturating_abs(),
            }],
        };
        self.book.meter.breach(case.id.0, breach);
    }

    /// After an accepted command: what liquidations left, top-ups, and where makers stand.
    pub(super) fn report_done(&mut self, command: &Command, engine: &Engine) {
        if let Body::Perennial(Do::Deposit {
            product,
            account,
            amount,
            ..
        }) = &command.body
            && let Some(trader) = self.taker((*product, *account))
        {
            // Before the position is there it is what comes with it.
            self.book.meter.joined(trader, amount.raw());
        }
        let liquidations = std::mem::take(&mut self.facts.liquidations);
        for liquidation in &liquidations {
            self.took(liquidation, engine);
        }
        let changed = std::mem::take(&mut self.facts.changed);
        if !changed.is_empty() {
            self.makers_stand(engine, |product| changed.contains(&product));
        }
    }

    fn took(&mut self, done: &Liquidation, engine: &Engine) {
        let Some(Open { trigger, .. }) = self.facts.cases.get(&done.case) else {
            return;
        };
        let Some(product) = self
            .state(engine)
            .and_then(|venue| venue.product(done.key.0).ok())
        else {
            return;
        };
        let waits = match &self.book.config {
            plimsoll_engine::venues::VenueConfig::Perennial(config) => {
                config.flags.reward_at_settlement
            }
            _ => false,
        };
        let left = product.collateral(engine.ledger(), done.key.1).raw();
        let paid = if waits { 0 } else { done.reward };
        let before = left + done.fee + paid;
        let payoff = self.facts.payoffs.get(done.key.0.index());
        let price = payoff
            .map_or(trigger.price, |price| *price)
            .saturating_abs();
        let now = |raw: i128| {
            let then = trigger.price.saturating_abs().max(1);
            mul_div(raw, price, then, Rounding::Down).unwrap_or(raw)
        };
        let taken = Taken {
            notional: mul_div(done.size, price, ONE, Rounding::Down).unwrap_or(0),
            needed: least_notional(now(trigger.notional), before, now(trigger.requirement)),
            before,
            after: before - done.fee - done.reward,
        };
        self.book.meter.took(done.case.0, taken);
    }

    /// Looks at the makers of the products that are `wanted` anew.
    fn makers_stand(&mut self, engine: &Engine, wanted: impl Fn(MarketId) -> bool) {
        let Some(venue) = self.state(engine) else {
            return;
        };
        let products = self.facts.makers.iter();
        let stands: Vec<(MarketId, i128)> = products
            .filter(|(product, _)| wanted(**product))
            .filter_map(|(product, (makers, _))| {
                Some((*product, together(venue, engine, *product, makers)?))
            })
            .collect();
        for (product, stands) in stands {
            if let Some(makers) = self.facts.makers.get_mut(&product) {
                makers.1 = stands;
            }
        }
        self.book.meter.outstanding(self.facts.lacking);
        let all = self.facts.makers.values().map(|(_, stands)| *stands);
        let all = all.fold(0, i128::saturating_add);
        self.book.meter.stands(all);
    }

    /// A trader's position was refused: what came with it lies idle.
    pub(super) fn report_refused(&mut self, command: &Command) {
        if let Body::Perennial(Do::Open { account, .. }) = &command.body
            && let Some(person) = self.book.person(*account)
        {
            let collateral = self.book.people[person].collateral * E12;
            self.facts.idle = self.facts.idle.saturating_add(collateral);
        }
    }

    /// The report's clock ticks; what takers' accounts have together, and their notional.
    pub(super) fn report_sample(
        &mut self,
        engine: &Engine,
        (equity, notional): (i128, i128),
        at: Timestamp,
    ) {
        self.facts.look();
        self.makers_stand(engine, |_| true);
        self.book.meter.open_interest(notional);
        let equity = equity.saturating_sub(self.facts.idle);
        self.book.meter.sampled(at, equity);
    }
}

/// What a product's makers have together, settled at the newest version.
fn together(
    venue: &Perennial,
    engine: &Engine,
    product: MarketId,
    makers: &[AccountId],
) -> Option<i128> {
    let settlement = venue.preview(product).ok()?;
    let product = venue.product(product).ok()?;
    let has = |account: &AccountId| {
        let standing = product.standing(engine.ledger(), &settlement, *account);
        Some(standing.ok()??.collateral.raw().max(0))
    };
    let all = makers.iter().filter_map(has);
    Some(all.fold(0, i128::saturating_add))
}
