//! A state as the vectors write it, and comparing one: each side has everything the other has.

use plimsoll_engine::venues::kuma::{Kuma, Limits, Refusal};
use plimsoll_units::AccountId;
use serde_json::{Map, Value, json};

use super::super::compare::{Mismatch, expect, scalar};
use super::world::World;
use super::{Check, unknown};

/// Compares a snapshot with the state, under the name `which`.
pub(super) fn compare(which: &str, expected: &Value, world: &World) -> Check {
    let actual = print(world).map_err(|m| m.within(which))?;
    same(which, expected, &actual)
}

/// Compares the precise totals of wallets, where a vector gives them.
pub(super) fn compare_totals(expected: &Value, world: &World) -> Check {
    let venue = world.venue()?;
    let names = expected.as_object().into_iter().flatten();
    let totals = names.map(|(name, _)| {
        let totals = venue
            .totals(world.ledger(), world.account(name)?)
            .map_err(|why| Mismatch::refused(name, why))?;
        let totals = json!({
            "av": totals.value.to_string(),
            "mmr": totals.requirement.to_string(),
        });
        Ok((name.clone(), totals))
    });
    let totals = totals.collect::<Result<Map<_, _>, Mismatch>>()?;
    same("doublePipTotals", expected, &Value::Object(totals))
}

fn print(world: &World) -> Result<Value, Mismatch> {
    let venue = world.venue()?;
    let mut markets = Map::new();
    for (symbol, market) in world.symbols.iter().zip(venue.markets()) {
        let mut fields = print_limits(&market.limits);
        fields.insert("isActive".to_owned(), market.now.active.into());
        let prices = [
            ("indexPrice", market.now.index_price),
            ("indexPriceAtDeactivation", market.now.price_at_deactivation),
        ];
        insert(&mut fields, prices);
        markets.insert(symbol.clone(), Value::Object(fields));
    }
    let (mut wallets, mut overrides) = (Map::new(), Map::new());
    for (name, account) in world.accounts() {
        let wallet = print_wallet(world, venue, account)
            .map_err(|why| Mismatch::refused("reading a wallet", why).within(name))?;
        if let Some(wallet) = wallet {
            wallets.insert(name.to_owned(), wallet);
        }
        for symbol in &world.symbols {
            if let Some(own) = venue.people().limits(account, world.market(symbol)?) {
                let own = Value::Object(print_limits(own));
                overrides.insert(format!("{symbol}:{name}"), own);
            }
        }
    }
    Ok(json!({ "markets": markets, "wallets": wallets, "overrides": overrides }))
}

fn insert<const N: usize>(fields: &mut Map<String, Value>, values: [(&str, u64); N]) {
    for (name, value) in values {
        fields.insert(name.to_owned(), value.to_string().into());
    }
}

fn print_limits(limits: &Limits) -> Map<String, Value> {
    let mut fields = Map::new();
    let values = [
        ("initialMarginFraction", limits.initial_margin_fraction),
        (
            "maintenanceMarginFraction",
            limits.maintenance_margin_fraction,
        ),
        (
            "incrementalInitialMarginFraction",
            limits.incremental_initial_margin_fraction,
        ),
        ("baselinePositionSize", limits.baseline_position_size),
        ("incrementalPositionSize", limits.incremental_position_size),
        ("maximumPositionSize", limits.maximum_position_size),
        ("minimumPositionSize", limits.minimum_position_size),
    ];
    insert(&mut fields, values);
    fields
}

/// A wallet; none when it has neither quote nor positions.
fn print_wallet(world: &World, venue: &Kuma, account: AccountId) -> Result<Option<Value>, Refusal> {
    let ledger = world.ledger();
    let quote = venue.quote(ledger, account)?;
    let (mut order, mut positions) = (Vec::new(), Map::new());
    for (_, position) in venue.positions(account) {
        let symbol = venue.market(position.market())?.symbol.clone();
        let (size, cost) = (position.size(), position.cost_basis());
        let position = json!({ "size": size.to_string(), "costBasis": cost.to_string() });
        order.push(symbol.clone());
        positions.insert(symbol, position);
    }
    if quote == 0 && positions.is_empty() {
        return Ok(None);
    }
    Ok(Some(json!({
        "quote": quote.to_string(),
        "positionOrder": order,
        "positions": positions,
        "accountValue": venue.account_value(ledger, account)?.to_string(),
        "initialMarginRequirement": venue.initial_requirement(account)?.to_string(),
        "maintenanceMarginRequirement": venue.maintenance_requirement(account)?.to_string(),
    })))
}

/// Compares two values field by field. A `note` is for the reader.
fn same(at: &str, expected: &Value, actual: &Value) -> Check {
    match (expected, actual) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (name, value) in theirs {
                match ours.get(name) {
                    Some(our) => same(&format!("{at}.{name}"), value, our)?,
                    None if name == "note" => {}
                    None if value.is_object() => expect(&format!("{at}.{name}"), value, "nothing")?,
                    None => return Err(unknown(name).within(at)),
                }
            }
            match ours.iter().find(|(name, _)| !theirs.contains_key(*name)) {
                Some((name, our)) => expect(&format!("{at}.{name}"), "nothing", our),
                None => Ok(()),
            }
        }
        (Value::Array(_), Value::Array(_)) => expect(at, expected, actual),
        (theirs, ours) => match (scalar(theirs), scalar(ours)) {
            (Ok(theirs), Ok(ours)) => expect(at, theirs, ours),
            _ => expect(at, theirs, ours),
        },
    }
}
