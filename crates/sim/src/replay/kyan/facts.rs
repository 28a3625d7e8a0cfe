//! What the Kyan desk reports to the meter. Money has 6 decimals, prices 8.
//!
//! * A breach is an account whose maintenance margin is above its equity; it is over when the
//!   account is released, cured or closed.
//! * Notional is size at the index, of options too: that of what liquidations traded for the
//!   account (hedges too), sold as shares of it, handed over, or left to the fund.
//! * What fills are worse than the mark, the fees on them, what shares of a portfolio are sold below
//!   their worth, and what the fund is paid for taking the rest over, is equity lost to the
//!   liquidation.
//! * What an account lacks is borne by the reserve, then by accounts in profit, then by nobody. The
//!   fund stands at its reserve with its own accounts at marks.
//! * Makers and bidders are no traders: their breaches are not counted, but what they are paid and
//!   what is lost on them is.
//! * The account is followed by its delta: its equity is taken as linear in the index. Its
//!   requirement moves with the notional where it holds the perpetual alone, and stays where it
//!   holds options.

use std::collections::BTreeMap;

use plimsoll_engine::ledger::{Movement, Reason};
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::kyan::{Command as Do, Event as Happened, Numbers, PhaseName};
use plimsoll_engine::{Body, Command, Engine, Event};
use plimsoll_units::{AccountId, CaseId, Rounding, Timestamp, mul_div};

use super::setup::PAIR;
use super::tally::notional;
use super::{KyanDesk, Supplies};
use crate::compare::{Bearer, Breach, Meter, Payee, Stake, Taken, least_notional};
use crate::replay::pips::E10;

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Facts {
    cases: BTreeMap<CaseId, Open>,
    /// Who came, and what they brought; by person.
    people: Vec<Person>,
    /// Brought by people who hold nothing.
    idle: i128,
    /// Of the loss that is being covered: what accounts in profit paid, and what nobody did.
    covering: [i128; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct Person {
    joined: bool,
    brought: i128,
}

/// An open case.
#[derive(Debug, Clone, Copy)]
struct Open {
    account: AccountId,
    /// As it was flagged.
    first: Numbers,
    notional: i128,
    /// Equity when it was told last.
    equity: i128,
}

/// The meter of a Kyan venue.
pub(super) fn meter(supplies: &Supplies) -> Meter {
    let mut meter = Meter::new(6, Some(Bearer::InsuranceFund));
    meter.endowed(supplies.config.start.fund.raw());
    meter.has_book();
    meter
}

impl KyanDesk {
    fn person(&self, account: AccountId) -> Option<usize> {
        let person = account.index().checked_sub(self.supplies.before_people())?;
        (person < self.supplies.kinds.len()).then_some(person)
    }

    /// The number a person is measured under.
    fn measured(&self, person: usize) -> u32 {
        let entrant = self.supplies.entrants.get(person);
        let number = u32::try_from(person).unwrap_or(u32::MAX);
        entrant.map_or(number, |entrant| entrant.trader)
    }

    /// `bid` is what a bid was on, and what it gained.
    pub(super) fn report(&mut self, event: &Event, bid: Option<(i128, i128)>, now: Timestamp) {
        match event {
            Event::Kyan(event) => self.happened(event, bid, now),
            Event::Money(movement) => self.moved(movement),
            Event::Case(CaseEvent::Closed { case, .. }) => {
                self.facts.cases.remove(case);
                self.book.meter.resolved(case.0, now);
            }
            Event::Case(_) => {}
            _ => {}
        }
    }

    fn happened(&mut self, event: &Happened, bid: Option<(i128, i128)>, now: Timestamp) {
        match event {
            Happened::Phase {
                case,
                account,
                to: PhaseName::Flagged,
                numbers,
                ..
            } => self.breached(*case, *account, numbers, now),
            Happened::Phase { case, numbers, .. } => self.stands_at(*case, numbers.equity),
            Happened::Traded { maker, taker, .. } => {
                for account in [*maker, *taker] {
                    if let Some(person) = self.person(account) {
                        self.joins(person);
                    }
                }
            }
            Happened::Filled {
                case,
                quantity,
                incentive,
                fee,
                numbers,
                ..
            } => {
                let on = notional(self.index, *quantity);
                self.took(*case, on, numbers.equity + incentive + fee, numbers.equity);
                let meter = &mut self.book.meter;
                meter.paid(Payee::Bidders, *incentive);
                meter.paid(Payee::InsuranceFund, *fee);
                meter.on_book(on, *incentive);
            }
            Happened::Bid {
                case,
                paid,
                numbers,
                ..
            } => {
                let (on, gained) = bid.unwrap_or_default();
                self.took(*case, on, numbers.equity + gained, numbers.equity);
                let meter = &mut self.book.meter;
                meter.paid(Payee::Bidders, gained);
                // Whoever takes less than nothing is paid for it by the fund: what it is worth
                // below nothing is the loss, the rest the bidder's.
                if *paid < 0 {
                    let debt = paid.saturating_add(gained).min(0).saturating_neg();
                    meter.lost(Bearer::InsuranceFund, debt);
                }
            }
            Happened::PortfolioOffered { case, fee, .. } if *fee > 0 => {
                let before = self.facts.cases.get(case).map_or(*fee, |open| open.equity);
                self.took(*case, 0, before, before - fee);
                self.book.meter.paid(Payee::InsuranceFund, *fee);
            }
            Happened::HandedOff {
                case,
                quantity,
                price,
                mark,
                ..
            } => {
                let size = i128::from(quantity.saturating_abs());
                let beside = (mark - i128::from(*price)).saturating_abs();
                let given_up = mul_div(beside, size, 100_000_000, Rounding::Up).unwrap_or(0);
                let before = self.facts.cases.get(case).map_or(0, |open| open.equity);
                let on = notional(self.index, quantity.saturating_abs());
                self.took(*case, on, before, before - given_up);
                self.book.meter.paid(Payee::Partners, given_up);
            }
            Happened::Bankruptcy {
                case, positions, ..
            } => {
                let sizes = positions.iter().map(|(_, size)| size.saturating_abs());
                let on = sizes.map(|size| notional(self.index, size)).sum();
                self.took(*case, on, 0, 0);
            }
            Happened::Socialised { amount, .. } => self.facts.covering[0] += amount,
            Happened::Uncovered { amount, .. } => {
                self.facts.covering[1] += amount;
                // It is a loss of the account's, not of the fund's own.
                self.book.meter.passed_on(-amount);
            }
            Happened::TakenOver {
                case,
                to_fund,
                loss,
                to_owner,
                ..
            } => {
                self.took(*case, 0, to_fund + to_owner - loss, *to_owner);
                let [socialised, uncovered] = std::mem::take(&mut self.facts.covering);
                let meter = &mut self.book.meter;
                meter.paid(Payee::InsuranceFund, *to_fund);
                meter.lost(Bearer::Socialised, socialised);
                meter.lost(Bearer::Nobody, uncovered);
                meter.lost(Bearer::InsuranceFund, loss - socialised - uncovered);
            }
            _ => {}
        }
    }

    /// Nobody has covered something: an account's loss, told apart by the event that follows, or
    /// one of the fund's own accounts.
    fn moved(&mut self, movement: &Movement) {
        if movement.reason == Reason::ShortfallIncurred {
            self.book.meter.passed_on(movement.amount);
        }
    }

    fn stands_at(&mut self, case: CaseId, equity: i128) {
        if let Some(open) = self.facts.cases.get_mut(&case) {
            open.equity = equity;
        }
    }

    fn breached(&mut self, case: CaseId, account: AccountId, numbers: &Numbers, now: Timestamp) {
        let Some(person) = self.person(account) else {
            return;
        };
        let held = self.held.get(account.index()).cloned().unwrap_or_default();
        let sizes = held.iter().map(|(_, size)| size.saturating_abs());
        let on = sizes.map(|size| notional(self.index, size)).sum();
        let breach = Breach {
            trader: self.measured(person),
            at: now,
            equity: numbers.equity,
            requirement: numbers.maintenance,
            scales: held.iter().all(|(instrument, _)| instrument.is_perpetual()),
            stakes: vec![Stake {
                market: self.supplies.market_index,
                notional: notional(self.index, numbers.delta),
                mark: self.index.raw() * E10,
            }],
        };
        self.book.meter.breach(case.0, breach);
        let open = Open {
            account,
            first: *numbers,
            notional: on,
            equity: numbers.equity,
        };
        self.facts.cases.insert(case, open);
    }

    fn took(&mut self, case: CaseId, on: i128, before: i128, after: i128) {
        let Some(open) = self.facts.cases.get_mut(&case) else {
            return;
        };
        open.equity = after;
        let taken = Taken {
            notional: on,
            needed: least_notional(open.notional, open.first.equity, open.first.maintenance),
            before,
            after,
        };
        self.book.meter.took(case.0, taken);
    }

    fn joins(&mut self, person: usize) {
        let trader = self.measured(person);
        let Some(known) = self.facts.people.get_mut(person) else {
            return;
        };
        if !std::mem::replace(&mut known.joined, true) {
            self.facts.idle -= known.brought;
            self.book.meter.joined(trader, known.brought);
        }
    }

    /// After an accepted command: who came, and where the fund stands.
    pub(super) fn report_done(&mut self, command: &Command, engine: &Engine) {
        let Body::Kyan(command) = &command.body else {
            return;
        };
        match command {
            Do::Deposit { account, amount } => {
                let Some(person) = self.person(*account) else {
                    return;
                };
                self.facts
                    .people
                    .resize(self.supplies.kinds.len(), Person::default());
                self.facts.people[person].brought += amount.raw();
                self.facts.idle += amount.raw();
            }
            Do::Index(_) => {
                if self.facts.people.is_empty() && self.supplies.entrants.is_empty() {
                    self.all_are_there(engine);
                }
                self.fund_stands(engine);
            }
            Do::Tick | Do::Bid { .. } => self.fund_stands(engine),
            _ => {}
        }
    }

    /// Everybody's book is there from the start: what it is worth is what they brought.
    fn all_are_there(&mut self, engine: &Engine) {
        let first = self.supplies.before_people();
        let count = self.supplies.kinds.len();
        let mut people = Vec::with_capacity(count);
        if let Some(state) = self.state(engine) {
            for person in 0..count {
                let account = AccountId(u32::try_from(first + person).unwrap_or(u32::MAX));
                let numbers = state.numbers(engine.ledger(), account);
                people.push(Person {
                    joined: false,
                    brought: numbers.map_or(0, |numbers| numbers.equity),
                });
            }
        }
        self.facts.idle = people.iter().map(|person| person.brought).sum();
        self.facts.people = people;
        for person in 0..count {
            self.joins(person);
        }
    }

    fn fund_stands(&mut self, engine: &Engine) {
        let Some(state) = self.state(engine) else {
            return;
        };
        let lacks = |open: &Open| {
            let numbers = state.numbers(engine.ledger(), open.account).ok()?;
            Some(numbers.equity.min(0).saturating_neg())
        };
        let lacking = self.facts.cases.values().filter_map(lacks).sum();
        self.book.meter.outstanding(lacking);
        let reserve = state.fund_cash(engine.ledger());
        // Without marks it stands where it stood.
        if let Ok(own) = state.fund_worth(engine.ledger(), PAIR) {
            self.book.meter.stands(reserve.saturating_add(own));
        }
    }

    /// The report's clock ticks; what people's accounts are worth, none less than nothing.
    pub(super) fn report_sample(&mut self, engine: &Engine, equity: i128, at: Timestamp) {
        let people = self.held.iter().skip(self.supplies.before_people());
        let sizes = people.flatten().map(|(_, size)| size.saturating_abs());
        let open: i128 = sizes.map(|size| notional(self.index, size)).sum();
        self.book.meter.open_interest(open);
        self.fund_stands(engine);
        self.book.meter.sampled(at, equity - self.facts.idle);
    }
}
