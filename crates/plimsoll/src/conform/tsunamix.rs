//! TsunamiX vectors: one kind of calculation each, answered by the engine's own rules.
//!
//! Every expected field is compared; a field that nothing here answers fails the vector.

use plimsoll_engine::limits::open_interest::{Cell, Sharing, admit};
use plimsoll_engine::limits::profit;
use plimsoll_engine::liquidation::stages::Confiscate;
use plimsoll_engine::margin::isolated::{Boundary, DeployedCheck, Exposure, Isolated};
use plimsoll_engine::venues::tsunamix::fees::{
    self, Demand, EntryRule, FundingParams, Growth, TradingFee,
};
use plimsoll_units::{Amount, Duration, Notional, Price, Rate, Ratio, Rounding, Side, Wide};
use serde_json::Value;

use super::compare::{Mismatch, expect, field, parse, parse_or, scalar, text};

/// Money and prices of the vectors that are written as decimals.
type Money = Amount<18>;
type Size = Notional<18>;
type Quote = Price<18>;

/// Places after which the vectors round a number that does not end.
const PLACES: u32 = 30;
const PRICE_PLACES: u32 = 36;
const SHORT_PLACES: u32 = 12;

type Check = Result<(), Mismatch>;

/// Runs one vector.
pub(super) fn run(vector: &Value) -> Check {
    let inputs = field(vector, "inputs")?;
    let expected = field(vector, "expected")?;
    match text(vector, "kind")?.as_str() {
        "liq_price" => liquidation_price(inputs, expected),
        "is_liquidatable" => predicate(inputs, expected),
        "deployed_integer_check" => deployed(inputs, expected),
        "liq_settlement" => settlement(inputs, expected),
        "trading_fee" => trading_fee(inputs, expected),
        "borrow_fee" => borrowing_fee(inputs, expected),
        "funding_velocity" => funding(inputs, expected),
        "artificial_slippage" => slippage(inputs, expected),
        "oi_rebalance" => rebalance(inputs, expected),
        "oi_accept" => admission(inputs, expected),
        "profit_limit" => profit_limit(inputs, expected),
        "profit_limit_price" => profit_limit_price(inputs, expected),
        "profit_limit_sequence" => profit_limit_sequence(inputs, expected),
        "avg_entry" => average_entry(inputs, expected),
        other => Err(Mismatch::unusable(format!(
            "no rule answers a vector of kind {other:?}"
        ))),
    }
}

/// Calls `answer` for every expected field, with its text; `printed` sub-objects are descended.
fn each(expected: &Value, mut answer: impl FnMut(&str, &Value) -> Check) -> Check {
    let fields = expected
        .as_object()
        .ok_or_else(|| Mismatch::unusable(format!("{expected} is not an object")))?;
    if fields.is_empty() {
        return Err(Mismatch::unusable("the vector expects nothing"));
    }
    fields
        .iter()
        .try_for_each(|(name, value)| answer(name, value))
}

fn unknown(name: &str) -> Mismatch {
    Mismatch::unusable(format!("nothing here answers the expected field {name:?}"))
}

/// Compares one field, text against text.
fn same(name: &str, expected: &Value, actual: impl std::fmt::Display) -> Check {
    expect(name, scalar(expected)?, actual)
}

fn refused<E: std::fmt::Display>(at: &'static str) -> impl Fn(E) -> Mismatch {
    move |why| Mismatch::refused(at, why)
}

fn side(inputs: &Value) -> Result<Side, Mismatch> {
    match text(inputs, "side")?.as_str() {
        "long" => Ok(Side::Long),
        "short" => Ok(Side::Short),
        other => Err(Mismatch::unusable(format!(
            "side {other:?} is neither long nor short"
        ))),
    }
}

/// Whether the vector expects a refusal instead of numbers.
fn expects_refusal(expected: &Value) -> bool {
    expected.get("error").is_some()
}

fn isolated(inputs: &Value) -> Result<Result<Isolated<18, 18>, String>, Mismatch> {
    let size: Size = parse(inputs, "size")?;
    let entry: Quote = parse(inputs, "entry")?;
    let collateral: Money = parse(inputs, "collateral")?;
    let fees: Money = parse(inputs, "accrued_fees")?;
    Ok(Exposure::new(side(inputs)?, size, entry)
        .map(|exposure| Isolated {
            exposure,
            collateral,
            fees,
        })
        .map_err(|e| e.to_string()))
}

fn liquidation_price(inputs: &Value, expected: &Value) -> Check {
    let position = match isolated(inputs)? {
        Ok(_) if expects_refusal(expected) => {
            return expect("the outcome", "a refusal", "an answer");
        }
        Ok(position) => position,
        Err(_) if expects_refusal(expected) => return Ok(()),
        Err(why) => return Err(Mismatch::refused("the position", why)),
    };
    let threshold: Rate<6> = parse(inputs, "threshold")?;
    let delta = position.delta(threshold).map_err(refused("delta_liq"))?;
    let percent = scaled(&delta, 100)?;
    let price = position
        .liquidation_price(threshold)
        .map_err(refused("liq_price"))?;
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    let price_text = |places| -> Result<String, Mismatch> {
        Ok(or_null(
            price.as_ref().map(|p| decimal(p, places)).transpose()?,
        ))
    };
    each(expected, |name, value| match name {
        "delta_liq_exact" => same(name, value, delta),
        "delta_liq" => same(name, value, decimal(&delta, PLACES)?),
        "delta_liq_percent" => same(name, value, decimal(&percent, PLACES - 2)?),
        "liq_price" => same(name, value, price_text(PRICE_PLACES)?),
        "liq_price_exact" => same(name, value, or_null(price.map(|p| p.to_string()))),
        "printed" => each(value, |name, printed| match (name, &price) {
            ("delta_liq_percent", _) => as_printed(name, printed, &percent),
            ("liq_price", Some(price)) => as_printed(name, printed, price),
            _ => Err(unknown(name)),
        }),
        // The page's slip: the same trade seen as a quantity, and back.
        "quantity_of_5000" => same(name, value, decimal(&quantity(&position)?, 6)?),
        "quantity_times_price" => same(name, value, whole_quantity_value(&position)?),
        _ => Err(unknown(name)),
    })
}

/// The exact quantity of a position, its notional over its entry price.
fn quantity(position: &Isolated<18, 18>) -> Result<Ratio, Mismatch> {
    let (size, entry) = (
        position.exposure.size().raw(),
        position.exposure.entry().raw(),
    );
    Ratio::new(size.into(), entry.into()).map_err(refused("the quantity"))
}

/// The value at entry of the whole units of a position's quantity.
fn whole_quantity_value(position: &Isolated<18, 18>) -> Result<Size, Mismatch> {
    let entry = position.exposure.entry();
    let whole: plimsoll_units::Quantity<0> = position
        .exposure
        .size()
        .quantity_at(entry, Rounding::Floor)
        .map_err(refused("the whole quantity"))?;
    whole
        .at(entry, Rounding::Floor)
        .map_err(refused("its value"))
}

fn predicate(inputs: &Value, expected: &Value) -> Check {
    let position = isolated(inputs)?.map_err(|why| Mismatch::refused("the position", why))?;
    let price: Quote = parse(inputs, "price")?;
    let threshold: Rate<6> = parse(inputs, "threshold")?;
    let decide = |boundary| {
        position
            .is_liquidatable(price, threshold, boundary)
            .map_err(refused("the decision"))
    };
    each(expected, |name, value| match name {
        "pnl" => {
            let pnl = position.exposure.pnl(price).map_err(refused("pnl"))?;
            same(name, value, decimal(&pnl, PLACES)?)
        }
        "liquidatable_ge" => same(name, value, decide(Boundary::Inclusive)?),
        "liquidatable_gt" => same(name, value, decide(Boundary::Strict)?),
        _ => Err(unknown(name)),
    })
}

fn deployed(inputs: &Value, expected: &Value) -> Check {
    let wide = |name: &str| -> Result<Wide, Mismatch> {
        Wide::parse(&text(inputs, name)?).map_err(|e| Mismatch::unusable(format!("{name}: {e}")))
    };
    let check = DeployedCheck {
        side: side(inputs)?,
        size: wide("size")?,
        entry: wide("entry")?,
        collateral: wide("collateral")?,
        funding_fee: wide("funding_fee")?,
        borrow_fee: wide("borrow_fee")?,
        price: wide("price")?,
        threshold_ppm: parse(inputs, "threshold_ppm")?,
    };
    let liquidatable = check.is_liquidatable();
    each(expected, |name, value| match (name, &liquidatable) {
        ("liquidatable", Ok(answer)) => same(name, value, answer),
        ("error", Err(_)) => Ok(()),
        ("liquidatable", Err(why)) => Err(Mismatch::refused(name, why)),
        _ => Err(unknown(name)),
    })
}

fn settlement(inputs: &Value, expected: &Value) -> Check {
    let collateral: i128 = parse(inputs, "collateral")?;
    let shares = Confiscate {
        first_caller_e5: parse(inputs, "first_caller_bps_e5")?,
        resolver_e5: parse(inputs, "resolver_bps_e5")?,
    };
    let by_other: bool = parse(inputs, "registered_by_other")?;
    let split = shares.split(collateral).map_err(refused("the split"))?;
    let both = split.first_caller + split.resolver;
    each(expected, |name, value| match name {
        "trader" => same(name, value, 0),
        "first_caller" => same(name, value, split.first_caller),
        "resolver" => same(name, value, split.resolver),
        "vault" => same(name, value, split.backstop),
        "sum" => same(name, value, both + split.backstop),
        "liquidator_gets" => same(name, value, if by_other { split.resolver } else { both }),
        _ => Err(unknown(name)),
    })
}

fn trading_fee(inputs: &Value, expected: &Value) -> Check {
    let fee = TradingFee {
        rate_e5: parse(inputs, "rate_e5")?,
        discount_e5: parse_or(inputs, "discount_e5", 0)?,
        tier_e5: parse_or(inputs, "vela_tier_e5", 100_000)?,
    };
    let size: Size = parse(inputs, "size")?;
    let exact = fee.exact(size).map_err(refused("the fee"))?;
    each(expected, |name, value| match name {
        "fee" => same(name, value, decimal(&exact, PLACES)?),
        _ => Err(unknown(name)),
    })
}

fn borrowing_fee(inputs: &Value, expected: &Value) -> Check {
    let size: Size = parse(inputs, "size")?;
    let seconds: i64 = parse(inputs, "seconds")?;
    let millis = seconds
        .checked_mul(1000)
        .ok_or_else(|| Mismatch::unusable(format!("{seconds} seconds are too many")))?;
    let rate = parse(inputs, "rate_e6_per_hour")?;
    let exact =
        fees::borrowing_fee_exact(size, rate, Duration(millis)).map_err(refused("the fee"))?;
    each(expected, |name, value| match name {
        "fee" => same(name, value, decimal(&exact, PLACES)?),
        _ => Err(unknown(name)),
    })
}

fn funding(inputs: &Value, expected: &Value) -> Check {
    let demand = Demand::<0> {
        long: parse(inputs, "long_oi")?,
        short: parse(inputs, "short_oi")?,
        max_long: parse(inputs, "max_long")?,
        max_short: parse(inputs, "max_short")?,
    };
    let params = FundingParams {
        volatility_factor: parse(inputs, "volatility_factor")?,
        temp_max_factor: parse(inputs, "temp_max_factor")?,
        long_bias_e5: parse(inputs, "long_bias_e5")?,
        velocity_factor: parse(inputs, "velocity_factor")?,
        ..FundingParams::default()
    };
    let skew = demand.skew_e5();
    let last_rate: i64 = parse(inputs, "last_rate_e15")?;
    each(expected, |name, value| match name {
        "skew_ratio_e5" => same(name, value, skew),
        "temp_max_rate_e15" => same(name, value, params.temp_max_rate_e15()),
        "velocity_e15_per_hour" => same(name, value, params.velocity(skew, last_rate)),
        _ => Err(unknown(name)),
    })
}

fn slippage(inputs: &Value, expected: &Value) -> Check {
    let slippage = fees::slippage_e5::<0>(
        parse(inputs, "slippage_factor")?,
        parse(inputs, "total_oi")?,
        parse(inputs, "size")?,
        parse(inputs, "vault_usd")?,
    )
    .map_err(refused("the slippage"))?;
    each(expected, |name, value| match name {
        "slippage_e5" => same(name, value, slippage),
        _ => Err(unknown(name)),
    })
}

fn average_entry(inputs: &Value, expected: &Value) -> Check {
    let growth: Growth<18, 18> = Growth {
        size: parse(inputs, "size")?,
        entry: parse(inputs, "avg")?,
        added: parse(inputs, "delta_size")?,
        price: parse(inputs, "price")?,
    };
    let rule_text = text(inputs, "rule")?;
    let rule = match rule_text.split([':', ' ']).next() {
        Some("deployed") => EntryRule::Deployed,
        Some("quantity-conserving") => EntryRule::Conserving,
        _ => {
            return Err(Mismatch::unusable(format!(
                "{rule_text:?} is no known rule"
            )));
        }
    };
    let side = if inputs.get("side").is_some() {
        side(inputs)?
    } else {
        Side::Long
    };
    let entry = growth.entry_exact(rule).map_err(refused("the entry"))?;
    let whole = growth.size.add(growth.added).map_err(refused("the size"))?;
    each(expected, |name, value| match name {
        "avg" => same(name, value, decimal(&entry, SHORT_PLACES)?),
        "avg_exact" => same(name, value, entry),
        "pnl_before" => {
            let before = Exposure::new(side, growth.size, growth.entry)
                .and_then(|e| e.pnl(growth.price))
                .map_err(refused("pnl_before"))?;
            same(name, value, decimal(&before, SHORT_PLACES)?)
        }
        "pnl_after" => {
            let after = fees::pnl_from_exact_entry(side, whole, &entry, growth.price)
                .map_err(refused("pnl_after"))?;
            same(name, value, decimal(&after, SHORT_PLACES)?)
        }
        _ => Err(unknown(name)),
    })
}

fn rebalance(inputs: &Value, expected: &Value) -> Check {
    let tvl: Amount<0> = parse(inputs, "tvl")?;
    let sharing = Sharing {
        kappa_bps: parse(inputs, "kappa_bps")?,
        lambda_bps: parse(inputs, "lambda_bps")?,
        beta_bps: parse(inputs, "beta_bps")?,
    };
    let cells = list(inputs, "cells")?
        .iter()
        .map(cell)
        .collect::<Result<Vec<_>, _>>()?;
    let limits = sharing
        .rebalance(tvl, &cells)
        .map_err(refused("the rebalancing"))?;
    let sum: i128 = limits.limits.iter().map(|l| l.raw()).sum();
    each(expected, |name, value| match name {
        "budget" => same(name, value, limits.budget),
        "total_oi" => same(name, value, limits.open),
        "headroom" => same(name, value, limits.headroom),
        "reduce_only" => same(name, value, limits.reduce_only()),
        "sum_limits" => same(name, value, sum),
        "limits" => {
            let actual: Vec<i128> = limits.limits.iter().map(|l| l.raw()).collect();
            expect(name, value, format!("{actual:?}").replace(' ', ""))
        }
        "targets" => {
            let actual = match &limits.targets {
                None => Value::Null,
                Some(targets) => targets
                    .iter()
                    .map(|t| decimal(t, 6).map(Value::String))
                    .collect::<Result<Vec<_>, _>>()?
                    .into(),
            };
            expect(name, value, actual)
        }
        _ => Err(unknown(name)),
    })
}

fn cell(cell: &Value) -> Result<Cell<0>, Mismatch> {
    let cap_bps = match cell.get("cap_bps") {
        None | Some(Value::Null) => None,
        Some(_) => Some(parse(cell, "cap_bps")?),
    };
    Ok(Cell {
        open: parse(cell, "oi")?,
        demand: parse(cell, "d")?,
        previous: parse(cell, "p")?,
        weight: parse(cell, "w")?,
        cap_bps,
    })
}

fn admission(inputs: &Value, expected: &Value) -> Check {
    let at: usize = parse(inputs, "cell")?;
    let amounts = |name: &str| -> Result<Vec<Notional<0>>, Mismatch> {
        list(inputs, name)?
            .iter()
            .map(|v| {
                scalar(v)?
                    .parse()
                    .map_err(|e| Mismatch::unusable(format!("{name}: {e}")))
            })
            .collect()
    };
    let (open, limits) = (amounts("oi")?, amounts("limits")?);
    let (Some(&cell_open), Some(&cell_limit)) = (open.get(at), limits.get(at)) else {
        return Err(Mismatch::unusable(format!("there is no cell {at}")));
    };
    let sharing = Sharing {
        kappa_bps: parse(inputs, "kappa_bps")?,
        ..Sharing::default()
    };
    let backing = sharing
        .backing(parse::<Amount<0>>(inputs, "tvl")?)
        .map_err(refused("kappa"))?;
    let total = open
        .iter()
        .try_fold(Notional::ZERO, |sum: Notional<0>, o| sum.add(*o))
        .map_err(refused("the total"))?;
    let increase = parse(inputs, "amount")?;
    let admitted =
        admit(cell_open, cell_limit, total, backing, increase).map_err(refused("admission"))?;
    each(expected, |name, value| match name {
        "accepted" => same(name, value, admitted.is_ok()),
        _ => Err(unknown(name)),
    })
}

fn profit_limit(inputs: &Value, expected: &Value) -> Check {
    let settled = profit::settle(
        parse::<Amount<0>>(inputs, "tvl")?,
        parse_or(inputs, "pct_e5", profit::DEFAULT_PCT_E5)?,
        parse(inputs, "coll")?,
        parse(inputs, "profit_net")?,
        parse_or(inputs, "realised", Amount::ZERO)?,
        parse(inputs, "closing_fee")?,
    )
    .map_err(refused("the settlement"))?;
    each(expected, |name, value| settled_field(name, value, &settled))
}

fn settled_field(name: &str, value: &Value, settled: &profit::Settlement<0>) -> Check {
    match name {
        "cap" => same(name, value, settled.cap),
        "forced" => same(name, value, settled.forced),
        "credited_profit" => same(name, value, settled.credited),
        "trader_payout" => same(name, value, settled.payout),
        "excess_kept_by_vault" => same(name, value, settled.excess),
        "tvl_after" => same(name, value, settled.tvl_after),
        _ => Err(unknown(name)),
    }
}

fn profit_limit_price(inputs: &Value, expected: &Value) -> Check {
    let size: Size = parse(inputs, "size")?;
    let exposure = Exposure::new(side(inputs)?, size, parse::<Quote>(inputs, "entry")?)
        .map_err(refused("the position"))?;
    let price = profit::limit_price(
        &exposure,
        parse::<Money>(inputs, "cap")?,
        parse::<Money>(inputs, "holding_fees")?,
    )
    .map_err(refused("the price"))?;
    each(expected, |name, value| match name {
        "price" => same(name, value, decimal(&price, PRICE_PLACES)?),
        _ => Err(unknown(name)),
    })
}

fn profit_limit_sequence(inputs: &Value, expected: &Value) -> Check {
    let profits = list(inputs, "profits_in_order")?
        .iter()
        .map(|v| {
            scalar(v)?
                .parse()
                .map_err(|e| Mismatch::unusable(format!("a profit: {e}")))
        })
        .collect::<Result<Vec<Amount<0>>, Mismatch>>()?;
    // The vectors leave the collateral of each position at 1,000 where they do not say.
    let collateral = parse_or(inputs, "coll", Amount::from_raw(1_000))?;
    let tvl: Amount<0> = parse(inputs, "tvl")?;
    let pct_e5 = parse_or(inputs, "pct_e5", profit::DEFAULT_PCT_E5)?;
    let steps = profit::settle_in_order(tvl, pct_e5, collateral, &profits)
        .map_err(refused("the sequence"))?;
    each(expected, |name, value| match name {
        "tvl_final" => same(name, value, steps.last().map_or(tvl, |s| s.tvl_after)),
        "steps" => {
            let wanted = list(expected, name)?;
            expect("number of steps", wanted.len(), steps.len())?;
            for (at, (wanted, (step, profit))) in
                wanted.iter().zip(steps.iter().zip(&profits)).enumerate()
            {
                each(wanted, |name, value| match name {
                    "profit" => same(name, value, profit),
                    _ => settled_field(name, value, step),
                })
                .map_err(|m| m.within(&format!("step {at}")))?;
            }
            Ok(())
        }
        _ => Err(unknown(name)),
    })
}

fn list<'v>(object: &'v Value, name: &str) -> Result<&'v Vec<Value>, Mismatch> {
    field(object, name)?
        .as_array()
        .ok_or_else(|| Mismatch::unusable(format!("{name} is not a list")))
}

fn decimal(ratio: &Ratio, places: u32) -> Result<String, Mismatch> {
    ratio
        .to_text(places, Rounding::HalfEven)
        .map_err(refused("a decimal"))
}

fn scaled(ratio: &Ratio, factor: i128) -> Result<Ratio, Mismatch> {
    ratio
        .numerator()
        .mul(factor.into())
        .and_then(|n| Ratio::new(n, ratio.denominator()))
        .map_err(refused("a percentage"))
}

/// Compares with a number as a page prints it: its own places, thousands separated by commas.
fn as_printed(name: &str, printed: &Value, ratio: &Ratio) -> Check {
    let printed = scalar(printed)?;
    let plain = printed.replace(',', "");
    let places = plain
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let ours = decimal(ratio, u32::try_from(places).unwrap_or(u32::MAX))?;
    let trimmed = if plain.contains('.') {
        plain.trim_end_matches('0').trim_end_matches('.')
    } else {
        plain.as_str()
    };
    if trimmed == ours {
        return Ok(());
    }
    expect(name, printed, ours)
}
