//! The second kind of step 3: shares of the whole portfolio at a falling price, as Derive's
//! `DutchAuction` does it ([`crate::auction::portfolio`] is the arithmetic).
//!
//! A bidder takes the same share of every position, rounded up in units of 10^-6 of a contract (so
//! that the account is as healthy as the share promises), and pays cash; in the insolvent
//! branch the insurance fund pays the bidder. The bidder must meet its initial margin afterwards:
//! that takes the place of Derive's "holds only cash, at least this much".

use plimsoll_units::{AccountId, Amount, ArithmeticError, Rate, Rounding, mul_div};

use super::event::PhaseName;
use super::health::Health;
use super::machine::Look;
use super::{Event, Kyan, Refusal};
use crate::auction::portfolio::{Branch, Marks, PortfolioAuction, Standing};
use crate::ledger::Reason;
use crate::liquidation::Outcome;
use crate::margin::portfolio::MarginError;
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;
/// All of a portfolio, as a share with 18 decimals.
const ALL: i128 = Rate::<18>::ONE.raw();
/// From 9 decimals to 18.
const FINER: i128 = 1_000_000_000;

impl Kyan {
    /// What an account is worth and how far it is under, as the auction sees it: money with 6
    /// decimals, both rounded down.
    fn marks(&self, health: &Health, pair: plimsoll_units::MarketId) -> Result<Marks, Rejection> {
        let numbers = self.marked(pair)?.numbers(health)?;
        let margin = numbers.equity.checked_sub(numbers.maintenance);
        Ok(Marks {
            value: numbers.equity,
            margin: margin.ok_or(OVERFLOW)?,
        })
    }

    /// The stage: begins the auction, turns it over when it must, and waits for bids.
    pub(super) fn portfolio_stage(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        health: &Health,
    ) -> Result<Option<Look>, Rejection> {
        let account = self.account(id)?;
        let pair = account.pair;
        let Some(episode) = account.episode() else {
            return Ok(None);
        };
        let running = episode.portfolio;
        let marks = self.marks(health, pair)?;
        self.enter(tx, id, PhaseName::Auction, health)?;
        self.remove_engine_orders(tx, id, super::event::Gone::NotNeeded)?;
        let Some(mut auction) = running else {
            // Between maintenance and initial margin there is nothing to auction for: wait.
            if marks.margin >= 0 {
                return Ok(Some(Look::Done));
            }
            let terms = self.pair(pair)?.params.portfolio;
            let (auction, fee) =
                PortfolioAuction::begin(terms, marks, tx.now).map_err(MarginError::from)?;
            let fee = fee.min(marks.value.max(0));
            let cash = self.account(id)?.cash;
            tx.pay(cash, self.house.fund, fee, Reason::LiquidationFee)?;
            self.set_auction(id, Some(auction))?;
            self.tell_offer(tx, id, auction.branch(), fee)?;
            return Ok(Some(Look::Again));
        };
        let standing = auction.standing(marks, tx.now).map_err(MarginError::from)?;
        match standing {
            // Nobody took it for a whole length at the most that is paid for it: the fund does.
            Standing::Open if auction.is_exhausted(tx.now).map_err(MarginError::from)? => Ok(None),
            Standing::Open => Ok(Some(Look::Done)),
            // Above its requirement by the buffer: the auction's own rule of release. Until the
            // initial margin is met the account may only reduce risk, as anybody.
            Standing::Restored => {
                self.set_auction(id, None)?;
                self.end(tx, id, PhaseName::Released, Outcome::Recovered)?;
                Ok(Some(Look::Done))
            }
            Standing::MustConvert => {
                auction.convert(marks, tx.now).map_err(MarginError::from)?;
                self.set_auction(id, Some(auction))?;
                self.tell_offer(tx, id, auction.branch(), 0)?;
                Ok(Some(Look::Again))
            }
            // Everything was taken and it is still under: what is left is the fund's.
            Standing::Taken => Ok(None),
        }
    }

    fn tell_offer(
        &self,
        tx: &mut Tx<'_>,
        id: AccountId,
        branch: Branch,
        fee: i128,
    ) -> Result<(), Rejection> {
        if let Some(episode) = self.account(id)?.episode() {
            tx.emit(Event::PortfolioOffered {
                case: episode.case.id,
                account: id,
                insolvent: branch == Branch::Insolvent,
                fee,
            });
        }
        Ok(())
    }

    fn set_auction(
        &mut self,
        id: AccountId,
        auction: Option<PortfolioAuction>,
    ) -> Result<(), Rejection> {
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            episode.portfolio = auction;
        }
        Ok(())
    }

    /// A bid.
    pub(super) fn bid(
        &mut self,
        tx: &mut Tx<'_>,
        bidder: AccountId,
        id: AccountId,
        share_e9: u64,
        most: Amount<6>,
    ) -> Result<(), Rejection> {
        let (account, theirs) = (self.account(id)?, self.account(bidder)?);
        let episode = account.episode().ok_or(Refusal::NoAuction(id))?;
        let mut auction = episode.portfolio.ok_or(Refusal::NoAuction(id))?;
        let (case, pair) = (episode.case.id, account.pair);
        let refuse = |why: &str| Err(Rejection::from(Refusal::Bid(why.to_owned())));
        if theirs.pair != pair || theirs.owner == account.owner {
            return refuse("the bidder is of another pair, or the same owner");
        }
        if theirs.episode().is_some() {
            return refuse("the bidder is itself being liquidated");
        }
        self.fresh(pair, tx.now)?;
        let health = self.health_after(tx, account, None)?;
        let marks = self.marks(&health, pair)?;
        let share = Rate::from_raw(i128::from(share_e9).saturating_mul(FINER));
        let branch = auction.branch();
        let taken = auction
            .bid(marks, share, most.raw(), tx.now)
            .map_err(|why| Refusal::Bid(why.to_string()))?;
        let before = self.health_after(tx, theirs, None)?;
        self.settle_bid(tx, (bidder, id), taken.share.raw(), taken.paid, branch)?;
        let theirs = self.account(bidder)?;
        let after = self.health_after(tx, theirs, None)?;
        self.marked(pair)?.may_go(&before, &after)?;
        self.set_auction(id, Some(auction))?;
        let health = self.health_after(tx, self.account(id)?, None)?;
        let numbers = self.marked(pair)?.numbers(&health)?;
        tx.emit(Event::Bid {
            case,
            account: id,
            bidder,
            share: taken.share.raw(),
            paid: taken.paid,
            numbers,
        });
        self.dirty.insert(id);
        self.dirty.insert(bidder);
        Ok(())
    }

    /// Moves a share of every position, at fair value, and of the cash that is not reserved, and
    /// the payment.
    fn settle_bid(
        &mut self,
        tx: &mut Tx<'_>,
        (bidder, id): (AccountId, AccountId),
        share: i128,
        paid: i128,
        branch: Branch,
    ) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let (pair, cash) = (account.pair, account.cash);
        let reserved = account
            .episode()
            .and_then(|episode| episode.portfolio)
            .map_or(0, |auction| auction.reserved());
        let theirs = self.account(bidder)?.cash;
        let mut moved = 0i128;
        for held in account.positions.clone() {
            let part = mul_div(held.quantity.into(), share, ALL, Rounding::Up)?;
            let part = i64::try_from(part).map_err(|_| OVERFLOW)?;
            let price = self.marked(pair)?.fair(held.instrument)?;
            let worth = super::instrument::value(price, part, Rounding::Floor)?;
            let gone = part.checked_neg().ok_or(OVERFLOW)?;
            let cost = worth.checked_neg().ok_or(OVERFLOW)?;
            self.account_mut(id)?.change(held.instrument, gone, cost)?;
            self.account_mut(bidder)?
                .change(held.instrument, part, worth)?;
            let notional = super::instrument::value(
                self.marked(pair)?.of.index().raw(),
                part.checked_abs().ok_or(OVERFLOW)?,
                Rounding::Up,
            )?;
            moved = moved.checked_add(notional).ok_or(OVERFLOW)?;
        }
        // The share of the cash goes with the positions; a share of a debt is taken over too.
        let free = tx.balance(cash).checked_sub(reserved).ok_or(OVERFLOW)?;
        let part = mul_div(free, share, ALL, Rounding::Floor)?;
        tx.pay_net(cash, theirs, part, Reason::AuctionPayment)?;
        match branch {
            Branch::Solvent => tx.pay(theirs, cash, paid, Reason::AuctionPayment)?,
            Branch::Insolvent => {
                let due = paid.checked_neg().ok_or(OVERFLOW)?;
                let has = tx.balance(self.house.fund);
                if due > has {
                    let why = format!("the insurance fund has {has}, the bid asks for {due}");
                    return Err(Refusal::Bid(why).into());
                }
                tx.pay(self.house.fund, theirs, due, Reason::InsurancePayout)?;
            }
        }
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            episode.done = episode.done.saturating_add(moved);
        }
        Ok(())
    }
}
