//! A comparison made by hand, of the size and shape of a real one.

use crate::compare::{
    Book, Comparison, Deleveraged, Fund, Measures, Outcome, Recovered, Share, Speed, Stressed,
};
use crate::random::Random;
use crate::results::{Amount, Flow, Line};

/// 2025-10-10 00:00 UTC.
pub(super) const START: i64 = 1_760_054_400_000;
const MINUTE: i64 = 60_000;
const TICK: i64 = 30_000;
const TICKS: i64 = 48 * 60 * 60 * 1_000 / TICK;
/// The crash begins so many ms after the start, and is over a while later.
const CRASH: i64 = 21 * 60 * MINUTE + 10 * MINUTE;
const OVER: i64 = CRASH + 35 * MINUTE;
const TRADERS: u64 = 10_000;
const DEPOSITS: i128 = 41_250_000_000_000;

fn share(who: &str, dollars: i128) -> Share {
    Share {
        who: who.to_owned(),
        amount: dollars * 1_000_000,
    }
}

/// How far the crash has come at a time, 0 to 1, in bursts.
fn progress(time: i64, lag: i64) -> f64 {
    let at = (time - START - CRASH - lag) as f64 / (OVER - CRASH) as f64;
    if at <= 0.0 {
        return 0.0;
    }
    let bursts = [(0.05, 0.2), (0.32, 0.55), (0.5, 0.85), (0.9, 1.0)];
    let reached = bursts.iter().filter(|(t, _)| at >= *t).map(|b| b.1);
    let base = reached.fold(0.0, f64::max);
    (base + at.min(1.0) * 0.04).min(1.0)
}

fn line(label: &str, of: impl Fn(i64) -> f64) -> Line {
    let times: Vec<i64> = (0..=TICKS).map(|i| START + i * TICK).collect();
    Line {
        label: label.to_owned(),
        values: times.iter().map(|t| of(*t)).collect(),
        times,
        unit: None,
    }
}

fn price(random: &mut Random, first: f64, fall: f64, noise: f64) -> Line {
    let mut drift = 0.0;
    let mut line = line("", |_| 0.0);
    let times = line.times.clone();
    for (value, time) in line.values.iter_mut().zip(times) {
        let step = (random.below(2_001) as f64 - 1_000.0) / 1_000.0;
        drift = drift * 0.999 + step * noise;
        let at = (time - START - CRASH) as f64 / (OVER - CRASH) as f64;
        let hit = match at {
            a if a <= 0.0 => 0.0,
            a if a <= 0.4 => a / 0.4,
            a if a <= 1.0 => 1.0 - (a - 0.4) * 0.8,
            _ => 0.52,
        };
        *value = first * (1.0 + drift) * (1.0 - fall * hit);
    }
    line
}

/// What is particular to a made-up design, in whole dollars and counts.
struct Made {
    name: &'static str,
    title: &'static str,
    liquidated: u64,
    taken: i128,
    bad: Vec<Share>,
    fund: Option<(i128, i128, i128, i128)>,
    paid: Vec<Share>,
    seconds: (i64, i64),
    deleveraged: u64,
    book: bool,
    steps: &'static [&'static str],
    page: Option<&'static str>,
}

fn outcome(made: Made) -> Outcome {
    let Made { liquidated, .. } = made;
    let million = |dollars: i128| dollars * 1_000_000;
    let bad: i128 = made.bad.iter().map(|s| s.amount).sum();
    let lag = made.seconds.0 * 1_000;
    let dollars = move |micro: i128| Amount::new(micro, 6).approximate();
    let fund = made.fund.map(|(start, low, end, sufficient)| Fund {
        name: "insurance fund".to_owned(),
        start: million(start),
        low: million(low),
        end: million(end),
        sufficient: million(sufficient),
    });
    let backstop = fund.clone();
    let backstop_over_time = match backstop {
        Some(fund) => line("Backstop", move |t| {
            let p = progress(t, lag);
            let dip = (4.0 * p * (1.0 - p)).max(0.0);
            let (start, low, end) = (dollars(fund.start), dollars(fund.low), dollars(fund.end));
            start + (end - start) * p - (start.min(end) - low).max(0.0) * dip
        }),
        None => Line::default(),
    };
    let flow = |from: &str, reason: &str, to: &str, dollars: i128| Flow {
        from: from.to_owned(),
        to: to.to_owned(),
        reason: reason.to_owned(),
        asset: "USD".to_owned(),
        amount: Amount::new(million(dollars), 6),
        movements: 10,
    };
    let mut flows = Vec::new();
    if made.taken > 0 {
        flows.push(flow(
            "traders",
            "liquidation fee",
            "insurance fund",
            made.taken * 7 / 10,
        ));
        flows.push(flow(
            "traders",
            "slippage on the book",
            "counterparties",
            made.taken * 2 / 10,
        ));
        flows.push(flow(
            "traders",
            "liquidation reward",
            "liquidators",
            made.taken / 10,
        ));
    }
    for share in &made.bad {
        flows.push(flow(
            &share.who,
            "loss beyond the balance",
            "winning traders",
            share.amount / 1_000_000,
        ));
    }
    let name = made.name;
    Outcome {
        design: name.to_owned(),
        title: made.title.to_owned(),
        about: "Accounts are watched one by one; what is due is closed at the price of the moment, and what cannot be closed goes to those who stand behind it.".to_owned(),
        procedure: made.steps.iter().map(|s| (*s).to_owned()).collect(),
        toml: format!(
            "[design]\nname = \"{name}\"\nmargin = \"isolated\"\ntrigger = \"maintenance\"\nlock = \"none\"\n\n[[design.stage]]\nkind = \"book\"\nslice = 0.1\n"
        ),
        page: made.page.map(str::to_owned),
        measures: Measures {
            traders: TRADERS,
            deposits: DEPOSITS,
            backstop_start: fund.as_ref().map_or(0, |f| f.start),
            open_interest: 812_000_000_000_000,
            liquidated,
            liquidated_notional: million(i128::from(liquidated) * 61_000),
            needed_notional: million(i128::from(liquidated) * 21_000),
            excess_notional: million(i128::from(liquidated) * 40_000),
            over_liquidation: million(made.taken),
            bad_debt_of_others: 0,
            passed_on: million(i128::from(made.deleveraged) * 70),
            bad_debt: made.bad,
            fund,
            incentives: made.paid,
            speed: Speed {
                breaches: liquidated + 40,
                median: (liquidated > 0).then_some(made.seconds.0 * 1_000),
                p99: (liquidated > 0).then_some(made.seconds.1 * 1_000),
                unresolved: liquidated / 300,
            },
            deleveraged: Deleveraged {
                traders: made.deleveraged,
                notional: million(i128::from(made.deleveraged) * 9_000),
                cost: million(i128::from(made.deleveraged) * 120),
            },
            book: made.book.then_some(Book {
                notional: million(i128::from(liquidated) * 30_000),
                mean_e2_bps: 3_410,
                worst_e2_bps: 41_200,
            }),
            recovered: Recovered {
                followed: liquidated,
                would_have: liquidated / 5,
            },
            liquidated_over_time: line("Traders liquidated", move |t| {
                (progress(t, lag) * liquidated as f64).floor()
            }),
            bad_debt_over_time: line("Bad debt", move |t| {
                (progress(t, lag + 200_000) * dollars(bad)).floor()
            }),
            backstop_over_time,
            equity_over_time: line("Traders' equity", move |t| {
                1.0 - progress(t, 0) * (0.18 + liquidated as f64 / 30_000.0)
            }),
        },
        flows,
        conservation: "Every unit is accounted for: 12 checks of the books after the last command.".to_owned(),
        state_hash: "6b1f0c2d9e8a7f5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b".to_owned(),
        commands: 1_204_331,
        events: 4_001_882,
    }
}

/// Two of them, with the figures and without the long lines: what is not counted cannot hide.
pub(super) fn two() -> Comparison {
    let mut comparison = seven();
    comparison
        .outcomes
        .retain(|o| matches!(o.design.as_str(), "gammaswap" | "waterline"));
    comparison.markets.truncate(2);
    comparison.prices.truncate(2);
    comparison.stresses.truncate(2);
    comparison
}

/// Seven designs through two days with a crash of half an hour.
pub(super) fn seven() -> Comparison {
    let made = [
        Made {
            name: "tsunamix",
            page: Some("TsunamiX V2"),
            title: "TsunamiX V2: isolated positions, the vault takes all",
            liquidated: 3_310,
            taken: 9_410_000,
            bad: vec![share("vault", 1_120_000)],
            fund: Some((6_200_000, 5_900_000, 11_300_000, 0)),
            paid: vec![share("keepers", 16_550)],
            seconds: (0, 30),
            deleveraged: 0,
            book: false,
            steps: &["confiscate (vault)", "close by force (vault)"],
        },
        Made {
            name: "perennial",
            page: Some("Perennial V1"),
            title: "Perennial V1: versioned, makers take the other side",
            liquidated: 2_870,
            taken: 2_310_000,
            bad: vec![share("makers", 2_480_000)],
            fund: Some((6_200_000, 3_100_000, 3_700_000, 2_480_000)),
            paid: vec![share("keepers", 2_310_000)],
            seconds: (12, 95),
            deleveraged: 0,
            book: false,
            steps: &[
                "lock until the next version",
                "reward (keeper)",
                "close at the next version",
            ],
        },
        Made {
            name: "kuma",
            page: Some("Kuma"),
            title: "Kuma: cross margin, fund, partners, book, deleveraging",
            liquidated: 2_910,
            taken: 5_230_000,
            bad: vec![
                share("insurance fund", 1_410_000),
                share("counterparties", 230_000),
            ],
            fund: Some((6_200_000, 1_150_000, 4_900_000, 5_050_000)),
            paid: vec![share("partners", 640_000)],
            seconds: (0, 4),
            deleveraged: 134,
            book: true,
            steps: &[
                "acquire (insurance fund)",
                "hand off (partners)",
                "close on the book",
                "deleverage",
            ],
        },
        Made {
            name: "kyan",
            page: Some("Kyan"),
            title: "Kyan: portfolio margin, decomposition and auction",
            liquidated: 1_988,
            taken: 1_870_000,
            bad: vec![
                share("insurance fund", 2_020_000),
                share("all traders", 1_310_000),
            ],
            fund: Some((6_200_000, 0, 410_000, 7_510_000)),
            paid: vec![share("bidders", 1_310_000), share("liquidators", 310_000)],
            seconds: (48, 1_260),
            deleveraged: 0,
            book: true,
            steps: &[
                "lock: deposits only",
                "hedge perps",
                "decompose",
                "auction",
                "insurance fund",
                "socialise",
            ],
        },
        Made {
            name: "gammaswap",
            page: Some("GammaSwap"),
            title: "GammaSwap: liquidity loans",
            liquidated: 1_220,
            taken: 610_000,
            bad: vec![share("liquidity providers", 3_420_000)],
            fund: None,
            paid: vec![share("liquidators", 152_000)],
            seconds: (60, 600),
            deleveraged: 0,
            book: false,
            steps: &["repay from collateral", "write down (liquidity providers)"],
        },
        Made {
            name: "waterline",
            page: None,
            title: "Waterline: part by part, auction before the fund",
            liquidated: 1_410,
            taken: 890_000,
            bad: vec![share("insurance fund", 410_000)],
            fund: Some((6_200_000, 5_600_000, 6_100_000, 410_000)),
            paid: vec![share("bidders", 420_000), share("partners", 55_000)],
            seconds: (20, 310),
            deleveraged: 3,
            book: true,
            steps: &[
                "hedge",
                "book, a tenth at a time",
                "partners",
                "auction",
                "insurance fund",
                "deleverage",
            ],
        },
        Made {
            name: "house-rules",
            page: None,
            title: "House rules: an operator’s own",
            liquidated: 2_205,
            taken: 3_020_000,
            bad: Vec::new(),
            fund: Some((6_200_000, 4_400_000, 6_900_000, 1_800_000)),
            paid: vec![share("partners", 201_000)],
            seconds: (0, 31),
            deleveraged: 41,
            book: true,
            steps: &["partners", "book", "insurance fund", "deleverage"],
        },
    ];
    let mut random = Random::new(7, "page");
    Comparison {
        name: "The crash of 10 October 2025".to_owned(),
        description: "The same ten thousand traders with the same books and liquidators around them, through two days with a crash of half an hour, under each design.".to_owned(),
        seed: 42,
        scenario: "seed = 42\ndesigns = [\"tsunamix\", \"kuma\"]\n".to_owned(),
        provenance: vec![
            "Simulated between published anchors: a seeded bridge between real prices of 10 and 11 October 2025.".to_owned(),
            "Anchors: Binance spot 5-minute klines, public archive.".to_owned(),
        ],
        window: (START, START + TICKS * TICK),
        markets: ["BTC", "ETH", "SOL", "AVAX"].map(str::to_owned).into(),
        prices: vec![
            price(&mut random, 121_662.0, 0.15, 0.000_6),
            price(&mut random, 4_368.0, 0.2, 0.000_9),
            price(&mut random, 220.9, 0.24, 0.001_1),
            price(&mut random, 30.2, 0.58, 0.001_3),
        ],
        stresses: vec![
            Stressed {
                text: "Every fall is 1.5 times as large.".to_owned(),
                from: None,
                to: None,
            },
            Stressed {
                text: "Venues are told no new price of AVAX for five minutes.".to_owned(),
                from: Some(START + CRASH + 9 * MINUTE),
                to: Some(START + CRASH + 14 * MINUTE),
            },
            Stressed {
                text: "Order books keep a tenth of their depth and are four times as wide.".to_owned(),
                from: Some(START + CRASH + 20 * MINUTE),
                to: Some(START + CRASH + 32 * MINUTE),
            },
        ],
        matching: vec![
            "TsunamiX: one isolated position per market with the trader’s collateral divided by notional.".to_owned(),
            "Kuma, composed designs: one cross-margin wallet with all positions and all collateral.".to_owned(),
            "GammaSwap: a liquidity loan whose loss over the same move is nearest to the position’s.".to_owned(),
        ],
        outcomes: made.into_iter().map(outcome).collect(),
        failed: Vec::new(),
        lesson: Some("Closing part by part and asking bidders before the fund kept most accounts alive; it took longer than closing at once.".to_owned()),
    }
}
