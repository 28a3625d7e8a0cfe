//! Stresses in words, for reports: what each does, when, and which venues it does not touch.

use plimsoll_units::Timestamp;

use super::stretch;
use crate::compare::Stressed;
use crate::scenario::{Decimal, ExecutionMode, Preset, Scenario, Span, Stress, Venue};

/// Every stress of a scenario in a sentence, in the order in which they are applied, with those of
/// its venues that it does not touch and why.
#[must_use]
pub fn described(scenario: &Scenario) -> Vec<Stressed> {
    let one = |stress: &Stress| {
        let when = stretch(stress);
        let mut text = sentence(stress);
        for venue in &scenario.venues {
            if let Some(why) = unaffected(stress, venue) {
                text.push_str(&format!(" It does nothing to {:?}: {why}.", venue.name));
            }
        }
        Stressed {
            text,
            from: when.map(|when| when.from.millis()),
            to: when.and_then(|when| Some(when.end()?.millis())),
        }
    };
    scenario.stress.iter().map(one).collect()
}

/// What is said of prices that stresses have changed, before where they come from; nothing where
/// they are as they were.
pub(crate) fn changed(scenario: &Scenario) -> Option<String> {
    let moves = |stress: &Stress| {
        matches!(
            stress,
            Stress::Scale { .. } | Stress::Correlate { .. } | Stress::Gap { .. }
        )
    };
    let words = "Stressed: the prices were changed before the run, as its stresses say. Where they \
                 come from:";
    scenario.stress.iter().any(moves).then(|| words.to_owned())
}

/// Why a stress does nothing to a venue, if it does nothing.
#[must_use]
pub fn unaffected(stress: &Stress, venue: &Venue) -> Option<&'static str> {
    let preset = venue.preset;
    let pool = matches!(preset, Preset::Gammaswap | Preset::GammaswapV12);
    let vault = matches!(preset, Preset::Tsunamix);
    let makers = matches!(preset, Preset::Perennial | Preset::PerennialPlus);
    match stress {
        Stress::Scale { .. } | Stress::Correlate { .. } | Stress::Gap { .. } => None,
        Stress::FreezeOracle { .. } | Stress::DelayPrices { .. } if pool => {
            Some("its pool is the market itself, no oracle tells it a price")
        }
        Stress::FreezeOracle { .. } | Stress::DelayPrices { .. } => None,
        Stress::PartnersLeave { .. } if pool || vault || makers => {
            Some("it has neither partners nor bidders")
        }
        Stress::PartnersLeave { .. } if !preset.is_kyan() && venue.partners.is_empty() => {
            Some("it has no partners")
        }
        Stress::PartnersLeave { .. } => None,
        Stress::LiquidatorsAway { .. } if venue.execution == ExecutionMode::Engine => {
            Some("its own engine liquidates, nobody else is asked")
        }
        Stress::LiquidatorsAway { .. } => None,
        Stress::LiquidityLeaves { .. } if preset.is_kuma() || preset.is_kyan() => {
            Some("nobody provides liquidity to it, its books have makers")
        }
        Stress::LiquidityLeaves { .. } if !has_vault(venue) => Some("it has no vault"),
        Stress::LiquidityLeaves { .. } => None,
        Stress::WidenBooks { .. } if pool || vault || makers => Some("it has no order book"),
        Stress::WidenBooks { .. } => None,
    }
}

/// Whether a composed venue has a vault; every other has somebody who provides liquidity.
fn has_vault(venue: &Venue) -> bool {
    let design = venue.design.as_ref();
    design.is_none_or(|design| venue.preset != Preset::Composed || design.backstops.vault.is_some())
}

fn sentence(stress: &Stress) -> String {
    match stress {
        Stress::Scale { by, markets } => format!(
            "The crash {by} times as large{}: every logarithmic move from the first price.",
            of(markets)
        ),
        Stress::Correlate { with, by } => {
            let (part, to) = if by.raw() < 0 {
                (Decimal::from_raw(-by.raw()), -1)
            } else {
                (*by, 1)
            };
            format!(
                "The other markets' moves are mixed with those of {with}: each one's correlation \
                 with it is carried {part} of the way to {to}, the size of its moves stays."
            )
        }
        Stress::Gap { at, by, markets } => {
            let (change, way) = if by.raw() < 0 {
                (Decimal::from_raw(-by.raw()), "fall")
            } else {
                (*by, "rise")
            };
            format!(
                "Prices{} {way} by {} at once at {}, and stay so much away from what they were.",
                of(markets),
                percent(change),
                time(at.0)
            )
        }
        Stress::FreezeOracle { at, r#for, markets } => format!(
            "Oracles tell no new price{} from {} for {}, though the market moves on; then the \
             newest.",
            of(markets),
            time(at.0),
            span(*r#for)
        ),
        Stress::DelayPrices { by, at, r#for } => {
            let from = at.map_or_else(String::new, |at| format!(" from {}", time(at.0)));
            let length = r#for.map_or_else(String::new, |length| format!(" for {}", span(length)));
            format!("Oracles tell every price {} late{from}{length}.", span(*by))
        }
        Stress::PartnersLeave { at, r#for } => format!(
            "Liquidation partners and bidders take back what they offer at {} and {}.",
            time(at.0),
            away(*r#for)
        ),
        Stress::LiquidatorsAway { at, r#for } => format!(
            "Liquidators stop acting at {} and {}.",
            time(at.0),
            away(*r#for)
        ),
        Stress::LiquidityLeaves { at, share } => format!(
            "Those who provide liquidity take {} of theirs out at {}, as far as the venue lets \
             them.",
            percent(*share),
            time(at.0)
        ),
        Stress::WidenBooks {
            at,
            r#for,
            depth,
            spread,
        } => {
            let length = r#for.map_or_else(
                || "to the end".to_owned(),
                |length| format!("for {}", span(length)),
            );
            format!(
                "Order books have {} of their depth, {spread} times as far from the middle, from \
                 {} {length}.",
                percent(*depth),
                time(at.0)
            )
        }
    }
}

fn of(markets: &[String]) -> String {
    match markets {
        [] => String::new(),
        [one] => format!(" of {one}"),
        [firsts @ .., last] => format!(" of {} and {last}", firsts.join(", ")),
    }
}

fn away(length: Option<Span>) -> String {
    length.map_or_else(
        || "do not come back".to_owned(),
        |length| format!("are back after {}", span(length)),
    )
}

fn percent(share: Decimal) -> String {
    crate::replay::percent(share.raw())
}

/// `10m`, as in a scenario file.
fn span(span: Span) -> String {
    format!("{:#}", jiff::SignedDuration::from_millis(span.millis()))
}

/// `2025-10-10 21:20:00`, with milliseconds where there are any.
fn time(at: Timestamp) -> String {
    let text = at.to_string();
    text.strip_suffix(".000")
        .map_or(text.clone(), str::to_owned)
}
