//! Liquidations of option portfolios, step by step: where accounts ended, what each step cost, what
//! the auctions came to, who took the orders, and one case leg by leg.
//!
//! A long list is cut in the page and whole in `steps.csv`.

use super::axis::{TimeAxis, ValueAxis, moment};
use super::chart::Chart;
use super::{escape, number, sample};
use crate::episodes::{Action, Auctions, Episodes, Margin, StepTotal, Told};
use crate::results::{Amount, Line, Results, VenueResults};

/// Points of a line at most.
const POINTS: usize = 600;
/// Actions of a told case that the page shows.
const ACTIONS: usize = 60;

/// Venues that have episodes.
fn venues(results: &Results) -> impl Iterator<Item = (&VenueResults, &Episodes)> {
    let venues = results.venues.iter();
    venues.filter_map(|venue| Some((venue, venue.episodes.as_deref()?)))
}

/// Whether any venue has them.
pub(super) fn is_any(results: &Results) -> bool {
    venues(results).next().is_some()
}

/// Two or more venues of one replay side by side, in sentences of plain text; none for one alone.
#[must_use]
pub fn side_by_side(results: &Results) -> Vec<String> {
    if venues(results).count() < 2 {
        return Vec::new();
    }
    let each = |of: &dyn Fn(&VenueResults, &Episodes) -> String| -> String {
        let parts = venues(results).map(|(venue, e)| format!("{} {}", venue.name, of(venue, e)));
        parts.collect::<Vec<_>>().join(", ")
    };
    let cases = |episodes: &Episodes, how: Option<&str>| -> u64 {
        let ended = episodes.ended.iter();
        let of = ended.filter(|e| how.is_none_or(|how| e.how == how));
        of.map(|e| e.cases).sum()
    };
    let counted = each(&|_, e| {
        format!(
            "{} of which {} went to the insurance fund",
            number::count(cases(e, None)),
            number::count(cases(e, Some("bankrupt")))
        )
    });
    let cost = each(&|_, e| {
        let sum = |of: fn(&StepTotal) -> Amount| e.steps.iter().map(|s| of(s).raw).sum::<i128>();
        let (paid, notional) = (sum(|s| s.incentive), sum(|s| s.notional));
        format!(
            "{} bps of {}",
            bps(paid, notional),
            compact(Amount::new(notional, 6))
        )
    });
    let drawdown = each(&|venue, e| {
        let most = e.drawdown.values.iter().copied().fold(0.0, f64::max);
        format!("{} {}", number::compact(most), venue.asset)
    });
    vec![
        format!("Liquidations: {counted}."),
        format!("Paid above fair value on what was traded: {cost}."),
        format!("The insurance fund's reserve below its highest, at most: {drawdown}."),
    ]
}

/// The same as a paragraph of the page.
pub(super) fn verdict(results: &Results) -> String {
    super::chart::paragraph(&side_by_side(results).join(" "))
}

/// `part` of `whole` in basis points, with a tenth.
fn bps(part: i128, whole: i128) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = part.saturating_mul(100_000) / whole;
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

/// The section's content.
pub(super) fn html(results: &Results, time: TimeAxis) -> String {
    let note = super::chart::paragraph(
        "Costs are set against fair value, the mark of the moment: an incentive is what the \
         counterparty got above it, a fee went to the insurance fund. Delta and vega are what the \
         venue's own orders, bids and takeovers traded for liquidated accounts, bought minus sold. \
         Every action is in steps.csv.",
    );
    let columns: String = venues(results).map(|of| column(of, time)).collect();
    let told: String = venues(results).map(told).collect();
    let quotes = venues(results)
        .next()
        .map_or(String::new(), |(_, e)| quotes(e));
    format!("{note}<div class=\"grid-2\">{columns}</div>{told}{quotes}")
}

fn column((venue, episodes): (&VenueResults, &Episodes), time: TimeAxis) -> String {
    let lines = [
        (&episodes.drawdown, venue.asset.as_str()),
        (&episodes.delta, "base units"),
        (&episodes.vega, "per point of volatility"),
    ];
    let charts: String = lines
        .iter()
        .map(|(line, unit)| drawn(line, unit, time))
        .collect();
    format!(
        "<div class=\"column\"><h4>{}</h4>{}{}{}{}{}{charts}</div>",
        escape::text(&venue.name),
        ended(venue, episodes),
        steps(venue, episodes),
        auctions(&episodes.auctions),
        takers(venue, episodes),
        guards(episodes),
    )
}

fn drawn(line: &Line, unit: &str, time: TimeAxis) -> String {
    let points = sample::extremes(line, POINTS);
    let value = ValueAxis::around(points.iter().map(|(_, v)| *v));
    let mut chart = Chart::new(&line.label, time, value, unit);
    chart.low = true;
    chart.spoken = match (points.first(), points.last()) {
        (Some(first), Some(last)) => format!(
            "From {} to {}.",
            number::compact(first.1),
            number::compact(last.1)
        ),
        _ => "Not recorded.".to_owned(),
    };
    chart.note.clone_from(&chart.spoken);
    chart.line("level", &points);
    chart.reading(&line.label, points, 0);
    chart.html()
}

fn table(title: &str, heads: &[&str], rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads: String = heads
        .iter()
        .enumerate()
        .map(|(at, head)| {
            let class = if at == 0 { "" } else { " class=\"n\"" };
            format!("<th scope=\"col\"{class}>{}</th>", escape::text(head))
        })
        .collect();
    format!(
        "<h5>{title}</h5><div class=\"scroll\"><table class=\"plain\"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn row(head: &str, values: &[String]) -> String {
    let cells: String = values
        .iter()
        .map(|value| format!("<td class=\"n\">{}</td>", escape::text(value)))
        .collect();
    format!(
        "<tr><th scope=\"row\">{}</th>{cells}</tr>",
        escape::text(head)
    )
}

fn compact(amount: Amount) -> String {
    number::compact(amount.approximate())
}

fn ended(venue: &VenueResults, episodes: &Episodes) -> String {
    let rows: String = episodes
        .ended
        .iter()
        .map(|ended| {
            row(
                &format!("{}: {}", ended.step, ended.how),
                &[
                    number::count(ended.cases),
                    compact(ended.equity),
                    compact(ended.cost),
                    compact(ended.shortfall),
                ],
            )
        })
        .collect();
    if rows.is_empty() {
        return "<p class=\"note\">Nobody was liquidated.</p>".to_owned();
    }
    let equity = format!("Equity when flagged, {}", venue.asset);
    table(
        "Where accounts ended",
        &["Last step: how", "Accounts", &equity, "Paid", "Lacked"],
        &rows,
    )
}

fn steps(venue: &VenueResults, episodes: &Episodes) -> String {
    let rows: String = episodes
        .steps
        .iter()
        .map(|step| {
            row(
                &step.step,
                &[
                    number::count(step.orders),
                    number::count(step.fills),
                    compact(step.notional),
                    compact(step.fair),
                    compact(step.incentive),
                    bps(step.incentive.raw, step.notional.raw),
                    compact(step.fee),
                ],
            )
        })
        .collect();
    let notional = format!("Notional, {}", venue.asset);
    table(
        "What each step cost",
        &[
            "Step",
            "Orders",
            "Fills",
            &notional,
            "Fair value",
            "Incentive",
            "of notional, bps",
            "Fee",
        ],
        &rows,
    )
}

fn auctions(auctions: &Auctions) -> String {
    if auctions.offered == 0 {
        return "<p class=\"note\">Nothing came to an auction.</p>".to_owned();
    }
    let levels: Vec<String> = auctions
        .levels
        .iter()
        .map(|(level, fills)| format!("{} at level {level}", number::count(*fills)))
        .collect();
    let levels = if levels.is_empty() {
        String::new()
    } else {
        format!(" Fills by level: {}.", levels.join(", "))
    };
    super::chart::paragraph(&format!(
        "Auctions: {} offered; {} taken whole, {} in part, {} not taken.{levels}",
        number::count(auctions.offered),
        number::count(auctions.taken),
        number::count(auctions.partly),
        number::count(auctions.untaken),
    ))
}

fn takers(venue: &VenueResults, episodes: &Episodes) -> String {
    let rows: String = episodes
        .takers
        .iter()
        .map(|taker| {
            row(
                &taker.name,
                &[
                    number::count(taker.fills),
                    compact(taker.notional),
                    compact(taker.gained),
                ],
            )
        })
        .collect();
    let notional = format!("Notional, {}", venue.asset);
    table(
        "Who took the orders",
        &["Who", "Fills", &notional, "Above fair value"],
        &rows,
    )
}

fn guards(episodes: &Episodes) -> String {
    if episodes.guards.is_empty() {
        return String::new();
    }
    let guards = episodes.guards.iter();
    let guards: Vec<String> = guards
        .map(|(name, times)| format!("{name} {}", number::count(*times)))
        .collect();
    super::chart::paragraph(&format!(
        "Guards that changed what would have been done, with how often: {}.",
        guards.join(", ")
    ))
}

fn told((venue, episodes): (&VenueResults, &Episodes)) -> String {
    let Some(told) = &episodes.told else {
        return String::new();
    };
    let Told {
        headline,
        legs,
        actions,
        case,
        ..
    } = told;
    let legs: Vec<String> = legs
        .iter()
        .map(|(name, size)| format!("{} {}", size, escape::text(name)))
        .collect();
    let rows: String = actions.iter().take(ACTIONS).map(action).collect();
    let more = actions.len().saturating_sub(ACTIONS);
    let more = if more > 0 {
        format!("<p class=\"note\">{more} more actions are in steps.csv.</p>")
    } else {
        String::new()
    };
    format!(
        "<h4>{}: case {case}, leg by leg</h4><p>{} It held {}.</p>{}{more}",
        escape::text(&venue.name),
        escape::text(headline),
        legs.join(", "),
        table(
            "",
            &[
                "When and what",
                "Equity",
                "Maintenance",
                "Initial",
                "Delta",
                "Incentive",
                "Fee"
            ],
            &rows
        ),
    )
}

fn action(action: &Action) -> String {
    let both = |of: fn(&Margin) -> Amount| {
        format!(
            "{} → {}",
            compact(of(&action.before)),
            compact(of(&action.after))
        )
    };
    row(
        &format!("{} {}: {}", moment(action.at), action.step, action.what),
        &[
            both(|m| m.equity),
            both(|m| m.maintenance),
            both(|m| m.initial),
            both(|m| m.delta),
            compact(action.incentive),
            compact(action.fee),
        ],
    )
}

/// What was done to the market's quotes, the same for all venues.
fn quotes(episodes: &Episodes) -> String {
    let items: String = episodes
        .surfaces
        .iter()
        .map(|line| format!("<li>{}</li>", escape::text(line)))
        .collect();
    format!(
        "<details><summary>How the quotes became surfaces</summary><ul class=\"note\">{items}</ul></details>"
    )
}
