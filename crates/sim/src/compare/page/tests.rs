//! The page of a comparison: its structure, its words, and the hazards.

use expect_test::{Expect, expect};

use super::{fixture, render, verdict};
use crate::compare::{Comparison, Failed, Fund, Measures, Share};
use crate::report::tests::{check_nesting, skeleton};
use crate::results::Line;

/// The page of a comparison, well formed and the same every time.
fn page(comparison: &Comparison) -> String {
    let page = render(comparison);
    check_nesting(&page);
    assert_eq!(page, render(comparison), "the same bytes");
    page
}

/// The comparison of two designs with the measures of each changed.
fn changed(change: impl Fn(&mut Measures)) -> Comparison {
    let mut comparison = fixture::two();
    for outcome in &mut comparison.outcomes {
        change(&mut outcome.measures);
    }
    comparison
}

#[test]
#[ignore = "writes the page to be looked at in a browser"]
fn page_to_look_at() {
    let path = std::env::temp_dir().join("plimsoll-comparison.html");
    std::fs::write(&path, page(&fixture::seven())).expect("a file can be written");
    println!("{}", path.display());
}

/// A page in plain lines, without the definitions, which are told elsewhere.
fn outline(page: &str) -> String {
    let lines = skeleton(page);
    let (before, after) = lines
        .split_once("How each measure is defined")
        .expect("definitions");
    let (_, after) = after.split_once("\n# ").expect("a section after them");
    format!("{before}How each measure is defined\n# {after}")
}

#[test]
fn two_designs_read_in_order() {
    expect![[r#"

        # In short
        Of 2 designs, waterline lost least beside the market’s own move: $1.3 M (3.2 % of deposits), what liquidations took beyond need, bad debt and losses passed on together. gammaswap lost most: $4.03 M (9.8 % of deposits). gammaswap liquidated fewest traders, 12.2 %; waterline most, 14.1 %. Every design left bad debt; most was left by gammaswap, $3.42 M (8.3 % of deposits), borne by liquidity providers. waterline is not best at everything: others are better at 9 of 14 measures, among them traders’ equity left (gammaswap), traders liquidated (gammaswap), open interest liquidated (gammaswap) and equity lost to liquidation (gammaswap).
        ## The lesson
        Closing part by part and asking bidders before the fund kept most accounts alive; it took longer than closing at once.
        ## Done to it beside the crash itself
        Every fall is 1.5 times as large.
        Venues are told no new price of AVAX for five minutes.
        Where none is better, and where none is worse; a place that more than half of the designs share is left out
         | Design | Best at | Worst at
         | gammaswap | 9 traders’ equity left, traders liquidated, open interest liquidated, equity lost to liquidation, losses passed on by the backstop, incentives paid, breaches, traders deleveraged, cost of deleveraging | 5 loss in all, bad debt, median time to resolution, time in which 99 of 100 were resolved, breaches never resolved
         | waterline | 5 loss in all, bad debt, median time to resolution, time in which 99 of 100 were resolved, breaches never resolved | 9 traders’ equity left, traders liquidated, open interest liquidated, equity lost to liquidation, losses passed on by the backstop, incentives paid, breaches, traders deleveraged, cost of deleveraging
        # The crash, and what each design made of itETH, whole period, 10 Oct 00:00 to 12 Oct 00:00; the part below is markedBusiest partWhole periodDrag across a chart to look closerWhat the lines show
        ## Pricesfirst price = 1009010020:3020:4521:0021:1521:3021:4522:0022:15BTC 92.3ETH 90.9
        gammaswap
        waterlineTraders liquidated so farBad debt so farBackstop leftTraders’ equity left
        ## Traders liquidated so far% of traders
        Traders liquidated at least once, in part or whole.051020:3020:4521:0021:1521:3021:4522:0022:15gammaswap 12.2 %waterline 14.1 %
        ## Bad debt so far% of what traders put in
        Losses beyond what bankrupt traders had, whoever bore them.0520:3020:4521:0021:1521:3021:4522:0022:15gammaswap 8.29 %waterline 0.994 %
        ## Backstop left% of what it began with
        The fund, vault or pool that stands behind the traders, positions it took over counted at the mark. The scale does not begin at zero. Does not apply to gammaswap.9510020:3020:4521:0021:1521:3021:4522:0022:15waterline 98.4 %
        ## Traders’ equity left% of what traders put in
        What all traders have, with what they took out, of what they put in. The scale does not begin at zero.809010020:3020:4521:0021:1521:3021:4522:0022:15gammaswap 77.9 %waterline 77.3 %
        # Measures
        Marked: the best of the column, where designs differ; by the share below a number where there is one, as kinds of venue hold differing parts of the people. A dash: the design has no such thing, or it never came to it. Money is in dollars; every digit is under the pointer. Press a heading to sort by it.
         |  | People | Together | Traders liquidated | Taken beyond need | Bad debt | Backstop | Incentives | Breach to resolution | Deleveraged | Order book
         | Design | Traders | Lost in all | Equity left | Traders | Open interest | Would have recovered | Equity | Notional | In all | Beyond the backstop | Passed on | Borne by | At first | At its lowest | At the end | Would suffice | In all | To | Breaches | Median | 99 of 100 | Never | Traders | Cost to them | Closed on it | Mean slip | Worst slip
         | gammaswap | 10,000$41.2 M | $4.03 M9.8 % of deposits | 77.9 % (best) | 1,220 (best)12.2 % | 9.2 % (best)$74.4 M | 20.0 %244 of 1,220 | $610 k (best)1.5 % of deposits | $48.8 M65.6 % of closed | $3.42 M8.3 % of deposits | $00 % of deposits | $0 (best)0 % of deposits | liquidity providers | – | – | – | – | $152 k (best)0.37 % of deposits | liquidators | 1,260 (best)12.6 % | 1 min | 10 min | 40.32 % | 0 (best)0 % | $0 (best)0 % of deposits | – | – | –
         | waterline | 10,000$41.2 M | $1.3 M (best)3.2 % of deposits | 77.3 % | 1,41014.1 % | 10.6 %$86 M | 20.0 %282 of 1,410 | $890 k2.2 % of deposits | $56.4 M65.6 % of closed | $410 k (best)0.99 % of deposits | $00 % of deposits | $2100.00 % of deposits | insurance fund | $6.2 M | $5.6 M90.3 % of start | $6.1 M98.4 % of start | $410 k0.99 % of deposits | $475 k1.2 % of deposits | bidders 88.4 %, partners 11.6 % | 1,45014.5 % | 20 s (best) | 5 min 10 s (best) | 4 (best)0.28 % | 30.03 % | $3600.00 % of deposits | $42.3 M | 34.1 bp | 412.0 bp
         | Measure | gammaswap | waterline
         | People
         | Traders | 10,000$41.2 M | 10,000$41.2 M
         | Together
         | Lost in all | $4.03 M9.8 % of deposits | $1.3 M (best)3.2 % of deposits
         | Equity left | 77.9 % (best) | 77.3 %
         | Traders liquidated
         | Traders | 1,220 (best)12.2 % | 1,41014.1 %
         | Open interest | 9.2 % (best)$74.4 M | 10.6 %$86 M
         | Would have recovered | 20.0 %244 of 1,220 | 20.0 %282 of 1,410
         | Taken beyond need
         | Equity | $610 k (best)1.5 % of deposits | $890 k2.2 % of deposits
         | Notional | $48.8 M65.6 % of closed | $56.4 M65.6 % of closed
         | Bad debt
         | In all | $3.42 M8.3 % of deposits | $410 k (best)0.99 % of deposits
         | Beyond the backstop | $00 % of deposits | $00 % of deposits
         | Passed on | $0 (best)0 % of deposits | $2100.00 % of deposits
         | Borne by | liquidity providers | insurance fund
         | Backstop
         | At first | – | $6.2 M
         | At its lowest | – | $5.6 M90.3 % of start
         | At the end | – | $6.1 M98.4 % of start
         | Would suffice | – | $410 k0.99 % of deposits
         | Incentives
         | In all | $152 k (best)0.37 % of deposits | $475 k1.2 % of deposits
         | To | liquidators | bidders 88.4 %, partners 11.6 %
         | Breach to resolution
         | Breaches | 1,260 (best)12.6 % | 1,45014.5 %
         | Median | 1 min | 20 s (best)
         | 99 of 100 | 10 min | 5 min 10 s (best)
         | Never | 40.32 % | 4 (best)0.28 %
         | Deleveraged
         | Traders | 0 (best)0 % | 30.03 %
         | Cost to them | $0 (best)0 % of deposits | $3600.00 % of deposits
         | Order book
         | Closed on it | – | $42.3 M
         | Mean slip | – | 34.1 bp
         | Worst slip | – | 412.0 bp
        How each measure is defined
        # One design at a time
        The same lines, one design at a time; the others are faint behind it. Every row has one scale for all designs.
        ## gammaswapLiquidated12.2 %10 %Bad debt8.29 %5 %Backstop–100 %
        10 Oct 20:2210 Oct 22:18
        ## waterlineLiquidated14.1 %10 %Bad debt0.994 %5 %Backstop98.4 %100 %
        10 Oct 20:2210 Oct 22:18
        # Where the lost money went
        From those who lost on the left, through how they lost it, to those who got it. All designs on one scale: as high, as much money. Incentives count as paid out of what was taken from traders as far as that goes, then out of what the backstop spent beside bad debt, then out of bad debt, then out of collateral that the market had already taken; what is left of it went to the backstop, or was lost on the book, and bad debt was owed to whoever had won.
        ## gammaswap
        Liquidations took $610 k of equity from traders beyond need; $3.42 M of bad debt was left (liquidity providers $3.42 M); $152 k was paid in incentives (liquidators $152 k).
        The books: every kind of payment, trading included (4)
         | From | To | Why | Dollars | Movements
         | traders | insurance fund | liquidation fee | 427,000.00 | 10
         | traders | counterparties | slippage on the book | 122,000.00 | 10
         | traders | liquidators | liquidation reward | 61,000.00 | 10
         | liquidity providers | winning traders | loss beyond the balance | 3,420,000.00 | 10
        ## waterline
        Liquidations took $890 k of equity from traders beyond need; $410 k of bad debt was left (insurance fund $410 k); $210 of its own losses the backstop passed on to counterparties; $475 k was paid in incentives (bidders $420 k and partners $55 k).
        The books: every kind of payment, trading included (4)
         | From | To | Why | Dollars | Movements
         | traders | insurance fund | liquidation fee | 623,000.00 | 10
         | traders | counterparties | slippage on the book | 178,000.00 | 10
         | traders | liquidators | liquidation reward | 89,000.00 | 10
         | insurance fund | winning traders | loss beyond the balance | 410,000.00 | 10
        # The designs
        ## GammaSwap: liquidity loansgammaswap
        Accounts are watched one by one; what is due is closed at the price of the moment, and what cannot be closed goes to those who stand behind it.
        repay from collateral
        write down (liquidity providers)
        Its own page: GammaSwap.
        The design file
        ## Waterline: part by part, auction before the fundwaterline
        Accounts are watched one by one; what is due is closed at the price of the moment, and what cannot be closed goes to those who stand behind it.
        hedge
        book, a tenth at a time
        partners
        auction
        insurance fund
        deleverage
        The design file
        # The same people
        Every design gets the same traders with the same exposure, leverage, entry and collateral, the same prices, books and liquidators. Kinds of venue keep accounts of different kinds; this is how the same people are expressed on each.
        TsunamiX: one isolated position per market with the trader’s collateral divided by notional.
        Kuma, composed designs: one cross-margin wallet with all positions and all collateral.
        GammaSwap: a liquidity loan whose loss over the same move is nearest to the position’s.
        # Check and repeat
        Save the scenario below as a file and run plimsoll compare SCENARIO.toml on the same prices: the same seed gives the same state hashes and this same page, byte for byte, on one core or many.
        Seed | 42
        First and last moment (UTC) | 2025-10-10 00:00:00 – 2025-10-12 00:00:00
         | Design | Commands | Events | Conservation | State hash (blake3)
         | gammaswap | 1,204,331 | 4,001,882 | Every unit is accounted for: 12 checks of the books after the last command. | 6b1f0c2d9e8a7f5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b
         | waterline | 1,204,331 | 4,001,882 | Every unit is accounted for: 12 checks of the books after the last command. | 6b1f0c2d9e8a7f5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b
        Where the prices come from
        The scenario, every default written out"#]].assert_eq(&outline(&page(&fixture::two())));
}

fn check_verdict(comparison: &Comparison, expected: &Expect) {
    let text = verdict::paragraph(comparison);
    expected.assert_eq(&text.replace("<b>", "").replace("</b>", ""));
}

#[test]
fn the_verdict_says_what_the_numbers_say() {
    check_verdict(
        &fixture::seven(),
        &expect![[
            r#"<p class="verdict">Of 7 designs, waterline lost least beside the market’s own move: $1.3 M (3.2 % of deposits), what liquidations took beyond need, bad debt and losses passed on together. tsunamix lost most: $10.5 M (25.5 % of deposits). gammaswap liquidated fewest traders, 12.2 %; tsunamix most, 33.1 %. house-rules left no bad debt; most was left by gammaswap, $3.42 M (8.3 % of deposits), borne by liquidity providers. waterline is not best at everything: others are better at 16 of 18 measures, among them traders’ equity left (gammaswap), traders liquidated (gammaswap), open interest liquidated (gammaswap) and liquidations that waiting would have spared (kyan).</p>"#
        ]],
    );
}

/// Shares of other people are not set against each other in one breath.
#[test]
fn designs_that_take_fewer_in_are_told_apart() {
    let mut comparison = fixture::seven();
    comparison.outcomes[0].measures.traders = 730;
    comparison.outcomes[4].measures.traders = 809;
    comparison.outcomes[5].measures.traders = 0;
    check_verdict(
        &comparison,
        &expect![[
            r#"<p class="verdict">Of the 4 designs that took everybody in, house-rules lost least beside the market’s own move: $3.02 M (7.3 % of deposits), what liquidations took beyond need, bad debt and losses passed on together. kuma lost most: $6.88 M (16.7 % of deposits). kyan liquidated fewest traders, 19.9 %; kuma most, 29.1 %. house-rules left no bad debt; most was left by kyan, $3.33 M (8.1 % of deposits), borne by insurance fund and all traders. house-rules is not best at everything: others are better at 11 of 18 measures, among them traders’ equity left (kyan), traders liquidated (kyan), open interest liquidated (kyan) and liquidations that waiting would have spared (kyan). Others took in only some of the 10,000 traders, and count by those alone: tsunamix (730 traders) lost 25.5 % of deposits and liquidated 453.4 %; gammaswap (809 traders) lost 9.8 % of deposits and liquidated 150.8 %. Nothing was measured under waterline: none of these traders held anything there.</p>"#
        ]],
    );
}

#[test]
fn nobody_liquidated_is_no_contest() {
    let calm = changed(|m| {
        m.liquidated = 0;
        m.recovered = Default::default();
        m.liquidated_over_time.values.fill(0.0);
    });
    check_verdict(
        &calm,
        &expect![[
            r#"<p class="verdict">No trader was liquidated under any of the 2 designs: the crash did not reach anybody’s rule.</p>"#
        ]],
    );
    assert!(!page(&calm).contains("Busiest part"), "nothing was busy");
}

#[test]
fn level_designs_share_the_praise_and_the_blame() {
    let level = changed(|m| {
        m.over_liquidation = 5_000_000;
        m.bad_debt.clear();
        m.passed_on = 0;
        m.liquidated = 100;
    });
    check_verdict(
        &level,
        &expect![[
            r#"<p class="verdict">All 2 lost the same beside the market’s own move: 0 % of deposits. Each liquidated 1.0 % of its traders. No design left bad debt.</p>"#
        ]],
    );
}

#[test]
fn a_design_alone_is_told_alone() {
    let mut alone = fixture::two();
    alone.outcomes.truncate(1);
    check_verdict(
        &alone,
        &expect![[
            r#"<p class="verdict">gammaswap was run alone. It liquidated 1,220 of 10,000 traders (12.2 %) and took $610 k from them that they need not have lost. It left $3.42 M of bad debt, borne by liquidity providers.</p>"#
        ]],
    );
    let page = page(&alone);
    assert!(!page.contains("class=\"best"), "nothing to be better than");
    alone.outcomes.clear();
    check_verdict(
        &alone,
        &expect![[r#"<p class="verdict">No design was run.</p>"#]],
    );
    assert!(!render(&alone).is_empty());
}

/// A design that could not be run is missing with its reason, not silently.
#[test]
fn a_missing_design_says_why() {
    let mut comparison = fixture::two();
    comparison.failed = vec![Failed {
        design: "wreck".to_owned(),
        why: "line 3: no such stage".to_owned(),
    }];
    let text = skeleton(&page(&comparison));
    assert!(text.contains("wreck could not be run: line 3: no such stage"));
}

/// A file may call anything anything.
#[test]
fn names_and_files_cannot_leave_their_place() {
    const EVIL: &str = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{0}";
    let mut comparison = fixture::two();
    comparison.name = EVIL.to_owned();
    comparison.description = EVIL.to_owned();
    comparison.scenario = EVIL.to_owned();
    comparison.lesson = Some(EVIL.to_owned());
    comparison.provenance = vec![EVIL.to_owned()];
    comparison.markets = vec![EVIL.to_owned(); 2];
    comparison.matching = vec![EVIL.to_owned()];
    comparison.failed = vec![Failed {
        design: EVIL.to_owned(),
        why: EVIL.to_owned(),
    }];
    for stress in &mut comparison.stresses {
        stress.text = EVIL.to_owned();
    }
    for outcome in &mut comparison.outcomes {
        for text in [
            &mut outcome.design,
            &mut outcome.title,
            &mut outcome.about,
            &mut outcome.toml,
            &mut outcome.conservation,
            &mut outcome.state_hash,
        ] {
            *text = EVIL.to_owned();
        }
        outcome.page = Some(EVIL.to_owned());
        outcome.procedure = vec![EVIL.to_owned()];
        let who = EVIL.to_owned();
        outcome.measures.bad_debt = vec![Share { who, amount: 7 }];
        for flow in &mut outcome.flows {
            flow.from = EVIL.to_owned();
            flow.to = format!("{EVIL}2");
        }
    }
    let page = page(&comparison);
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, render(&fixture::two()).matches("<script").count());
    assert!(!page.contains("<img") && !page.contains('\u{0}'));
    assert!(!page.contains("\"'"), "quotes do not end attributes");
}

/// What nobody would enter still gives a page, with every number in its place.
#[test]
fn numbers_without_measure_are_drawn_and_told() {
    let huge = changed(|m| {
        m.deposits = i128::MAX;
        m.open_interest = 1;
        m.liquidated = u64::MAX;
        m.liquidated_notional = i128::MAX;
        m.over_liquidation = i128::MAX;
        m.bad_debt = vec![
            Share {
                who: "fund".to_owned(),
                amount: i128::MAX,
            },
            Share {
                who: "traders".to_owned(),
                amount: i128::MAX,
            },
        ];
        m.fund = Some(Fund {
            name: "fund".to_owned(),
            start: i128::MIN,
            low: i128::MIN,
            end: i128::MAX,
            sufficient: i128::MAX,
        });
        m.speed.median = Some(i64::MAX);
        m.speed.p99 = Some(-1);
        for line in [&mut m.bad_debt_over_time, &mut m.backstop_over_time] {
            line.values.fill(f64::INFINITY);
            for (value, wild) in line.values.iter_mut().zip([f64::MAX, -f64::MAX, 1e30]) {
                *value = wild;
            }
        }
        m.equity_over_time.values.fill(f64::NAN);
    });
    let page = page(&huge);
    for wrong in ["NaN", "inf", "null,null"] {
        let shown = page.split("<main>").nth(1).expect("a main part");
        let shown = shown.split("<footer>").next().expect("its end");
        assert!(!shown.contains(wrong), "{wrong}");
    }
}

#[test]
fn what_a_design_does_not_have_is_a_dash() {
    let bare = changed(|m| {
        m.fund = None;
        m.book = None;
        m.speed.median = None;
        m.backstop_over_time = Line::default();
    });
    let page = page(&bare);
    let text = skeleton(&page);
    assert!(text.contains("Does not apply to gammaswap and waterline."));
    assert!(page.matches("does not apply\"><span").count() >= 16);
}

#[test]
fn nothing_is_fetched() {
    let page = page(&fixture::seven());
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

/// The picture opens on the crash, not on the two days around it.
#[test]
fn the_picture_opens_where_most_happened() {
    let picture = super::Picture::of(&fixture::seven());
    let hours = |ms: i64| ms / 3_600_000;
    assert_eq!(hours(picture.shown.length()), 1);
    assert_eq!(hours(picture.shown.start - fixture::START), 20);
}
