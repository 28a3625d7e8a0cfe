//! GammaSwap vectors: recorded liquidation calls of the real contracts, of both generations.
//!
//! The state before the call goes in whole and must read back the same; the call is made; then
//! every field of the state after it is compared, what the call returned, what its event said,
//! and the summaries. A call that reverted must be refused by that name and change nothing. A
//! field, constant or function that nothing here answers fails the vector. Numbers are raw
//! integers. `source`, `python_model_agrees` and `revert_data` say how a vector was obtained and
//! are not compared.

mod outcome;
mod pool;
mod state;

use plimsoll_engine::venues::gammaswap::{Action, Command as Do, Generation, LoanId, Sent};
use plimsoll_engine::{Body, Command, Event};
use plimsoll_units::{AccountId, PositionId, Timestamp, VenueId};
use serde_json::{Map, Value};

use super::compare::{Mismatch, expect, field, parse, scalar, text};
use outcome::{Summary, compare_outcome};
use pool::Pool;
use state::{compare_state, compare_summary_in};

const VENUE: VenueId = VenueId(0);
const LIQUIDATOR: AccountId = AccountId(1);
const BORROWER: AccountId = AccountId(2);

type Check = Result<(), Mismatch>;

/// Runs one vector; `header` is the file's, which has the constants of the pools.
pub(super) fn run(vector: &Value, header: Option<&Value>) -> Check {
    known_fields(vector)?;
    let generation = generation(vector)?;
    let header = header.ok_or_else(|| Mismatch::unusable("there is no \"header\" in the file"))?;
    let (before, after) = (field(vector, "pre")?, field(vector, "post")?);
    let pool = Pool::new(generation, header, before)?;
    let state = pool.state(before)?;
    let action = action(vector, state.loans.len())?;
    let mut engine = pool.engine(&state)?;
    compare_state("pre", before, &pool.print(&engine)?)?;
    compare_summary_in(vector, before, &state, &pool)?;
    let hash = engine.state_hash();
    let command = Command {
        time: Timestamp(0),
        venue: VENUE,
        body: Body::GammaSwap(Do {
            block: state.block,
            action,
        }),
    };
    let outcome = engine.apply(&command).map(<[Event]>::to_vec);
    let done = compare_outcome(vector, outcome)?;
    if done.is_none() && engine.state_hash() != hash {
        return expect(
            "the state's hash after a refusal",
            hash,
            engine.state_hash(),
        );
    }
    let printed = pool.print(&engine)?;
    compare_state("post", after, &printed)?;
    if let Some(done) = done {
        let summary = Summary {
            done,
            generation,
            before,
            printed: &printed,
        };
        summary
            .compare(field(vector, "summary_out")?)
            .map_err(|m| m.within("summary_out"))?;
    }
    engine.audit().map_err(|broken| Mismatch {
        at: "the audit".to_owned(),
        expected: "every invariant to hold".to_owned(),
        actual: broken.to_string(),
    })
}

/// Fields of a vector that are read, or say how it was obtained.
fn known_fields(vector: &Value) -> Check {
    for (name, _) in object(vector)? {
        let known = matches!(
            name.as_str(),
            "id" | "name"
                | "generation"
                | "function"
                | "source"
                | "python_model_agrees"
                | "deltas"
                | "transfer_fees_bps"
                | "pre"
                | "post"
                | "summary_in"
                | "summary_out"
                | "result"
                | "revert"
                | "revert_data"
        );
        if !known {
            return Err(unknown(name));
        }
    }
    Ok(())
}

fn unknown(name: &str) -> Mismatch {
    Mismatch::unusable(format!("nothing here answers the field {name:?}"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, Mismatch> {
    value
        .as_object()
        .ok_or_else(|| Mismatch::unusable(format!("{value} is not an object")))
}

fn list<'v>(object: &'v Value, name: &str) -> Result<&'v [Value], Mismatch> {
    field(object, name)?
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| Mismatch::unusable(format!("{name} is not a list")))
}

fn generation(vector: &Value) -> Result<Generation, Mismatch> {
    match text(vector, "generation")?.as_str() {
        "A" => Ok(Generation::A),
        "B" => Ok(Generation::B),
        other => Err(Mismatch::unusable(format!(
            "generation {other:?} is neither A nor B"
        ))),
    }
}

/// Both tokens' fields of a name.
fn both(object: &Value, name: &str) -> Result<[u128; 2], Mismatch> {
    Ok([
        parse(object, &format!("{name}0"))?,
        parse(object, &format!("{name}1"))?,
    ])
}

/// A number with a remark behind it: `10000 (of 100000)`.
fn remarked<T: std::str::FromStr>(object: &Value, name: &str) -> Result<T, Mismatch> {
    let whole = text(object, name)?;
    let number = whole.split_whitespace().next().unwrap_or_default();
    number
        .parse()
        .map_err(|_| Mismatch::unusable(format!("{name}: {whole:?} does not begin with a number")))
}

/// The call. Single functions are about the first loan, a batch about all; what the liquidator
/// sent ahead lies at the pool already.
fn action(vector: &Value, loans: usize) -> Result<Action, Mismatch> {
    let (account, sent) = (LIQUIDATOR, Sent::default());
    let first: LoanId = PositionId(1);
    let function = text(vector, "function")?;
    if function != "liquidate" {
        for name in ["deltas", "transfer_fees_bps"] {
            if vector.get(name).is_some() && !list(vector, name)?.is_empty() {
                return Err(Mismatch::unusable(format!("{function} takes no {name}")));
            }
        }
    }
    match function.as_str() {
        "liquidateWithLP" => Ok(Action::LiquidateWithLp {
            account,
            loan: first,
            sent,
        }),
        "liquidate" => Ok(Action::Liquidate {
            account,
            loan: first,
            deltas: numbers(vector, "deltas")?,
            fees: numbers(vector, "transfer_fees_bps")?,
            sent,
        }),
        "batchLiquidations" => Ok(Action::BatchLiquidations {
            account,
            loans: (1u64..).take(loans).map(PositionId).collect(),
            sent,
        }),
        other => Err(Mismatch::unusable(format!(
            "there is no liquidation function {other:?}"
        ))),
    }
}

/// A list of numbers; empty where the field is left out.
fn numbers<T>(object: &Value, name: &str) -> Result<Vec<T>, Mismatch>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    if object.get(name).is_none() {
        return Ok(Vec::new());
    }
    let number = |value: &Value| {
        scalar(value)?
            .parse()
            .map_err(|e| Mismatch::unusable(format!("{name}: {e}")))
    };
    list(object, name)?.iter().map(number).collect()
}
