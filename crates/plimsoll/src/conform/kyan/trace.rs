//! A liquidation from end to end, as a script: what is filled is given, what the engine does is
//! asked for.
//!
//! `EVALUATE`, `HEDGE_PLAN`, `DELTA_OK -> DECOMPOSE` and `ORDER ...` are the engine's; `FILL ...`
//! says how much of the order at work was taken, at its limit price.

use plimsoll_engine::margin::portfolio::decompose::Pairing;
use serde_json::{Map, Value, json};

use super::account::{Account, money, price, side};
use super::answers::{
    Action, first_action, fully_hedged, hedges, instrument_name, next, order_answer,
};
use super::model::PERP;
use super::{Answer, object, parts, raw_64, refused, shown};
use crate::conform::compare::Mismatch;

/// The script so far.
struct Script<'m> {
    account: Account<'m>,
    /// The order at work, and how much of it was filled.
    order: Option<(Action, i64)>,
}

/// The rows with what the engine says to each.
pub(super) fn answer(account: &Account<'_>, rows: &[Value]) -> Answer {
    let mut script = Script {
        account: account.clone(),
        order: None,
    };
    rows.iter().map(|row| script.row(object(row)?)).collect()
}

impl Script<'_> {
    fn row(&mut self, row: &Map<String, Value>) -> Answer {
        let event = row.get("event").and_then(Value::as_str);
        let event = event.ok_or_else(|| Mismatch::unusable("a row without an event"))?;
        let words: Vec<&str> = event.split_whitespace().collect();
        let (mut said, event) = match words.as_slice() {
            ["EVALUATE"] => (self.evaluate()?, event.to_owned()),
            ["HEDGE_PLAN"] => (self.plan()?, event.to_owned()),
            ["DELTA_OK", ..] => (self.decompose()?, event.to_owned()),
            ["ORDER", ..] => self.place()?,
            ["FILL", name, side, size, ..] => {
                let said = self.fill(name, side, size)?;
                (said, self.told(event, name, side, size)?)
            }
            _ => return Err(Mismatch::unusable(format!("no event is called {event:?}"))),
        };
        if let Some(said) = said.as_object_mut() {
            said.insert("event".to_owned(), event.into());
            // The time is the script's.
            said.extend(row.get("t").map(|t| ("t".to_owned(), t.clone())));
        }
        Ok(said)
    }

    /// The first look: whether the account is flagged, and which step it begins with.
    fn evaluate(&self) -> Answer {
        let mut said = self.account.answer()?;
        let flagged = said.get("trigger") == Some(&Value::Bool(true));
        let state = super::states::state(&self.account)?;
        let action = if flagged {
            "FLAG+BLOCK+CANCEL_USER_ORDERS"
        } else {
            "NONE"
        };
        if let Some(said) = said.as_object_mut() {
            said.insert("state".to_owned(), state.into());
            said.insert("action".to_owned(), action.into());
        }
        Ok(said)
    }

    fn plan(&mut self) -> Answer {
        if !hedges(&self.account)? {
            return Err(Mismatch::unusable("there is nothing to hedge"));
        }
        let action = first_action(&self.account)?;
        self.order = Some((action, 0));
        let then = fully_hedged(&self.account)?;
        let mut said = order_answer(&self.account, &action)?;
        if let Some(said) = said.as_object_mut() {
            said.insert("im_if_hedged".to_owned(), money(then.initial()?).into());
            said.insert("mm_if_hedged".to_owned(), money(then.maintenance()?).into());
        }
        Ok(said)
    }

    fn decompose(&mut self) -> Answer {
        if hedges(&self.account)? {
            return Err(Mismatch::unusable("delta is still outside the band"));
        }
        self.order = None;
        let found = parts::components(&self.account, Pairing::KyanRule)?;
        Ok(json!({
            "state": "DECOMPOSING",
            "ranked": parts::short_ranking(self.account.market, &found)?,
        }))
    }

    /// The engine's next order, in the words of the event.
    fn place(&mut self) -> Result<(Value, String), Mismatch> {
        let action = first_action(&self.account)?;
        self.order = Some((action, 0));
        let market = self.account.market;
        let order = &action.order;
        let (to, name) = (
            side(order.side),
            short_name(&self.account, order.instrument)?,
        );
        let (size, limit) = (shown(action.quantity.into(), 6), price(order.price));
        let event = format!("ORDER {to} {size} {name} @ {limit}");
        Ok((
            json!({ "mark": price(market.mark(order.instrument)?) }),
            event,
        ))
    }

    fn fill(&mut self, name: &str, side_word: &str, size: &str) -> Answer {
        // A perpetual's fill names the size last but one, an option's the side first.
        let (Some((action, filled)), Ok(size)) = (&mut self.order, size.parse::<f64>()) else {
            return Err(Mismatch::unusable("a fill without an order"));
        };
        let is = short_name(&self.account, action.order.instrument)?;
        if is != name || side(action.order.side) != side_word {
            return Err(Mismatch::unusable(format!(
                "the order at work is {} {is}, not {side_word} {name}",
                side(action.order.side)
            )));
        }
        let size = raw_64("the size", size, 6)?;
        let total = filled.saturating_add(size);
        if size <= 0 || total > action.quantity {
            return Err(Mismatch::unusable("a fill of more than the order"));
        }
        *filled = total;
        let (order, left) = (action.order, action.quantity.saturating_sub(total));
        self.account = self.account.filled(&order, size)?;
        let mut said = self.account.answer()?;
        let action = match next(&self.account)? {
            "RELEASE" if left > 0 => {
                format!("RELEASE: cancel remaining {:.2}", shown(left.into(), 6))
            }
            other => other.to_owned(),
        };
        if let Some(said) = said.as_object_mut() {
            said.insert("action".to_owned(), action.into());
        }
        Ok(said)
    }

    /// A fill in the words of the event, with the order's own price and total.
    fn told(&self, event: &str, name: &str, to: &str, size: &str) -> Result<String, Mismatch> {
        let (action, filled) = self.order.ok_or_else(|| refused("no order is at work"))?;
        if event.contains('@') {
            let limit = price(action.order.price);
            return Ok(format!("FILL {name} {to} {size} @ {limit:.1}"));
        }
        let total = shown(filled.into(), 6);
        Ok(format!("FILL {name} {to} {size} (cum {total:.2})"))
    }
}

/// `perp` or `P-90000`: scripts leave out the days.
fn short_name(account: &Account<'_>, instrument: u32) -> Result<String, Mismatch> {
    if instrument == PERP {
        return Ok("perp".to_owned());
    }
    let whole = instrument_name(account.market, instrument)?;
    let short = whole.rsplit_once('-').map(|(short, _)| short.to_owned());
    Ok(short.unwrap_or(whole))
}
