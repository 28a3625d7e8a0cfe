//! The portfolio auction: a share of everything an account has, at a price that falls.
//!
//! After Derive's `DutchAuction` (`src/liquidation/DutchAuction.sol`). Two numbers describe the
//! account, both signed money: its *value* (mark to market, the equity) and its *margin* (equity
//! minus requirement; below zero it is to be liquidated). For a venue with a requirement `MM` and
//! an equity `E` they are `E` and `E - MM`.
//!
//! **Solvent** (value above zero): the offer is `(value - reserved) * d(t)` for the whole account,
//! where d falls from `start` to `cutoff` quickly and from there to zero slowly. A bidder takes a
//! share `f` of every position and of the cash that is not reserved, and pays the same share of
//! the offer, which is reserved: later bids price only what is still for sale. The largest share
//! is the one that brings the *buffer margin* `margin + buffer * (margin - value)` to zero,
//!
//! ```text
//! f_max = BM / (BM - value * d - reserved * (1 - d))
//! ```
//!
//! so nobody loses more than it takes, and a released account has room to breathe.
//! **Insolvent** (value at or below zero, or nobody bid until d = 0): the security module pays the
//! bidder, from the loss as it is (`-value`) at the start to `-margin` at the end.
//!
//! Invariants: prices move one way between two marks; a share is above zero and at most one; money
//! is rounded in favour of the account (solvent) or the fund (insolvent), by less than one unit.
//! Units: money raw on any one grid, shares and rates with 18 decimals, milliseconds.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Duration, Rate, Rounding, Timestamp, Wide, mul_div};

use super::{AuctionError, Clock};

/// One, as a share.
const ONE: i128 = Rate::<18>::ONE.raw();

/// A signed fraction with 18 decimals.
type Share = Rate<18>;

/// The terms of an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// d at the start.
    pub start: Share,
    /// d where the fast part ends and the slow one begins.
    pub cutoff: Share,
    /// Length of the fast part.
    pub fast: Duration,
    /// Length of the slow part.
    pub slow: Duration,
    /// Time in which an insolvent auction's payout reaches its end.
    pub insolvent: Duration,
    /// How far above the requirement a solvent auction stops.
    pub buffer: Share,
    /// Fee on what could be sold at the start, for the security module.
    pub fee: Share,
    /// A value below which the whole account may be taken at once.
    pub whole_below: i128,
}

impl Terms {
    /// Derive's published configuration (config-mainnet; docs.derive.xyz/liquidation-parameters),
    /// without a smallest value.
    pub const DERIVE: Self = Self {
        start: Share::from_raw(950_000_000_000_000_000),
        cutoff: Share::from_raw(700_000_000_000_000_000),
        fast: Duration(900_000),
        slow: Duration(43_200_000),
        insolvent: Duration(3_600_000),
        buffer: Share::from_raw(150_000_000_000_000_000),
        fee: Share::from_raw(100_000_000_000_000_000),
        whole_below: 0,
    };

    /// Checks the terms.
    ///
    /// # Errors
    /// Lengths that are not positive, shares outside 0 to 1, a cutoff above the start.
    pub fn validate(&self) -> Result<(), AuctionError> {
        for length in [self.fast, self.slow, self.insolvent] {
            if length.millis() <= 0 {
                return Err(AuctionError::Interval(length));
            }
        }
        for share in [self.start, self.cutoff, self.fee] {
            if share.is_negative() || share > Share::ONE {
                return Err(AuctionError::Share(share));
            }
        }
        if self.cutoff > self.start {
            return Err(AuctionError::Share(self.cutoff));
        }
        let raw = self.buffer.raw();
        if raw < 0 {
            let what = "buffer";
            return Err(AuctionError::Negative { what, raw });
        }
        Ok(())
    }

    /// The price factor d after `elapsed` time. What falls off is rounded down, in favour of the
    /// account.
    ///
    /// # Errors
    /// [`ArithmeticError`] for terms that [`Terms::validate`] refuses.
    pub fn price_factor(&self, elapsed: Duration) -> Result<Share, ArithmeticError> {
        let overflow = ArithmeticError::Overflow;
        let (passed, fast) = (i128::from(elapsed.millis()), i128::from(self.fast.millis()));
        if passed < fast {
            let fall = self.start.sub(self.cutoff)?;
            return self
                .start
                .sub(fall.mul_ratio(passed, fast, Rounding::Down)?);
        }
        let slow = i128::from(self.slow.millis());
        let passed = passed.checked_sub(fast).ok_or(overflow)?.min(slow);
        let fallen = self.cutoff.mul_ratio(passed, slow, Rounding::Down)?;
        self.cutoff.sub(fallen)
    }
}

/// What an account is worth and how far it is under, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Marks {
    /// Mark to market of everything, cash included.
    pub value: i128,
    /// Value minus the maintenance requirement.
    pub margin: i128,
}

impl Marks {
    /// `margin + buffer * (margin - value)`: the margin if the requirement were larger by the
    /// buffer. Rounded down, so the auction does not stop early.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn buffer_margin(&self, buffer: Share) -> Result<i128, ArithmeticError> {
        let overflow = ArithmeticError::Overflow;
        let lacking = self.margin.checked_sub(self.value).ok_or(overflow)?;
        let extra = mul_div(lacking, buffer.raw(), ONE, Rounding::Floor)?;
        self.margin.checked_add(extra).ok_or(overflow)
    }

    /// The marks after a bidder took `share` of everything but `reserved` cash and paid `paid`
    /// (negative when the bidder was paid by somebody else: that money is not the account's).
    ///
    /// Exact for a margin that is proportional to the positions; a venue marks again instead.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn after(&self, reserved: i128, share: Share, paid: i128) -> Result<Self, ArithmeticError> {
        let overflow = ArithmeticError::Overflow;
        let scaled = |whole: i128| {
            let for_sale = whole.checked_sub(reserved).ok_or(overflow)?;
            let sold = mul_div(for_sale, share.raw(), ONE, Rounding::HalfEven)?;
            let left = whole.checked_sub(sold).ok_or(overflow)?;
            left.checked_add(paid.max(0)).ok_or(overflow)
        };
        Ok(Self {
            value: scaled(self.value)?,
            margin: scaled(self.margin)?,
        })
    }
}

/// Who pays whom.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Branch {
    /// The bidder pays the account.
    Solvent = 0,
    /// The security module pays the bidder.
    Insolvent = 1,
}

/// What the marks of the moment mean for an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Bids are taken.
    Open,
    /// The account has its margin back: the auction is over.
    Restored,
    /// All of it was taken: the auction is over.
    Taken,
    /// A solvent auction that has nothing more to offer: it has to start again as insolvent.
    MustConvert,
}

/// A bid that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Share of the account as it is now, reserved cash aside, that changes hands.
    pub share: Share,
    /// What the bidder pays the account; negative when the security module pays the bidder.
    pub paid: i128,
    /// What the bidder must have in cash beforehand: the payment, and the margin that the share
    /// brings along.
    pub bidder_needs: i128,
}

/// An auction under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PortfolioAuction {
    terms: Terms,
    branch: Branch,
    clock: Clock,
    reserved: i128,
    left: Share,
}

impl PortfolioAuction {
    /// Starts the auction of an account with `marks`, and says which fee the account owes the
    /// security module at once: `f_max(d = 1) * value * fee`, rounded down in favour of the
    /// account; none when it is insolvent.
    ///
    /// # Errors
    /// [`AuctionError::NotUnder`] when the margin is not below zero; bad terms; overflow.
    pub fn begin(terms: Terms, marks: Marks, now: Timestamp) -> Result<(Self, i128), AuctionError> {
        terms.validate()?;
        if marks.margin >= 0 {
            return Err(AuctionError::NotUnder(marks.margin));
        }
        let branch = if marks.value > 0 {
            Branch::Solvent
        } else {
            Branch::Insolvent
        };
        let auction = Self {
            terms,
            branch,
            clock: Clock::start(now),
            reserved: 0,
            left: Share::ONE,
        };
        if branch == Branch::Insolvent {
            return Ok((auction, 0));
        }
        let share = auction.largest_share(marks, Share::ONE)?;
        let sold = mul_div(marks.value, share.raw(), ONE, Rounding::Down)?;
        let fee = mul_div(sold, terms.fee.raw(), ONE, Rounding::Down)?;
        Ok((auction, fee))
    }

    /// Which branch it is in.
    #[must_use]
    pub const fn branch(&self) -> Branch {
        self.branch
    }

    /// Its clock, to be frozen while prices are not to be trusted.
    pub const fn clock_mut(&mut self) -> &mut Clock {
        &mut self.clock
    }

    /// Cash from earlier bids, which later ones do not get a share of.
    #[must_use]
    pub const fn reserved(&self) -> i128 {
        self.reserved
    }

    /// Share of the account as it was at the start that nobody took yet.
    #[must_use]
    pub const fn left(&self) -> Share {
        self.left
    }

    /// What the marks mean now.
    ///
    /// # Errors
    /// [`AuctionError`] for times before the start, overflow.
    pub fn standing(&self, marks: Marks, now: Timestamp) -> Result<Standing, AuctionError> {
        let elapsed = self.clock.elapsed(now)?;
        if self.branch == Branch::Insolvent {
            return Ok(match (self.left.is_zero(), marks.margin >= 0) {
                (true, _) => Standing::Taken,
                (false, true) => Standing::Restored,
                (false, false) => Standing::Open,
            });
        }
        if marks.buffer_margin(self.terms.buffer)? >= 0 {
            return Ok(Standing::Restored);
        }
        if self.left.is_zero() {
            return Ok(Standing::Taken);
        }
        let over = marks.value <= self.reserved || self.terms.price_factor(elapsed)?.is_zero();
        Ok(match (over, marks.margin >= 0) {
            (false, _) => Standing::Open,
            // Above its requirement, if not above the buffer: there is nothing to insure.
            (true, true) => Standing::Restored,
            (true, false) => Standing::MustConvert,
        })
    }

    /// Whether an insolvent auction has paid the most it can for as long again as it took to get
    /// there. Derive's waits for ever; a venue that must end asks for this (our choice).
    ///
    /// # Errors
    /// [`AuctionError::TimeWentBack`], overflow.
    pub fn is_exhausted(&self, now: Timestamp) -> Result<bool, AuctionError> {
        let elapsed = self.clock.elapsed(now)?.millis();
        let whole = self.terms.insolvent.millis().checked_mul(2);
        let whole = whole.ok_or(ArithmeticError::Overflow)?;
        Ok(self.branch == Branch::Insolvent && elapsed >= whole)
    }

    /// Starts again as insolvent, when [`Standing::MustConvert`] says so. Money earned so far is
    /// the account's and no longer reserved.
    ///
    /// # Errors
    /// [`AuctionError::NoBids`] when it does not have to.
    pub fn convert(&mut self, marks: Marks, now: Timestamp) -> Result<(), AuctionError> {
        if self.standing(marks, now)? != Standing::MustConvert {
            let why = "it is not a solvent auction that has run its course";
            return Err(AuctionError::NoBids(why));
        }
        self.branch = Branch::Insolvent;
        self.clock = Clock::start(now);
        self.reserved = 0;
        self.left = Share::ONE;
        Ok(())
    }

    /// The price of the whole account now: positive when the bidder pays, negative when the
    /// bidder is paid. Rounded up: in favour of the account, and of the module that pays.
    ///
    /// # Errors
    /// [`AuctionError`] for times before the start, overflow.
    pub fn price(&self, marks: Marks, now: Timestamp) -> Result<i128, AuctionError> {
        let elapsed = self.clock.elapsed(now)?;
        let overflow = ArithmeticError::Overflow;
        if self.branch == Branch::Solvent {
            let for_sale = marks.value.checked_sub(self.reserved).ok_or(overflow)?;
            let d = self.terms.price_factor(elapsed)?;
            return Ok(mul_div(for_sale, d.raw(), ONE, Rounding::Ceil)?);
        }
        let length = i128::from(self.terms.insolvent.millis());
        let passed = i128::from(elapsed.millis()).min(length);
        let from = marks.value.min(0);
        let way = marks.margin.checked_sub(from).ok_or(overflow)?;
        let gone = mul_div(way, passed, length, Rounding::Ceil)?;
        Ok(from.checked_add(gone).ok_or(overflow)?)
    }

    /// The largest share of the account as it is now that one bid may take at the price factor
    /// `d`, rounded up: a bid for all of it restores the account.
    fn largest_share(&self, marks: Marks, d: Share) -> Result<Share, ArithmeticError> {
        if marks.value < self.terms.whole_below {
            return Ok(Share::ONE);
        }
        let buffer_margin = marks.buffer_margin(self.terms.buffer)?;
        let one = Wide::from(ONE);
        let price = Wide::product(&[marks.value, d.raw()])?;
        let kept = Wide::product(&[self.reserved, Share::ONE.sub(d)?.raw()])?;
        let whole = Wide::from(buffer_margin).mul(one)?;
        let gap = whole.sub(price)?.sub(kept)?;
        if !gap.is_negative() {
            // Nothing that is sold at this price helps any more.
            return Ok(Share::ONE);
        }
        let share = whole.mul(one)?.div(gap, Rounding::Ceil)?.to_i128()?;
        Ok(Share::from_raw(share.clamp(0, ONE)))
    }

    /// The largest share that one bid may take now.
    ///
    /// # Errors
    /// [`AuctionError`] for times before the start, overflow.
    pub fn max_share(&self, marks: Marks, now: Timestamp) -> Result<Share, AuctionError> {
        if self.branch == Branch::Insolvent {
            return Ok(Share::ONE);
        }
        let d = self.terms.price_factor(self.clock.elapsed(now)?)?;
        Ok(self.largest_share(marks, d)?)
    }

    /// Takes a bid for `share` of the account as it is now (less when that is more than the
    /// largest share), for at most `limit` in money (negative: to be paid at least that much).
    ///
    /// # Errors
    /// A share outside 0 to 1, an auction that is over, a price beyond the limit, overflow; then
    /// the auction is as it was.
    pub fn bid(
        &mut self,
        marks: Marks,
        share: Share,
        limit: i128,
        now: Timestamp,
    ) -> Result<Taken, AuctionError> {
        if !share.is_positive() || share > Share::ONE {
            return Err(AuctionError::Share(share));
        }
        let why = match self.standing(marks, now)? {
            Standing::Open => None,
            Standing::Restored => Some("the account has its margin back"),
            Standing::Taken => Some("all of it was taken"),
            Standing::MustConvert => Some("it has to start again as insolvent"),
        };
        if let Some(why) = why {
            return Err(AuctionError::NoBids(why));
        }
        let share = share.min(self.max_share(marks, now)?);
        let paid = mul_div(self.price(marks, now)?, share.raw(), ONE, Rounding::Ceil)?;
        if paid > limit {
            let (allowed, asked) = (limit, paid);
            return Err(AuctionError::Limit { allowed, asked });
        }
        let bidder_needs = self.bidder_needs(marks, share, paid)?;
        let overflow = ArithmeticError::Overflow;
        let gone = self.left.mul_ratio(share.raw(), ONE, Rounding::Down)?;
        let reserved = self.reserved.checked_add(paid.max(0)).ok_or(overflow)?;
        self.left = self.left.sub(gone)?;
        self.reserved = if self.branch == Branch::Solvent {
            reserved
        } else {
            0
        };
        Ok(Taken {
            share,
            paid,
            bidder_needs,
        })
    }

    /// `paid + |BM - reserved| * share`, rounded up in favour of the account's other creditors.
    fn bidder_needs(
        &self,
        marks: Marks,
        share: Share,
        paid: i128,
    ) -> Result<i128, ArithmeticError> {
        let overflow = ArithmeticError::Overflow;
        let margin = match self.branch {
            Branch::Solvent => marks.buffer_margin(self.terms.buffer)?,
            Branch::Insolvent => marks.margin,
        };
        let brought = margin.checked_sub(self.reserved).ok_or(overflow)?;
        let brought = brought.checked_abs().ok_or(overflow)?;
        let needed = mul_div(brought, share.raw(), ONE, Rounding::Ceil)?;
        needed.checked_add(paid).ok_or(overflow)
    }
}
