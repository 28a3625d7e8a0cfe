//! The measures as columns of the table: which are shown, in which group, with what beside them.
//!
//! What a measure is, how it is read and which way it is better is said by
//! [`definitions`](crate::compare::definitions) alone; two more that only the page has are defined
//! here in the same way. Kinds of venue hold differing parts of the people, so amounts and counts
//! are compared as shares: of deposits, of traders, of breaches. Ranks are integers, so that what
//! is marked as best does not hang on a rounding.

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
    /// The measure as it is, and what stands beside it.
    Number(fn(&Measures) -> String),
    /// The measure as a share of something, which stands beside it.
    Share(fn(&Measures) -> i128, &'static str),
    /// Who has which part of it.
    Parts(fn(&Measures) -> &[Share]),
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
        text: "Equity lost to liquidation, bad debt and losses passed on, together: what was lost beside the market's own move.",
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

/// What was lost beside the market's own move: taken from traders beyond need, what bankrupt
/// traders owed, and what a backstop made counterparties bear of its own. What deleveraging cost
/// is a part of the last two.
pub(super) fn lost(measures: &Measures) -> i128 {
    let bad = measures.bad_debt_total();
    let passed_on = measures.passed_on.max(0);
    measures
        .over_liquidation
        .saturating_add(bad)
        .saturating_add(passed_on)
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
    Column {
        group,
        title,
        told,
        key,
        content: Content::Number(|_| String::new()),
    }
}

/// A column of names.
const fn parts(
    group: &'static str,
    title: &'static str,
    key: &'static str,
    of: fn(&Measures) -> &[Share],
) -> Column {
    Column {
        content: Content::Parts(of),
        ..plain(group, title, "", key)
    }
}

impl Column {
    const fn beside(self, beside: fn(&Measures) -> String) -> Self {
        Self {
            content: Content::Number(beside),
            ..self
        }
    }

    const fn of(self, whole: fn(&Measures) -> i128, named: &'static str) -> Self {
        Self {
            content: Content::Share(whole, named),
            ..self
        }
    }

    const fn of_deposits(self) -> Self {
        self.of(|m| m.deposits, "of deposits")
    }

    const fn of_traders(self) -> Self {
        self.of(|m| m.traders as i128, "")
    }

    const fn of_start(self) -> Self {
        self.of(|m| m.fund.as_ref().map_or(0, |fund| fund.start), "of start")
    }
}

const PEOPLE: &str = "People";
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
pub(super) const COLUMNS: [Column; 27] = [
    plain(PEOPLE, "Traders", "", "traders").beside(|m| figure::money(m.deposits)),
    plain(LOSS, "Lost in all", "loss in all", "lost").of_deposits(),
    plain(LOSS, "Equity left", "traders’ equity left", "equity_left"),
    plain(HIT, "Traders", "traders liquidated", "liquidated").of_traders(),
    plain(
        HIT,
        "Open interest",
        "open interest liquidated",
        "liquidated_share",
    )
    .beside(|m| figure::money(m.liquidated_notional)),
    plain(
        HIT,
        "Would have recovered",
        "liquidations that waiting would have spared",
        "recovered_share",
    )
    .beside(|m| {
        let count = number::count;
        format!(
            "{} of {}",
            count(m.recovered.would_have),
            count(m.recovered.followed)
        )
    }),
    plain(
        BEYOND,
        "Equity",
        "equity lost to liquidation",
        "over_liquidation",
    )
    .of_deposits(),
    plain(
        BEYOND,
        "Notional",
        "notional closed beyond need",
        "excess_notional",
    )
    .of(|m| m.liquidated_notional, "of closed"),
    plain(BAD, "In all", "bad debt", "bad_debt").of_deposits(),
    plain(
        BAD,
        "Beyond the backstop",
        "bad debt beyond the backstop",
        "bad_debt_of_others",
    )
    .of_deposits(),
    plain(
        BAD,
        "Passed on",
        "losses passed on by the backstop",
        "passed_on",
    )
    .of_deposits(),
    parts(BAD, "Borne by", "bad_debt", |m| &m.bad_debt),
    plain(BACKSTOP, "At first", "", "backstop_start"),
    plain(
        BACKSTOP,
        "At its lowest",
        "backstop at its lowest",
        "backstop_low",
    )
    .of_start(),
    plain(
        BACKSTOP,
        "At the end",
        "backstop at the end",
        "backstop_end",
    )
    .of_start(),
    plain(
        BACKSTOP,
        "Would suffice",
        "backstop that would have sufficed",
        "backstop_sufficient",
    )
    .of_deposits(),
    plain(PAID, "In all", "incentives paid", "incentives").of_deposits(),
    parts(PAID, "To", "incentives", |m| &m.incentives),
    plain(SPEED, "Breaches", "breaches", "breaches").of_traders(),
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
    plain(SPEED, "Never", "breaches never resolved", "unresolved")
        .of(|m| m.speed.breaches as i128, ""),
    plain(DELEVERAGED, "Traders", "traders deleveraged", "deleveraged").of_traders(),
    plain(
        DELEVERAGED,
        "Cost to them",
        "cost of deleveraging",
        "deleveraged_cost",
    )
    .of_deposits(),
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
        matches!(self.content, Content::Parts(_))
    }

    /// What the measure is, in a sentence.
    pub(super) fn text(&self) -> String {
        definition(self.key).map_or_else(String::new, |d| format!("{}: {}", d.label, d.text))
    }

    /// A design's cell; nothing where it cannot have one, or nobody came to it.
    fn cell(&self, measures: &Measures) -> Option<Cell> {
        if measures.traders == 0 {
            return None;
        }
        let definition = definition(self.key)?;
        let value = (definition.read)(measures)?;
        let (rank, beside) = match self.content {
            Content::Parts(of) => return Some(shares(of(measures))),
            Content::Number(beside) => (value, beside(measures)),
            Content::Share(whole, named) => match figure::millionths(value, whole(measures)) {
                Some(part) => (part, format!("{} {named}", figure::percent(part))),
                // Nothing of nothing.
                None => (value, String::new()),
            },
        };
        Some(Cell {
            rank,
            shown: shown(definition.unit, value),
            beside: beside.trim_end().to_owned(),
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
