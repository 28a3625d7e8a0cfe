//! The account as a stage sees it: nothing but what a liquidation needs.
//!
//! A venue implements [`Subject`] for its kind of account; a stage is written against the trait
//! and so works for every venue whose account can answer. Amounts are raw integers on the
//! venue's own grid.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{MarketId, Side, Timestamp};

use crate::Rejection;
use crate::auction::Ladder;
use crate::backstop::deleverage::Policy;
use crate::ledger::Reason;
use crate::tx::Tx;

/// Equity against requirement. Which comparison makes an account liquidatable (strict or not)
/// is the venue's rule; see its trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// What the account has.
    pub equity: i128,
    /// What it needs.
    pub requirement: i128,
}

/// Who receives money in a liquidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Payee {
    /// Whoever registered the liquidation first.
    FirstCaller,
    /// Whoever carries it out.
    Resolver,
    /// The venue's bearer of losses: vault, insurance fund.
    Backstop,
}

/// How much of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Portion {
    /// All of it.
    All,
    /// Just enough for the account to meet its requirement again.
    ToRequirement,
}

/// How a position is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Removed; its result stays with the backstop, whose the collateral already is.
    Forfeit,
    /// Closed at the oracle price in force; the result is settled at once.
    AtOracle(Portion),
    /// Queued; settles at the next oracle version.
    NextVersion(Portion),
}

/// What a close did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Size closed or queued to close, raw.
    pub size: i128,
    /// Loss that the collateral did not cover, raw; zero when not known before settlement.
    pub shortfall: i128,
}

/// How borrowed liquidity is repaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Repayment {
    /// The liquidator brings it and gets collateral for it.
    WithLp,
    /// The collateral itself is turned into it.
    FromCollateral,
    /// Together with the debts of other loans.
    InBatch,
}

/// Whose positions a stage is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Whose {
    /// The account's own, not taken over yet.
    Account = 0,
    /// What the backstop took over from it.
    Backstop = 1,
}

/// A position to get rid of: the account's own, or a part of the backstop's that came from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// In which market.
    pub market: MarketId,
    /// Which way.
    pub side: Side,
    /// How much is left, positive.
    pub quantity: i128,
    /// How much there was.
    pub acquired: i128,
    /// How much of what is left should be gone by now.
    pub due: i128,
    /// The market's quantity step.
    pub step: i128,
}

/// How far the backstop took an account over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquired {
    /// The account meets its requirement, or has nothing.
    NotDue,
    /// The backstop cannot carry it; nothing was taken.
    Unable,
    /// All of it was taken.
    Taken {
        /// Notional of what was taken.
        amount: i128,
        /// What the account owed beyond what it had.
        shortfall: i128,
    },
}

/// What was got rid of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disposed {
    /// How much.
    pub quantity: i128,
    /// Its notional at the index price.
    pub notional: i128,
    /// Loss that falls on the venue's bearer by it.
    pub shortfall: i128,
}

/// A position an account can give up, and what that frees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reducible {
    /// In which market.
    pub market: MarketId,
    /// How much there is, positive.
    pub quantity: i128,
    /// The market's quantity step.
    pub step: i128,
    /// What the account would gain in margin by giving all of it up.
    pub frees: i128,
}

/// How an auction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// Bidders may still come at this ladder.
    Standing,
    /// Nobody took the last level for as long as the ladder says.
    Over,
}

/// An account under liquidation.
pub trait Subject {
    /// Equity and requirement now.
    ///
    /// # Errors
    /// When a number does not fit.
    fn health(&self, tx: &Tx<'_>) -> Result<Health, Rejection>;

    /// Collateral now.
    fn collateral(&self, tx: &Tx<'_>) -> i128;

    /// Takes `amount` of the collateral and gives it to `payee`.
    ///
    /// # Errors
    /// When the collateral does not suffice, or the venue's own books do not, or this kind of
    /// account has no single collateral to take from.
    fn seize(
        &mut self,
        _tx: &mut Tx<'_>,
        _payee: Payee,
        _amount: i128,
        _reason: Reason,
    ) -> Result<(), Rejection> {
        Err(Rejection::NoSuchStage("seizure of a single collateral"))
    }

    /// Closes the position.
    ///
    /// # Errors
    /// When the venue's rules refuse, or this kind of account cannot be closed this way.
    fn close(&mut self, _tx: &mut Tx<'_>, _how: Close) -> Result<Closed, Rejection> {
        Err(Rejection::NoSuchStage("close at a price"))
    }

    /// Repays debt against collateral; returns how much.
    ///
    /// # Errors
    /// When the venue's rules refuse, or this kind of account owes nothing that can be repaid.
    fn repay(&mut self, _tx: &mut Tx<'_>, _how: Repayment) -> Result<i128, Rejection> {
        Err(Rejection::NoSuchStage("repay"))
    }

    /// Writes down the debt that the collateral does not cover; returns how much.
    ///
    /// # Errors
    /// When the venue's own books refuse, or this kind of account has no debt.
    fn write_down(&mut self, _tx: &mut Tx<'_>) -> Result<i128, Rejection> {
        Err(Rejection::NoSuchStage("write-down"))
    }

    /// Takes all positions over, and what is left of the money.
    ///
    /// # Errors
    /// When the venue's rules refuse for another reason than that the backstop cannot carry them,
    /// or nobody takes positions over on this venue.
    fn acquire(&mut self, _tx: &mut Tx<'_>) -> Result<Acquired, Rejection> {
        Err(Rejection::NoSuchStage("acquire"))
    }

    /// The account's own positions that are still to be liquidated, in the order they are taken;
    /// none when it meets its requirement.
    ///
    /// # Errors
    /// When a number does not fit.
    fn positions(&self, _tx: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        Err(Rejection::NoSuchStage("list of positions"))
    }

    /// What the backstop still holds of this case, by market.
    ///
    /// # Errors
    /// When a number does not fit, or nobody takes positions over on this venue.
    fn inventory(&self, _tx: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        Err(Rejection::NoSuchStage("inventory"))
    }

    /// Hands up to `quantity` of the inventory in a market to partners.
    ///
    /// # Errors
    /// When the books refuse, or the venue has no partners. A partner who cannot take its part is
    /// no error: the others are asked.
    fn hand_off(
        &mut self,
        _tx: &mut Tx<'_>,
        _market: MarketId,
        _quantity: i128,
    ) -> Result<Disposed, Rejection> {
        Err(Rejection::NoSuchStage("hand-off"))
    }

    /// When the last slice of the inventory was due.
    fn sliced_at(&self) -> Option<Timestamp> {
        None
    }

    /// Says how much of the inventory in a market is due now.
    ///
    /// # Errors
    /// When the venue keeps no such schedule.
    fn schedule(
        &mut self,
        _tx: &mut Tx<'_>,
        _market: MarketId,
        _due: i128,
    ) -> Result<(), Rejection> {
        Err(Rejection::NoSuchStage("schedule"))
    }

    /// Trades up to `quantity` of the inventory in a market away on the order book, within
    /// `collar_bps` of the index price if there is a collar.
    ///
    /// # Errors
    /// When the books refuse, or the venue has no order book. A book that is too thin is none.
    fn close_on_book(
        &mut self,
        _tx: &mut Tx<'_>,
        _market: MarketId,
        _quantity: i128,
        _collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        Err(Rejection::NoSuchStage("close-on-book"))
    }

    /// The least quantity in a market whose reduction covers the deficit: of an account, so that
    /// the backstop can carry the rest; of the backstop, so that it meets its requirement.
    ///
    /// # Errors
    /// When a number does not fit, or the venue cannot say.
    fn needed(&self, _tx: &Tx<'_>, _whose: Whose, _market: MarketId) -> Result<i128, Rejection> {
        Err(Rejection::NoSuchStage("least deleveraging"))
    }

    /// Reduces up to `quantity` in a market against counterparties chosen by `policy`.
    ///
    /// # Errors
    /// When the books refuse, or the venue does not deleverage. Too few counterparties is none.
    fn deleverage(
        &mut self,
        _tx: &mut Tx<'_>,
        _whose: Whose,
        _market: MarketId,
        _quantity: i128,
        _policy: Policy,
    ) -> Result<Disposed, Rejection> {
        Err(Rejection::NoSuchStage("deleverage"))
    }

    /// The positions the account could give up to be well above its requirement again; none when
    /// it is, or when giving up everything would not bring it there.
    ///
    /// # Errors
    /// When a number does not fit, or the venue has no partial liquidation.
    fn reducible(&self, _tx: &Tx<'_>) -> Result<Vec<Reducible>, Rejection> {
        Err(Rejection::NoSuchStage("reduce"))
    }

    /// Whether giving up `quantity` in a market would be enough.
    ///
    /// # Errors
    /// When a number does not fit, or the venue has no partial liquidation.
    fn suffices(
        &self,
        _tx: &Tx<'_>,
        _market: MarketId,
        _quantity: i128,
    ) -> Result<bool, Rejection> {
        Err(Rejection::NoSuchStage("reduce"))
    }

    /// The account gives up `quantity` in a market to the backstop.
    ///
    /// # Errors
    /// When the books refuse, or the venue has no partial liquidation. A backstop that cannot
    /// carry it takes nothing.
    fn reduce(
        &mut self,
        _tx: &mut Tx<'_>,
        _market: MarketId,
        _quantity: i128,
    ) -> Result<Disposed, Rejection> {
        Err(Rejection::NoSuchStage("reduce"))
    }

    /// The account's own positions that lower its requirement when they are traded away, in the
    /// order in which they should be, each with the most of it that still lowers it; none when it
    /// is `cushion_e5` (1/100,000 of the requirement) above it.
    ///
    /// # Errors
    /// When a number does not fit, or the venue does not trade an account's own positions.
    fn hedgeable(&self, _tx: &Tx<'_>, _cushion_e5: u32) -> Result<Vec<Reducible>, Rejection> {
        Err(Rejection::NoSuchStage("hedge"))
    }

    /// Whether the account, with `quantity` less in a market at the mark, would be `cushion_e5`
    /// above its requirement.
    ///
    /// # Errors
    /// When a number does not fit, or the venue does not trade an account's own positions.
    fn hedged(
        &self,
        _tx: &Tx<'_>,
        _market: MarketId,
        _quantity: i128,
        _cushion_e5: u32,
    ) -> Result<bool, Rejection> {
        Err(Rejection::NoSuchStage("hedge"))
    }

    /// Trades up to `quantity` of the account's own position in a market away on the order book,
    /// within `collar_bps` of the mark if there is a collar.
    ///
    /// # Errors
    /// When the books refuse, or the venue does not trade an account's own positions. A book that
    /// is too thin is none.
    fn trade_on_book(
        &mut self,
        _tx: &mut Tx<'_>,
        _market: MarketId,
        _quantity: i128,
        _collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        Err(Rejection::NoSuchStage("hedge"))
    }

    /// Offers the inventory to bidders on a ladder, if it is not offered yet; while the account
    /// has equity no more is sold than restores it, if `just_enough` says so. The clock stands
    /// still while there is no price to be trusted.
    ///
    /// # Errors
    /// When time goes back, or the venue has no auctions of single positions.
    fn auction(
        &mut self,
        _tx: &mut Tx<'_>,
        _ladder: &Ladder,
        _just_enough: bool,
    ) -> Result<Offered, Rejection> {
        Err(Rejection::NoSuchStage("auction"))
    }

    /// Shares what the account owes beyond everything else among accounts in profit: those in the
    /// markets of the case, or everybody. Returns how much was shared; never more than the profit
    /// there is.
    ///
    /// # Errors
    /// When the books refuse, or the venue does not share losses.
    fn socialise(&mut self, _tx: &mut Tx<'_>, _same_market: bool) -> Result<i128, Rejection> {
        Err(Rejection::NoSuchStage("socialise"))
    }
}
