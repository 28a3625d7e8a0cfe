//! Small multiples: every design by itself, all on the same axes, the others faint behind it.
//!
//! The lines are those of the large picture, drawn again by reference, so they cost no bytes and
//! cannot differ from it.

use std::fmt::Write as _;

use super::picture::{PATTERN, Picture, View, value};
use super::{line_id, style};
use crate::compare::Comparison;
use crate::report::axis::{ValueAxis, moment};
use crate::report::{escape, number};

/// The views that are repeated small.
const SHOWN: [View; 3] = [View::Liquidated, View::BadDebt, View::Backstop];

/// The most designs side by side.
const SIDE_BY_SIDE: usize = 7;

/// The section's content.
pub(super) fn html(comparison: &Comparison, picture: &Picture) -> String {
    let designs = comparison.outcomes.len();
    let panels: String = (0..designs)
        .map(|at| panel(comparison, picture, at))
        .collect();
    format!(
        "<p class=\"note\">The same lines, one design at a time; the others are faint behind it. Every row has one scale for all designs.</p>\
         <div class=\"panels\" style=\"--n:{}\">{panels}</div>",
        columns(designs)
    )
}

/// How many stand side by side where there is room, so that rows are of even length.
fn columns(designs: usize) -> usize {
    let rows = designs.div_ceil(SIDE_BY_SIDE).max(1);
    designs.div_ceil(rows).max(1)
}

fn panel(comparison: &Comparison, picture: &Picture, at: usize) -> String {
    let outcome = &comparison.outcomes[at];
    let mut minis = String::new();
    for view in SHOWN {
        let axis = picture.axis(view);
        let last = picture.last(view, at);
        let told = match last {
            Some(last) => format!("{}, at the end {}", view.title(), value(last)),
            None => format!("{}: does not apply", view.title()),
        };
        let _ = write!(
            minis,
            "<figure class=\"mini\"><figcaption>{}<b>{}</b></figcaption>{}</figure>",
            view.short(),
            last.map_or_else(|| "–".to_owned(), value),
            drawing(picture, view, at, axis, &told)
        );
    }
    format!(
        "<div class=\"panel\"><h3>{}{}</h3>{minis}<p class=\"ends-of-time\" aria-hidden=\"true\"><span>{}</span><span>{}</span></p></div>",
        super::sample(at),
        escape::text(&outcome.design),
        moment(picture.shown.start),
        moment(picture.shown.end),
    )
}

fn drawing(picture: &Picture, view: View, at: usize, axis: ValueAxis, told: &str) -> String {
    let designs = picture.designs();
    let others: String = (0..designs)
        .filter(|other| *other != at && picture.last(view, *other).is_some())
        .map(|other| format!("<use href=\"#{}\"/>", line_id(view, other)))
        .collect();
    let own = match picture.last(view, at) {
        Some(_) => format!(
            "<g class=\"{}\"><use href=\"#{}\"/></g>",
            style(at),
            line_id(view, at)
        ),
        None => String::new(),
    };
    let (ticks, step) = axis.ticks();
    let top = ticks.last().copied().unwrap_or(axis.high);
    let label = number::tick(top, step, axis.high.abs().max(axis.low.abs()));
    let y = axis.fraction(top) * 100.0;
    let (left, width) = picture.part();
    format!(
        "<div class=\"small\"><svg role=\"img\" aria-label=\"{}\"><line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{y:.1}%\" y2=\"{y:.1}%\"/>\
         <svg class=\"box\" viewBox=\"{left} 0 {width} 1000\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\"><g class=\"faint\">{others}</g>{own}</svg></svg>\
         <span aria-hidden=\"true\" style=\"top:{y:.1}%\">{}</span></div>",
        escape::text(told),
        PATTERN.replace('#', &label),
    )
}
