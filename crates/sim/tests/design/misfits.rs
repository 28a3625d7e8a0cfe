//! What does not fit together: refused when the file is read, with the reason, line and column.

use expect_test::{Expect, expect};
use plimsoll_sim::design::{self, DesignError};

/// Everything that is wrong with a text, as `line:column: message`.
pub(crate) fn wrong(text: &str) -> String {
    match design::parse("file", text) {
        Ok(_) => "fine\n".to_owned(),
        Err(DesignError::Wrong { findings, .. }) => {
            let told = |f: &plimsoll_sim::scenario::Finding| {
                format!("{}:{}: {}\n", f.line, f.column, f.message.trim_end())
            };
            findings.iter().map(told).collect()
        }
        Err(why) => panic!("{why}"),
    }
}

#[track_caller]
fn check(text: &str, expect: &Expect) {
    expect.assert_eq(&wrong(text));
}

/// A composed design of cross margin with a fund and these lines.
fn composed(lines: &str) -> String {
    // A table begins at the start of a line; what comes before is of `[design]` itself.
    let tables = match lines.starts_with('[') {
        true => Some(0),
        false => lines.find("\n[").map(|at| at + 1),
    };
    let (top, rest) = lines.split_at(tables.unwrap_or(lines.len()));
    let model = if lines.contains("[design.margin]") {
        ""
    } else {
        "[design.margin]\nmodel = \"cross\"\n"
    };
    format!("[design]\nname = \"x\"\nrules = \"composed\"\n{top}\n{model}{rest}")
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check_composed(lines: &str, expect: Expect) {
    check(&composed(lines), &expect);
}

/// A preset's file with something replaced.
#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check_changed(name: &str, from: &str, to: &str, expect: Expect) {
    let text = design::text(name).unwrap();
    assert!(text.contains(from), "{name} has no {from:?}");
    check(&text.replacen(from, to, 1), &expect);
}

#[test]
fn keys_that_there_are_not() {
    check_changed(
        "kuma",
        "scope = \"none\"",
        "scoop = \"none\"",
        expect![[r#"
            20:1: unknown field `scoop`, expected `scope`
        "#]],
    );
    check_changed(
        "kuma",
        "whose = \"account\"",
        "who = \"account\"",
        expect![[r#"
            30:1: unknown field `who`, expected one of `stage`, `collar`, `cushion`, `band`, `incentive`, `timeout`, `every`, `levels`, `first`, `step`, `just_enough`, `pairing`, `buffer`, `policy`, `whose`, `discount`, `first_caller`, `resolver`, `portion`, `fee`, `minimum`, `cap`, `how`, `same_market`, `slices`, `options`, `perpetuals`
        "#]],
    );
    check_changed(
        "kuma",
        "rules = \"kuma\"",
        "rules = \"kumo\"",
        expect![[r#"
            9:9: unknown variant `kumo`, expected one of `tsunamix`, `perennial`, `perennial-plus`, `gammaswap`, `gammaswap-v1.2`, `kuma`, `kuma-plus`, `kyan`, `kyan-derive`, `composed`
        "#]],
    );
    check_changed(
        "kuma",
        "stage = \"hand-off\"",
        "stage = \"hand-out\"",
        expect![[r#"
            36:9: unknown variant `hand-out`, expected one of `acquire`, `insurance-fund`, `hand-off`, `partner`, `partners`, `book`, `close-on-book`, `hedge`, `auction`, `deleverage`, `reduce`, `confiscate`, `force-close`, `close-next-version`, `reward`, `socialise`, `repay`, `write-down`, `decompose`, `portfolio-auction`
        "#]],
    );
    check_changed(
        "kuma",
        "initial = \"0.05\"",
        "initial = \"much\"",
        expect![[r#"
            15:11: "much" is not a plain decimal number (digits, optional sign and point)
        "#]],
    );
}

#[test]
fn keys_that_do_nothing_there() {
    check_changed(
        "kuma",
        "whose = \"account\"",
        "whose = \"account\"\nbuffer = \"0.1\"",
        expect![[r#"
            31:1: `deleverage` has no `buffer`
        "#]],
    );
    check_changed(
        "kuma",
        "maintenance = \"0.03\"",
        "maintenance = \"0.03\"\nmax_leverage = 5",
        expect![[r#"
            17:1: `max_leverage` does nothing under rules = "kuma"; the TsunamiX machine has it
        "#]],
    );
    check_changed(
        "tsunamix",
        "first_caller = \"0.02\"",
        "pairing = \"kyan-rule\"",
        expect![[r#"
            34:1: `confiscate` has no `pairing`
        "#]],
    );
    check_changed(
        "tsunamix",
        "resolver = \"0.08\"",
        "pairing = \"min-margin\"",
        expect![[r#"
            36:1: `confiscate` has no `pairing`
        "#]],
    );
    check_changed(
        "kuma",
        "rules = \"kuma\"",
        "rules = \"kuma\"\nexecution = \"engine\"\nretry = \"2s\"",
        expect![[r#"
            10:1: `execution` does nothing under rules = "kuma": it liquidates by its own engine
            11:1: `retry` does nothing here; the composed machine has it
        "#]],
    );
    check_changed(
        "perennial",
        "portion = \"all\"",
        "portion = \"all\"\n[design.trigger]\ngrace = \"3s\"",
        expect![[r#"
            42:1: `grace` does nothing under rules = "perennial"; the composed machine has it
        "#]],
    );
}

#[test]
fn parameters_that_other_sections_say() {
    let with = |key: &str| format!("scope = \"none\"\n[design.parameters]\n{key} = \"0.1\"");
    check_changed(
        "kuma",
        "scope = \"none\"",
        &with("initial_margin"),
        expect![[r#"
            22:1: `initial_margin` does not belong here: margin.initial says it
        "#]],
    );
    check_changed(
        "kuma",
        "scope = \"none\"",
        &with("insurance_fund"),
        expect![[r#"
            22:1: `insurance_fund` does not belong here: backstops.size says it
        "#]],
    );
    check_changed(
        "kuma",
        "scope = \"none\"",
        &with("no_such"),
        expect![[r#"
        22:1: unknown field `no_such`, expected one of `initial_margin`, `maintenance_margin`, `incremental_margin`, `baseline`, `increment`, `maximum`, `minimum`, `fund_margin`, `maker_fee`, `taker_fee`, `price_limit`, `insurance_fund`, `waterfall`, `deleveraging`, `compare_policies`, `funding`, `collar`, `slices`, `partial`, `defence`
    "#]],
    );
    check_changed(
        "kuma",
        "scope = \"none\"",
        &with("taker_fee"),
        expect![[r#"
            22:1: taker_fee 0.1 is above 0.05
        "#]],
    );
    check_composed(
        "procedure = [\"hedge\"]\n[design.parameters]\nfee = 1",
        expect![[r#"
            9:1: `fee` does nothing here: a composed design has no parameters
        "#]],
    );
}

#[test]
fn stages_that_the_exact_machine_does_not_walk() {
    check_changed(
        "tsunamix",
        "stage = \"force-close\"",
        "stage = \"deleverage\"",
        expect![[r#"
            40:1: stage `deleverage` does not come here under rules = "tsunamix", which walks `confiscate`, and `force-close` at the profit limit; rules = "composed" takes other stages and orders
        "#]],
    );
    check_changed(
        "perennial",
        "stage = \"reward\"",
        "stage = \"hedge\"",
        expect![[r#"
            27:1: stage `hedge` does not come here under rules = "perennial", which walks `reward`, `close-next-version` (paid at once), or the two the other way round (paid at settlement); rules = "composed" takes other stages and orders
            29:1: `hedge` has no `fee`
            31:1: `hedge` has no `minimum`
            33:1: `hedge` has no `cap`
        "#]],
    );
    check_changed(
        "kuma",
        "stage = \"acquire\"",
        "stage = \"hedge\"",
        expect![[r#"
            25:1: stage `hedge` does not come here under rules = "kuma", which walks [`reduce`], `acquire`, `deleverage` with whose = "account", [`acquire` again with policy = "minimal"], then any of `hand-off`, `close-on-book`, `deleverage`, each once and in any order; rules = "composed" takes other stages and orders
        "#]],
    );
    check_changed(
        "kuma",
        "whose = \"account\"",
        "whose = \"backstop\"",
        expect![[r#"
            29:1: stage `deleverage` does not come here under rules = "kuma", which walks [`reduce`], `acquire`, `deleverage` with whose = "account", [`acquire` again with policy = "minimal"], then any of `hand-off`, `close-on-book`, `deleverage`, each once and in any order; rules = "composed" takes other stages and orders
        "#]],
    );
    check_changed(
        "kuma",
        "stage = \"close-on-book\"",
        "stage = \"hand-off\"",
        expect![[r#"
            41:1: stage `hand-off` does not come here under rules = "kuma", which walks [`reduce`], `acquire`, `deleverage` with whose = "account", [`acquire` again with policy = "minimal"], then any of `hand-off`, `close-on-book`, `deleverage`, each once and in any order; rules = "composed" takes other stages and orders
        "#]],
    );
    check_changed(
        "kuma-plus",
        "policy = \"minimal\"",
        "policy = \"queue\"",
        expect![[r#"
            36:1: stage `acquire` does not come here under rules = "kuma-plus", which walks [`reduce`], `acquire`, `deleverage` with whose = "account", [`acquire` again with policy = "minimal"], then any of `hand-off`, `close-on-book`, `deleverage`, each once and in any order; rules = "composed" takes other stages and orders
        "#]],
    );
    check_changed(
        "kyan",
        "stage = \"socialise\"",
        "stage = \"hedge\"",
        expect![[r#"
            77:1: stage `hedge` does not come here under rules = "kyan", which walks any of `hedge`, `decompose`, `hand-off` and one of `auction`, `portfolio-auction`, each once and in any order, then `acquire`, `socialise`; rules = "composed" takes other stages and orders
        "#]],
    );
    check_changed(
        "gammaswap",
        "rules = \"gammaswap\"",
        "rules = \"gammaswap-v1.2\"",
        expect![[r#"
            29:1: stage `write-down` does not come here under rules = "gammaswap-v1.2", which walks `repay`, `write-down`; rules = "composed" takes other stages and orders
        "#]],
    );
    check_changed(
        "gammaswap",
        "\"in-batch\"",
        "\"from-collateral\"",
        expect![[r#"
            35:1: how = "from-collateral": the liquidators of a replay bring LP tokens
        "#]],
    );
    check_changed(
        "kyan",
        "stage = \"hedge\"",
        "stage = \"write-down\"",
        expect![[r#"
            32:1: stage `write-down`: only liquidity loans have debt to write down; margin.model is `portfolio`
            34:1: `write-down` has no `band`
            36:1: `write-down` has no `incentive`
            38:1: `write-down` has no `timeout`
        "#]],
    );
    check_changed(
        "kuma",
        "stage = \"hand-off\"",
        "stage = \"portfolio-auction\"",
        expect![[r#"
            36:1: stage `portfolio-auction`: only books of options are taken apart or sold by the share, and only rules = "kyan" and "kyan-derive" have options
        "#]],
    );
    check_changed(
        "kuma",
        "\n# What the book does not take, at the fund's entry price. [contract]\n[[design.stages]]\nstage = \"deleverage\"\nwhose = \"backstop\"\npolicy = \"queue\"\n",
        "\n[[design.stages]]\nstage = \"reward\"\n",
        expect![[r#"
            44:1: stage `reward` does not come here under rules = "kuma", which walks [`reduce`], `acquire`, `deleverage` with whose = "account", [`acquire` again with policy = "minimal"], then any of `hand-off`, `close-on-book`, `deleverage`, each once and in any order; rules = "composed" takes other stages and orders
        "#]],
    );
}

#[test]
fn models_and_locks_that_the_exact_machine_has_not() {
    check_changed(
        "kuma",
        "model = \"cross\"",
        "model = \"isolated\"",
        expect![[r#"
            13:1: margin.model is `isolated`, and rules = "kuma" has `cross`; rules = "composed" takes any position-based model
        "#]],
    );
    check_changed(
        "kyan",
        "scope = \"deposits-only\"",
        "scope = \"all\"",
        expect![[r#"
            27:1: lock.scope is `all`, and rules = "kyan" locks `deposits-only`; rules = "composed" takes any
        "#]],
    );
}

#[test]
fn bounds_of_the_exact_machines_are_told_at_their_key() {
    check_changed(
        "kuma",
        "maintenance = \"0.03\"",
        "maintenance = \"3\"",
        expect![[r#"
            16:1: maintenance_margin 3 is not in 0..=1
        "#]],
    );
    check_changed(
        "kuma-plus",
        "collar = \"0.02\"",
        "collar = \"0.00001\"",
        expect![[r#"
            45:1: collar 0.00001 has more than 4 decimals
        "#]],
    );
    check_changed(
        "kuma-plus",
        "interval = \"30s\"",
        "interval = \"0s\"",
        expect![[r#"
            48:16: slices.interval is below a second
        "#]],
    );
    check_changed(
        "kyan",
        "vol_down = \"0.25\"",
        "vol_down = \"-1\"",
        expect![[r#"
            19:1: kyan.vol_down -1 is not in 0..=1
        "#]],
    );
    check_changed(
        "perennial",
        "fee = \"0.05\"",
        "fee = \"-0.05\"",
        expect![[r#"
            29:1: liquidation_fee -0.05 is negative
        "#]],
    );
    check_changed(
        "tsunamix",
        "threshold = \"0.99\"",
        "threshold = \"0.9900001\"",
        expect![[r#"
            22:1: threshold 0.9900001 has more than 6 decimals
        "#]],
    );
    check_changed(
        "gammaswap",
        "threshold = \"0.995\"",
        "threshold = \"1.5\"",
        expect![[r#"
            20:1: threshold 1.5 is not in 0..=1
        "#]],
    );
    check_changed(
        "kuma-plus",
        "per_window = \"0.5\"",
        "per_window = \"-1\"",
        expect![[r#"
            61:1: per_window -1 is not in 0.000001..=1
        "#]],
    );
    check_changed(
        "kuma",
        "position = \"6000000\"",
        "position = \"0\"",
        expect![[r#"
            51:1: maximum 0 is not positive
        "#]],
    );
}

#[test]
fn procedures() {
    check_composed(
        "",
        expect![[r#"
            1:2: there is no procedure: name the stages in `procedure` or [[design.stages]]
        "#]],
    );
    check_composed(
        "procedure = [\"hedge\", \"write-down\"]",
        expect![[r#"
            4:23: stage `write-down`: only liquidity loans have debt to write down; margin.model is `cross`
        "#]],
    );
    check_composed(
        "procedure = [\"repay\"]",
        expect![[r#"
            4:14: stage `repay`: only liquidity loans have debt to repay; margin.model is `cross`
        "#]],
    );
    check_composed(
        "procedure = [\"hedge\", \"decompose\", \"auction\"]",
        expect![[r#"
            4:23: stage `decompose`: only books of options are taken apart or sold by the share, and only rules = "kyan" and "kyan-derive" have options
        "#]],
    );
    check_composed(
        "procedure = [\"hedge\", \"portfolio-auction\"]",
        expect![[r#"
            4:23: stage `portfolio-auction`: only books of options are taken apart or sold by the share, and only rules = "kyan" and "kyan-derive" have options
        "#]],
    );
    check_composed(
        "procedure = [\"auction\", \"hedge\", \"auction\"]",
        expect![[r#"
            4:34: two `auction`s: a case has one clock, and the second would never be offered
        "#]],
    );
    check_composed(
        "procedure = [\"socialise\", \"hedge\"]",
        expect![[r#"
            4:27: `hedge` is never reached: `socialise` always ends the case
        "#]],
    );
    check_composed(
        "procedure = [\"confiscate\"]",
        expect![[r#"
            4:14: `confiscate` needs a vault to take the position: give the backstops a vault
        "#]],
    );
    check_composed(
        "procedure = [\"force-close\", \"deleverage\"]\n[design.backstops.vault]",
        expect![[r#"
            4:29: `deleverage` is never reached: `force-close` always ends the case
        "#]],
    );
    check_composed(
        "procedure = [\"close-next-version\"]\n[design.backstops.vault]",
        expect![[r#"
            4:14: `close-next-version` needs versioned margin: prices of the others are not versions
        "#]],
    );
    check_composed(
        "[[design.stages]]\nstage = \"deleverage\"\nwhose = \"backstop\"",
        expect![[r#"
            8:1: `deleverage` of the backstop's positions needs `acquire` or `reduce` before it: the backstop holds none yet
        "#]],
    );
    check_composed(
        "procedure = [\"hedge\"]\n[[design.stages]]\nstage = \"auction\"",
        expect![[r#"
            4:1: use either `procedure` or [[design.stages]]
        "#]],
    );
    let many = "\"hedge\", ".repeat(17);
    check_composed(
        &format!("procedure = [{many}]"),
        expect![[r#"
            4:158: 17 stages are more than 16
        "#]],
    );
    check_composed(
        "procedure = [\"acquire\", \"hedge\"]\n[design.backstops]\nacquirer = \"vault\"",
        expect![[r#"
            9:1: acquirer is `vault`, and there is no [design.backstops.vault]
        "#]],
    );
}

#[test]
fn margins_and_locks() {
    let margin = |text: &str| format!("procedure = [\"hedge\"]\n[design.margin]\n{text}");
    let checked = |text: &str, expect: Expect| check_composed(&margin(text), expect);
    checked(
        "model = \"liquidity-loan\"",
        expect![[r#"
            7:1: margin.model is `liquidity-loan`: a composed venue holds positions; loans are of rules = "gammaswap" and "gammaswap-v1.2"
        "#]],
    );
    checked(
        "model = \"cross\"\nprice_range = \"0.1\"",
        expect![[r#"
            8:1: `price_range`: only portfolio margin has scenarios; margin.model is `cross`
        "#]],
    );
    checked(
        "model = \"portfolio\"\ninitial = \"0.1\"",
        expect![[r#"
            8:1: `initial`: under portfolio margin the requirement is the largest loss over scenarios; say price_range or scenarios
        "#]],
    );
    checked(
        "model = \"portfolio\"\nprice_range = \"0.1\"\nscenarios = [{ all = \"-0.1\" }]",
        expect![[r#"
            8:1: use either price_range, which makes the scenarios, or scenarios
        "#]],
    );
    checked(
        "model = \"portfolio\"\nleast = 0\nscenarios = [{ all = \"-0.1\" }]",
        expect![[r#"
            9:1: no scenario moves market 0 up and `least` is 0: a short there would need no margin
        "#]],
    );
    checked(
        "model = \"cross\"\ninitial = \"0.01\"",
        expect![[r#"
            8:1: initial 0.01 is below maintenance 0.03: whoever opens would be liquidated at once
        "#]],
    );
    checked(
        "model = \"cross\"\nmarkets = [{ symbol = \"BTCUSDT\", initial = \"0.01\", maintenance = \"0.02\" }]",
        expect![[r#"
            8:34: initial 0.01 is below maintenance 0.02: whoever opens would be liquidated at once
        "#]],
    );
    checked(
        "model = \"cross\"\nmaintenance = 0",
        expect![[r#"
            8:1: maintenance 0 is not in 0.0001..=1
        "#]],
    );
    checked(
        "model = \"versioned\"",
        expect![[r#"
            7:1: versioned margin without the stage `close-next-version` is isolated margin: name the stage, or choose isolated margin
        "#]],
    );
    check_composed(
        "[design.margin]\nmodel = \"versioned\"\n[design.lock]\nscope = \"none\"\n[[design.stages]]\nstage = \"close-next-version\"\n[design.backstops.vault]",
        expect![[r#"
            8:1: with versioned margin a liquidation settles at the next price, and the account must not trade meanwhile: lock it with `deposits-only` or `all`
        "#]],
    );
}

#[test]
fn triggers_backstops_and_limits() {
    let with = |text: &str| format!("procedure = [\"hedge\"]\n{text}");
    let checked = |text: &str, expect: Expect| check_composed(&with(text), expect);
    checked(
        "[design.trigger]\nurgent = \"0.5\"",
        expect![[r#"
            9:1: `urgent` without `grace`: it is about who gets no grace
        "#]],
    );
    checked(
        "[design.trigger]\ngrace = \"1s\"\nurgent = \"1.5\"",
        expect![[r#"
            10:1: urgent 1.5 is not in 0..=1
        "#]],
    );
    checked(
        "[design.trigger]\ngrace = \"1000h\"",
        expect![[r#"
            9:1: grace, in milliseconds, 3600000000 is not in 0..=2592000000
        "#]],
    );
    checked(
        "retry = \"0s\"",
        expect![[r#"
            5:1: retry, in milliseconds, 0 is not in 1..=2592000000
        "#]],
    );
    checked(
        "[design.backstops]\npenalty = \"0.01\"",
        expect![[r#"
            9:1: the penalty is paid to the insurance fund, but there is no fund
        "#]],
    );
    checked(
        "[design.backstops]\nacquirer = \"fund\"",
        expect![[r#"
            9:1: acquirer is `fund`, and there is no [design.backstops.fund]
        "#]],
    );
    checked(
        "[design.backstops]\nsize = 0",
        expect![[r#"
            9:1: size 0 is not in 0.000001..=1000, with at most 6 decimals
        "#]],
    );
    checked(
        "[design.backstops]\ncounterparties = 1000000",
        expect![[r#"
            9:1: counterparties_max 1000000 is not in 0..=100000
        "#]],
    );
    checked(
        "[design.backstops.fund]\nwindow = \"2h\"",
        expect![[r#"
            9:1: `window` without `per_window`: there is no cap to count within it
        "#]],
    );
    checked(
        "[design.backstops.fund]\nper_account = 2",
        expect![[r#"
            9:1: per_account 2 is not in 0.000001..=1
        "#]],
    );
    checked(
        "[design.limits]\nover_backstop = 5",
        expect![[r#"
            9:1: open interest is limited to a multiple of the backstops, but there is neither a fund nor a vault
        "#]],
    );
    checked(
        "[design.limits]\nposition = 0",
        expect![[r#"
            9:1: position 0 is not in 0.000001..=1000000000000
        "#]],
    );
}

#[test]
fn stages_parameters() {
    let with = |text: &str| format!("[[design.stages]]\n{text}");
    let checked = |text: &str, expect: Expect| check_composed(&with(text), expect);
    checked(
        "stage = \"hedge\"\ncollar = 0",
        expect![[r#"
        9:1: collar 0 is not in 0.0001..=1
    "#]],
    );
    checked(
        "stage = \"hedge\"\nslices = { fraction = 1, interval = \"1s\" }",
        expect![[r#"
            9:1: `hedge` has no `slices`
        "#]],
    );
    checked(
        "stage = \"close-on-book\"\nslices = { fraction = 0, interval = \"0s\" }",
        expect![[r#"
            9:12: fraction 0 is not in 0.00001..=1
            9:26: interval is below a second
        "#]],
    );
    checked(
        "stage = \"auction\"\nlevels = 20000",
        expect![[r#"
        9:1: the auction has 20000 levels; at most 10000 are allowed
    "#]],
    );
    checked(
        "stage = \"auction\"\nlevels = 1000\nstep = \"0.01\"",
        expect![[r#"
            9:1: the last incentive is 10.001; it must be from 0 to 1
        "#]],
    );
    checked(
        "stage = \"auction\"\nevery = \"0s\"",
        expect![[r#"
        8:1: the interval of the auction is 0 ms; it must be positive
    "#]],
    );
    checked(
        "stage = \"auction\"\noptions = { every = \"1s\", levels = 1, first = 0, step = 0 }",
        expect![[r#"
            9:1: `options` does nothing under rules = "composed"; the Kyan machine has it
        "#]],
    );
    checked(
        "stage = \"confiscate\"\nresolver = \"0.99\"\n[design.backstops.vault]",
        expect![[r#"
            8:1: bounties of 2000 and 99000 (in 1/100000) exceed the whole collateral
        "#]],
    );
    checked(
        "stage = \"reduce\"\ndiscount = \"0.5\"\n[design.backstops.vault]",
        expect![[r#"
            9:1: `discount` is what the insurance fund gets for a partial liquidation, and the acquirer is the vault
        "#]],
    );
    checked(
        "stage = \"reduce\"\ndiscount = \"0.5\"\n[[design.stages]]\nstage = \"reduce\"\ndiscount = \"0.6\"",
        expect![[r#"
            12:1: `discount` is said twice, and differently; the fund has one
        "#]],
    );
    checked(
        "stage = \"reward\"\nfee = 2",
        expect![[r#"
        9:1: fee 2 is not in 0..=1
    "#]],
    );
    checked(
        "stage = \"reduce\"\nportion = \"all\"",
        expect![[r#"
        9:1: `reduce` has no `portion`
    "#]],
    );
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let text = composed(
        "procedure = [\"hedge\", \"write-down\"]\n[design.margin]\nmodel = \"cross\"\nleast = \"0.1\"\nmax_leverage = 3\n[design.trigger]\nurgent = 1",
    );
    check(
        &text,
        &expect![[r#"
            4:23: stage `write-down`: only liquidity loans have debt to write down; margin.model is `cross`
            8:1: `least`: only portfolio margin has scenarios; margin.model is `cross`
            9:1: `max_leverage` does nothing under rules = "composed"; the TsunamiX machine has it
            11:1: `urgent` without `grace`: it is about who gets no grace
        "#]],
    );
}

#[test]
fn the_short_form_of_the_issue_is_a_design() {
    let text = composed(
        "procedure = [\"partner\", \"hedge\", \"auction\", \"insurance-fund\", \"deleverage\"]",
    );
    let design = design::parse("x", &text).unwrap();
    let names: Vec<&str> = design.stages.iter().map(|s| s.stage.name()).collect();
    assert_eq!(
        names,
        ["hand-off", "hedge", "auction", "acquire", "deleverage"]
    );
    assert_eq!(design.title, "x");
}
