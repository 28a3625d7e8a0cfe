//! How much of a reduce-only order may stand at a price.
//!
//! An order that only reduces can trade no more than the position is; and what the wallet already
//! has standing at better or equal prices trades first. So at a price the quantity that may stand
//! is `max(0, |position| - own standing quantity at better or equal prices on that side)`
//! (Kuma's SDK, `src/orderbook/quantities.ts`). A long is reduced by selling, a short by buying;
//! on the other side nothing may stand.

use super::{Book, Side, Standing};

/// What may stand at `price` beside `own`, the same wallet's standing orders (of both sides, in any
/// order), when the position is `position`: positive for a long.
#[must_use]
pub fn room<'o>(
    position: i128,
    side: Side,
    price: u64,
    own: impl Iterator<Item = &'o Standing>,
) -> u64 {
    let reducing = match side {
        Side::Buy => position.min(0),
        Side::Sell => position.max(0),
    };
    let ahead = own.filter(|order| {
        // Better or equal for the taker it would meet.
        order.side == side && side.opposite().accepts(price, order.price)
    });
    let ahead = ahead.fold(0u128, |sum, order| {
        // At most 2^32 orders of less than 2^64.
        sum.saturating_add(order.quantity.into())
    });
    let room = reducing.unsigned_abs().saturating_sub(ahead);
    u64::try_from(room).unwrap_or(u64::MAX)
}

impl Book {
    /// [`room`] for an owner, from what it has standing in this book.
    #[must_use]
    pub fn reduce_only_room(&self, owner: u32, position: i128, side: Side, price: u64) -> u64 {
        room(position, side, price, self.unsorted_of(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{OrderId, Owner};
    use super::*;

    /// A long of 10 (or a short) with own orders at 100 (3), 101 (4) and 102 (9).
    #[track_caller]
    fn check(position: i128, side: Side, price: u64, expected: u64) {
        let own: Vec<Standing> = [(100, 3), (101, 4), (102, 9)]
            .into_iter()
            .flat_map(|(price, quantity)| {
                [Side::Buy, Side::Sell].map(|side| Standing {
                    id: OrderId(price),
                    owner: Owner::alone(1),
                    side,
                    price,
                    quantity,
                    reduce_only: false,
                })
            })
            .collect();
        assert_eq!(room(position, side, price, own.iter()), expected);
    }

    #[test]
    fn own_orders_at_better_or_equal_prices_come_first() {
        // To sell, lower prices are better; to buy, higher ones.
        for (price, expected) in [(99, 10), (100, 7), (101, 3), (102, 0), (200, 0)] {
            check(10, Side::Sell, price, expected);
        }
        for (price, expected) in [(103, 10), (102, 1), (101, 0), (1, 0)] {
            check(-10, Side::Buy, price, expected);
        }
    }

    #[test]
    fn nothing_reduces_by_trading_the_wrong_way_or_without_a_position() {
        check(10, Side::Buy, 200, 0);
        check(-10, Side::Sell, 1, 0);
        check(0, Side::Sell, 1, 0);
        check(0, Side::Buy, 200, 0);
    }

    #[test]
    fn positions_beyond_64_bits_do_not_wrap() {
        check(i128::MAX, Side::Sell, 1, u64::MAX);
        check(i128::MIN, Side::Buy, 200, u64::MAX);
    }
}
