//! Results to test the report with: a handful made by hand, and a large seeded crash.

use crate::random::Random;
use crate::results::{
    Amount, Exposure, Figure, Flow, Line, Liquidation, Refused, Results, VenueResults,
};
use crate::waterfall::{Fill, Hop, Impact, PartnerTotal, PolicyTotal, Waterfall};

/// 2025-10-10 00:00 UTC.
pub(super) const START: i64 = 1_760_054_400_000;
const MINUTE: i64 = 60_000;
const TICK: i64 = 5 * MINUTE;
const DAYS_2: i64 = 2 * 24 * 60 * MINUTE;

/// A case with round numbers.
pub(super) fn case(number: u64, at: i64, notional: i128) -> Liquidation {
    Liquidation {
        case: number,
        market: 0,
        account: 7,
        position: Some("position-3".to_owned()),
        side: Exposure::Long,
        rule: "fees >= 0.99 collateral + pnl".to_owned(),
        triggered: at,
        executed: at + 2_000,
        price: Amount::new(11_284_512_345_678, 8),
        notional: Amount::new(notional, 6),
        collateral: Amount::new(notional / 10, 6),
        equity: Amount::new(-1_234_567, 6),
        requirement: Amount::new(5_000_000, 6),
        reward: Amount::new(2_500_000, 6),
        shortfall: Amount::new(0, 6),
    }
}

/// A venue on which nothing happened.
pub(super) fn quiet(name: &str) -> VenueResults {
    VenueResults {
        name: name.to_owned(),
        preset: "perennial".to_owned(),
        asset: "USDC".to_owned(),
        parameters: Vec::new(),
        figures: Vec::new(),
        at_risk: Vec::new(),
        backstop: Vec::new(),
        liquidations_over_time: Line::default(),
        liquidations: Vec::new(),
        flows: Vec::new(),
        refusals: Vec::new(),
        waterfall: None,
        episodes: None,
        measures: crate::compare::Measures::default(),
    }
}

/// One venue with two liquidations and one with none.
pub(super) fn small() -> Results {
    let mut busy = quiet("tsunamix");
    busy.preset = "tsunamix".to_owned();
    busy.figures = vec![
        figure("Liquidations", "2", "Cases carried through."),
        figure(
            "Vault at the end",
            "9,120,000 USDC",
            "The vault's own money.",
        ),
    ];
    busy.liquidations = vec![
        case(1, START + TICK, 1_000_000_000),
        case(2, START + 2 * TICK, 9_000_000_000),
    ];
    busy.liquidations[1].shortfall = Amount::new(1_500_000, 6);
    busy.at_risk = vec![
        line("below 1 %", 3, |i| 10.0 * i as f64),
        line("1 to 5 %", 3, |_| 50.0),
    ];
    busy.backstop = vec![line("Vault", 3, |i| 1_000.0 + i as f64)];
    busy.flows = vec![
        flow("outside", "wallets", "deposit", 50_000_000_000),
        flow("positions", "vault", "confiscated collateral", 900_000_000),
        flow("vault", "wallets", "profit", 100_000_000),
    ];
    busy.parameters = vec![("Trading fee".to_owned(), "0.1 %".to_owned())];
    busy.refusals = vec![Refused {
        name: "MaxLeverage".to_owned(),
        times: 1234,
        first: "leverage 51 is above 50".to_owned(),
    }];
    let mut idle = quiet("perennial");
    idle.figures = vec![
        figure("Liquidations", "0", "Cases carried through."),
        figure("Shortfall", "0 USDC", "Losses nobody has covered."),
    ];
    Results {
        name: "A small crash".to_owned(),
        description: "Two liquidations.".to_owned(),
        seed: 42,
        scenario: "seed = 42\n".to_owned(),
        provenance: vec!["Simulated: a seeded bridge between published anchors.".to_owned()],
        window: (START, START + 3 * TICK),
        markets: vec!["BTC".to_owned()],
        prices: vec![line("BTC", 3, |i| 112_000.0 - 900.0 * i as f64)],
        stresses: Vec::new(),
        venues: vec![busy, idle],
        commands: 1000,
        events: 2000,
        state_hash: "ab12".to_owned(),
        conservation: "Every unit is accounted for.".to_owned(),
    }
}

fn figure(label: &str, value: &str, definition: &str) -> Figure {
    Figure {
        label: label.to_owned(),
        value: value.to_owned(),
        definition: definition.to_owned(),
    }
}

fn flow(from: &str, to: &str, reason: &str, raw: i128) -> Flow {
    Flow {
        from: from.to_owned(),
        to: to.to_owned(),
        reason: reason.to_owned(),
        asset: "USDC".to_owned(),
        amount: Amount::new(raw, 6),
        movements: 12,
    }
}

/// A line of `count` five-minute points.
pub(super) fn line(label: &str, count: usize, value: impl Fn(usize) -> f64) -> Line {
    Line {
        label: label.to_owned(),
        times: (0..count).map(|i| START + TICK * i as i64).collect(),
        values: (0..count).map(value).collect(),
        unit: None,
    }
}

/// Two days with a crash on the first evening: four markets, two venues, `per_venue`
/// liquidations on each.
pub(super) fn crash(per_venue: usize) -> Results {
    let mut results = small();
    let markets = [
        ("BTC", 121_000.0),
        ("ETH", 4_350.0),
        ("SOL", 221.0),
        ("DOGE", 0.247),
    ];
    results.name = "The crash of 10 October 2025".to_owned();
    results.description =
        "Two venues with the same traders through the same two days: what each had to \
        liquidate, who was paid, and who bore the losses."
            .to_owned();
    results.provenance = vec![
        "Simulated path: a seeded bridge between published anchor figures.".to_owned(),
        "Anchors: exchange announcements and press reports, cited in the scenario.".to_owned(),
    ];
    results.window = (START, START + DAYS_2);
    results.markets = markets.iter().map(|(name, _)| (*name).to_owned()).collect();
    results.prices = markets
        .iter()
        .map(|(name, from)| path(name, *from))
        .collect();
    results.venues = vec![
        venue(&results, "tsunamix", per_venue),
        venue(&results, "perennial", per_venue / 3),
    ];
    results.state_hash =
        "8f4be3c1d2a90757b86e1e02a7cf3a9d5f60cb81c6fd4e3a1b2c98d7e6f50413".to_owned();
    results.conservation =
        "Checked after every command: 412,337,902.118204 USDC in, the same held; \
        rounding dust 0.004112 USDC."
            .to_owned();
    results.commands = 1_284_112;
    results.events = 9_871_004;
    results.scenario =
        "name = \"crash-2025-10\"\nseed = 42\n\n[[venue]]\npreset = \"tsunamix\"\n".to_owned();
    results
}

/// Calm, a fall between 20:50 and 21:20, half of it won back.
fn path(name: &str, from: f64) -> Line {
    let mut chance = Random::new(42, name);
    let mut noise = 0.0;
    let values = (0..=576).map(|i| {
        noise = noise * 0.97 + chance.bell() as f64 / 65_536.0 * 0.0016;
        let fall = match i {
            0..190 => i as f64 / 190.0 * 0.02,
            190..250 => 0.02 + (i - 190) as f64 / 60.0 * 0.03,
            250..256 => 0.05 + (i - 250) as f64 / 6.0 * 0.17,
            256..300 => 0.22 - (i - 256) as f64 / 44.0 * 0.09,
            _ => 0.13,
        };
        from * (1.0 - fall) * (1.0 + noise)
    });
    let values: Vec<f64> = values.collect();
    line(name, 577, |i| values[i])
}

fn venue(results: &Results, name: &str, count: usize) -> VenueResults {
    let mut venue = quiet(name);
    venue.preset = name.to_owned();
    venue.liquidations = cases(results, name, count);
    let size = count as f64;
    let heat = |i: usize| match i {
        250..258 => 1.0,
        258..300 => 0.3,
        200..250 => 0.25,
        _ => 0.08,
    };
    let rough = |i: usize, k: usize| 1.0 + ((i * 7919 + k * 104_729) % 97) as f64 / 400.0;
    let bands = [
        "below 0.5 %",
        "0.5 to 1 %",
        "1 to 2 %",
        "2 to 5 %",
        "5 to 10 %",
        "over 10 %",
    ];
    let bands = bands.iter().enumerate();
    venue.at_risk = bands
        .map(|(k, label)| {
            line(label, 577, |i| {
                let calm = (k * k) as f64 * 900.0 * (1.0 - heat(i) * 0.55);
                (calm + heat(i) * 1500.0) * rough(i, k) * size
            })
        })
        .collect();
    let vault = |i: usize| {
        40e6 + if i > 250 {
            size * 90.0 * (i.min(300) - 250) as f64
        } else {
            0.0
        }
    };
    venue.backstop = vec![
        line("Vault", 577, vault),
        line("Shortfall outstanding", 577, |i| {
            if i > 252 { size * 21.5 } else { 0.0 }
        }),
        line("Rewards paid", 577, |i| {
            size * 40.0 * (i.saturating_sub(240).min(40)) as f64
        }),
    ];
    venue.figures = vec![
        figure(
            "Liquidations",
            &super::number::count(count as u64),
            "Cases carried through to their end.",
        ),
        figure(
            "Accounts liquidated",
            "11.8 %",
            "Liquidated accounts, of all that ever held a position.",
        ),
        figure(
            "Notional closed",
            "412.6 M USDC",
            "Sum of notionals at the trigger price.",
        ),
        figure(
            "Loss beyond collateral",
            "318,202 USDC",
            "What liquidated accounts owed and could not pay.",
        ),
        figure(
            "Paid to liquidators",
            "2.81 M USDC",
            "Rewards and bounties of all cases.",
        ),
        figure(
            "Slowest liquidation",
            "14 s",
            "Longest time from the rule being met to the case carried out.",
        ),
        figure(
            "Backstop at its lowest",
            "38.2 M USDC",
            "Least money in the vault at any tick.",
        ),
    ];
    if name == "perennial" {
        venue.figures.push(figure(
            "Shortfall not resolved",
            "12,004 USDC",
            "Still outstanding at the end.",
        ));
    }
    let rate = count as i128 * 1_000_000;
    venue.flows = vec![
        flow("outside world", "wallets", "deposit", 400_000 * rate),
        flow("wallets", "collateral", "collateral added", 300_000 * rate),
        flow(
            "collateral",
            "vault",
            "confiscated collateral",
            1_900 * rate,
        ),
        flow("collateral", "vault", "loss", 2_600 * rate),
        flow("vault", "wallets", "profit", 1_100 * rate),
        flow(
            "collateral",
            "liquidators",
            "liquidation reward",
            310 * rate,
        ),
        flow("collateral", "protocol fees", "trading fee", 240 * rate),
        flow("collateral", "vault", "borrowing fee", 410 * rate),
        flow(
            "shortfall",
            "collateral",
            "loss beyond the balance",
            22 * rate,
        ),
        flow("vault", "rounding dust", "rounding dust", 4_112),
    ];
    venue.parameters = [
        ("Liquidation threshold", "99 % of collateral and profit"),
        ("Trading fee", "0.1 %"),
        ("Largest leverage", "50"),
        ("Open interest limit, BTC long", "40,000,000 USDC"),
        ("Liquidator's reaction", "2 to 30 s"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .to_vec();
    venue.refusals = small().venues[0].refusals.clone();
    venue
}

fn cases(results: &Results, name: &str, count: usize) -> Vec<Liquidation> {
    let mut chance = Random::new(42, &format!("cases of {name}"));
    let mut times: Vec<i64> = (0..count)
        .map(|_| {
            let within = match chance.below(100) {
                0..62 => chance.between(250 * TICK, 256 * TICK),
                62..80 => chance.between(256 * TICK, 275 * TICK),
                80..92 => chance.between(190 * TICK, 250 * TICK),
                _ => chance.between(0, DAYS_2 - 1),
            };
            START + within
        })
        .collect();
    times.sort_unstable();
    let made = times.into_iter().zip(1u64..).map(|(at, number)| {
        let market = [0, 0, 0, 1, 1, 2, 2, 3][chance.below(8) as usize];
        let tick = ((at - START) / TICK) as usize;
        let price = results.prices[market].values[tick];
        let size = 1 + chance.below(1_000) as i128;
        let mut case = case(number, at, size * size * size * 60 + 200_000_000);
        case.market = market;
        case.account = chance.below(100_000) as u32;
        case.executed = at + chance.between(0, 30_000);
        case.price = Amount::new((price * 1e8) as i128, 8);
        case.side = match (tick, chance.below(10)) {
            (257..300, 0..6) | (_, 0) => Exposure::Short,
            (_, 1) if name == "perennial" => Exposure::Maker,
            _ => Exposure::Long,
        };
        if chance.below(14) == 0 {
            case.shortfall = Amount::new(case.notional.raw / 300, 6);
        }
        case
    });
    made.collect()
}

/// A waterfall with one position of each kind; with partners, less goes to the book.
pub(super) fn waterfall(with_partners: bool) -> Waterfall {
    let usd = |units: i128| Amount::new(units * 100_000_000, 8);
    let mut waterfall = Waterfall {
        with_partners,
        fund_start: usd(1_000_000),
        fund_end: usd(if with_partners { 1_020_000 } else { 990_000 }),
        fund_lowest: usd(980_000),
        ..Waterfall::default()
    };
    let mut fill = |hop, index: i128, against: i128| {
        waterfall.push(Fill {
            at: START + TICK,
            case: (hop == Hop::Acquired).then_some(1),
            hop,
            market: 0,
            long: true,
            to: 9,
            base: Amount::new(50_000_000, 8),
            quote: usd(index + against),
            index: usd(index),
            against_index: usd(against),
        });
    };
    fill(Hop::Acquired, 100_000, -2_500);
    if with_partners {
        fill(Hop::Partner, 70_000, -140);
    }
    fill(Hop::Book, if with_partners { 20_000 } else { 80_000 }, -900);
    fill(Hop::Closure, 10_000, -300);
    let taken = waterfall.hop(Hop::Partner);
    if with_partners {
        waterfall.partners.push(PartnerTotal {
            name: "<tight>".to_owned(),
            account: 9,
            taken,
            signed: 3,
            skipped: vec![("in its cooldown".to_owned(), 2)],
            result: usd(-50),
        });
    }
    waterfall.quintiles = [0, 0, 0, 0, 0, 1];
    waterfall.policies.push(PolicyTotal {
        policy: "queue".to_owned(),
        used: true,
        needed: usd(300),
        taken: usd(10_000),
        accounts: 1,
    });
    waterfall.impact = Impact {
        closings: 2,
        moved_milli_bps: if with_partners { 3_000 } else { 60_000 },
        worst_milli_bps: if with_partners { 2_000 } else { 45_500 },
        worst_at: START + TICK,
        emptied: 0,
        consumed: usd(20_000),
        standing: usd(100_000),
    };
    waterfall
}
