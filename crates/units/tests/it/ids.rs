//! Ids, and the packing of a position's place and generation.

use plimsoll_units::{AccountId, CaseId, MarketId, PositionId, Side, VenueId};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_position_keeps_its_place_and_generation(slot in any::<u32>(), generation in any::<u32>()) {
        let id = PositionId::new(slot, generation);
        prop_assert_eq!((id.slot(), id.generation()), (slot, generation));
        prop_assert_eq!(id.0, u64::from(generation) * (1 << 32) + u64::from(slot));
    }

    #[test]
    fn positions_order_by_generation_and_then_by_place(
        a in any::<(u32, u32)>(),
        b in any::<(u32, u32)>(),
    ) {
        let (x, y) = (PositionId::new(a.1, a.0), PositionId::new(b.1, b.0));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
    }
}

#[test]
fn ids_are_shown_with_what_they_name() {
    let cases = [
        (VenueId(3).to_string(), "venue-3"),
        (MarketId(0).to_string(), "market-0"),
        (AccountId(4_000_000_000).to_string(), "account-4000000000"),
        (
            format!("{:?}", CaseId(u64::MAX)),
            "case-18446744073709551615",
        ),
        (PositionId::new(17, 0).to_string(), "position-17"),
        (PositionId::new(17, 3).to_string(), "position-17.3"),
        (
            PositionId::new(u32::MAX, u32::MAX).to_string(),
            "position-4294967295.4294967295",
        ),
        (Side::Long.to_string(), "long"),
        (Side::Short.to_string(), "short"),
    ];
    for (shown, expected) in cases {
        assert_eq!(shown, expected);
    }
}

#[test]
fn sides_are_opposite_in_sign() {
    for side in [Side::Long, Side::Short] {
        assert_eq!(side.opposite().sign(), -side.sign());
        assert_eq!(side.opposite().opposite(), side);
    }
    assert_eq!(Side::Long.sign(), 1);
}

#[test]
fn ids_index_dense_tables() {
    assert_eq!(AccountId(u32::MAX).index(), u32::MAX as usize);
    assert_eq!(MarketId(63).index(), 63);
}
