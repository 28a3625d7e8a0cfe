//! Where acquired positions went, hop by hop, and whether partners made a difference.
//!
//! The words are worked out from the numbers beside them: a claim is said to hold only when the
//! venue with partners did better by the figure named. Nothing is said where a figure is missing.

use super::chart::{legend, swatch};
use super::{axis, escape, number};
use crate::results::{Amount, Results, VenueResults};
use crate::waterfall::{Hop, HopTotal, PolicyTotal, Waterfall};

/// Who takes what the fund has acquired: what a bar is divided into.
const DISPOSALS: [Hop; 3] = [Hop::Partner, Hop::Book, Hop::Closure];
/// Colours, in the order of [`DISPOSALS`].
const COLOURS: [&str; 3] = ["holder2", "holder1", "holder3"];

/// Venues that have a waterfall.
fn venues(results: &Results) -> impl Iterator<Item = (&VenueResults, &Waterfall)> {
    let venues = results.venues.iter();
    venues.filter_map(|venue| Some((venue, venue.waterfall.as_deref()?)))
}

/// Whether any venue has a waterfall.
pub(super) fn is_any(results: &Results) -> bool {
    venues(results).next().is_some()
}

/// The section's content.
pub(super) fn html(results: &Results) -> String {
    let note = super::chart::paragraph(
        "Prices are set against the index of the moment, from the point of view of whoever gives the position away: \
         minus ten basis points is a thousandth given up. Every single transfer is in waterfall.csv.",
    );
    let columns: String = venues(results).map(column).collect();
    format!("{note}<div class=\"grid-2\">{columns}</div>")
}

fn column((venue, waterfall): (&VenueResults, &Waterfall)) -> String {
    format!(
        "<div><h4>{}</h4>{}{}{}{}{}</div>",
        escape::text(&venue.name),
        bar(waterfall),
        hops(venue, waterfall),
        book(venue, waterfall),
        partners(venue, waterfall),
        counterparties(venue, waterfall),
    )
}

/// What became of the acquired positions, as one bar.
fn bar(waterfall: &Waterfall) -> String {
    let amounts = DISPOSALS.map(|hop| waterfall.hop(hop).index.approximate().abs());
    let whole: f64 = amounts.iter().sum();
    if whole <= 0.0 {
        return String::new();
    }
    let mut left = 0.0;
    let mut parts = String::new();
    let mut entries = Vec::new();
    for ((hop, amount), colour) in DISPOSALS.iter().zip(amounts).zip(COLOURS) {
        let width = amount / whole * 100.0;
        parts.push_str(&format!(
            "<rect class=\"{colour}\" x=\"{left:.2}%\" width=\"{width:.2}%\" height=\"100%\"/>"
        ));
        left += width;
        entries.push((swatch(colour), format!("{} {width:.1} %", hop.text())));
    }
    format!(
        "<svg class=\"share\" role=\"img\" aria-label=\"Where acquired positions went\">{parts}</svg>{}",
        legend(&entries)
    )
}

fn hops(venue: &VenueResults, waterfall: &Waterfall) -> String {
    let rows: String = Hop::ALL
        .iter()
        .map(|hop| (hop, waterfall.hop(*hop)))
        .filter(|(_, total)| total.fills > 0)
        .map(|(hop, total)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                hop.text(),
                number::count(total.fills),
                compact(total.index.approximate()),
                bps(&total),
                compact(total.against_index.approximate()),
            )
        })
        .collect();
    if rows.is_empty() {
        return "<p class=\"note\">Nothing was acquired.</p>".to_owned();
    }
    let unit = escape::text(&venue.asset);
    table(
        "",
        &format!(
            "<th scope=\"col\">Hop</th><th scope=\"col\" class=\"n\">Transfers</th><th scope=\"col\" class=\"n\">Worth at index, {unit}</th>\
             <th scope=\"col\" class=\"n\">Against index, bps</th><th scope=\"col\" class=\"n\">{unit}</th>"
        ),
        &rows,
    )
}

fn book(venue: &VenueResults, waterfall: &Waterfall) -> String {
    let impact = &waterfall.impact;
    if impact.closings == 0 {
        return "<p class=\"note\">The fund never went to the book.</p>".to_owned();
    }
    let share = share(impact.consumed, impact.standing);
    let rows = [
        (
            "Times the fund went to a book",
            number::count(impact.closings),
        ),
        (
            "Middle of the book moved, mean",
            format!("{} bps", milli(waterfall.mean_milli_bps())),
        ),
        (
            "Middle of the book moved, most",
            format!(
                "{} bps at {}",
                milli(impact.worst_milli_bps),
                axis::moment(impact.worst_at)
            ),
        ),
        ("Depth of its side that it took", share),
        (
            "Times it left that side empty",
            number::count(impact.emptied),
        ),
        (
            "Fund at the start, lowest, end",
            format!(
                "{} / {} / {} {}",
                compact(waterfall.fund_start.approximate()),
                compact(waterfall.fund_lowest.approximate()),
                compact(waterfall.fund_end.approximate()),
                venue.asset,
            ),
        ),
    ];
    pairs("The books", &rows)
}

fn partners(venue: &VenueResults, waterfall: &Waterfall) -> String {
    if waterfall.partners.is_empty() {
        return String::new();
    }
    let rows: String = waterfall
        .partners
        .iter()
        .map(|partner| {
            let skipped: Vec<String> = partner
                .skipped
                .iter()
                .map(|(why, times)| format!("{} × {}", number::count(*times), escape::text(why)))
                .collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
                escape::text(&partner.name),
                number::count(partner.taken.fills),
                compact(partner.taken.index.approximate()),
                bps(&partner.taken),
                compact(partner.result.approximate()),
                skipped.join(", "),
            )
        })
        .collect();
    let unit = escape::text(&venue.asset);
    table(
        "Partners",
        &format!(
            "<th scope=\"col\">Partner</th><th scope=\"col\" class=\"n\">Lots</th><th scope=\"col\" class=\"n\">Taken, {unit}</th>\
             <th scope=\"col\" class=\"n\">Against index, bps</th><th scope=\"col\" class=\"n\">Its result, {unit}</th><th scope=\"col\">Left out</th>"
        ),
        &rows,
    )
}

fn counterparties(venue: &VenueResults, waterfall: &Waterfall) -> String {
    let deleveraged: u64 = waterfall.quintiles.iter().sum();
    if deleveraged == 0 && waterfall.policies.is_empty() {
        return "<p class=\"note\">No counterparty was deleveraged.</p>".to_owned();
    }
    let mut rows: Vec<(String, String)> = Vec::new();
    for quintile in (1..=5).rev() {
        let words = match quintile {
            5 => "Counterparties of quintile 5, first in line",
            1 => "Counterparties of quintile 1, last in line",
            4 => "Quintile 4",
            3 => "Quintile 3",
            _ => "Quintile 2",
        };
        rows.push((
            words.to_owned(),
            number::count(waterfall.quintiles[quintile]),
        ));
    }
    let rows: Vec<(&str, String)> = rows.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    format!(
        "{}{}",
        pairs("Deleveraging", &rows),
        policies(venue, &waterfall.policies)
    )
}

fn policies(venue: &VenueResults, policies: &[PolicyTotal]) -> String {
    if policies.is_empty() {
        return String::new();
    }
    let rows: String = policies
        .iter()
        .map(|policy| {
            format!(
                "<tr><th scope=\"row\">{}{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                escape::text(&policy.policy),
                if policy.used { ", in force" } else { "" },
                compact(policy.needed.approximate()),
                compact(policy.taken.approximate()),
                number::count(policy.accounts),
            )
        })
        .collect();
    let unit = escape::text(&venue.asset);
    table(
        "What the deficits needed, and what each policy takes for it",
        &format!(
            "<th scope=\"col\">Policy</th><th scope=\"col\" class=\"n\">Needed, {unit}</th><th scope=\"col\" class=\"n\">Taken, {unit}</th>\
             <th scope=\"col\" class=\"n\">Accounts</th>"
        ),
        &rows,
    )
}

fn table(caption: &str, heads: &str, rows: &str) -> String {
    let caption = match caption {
        "" => String::new(),
        caption => format!("<caption>{}</caption>", escape::text(caption)),
    };
    let heads = match heads {
        "" => String::new(),
        heads => format!("<thead><tr>{heads}</tr></thead>"),
    };
    format!(
        "<div class=\"scroll\"><table class=\"plain\">{caption}{heads}<tbody>{rows}</tbody></table></div>"
    )
}

fn pairs(caption: &str, rows: &[(&str, String)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(name, value)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td></tr>",
                escape::text(name),
                escape::text(value)
            )
        })
        .collect();
    table(caption, "", &rows)
}

/// A price against index in basis points with one decimal.
fn bps(total: &HopTotal) -> String {
    total.bps_e2().map_or_else(
        || "–".to_owned(),
        |e2| number::rounded(Amount::new(e2, 2), 1),
    )
}

/// Thousandths with one decimal.
fn milli(value: u64) -> String {
    number::rounded(Amount::new(value.into(), 3), 1)
}

fn share(part: Amount, whole: Amount) -> String {
    if whole.raw == 0 {
        return "–".to_owned();
    }
    format!("{:.1} %", part.approximate() / whole.approximate() * 100.0)
}

/// The same crash with and without partners: does the programme do what its page claims?
pub(super) fn verdict(results: &Results) -> String {
    let sentences = compared(results);
    if sentences.is_empty() {
        return String::new();
    }
    let sentences: String = sentences
        .iter()
        .map(|sentence| format!("<p>{}</p>", escape::text(sentence)))
        .collect();
    format!(
        "<article class=\"card verdict\"><h3>Does the partner programme do what its page claims?</h3>{sentences}</article>"
    )
}

/// What partners changed, in plain sentences: nothing unless a venue with partners and one without
/// went through the same.
#[must_use]
pub fn compared(results: &Results) -> Vec<String> {
    let with = venues(results).find(|(_, waterfall)| waterfall.with_partners);
    let Some((with_venue, with)) = with else {
        return Vec::new();
    };
    let without = venues(results)
        .find(|(venue, other)| !other.with_partners && venue.preset == with_venue.preset);
    let Some((without_venue, without)) = without else {
        return Vec::new();
    };
    let asset = &with_venue.asset;
    let pair = Pair { with, without };
    vec![
        format!(
            "The same wallets went through the same prices on “{}” and on “{}”.",
            with_venue.name, without_venue.name
        ),
        pair.liquidity(asset),
        pair.manipulation(asset),
        pair.price(asset),
    ]
}

/// Two venues that differ by the partners.
struct Pair<'w> {
    with: &'w Waterfall,
    without: &'w Waterfall,
}

impl Pair<'_> {
    /// "Negatively impacts liquidity": how much went to the books, and how far they moved.
    fn liquidity(&self, asset: &str) -> String {
        let book = |w: &Waterfall| w.hop(Hop::Book).index.approximate();
        let (with, without) = (book(self.with), book(self.without));
        let (here, there) = (&self.with.impact, &self.without.impact);
        let less = with < without
            && here.moved_milli_bps <= there.moved_milli_bps
            && here.emptied <= there.emptied;
        format!(
            "Less impact on liquidity: {} The fund closed {} {asset} on the books with partners and {} {asset} without, in {} against {}. \
             All closings together moved the middles of the books by {} bps, against {}: by {} each on average and {} at worst, against {} and {}. \
             They took all there was {}, against {}.",
            answer(less),
            number::compact(with),
            number::compact(without),
            closings(here.closings),
            closings(there.closings),
            milli(here.moved_milli_bps),
            milli(there.moved_milli_bps),
            milli(self.with.mean_milli_bps()),
            milli(here.worst_milli_bps),
            milli(self.without.mean_milli_bps()),
            milli(there.worst_milli_bps),
            times(here.emptied),
            times(there.emptied),
        )
    }

    /// "May be susceptible to manipulation": whoever can push an account under, and stands in the
    /// book, earns at most what the fund gives up there.
    fn manipulation(&self, asset: &str) -> String {
        let given = |w: &Waterfall| -w.hop(Hop::Book).against_index.approximate();
        let (with, without) = (given(self.with), given(self.without));
        format!(
            "Less to manipulate: {} What the fund gave up against index on the books is what somebody could earn who \
             provokes liquidations and waits there: {} {asset} with partners ({} bps of what it closed), {} {asset} without ({} bps).",
            answer(with < without),
            number::compact(with),
            bps(&self.with.hop(Hop::Book)),
            number::compact(without),
            bps(&self.without.hop(Hop::Book)),
        )
    }

    /// What it costs, and who else is better or worse off.
    fn price(&self, asset: &str) -> String {
        let partners = self.with.hop(Hop::Partner);
        let gain = |w: &Waterfall| w.fund_end.approximate() - w.fund_start.approximate();
        let counterparties =
            |w: &Waterfall| w.hop(Hop::Closure).fills + w.hop(Hop::Deleveraged).fills;
        format!(
            "The price of it: partners took {} {asset} at {} bps against index, which is {} {asset} given up to them. \
             The fund made {} {asset} with partners and {} {asset} without; counterparties were deleveraged {}, against {}.",
            number::compact(partners.index.approximate()),
            bps(&partners),
            number::compact(-partners.against_index.approximate()),
            number::compact(gain(self.with)),
            number::compact(gain(self.without)),
            times(counterparties(self.with)),
            times(counterparties(self.without)),
        )
    }
}

fn times(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        _ => format!("{} times", number::count(count)),
    }
}

/// An amount on one line: in a narrow table it would break before its unit.
fn compact(value: f64) -> String {
    number::compact(value).replace(' ', "\u{a0}")
}

fn closings(count: u64) -> String {
    match count {
        1 => "one closing".to_owned(),
        _ => format!("{} closings", number::count(count)),
    }
}

const fn answer(yes: bool) -> &'static str {
    if yes { "yes." } else { "no." }
}
