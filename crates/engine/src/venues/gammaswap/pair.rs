//! The pair at work: issuing and burning LP tokens, swaps, what outside does to it.
//!
//! The pair records its reserves and is paid by balance, as Uniswap V2 is: whatever lies at its
//! address beyond the recorded reserves is part of the next deposit or swap.

use plimsoll_units::AccountId;

use super::books::{held, pay};
use super::cpmm::{self, Trade};
use super::word::BOTH;
use super::{Event, GammaSwap, Refusal, word};
use crate::ledger::{Reason, Slot};
use crate::{Rejection, Tx};

impl GammaSwap {
    /// Records the pair's balances as its reserves.
    pub(super) fn sync(&mut self, tx: &Tx<'_>) -> Result<(), Refusal> {
        let balances = self.books.pair_balances(tx.ledger());
        if let Some(over) = balances.into_iter().find(|b| *b > cpmm::MAX_RESERVE) {
            return Err(Refusal::PairOverflow(over));
        }
        self.pair = balances;
        Ok(())
    }

    /// Issues LP tokens for what was sent to the pair since, to `to`. Returns how many.
    pub(super) fn mint(&mut self, tx: &mut Tx<'_>, to: Slot) -> Result<u128, Rejection> {
        let balances = self.books.pair_balances(tx.ledger());
        let sent = [
            word::less(balances[0], self.pair[0])?,
            word::less(balances[1], self.pair[1])?,
        ];
        let supply = self.books.lp_supply(tx.ledger());
        let (lp, locked) = cpmm::minted(sent, self.pair, supply)?;
        let [issuer, _] = self.books.issuers;
        pay(
            tx,
            issuer,
            self.books.locked[0],
            locked,
            Reason::SharesIssued,
        )?;
        pay(tx, issuer, to, lp, Reason::SharesIssued)?;
        self.sync(tx)?;
        Ok(lp)
    }

    /// Burns `lp` LP tokens of `from` and pays both reserve tokens to `to`.
    pub(super) fn burn(
        &mut self,
        tx: &mut Tx<'_>,
        from: Slot,
        lp: u128,
        to: [Slot; 2],
    ) -> Result<(), Rejection> {
        let supply = self.books.lp_supply(tx.ledger());
        let out = cpmm::burned(lp, self.books.pair_balances(tx.ledger()), supply)?;
        pay(tx, from, self.books.issuers[0], lp, Reason::SharesBurned)?;
        for ((pair, to), amount) in self.books.pair.into_iter().zip(to).zip(out) {
            pay(tx, pair, to, amount, Reason::LiquidityRemoved)?;
        }
        self.sync(tx)?;
        Ok(())
    }

    /// Carries a trade out: paid from `from`, delivered to `to`.
    pub(super) fn exchange(
        &mut self,
        tx: &mut Tx<'_>,
        trade: Trade,
        from: Slot,
        to: Slot,
    ) -> Result<(), Rejection> {
        let (sell, buy) = (trade.sell & 1, (trade.sell & 1) ^ 1);
        if trade.bought == 0 {
            return Err(Refusal::InsufficientOutputAmount { out: 0, minimum: 1 }.into());
        }
        if trade.bought >= self.pair[buy] {
            return Err(Refusal::InsufficientLiquidity {
                out: trade.bought,
                reserve: self.pair[buy],
            }
            .into());
        }
        pay(tx, from, self.books.pair[sell], trade.sold, Reason::Swap)?;
        pay(tx, self.books.pair[buy], to, trade.bought, Reason::Swap)?;
        self.sync(tx)?;
        tx.emit(Event::Swapped {
            sell: u8::from(sell == 1),
            sold: trade.sold,
            bought: trade.bought,
        });
        Ok(())
    }

    pub(super) fn add_liquidity(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        desired: [u128; 2],
    ) -> Result<(), Rejection> {
        let wallet = self.wallet(tx, account)?;
        let amounts = cpmm::balanced(desired, self.pair)?;
        for i in BOTH {
            pay(
                tx,
                wallet[i],
                self.books.pair[i],
                amounts[i],
                Reason::LiquidityAdded,
            )?;
        }
        self.mint(tx, wallet[2])?;
        Ok(())
    }

    pub(super) fn remove_liquidity(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        lp: u128,
    ) -> Result<(), Rejection> {
        let wallet = self.wallet(tx, account)?;
        self.burn(tx, wallet[2], lp, [wallet[0], wallet[1]])
    }

    pub(super) fn swap(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        (sell, amount, minimum): (u8, u128, u128),
    ) -> Result<(), Rejection> {
        let token = match sell {
            0 => 0,
            1 => 1,
            other => return Err(Refusal::NoSuchToken(other).into()),
        };
        if amount == 0 {
            return Err(Refusal::InsufficientInputAmount.into());
        }
        let (own, other) = (self.pair[token], self.pair[token ^ 1]);
        if own == 0 || other == 0 {
            return Err(Refusal::InsufficientLiquidity {
                out: 0,
                reserve: other,
            }
            .into());
        }
        let bought = cpmm::bought_for(amount, own, other, self.config.params.trading_fee)?;
        if bought < minimum {
            return Err(Refusal::InsufficientOutputAmount {
                out: bought,
                minimum,
            }
            .into());
        }
        let wallet = self.wallet(tx, account)?;
        let trade = Trade {
            sell: token,
            sold: amount,
            bought,
        };
        self.exchange(tx, trade, wallet[token], wallet[token ^ 1])
    }

    pub(super) fn send_to_pair(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        tokens: [u128; 2],
    ) -> Result<(), Rejection> {
        let wallet = self.wallet(tx, account)?;
        for i in BOTH {
            pay(
                tx,
                wallet[i],
                self.books.pair[i],
                tokens[i],
                Reason::SentAhead,
            )?;
        }
        Ok(())
    }

    /// Outside moved the pair: the difference in reserves comes from or goes outside, and so do
    /// the LP tokens.
    pub(super) fn move_pair(
        &mut self,
        tx: &mut Tx<'_>,
        reserves: [u128; 2],
        supply: u128,
    ) -> Result<(), Rejection> {
        let now = self.books.pair_balances(tx.ledger());
        for i in BOTH {
            let (pair, outside) = (self.books.pair[i], self.books.outside[i]);
            self.level(tx, (outside, pair), now[i], reserves[i], Reason::Swap)?;
        }
        let issued = self.books.lp_supply(tx.ledger());
        let outside = self.books.outside[2];
        let theirs = held(tx.ledger(), outside);
        if let Some(needed) = issued.checked_sub(supply).filter(|n| *n > theirs) {
            return Err(Refusal::OutsideHoldsLess {
                needed,
                held: theirs,
            }
            .into());
        }
        let issuer = self.books.issuers[0];
        self.level(tx, (issuer, outside), issued, supply, Reason::SharesIssued)?;
        self.sync(tx)?;
        Ok(())
    }

    /// Moves the difference between two amounts, to `to` when it grows and back when it falls.
    fn level(
        &self,
        tx: &mut Tx<'_>,
        (from, to): (Slot, Slot),
        was: u128,
        is: u128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        match is.checked_sub(was) {
            Some(more) => pay(tx, from, to, more, reason),
            None => pay(tx, to, from, was.saturating_sub(is), reason),
        }
    }
}
