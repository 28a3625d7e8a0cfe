//! Who paid whom: a picture, a table of every flow, and who ended up ahead.
//!
//! Moving one's own money (deposits, collateral, liquidity, shares) is no payment and would dwarf
//! the rest, so it is listed but left out of the picture and of the balance.

use std::collections::BTreeMap;

use plimsoll_engine::ledger::Reason;

use super::sankey::{Link, Sankey};
use super::{escape, number};
use crate::results::{Amount, Flow, Results, VenueResults};

/// Reasons that move somebody's own money.
const OWN_MONEY: [Reason; 8] = [
    Reason::Deposit,
    Reason::Withdrawal,
    Reason::CollateralAdded,
    Reason::CollateralReturned,
    Reason::LiquidityAdded,
    Reason::LiquidityRemoved,
    Reason::SharesIssued,
    Reason::SharesBurned,
];
/// Whether it is a payment from one party to another.
fn is_payment(flow: &Flow) -> bool {
    let own = OWN_MONEY.iter().any(|reason| reason.text() == flow.reason);
    !own && flow.from != flow.to && flow.amount.raw > 0
}

/// The section's content, venue by venue.
pub(super) fn html(results: &Results) -> String {
    let pictures: String = results.venues.iter().map(pictures).collect();
    let tables: String = results.venues.iter().map(details).collect();
    format!("<div class=\"grid-2\">{pictures}</div>{tables}")
}

fn pictures(venue: &VenueResults) -> String {
    let name = escape::text(&venue.name);
    let mut assets: Vec<&str> = Vec::new();
    for flow in venue.flows.iter().filter(|f| is_payment(f)) {
        if !assets.contains(&flow.asset.as_str()) {
            assets.push(&flow.asset);
        }
    }
    if assets.is_empty() {
        return format!("<div><h4>{name}</h4><p class=\"note\">Nobody paid anybody.</p></div>");
    }
    let pictures: String = assets
        .iter()
        .map(|asset| {
            let unit = escape::text(asset);
            let picture = picture(venue, asset);
            let ahead = balance(venue, asset);
            format!("<h4>{name}<small>{unit}</small></h4>{picture}{ahead}")
        })
        .collect();
    format!("<div>{pictures}</div>")
}

/// The picture of one asset's payments.
fn picture(venue: &VenueResults, asset: &str) -> String {
    let payments = venue.flows.iter();
    let payments = payments.filter(|flow| is_payment(flow) && flow.asset == asset);
    let links: Vec<Link> = payments
        .map(|flow| Link {
            column: 0,
            from: flow.from.clone(),
            to: flow.to.clone(),
            amount: flow.amount.approximate(),
            reason: flow.reason.clone(),
        })
        .collect();
    let spoken = format!(
        "Who paid whom on {}; the table below has the same figures",
        venue.name
    );
    let show = |amount: f64| format!("{}\u{a0}{}", number::compact(amount), escape::text(asset));
    Sankey::new(&links, 2, None).svg(&spoken, &show)
}

/// What each kind of holder received less what it paid, exactly.
fn balance(venue: &VenueResults, asset: &str) -> String {
    let mut nets: BTreeMap<&str, Option<Amount>> = BTreeMap::new();
    for flow in venue
        .flows
        .iter()
        .filter(|f| is_payment(f) && f.asset == asset)
    {
        let paid = Amount::new(-flow.amount.raw, flow.amount.decimals);
        for (holder, change) in [(&flow.from, paid), (&flow.to, flow.amount)] {
            let net = nets.entry(holder).or_insert(Some(Amount::default()));
            *net = net.and_then(|net| number::sum([net, change].into_iter()));
        }
    }
    let mut nets: Vec<(&str, Option<Amount>)> = nets.into_iter().collect();
    let place = |net: &Option<Amount>| net.map_or(0.0, Amount::approximate);
    nets.sort_by(|a, b| place(&b.1).total_cmp(&place(&a.1)));
    let rows: String = nets
        .iter()
        .map(|(holder, net)| {
            let shown = net.map_or_else(|| number::total(None), number::money);
            let sign = if net.is_some_and(|n| n.raw > 0) { "+" } else { "" };
            let exact = net.map_or_else(String::new, |n| n.to_string());
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"n\" title=\"{exact}\">{sign}{shown}</td></tr>",
                escape::text(holder)
            )
        })
        .collect();
    format!(
        "<table class=\"plain\"><caption>Received less paid, {}</caption><tbody>{rows}</tbody></table>",
        escape::text(asset)
    )
}

/// Every flow, own money included, as a table.
fn details(venue: &VenueResults) -> String {
    if venue.flows.is_empty() {
        return String::new();
    }
    let (payments, own): (Vec<&Flow>, Vec<&Flow>) = venue.flows.iter().partition(|f| is_payment(f));
    let rows = |flows: &[&Flow]| -> String { flows.iter().map(|flow| row(flow)).collect() };
    let own_head = if own.is_empty() {
        String::new()
    } else {
        "<tr class=\"part\"><th colspan=\"6\" scope=\"colgroup\">Own money moved: no payment, not in the picture</th></tr>".to_owned()
    };
    format!(
        "<details><summary>Every flow on {} ({})</summary><div class=\"scroll\"><table class=\"plain wide\"><thead><tr>\
         <th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">Why</th>\
         <th scope=\"col\" class=\"n\">Amount</th><th scope=\"col\">Asset</th><th scope=\"col\" class=\"n\">Movements</th>\
         </tr></thead><tbody>{}{own_head}{}</tbody></table></div></details>",
        escape::text(&venue.name),
        venue.flows.len(),
        rows(&payments),
        rows(&own),
    )
}

fn row(flow: &Flow) -> String {
    format!(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\" title=\"{}\">{}</td><td>{}</td><td class=\"n\">{}</td></tr>",
        escape::text(&flow.from),
        escape::text(&flow.to),
        escape::text(&flow.reason),
        flow.amount,
        number::money(flow.amount),
        escape::text(&flow.asset),
        number::count(flow.movements),
    )
}
