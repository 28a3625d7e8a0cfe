//! What a Kuma scenario has beside the others: margin and limits, the insurance fund and its
//! defences, the waterfall, liquidation partners, and the makers' books.
//!
//! Fractions and money are plain decimals, money in whole USD. Sizes of positions are written as
//! notionals and counted in base units at a market's first price. The options that the deployed
//! venue lacks are off in the preset `kuma` and on in `kuma-plus`; either may say otherwise.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::decimal::{millionths, whole};
use super::{Decimal, Span, bounds};
use crate::depth::{Habits, Shape, Thinning};

/// Seconds, for spans of time.
const fn seconds(count: i64) -> Span {
    Span(plimsoll_units::Duration(count * 1_000))
}

/// `0.000001` is one millionth.
/// Who is asked, in this order, to take what the insurance fund acquired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hop {
    /// The partners' side-channel orders.
    Partners,
    /// The order book.
    Book,
    /// Counterparties, at the fund's entry price.
    Deleverage,
}

impl Hop {
    /// Its name in a scenario.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partners => "partners",
            Self::Book => "book",
            Self::Deleverage => "deleverage",
        }
    }
}

/// How counterparties of a deleveraging are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deleveraging {
    /// The highest profit ratio times leverage first.
    #[default]
    Queue,
    /// Everybody on the other side, in proportion to their size.
    ProRata,
    /// The least total reduction; accounts whose other positions hedge the one reduced come last.
    Minimal,
}

impl Deleveraging {
    /// Its name in a scenario.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::ProRata => "pro-rata",
            Self::Minimal => "minimal",
        }
    }
}

/// Closing on the book bit by bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slices {
    /// The share of what is left that a slice closes; 1 is all at once.
    pub fraction: Decimal,
    /// Time between two slices.
    pub interval: Span,
    /// A wallet whose value was below this share of its requirement is closed at once.
    #[serde(default)]
    pub deep: Decimal,
}

/// The options of a venue, each as it is in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) collar: Option<Decimal>,
    pub(crate) slices: Option<Slices>,
    pub(crate) partial: bool,
    pub(crate) defence: Option<Defence>,
}

/// How the insurance fund defends itself; money in whole USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defence {
    /// The most it may lose on one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_account: Option<Decimal>,
    /// The most it may lose within `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_window: Option<Decimal>,
    /// How long the window is.
    #[serde(default = "an_hour")]
    pub window: Span,
    /// How long its money cannot be withdrawn after a deficit; not at all where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Span>,
}

impl Defence {
    /// The window where the scenario does not say.
    pub(crate) const WINDOW: Span = an_hour();
}

const fn an_hour() -> Span {
    seconds(3_600)
}

/// Parameters of a Kuma venue; every market has the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KumaParameters {
    /// Initial margin, as a share of the notional.
    pub initial_margin: Decimal,
    /// Maintenance margin, as a share of the notional.
    pub maintenance_margin: Decimal,
    /// Added to the initial margin with every `increment` above `baseline`.
    pub incremental_margin: Decimal,
    /// Positions up to this notional need no more than the initial margin.
    pub baseline: Decimal,
    /// See `incremental_margin`.
    pub increment: Decimal,
    /// The largest position a wallet may have.
    pub maximum: Decimal,
    /// Positions below this are dust.
    pub minimum: Decimal,
    /// The insurance fund's own initial margin; its positions may be of any size.
    pub fund_margin: Decimal,
    /// Makers' fee; below zero for a rebate.
    pub maker_fee: Decimal,
    /// Takers' fee.
    pub taker_fee: Decimal,
    /// Market orders fill within this fraction of the index price.
    pub price_limit: Decimal,
    /// What the insurance fund has at the start.
    pub insurance_fund: Decimal,
    /// Who is asked to take what the fund acquired, in this order.
    pub waterfall: Vec<Hop>,
    /// How counterparties are chosen.
    pub deleveraging: Deleveraging,
    /// Tell at every deleveraging what each policy would have taken. It changes nothing, but ranks
    /// the market's holders three times; where left out, up to 10,000 wallets.
    pub compare_policies: Option<bool>,
    /// Funding rates: `"bundled"`, or a directory of files.
    pub funding: PathBuf,
    /// The fund's book orders fill within this fraction of the index price. Off in `kuma`; 1 is
    /// off.
    pub collar: Option<Decimal>,
    /// The fund closes on the book bit by bit. Off in `kuma`.
    pub slices: Option<Slices>,
    /// Positions are closed only until the wallet is back above its initial margin. Off in
    /// `kuma`.
    pub partial: Option<bool>,
    /// How the fund defends itself. Off in `kuma`.
    pub defence: Option<Defence>,
}

impl Default for KumaParameters {
    /// Margins and the proportions of sizes are those of the venue's ETH market as the recorded
    /// scenarios of its contracts have it.
    fn default() -> Self {
        Self {
            initial_margin: millionths(50_000),
            maintenance_margin: millionths(30_000),
            incremental_margin: millionths(10_000),
            baseline: whole(300_000),
            increment: whole(60_000),
            maximum: whole(6_000_000),
            minimum: whole(10),
            fund_margin: millionths(50_000),
            maker_fee: millionths(0),
            taker_fee: millionths(400),
            price_limit: millionths(100_000),
            insurance_fund: whole(1_000_000),
            waterfall: vec![Hop::Partners, Hop::Book, Hop::Deleverage],
            deleveraging: Deleveraging::Queue,
            compare_policies: None,
            funding: PathBuf::from("bundled"),
            collar: None,
            slices: None,
            partial: None,
            defence: None,
        }
    }
}

impl KumaParameters {
    /// The options in effect: what the scenario says, else what the preset has.
    pub(crate) fn options(&self, plus: bool) -> Options {
        let collar = self.collar.or(plus.then_some(millionths(20_000)));
        let quarters = Slices {
            fraction: millionths(250_000),
            interval: seconds(30),
            deep: millionths(100_000),
        };
        let slices = self.slices.or(plus.then_some(quarters));
        Options {
            // All of the price is no collar, and all at once are no slices.
            collar: collar.filter(|collar| *collar < whole(1)),
            slices: slices.filter(|slices| slices.fraction < whole(1)),
            partial: self.partial.unwrap_or(plus),
            defence: self.defence.or(plus.then(|| self.plus_defence())),
        }
    }

    /// The defence of `kuma-plus`: a fiftieth of the fund an account, half of it an hour.
    fn plus_defence(&self) -> Defence {
        Defence {
            per_account: Some(self.insurance_fund.scaled(1, 50).cut::<6>()),
            per_window: Some(self.insurance_fund.scaled(1, 2).cut::<6>()),
            window: an_hour(),
            gate: Some(an_hour()),
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value, least) in [
            ("initial_margin", self.initial_margin, millionths(5_000)),
            (
                "maintenance_margin",
                self.maintenance_margin,
                millionths(3_000),
            ),
            (
                "incremental_margin",
                self.incremental_margin,
                millionths(1_000),
            ),
            ("fund_margin", self.fund_margin, millionths(5_000)),
        ] {
            bounds::fraction(name, value)?;
            bounds::grid(name, value, 8)?;
            if value < least {
                return Err(format!(
                    "{name} {value} is below the venue's least, {least}"
                ));
            }
        }
        for (name, value) in [
            ("baseline", self.baseline),
            ("increment", self.increment),
            ("maximum", self.maximum),
            ("minimum", self.minimum),
            ("insurance_fund", self.insurance_fund),
        ] {
            bounds::money(name, value)?;
        }
        self.check_fees()?;
        self.check_waterfall()?;
        self.check_options()
    }

    fn check_fees(&self) -> Result<(), String> {
        let most = millionths(50_000);
        bounds::not_negative("taker_fee", self.taker_fee)?;
        for (name, value) in [("taker_fee", self.taker_fee), ("maker_fee", self.maker_fee)] {
            bounds::grid(name, value, 8)?;
            bounds::at_most(name, value, most)?;
        }
        if self.maker_fee.raw() < -self.taker_fee.raw() {
            return Err(format!(
                "maker_fee {} is a larger rebate than the taker_fee {} pays",
                self.maker_fee, self.taker_fee
            ));
        }
        bounds::positive("price_limit", self.price_limit)?;
        bounds::fraction("price_limit", self.price_limit)
    }

    fn check_waterfall(&self) -> Result<(), String> {
        if self.waterfall.is_empty() {
            return Err("the waterfall has no hop".to_owned());
        }
        for (at, hop) in self.waterfall.iter().enumerate() {
            if self.waterfall[..at].contains(hop) {
                return Err(format!("the waterfall has {:?} twice", hop.name()));
            }
        }
        Ok(())
    }

    fn check_options(&self) -> Result<(), String> {
        if let Some(collar) = self.collar {
            bounds::positive("collar", collar)?;
            bounds::fraction("collar", collar)?;
            bounds::grid("collar", collar, 4)?;
        }
        if let Some(slices) = self.slices {
            bounds::positive("slices.fraction", slices.fraction)?;
            bounds::fraction("slices.fraction", slices.fraction)?;
            bounds::grid("slices.fraction", slices.fraction, 5)?;
            bounds::fraction("slices.deep", slices.deep)?;
            bounds::grid("slices.deep", slices.deep, 5)?;
            at_least_a_second("slices.interval", slices.interval)?;
        }
        let Some(defence) = self.defence else {
            return Ok(());
        };
        for (name, value) in [
            ("defence.per_account", defence.per_account),
            ("defence.per_window", defence.per_window),
        ] {
            value.map_or(Ok(()), |value| bounds::money(name, value))?;
        }
        at_least_a_second("defence.window", defence.window)
    }

    /// Changes what grows with the number of traders.
    pub(super) fn scale(&mut self, to: i128, from: i128) {
        self.insurance_fund = scaled(self.insurance_fund, to, from);
        if let Some(window) = self.defence.as_mut().and_then(|d| d.per_window.as_mut()) {
            *window = scaled(*window, to, from);
        }
    }
}

fn at_least_a_second(name: &str, span: Span) -> Result<(), String> {
    if span.millis() >= 1_000 {
        return Ok(());
    }
    Err(format!("{name} is below a second"))
}

/// Money that grows with the number of traders, at least a millionth.
fn scaled(money: Decimal, to: i128, from: i128) -> Decimal {
    money.scaled(to, from).cut::<6>().max(millionths(1))
}

/// A liquidation partner: what it takes over, at which price against index, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Its name, for the report.
    pub name: String,
    /// What its wallet has, in whole USD.
    pub capital: Decimal,
    /// How far from index it takes over, to its advantage: it buys below index and sells above.
    pub offset: Decimal,
    /// What each of its standing orders is for: a notional at the index of the moment it signs.
    pub order: Decimal,
    /// The most it takes in all, in whole USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Decimal>,
    /// The most it takes within `window`, in whole USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_cap: Option<Decimal>,
    /// How long the window is.
    #[serde(default = "an_hour")]
    pub window: Span,
    /// How long after a hand-off it is left alone.
    #[serde(default = "no_time")]
    pub cooldown: Span,
    /// Time until it has replaced an order that was used up, or that the index has left behind.
    #[serde(default = "some_seconds")]
    pub replaces_after: Span,
}

const fn no_time() -> Span {
    seconds(0)
}

const fn some_seconds() -> Span {
    seconds(5)
}

impl Partner {
    pub(super) fn check(&self) -> Result<(), String> {
        self.terms()
            .map_err(|why| format!("partner {:?}: {why}", self.name))
    }

    fn terms(&self) -> Result<(), String> {
        bounds::money("capital", self.capital)?;
        bounds::money("order", self.order)?;
        bounds::grid("offset", self.offset, 4)?;
        bounds::at_most("offset", self.offset, millionths(500_000))?;
        if self.offset < millionths(-500_000) {
            return Err(format!("offset {} is below -0.5", self.offset));
        }
        for (name, value) in [("capacity", self.capacity), ("window_cap", self.window_cap)] {
            value.map_or(Ok(()), |value| bounds::money(name, value))?;
        }
        at_least_a_second("window", self.window)
    }

    /// One of `parts` equal parts of the partner: its capital and its limits, not its orders.
    pub(crate) fn split(&mut self, parts: u64) {
        self.capital = scaled(self.capital, 1, parts.into());
        for money in [&mut self.capacity, &mut self.window_cap]
            .into_iter()
            .flatten()
        {
            *money = scaled(*money, 1, parts.into());
        }
    }

    /// Changes what grows with the number of traders.
    pub(super) fn scale(&mut self, to: i128, from: i128) {
        self.capital = scaled(self.capital, to, from);
        self.order = scaled(self.order, to, from);
        for money in [&mut self.capacity, &mut self.window_cap]
            .into_iter()
            .flatten()
        {
            *money = scaled(*money, to, from);
        }
    }
}

/// The order books of a Kuma venue: makers whose ladders have the shape of real books and thin
/// while the price runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BookMakers {
    /// How many makers there are.
    pub count: u32,
    /// What they have together, as a multiple of the traders' open interest.
    pub capital: Decimal,
    /// What lies within 20 basis points of the index on each side, as a share of the traders'
    /// open interest in the market.
    pub depth: Decimal,
    /// The move at which they keep half of their depth.
    pub halves_at: Decimal,
    /// The time that move is measured over.
    pub over: Span,
    /// The least share of their depth that they keep.
    pub least: Decimal,
    /// They quote anew when the index has moved by this, or when somebody took from them.
    pub requote: Decimal,
    /// Files of real books whose shape to use instead of the bundled one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
}

impl Default for BookMakers {
    /// Within 20 basis points a side, the Binance books of August 2024 had 0.3 % of that venue's
    /// open interest; the Hyperliquid book of January 2025, which is known up to 2.4 basis points,
    /// comes to 3.6 % of its when it is continued by the bundled shape (open interests as published
    /// at the end of 2025). 2 % lies between. How books thin is an assumption.
    fn default() -> Self {
        Self {
            count: 3,
            capital: whole(1),
            depth: millionths(20_000),
            halves_at: millionths(20_000),
            over: seconds(300),
            least: millionths(30_000),
            requote: millionths(1_000),
            files: Vec::new(),
        }
    }
}

impl BookMakers {
    /// What they do, with books of a shape.
    pub(crate) fn habits(&self, shape: Shape) -> Habits {
        Habits {
            shape,
            thinning: Thinning {
                halves_at: self.halves_at.millionths(),
                over: self.over.0,
                least: self.least.millionths(),
            },
            requote_ppm: self.requote.millionths().into(),
        }
    }

    /// What lies within the reference distance on each side in calm times, of so much open
    /// interest.
    pub(crate) fn within_reference(&self, open_interest: i128) -> i128 {
        let depth = i128::from(self.depth.millionths());
        open_interest.saturating_mul(depth) / 1_000_000
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.count == 0 || self.count > 100 {
            return Err(format!("book.count {} is not in 1..=100", self.count));
        }
        for (name, value) in [
            ("book.capital", self.capital),
            ("book.depth", self.depth),
            ("book.halves_at", self.halves_at),
            ("book.requote", self.requote),
        ] {
            bounds::positive(name, value)?;
            bounds::grid(name, value, 6)?;
            bounds::at_most(name, value, whole(1_000))?;
        }
        bounds::fraction("book.least", self.least)?;
        bounds::grid("book.least", self.least, 6)?;
        at_least_a_second("book.over", self.over)
    }
}
