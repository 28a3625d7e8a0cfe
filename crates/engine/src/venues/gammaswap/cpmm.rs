//! The constant-product pair: what a trade costs, what LP tokens are issued and paid out.
//!
//! The pair is a Uniswap V2 pair without a protocol fee. Its first deposit locks
//! [`MIN_LIQUIDITY`] LP tokens for ever, so that a supply can never return to zero. All divisions
//! round down in favour of the pair; what a trade must pay is one more than the quotient.
//! Amounts are raw units of the tokens.
//! Source: Uniswap V2 core; the pool's side of trades after `CPMMBaseLongStrategy.sol`.

use super::Refusal;
use super::word::{add, div, fit, invariant, less, mul, mul_div, product, sub, w};

/// LP tokens the first deposit locks for ever.
pub const MIN_LIQUIDITY: u128 = 1000;

/// The largest reserve a pair can record (`uint112`).
pub const MAX_RESERVE: u128 = (1 << 112) - 1;

/// A pair's fee: what is left of an input, as a share.
pub type Fee = (u32, u32);

fn fee_words(fee: Fee) -> (ruint::aliases::U256, ruint::aliases::U256) {
    (w(fee.0.into()), w(fee.1.into()))
}

fn need_reserves(a: u128, b: u128) -> Result<(), Refusal> {
    if a == 0 || b == 0 {
        return Err(Refusal::ZeroReserves(a, b));
    }
    Ok(())
}

/// What comes out for `sold`: `sold * fee * r_out / (r_in + sold * fee)`.
///
/// # Errors
/// [`Refusal::ZeroReserves`], [`Refusal::Panic`] when a number does not fit.
pub fn bought_for(sold: u128, r_in: u128, r_out: u128, fee: Fee) -> Result<u128, Refusal> {
    need_reserves(r_in, r_out)?;
    let (fee, whole) = fee_words(fee);
    let taxed = mul(w(sold), fee)?;
    let denominator = add(mul(w(r_in), whole)?, taxed)?;
    fit(div(mul(taxed, w(r_out))?, denominator)?)
}

/// What must go in for `bought`: `r_in * bought / ((r_out - bought) * fee)`, plus one.
///
/// # Errors
/// [`Refusal::ZeroReserves`]; [`Refusal::Panic`] when the reserve is not above `bought`.
pub fn sold_for(bought: u128, r_in: u128, r_out: u128, fee: Fee) -> Result<u128, Refusal> {
    need_reserves(r_in, r_out)?;
    let (fee, whole) = fee_words(fee);
    let left = mul(sub(w(r_out), w(bought))?, fee)?;
    let cost = mul(product(r_in, bought), whole)?;
    fit(add(div(cost, left)?, w(1))?)
}

/// What a deposit of `amounts` issues: to the depositor, and to nobody (locked for ever).
///
/// # Errors
/// [`Refusal::InsufficientLiquidityMinted`]; [`Refusal::Panic`] for a first deposit too small.
pub fn minted(
    amounts: [u128; 2],
    reserves: [u128; 2],
    supply: u128,
) -> Result<(u128, u128), Refusal> {
    let (lp, locked) = if supply == 0 {
        (less(invariant(amounts), MIN_LIQUIDITY)?, MIN_LIQUIDITY)
    } else {
        let share = |i: usize| -> Result<u128, Refusal> {
            fit(mul_div(amounts[i & 1], supply, reserves[i & 1])?)
        };
        (share(0)?.min(share(1)?), 0)
    };
    if lp == 0 {
        return Err(Refusal::InsufficientLiquidityMinted(amounts[0], amounts[1]));
    }
    Ok((lp, locked))
}

/// What `lp` LP tokens are paid out of balances of `balances`.
///
/// # Errors
/// [`Refusal::InsufficientLiquidityBurned`]; [`Refusal::Panic`] without a supply.
pub fn burned(lp: u128, balances: [u128; 2], supply: u128) -> Result<[u128; 2], Refusal> {
    let share = |balance: u128| -> Result<u128, Refusal> { fit(mul_div(lp, balance, supply)?) };
    let amounts = [share(balances[0])?, share(balances[1])?];
    if amounts.contains(&0) {
        return Err(Refusal::InsufficientLiquidityBurned(lp));
    }
    Ok(amounts)
}

/// The largest part of `desired` in the proportion of the reserves; all of it for an empty pair.
/// Rounds down, in favour of the depositor's wallet.
///
/// # Errors
/// [`Refusal::ZeroReserves`] when the pair has a supply but only one token.
pub fn balanced(desired: [u128; 2], reserves: [u128; 2]) -> Result<[u128; 2], Refusal> {
    if reserves == [0, 0] {
        return Ok(desired);
    }
    need_reserves(reserves[0], reserves[1])?;
    let second = mul_div(desired[0], reserves[1], reserves[0])?;
    if second <= w(desired[1]) {
        return Ok([desired[0], fit(second)?]);
    }
    let first = mul_div(desired[1], reserves[0], reserves[1])?;
    Ok([fit(first)?, desired[1]])
}

/// One trade of the pool on the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// The token that goes in.
    pub sell: usize,
    /// How much of it.
    pub sold: u128,
    /// How much of the other comes out.
    pub bought: u128,
}

/// What deltas ask for: one token, bought or sold exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The token named.
    pub token: usize,
    /// Whether it is bought; else sold.
    pub buy: bool,
    /// How much of it.
    pub amount: u128,
}

impl Asked {
    /// What `deltas` ask for: a positive one is bought, a negative one sold. `None` when both are
    /// zero.
    ///
    /// # Errors
    /// [`Refusal::InvalidDeltasLength`], [`Refusal::BadDelta`].
    pub fn of(deltas: &[i128]) -> Result<Option<Self>, Refusal> {
        let &[d0, d1] = deltas else {
            return Err(Refusal::InvalidDeltasLength(deltas.len()));
        };
        let (token, delta) = match (d0, d1) {
            (0, 0) => return Ok(None),
            (d, 0) => (0, d),
            (0, d) => (1, d),
            _ => return Err(Refusal::BadDelta(d0, d1)),
        };
        Ok(Some(Self {
            token,
            buy: delta > 0,
            amount: delta.unsigned_abs(),
        }))
    }

    /// The trade on a pair with `reserves`.
    ///
    /// # Errors
    /// Those of [`sold_for`] and [`bought_for`].
    pub fn trade(&self, reserves: [u128; 2], fee: Fee) -> Result<Trade, Refusal> {
        let (token, other) = (self.token & 1, (self.token & 1) ^ 1);
        let (named, facing) = (reserves[token], reserves[other]);
        Ok(if self.buy {
            Trade {
                sell: other,
                sold: sold_for(self.amount, facing, named, fee)?,
                bought: self.amount,
            }
        } else {
            Trade {
                sell: token,
                sold: self.amount,
                bought: bought_for(self.amount, named, facing, fee)?,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruint::aliases::U512;

    use super::*;
    use crate::venues::gammaswap::word::PANIC_OVERFLOW;

    const FEE: Fee = (997, 1000);

    fn trade_of(deltas: &[i128], reserves: [u128; 2], fee: Fee) -> Result<Option<Trade>, Refusal> {
        let asked = Asked::of(deltas)?;
        asked.map(|asked| asked.trade(reserves, fee)).transpose()
    }

    /// What the pair itself checks: the product after the fee must not fall.
    #[track_caller]
    fn check_pair_accepts(trade: Trade, reserves: [u128; 2]) {
        let wide = |x: u128| U512::from(x);
        let adjusted = (wide(reserves[trade.sell]) + wide(trade.sold)) * wide(1000)
            - wide(trade.sold) * wide(3);
        let other = (wide(reserves[1 - trade.sell]) - wide(trade.bought)) * wide(1000);
        let before = wide(reserves[0]) * wide(reserves[1]) * wide(1_000_000);
        assert!(adjusted * other >= before, "{trade:?} on {reserves:?}");
    }

    proptest! {
        #[test]
        fn the_pair_accepts_every_trade_the_pool_computes(
            r0 in 1u128..=MAX_RESERVE, r1 in 1u128..=MAX_RESERVE,
            amount in 1i128..(1i128 << 112), sell: bool, token in 0usize..2,
        ) {
            let deltas = if sell { -amount } else { amount };
            let deltas = if token == 0 { [deltas, 0] } else { [0, deltas] };
            if let Ok(Some(trade)) = trade_of(&deltas, [r0, r1], FEE) {
                check_pair_accepts(trade, [r0, r1]);
            }
        }

        #[test]
        fn a_round_trip_of_liquidity_never_pays(
            r0 in 1000u128..=(1 << 100), r1 in 1000u128..=(1 << 100),
            a in 1u128..=(1 << 100), b in 1u128..=(1 << 100),
        ) {
            let Ok((first, locked)) = minted([r0, r1], [0, 0], 0) else {
                return Ok(());
            };
            let supply = first + locked;
            if let Ok((lp, 0)) = minted([a, b], [r0, r1], supply)
                && let Ok(out) = burned(lp, [r0 + a, r1 + b], supply + lp)
            {
                prop_assert!(out[0] <= a && out[1] <= b);
            }
        }
    }

    #[test]
    fn deltas_by_name_of_their_refusal() {
        let reserves = [1_000_000, 2_000_000];
        let cases: [(&[i128], Refusal); 6] = [
            (&[], Refusal::InvalidDeltasLength(0)),
            (&[1, 2, 3], Refusal::InvalidDeltasLength(3)),
            (&[5, 5], Refusal::BadDelta(5, 5)),
            (&[5, -5], Refusal::BadDelta(5, -5)),
            (&[1_000_001, 0], Refusal::Panic(PANIC_OVERFLOW)),
            (&[i128::MAX, 0], Refusal::Panic(PANIC_OVERFLOW)),
        ];
        for (deltas, refusal) in cases {
            assert_eq!(trade_of(deltas, reserves, FEE), Err(refusal), "{deltas:?}");
        }
        assert_eq!(trade_of(&[0, 0], reserves, FEE), Ok(None));
        let all = trade_of(&[1_000_000, 0], reserves, FEE);
        assert_eq!(all, Err(Refusal::Panic(0x12)), "buying the whole reserve");
        let empty = trade_of(&[1, 0], [0, 5], FEE);
        assert_eq!(empty, Err(Refusal::ZeroReserves(5, 0)));
        let worst = trade_of(&[i128::MIN, 0], reserves, FEE).unwrap().unwrap();
        assert_eq!((worst.sold, worst.bought), (1 << 127, 1_999_999));
    }

    #[test]
    fn the_first_deposit_locks_the_minimum() {
        assert_eq!(
            minted([4_000_000, 1_000_000], [0, 0], 0),
            Ok((1_999_000, 1000))
        );
        let cases = [
            (
                minted([1000, 1000], [0, 0], 0),
                Refusal::InsufficientLiquidityMinted(1000, 1000),
            ),
            (
                minted([999, 999], [0, 0], 0),
                Refusal::Panic(PANIC_OVERFLOW),
            ),
            (
                minted([0, 9], [10, 10], 10),
                Refusal::InsufficientLiquidityMinted(0, 9),
            ),
            (minted([9, 9], [0, 10], 10), Refusal::Panic(0x12)),
        ];
        for (result, refusal) in cases {
            assert_eq!(result, Err(refusal));
        }
        assert_eq!(burned(5, [10, 20], 10), Ok([5, 10]));
        assert_eq!(
            burned(1, [9, 20], 10),
            Err(Refusal::InsufficientLiquidityBurned(1))
        );
        assert_eq!(burned(1, [9, 20], 0), Err(Refusal::Panic(0x12)));
    }

    #[test]
    fn a_deposit_is_cut_to_the_proportion_of_the_reserves() {
        assert_eq!(balanced([5, 5], [0, 0]), Ok([5, 5]));
        assert_eq!(balanced([10, 100], [100, 300]), Ok([10, 30]));
        assert_eq!(balanced([100, 30], [100, 300]), Ok([10, 30]));
        assert_eq!(balanced([1, 1], [1, 0]), Err(Refusal::ZeroReserves(1, 0)));
    }
}
