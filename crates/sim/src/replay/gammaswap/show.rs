//! What the report shows of a GammaSwap venue: figures, lines, parameters.
//!
//! Cases are told in invariant units; here they become quote tokens at the pair's price when the
//! rule was met. Floats are for drawing only.

use plimsoll_engine::Engine;
use plimsoll_engine::venues::gammaswap::{Generation, ONE, RateModel, Storage};
use plimsoll_units::{Rounding, Timestamp, mul_div};

use super::liquidators::{Tally, signed};
use super::{GammaswapDesk, part};
use crate::collect::Collector;
use crate::replay::bands::{Bands, push};
use crate::replay::desk::{Shown, grouped, percent, whole};
use crate::results::{Amount, Figure, Line, Liquidation, VenueResults};

/// A line for every sample, and what they are made of.
#[derive(Debug)]
pub(super) struct Lines {
    bands: Bands,
    utilisation: Line,
    rate: Line,
    share: Line,
    share_whole: Line,
    lent: Line,
    written_down: Line,
    profit: Line,
    saved: Line,
    liquidations: Line,
    counted: usize,
    /// The last accrual's utilisation and rate, 1e18 = 1.
    last: (u128, u128),
    highest: (u128, u128),
    /// What a share, and an LP token, were worth at first: invariant units per 1e18.
    first_share: Option<u128>,
    first_lp: Option<u128>,
}

impl Lines {
    pub(super) fn new() -> Self {
        let line = |label: &str, unit: Option<&str>| Line {
            label: label.to_owned(),
            unit: unit.map(str::to_owned),
            ..Line::default()
        };
        Self {
            bands: Bands::new(),
            utilisation: line("Lent of all liquidity (utilisation)", Some("%")),
            rate: line("Borrow rate per year", Some("%")),
            share: line("A lender's share, 100 at the start", Some("of 100")),
            share_whole: line("The same, had nothing been written down", Some("of 100")),
            lent: line("Owed by borrowers", None),
            written_down: line("Written down, cumulative", None),
            profit: line("Liquidators' profit after costs, cumulative", None),
            saved: line("Saved by batching, cumulative", None),
            liquidations: line("Liquidations", None),
            counted: 0,
            last: (0, 0),
            highest: (0, 0),
            first_share: None,
            first_lp: None,
        }
    }

    pub(super) fn accrued(&mut self, utilisation: u128, rate: u128) {
        self.last = (utilisation, rate);
        self.highest = (self.highest.0.max(utilisation), self.highest.1.max(rate));
    }
}

/// Invariant units of one whole share, of what the pool has and `beside`.
fn share_worth(storage: &Storage, beside: u128) -> Option<u128> {
    let all = storage.assets_invariant().checked_add(beside)?;
    part(all, ONE, storage.share_supply, Rounding::Down)
}

/// `now / then` in percent, as a float.
fn against(now: Option<u128>, then: Option<u128>) -> f64 {
    match (now, then) {
        (Some(now), Some(then)) if then > 0 => {
            let ratio = part(now, ONE, then, Rounding::Down).map_or(0, signed);
            Amount::new(ratio.saturating_mul(100), 18).approximate()
        }
        _ => 100.0,
    }
}

/// `now / then`, six decimals, as text.
fn ratio_text(now: Option<u128>, then: Option<u128>) -> String {
    match (now, then) {
        (Some(now), Some(then)) if then > 0 => {
            let ratio = part(now, 1_000_000, then, Rounding::Down).map_or(0, signed);
            format!("{:.6}", Amount::new(ratio, 6).approximate())
        }
        _ => "none".to_owned(),
    }
}

/// A share of 1e18 in percent, two decimals.
fn percent_text(raw: u128) -> String {
    let hundredths = part(raw, 10_000, ONE, Rounding::Down).map_or(0, signed);
    format!("{:.2} %", Amount::new(hundredths, 2).approximate())
}

impl GammaswapDesk {
    pub(super) fn take_sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        let decimals = self.quote.decimals;
        let money = |raw: i128| Amount::new(raw, decimals).approximate();
        for (distance, collateral) in self.collateral_at_risk(engine) {
            self.lines.bands.count(distance, money(signed(collateral)));
        }
        self.lines.bands.end(at);
        let Some(storage) = self.state(engine).map(|venue| *venue.storage()) else {
            return;
        };
        let share = share_worth(&storage, 0);
        let whole_share = share_worth(&storage, self.written_down);
        let lent = money(signed(self.quote.worth(storage.borrowed_invariant)));
        let lost = money(signed(self.quote.worth(self.written_down)));
        let tally = self.tally();
        let lp = part(
            self.quote.invariant(),
            ONE,
            self.quote.supply,
            Rounding::Down,
        );
        let lines = &mut self.lines;
        if lines.first_share.is_none() && share.is_some() {
            // Both from the same moment: the first sample with a lender.
            (lines.first_share, lines.first_lp) = (share, lp);
        }
        let hundred = |raw: u128| Amount::new(signed(raw).saturating_mul(100), 18).approximate();
        push(&mut lines.utilisation, at, hundred(lines.last.0));
        push(&mut lines.rate, at, hundred(lines.last.1));
        push(&mut lines.share, at, against(share, lines.first_share));
        push(
            &mut lines.share_whole,
            at,
            against(whole_share, lines.first_share),
        );
        push(&mut lines.lent, at, lent);
        push(&mut lines.written_down, at, lost);
        push(
            &mut lines.profit,
            at,
            money(tally.gain.saturating_sub(tally.cost)),
        );
        push(&mut lines.saved, at, money(tally.saved));
        let done = collector.liquidations.len();
        #[allow(clippy::cast_precision_loss)]
        push(&mut lines.liquidations, at, (done - lines.counted) as f64);
        lines.counted = done;
    }

    /// What all liquidators did together.
    fn tally(&self) -> Tally {
        let mut all = Tally::default();
        for tally in &self.tallies {
            all.add(tally);
        }
        all
    }

    /// Liquidations in quote tokens, at the pair's price when the rule was met.
    fn told_in_quote(&self, rows: &[Liquidation]) -> Vec<Liquidation> {
        let decimals = self.quote.decimals;
        let row = |row: &Liquidation| {
            // The second token per first, raw, 1e18 = 1; its root is the price of invariant
            // units in the second token, and its inverse in the first.
            let price = row.price.raw.unsigned_abs();
            let root = plimsoll_engine::venues::gammaswap::invariant([price, ONE]);
            let worth = |amount: Amount| {
                let units = amount.raw.unsigned_abs().saturating_mul(2);
                let worth = match self.quote.token {
                    0 => part(units, ONE, root, Rounding::Down),
                    _ => part(units, root, ONE, Rounding::Down),
                };
                Amount::new(worth.map_or(0, signed), decimals)
            };
            Liquidation {
                price: Amount::new(self.price_of(price), 18),
                notional: worth(row.notional),
                collateral: worth(row.collateral),
                equity: worth(row.equity),
                requirement: worth(row.requirement),
                shortfall: worth(row.shortfall),
                reward: Amount::new(
                    self.rewards
                        .get(&plimsoll_units::CaseId(row.case))
                        .copied()
                        .unwrap_or(0),
                    decimals,
                ),
                ..row.clone()
            }
        };
        rows.iter().map(row).collect()
    }

    /// Quote per base token with 18 decimals, from raw second per first with 1e18 = 1.
    fn price_of(&self, ratio: u128) -> i128 {
        let decimals = |token: usize| {
            let token = self.pool.tokens.get(token);
            token.map_or(18, |token| u32::from(token.decimals))
        };
        let (quote, base) = (self.quote.token, self.quote.token ^ 1);
        let up = 10i128.pow(
            (18 + decimals(base))
                .saturating_sub(decimals(quote))
                .min(36),
        );
        let price = match quote {
            // raw quote per raw base = 1e18 / ratio
            0 => mul_div(up, signed(ONE), signed(ratio), Rounding::Down),
            _ => mul_div(up, signed(ratio), signed(ONE), Rounding::Down),
        };
        price.unwrap_or(0)
    }

    pub(super) fn show(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        let lines = &self.lines;
        let liquidations = self.told_in_quote(&collector.liquidations);
        let shown = Shown {
            parameters: self.parameters(),
            figures: self.figures(engine, collector, &liquidations),
            at_risk: lines.bands.lines(),
            backstop: vec![
                lines.utilisation.clone(),
                lines.rate.clone(),
                lines.share.clone(),
                lines.share_whole.clone(),
                lines.lent.clone(),
                lines.written_down.clone(),
                lines.profit.clone(),
                lines.saved.clone(),
            ],
            liquidations_over_time: lines.liquidations.clone(),
            liquidations,
            waterfall: None,
        };
        self.book.results(engine, collector, shown)
    }

    fn figures(&self, engine: &Engine, collector: &Collector, rows: &[Liquidation]) -> Vec<Figure> {
        let mut figures = self.case_figures(collector, rows);
        let mut figure = |label: &str, value: String, definition: &str| {
            figures.push(Figure {
                label: label.to_owned(),
                value,
                definition: definition.to_owned(),
            });
        };
        let money = |raw: i128| whole(raw, self.quote.decimals, &self.book.asset);
        let tally = self.tally();
        figure(
            "Liquidators' gain",
            money(tally.gain),
            "Market value, at the pair's price, of what liquidators received less that of the debt they paid",
        );
        figure(
            "Liquidators' costs",
            money(tally.cost),
            "Of every transaction they sent and every loan in it, refused ones included",
        );
        figure(
            "Liquidators' profit",
            money(tally.gain.saturating_sub(tally.cost)),
            "Their gain less their costs",
        );
        figure(
            "Transactions sent",
            grouped(tally.transactions),
            "Liquidation calls of the liquidators, refused ones included",
        );
        figure(
            "Of them batches",
            format!(
                "{} with {} loans",
                grouped(tally.batches),
                grouped(tally.in_batches)
            ),
            "Calls that took several loans at once, as plan_batch chose",
        );
        figure(
            "Saved by batching",
            money(tally.saved),
            "What the batches brought after costs, by the rule, less what the same loans would have brought one by one, those left out that would not have paid",
        );
        self.lender_figures(engine, &mut figure);
        figure(
            "Traded on the pair",
            money(signed(self.volume)),
            "Sum of the quote side of every swap: the trades whose fees are the growth of the LP tokens, and loans' own",
        );
        figure(
            "Steps of the pair by swaps",
            format!(
                "{} of {}",
                grouped(self.steps[0]),
                grouped(self.steps[0] + self.steps[1])
            ),
            "Steps whose reserves and LP supply were reached exactly by deposits, withdrawals and swaps; at the others the outside moved the pair",
        );
        figures
    }

    fn case_figures(&self, collector: &Collector, rows: &[Liquidation]) -> Vec<Figure> {
        let money = |raw: i128| whole(raw, self.quote.decimals, &self.book.asset);
        let sum = |of: fn(&Liquidation) -> i128| -> String {
            money(rows.iter().map(of).fold(0i128, i128::saturating_add))
        };
        let mut delays: Vec<i64> = rows.iter().map(|r| r.executed - r.triggered).collect();
        delays.sort_unstable();
        let median = delays.get(delays.len() / 2).map_or_else(
            || "none".to_owned(),
            |ms| format!("{} s", Amount::new((*ms).into(), 3)),
        );
        let figure = |label: &str, value: String, definition: &str| Figure {
            label: label.to_owned(),
            value,
            definition: definition.to_owned(),
        };
        vec![
            figure(
                "Borrowers",
                grouped(self.owners() as u64),
                "People whose loan was opened",
            ),
            figure(
                "Cases opened",
                grouped(collector.opened),
                "Times a debt went above the threshold share of its collateral",
            ),
            figure(
                "Liquidated",
                grouped(rows.len() as u64),
                "Cases carried through",
            ),
            figure(
                "Recovered",
                grouped(collector.recovered),
                "Cases closed because the loan was healthy again, or repaid, before anybody liquidated it",
            ),
            figure(
                "Still open at the end",
                grouped(collector.still_open() as u64),
                "Loans that were due and that nobody found worth taking, or had the capital for",
            ),
            figure(
                "Debt at trigger",
                sum(|r| r.notional.raw),
                "What liquidated loans owed when the rule was met, at the pair's price then",
            ),
            figure(
                "Collateral at trigger",
                sum(|r| r.collateral.raw),
                "What their collateral was worth by the rule then",
            ),
            figure(
                "Written down",
                sum(|r| r.shortfall.raw),
                "Debt that the collateral did not cover after the fee; the lenders bear it",
            ),
            figure(
                "Time to liquidation, median",
                median,
                "From the rule being met to the liquidation",
            ),
        ]
    }

    fn lender_figures(&self, engine: &Engine, figure: &mut impl FnMut(&str, String, &str)) {
        let lines = &self.lines;
        figure(
            "Utilisation, highest",
            percent_text(lines.highest.0),
            "Most of the pool's liquidity that was lent at any accrual",
        );
        figure(
            "Borrow rate, highest",
            percent_text(lines.highest.1),
            "The highest yearly rate charged at any accrual, beside the pair's own fees",
        );
        let Some(storage) = self.state(engine).map(|venue| *venue.storage()) else {
            return;
        };
        let lp = part(
            self.quote.invariant(),
            ONE,
            self.quote.supply,
            Rounding::Down,
        );
        figure(
            "A lender's share at the end",
            ratio_text(share_worth(&storage, 0), lines.first_share),
            "Liquidity behind one share over that at the start: 1 would be no growth",
        );
        figure(
            "The same without write-downs",
            ratio_text(share_worth(&storage, self.written_down), lines.first_share),
            "Had the borrowers paid everything that was written down",
        );
        figure(
            "An LP token held instead",
            ratio_text(lp, lines.first_lp),
            "Liquidity behind one LP token outside the pool over that at the start: the pair's fees alone",
        );
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let Some(params) = self.params() else {
            return Vec::new();
        };
        let bps = |value: u16| percent(i128::from(value) * 10i128.pow(14));
        let rate = |value: u128| percent(signed(value));
        let row = |name: &str, value: String| (name.to_owned(), value);
        let of = match params.generation {
            Generation::A => "the collateral",
            Generation::B => "the debt",
        };
        let mut rows = vec![
            row(
                "Liquidatable when debt is above",
                format!("{} of the collateral", bps(params.ltv_bps)),
            ),
            row("Borrowing must stay within", bps(params.borrow_ltv_bps)),
            row(
                "Liquidation fee",
                format!("{} of {of}", bps(params.liquidation_fee_bps)),
            ),
            row("Origination fee", bps(params.origination_fee_bps)),
        ];
        rows.extend(match params.rate {
            RateModel::LogDerivative {
                base,
                factor,
                max_apy,
            } => vec![
                row("Borrow rate, base", rate(base)),
                row("Borrow rate, factor", rate(factor)),
                row("Borrow rate, most", rate(max_apy)),
            ],
            RateModel::LinearKinked {
                base,
                optimal,
                slope_1,
                slope_2,
            } => vec![
                row("Borrow rate, base", rate(base)),
                row("Optimal utilisation", rate(optimal)),
                row("Borrow rate, first slope", rate(slope_1)),
                row("Borrow rate, second slope", rate(slope_2)),
            ],
        });
        let (fee, all) = params.trading_fee;
        rows.extend([
            row("The pair's fee", format!("{} of {all}", all - fee)),
            row("Blocks a day", self.pool.blocks_per_day.to_string()),
        ]);
        for liquidator in &self.book.liquidators {
            let Some(loans) = liquidator.loans else {
                continue;
            };
            let asset = &self.book.asset;
            rows.push((
                format!("Liquidator {:?}", liquidator.name),
                format!(
                    "comes {} s after a step, {} {asset} a transaction and {} a loan, capital {} {asset}, {}",
                    Amount::new(liquidator.delay.millis().into(), 3),
                    liquidator.cost,
                    loans.cost_per_loan,
                    loans.capital,
                    if loans.batches { "batches" } else { "one loan at a time" },
                ),
            ));
        }
        for (at, provider) in self.book.liquidity.iter().enumerate() {
            let leaves = provider
                .withdraws_at
                .map_or_else(String::new, |when| format!(", leaves at {}", when.0));
            rows.push((
                format!("Lender {}", at + 1),
                format!(
                    "LP tokens worth {} {}{leaves}",
                    provider.deposit, self.book.asset
                ),
            ));
        }
        rows.extend(self.habit_rows());
        rows
    }

    fn habit_rows(&self) -> Vec<(String, String)> {
        let b = &self.borrowers;
        let mut rows = vec![
            (
                "Borrowers' direction".to_owned(),
                format!(
                    "{} stay in the pair's proportion, the others trade {} of one token",
                    percent(b.neutral_share.raw()),
                    percent(b.tilt.raw())
                ),
            ),
            (
                "Borrowers who look after their loan".to_owned(),
                format!(
                    "{}, every {} days, when the debt may grow by less than {}",
                    percent(b.rebalancing_share.raw()),
                    b.rebalance_every.millis() / 86_400_000,
                    percent(b.rebalance_within.raw())
                ),
            ),
            (
                "Borrowers with a threshold of their own".to_owned(),
                format!(
                    "{}, of {}",
                    percent(b.cautious_share.raw()),
                    percent(b.cautious_threshold.raw())
                ),
            ),
        ];
        if let Some(stay) = b.stay {
            let days = stay.millis() / 86_400_000;
            rows.push((
                "Borrowers leave".to_owned(),
                format!("after {} to {} days", days / 2, days + days / 2),
            ));
        }
        if let Some(habit) = &self.book.top_ups {
            rows.push((
                "Top-ups".to_owned(),
                format!(
                    "{} add {} of their collateral once when the debt may grow by less than {}",
                    percent(habit.share.raw()),
                    percent(habit.adds.raw()),
                    percent(habit.within.raw())
                ),
            ));
        }
        rows
    }
}
