//! One sentence per measure: what the text, the page and docs/COMPARE.md call it and say of it.

use crate::results::group;

use super::Measures;

/// What a measure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Traders, accounts, breaches.
    Count,
    /// Micro-dollars.
    Dollars,
    /// Milliseconds.
    Millis,
    /// Hundredths of a basis point.
    E2Bps,
    /// Millionths of a whole.
    Millionths,
}

impl Unit {
    /// A value for a reader: whole dollars, seconds, basis points, per cent. Cut off towards zero.
    #[must_use]
    pub fn text(self, value: i128) -> String {
        let sign = if value < 0 { "-" } else { "" };
        let size = value.unsigned_abs();
        let whole = |of: u128| group(&of.to_string());
        match self {
            Self::Count => format!("{sign}{}", whole(size)),
            Self::Dollars => {
                let dollars = size / 1_000_000;
                let sign = if dollars == 0 { "" } else { sign };
                format!("{sign}${}", whole(dollars))
            }
            Self::Millis => format!("{sign}{}.{} s", whole(size / 1_000), size % 1_000 / 100),
            Self::E2Bps => format!("{sign}{}.{:02} bps", whole(size / 100), size % 100),
            Self::Millionths => format!("{sign}{}.{} %", size / 10_000, size % 10_000 / 1_000),
        }
    }
}

/// Which way a measure is better for the traders and whoever stands behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less of it.
    Lower,
    /// More of it.
    Higher,
    /// Neither: it says what was there.
    Neither,
}

/// One measure.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name in CSV and as an anchor.
    pub key: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// How it is defined, in a sentence.
    pub text: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Reads it; nothing where a design cannot have it.
    pub read: fn(&Measures) -> Option<i128>,
}

impl Definition {
    /// Its value for a reader; `none` where a design cannot have it.
    #[must_use]
    pub fn value(&self, of: &Measures) -> String {
        let read = (self.read)(of);
        read.map_or_else(|| "none".to_owned(), |value| self.unit.text(value))
    }
}

/// The measures, in reading order.
#[must_use]
pub fn definitions() -> &'static [Definition] {
    DEFINITIONS
}

macro_rules! measures {
    ($($key:ident $unit:ident $better:ident $label:literal, $read:expr, $text:literal;)*) => {
        &[$(Definition {
            key: stringify!($key),
            label: $label,
            text: $text,
            unit: Unit::$unit,
            better: Better::$better,
            read: $read,
        }),*]
    };
}

const DEFINITIONS: &[Definition] = measures![
    traders Count Neither "Traders",
        |m| Some(m.traders.into()),
        "Traders who held a position at any time; somebody with several isolated accounts counts once.";
    deposits Dollars Neither "Deposits",
        |m| Some(m.deposits),
        "What those traders brought, added collateral included.";
    open_interest Dollars Neither "Open interest",
        |m| Some(m.open_interest),
        "Notional of all traders' positions at its highest, long and short added, as the report samples it.";
    liquidated Count Lower "Traders liquidated",
        |m| Some(m.liquidated.into()),
        "Traders of whom a liquidation took something at least once, in part or whole.";
    liquidated_notional Dollars Lower "Notional liquidated",
        |m| Some(m.liquidated_notional),
        "What liquidations took from traders, at the mark of that moment.";
    liquidated_share Millionths Lower "Share of open interest",
        |m| Some(m.liquidated_share()),
        "Notional liquidated over open interest; above 100 % where positions were opened and liquidated more than once.";
    needed_notional Dollars Neither "Notional that was needed",
        |m| Some(m.needed_notional),
        "The least that would have restored the liquidated accounts: the same share of all they held, closed at the mark without cost when the liquidation began, all of it for an account without equity.";
    excess_notional Dollars Lower "Notional beyond need",
        |m| Some(m.excess_notional),
        "What was taken beyond what was needed, breach by breach.";
    over_liquidation Dollars Lower "Equity lost to liquidation",
        |m| Some(m.over_liquidation),
        "Equity that liquidated traders still had and had no longer after it, prices unchanged: confiscated collateral, penalties, fees, closing beside the mark; equity is at the design's own marks, below zero it counts as none.";
    bad_debt Dollars Lower "Bad debt",
        |m| Some(m.bad_debt_total()),
        "What bankrupt traders lost beyond what they had, whoever bore it.";
    bad_debt_of_others Dollars Lower "Bad debt beyond the backstop",
        |m| Some(m.bad_debt_of_others),
        "The part of it that others than the design's backstop bore: counterparties, accounts in profit, whoever withdraws last.";
    passed_on Dollars Lower "Losses passed on",
        |m| Some(m.passed_on),
        "What the backstop lost on positions it had taken over and let counterparties bear, makers among them, who were deleveraged at the price it had taken them over at; below zero where they gained.";
    backstop_start Dollars Neither "Backstop at the start",
        |m| m.fund.as_ref().map(|f| f.start),
        "Money put into the fund or vault before the first breach; partners' capital is not in it.";
    backstop_low Dollars Higher "Backstop at its lowest",
        |m| m.fund.as_ref().map(|f| f.low),
        "The least it had from the first breach on, positions it holds or is the counterparty of counted at the mark.";
    backstop_end Dollars Higher "Backstop at the end",
        |m| m.fund.as_ref().map(|f| f.end),
        "What it had when prices ended, counted the same way.";
    backstop_sufficient Dollars Lower "Backstop that would have sufficed",
        |m| m.fund.as_ref().map(|f| f.sufficient),
        "What it would have had to begin with to bear every loss itself and owe nobody: the most by which its own losses and those that others bore came to exceed its gains.";
    incentives Dollars Lower "Incentives paid",
        |m| Some(m.incentives_total()),
        "Rewards, bounties, discounts below and premiums above the mark, and liquidation fees, whoever received them.";
    breaches Count Lower "Breaches",
        |m| Some(m.speed.breaches.into()),
        "Times an account came to meet the design's own rule.";
    resolution_median Millis Lower "Time to resolution, median",
        |m| m.speed.median.map(Into::into),
        "Half of all breaches were over within this: the account sound again, or with nothing left; what a fund does with what it took over is not in it.";
    resolution_p99 Millis Lower "Time to resolution, 99 %",
        |m| m.speed.p99.map(Into::into),
        "99 of 100 breaches were over within this; none where more than one in a hundred never was.";
    unresolved Count Lower "Never resolved",
        |m| Some(m.speed.unresolved.into()),
        "Breaches that were still open when prices ended.";
    deleveraged Count Lower "Traders deleveraged",
        |m| Some(m.deleveraged.traders.into()),
        "Sound traders whose positions were closed for the sake of others: auto-deleveraging, and closes at a profit cap.";
    deleveraged_notional Dollars Lower "Notional deleveraged",
        |m| Some(m.deleveraged.notional),
        "What was taken from them, at the mark.";
    deleveraged_cost Dollars Lower "What deleveraging cost them",
        |m| Some(m.deleveraged.cost),
        "Their equity before less after, prices unchanged; below zero where they gained.";
    book_notional Dollars Neither "Closed on the book",
        |m| m.book.map(|b| b.notional),
        "What liquidations, or the fund after them, closed on order books, at the mark.";
    book_mean E2Bps Lower "Distance of those fills, mean",
        |m| m.book.map(|b| b.mean_e2_bps.into()),
        "How much worse than the mark they were, weighted by notional.";
    book_worst E2Bps Lower "Distance of those fills, worst",
        |m| m.book.map(|b| b.worst_e2_bps.into()),
        "The worst one's.";
    recovered Count Lower "Would have recovered within the hour",
        |m| (m.recovered.followed > 0).then_some(m.recovered.would_have.into()),
        "Liquidated accounts which, left alone with what they held at the breach, would have met the rule again within an hour at true prices before their equity was below zero.";
    recovered_share Millionths Lower "Share of those followed",
        |m| m.recovered_share(),
        "The same, of the liquidated accounts whose equity follows prices and whose hour was not cut off by the end of prices.";
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_for_readers() {
        for (unit, value, text) in [
            (Unit::Count, 12_345, "12,345"),
            (Unit::Dollars, 1_234_567_899_999, "$1,234,567"),
            (Unit::Dollars, -1_999_999, "-$1"),
            (Unit::Dollars, -999_999, "$0"),
            (Unit::Millis, 61_250, "61.2 s"),
            (Unit::E2Bps, -1_205, "-12.05 bps"),
            (Unit::Millionths, 123_456, "12.3 %"),
        ] {
            assert_eq!(unit.text(value), text);
        }
    }

    /// docs/MEASURES.md is for readers who have no report before them.
    #[test]
    fn the_page_of_measures_says_what_the_code_says() {
        let page = include_str!("../../../../../docs/MEASURES.md");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
        let better = |better| match better {
            Better::Lower => "less",
            Better::Higher => "more",
            Better::Neither => "",
        };
        let row = |d: &Definition| format!("| {} | {} | {} |", d.label, d.text, better(d.better));
        let expected: Vec<String> = definitions().iter().map(row).collect();
        assert_eq!(rows[2..], expected);
    }

    #[test]
    fn every_measure_has_a_name_of_its_own_and_one_sentence() {
        for (at, one) in definitions().iter().enumerate() {
            let rest = &definitions()[at + 1..];
            assert!(
                rest.iter()
                    .all(|d| d.key != one.key && d.label != one.label),
                "{}",
                one.key
            );
            assert!(
                one.text.ends_with('.') && !one.text.contains(". "),
                "{}",
                one.key
            );
        }
    }
}
