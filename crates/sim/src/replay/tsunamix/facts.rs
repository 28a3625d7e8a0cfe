//! What the TsunamiX desk reports to the meter.
//!
//! * A breach is a position that meets the liquidation rule; the requirement is the part of the
//!   collateral that may not be lost, and stays as it is when the price moves.
//! * A liquidation takes the position whole and its collateral: what equity was left is lost. When
//!   keepers come later than the rule, equity is that of the moment they come.
//! * The vault is the backstop, and the counterparty of everybody: it stands at its own money less
//!   the traders' open profit at the price in force, fees not paid yet left out.
//! * A position closed because its profit passed the cap was sound: its trader is deleveraged, at
//!   the cost of the profit above the cap.

use std::collections::BTreeMap;

use plimsoll_engine::ledger::{HolderKind, Reason};
use plimsoll_engine::liquidation::{Case, CaseEvent, Outcome, Rule, Trigger};
use plimsoll_engine::venues::tsunamix::{Check, Closing, Command as Do, Event as Happened};
use plimsoll_engine::{Body, Command, Engine, Event};
use plimsoll_units::{
    AccountId, Amount as Money, CaseId, PositionId, Rounding, Side, Timestamp, mul_div,
};

use super::TsunamixDesk;
use crate::compare::{Bearer, Breach, Meter, Payee, Stake, Taken, least_notional};

/// One, with 18 decimals.
const ONE: i128 = 1_000_000_000_000_000_000;

/// An open position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    account: AccountId,
    market: usize,
    pub(super) side: Side,
    /// Notional at entry.
    size: i128,
    /// Base units, 18 decimals, below zero when short.
    units: i128,
}

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) held: BTreeMap<PositionId, Held>,
    cases: BTreeMap<CaseId, Open>,
    /// Base units of all open positions, net and whichever way, and their notional at entry with
    /// the sign of the side; by market.
    markets: Vec<Sums>,
    /// The prices in force, 18 decimals.
    marks: Vec<i128>,
    /// Paid out to traders by closes.
    returned: i128,
}

/// An open liquidation case: its position, and the numbers that opened it or a keeper's last look.
#[derive(Debug, Clone, Copy)]
struct Open {
    position: PositionId,
    trigger: Trigger,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    net: i128,
    gross: i128,
    cost: i128,
}

/// The meter of a TsunamiX venue.
pub(super) fn meter() -> Meter {
    Meter::new(6, Some(Bearer::Vault))
}

fn worth(units: i128, price: i128) -> i128 {
    mul_div(units, price, ONE, Rounding::Down).unwrap_or(0)
}

impl Facts {
    fn count(&mut self, held: &Held, times: i128) {
        if self.markets.len() <= held.market {
            self.markets.resize(held.market + 1, Sums::default());
        }
        let sums = &mut self.markets[held.market];
        sums.net += held.units * times;
        sums.gross += held.units.abs() * times;
        sums.cost += held.size * held.side.sign() * times;
    }

    fn hold(&mut self, id: PositionId, held: Held) {
        self.count(&held, 1);
        self.held.insert(id, held);
    }

    fn release(&mut self, id: PositionId) -> Option<Held> {
        let held = self.held.remove(&id)?;
        self.count(&held, -1);
        Some(held)
    }

    /// What positions in open cases lack at the prices in force; fees since are left out.
    fn lacking(&self) -> i128 {
        let lacks = |open: &Open| {
            let held = self.held.get(&open.position)?;
            let mark = self.marks.get(held.market)?;
            let then = worth(held.units, open.trigger.price);
            let moved = worth(held.units, *mark) - then;
            Some((open.trigger.equity + moved).min(0).saturating_neg())
        };
        self.cases.values().filter_map(lacks).sum()
    }

    /// Open profit of all traders, and their notional, at the prices in force.
    fn open(&self) -> (i128, i128) {
        let each = self.markets.iter().zip(&self.marks);
        each.fold((0, 0), |(profit, notional), (sums, price)| {
            (
                profit + worth(sums.net, *price) - sums.cost,
                notional + worth(sums.gross, *price),
            )
        })
    }
}

impl TsunamixDesk {
    /// What a trader brings with a position: its collateral and the opening fee.
    pub(super) fn brings(&self, person: usize) -> i128 {
        let trader = self.book.people[person];
        let size = trader.collateral.saturating_mul(trader.leverage_e2.into()) / 100;
        let fee_e5 = self
            .rules_of()
            .and_then(|c| c.markets.get(trader.market))
            .map_or(0, |m| i128::from(m.trading_fee_e5));
        let fee = mul_div(size, fee_e5, 100_000, Rounding::Up).unwrap_or(0);
        trader.collateral.saturating_add(fee)
    }

    pub(super) fn report(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::TsunamiX(Happened::Opened {
                position,
                account,
                market,
                side,
                size,
                entry,
            }) => {
                let units = mul_div(size.raw(), ONE, entry.raw(), Rounding::Down).unwrap_or(0);
                let held = Held {
                    account: *account,
                    market: market.index(),
                    side: *side,
                    size: size.raw(),
                    units: units * side.sign(),
                };
                self.facts.hold(*position, held);
                if let (Some(person), Some(trader)) =
                    (self.book.person(*account), self.book.measured(*account))
                {
                    let brought = self.brings(person);
                    self.book.meter.joined(trader, brought);
                }
            }
            Event::TsunamiX(Happened::Closed(closing)) => self.settled(closing),
            Event::Case(CaseEvent::Opened(case)) => self.breached(case),
            Event::Case(CaseEvent::Closed {
                case,
                target,
                outcome,
            }) => {
                if let (Some(id), Outcome::Liquidated { .. }) = (target.position, outcome) {
                    self.facts.release(id);
                }
                self.ended(*case, *outcome, now);
            }
            Event::Money(movement) => {
                let meter = &mut self.book.meter;
                let amount = movement.amount;
                match (movement.reason, movement.to.kind) {
                    (Reason::FirstCallerBounty | Reason::ResolverBounty, _) => {
                        let engine = self.book.liquidators.is_empty();
                        let payee = if engine {
                            Payee::Dispatcher
                        } else {
                            Payee::Keepers
                        };
                        meter.paid(payee, amount);
                    }
                    (Reason::LiquidityAdded, HolderKind::Vault) => meter.endowed(amount),
                    (Reason::LiquidityRemoved, _) => meter.endowed(-amount),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn breached(&mut self, case: &Case) {
        let trigger = case.trigger;
        let (Some(id), Rule::FeesOverThreshold) = (case.target.position, trigger.rule) else {
            return;
        };
        let position = id;
        self.facts.cases.insert(case.id, Open { position, trigger });
        let sign = self.facts.held.get(&id).map_or(1, |held| held.side.sign());
        let Some(trader) = self.book.measured(case.target.account) else {
            return;
        };
        let breach = Breach {
            trader,
            at: trigger.at,
            equity: trigger.equity,
            requirement: trigger.requirement,
            scales: false,
            stakes: vec![Stake {
                market: case.target.market.index(),
                notional: trigger.notional * sign,
                mark: trigger.price,
            }],
        };
        self.book.meter.breach(case.id.0, breach);
    }

    /// A keeper is about to come: the position's numbers at this moment.
    pub(super) fn look(&mut self, case: CaseId, id: PositionId, engine: &Engine) {
        let now = engine.now();
        let Some(view) = self
            .state(engine)
            .and_then(|venue| venue.view(engine.ledger(), id, now).ok())
        else {
            return;
        };
        let fee = match self.rules_of().map(|config| config.rules.check) {
            Some(Check::Documented(_)) => view.closing_fee.raw(),
            _ => 0,
        };
        let held = view.holding.total().map_or(0, Money::raw);
        let price = self.facts.marks.get(view.market.index()).copied();
        let worth = self.facts.held.get(&id).zip(price);
        let notional = worth.map(|(held, price)| worth_of(held, price));
        if let Some(Open { trigger, .. }) = self.facts.cases.get_mut(&case) {
            let numbers = trigger;
            numbers.price = price.unwrap_or(numbers.price);
            numbers.equity = view.collateral.raw() + view.pnl.raw() - held - fee;
            numbers.notional = notional.unwrap_or(numbers.notional);
        }
    }

    fn ended(&mut self, case: CaseId, outcome: Outcome, now: Timestamp) {
        let Some(open) = self.facts.cases.remove(&case) else {
            return;
        };
        let numbers = open.trigger;
        let meter = &mut self.book.meter;
        if let Outcome::Liquidated { shortfall } = outcome
            && meter.is_open(case.0)
        {
            let needed = least_notional(numbers.notional, numbers.equity, numbers.requirement);
            meter.took(
                case.0,
                Taken {
                    notional: numbers.notional,
                    needed,
                    before: numbers.equity,
                    after: 0,
                },
            );
            meter.lost(Bearer::Vault, shortfall);
        }
        meter.resolved(case.0, now);
    }

    /// A position was closed: by its owner, or by force at the profit cap.
    fn settled(&mut self, closing: &Closing) {
        let Some(held) = self.facts.release(closing.position) else {
            return;
        };
        self.facts.returned += closing.payout.raw();
        if closing.forced
            && let Some(trader) = self.book.measured(held.account)
        {
            let notional = worth_of(&held, closing.price.raw());
            let cost = closing.excess.raw();
            self.book.meter.deleveraged(trader, notional, cost);
        }
    }

    /// After an accepted command: what was confiscated is gone, and the vault stands anew.
    pub(super) fn report_done(&mut self, command: &Command, engine: &Engine) {
        let Body::TsunamiX(command) = &command.body else {
            return;
        };
        match command {
            Do::Prices(updates) => {
                for update in updates {
                    let market = update.market.index();
                    if self.facts.marks.len() <= market {
                        self.facts.marks.resize(market + 1, 0);
                    }
                    self.facts.marks[market] = update.price.raw();
                }
            }
            Do::AddCollateral {
                account, amount, ..
            } => {
                if let Some(trader) = self.book.measured(*account) {
                    self.book.meter.joined(trader, amount.raw());
                }
            }
            _ => return,
        }
        self.stand(engine);
    }

    fn stand(&mut self, engine: &Engine) {
        let Some(vault) = self.state(engine).map(|venue| venue.tvl(engine.ledger())) else {
            return;
        };
        let (profit, notional) = self.facts.open();
        self.book.meter.open_interest(notional);
        self.book.meter.outstanding(self.facts.lacking());
        self.book.meter.stands(vault.raw() - profit);
    }

    /// The report's clock ticks; what open positions are worth together, in whole units, losses
    /// cut at the collateral.
    pub(super) fn report_sample(&mut self, engine: &Engine, worth: f64, at: Timestamp) {
        self.stand(engine);
        #[allow(clippy::cast_possible_truncation)]
        let worth = (worth * 1e6) as i128;
        let equity = worth.saturating_add(self.facts.returned);
        self.book.meter.sampled(at, equity);
    }
}

fn worth_of(held: &Held, price: i128) -> i128 {
    worth(held.units.abs(), price)
}
