//! Stresses on the command line: `KIND=VALUES`, short for an entry of `[[stress]]`.

use anyhow::{Context, bail};
use plimsoll_sim::scenario::Stress;
use serde_json::{Map, Value};

/// Kinds: short name, name in a scenario, keys in the order of their values; from the number on,
/// they may be left out.
const KINDS: [(&str, &str, &[&str], usize); 9] = [
    ("scale", "scale", &["by"], 1),
    ("correlate", "correlate", &["with", "by"], 2),
    ("gap", "gap", &["at", "by"], 2),
    ("freeze", "freeze-oracle", &["at", "for"], 2),
    ("delay", "delay-prices", &["by", "at", "for"], 1),
    ("partners", "partners-leave", &["at", "for"], 1),
    ("liquidators", "liquidators-away", &["at", "for"], 1),
    ("liquidity", "liquidity-leaves", &["at", "share"], 2),
    ("books", "widen-books", &["at", "depth", "spread", "for"], 3),
];

/// Reads one.
pub(crate) fn read(text: &str) -> anyhow::Result<Stress> {
    let known = || KINDS.map(|(short, ..)| short).join(", ");
    let Some((kind, values)) = text.split_once('=') else {
        bail!(
            "--stress {text:?} is not KIND=VALUES; kinds are {}",
            known()
        );
    };
    let kind = kind.trim();
    let found = KINDS.iter().find(|k| k.0 == kind || k.1 == kind);
    let Some((_, name, keys, least)) = found else {
        bail!("--stress: there is no kind {kind:?}; kinds are {}", known());
    };
    let values: Vec<&str> = values.split(',').map(str::trim).collect();
    if values.len() < *least || values.len() > keys.len() || values.contains(&"") {
        let form: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| match at < *least {
                true => key.to_uppercase(),
                false => format!("[{}]", key.to_uppercase()),
            })
            .collect();
        bail!("--stress {text:?}: write {kind}={}", form.join(","));
    }
    let mut entry = Map::new();
    entry.insert("kind".to_owned(), Value::from(*name));
    for (key, value) in keys.iter().zip(values) {
        entry.insert((*key).to_owned(), Value::from(value));
    }
    serde_json::from_value(Value::Object(entry)).with_context(|| format!("--stress {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn short_forms_are_the_entries_of_a_scenario() {
        for (text, entry) in [
            ("scale=1.5", r#"{"kind":"scale","by":"1.5"}"#),
            (
                "gap=2025-10-10T21:00:00Z,-0.1",
                r#"{"kind":"gap","at":"2025-10-10T21:00:00Z","by":"-0.1"}"#,
            ),
            (
                "freeze-oracle=2025-10-10T21:00:00Z, 10m",
                r#"{"kind":"freeze-oracle","at":"2025-10-10T21:00:00Z","for":"10m"}"#,
            ),
            ("delay=30s", r#"{"kind":"delay-prices","by":"30s"}"#),
        ] {
            let long = serde_json::from_str(entry).unwrap();
            assert_eq!(read(text).unwrap(), long, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_what_it_should_be() {
        for (text, why) in [
            ("scale", "KIND=VALUES"),
            ("worse=2", "no kind \"worse\""),
            ("gap=2025-10-10T21:00:00Z", "write gap=AT,BY"),
            (
                "books=2025-10-10T21:00:00Z,0.1,3,1h,4",
                "write books=AT,DEPTH,SPREAD,[FOR]",
            ),
            ("scale=much", "much"),
        ] {
            let told = format!("{:#}", read(text).unwrap_err());
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
