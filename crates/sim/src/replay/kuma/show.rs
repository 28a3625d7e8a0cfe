//! What a Kuma venue's report shows: samples over time, figures, parameters.

use plimsoll_engine::Engine;
use plimsoll_engine::margin::cross::{self, ONE};
use plimsoll_engine::venues::kuma;
use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::setup::INSURANCE_FUND;
use super::{KumaDesk, PIPS};
use crate::collect::Collector;
use crate::replay::bands::{Bands, push};
use crate::replay::desk::{Shown, grouped, percent, whole};
use crate::results::{Amount, Figure, Line, VenueResults};
use crate::scenario::{KumaParameters, Preset};
use crate::waterfall::{Hop, HopTotal, PartnerTotal, Waterfall};

/// Wallets looked at for a sample: of a larger crowd every so-manieth stands for the others.
const SAMPLED: usize = 20_000;
/// Figures of other venues that mean nothing where the venue itself liquidates.
const NOT_HERE: [&str; 3] = [
    "Not worth a liquidator's cost",
    "Paid to liquidators",
    // A wallet's quote balance says little: it is what its positions cost.
    "Collateral at trigger",
];
/// What other figures mean here.
const DEFINED: [(&str, &str); 3] = [
    (
        "Traders",
        "Wallets of the population, one to four positions each",
    ),
    (
        "Recovered",
        "Cases closed because the wallet met its requirement again: partial liquidation brings that about, or the price",
    ),
    (
        "Loss beyond collateral",
        "What liquidated wallets owed beyond what they had, at index prices; the insurance fund takes it over with them",
    ),
];

/// What is drawn over time.
#[derive(Debug)]
pub(super) struct Lines {
    bands: Bands,
    fund: Line,
    inventory: Line,
    handed: Line,
    closed: Line,
    deleveraged: Line,
    depth: Line,
    liquidations: Line,
    counted: usize,
    lowest: Option<i128>,
}

impl Lines {
    pub(super) fn new() -> Self {
        let line = |label: &str| Line {
            label: label.to_owned(),
            ..Line::default()
        };
        Self {
            bands: Bands::new(),
            fund: line("Insurance fund, its positions at index"),
            inventory: line("Positions the insurance fund holds, at index"),
            handed: line("Handed to partners, cumulative"),
            closed: line("Closed on the books, cumulative"),
            deleveraged: line("Deleveraged, cumulative"),
            depth: Line {
                unit: Some("% of calm depth".to_owned()),
                ..line("Depth that makers keep, thinnest market")
            },
            liquidations: line("Liquidations"),
            counted: 0,
            lowest: None,
        }
    }
}

fn pips(raw: i128) -> Amount {
    Amount::new(raw, PIPS)
}

/// What a wallet is worth with its positions at index, in pips.
pub(super) fn value(venue: &kuma::Kuma, engine: &Engine, account: AccountId) -> i128 {
    let value = venue.value_truncated(engine.ledger(), account);
    value.map_or(0, i128::from)
}

/// Worth at index of a wallet's positions, long or short, in pips.
fn exposure(venue: &kuma::Kuma, account: AccountId) -> i128 {
    let worth = |market: MarketId, size: i64| {
        let price = venue.market(market).ok()?.index_price();
        cross::mul_frac(size.unsigned_abs(), price, ONE).ok()
    };
    venue
        .positions(account)
        .filter_map(|(_, position)| worth(position.market(), position.size()))
        .fold(0i128, |sum, worth| sum.saturating_add(worth.into()))
}

/// How far all prices would have to move together for the wallet to be liquidatable, and what it
/// is worth. Floats: for drawing and for nerves. `None` without a position.
pub(super) fn distance(
    venue: &kuma::Kuma,
    engine: &Engine,
    account: AccountId,
) -> Option<(f64, f64)> {
    let totals = venue.totals(engine.ledger(), account).ok()?;
    let (mut net, mut required) = (0.0, 0.0);
    for (_, position) in venue.positions(account) {
        let market = venue.market(position.market()).ok()?;
        let limits = venue.limits(account, position.market()).ok()?;
        let notional = pips(position.size().into()).approximate()
            * pips(market.index_price().into()).approximate();
        net += notional;
        required += notional.abs() * pips(limits.maintenance_margin_fraction.into()).approximate();
    }
    if required == 0.0 {
        return None;
    }
    let worth = Amount::new(totals.value, 2 * PIPS).approximate();
    let gap = (worth - required).max(0.0);
    // worth + move * net = required * (1 + move), for the move against the wallet.
    let per_move = if net > 0.0 {
        net - required
    } else {
        required - net
    };
    Some(((gap / per_move.abs()).min(10.0), worth.max(0.0)))
}

impl KumaDesk {
    pub(super) fn take_sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        let Some(venue) = self.state(engine) else {
            return;
        };
        let stride = self.wallets.len().div_ceil(SAMPLED).max(1);
        #[allow(clippy::cast_precision_loss)]
        let stands_for = stride as f64;
        for person in (0..self.wallets.len()).step_by(stride) {
            if let Some((distance, worth)) = distance(venue, engine, self.book.trader(person)) {
                self.lines.bands.count(distance, worth * stands_for);
            }
        }
        let fund = value(venue, engine, INSURANCE_FUND);
        let inventory = exposure(venue, INSURANCE_FUND);
        let lines = &mut self.lines;
        lines.bands.end(at);
        lines.lowest = Some(lines.lowest.map_or(fund, |low| low.min(fund)));
        let waterfall = &self.tally.waterfall;
        let total = |hops: &[Hop]| -> f64 {
            let totals = hops.iter().map(|hop| waterfall.hop(*hop).index);
            totals.map(Amount::approximate).sum()
        };
        push(&mut lines.fund, at, pips(fund).approximate());
        push(&mut lines.inventory, at, pips(inventory).approximate());
        push(&mut lines.handed, at, total(&[Hop::Partner]));
        push(&mut lines.closed, at, total(&[Hop::Book]));
        push(
            &mut lines.deleveraged,
            at,
            total(&[Hop::Closure, Hop::Deleveraged]),
        );
        let kept = (0..self.markets.len())
            .map(|market| self.makers.left(market))
            .min();
        push(
            &mut lines.depth,
            at,
            f64::from(kept.unwrap_or(0)) / 10_000.0,
        );
        let done = collector.liquidations.len();
        #[allow(clippy::cast_precision_loss)]
        push(&mut lines.liquidations, at, (done - lines.counted) as f64);
        lines.counted = done;
    }

    pub(super) fn show(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        let waterfall = self.waterfall(engine);
        let lines = &self.lines;
        let mut backstop = vec![lines.fund.clone(), lines.inventory.clone()];
        if waterfall.with_partners {
            backstop.push(lines.handed.clone());
        }
        backstop.extend([
            lines.closed.clone(),
            lines.deleveraged.clone(),
            lines.depth.clone(),
        ]);
        let shown = Shown {
            parameters: self.parameters(),
            figures: self.figures(collector, &waterfall),
            at_risk: lines.bands.lines(),
            backstop,
            liquidations_over_time: lines.liquidations.clone(),
            liquidations: collector.liquidations.clone(),
            waterfall: Some(Box::new(waterfall)),
        };
        self.book.results(engine, collector, shown)
    }

    fn waterfall(&self, engine: &Engine) -> Waterfall {
        let mut waterfall = self.tally.waterfall.clone();
        let parameters = self.venue.kuma.clone().unwrap_or_default();
        let start = parameters.insurance_fund.on_grid::<8>();
        waterfall.fund_start = pips(start);
        if let Some(venue) = self.state(engine) {
            let end = value(venue, engine, INSURANCE_FUND);
            waterfall.fund_end = pips(end);
            waterfall.fund_lowest = pips(self.lines.lowest.unwrap_or(end).min(start));
            waterfall.inventory = pips(exposure(venue, INSURANCE_FUND));
            waterfall.partners = self.partner_totals(venue, engine);
        }
        waterfall
    }

    fn partner_totals(&self, venue: &kuma::Kuma, engine: &Engine) -> Vec<PartnerTotal> {
        let partners = self.venue.partners.iter().zip(self.partners.accounts());
        partners
            .enumerate()
            .map(|(at, (partner, account))| {
                let mut taken = HopTotal::default();
                let of = self.tally.waterfall.fills.iter();
                of.filter(|fill| fill.hop == Hop::Partner && fill.to == account.0)
                    .for_each(|fill| taken.add(fill));
                let brought = partner.capital.on_grid::<8>();
                let worth = value(venue, engine, account);
                PartnerTotal {
                    name: partner.name.clone(),
                    account: account.0,
                    taken,
                    signed: self.partners.signed(at),
                    skipped: self.tally.skipped(account),
                    result: pips(worth.saturating_sub(brought)),
                }
            })
            .collect()
    }

    fn figures(&self, collector: &Collector, waterfall: &Waterfall) -> Vec<Figure> {
        let mut figures = self.book.figures(collector, PIPS);
        figures.retain(|figure| !NOT_HERE.contains(&figure.label.as_str()));
        for (label, definition) in DEFINED {
            if let Some(figure) = figures.iter_mut().find(|figure| figure.label == label) {
                figure.definition = definition.to_owned();
            }
        }
        let mut figure = |label: &str, value: String, definition: &str| {
            figures.push(Figure {
                label: label.to_owned(),
                value,
                definition: definition.to_owned(),
            });
        };
        let money = |amount: Amount| whole(amount.raw, PIPS, &self.book.asset);
        for (hop, label, definition) in HOPS {
            let total = waterfall.hop(hop);
            if hop == Hop::Reduced && total.fills == 0 {
                continue;
            }
            figure(label, money(total.index), definition);
            figure(
                &format!("{label}: price against index"),
                basis_points(&total),
                "Mean over all of it, for whoever gave the positions away; minus is below what they were worth",
            );
        }
        figure(
            "Counterparties deleveraged",
            grouped(waterfall.hop(Hop::Closure).fills + waterfall.hop(Hop::Deleveraged).fills),
            "Times a winning position was reduced without its owner's consent",
        );
        figure(
            "Middle of the book moved by the fund, mean",
            milli(waterfall.mean_milli_bps()),
            "Over the commands in which the fund closed on a book: the middle between best bid and ask, after against before",
        );
        figure(
            "Middle of the book moved by the fund, most",
            milli(waterfall.impact.worst_milli_bps),
            "The farthest of them",
        );
        figure(
            "Given up on the books",
            money(pips(-waterfall.hop(Hop::Book).against_index.raw)),
            "What the fund's book orders got less than index: what somebody could earn who provokes liquidations and waits in the book",
        );
        figure(
            "Insurance fund at the start",
            money(waterfall.fund_start),
            "Its balance",
        );
        figure(
            "Insurance fund at its lowest",
            money(waterfall.fund_lowest),
            "The lowest of the report's samples, positions at index",
        );
        figure(
            "Insurance fund at the end",
            money(waterfall.fund_end),
            "Its balance and its positions at the last index prices",
        );
        figures
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let parameters = self.venue.kuma.clone().unwrap_or_default();
        let mut rows = venue_rows(&parameters, self.venue.preset == Preset::KumaPlus);
        let habits = self.venue.book.clone().unwrap_or_default();
        rows.push((
            "Makers".to_owned(),
            format!(
                "{}, with {} of open interest within 20 bps a side; half of it after a move of {}, at least {}",
                habits.count,
                percent(habits.depth.raw()),
                percent(habits.halves_at.raw()),
                percent(habits.least.raw())
            ),
        ));
        for partner in &self.venue.partners {
            let capacity = partner
                .capacity
                .map_or_else(|| "no limit".to_owned(), |most| format!("{most} USD"));
            rows.push((
                format!("Partner {:?}", partner.name),
                format!(
                    "{} from index, capacity {capacity}, orders of {} USD, {} USD of capital",
                    percent(partner.offset.raw()),
                    partner.order,
                    partner.capital
                ),
            ));
        }
        rows.push(("Funding rates".to_owned(), self.funding.source.clone()));
        rows.push(("Wallets".to_owned(), self.crowd.clone()));
        rows
    }
}

/// Hops with a figure of their own.
const HOPS: [(Hop, &str, &str); 6] = [
    (
        Hop::Reduced,
        "Reduced, wallet restored",
        "Worth at index of what the fund took from wallets that kept the rest: partial liquidation",
    ),
    (
        Hop::Acquired,
        "Acquired by the insurance fund",
        "Worth at index of the positions it took over at the bankruptcy price",
    ),
    (
        Hop::Partner,
        "Handed to partners",
        "Worth at index of what partners took over from the fund",
    ),
    (
        Hop::Book,
        "Closed on the books",
        "Worth at index of what the fund traded away on the order books",
    ),
    (
        Hop::Closure,
        "Deleveraged against the fund",
        "Worth at index of what counterparties gave up because nobody else took it from the fund",
    ),
    (
        Hop::Deleveraged,
        "Deleveraged against wallets",
        "Worth at index of what counterparties gave up because the fund could not take the wallet over",
    ),
];

fn basis_points(total: &HopTotal) -> String {
    total.bps_e2().map_or_else(
        || "–".to_owned(),
        |e2| format!("{} bps", Amount::new(e2, 2)),
    )
}

fn milli(thousandths: u64) -> String {
    format!("{} bps", Amount::new(thousandths.into(), 3))
}

fn venue_rows(parameters: &KumaParameters, plus: bool) -> Vec<(String, String)> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let hops: Vec<&str> = parameters.waterfall.iter().map(|hop| hop.name()).collect();
    let mut rows = vec![
        row("Initial margin", percent(parameters.initial_margin.raw())),
        row(
            "Maintenance margin",
            percent(parameters.maintenance_margin.raw()),
        ),
        row(
            "Added to the initial margin",
            format!(
                "{} for each begun {} USD above {} USD",
                percent(parameters.incremental_margin.raw()),
                parameters.increment,
                parameters.baseline
            ),
        ),
        row("Largest position", format!("{} USD", parameters.maximum)),
        row("Taker fee", percent(parameters.taker_fee.raw())),
        row("Maker fee", percent(parameters.maker_fee.raw())),
        row(
            "Insurance fund",
            format!("{} USD", parameters.insurance_fund),
        ),
        row("Waterfall after the acquisition", hops.join(", ")),
        row("Deleveraging", parameters.deleveraging.name().to_owned()),
    ];
    let service = parameters.options(plus);
    rows.push(row(
        "Collar of the fund's book orders",
        service
            .collar
            .map_or_else(|| "off".to_owned(), |collar| percent(collar.raw())),
    ));
    rows.push(row(
        "Slices of the fund's book orders",
        service.slices.map_or_else(
            || "all at once".to_owned(),
            |s| {
                format!(
                    "{} every {} s",
                    percent(s.fraction.raw()),
                    s.interval.millis() / 1_000
                )
            },
        ),
    ));
    rows.push(row(
        "Partial liquidation",
        if service.partial { "on" } else { "off" }.to_owned(),
    ));
    let most = |cap: Option<crate::scenario::Decimal>| {
        cap.map_or_else(|| "no limit".to_owned(), |most| format!("{most} USD"))
    };
    rows.push(row(
        "The fund's most loss on an account, within its window",
        service.defence.map_or_else(
            || "no limits".to_owned(),
            |d| format!("{}, {}", most(d.per_account), most(d.per_window)),
        ),
    ));
    rows
}
