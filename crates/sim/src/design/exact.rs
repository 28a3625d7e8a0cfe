//! A design for one of the five exact machines: its stages as that machine runs them, and its
//! parameters.
//!
//! What the file says is what runs: a key becomes the parameter that [`super::keys`] names, a list
//! of stages the flags and lists that make the machine walk just those. What the machine cannot
//! walk is refused, with the way out.

use serde::Serialize;
use toml::{Table, Value};

use super::keys::{Becomes, KEYS, Machine};
use super::misfits::Misfit;
use super::stage::{CapTerms, PortionTerms, RepaymentTerms, StageName, StageTerms, WhoseTerms};
use super::terms::Design;
use crate::scenario::{
    Decimal, Deleveraging, GammaswapParameters, KumaParameters, KyanParameters,
    PerennialParameters, Preset, TsunamixParameters,
};

/// Parameters that `[design.parameters]` may not have: other sections say them, or they are what a
/// comparison has around a design.
const ELSEWHERE: &[(Machine, &str, &str)] = &[
    (
        Machine::Perennial,
        "close_fee_before_reward",
        "`cap` of stage `reward` says it",
    ),
    (
        Machine::Perennial,
        "margin_above_maintenance",
        "margin.initial says it",
    ),
    (
        Machine::Perennial,
        "reward_at_settlement",
        "the order of the stages says it",
    ),
    (
        Machine::Perennial,
        "partial_liquidation",
        "`portion` of stage `close-next-version` says it",
    ),
    (Machine::Kuma, "waterfall", "the stages say it"),
    (Machine::Kuma, "partial", "stage `reduce` says it"),
    (Machine::Kuma, "defence", "backstops.fund says it"),
    (Machine::Kuma, "insurance_fund", "backstops.size says it"),
    (Machine::Kuma, "funding", "it comes with the prices"),
    (Machine::Kyan, "procedure", "the stages say it"),
    (Machine::Kyan, "fund", "backstops.size says it"),
    (Machine::Kyan, "people", "[people] says it"),
    (Machine::Kyan, "makers", "[street] says it"),
    (Machine::Kyan, "bidders", "[street] says it"),
    (Machine::Kyan, "partners", "[street] says it"),
];

/// A key that a file gives: its path in [`KEYS`], where it stands, its value.
pub(super) struct Given {
    pub(super) path: String,
    pub(super) at: String,
    pub(super) value: Value,
}

/// Everything a design gives beside what every machine takes.
pub(super) fn given(design: &Design) -> Vec<Given> {
    let mut found = Vec::new();
    let mut add = |section: &str, at: &str, table: Table| {
        for (key, value) in table {
            found.push(Given {
                path: format!("{section}.{key}"),
                at: format!("{at}.{key}"),
                value,
            });
        }
    };
    let mut margin = table(&design.margin);
    margin.remove("model");
    add("margin", "margin", margin);
    add("trigger", "trigger", table(&design.trigger));
    add("limits", "limits", table(&design.limits));
    let mut backstops = table(&design.backstops);
    backstops.remove("size");
    for part in ["fund", "vault"] {
        if let Some(Value::Table(own)) = backstops.remove(part) {
            add(part, &format!("backstops.{part}"), own);
        }
    }
    add("backstops", "backstops", backstops);
    for (at, stage) in design.stages.iter().enumerate() {
        let mut own = table(stage);
        own.remove("stage");
        add(stage.stage.name(), &format!("stages.{at}"), own);
    }
    found
}

fn table<T: Serialize>(terms: &T) -> Table {
    Table::try_from(terms).unwrap_or_default()
}

/// The machine's parameters that a design names by keys and by `[design.parameters]`.
fn named(design: &Design, machine: Machine) -> Result<Table, Misfit> {
    let mut parameters = design.parameters.clone();
    for key in design.parameters.keys() {
        let at = format!("parameters.{key}");
        let elsewhere = ELSEWHERE
            .iter()
            .find(|(m, own, _)| *m == machine && *own == key);
        if let Some((.., why)) = elsewhere {
            return Err(Misfit::new(
                at,
                format!("`{key}` does not belong here: {why}"),
            ));
        }
        let same = |becomes: Becomes| matches!(becomes, Becomes::Same(own) if own == key);
        let row = KEYS
            .iter()
            .find(|(_, m, becomes)| *m == machine && same(*becomes));
        if let Some((path, ..)) = row {
            return Err(Misfit::new(
                at,
                format!("`{key}` does not belong here: {path} says it"),
            ));
        }
    }
    for Given { path, at, value } in given(design) {
        let row = KEYS.iter().find(|(p, m, _)| *p == path && *m == machine);
        let Some((.., Becomes::Same(key))) = row else {
            continue;
        };
        let before = parameters.insert((*key).to_owned(), value.clone());
        if before.is_some_and(|before| before != value) {
            let why = format!("{path} is said twice, and differently; this machine has one");
            return Err(Misfit::new(at, why));
        }
    }
    Ok(parameters)
}

/// The parameters as their type; what the machine does not know is told at its key.
fn typed<T: serde::de::DeserializeOwned>(design: &Design, machine: Machine) -> Result<T, Misfit> {
    let parameters = named(design, machine)?;
    Value::Table(parameters)
        .try_into()
        .map_err(|e: toml::de::Error| {
            let message = e.message().to_owned();
            let key = message.split('`').nth(1).unwrap_or_default();
            Misfit::new(format!("parameters.{key}"), message)
        })
}

/// A bound that the parameters pass, told at the key it came from.
fn bounded(design: &Design, machine: Machine, checked: Result<(), String>) -> Result<(), Misfit> {
    checked.map_err(|why| {
        let words: Vec<&str> = why
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .collect();
        let from = given(design).into_iter().find(|given| {
            KEYS.iter().any(|(path, m, becomes)| {
                let Becomes::Same(key) = becomes else {
                    return false;
                };
                *m == machine && *path == given.path && words.contains(key)
            })
        });
        let own = design
            .parameters
            .keys()
            .find(|key| words.contains(&key.as_str()));
        let at = match (from, own) {
            (Some(given), _) => given.at,
            (None, Some(key)) => format!("parameters.{key}"),
            (None, None) => "rules".to_owned(),
        };
        Misfit::new(at, why)
    })
}

pub(super) fn tsunamix(design: &Design) -> Result<TsunamixParameters, Misfit> {
    let parameters: TsunamixParameters = typed(design, Machine::Tsunamix)?;
    bounded(design, Machine::Tsunamix, parameters.check())?;
    Ok(parameters)
}

pub(super) fn perennial(design: &Design) -> Result<PerennialParameters, Misfit> {
    let mut parameters: PerennialParameters = typed(design, Machine::Perennial)?;
    let stage = |name| design.stages.iter().find(|s| s.stage == name);
    let portion = stage(StageName::CloseNextVersion).and_then(|s| s.portion);
    let cap = stage(StageName::Reward).and_then(|s| s.cap);
    let first = design.stages.first().map(|s| s.stage);
    parameters.partial_liquidation = portion.map(|p| p == PortionTerms::ToRequirement);
    parameters.close_fee_before_reward = cap.map(|cap| cap == CapTerms::Now);
    parameters.reward_at_settlement = Some(first == Some(StageName::CloseNextVersion));
    parameters.margin_above_maintenance = design.margin.initial.map(|_| true);
    bounded(design, Machine::Perennial, parameters.check())?;
    Ok(parameters)
}

pub(super) fn gammaswap(design: &Design) -> Result<GammaswapParameters, Misfit> {
    let parameters: GammaswapParameters = typed(design, Machine::Gammaswap)?;
    bounded(design, Machine::Gammaswap, parameters.check())?;
    Ok(parameters)
}

/// Whether GammaSwap's liquidators take several loans in one transaction.
pub(super) fn batches(design: &Design) -> bool {
    let how = design.stages.iter().find_map(|stage| stage.how);
    how != Some(RepaymentTerms::WithLp)
}

/// With a fund of so much, whole units.
pub(super) fn kuma(design: &Design, fund: Decimal) -> Result<KumaParameters, Misfit> {
    use crate::scenario::{Defence, Hop};
    let mut parameters: KumaParameters = typed(design, Machine::Kuma)?;
    parameters.insurance_fund = fund;
    parameters.partial = Some(design.stages.iter().any(|s| s.stage == StageName::Reduce));
    let hop = |stage: &StageTerms| match (stage.stage, stage.whose) {
        (StageName::HandOff, _) => Some(Hop::Partners),
        (StageName::CloseOnBook, _) => Some(Hop::Book),
        (StageName::Deleverage, whose) if whose != Some(WhoseTerms::Account) => {
            Some(Hop::Deleverage)
        }
        _ => None,
    };
    parameters.waterfall = design.stages.iter().filter_map(hop).collect();
    let share =
        |of: Option<Decimal>| of.map(|of| fund.scaled(of.raw(), Decimal::ONE.raw()).cut::<6>());
    if let Some(terms) = &design.backstops.fund {
        parameters.defence = Some(Defence {
            per_account: share(terms.per_account),
            per_window: share(terms.per_window),
            window: terms.window.unwrap_or(Defence::WINDOW),
            gate: terms.gate,
        });
    }
    bounded(design, Machine::Kuma, parameters.check())?;
    Ok(parameters)
}

pub(super) fn kyan(design: &Design) -> Result<KyanParameters, Misfit> {
    use crate::scenario::Step;
    let mut parameters: KyanParameters = typed(design, Machine::Kyan)?;
    let step = |stage: &StageTerms| match stage.stage {
        StageName::Hedge => Some(Step::Hedge),
        StageName::Decompose => Some(Step::Decompose),
        StageName::Auction => Some(Step::Auction),
        StageName::PortfolioAuction => Some(Step::PortfolioAuction),
        StageName::HandOff => Some(Step::Partner),
        _ => None,
    };
    let steps: Vec<Step> = design.stages.iter().filter_map(step).collect();
    parameters.procedure = Some(steps);
    let derive = design.rules == Preset::KyanDerive;
    bounded(design, Machine::Kyan, parameters.check(derive))?;
    Ok(parameters)
}

/// The first bound of the machine's that the design passes.
pub(super) fn check(design: &Design, machine: Machine) -> Result<(), Misfit> {
    let million = Decimal::from_raw(10i128.pow(24));
    match machine {
        Machine::Tsunamix => tsunamix(design).map(drop),
        Machine::Perennial => perennial(design).map(drop),
        Machine::Gammaswap => gammaswap(design).map(drop),
        Machine::Kuma => kuma(design, million).map(drop),
        Machine::Kyan => kyan(design).map(drop),
        Machine::Composed => Ok(()),
    }
}

/// What a machine walks, in words.
pub(super) const fn walks(rules: Preset) -> &'static str {
    match rules {
        Preset::Tsunamix => "`confiscate`, and `force-close` at the profit limit",
        Preset::Perennial | Preset::PerennialPlus => {
            "`reward`, `close-next-version` (paid at once), or the two the other way round (paid \
             at settlement)"
        }
        Preset::Gammaswap => "`write-down`, `repay`",
        Preset::GammaswapV12 => "`repay`, `write-down`",
        Preset::Kuma | Preset::KumaPlus => {
            "[`reduce`], `acquire`, `deleverage` with whose = \"account\", [`acquire` again with \
             policy = \"minimal\"], then any of `hand-off`, `close-on-book`, `deleverage`, each \
             once and in any order"
        }
        Preset::Kyan | Preset::KyanDerive => {
            "any of `hedge`, `decompose`, `hand-off` and one of `auction`, `portfolio-auction`, \
             each once and in any order, then `acquire`, `socialise`"
        }
        Preset::Composed => "any stages that fit together",
    }
}

/// The place of the first stage that the machine does not walk there; the count of stages where
/// one is missing at the end.
pub(super) fn stray(rules: Preset, stages: &[StageTerms]) -> Option<usize> {
    use StageName::{
        Acquire, Auction, CloseNextVersion, Confiscate, Decompose, ForceClose, HandOff, Hedge,
        PortfolioAuction, Repay, Reward, Socialise, WriteDown,
    };
    let names: Vec<StageName> = stages.iter().map(|stage| stage.stage).collect();
    let as_listed = |wanted: &[StageName]| {
        let same = names.iter().zip(wanted).take_while(|(a, b)| a == b).count();
        (same < names.len().max(wanted.len())).then_some(same)
    };
    match rules {
        Preset::Composed => None,
        Preset::Tsunamix => as_listed(&[Confiscate, ForceClose]),
        Preset::Perennial | Preset::PerennialPlus => match names.first() {
            Some(CloseNextVersion) => as_listed(&[CloseNextVersion, Reward]),
            _ => as_listed(&[Reward, CloseNextVersion]),
        },
        Preset::Gammaswap => as_listed(&[WriteDown, Repay]),
        Preset::GammaswapV12 => as_listed(&[Repay, WriteDown]),
        Preset::Kuma | Preset::KumaPlus => stray_kuma(stages),
        Preset::Kyan | Preset::KyanDerive => {
            let end = names.len().saturating_sub(2);
            let steps = &names[..end];
            let known = [Hedge, Decompose, HandOff, Auction, PortfolioAuction];
            let odd = |at: usize| !known.contains(&steps[at]) || steps[..at].contains(&steps[at]);
            let auctions = |name: &&StageName| [Auction, PortfolioAuction].contains(name);
            let second = steps.iter().filter(auctions).count() != 1;
            (0..end)
                .find(|at| odd(*at))
                .or_else(|| (names.get(end) != Some(&Acquire)).then_some(end))
                .or_else(|| (names.get(end + 1) != Some(&Socialise)).then_some(end + 1))
                .or_else(|| second.then_some(end))
        }
    }
}

fn stray_kuma(stages: &[StageTerms]) -> Option<usize> {
    use StageName::{Acquire, CloseOnBook, Deleverage, HandOff, Reduce};
    let is = |at: usize, name| stages.get(at).is_some_and(|stage| stage.stage == name);
    let mut at = usize::from(is(0, Reduce));
    if !is(at, Acquire) {
        return Some(at);
    }
    at += 1;
    if !is(at, Deleverage) || stages[at].whose != Some(WhoseTerms::Account) {
        return Some(at);
    }
    let minimal = stages[at].policy == Some(Deleveraging::Minimal);
    at += 1;
    if minimal != is(at, Acquire) {
        return Some(at);
    }
    at += usize::from(minimal);
    let hops = &stages[at..];
    let odd = |hop: usize| {
        let own = hops[hop].whose == Some(WhoseTerms::Account);
        let twice = hops[..hop]
            .iter()
            .any(|other| other.stage == hops[hop].stage);
        !([HandOff, CloseOnBook, Deleverage].contains(&hops[hop].stage)) || own || twice
    };
    let found = (0..hops.len()).find(|hop| odd(*hop));
    found.map(|hop| at + hop).or(hops.is_empty().then_some(at))
}
