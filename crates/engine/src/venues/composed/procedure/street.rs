//! The street's book of a market: levels, best first, taken from the front.
//!
//! It is what a desk outside quotes at this moment, replaced whole by the next quotes; nothing
//! rests in it. What was taken is a cursor, so that a liquidation that is taken back costs nothing
//! to undo.
//!
//! Units: price and quantity in pips; a fill's quote exact, in double pips (1e-16).

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Side};

use crate::venues::composed::check::within;
use crate::venues::composed::{Level, PRICE_MAX, Refusal};

/// The most levels of a side.
pub const LEVELS_MAX: usize = 256;

/// How far a side was taken: whole levels, and what is left of the one in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Cursor {
    at: u32,
    taken: u64,
}

/// One side of the book.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
struct Queue {
    levels: Vec<Level>,
    cursor: Cursor,
}

/// The street's book of one market.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Quotes {
    bids: Queue,
    asks: Queue,
}

/// What the street takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    /// How much base.
    pub(crate) quantity: u64,
    /// For how much, exact, in double pips.
    pub(crate) quote: u128,
    /// Where the side stands afterwards.
    pub(crate) cursor: Cursor,
}

impl Quotes {
    /// A fresh book.
    ///
    /// # Errors
    /// [`Refusal::OutOfBounds`] for too many levels, and for levels without a price or a quantity,
    /// or not best first.
    pub fn new(bids: &[Level], asks: &[Level]) -> Result<Self, Refusal> {
        check(bids, Side::Long)?;
        check(asks, Side::Short)?;
        let queue = |levels: &[Level]| Queue {
            levels: levels.to_vec(),
            cursor: Cursor::default(),
        };
        Ok(Self {
            bids: queue(bids),
            asks: queue(asks),
        })
    }

    fn queue(&self, side: Side) -> &Queue {
        match side {
            Side::Long => &self.bids,
            Side::Short => &self.asks,
        }
    }

    /// What is left of a side (long: the bids), best first.
    pub fn left(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.queue(side).left()
    }

    /// What the street would take on `side` (long: it buys) of up to `quantity`, at no worse than
    /// `worst` for whoever trades with it.
    ///
    /// # Errors
    /// When a number does not fit.
    pub(crate) fn meet(
        &self,
        side: Side,
        quantity: u64,
        worst: Option<u64>,
    ) -> Result<Taken, ArithmeticError> {
        let queue = self.queue(side);
        let mut taken = Taken {
            cursor: queue.cursor,
            ..Taken::default()
        };
        for level in queue.left() {
            let left = quantity.saturating_sub(taken.quantity);
            let too_bad = worst.is_some_and(|worst| match side {
                Side::Long => level.price < worst,
                Side::Short => level.price > worst,
            });
            if left == 0 || too_bad {
                break;
            }
            let part = left.min(level.quantity);
            let quote = u128::from(part).checked_mul(level.price.into());
            let quote = quote.and_then(|quote| taken.quote.checked_add(quote));
            taken.quote = quote.ok_or(ArithmeticError::Overflow)?;
            taken.quantity = taken.quantity.saturating_add(part);
            if part == level.quantity {
                taken.cursor.at = taken.cursor.at.saturating_add(1);
                taken.cursor.taken = 0;
            } else {
                taken.cursor.taken = taken.cursor.taken.saturating_add(part);
            }
        }
        Ok(taken)
    }

    /// Moves a side's cursor; returns where it was.
    pub(crate) fn set(&mut self, side: Side, cursor: Cursor) -> Cursor {
        let queue = match side {
            Side::Long => &mut self.bids,
            Side::Short => &mut self.asks,
        };
        std::mem::replace(&mut queue.cursor, cursor)
    }
}

impl Queue {
    fn left(&self) -> impl Iterator<Item = Level> + '_ {
        let at = usize::try_from(self.cursor.at).unwrap_or(usize::MAX);
        let left = self.levels.get(at..).unwrap_or_default();
        let first = self.cursor.taken;
        left.iter().enumerate().map(move |(n, level)| Level {
            price: level.price,
            quantity: match n {
                0 => level.quantity.saturating_sub(first),
                _ => level.quantity,
            },
        })
    }
}

/// Levels within bounds, best first: bids fall, asks rise.
fn check(levels: &[Level], side: Side) -> Result<(), Refusal> {
    let most = i128::try_from(LEVELS_MAX).unwrap_or(i128::MAX);
    let count = i128::try_from(levels.len()).unwrap_or(i128::MAX);
    within("levels of a side", count, 0, most)?;
    let (mut least, mut most) = (1i128, i128::from(PRICE_MAX));
    for level in levels {
        let price = i128::from(level.price);
        within("price of a level", price, least, most)?;
        within(
            "quantity of a level",
            level.quantity.into(),
            1,
            i64::MAX.into(),
        )?;
        match side {
            Side::Long => most = price.saturating_sub(1),
            Side::Short => least = price.saturating_add(1),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(price: u64, quantity: u64) -> Level {
        Level { price, quantity }
    }

    #[test]
    fn levels_are_taken_in_order_and_never_twice() {
        let bids = [level(100, 5), level(99, 5), level(90, 50)];
        let mut book = Quotes::new(&bids, &[level(101, 7)]).unwrap();
        let mut check = |side, quantity, worst, expected: (u64, u128), left: &[(u64, u64)]| {
            let taken = book.meet(side, quantity, worst).unwrap();
            assert_eq!((taken.quantity, taken.quote), expected);
            book.set(side, taken.cursor);
            let found: Vec<_> = book.left(side).map(|l| (l.price, l.quantity)).collect();
            assert_eq!(found, left);
        };
        check(
            Side::Long,
            3,
            None,
            (3, 300),
            &[(100, 2), (99, 5), (90, 50)],
        );
        // Within the worst price only, and at it.
        check(Side::Long, 20, Some(99), (7, 695), &[(90, 50)]);
        check(Side::Long, 20, Some(91), (0, 0), &[(90, 50)]);
        check(Side::Long, 90, None, (50, 4_500), &[]);
        check(Side::Long, 90, None, (0, 0), &[]);
        check(Side::Short, 9, Some(100), (0, 0), &[(101, 7)]);
        check(Side::Short, 7, Some(101), (7, 707), &[]);
    }

    #[test]
    fn a_book_that_is_no_book_is_refused() {
        let check = |bids: &[Level], asks: &[Level], expected: &str| {
            let refused = Quotes::new(bids, asks).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        };
        let one = level(1, 1);
        check(
            &[level(0, 1)],
            &[],
            "price of a level 0 is not in 1..=1000000000000000",
        );
        check(
            &[],
            &[level(5, 0)],
            "quantity of a level 0 is not in 1..=9223372036854775807",
        );
        check(
            &[level(5, 1), level(6, 1)],
            &[],
            "price of a level 6 is not in 1..=4",
        );
        check(
            &[],
            &[one, one],
            "price of a level 1 is not in 2..=1000000000000000",
        );
        check(
            &vec![one; 257],
            &[],
            "levels of a side 257 is not in 0..=256",
        );
    }
}
