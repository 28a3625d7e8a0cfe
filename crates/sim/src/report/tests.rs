//! The report, the CSV and the summary, on results made by hand and on a large crash.

use expect_test::{Expect, expect};

use super::{csv, escape, fixture, html, number, sample, summary};
use crate::results::{Amount, Line, Results};

/// The headings, figures and tables' cells of a page as plain lines, in reading order.
pub(crate) fn skeleton(page: &str) -> String {
    let page = page.split("<main>").nth(1).expect("a main part");
    let page = page.split("</main>").next().expect("its end");
    let mut lines = String::new();
    let mut quiet = 0usize;
    for piece in page.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("tags are closed");
        let name = tag.split([' ', '/']).next().expect("a name");
        match name {
            "script" | "svg" | "pre" => quiet += 1,
            "h2" => lines.push_str("\n# "),
            "h4" | "h3" => lines.push_str("\n## "),
            "tr" | "p" | "li" | "dt" | "summary" | "caption" => lines.push('\n'),
            "td" | "th" | "dd" => lines.push_str(" | "),
            _ => {}
        }
        if tag.starts_with("/script") || tag.starts_with("/svg") || tag.starts_with("/pre") {
            quiet -= 1;
        }
        if quiet == 0 {
            lines.push_str(text.trim_end_matches('\n'));
        }
    }
    lines
}

/// Every `<` opens a known tag or closes one that is open; void elements aside.
pub(crate) fn check_nesting(page: &str) {
    const VOID: [&str; 5] = ["meta", "br", "!doctype", "line", "input"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        let name = tag.split([' ', '\n']).next().expect("a name");
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "before {:.80}", &rest[end..]);
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
            if name == "script" || name == "style" {
                let close = format!("</{name}>");
                rest = &rest[rest.find(&close).expect("it ends")..];
                continue;
            }
        }
        rest = &rest[end..];
    }
    assert_eq!(open, Vec::<&str>::new(), "left open");
}

fn check(results: &Results, expected: &Expect) {
    let page = html(results);
    check_nesting(&page);
    expected.assert_eq(&skeleton(&page));
}

#[test]
fn a_small_report_reads_in_order() {
    check(
        &fixture::small(),
        &expect![[r#"

            # In short
            ## tsunamix
            2 liquidations
            Positions of 10 k USDC were closed. 10 Oct 00:05 to 00:05:05 saw 50 % of the liquidations. Liquidators were paid 5 USDC. In 1 of them the loss went beyond the collateral, by 1.5 USDC in all.
            ## perennial
            No liquidations
             | Figure | tsunamix | perennial
             | Liquidations | 2 | 0
             | Shortfall | – | 0 USDC
             | Vault at the end | 9,120,000 USDC | –
            How each figure is defined
            Liquidations | Cases carried through.
            Shortfall | Losses nobody has covered.
            Vault at the end | The vault&#39;s own money.Whole periodDrag across a chart to look closer
            # Prices and liquidations
            Each mark gathers the liquidations of one side on one venue over a few minutes; its area is their notional, and it sits at their average trigger price.
            longs liquidated
            shorts liquidated
            makers liquidated
            tsunamix
            perennial
            ## BTC111 k112 k113 k10 Oct00:0200:0400:0600:0800:1000:1200:14
            # Liquidations over time
            All venues on the same scale.
            ## tsunamixliquidations per 5 seconds
            2 in all; most, 1, from 10 Oct 00:05 to 00:05:05.
            longs liquidated02410 Oct00:0200:0400:0600:0800:1000:1200:14
            ## perennialliquidations per 5 seconds
            No liquidations.02410 Oct00:0200:0400:0600:0800:1000:1200:14
            # Collateral at risk
            Collateral of open positions, by how far the price would have to move before the position could be liquidated. Below it the nearest band by itself, on its own scale. Each venue on its own scale.
            ## tsunamixUSDC
            Most in the band “below 1 %”: 20 USDC at 10 Oct 00:10, of 70 in all.
            below 1 %
            1 to 5 %020406010 Oct00:0200:0400:0600:0800:1000:1200:14
            ## Only “below 1 %”USDC0102010 Oct00:0200:0400:0600:0800:1000:1200:14
            ## perennialUSDC
            Not recorded.00.51.010 Oct00:0200:0400:0600:0800:1000:1200:14
            # Backstop
            ## tsunamix
            ## VaultUSDC
            From 1,000 to 1,002. The scale does not begin at zero.1,0001,0011,00210 Oct00:0200:0400:0600:0800:1000:1200:14
            ## perennial
            Not recorded.
            # Who paid whom
            Payments over the whole run, gathered by kind of holder: who paid on the left, who was paid on the right.
            ## tsunamixUSDC
            Received less paid, USDC
             | vault | +800.00
             | wallets | +100.00
             | positions | -900.00
            ## perennial
            Nobody paid anybody.
            Every flow on tsunamix (3)
             | From | To | Why | Amount | Asset | Movements
             | positions | vault | confiscated collateral | 900.00 | USDC | 12
             | vault | wallets | profit | 100.00 | USDC | 12
             | Own money moved: no payment, not in the picture
             | outside | wallets | deposit | 50,000.00 | USDC | 12
            # Largest cases
            Per venue the 15 largest by notional and the 10 with the largest loss beyond collateral. Amounts are rounded here; every case with every digit is in liquidations.csv. Press a heading to sort by it. To be told a case in full, run the command beside it, with the file that was given to --journal in place of JOURNAL.
             | Case | Venue | Market | Side | Carried out | Price | Notional | Collateral | Equity | Requirement | Reward | Shortfall | Rule and command
             | 2 | tsunamix | BTC | long | 10 Oct 00:10:02 | 112,845.12 | 9,000.00 | 900.00 | -1.23 | 5.00 | 2.50 | 1.50 | fees &gt;= 0.99 collateral + pnlplimsoll explain JOURNAL 2
             | 1 | tsunamix | BTC | long | 10 Oct 00:05:02 | 112,845.12 | 1,000.00 | 100.00 | -1.23 | 5.00 | 2.50 | 0.00 | fees &gt;= 0.99 collateral + pnlplimsoll explain JOURNAL 1
            # Refusals
            Commands of traders, liquidators and providers that the venue&#39;s rules turned down. A refusal changes nothing.
            ## tsunamix
             | Times | Refusal | The first one
             | 1,234 | MaxLeverage | leverage 51 is above 50
            ## perennial
            Nothing was refused.
            # Parameters
            ## tsunamixpreset tsunamix
             | Trading fee | 0.1 %
            ## perennialpreset perennial
            The scenario, every default written out
            # Check and repeat
            Save the scenario above as a file and run plimsoll replay SCENARIO.toml on the same prices: the same seed gives the same state hash and this same report, byte for byte. plimsoll verify JOURNAL applies every recorded command again and checks the chain, the hashes and the money.
            Seed | 42
            State hash (blake3) | ab12
            Commands accepted | 1,000
            Events | 2,000
            First and last moment (UTC) | 2025-10-10 00:00:00 – 2025-10-10 00:15:00
            Where the prices come from"#]],
    );
}

#[test]
fn nothing_at_all_still_makes_a_report() {
    let mut results = fixture::small();
    results.venues.clear();
    results.prices.clear();
    results.markets.clear();
    results.window = (0, 0);
    check_nesting(&html(&results));
    results.venues = vec![fixture::quiet("empty")];
    results.window = (i64::MIN, i64::MAX);
    let page = html(&results);
    check_nesting(&page);
    assert!(page.contains("No liquidations"));
    assert!(page.contains("Nobody paid anybody."));
}

#[test]
fn names_from_a_scenario_cannot_leave_their_place() {
    let evil = "x</script><script>alert(1)</script>\"' onload='y' &amp; <!-- \u{2028}\u{1b}[2J";
    let mut results = fixture::small();
    let to = || evil.to_owned();
    (results.name, results.description) = (to(), to());
    (results.scenario, results.conservation, results.state_hash) = (to(), to(), to());
    results.provenance = vec![to()];
    results.markets = vec![to()];
    results.prices[0].label = to();
    let venue = &mut results.venues[0];
    (venue.name, venue.preset, venue.asset) = (to(), to(), to());
    for line in venue.at_risk.iter_mut().chain(&mut venue.backstop) {
        line.label = to();
    }
    for figure in &mut venue.figures {
        (figure.label, figure.value, figure.definition) = (to(), to(), to());
    }
    for flow in &mut venue.flows {
        (flow.from, flow.reason, flow.asset) = (to(), to(), to());
    }
    for case in &mut venue.liquidations {
        (case.rule, case.position) = (to(), Some(to()));
    }
    for refused in &mut venue.refusals {
        (refused.name, refused.first) = (to(), to());
    }
    venue.parameters = vec![(to(), to())];
    let page = html(&results);
    check_nesting(&page);
    assert!(!page.contains("<script>alert"), "the name became markup");
    assert!(!page.contains("\"' onload"), "the name left its attribute");
    assert!(!page.contains('\u{1b}'), "a control character got through");
    let clean = html(&fixture::small());
    let scripts = |page: &str| page.matches("<script").count();
    assert_eq!(scripts(&page), scripts(&clean));
    let table = summary(&results).to_string();
    assert!(!table.contains('\u{1b}'), "the terminal was steered");
}

#[test]
fn json_in_a_script_keeps_its_text_and_cannot_end_it() {
    let raw = "a</script>\"\\'\n\u{2028}é<!--";
    let text = escape::json(raw);
    assert!(!text.contains('<') && !text.contains('\u{2028}') && !text.contains('\n'));
    assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), raw);
}

#[test]
fn values_that_are_no_numbers_never_reach_the_page() {
    let mut results = fixture::small();
    let bad = |line: &mut Line| {
        line.values = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    };
    results.prices.iter_mut().for_each(bad);
    let venue = &mut results.venues[0];
    venue.at_risk.iter_mut().for_each(bad);
    venue.backstop.iter_mut().for_each(bad);
    let page = html(&results);
    let drawn = page.split("<script>").next().expect("before the script");
    for word in ["NaN", "inf%", "inf ", "infinity", "Inf"] {
        assert!(!drawn.contains(word), "{word} in the page");
    }
}

#[test]
fn values_of_one_level_or_of_many_sizes_still_have_a_scale() {
    let mut results = fixture::small();
    for value in [0.0, -5.0, 1e-9, 1e25, f64::MAX, f64::MIN_POSITIVE] {
        results.prices[0].values = vec![value; 3];
        results.venues[0].backstop[0].values = vec![value, -value, 0.0];
        let page = html(&results);
        check_nesting(&page);
        let drawn = page.split("<script>").next().expect("before the script");
        assert!(!drawn.contains("NaN"), "NaN for {value:e}");
    }
}

#[test]
fn a_hundred_thousand_liquidations_per_venue_stay_a_small_page() {
    let results = fixture::crash(100_000);
    let page = html(&results);
    check_nesting(&page);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert_eq!(
        page,
        html(&results.clone()),
        "the same results, other bytes"
    );
    let cases = page.matches("plimsoll explain JOURNAL ").count();
    assert!((30..=50).contains(&cases), "{cases} cases listed");
    // For people who want to see it: `PLIMSOLL_REPORT=FILE cargo test -p plimsoll-sim report`.
    if let Ok(path) = std::env::var("PLIMSOLL_REPORT") {
        std::fs::write(&path, &page).expect("the file can be written");
    }
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = html(&fixture::crash(300));
    for word in ["http://", "https://", "src=", "@import", "url(", "fetch("] {
        assert!(!page.contains(word), "{word} in the page");
    }
}

#[test]
fn the_csv_has_every_digit_in_the_order_it_happened() {
    let mut results = fixture::small();
    results.venues[1].name = "=cmd|' /C calc'!A0".to_owned();
    results.venues[1].liquidations = vec![fixture::case(3, fixture::START + 400_000, 1)];
    let mut out = Vec::new();
    csv(&results, &mut out).expect("memory can be written");
    expect![[r#"
        venue,preset,asset,case,market,account,position,side,rule,triggered_ms,triggered_utc,executed_ms,executed_utc,price,notional,collateral,equity,requirement,reward,shortfall
        tsunamix,tsunamix,USDC,1,BTC,7,position-3,long,fees >= 0.99 collateral + pnl,1760054700000,2025-10-10 00:05:00,1760054702000,2025-10-10 00:05:02,112845.12345678,1000,100,-1.234567,5,2.5,0
        '=cmd|' /C calc'!A0,perennial,USDC,3,BTC,7,position-3,long,fees >= 0.99 collateral + pnl,1760054800000,2025-10-10 00:06:40,1760054802000,2025-10-10 00:06:42,112845.12345678,0.000001,0,-1.234567,5,2.5,0
        tsunamix,tsunamix,USDC,2,BTC,7,position-3,long,fees >= 0.99 collateral + pnl,1760055000000,2025-10-10 00:10:00,1760055002000,2025-10-10 00:10:02,112845.12345678,9000,900,-1.234567,5,2.5,1.5
    "#]]
    .assert_eq(&String::from_utf8(out).expect("text"));
}

#[test]
fn the_csv_of_nothing_is_its_heading() {
    let mut results = fixture::small();
    results.venues.clear();
    let mut out = Vec::new();
    csv(&results, &mut out).expect("memory can be written");
    let text = String::from_utf8(out).expect("text");
    assert_eq!(text, format!("{}\n", super::COLUMNS.join(",")));
}

#[test]
fn the_summary_sets_the_venues_side_by_side() {
    expect![[r#"
        ┌──────────────────┬────────────────┬───────────┐
        │                  ┆       tsunamix ┆ perennial │
        ╞══════════════════╪════════════════╪═══════════╡
        │ Liquidations     ┆              2 ┆         0 │
        │ Shortfall        ┆              – ┆    0 USDC │
        │ Vault at the end ┆ 9,120,000 USDC ┆         – │
        └──────────────────┴────────────────┴───────────┘"#]]
    .assert_eq(&summary(&fixture::small()).to_string());
}

#[test]
fn rounding_for_show_is_half_away_from_zero_and_never_prints_minus_nothing() {
    let cases = [
        (0, 6, 2, "0.00"),
        (1_234_567, 6, 2, "1.23"),
        (1_235_000, 6, 2, "1.24"),
        (-1_235_000, 6, 2, "-1.24"),
        (-4_999, 6, 2, "0.00"),
        (-5_000, 6, 2, "-0.01"),
        (999_999_999, 6, 2, "1,000.00"),
        (12_345_678, 0, 2, "12,345,678.00"),
        (5, 0, 0, "5"),
        (15, 1, 0, "2"),
        (7, 60, 2, "0.00"),
        (
            i128::MIN,
            0,
            0,
            "-170,141,183,460,469,231,731,687,303,715,884,105,728",
        ),
    ];
    for (raw, decimals, places, expected) in cases {
        let shown = number::rounded(Amount::new(raw, decimals), places);
        assert_eq!(shown, expected, "{raw} with {decimals} decimals");
    }
}

#[test]
fn sums_are_exact_across_decimals_and_refuse_what_does_not_fit() {
    let sum = |amounts: &[Amount]| number::sum(amounts.iter().copied());
    let mixed = [Amount::new(1, 0), Amount::new(-1, 18), Amount::new(25, 2)];
    assert_eq!(
        sum(&mixed).expect("fits").to_string(),
        "1.249999999999999999"
    );
    assert_eq!(sum(&[Amount::new(i128::MAX, 0), Amount::new(1, 0)]), None);
    assert_eq!(sum(&[Amount::new(i128::MAX, 0), Amount::new(1, 1)]), None);
}

#[test]
fn thinning_keeps_the_spike_and_the_ends() {
    let mut line = fixture::line("x", 10_000, |_| 100.0);
    line.values[5_437] = 3.0;
    line.values[5_438] = 999.0;
    line.values[77] = f64::NAN;
    let points = sample::extremes(&line, 400);
    assert!(points.len() <= 404, "{} points", points.len());
    assert!(points.windows(2).all(|w| w[0].0 < w[1].0), "in order");
    for index in [0, 5_437, 5_438, 9_999] {
        assert!(points.contains(&(line.times[index], line.values[index])));
    }
}

#[test]
fn stacks_hold_their_values_and_keep_the_most_dangerous_moment() {
    let mut near = fixture::line("near", 5_000, |_| 1.0);
    near.values[3_210] = 50.0;
    let far = Line {
        label: "far".to_owned(),
        times: vec![fixture::START - 1, near.times[2_500]],
        values: vec![7.0, 9.0],
        unit: None,
    };
    let stack = sample::stack(&[near.clone(), far], 200);
    assert!(stack.times.len() <= 200);
    let at = stack.times.iter().position(|t| *t == near.times[3_210]);
    let at = at.expect("the moment is kept");
    assert_eq!((stack.rows[0][at], stack.rows[1][at]), (50.0, 9.0));
    assert_eq!(stack.highest(), 59.0);
}

#[test]
fn the_busiest_stretch_is_the_shortest_that_holds_its_share() {
    let counts = [(0, 3), (10, 1), (50, 4), (60, 4), (90, 1)]
        .into_iter()
        .collect();
    assert_eq!(sample::busiest(&counts, 10, 50), Some((50, 70, 8)));
    assert_eq!(sample::busiest(&counts, 10, 100), Some((0, 100, 13)));
    assert_eq!(sample::busiest(&counts, 10, 1), Some((0, 10, 3)));
    assert_eq!(
        sample::busiest(&std::collections::BTreeMap::new(), 10, 50),
        None
    );
}

/// Two venues that differ by the partners.
fn with_and_without() -> Results {
    let mut results = fixture::small();
    let [with, without] = results.venues.as_mut_slice() else {
        panic!("two venues");
    };
    with.name = "With".to_owned();
    without.name = "Without".to_owned();
    for (venue, partners) in [(with, true), (without, false)] {
        venue.preset = "kuma".to_owned();
        venue.waterfall = Some(Box::new(fixture::waterfall(partners)));
    }
    results
}

#[test]
fn a_waterfall_is_told_hop_by_hop_and_compared() {
    let results = with_and_without();
    let page = html(&results);
    check_nesting(&page);
    let text = skeleton(&page);
    let section = text
        .split("# Where acquired positions went")
        .nth(1)
        .unwrap();
    let section = section.split("\n# ").next().unwrap();
    expect![[r#"

        Prices are set against the index of the moment, from the point of view of whoever gives the position away: minus ten basis points is a thousandth given up. Every single transfer is in waterfall.csv.
        ## With
        handed to partners 70.0 %
        closed on the book 20.0 %
        deleveraged against the fund 10.0 %
         | Hop | Transfers | Worth at index, USDC | Against index, bps | USDC
         | acquired by the insurance fund | 1 | 100 k | -250.0 | -2,500
         | handed to partners | 1 | 70 k | -20.0 | -140
         | closed on the book | 1 | 20 k | -450.0 | -900
         | deleveraged against the fund | 1 | 10 k | -300.0 | -300
        The books
         | Times the fund went to a book | 2
         | Middle of the book moved, mean | 1.5 bps
         | Middle of the book moved, most | 2.0 bps at 10 Oct 00:05
         | Depth of its side that it took | 20.0 %
         | Times it left that side empty | 0
         | Fund at the start, lowest, end | 1 M / 980 k / 1.02 M USDC
        Partners
         | Partner | Lots | Taken, USDC | Against index, bps | Its result, USDC | Left out
         | &lt;tight&gt; | 1 | 70 k | -20.0 | -50 | 2 × in its cooldown
        Deleveraging
         | Counterparties of quintile 5, first in line | 1
         | Quintile 4 | 0
         | Quintile 3 | 0
         | Quintile 2 | 0
         | Counterparties of quintile 1, last in line | 0
        What the deficits needed, and what each policy takes for it
         | Policy | Needed, USDC | Taken, USDC | Accounts
         | queue, in force | 300 | 10 k | 1
        ## Without
        handed to partners 0.0 %
        closed on the book 88.9 %
        deleveraged against the fund 11.1 %
         | Hop | Transfers | Worth at index, USDC | Against index, bps | USDC
         | acquired by the insurance fund | 1 | 100 k | -250.0 | -2,500
         | closed on the book | 1 | 80 k | -112.5 | -900
         | deleveraged against the fund | 1 | 10 k | -300.0 | -300
        The books
         | Times the fund went to a book | 2
         | Middle of the book moved, mean | 30.0 bps
         | Middle of the book moved, most | 45.5 bps at 10 Oct 00:05
         | Depth of its side that it took | 20.0 %
         | Times it left that side empty | 0
         | Fund at the start, lowest, end | 1 M / 980 k / 990 k USDC
        Deleveraging
         | Counterparties of quintile 5, first in line | 1
         | Quintile 4 | 0
         | Quintile 3 | 0
         | Quintile 2 | 0
         | Counterparties of quintile 1, last in line | 0
        What the deficits needed, and what each policy takes for it
         | Policy | Needed, USDC | Taken, USDC | Accounts
         | queue, in force | 300 | 10 k | 1"#]].assert_eq(section);
    expect![[r#"
        The same wallets went through the same prices on “With” and on “Without”.
        Less impact on liquidity: yes. The fund closed 20 k USDC on the books with partners and 80 k USDC without, in 2 closings against 2 closings. All closings together moved the middles of the books by 3.0 bps, against 60.0: by 1.5 each on average and 2.0 at worst, against 30.0 and 45.5. They took all there was never, against never.
        Less to manipulate: no. What the fund gave up against index on the books is what somebody could earn who provokes liquidations and waits there: 900 USDC with partners (-450.0 bps of what it closed), 900 USDC without (-112.5 bps).
        The price of it: partners took 70 k USDC at -20.0 bps against index, which is 140 USDC given up to them. The fund made 20 k USDC with partners and -10 k USDC without; counterparties were deleveraged once, against once."#]].assert_eq(&super::compared(&results).join("\n"));
    let mut csv = Vec::new();
    super::waterfall_csv(&results, &mut csv).unwrap();
    expect![[r#"
        venue,preset,at_ms,at_utc,case,hop,market,side,to_account,base,quote,worth_at_index,against_index
        With,kuma,1760054700000,2025-10-10 00:05:00,1,acquired,BTC,long,9,0.5,97500,100000,-2500
        With,kuma,1760054700000,2025-10-10 00:05:00,,partner,BTC,long,9,0.5,69860,70000,-140
        With,kuma,1760054700000,2025-10-10 00:05:00,,book,BTC,long,9,0.5,19100,20000,-900
        With,kuma,1760054700000,2025-10-10 00:05:00,,closure-deleveraging,BTC,long,9,0.5,9700,10000,-300
        Without,kuma,1760054700000,2025-10-10 00:05:00,1,acquired,BTC,long,9,0.5,97500,100000,-2500
        Without,kuma,1760054700000,2025-10-10 00:05:00,,book,BTC,long,9,0.5,79100,80000,-900
        Without,kuma,1760054700000,2025-10-10 00:05:00,,closure-deleveraging,BTC,long,9,0.5,9700,10000,-300
    "#]].assert_eq(&String::from_utf8(csv).unwrap());
}

#[test]
fn nothing_is_compared_without_its_counterpart() {
    assert!(super::compared(&fixture::small()).is_empty());
    let mut results = with_and_without();
    results.venues[1].preset = "kuma-plus".to_owned();
    assert!(super::compared(&results).is_empty());
    results.venues.truncate(1);
    assert!(super::compared(&results).is_empty());
}
