//! Collateral by distance to liquidation, over time: what every desk draws of its accounts.
//!
//! Floats, because they are only drawn and never decided on. Bands are disjoint and stack to the
//! total.

use plimsoll_units::Timestamp;

use crate::results::Line;

/// Names of the distance bands, nearest first; see [`Bands`].
const BANDS: [(&str, f64); 6] = [
    ("under 1 %", 0.01),
    ("1 to 2 %", 0.02),
    ("2 to 5 %", 0.05),
    ("5 to 10 %", 0.10),
    ("10 to 20 %", 0.20),
    ("over 20 %", f64::INFINITY),
];

/// Collateral by distance to liquidation, over time. Floats: for drawing only.
#[derive(Debug)]
pub(crate) struct Bands {
    lines: Vec<Line>,
    now: [f64; BANDS.len()],
}

impl Bands {
    pub(crate) fn new() -> Self {
        let line = |(label, _): &(&str, f64)| Line {
            label: (*label).to_owned(),
            ..Line::default()
        };
        Self {
            lines: BANDS.iter().map(line).collect(),
            now: [0.0; BANDS.len()],
        }
    }

    /// Counts collateral whose liquidation is `distance` away, as a share of the price.
    pub(crate) fn count(&mut self, distance: f64, collateral: f64) {
        let band = BANDS
            .iter()
            .position(|(_, below)| distance < *below)
            .unwrap_or(BANDS.len() - 1);
        self.now[band] += collateral;
    }

    /// Ends the sample of a moment.
    pub(crate) fn end(&mut self, at: Timestamp) {
        for (line, value) in self.lines.iter_mut().zip(&mut self.now) {
            push(line, at, std::mem::take(value));
        }
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.clone()
    }
}

/// Adds a point; a second one of the same moment replaces the first.
pub(crate) fn push(line: &mut Line, at: Timestamp, value: f64) {
    if line.times.last() == Some(&at.millis()) {
        line.times.pop();
        line.values.pop();
    }
    line.times.push(at.millis());
    line.values.push(value);
}
