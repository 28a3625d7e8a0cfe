//! One liquidation told as a story with numbers: for auditors and for the trader who asks why.
//!
//! A venue writes its story from the state just before the liquidation; the words and numbers
//! here are for reading, never for deciding.

use std::fmt;

use plimsoll_units::Rounding;

/// Where a line of a story belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chapter {
    /// The rule that was applied, and where it is written.
    Rule,
    /// The numbers that went in.
    Inputs,
    /// Each step of the arithmetic.
    Arithmetic,
    /// Money that moved.
    Movements,
    /// What would have prevented it.
    Prevention,
}

impl Chapter {
    /// All chapters, in the order they are told.
    pub const ALL: [Self; 5] = [
        Self::Rule,
        Self::Inputs,
        Self::Arithmetic,
        Self::Movements,
        Self::Prevention,
    ];

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Rule => "The rule",
            Self::Inputs => "The inputs",
            Self::Arithmetic => "The arithmetic",
            Self::Movements => "Who was paid",
            Self::Prevention => "What would have prevented it",
        }
    }
}

/// One line of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it belongs.
    pub chapter: Chapter,
    /// What it is about.
    pub label: String,
    /// The formula with its numbers filled in; empty where there is none.
    pub formula: String,
    /// The value, with its unit.
    pub value: String,
    /// How it was rounded, where something was divided or multiplied.
    pub rounding: Option<Rounding>,
}

/// The story of one liquidation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Story {
    /// One sentence: who, what, when, at which price.
    pub headline: String,
    /// The lines, in the order they were told.
    pub lines: Vec<Line>,
}

impl Story {
    /// A story with its headline.
    #[must_use]
    pub fn new(headline: impl Into<String>) -> Self {
        Self {
            headline: headline.into(),
            lines: Vec::new(),
        }
    }

    /// Tells a fact.
    pub fn tell(&mut self, chapter: Chapter, label: impl Into<String>, value: impl fmt::Display) {
        self.lines.push(Line {
            chapter,
            label: label.into(),
            formula: String::new(),
            value: value.to_string(),
            rounding: None,
        });
    }

    /// Tells a step of the arithmetic.
    pub fn compute(
        &mut self,
        label: impl Into<String>,
        formula: impl Into<String>,
        value: impl fmt::Display,
        rounding: Option<Rounding>,
    ) {
        self.lines.push(Line {
            chapter: Chapter::Arithmetic,
            label: label.into(),
            formula: formula.into(),
            value: value.to_string(),
            rounding,
        });
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline)?;
        for chapter in Chapter::ALL {
            let mut lines = self
                .lines
                .iter()
                .filter(|l| l.chapter == chapter)
                .peekable();
            if lines.peek().is_none() {
                continue;
            }
            writeln!(f, "\n{}", chapter.title())?;
            for line in lines {
                write!(f, "  {}", line.label)?;
                if !line.formula.is_empty() {
                    write!(f, " = {}", line.formula)?;
                }
                let equals = if line.formula.is_empty() { ":" } else { " =" };
                write!(f, "{equals} {}", line.value)?;
                if let Some(rounding) = line.rounding {
                    write!(f, "  ({})", rounding_text(rounding))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A rounding in words.
#[must_use]
pub const fn rounding_text(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Down => "rounded toward zero",
        Rounding::Floor => "rounded down",
        Rounding::Ceil => "rounded up",
        Rounding::Up => "rounded away from zero",
        Rounding::HalfEven => "rounded to nearest, for display",
    }
}

#[cfg(test)]
mod tests;
