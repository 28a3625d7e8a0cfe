//! Stresses in words: in a replay's results, its report and its summary.

use expect_test::expect;
use plimsoll_sim::report;
use plimsoll_sim::stress::described;

use super::{SMALL, run};

#[test]
fn every_stress_is_told_with_whom_it_does_not_touch() {
    let mut text = String::new();
    for small in &SMALL[..2] {
        let mut scenario = small.scenario();
        scenario.stress = small.every();
        for told in described(&scenario) {
            let time = |at: Option<i64>| {
                at.map_or_else(String::new, |at| {
                    let at = jiff::Timestamp::from_millisecond(at).unwrap();
                    at.to_string()
                })
            };
            let (from, to) = (time(told.from), time(told.to));
            text.push_str(&format!("[{from}..{to}] {}\n", told.text));
        }
    }
    expect![[r#"
        [..] The crash 1.5 times as large: every logarithmic move from the first price.
        [..] The other markets' moves are mixed with those of BTCUSDT: each one's correlation with it is carried 0.8 of the way to 1, the size of its moves stays.
        [2025-10-10T21:05:00Z..] Prices fall by 6 % at once at 2025-10-10 21:05:00, and stay so much away from what they were.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Oracles tell no new price from 2025-10-10 21:05:00 for 20m, though the market moves on; then the newest.
        [..] Oracles tell every price 47s late.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Liquidation partners and bidders take back what they offer at 2025-10-10 21:05:00 and are back after 20m. It does nothing to "TsunamiX V2": it has neither partners nor bidders. It does nothing to "Perennial V1": it has neither partners nor bidders.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Liquidators stop acting at 2025-10-10 21:05:00 and are back after 20m.
        [2025-10-10T21:05:00Z..] Those who provide liquidity take 50 % of theirs out at 2025-10-10 21:05:00, as far as the venue lets them.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Order books have 20 % of their depth, 3 times as far from the middle, from 2025-10-10 21:05:00 for 20m. It does nothing to "TsunamiX V2": it has no order book. It does nothing to "Perennial V1": it has no order book.
        [..] The crash 1.5 times as large: every logarithmic move from the first price.
        [..] The other markets' moves are mixed with those of BTCUSDT: each one's correlation with it is carried 0.8 of the way to 1, the size of its moves stays.
        [2025-10-10T21:05:00Z..] Prices fall by 6 % at once at 2025-10-10 21:05:00, and stay so much away from what they were.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Oracles tell no new price from 2025-10-10 21:05:00 for 20m, though the market moves on; then the newest.
        [..] Oracles tell every price 47s late.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Liquidation partners and bidders take back what they offer at 2025-10-10 21:05:00 and are back after 20m.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Liquidators stop acting at 2025-10-10 21:05:00 and are back after 20m. It does nothing to "With partners": its own engine liquidates, nobody else is asked.
        [2025-10-10T21:05:00Z..] Those who provide liquidity take 50 % of theirs out at 2025-10-10 21:05:00, as far as the venue lets them. It does nothing to "With partners": nobody provides liquidity to it, its books have makers.
        [2025-10-10T21:05:00Z..2025-10-10T21:25:00Z] Order books have 20 % of their depth, 3 times as far from the middle, from 2025-10-10 21:05:00 for 20m.
    "#]].assert_eq(&text);
}

#[test]
fn the_report_and_the_summary_tell_every_stress() {
    let small = &SMALL[0];
    let mut scenario = small.scenario();
    scenario.venues.truncate(1);
    scenario.venues[0].scale_to(5);
    scenario.venues[0].name = "<Vault>".to_owned();
    let plain = run(&scenario).results;
    assert!(!report::html(&plain).contains("Stresses"));
    assert_eq!(report::stresses(&plain).count(), 0);
    scenario.stress = small.every();
    let ran = run(&scenario).results;
    let (page, lines) = (report::html(&ran), report::stresses(&ran));
    let lines: Vec<String> = lines.collect();
    assert_eq!(lines.len(), scenario.stress.len());
    for (stress, line) in described(&scenario).iter().zip(&lines) {
        assert!(line.ends_with(&stress.text), "{line}");
        let text = stress.text.replace('<', "&lt;").replace('>', "&gt;");
        let text = text.replace('\'', "&#39;").replace('"', "&quot;");
        assert!(page.contains(&text), "{text}");
    }
    // Prices that were changed are not called real.
    assert!(
        ran.provenance[0].starts_with("Stressed"),
        "{:?}",
        ran.provenance
    );
}
