//! Bad scenarios: each is refused with a message that names the place and the value.

use expect_test::{Expect, expect};
use plimsoll_sim::replay::Replay;
use plimsoll_sim::scenario::Scenario;

use super::{GOOD, with};

/// Reads each text, and prepares a replay of what can be read; prints what each comes to.
fn check(table: &[String], expected: &Expect) {
    let mut shown = String::new();
    for text in table {
        let outcome = Scenario::parse("(test)", text)
            .map_err(|e| e.to_string())
            .and_then(|scenario| Replay::prepare(scenario).map_err(|e| e.to_string()));
        match outcome {
            Ok(_) => shown.push_str("accepted\n"),
            Err(message) => shown.push_str(&format!("{}\n", message.trim_end())),
        }
        shown.push_str("--\n");
    }
    expected.assert_eq(&shown);
}

fn rows<const N: usize>(changes: [(&str, &str); N]) -> Vec<String> {
    changes.iter().map(|(from, to)| with(from, to)).collect()
}

#[test]
fn the_scenario_that_the_tables_change_is_fine() {
    check(
        &[GOOD.to_owned()],
        &expect![[r#"
        accepted
        --
    "#]],
    );
}

#[test]
fn unknown_and_missing_keys_have_line_and_column() {
    let table = rows([
        ("seed = 7", "seed = 7\nsead = 8"),
        ("threshold = \"0.99\"", "treshold = \"0.99\""),
        ("maintenance = \"0.05\"", "maintenence = \"0.05\""),
        ("long_share = \"0.6\"", "longshare = \"0.6\""),
        ("delay = \"2s\"", "delay = \"2s\"\ndealy = \"2s\""),
        ("every = \"5m\"", "evry = \"5m\""),
        ("name = \"small\"\n", ""),
        ("seed = 7\n", ""),
        ("[prices]\nsource = \"bundled\"\n", ""),
        ("preset = \"tsunamix\"", "preset = \"gmx\""),
        ("execution = \"engine\"", "execution = \"bots\""),
        ("threshold = \"0.99\"", "rule = \"page\""),
    ]);
    check(
        &table,
        &expect![[r#"
            the scenario (test) is not valid:
            TOML parse error at line 3, column 1
              |
            3 | sead = 8
              | ^^^^
            unknown field `sead`, expected one of `name`, `description`, `seed`, `prices`, `pool`, `options`, `markets`, `venues`, `designs`, `people`, `street`, `stress`, `lesson`
            --
            the scenario (test) is not valid:
            TOML parse error at line 13, column 1
               |
            13 | treshold = "0.99"
               | ^^^^^^^^
            unknown field `treshold`, expected one of `rule`, `threshold`, `max_leverage`, `trading_fee`, `vault_fee_share`, `borrowing_per_hour`, `funding_max_per_hour`, `slippage_factor`, `first_caller_bounty`, `resolver_bounty`, `max_profit`, `open_interest_per_tvl`, `open_interest_by_weight`, `open_interest_trend`, `min_collateral`
            --
            the scenario (test) is not valid:
            TOML parse error at line 32, column 1
               |
            32 | maintenence = "0.05"
               | ^^^^^^^^^^^
            unknown field `maintenence`, expected one of `maintenance`, `margin`, `liquidation_fee`, `min_collateral`, `protocol_fee`, `funding_fee`, `maker_fee`, `taker_fee`, `position_fee`, `maker_limit`, `min_rate`, `max_rate`, `target_rate`, `target_utilization`, `close_fee_before_reward`, `margin_above_maintenance`, `reward_at_settlement`, `partial_liquidation`
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 1
               |
            17 | longshare = "0.6"
               | ^^^^^^^^^
            unknown field `longshare`, expected one of `accounts`, `file`, `like`, `like_files`, `leverage`, `markets`, `collateral_median`, `collateral_spread`, `collateral_min`, `collateral_max`, `long_share`, `arrive_from`, `arrive_over`
            --
            the scenario (test) is not valid:
            TOML parse error at line 25, column 1
               |
            25 | dealy = "2s"
               | ^^^^^
            unknown field `dealy`, expected one of `name`, `delay`, `cost`, `sees`, `retries`, `loans`
            --
            the scenario (test) is not valid:
            TOML parse error at line 42, column 1
               |
            42 | evry = "5m"
               | ^^^^
            unknown field `evry`, expected one of `share`, `every`, `within`, `adds`
            --
            the scenario (test) is not valid:
            TOML parse error at line 1, column 1
              |
            1 | seed = 7
              | ^
            missing field `name`
            --
            the scenario (test) is not valid:
            TOML parse error at line 1, column 1
              |
            1 | name = "small"
              | ^
            missing field `seed`
            --
            the scenario (test) is not valid:
            TOML parse error at line 1, column 1
              |
            1 | name = "small"
              | ^
            missing field `prices`
            --
            the scenario (test) is not valid:
            TOML parse error at line 10, column 10
               |
            10 | preset = "gmx"
               |          ^^^^^
            unknown variant `gmx`, expected one of `tsunamix`, `perennial`, `perennial-plus`, `gammaswap`, `gammaswap-v1.2`, `kuma`, `kuma-plus`, `kyan`, `kyan-derive`, `composed`
            --
            the scenario (test) is not valid:
            TOML parse error at line 29, column 13
               |
            29 | execution = "bots"
               |             ^^^^^^
            unknown variant `bots`, expected `keepers` or `engine`
            --
            the scenario (test) is not valid:
            TOML parse error at line 13, column 8
               |
            13 | rule = "page"
               |        ^^^^^^
            unknown variant `page`, expected one of `documented`, `documented-strict`, `deployed`
            --
        "#]],
    );
}

#[test]
fn text_that_is_no_toml() {
    let table = [
        String::new(),
        "name = ".to_owned(),
        "not toml at all".to_owned(),
        with("seed = 7", "seed = 7\nseed = 8"),
        with("[prices]", "[prices"),
        "☃".to_owned(),
    ];
    check(
        &table,
        &expect![[r#"
            the scenario (test) is not valid:
            TOML parse error at line 1, column 1
              |
            1 | 
              | ^
            missing field `name`
            --
            the scenario (test) is not valid:
            TOML parse error at line 1, column 8
              |
            1 | name = 
              |        ^
            string values must be quoted, expected literal string
            --
            the scenario (test) is not valid:
            TOML parse error at line 1, column 5
              |
            1 | not toml at all
              |     ^
            key with no value, expected `=`
            --
            the scenario (test) is not valid:
            TOML parse error at line 3, column 1
              |
            3 | seed = 8
              | ^^^^
            duplicate key
            --
            the scenario (test) is not valid:
            TOML parse error at line 5, column 8
              |
            5 | [prices
              |        ^
            unclosed table, expected `]`
            --
            the scenario (test) is not valid:
            TOML parse error at line 1, column 2
              |
            1 | ☃
              |  ^
            key with no value, expected `=`
            --
        "#]],
    );
}

#[test]
fn wrong_types() {
    let table = rows([
        ("seed = 7", "seed = \"seven\""),
        ("seed = 7", "seed = -7"),
        ("seed = 7", "seed = 7.5"),
        ("seed = 7", "seed = 99999999999999999999"),
        ("accounts = 20", "accounts = \"20\""),
        ("accounts = 20", "accounts = -20"),
        ("accounts = 20", "accounts = 4294967296"),
        ("long_share = \"0.6\"", "long_share = true"),
        ("long_share = \"0.6\"", "long_share = [1]"),
        ("long_share = \"0.6\"", "long_share = \"most\""),
        ("long_share = \"0.6\"", "long_share = \"\""),
        ("long_share = \"0.6\"", "long_share = \"0,6\""),
        ("long_share = \"0.6\"", "long_share = \"60 %\""),
        ("long_share = \"0.6\"", "long_share = nan"),
        ("long_share = \"0.6\"", "long_share = inf"),
        ("long_share = \"0.6\"", "long_share = \"NaN\""),
        ("long_share = \"0.6\"", "long_share = 1e300"),
        ("long_share = \"0.6\"", "long_share = 1e-300"),
        ("deposit = \"1000000\"", "deposit = 999999999999999999999"),
        (
            "deposit = \"1000000\"",
            "deposit = \"999999999999999999999\"",
        ),
        ("delay = \"2s\"", "delay = 2"),
        ("delay = \"2s\"", "delay = \"soon\""),
        ("delay = \"2s\"", "delay = \"-2s\""),
        ("delay = \"2s\"", "delay = \"1d\""),
        ("delay = \"2s\"", "delay = \"99999999999999999h\""),
        ("source = \"bundled\"", "from = \"yesterday\""),
        ("source = \"bundled\"", "from = 2025-10-10T00:00:00"),
        ("source = \"bundled\"", "from = 20251010"),
        ("source = \"bundled\"", "from = \"2025-10-10T00:00:00\""),
    ]);
    check(
        &table,
        &expect![[r#"
            the scenario (test) is not valid:
            TOML parse error at line 2, column 8
              |
            2 | seed = "seven"
              |        ^^^^^^^
            invalid type: string "seven", expected u64
            --
            the scenario (test) is not valid:
            TOML parse error at line 2, column 8
              |
            2 | seed = -7
              |        ^^
            invalid value: integer `-7`, expected u64
            --
            the scenario (test) is not valid:
            TOML parse error at line 2, column 8
              |
            2 | seed = 7.5
              |        ^^^
            invalid type: floating point `7.5`, expected u64
            --
            the scenario (test) is not valid:
            TOML parse error at line 2, column 8
              |
            2 | seed = 99999999999999999999
              |        ^^^^^^^^^^^^^^^^^^^^
            invalid type: integer `99999999999999999999` as i128, expected u64
            --
            the scenario (test) is not valid:
            TOML parse error at line 16, column 12
               |
            16 | accounts = "20"
               |            ^^^^
            invalid type: string "20", expected u32
            --
            the scenario (test) is not valid:
            TOML parse error at line 16, column 12
               |
            16 | accounts = -20
               |            ^^^
            invalid value: integer `-20`, expected u32
            --
            the scenario (test) is not valid:
            TOML parse error at line 16, column 12
               |
            16 | accounts = 4294967296
               |            ^^^^^^^^^^
            invalid value: integer `4294967296`, expected u32
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = true
               |              ^^^^
            invalid type: boolean `true`, expected a decimal number, such as "0.05" or 20
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = [1]
               |              ^^^
            invalid type: sequence, expected a decimal number, such as "0.05" or 20
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = "most"
               |              ^^^^^^
            "most" is not a plain decimal number (digits, optional sign and point)
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = ""
               |              ^^
            "" is not a plain decimal number (digits, optional sign and point)
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = "0,6"
               |              ^^^^^
            "0,6" is not a plain decimal number (digits, optional sign and point)
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = "60 %"
               |              ^^^^^^
            "60 %" is not a plain decimal number (digits, optional sign and point)
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = nan
               |              ^^^
            NaN is not a decimal number of reasonable size with up to 18 decimals
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = inf
               |              ^^^
            inf is not a decimal number of reasonable size with up to 18 decimals
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = "NaN"
               |              ^^^^^
            "NaN" is not a plain decimal number (digits, optional sign and point)
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = 1e300
               |              ^^^^^
            1e300 is not a decimal number of reasonable size with up to 18 decimals
            --
            the scenario (test) is not valid:
            TOML parse error at line 17, column 14
               |
            17 | long_share = 1e-300
               |              ^^^^^^
            1e-300 is not a decimal number of reasonable size with up to 18 decimals
            --
            the scenario (test) is not valid:
            TOML parse error at line 20, column 11
               |
            20 | deposit = 999999999999999999999
               |           ^^^^^^^^^^^^^^^^^^^^^
            "999999999999999999999" is too large
            --
            the scenario (test) is not valid:
            TOML parse error at line 20, column 11
               |
            20 | deposit = "999999999999999999999"
               |           ^^^^^^^^^^^^^^^^^^^^^^^
            "999999999999999999999" is too large
            --
            the scenario (test) is not valid:
            TOML parse error at line 24, column 9
               |
            24 | delay = 2
               |         ^
            invalid type: integer `2`, expected a span of time such as "2s" or "8h"
            --
            the scenario (test) is not valid:
            TOML parse error at line 24, column 9
               |
            24 | delay = "soon"
               |         ^^^^^^
            "soon" is not a span of time such as "2s" or "8h": failed to parse input in the "friendly" duration format: expected duration to start with a unit value (a decimal integer) after an optional sign, but no integer was found
            --
            the scenario (test) is not valid:
            TOML parse error at line 24, column 9
               |
            24 | delay = "-2s"
               |         ^^^^^
            "-2s" is negative
            --
            the scenario (test) is not valid:
            TOML parse error at line 24, column 9
               |
            24 | delay = "1d"
               |         ^^^^
            "1d" is not a span of time such as "2s" or "8h": failed to parse input in the "friendly" duration format: parsing calendar units (days in this case) in this context is not supported (perhaps try parsing into a `jiff::Span` instead)
            --
            the scenario (test) is not valid:
            TOML parse error at line 24, column 9
               |
            24 | delay = "99999999999999999h"
               |         ^^^^^^^^^^^^^^^^^^^^
            "99999999999999999h" is not a span of time such as "2s" or "8h": failed to parse input in the "friendly" duration format: accumulated duration overflowed when adding value to unit hour
            --
            the scenario (test) is not valid:
            TOML parse error at line 6, column 8
              |
            6 | from = "yesterday"
              |        ^^^^^^^^^^^
            "yesterday" is not a time such as "2025-10-10T21:20:00Z": failed to parse four digit integer as year: invalid digit, expected 0-9 but got y
            --
            the scenario (test) is not valid:
            TOML parse error at line 6, column 8
              |
            6 | from = 2025-10-10T00:00:00
              |        ^^^^^^^^^^^^^^^^^^^
            "2025-10-10T00:00:00" is not a time such as "2025-10-10T21:20:00Z": failed to find offset component, which is required for parsing a timestamp
            --
            the scenario (test) is not valid:
            TOML parse error at line 6, column 8
              |
            6 | from = 20251010
              |        ^^^^^^^^
            invalid type: integer `20251010`, expected a time such as "2025-10-10T21:20:00Z"
            --
            the scenario (test) is not valid:
            TOML parse error at line 6, column 8
              |
            6 | from = "2025-10-10T00:00:00"
              |        ^^^^^^^^^^^^^^^^^^^^^
            "2025-10-10T00:00:00" is not a time such as "2025-10-10T21:20:00Z": failed to find offset component, which is required for parsing a timestamp
            --
        "#]],
    );
}

#[test]
fn numbers_out_of_their_bounds() {
    let table = rows([
        ("accounts = 20", "accounts = 0"),
        ("accounts = 20", "accounts = 10000001"),
        ("long_share = \"0.6\"", "long_share = \"-0.1\""),
        ("long_share = \"0.6\"", "long_share = \"1.000001\""),
        ("long_share = \"0.6\"", "long_share = \"0.1234567\""),
        ("long_share = \"0.6\"", "collateral_median = 0"),
        ("long_share = \"0.6\"", "collateral_median = \"0.0000001\""),
        ("long_share = \"0.6\"", "collateral_min = \"-5\""),
        ("long_share = \"0.6\"", "collateral_max = 1"),
        (
            "long_share = \"0.6\"",
            "collateral_max = \"170000000000000000000\"",
        ),
        ("long_share = \"0.6\"", "collateral_spread = \"-1\""),
        ("long_share = \"0.6\"", "collateral_spread = \"5.1\""),
        (
            "long_share = \"0.6\"",
            "leverage = [{ times = 0, weight = 1 }]",
        ),
        (
            "long_share = \"0.6\"",
            "leverage = [{ times = \"2.555\", weight = 1 }]",
        ),
        (
            "long_share = \"0.6\"",
            "leverage = [{ times = 10001, weight = 1 }]",
        ),
        (
            "long_share = \"0.6\"",
            "leverage = [{ times = 2, weight = 0 }]",
        ),
        (
            "long_share = \"0.6\"",
            "leverage = [{ times = 2, weight = -1 }]",
        ),
        ("delay = \"2s\"", "delay = \"2s\"\nsees = 2"),
        ("delay = \"2s\"", "delay = \"2s\"\ncost = \"-1\""),
        ("delay = \"2s\"", "delay = \"2s\"\ncost = \"0.0000001\""),
        ("deposit = \"1000000\"", "deposit = 0"),
        ("deposit = \"1000000\"", "deposit = \"-1\""),
        ("deposit = \"1000000\"", "deposit = \"0.0000001\""),
        ("deposit = \"1000000\"", "deposit = \"1000000000001\""),
        (
            "deposit = \"1000000\"",
            "deposit = 1\nat = \"2025-10-10T12:00:00Z\"\nwithdraws_at = \"2025-10-10T12:00:00Z\"",
        ),
        ("per_product = 2", "per_product = 0"),
        ("per_product = 2", "per_product = 100001"),
        ("per_product = 2", "per_product = 2\ncover = 0"),
        ("per_product = 2", "per_product = 2\nleverage = \"-1\""),
        ("share = \"0.1\"", "share = 2"),
        ("every = \"5m\"", "every = \"0s\""),
        ("every = \"5m\"", "every = \"1ms\""),
        ("within = \"0.03\"", "within = \"-0.03\""),
        ("adds = \"0.5\"", "adds = 0"),
    ]);
    check(
        &table,
        &expect![[r#"
        the scenario (test) cannot run: venue "Tsunami": the population is empty: set `accounts` or `file`
        --
        the scenario (test) cannot run: venue "Tsunami": accounts 10000001 is above 10000000
        --
        the scenario (test) cannot run: venue "Tsunami": long_share -0.1 is not in 0..=1
        --
        the scenario (test) cannot run: venue "Tsunami": long_share 1.000001 is not in 0..=1
        --
        the scenario (test) cannot run: venue "Tsunami": long_share 0.1234567 has more than 6 decimals
        --
        the scenario (test) cannot run: venue "Tsunami": collateral_median 0 is not positive
        --
        the scenario (test) cannot run: venue "Tsunami": collateral_median 0.0000001 has more than 6 decimals
        --
        the scenario (test) cannot run: venue "Tsunami": collateral_min -5 is not positive
        --
        the scenario (test) cannot run: venue "Tsunami": collateral_max 1 is below collateral_min 50
        --
        the scenario (test) cannot run: venue "Tsunami": collateral_max 170000000000000000000 is above 1000000000000
        --
        the scenario (test) cannot run: venue "Tsunami": collateral_spread -1 is not in 0..=5
        --
        the scenario (test) cannot run: venue "Tsunami": collateral_spread 5.1 is not in 0..=5
        --
        the scenario (test) cannot run: venue "Tsunami": leverage 0 is not positive
        --
        the scenario (test) cannot run: venue "Tsunami": leverage 2.555 has more than 2 decimals
        --
        the scenario (test) cannot run: venue "Tsunami": leverage 10001 is above 10000
        --
        the scenario (test) cannot run: venue "Tsunami": no leverage class has a weight
        --
        the scenario (test) is not valid:
        TOML parse error at line 17, column 35
           |
        17 | leverage = [{ times = 2, weight = -1 }]
           |                                   ^^
        invalid value: integer `-1`, expected u32
        --
        the scenario (test) cannot run: venue "Tsunami": liquidators "fast": sees 2 is not in 0..=1
        --
        the scenario (test) cannot run: venue "Tsunami": liquidators "fast": cost -1 is negative
        --
        the scenario (test) cannot run: venue "Tsunami": liquidators "fast": cost 0.0000001 has more than 6 decimals
        --
        the scenario (test) cannot run: venue "Tsunami": liquidity.deposit 0 is not positive
        --
        the scenario (test) cannot run: venue "Tsunami": liquidity.deposit -1 is not positive
        --
        the scenario (test) cannot run: venue "Tsunami": liquidity.deposit 0.0000001 has more than 6 decimals
        --
        the scenario (test) cannot run: venue "Tsunami": liquidity.deposit 1000000000001 is above 1000000000000
        --
        the scenario (test) cannot run: venue "Tsunami": liquidity.withdraws_at 2025-10-10 12:00:00.000 is not after liquidity.at 2025-10-10 12:00:00.000
        --
        the scenario (test) cannot run: venue "Perennial": makers.per_product 0 is not in 1..=100000
        --
        the scenario (test) cannot run: venue "Perennial": makers.per_product 100001 is not in 1..=100000
        --
        the scenario (test) cannot run: venue "Perennial": makers.cover 0 is not positive
        --
        the scenario (test) cannot run: venue "Perennial": makers.leverage -1 is not positive
        --
        the scenario (test) cannot run: venue "Perennial": top_ups.share 2 is not in 0..=1
        --
        the scenario (test) cannot run: venue "Perennial": top_ups.every is below a second
        --
        the scenario (test) cannot run: venue "Perennial": top_ups.every is below a second
        --
        the scenario (test) cannot run: venue "Perennial": top_ups.within -0.03 is not in 0..=1
        --
        the scenario (test) cannot run: venue "Perennial": top_ups.adds 0 is not positive
        --
    "#]],
    );
}

#[test]
fn lists_that_are_empty_doubled_or_name_what_is_not_there() {
    let symbols = "markets = [{ symbol = \"BTCUSDT\" }, { symbol = \"ETHUSDT\" }]";
    let mut table = rows([
        (symbols, "markets = []"),
        (
            symbols,
            "markets = [{ symbol = \"BTCUSDT\" }, { symbol = \"BTCUSDT\" }]",
        ),
        (symbols, "markets = [{ symbol = \"PEPEUSDT\" }]"),
        (symbols, "markets = [{ symbol = \"\" }]"),
        ("source = \"bundled\"", "source = \"\""),
        ("name = \"Tsunami\"", "name = \"Perennial\""),
        ("long_share = \"0.6\"", "leverage = []"),
        (
            "long_share = \"0.6\"",
            "markets = [{ symbol = \"DOGEUSDT\", weight = 1 }]",
        ),
        (
            "long_share = \"0.6\"",
            "markets = [{ symbol = \"BTCUSDT\", weight = 0 }]",
        ),
        (
            "long_share = \"0.6\"",
            "markets = [{ symbol = \"BTCUSDT\", weight = 1 }, { symbol = \"BTCUSDT\", weight = 2 }]",
        ),
    ]);
    let without_venues = GOOD.split("[[venues]]").next().unwrap();
    table.push(without_venues.replacen("seed", "venues = []\nseed", 1));
    table.push(without_venues.to_owned());
    let many = |count: usize| -> String {
        (0..count)
            .map(|i| format!("{{ symbol = \"M{i}\" }},"))
            .collect()
    };
    table.push(with(symbols, &format!("markets = [{}]", many(1_001))));
    check(
        &table,
        &expect![[r#"
            the scenario (test) cannot run: there is no [[markets]] entry
            --
            the scenario (test) cannot run: market BTCUSDT is listed twice
            --
            no prices for PEPEUSDT in the bundled crash; there are: BTCUSDT, ETHUSDT, SOLUSDT, DOGEUSDT
            --
            the scenario (test) cannot run: a market has no symbol
            --
            the scenario (test) cannot run: prices.source is empty
            --
            the scenario (test) cannot run: two venues are called "Perennial"
            --
            the scenario (test) cannot run: venue "Tsunami": no leverage class has a weight
            --
            the scenario (test) cannot run: venue "Tsunami": DOGEUSDT is not one of the [[markets]]
            --
            the scenario (test) cannot run: venue "Tsunami": no market has a weight
            --
            the scenario (test) cannot run: venue "Tsunami": BTCUSDT has two weights
            --
            the scenario (test) cannot run: there is no [[venues]] entry, and no `designs` to compare
            --
            the scenario (test) cannot run: there is no [[venues]] entry, and no `designs` to compare
            --
            the scenario (test) cannot run: 1001 markets are more than 1000
            --
        "#]],
    );
}

#[test]
fn people_who_do_not_belong_to_the_venue() {
    let table = rows([
        (
            "[[venues.liquidity]]\ndeposit = \"1000000\"",
            "[venues.makers]\nper_product = 2",
        ),
        ("[[venues.liquidity]]\ndeposit = \"1000000\"\n", ""),
        (
            "[venues.makers]\nper_product = 2",
            "[[venues.liquidity]]\ndeposit = 1",
        ),
        ("[venues.makers]\nper_product = 2\n", ""),
        (
            "[[venues.liquidators]]\nname = \"fast\"\ndelay = \"2s\"\n",
            "",
        ),
        ("execution = \"engine\"", "execution = \"keepers\""),
        (
            "[venues.tsunamix]\nthreshold = \"0.99\"",
            "[venues.perennial]",
        ),
        (
            "[venues.perennial]\nmaintenance = \"0.05\"",
            "[venues.tsunamix]",
        ),
    ]);
    check(
        &table,
        &expect![[r#"
        the scenario (test) cannot run: venue "Tsunami": `perennial` and `makers` do not belong to a tsunamix venue
        --
        the scenario (test) cannot run: venue "Tsunami": a vault needs at least one [[venues.liquidity]]
        --
        the scenario (test) cannot run: venue "Perennial": `tsunamix` and `liquidity` do not belong to a perennial venue
        --
        the scenario (test) cannot run: venue "Perennial": takers need a counterparty: add [venues.makers]
        --
        the scenario (test) cannot run: venue "Tsunami": with execution = "keepers" add at least one [[venues.liquidators]]
        --
        the scenario (test) cannot run: venue "Perennial": with execution = "keepers" add at least one [[venues.liquidators]]
        --
        the scenario (test) cannot run: venue "Tsunami": `perennial` and `makers` do not belong to a tsunamix venue
        --
        the scenario (test) cannot run: venue "Perennial": `tsunamix` and `liquidity` do not belong to a perennial venue
        --
    "#]],
    );
}

#[test]
fn parameters_that_the_grid_or_the_engine_refuses() {
    let tsunamix = [
        "threshold = \"0.79\"",
        "threshold = \"1.000001\"",
        "threshold = \"0.9900001\"",
        "threshold = \"-0.99\"",
        "max_leverage = 0",
        "max_leverage = \"12.5\"",
        "max_leverage = 10000000000",
        "trading_fee = \"-0.001\"",
        "trading_fee = \"0.000001\"",
        "trading_fee = \"1.1\"",
        "vault_fee_share = 2",
        "borrowing_per_hour = 2",
        "funding_max_per_hour = 2",
        "funding_max_per_hour = \"100000000000000000000\"",
        "slippage_factor = -1",
        "slippage_factor = 100001",
        "first_caller_bounty = \"0.5\"\nresolver_bounty = \"0.6\"",
        "max_profit = 0",
        "max_profit = \"1.5\"",
        "open_interest_per_tvl = 101",
        "open_interest_by_weight = 2",
        "open_interest_trend = 1000",
        "min_collateral = \"-1\"",
        "min_collateral = \"100000000000000000000\"",
    ];
    let perennial = [
        "maintenance = \"-0.05\"",
        "maintenance = \"0.06\"",
        "margin = \"0.04\"",
        "liquidation_fee = 2",
        "min_collateral = \"-1\"",
        "protocol_fee = \"1.1\"",
        "funding_fee = 3",
        "maker_fee = 3",
        "taker_fee = \"-0.1\"",
        "position_fee = 3",
        "maker_limit = \"-1\"",
        "min_rate = \"-1\"",
        "target_utilization = 2",
        "partial_liquidation = 1",
    ];
    let table: Vec<String> = tsunamix
        .iter()
        .map(|line| with("threshold = \"0.99\"", line))
        .chain(
            perennial
                .iter()
                .map(|line| with("maintenance = \"0.05\"", line)),
        )
        .collect();
    check(
        &table,
        &expect![[r#"
            the engine refuses the parameters of venue "Tsunami": threshold (ppm) is 790000; it must be between 800000 and 1000000
            --
            the engine refuses the parameters of venue "Tsunami": threshold (ppm) is 1000001; it must be between 800000 and 1000000
            --
            the scenario (test) cannot run: venue "Tsunami": threshold 0.9900001 has more than 6 decimals
            --
            the scenario (test) cannot run: venue "Tsunami": threshold -0.99 is negative
            --
            the engine refuses the parameters of venue "Tsunami": max_leverage is 0; it must be between 1 and 1000000
            --
            the scenario (test) cannot run: venue "Tsunami": max_leverage 12.5 is not a whole number
            --
            the scenario (test) cannot run: venue "Tsunami": max_leverage 10000000000 is above 1000000
            --
            the scenario (test) cannot run: venue "Tsunami": trading_fee -0.001 is negative
            --
            the scenario (test) cannot run: venue "Tsunami": trading_fee 0.000001 has more than 5 decimals
            --
            the engine refuses the parameters of venue "Tsunami": trading_fee_e5 is 110000; it must be between 0 and 100000
            --
            the engine refuses the parameters of venue "Tsunami": vault_fee_share_e5 is 200000; it must be between 0 and 100000
            --
            the engine refuses the parameters of venue "Tsunami": borrow_rate_e6 is 2000000; it must be between 0 and 1000000
            --
            the engine refuses the parameters of venue "Tsunami": funding.max_rate_e15 is 2000000000000000; it must be between 0 and 1000000000000000
            --
            the scenario (test) cannot run: venue "Tsunami": funding_max_per_hour 100000000000000000000 is above 1000000
            --
            the scenario (test) is not valid:
            TOML parse error at line 13, column 19
               |
            13 | slippage_factor = -1
               |                   ^^
            invalid value: integer `-1`, expected u32
            --
            the engine refuses the parameters of venue "Tsunami": slippage_factor is 100001; it must be between 0 and 100000
            --
            the engine refuses the parameters of venue "Tsunami": sum of the bounties is 110000; it must be between 0 and 100000
            --
            the engine refuses the parameters of venue "Tsunami": profit_pct_e5 is 0; it must be between 1 and 100000
            --
            the engine refuses the parameters of venue "Tsunami": profit_pct_e5 is 150000; it must be between 1 and 100000
            --
            the engine refuses the parameters of venue "Tsunami": kappa_bps is 1010000; it must be between 0 and 1000000
            --
            the engine refuses the parameters of venue "Tsunami": lambda_bps is 20000; it must be between 0 and 10000
            --
            the engine refuses the parameters of venue "Tsunami": beta_bps is 10000000; it must be between 0 and 1000000
            --
            the scenario (test) cannot run: venue "Tsunami": min_collateral -1 is negative
            --
            the engine refuses the parameters of venue "Tsunami": min_collateral is 100000000000000000000000000; it must be between 0 and 9223372036854775807
            --
            the scenario (test) cannot run: venue "Perennial": maintenance -0.05 is negative
            --
            the engine refuses the parameters of venue "Perennial": the margin ratio 0.06 is not above the maintenance ratio 0.06
            --
            the engine refuses the parameters of venue "Perennial": the margin ratio 0.04 is not above the maintenance ratio 0.05
            --
            the engine refuses the parameters of venue "Perennial": ControllerInvalidLiquidationFeeError: 2 is above 1
            --
            the scenario (test) cannot run: venue "Perennial": min_collateral -1 is negative
            --
            the engine refuses the parameters of venue "Perennial": ControllerInvalidProtocolFeeError: 1.1 is above 1
            --
            the engine refuses the parameters of venue "Perennial": ParamProviderInvalidFundingFee: 3 is above 1
            --
            the engine refuses the parameters of venue "Perennial": ParamProviderInvalidMakerFee: 3 is above 1
            --
            the scenario (test) cannot run: venue "Perennial": taker_fee -0.1 is negative
            --
            the engine refuses the parameters of venue "Perennial": ParamProviderInvalidPositionFee: 3 is above 1
            --
            the scenario (test) cannot run: venue "Perennial": maker_limit -1 is negative
            --
            the scenario (test) cannot run: venue "Perennial": min_rate -1 is negative
            --
            the engine refuses the parameters of venue "Perennial": the target utilization 2 is not between 0 and 1
            --
            the scenario (test) is not valid:
            TOML parse error at line 32, column 23
               |
            32 | partial_liquidation = 1
               |                       ^
            invalid type: integer `1`, expected a boolean
            --
        "#]],
    );
}

#[test]
fn files_that_are_not_there() {
    let table = rows([
        ("source = \"bundled\"", "source = \"no/such/prices\""),
        ("accounts = 20", "file = \"no/such/people.csv\""),
        ("source = \"bundled\"", "from = \"2030-01-01T00:00:00Z\""),
        (
            "source = \"bundled\"",
            "from = \"2025-10-11T00:00:00Z\"\nto = \"2025-10-10T00:00:00Z\"",
        ),
    ]);
    check(
        &table,
        &expect![[r#"
            no/such/prices: No such file or directory (os error 2)
            --
            cannot read the accounts file no/such/people.csv: No such file or directory (os error 2)
            --
            no prices of BTCUSDT from 2030-01-01 00:00:00.000 up to 292278994-08-17 07:12:55.807; its prices run from 2025-10-10 00:00:00.000 to 2025-10-11 23:58:45.000
            --
            no prices of BTCUSDT from 2025-10-11 00:00:00.000 up to 2025-10-10 00:00:00.000; its prices run from 2025-10-10 00:00:00.000 to 2025-10-11 23:58:45.000
            --
        "#]],
    );
    let missing = Scenario::load(std::path::Path::new("no/such/scenario.toml"));
    expect![
        "cannot read the scenario no/such/scenario.toml: No such file or directory (os error 2)"
    ]
    .assert_eq(&missing.unwrap_err().to_string());
}
