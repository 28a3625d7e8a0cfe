//! The canonical bytes that journals and state hashes are made of. They never change.

use borsh::BorshDeserialize;
use plimsoll_units::{AccountId, Amount, Fixed, PositionId, Price, Side, Timestamp};
use proptest::prelude::*;

use crate::reference::any_i128;

fn check(bytes: std::io::Result<Vec<u8>>, expected: &[u8]) {
    assert_eq!(bytes.unwrap(), expected);
}

#[test]
fn golden_bytes() {
    let minus_two = [&[0xfe][..], &[0xff; 15]].concat();
    check(borsh::to_vec(&Fixed::<8>::from_raw(-2)), &minus_two);
    check(borsh::to_vec(&Price::<18>::from_raw(-2)), &minus_two);
    let mut large = [0; 16];
    large[1] = 1;
    check(borsh::to_vec(&Amount::<6>::from_raw(256)), &large);
    check(
        borsh::to_vec(&Timestamp(1_760_131_200_000)),
        &[0, 180, 254, 207, 153, 1, 0, 0],
    );
    check(borsh::to_vec(&AccountId(0x0102_0304)), &[4, 3, 2, 1]);
    check(
        borsh::to_vec(&PositionId::new(1, 2)),
        &[1, 0, 0, 0, 2, 0, 0, 0],
    );
    check(borsh::to_vec(&[Side::Long, Side::Short]), &[0, 1]);
}

#[test]
fn a_side_that_does_not_exist_is_refused() {
    assert!(Side::try_from_slice(&[2]).is_err());
}

proptest! {
    #[test]
    fn bytes_read_back(raw in any_i128()) {
        let price = Price::<8>::from_raw(raw);
        let bytes = borsh::to_vec(&price).unwrap();
        prop_assert_eq!(&bytes, &raw.to_le_bytes());
        prop_assert_eq!(Price::<8>::try_from_slice(&bytes).unwrap(), price);
    }
}
