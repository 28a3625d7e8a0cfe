//! Accrual: what happens to the pool's books when somebody touches it.
//!
//! Every call that changes the pool first looks at the pair, charges interest for the blocks
//! since the last look, and converts its LP tokens and debts at the pair's new rate. Interest is
//! by block, never by time. Generation A adds the borrow rate to the growth of the pair;
//! generation B charges the larger of the two.
//!
//! The rate is that of the utilisation at the last accrual. Indices are truncated to the
//! contract's types when they are stored. Divisions round down: debts in favour of the borrower.
//! Source: `strategies/base/BaseStrategy.sol`, `updateIndex`.

use ruint::aliases::U256;

use super::rates::{Rate, utilisation};
use super::word::{BPS, ONE, Word, add, div, fit, low, mul, mul_div, product, sub, w};
use super::{Generation, Params, Refusal, Storage, word};

/// The pair as the pool sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its reserves.
    pub reserves: [u128; 2],
    /// Its LP supply.
    pub supply: u128,
    /// The block of the look.
    pub block: u64,
}

/// What an accrual did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accrued {
    /// Blocks since the last one; nothing was charged when zero.
    pub blocks: u64,
    /// The pool's fee index before it is truncated to its type: what loans are charged by.
    pub index: U256,
    /// Growth of debts, 1e18 = 1.
    pub growth: U256,
    /// Growth of the pair, 1e18 = 1.
    pub pair_growth: U256,
    /// The rate that was charged.
    pub rate: Rate,
    /// New shares for the protocol.
    pub protocol_shares: u128,
}

/// Looks at the pair and charges what is due.
///
/// # Errors
/// [`Refusal::Panic`] where the contract would panic; the storage is then not to be used.
pub fn accrue(params: &Params, s: &mut Storage, seen: &Seen) -> Result<Accrued, Refusal> {
    let generation = params.generation;
    let blocks = word::less(seen.block.into(), s.last_block.into())?;
    let debt = s.borrowed_invariant;
    let rate = params.rate.at(generation, s.lp_invariant, debt)?;
    let invariant = word::invariant(seen.reserves);
    let pair_growth = match generation {
        Generation::A => pair_growth_a(s, invariant, seen.supply)?,
        Generation::B => pair_growth_b(s, invariant, seen.supply, rate.leverage_e3)?,
    };
    s.cfmm_reserves = seen.reserves;
    s.last_cfmm_invariant = invariant;
    s.last_cfmm_total_supply = seen.supply;
    if blocks == 0 {
        return same_block(generation, s, pair_growth, rate);
    }
    let pair_growth = div(mul(w(s.last_cfmm_fee_index), pair_growth)?, w(ONE))?;
    s.last_cfmm_fee_index = ONE;
    let growth = growth(params, pair_growth, &rate, blocks)?;
    let debt = div(mul(w(debt), growth)?, w(ONE))?;
    s.borrowed_invariant = low(debt);
    s.lp_token_borrowed_plus_interest = s.debt_in_lp(generation, low(debt))?;
    s.lp_invariant = s.lp_to_invariant(s.lp_token_balance)?;
    let index = div(mul(w(s.acc_fee_index), growth)?, w(ONE))?;
    s.acc_fee_index = low(index) & generation.max_index();
    if generation == Generation::B {
        s.ema_util_rate = moving_utilisation(params, s, blocks)?;
    }
    s.last_block = seen.block;
    let shares = if s.borrowed_invariant == 0 {
        0
    } else {
        protocol_shares(
            params,
            s.share_supply,
            growth,
            pair_growth,
            rate.utilisation,
        )?
    };
    s.share_supply = word::plus(s.share_supply, shares)?;
    Ok(Accrued {
        // The difference of two block numbers is one.
        blocks: u64::try_from(blocks).unwrap_or(u64::MAX),
        index,
        growth,
        pair_growth,
        rate,
        protocol_shares: shares,
    })
}

/// A second look inside one block: the pair's growth is kept for the next block.
fn same_block(
    generation: Generation,
    s: &mut Storage,
    pair_growth: U256,
    rate: Rate,
) -> Result<Accrued, Refusal> {
    let kept = w(s.last_cfmm_fee_index);
    s.last_cfmm_fee_index = match generation {
        Generation::A => {
            let kept = div(mul(kept, pair_growth)?, w(ONE))?;
            low(kept) & generation.max_pair_index()
        }
        Generation::B => {
            let kept = div(mul(kept, pair_growth.max(w(ONE)))?, w(ONE))?;
            low(kept.min(w(generation.max_pair_index())))
        }
    };
    s.lp_token_borrowed_plus_interest = s.debt_in_lp(generation, s.borrowed_invariant)?;
    s.lp_invariant = s.lp_to_invariant(s.lp_token_balance)?;
    Ok(Accrued {
        blocks: 0,
        index: w(s.acc_fee_index),
        growth: w(ONE),
        pair_growth,
        rate,
        protocol_shares: 0,
    })
}

/// Whether there is something to compare with; on the first look there is not.
fn comparable(s: &Storage, invariant: u128, supply: u128) -> bool {
    invariant > 0 && supply > 0 && s.last_cfmm_invariant > 0 && s.last_cfmm_total_supply > 0
}

/// Generation A: the pair's growth per unit of debt. When more is lent than the pair still holds,
/// the growth is spread over all of it.
fn pair_growth_a(s: &Storage, invariant: u128, supply: u128) -> Word {
    if !comparable(s, invariant, supply) {
        return Ok(w(ONE));
    }
    let before = s.last_cfmm_invariant;
    let base = s.borrowed_invariant.max(before);
    let beyond = product(supply, word::less(base, before)?);
    let sum = add(product(invariant, s.last_cfmm_total_supply), beyond)?;
    div(mul(sum, w(ONE))?, product(base, supply))
}

/// Generation B: the pair's growth, of which at most `leverage_e3 / 1000` times is charged when
/// more is lent than that many times what the pair holds.
fn pair_growth_b(s: &Storage, invariant: u128, supply: u128, leverage_e3: u128) -> Word {
    if !comparable(s, invariant, supply) {
        return Ok(w(ONE));
    }
    let before = s.last_cfmm_invariant;
    let now = mul(product(invariant, s.last_cfmm_total_supply), w(ONE))?;
    let growth = div(now, product(before, supply))?;
    let leveraged = div(product(leverage_e3, before), w(1000))?;
    if growth <= w(ONE) || w(s.borrowed_invariant) <= leveraged {
        return Ok(growth);
    }
    let gain = mul(mul(sub(growth, w(ONE))?, w(before))?, w(leverage_e3))?;
    let all = mul(add(w(before), w(s.borrowed_invariant))?, w(1000))?;
    add(w(ONE), div(gain, all)?)
}

/// Growth of debts: the rate and the pair's growth, capped by the most a year may charge.
fn growth(params: &Params, pair_growth: U256, rate: &Rate, blocks: u128) -> Word {
    let year = w(params.blocks_per_year.into());
    let interest = div(product(blocks, rate.rate), year)?;
    let cap = add(w(ONE), div(product(blocks, params.max_total_apy), year)?)?;
    let charged = match params.generation {
        Generation::A => add(pair_growth, interest)?,
        Generation::B => spread(pair_growth, rate.spread)?.max(add(w(ONE), interest)?),
    };
    Ok(charged.min(cap))
}

fn spread(pair_growth: U256, spread: u128) -> Word {
    if pair_growth <= w(ONE) || spread <= ONE {
        return Ok(pair_growth);
    }
    let gain = mul(sub(pair_growth, w(ONE))?, w(spread))?;
    add(div(gain, w(ONE))?, w(ONE))
}

/// Moving average of utilisation after this accrual, six decimals. The first one is taken whole.
fn moving_utilisation(params: &Params, s: &Storage, blocks: u128) -> Result<u32, Refusal> {
    let new = utilisation(w(s.lp_invariant), w(s.borrowed_invariant))?;
    // A utilisation is at most 1e18, so each of these fits easily.
    let new = new.checked_div(1_000_000_000_000).unwrap_or(0);
    let old = u128::from(s.ema_util_rate);
    if old == 0 {
        return Ok(u32::try_from(new).unwrap_or(u32::MAX));
    }
    let weight = blocks.max(params.ema_multiplier.into()).min(100);
    let rest = 100u128.saturating_sub(weight);
    let share =
        |value: u128, weight: u128| -> Result<u128, Refusal> { fit(mul_div(value, weight, 100)?) };
    let average = word::plus(share(new, weight)?, share(old, rest)?)?;
    Ok(u32::try_from(average).unwrap_or(u32::MAX))
}

/// New shares that give the protocol its part of the interest, rounded down in favour of the
/// lenders.
fn protocol_shares(
    params: &Params,
    supply: u128,
    growth: U256,
    pair_growth: U256,
    utilisation: u128,
) -> Result<u128, Refusal> {
    let fee = w(params.protocol_fee_e5.min(100_000).into());
    if growth <= pair_growth || fee.is_zero() {
        return Ok(0);
    }
    let gain = sub(growth, pair_growth)?;
    let charged = sub(growth, div(mul(gain, fee)?, w(100_000))?)?;
    let dilution = match params.generation {
        Generation::A => sub(div(mul(growth, w(ONE))?, charged)?, w(ONE))?,
        Generation::B => {
            let rest = mul(pair_growth, w(ONE.saturating_sub(utilisation)))?;
            let whole = |lent: U256| div(add(mul(lent, w(utilisation))?, rest)?, w(ONE));
            let ratio = div(mul(whole(growth)?, w(ONE))?, whole(charged)?)?;
            sub(ratio.max(w(ONE)), w(ONE))?
        }
    };
    fit(div(mul(w(supply), dilution)?, w(ONE))?)
}

/// The fee on borrowing in basis points: fixed in generation A; in generation B it grows with
/// utilisation after the loan (or its moving average, if higher), less a discount.
///
/// # Errors
/// [`Refusal::Panic`] when less is there than is borrowed.
pub fn origination_fee_bps(
    params: &Params,
    s: &Storage,
    borrowed: u128,
    discount_bps: u128,
) -> Result<u128, Refusal> {
    let base = u128::from(params.origination_fee_bps);
    if params.generation == Generation::A {
        return Ok(base);
    }
    let left = word::less(s.lp_invariant, borrowed)?;
    let debt = add(w(s.borrowed_invariant), w(borrowed))?;
    let percent = fit(div(w(utilisation(w(left), debt)?), w(ONE / 100))?)?;
    let average = u128::from(s.ema_util_rate).checked_div(10_000).unwrap_or(0);
    let fee = dynamic_fee_bps(params, percent.max(average))?;
    Ok(fee.saturating_sub(discount_bps))
}

fn dynamic_fee_bps(params: &Params, percent: u128) -> Result<u128, Refusal> {
    let mut fee = u128::from(params.origination_fee_bps);
    if let Some(above @ 1..) = percent.checked_sub(params.min_util_2.into()) {
        fee = fee.max(above);
    }
    if let Some(above @ 1..) = percent.checked_sub(params.min_util_1.into()) {
        // Utilisation is at most 100 %, so the power fits.
        let power = 1u128
            .checked_shl(u32::try_from(above).unwrap_or(u32::MAX))
            .unwrap_or(u128::MAX);
        let steep = fit(mul_div(power, BPS, params.fee_divisor.into())?.min(w(BPS)))?;
        fee = fee.max(steep).min(BPS);
    }
    Ok(fee)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Storage {
        Storage {
            last_block: 100,
            borrowed_invariant: 400 * ONE,
            lp_invariant: 600 * ONE,
            lp_token_balance: 600 * ONE,
            lp_token_borrowed: 400 * ONE,
            lp_token_borrowed_plus_interest: 400 * ONE,
            last_cfmm_invariant: 1000 * ONE,
            last_cfmm_total_supply: 1000 * ONE,
            cfmm_reserves: [1000 * ONE, 1000 * ONE],
            share_supply: 1000 * ONE,
            ..Storage::new(100)
        }
    }

    fn seen(reserve: u128, supply: u128, block: u64) -> Seen {
        Seen {
            reserves: [reserve, reserve],
            supply,
            block,
        }
    }

    #[test]
    fn nothing_accrues_inside_a_block_but_the_pairs_growth_is_kept() {
        for params in [Params::page(), Params::v1_2()] {
            let mut s = pool();
            let grown = seen(1010 * ONE, 1000 * ONE, 100);
            let done = accrue(&params, &mut s, &grown).unwrap();
            assert_eq!((done.blocks, done.protocol_shares), (0, 0));
            assert_eq!(s.borrowed_invariant, 400 * ONE);
            assert_eq!(s.acc_fee_index, ONE);
            assert_eq!(s.last_cfmm_fee_index, ONE / 100 * 101);
            assert_eq!(s.lp_invariant, 606 * ONE);
            // A later block charges it even though the pair has not grown since.
            let next = accrue(&params, &mut s, &seen(1010 * ONE, 1000 * ONE, 10_100)).unwrap();
            assert_eq!(next.pair_growth, w(ONE / 100 * 101));
            assert!(next.growth >= w(ONE / 100 * 101));
            assert_eq!(s.last_cfmm_fee_index, ONE);
        }
    }

    #[test]
    fn a_adds_rate_and_growth_and_b_takes_the_larger() {
        let grown = seen(1010 * ONE, 1000 * ONE, 100 + 2_252_571);
        let (mut a, mut b) = (pool(), pool());
        let params_a = Params::page();
        let params_b = Params::v1_2();
        let done_a = accrue(&params_a, &mut a, &grown).unwrap();
        let done_b = accrue(&params_b, &mut b, &grown).unwrap();
        let rate_a = params_a
            .rate
            .at(Generation::A, 600 * ONE, 400 * ONE)
            .unwrap();
        let rate_b = params_b
            .rate
            .at(Generation::B, 600 * ONE, 400 * ONE)
            .unwrap();
        assert_eq!(done_a.growth, w(ONE / 100 * 101 + rate_a.rate));
        assert_eq!(done_b.growth, w(ONE + rate_b.rate));
    }

    #[test]
    fn a_year_cannot_charge_more_than_its_cap() {
        for params in [Params::page(), Params::v1_2()] {
            let mut s = pool();
            let year = 100 + params.blocks_per_year;
            // The pair grows a millionfold.
            let done = accrue(
                &params,
                &mut s,
                &seen(1_000_000_000 * ONE, 1000 * ONE, year),
            );
            assert_eq!(done.unwrap().growth, w(ONE + params.max_total_apy));
        }
    }

    #[test]
    fn an_index_beyond_its_type_is_truncated_as_it_is_stored() {
        let params = Params::v1_2();
        let mut s = pool();
        s.acc_fee_index = word::MAX_U80;
        let done = accrue(&params, &mut s, &seen(1000 * ONE, 1000 * ONE, 1_000_000)).unwrap();
        assert!(done.index > w(word::MAX_U80));
        assert_eq!(s.acc_fee_index, low(done.index) & word::MAX_U80);
    }

    #[test]
    fn an_empty_pair_is_no_growth() {
        for params in [Params::page(), Params::v1_2()] {
            for look in [seen(0, 0, 200), seen(0, 7, 200), seen(7, 0, 200)] {
                let mut s = Storage::new(100);
                let done = accrue(&params, &mut s, &look).unwrap();
                assert_eq!((done.pair_growth, done.growth), (w(ONE), w(ONE)));
            }
        }
    }

    #[test]
    fn a_block_before_the_last_one_panics_like_the_contract() {
        let mut s = pool();
        let back = accrue(&Params::page(), &mut s, &seen(1, 1, 99));
        assert_eq!(back, Err(Refusal::Panic(word::PANIC_OVERFLOW)));
    }

    #[test]
    fn the_fee_on_borrowing_by_utilisation() {
        let params = Params::v1_2();
        // (percent, fee in bps): flat, then one more each percent, then doubling.
        let cases = [
            (0, 2),
            (80, 2),
            (82, 2),
            (83, 3),
            (92, 12),
            (93, 13),
            (97, 156),
            (99, 625),
        ];
        for (percent, fee) in cases {
            assert_eq!(dynamic_fee_bps(&params, percent), Ok(fee), "at {percent} %");
        }
        let mut s = pool();
        assert_eq!(origination_fee_bps(&params, &s, 500 * ONE, 0), Ok(10));
        assert_eq!(origination_fee_bps(&params, &s, 500 * ONE, 4), Ok(6));
        assert_eq!(origination_fee_bps(&params, &s, 500 * ONE, 11), Ok(0));
        s.ema_util_rate = 950_000;
        assert_eq!(origination_fee_bps(&params, &s, 0, 0), Ok(39));
        let none_left = origination_fee_bps(&params, &s, 601 * ONE, 0);
        assert_eq!(none_left, Err(Refusal::Panic(word::PANIC_OVERFLOW)));
        assert_eq!(
            origination_fee_bps(&Params::page(), &s, 601 * ONE, 0),
            Ok(0)
        );
    }
}
