//! GammaSwap vectors: recorded liquidation calls of the real contracts, of both generations.
//!
//! The state before the call goes in whole and must read back the same; the call is made; then
//! every field of the state after it is compared, what the call returned, what its event said,
//! and the summaries. A call that reverted must be refused by that name and change nothing. A
//! field, constant or function that nothing here answers fails the vector. Numbers are raw
//! integers. `source`, `python_model_agrees` and `revert_data` say how a vector was obtained and
//! are not compared.

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::gammaswap::{
    Action, Assets, Command as Do, Config as VenueParams, Event as Happened, Form, GammaSwap,
    Generation, Liquidation, LoanId, LoanState, Params, RateModel, Sent, State, Storage, Wallet,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, PositionId, Timestamp, VenueId};
use serde_json::{Map, Value};

use super::compare::{Mismatch, expect, field, parse, scalar, text};

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

/// The rules a vector was recorded under.
struct Pool {
    params: Params,
}

impl Pool {
    fn new(generation: Generation, header: &Value, before: &Value) -> Result<Self, Mismatch> {
        let constants = field(header, constants_name(generation))?;
        let base = match generation {
            Generation::A => Params::page(),
            Generation::B => Params::v1_2(),
        };
        let threshold: u16 = parse(before, "ltvThreshold")?;
        let ltv_bps = match generation {
            Generation::A => threshold,
            Generation::B => threshold
                .checked_mul(10)
                .and_then(|below| 10_000u16.checked_sub(below))
                .ok_or_else(|| {
                    Mismatch::unusable(format!("ltvThreshold {threshold} is above 1000"))
                })?,
        };
        let of = |name| parse::<u128>(constants, name);
        let mut params = Params {
            generation,
            ltv_bps,
            borrow_ltv_bps: ltv_bps,
            liquidation_fee_bps: parse(before, "liquidationFee")?,
            origination_fee_bps: 0,
            max_total_apy: of("maxTotalApy")?,
            blocks_per_year: parse(constants, "blocksPerYear")?,
            protocol_fee_e5: remarked(constants, "protocolFee")?,
            trading_fee: (
                parse(constants, "tradingFee1")?,
                parse(constants, "tradingFee2")?,
            ),
            ..base
        };
        match generation {
            Generation::A => {
                params.min_borrow = of("minBorrow")?;
                params.origination_fee_bps = parse(constants, "origFee_bps")?;
                params.rate = RateModel::LogDerivative {
                    base: of("baseRate")?,
                    factor: of("factor")?,
                    max_apy: of("maxApy")?,
                };
            }
            Generation::B => {
                params.min_borrow = parse(before, "minBorrow")?;
                params.ema_multiplier = parse(constants, "emaMultiplier")?;
                params.decimals = [parse(before, "decimals0")?, parse(before, "decimals1")?];
                params.rate = RateModel::LinearKinked {
                    base: of("baseRate")?,
                    optimal: of("optimalUtilRate")?,
                    slope_1: of("slope1")?,
                    slope_2: of("slope2")?,
                };
            }
        }
        known_constants(generation, constants)?;
        Ok(Self { params })
    }

    fn state(&self, of: &Value) -> Result<State, Mismatch> {
        let loans = list(of, "loans")?;
        let ema_util_rate = match self.params.generation {
            Generation::A => 0,
            Generation::B => parse(of, "emaUtilRate")?,
        };
        Ok(State {
            block: parse(of, "block")?,
            storage: Storage {
                last_block: parse(of, "LAST_BLOCK_NUMBER")?,
                borrowed_invariant: parse(of, "BORROWED_INVARIANT")?,
                lp_invariant: parse(of, "LP_INVARIANT")?,
                lp_token_balance: parse(of, "LP_TOKEN_BALANCE")?,
                lp_token_borrowed: parse(of, "LP_TOKEN_BORROWED")?,
                lp_token_borrowed_plus_interest: parse(of, "LP_TOKEN_BORROWED_PLUS_INTEREST")?,
                acc_fee_index: parse(of, "accFeeIndex")?,
                last_cfmm_fee_index: parse(of, "lastCFMMFeeIndex")?,
                last_cfmm_invariant: parse(of, "lastCFMMInvariant")?,
                last_cfmm_total_supply: parse(of, "lastCFMMTotalSupply")?,
                cfmm_reserves: both(of, "CFMM_RESERVES")?,
                token_balance: both(of, "TOKEN_BALANCE")?,
                ema_util_rate,
                share_supply: parse(of, "gsTotalSupply")?,
            },
            reserves: both(of, "liveReserve")?,
            supply: parse(of, "liveTotalSupply")?,
            pool_tokens: both(of, "poolTok")?,
            pool_lp: parse(of, "poolLP")?,
            wallets: vec![Wallet {
                account: LIQUIDATOR,
                tokens: both(of, "liqTok")?,
                lp: parse(of, "liqLP")?,
                shares: 0,
            }],
            loans: loans.iter().map(loan_state).collect::<Result<_, _>>()?,
        })
    }

    fn engine(&self, state: &State) -> Result<Engine, Mismatch> {
        let asset = |symbol: &str, decimals: u8| Asset {
            symbol: symbol.to_owned(),
            decimals: decimals.into(),
        };
        let [d0, d1] = self.params.decimals;
        let config = Config {
            assets: vec![
                asset("TOKEN0", d0),
                asset("TOKEN1", d1),
                asset("LP", 18),
                asset("GS-LP", 18),
            ],
            venues: vec![VenueConfig::GammaSwap(Box::new(VenueParams {
                params: self.params.clone(),
                genesis: Some(state.clone()),
                ..VenueParams::gammaswap(Assets {
                    tokens: [AssetId(0), AssetId(1)],
                    lp: AssetId(2),
                    shares: AssetId(3),
                })
            }))],
        };
        Engine::new(&config).map_err(|why| Mismatch::refused("the state before", why))
    }

    /// The whole state as a vector writes it.
    fn print(&self, engine: &Engine) -> Result<Printed, Mismatch> {
        let Some(Venue::GammaSwap(venue)) = engine.venue(VENUE) else {
            return Err(Mismatch::unusable("the engine has no GammaSwap venue"));
        };
        Ok(Printed::new(venue, engine, &self.params))
    }
}

const fn constants_name(generation: Generation) -> &'static str {
    match generation {
        Generation::A => "constants_A",
        Generation::B => "constants_B",
    }
}

/// Every constant of the file is one that was read, or states what is built in.
fn known_constants(generation: Generation, constants: &Value) -> Check {
    for (name, value) in object(constants)? {
        match (generation, name.as_str()) {
            (_, "baseRate" | "maxTotalApy" | "blocksPerYear" | "tradingFee1" | "tradingFee2")
            | (_, "protocolFee" | "ltvThreshold_field")
            | (Generation::A, "factor" | "maxApy" | "minBorrow" | "origFee_bps")
            | (Generation::B, "optimalUtilRate" | "slope1" | "slope2" | "emaMultiplier") => {}
            // The dust a settlement may keep.
            (Generation::B, "minPay") => expect("minPay", 1000, scalar(value)?)?,
            _ => return Err(unknown(name).within(constants_name(generation))),
        }
    }
    Ok(())
}

fn loan_state(loan: &Value) -> Result<LoanState, Mismatch> {
    Ok(LoanState {
        owner: BORROWER,
        threshold_bps: 0,
        liquidity: parse(loan, "liquidity")?,
        init_liquidity: parse(loan, "initLiquidity")?,
        lp_tokens: parse(loan, "lpTokens")?,
        rate_index: parse(loan, "rateIndex")?,
        held: both(loan, "tokensHeld")?,
    })
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

/// The state field by field, in the vectors' names; loans apart.
struct Printed {
    fields: Vec<(&'static str, u128)>,
    loans: Vec<Vec<(&'static str, u128)>>,
}

impl Printed {
    fn new(venue: &GammaSwap, engine: &Engine, params: &Params) -> Self {
        let State {
            block,
            storage: s,
            reserves,
            supply,
            pool_tokens,
            pool_lp,
            loans,
            ..
        } = venue.state(engine.ledger());
        let liquidator = venue.wallet_state(engine.ledger(), LIQUIDATOR);
        let threshold = match params.generation {
            Generation::A => params.ltv_bps,
            Generation::B => 10_000u16.saturating_sub(params.ltv_bps) / 10,
        };
        let mut fields = vec![
            ("LAST_BLOCK_NUMBER", s.last_block.into()),
            ("BORROWED_INVARIANT", s.borrowed_invariant),
            ("LP_INVARIANT", s.lp_invariant),
            ("LP_TOKEN_BALANCE", s.lp_token_balance),
            ("LP_TOKEN_BORROWED", s.lp_token_borrowed),
            (
                "LP_TOKEN_BORROWED_PLUS_INTEREST",
                s.lp_token_borrowed_plus_interest,
            ),
            ("accFeeIndex", s.acc_fee_index),
            ("lastCFMMFeeIndex", s.last_cfmm_fee_index),
            ("lastCFMMInvariant", s.last_cfmm_invariant),
            ("lastCFMMTotalSupply", s.last_cfmm_total_supply),
            ("CFMM_RESERVES0", s.cfmm_reserves[0]),
            ("CFMM_RESERVES1", s.cfmm_reserves[1]),
            ("TOKEN_BALANCE0", s.token_balance[0]),
            ("TOKEN_BALANCE1", s.token_balance[1]),
            ("gsTotalSupply", s.share_supply),
            ("block", block.into()),
            ("liveReserve0", reserves[0]),
            ("liveReserve1", reserves[1]),
            ("liveTotalSupply", supply),
            ("poolTok0", pool_tokens[0]),
            ("poolTok1", pool_tokens[1]),
            ("poolLP", pool_lp),
            ("liqTok0", liquidator.tokens[0]),
            ("liqTok1", liquidator.tokens[1]),
            ("liqLP", liquidator.lp),
            ("ltvThreshold", threshold.into()),
            ("liquidationFee", params.liquidation_fee_bps.into()),
        ];
        if params.generation == Generation::B {
            fields.extend([
                ("emaUtilRate", s.ema_util_rate.into()),
                ("minBorrow", params.min_borrow),
                ("decimals0", params.decimals[0].into()),
                ("decimals1", params.decimals[1].into()),
            ]);
        }
        Self {
            fields,
            loans: loans.iter().map(print_loan).collect(),
        }
    }

    fn get(&self, name: &str) -> Result<u128, Mismatch> {
        find(&self.fields, name)
    }

    /// One field of every loan.
    fn of_loans(&self, name: &str) -> Result<Vec<u128>, Mismatch> {
        self.loans.iter().map(|loan| find(loan, name)).collect()
    }
}

fn print_loan(loan: &LoanState) -> Vec<(&'static str, u128)> {
    vec![
        ("liquidity", loan.liquidity),
        ("initLiquidity", loan.init_liquidity),
        ("lpTokens", loan.lp_tokens),
        ("rateIndex", loan.rate_index),
        ("tokensHeld0", loan.held[0]),
        ("tokensHeld1", loan.held[1]),
    ]
}

fn find(fields: &[(&'static str, u128)], name: &str) -> Result<u128, Mismatch> {
    let found = fields.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| unknown(name))
}

/// Compares a state: each side has every field of the other.
fn compare_state(which: &str, expected: &Value, actual: &Printed) -> Check {
    let within = |m: Mismatch| m.within(which);
    for (name, value) in object(expected)? {
        if name != "loans" {
            let ours = actual.get(name).map_err(within)?;
            same(name, value, ours).map_err(within)?;
        }
    }
    for (name, _) in &actual.fields {
        field(expected, name).map_err(within)?;
    }
    let loans = list(expected, "loans").map_err(within)?;
    expect("the number of loans", loans.len(), actual.loans.len()).map_err(within)?;
    for (number, (theirs, ours)) in (1u64..).zip(loans.iter().zip(&actual.loans)) {
        let within = |m: Mismatch| m.within(&format!("{which}, loan {number}"));
        for (name, value) in object(theirs).map_err(within)? {
            same(name, value, find(ours, name).map_err(within)?).map_err(within)?;
        }
        for (name, _) in ours {
            field(theirs, name).map_err(within)?;
        }
    }
    Ok(())
}

fn same(name: &str, expected: &Value, actual: impl std::fmt::Display) -> Check {
    expect(name, scalar(expected)?, actual)
}

/// The summary of the inputs says the same as the state before.
fn compare_summary_in(vector: &Value, before: &Value, state: &State, pool: &Pool) -> Check {
    let of_loans = |name| -> Result<Vec<u128>, Mismatch> {
        let loans = list(before, "loans")?;
        loans.iter().map(|loan| parse(loan, name)).collect()
    };
    let beyond = |held: u128, tracked: u128| {
        held.checked_sub(tracked)
            .map_or_else(|| format!("-{}", tracked - held), |by| by.to_string())
    };
    let s = &state.storage;
    for (name, value) in object(field(vector, "summary_in")?)? {
        let check = match name.as_str() {
            "reserve0" => same(name, value, state.reserves[0]),
            "reserve1" => same(name, value, state.reserves[1]),
            "lp_total_supply" => same(name, value, state.supply),
            "borrowed_invariant_stored" => same(name, value, s.borrowed_invariant),
            "loan_liquidity_stored" => same_list(name, value, &of_loans("liquidity")?),
            "collateral0" => same_list(name, value, &of_loans("tokensHeld0")?),
            "collateral1" => same_list(name, value, &of_loans("tokensHeld1")?),
            "ltv_threshold_bps" => same(name, value, pool.params.ltv_bps),
            "liquidation_fee_bps" => same(name, value, pool.params.liquidation_fee_bps),
            "lp_paid_in" => same(name, value, beyond(state.pool_lp, s.lp_token_balance)),
            "tokens_donated0" => same(
                name,
                value,
                beyond(state.pool_tokens[0], s.token_balance[0]),
            ),
            "tokens_donated1" => same(
                name,
                value,
                beyond(state.pool_tokens[1], s.token_balance[1]),
            ),
            "blocks_since_update" => {
                same(name, value, beyond(state.block.into(), s.last_block.into()))
            }
            _ => Err(unknown(name)),
        };
        check.map_err(|m| m.within("summary_in"))?;
    }
    Ok(())
}

fn same_list(name: &str, expected: &Value, actual: &[u128]) -> Check {
    let expected = expected
        .as_array()
        .ok_or_else(|| Mismatch::unusable(format!("{name} is not a list")))?;
    expect(&format!("{name}, how many"), expected.len(), actual.len())?;
    for (number, (theirs, ours)) in (1u64..).zip(expected.iter().zip(actual)) {
        same(&format!("{name} of loan {number}"), theirs, ours)?;
    }
    Ok(())
}

/// Compares how the call ended. The liquidation, when there was one; none when it was refused as
/// expected.
fn compare_outcome(
    vector: &Value,
    outcome: Result<Vec<Event>, Rejection>,
) -> Result<Option<Liquidation>, Mismatch> {
    let expected = match text(vector, "result")?.as_str() {
        "ok" if vector.get("revert").is_some() => {
            return Err(Mismatch::unusable("a call that is ok names a revert"));
        }
        "ok" => "ok".to_owned(),
        "revert" => text(vector, "revert")?,
        other => {
            return Err(Mismatch::unusable(format!(
                "result {other:?} is neither ok nor revert"
            )));
        }
    };
    let actual = match &outcome {
        Ok(_) => "ok".to_owned(),
        Err(Rejection::GammaSwap(refusal)) => refusal.name().to_owned(),
        Err(other) => other.to_string(),
    };
    expect("the result", expected, actual)?;
    let Ok(events) = outcome else {
        return Ok(None);
    };
    let done = events.iter().find_map(|event| match event {
        Event::GammaSwap(Happened::Liquidated(done)) => Some(*done),
        _ => None,
    });
    done.map(Some).ok_or_else(|| Mismatch {
        at: "the events".to_owned(),
        expected: "a liquidation".to_owned(),
        actual: "none".to_owned(),
    })
}

/// What a call returned, reported and changed.
struct Summary<'a> {
    done: Liquidation,
    generation: Generation,
    before: &'a Value,
    printed: &'a Printed,
}

impl Summary<'_> {
    fn compare(&self, expected: &Value) -> Check {
        for (name, value) in object(expected)? {
            let (done, now) = (&self.done, self.printed);
            match name.as_str() {
                "returned" => self.returned(value).map_err(|m| m.within(name))?,
                "event" => self.event(value).map_err(|m| m.within(name))?,
                "liquidity_paid" => same(name, value, done.liquidity)?,
                "liquidity_written_down" => same(name, value, done.write_down)?,
                "collateral_paid_to_liquidator0" => same(name, value, self.change("liqTok0")?)?,
                "collateral_paid_to_liquidator1" => same(name, value, self.change("liqTok1")?)?,
                "lp_returned_to_liquidator" => same(name, value, self.change("liqLP")?)?,
                "pool_lp_gain" => same(name, value, self.change("LP_TOKEN_BALANCE")?)?,
                "remaining_loan_liquidity" => same_list(name, value, &now.of_loans("liquidity")?)?,
                "remaining_collateral0" => same_list(name, value, &now.of_loans("tokensHeld0")?)?,
                "remaining_collateral1" => same_list(name, value, &now.of_loans("tokensHeld1")?)?,
                "borrowed_invariant_after" => {
                    same(name, value, now.get("BORROWED_INVARIANT")?)?;
                }
                _ => return Err(unknown(name)),
            }
        }
        Ok(())
    }

    fn returned(&self, expected: &Value) -> Check {
        let (done, batch) = (&self.done, self.done.form == Form::Batch);
        for (name, value) in object(expected)? {
            let ours = match name.as_str() {
                "loanLiquidity" if !batch => done.loan_liquidity,
                "totalLoanLiquidity" if batch => done.loan_liquidity,
                "totalCollateral" if batch => done.collateral,
                "refund0" => done.refund[0],
                "refund1" => done.refund[1],
                "refundLP" => done.refund_lp,
                _ => return Err(unknown(name)),
            };
            same(name, value, ours)?;
        }
        Ok(())
    }

    fn event(&self, expected: &Value) -> Check {
        let done = &self.done;
        for (name, value) in object(expected)? {
            match name.as_str() {
                "collateral" => same(name, value, done.collateral)?,
                "liquidity" => same(name, value, done.liquidity)?,
                "writeDownAmt" => same(name, value, done.write_down)?,
                "fee" if self.generation == Generation::B => same(name, value, done.fee)?,
                "txType" => same(name, value, transaction_type(self.generation, done.form))?,
                _ => return Err(unknown(name)),
            }
        }
        Ok(())
    }

    /// How much more of a field there is than before, as text.
    fn change(&self, name: &str) -> Result<String, Mismatch> {
        let (before, now) = (parse::<u128>(self.before, name)?, self.printed.get(name)?);
        let by = now.abs_diff(before);
        Ok(if now < before {
            format!("-{by}")
        } else {
            by.to_string()
        })
    }
}

/// The contracts' number of a kind of transaction; one more was added before them in between.
const fn transaction_type(generation: Generation, form: Form) -> u8 {
    let first = match generation {
        Generation::A => 10,
        Generation::B => 11,
    };
    match form {
        Form::FromCollateral => first,
        Form::WithLp => first + 1,
        Form::Batch => first + 2,
    }
}
