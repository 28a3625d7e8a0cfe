//! A book as bytes: its limits, then each side's orders in the order in which they would trade.
//!
//! Nothing of memory is in them, so the same orders are the same bytes whatever happened before;
//! reading them refuses what no book could have written.

use std::io::{Error, ErrorKind, Read, Result, Write};

use borsh::{BorshDeserialize, BorshSerialize};

use super::Book;
use super::order::{Limits, Side, Standing};

impl BorshSerialize for Book {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        self.limits().serialize(writer)?;
        for side in [Side::Buy, Side::Sell] {
            self.orders_on(side).serialize(writer)?;
            for order in self.orders(side) {
                order.serialize(writer)?;
            }
        }
        Ok(())
    }
}

impl BorshDeserialize for Book {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        let mut book = Self::new(Limits::deserialize_reader(reader)?);
        for side in [Side::Buy, Side::Sell] {
            let mut last = None;
            for _ in 0..u32::deserialize_reader(reader)? {
                let order = Standing::deserialize_reader(reader)?;
                book.read(side, &order, last).map_err(malformed)?;
                last = Some(order.price);
            }
        }
        let crossed = book.best(Side::Buy).zip(book.best(Side::Sell));
        if let Some((bid, ask)) = crossed.filter(|(bid, ask)| bid.price >= ask.price) {
            return Err(malformed(format!("{} bid, {} asked", bid.price, ask.price)));
        }
        book.commit();
        Ok(book)
    }
}

impl Book {
    fn read(
        &mut self,
        side: Side,
        order: &Standing,
        last: Option<u64>,
    ) -> std::result::Result<(), String> {
        let id = order.id;
        if order.side != side {
            return Err(format!("{id} is on the wrong side"));
        }
        if order.quantity == 0 || order.price == 0 {
            return Err(format!("{id} has no quantity or no price"));
        }
        // The price before must be better or the same: this one is not better for the other side.
        if last.is_some_and(|last| !side.accepts(last, order.price)) {
            return Err(format!("{id} comes after a worse price"));
        }
        self.stand(order)
            .map_err(|refusal| format!("{id}: {refusal}"))
    }
}

fn malformed(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, format!("not a book: {what}"))
}
