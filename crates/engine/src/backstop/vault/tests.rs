//! Share prices both ways: what providers who stay must never lose.

use proptest::prelude::*;

use super::*;

fn vault(tvl: i128, supply: i128) -> Vault<6> {
    Vault {
        tvl: Amount::from_raw(tvl),
        supply: Quantity::from_raw(supply),
    }
}

#[test]
fn shares_and_money_round_in_favour_of_those_who_stay() {
    let shares = |v: Vault<6>, money| v.shares_for(Amount::from_raw(money)).map(Quantity::raw);
    let money = |v: Vault<6>, shares| v.money_for(Quantity::from_raw(shares)).map(Amount::raw);
    assert_eq!(shares(vault(0, 0), 700), Ok(700));
    assert_eq!(
        shares(vault(300, 0), 700),
        Ok(700),
        "the first owns what was left behind"
    );
    assert_eq!(shares(vault(1_000, 999), 10), Ok(9));
    assert_eq!(money(vault(1_000, 999), 10), Ok(10));
    assert_eq!(money(vault(999, 1_000), 10), Ok(9));
    assert_eq!(
        money(vault(999, 1_000), 1_000),
        Ok(999),
        "the last shares take all"
    );
    assert_eq!(
        shares(vault(0, 5), 700),
        Err(VaultError::Empty { supply: 5 })
    );
    assert_eq!(shares(vault(1_000, 1), 999), Err(VaultError::TooSmall(999)));
    assert_eq!(shares(vault(1_000, 1_000), 0), Err(VaultError::TooSmall(0)));
    assert_eq!(money(vault(1, 1_000), 999), Err(VaultError::TooSmall(999)));
    let too_many = VaultError::TooManyShares {
        given: 6,
        supply: 5,
    };
    assert_eq!(money(vault(10, 5), 6), Err(too_many));
}

proptest! {
    /// In and out again never pays, and never costs those who stay.
    #[test]
    fn a_round_trip_never_takes_money_from_those_who_stay(
        tvl in 1i128..1 << 60, supply in 1i128..1 << 60, money in 1i128..1 << 60,
    ) {
        let before = vault(tvl, supply);
        if let Ok(shares) = before.shares_for(Amount::from_raw(money)) {
            let joined = vault(tvl + money, supply + shares.raw());
            // tvl / supply does not fall
            prop_assert!((tvl + money) * supply >= tvl * (supply + shares.raw()));
            if let Ok(back) = joined.money_for(shares) {
                prop_assert!(back.raw() <= money);
                let left = (tvl + money - back.raw(), supply);
                prop_assert!(left.0 >= tvl, "{} left of {}", left.0, tvl);
            }
        }
    }
}
