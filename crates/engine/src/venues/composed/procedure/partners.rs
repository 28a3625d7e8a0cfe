//! Positions of a case go to liquidation partners, at the terms of their standing offers.
//!
//! The shared room proposes lots, best price first; each is carried out at once, under a point to
//! return to, and taken back where its partner could not trade it: margin, lock, limits. So a lot
//! is never half-applied. Where the account gives its own position its equity pays the discount;
//! what that does not cover ends as its debt, which the backstops pay at the end of the case.

use plimsoll_units::{MarketId, Rounding, Side, mul_div};

use super::hand_over::{Handing, Seller, quantity_of, signed};
use super::state::Note;
use crate::backstop::partners::{Fill, Occasion, Request, Skip, allocate};
use crate::ledger::Reason;
use crate::liquidation::{Case, Disposed};
use crate::margin::cross::ONE;
use crate::venues::composed::undo::Point;
use crate::venues::composed::{Composed, Refusal, Taker};
use crate::{Rejection, Tx};

impl Composed {
    /// Hands up to `quantity` of what a case has in a market to partners.
    pub(super) fn hand_to_partners(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        (seller, quantity): (Seller, u64),
    ) -> Result<Disposed, Rejection> {
        let side = seller.side();
        let on = Occasion {
            market,
            side,
            index: self.mark(market)?.into(),
            tick: 1,
            now: tx.now,
            case: case.id,
        };
        let (candidates, _) = self.cases.partners.candidates(&on)?;
        if candidates.is_empty() {
            return Ok(Disposed::default());
        }
        let request = Request {
            quantity: quantity.min(seller.size.unsigned_abs()).into(),
            side,
            step: self.step(market)?,
            scale: ONE.into(),
            worst: self.worst_for_fund(tx, case, market, &seller)?,
        };
        let mut done: Vec<(Fill, Point)> = Vec::new();
        let allocation = allocate(&request, candidates, |accepted, fill| {
            self.keep_lots(tx, &mut done, accepted);
            let point = self.point_of_return(tx);
            if let Err(rejection) = self.hand_over_lot(tx, case, market, fill) {
                self.return_to(tx, &point);
                return Err(skip_of(&rejection));
            }
            done.push((*fill, point));
            Ok(())
        })?;
        self.keep_lots(tx, &mut done, &allocation.fills);
        let gone = allocation.fills.iter();
        let gone = gone.fold(0i128, |sum, fill| sum.saturating_add(fill.quantity));
        Ok(Disposed {
            quantity: gone,
            notional: self.at_mark(market, quantity_of(gone), Rounding::Down)?,
            shortfall: 0,
        })
    }

    /// Takes lots back that are not among those accepted so far.
    fn keep_lots(&mut self, tx: &mut Tx<'_>, done: &mut Vec<(Fill, Point)>, accepted: &[Fill]) {
        let same = done.iter().zip(accepted).take_while(|((a, _), b)| a == *b);
        let keep = same.count();
        while done.len() > keep {
            if let Some((_, point)) = done.pop() {
                self.return_to(tx, &point);
            }
        }
    }

    /// One lot: asked of the partner as of everybody who trades.
    fn hand_over_lot(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        fill: &Fill,
    ) -> Result<(), Rejection> {
        let file = self.file(case.id)?;
        let seller = self.seller(file, market);
        let seller = seller.ok_or(Refusal::UnknownCase(case.id))?;
        let partner = fill.partner;
        self.check_trader(partner, market)?;
        // Whatever the lock: nobody in liquidation relieves somebody else.
        if self.cases.of(partner).is_some() {
            return Err(Refusal::Locked(partner).into());
        }
        let before = self.before(tx.ledger(), partner, market)?;
        // In the partner's favour: down where it pays, up where it is paid.
        let rounding = match seller.side() {
            Side::Long => Rounding::Floor,
            Side::Short => Rounding::Ceil,
        };
        let what = Handing {
            case: case.id,
            market,
            from: seller.account,
            to: partner,
            taker: Taker::Partner,
            size: signed(quantity_of(fill.quantity), seller.size)?,
            quote: mul_div(fill.quantity, fill.price, ONE.into(), rounding)?,
            reason: Reason::HandOff,
        };
        self.dispose(tx, &seller, &what)?;
        self.admit(tx.ledger(), &before)?;
        if let Some(before) = self.cases.partners.before(fill) {
            self.note(Note::Filled(Box::new(before)));
        }
        let recorded = self
            .cases
            .partners
            .record(fill, ONE.into(), tx.now, case.id);
        Ok(recorded.map_err(Refusal::from)?)
    }
}

/// A rejection as a reason to leave an offer out.
fn skip_of(rejection: &Rejection) -> Skip {
    match rejection {
        Rejection::Composed(Refusal::Margin { .. }) => Skip::Margin,
        Rejection::Composed(Refusal::Limit { .. }) => Skip::Size,
        _ => Skip::Refused,
    }
}
