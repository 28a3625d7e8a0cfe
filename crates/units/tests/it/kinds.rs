//! The named conversions between price, quantity, notional, amount and rate.

use num_bigint::BigInt;
use plimsoll_units::{Amount, ArithmeticError, Fixed, Notional, Price, Quantity, Rate, Rounding};
use proptest::prelude::*;

use crate::reference::{ROUNDINGS, any_i128, quotient, ten_to};

/// A quantity with 8 decimals at a price with 18, as a notional with 6, and back.
fn check_at(quantity: i128, price: i128) {
    let value = BigInt::from(quantity) * price * ten_to(6);
    let worth = BigInt::from(quantity) * ten_to(18) * ten_to(8);
    for rounding in ROUNDINGS {
        let notional: Result<Notional<6>, _> =
            Quantity::<8>::from_raw(quantity).at(Price::<18>::from_raw(price), rounding);
        let expected = quotient(&value, &ten_to(26), rounding);
        assert_eq!(
            notional.map(Notional::raw),
            expected,
            "{quantity} at {price} {rounding:?}"
        );
        let back: Result<Quantity<8>, _> =
            Notional::<6>::from_raw(quantity).quantity_at(Price::<18>::from_raw(price), rounding);
        let expected = quotient(&worth, &(BigInt::from(price) * ten_to(6)), rounding);
        assert_eq!(
            back.map(Quantity::raw),
            expected,
            "{quantity} at {price} {rounding:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn notional_and_quantity_are_the_exact_product_and_quotient(
        quantity in any_i128(),
        price in any_i128(),
    ) {
        check_at(quantity, price);
    }

    #[test]
    fn a_rate_of_a_notional_is_money_with_its_decimals(notional in any_i128(), rate in any_i128()) {
        for rounding in ROUNDINGS {
            let amount = Notional::<6>::from_raw(notional).times(Rate::<18>::from_raw(rate), rounding);
            let expected = quotient(&(BigInt::from(notional) * rate), &ten_to(18), rounding);
            prop_assert_eq!(amount.map(Amount::raw), expected);
        }
    }

    #[test]
    fn a_kind_computes_as_the_number_inside_it(a in any_i128(), b in any_i128(), c in any_i128()) {
        let (x, y) = (Price::<8>::from_raw(a), Price::<8>::from_raw(b));
        prop_assert_eq!(x.fixed(), Fixed::from_raw(a));
        prop_assert_eq!(Price::of(x.fixed()), x);
        prop_assert_eq!(x.add(y).map(Price::fixed), x.fixed().add(y.fixed()));
        prop_assert_eq!(x.sub(y).map(Price::fixed), x.fixed().sub(y.fixed()));
        prop_assert_eq!(x.neg().map(Price::fixed), x.fixed().neg());
        let scaled = x.mul_ratio(b, c, Rounding::Floor).map(Price::fixed);
        prop_assert_eq!(scaled, x.fixed().mul_ratio(b, c, Rounding::Floor));
        prop_assert_eq!(Price::<8>::from_int(a).map(Price::fixed), Fixed::from_int(a));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        let signs = (x.is_zero(), x.is_negative(), x.is_positive());
        prop_assert_eq!(signs, (a == 0, a < 0, a > 0));
    }
}

#[test]
fn two_coins_at_fifty_thousand_are_a_hundred_thousand() {
    let quantity: Quantity<8> = "2".parse().unwrap();
    let price: Price<8> = "50000".parse().unwrap();
    let notional: Notional<6> = quantity.at(price, Rounding::Down).unwrap();
    assert_eq!(notional, Notional::from_int(100_000).unwrap());
    assert_eq!(notional.quantity_at(price, Rounding::Down), Ok(quantity));
    let rate: Rate<18> = "0.0005".parse().unwrap();
    assert_eq!(
        notional.times(rate, Rounding::Up),
        "50".parse::<Amount<6>>().map_err(|_| unreachable!())
    );
}

#[test]
fn a_zero_price_buys_nothing_that_can_be_counted() {
    let quantity: Result<Quantity<8>, _> =
        Notional::<6>::ONE.quantity_at(Price::<8>::ZERO, Rounding::Down);
    assert_eq!(quantity, Err(ArithmeticError::DivisionByZero));
}

#[test]
fn debug_names_the_kind_and_display_does_not() {
    let price = Price::<8>::from_raw(123_450_000);
    assert_eq!(
        (format!("{price}"), format!("{price:?}")),
        ("1.2345".into(), "Price(1.2345)".into())
    );
}
