//! The small crash, kept: figures, refusals, and the hash of the state.

use expect_test::expect;

use super::{run, small};

#[test]
fn the_small_crash_comes_to_this() {
    let ran = run(&small());
    let mut shown = String::new();
    for venue in &ran.results.venues {
        shown.push_str(&format!("{}\n", venue.name));
        for figure in &venue.figures {
            shown.push_str(&format!("  {}: {}\n", figure.label, figure.value));
        }
        for refused in &venue.refusals {
            shown.push_str(&format!(
                "  {} x {}: {}\n",
                refused.times, refused.name, refused.first
            ));
        }
        for flow in &venue.flows {
            shown.push_str(&format!(
                "  {} -> {}: {} {}, {} ({})\n",
                flow.from, flow.to, flow.amount, flow.asset, flow.reason, flow.movements
            ));
        }
    }
    shown.push_str(&format!(
        "{} commands, {} events\nstate {}\n",
        ran.results.commands, ran.results.events, ran.results.state_hash
    ));
    expect![[r#"
        tsunamix, keepers
          Traders: 300
          Cases opened: 146
          Liquidated: 132
          Recovered: 14
          Not worth a liquidator's cost: 0
          Still open at the end: 0
          Notional liquidated: 1,457,546 TUSD
          Collateral at trigger: 201,472 TUSD
          Paid to liquidators: 19,077 TUSD
          Loss beyond collateral: 44,780 TUSD
          Time to liquidation, median: 2 s
          Time to liquidation, 99 %: 30 s
          Liquidations that could not be carried out: 0
          Vault at the end: 4,038,653 TUSD
          Vault at its lowest: 4,024,268 TUSD
          outside -> wallets: 6525413.90781 TUSD, deposit (332)
          share issuer -> wallets: 6000000 TLP, shares issued (2)
          wallets -> vault: 6000000 TUSD, liquidity added (2)
          vault -> wallets: 2052946.174301 TUSD, liquidity removed (1)
          wallets -> share issuer: 2000000 TLP, shares burned (1)
          wallets -> positions: 522352.415 TUSD, collateral added (327)
          positions -> vault: 171694.0665 TUSD, confiscated collateral (130)
          positions -> wallets: 96267.080379 TUSD, collateral returned (2)
          vault -> positions: 81718.892161 TUSD, profit (2)
          positions -> wallets: 15261.6948 TUSD, resolver's bounty (130)
          positions -> wallets: 3815.4237 TUSD, first caller's bounty (130)
          wallets -> vault: 1529.246405 TUSD, trading fee (300)
          wallets -> protocol fees: 1529.246405 TUSD, trading fee (300)
          positions -> vault: 84.2152 TUSD, trading fee (2)
          positions -> protocol fees: 84.2152 TUSD, trading fee (2)
          positions -> vault: 11.212291 TUSD, borrowing fee (2)
          vault -> positions: 0.000909 TUSD, funding (2)
        tsunamix, engine
          Traders: 300
          Cases opened: 130
          Liquidated: 130
          Recovered: 0
          Not worth a liquidator's cost: 0
          Still open at the end: 0
          Notional liquidated: 2,315,095 TUSD
          Collateral at trigger: 304,019 TUSD
          Paid to liquidators: 30,401 TUSD
          Loss beyond collateral: 40,182 TUSD
          Time to liquidation, median: 0 s
          Time to liquidation, 99 %: 0 s
          Liquidations that could not be carried out: 0
          Vault at the end: 6,275,768 TUSD
          Vault at its lowest: 6,000,006 TUSD
          outside -> wallets: 6645605.0752 TUSD, deposit (302)
          share issuer -> wallets: 6000000 TLP, shares issued (1)
          wallets -> vault: 6000000 TUSD, liquidity added (1)
          wallets -> positions: 641303.11 TUSD, collateral added (300)
          positions -> vault: 273617.973 TUSD, confiscated collateral (130)
          positions -> wallets: 24321.5976 TUSD, resolver's bounty (130)
          positions -> wallets: 6080.3994 TUSD, first caller's bounty (130)
          wallets -> vault: 2150.4826 TUSD, trading fee (300)
          wallets -> protocol fees: 2150.4826 TUSD, trading fee (300)
        perennial, keepers
          Traders: 300
          Cases opened: 192
          Liquidated: 84
          Recovered: 102
          Not worth a liquidator's cost: 91
          Still open at the end: 6
          Notional liquidated: 1,235,481 DSU
          Collateral at trigger: 54,435 DSU
          Paid to liquidators: 3,088 DSU
          Loss beyond collateral: 25,018 DSU
          Time to liquidation, median: 2 s
          Time to liquidation, 99 %: 2 s
          Liquidations that could not be carried out: 0
          Shortfall outstanding at the end: 25,018 DSU
          34 x ProductInsufficientCollateralError: ProductInsufficientCollateralError: collateral is below the next requirement
          8 x Panic: Panic(0x11): the contract's arithmetic refuses
          outside -> accounts: 3791063.547499999999772505 DSU, deposit (350)
          accounts -> clearing: 134425.40319339799795741 DSU, settlement of accrued profit and loss (140)
          shortfall -> clearing: 25018.843394685502117233 DSU, loss beyond the balance (16)
          accounts -> clearing: 3947.193115993319064221 DSU, position fee (350)
          accounts -> outside: 3088.704964983297661746 DSU, liquidation reward (84)
          clearing -> market owner: 1975.173823814961387183 DSU, market owner's share of fees (263)
          clearing -> accounts: 1335.960827539770866818 DSU, settlement of accrued profit and loss (28)
        perennial, engine
          Traders: 300
          Cases opened: 124
          Liquidated: 124
          Recovered: 0
          Not worth a liquidator's cost: 0
          Still open at the end: 0
          Notional liquidated: 1,685,781 DSU
          Collateral at trigger: 66,815 DSU
          Paid to liquidators: 3,595 DSU
          Loss beyond collateral: 49,926 DSU
          Time to liquidation, median: 0 s
          Time to liquidation, 99 %: 15 s
          Liquidations that could not be carried out: 2
          Not carried out: the venue's own rules cannot carry it out: 2
          Shortfall outstanding at the end: 49,926 DSU
          25 x ProductInsufficientCollateralError: ProductInsufficientCollateralError: collateral is below the next requirement
          outside -> accounts: 3401927.72749999999975863 DSU, deposit (320)
          accounts -> clearing: 168493.37594053773673395 DSU, settlement of accrued profit and loss (181)
          shortfall -> clearing: 49926.082859523277881577 DSU, loss beyond the balance (115)
          accounts -> clearing: 4280.361825562285309802 DSU, position fee (358)
          accounts -> outside: 3595.490438905713275816 DSU, liquidation reward (83)
          clearing -> accounts: 3459.477990025059597852 DSU, settlement of accrued profit and loss (42)
          clearing -> market owner: 2261.736138357476875272 DSU, market owner's share of fees (225)
        perennial-plus, engine
          Traders: 300
          Cases opened: 379
          Liquidated: 379
          Recovered: 0
          Not worth a liquidator's cost: 0
          Still open at the end: 0
          Notional liquidated: 1,442,302 DSU
          Collateral at trigger: 164,655 DSU
          Paid to liquidators: 1,836 DSU
          Loss beyond collateral: 148,342 DSU
          Time to liquidation, median: 0 s
          Time to liquidation, 99 %: 0 s
          Liquidations that could not be carried out: 0
          Shortfall outstanding at the end: 148,342 DSU
          30 x ProductInsufficientCollateralError: ProductInsufficientCollateralError: collateral is below the next requirement
          outside -> accounts: 4131650.199999999999767055 DSU, deposit (320)
          accounts -> clearing: 312122.365784505636078672 DSU, settlement of accrued profit and loss (520)
          shortfall -> clearing: 148342.077086795812345748 DSU, loss beyond the balance (197)
          clearing -> accounts: 8058.969853467991222243 DSU, settlement of accrued profit and loss (166)
          accounts -> clearing: 4409.556791655870057069 DSU, position fee (577)
          clearing -> market owner: 2503.918343256971489536 DSU, market owner's share of fees (283)
          accounts -> accounts: 1836.542354094451503857 DSU, liquidation reward (286)
        perennial-plus, keepers
          Traders: 300
          Cases opened: 470
          Liquidated: 470
          Recovered: 0
          Not worth a liquidator's cost: 0
          Still open at the end: 0
          Notional liquidated: 874,904 DSU
          Collateral at trigger: 125,751 DSU
          Paid to liquidators: 1,476 DSU
          Loss beyond collateral: 63,339 DSU
          Time to liquidation, median: 2 s
          Time to liquidation, 99 %: 2 s
          Liquidations that could not be carried out: 0
          Shortfall outstanding at the end: 63,339 DSU
          26 x ProductInsufficientCollateralError: ProductInsufficientCollateralError: collateral is below the next requirement
          outside -> accounts: 3686747.97249999999975237 DSU, deposit (320)
          accounts -> clearing: 173520.238244913565225352 DSU, settlement of accrued profit and loss (632)
          shortfall -> clearing: 63339.848462434079010928 DSU, loss beyond the balance (201)
          clearing -> accounts: 5913.168166512016930281 DSU, settlement of accrued profit and loss (232)
          accounts -> clearing: 3214.589821168956276521 DSU, position fee (672)
          clearing -> market owner: 1702.319783423415523594 DSU, market owner's share of fees (290)
          accounts -> accounts: 1476.740394751123777414 DSU, liquidation reward (376)
        13623 commands, 33113 events
        state d2519a40d98e5f739882dce7212d01d0b757a0736f2b838a04b75cfbb52fad23
    "#]].assert_eq(&shown);
}
