//! The largest cases, one row each, with the command that tells their story.

use super::{axis, escape, number};
use crate::results::{Amount, Exposure, Liquidation, Results, VenueResults, time_text};

/// Cases listed per venue for their notional.
const LARGEST: usize = 15;
/// Cases listed per venue for their loss beyond collateral.
const COSTLIEST: usize = 10;

/// The section's content.
pub(super) fn html(results: &Results) -> String {
    let listed: Vec<(usize, &Liquidation)> = results
        .venues
        .iter()
        .enumerate()
        .flat_map(|(i, venue)| largest(venue).into_iter().map(move |case| (i, case)))
        .collect();
    if listed.is_empty() {
        return "<p class=\"note\">No account was liquidated.</p>".to_owned();
    }
    let rows: String = listed
        .iter()
        .map(|(i, case)| row(results, *i, case))
        .collect();
    format!(
        "<p class=\"note\">Per venue the {LARGEST} largest by notional and the {COSTLIEST} with the largest loss beyond collateral. \
         Amounts are rounded here; every case with every digit is in liquidations.csv. Press a heading to sort by it. \
         To be told a case in full, run the command beside it, with the file that was given to <code>--journal</code> in place of <code>{}</code>.</p>\
         <div class=\"scroll\"><table class=\"plain wide sortable\"><thead><tr>{}</tr></thead><tbody>{rows}</tbody></table></div>",
        JOURNAL,
        heads(),
    )
}

/// What to replace in the command.
const JOURNAL: &str = "JOURNAL";

/// The venue's largest cases, by notional first.
fn largest(venue: &VenueResults) -> Vec<&Liquidation> {
    let mut cases: Vec<&Liquidation> = venue.liquidations.iter().collect();
    let by = |of: fn(&Liquidation) -> Amount| {
        move |a: &&Liquidation, b: &&Liquidation| {
            of(b)
                .approximate()
                .total_cmp(&of(a).approximate())
                .then(a.case.cmp(&b.case))
        }
    };
    cases.sort_by(by(|case| case.shortfall));
    let lost: Vec<u64> = cases
        .iter()
        .take(COSTLIEST)
        .filter(|case| case.shortfall.raw > 0)
        .map(|case| case.case)
        .collect();
    cases.sort_by(by(|case| case.notional));
    let kept = cases.into_iter().enumerate();
    kept.filter(|(place, case)| *place < LARGEST || lost.contains(&case.case))
        .map(|(_, case)| case)
        .collect()
}

/// Heading, whether it is a number, and its definition.
const COLUMNS: [(&str, bool, &str); 13] = [
    ("Case", true, "Number of the case in the journal"),
    ("Venue", false, "Where it happened"),
    ("Market", false, "What was traded"),
    (
        "Side",
        false,
        "Long gained when the price rose, short when it fell; a maker provided liquidity to the market",
    ),
    ("Carried out", false, "When, in UTC"),
    ("Price", true, "In force when the rule was met"),
    ("Notional", true, "Size of the position at that price"),
    ("Collateral", true, "What secured it when the rule was met"),
    (
        "Equity",
        true,
        "Collateral with profit, loss and fees, by the venue's definition",
    ),
    ("Requirement", true, "What the equity was held against"),
    ("Reward", true, "Paid to liquidators"),
    ("Shortfall", true, "Loss beyond the collateral"),
    (
        "Rule and command",
        false,
        "The rule that was met, and how to have the case told",
    ),
];

fn heads() -> String {
    let heads = COLUMNS.iter().map(|(label, is_number, definition)| {
        let class = if *is_number { " class=\"n\"" } else { "" };
        format!(
            "<th scope=\"col\"{class}><button type=\"button\" title=\"{}\">{label}</button></th>",
            escape::text(definition)
        )
    });
    heads.collect()
}

fn row(results: &Results, venue: usize, case: &Liquidation) -> String {
    let unknown = String::new();
    let market = results.markets.get(case.market).unwrap_or(&unknown);
    let side = match case.side {
        Exposure::Long => "long",
        Exposure::Short => "short",
        Exposure::Maker => "maker",
    };
    let account = match &case.position {
        Some(position) => format!("account {}, {position}", case.account),
        None => format!("account {}", case.account),
    };
    let amounts = [
        case.notional,
        case.collateral,
        case.equity,
        case.requirement,
        case.reward,
        case.shortfall,
    ];
    let amounts: String = amounts
        .iter()
        .map(|a| amount(*a, &number::money(*a)))
        .collect();
    format!(
        "<tr><td class=\"n\" data-v=\"{number}\" title=\"{account}\">{number}</td><td>{venue}</td><td>{market}</td><td>{side}</td>\
         <td data-v=\"{executed}\" title=\"The rule was met at {triggered}\">{when}</td>{price}{amounts}\
         <td data-v=\"{number}\">{rule}<br><code>plimsoll explain {JOURNAL} {number}</code></td></tr>",
        number = case.case,
        account = escape::text(&account),
        venue = escape::text(&results.venues[venue].name),
        market = escape::text(market),
        executed = case.executed,
        triggered = time_text(case.triggered),
        when = format_args!(
            "{} {}",
            axis::date(case.executed),
            axis::clock(case.executed, true)
        ),
        price = amount(case.price, &number::price(case.price)),
        rule = escape::text(&case.rule),
    )
}

/// A cell that shows a rounded amount, sorts by value, and has every digit on hover.
fn amount(exact: Amount, shown: &str) -> String {
    format!(
        "<td class=\"n\" data-v=\"{:e}\" title=\"{exact}\">{shown}</td>",
        exact.approximate()
    )
}
