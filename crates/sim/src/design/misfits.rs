//! What does not fit together in a design, each with its reason.

use super::exact::{self, Given};
use super::keys::{KEYS, Machine};
use super::stage::{RepaymentTerms, StageName};
use super::terms::{Design, Model, Scope};
use super::together;
use crate::scenario::{Decimal, Preset};

/// The most stages of a procedure.
pub(super) const STAGES_MAX: usize = 16;
/// The longest name, title and description.
const NAME_MAX: usize = 64;
const TEXT_MAX: usize = 4_000;

/// Something that does not fit, and the path of the key it is told at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) at: String,
    pub(super) why: String,
}

impl Misfit {
    pub(super) fn new(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            why: why.into(),
        }
    }
}

/// Everything that does not fit.
pub(super) fn of(design: &Design) -> Vec<Misfit> {
    let mut found = texts(design);
    let machine = Machine::of(design.rules);
    found.extend(idle_keys(design, machine));
    found.extend(size(design));
    found.extend(count(design));
    if machine == Machine::Composed {
        found.extend(together::check(design));
        return found;
    }
    found.extend(stages(design, machine));
    found.extend(model_and_lock(design));
    found.extend(together::shares(design));
    if found.is_empty() {
        found.extend(exact::check(design, machine).err());
    }
    found
}

fn size(design: &Design) -> Option<Misfit> {
    let size = design.backstops.size?;
    let most = Decimal::from_raw(Decimal::ONE.raw() * 1_000);
    let fits = size >= Decimal::from_raw(10i128.pow(12)) && size <= most && size == size.cut::<6>();
    (!fits).then(|| {
        let why = format!("size {size} is not in 0.000001..={most}, with at most 6 decimals");
        Misfit::new("backstops.size", why)
    })
}

fn count(design: &Design) -> Option<Misfit> {
    let stages = design.stages.len();
    if stages == 0 {
        let why = "there is no procedure: name the stages in `procedure` or [[design.stages]]";
        return Some(Misfit::new("", why));
    }
    (stages > STAGES_MAX).then(|| {
        let why = format!("{stages} stages are more than {STAGES_MAX}");
        Misfit::new(format!("stages.{STAGES_MAX}"), why)
    })
}

fn texts(design: &Design) -> Vec<Misfit> {
    let mut found = Vec::new();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let name = &design.name;
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
        let why = format!(
            "the name {name:?} is not one of 1 to {NAME_MAX} small letters, digits, dots and dashes"
        );
        found.push(Misfit::new("name", why));
    }
    for (key, text) in [("title", &design.title), ("about", &design.about)] {
        if text.len() > TEXT_MAX {
            let why = format!("{key} has {} bytes, more than {TEXT_MAX}", text.len());
            found.push(Misfit::new(key, why));
        }
    }
    found
}

/// Keys that do nothing under these rules.
fn idle_keys(design: &Design, machine: Machine) -> Vec<Misfit> {
    let idle = |Given { path, at, .. }: Given| {
        let mut homes = KEYS.iter().filter(|(known, ..)| *known == path);
        if homes.clone().any(|(_, m, _)| *m == machine) {
            return None;
        }
        let key = path.split('.').next_back().unwrap_or_default();
        let rules = design.rules.name();
        let why = match homes.next() {
            Some((_, home, _)) => format!(
                "`{key}` does nothing under rules = {rules:?}; the {} machine has it",
                home.name()
            ),
            None => {
                let stage = path.split('.').next().unwrap_or_default();
                format!("`{stage}` has no `{key}`")
            }
        };
        Some(Misfit::new(at, why))
    };
    let mut found: Vec<Misfit> = exact::given(design).into_iter().filter_map(idle).collect();
    let executed = matches!(
        machine,
        Machine::Tsunamix | Machine::Perennial | Machine::Gammaswap
    );
    if machine == Machine::Composed {
        found.extend(design.parameters.keys().map(|key| {
            let why = format!("`{key}` does nothing here: a composed design has no parameters");
            Misfit::new(format!("parameters.{key}"), why)
        }));
    }
    if design.execution.is_some() && !executed {
        let why = format!(
            "`execution` does nothing under rules = {:?}: it liquidates by its own engine",
            design.rules.name()
        );
        found.push(Misfit::new("execution", why));
    }
    if design.retry.is_some() && machine != Machine::Composed {
        let why = "`retry` does nothing here; the composed machine has it";
        found.push(Misfit::new("retry", why));
    }
    found
}

fn stages(design: &Design, machine: Machine) -> Option<Misfit> {
    let stages = &design.stages;
    let from_collateral = |s: &super::StageTerms| s.how == Some(RepaymentTerms::FromCollateral);
    if let Some(at) = stages.iter().position(from_collateral) {
        let why = "how = \"from-collateral\": the liquidators of a replay bring LP tokens";
        return Some(Misfit::new(format!("stages.{at}.how"), why));
    }
    let at = exact::stray(design.rules, stages)?;
    let rules = design.rules.name();
    let walks = exact::walks(design.rules);
    let hint = "rules = \"composed\" takes other stages and orders";
    let why = match stages.get(at) {
        Some(stage) => loans_and_options(stage.stage, machine, design).unwrap_or_else(|| {
            format!(
                "stage `{}` does not come here under rules = {rules:?}, which walks {walks}; {hint}",
                stage.stage.name()
            )
        }),
        None => format!("a stage is missing: rules = {rules:?} walks {walks}; {hint}"),
    };
    Some(Misfit::new(format!("stages.{at}"), why))
}

/// Stages that only one kind of account has a use for.
fn loans_and_options(stage: StageName, machine: Machine, design: &Design) -> Option<String> {
    let name = stage.name();
    let model = design.margin.model.name();
    match stage {
        StageName::Repay | StageName::WriteDown if machine != Machine::Gammaswap => Some(format!(
            "stage `{name}`: only liquidity loans have debt to {}; margin.model is `{model}`",
            if stage == StageName::Repay {
                "repay"
            } else {
                "write down"
            }
        )),
        StageName::Decompose | StageName::PortfolioAuction if machine != Machine::Kyan => {
            Some(format!(
                "stage `{name}`: only books of options are taken apart or sold by the share, and \
                 only rules = \"kyan\" and \"kyan-derive\" have options"
            ))
        }
        _ => None,
    }
}

/// What the machine of these rules has, and cannot have otherwise.
const fn fixed(rules: Preset) -> (Model, Scope) {
    match rules {
        Preset::Tsunamix => (Model::Isolated, Scope::None),
        Preset::Perennial | Preset::PerennialPlus => (Model::Versioned, Scope::All),
        Preset::Gammaswap | Preset::GammaswapV12 => (Model::LiquidityLoan, Scope::None),
        Preset::Kuma | Preset::KumaPlus => (Model::Cross, Scope::None),
        Preset::Kyan | Preset::KyanDerive => (Model::Portfolio, Scope::DepositsOnly),
        // It has whatever the file says; see [`together`].
        Preset::Composed => (Model::Cross, Scope::None),
    }
}

fn model_and_lock(design: &Design) -> Vec<Misfit> {
    let (model, scope) = fixed(design.rules);
    let rules = design.rules.name();
    let mut found = Vec::new();
    if design.margin.model != model {
        let why = format!(
            "margin.model is `{}`, and rules = {rules:?} has `{}`; rules = \"composed\" takes any \
             position-based model",
            design.margin.model.name(),
            model.name()
        );
        found.push(Misfit::new("margin.model", why));
    }
    if let Some(given) = design.lock.scope.filter(|given| *given != scope) {
        let why = format!(
            "lock.scope is `{}`, and rules = {rules:?} locks `{}`; rules = \"composed\" takes any",
            given.name(),
            scope.name()
        );
        found.push(Misfit::new("lock.scope", why));
    }
    found
}
