//! Vectors of the arithmetic alone: bankruptcy quotes, truncating division, numbers as they are
//! signed, the order of markets.

use plimsoll_engine::margin::cross::{PipError, Totals, bankruptcy_quote, mul_frac_signed};
use plimsoll_evm::{pips_from_text, pips_to_text, symbol_rank, to_hex};
use serde_json::Value;

use super::super::compare::{Mismatch, expect};
use super::fields::Fields;
use super::{Check, same_revert};

/// What a computation of pips comes to, as text.
fn shown<T: ToString>(result: Result<T, PipError>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(why) => format!("revert {why}"),
    }
}

/// A bankruptcy quote from an account's totals, or the revert of computing it.
pub(super) fn bankruptcy(row: &Value) -> Check {
    let row = Fields::new(row)?;
    row.provenance(&["id", "source", "title"]);
    let totals = Totals {
        value: row.parse("totalAccountValueInDoublePips")?,
        requirement: row.parse("totalMaintenanceMarginRequirementInTriplePips")?,
    };
    let quote = bankruptcy_quote(
        row.parse("indexPrice")?,
        row.parse("maintenanceMarginFraction")?,
        row.parse("positionSize")?,
        &totals,
    );
    let (expected, revert) = (row.get("expectedQuote"), row.get("revert"));
    row.all_answered()?;
    match (expected, revert) {
        (Some(_), None) => expect("the quote", row.text("expectedQuote")?, shown(quote)),
        (None, Some(_)) => {
            let text = row.text("revert")?;
            match quote {
                Err(why) if same_revert(&text, &why.to_string()) => Ok(()),
                other => expect("the quote", format!("revert {text}"), shown(other)),
            }
        }
        _ => Err(Mismatch::unusable(
            "a row has either an expectedQuote or a revert",
        )),
    }
}

/// `multiplicand * dividend / divisor`, toward zero.
pub(super) fn division(row: &Value) -> Check {
    let row = Fields::new(row)?;
    row.provenance(&["id", "source", "title"]);
    let quotient = mul_frac_signed(
        row.parse("multiplicand")?,
        row.parse("dividend")?,
        row.parse("divisor")?,
    );
    let expected = row.get("expected").map(|_| row.text("expected"));
    let revert = row.get("revert").map(|_| row.text("revert"));
    row.all_answered()?;
    match (expected, revert, quotient) {
        (Some(expected), None, quotient) => expect("the quotient", expected?, shown(quotient)),
        (None, Some(revert), Err(why))
            if same_revert(revert.as_ref().map_err(Clone::clone)?, &why.to_string()) =>
        {
            Ok(())
        }
        (None, Some(revert), quotient) => expect(
            "the quotient",
            format!("revert {}", revert?),
            shown(quotient),
        ),
        _ => Err(Mismatch::unusable(
            "a row has either an expected or a revert",
        )),
    }
}

/// The one text of a number, both ways.
pub(super) fn decimal(row: &Value) -> Check {
    let row = Fields::new(row)?;
    row.provenance(&["id", "source", "title"]);
    let (pips, text) = (row.parse::<u64>("pips")?, row.text("string")?);
    row.all_answered()?;
    expect("the text", &text, pips_to_text(pips))?;
    let read = pips_from_text("string", &text).map_err(|e| Mismatch::refused("reading it", e))?;
    expect("the pips", pips, read)
}

/// A symbol's hash. `before` is the one in front of it in the list.
pub(super) fn symbol(row: &Value, before: Option<&Value>) -> Check {
    let row = Fields::new(row)?;
    row.provenance(&["id", "source", "title"]);
    let symbol = row.text("symbol")?;
    let hash = symbol_rank(&symbol);
    expect("the hash", row.text("keccak256")?, to_hex(&hash))?;
    row.all_answered()?;
    let Some(before) = before else { return Ok(()) };
    let before = Fields::new(before)?.text("symbol")?;
    let right = if symbol_rank(&before) < hash {
        &before
    } else {
        &symbol
    };
    expect("which of the two comes first", &before, right)
}
