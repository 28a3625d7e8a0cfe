//! What happened, in a few sentences per venue, from the cases themselves.

use super::axis::{TimeAxis, between};
use super::{escape, number, sample, timeline};
use crate::episodes::{Episodes, StepTotal};
use crate::results::{Amount, Results, VenueResults};
use crate::waterfall::{Hop, Waterfall};

/// A card per venue.
pub(super) fn html(results: &Results, time: TimeAxis) -> String {
    let cards: String = results
        .venues
        .iter()
        .enumerate()
        .map(|(i, venue)| card(venue, i, time))
        .collect();
    format!("<div class=\"cards\">{cards}</div>")
}

fn card(venue: &VenueResults, index: usize, time: TimeAxis) -> String {
    let sentences = match venue.liquidations.as_slice() {
        [] => "<p class=\"big\">No liquidations</p>".to_owned(),
        _ => told(venue, time),
    };
    format!(
        "<article class=\"card {}\"><h3>{}<small>{}</small></h3>{sentences}</article>",
        timeline::venue_class(index),
        escape::text(&venue.name),
        preset(venue),
    )
}

/// The preset, unless it is the name already.
fn preset(venue: &VenueResults) -> String {
    if venue.preset == venue.name {
        return String::new();
    }
    format!("preset {}", escape::text(&venue.preset))
}

fn told(venue: &VenueResults, time: TimeAxis) -> String {
    if let Some(episodes) = &venue.episodes {
        return in_steps(venue, episodes);
    }
    let cases = &venue.liquidations;
    let asset = escape::text(&venue.asset);
    let notional = number::sum(cases.iter().map(|case| case.notional));
    let reward = number::sum(cases.iter().map(|case| case.reward));
    let shortfall = number::sum(cases.iter().map(|case| case.shortfall));
    let beyond = cases.iter().filter(|case| case.shortfall.raw > 0).count();
    let span = time.span(600);
    let counts = sample::per_span(timeline::executed(cases), span);
    let half = sample::busiest(&counts, span, 50).map_or_else(String::new, |(from, to, held)| {
        format!(
            "{} saw <b>{}</b> of the liquidations. ",
            between(from, to),
            number::percent(held, cases.len()),
        )
    });
    let paid = match &venue.waterfall {
        Some(waterfall) => handed_on(waterfall, &asset),
        None => format!(
            "Liquidators were paid <b>{}\u{a0}{asset}</b>.",
            number::total(reward)
        ),
    };
    let plural = if cases.len() == 1 { "" } else { "s" };
    let loss = if beyond == 0 {
        "No loss went beyond an account's collateral.".to_owned()
    } else {
        format!(
            "In <b>{}</b> of them the loss went beyond the collateral, by <b>{}\u{a0}{asset}</b> in all.",
            number::count(beyond as u64),
            number::total(shortfall),
        )
    };
    format!(
        "<p class=\"big\">{} liquidation{plural}</p><p>Positions of <b>{}\u{a0}{asset}</b> were closed. {half}\
         {paid} {loss}</p>",
        number::count(cases.len() as u64),
        number::total(notional),
    )
}

/// Liquidations in steps close what an account needs closed, not all it has.
fn in_steps(venue: &VenueResults, episodes: &Episodes) -> String {
    let asset = escape::text(&venue.asset);
    let cases = |how: &str| -> u64 {
        let of = episodes.ended.iter().filter(|ended| ended.how == how);
        of.map(|ended| ended.cases).sum()
    };
    let all: u64 = episodes.ended.iter().map(|ended| ended.cases).sum();
    let of_steps = |of: fn(&StepTotal) -> Amount| number::sum(episodes.steps.iter().map(of));
    let lacked = number::sum(episodes.ended.iter().map(|ended| ended.shortfall));
    let plural = if all == 1 { "" } else { "s" };
    format!(
        "<p class=\"big\">{} liquidation{plural}</p><p><b>{}</b> ended with the initial margin met again, \
         <b>{}</b> with the insurance fund. Orders and bids traded <b>{}\u{a0}{asset}</b>; whoever \
         took them got <b>{}\u{a0}{asset}</b> above fair value. The bankrupt lacked \
         <b>{}\u{a0}{asset}</b>.</p>",
        number::count(all),
        number::count(cases("released")),
        number::count(cases("bankrupt")),
        number::total(of_steps(|step| step.notional)),
        number::total(of_steps(|step| step.incentive)),
        number::total(lacked),
    )
}

/// Where the positions went that the venue's backstop took over.
fn handed_on(waterfall: &Waterfall, asset: &str) -> String {
    let of = |hop| waterfall.hop(hop).index.approximate().abs();
    let share = |part: f64, whole: f64| format!("<b>{:.0} %</b>", part / whole.max(1e-9) * 100.0);
    let disposals = [Hop::Partner, Hop::Book, Hop::Closure].map(of);
    let whole: f64 = disposals.iter().sum();
    let [partners, book, closure] = disposals.map(|part| share(part, whole));
    let mut told = format!(
        "The insurance fund took over <b>{}\u{a0}{asset}</b>.",
        number::compact(of(Hop::Acquired))
    );
    let reduced = of(Hop::Reduced);
    if reduced > 0.0 {
        told.push_str(&format!(
            " From wallets that kept the rest it took another <b>{}\u{a0}{asset}</b>, just enough to restore them.",
            number::compact(reduced)
        ));
    }
    if whole > 0.0 {
        told.push_str(&format!(
            " Of what it disposed of, {partners} went to partners, {book} to the book and {closure} to deleveraged counterparties."
        ));
    }
    told
}
