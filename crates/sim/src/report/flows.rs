//! Who paid whom: a picture, a table of every flow, and who ended up ahead.
//!
//! Moving one's own money (deposits, collateral, liquidity, shares) is no payment and would dwarf
//! the rest, so it is listed but left out of the picture and of the balance.

use std::collections::BTreeMap;

use plimsoll_engine::ledger::Reason;

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
/// Holders on one side of the picture; the smallest beyond are drawn as one.
const HOLDERS: usize = 9;
/// Height that all the money takes, px.
const MONEY: f64 = 200.0;
/// Height of a holder's label, px.
const LABEL: f64 = 38.0;
const OTHERS: &str = "others";

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
            let picture = Picture::of(venue, asset).svg(asset, &venue.name);
            let ahead = balance(venue, asset);
            format!("<h4>{name}<small>{unit}</small></h4>{picture}{ahead}")
        })
        .collect();
    format!("<div>{pictures}</div>")
}

/// A holder in the picture: where it sits and how much of it is used up by ribbons, px.
#[derive(Debug, Clone)]
struct Node {
    name: String,
    amount: f64,
    top: f64,
    used: f64,
}

/// Payers on the left, the paid on the right, ribbons between.
#[derive(Debug)]
struct Picture {
    payers: Vec<Node>,
    paid: Vec<Node>,
    /// Payer, paid, amount, reasons.
    ribbons: Vec<(usize, usize, f64, String)>,
    /// px per unit of money.
    scale: f64,
    height: f64,
}

impl Picture {
    fn of(venue: &VenueResults, asset: &str) -> Self {
        let flows: Vec<&Flow> = venue
            .flows
            .iter()
            .filter(|flow| is_payment(flow) && flow.asset == asset)
            .collect();
        let mut payers = nodes(&flows, |flow| &flow.from);
        let mut paid = nodes(&flows, |flow| &flow.to);
        let all: f64 = payers.iter().map(|node| node.amount).sum();
        let scale = if all > 0.0 { MONEY / all } else { 0.0 };
        let height = place(&mut payers, scale).max(place(&mut paid, scale));
        let mut between: BTreeMap<(usize, usize), (f64, String)> = BTreeMap::new();
        for flow in flows {
            let at = (find(&payers, &flow.from), find(&paid, &flow.to));
            let (amount, reasons) = between.entry(at).or_default();
            *amount += flow.amount.approximate();
            if !reasons.is_empty() {
                reasons.push_str(", ");
            }
            reasons.push_str(&flow.reason);
        }
        let ribbons = between.into_iter().map(|((a, b), (m, why))| (a, b, m, why));
        Self {
            payers,
            paid,
            ribbons: ribbons.collect(),
            scale,
            height,
        }
    }

    fn svg(mut self, asset: &str, venue: &str) -> String {
        let unit = escape::text(asset);
        let mut ribbons = String::new();
        for (from, to, amount, reasons) in &self.ribbons {
            let thick = (amount * self.scale).max(0.6);
            let (left, right) = (&mut self.payers[*from], &mut self.paid[*to]);
            let (a, b) = (left.top + left.used, right.top + right.used);
            left.used += amount * self.scale;
            right.used += amount * self.scale;
            ribbons.push_str(&format!(
                "<path class=\"ribbon holder{}\" d=\"M10 {a:.1}C500 {a:.1} 500 {b:.1} 990 {b:.1}V{:.1}C500 {:.1} 500 {:.1} 10 {:.1}Z\"><title>{} paid {} {} {unit}: {}</title></path>",
                from % 6,
                b + thick,
                b + thick,
                a + thick,
                a + thick,
                escape::text(&left.name),
                escape::text(&right.name),
                number::compact(*amount),
                escape::text(reasons),
            ));
        }
        let left = column(&self.payers, self.scale, true);
        let right = column(&self.paid, self.scale, false);
        let (bars_left, labels_left) = left;
        let (bars_right, labels_right) = right;
        format!(
            "<svg class=\"flows\" role=\"img\" aria-label=\"Who paid whom on {}; the table below has the same figures\" height=\"{height:.0}\">\
             <svg viewBox=\"0 0 1000 {height:.0}\" preserveAspectRatio=\"none\" width=\"100%\" height=\"{height:.0}\">{ribbons}{bars_left}{bars_right}</svg>\
             {labels_left}{labels_right}</svg>",
            escape::text(venue),
            height = self.height,
        )
    }
}

/// Holders by what they paid or were paid, largest first, the smallest gathered into one.
fn nodes(flows: &[&Flow], of: impl Fn(&Flow) -> &String) -> Vec<Node> {
    let mut amounts: BTreeMap<&str, f64> = BTreeMap::new();
    for flow in flows {
        *amounts.entry(of(flow)).or_insert(0.0) += flow.amount.approximate();
    }
    let mut nodes: Vec<Node> = amounts
        .into_iter()
        .map(|(name, amount)| Node {
            name: name.to_owned(),
            amount,
            top: 0.0,
            used: 0.0,
        })
        .collect();
    nodes.sort_by(|a, b| b.amount.total_cmp(&a.amount));
    if nodes.len() > HOLDERS {
        let rest = nodes.split_off(HOLDERS - 1);
        nodes.push(Node {
            name: OTHERS.to_owned(),
            amount: rest.iter().map(|node| node.amount).sum(),
            top: 0.0,
            used: 0.0,
        });
    }
    nodes
}

/// Gives every holder its place, at least a label apart; returns the height they take.
fn place(nodes: &mut [Node], scale: f64) -> f64 {
    let mut top = 4.0;
    for node in nodes {
        node.top = top;
        top += (node.amount * scale + 14.0).max(LABEL);
    }
    top
}

/// The index of a holder; those not drawn themselves are in the last.
fn find(nodes: &[Node], name: &str) -> usize {
    let found = nodes.iter().position(|node| node.name == name);
    found.unwrap_or(nodes.len().saturating_sub(1))
}

/// The bars of one side, and their labels.
fn column(nodes: &[Node], scale: f64, left: bool) -> (String, String) {
    let (bar, label, anchor) = if left {
        (0, "2.5%", "start")
    } else {
        (990, "97.5%", "end")
    };
    let mut bars = String::new();
    let mut labels = String::new();
    for (i, node) in nodes.iter().enumerate() {
        let class = if left { i % 6 } else { 6 };
        bars.push_str(&format!(
            "<rect class=\"holder{class}\" x=\"{bar}\" y=\"{:.1}\" width=\"10\" height=\"{:.1}\"/>",
            node.top,
            (node.amount * scale).max(1.5),
        ));
        labels.push_str(&format!(
            "<text x=\"{label}\" y=\"{:.1}\" text-anchor=\"{anchor}\"><tspan>{}</tspan><tspan class=\"sum\" x=\"{label}\" dy=\"1.25em\">{}</tspan></text>",
            node.top + 12.0,
            escape::text(&node.name),
            number::compact(node.amount),
        ));
    }
    (bars, labels)
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
