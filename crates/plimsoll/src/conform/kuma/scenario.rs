//! One recorded call: the state before it goes in whole and must read back the same; the call is
//! made; then the whole state after it is compared, or the contract's refusal, by its text, with
//! the state untouched.

use plimsoll_engine::Rejection;
use serde_json::Value;

use super::super::compare::{Mismatch, expect};
use super::action::Call;
use super::fields::Fields;
use super::world::World;
use super::{Check, same_revert, snapshot};

/// How a call ended, or is said to have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It did what it does.
    Done,
    /// It was refused with this text.
    Refused(String),
}

impl Outcome {
    fn read(of: &Fields<'_>) -> Result<Self, Mismatch> {
        let outcome = match (of.parse("ok")?, of.get("revert")) {
            (true, None) => Self::Done,
            (false, Some(_)) => Self::Refused(of.text("revert")?),
            _ => {
                return Err(Mismatch::unusable("a result is either ok or has a revert"));
            }
        };
        of.all_answered()?;
        Ok(outcome)
    }

    pub(super) fn of(result: Result<(), Rejection>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(Rejection::Kuma(refusal)) => Self::Refused(refusal.to_string()),
            Err(other) => Self::Refused(other.to_string()),
        }
    }

    /// Whether this refusal is expected.
    pub(super) fn is_refusal(&self, text: &str) -> bool {
        matches!(self, Self::Refused(expected) if expected == text)
    }

    fn compare(&self, actual: &Self) -> Check {
        let shown = |outcome: &Self| match outcome {
            Self::Done => "ok".to_owned(),
            Self::Refused(text) => text.clone(),
        };
        match (self, actual) {
            (Self::Refused(theirs), Self::Refused(ours)) if same_revert(theirs, ours) => Ok(()),
            _ => expect("the result", shown(self), shown(actual)),
        }
    }
}

/// Runs one scenario.
pub(super) fn run(vector: &Value) -> Check {
    let vector = Fields::new(vector)?;
    vector.provenance(&["id", "title", "source", "deterministic"]);
    let expected = Outcome::read(&vector.fields("result")?)?;
    let args = vector.fields("args")?;
    let call = Call::read(&vector.text("action")?, &args)?;
    args.all_answered().map_err(|m| m.within("args"))?;
    let mut world = World::new(&vector.fields("before")?, &call.wallets())?;
    call.prepare(&mut world, &expected)?;
    snapshot::compare("before", vector.value("before")?, &world)?;
    if let Some(totals) = vector.get("doublePipTotals") {
        snapshot::compare_totals(totals, &world)?;
    }
    if let (Call::Funding(published), Outcome::Done) = (&call, &expected) {
        published.compare(&world)?;
    }
    let (hash, quotes) = (world.engine.state_hash(), world.quote_sum()?);
    let outcome = call.make(&mut world, &expected)?;
    expected.compare(&outcome)?;
    match outcome {
        Outcome::Done => {
            snapshot::compare("after", vector.value("after")?, &world)?;
            if vector.get("quoteSumChange").is_some() {
                let change = world.quote_sum()? - quotes;
                expect("quoteSumChange", vector.text("quoteSumChange")?, change)?;
            }
        }
        Outcome::Refused(_) => {
            let now = world.engine.state_hash();
            expect("the state's hash after a refusal", hash, now)?;
        }
    }
    vector.all_answered()?;
    world.engine.audit().map_err(|broken| Mismatch {
        at: "the audit".to_owned(),
        expected: "every invariant to hold".to_owned(),
        actual: broken.to_string(),
    })
}
