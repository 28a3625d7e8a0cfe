//! Liquidity-loan margin: debt and collateral in the same units, debt grown by one index.
//!
//! Collateral is the root of the product of two token amounts and debt is measured in the same
//! units, so no price enters:
//!
//! ```text
//! limit = C * T / 10000                       rounded down, in the lender's favour
//! debt  = liquidity * index / rate_index      rounded down, in the borrower's favour
//! liquidatable   debt > limit                 strictly
//! ```
//!
//! Invariant: for a loan that is not touched the debt grows with the index alone, so there is one
//! smallest index at which it is liquidatable ([`index_reaching`]), and it is at every index from
//! there on. Indices are 1e18 = 1, thresholds basis points.
//! Source: GammaSwap V1, "liquidity debt > liquidity collateral * LTV_threshold".

use ruint::aliases::U256;

/// All basis points.
const BPS: u128 = 10_000;

/// The largest debt that `collateral` covers at `threshold_bps`, which is at most 10,000: rounded
/// down, which cannot matter to a debt that is an integer.
#[must_use]
pub fn limit(collateral: u128, threshold_bps: u16) -> u128 {
    let whole = product(collateral, u128::from(threshold_bps).min(BPS));
    // At most the collateral, so it fits.
    whole
        .checked_div(U256::from(BPS))
        .map_or(0, |limit| limit.wrapping_to())
}

/// Whether `collateral` covers `debt` at `threshold_bps`. Equality does.
#[must_use]
pub fn covers(collateral: u128, debt: u128, threshold_bps: u16) -> bool {
    debt <= limit(collateral, threshold_bps)
}

/// The smallest index at which `liquidity * index / rate_index`, rounded down, is above `limit`.
/// `None` when there is no debt, or no index up to `i128::MAX` does it.
#[must_use]
pub fn index_reaching(limit: u128, liquidity: u128, rate_index: u128) -> Option<i128> {
    if liquidity == 0 || rate_index == 0 {
        return None;
    }
    // floor(l * i / r) > limit  <=>  l * i >= (limit + 1) * r; the quotient is rounded up.
    let needed = product(limit.checked_add(1)?, rate_index);
    let (index, rest) = needed.div_rem(U256::from(liquidity));
    let index = i128::try_from(u128::try_from(index).ok()?).ok()?;
    index.checked_add(i128::from(!rest.is_zero()))
}

fn product(a: u128, b: u128) -> U256 {
    // Two 128-bit factors always fit 256 bits.
    U256::from(a).wrapping_mul(U256::from(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn debt(liquidity: u128, index: i128, rate_index: u128) -> U256 {
        product(liquidity, u128::try_from(index).unwrap()) / U256::from(rate_index)
    }

    #[test]
    fn equality_is_covered_and_one_more_is_not() {
        // (collateral, threshold, largest debt covered)
        let cases = [
            (10_000, 9950, 9950),
            (10_001, 9950, 9950),
            (10_002, 9950, 9951),
            (0, 9950, 0),
            (7, 10_000, 7),
            (7, 1, 0),
            (u128::MAX, 10_000, u128::MAX),
        ];
        for (collateral, threshold, largest) in cases {
            assert!(
                covers(collateral, largest, threshold),
                "{collateral} at {threshold}"
            );
            assert_eq!(limit(collateral, threshold), largest);
            if let Some(more) = largest.checked_add(1) {
                assert!(
                    !covers(collateral, more, threshold),
                    "{collateral} at {threshold}"
                );
            }
        }
    }

    #[test]
    fn a_loan_without_debt_reaches_no_index() {
        assert_eq!(index_reaching(5, 0, 1), None);
        assert_eq!(index_reaching(5, 1, 0), None);
        assert_eq!(index_reaching(u128::MAX, 1, 1), None);
        assert_eq!(index_reaching(0, 1, 1), Some(1));
    }

    proptest! {
        #[test]
        fn the_index_found_is_the_first_that_liquidates(
            limit: u128, liquidity in 1u128.., rate_index in 1u128..(1 << 96),
        ) {
            if let Some(index) = index_reaching(limit, liquidity, rate_index) {
                prop_assert!(debt(liquidity, index, rate_index) > U256::from(limit));
                if index > 0 {
                    prop_assert!(debt(liquidity, index - 1, rate_index) <= U256::from(limit));
                }
            }
        }
    }
}
