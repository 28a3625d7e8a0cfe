//! Composed designs: bounds of every number, and what does not fit together, one sentence each.
//!
//! First come the numbers, in the file's own units; then the rules of this file; then the engine's
//! own check of the whole ([`Config::check`]), told at the key that it is about.
//!
//! [`Config::check`]: plimsoll_engine::venues::composed::Config::check

use plimsoll_units::AssetId;

use super::exact::{self, Given};
use super::misfits::{Misfit, STAGES_MAX};
use super::stage::StageName;
use super::terms::{AcquirerTerms, Design, Model};
use crate::scenario::Decimal;

/// Path, decimals, least and most in millionths of one. A least of zero that is no value is 1.
const BOUNDS: &[(&str, u32, i128, i128)] = &[
    ("margin.initial", 8, 100, ONE),
    ("margin.maintenance", 8, 100, ONE),
    ("margin.price_range", 5, 1_000, 900_000),
    ("margin.least", 5, 0, ONE),
    ("margin.initial_over_maintenance", 5, ONE, 10 * ONE),
    ("trigger.urgent", 5, 0, ONE),
    ("hedge.collar", 4, 100, ONE),
    ("hedge.cushion", 5, 0, 10 * ONE),
    ("close-on-book.collar", 4, 100, ONE),
    ("auction.first", 6, 0, ONE),
    ("auction.step", 6, 0, ONE),
    ("reduce.discount", 5, 0, ONE),
    ("confiscate.first_caller", 5, 0, ONE),
    ("confiscate.resolver", 5, 0, ONE),
    ("reward.fee", 18, 0, ONE),
    ("reward.minimum", 8, 0, MONEY),
    ("fund.per_account", 6, 1, ONE),
    ("fund.per_window", 6, 1, ONE),
    ("fund.cover", 5, 0, 1_000 * ONE),
    ("vault.inventory", 5, 0, 1_000 * ONE),
    ("vault.stop_loss", 5, 0, ONE),
    ("vault.reserve", 5, 0, 1_000 * ONE),
    ("backstops.penalty", 5, 0, ONE),
    ("limits.open_interest", 6, 1, MONEY),
    ("limits.position", 6, 1, MONEY),
    ("limits.over_backstop", 5, 10, 1_000 * ONE),
];

/// One, in millionths.
const ONE: i128 = 1_000_000;
/// The most money, in millionths of a unit: a trillion.
const MONEY: i128 = 1_000_000_000_000 * ONE;

/// Numbers out of their bounds in sections whose units are the same under all rules.
pub(super) fn shares(design: &Design) -> Vec<Misfit> {
    let given = exact::given(design).into_iter();
    given
        .filter(|g| g.path.starts_with("fund."))
        .filter_map(|g| number(&g))
        .collect()
}

/// Everything that does not fit.
pub(super) fn check(design: &Design) -> Vec<Misfit> {
    let mut found = numbers(design);
    found.extend(RULES.iter().filter_map(|rule| rule(design)));
    let count = design.stages.len();
    if found.is_empty() && count > 0 && count <= STAGES_MAX {
        found.extend(engine(design).err());
    }
    found
}

fn millionths(count: i128) -> Decimal {
    Decimal::from_raw(count.saturating_mul(10i128.pow(12)))
}

/// Refuses a number between two steps of its grid, or out of its bounds.
fn bounded(
    at: &str,
    key: &str,
    value: Decimal,
    (decimals, least, most): (u32, i128, i128),
) -> Option<Misfit> {
    let (least, most) = (millionths(least), millionths(most));
    if value < least || value > most {
        let why = format!("{key} {value} is not in {least}..={most}");
        return Some(Misfit::new(at, why));
    }
    let step = 10i128.pow(18u32.saturating_sub(decimals));
    (value.raw() % step != 0).then(|| {
        let why = format!("{key} {value} has more than {decimals} decimals");
        Misfit::new(at, why)
    })
}

/// A number out of its bounds, if it has bounds here.
fn number(given: &Given) -> Option<Misfit> {
    let row = BOUNDS.iter().find(|(path, ..)| *path == given.path);
    let (path, decimals, least, most) = row?;
    let value = given.value.as_str()?.parse().ok()?;
    let key = path.split('.').next_back().unwrap_or_default();
    bounded(&given.at, key, value, (*decimals, *least, *most))
}

fn numbers(design: &Design) -> Vec<Misfit> {
    let mut found: Vec<Misfit> = exact::given(design).iter().filter_map(number).collect();
    for (at, own) in design.margin.markets.iter().enumerate() {
        for (key, value) in [("initial", own.initial), ("maintenance", own.maintenance)] {
            let at = format!("margin.markets.{at}.{key}");
            found.extend(bounded(&at, key, value, (8, 100, ONE)));
        }
    }
    let moves = (5, -ONE, 10 * ONE);
    for (at, scenario) in design.margin.scenarios.iter().enumerate() {
        let path = format!("margin.scenarios.{at}.all");
        found.extend(bounded(&path, "all", scenario.all, moves));
        for (other, except) in scenario.except.iter().enumerate() {
            let path = format!("margin.scenarios.{at}.except.{other}.by");
            found.extend(bounded(&path, "by", except.by, moves));
        }
    }
    for (at, stage) in design.stages.iter().enumerate() {
        if let Some(slices) = stage.slices {
            let at = format!("stages.{at}.slices");
            let fraction = format!("{at}.fraction");
            found.extend(bounded(
                &fraction,
                "fraction",
                slices.fraction,
                (5, 10, ONE),
            ));
            found.extend(bounded(
                &format!("{at}.deep"),
                "deep",
                slices.deep,
                (5, 0, ONE),
            ));
            if slices.interval.millis() < 1_000 {
                let why = "interval is below a second";
                found.push(Misfit::new(format!("{at}.interval"), why));
            }
        }
    }
    found
}

type Rule = fn(&Design) -> Option<Misfit>;

const RULES: &[Rule] = &[
    no_loans,
    no_options,
    scenarios_are_of_portfolio_margin,
    fractions_are_not_of_portfolio_margin,
    range_or_scenarios,
    initial_above_maintenance,
    urgent_needs_grace,
    window_needs_a_cap,
    acquirer_is_there,
    discount_is_the_funds,
    one_discount,
];

fn no_loans(design: &Design) -> Option<Misfit> {
    let model = design.margin.model.name();
    for (name, what) in [
        (StageName::Repay, "repay"),
        (StageName::WriteDown, "write down"),
    ] {
        if let Some(at) = place(design, name) {
            let why = format!(
                "stage `{}`: only liquidity loans have debt to {what}; margin.model is `{model}`",
                name.name()
            );
            return Some(Misfit::new(at, why));
        }
    }
    (design.margin.model == Model::LiquidityLoan).then(|| {
        let why = "margin.model is `liquidity-loan`: a composed venue holds positions; loans are \
                   of rules = \"gammaswap\" and \"gammaswap-v1.2\"";
        Misfit::new("margin.model", why)
    })
}

fn no_options(design: &Design) -> Option<Misfit> {
    [StageName::Decompose, StageName::PortfolioAuction]
        .into_iter()
        .find_map(|name| {
            let at = place(design, name)?;
            let why = format!(
                "stage `{}`: only books of options are taken apart or sold by the share, and only \
                 rules = \"kyan\" and \"kyan-derive\" have options",
                name.name()
            );
            Some(Misfit::new(at, why))
        })
}

fn scenarios_are_of_portfolio_margin(design: &Design) -> Option<Misfit> {
    if design.margin.model == Model::Portfolio {
        return None;
    }
    let own = [
        "price_range",
        "scenarios",
        "least",
        "initial_over_maintenance",
    ];
    given_of(design, &own, |key, model| {
        format!("`{key}`: only portfolio margin has scenarios; margin.model is `{model}`")
    })
}

fn fractions_are_not_of_portfolio_margin(design: &Design) -> Option<Misfit> {
    if design.margin.model != Model::Portfolio {
        return None;
    }
    given_of(design, &["initial", "maintenance", "markets"], |key, _| {
        format!(
            "`{key}`: under portfolio margin the requirement is the largest loss over scenarios; \
             say price_range or scenarios"
        )
    })
}

/// The first of these keys of `[design.margin]` that is given.
fn given_of(design: &Design, keys: &[&str], why: fn(&str, &str) -> String) -> Option<Misfit> {
    let given = exact::given(design);
    keys.iter().find_map(|key| {
        let found = given.iter().find(|g| g.path == format!("margin.{key}"))?;
        Some(Misfit::new(
            &*found.at,
            why(key, design.margin.model.name()),
        ))
    })
}

fn range_or_scenarios(design: &Design) -> Option<Misfit> {
    let both = design.margin.price_range.is_some() && !design.margin.scenarios.is_empty();
    both.then(|| {
        let why = "use either price_range, which makes the scenarios, or scenarios";
        Misfit::new("margin.price_range", why)
    })
}

fn initial_above_maintenance(design: &Design) -> Option<Misfit> {
    use super::composed::defaults;
    let low = |at: String, initial: Decimal, maintenance: Decimal| {
        (initial < maintenance).then(|| {
            let why = format!(
                "initial {initial} is below maintenance {maintenance}: whoever opens would be \
                 liquidated at once"
            );
            Misfit::new(at, why)
        })
    };
    let margin = &design.margin;
    let all = low(
        if margin.initial.is_some() {
            "margin.initial"
        } else {
            "margin.maintenance"
        }
        .to_owned(),
        margin.initial.unwrap_or(defaults::INITIAL),
        margin.maintenance.unwrap_or(defaults::MAINTENANCE),
    );
    let own = |(at, own): (usize, &super::MarketMargin)| {
        low(
            format!("margin.markets.{at}.initial"),
            own.initial,
            own.maintenance,
        )
    };
    all.or_else(|| margin.markets.iter().enumerate().find_map(own))
}

fn urgent_needs_grace(design: &Design) -> Option<Misfit> {
    let idle = design.trigger.urgent.is_some() && design.trigger.grace.is_none();
    idle.then(|| {
        let why = "`urgent` without `grace`: it is about who gets no grace";
        Misfit::new("trigger.urgent", why)
    })
}

fn window_needs_a_cap(design: &Design) -> Option<Misfit> {
    let fund = design.backstops.fund.as_ref()?;
    let idle = fund.window.is_some() && fund.per_window.is_none();
    idle.then(|| {
        let why = "`window` without `per_window`: there is no cap to count within it";
        Misfit::new("backstops.fund.window", why)
    })
}

fn acquirer_is_there(design: &Design) -> Option<Misfit> {
    let (who, there) = match design.backstops.acquirer? {
        AcquirerTerms::Fund => ("fund", design.has_fund()),
        AcquirerTerms::Vault => ("vault", design.backstops.vault.is_some()),
    };
    (!there).then(|| {
        let why = format!("acquirer is `{who}`, and there is no [design.backstops.{who}]");
        Misfit::new("backstops.acquirer", why)
    })
}

fn discount_is_the_funds(design: &Design) -> Option<Misfit> {
    let at = design
        .stages
        .iter()
        .position(|stage| stage.discount.is_some())?;
    (design.acquirer() == AcquirerTerms::Vault).then(|| {
        let why = "`discount` is what the insurance fund gets for a partial liquidation, and the \
                   acquirer is the vault";
        Misfit::new(format!("stages.{at}.discount"), why)
    })
}

fn one_discount(design: &Design) -> Option<Misfit> {
    let mut first = None;
    for (at, stage) in design.stages.iter().enumerate() {
        let Some(discount) = stage.discount else {
            continue;
        };
        if *first.get_or_insert(discount) != discount {
            let why = "`discount` is said twice, and differently; the fund has one";
            return Some(Misfit::new(format!("stages.{at}.discount"), why));
        }
    }
    None
}

fn place(design: &Design, name: StageName) -> Option<String> {
    let at = design.stages.iter().position(|stage| stage.stage == name)?;
    Some(format!("stages.{at}"))
}

/// What the engine says of the whole, with the markets that the file names and one more.
fn engine(design: &Design) -> Result<(), Misfit> {
    let margin = &design.margin;
    let excepted = margin.scenarios.iter().flat_map(|s| &s.except);
    let mut symbols: Vec<String> = margin.markets.iter().map(|m| m.symbol.clone()).collect();
    symbols.extend(excepted.map(|except| except.symbol.clone()));
    symbols.push("another market".to_owned());
    symbols.sort();
    symbols.dedup();
    let price = 10u64.pow(10);
    let markets: Vec<(String, u64)> = symbols.into_iter().map(|s| (s, price)).collect();
    let million = 10i128.pow(14);
    let config = design.config(AssetId(0), &markets, million)?;
    config.check().map_err(|why| {
        let why = why.to_string();
        let bare = why.strip_prefix("the design does not fit together: ");
        let why = bare.map_or(why.clone(), str::to_owned);
        Misfit::new(about(design, &why), why)
    })
}

/// Words of the engine's messages, and the keys they are about.
const WORDS: &[(&str, &str)] = &[
    ("grace", "trigger.grace"),
    ("retry", "retry"),
    ("penalty", "backstops.penalty"),
    ("counterparties", "backstops.counterparties"),
    ("multiple of the backstops", "limits.over_backstop"),
    ("scenario", "margin.scenarios"),
    ("bounties", "confiscate"),
    ("with versioned margin", "lock.scope"),
    ("versioned margin without", "margin.model"),
];

/// The path of the key that a message of the engine is about: a stage it names, or a word.
fn about(design: &Design, message: &str) -> String {
    let word = WORDS.iter().find(|(word, _)| message.contains(word));
    let named = message.split('`').skip(1).step_by(2);
    let named = named.chain(word.map(|(_, path)| *path));
    let stage = named.into_iter().find_map(|name| {
        let own = |stage: &super::StageTerms| stage.stage.name() == name;
        design.stages.iter().rposition(own)
    });
    match (word, stage) {
        (Some((_, path)), _) if StageName::ALL.iter().all(|s| s.name() != *path) => {
            (*path).to_owned()
        }
        (_, Some(at)) => format!("stages.{at}"),
        (_, None) => "rules".to_owned(),
    }
}
