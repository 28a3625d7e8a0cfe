//! What a composed venue's report shows: samples over time, figures, parameters.

use plimsoll_engine::Engine;
use plimsoll_units::{AccountId, Timestamp};

use super::ComposedDesk;
use super::partners::Partners;
use crate::collect::Collector;
use crate::replay::bands::{Bands, push};
use crate::replay::desk::Shown;
use crate::results::{Amount, Line, VenueResults};
use plimsoll_engine::venues::composed::accounts;

/// Decimals of pips.
const PIPS: u32 = 8;
/// Accounts looked at for a sample: of a larger crowd every so-manieth stands for the others.
const SAMPLED: usize = 5_000;

/// What is drawn over time.
#[derive(Debug)]
pub(super) struct Lines {
    bands: Bands,
    fund: Line,
    vault: Line,
    liquidations: Line,
    counted: usize,
}

impl Default for Lines {
    fn default() -> Self {
        let line = |label: &str| Line {
            label: label.to_owned(),
            ..Line::default()
        };
        Self {
            bands: Bands::new(),
            fund: line("Insurance fund, its positions at the mark"),
            vault: line("Vault, its positions at the mark"),
            liquidations: line("Liquidations"),
            counted: 0,
        }
    }
}

impl ComposedDesk {
    pub(super) fn take_sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        let stride = self.wallets.len().div_ceil(SAMPLED).max(1);
        #[allow(clippy::cast_precision_loss)]
        let stands_for = stride as f64;
        for person in (0..self.wallets.len()).step_by(stride) {
            if let Some((distance, worth)) = self.distance(engine, self.book.trader(person)) {
                self.lines.bands.count(distance, worth * stands_for);
            }
        }
        let equity = |account| {
            let health = self.health(engine, account);
            health.map_or(0, |(equity, _)| equity)
        };
        let (fund, vault) = (equity(accounts::FUND), equity(accounts::VAULT));
        let traders = self.traders_equity(engine);
        let lines = &mut self.lines;
        lines.bands.end(at);
        push(&mut lines.fund, at, Amount::new(fund, PIPS).approximate());
        push(&mut lines.vault, at, Amount::new(vault, PIPS).approximate());
        let done = collector.liquidations.len();
        #[allow(clippy::cast_precision_loss)]
        push(&mut lines.liquidations, at, (done - lines.counted) as f64);
        lines.counted = done;
        self.book.meter.open_interest(self.holdings.open_interest());
        self.book.meter.sampled(at, traders);
    }

    /// What all traders have: everything that came in, less what the others have. Sizes sum to
    /// zero, so positions at the mark do.
    fn traders_equity(&self, engine: &Engine) -> i128 {
        let Some(venue) = self.state(engine) else {
            return 0;
        };
        let others = [
            accounts::STREET,
            accounts::FUND,
            accounts::VAULT,
            accounts::KEEPER,
        ];
        let partners = (0..=self.partners.count()).map(Partners::account);
        let theirs = others
            .into_iter()
            .chain(partners)
            .filter_map(|account| venue.equity(engine.ledger(), account).ok())
            .fold(0, i128::saturating_add);
        self.money_in.saturating_sub(theirs)
    }

    /// How far all prices would have to move together for the account to be liquidatable, and what
    /// it is worth. Floats: for drawing only. `None` without a position.
    fn distance(&self, engine: &Engine, account: AccountId) -> Option<(f64, f64)> {
        let held = self.holdings.of(account);
        if held.is_empty() {
            return None;
        }
        let (equity, needs) = self.health(engine, account)?;
        let amount = |raw: i128| Amount::new(raw, PIPS).approximate();
        let net: f64 = held
            .iter()
            .map(|(market, size)| {
                amount((*size).into()) * amount(self.holdings.mark(*market).into())
            })
            .sum();
        let (worth, required) = (amount(equity), amount(needs));
        let gap = (worth - required).max(0.0);
        // worth + move * net = required * (1 + move), for the move against the account.
        let per_move = if net > 0.0 {
            net - required
        } else {
            required - net
        };
        Some((
            (gap / per_move.abs().max(f64::MIN_POSITIVE)).min(10.0),
            worth.max(0.0),
        ))
    }

    pub(super) fn show(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        let lines = &self.lines;
        let mut backstop = Vec::new();
        if self.endowment.fund > 0 {
            backstop.push(lines.fund.clone());
        }
        if self.endowment.vault > 0 {
            backstop.push(lines.vault.clone());
        }
        let mut parameters = self.design_rows();
        parameters.extend(self.book.people_rows());
        let shown = Shown {
            parameters,
            figures: self.book.figures(collector, PIPS),
            at_risk: lines.bands.lines(),
            backstop,
            liquidations_over_time: lines.liquidations.clone(),
            liquidations: collector.liquidations.clone(),
            waterfall: None,
        };
        self.book.results(engine, collector, shown)
    }

    /// The design as rows: its keys and values, section by section.
    fn design_rows(&self) -> Vec<(String, String)> {
        let Some(design) = &self.venue.design else {
            return Vec::new();
        };
        let text = design.to_toml();
        let mut section = String::new();
        let mut rows = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(head) = line.strip_prefix('[') {
                head.trim_end_matches(']')
                    .trim_start_matches('[')
                    .clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once(" = ") {
                let name = section.strip_prefix("design").unwrap_or(&section);
                let name = name.trim_start_matches('.');
                let label = match name {
                    "" => key.to_owned(),
                    name => format!("{name}.{key}"),
                };
                rows.push((label, value.trim_matches('"').to_owned()));
            }
        }
        rows
    }
}
