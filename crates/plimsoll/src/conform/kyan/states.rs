//! Where an account stands, as a word; and accounts of which one thing changes from row to row.

use plimsoll_engine::margin::portfolio::Standing;
use serde_json::{Map, Value};

use super::account::Account;
use super::answers::{hedges, perp_only};
use super::{Answer, Vector, finite, refused};
use crate::conform::compare::Mismatch;

/// What a row may set of an account.
const GIVEN: [&str; 10] = [
    "S",
    "perp",
    "legs",
    "collateral",
    "entry",
    "cp",
    "K",
    "dte",
    "iv",
    "q",
];
/// Where the index goes at a gap.
const GAPS: [&str; 6] = ["S_gap", "S_after", "S1", "S_new", "S_jump", "gap_to"];

/// The state that a first look at an account finds it in.
pub(super) fn state(account: &Account<'_>) -> Result<&'static str, Mismatch> {
    let of = account.market.valuation()?;
    let equity = account.equity()?;
    let standing = of.standing(&account.risk()?, equity).map_err(refused)?;
    Ok(match (standing, equity.is_negative()) {
        (Standing::Free | Standing::ReduceOnly, _) => "ACTIVE",
        (Standing::Liquidatable, true) => "BANKRUPT",
        (Standing::Liquidatable, false) if perp_only(account)? => "PERP_CLOSE",
        (Standing::Liquidatable, false) if hedges(account)? => "HEDGING",
        (Standing::Liquidatable, false) => "DECOMPOSING",
    })
}

/// Whether a row is about an account: it sets the index, the perpetual or legs of one.
pub(super) fn is_account(vector: &Vector<'_>, row: &Map<String, Value>) -> bool {
    let holds = ["perp", "legs"];
    let vector_holds = holds.iter().any(|name| vector.input.contains_key(*name));
    let row_holds = holds.iter().any(|name| row.contains_key(*name));
    row_holds || (vector_holds && row.contains_key("S"))
}

/// The account of a row: the input's, with what the row sets.
pub(super) fn account_row(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let mut input = vector.input.clone();
    for name in GIVEN {
        if let Some(value) = row.get(name) {
            input.insert(name.to_owned(), value.clone());
        }
    }
    let known = input.contains_key("equity") || input.contains_key("collateral");
    if let (Some(equity), false) = (row.get("equity"), known) {
        input.insert("equity".to_owned(), equity.clone());
    }
    said(&Vector { input, ..*vector })
}

/// The account of the vector after the gap that its input names, if it names one.
pub(super) fn after_gap(vector: &Vector<'_>) -> Option<Answer> {
    let to = GAPS.iter().find_map(|name| vector.input.get(*name))?;
    Some(move_to(vector, to).and_then(|moved| said(&moved)))
}

/// A given equity moves with the perpetual; options are priced anew, so it is refused for them.
fn move_to<'v>(vector: &Vector<'v>, to: &Value) -> Result<Vector<'v>, Mismatch> {
    let (from, index) = (vector.number("S")?, finite("the gap", to)?);
    let mut input = vector.input.clone();
    input.insert("S".to_owned(), to.clone());
    if input.contains_key("equity") {
        if input.contains_key("legs") {
            return Err(Mismatch::unusable("a gap of options with a given equity"));
        }
        let gained = vector.number_or("perp", 0.0)? * (index - from);
        let equity = vector.number("equity")? + gained;
        input.insert("equity".to_owned(), equity.into());
    }
    Ok(Vector { input, ..*vector })
}

fn said(vector: &Vector<'_>) -> Answer {
    let market = vector.market()?;
    let account = Account::of(&market);
    let mut said = account.answer()?;
    if let (Some(said), true) = (said.as_object_mut(), account.equity.is_some()) {
        said.insert("state".to_owned(), state(&account)?.into());
    }
    Ok(said)
}
