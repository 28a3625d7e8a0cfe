//! Perennial traces: every step's result, and every field of the state after it.
//!
//! A trace names its accounts; the engine numbers them. Every step is one command, applied to a
//! whole engine, which is audited after it. Numbers are raw 1e18 integers in results and states;
//! in the configuration and the steps they are human units, unless they begin with `raw:`.

use std::collections::BTreeSet;

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::perennial::{
    Arg, Command as Do, Config as VenueParams, Curve, Event as Happened, Money, Payoff, PerUnit,
    Perennial, PrePosition, ProductParam, ProductParams, Protocol, ProtocolParam, Ratio18, Role,
    Sides, Size,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};
use serde_json::{Map, Value, json};

use super::compare::{Mismatch, field, text};

const PRODUCT: MarketId = MarketId(0);
const VENUE: VenueId = VenueId(0);
/// The traces' clock starts here, in seconds.
const START: i64 = 1_600_000_000;
/// Time between oracle versions where a step does not say, in seconds.
const STEP: i64 = 3600;

/// Replays one trace.
pub(super) fn run(vector: &Value) -> Result<(), Mismatch> {
    let mut replay = Replay::new(field(vector, "config")?)?;
    let trace = field(vector, "trace")?
        .as_array()
        .filter(|steps| !steps.is_empty())
        .ok_or_else(|| Mismatch::unusable("the trace has no steps"))?;
    for (at, entry) in trace.iter().enumerate() {
        let step = field(entry, "step")?;
        replay
            .step(step, entry)
            .map_err(|m| m.within(&format!("step {at} {step}")))?;
    }
    Ok(())
}

/// `raw:` numbers are raw, others are human units with up to 18 decimals.
fn raw(object: &Value, name: &str) -> Result<i128, Mismatch> {
    let text = text(object, name)?;
    let number = match text.strip_prefix("raw:") {
        Some(raw) => plimsoll_units::parse_scaled(raw, 0),
        None => plimsoll_units::parse_scaled(&text, 18),
    };
    number.map_err(|e| Mismatch::unusable(format!("{name}: {e}")))
}

fn ratio(object: &Value, name: &str) -> Result<Ratio18, Mismatch> {
    raw(object, name).map(Ratio18::from_raw)
}

fn flag(object: &Value, name: &str) -> Result<bool, Mismatch> {
    field(object, name)?
        .as_bool()
        .ok_or_else(|| Mismatch::unusable(format!("{name} is neither true nor false")))
}

fn curve(object: &Value) -> Result<Curve, Mismatch> {
    Ok(Curve {
        min_rate: ratio(object, "minRate")?,
        max_rate: ratio(object, "maxRate")?,
        target_rate: ratio(object, "targetRate")?,
        target_utilization: ratio(object, "targetUtilization")?,
    })
}

fn config(object: &Value) -> Result<Config, Mismatch> {
    let payoff = text(object, "payoff")?;
    let params = ProductParams {
        payoff: Payoff::named(&payoff)
            .ok_or_else(|| Mismatch::unusable(format!("{payoff:?} is no known payoff")))?,
        maintenance: ratio(object, "maintenance")?,
        margin: None,
        funding_fee: ratio(object, "fundingFee")?,
        maker_fee: ratio(object, "makerFee")?,
        taker_fee: ratio(object, "takerFee")?,
        position_fee: ratio(object, "positionFee")?,
        maker_limit: Size::from_raw(raw(object, "makerLimit")?),
        curve: curve(field(object, "curve")?)?,
    };
    let mut venue = VenueParams::perennial(AssetId(0), vec![params]);
    venue.protocol = Protocol {
        protocol_fee: ratio(object, "protocolFee")?,
        min_funding_fee: ratio(object, "minFundingFee")?,
        liquidation_fee: ratio(object, "liquidationFee")?,
        min_collateral: Money::from_raw(raw(object, "minCollateral")?),
        paused: false,
    };
    Ok(Config {
        assets: vec![Asset {
            symbol: "DSU".to_owned(),
            decimals: 18,
        }],
        venues: vec![VenueConfig::Perennial(venue)],
    })
}

/// One trace being replayed.
struct Replay {
    engine: Engine,
    names: Vec<String>,
    version: u64,
    seconds: i64,
}

impl Replay {
    fn new(params: &Value) -> Result<Self, Mismatch> {
        let engine = Engine::new(&config(params)?)
            .map_err(|why| Mismatch::refused("the configuration", why))?;
        Ok(Self {
            engine,
            names: Vec::new(),
            version: 0,
            seconds: START,
        })
    }

    /// Applies a step and compares what came of it.
    fn step(&mut self, step: &Value, entry: &Value) -> Result<(), Mismatch> {
        let body = self.command(step)?;
        let result = self.result(body)?;
        compare("the result", field(entry, "result")?, &result)?;
        let expected = field(entry, "state")?;
        let actual = self.state(field(expected, "accounts")?)?;
        compare("the state", expected, &actual)?;
        self.engine.audit().map_err(|broken| Mismatch {
            at: "the audit".to_owned(),
            expected: "every invariant to hold".to_owned(),
            actual: broken.to_string(),
        })
    }

    fn id(&mut self, name: &str) -> AccountId {
        let at = self
            .names
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| {
                self.names.push(name.to_owned());
                self.names.len() - 1
            });
        AccountId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn account(&mut self, step: &Value, name: &str) -> Result<AccountId, Mismatch> {
        let account = text(step, name)?;
        Ok(self.id(&account))
    }

    fn command(&mut self, step: &Value) -> Result<Do, Mismatch> {
        let product = PRODUCT;
        let op = text(step, "op")?;
        Ok(match op.as_str() {
            "oracle" => self.oracle(step)?,
            "deposit" => {
                let account = self.account(step, "user")?;
                let amount = Money::from_raw(raw(step, "amount")?);
                Do::Deposit {
                    product,
                    account,
                    by: account,
                    amount,
                }
            }
            "withdraw" => {
                let account = self.account(step, "user")?;
                let all = text(step, "amount")? == "max";
                let amount = if all {
                    None
                } else {
                    Some(Money::from_raw(raw(step, "amount")?))
                };
                Do::Withdraw {
                    product,
                    account,
                    by: account,
                    amount,
                }
            }
            "openMake" => self.trade(step, Role::Maker, true)?,
            "openTake" => self.trade(step, Role::Taker, true)?,
            "closeMake" => self.trade(step, Role::Maker, false)?,
            "closeTake" => self.trade(step, Role::Taker, false)?,
            "settle" => Do::Settle { product },
            "settleAccount" => Do::SettleAccount {
                product,
                account: self.account(step, "user")?,
            },
            "liquidate" => {
                let account = self.account(step, "user")?;
                let by = if step.get("by").is_some() {
                    self.account(step, "by")?
                } else {
                    self.id("liq")
                };
                Do::Liquidate {
                    product,
                    account,
                    by,
                }
            }
            "resolveShortfall" => {
                let by = self.account(step, "by")?;
                let amount = Money::from_raw(raw(step, "amount")?);
                Do::ResolveShortfall {
                    product,
                    by,
                    amount,
                }
            }
            "set" => set(step)?,
            _ => {
                return Err(Mismatch::unusable(format!(
                    "there is no step called {op:?}"
                )));
            }
        })
    }

    fn oracle(&mut self, step: &Value) -> Result<Do, Mismatch> {
        let number = |name: &str, default: i64| match step.get(name) {
            None => Ok(default),
            Some(value) => value
                .as_i64()
                .ok_or_else(|| Mismatch::unusable(format!("{name} {value} is not an integer"))),
        };
        let (skip, seconds) = (number("skip", 1)?, number("dt", STEP)?);
        let far = || Mismatch::unusable("the clock or the version leaves its range");
        self.version = self.version.checked_add_signed(skip).ok_or_else(far)?;
        self.seconds = self.seconds.checked_add(seconds).ok_or_else(far)?;
        Ok(Do::OracleVersion {
            product: PRODUCT,
            version: self.version,
            time: self.now()?,
            price: PerUnit::from_raw(raw(step, "price")?),
        })
    }

    fn now(&self) -> Result<Timestamp, Mismatch> {
        Timestamp::from_seconds(self.seconds).map_err(|e| Mismatch::unusable(e.to_string()))
    }

    fn trade(&mut self, step: &Value, role: Role, open: bool) -> Result<Do, Mismatch> {
        let (product, account) = (PRODUCT, self.account(step, "user")?);
        let (by, amount) = (account, Size::from_raw(raw(step, "amount")?));
        Ok(if open {
            Do::Open {
                product,
                account,
                by,
                role,
                amount,
            }
        } else {
            Do::Close {
                product,
                account,
                by,
                role,
                amount,
            }
        })
    }

    fn result(&mut self, body: Do) -> Result<Value, Mismatch> {
        let command = Command {
            time: self.now()?,
            venue: VENUE,
            body: Body::Perennial(body),
        };
        let applied = self.engine.apply(&command).map(<[Event]>::to_vec);
        Ok(match applied {
            Ok(events) => accepted(&events),
            Err(Rejection::Perennial(refusal)) => {
                let args: Vec<Value> = refusal.args().iter().map(|a| self.arg(a)).collect();
                json!({ "error": refusal.name(), "args": args })
            }
            Err(other) => json!({ "error": other.to_string() }),
        })
    }

    fn arg(&self, arg: &Arg) -> Value {
        match arg {
            Arg::Number(raw) => json!(raw.to_string()),
            Arg::Account(id) => {
                json!(
                    self.names
                        .get(id.index())
                        .map_or_else(|| id.to_string(), Clone::clone)
                )
            }
            Arg::Product(id) => json!(id.to_string()),
            Arg::Code(code) => json!(format!("0x{code:x}")),
        }
    }

    fn venue(&self) -> Result<&Perennial, Mismatch> {
        match self.engine.venue(VENUE) {
            Some(Venue::Perennial(venue)) => Ok(venue),
            _ => Err(Mismatch::unusable("the engine has lost its venue")),
        }
    }

    fn state(&mut self, accounts: &Value) -> Result<Value, Mismatch> {
        let accounts = accounts
            .as_object()
            .ok_or_else(|| Mismatch::unusable("the state's accounts are not an object"))?;
        let known: Vec<_> = accounts
            .iter()
            .map(|(name, state)| (name, state, self.id(name)))
            .collect();
        let (venue, ledger) = (self.venue()?, self.engine.ledger());
        let product = venue
            .product(PRODUCT)
            .map_err(|why| Mismatch::refused("the product", why))?;
        let (oracle, global) = (product.oracle(), product.global());
        let mut states = Map::new();
        for (name, expected, id) in known {
            let mut state = Map::new();
            state.insert("walletDelta".to_owned(), money(venue.wallets().net(id)));
            // Keepers are recorded with their wallet alone.
            if expected.get("collateral").is_some() {
                let view = product
                    .account_view(ledger, id)
                    .map_err(|why| Mismatch::refused("the account's view", why))?;
                let fields = [
                    ("collateral", money(view.collateral)),
                    ("position", position(&view.position)),
                    ("pre", pre(&view.pre)),
                    ("liquidating", json!(view.liquidating)),
                    ("maintenance", money(view.maintenance)),
                    ("maintenanceNext", money(view.maintenance_next)),
                    ("liquidatable", json!(view.liquidatable)),
                    ("liquidatableNext", json!(view.liquidatable_next)),
                    ("latestVersion", json!(view.latest_version.to_string())),
                ];
                state.extend(fields.map(|(name, value)| (name.to_owned(), value)));
            }
            states.insert(name.clone(), Value::Object(state));
        }
        Ok(json!({
            "oracle": {
                "version": oracle.number.to_string(),
                "timestamp": (oracle.time.millis() / 1000).to_string(),
                "price": oracle.price.to_string(),
            },
            "global": {
                "latestVersion": global.latest_version.to_string(),
                "position": position(&global.position),
                "pre": pre(&global.pre),
                "value": {
                    "maker": global.value.maker.raw().to_string(),
                    "taker": global.value.taker.raw().to_string(),
                },
                "collateralTotal": money(global.total),
                "shortfall": money(product.shortfall(ledger)),
                "feesProtocol": money(venue.protocol_fees(ledger)),
                "feesProduct": money(product.fees(ledger)),
            },
            "accounts": states,
        }))
    }
}

fn set(step: &Value) -> Result<Do, Mismatch> {
    let product = |param| Do::SetProduct {
        product: PRODUCT,
        param,
    };
    let value = |name: &str| ratio(step, name);
    let param = text(step, "param")?;
    Ok(match param.as_str() {
        "maintenance" => product(ProductParam::Maintenance(value("value")?)),
        "fundingFee" => product(ProductParam::FundingFee(value("value")?)),
        "makerFee" => product(ProductParam::MakerFee(value("value")?)),
        "takerFee" => product(ProductParam::TakerFee(value("value")?)),
        "positionFee" => product(ProductParam::PositionFee(value("value")?)),
        "makerLimit" => product(ProductParam::MakerLimit(Size::from_raw(raw(
            step, "value",
        )?))),
        "curve" => product(ProductParam::Curve(curve(field(step, "value")?)?)),
        "closed" => product(ProductParam::Closed(flag(step, "value")?)),
        "protocolFee" => Do::SetProtocol(ProtocolParam::ProtocolFee(value("value")?)),
        "minFundingFee" => Do::SetProtocol(ProtocolParam::MinFundingFee(value("value")?)),
        "liquidationFee" => Do::SetProtocol(ProtocolParam::LiquidationFee(value("value")?)),
        "minCollateral" => {
            let least = Money::from_raw(raw(step, "value")?);
            Do::SetProtocol(ProtocolParam::MinCollateral(least))
        }
        "paused" => Do::SetProtocol(ProtocolParam::Paused(flag(step, "value")?)),
        _ => {
            return Err(Mismatch::unusable(format!(
                "there is no parameter called {param:?}"
            )));
        }
    })
}

fn accepted(events: &[Event]) -> Value {
    let mut result = Map::new();
    result.insert("ok".to_owned(), json!(true));
    let mut settles = Vec::new();
    for event in events {
        match event {
            Event::Perennial(Happened::AccountSettled {
                amount,
                new_shortfall,
                ..
            }) => {
                settles.push(json!({
                    "amount": money(*amount), "newShortfall": money(*new_shortfall),
                }));
            }
            Event::Perennial(Happened::Liquidated { reward, .. }) => {
                result.insert("reward".to_owned(), money(*reward));
            }
            _ => {}
        }
    }
    if !settles.is_empty() {
        result.insert("accountSettles".to_owned(), Value::Array(settles));
    }
    Value::Object(result)
}

fn money(money: Money) -> Value {
    json!(money.raw().to_string())
}

fn position(sides: &Sides<Size>) -> Value {
    json!({ "maker": sides.maker.raw().to_string(), "taker": sides.taker.raw().to_string() })
}

fn pre(pre: &PrePosition) -> Value {
    json!({
        "oracleVersion": pre.oracle_version.to_string(),
        "open": position(&pre.open),
        "close": position(&pre.close),
    })
}

/// The first field that differs; one that only one side has differs too.
fn compare(path: &str, expected: &Value, actual: &Value) -> Result<(), Mismatch> {
    match (expected, actual) {
        (Value::Object(e), Value::Object(a)) => {
            let names: BTreeSet<&String> = e.keys().chain(a.keys()).collect();
            for name in names {
                let of = |object: &Map<String, Value>| {
                    object
                        .get(name)
                        .cloned()
                        .unwrap_or_else(|| json!("(nothing)"))
                };
                compare(&format!("{path}.{name}"), &of(e), &of(a))?;
            }
            Ok(())
        }
        _ if expected == actual => Ok(()),
        _ => Err(Mismatch {
            at: path.to_owned(),
            expected: expected.to_string(),
            actual: actual.to_string(),
        }),
    }
}
