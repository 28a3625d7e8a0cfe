//! What a Kyan desk looks at as time goes by, and what it shows in the end.

use std::collections::BTreeMap;

use plimsoll_engine::Engine;
use plimsoll_engine::venues::kyan::Kyan;
use plimsoll_units::{AccountId, Timestamp};

use super::KyanDesk;
use super::people::KINDS;
use super::setup::PAIR;
use super::tally::{money, name, notional};
use crate::collect::Collector;
use crate::episodes::{Episodes, Told};
use crate::options::Choice;
use crate::replay::desk::{Shown, grouped, percent, whole};
use crate::results::{Figure, Line, Liquidation, VenueResults};
use crate::scenario::{KyanParameters, Preset};

/// Equity by how much of it the maintenance margin takes, with lower bounds in per cent.
const BANDS: [(&str, i128); 5] = [
    ("margin 90 % of equity and more", 90),
    ("75 to 90 %", 75),
    ("50 to 75 %", 50),
    ("25 to 50 %", 25),
    ("below 25 %", i128::MIN),
];

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Lines {
    times: Vec<i64>,
    bands: [Vec<f64>; 5],
    reserve: Vec<f64>,
    highest: f64,
    drawdown: Vec<f64>,
    fund: Vec<f64>,
    delta: Vec<f64>,
    vega: Vec<f64>,
    cases: Vec<f64>,
    seen: u64,
}

impl KyanDesk {
    /// A tick of the report's clock.
    pub(super) fn look(&mut self, state: &Kyan, engine: &Engine, _: &Collector, at: Timestamp) {
        let mut bands = [0.0; 5];
        let mut equity = 0i128;
        let people = self.supplies.before_people();
        for (number, delta) in (0u32..).zip(&mut self.deltas) {
            let Ok(numbers) = state.numbers(engine.ledger(), AccountId(number)) else {
                continue;
            };
            *delta = numbers.delta;
            if (number as usize) < people || numbers.equity <= 0 {
                continue;
            }
            equity = equity.saturating_add(numbers.equity);
            let share = numbers.maintenance.saturating_mul(100) / numbers.equity;
            let band = BANDS
                .iter()
                .position(|(_, floor)| share >= *floor)
                .unwrap_or(4);
            bands[band] += money(numbers.equity).approximate();
        }
        self.report_sample(engine, equity, at);
        let lines = &mut self.lines;
        lines.times.push(at.millis());
        for (line, value) in lines.bands.iter_mut().zip(bands) {
            line.push(value);
        }
        let reserve = money(state.fund_cash(engine.ledger())).approximate();
        lines.highest = lines.highest.max(reserve);
        lines.reserve.push(reserve);
        lines.drawdown.push(lines.highest - reserve);
        let fund = state.fund_worth(engine.ledger(), PAIR).unwrap_or(0);
        lines.fund.push(money(fund).approximate());
        lines.delta.push(self.tally.delta);
        lines.vega.push(self.tally.vega);
        let cases = self.tally.cases();
        #[allow(clippy::cast_precision_loss)]
        lines.cases.push((cases - lines.seen) as f64);
        lines.seen = cases;
    }

    fn line(&self, label: &str, values: &[f64], unit: Option<&str>) -> Line {
        Line {
            label: label.to_owned(),
            times: self.lines.times.clone(),
            values: values.to_vec(),
            unit: unit.map(str::to_owned),
        }
    }

    pub(super) fn show(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        let lines = &self.lines;
        let at_risk = BANDS.iter().zip(&lines.bands);
        let at_risk = at_risk.map(|((label, _), values)| self.line(label, values, None));
        let shown = Shown {
            parameters: self.parameters(),
            figures: self.figures(engine, collector),
            at_risk: at_risk.collect(),
            backstop: vec![
                self.line("Insurance fund's reserve", &lines.reserve, None),
                self.line(
                    "The fund's own positions and cash, at marks",
                    &lines.fund,
                    None,
                ),
            ],
            liquidations_over_time: self.line("Liquidations begun", &lines.cases, None),
            liquidations: self.liquidations(collector),
            waterfall: None,
        };
        let mut results = self.book.results(engine, collector, shown);
        results.episodes = Some(Box::new(self.episodes()));
        results
    }

    /// The cases that were carried through, with what counterparties got above fair value.
    fn liquidations(&self, collector: &Collector) -> Vec<Liquidation> {
        let mut earned: BTreeMap<u64, i128> = BTreeMap::new();
        for action in &self.tally.actions {
            let sum = earned.entry(action.case).or_default();
            *sum = sum.saturating_add(action.incentive.raw);
        }
        let mut rows = collector.liquidations.clone();
        for row in &mut rows {
            row.reward.raw = earned.get(&row.case).copied().unwrap_or(0);
            // Cash alone says little of a portfolio: what stands behind it is its equity.
            row.collateral = row.equity;
        }
        rows
    }

    fn episodes(&self) -> Episodes {
        let lines = &self.lines;
        Episodes {
            ended: self.tally.ended(),
            steps: self.tally.steps(),
            auctions: self.tally.auctions(),
            guards: self.tally.guards(),
            surfaces: self.surfaces(),
            takers: self.bidders.takers(&self.supplies),
            drawdown: self.line("Reserve below its highest", &lines.drawdown, None),
            delta: self.line(
                "Delta traded by liquidations, net",
                &lines.delta,
                Some("base units"),
            ),
            vega: self.line(
                "Vega traded by liquidations, net",
                &lines.vega,
                Some("USDC per point"),
            ),
            actions: self.tally.actions.clone(),
            told: self.told(),
        }
    }

    /// The case with the most different steps, then the most actions.
    fn told(&self) -> Option<Told> {
        let actions = &self.tally.actions;
        let score = |case: u64| {
            let own = actions.iter().filter(|a| a.case == case);
            let mut steps: Vec<&str> = own.clone().map(|a| a.step.as_str()).collect();
            let count = steps.len().min(16);
            steps.sort_unstable();
            steps.dedup();
            (steps.len(), count)
        };
        let over = self.tally.over.iter();
        let (case, over) =
            over.max_by_key(|(case, _)| (score(case.0), std::cmp::Reverse(case.0)))?;
        let own: Vec<_> = actions
            .iter()
            .filter(|a| a.case == case.0)
            .cloned()
            .collect();
        if own.is_empty() {
            return None;
        }
        let terms = &self.supplies.listing.terms;
        let person = (over.account as usize).checked_sub(self.supplies.before_people());
        let kind = person.and_then(|at| self.supplies.kinds.get(at));
        let who = kind.map_or("a maker or bidder", |kind| KINDS[*kind]);
        Some(Told {
            case: case.0,
            account: over.account,
            headline: format!(
                "Account {} ({who}) was {} at step “{}” after {} actions.",
                over.account,
                over.how,
                over.step,
                own.len()
            ),
            legs: over
                .legs
                .iter()
                .map(|(id, size)| (name(terms, *id), money((*size).into())))
                .collect(),
            actions: own,
        })
    }

    /// What became of the quotes of each snapshot that was in force.
    fn surfaces(&self) -> Vec<String> {
        let used = self.supplies.first..=self.snapshot;
        let snapshots = self.supplies.market.snapshots.get(used).unwrap_or_default();
        let mut lines = vec![
            "Between two snapshots the surface stays as it is by log-moneyness and forward over \
             index, so that it moves with the index."
                .to_owned(),
        ];
        for snapshot in snapshots {
            let count = |choice| {
                snapshot
                    .smiles
                    .iter()
                    .filter(|s| s.choice == choice)
                    .count()
            };
            let mut line = format!(
                "{}: {} expiries by a fitted SVI curve, {} by their quotes, {} left out",
                snapshot.at,
                count(Choice::Fitted),
                count(Choice::Quotes),
                count(Choice::LeftOut),
            );
            for note in &snapshot.smiles {
                let Some(why) = &note.why else { continue };
                let expiry = note.expiry.to_string();
                let day = expiry.split(' ').next().unwrap_or_default();
                line.push_str(&format!("; {day}: {why}"));
            }
            lines.push(line);
        }
        lines
    }

    fn figures(&self, engine: &Engine, collector: &Collector) -> Vec<Figure> {
        let figure = |label: &str, value: String, definition: &str| Figure {
            label: label.to_owned(),
            value,
            definition: definition.to_owned(),
        };
        let usd = |raw: i128| whole(raw, 6, &self.book.asset);
        let steps = self.tally.steps();
        let sum = |of: fn(&crate::episodes::StepTotal) -> i128| steps.iter().map(of).sum::<i128>();
        let ended = self.tally.ended();
        let cases = |how: &str| {
            let of = ended.iter().filter(|e| e.how == how);
            grouped(of.map(|e| e.cases).sum())
        };
        let shortfall: i128 = ended.iter().map(|e| e.shortfall.raw).sum();
        let auctions = self.tally.auctions();
        let reserve = self
            .state(engine)
            .map_or(0, |s| s.fund_cash(engine.ledger()));
        vec![
            figure(
                "Accounts",
                grouped(self.supplies.kinds.len() as u64),
                "Books of options of the population, one account each",
            ),
            figure(
                "Cases opened",
                grouped(collector.opened),
                "Times an account's maintenance margin was above its equity and no case was open",
            ),
            figure(
                "Released",
                cases("released"),
                "Cases that ended with the initial margin met again",
            ),
            figure(
                "Bankrupt",
                cases("bankrupt"),
                "Cases that the insurance fund took over",
            ),
            figure(
                "Still open at the end",
                cases("still open at the end"),
                "Cases under way when the prices ended",
            ),
            figure(
                "Notional traded by liquidations",
                usd(sum(|s| s.notional.raw)),
                "Size times index of every fill of the engine's orders, and of the shares of portfolios bid for",
            ),
            figure(
                "Paid above fair value",
                usd(sum(|s| s.incentive.raw)),
                "Incentives inside the prices of liquidation orders and bids, against the mark of the moment",
            ),
            figure(
                "Liquidation fees",
                usd(sum(|s| s.fee.raw)),
                "Paid by liquidated accounts to the insurance fund",
            ),
            figure(
                "Auctions",
                format!(
                    "{} offered, {} taken, {} in part, {} not",
                    grouped(auctions.offered),
                    grouped(auctions.taken),
                    grouped(auctions.partly),
                    grouped(auctions.untaken)
                ),
                "Positions, or whole portfolios, that step 3 offered; of a position a part may be all that the account needed to give, a portfolio counts as taken when it was released",
            ),
            figure(
                "Loss beyond equity",
                usd(shortfall),
                "What bankrupt accounts lacked; the fund pays it, then accounts in profit",
            ),
            figure(
                "Socialised",
                usd(self.tally.socialised),
                "What accounts in profit paid because the fund could not",
            ),
            figure(
                "Uncovered",
                usd(self.tally.uncovered),
                "What nobody could pay",
            ),
            figure(
                "Insurance fund at the end",
                usd(reserve),
                "Its reserve; positions it took over are on an account of their own",
            ),
        ]
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let p: &KyanParameters = &self.supplies.parameters;
        let share = |d: crate::scenario::Decimal| percent(d.raw());
        let derive = self.book.preset == Preset::KyanDerive;
        let steps: Vec<&str> = p.steps(derive).iter().map(|s| s.stage().name()).collect();
        let expiries = self.supplies.listing.terms.iter().map(|t| t.expiry);
        let mut expiries: Vec<Timestamp> = expiries.collect();
        expiries.dedup();
        let mut rows: Vec<(String, String)> = Vec::new();
        let mut row = |label: &str, value: String| rows.push((label.to_owned(), value));
        row("Procedure", steps.join(", "));
        row(
            "Options listed",
            format!(
                "{} in {} expiries",
                self.supplies.listing.terms.len(),
                expiries.len()
            ),
        );
        row("Price range of the scenarios", share(p.price_range));
        row(
            "Volatility up, down",
            format!("{}, {}", share(p.vol_up), share(p.vol_down)),
        );
        row(
            "Initial over maintenance margin",
            p.initial_factor.to_string(),
        );
        row("Delta band", p.band.to_string());
        row(
            "Incentive of step 1, step 2",
            format!(
                "{}, {}",
                share(p.hedge_incentive),
                share(p.decompose_incentive)
            ),
        );
        row("Insurance fund", p.fund.to_string());
        row(
            "Index published",
            format!(
                "every {} s, and when it moves by {}",
                p.index_every.millis() / 1_000,
                share(p.index_moves)
            ),
        );
        for (at, kind) in KINDS.iter().enumerate() {
            let count = self.supplies.kinds.iter().filter(|k| **k == at).count();
            row(&format!("Books: {kind}"), grouped(count as u64));
        }
        row(
            "Makers",
            format!(
                "{}, the other side of every book; they quote the perpetual {} around the index, wider and less when real quotes vanish",
                p.makers.count,
                share(p.makers.perpetual_spread)
            ),
        );
        for bidder in &p.bidders {
            let steps: Vec<&str> = bidder.steps.iter().map(|s| s.stage().name()).collect();
            row(
                &format!("Bidder {:?}", bidder.name),
                format!(
                    "{}: from {} on, {} s after seeing an order, {} an hour",
                    steps.join(", "),
                    share(bidder.incentive),
                    bidder.delay.millis() / 1_000,
                    bidder.per_hour
                ),
            );
        }
        for partner in &p.partners {
            row(
                &format!("Partner {:?}", partner.name),
                format!(
                    "{} from the mark, up to {}",
                    share(partner.offset),
                    partner.capacity
                ),
            );
        }
        let open = self
            .held
            .iter()
            .flatten()
            .map(|(_, size)| notional(self.index, size.saturating_abs()));
        row(
            "Open at the end, at the index, both sides",
            whole(open.sum(), 6, &self.book.asset),
        );
        rows
    }
}
