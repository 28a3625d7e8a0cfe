//! Who is there, and how books stand, at a moment: what the stresses of people come to.
//!
//! A desk asks; it never looks at the stresses themselves. Times are half open: whoever leaves at
//! `from` is away then, and is back at `to`. Without a stress everybody is always there, and every
//! factor is one. Factors are in millionths; where stretches overlap they multiply.

use plimsoll_units::{Duration, Timestamp};

use crate::depth::Strain;
use crate::scenario::{Decimal, Span, Stress, When};

/// One, in millionths.
pub(crate) const ONE_PPM: i128 = 1_000_000;
/// The widest that several stresses make a spread together: a million times.
const SPREAD_MAX: i128 = ONE_PPM * ONE_PPM;

/// A stretch of time, without its end; one that never ends has [`Timestamp::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch {
    /// The first moment inside.
    pub(crate) from: Timestamp,
    /// The first moment outside again.
    pub(crate) to: Timestamp,
}

impl Stretch {
    /// From `at` on, for so long; for good where that is left out.
    pub(crate) fn new(at: When, length: Option<Span>) -> Self {
        let to = length.map_or(Timestamp::MAX, |span| at.0.saturating_add(span.0));
        Self { from: at.0, to }
    }

    /// Whether a moment is inside.
    pub(crate) fn contains(self, time: Timestamp) -> bool {
        self.from <= time && time < self.to
    }

    /// Its end, where it has one.
    pub(crate) fn end(self) -> Option<Timestamp> {
        Some(self.to).filter(|to| *to < Timestamp::MAX)
    }
}

/// Providers of liquidity take some of it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// When they ask for it.
    pub(crate) at: Timestamp,
    /// Which share of what they have then, millionths.
    pub(crate) share_ppm: u32,
}

/// How a book stands beside what it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Widened {
    when: Stretch,
    depth: i128,
    spread: i128,
}

/// See the module documentation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conditions {
    /// Apart from each other, in the order of time.
    partners_away: Vec<Stretch>,
    /// The same.
    liquidators_away: Vec<Stretch>,
    books: Vec<Widened>,
    leaving: Vec<Leaving>,
}

impl Conditions {
    /// What the stresses of a scenario come to.
    pub(crate) fn of(stresses: &[Stress]) -> Self {
        let mut all = Self::default();
        for stress in stresses {
            match stress {
                Stress::PartnersLeave { at, r#for } => {
                    all.partners_away.push(Stretch::new(*at, *r#for));
                }
                Stress::LiquidatorsAway { at, r#for } => {
                    all.liquidators_away.push(Stretch::new(*at, *r#for));
                }
                Stress::LiquidityLeaves { at, share } => all.leaving.push(Leaving {
                    at: at.0,
                    share_ppm: share.millionths(),
                }),
                Stress::WidenBooks {
                    at,
                    r#for,
                    depth,
                    spread,
                } => all.books.push(Widened {
                    when: Stretch::new(*at, *r#for),
                    depth: ppm(*depth),
                    spread: ppm(*spread),
                }),
                Stress::Scale { .. }
                | Stress::Correlate { .. }
                | Stress::Gap { .. }
                | Stress::FreezeOracle { .. }
                | Stress::DelayPrices { .. } => {}
            }
        }
        merge(&mut all.partners_away);
        merge(&mut all.liquidators_away);
        all
    }

    /// Whether liquidation partners and bidders are there.
    pub(crate) fn partners_present(&self, now: Timestamp) -> bool {
        back(&self.partners_away, now) == Some(now)
    }

    /// When a partner or bidder who would act `delay` after `now` does so: whoever is away looks
    /// on returning. `None` where they never return.
    pub(crate) fn partners_react(&self, now: Timestamp, delay: Duration) -> Option<Timestamp> {
        react(&self.partners_away, now, delay)
    }

    /// The stretches during which partners and bidders are away, in the order of time.
    pub(crate) fn partners_away(&self) -> &[Stretch] {
        &self.partners_away
    }

    /// When a liquidator who sees a case at `now` acts on it, `delay` later: whoever is away looks
    /// on returning. `None` where they never return.
    pub(crate) fn liquidators_react(&self, now: Timestamp, delay: Duration) -> Option<Timestamp> {
        react(&self.liquidators_away, now, delay)
    }

    /// What order books have of their depth, millionths.
    pub(crate) fn depth_factor(&self, now: Timestamp) -> i128 {
        let open = self.books.iter().filter(|book| book.when.contains(now));
        open.fold(ONE_PPM, |factor, book| {
            factor.saturating_mul(book.depth) / ONE_PPM
        })
    }

    /// How many times as far from the middle their orders are, millionths.
    pub(crate) fn spread_factor(&self, now: Timestamp) -> i128 {
        let open = self.books.iter().filter(|book| book.when.contains(now));
        open.fold(ONE_PPM, |factor, book| {
            let wider = factor.saturating_mul(book.spread) / ONE_PPM;
            wider.min(SPREAD_MAX)
        })
    }

    /// Both, as ladders of quotes take them.
    pub(crate) fn strain(&self, now: Timestamp) -> Strain {
        Strain {
            depth_ppm: self.depth_factor(now),
            spread_ppm: self.spread_factor(now),
        }
    }

    /// When liquidity leaves, and how much of it, in the order written.
    pub(crate) fn liquidity_leaving(&self) -> &[Leaving] {
        &self.leaving
    }
}

/// Millionths; scenarios are checked to have no more decimals.
fn ppm(factor: Decimal) -> i128 {
    factor.on_grid::<6>()
}

/// Puts stretches in order, and those that touch together.
fn merge(stretches: &mut Vec<Stretch>) {
    stretches.sort_unstable();
    let mut apart: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for next in stretches.drain(..) {
        match apart.last_mut().filter(|last| next.from <= last.to) {
            Some(last) => last.to = last.to.max(next.to),
            None => apart.push(next),
        }
    }
    *stretches = apart;
}

/// When somebody with these absences is there: `now`, or when the absence ends, if it does.
fn back(away: &[Stretch], now: Timestamp) -> Option<Timestamp> {
    match away.iter().find(|stretch| stretch.contains(now)) {
        Some(stretch) => stretch.end(),
        None => Some(now),
    }
}

/// Sees at `now` or on returning, and acts `delay` later; who has left by then sees it on returning
/// once more. Ends because absences are apart and in order.
fn react(away: &[Stretch], now: Timestamp, delay: Duration) -> Option<Timestamp> {
    let mut seen = back(away, now)?;
    loop {
        let acts = seen.saturating_add(delay);
        let there = back(away, acts)?;
        if there == acts {
            return Some(acts);
        }
        seen = there;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(at: i64, length: Option<i64>) -> Stress {
        Stress::LiquidatorsAway {
            at: When(Timestamp(at)),
            r#for: length.map(|ms| Span(Duration(ms))),
        }
    }

    #[test]
    fn whoever_is_away_acts_on_returning_or_never() {
        // Away in 10..20 and 22..30, each twice over, and from 100 on for good.
        let stresses = [
            away(22, Some(8)),
            away(10, Some(4)),
            away(12, Some(8)),
            away(100, None),
        ];
        let conditions = Conditions::of(&stresses);
        for (now, delay, acts) in [
            (0, 5, Some(5)),
            (0, 9, Some(9)),
            // It is seen in time, but nobody is there to act.
            (0, 10, Some(30)),
            (9, 1, Some(21)),
            (9, 0, Some(9)),
            (10, 0, Some(20)),
            (15, 1, Some(21)),
            // The gap between two absences is too short.
            (15, 2, Some(32)),
            (25, 3, Some(33)),
            (95, 5, None),
            (100, 0, None),
        ] {
            let found = conditions.liquidators_react(Timestamp(now), Duration(delay));
            assert_eq!(found, acts.map(Timestamp), "{now} after {delay}");
        }
        for (now, there) in [
            (9, true),
            (10, false),
            (19, false),
            (20, true),
            (100, false),
        ] {
            let acts = conditions.liquidators_react(Timestamp(now), Duration(0));
            assert_eq!(acts == Some(Timestamp(now)), there, "{now}");
            assert!(conditions.partners_present(Timestamp(now)));
        }
    }

    #[test]
    fn books_that_are_widened_twice_are_widened_by_both() {
        let widen = |at: i64, length: Option<i64>, depth: &str, spread: &str| Stress::WidenBooks {
            at: When(Timestamp(at)),
            r#for: length.map(|ms| Span(Duration(ms))),
            depth: depth.parse().unwrap(),
            spread: spread.parse().unwrap(),
        };
        let stresses = [
            widen(10, Some(10), "0.1", "3"),
            widen(15, None, "0.5", "1.5"),
        ];
        let conditions = Conditions::of(&stresses);
        for (now, depth, spread) in [
            (9, 1_000_000, 1_000_000),
            (10, 100_000, 3_000_000),
            (15, 50_000, 4_500_000),
            (20, 500_000, 1_500_000),
        ] {
            let now = Timestamp(now);
            let found = (conditions.depth_factor(now), conditions.spread_factor(now));
            assert_eq!(found, (depth, spread), "{now}");
        }
    }
}
