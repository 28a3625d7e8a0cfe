//! A vector's input as a market: the instruments, their arrays, the model, and the account.

use plimsoll_engine::auction::limit_price;
use plimsoll_engine::auction::settlement::FeeRule;
use plimsoll_engine::margin::portfolio::guards::Band;
use plimsoll_engine::margin::portfolio::{Model, Money, Portfolio, Valuation};
use plimsoll_engine::pricing::risk::Market as Marked;
use plimsoll_engine::pricing::{
    Contract, Grid, Leg, OptionKind, RiskArrays, Scenario, Unit, VolMove, VolShock,
};
use plimsoll_units::{Amount, Duration, Fixed, Price, Rate, Side, Timestamp};
use serde_json::{Map, Value};

use super::{Vector, finite, list, object, raw, raw_64, refused};
use crate::conform::compare::Mismatch;

/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;
/// The perpetual is the first instrument.
pub(super) const PERP: u32 = 0;

/// An option as vectors name it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Named {
    pub(super) kind: OptionKind,
    pub(super) strike: f64,
    pub(super) days: f64,
}

/// Incentive, fee and grid of the orders on one kind of instrument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) incentive: Rate<6>,
    pub(super) fee: FeeRule,
    pub(super) tick: Price<8>,
    pub(super) lot: i64,
}

/// A market with an account.
#[derive(Debug)]
pub(super) struct Market {
    model: Model,
    arrays: RiskArrays,
    contracts: Vec<Contract>,
    pub(super) index: Price<8>,
    pub(super) named: Vec<Named>,
    pub(super) portfolio: Portfolio,
    pub(super) equity: Option<Money>,
    pub(super) perps: Terms,
    pub(super) options: Terms,
    pub(super) band: Band,
}

impl Market {
    /// Reads the input of a vector.
    pub(super) fn read(vector: &Vector<'_>) -> Result<Self, Mismatch> {
        let spot = vector.number("S")?;
        let index = Price::from_raw(raw("S", spot, 8)?);
        let mut book = Book::new();
        for leg in legs(vector)? {
            book.add(&leg)?;
        }
        let perp = raw_64("perp", vector.number_or("perp", 0.0)?, 6)?;
        book.legs.push(Leg {
            instrument: PERP,
            quantity: perp,
        });
        let (model, grid, shock) = model(vector.document)?;
        let marked = Marked {
            index,
            now: Timestamp::EPOCH,
            rate: Rate::from_raw(raw("r", vector.number_or("r", 0.0)?, 15)?),
        };
        let arrays = RiskArrays::new(&grid, &shock, &marked, &book.units).map_err(refused)?;
        let portfolio = Portfolio::new(&book.legs).map_err(refused)?;
        let mut market = Self {
            model,
            arrays,
            contracts: book.units.iter().map(|unit| unit.contract).collect(),
            index,
            named: book.named,
            portfolio,
            equity: None,
            perps: perps(vector)?,
            options: options(vector, spot)?,
            band: band(vector)?,
        };
        market.equity = market.read_equity(vector, perp)?;
        Ok(market)
    }

    /// Given, or from the collateral and the perpetual's entry price.
    fn read_equity(&self, vector: &Vector<'_>, perp: i64) -> Result<Option<Money>, Mismatch> {
        let money = |name| Ok::<_, Mismatch>(Money::from_raw(raw(name, vector.number(name)?, 14)?));
        if vector.input.contains_key("equity") {
            return money("equity").map(Some);
        }
        if !vector.input.contains_key("collateral") {
            return Ok(None);
        }
        let entry = raw("entry", vector.number_or("entry", 0.0)?, 8)?;
        let gain = self.index.raw().checked_sub(entry);
        let gain = gain.and_then(|gain| gain.checked_mul(perp.into()));
        let gain = gain.ok_or_else(|| Mismatch::unusable("the entry price is too large"))?;
        let equity = money("collateral")?.add(Money::from_raw(gain));
        equity.map(Some).map_err(refused)
    }

    /// The market for the engine's functions.
    pub(super) fn valuation(&self) -> Result<Valuation<'_>, Mismatch> {
        let now = Timestamp::EPOCH;
        Valuation::new(&self.model, &self.arrays, &self.contracts, self.index, now).map_err(refused)
    }

    /// The orders' terms of an instrument.
    pub(super) fn terms(&self, instrument: u32) -> &Terms {
        if instrument == PERP {
            &self.perps
        } else {
            &self.options
        }
    }

    /// Fair value of an instrument.
    pub(super) fn mark(&self, instrument: u32) -> Result<Price<8>, Mismatch> {
        let mark = self.arrays.mark(instrument).map_err(refused)?;
        Ok(Price::from_raw(mark.into()))
    }

    /// The limit price of an order of the liquidation.
    pub(super) fn limit(&self, instrument: u32, side: Side) -> Result<Price<8>, Mismatch> {
        let terms = self.terms(instrument);
        let mark = self.mark(instrument)?.raw();
        let index = self.index.raw();
        limit_price(side, mark, index, terms.incentive, terms.tick.raw())
            .map(Price::from_raw)
            .map_err(refused)
    }

    /// The name of an option.
    pub(super) fn name(&self, instrument: u32) -> Result<Named, Mismatch> {
        let at = usize::try_from(instrument).ok();
        let place = at.and_then(|at| at.checked_sub(1));
        place
            .and_then(|place| self.named.get(place))
            .copied()
            .ok_or_else(|| Mismatch::unusable("the perpetual is not an option"))
    }
}

/// The instruments met so far.
struct Book {
    units: Vec<Unit>,
    named: Vec<Named>,
    legs: Vec<Leg>,
}

impl Book {
    fn new() -> Self {
        let perp = Unit {
            contract: Contract::Perp,
            vol: Rate::ZERO,
            forward: None,
        };
        Self {
            units: vec![perp],
            named: Vec::new(),
            legs: Vec::new(),
        }
    }

    /// Adds a leg; the same option again is the same instrument.
    fn add(&mut self, leg: &Map<String, Value>) -> Result<(), Mismatch> {
        let get = |name: &str| {
            let value = leg.get(name);
            finite(
                name,
                value.ok_or_else(|| Mismatch::unusable(format!("a leg without {name:?}")))?,
            )
        };
        let named = Named {
            kind: kind(leg.get("cp"))?,
            strike: get("K")?,
            days: get("dte")?,
        };
        let known = self.named.iter().position(|n| *n == named);
        let at = match known {
            Some(at) => at,
            None => {
                self.units.push(unit(named, get("iv")?)?);
                self.named.push(named);
                self.named.len() - 1
            }
        };
        let instrument = u32::try_from(at + 1).map_err(|_| Mismatch::unusable("too many legs"))?;
        self.legs.push(Leg {
            instrument,
            quantity: raw_64("q", get("q")?, 6)?,
        });
        Ok(())
    }
}

pub(super) fn unit(named: Named, vol: f64) -> Result<Unit, Mismatch> {
    Ok(Unit {
        contract: Contract::Option {
            kind: named.kind,
            strike: Price::from_raw(raw("K", named.strike, 8)?),
            expiry: Timestamp(raw_64("dte", named.days * DAY, 0)?),
        },
        vol: Rate::from_raw(raw("iv", vol, 15)?),
        forward: None,
    })
}

pub(super) fn kind(cp: Option<&Value>) -> Result<OptionKind, Mismatch> {
    match cp.and_then(Value::as_str) {
        Some("C") => Ok(OptionKind::Call),
        Some("P") => Ok(OptionKind::Put),
        _ => {
            let given = cp.unwrap_or(&Value::Null);
            Err(Mismatch::unusable(format!("{given} is neither C nor P")))
        }
    }
}

pub(super) const fn letter(kind: OptionKind) -> &'static str {
    match kind {
        OptionKind::Call => "C",
        OptionKind::Put => "P",
    }
}

/// The legs of the input; a strike with a size alone is a synthetic.
fn legs(vector: &Vector<'_>) -> Result<Vec<Map<String, Value>>, Mismatch> {
    if let Some(legs) = vector.input.get("legs") {
        let legs = list("legs", legs)?;
        return legs.iter().map(|leg| object(leg).cloned()).collect();
    }
    if !vector.input.contains_key("K") {
        return Ok(Vec::new());
    }
    let side = |cp: &str, sign: f64| -> Result<Map<String, Value>, Mismatch> {
        let mut leg = vector.input.clone();
        leg.insert("cp".to_owned(), Value::from(cp));
        leg.insert("q".to_owned(), Value::from(sign * vector.number("q")?));
        Ok(leg)
    };
    if vector.input.contains_key("cp") {
        return Ok(vec![vector.input.clone()]);
    }
    Ok(vec![side("C", 1.0)?, side("P", -1.0)?])
}

/// Orders on the perpetual; the defaults are the specification's.
fn perps(vector: &Vector<'_>) -> Result<Terms, Mismatch> {
    let own = vector.input.contains_key("perp_incentive");
    let (tick, lot) = grid_of(vector, own, (0.5, 0.001))?;
    let fee = raw("perp_fee", vector.number_or("perp_fee", 0.0004)?, 6)?;
    let incentive = vector.number_or("perp_incentive", 0.001)?;
    Ok(Terms {
        incentive: Rate::from_raw(raw("perp_incentive", incentive, 6)?),
        fee: FeeRule::OfNotional(Rate::from_raw(fee)),
        tick,
        lot,
    })
}

/// Orders on options; the defaults are the specification's.
fn options(vector: &Vector<'_>, spot: f64) -> Result<Terms, Mismatch> {
    let in_bps = vector.input.contains_key("opt_incentive_bps_of_index");
    let own = in_bps || vector.input.contains_key("opt_incentive_usd");
    let (tick, lot) = grid_of(vector, own, (1.0, 0.01))?;
    let rate = if vector.input.contains_key("opt_incentive_usd") {
        vector.number("opt_incentive_usd")? / spot
    } else {
        vector.number_or("opt_incentive_bps_of_index", 10.0)? / 10_000.0
    };
    Ok(Terms {
        incentive: Rate::from_raw(raw("the incentive", rate, 6)?),
        fee: FeeRule::KYAN_OPTION,
        tick,
        lot,
    })
}

/// Price step and lot: the input's, when it is about this kind of instrument.
fn grid_of(
    vector: &Vector<'_>,
    own: bool,
    (tick, lot): (f64, f64),
) -> Result<(Price<8>, i64), Mismatch> {
    let (tick, lot) = if own {
        (
            vector.number_or("tick", tick)?,
            vector.number_or("lot", lot)?,
        )
    } else {
        (tick, lot)
    };
    Ok((
        Price::from_raw(raw("tick", tick, 8)?),
        raw_64("lot", lot, 6)?,
    ))
}

fn band(vector: &Vector<'_>) -> Result<Band, Mismatch> {
    if vector.input.contains_key("delta_band_base") {
        let band = raw("delta_band_base", vector.number("delta_band_base")?, 6)?;
        return Ok(Band::Quantity(Fixed::from_raw(band)));
    }
    let band = vector.number_or("delta_band_usd", 10_000.0)?;
    Ok(Band::Value(Amount::from_raw(raw(
        "delta_band_usd",
        band,
        6,
    )?)))
}

/// The model of the file: its parameters and scenarios, or the reference model without.
pub(super) fn model(document: &Value) -> Result<(Model, Grid, VolShock), Mismatch> {
    let meta = document.get("meta");
    let grid = match meta.and_then(|meta| meta.get("scenarios")) {
        Some(scenarios) => grid(list("scenarios", scenarios)?)?,
        None => Grid::krm_43(),
    };
    let Some(given) = meta.and_then(|meta| meta.get("params")) else {
        return Ok((Model::KRM, grid, VolShock::KRM));
    };
    let given = object(given)?;
    let number = |name: &str, default: f64| match given.get(name) {
        Some(value) => finite(name, value),
        None => Ok(default),
    };
    let rate =
        |name, default| Ok::<_, Mismatch>(Rate::from_raw(raw(name, number(name, default)?, 6)?));
    let share = |name, default| {
        let share = raw_64(name, number(name, default)?, 6)?;
        u32::try_from(share).map_err(|_| Mismatch::unusable(format!("{name} is negative")))
    };
    let window = raw_64("roll_dte", number("roll_dte", 1.0)? * DAY, 0)?;
    let model = Model {
        delta_rate: rate("delta_rate", 0.01)?,
        delta_free: Amount::from_raw(raw("delta_free", number("delta_free", 100_000.0)?, 6)?),
        roll_rate: rate("roll_rate", 0.01)?,
        roll_window: Duration(window),
        mm_factor: rate("mm_factor", 1.0)?,
        im_factor: rate("im_factor", 1.2)?,
    };
    let shock = VolShock {
        up_e6: share("vol_up", 0.5)?,
        down_e6: share("vol_dn", 0.25)?,
        short_power_e6: share("p_short", 0.3)?,
        long_power_e6: share("p_long", 0.13)?,
        floor_millis: raw_64("dte_floor", number("dte_floor", 1.0)? * DAY, 0)?,
        least_up_e6: share("min_vol_up", 0.0)?,
    };
    Ok((model, grid, shock))
}

fn grid(scenarios: &[Value]) -> Result<Grid, Mismatch> {
    let scenario = |value: &Value| -> Result<Scenario, Mismatch> {
        let [spot, vol, weight] = list("a scenario", value)? else {
            return Err(Mismatch::unusable(format!("{value} is not a scenario")));
        };
        let narrow = |what, value: &Value| {
            let narrow = i32::try_from(raw_64(what, finite(what, value)?, 6)?);
            narrow.map_err(|_| Mismatch::unusable(format!("{what} is {value}")))
        };
        let vol = match vol.as_i64() {
            Some(-1) => VolMove::Down,
            Some(0) => VolMove::None,
            Some(1) => VolMove::Up,
            _ => return Err(Mismatch::unusable(format!("a volatility move of {vol}"))),
        };
        let weight = u32::try_from(narrow("a weight", weight)?);
        Ok(Scenario {
            spot_e6: narrow("a spot move", spot)?,
            vol,
            weight_e6: weight.map_err(|_| Mismatch::unusable("a weight below zero"))?,
        })
    };
    let scenarios: Result<Vec<_>, _> = scenarios.iter().map(scenario).collect();
    Grid::new(scenarios?).map_err(refused)
}
