//! Named lessons of history: comparisons in which a design that failed runs beside designs that
//! would not have, on the same people and prices.
//!
//! A lesson is a scenario (`assets/lessons/NAME.toml`, run by `plimsoll compare NAME`) and the
//! designs it needs beside the presets (`assets/lessons/designs`). Each scenario says in its
//! comments what is published of the event and what is ours, and in `lesson` what prevented the
//! loss or would have, with the numbers of its own run. docs/LESSONS.md tells them all.

/// The lessons by name.
pub const SCENARIOS: [(&str, &str); 4] = [
    (
        "march-2020",
        include_str!("../assets/lessons/march-2020.toml"),
    ),
    (
        "thin-market",
        include_str!("../assets/lessons/thin-market.toml"),
    ),
    (
        "open-interest",
        include_str!("../assets/lessons/open-interest.toml"),
    ),
    (
        "october-10",
        include_str!("../assets/lessons/october-10.toml"),
    ),
];

/// The designs of the lessons by name, beside the presets.
pub const DESIGNS: [(&str, &str); 7] = [
    (
        "auction-alone",
        include_str!("../assets/lessons/designs/auction-alone.toml"),
    ),
    (
        "auction-with-reserve",
        include_str!("../assets/lessons/designs/auction-with-reserve.toml"),
    ),
    (
        "vault-capped",
        include_str!("../assets/lessons/designs/vault-capped.toml"),
    ),
    (
        "vault-last",
        include_str!("../assets/lessons/designs/vault-last.toml"),
    ),
    (
        "interest-by-depth",
        include_str!("../assets/lessons/designs/interest-by-depth.toml"),
    ),
    (
        "book-and-fund",
        include_str!("../assets/lessons/designs/book-and-fund.toml"),
    ),
    (
        "fund-sized",
        include_str!("../assets/lessons/designs/fund-sized.toml"),
    ),
];
