//! What the Kuma desk reports to the meter. Amounts are in pips, marks are index prices.
//!
//! * A breach is a wallet below its maintenance requirement; it is over when the wallet has no
//!   position left or meets the requirement again. What the fund does afterwards with what it took
//!   over is not in it.
//! * A liquidation takes whole wallets at their bankruptcy price, or parts of them at a discount;
//!   what a wallet's positions fetch beside the index, and the rest of its quote that goes with
//!   them, is equity lost to the liquidation.
//! * The fund bears what a wallet owes when it is taken over. Where the fund cannot take it over,
//!   counterparties bear it, at the bankruptcy price. Losses and gains on what the fund held, when
//!   counterparties take it at the fund's entry price, are passed on to them.
//! * Makers and partners are no traders: their breaches are not counted, but what is lost on them is.
//! * Traders' equity leaves funding out that is not applied yet.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::backstop::deleverage::Receipt;
use plimsoll_engine::ledger::{HolderKind, Movement, Reason};
use plimsoll_engine::liquidation::{Case, CaseEvent, StageKind, Trigger};
use plimsoll_engine::margin::cross::ONE;
use plimsoll_engine::venues::kuma::waterfall::{Amounts, ServiceEvent};
use plimsoll_engine::venues::kuma::{Command as Do, Deleveraging, Event as Happened};
use plimsoll_engine::{Body, Command, Engine, Event};
use plimsoll_units::{AccountId, CaseId, Rounding, Side, Timestamp, mul_div};

use super::setup::INSURANCE_FUND;
use super::show::value;
use super::{KumaDesk, PIPS};
use crate::compare::{Bearer, Breach, Meter, Payee, Stake, Taken, least_notional};
use crate::replay::pips::E10;

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Facts {
    wallets: Vec<Wallet>,
    /// Base of all traders' positions, by market: net, and long and short added.
    markets: Vec<[i128; 2]>,
    /// All traders' quote balances.
    quote: i128,
    /// Of it, what wallets without a position ever have.
    idle: i128,
    cases: BTreeMap<CaseId, Open>,
    /// The same by wallet: in a crash there are too many to look through.
    by_wallet: BTreeSet<(AccountId, CaseId)>,
    /// Cases of which something was taken in the command under way, and those that ended in it.
    touched: Vec<CaseId>,
    ended: Vec<CaseId>,
    /// What the deleveraging under way is for.
    deleveraging: Option<Deleveraging>,
    /// Whether the fund may stand anew.
    served: bool,
}

/// A trader's wallet.
#[derive(Debug, Clone, Default)]
struct Wallet {
    joined: bool,
    brought: i128,
    /// Base by market; few.
    sizes: Vec<(usize, i64)>,
}

/// An open case.
#[derive(Debug, Clone, Copy)]
struct Open {
    account: AccountId,
    trigger: Trigger,
    /// Taken in the command under way, at index, and what that cost the wallet.
    notional: i128,
    cost: i128,
    /// The part of it that went to the fund with the whole wallet; below zero the fund's loss.
    acquired: i128,
}

/// The meter of a Kuma venue.
pub(super) fn meter() -> Meter {
    let mut meter = Meter::new(PIPS, Some(Bearer::InsuranceFund));
    meter.has_book();
    meter
}

fn worth(base: i128, price: u64) -> i128 {
    mul_div(base, price.into(), ONE.into(), Rounding::Down).unwrap_or(0)
}

/// What whoever gives a position away loses against the index.
fn lost(side: Side, amounts: &Amounts) -> i128 {
    (i128::from(amounts.index_quote) - i128::from(amounts.quote)) * side.sign()
}

impl Facts {
    fn wallet(&mut self, person: usize) -> &mut Wallet {
        if self.wallets.len() <= person {
            self.wallets.resize_with(person + 1, Wallet::default);
        }
        &mut self.wallets[person]
    }

    fn hold(&mut self, person: usize, market: usize, size: i64) {
        let wallet = self.wallet(person);
        let held = wallet.sizes.iter().position(|(at, _)| *at == market);
        let before = held.map_or(0, |at| wallet.sizes[at].1);
        match (held, size) {
            (Some(at), 0) => drop(wallet.sizes.swap_remove(at)),
            (Some(at), _) => wallet.sizes[at].1 = size,
            (None, 0) => {}
            (None, _) => wallet.sizes.push((market, size)),
        }
        if self.markets.len() <= market {
            self.markets.resize(market + 1, [0, 0]);
        }
        let [net, gross] = &mut self.markets[market];
        *net += i128::from(size) - i128::from(before);
        *gross += i128::from(size.abs()) - i128::from(before.abs());
    }

    /// What all traders' positions are worth at the index, net, and whichever way they are.
    fn open(&self, prices: &[u64]) -> (i128, i128) {
        let each = self.markets.iter().zip(prices);
        each.fold((0, 0), |(value, notional), ([net, gross], price)| {
            (
                value + worth(*net, *price),
                notional + worth(*gross, *price),
            )
        })
    }

    fn take(&mut self, case: CaseId, notional: i128, cost: i128) {
        if let Some(open) = self.cases.get_mut(&case) {
            open.notional += notional;
            open.cost += cost;
            self.touched.push(case);
        }
    }

    /// The first of a wallet's open cases.
    fn case_of(&self, account: AccountId) -> Option<CaseId> {
        let first = self.by_wallet.range((account, CaseId(0))..).next()?;
        (first.0 == account).then_some(first.1)
    }

    /// Forgets a case that has ended.
    fn close(&mut self, case: CaseId) {
        if let Some(open) = self.cases.remove(&case) {
            self.by_wallet.remove(&(open.account, case));
        }
    }

    /// As [`Facts::take`], when the fund takes the whole wallet.
    fn acquire(&mut self, case: CaseId, notional: i128, cost: i128) {
        self.take(case, notional, cost);
        if let Some(open) = self.cases.get_mut(&case) {
            open.acquired += cost;
        }
    }
}

impl KumaDesk {
    pub(super) fn report(&mut self, event: &Event) {
        match event {
            Event::Money(movement) => self.paid(movement),
            Event::Kuma(Happened::Position {
                account,
                market,
                lot,
            }) => {
                let (Some(person), Some(trader)) =
                    (self.book.person(*account), self.book.measured(*account))
                else {
                    return;
                };
                self.facts.hold(person, market.index(), lot.size);
                let wallet = self.facts.wallet(person);
                if !std::mem::replace(&mut wallet.joined, true) {
                    let brought = wallet.brought;
                    self.facts.idle -= brought;
                    self.book.meter.joined(trader, brought);
                }
            }
            Event::Kuma(Happened::Deleveraged { kind, .. }) => {
                self.facts.deleveraging = Some(*kind);
            }
            Event::Kuma(Happened::Service(event)) => self.served(event),
            Event::Case(CaseEvent::Opened(case)) => self.breached(case),
            Event::Case(CaseEvent::Closed { case, .. }) => self.facts.ended.push(*case),
            _ => {}
        }
    }

    /// Follows the traders' quote balances.
    fn paid(&mut self, movement: &Movement) {
        let sides = [
            (movement.from, -movement.amount),
            (movement.to, movement.amount),
        ];
        for (holder, amount) in sides {
            if holder.kind != HolderKind::Margin {
                continue;
            }
            let account = AccountId(u32::try_from(holder.number).unwrap_or(u32::MAX));
            if account == INSURANCE_FUND && movement.reason == Reason::CollateralAdded {
                self.book.meter.endowed(amount);
            }
            let Some(person) = self.book.person(account) else {
                continue;
            };
            self.facts.quote += amount;
            match movement.reason {
                Reason::CollateralAdded => self.brought(person, amount),
                // What is left of a wallet when its positions are gone.
                Reason::DustSweep => {
                    if let Some(case) = self.facts.case_of(account) {
                        self.facts.acquire(case, 0, -amount);
                    }
                }
                _ => {}
            }
        }
    }

    fn brought(&mut self, person: usize, amount: i128) {
        let trader = self.book.measured(self.book.trader(person));
        let wallet = self.facts.wallet(person);
        wallet.brought += amount;
        match trader.filter(|_| wallet.joined) {
            Some(trader) => self.book.meter.joined(trader, amount),
            None => self.facts.idle += amount,
        }
    }

    fn breached(&mut self, case: &Case) {
        let (trigger, account) = (case.trigger, case.target.account);
        let open = Open {
            account,
            trigger,
            notional: 0,
            cost: 0,
            acquired: 0,
        };
        self.facts.cases.insert(case.id, open);
        self.facts.by_wallet.insert((account, case.id));
        let (Some(person), Some(trader)) = (self.book.person(account), self.book.measured(account))
        else {
            return;
        };
        let told = &self.told;
        let stakes = self.facts.wallets.get(person).map(|wallet| {
            let stake = |(market, size): &(usize, i64)| {
                let price = told.get(*market).copied().unwrap_or(0);
                Stake {
                    market: *market,
                    notional: worth((*size).into(), price),
                    mark: i128::from(price) * E10,
                }
            };
            wallet.sizes.iter().map(stake).collect()
        });
        let breach = Breach {
            trader,
            at: trigger.at,
            equity: trigger.equity,
            requirement: trigger.requirement,
            scales: true,
            stakes: stakes.unwrap_or_default(),
        };
        self.book.meter.breach(case.id.0, breach);
    }

    fn served(&mut self, event: &ServiceEvent) {
        self.facts.served = true;
        match event {
            ServiceEvent::Hop {
                case,
                side,
                stage,
                done,
                ..
            } => match stage {
                StageKind::Acquire => {
                    let notional = done.index_quote.into();
                    self.facts.acquire(*case, notional, lost(*side, done));
                }
                StageKind::Reduce => {
                    let notional = done.index_quote.into();
                    self.facts.take(*case, notional, lost(*side, done));
                }
                StageKind::CloseOnBook if done.base > 0 => {
                    let against = lost(*side, done);
                    self.book.meter.on_book(done.index_quote.into(), against);
                }
                _ => {}
            },
            ServiceEvent::HandedOff { side, amounts, .. } => {
                self.book.meter.paid(Payee::Partners, lost(*side, amounts));
            }
            ServiceEvent::Deleveraged(receipt) => self.deleveraged(receipt),
            _ => {}
        }
    }

    fn deleveraged(&mut self, receipt: &Receipt) {
        let gave_up = receipt.covered;
        if let Some(trader) = self.book.measured(receipt.account) {
            let meter = &mut self.book.meter;
            meter.deleveraged(trader, receipt.index_quote, gave_up);
        }
        match self.facts.deleveraging.take() {
            Some(Deleveraging::InMaintenanceAcquisition) => {
                self.book.meter.lost(Bearer::Deleveraged, gave_up.max(0));
                self.facts.take(receipt.case, receipt.index_quote, -gave_up);
            }
            _ => self.book.meter.passed_on(gave_up),
        }
    }

    /// After an accepted command: what was taken of wallets, and where the fund stands.
    pub(super) fn report_done(&mut self, command: &Command, engine: &Engine) {
        self.count_taken(engine);
        let ended = std::mem::take(&mut self.facts.ended);
        for case in ended {
            self.facts.close(case);
            self.book.meter.resolved(case.0, command.time);
        }
        let published = matches!(command.body, Body::Kuma(Do::PublishIndexPrices(_)));
        if published {
            let (_, notional) = self.facts.open(&self.told);
            self.book.meter.open_interest(notional);
        }
        if std::mem::take(&mut self.facts.served) || published {
            self.fund_stands(engine);
        }
    }

    fn count_taken(&mut self, engine: &Engine) {
        let mut touched = std::mem::take(&mut self.facts.touched);
        touched.dedup();
        for case in touched {
            let Some(venue) = self.state(engine) else {
                return;
            };
            let Some(open) = self.facts.cases.get(&case).copied() else {
                continue;
            };
            // Twice touched, once counted.
            if (open.notional, open.cost) == (0, 0) {
                continue;
            }
            let after = value(venue, engine, open.account);
            let before = after + open.cost;
            let trigger = open.trigger;
            let taken = Taken {
                notional: open.notional,
                needed: least_notional(trigger.notional, before, trigger.requirement),
                before,
                after,
            };
            if self.book.meter.is_open(case.0) {
                self.book.meter.took(case.0, taken);
            }
            let borne = open.acquired.min(0).saturating_neg();
            self.book.meter.lost(Bearer::InsuranceFund, borne);
            if let Some(open) = self.facts.cases.get_mut(&case) {
                (open.notional, open.cost, open.acquired) = (0, 0, 0);
            }
        }
    }

    fn fund_stands(&mut self, engine: &Engine) {
        let Some(venue) = self.state(engine) else {
            return;
        };
        let stands = value(venue, engine, INSURANCE_FUND);
        let lack = |open: &Open| -value(venue, engine, open.account).min(0);
        let lacking = self.facts.cases.values().map(lack).sum();
        self.book.meter.outstanding(lacking);
        self.book.meter.stands(stands);
    }

    /// The report's clock ticks.
    pub(super) fn report_sample(&mut self, engine: &Engine, at: Timestamp) {
        self.fund_stands(engine);
        let (positions, _) = self.facts.open(&self.told);
        let equity = self.facts.quote + positions - self.facts.idle;
        self.book.meter.sampled(at, equity);
    }
}
