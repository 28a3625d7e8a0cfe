//! Progress bars on long work: to standard error, and only where somebody is looking.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `total` records.
pub(crate) fn records(total: u64) -> ProgressBar {
    bar(total, "{bar:40} {pos:>10} of {len} records  {eta} left")
}

/// A bar over a sweep's runs.
pub(crate) fn runs(total: u64) -> ProgressBar {
    bar(
        total,
        "{bar:40} {pos:>7} of {len} runs  {elapsed} elapsed, {eta} left",
    )
}

/// A bar over a replay's ticks; the total is told later.
pub(crate) fn ticks() -> ProgressBar {
    bar(0, "{bar:40} {percent:>3} %  {elapsed} elapsed, {eta} left")
}

fn bar(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    // The templates above are ours and valid; an invalid one leaves the plain bar.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
