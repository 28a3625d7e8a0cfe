//! docs/SCENARIO.md against the program: its keys, its defaults, and that what lies outside its
//! bounds is refused.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sim::replay::Replay;
use plimsoll_sim::scenario::{BUNDLED_COMPARISON, BUNDLES, Scenario, starter, starters};
use toml::{Table, Value};

/// A row of the document.
struct Row {
    default: String,
    allowed: String,
}

/// The document's rows by the path of their key; entries of lists are entry 0.
fn document() -> BTreeMap<String, Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/SCENARIO.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut section = String::new();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = place_of(title.trim_matches('`'));
        }
        let Some(row) = line.strip_prefix("| `") else {
            continue;
        };
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!(cells.len(), 6, "{line}");
        let key = joined(&section, cells[0].trim_end_matches('`'));
        let row = Row {
            default: cells[3].trim_matches('`').to_owned(),
            allowed: cells[4].to_owned(),
        };
        assert!(rows.insert(key, row).is_none(), "{line}");
    }
    rows
}

/// `[[venues.liquidators]]` is `venues.0.liquidators.0`, and a stress `stress:KIND.0`: every kind
/// has keys of its own.
fn place_of(title: &str) -> String {
    if title == "Top" {
        return String::new();
    }
    if let Some((_, kind)) = title.split_once("]]` of kind `") {
        return format!("stress:{kind}.0");
    }
    let steps = title.trim_matches(|c| "[]".contains(c)).split('.');
    let lists = [
        "markets",
        "venues",
        "tokens",
        "leverage",
        "liquidators",
        "liquidity",
        "partners",
        "bidders",
        "cover",
    ];
    let steps: Vec<String> = steps
        .map(|step| match lists.contains(&step) {
            true => format!("{step}.0"),
            false => step.to_owned(),
        })
        .collect();
    steps.join(".")
}

fn joined(section: &str, key: &str) -> String {
    if section.is_empty() {
        return key.to_owned();
    }
    format!("{section}.{key}")
}

/// The section of a path, and its key.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

const LADDER: &str = "{ every = \"1s\", levels = 1, first = \"0.1\", step = \"0.1\" }";

/// A comparison that has the section.
fn comparison(section: &str) -> Table {
    let mut root: Table = BUNDLED_COMPARISON.parse().unwrap();
    set(&mut root, "prices.from", "2025-10-10T20:50:00Z".into());
    set(&mut root, "prices.to", "2025-10-10T21:10:00Z".into());
    set(&mut root, "people.traders", 1.into());
    at(&mut root, "people").remove("like");
    for (path, text) in [
        ("people.leverage", "[{ times = \"2\", weight = 1 }]"),
        (
            "people.top_ups",
            "{ share = \"0.1\", every = \"5m\", within = \"0.03\", adds = 1 }",
        ),
    ] {
        if section.starts_with(path) {
            let mut value: Table = format!("value = {text}").parse().unwrap();
            set(&mut root, path, value.remove("value").unwrap());
        }
    }
    root
}

/// Keys that a stress of a kind needs.
const STRESSES: [(&str, &str); 9] = [
    ("scale", "by = 2"),
    ("correlate", "with = \"ETHUSDT\", by = \"0.5\""),
    ("gap", "AT, by = \"-0.1\""),
    ("freeze-oracle", "AT, for = \"5m\""),
    ("delay-prices", "AT, by = \"5s\""),
    ("partners-leave", "AT"),
    ("liquidators-away", "AT"),
    ("liquidity-leaves", "AT, share = \"0.5\""),
    ("widen-books", "AT, depth = \"0.5\", spread = 2"),
];

/// A scenario with one stress of a kind.
fn stressed(kind: &str) -> Table {
    let mut root = base("");
    let found = STRESSES.iter().find(|(name, _)| *name == kind);
    let needed = found.unwrap_or_else(|| panic!("{kind}")).1;
    let needed = needed.replace("AT", "at = \"2025-10-10T21:00:00Z\"");
    let text = format!("stress = [{{ kind = {kind:?}, {needed} }}]");
    root.extend(text.parse::<Table>().unwrap());
    root
}

/// A scenario that has the section.
fn base(section: &str) -> Table {
    if let Some(kind) = section.strip_prefix("stress:") {
        return stressed(kind.trim_end_matches(".0"));
    }
    if section.starts_with("people") || section.starts_with("street") {
        return comparison(section);
    }
    let has = |part: &str| section.contains(part);
    let preset = if [".kyan", "options"].iter().any(|p| has(p)) && !has("kuma") {
        "kyan"
    } else if ["pool", ".gammaswap", ".borrowers", ".loans"]
        .iter()
        .any(|p| has(p))
    {
        "gammaswap-v1.2"
    } else if [".kuma", ".book", ".partners"].iter().any(|p| has(p)) {
        "kuma"
    } else if [".perennial", ".makers"].iter().any(|p| has(p)) {
        "perennial-plus"
    } else {
        "tsunamix"
    };
    let mut root: Table = starter(&[preset]).unwrap().parse().unwrap();
    if preset == "kyan" {
        set(&mut root, "prices.to", "2026-02-05T00:30:00Z".into());
    } else if preset != "gammaswap-v1.2" {
        set(&mut root, "prices.from", "2025-10-10T20:50:00Z".into());
        set(&mut root, "prices.to", "2025-10-10T21:10:00Z".into());
    }
    set(&mut root, "venues.0.population.accounts", 1.into());
    if has("kyan.partners") {
        let procedure = ["hedge", "decompose", "partner", "auction"];
        set(
            &mut root,
            "venues.0.kyan.procedure",
            procedure.to_vec().into(),
        );
    }
    for (path, text) in [
        (
            "venues.0.population.markets",
            "[{ symbol = \"ETHUSDT\", weight = 1 }]",
        ),
        (
            "venues.0.kuma.slices",
            "{ fraction = \"0.5\", interval = \"10s\" }",
        ),
        ("venues.0.kuma.defence", "{}"),
        ("venues.0.kyan.options_ladder", LADDER),
        ("venues.0.kyan.perpetuals_ladder", LADDER),
        (
            "venues.0.kyan.people.cover",
            "[{ times = \"1.5\", weight = 1 }]",
        ),
        (
            "venues.0.kyan.partners",
            "[{ name = \"p\", offset = \"0.01\", capacity = 1, capital = 1 }]",
        ),
        ("venues.0.gammaswap", "{}"),
        (
            "pool.tokens",
            "[{ symbol = \"USDC\", decimals = 6 }, { symbol = \"WETH\", decimals = 18 }]",
        ),
    ] {
        if section.starts_with(path) {
            let mut value: Table = format!("value = {text}").parse().unwrap();
            set(&mut root, path, value.remove("value").unwrap());
        }
    }
    root
}

/// The entry at a path.
fn at<'t>(root: &'t mut Table, path: &str) -> &'t mut Table {
    let mut table = root;
    let mut steps = path.split('.').filter(|step| !step.is_empty()).peekable();
    while let Some(step) = steps.next() {
        let (step, _) = step.split_once(':').unwrap_or((step, ""));
        let value = table
            .entry(step)
            .or_insert_with(|| Value::Table(Table::new()));
        table = match value {
            Value::Array(entries) => {
                let at: usize = steps.next().unwrap().parse().unwrap();
                entries[at].as_table_mut().unwrap()
            }
            value => value.as_table_mut().unwrap_or_else(|| panic!("{path}")),
        };
    }
    table
}

fn set(root: &mut Table, path: &str, value: Value) {
    let (section, key) = split(path);
    at(root, section).insert(key.to_owned(), value);
}

fn read(root: &Table) -> Result<Scenario, String> {
    let text = toml::to_string(root).unwrap();
    Scenario::parse("test", &text).map_err(|e| e.to_string())
}

/// Reads it, and builds the engine: bounds that are the engine's own show only then.
fn prepare(root: &Table) -> Result<(), String> {
    let prepared = Replay::prepare(read(root)?);
    prepared.map(drop).map_err(|e| e.to_string())
}

fn sections(rows: &BTreeMap<String, Row>) -> BTreeSet<&str> {
    rows.keys().map(|path| split(path).0).collect()
}

#[test]
fn every_section_has_the_keys_that_the_program_knows_and_no_others() {
    let rows = document();
    for (kind, _) in STRESSES {
        let key = format!("stress:{kind}.0.");
        assert!(rows.keys().any(|row| row.starts_with(&key)), "{kind}");
    }
    for section in sections(&rows) {
        let mut root = base(section);
        assert!(read(&root).is_ok(), "{section}: {:?}", read(&root).err());
        at(&mut root, section).insert("no_such_key".to_owned(), 1.into());
        let why = read(&root).unwrap_err();
        let (_, known) = why.split_once("expected ").unwrap();
        let known: BTreeSet<String> = known
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|key| joined(section, key))
            .collect();
        let told: BTreeSet<String> = rows
            .keys()
            .filter(|path| split(path).0 == section)
            .cloned()
            .collect();
        assert_eq!(told, known, "docs/SCENARIO.md, section {section:?}");
    }
}

/// Keys of lists are those of entry 0.
fn keys(table: &Table, path: &str, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = joined(path, key);
        let mut inner = |value: &Value, path: &str| {
            value
                .as_table()
                .into_iter()
                .for_each(|t| keys(t, path, found));
        };
        match value {
            Value::Array(entries) if key == "stress" => {
                for stress in entries {
                    let kind = stress.get("kind").and_then(Value::as_str);
                    inner(stress, &format!("{path}:{}.0", kind.unwrap_or_default()));
                }
            }
            Value::Array(entries) => entries.iter().for_each(|e| inner(e, &format!("{path}.0"))),
            value => inner(value, &path),
        }
        found.insert(path);
    }
}

#[test]
fn every_key_of_every_scenario_that_comes_with_the_program_is_documented() {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for (name, _) in BUNDLES {
        scenarios.extend(Scenario::bundled_as(name).unwrap());
    }
    scenarios.push(Scenario::parse("compare", BUNDLED_COMPARISON).unwrap());
    for preset in starters() {
        let text = starter(&[preset]).unwrap();
        scenarios.push(Scenario::parse(preset, &text).unwrap());
    }
    let mut found = BTreeSet::new();
    for scenario in scenarios {
        keys(&scenario.to_toml().parse().unwrap(), "", &mut found);
    }
    let rows = document();
    let missing: Vec<&String> = found
        .iter()
        .filter(|path| !rows.contains_key(*path))
        // Every section of a stress is one of its kinds.
        .filter(|path| !(path.starts_with("stress:") && path.ends_with(".0.kind")))
        .collect();
    assert!(missing.is_empty(), "docs/SCENARIO.md lacks {missing:#?}");
    assert!(found.len() > 80);
}

fn told(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// What a key is when it is left out.
fn default(path: &str) -> String {
    let (section, key) = split(path);
    let mut root = base(section);
    at(&mut root, section).remove(key);
    let Ok(scenario) = read(&root) else {
        return "*needed*".to_owned();
    };
    let mut written: Table = scenario.to_toml().parse().unwrap();
    let value = at(&mut written, section).get(key).cloned();
    match value {
        Some(Value::Table(_)) => "*see there*".to_owned(),
        Some(value) if told(&value).is_empty() => "*none*".to_owned(),
        Some(value) => told(&value),
        None => "*none*".to_owned(),
    }
}

#[test]
fn defaults_are_what_a_scenario_has_when_the_key_is_left_out() {
    let mut wrong = String::new();
    for (path, row) in document() {
        let default = default(&path);
        let presets = row.default == "*preset's*" && default == "*none*";
        if !presets && row.default != default {
            wrong.push_str(&format!("{path}\t{default}\n"));
        }
    }
    assert!(
        wrong.is_empty(),
        "defaults that docs/SCENARIO.md has wrong:\n{wrong}"
    );
}

/// Values just outside of what a row allows, as far as it speaks in numbers.
fn outside(allowed: &str) -> Vec<String> {
    let clause = allowed.split(';').next().unwrap_or_default();
    let (range, decimals) = match clause
        .split_once(", ")
        .map(|(a, rest)| (a, rest.to_owned()))
    {
        // `above 0, up to 1, 6 decimals`
        Some((from, rest)) if rest.starts_with("up to") => {
            let (to, decimals) = rest.split_once(", ").unwrap_or((&rest, ""));
            (format!("{from}, {to}"), decimals.to_owned())
        }
        Some((range, decimals)) => (range.to_owned(), decimals),
        None => (clause.to_owned(), String::new()),
    };
    let words: Vec<&str> = range.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    let beyond = |text: &str, up: bool| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        let number: plimsoll_sim::scenario::Decimal = digits.parse().unwrap();
        let step = 10i128.pow(18) * if up { 1 } else { -1 };
        let next = plimsoll_sim::scenario::Decimal::from_raw(number.raw() + step);
        format!("{next}{unit}")
    };
    let mut values = match words.as_slice() {
        [low, "to", high] => vec![beyond(low, false), beyond(high, true)],
        [low, "or", "more"] => vec![beyond(low, false)],
        ["above", low] => vec![(*low).to_owned(), beyond(low, false)],
        ["above", low, "up", "to", high] => {
            vec![(*low).to_owned(), beyond(low, false), beyond(high, true)]
        }
        _ => Vec::new(),
    };
    if let Some(decimals) = decimals.strip_suffix(" decimals") {
        let decimals: usize = decimals.parse().unwrap();
        // Inside of all ranges that have a grid but those that begin below one.
        let whole = if range.starts_with("1 to") {
            "1."
        } else {
            "0."
        };
        values.push(format!("{whole}9{}1", "0".repeat(decimals)));
    }
    values
}

#[test]
fn what_lies_outside_the_documents_bounds_is_refused() {
    let mut probed = 0;
    for (path, row) in document() {
        for value in outside(&row.allowed) {
            let (section, _) = split(&path);
            let mut root = base(section);
            let number = value.parse::<i64>().map(Value::Integer);
            set(
                &mut root,
                &path,
                number.unwrap_or_else(|_| value.as_str().into()),
            );
            assert!(
                prepare(&root).is_err(),
                "{path} = {value} is outside of {:?} and is taken",
                row.allowed
            );
            probed += 1;
        }
    }
    assert!(probed > 150, "{probed}");
}

#[test]
fn what_the_document_calls_allowed_at_its_ends_is_taken() {
    // Where other keys stand in the way of an end, a table would need them, too.
    let alone = |path: &str| !path.contains("collateral") && !path.contains("_margin");
    let mut probed = 0;
    for (path, row) in document() {
        let clause = row.allowed.split([';', ',']).next().unwrap_or_default();
        let words: Vec<&str> = clause.split(' ').collect();
        let [low, "to", high] = words.as_slice() else {
            continue;
        };
        if !alone(&path) || row.allowed.contains(';') {
            continue;
        }
        for value in [low, high] {
            let mut root = base(split(&path).0);
            let number = value.parse::<i64>().map(Value::Integer);
            set(&mut root, &path, number.unwrap_or_else(|_| (*value).into()));
            let refused = read(&root).err();
            assert!(refused.is_none(), "{path} = {value}: {refused:?}");
            probed += 1;
        }
    }
    assert!(probed > 60, "{probed}");
}
