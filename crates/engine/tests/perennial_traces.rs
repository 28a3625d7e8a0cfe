//! Replays traces of the real Perennial V1 contracts, comparing every field of every step: the
//! result with the refusal's name and arguments, the settled amounts, the reward, and the whole
//! state after it. Skipped, with the reason printed, where the vector files are absent.

use std::io::Read;
use std::path::PathBuf;

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::perennial::{
    Arg, Command as Op, Config as VenueParams, Curve, Event as Happened, Money, Payoff, PerUnit,
    Perennial, PrePosition, ProductParam, ProductParams, Protocol, ProtocolParam, Ratio18, Role,
    Sides, Size,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};
use serde_json::{Map, Value, json};

const PRODUCT: MarketId = MarketId(0);

fn vectors(name: &str) -> Option<Value> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../../shared/vectors", name]
        .iter()
        .collect();
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    let mut text = String::new();
    if name.ends_with(".gz") {
        flate2::read::GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Some(serde_json::from_str(&text).unwrap())
}

/// `raw:` numbers are raw, others are human units.
fn raw(text: &Value) -> i128 {
    let text = text.as_str().unwrap();
    match text.strip_prefix("raw:") {
        Some(raw) => raw.parse().unwrap(),
        None => text.parse::<Money>().unwrap().raw(),
    }
}

fn ratio(value: &Value) -> Ratio18 {
    Ratio18::from_raw(raw(value))
}

fn curve(value: &Value) -> Curve {
    Curve {
        min_rate: ratio(&value["minRate"]),
        max_rate: ratio(&value["maxRate"]),
        target_rate: ratio(&value["targetRate"]),
        target_utilization: ratio(&value["targetUtilization"]),
    }
}

fn config(value: &Value) -> Config {
    let params = ProductParams {
        payoff: Payoff::named(value["payoff"].as_str().unwrap()).unwrap(),
        maintenance: ratio(&value["maintenance"]),
        margin: None,
        funding_fee: ratio(&value["fundingFee"]),
        maker_fee: ratio(&value["makerFee"]),
        taker_fee: ratio(&value["takerFee"]),
        position_fee: ratio(&value["positionFee"]),
        maker_limit: Size::from_raw(raw(&value["makerLimit"])),
        curve: curve(&value["curve"]),
    };
    let mut venue = VenueParams::perennial(AssetId(0), vec![params]);
    venue.protocol = Protocol {
        protocol_fee: ratio(&value["protocolFee"]),
        min_funding_fee: ratio(&value["minFundingFee"]),
        liquidation_fee: ratio(&value["liquidationFee"]),
        min_collateral: Money::from_raw(raw(&value["minCollateral"])),
        paused: false,
    };
    Config {
        assets: vec![Asset {
            symbol: "DSU".to_owned(),
            decimals: 18,
        }],
        venues: vec![VenueConfig::Perennial(venue)],
    }
}

/// The traces name accounts; the engine numbers them.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn id(&mut self, name: &str) -> AccountId {
        let at = self.0.iter().position(|n| n == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        AccountId(u32::try_from(at).unwrap())
    }
}

/// One trace being replayed.
struct Replay {
    engine: Engine,
    names: Names,
    version: u64,
    seconds: i64,
}

impl Replay {
    fn new(value: &Value) -> Self {
        Self {
            engine: Engine::new(&config(value)).unwrap(),
            names: Names::default(),
            version: 0,
            seconds: 1_600_000_000,
        }
    }

    fn venue(&self) -> &Perennial {
        let Some(Venue::Perennial(venue)) = self.engine.venue(VenueId(0)) else {
            panic!("the engine has one Perennial venue");
        };
        venue
    }

    fn command(&mut self, step: &Value) -> Op {
        let op = step["op"].as_str().unwrap();
        let user = step["user"].as_str().map(|u| self.names.id(u));
        let by = step["by"].as_str().map(|u| self.names.id(u));
        let account = user.unwrap_or(AccountId(u32::MAX));
        let money = || Money::from_raw(raw(&step["amount"]));
        let size = || Size::from_raw(raw(&step["amount"]));
        let product = PRODUCT;
        let open = |role| Op::Open {
            product,
            account,
            by: account,
            role,
            amount: size(),
        };
        let close = |role| Op::Close {
            product,
            account,
            by: account,
            role,
            amount: size(),
        };
        match op {
            "oracle" => {
                self.version += step["skip"].as_u64().unwrap_or(1);
                self.seconds += step["dt"].as_i64().unwrap_or(3600);
                let (version, time) = (self.version, Timestamp(self.seconds * 1000));
                let price = PerUnit::from_raw(raw(&step["price"]));
                Op::OracleVersion {
                    product,
                    version,
                    time,
                    price,
                }
            }
            "deposit" => Op::Deposit {
                product,
                account,
                by: account,
                amount: money(),
            },
            "withdraw" => {
                let amount = (step["amount"] != "max").then(money);
                Op::Withdraw {
                    product,
                    account,
                    by: account,
                    amount,
                }
            }
            "openMake" => open(Role::Maker),
            "openTake" => open(Role::Taker),
            "closeMake" => close(Role::Maker),
            "closeTake" => close(Role::Taker),
            "settle" => Op::Settle { product },
            "settleAccount" => Op::SettleAccount { product, account },
            "liquidate" => {
                let by = by.unwrap_or_else(|| self.names.id("liq"));
                Op::Liquidate {
                    product,
                    account,
                    by,
                }
            }
            "resolveShortfall" => Op::ResolveShortfall {
                product,
                by: by.unwrap(),
                amount: money(),
            },
            "set" => set(step),
            other => panic!("unknown step {other}"),
        }
    }

    fn result(&mut self, op: Op) -> Value {
        let time = Timestamp(self.seconds * 1000);
        let command = Command {
            time,
            venue: VenueId(0),
            body: Body::Perennial(op),
        };
        let applied = self.engine.apply(&command).map(<[Event]>::to_vec);
        match applied {
            Ok(events) => ok(&events),
            Err(Rejection::Perennial(refusal)) => {
                let args: Vec<Value> = refusal.args().iter().map(|a| self.arg(a)).collect();
                json!({ "error": refusal.name(), "args": args })
            }
            Err(other) => json!({ "error": other.to_string() }),
        }
    }

    fn arg(&self, arg: &Arg) -> Value {
        match arg {
            Arg::Number(raw) => json!(raw.to_string()),
            Arg::Account(id) => json!(self.names.0[id.index()]),
            Arg::Product(id) => json!(id.to_string()),
            Arg::Code(code) => json!(format!("0x{code:x}")),
        }
    }

    fn state(&mut self, accounts: &Map<String, Value>) -> Value {
        let ids: Vec<_> = accounts
            .iter()
            .map(|(n, v)| (n, v, self.names.id(n)))
            .collect();
        let (venue, ledger) = (self.venue(), self.engine.ledger());
        let product = venue.product(PRODUCT).unwrap();
        let (oracle, global) = (product.oracle(), product.global());
        let mut states = Map::new();
        for (name, expected, id) in ids {
            let mut state = json!({ "walletDelta": text(venue.wallets().net(id)) });
            // Keepers are compared on their wallet alone.
            if expected.get("collateral").is_some() {
                let view = product.account_view(ledger, id).unwrap();
                let more = json!({
                    "collateral": text(view.collateral),
                    "position": position(&view.position),
                    "pre": pre(&view.pre),
                    "liquidating": view.liquidating,
                    "maintenance": text(view.maintenance),
                    "maintenanceNext": text(view.maintenance_next),
                    "liquidatable": view.liquidatable,
                    "liquidatableNext": view.liquidatable_next,
                    "latestVersion": view.latest_version.to_string(),
                });
                state
                    .as_object_mut()
                    .unwrap()
                    .extend(more.as_object().unwrap().clone());
            }
            states.insert(name.clone(), state);
        }
        json!({
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
                "collateralTotal": text(global.total),
                "shortfall": text(product.shortfall(ledger)),
                "feesProtocol": text(venue.protocol_fees(ledger)),
                "feesProduct": text(product.fees(ledger)),
            },
            "accounts": states,
        })
    }
}

fn set(step: &Value) -> Op {
    let value = &step["value"];
    let product = |param| Op::SetProduct {
        product: PRODUCT,
        param,
    };
    match step["param"].as_str().unwrap() {
        "maintenance" => product(ProductParam::Maintenance(ratio(value))),
        "fundingFee" => product(ProductParam::FundingFee(ratio(value))),
        "makerFee" => product(ProductParam::MakerFee(ratio(value))),
        "takerFee" => product(ProductParam::TakerFee(ratio(value))),
        "positionFee" => product(ProductParam::PositionFee(ratio(value))),
        "makerLimit" => product(ProductParam::MakerLimit(Size::from_raw(raw(value)))),
        "curve" => product(ProductParam::Curve(curve(value))),
        "closed" => product(ProductParam::Closed(value.as_bool().unwrap())),
        "protocolFee" => Op::SetProtocol(ProtocolParam::ProtocolFee(ratio(value))),
        "minFundingFee" => Op::SetProtocol(ProtocolParam::MinFundingFee(ratio(value))),
        "liquidationFee" => Op::SetProtocol(ProtocolParam::LiquidationFee(ratio(value))),
        "minCollateral" => {
            Op::SetProtocol(ProtocolParam::MinCollateral(Money::from_raw(raw(value))))
        }
        "paused" => Op::SetProtocol(ProtocolParam::Paused(value.as_bool().unwrap())),
        other => panic!("unknown parameter {other}"),
    }
}

fn ok(events: &[Event]) -> Value {
    let mut result = json!({ "ok": true });
    let mut settles = Vec::new();
    for event in events {
        match event {
            Event::Perennial(Happened::AccountSettled {
                amount,
                new_shortfall,
                ..
            }) => {
                settles
                    .push(json!({ "amount": text(*amount), "newShortfall": text(*new_shortfall) }));
            }
            Event::Perennial(Happened::Liquidated { reward, .. }) => {
                result["reward"] = json!(text(*reward));
            }
            _ => {}
        }
    }
    if !settles.is_empty() {
        result["accountSettles"] = json!(settles);
    }
    result
}

fn text(money: Money) -> String {
    money.raw().to_string()
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

/// Paths of the fields that differ, with both values.
fn differences(path: &str, expected: &Value, actual: &Value, out: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(e), Value::Object(a)) => {
            let keys: std::collections::BTreeSet<_> = e.keys().chain(a.keys()).collect();
            for key in keys {
                let at = |m: &Map<String, Value>| m.get(key).cloned().unwrap_or(Value::Null);
                differences(&format!("{path}.{key}"), &at(e), &at(a), out);
            }
        }
        _ if expected == actual => {}
        _ => out.push(format!("{path}: expected {expected}, actual {actual}")),
    }
}

/// Replays one trace; the first step that differs, if one does. The books and the watch are
/// audited after every step.
fn replay(vector: &Value) -> Result<usize, String> {
    let mut replay = Replay::new(&vector["config"]);
    let trace = vector["trace"].as_array().unwrap();
    for (at, step) in trace.iter().enumerate() {
        let op = replay.command(&step["step"]);
        let mut different = Vec::new();
        differences(
            "result",
            &step["result"],
            &replay.result(op),
            &mut different,
        );
        let accounts = step["state"]["accounts"].as_object().unwrap();
        differences(
            "state",
            &step["state"],
            &replay.state(accounts),
            &mut different,
        );
        if let Err(broken) = replay.engine.audit() {
            different.push(broken.to_string());
        }
        if !different.is_empty() {
            return Err(format!(
                "step {at} {}:\n  {}",
                step["step"],
                different.join("\n  ")
            ));
        }
    }
    Ok(trace.len())
}

#[track_caller]
fn check(name: &str, at_least: usize) {
    let Some(file) = vectors(name) else {
        return;
    };
    let mut failed = Vec::new();
    let mut steps = 0;
    let traces = file["vectors"].as_array().unwrap();
    for vector in traces {
        match replay(vector) {
            Ok(count) => steps += count,
            Err(why) => failed.push(format!("{}: {why}", vector["name"])),
        }
    }
    println!("{name}: {} traces, {steps} steps equal", traces.len());
    assert!(traces.len() >= at_least, "{} traces", traces.len());
    assert!(
        failed.is_empty(),
        "{} failed\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn named_traces_of_the_contracts_are_reproduced_to_the_last_unit() {
    check("perennial.json", 44);
}

#[test]
fn random_traces_of_the_contracts_are_reproduced_to_the_last_unit() {
    check("perennial_random.json.gz", 25);
}
