//! Derive's published numbers: the portfolio auction, and the margin it starts from.

use plimsoll_engine::auction::portfolio::{Branch, Marks, PortfolioAuction, Terms};
use plimsoll_engine::pricing::pmrm::{Expiry, Feeds, Holdings, Listed, Parameters, Pmrm};
use plimsoll_engine::pricing::{Forward, Leg, OptionKind};
use plimsoll_units::{Amount, Duration, Price, Rate, Rounding, Timestamp, mul_div};
use serde_json::{Map, Value, json};

use super::compare::{compare, is_remark, unanswered};
use super::{Answer, Check, Vector, finite, list, object, raw, raw_64, refused, shown};
use crate::conform::compare::Mismatch;

/// Derive's contracts count in 18 decimals.
fn fine(what: &str, value: f64) -> Result<i128, Mismatch> {
    raw(what, value, 18)
}

/// Compares every field.
pub(super) fn check(vector: &Vector<'_>) -> Check {
    if vector.input.contains_key("option") {
        return published(vector);
    }
    let terms = terms(&vector.input)?;
    let marks = marks(&vector.input)?;
    for (key, expected) in vector.expected {
        if is_remark(key, expected) {
            continue;
        }
        let answer = match key.as_str() {
            "insolvent" => insolvent(&terms, expected)?,
            _ => solvent(&terms, marks, key)?,
        };
        compare(key, expected, &answer, vector.tolerance)?;
    }
    Ok(())
}

/// A published test: one option's margin by Derive's model, one bid, and the margin after it.
fn published(vector: &Vector<'_>) -> Check {
    let part = |name: &str| object(vector.input.get(name).unwrap_or(&Value::Null));
    let book = Book::read(vector, part("option")?, part("pm")?)?;
    let auction_terms = terms(part("auction")?)?;
    let now = Timestamp(raw_64("t", vector.number_or("t", 0.0)?, 3)?);
    let cash = fine("cash", vector.number("cash")?)?;
    let marks = book.marks(book.quantity, cash)?;
    let (mut auction, _) = begin(&auction_terms, marks, Branch::Solvent)?;
    let wanted = fine("pct", vector.number_or("pct", 1.0)?)?;
    let most = auction.max_share(marks, now).map_err(refused)?;
    let taken = auction.bid(marks, Rate::from_raw(wanted), i128::MAX, now);
    let taken = taken.map_err(refused)?;
    let left = Rate::<18>::ONE.sub(taken.share).map_err(refused)?;
    let kept = |whole: i128| {
        let kept = mul_div(whole, left.raw(), Rate::<18>::ONE.raw(), Rounding::HalfEven);
        kept.map_err(refused)
    };
    let quantity = i64::try_from(kept(book.quantity.into())?).map_err(refused)?;
    let after = book.marks(quantity, kept(cash)? + taken.paid)?;
    let buffer = |marks: Marks| marks.buffer_margin(auction_terms.buffer).map_err(refused);
    let said = json!({
        "mtm": shown(marks.value, 18),
        "mm": shown(marks.margin, 18),
        "bm": shown(buffer(marks)?, 18),
        "fmax": shown(most.raw(), 18),
        "bid": shown(taken.paid, 18),
        "pct": shown(taken.share.raw(), 18),
        "post_mtm": shown(after.value, 18),
        "post_mm": shown(after.margin, 18),
        "post_bm": shown(buffer(after)?, 18),
    });
    for (key, expected) in vector.expected {
        if is_remark(key, expected) {
            continue;
        }
        let answer = said.get(key).ok_or_else(|| unanswered("it", key))?;
        compare(key, expected, answer, vector.tolerance)?;
    }
    Ok(())
}

/// Decimals of quantities in a published test.
const QUANTITY: i32 = 15;

/// One option by Derive's model.
struct Book {
    model: Pmrm,
    quantity: i64,
}

impl Book {
    fn read(
        vector: &Vector<'_>,
        option: &Map<String, Value>,
        model: &Map<String, Value>,
    ) -> Result<Self, Mismatch> {
        let spot = Price::from_raw(fine("spot", vector.number("spot")?)?);
        let feeds = Feeds {
            now: Timestamp::EPOCH,
            spot,
            perp: spot,
            stable: Price::ONE,
            confidence: Rate::ONE,
        };
        let expiry = Expiry {
            at: Timestamp(raw_64(
                "sec_to_expiry",
                number(option, "sec_to_expiry")?,
                3,
            )?),
            forward: Forward {
                moving: Price::from_raw(fine("fwd", number(option, "fwd")?)?),
                fixed: Price::ZERO,
            },
            rate: Rate::from_raw(raw("rate", vector.number_or("rate", 0.0)?, 15)?),
            confidence: Rate::ONE,
        };
        let call = option.get("call").and_then(Value::as_bool);
        let call = call.ok_or_else(|| Mismatch::unusable("neither a call nor a put"))?;
        let listed = Listed {
            kind: if call {
                OptionKind::Call
            } else {
                OptionKind::Put
            },
            strike: Price::from_raw(raw("K", number(option, "K")?, 8)?),
            expiry: 0,
            vol: Rate::from_raw(raw("vol", number(option, "vol")?, 15)?),
        };
        let model = Pmrm::new(parameters(model)?, feeds, &[expiry], &[listed]);
        Ok(Self {
            model: model.map_err(refused)?,
            quantity: raw_64("q", number(option, "q")?, QUANTITY)?,
        })
    }

    fn marks(&self, quantity: i64, cash: i128) -> Result<Marks, Mismatch> {
        let leg = Leg {
            instrument: 0,
            quantity,
        };
        let margins = self.model.margins(&Holdings {
            options: &[leg],
            perp: 0,
            base: 0,
            decimals: QUANTITY.unsigned_abs(),
            cash: Amount::from_raw(cash),
            perp_value: Amount::ZERO,
        });
        let margins = margins.map_err(refused)?;
        Ok(Marks {
            value: margins.mark_to_market.raw(),
            margin: margins.maintenance.raw(),
        })
    }
}

/// Derive's defaults, with what the vector says in numbers. Its scenario set and its discount are
/// named in words, and are those of the defaults.
fn parameters(given: &Map<String, Value>) -> Result<Parameters, Mismatch> {
    let mut parameters = Parameters::defaults();
    let share = |name: &str, value: f64| {
        let raw = u32::try_from(raw(name, value, 6)?);
        raw.map_err(|_| Mismatch::unusable(format!("{name} is {value}")))
    };
    for (name, place) in [
        ("vol_up", &mut parameters.shock.up_e6),
        ("vol_dn", &mut parameters.shock.down_e6),
        ("opt_contingency", &mut parameters.option_e6),
    ] {
        if given.contains_key(name) {
            *place = share(name, number(given, name)?)?;
        }
    }
    if let Some(basis) = given.get("basis") {
        let [up, down, add, mult] = list("basis", basis)? else {
            return Err(Mismatch::unusable(
                "basis is not up, down, share, share a year",
            ));
        };
        let step = |what, value: &Value| {
            let moved = i32::try_from(raw(what, finite(what, value)? - 1.0, 6)?);
            moved.map_err(|_| Mismatch::unusable(format!("{what} is {value}")))
        };
        parameters.basis_moves_e6 = [step("basis up", up)?, step("basis down", down)?];
        parameters.basis_add_e6 = share("basis share", finite("basis share", add)?)?;
        parameters.basis_mult_e6 = share("basis share a year", finite("basis", mult)?)?;
    }
    Ok(parameters)
}

fn number(of: &Map<String, Value>, name: &str) -> Result<f64, Mismatch> {
    finite(name, of.get(name).unwrap_or(&Value::Null))
}

fn number_or(of: &Map<String, Value>, name: &str, default: f64) -> Result<f64, Mismatch> {
    if of.contains_key(name) {
        return number(of, name);
    }
    Ok(default)
}

fn marks(of: &Map<String, Value>) -> Result<Marks, Mismatch> {
    Ok(Marks {
        value: fine("mtm", number(of, "mtm")?)?,
        margin: fine("mm", number(of, "mm")?)?,
    })
}

/// The terms of an auction; what is not given is Derive's.
fn terms(of: &Map<String, Value>) -> Result<Terms, Mismatch> {
    let derive = Terms::DERIVE;
    let share = |name: &str, default: Rate<18>| {
        let default = shown(default.raw(), 18);
        Ok::<_, Mismatch>(Rate::from_raw(fine(name, number_or(of, name, default)?)?))
    };
    let length = |name: &str, default: Duration| {
        let default = shown(default.millis().into(), 3);
        raw_64(name, number_or(of, name, default)?, 3).map(Duration)
    };
    Ok(Terms {
        start: share("start", derive.start)?,
        cutoff: share("cut", derive.cutoff)?,
        fast: length("fast", derive.fast)?,
        slow: length("slow", derive.slow)?,
        insolvent: length("insolvent", derive.insolvent)?,
        buffer: share("buffer", derive.buffer)?,
        fee: share("fee", derive.fee)?,
        whole_below: 0,
    })
}

/// `bid_t0`, `fmax_half`, `cash_t300`: a price, a share or a payment at a time.
fn solvent(terms: &Terms, marks: Marks, key: &str) -> Answer {
    let (what, when) = key.split_once('_').ok_or_else(|| unanswered("it", key))?;
    let at = match when {
        "half" => terms.fast.millis() / 2,
        _ => seconds(when).ok_or_else(|| unanswered("it", key))?,
    };
    let (mut auction, _) = begin(terms, marks, Branch::Solvent)?;
    let at = Timestamp(at);
    Ok(match what {
        "bid" => shown(auction.price(marks, at).map_err(refused)?, 18),
        "fmax" => shown(auction.max_share(marks, at).map_err(refused)?.raw(), 18),
        "cash" => {
            let taken = auction
                .bid(marks, Rate::ONE, i128::MAX, at)
                .map_err(refused)?;
            shown(taken.paid, 18)
        }
        _ => return Err(unanswered("it", key)),
    }
    .into())
}

fn begin(
    terms: &Terms,
    marks: Marks,
    branch: Branch,
) -> Result<(PortfolioAuction, i128), Mismatch> {
    let begun = PortfolioAuction::begin(*terms, marks, Timestamp::EPOCH).map_err(refused)?;
    if begun.0.branch() != branch {
        return Err(Mismatch::unusable("the account is in the other branch"));
    }
    Ok(begun)
}

/// `t300`: milliseconds.
fn seconds(text: &str) -> Option<i64> {
    let seconds: i64 = text.strip_prefix('t')?.parse().ok()?;
    seconds.checked_mul(1000)
}

/// The insolvent auction, whose inputs stand among what is expected.
fn insolvent(terms: &Terms, expected: &Value) -> Answer {
    let given = object(expected)?;
    let mut terms = *terms;
    if given.contains_key("len") {
        terms.insolvent = Duration(raw_64("len", number(given, "len")?, 3)?);
    }
    let marks = marks(given)?;
    let mut said = json!({});
    for (key, value) in given {
        said[key] = match key.as_str() {
            "mm" | "mtm" | "len" => value.clone(),
            _ => payout(&terms, marks, key)?,
        };
    }
    Ok(said)
}

/// `bid_t0` is the price, `bid_t12_payout_half` what half of the account is paid.
fn payout(terms: &Terms, marks: Marks, key: &str) -> Answer {
    let mut words = key.split('_').skip(1);
    let at = words.next().and_then(seconds);
    let at = Timestamp(at.ok_or_else(|| unanswered("it", key))?);
    let (mut auction, _) = begin(terms, marks, Branch::Insolvent)?;
    let share = match (words.next(), words.next()) {
        (None, _) => return Ok(shown(auction.price(marks, at).map_err(refused)?, 18).into()),
        (Some("payout"), None) => Rate::ONE,
        (Some("payout"), Some("half")) => Rate::from_raw(Rate::<18>::ONE.raw() / 2),
        _ => return Err(unanswered("it", key)),
    };
    let taken = auction.bid(marks, share, 0, at).map_err(refused)?;
    Ok(shown(-taken.paid, 18).into())
}
