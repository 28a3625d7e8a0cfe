//! What liquidations did, counted as their events come.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::book::Side;
use plimsoll_engine::pricing::quoted::Checked;
use plimsoll_engine::pricing::{Black76, door};
use plimsoll_engine::venues::kyan::{Event, InstrumentId, Numbers, OptionTerms, PhaseName, Stage};
use plimsoll_units::{AccountId, CaseId, Price, Rounding, Timestamp, mul_div};

use crate::episodes::{Action, Auctions, Ended, Margin, StepTotal};
use crate::results::{Amount, group};

/// A case under way.
#[derive(Debug, Clone)]
struct Running {
    numbers: Numbers,
    first: Numbers,
    /// The last step that worked on it.
    step: &'static str,
    cost: i128,
    shortfall: i128,
    /// What it held when it was flagged, and what it holds now.
    legs: Vec<(InstrumentId, i64)>,
    now: BTreeMap<InstrumentId, i64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    orders: u64,
    fills: u64,
    fair: i128,
    notional: i128,
    incentive: i128,
    fee: i128,
}

/// What was offered of one instrument in one case, and what of it was taken.
#[derive(Debug, Clone, Copy, Default)]
struct Offer {
    wanted: i64,
    taken: i64,
}

/// A case that is over.
#[derive(Debug, Clone)]
pub(super) struct Over {
    pub(super) account: u32,
    pub(super) how: &'static str,
    pub(super) step: &'static str,
    pub(super) legs: Vec<(InstrumentId, i64)>,
}

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Tally {
    running: BTreeMap<CaseId, Running>,
    pub(super) over: BTreeMap<CaseId, Over>,
    steps: BTreeMap<&'static str, Totals>,
    ended: BTreeMap<(&'static str, &'static str), [i128; 4]>,
    offers: BTreeMap<(CaseId, InstrumentId), Offer>,
    /// Portfolios offered whole, and those of which somebody took a share.
    portfolios: (BTreeSet<CaseId>, BTreeSet<CaseId>),
    levels: BTreeMap<u32, u64>,
    level_of: BTreeMap<(CaseId, InstrumentId), u32>,
    guards: BTreeMap<String, u64>,
    pub(super) actions: Vec<Action>,
    pub(super) delta: f64,
    pub(super) vega: f64,
    pub(super) taken_over: u64,
    pub(super) socialised: i128,
    pub(super) uncovered: i128,
}

/// What a fill is valued with.
pub(super) struct Marks<'a> {
    pub(super) terms: &'a [OptionTerms],
    pub(super) surface: Option<&'a Checked>,
    pub(super) index: Price<8>,
    pub(super) now: Timestamp,
}

pub(super) const fn money(raw: i128) -> Amount {
    Amount::new(raw, 6)
}

pub(super) fn margin(numbers: &Numbers) -> Margin {
    Margin {
        equity: money(numbers.equity),
        maintenance: money(numbers.maintenance),
        initial: money(numbers.initial),
        delta: money(numbers.delta.into()),
    }
}

/// An instrument by its terms.
pub(super) fn name(terms: &[OptionTerms], instrument: InstrumentId) -> String {
    if instrument.is_perpetual() {
        return "perpetual".to_owned();
    }
    let option = instrument
        .index()
        .checked_sub(1)
        .and_then(|at| terms.get(at));
    option.map_or_else(|| instrument.to_string(), ToString::to_string)
}

/// A price with 8 decimals as whole units and cents.
pub(super) fn price_text(raw: i128) -> String {
    let cents = raw / 1_000_000;
    format!("{}.{:02}", group(&(cents / 100).to_string()), cents % 100)
}

const fn phase_step(phase: PhaseName) -> Option<&'static str> {
    Some(match phase {
        PhaseName::Flagged => "flagged",
        PhaseName::Hedging => "hedge",
        PhaseName::PerpClose => "perp close",
        PhaseName::Decomposing => "decompose",
        PhaseName::Auction => "auction",
        PhaseName::HandingOff => "partner",
        _ => return None,
    })
}

impl Tally {
    /// Whether somebody is being liquidated.
    pub(super) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Takes one event; `holds` has the account's positions when it is flagged. Of a bid for a
    /// portfolio, what it was on and what it gained.
    pub(super) fn take(
        &mut self,
        event: &Event,
        marks: &Marks<'_>,
        holds: impl FnOnce() -> Vec<(InstrumentId, i64)>,
    ) -> Option<(i128, i128)> {
        match event {
            Event::Phase {
                case,
                account,
                from,
                to,
                numbers,
            } => self.phase((*case, *account), (*from, *to), numbers, holds),
            Event::Ordered {
                case,
                stage,
                instrument,
                quantity,
                level,
                ..
            } => {
                self.steps.entry(stage.name()).or_default().orders += 1;
                if *stage == Stage::Auction {
                    let offer = self.offers.entry((*case, *instrument)).or_default();
                    offer.wanted = offer.wanted.max(offer.taken.saturating_add(*quantity));
                    self.level_of.insert((*case, *instrument), *level);
                }
            }
            Event::Filled { .. } => self.filled(event, marks),
            Event::Bid {
                case,
                account,
                share,
                paid,
                numbers,
                ..
            } => return Some(self.bid((*case, *account), (*share, *paid), numbers, marks)),
            Event::HandedOff {
                case,
                account,
                instrument,
                quantity,
                price,
                mark,
                ..
            } => {
                let size = quantity.saturating_abs();
                let given_up = mul_div(
                    mark.abs_diff((*price).into()).try_into().unwrap_or(0),
                    size.into(),
                    100_000_000,
                    Rounding::Up,
                )
                .unwrap_or(0);
                let totals = self.steps.entry("partner").or_default();
                totals.fills += 1;
                totals.incentive += given_up;
                totals.notional += notional(marks.index, size);
                self.flow(*instrument, quantity.saturating_neg(), marks);
                self.holds_more(*case, *instrument, quantity.saturating_neg());
                let what = format!(
                    "{} of {} handed to a partner at {}",
                    money((*quantity).into()),
                    name(marks.terms, *instrument),
                    price_text((*price).into())
                );
                let numbers = self
                    .running
                    .get(case)
                    .map_or(Numbers::default(), |r| r.numbers);
                self.act(
                    (*case, *account),
                    "partner",
                    what,
                    &numbers,
                    (given_up, 0),
                    marks.now,
                );
            }
            Event::Guarded { guard, .. } => {
                let name = format!("G{}", *guard as u8);
                *self.guards.entry(name).or_default() += 1;
            }
            Event::Bankruptcy { positions, .. } => {
                for (instrument, quantity) in positions {
                    self.flow(*instrument, quantity.saturating_neg(), marks);
                }
            }
            Event::TakenOver {
                case,
                account,
                to_fund,
                loss,
                to_owner,
            } => {
                self.taken_over += 1;
                if let Some(running) = self.running.get_mut(case) {
                    running.shortfall = *loss;
                }
                let what = format!(
                    "the insurance fund takes the rest: it is paid {}, pays {}, the owner keeps {}",
                    money(*to_fund),
                    money(*loss),
                    money(*to_owner)
                );
                let flat = Numbers {
                    equity: *to_owner,
                    index: marks.index.raw(),
                    ..Numbers::default()
                };
                self.act(
                    (*case, *account),
                    "takeover",
                    what,
                    &flat,
                    (0, *to_fund),
                    marks.now,
                );
            }
            Event::Socialised { amount, .. } => self.socialised += amount,
            Event::Uncovered { amount, .. } => self.uncovered += amount,
            _ => {}
        }
        None
    }

    fn phase(
        &mut self,
        (case, account): (CaseId, AccountId),
        (_, to): (PhaseName, PhaseName),
        numbers: &Numbers,
        holds: impl FnOnce() -> Vec<(InstrumentId, i64)>,
    ) {
        if to == PhaseName::Flagged {
            let legs = holds();
            self.running.insert(
                case,
                Running {
                    numbers: *numbers,
                    first: *numbers,
                    step: "flagged",
                    cost: 0,
                    shortfall: 0,
                    now: legs.iter().copied().collect(),
                    legs,
                },
            );
            return;
        }
        if let (Some(step), Some(running)) = (phase_step(to), self.running.get_mut(&case)) {
            running.numbers = *numbers;
            running.step = step;
            return;
        }
        let how = match to {
            PhaseName::Released => "released",
            PhaseName::Cured => "cured by a deposit",
            PhaseName::Closed => "bankrupt",
            _ => return,
        };
        let Some(done) = self.running.remove(&case) else {
            return;
        };
        let sums = self.ended.entry((done.step, how)).or_default();
        let parts = [1, done.first.equity, done.cost, done.shortfall];
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum = sum.saturating_add(part);
        }
        self.over.insert(
            case,
            Over {
                account: account.0,
                how,
                step: done.step,
                legs: done.legs,
            },
        );
    }

    fn filled(&mut self, event: &Event, marks: &Marks<'_>) {
        let Event::Filled {
            case,
            account,
            stage,
            instrument,
            side,
            quantity,
            price,
            mark,
            incentive,
            fee,
            numbers,
        } = event
        else {
            return;
        };
        let totals = self.steps.entry(stage.name()).or_default();
        totals.fills += 1;
        totals.incentive += incentive;
        totals.fee += fee;
        totals.notional += notional(marks.index, *quantity);
        totals.fair += mul_div(*mark, (*quantity).into(), 100_000_000, Rounding::Down).unwrap_or(0);
        if *stage == Stage::Auction {
            let key = (*case, *instrument);
            self.offers.entry(key).or_default().taken += quantity;
            let level = self.level_of.get(&key).copied().unwrap_or(0);
            *self.levels.entry(level).or_default() += 1;
        }
        let signed = match side {
            Side::Buy => *quantity,
            Side::Sell => quantity.saturating_neg(),
        };
        self.flow(*instrument, signed, marks);
        self.holds_more(*case, *instrument, signed);
        let verb = match side {
            Side::Buy => "bought",
            Side::Sell => "sold",
        };
        let what = format!(
            "{verb} {} of {} at {}, fair value {}",
            money((*quantity).into()),
            name(marks.terms, *instrument),
            price_text((*price).into()),
            price_text(*mark)
        );
        let costs = (*incentive, *fee);
        self.act(
            (*case, *account),
            stage.name(),
            what,
            numbers,
            costs,
            marks.now,
        );
    }

    fn bid(
        &mut self,
        (case, account): (CaseId, AccountId),
        (share, paid): (i128, i128),
        numbers: &Numbers,
        marks: &Marks<'_>,
    ) -> (i128, i128) {
        self.portfolios.1.insert(case);
        let before = self.running.get(&case).map_or(*numbers, |r| r.numbers);
        // What the share was worth, less what was paid for it.
        let fair = mul_div(before.equity, share, 10i128.pow(18), Rounding::Down).unwrap_or(0);
        let discount = fair.saturating_sub(paid);
        let legs = self
            .running
            .get(&case)
            .map_or(BTreeMap::new(), |r| r.now.clone());
        let totals = self
            .steps
            .entry(Stage::PortfolioAuction.name())
            .or_default();
        totals.fills += 1;
        totals.incentive += discount;
        totals.fair += fair.abs();
        let mut on = 0i128;
        for (instrument, quantity) in legs {
            let part = mul_div(quantity.into(), share, 10i128.pow(18), Rounding::Down);
            let part = part
                .ok()
                .and_then(|part| i64::try_from(part).ok())
                .unwrap_or(0);
            let totals = self
                .steps
                .entry(Stage::PortfolioAuction.name())
                .or_default();
            let of_part = notional(marks.index, part.saturating_abs());
            totals.notional += of_part;
            on += of_part;
            self.flow(instrument, part.saturating_neg(), marks);
            self.holds_more(case, instrument, part.saturating_neg());
        }
        let what = format!(
            "{} % of everything goes for {}, fair value {}",
            Amount::new(share / 10i128.pow(14), 2),
            money(paid),
            money(fair)
        );
        let step = Stage::PortfolioAuction.name();
        self.act(
            (case, account),
            step,
            what,
            numbers,
            (discount, 0),
            marks.now,
        );
        (on, discount)
    }

    fn holds_more(&mut self, case: CaseId, instrument: InstrumentId, signed: i64) {
        if let Some(running) = self.running.get_mut(&case) {
            let held = running.now.entry(instrument).or_default();
            *held = held.saturating_add(signed);
        }
    }

    /// A portfolio is on offer.
    pub(super) fn portfolio_offered(&mut self, case: CaseId) {
        self.portfolios.0.insert(case);
    }

    fn act(
        &mut self,
        (case, account): (CaseId, AccountId),
        step: &str,
        what: String,
        numbers: &Numbers,
        (incentive, fee): (i128, i128),
        now: Timestamp,
    ) {
        let Some(running) = self.running.get_mut(&case) else {
            return;
        };
        let before = margin(&running.numbers);
        running.numbers = *numbers;
        running.cost += incentive + fee;
        self.actions.push(Action {
            case: case.0,
            account: account.0,
            at: now.millis(),
            step: step.to_owned(),
            what,
            before,
            after: margin(numbers),
            incentive: money(incentive),
            fee: money(fee),
        });
    }

    /// Adds a trade of a liquidated account to what the venue's liquidations traded.
    fn flow(&mut self, instrument: InstrumentId, signed: i64, marks: &Marks<'_>) {
        let size = door::enter(signed.into(), 6);
        let (delta, vega) = greeks(instrument, marks).unwrap_or((0.0, 0.0));
        self.delta += size * delta;
        self.vega += size * vega;
    }

    pub(super) fn ended(&self) -> Vec<Ended> {
        let row = |(&(step, how), sums): (&(&str, &str), &[i128; 4])| Ended {
            step: step.to_owned(),
            how: how.to_owned(),
            cases: u64::try_from(sums[0]).unwrap_or(0),
            equity: money(sums[1]),
            cost: money(sums[2]),
            shortfall: money(sums[3]),
        };
        let mut ended: Vec<Ended> = self.ended.iter().map(row).collect();
        for running in self.running.values() {
            let open = "still open at the end";
            match ended
                .iter_mut()
                .find(|e| e.step == running.step && e.how == open)
            {
                Some(row) => row.cases += 1,
                None => ended.push(Ended {
                    step: running.step.to_owned(),
                    how: open.to_owned(),
                    cases: 1,
                    equity: money(running.first.equity),
                    cost: money(running.cost),
                    shortfall: money(0),
                }),
            }
        }
        ended
    }

    pub(super) fn steps(&self) -> Vec<StepTotal> {
        let row = |(&step, totals): (&&str, &Totals)| StepTotal {
            step: step.to_owned(),
            orders: totals.orders,
            fills: totals.fills,
            fair: money(totals.fair),
            notional: money(totals.notional),
            incentive: money(totals.incentive),
            fee: money(totals.fee),
        };
        self.steps.iter().map(row).collect()
    }

    pub(super) fn auctions(&self) -> Auctions {
        let mut auctions = Auctions {
            levels: self
                .levels
                .iter()
                .map(|(level, fills)| (*level, *fills))
                .collect(),
            ..Auctions::default()
        };
        for offer in self.offers.values() {
            auctions.offered += 1;
            match offer.taken {
                0 => auctions.untaken += 1,
                taken if taken >= offer.wanted => auctions.taken += 1,
                _ => auctions.partly += 1,
            }
        }
        let (offered, bid) = &self.portfolios;
        auctions.offered += offered.len() as u64;
        let released = |case: &&CaseId| self.over.get(case).is_some_and(|o| o.how == "released");
        let bids: Vec<&CaseId> = offered.intersection(bid).collect();
        let enough = bids.iter().filter(|case| released(case)).count();
        auctions.taken += enough as u64;
        auctions.partly += (bids.len() - enough) as u64;
        auctions.untaken += offered.difference(bid).count() as u64;
        auctions
    }

    pub(super) fn guards(&self) -> Vec<(String, u64)> {
        self.guards
            .iter()
            .map(|(name, times)| (name.clone(), *times))
            .collect()
    }

    /// Liquidations since the start that worked on somebody.
    pub(super) fn cases(&self) -> u64 {
        (self.over.len() + self.running.len()) as u64
    }
}

/// The size at the index.
pub(super) fn notional(index: Price<8>, size: i64) -> i128 {
    mul_div(index.raw(), size.into(), 100_000_000, Rounding::Down).unwrap_or(0)
}

/// Delta, and vega per point of volatility, of one unit.
pub(super) fn greeks(instrument: InstrumentId, marks: &Marks<'_>) -> Option<(f64, f64)> {
    let Some(at) = instrument.index().checked_sub(1) else {
        return Some((1.0, 0.0));
    };
    let terms = marks.terms.get(at)?;
    let left = terms.expiry.millis().saturating_sub(marks.now.millis());
    if left <= 0 {
        return None;
    }
    let option = (terms.right.into(), terms.strike, terms.expiry);
    let unit = marks.surface?.unit(option, marks.index, marks.now).ok()?;
    let black = Black76::new(
        terms.right.into(),
        door::enter(unit.forward?.moving.raw(), 18),
        door::enter(terms.strike.raw(), 8),
        door::enter(unit.vol.raw(), 15),
        door::years(left),
        0.0,
    );
    let greeks = black.ok()?.greeks();
    Some((greeks.delta, greeks.vega / 100.0))
}
