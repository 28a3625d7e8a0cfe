//! Where the lost collateral went: per design a picture from those who lost, through the reason,
//! to those who got it, with a sentence of totals that are the table's.

use std::collections::BTreeMap;

use super::figure;
use crate::compare::{Comparison, Outcome};
use crate::report::escape;
use crate::report::sankey::{Link, MONEY, Sankey};

/// The section's content.
pub(super) fn html(comparison: &Comparison) -> String {
    let most = comparison.outcomes.iter().map(total).fold(0.0, f64::max);
    // One scale for all, so that heights can be compared from design to design.
    let scale = if most > 0.0 { MONEY / most } else { 0.0 };
    let reasons = reasons(comparison);
    let pictures: String = comparison
        .outcomes
        .iter()
        .enumerate()
        .map(|(at, outcome)| picture(at, outcome, scale, &reasons))
        .collect();
    format!(
        "<p class=\"note\">From those who lost on the left, through the reason, to those who received it. All designs on one scale: as high, as much money.</p>\
         <div class=\"grid-2 money\">{pictures}</div>"
    )
}

fn total(outcome: &Outcome) -> f64 {
    let flows = outcome.flows.iter();
    flows.map(|f| f.amount.approximate().max(0.0)).sum()
}

/// The reasons of all designs, the largest in all first: a reason has one colour on the page.
fn reasons(comparison: &Comparison) -> Vec<String> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for flow in comparison.outcomes.iter().flat_map(|o| &o.flows) {
        *sums.entry(&flow.reason).or_default() += flow.amount.approximate().max(0.0);
    }
    let mut sums: Vec<(&str, f64)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    sums.into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn picture(at: usize, outcome: &Outcome, scale: f64, reasons: &[String]) -> String {
    let flows = outcome.flows.iter().filter(|f| f.amount.raw > 0);
    let mut links = Vec::new();
    for flow in flows {
        let link = |column: usize, from: &str, to: &str| Link {
            column,
            from: from.to_owned(),
            to: to.to_owned(),
            amount: flow.amount.approximate(),
            reason: String::new(),
        };
        links.push(link(0, &flow.from, &flow.reason));
        links.push(link(1, &flow.reason, &flow.to));
    }
    let drawing = match links.is_empty() {
        true => "<p class=\"note\">Nobody lost anything to a liquidation.</p>".to_owned(),
        false => {
            let show = |amount: f64| super::picture::View::BadDebt.value(amount);
            let spoken = format!(
                "Where the money went under {}: {}",
                outcome.design,
                spoken(outcome)
            );
            format!(
                "<div class=\"scroll\" role=\"region\" aria-label=\"Flows under {}\" tabindex=\"0\">{}</div>",
                escape::text(&outcome.design),
                Sankey::new(&links, 3, Some(scale))
                    .coloured(reasons)
                    .svg(&spoken, &show)
            )
        }
    };
    format!(
        "<div class=\"flow\"><h3>{}{}</h3>{drawing}<p class=\"totals\">{}</p></div>",
        super::sample(at),
        escape::text(&outcome.design),
        sentence(outcome)
    )
}

/// The flows in words, for those who cannot see them.
fn spoken(outcome: &Outcome) -> String {
    let mut by: BTreeMap<(&str, &str, &str), f64> = BTreeMap::new();
    for flow in outcome.flows.iter().filter(|f| f.amount.raw > 0) {
        *by.entry((&flow.from, &flow.reason, &flow.to)).or_default() += flow.amount.approximate();
    }
    let told: Vec<String> = by
        .into_iter()
        .map(|((from, reason, to), amount)| {
            let amount = super::picture::View::BadDebt.value(amount);
            format!("{from} to {to}, {reason}, {amount}")
        })
        .collect();
    told.join("; ")
}

/// The totals, those of the table.
fn sentence(outcome: &Outcome) -> String {
    let measures = &outcome.measures;
    let bad = measures.bad_debt_total();
    let parts = |shares: &[crate::compare::Share]| {
        let told = figure::sorted(shares);
        let told: Vec<String> = told
            .iter()
            .map(|s| format!("{} {}", escape::text(&s.who), figure::money(s.amount)))
            .collect();
        match told.is_empty() {
            true => String::new(),
            false => format!(" ({})", figure::listed(&told)),
        }
    };
    let taken = match measures.over_liquidation {
        0 => "Liquidations took nothing from traders beyond need".to_owned(),
        taken => format!(
            "Liquidations took <b>{}</b> of equity from traders beyond need",
            figure::money(taken)
        ),
    };
    let bad = match bad {
        0 => "no bad debt was left".to_owned(),
        bad => format!(
            "<b>{}</b> of bad debt was left{}",
            figure::money(bad),
            parts(&measures.bad_debt)
        ),
    };
    let paid = match measures.incentives_total() {
        0 => "no incentives were paid".to_owned(),
        paid => format!(
            "<b>{}</b> was paid in incentives{}",
            figure::money(paid),
            parts(&measures.incentives)
        ),
    };
    format!("{taken}; {bad}; {paid}.")
}
