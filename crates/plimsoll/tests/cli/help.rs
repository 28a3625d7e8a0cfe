//! What the program teaches about itself, and how it takes wrong arguments.

use std::path::Path;

use expect_test::{Expect, expect};

use super::plimsoll;

fn check(arguments: &[&str], expected: &Expect) {
    let ran = plimsoll(Path::new("/"), arguments);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.is_empty());
    // Blanks at the ends of lines are nobody's business.
    let lines = ran
        .stdout
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n");
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn help_of_the_program() {
    check(
        &["--help"],
        &expect![[r#"
            The liquidation engine for leveraged markets.

            Start with `plimsoll compare`: it runs the crash of 10 October 2025 through every design with the
            same traders, without files or network, prints who would have survived it and writes a page to open
            in a browser.

            Usage: plimsoll <COMMAND>

            Commands:
              compare   Which design would have survived? One crash through every design, side by side
              replay    Run a scenario: prices, people and agents through the venues' engines
              sweep     Run a scenario many times: parameters over ranges, many seeds, many windows of prices
              design    Designs as data: list them, read one beside its venue's page, begin one, check one
              scenario  Look for mistakes in a scenario file, or begin a new one
              explain   Tell one liquidation of a journal as a story: rule, inputs, arithmetic, money,
                        prevention
              ranks     Who would be deleveraged first: rank, fifth and score of every wallet, at any moment
              verify    Check a journal: chain, hashes, and that it amounts to the state it says
              conform   Run recorded calls of a venue's real contracts through the engine
              help      Print this message or the help of the given subcommand(s)

            Options:
              -h, --help
                      Print help (see a summary with '-h')

              -V, --version
                      Print version
        "#]],
    );
}

#[test]
fn help_of_replay() {
    check(
        &["replay", "--help"],
        &expect![[r#"
            Run a scenario: prices, people and agents through the venues' engines.

            Without arguments it runs the bundled crash of 10 October 2025 and writes out/report.html. The same
            scenario and seed give the same bytes on every machine.

            Usage: plimsoll replay [OPTIONS] [SCENARIO]

            Arguments:
              [SCENARIO]
                      A scenario file, or a bundled scenario by name: october-2025 (where left out),
                      gammaswap-2021, kuma-2025-10 or kyan-2026-02

            Options:
                  --prices <PATH>
                      Real prices instead of the scenario's: a Binance kline file (.csv, .csv.gz, .zip) or a
                      directory of them; for loans of liquidity, the history of a pool (.csv)

                  --data <DIR>
                      Market data beside prices, for the venues that use it: a directory with accounts in
                      positions/, books in orderbook/, funding rates in funding/, chains of options in options/,
                      or some of these

                  --out <DIR>
                      Where report.html, liquidations.csv and the like go

                      [default: out]

                  --journal <FILE>
                      Record every command in this new file, for `plimsoll explain` and `plimsoll verify`

                  --accounts <N>
                      Traders per venue, instead of the scenario's number; liquidity scales with it

                  --seed <N>
                      Seed of every random choice, instead of the scenario's

                  --show-scenario
                      Print the scenario as it would run, every default written out, and stop

                  --json
                      Print the results as JSON instead of the summary table

              -h, --help
                      Print help (see a summary with '-h')

            Examples:
              plimsoll replay                                    the bundled crash, into out/
              plimsoll replay --prices KLINES --accounts 100000  the same people through real bars
              plimsoll replay gammaswap-2021                     loans of a pool's liquidity through 2021
              plimsoll replay kuma-2025-10                       cross margin, with and without partners
              plimsoll replay kyan-2026-02                       option portfolios, two kinds of auction
              plimsoll replay --show-scenario > mine.toml        a scenario to change, every default in it
              plimsoll replay mine.toml --journal mine.journal   recorded, for explain and verify
        "#]],
    );
}

#[test]
fn help_of_compare() {
    check(
        &["compare", "--help"],
        &expect![[r#"
            Which design would have survived? One crash through every design, side by side.

            The same prices, the same traders in each design's own form of account, the same books and
            liquidators. Without arguments it runs the bundled crash of 10 October 2025 and writes
            out/compare.html, compare.csv and compare.json; no files or network are needed.

            Usage: plimsoll compare [OPTIONS] [SCENARIO]

            Arguments:
              [SCENARIO]
                      A scenario file with `designs`, or a bundled one by name; the bundled crash of 10 October
                      2025 where left out

            Options:
                  --designs <A,B,C>
                      The designs to compare, instead of the scenario's: names, or paths of design files

                  --prices <PATH>
                      Real prices instead of the scenario's: a Binance kline file (.csv, .csv.gz, .zip) or a
                      directory of them

                  --data <DIR>
                      Market data beside prices: a directory with accounts in positions/ and chains of options
                      in options/, or one of these

                  --traders <N>
                      How many traders, instead of the scenario's number; what stands ready grows with it

                      [alias: --accounts]

                  --seed <N>
                      Seed of every random choice, instead of the scenario's

                  --stress <KIND=VALUES>
                      A stress on top of the scenario's: scale=1.5, correlate=BTCUSDT,0.5, gap=TIME,-0.1,
                      freeze=TIME,10m, delay=30s, partners=TIME or partners=TIME,1h, liquidators in the same two
                      ways, liquidity=TIME,0.5, books=TIME,0.1,3 or books=TIME,0.1,3,1h. May be given several
                      times

                  --out <DIR>
                      Where compare.html, compare.csv and compare.json go

                      [default: out]

                  --threads <N>
                      How many designs at a time; one per core where left out. Results do not depend on it

                  --json
                      Print the comparison as JSON instead of the table

                  --define
                      Tell what every measure means, and stop

                  --show-scenario
                      Print the scenario as it would run, every default written out, and stop

                  --show-replay <DESIGN>
                      Print one design's part as a scenario of its own, and stop: `plimsoll replay` runs it,
                      records it with --journal, and `plimsoll explain` tells its cases

              -h, --help
                      Print help (see a summary with '-h')

            Examples:
              plimsoll compare                                   the bundled crash, every design, into out/
              plimsoll compare --designs kuma,kuma-plus          two of them
              plimsoll compare --designs kuma,mine.toml          one of your own beside it (docs/DESIGNS.md)
              plimsoll compare --stress scale=1.5                the crash, half as large again
              plimsoll compare --stress freeze=2025-10-10T21:00:00Z,10m
                                                                 no oracle for ten minutes of it
              plimsoll compare --prices KLINES --traders 20000   the same people through real bars
              plimsoll compare --define                          what every measure means
              plimsoll compare --show-scenario > mine.toml       a comparison to change, every default in it
              plimsoll compare --show-replay kuma > kuma.toml    one design of it, for plimsoll replay and
              explain

            Prices, people and street are those of the scenario; a design is data (docs/DESIGNS.md). How the
            same
            trader stands on each kind of venue is told in docs/COMPARE.md and under the table.

            Exit code 0: every design ran. 1: some could not, and the reason is told. 2: nothing could be
            compared.
        "#]],
    );
}

#[test]
fn help_of_sweep() {
    check(
        &["sweep", "--help"],
        &expect![[r#"
            Run a scenario many times: parameters over ranges, many seeds, many windows of prices.

            How large would the fund have to be? Quantiles and expected shortfall of the loss, per venue and
            value; results as CSV, Parquet and a page. One core or many, the same bytes.

            Usage: plimsoll sweep [OPTIONS] [SCENARIO]

            Arguments:
              [SCENARIO]
                      A scenario file, or a bundled scenario by name: october-2025 (where left out),
                      gammaswap-2021, kuma-2025-10 or kyan-2026-02

            Options:
                  --vary <PATH=VALUES>
                      A parameter of the scenario and its values: a list (a,b,c) or a range (FROM..TO step
                      STEP). Several give every combination

                  --seeds <N>
                      How many seeds: the scenario's own and those that follow

                      [default: 1]

                  --seed <N>
                      The first seed, instead of the scenario's

                  --windows <DIR>
                      Price windows: every directory of price files in this directory, and every price file
                      directly in it. What the scenario says in dates does not count then

                  --accounts <N>
                      Traders per venue, instead of the scenario's number; liquidity scales with it

                  --out <DIR>
                      Where the results go: runs and summary as CSV and Parquet, sweep.html, and the finished
                      runs to go on from

                      [default: out/sweep]

                  --threads <N>
                      How many runs at a time; one per core where left out. Results do not depend on it

                  --json
                      Print the summary as JSON

              -h, --help
                      Print help (see a summary with '-h')

            Examples:
              plimsoll sweep --seeds 100 --accounts 500
                  the bundled crash a hundred times: how large a fund covers 99 % of the runs?
              plimsoll sweep --vary 'venues.perennial.perennial.maintenance=0.03..0.10 step 0.01' --seeds 20
                  a parameter over a range; entries of a list by place, name or preset
              plimsoll sweep --vary 'venues.*.liquidators.fast.delay=2s,30s,5m' --windows PRICES
                  a list of values for all venues, through every directory of price files in PRICES
              plimsoll sweep kuma-2025-10 --vary 'venues.*.kuma.insurance_fund=1000000,3000000,10000000'
                  what another fund changes, once for every size
              plimsoll sweep mine.toml --vary 'designs.kuma.margin.maintenance=0.03,0.04' --seeds 100
                  a comparison (a scenario with `designs`) many times: a row per design
              plimsoll sweep mine.toml --vary people.leverage_max=2,3,4.8 --vary street.backstop=0.01,0.05
                  what all of its designs share

            A sweep that was stopped goes on when it is started again with the same --out.
        "#]],
    );
}

#[test]
fn help_of_scenario() {
    check(
        &["scenario", "--help"],
        &expect![[r#"
        Look for mistakes in a scenario file, or begin a new one

        Usage: plimsoll scenario <COMMAND>

        Commands:
          check  Look for mistakes: unknown keys, wrong kinds, values out of bounds, what does not go
                 together
          new    Write a commented scenario to begin with
          help   Print this message or the help of the given subcommand(s)

        Options:
          -h, --help  Print help

        Examples:
          plimsoll scenario new > mine.toml                        a venue of TsunamiX, commented
          plimsoll scenario new --venue perennial --venue kuma --out mine.toml
          plimsoll scenario check mine.toml                        every mistake with line and column

        Every key is in docs/SCENARIO.md.
    "#]],
    );
}

#[test]
fn help_of_explain() {
    check(
        &["explain", "--help"],
        &expect![[r#"
        Tell one liquidation of a journal as a story: rule, inputs, arithmetic, money, prevention.

        Without a case number it lists the largest cases.

        Usage: plimsoll explain [OPTIONS] <JOURNAL> [CASE]

        Arguments:
          <JOURNAL>
                  The journal file, as `plimsoll replay --journal` writes it

          [CASE]
                  The case number, as liquidations.csv and the report give it. Without one, the largest
                  cases of the journal are listed

        Options:
              --json
                  Print as JSON

          -h, --help
                  Print help (see a summary with '-h')

        Examples:
          plimsoll replay --journal crash.journal  records the cases
          plimsoll explain crash.journal           lists the largest
          plimsoll explain crash.journal 12        tells case 12
    "#]],
    );
}

#[test]
fn help_of_verify() {
    check(
        &["verify", "--help"],
        &expect![[r#"
        Check a journal: chain, hashes, and that it amounts to the state it says.

        Exit code 0: fine. 1: corrupt. 2: not a journal this build can read. The file is never changed
        without --recover.

        Usage: plimsoll verify [OPTIONS] <JOURNAL>

        Arguments:
          <JOURNAL>
                  The journal file

        Options:
              --recover
                  When the journal is damaged, keep its valid prefix: the damaged file is put aside as
                  NAME.damaged, and a whole journal takes its place

              --json
                  Print the verdict as JSON

          -h, --help
                  Print help (see a summary with '-h')

        Examples:
          plimsoll verify crash.journal            applies everything again
          plimsoll verify --recover crash.journal  keeps what is whole of a damaged one
    "#]],
    );
}

#[test]
fn help_of_conform() {
    check(
        &["conform", "--help"],
        &expect![[r#"
        Run recorded calls of a venue's real contracts through the engine.

        Of each vector that fails, the first thing that differs is shown: its step, what was expected and
        what came out. Exit code 0 only when all pass; what cannot be read has failed.

        Usage: plimsoll conform [OPTIONS] <VENUE> <FILES>...

        Arguments:
          <VENUE>
                  Whose rules the vectors speak

                  Possible values:
                  - tsunamix:  TsunamiX V2: liquidation prices, predicates, settlement, fees, limits
                  - perennial: Perennial V1: traces of the contracts, every field after every step
                  - gammaswap: GammaSwap V1: liquidation calls of both generations of the contracts, the
                    whole state
                  - kuma:      Kuma: every liquidation and deleveraging call, hand-offs of signed orders,
                    the arithmetic
                  - kyan:      Kyan: margins, hedges, decompositions, auctions, bankruptcies; Derive's
                    published numbers

          <FILES>...
                  Vector files, plain JSON or gzipped

        Options:
              --json
                  Print every vector's verdict as one JSON object a line, and the totals as the last one

          -h, --help
                  Print help (see a summary with '-h')

        Examples:
          plimsoll conform tsunamix tsunamix.json
          plimsoll conform perennial perennial.json perennial_random.json.gz
    "#]],
    );
}

#[test]
fn the_version_is_the_packages() {
    let ran = plimsoll(Path::new("/"), &["--version"]);
    assert_eq!(
        ran.stdout,
        format!("plimsoll {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn wrong_arguments_are_code_2_and_point_to_the_help() {
    for arguments in [
        &[][..],
        &["reply"],
        &["replay", "--account", "5"],
        &["replay", "--accounts", "-5"],
        &["replay", "--accounts", "many"],
        &["replay", "--seed", "0x10"],
        &["sweep", "--seeds", "-1"],
        &["sweep", "--threads", "0"],
        &["scenario"],
        &["scenario", "check"],
        &["replay", "a", "b"],
        &["verify"],
        &["explain"],
        &["conform"],
        &["conform", "tsunamix"],
        &["conform", "gmx", "file"],
    ] {
        let ran = plimsoll(Path::new("/"), arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stdout.is_empty());
        let hint = ran.stderr.contains("--help") || ran.stderr.contains("Usage:");
        assert!(hint, "{arguments:?}: {}", ran.stderr);
    }
}

fn root() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("the repository")
}

#[test]
fn the_readmes_commands_are_this_programs() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut seen = Vec::new();
    for line in readme.lines() {
        let Some(command) = line.strip_prefix("cargo run --release -- ") else {
            continue;
        };
        let command = command.split('#').next().unwrap_or_default();
        let mut words = command.split_whitespace();
        let name = words.next().unwrap();
        let help = plimsoll(Path::new("/"), &[name, "--help"]);
        assert_eq!(help.code, 0, "{line}");
        for option in words.filter(|word| word.starts_with("--")) {
            assert!(help.stdout.contains(&format!("{option} ")), "{line}");
        }
        seen.push(name.to_owned());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen,
        ["compare", "design", "explain", "replay", "sweep", "verify"]
    );
}

/// `cargo run` in the root of the repository means this program: of the members that are built
/// without asking, no other has a binary.
#[test]
fn one_program_is_run_without_asking() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("default-members = [").unwrap();
    let (members, _) = members.split_once(']').unwrap();
    let programs: Vec<&str> = members
        .split('"')
        .filter(|member| root().join(member).join("src/main.rs").exists())
        .filter(|member| member.starts_with("crates/"))
        .collect();
    assert_eq!(programs, ["crates/plimsoll"]);
}
