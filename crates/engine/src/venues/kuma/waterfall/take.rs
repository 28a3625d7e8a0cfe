//! The fund takes a wallet over, whole; and how pieces come into its books and leave them.

use plimsoll_units::{ArithmeticError, MarketId, Side};

use super::event::{Amounts, ServiceEvent, Why};
use super::holding::{Piece, Way};
use crate::backstop::fund::{Cap, Fund, Gated};
use crate::liquidation::{Case, StageKind};
use crate::margin::cross::{self, Lot};
use crate::venues::kuma::liquidate::{Price, Quotes};
use crate::venues::kuma::{Kuma, Refusal, Revert};
use crate::{Rejection, Tx};

/// A position of the wallet, with what the fund pays for it or receives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) market: MarketId,
    pub(super) lot: Lot,
    pub(super) amounts: Amounts,
}

impl Taken {
    /// What the fund wins by it against the index: what the wallet, which gives it away, loses.
    pub(super) fn result(&self) -> i128 {
        against_index(side_of(self.lot.size), &self.amounts).saturating_neg()
    }
}

/// How far the fund took a wallet over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taking {
    /// It meets its requirement.
    NotDue,
    /// The fund cannot carry it.
    Unable(Why),
    /// All of it: notional, and what the wallet owed beyond what it had.
    Taken { amount: i128, shortfall: i128 },
}

/// The side of a signed size.
pub(super) const fn side_of(size: i64) -> Side {
    if size < 0 { Side::Short } else { Side::Long }
}

/// What whoever gives a position away wins by it against the index price.
pub(super) fn against_index(side: Side, amounts: &Amounts) -> i128 {
    let more = i128::from(amounts.quote).saturating_sub(amounts.index_quote.into());
    more.saturating_mul(side.sign())
}

impl Kuma {
    /// The fund takes the wallet over, if it can: all positions at their bankruptcy prices, and
    /// what is left of its quote.
    pub(super) fn take_wallet(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
    ) -> Result<Taking, Rejection> {
        let account = case.target.account;
        if !self.is_liquidatable(tx.ledger(), account)? {
            return Ok(Taking::NotDue);
        }
        self.not_in_recovery()?;
        let mark = self.mark(tx);
        self.apply_funding(tx, account)?;
        let totals = self.totals(tx.ledger(), account)?;
        let value = totals.value_pips()?;
        let price = Price::Bankruptcy(&totals);
        let mut taken = Vec::new();
        for (_, position) in self.wallets.of(account) {
            let (market, lot) = (position.market(), position.lot());
            taken.push(Taken {
                market,
                lot,
                amounts: Amounts {
                    base: lot.size.unsigned_abs(),
                    quote: self.quote_at(account, market, lot, price)?,
                    index_quote: self.index_quote(market, lot.size.unsigned_abs())?,
                },
            });
        }
        if let Some(why) = self.beyond_caps(tx, value, &taken)? {
            self.back_to(tx, &mark);
            return Ok(Self::unable(tx, case, why));
        }
        let acquired = self.acquire(tx, account, Quotes::Computed);
        // The service books its own doing itself.
        self.forget_seized();
        if let Err(rejection) = acquired {
            let Some(why) = fund_cannot(&rejection) else {
                return Err(rejection);
            };
            self.back_to(tx, &mark);
            return Ok(Self::unable(tx, case, why));
        }
        self.book_wallet(tx, case, value, &taken)
    }

    fn unable(tx: &mut Tx<'_>, case: &Case, why: Why) -> Taking {
        let (case, account) = (case.id, case.target.account);
        Self::tell(tx, ServiceEvent::FundUnable { case, account, why });
        Taking::Unable(why)
    }

    /// Books the wallet in, and shuts the gate when it brought a deficit.
    fn book_wallet(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        value: i64,
        taken: &[Taken],
    ) -> Result<Taking, Rejection> {
        // What is left of the wallet's quote, a few pips unless prices were cut at zero, is the
        // fund's result too.
        let won = |sum: i128, one: &Taken| sum.saturating_add(one.result());
        let rest = i128::from(value).saturating_sub(taken.iter().fold(0, won));
        let amount = self.book_taken(tx, case, Why::UnderMaintenance, taken, rest)?;
        if value < 0 {
            self.shut_gate(tx)?;
        }
        let shortfall = i128::from(value).min(0).saturating_neg();
        Ok(Taking::Taken { amount, shortfall })
    }

    /// Which of the fund's defences the wallet would run into, if any.
    fn beyond_caps(
        &self,
        tx: &Tx<'_>,
        value: i64,
        taken: &[Taken],
    ) -> Result<Option<Why>, Rejection> {
        let loss = i128::from(value).saturating_neg();
        for one in taken {
            let here = against_index(side_of(one.lot.size), &one.amounts);
            for room in self.waterfall.fund.rooms(tx.now, one.market, 0)? {
                // A pot bears its market's part, every other cap the whole.
                let borne = if room.cap == Cap::Pot { here } else { loss };
                if borne > room.amount {
                    return Ok(Some(Why::of_cap(room.cap)));
                }
            }
        }
        Ok(None)
    }

    fn shut_gate(&mut self, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        let now = tx.now;
        self.change_fund(|fund: &mut Fund| {
            fund.deficit(now);
            Ok::<(), Rejection>(())
        })?;
        if let Some(until) = self.waterfall.fund.shut_until(now, Gated::Fund) {
            Self::tell(tx, ServiceEvent::GateShut { until });
        }
        Ok(())
    }

    /// Tells a hop whose whole amount was taken.
    pub(super) fn tell_hop(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        (market, side): (MarketId, Side),
        stage: StageKind,
        why: Why,
        done: &Amounts,
    ) {
        Self::tell(
            tx,
            ServiceEvent::Hop {
                case: case.id,
                market,
                side,
                stage,
                why,
                asked: done.base,
                done: *done,
            },
        );
    }

    /// Books a piece that the fund has just acquired in. What the fund held on the other side is
    /// netted with it.
    pub(super) fn keep(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        (market, side): (MarketId, Side),
        amounts: &Amounts,
    ) -> Result<(), Rejection> {
        let before = self.waterfall.tally(market);
        self.change_holding(case, |holding| {
            match holding.piece_on(market, side) {
                Some(piece) => piece.grow(amounts)?,
                None => {
                    let piece = Piece {
                        market,
                        side,
                        acquired: amounts.base,
                        handed_off: 0,
                        closed: 0,
                        deleveraged: 0,
                        netted: 0,
                        due: amounts.base,
                        why: Why::Acquired,
                        cost: amounts.quote,
                        marked: amounts.index_quote,
                        received: 0,
                    };
                    holding.pieces.push(piece);
                }
            }
            Ok(())
        })?;
        self.change_tally(market, |tally| tally.acquire(amounts.base));
        let size = self.lot(self.funds.insurance_fund, market).size;
        let met = before.held() > 0 && before.side != side;
        if met || size.unsigned_abs() < amounts.base || side_of(size) != side {
            return self.reconcile(tx, market);
        }
        self.change_tally(market, |tally| tally.side = side);
        Ok(())
    }

    /// Books a part of a piece out.
    pub(super) fn release(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        market: MarketId,
        way: Way,
        (base, quote): (u64, u64),
    ) -> Result<(), Rejection> {
        let result = self.change_holding(case, |holding| {
            let piece = holding.piece_mut(market).ok_or(ArithmeticError::Overflow)?;
            let result = piece.take(way, base, quote)?;
            holding.result = holding.result.saturating_add(result.against_cost);
            Ok(result)
        })?;
        self.change_tally(market, |tally| tally.add(way, base));
        let now = tx.now;
        self.change_fund(|fund| fund.book(now, market, result.against_mark))
    }

    /// Nets what is held for cases in a market down to what the fund has there, the oldest first:
    /// after an acquisition on the other side, or when the fund's position changed in another way.
    pub(super) fn reconcile(&mut self, tx: &mut Tx<'_>, market: MarketId) -> Result<(), Rejection> {
        let size = self.lot(self.funds.insurance_fund, market).size;
        let side = side_of(size);
        let mut excess = self
            .held_on(market, side)
            .saturating_sub(size.unsigned_abs().into());
        let cases: Vec<Case> = self.waterfall.holdings.values().map(|h| h.case).collect();
        for case in cases {
            let held = self.waterfall.holdings.get(&case.id);
            let Some(piece) = held.and_then(|h| h.piece(market)).copied() else {
                continue;
            };
            let left = piece.left();
            let base = if piece.side == side {
                let base = left.min(u64::try_from(excess).unwrap_or(u64::MAX));
                excess = excess.saturating_sub(base.into());
                base
            } else {
                left
            };
            if base > 0 {
                self.net(tx, &case, (market, piece.side), base)?;
            }
        }
        self.change_tally(market, |tally| tally.side = side);
        Ok(())
    }

    fn held_on(&self, market: MarketId, side: Side) -> u128 {
        let all = self.waterfall.holdings.values();
        let pieces = all.filter_map(|holding| holding.piece(market));
        pieces
            .filter(|piece| piece.side == side)
            .fold(0, |sum, piece| sum.saturating_add(piece.left().into()))
    }

    fn net(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        (market, side): (MarketId, Side),
        base: u64,
    ) -> Result<(), Rejection> {
        let index_quote = self.index_quote(market, base)?;
        self.release(tx, case, market, Way::Netted, (base, index_quote))?;
        Self::tell(
            tx,
            ServiceEvent::Netted {
                case: case.id,
                market,
                side,
                base,
                index_quote,
            },
        );
        Ok(())
    }

    /// What base is worth at the index price, rounded down.
    pub(super) fn index_quote(&self, market: MarketId, base: u64) -> Result<u64, Refusal> {
        let price = self.market(market)?.index_price();
        Ok(cross::mul_frac(base, price, cross::ONE)?)
    }
}

/// Why the fund cannot carry the wallet, when that is what a rejection says.
pub(super) fn fund_cannot(rejection: &Rejection) -> Option<Why> {
    match rejection {
        Rejection::Kuma(Refusal::Revert(Revert::InitialNotMet)) => Some(Why::FundMargin),
        Rejection::Kuma(Refusal::Revert(Revert::MaxPositionSizeExceeded)) => Some(Why::FundSize),
        _ => None,
    }
}
