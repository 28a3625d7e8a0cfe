//! From the quotes of a chain to a surface the engine takes.
//!
//! Each expiry's out-of-the-money volatilities (calls above the forward, puts below) are fitted by
//! a raw SVI curve. Where the fit is off by more than a tolerance, or can be arbitraged between
//! strikes or against the expiry before, the quotes themselves are taken, straight lines between
//! them; where those can be arbitraged too, the expiry is left out and stands between its
//! neighbours. What was done is part of the result: a report says it.

use plimsoll_engine::pricing::quoted::{Quoted, QuotedSlice, QuotedSmile};
use plimsoll_engine::pricing::{Arbitrage, PricingError, door, fit};
use plimsoll_engine::venues::kyan::Right;
use plimsoll_units::{Price, Rounding, mul_div};

use super::{Chain, ChainOption, Interest, OptionsError, Presence, SmileNote, Snapshot};

/// How far a fitted curve may be from the quotes: two points of volatility, root of the weighted
/// mean square.
const TOLERANCE_E9: i64 = 20_000_000;
/// Quotes with less vega than this share of the money's are left to the curve: of a deep option
/// nearly all is payoff, and its volatility is noise.
const DEEPEST: f64 = 0.01;
/// Points that are kept in any case.
const FEWEST: usize = 3;

/// How an expiry got into a surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// A raw SVI curve.
    Fitted,
    /// The quotes themselves.
    Quotes,
    /// Left out.
    LeftOut,
}

/// The surface of a chain, and what was done to each expiry.
///
/// # Errors
/// [`OptionsError::Surface`] when no expiry can be used.
pub fn surface(chain: &Chain) -> Result<Snapshot, OptionsError> {
    let mut quoted = Quoted {
        at: chain.at,
        index: chain.index,
        slices: Vec::new(),
    };
    let mut smiles = Vec::new();
    for options in chain.options.chunk_by(|a, b| a.expiry == b.expiry) {
        smiles.push(add(&mut quoted, chain, options));
    }
    if quoted.slices.is_empty() {
        return Err(OptionsError::Surface {
            at: chain.at,
            why: "none of its expiries can be used".to_owned(),
        });
    }
    Ok(Snapshot {
        at: chain.at,
        quoted,
        smiles,
        interest: interest(&chain.options),
    })
}

/// Open interest by strike.
fn interest(options: &[ChainOption]) -> Vec<Interest> {
    let strikes = options.chunk_by(|a, b| (a.expiry, a.strike) == (b.expiry, b.strike));
    let of = |both: &[ChainOption], right: Right| {
        let open = both.iter().filter(|o| o.right == right);
        open.map(|o| o.interest).sum()
    };
    strikes
        .map(|both| Interest {
            expiry: both[0].expiry,
            strike: both[0].strike,
            calls: of(both, Right::Call),
            puts: of(both, Right::Put),
        })
        .collect()
}

/// Adds the best smile that leaves the surface without arbitrage.
fn add(quoted: &mut Quoted, chain: &Chain, options: &[ChainOption]) -> SmileNote {
    let expiry = options[0].expiry;
    let mut note = SmileNote {
        expiry,
        choice: Choice::LeftOut,
        rms_e9: 0,
        why: None,
        quotes: Presence {
            listed: u32::try_from(options.len()).unwrap_or(u32::MAX),
            no_bid: u32::try_from(options.iter().filter(|o| !o.bid).count()).unwrap_or(u32::MAX),
            no_ask: u32::try_from(options.iter().filter(|o| !o.ask).count()).unwrap_or(u32::MAX),
        },
    };
    let forward = options[0].forward;
    let ratio = mul_div(
        forward.raw(),
        1_000_000_000,
        chain.index.raw(),
        Rounding::HalfEven,
    );
    let ratio = ratio.ok().and_then(|ratio| i64::try_from(ratio).ok());
    let Some(forward_e9) = ratio.filter(|ratio| *ratio > 0) else {
        note.why = Some(format!("its forward {forward} is out of range"));
        return note;
    };
    let years = door::years(expiry.millis().saturating_sub(chain.at.millis()));
    let points = points(options, years);
    let mut offer = |smile: QuotedSmile| {
        quoted.slices.push(QuotedSlice {
            expiry,
            forward_e9,
            smile,
        });
        quoted.check().map(|_| ()).map_err(|why| {
            quoted.slices.pop();
            shortly(&why)
        })
    };
    let fit = fitted(&points, forward_e9, chain, years).and_then(|(smile, rms_e9)| {
        note.rms_e9 = rms_e9;
        if rms_e9 <= TOLERANCE_E9 {
            return offer(smile);
        }
        let off = door::enter(rms_e9.into(), 7);
        Err(format!("{off:.1} points of volatility off the quotes"))
    });
    let Err(bad_fit) = fit else {
        note.choice = Choice::Fitted;
        return note;
    };
    let bad_fit = format!("the curve: {bad_fit}");
    match offer(QuotedSmile::Points(points)) {
        Ok(()) => {
            note.choice = Choice::Quotes;
            note.why = Some(bad_fit);
        }
        Err(why) => note.why = Some(format!("{bad_fit}; the quotes: {why}")),
    }
    note
}

/// An arbitrage in a few words, where there is one.
fn shortly(why: &PricingError) -> String {
    match why {
        PricingError::Arbitrage {
            why: Arbitrage::Calendar { .. },
            ..
        } => "less variance than the expiry before".to_owned(),
        PricingError::Arbitrage {
            why: Arbitrage::Butterfly { .. },
            ..
        } => "an arbitrage between strikes".to_owned(),
        other => other.to_string(),
    }
}

type Point = (Price<8>, i64);

/// One volatility a strike: the out-of-the-money option's.
fn points(options: &[ChainOption], years: f64) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for both in options.chunk_by(|a, b| a.strike == b.strike) {
        let wanted = |o: &&ChainOption| (o.right == Right::Call) == (o.strike >= o.forward);
        let option = both.iter().find(wanted).or(both.first());
        points.extend(option.map(|o| (o.strike, o.vol_e9)));
    }
    let forward = door::enter(options[0].forward.raw(), 8);
    let telling = |(strike, vol): &Point| {
        let k = libm::log(door::enter(strike.raw(), 8) / forward);
        let deviation = door::enter((*vol).into(), 9) * years.sqrt();
        let d1 = -k / deviation + deviation * 0.5;
        libm::exp(-0.5 * d1 * d1) >= DEEPEST
    };
    let kept: Vec<Point> = points.iter().copied().filter(telling).collect();
    if kept.len() >= FEWEST { kept } else { points }
}

/// The fitted curve on the engine's grid, and how far it is off.
fn fitted(
    points: &[Point],
    forward_e9: i64,
    chain: &Chain,
    years: f64,
) -> Result<(QuotedSmile, i64), String> {
    let forward = door::enter(chain.index.raw(), 8) * door::enter(forward_e9.into(), 9);
    let quotes: Vec<fit::Quote> = points
        .iter()
        .map(|(strike, vol)| {
            let k = libm::log(door::enter(strike.raw(), 8) / forward);
            (k, door::enter((*vol).into(), 9))
        })
        .collect();
    let fit = fit::svi(&quotes, years).map_err(|why| why.to_string())?;
    let whole = |what, value: f64, decimals| {
        door::leave(what, value, decimals, Rounding::HalfEven).map_err(|why| why.to_string())
    };
    let [a, b, rho, m, sigma] = fit.svi.parameters();
    let smile = QuotedSmile::Svi {
        a_e12: whole("a", a, 12)?,
        b_e12: whole("b", b, 12)?,
        rho_e12: whole("rho", rho, 12)?,
        m_e12: whole("m", m, 12)?,
        sigma_e12: whole("sigma", sigma, 12)?,
    };
    Ok((smile, whole("the fit", fit.rms_vol, 9)?))
}
