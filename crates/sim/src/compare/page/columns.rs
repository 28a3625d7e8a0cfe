//! The measures as columns of the table: which are shown, in which group, with what beside them.
//!
//! What a measure is, how it is read and which way it is better is said by
//! [`definitions`](crate::compare::definitions) alone; two more that only the page has are defined
//! here in the same way. Ranks are integers, so that what is marked as best does not hang on a
//! rounding.

use super::figure;
use crate::compare::{Better, Definition, Measures, Share, Unit, definitions};
use crate::report::number;

/// What a cell shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    /// What the column is sorted and compared by.
    pub(super) rank: i128,
    /// In few figures.
    pub(super) shown: String,
    /// A second line, smaller; may be empty.
    pub(super) beside: String,
    /// Every digit, under the pointer.
    pub(super) exact: String,
}

/// What a column's cells are made of.
#[derive(Clone, Copy)]
enum Content {
    /// The measure, and what stands beside it.
    Number(fn(&Measures) -> String),
    /// Who has which part of it.
    Shares(fn(&Measures) -> &[Share]),
}

/// One column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    /// The group it stands in.
    pub(super) group: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// What it is called in a sentence.
    pub(super) told: &'static str,
    /// The measure's key among the definitions.
    key: &'static str,
    content: Content,
}

/// The measures that only the page has.
pub(super) const OWN: [Definition; 2] = [
    Definition {
        key: "lost",
        label: "Lost in all",
        text: "Equity lost to liquidation and bad debt together: what was lost beside the market's own move.",
        unit: Unit::Dollars,
        better: Better::Lower,
        read: |m| Some(lost(m)),
    },
    Definition {
        key: "equity_left",
        label: "Traders' equity left",
        text: "What all traders had at the end, with what they had taken out, of what they put in; the market's own move is in it.",
        unit: Unit::Millionths,
        better: Better::Higher,
        read: equity_left,
    },
];

/// A measure as it is defined.
fn definition(key: &str) -> Option<&'static Definition> {
    let mut all = definitions().iter().chain(&OWN);
    all.find(|definition| definition.key == key)
}

/// A value in few figures.
fn shown(unit: Unit, value: i128) -> String {
    let small = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
    match unit {
        Unit::Count => unit.text(value),
        Unit::Dollars => figure::money(value),
        Unit::Millis => figure::length(small(value)),
        Unit::E2Bps => figure::basis_points(small(value)),
        Unit::Millionths => figure::percent(value),
    }
}

/// A value with every digit.
fn exact(unit: Unit, value: i128) -> String {
    match unit {
        Unit::Dollars => figure::exact(value),
        Unit::Millis => format!("{value} ms"),
        _ => unit.text(value),
    }
}

fn share_of(part: i128, whole: i128, of: &str) -> String {
    match figure::millionths(part, whole) {
        Some(part) => format!("{} of {of}", figure::percent(part)),
        None => String::new(),
    }
}

fn share(part: u64, whole: u64) -> String {
    figure::millionths(part.into(), whole.into()).map_or_else(String::new, figure::percent)
}

/// Who has how much of an amount, the largest first, in few words.
fn shares(shares: &[Share]) -> Cell {
    let sum = figure::sum(shares);
    let sorted = figure::sorted(shares);
    let part = |share: &&Share| match sorted.len() {
        1 => share.who.clone(),
        _ => format!("{} {}", share.who, figure::share(share.amount, sum)),
    };
    let told: Vec<String> = sorted.iter().map(part).collect();
    let exact: Vec<String> = sorted
        .iter()
        .map(|share| format!("{}: {}", share.who, figure::exact(share.amount)))
        .collect();
    Cell {
        rank: sum,
        shown: match told.is_empty() {
            true => "nobody".to_owned(),
            false => told.join(", "),
        },
        beside: String::new(),
        exact: exact.join("; "),
    }
}

/// What was lost beside the market's own move: taken from traders beyond need, and what bankrupt
/// traders owed.
pub(super) fn lost(measures: &Measures) -> i128 {
    let bad = measures.bad_debt_total();
    measures.over_liquidation.saturating_add(bad)
}

/// The last finite value of a line.
pub(super) fn last(line: &crate::results::Line) -> Option<f64> {
    line.values.iter().rev().copied().find(|v| v.is_finite())
}

#[allow(clippy::cast_possible_truncation)]
fn equity_left(measures: &Measures) -> Option<i128> {
    let share = last(&measures.equity_over_time)?;
    Some((share * 1e6).round().clamp(-1e15, 1e15) as i128)
}

/// A column of a measure with nothing beside it.
const fn plain(
    group: &'static str,
    title: &'static str,
    told: &'static str,
    key: &'static str,
) -> Column {
    column(group, title, told, key, |_| String::new())
}

const fn column(
    group: &'static str,
    title: &'static str,
    told: &'static str,
    key: &'static str,
    beside: fn(&Measures) -> String,
) -> Column {
    Column {
        group,
        title,
        told,
        key,
        content: Content::Number(beside),
    }
}

const fn words(
    group: &'static str,
    title: &'static str,
    key: &'static str,
    of: fn(&Measures) -> &[Share],
) -> Column {
    Column {
        group,
        title,
        told: "",
        key,
        content: Content::Shares(of),
    }
}

const LOSS: &str = "Together";
const HIT: &str = "Traders liquidated";
const BEYOND: &str = "Taken beyond need";
const BAD: &str = "Bad debt";
const BACKSTOP: &str = "Backstop";
const PAID: &str = "Incentives";
const SPEED: &str = "Breach to resolution";
const DELEVERAGED: &str = "Deleveraged";
const BOOK: &str = "Order book";

/// The columns, in reading order; those of a group stand together.
pub(super) const COLUMNS: [Column; 25] = [
    column(LOSS, "Lost in all", "loss in all", "lost", |m| {
        share_of(lost(m), m.deposits, "deposits")
    }),
    plain(LOSS, "Equity left", "traders’ equity left", "equity_left"),
    column(HIT, "Traders", "traders liquidated", "liquidated", |m| {
        share(m.liquidated, m.traders)
    }),
    column(
        HIT,
        "Open interest",
        "open interest liquidated",
        "liquidated_share",
        |m| figure::money(m.liquidated_notional),
    ),
    column(
        HIT,
        "Would have recovered",
        "liquidations that waiting would have spared",
        "recovered_share",
        |m| {
            let of = m.recovered.followed;
            format!(
                "{} of {}",
                number::count(m.recovered.would_have),
                number::count(of)
            )
        },
    ),
    column(
        BEYOND,
        "Equity",
        "equity lost to liquidation",
        "over_liquidation",
        |m| share_of(m.over_liquidation, m.deposits, "deposits"),
    ),
    column(
        BEYOND,
        "Notional",
        "notional closed beyond need",
        "excess_notional",
        |m| share_of(m.excess_notional, m.liquidated_notional, "closed"),
    ),
    plain(BAD, "In all", "bad debt", "bad_debt"),
    plain(
        BAD,
        "Beyond the backstop",
        "bad debt beyond the backstop",
        "bad_debt_of_others",
    ),
    words(BAD, "Borne by", "bad_debt", |m| &m.bad_debt),
    plain(BACKSTOP, "At first", "", "backstop_start"),
    column(
        BACKSTOP,
        "At its lowest",
        "backstop at its lowest",
        "backstop_low",
        |m| {
            let fund = m.fund.as_ref();
            fund.map_or_else(String::new, |f| share_of(f.low, f.start, "start"))
        },
    ),
    plain(
        BACKSTOP,
        "At the end",
        "backstop at the end",
        "backstop_end",
    ),
    plain(
        BACKSTOP,
        "Would suffice",
        "backstop that would have sufficed",
        "backstop_sufficient",
    ),
    plain(PAID, "In all", "incentives paid", "incentives"),
    words(PAID, "To", "incentives", |m| &m.incentives),
    plain(SPEED, "Breaches", "breaches", "breaches"),
    plain(
        SPEED,
        "Median",
        "median time to resolution",
        "resolution_median",
    ),
    plain(
        SPEED,
        "99 of 100",
        "time in which 99 of 100 were resolved",
        "resolution_p99",
    ),
    column(
        SPEED,
        "Never",
        "breaches never resolved",
        "unresolved",
        |m| share(m.speed.unresolved, m.speed.breaches),
    ),
    column(
        DELEVERAGED,
        "Traders",
        "traders deleveraged",
        "deleveraged",
        |m| share(m.deleveraged.traders, m.traders),
    ),
    plain(
        DELEVERAGED,
        "Cost to them",
        "cost of deleveraging",
        "deleveraged_cost",
    ),
    plain(BOOK, "Closed on it", "", "book_notional"),
    plain(BOOK, "Mean slip", "mean slip on the book", "book_mean"),
    plain(BOOK, "Worst slip", "worst slip on the book", "book_worst"),
];

impl Column {
    /// Which way it is better; a column of names is neither.
    pub(super) fn better(&self) -> Better {
        match self.is_words() {
            true => Better::Neither,
            false => definition(self.key).map_or(Better::Neither, |d| d.better),
        }
    }

    /// Whether it holds words rather than numbers.
    pub(super) fn is_words(&self) -> bool {
        matches!(self.content, Content::Shares(_))
    }

    /// What the measure is, in a sentence.
    pub(super) fn text(&self) -> String {
        definition(self.key).map_or_else(String::new, |d| format!("{}: {}", d.label, d.text))
    }

    /// A design's cell; nothing where it cannot have one.
    fn cell(&self, measures: &Measures) -> Option<Cell> {
        let beside = match self.content {
            Content::Shares(of) => return Some(shares(of(measures))),
            Content::Number(beside) => beside(measures),
        };
        let definition = definition(self.key)?;
        let value = (definition.read)(measures)?;
        Some(Cell {
            rank: value,
            shown: shown(definition.unit, value),
            beside,
            exact: exact(definition.unit, value),
        })
    }

    /// The column's cells, one per design.
    pub(super) fn cells(&self, all: &[&Measures]) -> Vec<Option<Cell>> {
        all.iter().map(|measures| self.cell(measures)).collect()
    }

    /// The best and the worst rank of the column, where designs differ and one end is the better.
    pub(super) fn ends(&self, cells: &[Option<Cell>]) -> Option<(i128, i128)> {
        let ranks = || cells.iter().flatten().map(|cell| cell.rank);
        let (least, most) = (ranks().min()?, ranks().max()?);
        match self.better() {
            _ if least == most => None,
            Better::Lower => Some((least, most)),
            Better::Higher => Some((most, least)),
            Better::Neither => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_shows_a_measure_that_is_defined() {
        for column in COLUMNS {
            assert!(definition(column.key).is_some(), "{}", column.key);
            let ranked = column.better() != Better::Neither;
            assert_eq!(ranked, !column.told.is_empty(), "{}", column.key);
        }
    }
}
