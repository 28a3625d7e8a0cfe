//! What each design is: its procedure as a row of steps, and its file.

use super::sample;
use crate::compare::{Comparison, Outcome};
use crate::report::escape;

/// The section's content.
pub(super) fn html(comparison: &Comparison) -> String {
    let cards: String = comparison
        .outcomes
        .iter()
        .enumerate()
        .map(|(at, outcome)| card(at, outcome))
        .collect();
    format!("<div class=\"designs-list\">{cards}</div>")
}

fn card(at: usize, outcome: &Outcome) -> String {
    let steps: String = outcome
        .procedure
        .iter()
        .map(|step| format!("<li>{}</li>", escape::text(step)))
        .collect();
    let steps = match steps.is_empty() {
        true => "<p class=\"note\">No procedure is told.</p>".to_owned(),
        false => format!("<ol class=\"steps\" aria-label=\"Procedure, in order\">{steps}</ol>"),
    };
    let page = outcome.page.as_ref().map_or_else(String::new, |page| {
        let page = escape::text(page);
        format!("<p class=\"note\">Its own page: {page}.</p>")
    });
    format!(
        "<article class=\"card {}\"><h3>{}{}<small>{}</small></h3><p>{}</p>{steps}{page}\
         <details><summary>The design file</summary><pre>{}</pre></details></article>",
        super::style(at),
        sample(at),
        escape::text(&outcome.title),
        escape::text(&outcome.design),
        escape::text(&outcome.about),
        escape::text(&outcome.toml),
    )
}
