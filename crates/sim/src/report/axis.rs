//! Axes: which values get a label, and where on the paper a time or a value falls.

use crate::results::time_text;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Lengths of time people read easily, ms.
const SPANS: [i64; 22] = [
    1_000,
    5_000,
    15_000,
    30_000,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
];

/// The replay's window on the horizontal axis; `end` is always after `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeAxis {
    /// ms since the epoch.
    pub(crate) start: i64,
    /// ms since the epoch.
    pub(crate) end: i64,
}

impl TimeAxis {
    /// A window of no length is drawn as one millisecond.
    pub(crate) fn new(window: (i64, i64)) -> Self {
        let (start, end) = window;
        let end = end.max(start.saturating_add(1));
        Self { start, end }
    }

    /// Its length, ms.
    pub(crate) fn length(self) -> i64 {
        self.end.saturating_sub(self.start).max(1)
    }

    /// Where a time falls: 0 at the start, 1 at the end; times outside are held at the edges.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn fraction(self, time: i64) -> f64 {
        let time = time.clamp(self.start, self.end);
        time.saturating_sub(self.start) as f64 / self.length() as f64
    }

    /// The finest readable span that divides the window into at most `most` parts.
    pub(crate) fn span(self, most: i64) -> i64 {
        let exact = self.length() / most.max(1);
        let readable = SPANS.iter().copied().find(|span| *span > exact);
        // Beyond a year per part: whole years.
        readable.unwrap_or_else(|| (exact / (365 * DAY) + 1).saturating_mul(365 * DAY))
    }

    /// Labelled times, at most eight.
    pub(crate) fn ticks(self) -> Vec<(i64, String)> {
        let span = self.span(8);
        let first = self.start.div_euclid(span).saturating_mul(span);
        let times = (0..=9).map(|i: i64| first.saturating_add(i.saturating_mul(span)));
        times
            .filter(|t| (self.start..=self.end).contains(t))
            .map(|t| (t, label(t, span)))
            .collect()
    }
}

/// `10 Oct` at midnight, `21:20` within a day, with seconds where the step needs them.
fn label(time: i64, span: i64) -> String {
    if time.rem_euclid(DAY) == 0 || span >= DAY {
        return date(time);
    }
    clock(time, span < MINUTE)
}

/// `10 Oct`.
pub(crate) fn date(time: i64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = time_text(time);
    let day = text.split(' ').next().unwrap_or_default();
    let mut from_the_end = day.rsplit('-');
    let day = from_the_end.next().unwrap_or_default();
    let month = from_the_end.next().and_then(|m| m.parse::<usize>().ok());
    let month = month.and_then(|m| MONTHS.get(m.wrapping_sub(1)));
    format!("{} {}", day.trim_start_matches('0'), month.unwrap_or(&""))
}

/// `21:20`, or `21:20:05`.
pub(crate) fn clock(time: i64, seconds: bool) -> String {
    let text = time_text(time);
    let clock = text.split(' ').nth(1).unwrap_or_default();
    let length = if seconds { 8 } else { 5 };
    clock.get(..length).unwrap_or(clock).to_owned()
}

/// `10 Oct 21:20`, with seconds where there are some.
pub(crate) fn moment(time: i64) -> String {
    format!("{} {}", date(time), clock(time, time % MINUTE != 0))
}

/// Two times in the fewest words: `10 Oct 21:10 to 21:25`.
pub(crate) fn between(from: i64, to: i64) -> String {
    if from.div_euclid(DAY) == to.div_euclid(DAY) {
        return format!("{} to {}", moment(from), clock(to, to % MINUTE != 0));
    }
    format!("{} to {}", moment(from), moment(to))
}

/// The largest value an axis reaches; beyond it differences are no longer numbers.
const LARGEST: f64 = 1e30;

/// The vertical axis; `high` is always above `low`, both finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ValueAxis {
    /// Value at the bottom.
    pub(crate) low: f64,
    /// Value at the top.
    pub(crate) high: f64,
}

impl ValueAxis {
    /// Zero at the bottom, and room for `highest`.
    pub(crate) fn from_zero(highest: f64) -> Self {
        let high = if highest.is_finite() && highest > 0.0 {
            highest.clamp(1e-12, LARGEST) * 1.05
        } else {
            1.0
        };
        Self { low: 0.0, high }
    }

    /// The range of the finite values with a little room, and zero when it is near.
    pub(crate) fn around(values: impl Iterator<Item = f64>) -> Self {
        let finite = values.filter(|v| v.is_finite());
        let finite = finite.map(|v| v.clamp(-LARGEST, LARGEST));
        let range = finite.fold(None, |range: Option<(f64, f64)>, v| {
            Some(range.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
        });
        let Some((low, high)) = range else {
            return Self::from_zero(0.0);
        };
        if low >= 0.0 && low <= high * 0.4 {
            return Self::from_zero(high);
        }
        let room = if high > low {
            (high - low) * 0.06
        } else {
            (high.abs() * 0.05).max(1e-9)
        };
        Self {
            low: low - room,
            high: high + room,
        }
    }

    /// Whether zero is the bottom.
    pub(crate) fn starts_at_zero(self) -> bool {
        self.low == 0.0
    }

    /// Where a value falls: 0 at the top, 1 at the bottom, as paper counts.
    pub(crate) fn fraction(self, value: f64) -> f64 {
        let value = if value.is_finite() { value } else { self.low };
        ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Round values inside the range, four or so, and the step between them.
    pub(crate) fn ticks(self) -> (Vec<f64>, f64) {
        let step = round_step((self.high - self.low) / 4.0);
        let first = (self.low / step).ceil();
        let ticks = (0..12).map(|i| (first + f64::from(i)) * step);
        (ticks.filter(|v| *v <= self.high).collect(), step)
    }
}

/// 1, 2 or 5 times a power of ten, the first that is not below `least`.
fn round_step(least: f64) -> f64 {
    let mut power = 1.0;
    while power > least && power > 1e-30 {
        power /= 10.0;
    }
    while power * 10.0 <= least && power < 1e30 {
        power *= 10.0;
    }
    let steps = [1.0, 2.0, 5.0, 10.0].map(|m| m * power);
    steps.into_iter().find(|s| *s >= least).unwrap_or(power)
}
