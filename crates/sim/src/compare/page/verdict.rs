//! What the numbers say, in words: which design did best at what, and where each is worse.
//!
//! Every sentence is worked out from the table's own columns, so the words cannot say anything
//! that the table does not. Designs that are level are named together; nothing is called best
//! where all are alike.

use super::columns::{COLUMNS, Column, lost};
use super::figure;
use crate::compare::{Better, Comparison, Measures, Outcome};
use crate::report::{escape, number};

/// A name in the text.
fn name(outcome: &Outcome) -> String {
    format!("<b>{}</b>", escape::text(&outcome.design))
}

/// Names of designs that are level.
fn names<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> String {
    figure::listed(&outcomes.map(name).collect::<Vec<_>>())
}

/// The verdict: one paragraph.
pub(super) fn paragraph(comparison: &Comparison) -> String {
    let sentences = match comparison.outcomes.as_slice() {
        [] => vec!["No design was run.".to_owned()],
        [one] => alone(one),
        outcomes => together(outcomes),
    };
    let sentences = sentences.into_iter().chain(unmeasured(comparison));
    let sentences: Vec<String> = sentences.collect();
    format!("<p class=\"verdict\">{}</p>", sentences.join(" "))
}

/// Designs to which nobody came.
fn unmeasured(comparison: &Comparison) -> Option<String> {
    let all = comparison.outcomes.iter();
    let empty: Vec<&Outcome> = all.filter(|o| o.measures.traders == 0).collect();
    (!empty.is_empty()).then(|| {
        format!(
            "Nothing was measured under {}: none of these traders held anything there.",
            names(empty.into_iter())
        )
    })
}

fn alone(outcome: &Outcome) -> Vec<String> {
    let measures = &outcome.measures;
    if measures.liquidated == 0 {
        return vec![format!(
            "{} was run alone; it liquidated nobody of {}.",
            name(outcome),
            figure::counted(measures.traders, "trader")
        )];
    }
    vec![
        format!(
            "{} was run alone. It liquidated {} of {} ({}) and took {} from them that they need not have lost.",
            name(outcome),
            number::count(measures.liquidated),
            figure::counted(measures.traders, "trader"),
            figure::share(measures.liquidated.into(), measures.traders.into()),
            figure::money(measures.over_liquidation),
        ),
        match measures.bad_debt_total() {
            0 => "It left no bad debt.".to_owned(),
            bad => format!(
                "It left {} of bad debt{}.",
                figure::money(bad),
                borne(measures)
            ),
        },
    ]
}

fn together(outcomes: &[Outcome]) -> Vec<String> {
    let outcomes: Vec<&Outcome> = outcomes.iter().filter(|o| o.measures.traders > 0).collect();
    let outcomes = outcomes.as_slice();
    if outcomes.iter().all(|o| o.measures.liquidated == 0) {
        return vec![format!(
            "No trader was liquidated under any of the {}: the crash did not reach anybody’s rule.",
            figure::counted(outcomes.len() as u64, "design")
        )];
    }
    let (whole, part) = by_people(outcomes);
    let whole = whole.as_slice();
    let mut sentences = vec![least_lost(whole, !part.is_empty()), fewest(whole)];
    sentences.extend(bad_debt(whole));
    sentences.extend(nobody_is_best(whole));
    sentences.extend(fewer(whole, &part));
    sentences
}

/// Designs that take all the people in, or nearly, and those that take fewer: their shares are of
/// others, and the first sentences are about the first. Where there are not two of those, all are
/// told together.
fn by_people<'o>(outcomes: &[&'o Outcome]) -> (Vec<&'o Outcome>, Vec<&'o Outcome>) {
    let most = outcomes.iter().map(|o| o.measures.traders).max();
    let most = most.unwrap_or(0);
    let nearly = |o: &&&Outcome| o.measures.traders >= most - most / 10;
    let (whole, part): (Vec<_>, Vec<_>) = outcomes.iter().partition(nearly);
    match whole.len() {
        0 | 1 => (outcomes.to_vec(), Vec::new()),
        _ => (whole, part),
    }
}

/// The designs that take fewer of the people in.
fn fewer(whole: &[&Outcome], part: &[&Outcome]) -> Option<String> {
    let most = whole.iter().map(|o| o.measures.traders).max()?;
    let told: Vec<String> = part
        .iter()
        .map(|outcome| {
            let m = &outcome.measures;
            format!(
                "{} ({} traders) lost {} of deposits and liquidated {}",
                name(outcome),
                number::count(m.traders),
                figure::share(lost(m), m.deposits),
                figure::share(m.liquidated.into(), m.traders.into()),
            )
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "Others took in only some of the {}, and count by those alone: {}.",
            figure::counted(most, "trader"),
            told.join("; ")
        )
    })
}

/// The least and the most by a number: those level at the least, at the most, and both numbers.
fn ends<'o>(
    outcomes: &[&'o Outcome],
    of: impl Fn(&Measures) -> i128,
) -> (Vec<&'o Outcome>, Vec<&'o Outcome>, i128, i128) {
    let numbers = || outcomes.iter().map(|o| of(&o.measures));
    let (least, most) = (
        numbers().min().unwrap_or_default(),
        numbers().max().unwrap_or_default(),
    );
    let level = |rank: i128| {
        outcomes
            .iter()
            .filter(|o| of(&o.measures) == rank)
            .copied()
            .collect()
    };
    (level(least), level(most), least, most)
}

/// An amount as a share of deposits, in millionths: kinds of venue hold differing parts of the
/// people.
fn of_deposits(amount: i128, measures: &Measures) -> i128 {
    figure::millionths(amount, measures.deposits).unwrap_or(amount)
}

/// An amount with its share: `$1.3 M (3.2 % of deposits)`.
fn amount(amount: i128, measures: &Measures) -> String {
    format!(
        "{} ({} of deposits)",
        figure::money(amount),
        figure::share(amount, measures.deposits)
    )
}

fn least_lost(outcomes: &[&Outcome], others: bool) -> String {
    let (best, worst, least, most) = ends(outcomes, |m| of_deposits(lost(m), m));
    if least == most {
        return format!(
            "All {} lost the same beside the market’s own move: {} of deposits.",
            outcomes.len(),
            figure::percent(least)
        );
    }
    let told = |outcomes: &[&Outcome], share: i128| match outcomes {
        [one] => amount(lost(&one.measures), &one.measures),
        _ => format!("{} of deposits", figure::percent(share)),
    };
    let which = match others {
        true => format!(
            "Of the {} that took everybody in",
            figure::counted(outcomes.len() as u64, "design")
        ),
        false => format!("Of {}", figure::counted(outcomes.len() as u64, "design")),
    };
    format!(
        "{which}, {} lost least beside the market’s own move: {}, what liquidations took beyond need, bad debt and losses passed on together. {} lost most: {}.",
        names(best.iter().copied()),
        told(&best, least),
        names(worst.iter().copied()),
        told(&worst, most),
    )
}

fn fewest(outcomes: &[&Outcome]) -> String {
    let share = |m: &Measures| {
        let (part, whole) = (i128::from(m.liquidated), i128::from(m.traders));
        figure::millionths(part, whole).unwrap_or(part)
    };
    let (best, worst, least, most) = ends(outcomes, share);
    if least == most {
        return format!("Each liquidated {} of its traders.", figure::percent(least));
    }
    format!(
        "{} liquidated fewest traders, {}; {} most, {}.",
        names(best.into_iter()),
        figure::percent(least),
        names(worst.into_iter()),
        figure::percent(most),
    )
}

/// Who left bad debt, and who bore the largest.
fn bad_debt(outcomes: &[&Outcome]) -> Option<String> {
    let bad = |m: &Measures| m.bad_debt_total();
    let (none, some): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|o| bad(&o.measures) <= 0);
    let (_, worst, ..) = ends(outcomes, |m| of_deposits(bad(m), m));
    let first = worst.first()?;
    if some.is_empty() {
        return Some("No design left bad debt.".to_owned());
    }
    let start = match none.is_empty() {
        true => "Every design left bad debt".to_owned(),
        false => format!("{} left no bad debt", names(none.into_iter())),
    };
    Some(format!(
        "{start}; most was left by {}, {}{}.",
        names(worst.iter().copied()),
        amount(bad(&first.measures), &first.measures),
        if worst.len() == 1 {
            borne(&first.measures)
        } else {
            String::new()
        },
    ))
}

/// Who bore bad debt, after its amount.
fn borne(measures: &Measures) -> String {
    let sorted = figure::sorted(&measures.bad_debt);
    let who: Vec<String> = sorted.iter().map(|s| escape::text(&s.who)).collect();
    match who.is_empty() {
        true => String::new(),
        false => format!(", borne by {}", figure::listed(&who)),
    }
}

/// That the design which lost least is not best at everything, and where it is not.
fn nobody_is_best(outcomes: &[&Outcome]) -> Option<String> {
    let (best, ..) = ends(outcomes, |m| of_deposits(lost(m), m));
    let [first] = best.as_slice() else {
        return None;
    };
    let at = outcomes.iter().position(|o| std::ptr::eq(*o, *first))?;
    let standing = standing(outcomes, at);
    let places: Vec<String> = standing
        .behind
        .iter()
        .take(4)
        .map(|(column, better)| format!("{} ({})", column.told, names(better.iter().copied())))
        .collect();
    Some(match standing.behind.len() {
        0 => format!(
            "No other design is better than {} at any measure.",
            name(first)
        ),
        many => format!(
            "{} is not best at everything: others are better at {} of {} measures, among them {}.",
            name(first),
            many,
            standing.ranked,
            figure::listed(&places)
        ),
    })
}

/// How one design stands among all.
struct Standing<'o> {
    /// Measures at which designs differ and this one has a number.
    ranked: usize,
    /// Those at which none is better, and at most half of the designs are as good.
    best: Vec<&'static Column>,
    /// Those at which none is worse, likewise.
    worst: Vec<&'static Column>,
    /// Those at which others are better, and who is best.
    behind: Vec<(&'static Column, Vec<&'o Outcome>)>,
}

fn standing<'o>(outcomes: &[&'o Outcome], at: usize) -> Standing<'o> {
    let all: Vec<&Measures> = outcomes.iter().map(|o| &o.measures).collect();
    let mut standing = Standing {
        ranked: 0,
        best: Vec::new(),
        worst: Vec::new(),
        behind: Vec::new(),
    };
    for column in COLUMNS.iter().filter(|c| c.better() != Better::Neither) {
        let cells = column.cells(&all);
        let own = cells.get(at).and_then(|cell| Some(cell.as_ref()?.rank));
        let (Some((best, worst)), Some(own)) = (column.ends(&cells), own) else {
            continue;
        };
        standing.ranked += 1;
        // A place that most designs share tells them apart from nobody.
        let level = |rank: i128| cells.iter().flatten().filter(|c| c.rank == rank).count();
        let few = |rank: i128| level(rank) * 2 <= cells.iter().flatten().count();
        if own == worst && few(worst) {
            standing.worst.push(column);
        }
        if own == best {
            if few(best) {
                standing.best.push(column);
            }
            continue;
        }
        let ahead = outcomes.iter().zip(&cells);
        let ahead = ahead.filter(|(_, cell)| cell.as_ref().is_some_and(|c| c.rank == best));
        standing
            .behind
            .push((column, ahead.map(|(o, _)| *o).collect()));
    }
    standing
}

/// Where each design is best and where it is worst, one line each.
pub(super) fn standings(comparison: &Comparison) -> String {
    let outcomes: Vec<&Outcome> = comparison.outcomes.iter().collect();
    if outcomes.len() < 2 {
        return String::new();
    }
    let told = |columns: &[&'static Column]| match columns.is_empty() {
        true => "nothing".to_owned(),
        false => columns
            .iter()
            .map(|c| c.told)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let rows: String = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.measures.traders > 0)
        .map(|(at, outcome)| {
            let standing = standing(&outcomes, at);
            format!(
                "<tr><th scope=\"row\">{}{}</th><td class=\"up\"><b>{}</b> {}</td><td class=\"down\"><b>{}</b> {}</td></tr>",
                super::sample(at),
                escape::text(&outcome.design),
                standing.best.len(),
                told(&standing.best),
                standing.worst.len(),
                told(&standing.worst),
            )
        })
        .collect();
    format!(
        "<table class=\"plain standings\"><caption>Where none is better, and where none is worse; a place that more than half of the designs share is left out</caption>\
         <thead><tr><th scope=\"col\">Design</th><th scope=\"col\">Best at</th><th scope=\"col\">Worst at</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}
