//! Rebalancing collateral: the trade after which it makes the most LP tokens.
//!
//! Collateral makes the most LP tokens when its proportion is the pair's, and the trade moves
//! both. The trade is a root of a quadratic whose coefficients are rounded step by step as below;
//! its discriminant needs 512 bits. It only ever buys. Generation B computes it on chain; for
//! generation A it is what a liquidator would pass as deltas.
//!
//! Every division rounds down, in favour of nobody in particular: the size of a trade is not
//! money, and what it pays is computed by the pair.
//! Source: `libraries/cpmm/CPMMMath.sol` and `CPMMBaseRebalanceStrategy.sol`.

use std::cmp::Ordering;

use ruint::aliases::{U256, U512};

use super::cpmm::{Fee, Trade, sold_for};
use super::word::{
    PANIC_OVERFLOW, Word, add, div, fit, invariant, isqrt_wide, mul, product, sub, w,
};
use super::{Params, Refusal, word};

/// A purchase that makes the most of the collateral, and what the collateral is worth after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebalanced {
    /// The trade, unless none is needed.
    pub trade: Option<Trade>,
    /// The collateral after it, in invariant units.
    pub collateral: u128,
}

/// The best purchase for collateral `held` on a pair with `reserves`.
///
/// # Errors
/// [`Refusal::ZeroTokensHeld`], [`Refusal::ZeroReserves`], [`Refusal::ZeroDecimals`],
/// [`Refusal::ComplexNumber`], [`Refusal::SoldTokenGtTokensHeld`],
/// [`Refusal::LowPostTradeCollateral`]. In the contract the first five revert inside a library
/// and reach the caller without their name.
pub fn most_liquidity(
    params: &Params,
    held: [u128; 2],
    reserves: [u128; 2],
) -> Result<Rebalanced, Refusal> {
    let before = invariant(held);
    let as_is = Rebalanced {
        trade: None,
        collateral: before,
    };
    let buy = match product(reserves[0], held[1]).cmp(&product(reserves[1], held[0])) {
        Ordering::Equal => return Ok(as_is),
        Ordering::Greater => 0,
        Ordering::Less => 1,
    };
    let sell = buy ^ 1;
    let bought = purchase(params, held, reserves, buy)?;
    // A rounded root of zero or below is no trade.
    let Some(bought) = bought.filter(|b| *b > 0) else {
        return Ok(as_is);
    };
    let sold = sold_for(bought, reserves[sell], reserves[buy], params.trading_fee)?;
    if sold > held[sell] {
        return Err(Refusal::SoldTokenGtTokensHeld {
            sold,
            held: held[sell],
        });
    }
    let after = product(
        word::plus(held[buy], bought)?,
        word::less(held[sell], sold)?,
    );
    let collateral = word::isqrt(after);
    let minimum = least(before, params.trading_fee)?;
    if collateral < minimum {
        return Err(Refusal::LowPostTradeCollateral {
            collateral,
            minimum,
        });
    }
    let trade = Trade { sell, sold, bought };
    Ok(Rebalanced {
        trade: Some(trade),
        collateral,
    })
}

/// The least the collateral may be worth after the trade: it may lose half the pair's fee.
fn least(before: u128, fee: Fee) -> Result<u128, Refusal> {
    let (kept, whole) = (u128::from(fee.0), u128::from(fee.1));
    let half = word::less(whole, kept)? >> 1;
    fit(word::mul_div(before, word::plus(kept, half)?, whole)?)
}

/// The smaller root of the quadratic; `None` when it is negative.
fn purchase(
    params: &Params,
    held: [u128; 2],
    reserves: [u128; 2],
    buy: usize,
) -> Result<Option<u128>, Refusal> {
    let sell = buy ^ 1;
    if held.contains(&0) {
        return Err(Refusal::ZeroTokensHeld(held[0], held[1]));
    }
    if reserves.contains(&0) {
        return Err(Refusal::ZeroReserves(reserves[0], reserves[1]));
    }
    let decimals = params.decimals[buy];
    if decimals == 0 {
        return Err(Refusal::ZeroDecimals(buy));
    }
    let scale = w(10u128.saturating_pow(decimals.into()));
    let q = Quadratic::new(
        [held[buy], held[sell]].map(w),
        [reserves[buy], reserves[sell]].map(w),
        params.trading_fee,
        scale,
    )?;
    q.smaller_root(scale)
}

/// `qa * d^2 - qb * d + qc = 0`, every coefficient but `qa` divided by the bought token's unit.
struct Quadratic {
    qa: U256,
    qb: U256,
    qc: U256,
    qc_negative: bool,
}

impl Quadratic {
    /// The coefficients for collateral `[a, b]` and reserves `[ah, bh]`, bought token first.
    fn new([a, b]: [U256; 2], [ah, bh]: [U256; 2], fee: Fee, scale: U256) -> Result<Self, Refusal> {
        let (kept, whole) = (w(fee.0.into()), w(fee.1.into()));
        let taxed_ah = div(mul(ah, kept)?, whole)?;
        let qa = div(mul(kept, add(bh, b)?)?, whole)?;
        let first = mul(mul(w(2), b)?, taxed_ah)?;
        let second = mul(ah, div(mul(bh, add(whole, kept)?)?, whole)?)?;
        let third = mul(a, div(mul(bh, sub(whole, kept)?)?, whole)?)?;
        let qb = div(add(add(first, second)?, third)?, scale)?;
        let (left, right) = (mul(b, ah)?, mul(a, bh)?);
        let (gap, qc_negative) = if left > right {
            (sub(left, right)?, false)
        } else {
            (sub(right, left)?, true)
        };
        // The last product is formed and divided in 512 bits.
        let gap = U512::from(div(gap, scale)?);
        let taxed = U512::from(mul(ah, kept)?);
        let unit = U512::from(mul(scale, whole)?);
        let qc = gap.checked_mul(taxed).and_then(|p| p.checked_div(unit));
        let qc = qc.and_then(word::narrow);
        let qc = qc.ok_or(Refusal::Panic(PANIC_OVERFLOW))?;
        Ok(Self {
            qa,
            qb,
            qc,
            qc_negative,
        })
    }

    fn smaller_root(&self, scale: U256) -> Result<Option<u128>, Refusal> {
        let overflow = Refusal::Panic(PANIC_OVERFLOW);
        let square = self.qb.widening_mul::<256, 4, 512, 8>(self.qb);
        let four = mul(w(4), self.qa)?.widening_mul::<256, 4, 512, 8>(self.qc);
        let discriminant = if self.qc_negative {
            square.checked_add(four).ok_or(overflow)?
        } else {
            square.checked_sub(four).ok_or(Refusal::ComplexNumber)?
        };
        let root = isqrt_wide(discriminant);
        if root > self.qb {
            return Ok(None);
        }
        let twice: Word = mul(w(2), self.qa);
        let distance = mul(sub(self.qb, root)?, scale)?;
        fit(div(distance, twice?)?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::venues::gammaswap::cpmm::MAX_RESERVE;
    use crate::venues::gammaswap::word::ONE;

    #[test]
    fn collateral_in_the_pairs_proportion_needs_no_trade() {
        let done = most_liquidity(&Params::v1_2(), [10 * ONE, 20 * ONE], [ONE, 2 * ONE]).unwrap();
        assert_eq!(done.trade, None);
        assert_eq!(done.collateral, invariant([10 * ONE, 20 * ONE]));
    }

    #[test]
    fn collateral_that_cannot_be_rebalanced_by_name() {
        let mut tiny = Params::v1_2();
        tiny.decimals = [0, 18];
        let cases = [
            (
                Params::v1_2(),
                [0, 5],
                [7, 7],
                Refusal::ZeroTokensHeld(0, 5),
            ),
            (
                Params::v1_2(),
                [5, 0],
                [7, 7],
                Refusal::ZeroTokensHeld(5, 0),
            ),
            (Params::v1_2(), [5, 5], [7, 0], Refusal::ZeroReserves(7, 0)),
            (tiny, [5, 9], [7, 7], Refusal::ZeroDecimals(0)),
        ];
        for (params, held, reserves, refusal) in cases {
            assert_eq!(most_liquidity(&params, held, reserves), Err(refusal));
        }
        let none = most_liquidity(&Params::v1_2(), [0, 0], [7, 7]).unwrap();
        assert_eq!((none.trade, none.collateral), (None, 0));
    }

    proptest! {
        /// The purchase is the best one: a little more or less of it makes fewer LP tokens, up to
        /// the grain of the rounded coefficients.
        #[test]
        fn no_neighbouring_purchase_makes_more_lp_tokens(
            held in [ONE..1_000_000 * ONE, ONE..1_000_000 * ONE],
            reserves in [100_000 * ONE..10_000_000 * ONE, 100_000 * ONE..10_000_000 * ONE],
        ) {
            let params = Params::v1_2();
            let Ok(Rebalanced { trade: Some(trade), .. }) =
                most_liquidity(&params, held, reserves) else { return Ok(()) };
            prop_assume!(trade.bought > 1_000_000);
            let (sell, buy) = (trade.sell, trade.sell ^ 1);
            // LP tokens per 1e12 of the supply.
            let made = |bought: u128| {
                let sold = sold_for(bought, reserves[sell], reserves[buy], (997, 1000)).ok()?;
                let left = held[sell].checked_sub(sold)?;
                let share = |amount: u128, reserve: u128| amount * 1_000_000_000_000 / reserve;
                let bought = share(held[buy] + bought, reserves[buy] - bought);
                Some(bought.min(share(left, reserves[sell] + sold)))
            };
            let best = made(trade.bought).unwrap();
            for other in [trade.bought / 100 * 99, trade.bought / 100 * 101] {
                if let Some(other) = made(other) {
                    prop_assert!(other <= best + 1, "{other} > {best}");
                }
            }
        }

        #[test]
        fn no_input_panics(
            held: [u128; 2], reserves in [0..=MAX_RESERVE, 0..=MAX_RESERVE],
            decimals in [0u8..=36, 0u8..=36],
        ) {
            let mut params = Params::v1_2();
            params.decimals = decimals;
            let _ = most_liquidity(&params, held, reserves);
        }
    }
}
