//! Where the lost money went: per design a picture from those who lost, through how they lost it,
//! to those who got it, with a sentence of the same totals.
//!
//! Drawn from the measures, which are the same for every design, rather than from the books, where
//! a venue that moves positions shows nothing and one that moves collateral shows everything. The
//! books stand below it. Incentives count as paid out of what was taken from traders as far as
//! that goes, then out of what bankrupt traders owed, then out of collateral that the market had
//! already taken; every sum is exact.

use super::figure;
use crate::compare::{Comparison, Measures, Outcome, Share};
use crate::report::sankey::{Link, MONEY, Sankey};
use crate::report::{escape, number};
use crate::results::Amount;

const TAKEN: &str = "taken beyond need";
const OWED: &str = "bad debt";
const PASSED: &str = "passed on";
const BEFORE: &str = "lost to the market";
const SPENT: &str = "spent by the backstop";
/// The ways money is lost, in the order of their colours.
const WAYS: [&str; 5] = [TAKEN, OWED, BEFORE, PASSED, SPENT];

/// Money from somebody, in some way, to somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    from: String,
    way: &'static str,
    to: String,
    /// Micro-dollars, above zero.
    amount: i128,
}

/// Who lost, in which way, to whom. By construction what leaves [`TAKEN`] is the table's equity
/// lost to liquidation, what leaves [`OWED`] its bad debt.
fn parts(measures: &Measures) -> Vec<Part> {
    let mut sources = vec![(
        "liquidated traders".to_owned(),
        TAKEN,
        "backstop and book",
        measures.over_liquidation,
    )];
    if let Some((who, spent)) = spent(measures) {
        sources.push((who, SPENT, "the market and the book", spent));
    }
    let owed = measures.bad_debt.iter();
    sources.extend(owed.map(|s| (s.who.clone(), OWED, "the other side", s.amount)));
    let mut found = Vec::new();
    for Share { who, amount } in &measures.incentives {
        let mut open = *amount;
        for (from, way, _, left) in &mut sources {
            let part = open.min(*left);
            if part > 0 {
                *left -= part;
                open -= part;
                found.push(Part {
                    from: from.clone(),
                    way,
                    to: who.clone(),
                    amount: part,
                });
            }
        }
        if open > 0 {
            found.push(Part {
                from: "collateral of the liquidated".to_owned(),
                way: BEFORE,
                to: who.clone(),
                amount: open,
            });
        }
    }
    sources.push((
        "counterparties".to_owned(),
        PASSED,
        "the backstop",
        measures.passed_on,
    ));
    let rest = sources.into_iter().filter(|(.., left)| *left > 0);
    found.extend(rest.map(|(from, way, to, amount)| Part {
        from,
        way,
        to: to.to_owned(),
        amount,
    }));
    found
}

/// What a backstop has less at the end than at the start, beside the bad debt it bore: discounts
/// and premiums it paid, and what the market did to what it had taken over.
fn spent(measures: &Measures) -> Option<(String, i128)> {
    let fund = measures.fund.as_ref()?;
    let own = measures
        .bad_debt
        .iter()
        .find(|share| share.who == fund.name);
    let less = fund.start.saturating_sub(fund.end);
    let spent = less.saturating_sub(own.map_or(0, |share| share.amount));
    (spent > 0).then(|| (fund.name.clone(), spent))
}

/// The section's content.
pub(super) fn html(comparison: &Comparison) -> String {
    let total = |outcome: &Outcome| {
        let parts = parts(&outcome.measures);
        parts.iter().map(|part| dollars(part.amount)).sum::<f64>()
    };
    let most = comparison.outcomes.iter().map(total).fold(0.0, f64::max);
    // One scale for all, so that heights can be compared from design to design.
    let scale = if most > 0.0 { MONEY / most } else { 0.0 };
    let pictures: String = comparison
        .outcomes
        .iter()
        .enumerate()
        .map(|(at, outcome)| picture(at, outcome, scale))
        .collect();
    format!(
        "<p class=\"note\">From those who lost on the left, through how they lost it, to those who got it. All designs on one scale: as high, as much money. \
         Incentives count as paid out of what was taken from traders as far as that goes, then out of what the backstop spent beside bad debt, then out of bad debt, then out of collateral that the market had already taken; what is left of it went to the backstop, or was lost on the book, and bad debt was owed to whoever had won.</p>\
         <div class=\"grid-2 money\">{pictures}</div>"
    )
}

fn dollars(micro: i128) -> f64 {
    Amount::new(micro, 6).approximate()
}

fn picture(at: usize, outcome: &Outcome, scale: f64) -> String {
    if outcome.measures.traders == 0 {
        return format!(
            "<div class=\"flow\"><h3>{}{}</h3><p class=\"note\">Nothing was measured.</p>{}</div>",
            super::sample(at),
            escape::text(&outcome.design),
            every(outcome)
        );
    }
    let parts = parts(&outcome.measures);
    let mut links = Vec::new();
    for part in &parts {
        let link = |column: usize, from: &str, to: &str| Link {
            column,
            from: from.to_owned(),
            to: to.to_owned(),
            amount: dollars(part.amount),
            reason: String::new(),
        };
        links.push(link(0, &part.from, part.way));
        links.push(link(1, part.way, &part.to));
    }
    let drawing = match links.is_empty() {
        true => "<p class=\"note\">Nobody lost anything to a liquidation.</p>".to_owned(),
        false => {
            let show = |amount: f64| format!("${}", number::compact(amount));
            let spoken = format!(
                "Where the money went under {}: {}",
                outcome.design,
                spoken(&parts)
            );
            let ways = WAYS.map(str::to_owned);
            format!(
                "<div class=\"scroll\" role=\"region\" aria-label=\"Flows under {}\" tabindex=\"0\">{}</div>",
                escape::text(&outcome.design),
                Sankey::new(&links, 3, Some(scale))
                    .coloured(&ways)
                    .svg(&spoken, &show)
            )
        }
    };
    format!(
        "<div class=\"flow\"><h3>{}{}</h3>{drawing}<p class=\"totals\">{}</p>{}</div>",
        super::sample(at),
        escape::text(&outcome.design),
        sentence(outcome),
        every(outcome)
    )
}

/// The parts in words, for those who cannot see them.
fn spoken(parts: &[Part]) -> String {
    let told: Vec<String> = parts
        .iter()
        .map(|part| {
            let amount = figure::money(part.amount);
            format!("{} to {}, {}, {amount}", part.from, part.to, part.way)
        })
        .collect();
    told.join("; ")
}

/// Every movement of money as a table, what is not in the picture included.
fn every(outcome: &Outcome) -> String {
    if outcome.flows.is_empty() {
        return String::new();
    }
    let rows: String = outcome
        .flows
        .iter()
        .map(|flow| {
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\" title=\"{}\">{}</td><td class=\"n\">{}</td></tr>",
                escape::text(&flow.from),
                escape::text(&flow.to),
                escape::text(&flow.reason),
                flow.amount,
                number::rounded(flow.amount, 2),
                number::count(flow.movements),
            )
        })
        .collect();
    format!(
        "<details class=\"every\"><summary>The books: every kind of payment, trading included ({})</summary><div class=\"scroll\"><table class=\"plain\"><thead><tr><th scope=\"col\">From</th>\
         <th scope=\"col\">To</th><th scope=\"col\">Why</th><th scope=\"col\" class=\"n\">Dollars</th><th scope=\"col\" class=\"n\">Movements</th></tr></thead><tbody>{rows}</tbody></table></div></details>",
        outcome.flows.len()
    )
}

/// The totals, those of the table.
fn sentence(outcome: &Outcome) -> String {
    let measures = &outcome.measures;
    let bad = measures.bad_debt_total();
    let parts = |shares: &[Share]| {
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
    let passed = match measures.passed_on {
        ..=0 => String::new(),
        passed => format!(
            "; <b>{}</b> of its own losses the backstop passed on to counterparties",
            figure::money(passed)
        ),
    };
    format!("{taken}; {bad}{passed}; {paid}.")
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn sum(parts: &[Part], of: impl Fn(&Part) -> bool) -> i128 {
        parts.iter().filter(|p| of(p)).map(|p| p.amount).sum()
    }

    /// The picture cannot say other than the table.
    #[test]
    fn the_parts_are_the_tables_totals_to_the_last_unit() {
        for outcome in fixture::seven().outcomes {
            let measures = &outcome.measures;
            let parts = parts(measures);
            assert_eq!(
                sum(&parts, |p| p.way == TAKEN),
                measures.over_liquidation,
                "{}",
                outcome.design
            );
            assert_eq!(sum(&parts, |p| p.way == OWED), measures.bad_debt_total());
            assert_eq!(sum(&parts, |p| p.way == PASSED), measures.passed_on);
            let spent = spent(measures).map_or(0, |(_, spent)| spent);
            assert_eq!(sum(&parts, |p| p.way == SPENT), spent, "{}", outcome.design);
            for share in &measures.incentives {
                assert_eq!(sum(&parts, |p| p.to == share.who), share.amount);
            }
        }
    }
}
