//! The measures' one definition: desks report facts, the meter counts.
//!
//! Money comes in raw units of the venue's own asset, of which the meter knows the decimals; it is
//! summed as it came and turned into micro-dollars, cut off towards zero, when it is read. Sums
//! saturate. A breach is known by a key that the desk chooses (an account, a position, a case); a
//! trader by the number among the people, so that somebody with several isolated positions counts
//! once. Nothing here depends on the order of events of the same moment, but that a breach comes
//! before what is taken for it, and [`Meter::stands`] after the losses of the same moment.

mod parties;
mod path;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use plimsoll_units::{Rounding, Timestamp, mul_div};

pub use parties::{Bearer, Payee};
pub use path::{HOUR, Path};

use super::measures::{Book, Deleveraged, Fund, Measures, Recovered, Share, Speed};
use crate::results::{Amount, Line};

/// An account that has come to meet its design's rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Whose it is: the trader's number among the people.
    pub trader: u32,
    /// When.
    pub at: Timestamp,
    /// What the account has, raw.
    pub equity: i128,
    /// What the rule asks for, raw.
    pub requirement: i128,
    /// Whether that moves with the notional; otherwise it stays as it is.
    pub scales: bool,
    /// What it holds, by market; empty where its equity does not follow prices.
    pub stakes: Vec<Stake>,
}

/// What an account holds in a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stake {
    /// The market's number in the scenario.
    pub market: usize,
    /// Signed notional at the mark, raw: below zero when it gains from a fall.
    pub notional: i128,
    /// The mark, 18 decimals.
    pub mark: i128,
}

/// What a liquidation took from a breached account at once. Equities are at the same marks: what
/// is lost between them is lost to the liquidation, not to the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Notional closed or taken over, at the mark, raw.
    pub notional: i128,
    /// The least notional that would have restored the account just before, raw; see
    /// [`least_notional`].
    pub needed: i128,
    /// Equity just before, raw.
    pub before: i128,
    /// Equity just after, raw.
    pub after: i128,
}

/// The least notional that restores an account when the same share of everything it holds is
/// closed at the mark: its equity stays and its requirement falls with the notional. All of it for
/// an account whose equity is not above zero. Rounded up, against the liquidation.
#[must_use]
pub fn least_notional(notional: i128, equity: i128, requirement: i128) -> i128 {
    let notional = notional.saturating_abs();
    let missing = requirement.saturating_sub(equity);
    if missing <= 0 {
        return 0;
    }
    if equity <= 0 {
        return notional;
    }
    let share = mul_div(notional, missing, requirement, Rounding::Up);
    share.unwrap_or(notional).min(notional)
}

/// A breach and what became of it.
#[derive(Debug, Clone)]
struct Followed {
    breach: Breach,
    /// Taken by liquidations, notional.
    taken: i128,
    /// What would have been enough when the first was taken; `None` until then.
    needed: Option<i128>,
    /// Equity lost to liquidations, gains against it; negative equity counts as none.
    lost: i128,
    resolved: Option<Timestamp>,
}

/// What is known of a trader.
#[derive(Debug, Clone, Copy, Default)]
struct Trader {
    joined: bool,
    liquidated: bool,
    deleveraged: bool,
}

/// A backstop with money of its own.
#[derive(Debug, Clone, Default)]
struct Backstop {
    /// Put into it less taken out, beside gains and losses.
    endowed: i128,
    /// The same when the first account breached.
    start: Option<i128>,
    now: i128,
    low: Option<i128>,
    /// The most by which its losses and everybody else's came to exceed its gains.
    sufficient: i128,
}

/// Counts what one design's desk reports.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    decimals: u32,
    /// Who the backstop is, where there is one.
    bearer: Option<Bearer>,
    traders: Vec<Trader>,
    deposits: i128,
    open_interest: i128,
    breaches: Vec<Followed>,
    open: BTreeMap<u64, usize>,
    liquidated: u64,
    bad_debt: BTreeMap<Bearer, i128>,
    /// What bankrupt accounts that are still there lack.
    outstanding: i128,
    /// Losses of the backstop that it passed on.
    passed_on: i128,
    incentives: BTreeMap<Payee, i128>,
    deleveraged: Deleveraged,
    backstop: Backstop,
    book: Option<Closed>,
    lines: Lines,
}

/// What was closed on the book.
#[derive(Debug, Clone, Copy, Default)]
struct Closed {
    notional: i128,
    against: i128,
    worst_e2_bps: i64,
}

#[derive(Debug, Clone, Default)]
struct Lines {
    liquidated: Line,
    bad_debt: Line,
    backstop: Line,
    equity: Line,
}

impl Meter {
    /// A meter of amounts with so many decimals. `backstop` says who the money is that
    /// [`Meter::stands`] tells of, where a design has some.
    #[must_use]
    pub fn new(decimals: u32, backstop: Option<Bearer>) -> Self {
        Self {
            decimals,
            bearer: backstop,
            ..Self::default()
        }
    }

    /// A trader holds a position, having brought `deposit`; or brings more.
    pub fn joined(&mut self, trader: u32, deposit: i128) {
        self.trader(trader).joined = true;
        add(&mut self.deposits, deposit);
    }

    /// Money was put into the backstop, or taken out (below zero), that is no gain and no loss.
    pub fn endowed(&mut self, amount: i128) {
        add(&mut self.backstop.endowed, amount);
        add(&mut self.backstop.now, amount);
    }

    /// What the backstop has now, positions it took over counted at the mark.
    pub fn stands(&mut self, amount: i128) {
        let others = self.borne_by_others().saturating_add(self.passed_on);
        let own = &mut self.backstop;
        own.now = amount;
        if own.start.is_some() {
            own.low = Some(own.low.map_or(amount, |low| low.min(amount)));
        }
        let gained = amount.saturating_sub(own.endowed);
        own.sufficient = own.sufficient.max(others.saturating_sub(gained));
    }

    /// An account comes to meet the design's own rule. While the breach of a key is open another
    /// changes nothing.
    pub fn breach(&mut self, key: u64, breach: Breach) {
        let own = &mut self.backstop;
        own.start.get_or_insert(own.endowed);
        own.low.get_or_insert(own.now);
        let breaches = &mut self.breaches;
        self.open.entry(key).or_insert_with(|| {
            breaches.push(Followed {
                breach,
                taken: 0,
                needed: None,
                lost: 0,
                resolved: None,
            });
            breaches.len() - 1
        });
    }

    /// Whether a breach of this key is open.
    #[must_use]
    pub fn is_open(&self, key: u64) -> bool {
        self.open.contains_key(&key)
    }

    /// A liquidation takes something from a breached account.
    pub fn took(&mut self, key: u64, taken: Taken) {
        let followed = self
            .open
            .get(&key)
            .and_then(|at| self.breaches.get_mut(*at));
        debug_assert!(followed.is_some(), "nothing is taken without a breach");
        let Some(followed) = followed else { return };
        add(&mut followed.taken, taken.notional.max(0));
        followed.needed.get_or_insert(taken.needed.max(0));
        let lost = taken.before.max(0).saturating_sub(taken.after.max(0));
        add(&mut followed.lost, lost);
        let trader = followed.breach.trader;
        if !std::mem::replace(&mut self.trader(trader).liquidated, true) {
            self.liquidated += 1;
        }
    }

    /// The account is sound again, or has nothing left. What a backstop still holds of it is the
    /// backstop's: its disposal is no part of the time to resolution.
    pub fn resolved(&mut self, key: u64, now: Timestamp) {
        if let Some(at) = self.open.remove(&key)
            && let Some(followed) = self.breaches.get_mut(at)
        {
            followed.resolved = Some(now);
        }
    }

    /// A loss beyond what bankrupt traders had is borne. Below zero it is made good again.
    pub fn lost(&mut self, who: Bearer, amount: i128) {
        add(self.bad_debt.entry(who).or_default(), amount);
    }

    /// What bankrupt accounts that nobody has dealt with yet lack now, together: so far nobody
    /// bears it. Takes the place of what was said before.
    pub fn outstanding(&mut self, amount: i128) {
        self.outstanding = amount;
    }

    /// A loss of the backstop's on what it had taken over was passed on to others, or a gain (below
    /// zero). It is no bad debt: that was borne when the backstop took over.
    pub fn passed_on(&mut self, amount: i128) {
        add(&mut self.passed_on, amount);
    }

    /// A reward or an incentive is paid.
    pub fn paid(&mut self, who: Payee, amount: i128) {
        add(self.incentives.entry(who).or_default(), amount);
    }

    /// A sound trader's position is closed; `cost` is equity before less after, marks unchanged.
    pub fn deleveraged(&mut self, trader: u32, notional: i128, cost: i128) {
        if !std::mem::replace(&mut self.trader(trader).deleveraged, true) {
            self.deleveraged.traders += 1;
        }
        add(&mut self.deleveraged.notional, notional);
        add(&mut self.deleveraged.cost, cost);
    }

    /// A fill on the order book: its notional at the mark, and how much worse than the mark it was
    /// (below zero when better).
    pub fn on_book(&mut self, notional: i128, against: i128) {
        let book = self.book.get_or_insert_default();
        add(&mut book.notional, notional);
        add(&mut book.against, against);
        book.worst_e2_bps = book.worst_e2_bps.max(e2_bps(against, notional));
    }

    /// Says that the design closes on an order book, also when nothing comes to it.
    pub fn has_book(&mut self) {
        self.book.get_or_insert_default();
    }

    /// Notional of all traders' positions now, long and short added.
    pub fn open_interest(&mut self, total: i128) {
        self.open_interest = self.open_interest.max(total);
    }

    /// The report's clock ticks; what traders have, with what they have taken out already.
    pub fn sampled(&mut self, now: Timestamp, traders_equity: i128) {
        let now = now.millis();
        let dollars = |raw: i128| Amount::new(raw, self.decimals).approximate();
        let bad_debt = self.bad_debt();
        let bad_debt = bad_debt
            .values()
            .fold(0, |sum: i128, b| sum.saturating_add(*b));
        let share = if self.deposits > 0 {
            dollars(traders_equity) / dollars(self.deposits)
        } else {
            1.0
        };
        let lines = &mut self.lines;
        let liquidated = Amount::new(self.liquidated.into(), 0).approximate();
        push(&mut lines.liquidated, now, liquidated);
        push(&mut lines.bad_debt, now, dollars(bad_debt));
        push(&mut lines.equity, now, share);
        if self.bearer.is_some() {
            push(&mut lines.backstop, now, dollars(self.backstop.now));
        }
    }

    /// The measures of everything reported so far, over the true prices.
    #[must_use]
    pub fn measures(&self, path: &Path) -> Measures {
        let taken = |f: &&Followed| f.needed.is_some();
        let liquidated = || self.breaches.iter().filter(taken);
        let sum = |of: fn(&Followed) -> i128| {
            self.micro(liquidated().map(of).fold(0, i128::saturating_add))
        };
        let fund = self.fund();
        Measures {
            traders: count(self.traders.iter().filter(|t| t.joined).count()),
            deposits: self.micro(self.deposits),
            backstop_start: fund.as_ref().map_or(0, |fund| fund.start),
            open_interest: self.micro(self.open_interest),
            liquidated: self.liquidated,
            liquidated_notional: sum(|f| f.taken),
            needed_notional: sum(|f| f.needed.unwrap_or(0)),
            excess_notional: sum(|f| f.taken.saturating_sub(f.needed.unwrap_or(0)).max(0)),
            over_liquidation: sum(|f| f.lost.max(0)),
            bad_debt: self.shares(&self.bad_debt(), Bearer::text),
            bad_debt_of_others: self.micro(self.borne_by_others()),
            passed_on: self.micro(self.passed_on),
            fund,
            incentives: self.shares(&self.incentives, Payee::text),
            speed: self.speed(),
            deleveraged: Deleveraged {
                notional: self.micro(self.deleveraged.notional),
                cost: self.micro(self.deleveraged.cost),
                ..self.deleveraged
            },
            book: self.book.map(|book| Book {
                notional: self.micro(book.notional),
                mean_e2_bps: e2_bps(book.against, book.notional),
                worst_e2_bps: book.worst_e2_bps,
            }),
            recovered: self.recovered(path),
            liquidated_over_time: labelled(&self.lines.liquidated, "Traders liquidated", "traders"),
            bad_debt_over_time: labelled(&self.lines.bad_debt, "Bad debt", "USD"),
            backstop_over_time: labelled(&self.lines.backstop, "Backstop", "USD"),
            equity_over_time: labelled(&self.lines.equity, "Traders' equity", "share"),
        }
    }

    fn trader(&mut self, number: u32) -> &mut Trader {
        let at = number as usize;
        if at >= self.traders.len() {
            self.traders.resize(at + 1, Trader::default());
        }
        &mut self.traders[at]
    }

    /// Losses by who bore them, with what is outstanding.
    fn bad_debt(&self) -> BTreeMap<Bearer, i128> {
        let mut borne = self.bad_debt.clone();
        add(borne.entry(Bearer::Nobody).or_default(), self.outstanding);
        borne
    }

    /// Losses that somebody else than the backstop bore.
    fn borne_by_others(&self) -> i128 {
        let others = self.bad_debt.iter();
        let others = others.filter(|(who, _)| Some(**who) != self.bearer);
        others.fold(self.outstanding, |sum, (_, raw)| sum.saturating_add(*raw))
    }

    fn fund(&self) -> Option<Fund> {
        let bearer = self.bearer?;
        let own = &self.backstop;
        Some(Fund {
            name: bearer.text().to_owned(),
            start: self.micro(own.start.unwrap_or(own.endowed)),
            low: self.micro(own.low.unwrap_or(own.now).min(own.now)),
            end: self.micro(own.now),
            sufficient: self.micro(own.sufficient),
        })
    }

    fn speed(&self) -> Speed {
        let took = |f: &Followed| Some(f.resolved?.millis() - f.breach.at.millis());
        let mut times: Vec<i64> = self.breaches.iter().filter_map(took).collect();
        times.sort_unstable();
        let all = self.breaches.len();
        Speed {
            breaches: count(all),
            median: ordered(&times, all, 50),
            p99: ordered(&times, all, 99),
            unresolved: count(all - times.len()),
        }
    }

    fn recovered(&self, path: &Path) -> Recovered {
        let mut recovered = Recovered::default();
        for followed in self.breaches.iter().filter(|f| f.needed.is_some()) {
            if let Some(restored) = path.would_restore(&followed.breach) {
                recovered.followed += 1;
                recovered.would_have += u64::from(restored);
            }
        }
        recovered
    }

    /// Raw as micro-dollars, cut off towards zero.
    fn micro(&self, raw: i128) -> i128 {
        Amount::new(raw, self.decimals).micro()
    }

    /// Largest first; those with nothing are left out.
    fn shares<K: Copy>(
        &self,
        of: &BTreeMap<K, i128>,
        text: impl Fn(K) -> &'static str,
    ) -> Vec<Share> {
        let share = |(who, raw): (&K, &i128)| Share {
            who: text(*who).to_owned(),
            amount: self.micro(*raw),
        };
        let mut shares: Vec<Share> = of.iter().map(share).filter(|s| s.amount != 0).collect();
        shares.sort_by_key(|share| std::cmp::Reverse(share.amount));
        shares
    }
}

/// The least time within which `percent` of `all` were over; `times` are those that were, sorted.
fn ordered(times: &[i64], all: usize, percent: usize) -> Option<i64> {
    let rank = (all * percent).div_ceil(100);
    times.get(rank.checked_sub(1)?).copied()
}

/// A cost as hundredths of a basis point of a notional, rounded away from zero.
fn e2_bps(against: i128, notional: i128) -> i64 {
    if notional <= 0 {
        return 0;
    }
    let up = mul_div(against.saturating_abs(), 1_000_000, notional, Rounding::Up);
    let e2 = i64::try_from(up.unwrap_or(i128::MAX)).unwrap_or(i64::MAX);
    if against < 0 { -e2 } else { e2 }
}

fn add(to: &mut i128, amount: i128) {
    *to = to.saturating_add(amount);
}

fn count(of: usize) -> u64 {
    of as u64
}

fn push(line: &mut Line, at: i64, value: f64) {
    line.times.push(at);
    line.values.push(value);
}

fn labelled(line: &Line, label: &str, unit: &str) -> Line {
    Line {
        label: label.to_owned(),
        unit: Some(unit.to_owned()),
        ..line.clone()
    }
}
