//! Versioned margin: one account in one market that settles only when it is touched, at oracle
//! versions; maintenance of the settled position at the newest price against its collateral.
//!
//! Source: Perennial V1 (`AccountPosition.maintenance`, `Collateral.liquidate`). With a position
//! of size `s` on one side of the market, settled when that side's value accumulator stood at
//! `V0` and the collateral at `C0`,
//!
//! ```text
//! requirement    Mn = trunc(|trunc(s * P)| * ratio)
//! collateral     C  = max(0, C0 + trunc(s * (V - V0)))
//! liquidatable   Mn > C                                (strict: equality is safe)
//! ```
//!
//! Both `P` and `V` belong to the market, not to the account, and `s` multiplies both. So the
//! accounts of one side are all watched on *one* number of the market, the [`composite`]
//! `G = V - |P| * ratio`, with one level each ([`Exposure::level`]). No truncation can make the
//! level miss: without any of them the account is safe while `s * |P| * ratio <= C0 + s * (V -
//! V0)`, and then the rounded numbers compare the same way, because `Mn` is at most the floor of
//! the left side, `C` at least the floor of the right, and the floor keeps the order. So
//!
//! ```text
//! s * (G - V0) >= -C0   implies   Mn <= C.
//! ```
//!
//! `G` is rounded down and the level up, so an account is examined early by at most a few raw
//! units of money, and never late.
//!
//! Units: 18 decimals everywhere; accumulators are money per unit of position. Every
//! multiplication rounds toward zero unless it says otherwise, as the contract's do: a
//! requirement is rounded in favour of the account, a gain against it, a loss in favour of it.

use plimsoll_units::{Amount, ArithmeticError, Notional, Price, Quantity, Rate, Rounding, mul_div};

const ONE: i128 = Amount::<18>::ONE.raw();

/// `|size * price|`, rounded toward zero.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn notional(size: Quantity<18>, price: Price<18>) -> Result<Notional<18>, ArithmeticError> {
    let signed = mul_div(size.raw(), price.raw(), ONE, Rounding::Down)?;
    let magnitude = signed.checked_abs().ok_or(ArithmeticError::Overflow)?;
    Ok(Notional::from_raw(magnitude))
}

/// What a position of `size` needs at `price`: `||size * price| * ratio|`, each product rounded
/// toward zero, in favour of the account.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn requirement(
    size: Quantity<18>,
    price: Price<18>,
    ratio: Rate<18>,
) -> Result<Amount<18>, ArithmeticError> {
    notional(size, price)?.times(ratio, Rounding::Down)
}

/// Whether the rule is met: the requirement is strictly above the collateral.
#[must_use]
pub fn is_under_water(requirement: Amount<18>, collateral: Amount<18>) -> bool {
    requirement > collateral
}

/// The number all accounts of one side are watched on, `value - |price| * ratio`, raw, rounded
/// down. What does not fit becomes the smallest number: then every account is examined.
#[must_use]
pub fn composite(value: Price<18>, price: Price<18>, ratio: Rate<18>) -> i128 {
    let needed = price
        .raw()
        .checked_abs()
        .and_then(|p| mul_div(p, ratio.raw(), ONE, Rounding::Up).ok());
    needed
        .and_then(|n| value.raw().checked_sub(n))
        .unwrap_or(i128::MIN)
}

/// What an account's collateral hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Size of the position; not negative.
    pub size: Quantity<18>,
    /// Collateral when the accumulator stood at `entry`; below zero for an account whose losses
    /// before that exceed its balance (they are settled together with what follows).
    pub collateral: Amount<18>,
    /// The side's accumulator at which `collateral` was counted.
    pub entry: Price<18>,
}

impl Exposure {
    /// The gain (or loss, below zero) since `entry`, rounded toward zero.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn gain(&self, value: Price<18>) -> Result<Amount<18>, ArithmeticError> {
        let moved = value.sub(self.entry)?;
        mul_div(self.size.raw(), moved.raw(), ONE, Rounding::Down).map(Amount::from_raw)
    }

    /// Collateral with the gain, before it is floored at zero.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn balance(&self, value: Price<18>) -> Result<Amount<18>, ArithmeticError> {
        self.collateral.add(self.gain(value)?)
    }

    /// The highest [`composite`] at which the account might be liquidatable; above it, it is
    /// not. `None` for an empty position, which never is.
    ///
    /// A level beyond 128 bits is clamped: below them it is never reached, above them the
    /// account is always examined.
    #[must_use]
    pub fn level(&self) -> Option<i128> {
        if !self.size.is_positive() {
            return None;
        }
        // The first safe value is entry + ceil(-collateral / size); the level is one below.
        let lacking = self.collateral.raw().checked_neg();
        let distance = match lacking.map(|l| mul_div(l, ONE, self.size.raw(), Rounding::Ceil)) {
            Some(Ok(distance)) => distance,
            _ if self.collateral.is_negative() => return Some(i128::MAX),
            _ => return Some(i128::MIN),
        };
        let first_safe = self.entry.raw().saturating_add(distance);
        Some(first_safe.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_units::{Amount, Price, Quantity, Rate};
    use proptest::prelude::*;

    use super::{Exposure, composite, is_under_water, requirement};

    fn price(raw: i128) -> Price<18> {
        Price::from_raw(raw)
    }

    #[track_caller]
    fn check_requirement(size: &str, at: &str, ratio: &str, expected: &str) {
        let (size, at): (Quantity<18>, Price<18>) = (size.parse().unwrap(), at.parse().unwrap());
        let actual = requirement(size, at, ratio.parse().unwrap()).unwrap();
        assert_eq!(actual.to_string(), expected);
    }

    #[test]
    fn the_requirement_truncates_twice_and_takes_the_magnitude_of_the_price() {
        check_requirement("100", "500", "0.3", "15000");
        check_requirement("100", "-500", "0.3", "15000");
        check_requirement("100", "0", "0.3", "0");
        // 3e-18 * 0.5 = 1.5e-18 -> 1e-18; half of that -> 0.
        check_requirement("0.000000000000000003", "0.5", "1", "0.000000000000000001");
        check_requirement("0.000000000000000003", "0.5", "0.5", "0");
    }

    #[test]
    fn an_equal_collateral_is_safe() {
        let amount = Amount::from_raw;
        assert!(!is_under_water(amount(5), amount(5)));
        assert!(is_under_water(amount(6), amount(5)));
    }

    #[test]
    fn numbers_that_do_not_fit_are_examined_not_missed() {
        let ratio: Rate<18> = "2".parse().unwrap();
        assert_eq!(composite(price(0), Price::MAX, ratio), i128::MIN);
        let tiny = |collateral| Exposure {
            size: Quantity::from_raw(1),
            collateral: Amount::from_raw(collateral),
            entry: price(0),
        };
        assert_eq!(tiny(i128::MAX).level(), Some(i128::MIN));
        assert_eq!(tiny(i128::MIN).level(), Some(i128::MAX));
        assert_eq!(
            Exposure {
                size: Quantity::ZERO,
                ..tiny(0)
            }
            .level(),
            None
        );
    }

    /// Round and odd numbers of every scale: on round ones nothing is truncated, so the bound is
    /// tight there.
    fn raw() -> impl Strategy<Value = i128> {
        let scale = prop_oneof![Just(1i128), Just(10i128.pow(9)), Just(10i128.pow(18))];
        let off = prop_oneof![Just(0i128), -3i128..=3];
        (-2_000i128..2_000, scale, off).prop_map(|(n, scale, off)| n * scale + off)
    }

    /// An account within a few raw units of its requirement, at a price and an accumulator.
    #[derive(Debug, Clone)]
    struct Near {
        account: Exposure,
        value: Price<18>,
        at: Price<18>,
        ratio: Rate<18>,
    }

    impl Near {
        fn needed(&self) -> Amount<18> {
            requirement(self.account.size, self.at, self.ratio).unwrap()
        }

        fn balance(&self) -> Amount<18> {
            self.account.balance(self.value).unwrap()
        }

        fn is_named(&self) -> bool {
            let level = self.account.level();
            level.is_some_and(|l| composite(self.value, self.at, self.ratio) <= l)
        }
    }

    fn near() -> impl Strategy<Value = Near> {
        let tenths = (0i128..20).prop_map(|t| t * 100_000_000_000_000_000);
        let ratio = prop_oneof![tenths, 0i128..2_000_000_000_000_000_000];
        let off = prop_oneof![-6i128..=6, raw()];
        (raw(), raw(), raw(), raw(), ratio, off).prop_map(|(size, entry, value, at, ratio, off)| {
            let mut near = Near {
                account: Exposure {
                    size: Quantity::from_raw(size.abs()),
                    collateral: Amount::ZERO,
                    entry: price(entry),
                },
                value: price(value),
                at: price(at),
                ratio: Rate::from_raw(ratio),
            };
            let exactly = near.needed().sub(near.balance()).unwrap().raw();
            near.account.collateral = Amount::from_raw(exactly + off);
            near
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(4_000)
        })]

        /// The reference is the rule itself; the level must be passed wherever the rule is met.
        #[test]
        fn no_account_is_under_water_above_its_level(near in near()) {
            let collateral = near.balance().max(Amount::ZERO);
            prop_assert!(near.is_named() || !is_under_water(near.needed(), collateral));
        }

        /// And not much earlier: a few raw units of money, and two raw steps of `G` times the
        /// size.
        #[test]
        fn an_account_well_above_its_requirement_is_not_named(near in near()) {
            let spare = near.balance().raw() - near.needed().raw();
            let step = near.account.size.raw() / 1_000_000_000_000_000_000;
            prop_assert!(!near.is_named() || spare <= 6 + 2 * step);
        }
    }
}
