//! A Perennial venue driven by short lines of text, for tests.
//!
//! One line is one command: `oracle 300`, `deposit alice 1000`, `make alice 10`, `unmake alice 3`,
//! `take`, `untake`, `withdraw alice max`, `settle`, `settle alice`, `liquidate alice by liq`,
//! `resolve liq 5`, `set maintenance 0.4`. Every oracle version is an hour after the last. A line
//! may start with a product's number, as in `1: oracle 300`; without one it is product 0.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations
)]

use std::fmt::Write as _;

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::perennial::{
    Command as Op, Config as VenueParams, Curve, Event as Happened, Flags, Perennial, ProductParam,
    ProductParams, ProtocolParam, Role,
};
use plimsoll_engine::venues::{Execution, Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};

pub const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "liq"];
pub const LIQ: AccountId = AccountId(5);

pub fn id(name: &str) -> AccountId {
    let at = NAMES.iter().position(|n| *n == name);
    AccountId(at.unwrap_or_else(|| panic!("{name} is nobody")) as u32)
}

pub fn name(id: AccountId) -> &'static str {
    NAMES[id.index()]
}

/// Maintenance 30 %, no fees, no funding.
pub fn plain() -> ProductParams {
    ProductParams {
        maintenance: "0.3".parse().unwrap(),
        maker_limit: "1000000".parse().unwrap(),
        curve: Curve {
            target_utilization: "1".parse().unwrap(),
            ..Curve::default()
        },
        ..ProductParams::default()
    }
}

/// One venue, liquidation fee 20 %.
pub fn venue(products: Vec<ProductParams>) -> VenueParams {
    let mut venue = VenueParams::perennial(AssetId(0), products);
    venue.protocol.liquidation_fee = "0.2".parse().unwrap();
    venue
}

pub fn with_flags(products: Vec<ProductParams>, flags: Flags) -> VenueParams {
    VenueParams {
        flags,
        ..venue(products)
    }
}

pub fn by_engine(venue: VenueParams) -> VenueParams {
    VenueParams {
        execution: Execution::Engine { keeper: LIQ },
        ..venue
    }
}

pub struct Bench {
    pub engine: Engine,
    versions: Vec<u64>,
    hours: i64,
}

impl Bench {
    pub fn new(venue: VenueParams) -> Self {
        let versions = vec![0; venue.products.len()];
        let config = Config {
            assets: vec![Asset {
                symbol: "DSU".to_owned(),
                decimals: 18,
            }],
            venues: vec![VenueConfig::Perennial(venue)],
        };
        Self {
            engine: Engine::new(&config).unwrap(),
            versions,
            hours: 0,
        }
    }

    pub fn venue(&self) -> &Perennial {
        match self.engine.venue(VenueId(0)) {
            Some(Venue::Perennial(venue)) => venue,
            other => panic!("{other:?}"),
        }
    }

    pub fn apply(&mut self, op: Op) -> Result<Vec<Event>, Rejection> {
        let command = self.command(op);
        self.engine.apply(&command).map(<[Event]>::to_vec)
    }

    pub fn command(&self, op: Op) -> Command {
        Command {
            time: Timestamp(self.hours * 3_600_000),
            venue: VenueId(0),
            body: Body::Perennial(op),
        }
    }

    /// The next version of a product's oracle, an hour later, `skip` versions on.
    pub fn oracle(&mut self, product: MarketId, price: &str, skip: u64) -> Op {
        self.hours += 1;
        let version = &mut self.versions[product.index()];
        *version += skip;
        Op::OracleVersion {
            product,
            version: *version,
            time: Timestamp(self.hours * 3_600_000),
            price: price.parse().unwrap(),
        }
    }

    /// Carries one line out; the state is audited after it, and a refusal must change nothing.
    pub fn line(&mut self, line: &str) -> Result<Vec<Event>, Rejection> {
        let op = self.parse(line);
        let before = self.engine.state_hash();
        let result = self.apply(op);
        if result.is_err() {
            assert_eq!(
                self.engine.state_hash(),
                before,
                "a refusal changed the state"
            );
        }
        self.engine
            .audit()
            .unwrap_or_else(|broken| panic!("after {line:?}: {broken}"));
        result
    }

    /// Carries lines out that must not be refused.
    #[track_caller]
    pub fn run(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
            if let Err(why) = self.line(line) {
                panic!("{line}: {why}");
            }
        }
    }

    /// Carries lines out, and writes down what came of each.
    pub fn record(&mut self, script: &str) -> String {
        let mut out = String::new();
        for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
            writeln!(out, "{line}").unwrap();
            match self.line(line) {
                Ok(events) => events.iter().for_each(|e| show(e, &mut out)),
                Err(why) => writeln!(out, "  refused: {why}").unwrap(),
            }
        }
        out
    }

    fn parse(&mut self, line: &str) -> Op {
        let (product, rest) = match line.split_once(": ") {
            Some((product, rest)) => (MarketId(product.parse().unwrap()), rest),
            None => (MarketId(0), line),
        };
        let words: Vec<&str> = rest.split(' ').collect();
        let account = |at: usize| id(words[at]);
        let trade = |open: bool, role| {
            let (account, amount) = (account(1), words[2].parse().unwrap());
            let by = account;
            if open {
                Op::Open {
                    product,
                    account,
                    by,
                    role,
                    amount,
                }
            } else {
                Op::Close {
                    product,
                    account,
                    by,
                    role,
                    amount,
                }
            }
        };
        match words[0] {
            "oracle" => self.oracle(product, words[1], 1),
            "deposit" => {
                let account = account(1);
                Op::Deposit {
                    product,
                    account,
                    by: account,
                    amount: words[2].parse().unwrap(),
                }
            }
            "withdraw" => {
                let account = account(1);
                let amount = (words[2] != "max").then(|| words[2].parse().unwrap());
                Op::Withdraw {
                    product,
                    account,
                    by: account,
                    amount,
                }
            }
            "make" => trade(true, Role::Maker),
            "take" => trade(true, Role::Taker),
            "unmake" => trade(false, Role::Maker),
            "untake" => trade(false, Role::Taker),
            "settle" if words.len() == 1 => Op::Settle { product },
            "settle" => Op::SettleAccount {
                product,
                account: account(1),
            },
            "liquidate" => Op::Liquidate {
                product,
                account: account(1),
                by: account(3),
            },
            "resolve" => Op::ResolveShortfall {
                product,
                by: account(1),
                amount: words[2].parse().unwrap(),
            },
            "set" => set(product, words[1], words[2]),
            other => panic!("unknown command {other}"),
        }
    }

    pub fn collateral(&self, who: &str) -> String {
        let product = self.venue().product(MarketId(0)).unwrap();
        product
            .collateral(self.engine.ledger(), id(who))
            .to_string()
    }

    pub fn wallet(&self, who: &str) -> String {
        self.venue().wallets().net(id(who)).to_string()
    }
}

fn set(product: MarketId, what: &str, value: &str) -> Op {
    let of_product = |param| Op::SetProduct { product, param };
    match what {
        "maintenance" => of_product(ProductParam::Maintenance(value.parse().unwrap())),
        "margin" => of_product(ProductParam::Margin(value.parse().unwrap())),
        "makerFee" => of_product(ProductParam::MakerFee(value.parse().unwrap())),
        "takerFee" => of_product(ProductParam::TakerFee(value.parse().unwrap())),
        "positionFee" => of_product(ProductParam::PositionFee(value.parse().unwrap())),
        "fundingFee" => of_product(ProductParam::FundingFee(value.parse().unwrap())),
        "makerLimit" => of_product(ProductParam::MakerLimit(value.parse().unwrap())),
        "closed" => of_product(ProductParam::Closed(value.parse().unwrap())),
        "minFundingFee" => Op::SetProtocol(ProtocolParam::MinFundingFee(value.parse().unwrap())),
        "protocolFee" => Op::SetProtocol(ProtocolParam::ProtocolFee(value.parse().unwrap())),
        "liquidationFee" => Op::SetProtocol(ProtocolParam::LiquidationFee(value.parse().unwrap())),
        "minCollateral" => Op::SetProtocol(ProtocolParam::MinCollateral(value.parse().unwrap())),
        "paused" => Op::SetProtocol(ProtocolParam::Paused(value.parse().unwrap())),
        other => panic!("unknown parameter {other}"),
    }
}

/// An event in a line; versions and parameters are left out.
pub fn show(event: &Event, out: &mut String) {
    let result = match event {
        Event::Money(m) => {
            let amount = plimsoll_engine::venues::perennial::Money::from_raw(m.amount);
            writeln!(out, "  {amount}: {} -> {} ({})", m.from, m.to, m.reason)
        }
        Event::Case(CaseEvent::Opened(case)) => {
            let who = name(case.target.account);
            writeln!(out, "  {} opened for {who}", case.id)
        }
        Event::Case(CaseEvent::Stage {
            case,
            stage,
            amount,
        }) => {
            let amount = plimsoll_engine::venues::perennial::Money::from_raw(*amount);
            writeln!(out, "  {case} {} {amount}", stage.name())
        }
        Event::Case(CaseEvent::Blocked { case, reason }) => {
            writeln!(out, "  {case} blocked: {reason:?}")
        }
        Event::Case(CaseEvent::Closed { case, outcome, .. }) => {
            writeln!(out, "  {case} closed: {outcome:?}")
        }
        Event::Perennial(Happened::Liquidated {
            account, reward, ..
        }) => {
            writeln!(out, "  {} liquidated, reward {reward}", name(*account))
        }
        Event::Perennial(Happened::RewardPaid {
            liquidator, reward, ..
        }) => {
            writeln!(out, "  reward {reward} paid to {}", name(*liquidator))
        }
        _ => Ok(()),
    };
    result.unwrap();
}
