//! Hedge: the account's own positions are traded on the order book, just enough to restore it.
//!
//! Source: Kyan, step 1: "close perps" for accounts of perpetuals, "hedge" for others. For linear
//! positions the two are one: what lowers the requirement most for what it trades goes first, and
//! no more than the account needs.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Total;
use crate::Rejection;
use crate::backstop::deleverage::least_quantity;
use crate::liquidation::{Reducible, StageKind, Step, Subject};
use crate::tx::Tx;

/// How often one position is traded anew because what was enough at the mark was not at the
/// prices of the book. Each time only what is still missing is traded; what is missing then is the
/// next stage's.
const ROUNDS: usize = 16;

/// Trade the account's own positions on the book, just enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hedge {
    /// How far from the mark orders may fill at most, in basis points.
    pub collar_bps: Option<u32>,
    /// How far above its requirement the account is brought, in 1/100,000 of the requirement: a
    /// cushion, so that the next small move does not bring it back.
    pub cushion_e5: u32,
}

impl Hedge {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let mut total = Total::default();
        for one in subject.hedgeable(tx, self.cushion_e5)? {
            if self.trade(tx, subject, &one, &mut total)? {
                break;
            }
        }
        Ok(total.step(StageKind::Hedge))
    }

    /// Trades as much of a position as is needed; whether that was enough.
    fn trade<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
        one: &Reducible,
        total: &mut Total,
    ) -> Result<bool, Rejection> {
        let (market, cushion) = (one.market, self.cushion_e5);
        let mut left = one.quantity;
        for _ in 0..ROUNDS {
            let needed = least_quantity(left, one.step, |quantity| {
                subject.hedged(tx, market, quantity, cushion)
            })?;
            if needed == 0 {
                break;
            }
            let done = subject.trade_on_book(tx, market, needed, self.collar_bps)?;
            total.add(done)?;
            left = left.saturating_sub(done.quantity);
            if done.quantity < needed {
                break;
            }
        }
        subject.hedged(tx, market, 0, cushion)
    }
}
