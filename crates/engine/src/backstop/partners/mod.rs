//! Liquidation partners: who takes acquired positions over, at terms agreed beforehand.
//!
//! A partner is registered with its own limits and posts *offers* per market and side: standing
//! limit orders, or *offset quotes* whose price follows the index. Offers never meet a book. When
//! the backstop has a position to hand off, [`Partners::candidates`] prices the offers of the
//! other side and says of each one that is out why; [`allocate`] then divides the position among
//! them. [`Partners::record`] counts what was handed off.
//!
//! Invariants: no fill is worse for a partner than its offer says, or beyond the offer's quantity
//! or the partner's limits; an offer is replaced and cancelled at will; what is used up is gone.
//!
//! The room knows no venue: signatures, nonces and margin are the venue's to check, before it posts
//! an offer and in the callback of [`allocate`]. Units: quantities, prices and money are raw
//! integers of the venue; a quantity times a price over `scale` is money.

mod allocate;
mod offer;

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, CaseId, Duration, MarketId, Side, Timestamp};
use plimsoll_units::{Rounding, mul_div};

pub use allocate::{Allocation, Candidate, Fill, Request, Skip, Skipped, allocate};
pub use offer::{Offer, OfferId, Terms};

use super::window::Window;

/// The most partners a venue may have.
pub const PARTNERS_MAX: usize = 256;

/// The most offers of one partner in one market and side.
pub const OFFERS_MAX: usize = 16;

/// A partner's own limits. None of them by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Limits {
    /// The most it takes in all, in money, until it sets its limits anew.
    pub capacity: Option<i128>,
    /// The most it takes within `window`, in money.
    pub window_cap: Option<i128>,
    /// How long the window is.
    pub window: Duration,
    /// How long after a case it is left alone. All hand-offs of one case are one.
    pub cooldown: Duration,
}

/// A registered partner.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Partner {
    /// Its limits.
    pub limits: Limits,
    /// What it took since it set them, in money.
    pub taken: i128,
    recent: Window,
    last: Option<(Timestamp, CaseId)>,
}

/// Why the registry refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartnerError {
    /// Not a registered partner.
    #[error("{0} is not a registered liquidation partner")]
    NotAPartner(AccountId),
    /// Registered already.
    #[error("{0} is already a registered liquidation partner")]
    AlreadyAPartner(AccountId),
    /// No more partners.
    #[error("there are already {PARTNERS_MAX} liquidation partners")]
    TooManyPartners,
    /// A limit below zero.
    #[error("a partner's {what} must not be negative, but is {given}")]
    Negative {
        /// Which.
        what: &'static str,
        /// The offending value.
        given: i128,
    },
    /// An offer of nothing, or at no price.
    #[error("an offer's {what} must be positive, but is {given}")]
    NotPositive {
        /// Which.
        what: &'static str,
        /// The offending value.
        given: i128,
    },
    /// A discount of everything, or more.
    #[error("a quote's offset of {0} basis points is not within -10000 and 10000")]
    Offset(i32),
    /// The offer is there already.
    #[error("offer {0} is already standing")]
    Duplicate(OfferId),
    /// The offer is not there, or is somebody else's.
    #[error("{partner} has no standing offer {offer}")]
    UnknownOffer {
        /// Who asked.
        partner: AccountId,
        /// For which.
        offer: OfferId,
    },
    /// Too many offers.
    #[error("{0} already has {OFFERS_MAX} offers on that side of that market")]
    TooManyOffers(AccountId),
    /// A number does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// The partners of a venue and their standing offers.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Partners {
    partners: BTreeMap<AccountId, Partner>,
    offers: BTreeMap<OfferId, Offer>,
    /// The offers by where they apply: market, the partner's side, partner.
    sides: BTreeMap<(MarketId, Side, AccountId), Vec<OfferId>>,
}

/// See [`Partners::before`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    account: AccountId,
    partner: Partner,
    offer: Offer,
}

impl Limits {
    fn validate(&self) -> Result<(), PartnerError> {
        let values = [
            ("capacity", self.capacity.unwrap_or(0)),
            ("cap per window", self.window_cap.unwrap_or(0)),
            ("window", self.window.0.into()),
            ("cooldown", self.cooldown.0.into()),
        ];
        match values.into_iter().find(|(_, given)| *given < 0) {
            Some((what, given)) => Err(PartnerError::Negative { what, given }),
            None => Ok(()),
        }
    }
}

/// What is asked of the registry when a position is to be handed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The market.
    pub market: MarketId,
    /// The partner's side: the position's own, which it takes over.
    pub side: Side,
    /// The index price of the moment.
    pub index: i128,
    /// The market's price step, at least 1.
    pub tick: i128,
    /// When.
    pub now: Timestamp,
    /// For which case.
    pub case: CaseId,
}

impl Partners {
    /// Whether an account is a registered partner.
    #[must_use]
    pub fn is_partner(&self, account: AccountId) -> bool {
        self.partners.contains_key(&account)
    }

    /// The partners, by account.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Partner)> {
        self.partners
            .iter()
            .map(|(account, partner)| (*account, partner))
    }

    /// The standing offers, by id.
    pub fn offers(&self) -> impl ExactSizeIterator<Item = &Offer> {
        self.offers.values()
    }

    /// A standing offer.
    #[must_use]
    pub fn offer(&self, id: OfferId) -> Option<&Offer> {
        self.offers.get(&id)
    }

    /// Registers a partner.
    ///
    /// # Errors
    /// When it is one already, there are too many, or a limit is negative.
    pub fn register(&mut self, account: AccountId, limits: Limits) -> Result<(), PartnerError> {
        limits.validate()?;
        if self.is_partner(account) {
            return Err(PartnerError::AlreadyAPartner(account));
        }
        if self.partners.len() >= PARTNERS_MAX {
            return Err(PartnerError::TooManyPartners);
        }
        let partner = Partner {
            limits,
            taken: 0,
            recent: Window::default(),
            last: None,
        };
        self.partners.insert(account, partner);
        Ok(())
    }

    /// Ends a partnership; its offers go with it.
    ///
    /// # Errors
    /// When it is not a partner.
    pub fn remove(&mut self, account: AccountId) -> Result<(), PartnerError> {
        let removed = self.partners.remove(&account);
        removed.ok_or(PartnerError::NotAPartner(account))?;
        self.offers.retain(|_, offer| offer.partner != account);
        self.sides.retain(|(_, _, partner), _| *partner != account);
        Ok(())
    }

    /// A partner sets its limits anew; its capacity is whole again, while the window and the
    /// cooldown go on: they protect it from itself too.
    ///
    /// # Errors
    /// When it is not a partner, or a limit is negative.
    pub fn set_limits(&mut self, account: AccountId, limits: Limits) -> Result<(), PartnerError> {
        limits.validate()?;
        let partner = self.partners.get_mut(&account);
        let partner = partner.ok_or(PartnerError::NotAPartner(account))?;
        partner.limits = limits;
        partner.taken = 0;
        Ok(())
    }

    /// Posts an offer.
    ///
    /// # Errors
    /// When its partner is not one, its numbers are out of bounds, it is there already, or there
    /// are too many.
    pub fn post(&mut self, offer: Offer) -> Result<(), PartnerError> {
        offer.validate()?;
        if !self.is_partner(offer.partner) {
            return Err(PartnerError::NotAPartner(offer.partner));
        }
        if self.offers.contains_key(&offer.id) {
            return Err(PartnerError::Duplicate(offer.id));
        }
        let there = self.sides.get(&offer.side_key()).map_or(0, Vec::len);
        if there >= OFFERS_MAX {
            return Err(PartnerError::TooManyOffers(offer.partner));
        }
        self.keep(offer);
        Ok(())
    }

    /// Takes an offer of `partner` off.
    ///
    /// # Errors
    /// When it has no such offer.
    pub fn cancel(&mut self, partner: AccountId, id: OfferId) -> Result<Offer, PartnerError> {
        let unknown = PartnerError::UnknownOffer { partner, offer: id };
        let offer = *self.offers.get(&id).ok_or(unknown)?;
        if offer.partner != partner {
            return Err(unknown);
        }
        self.forget(&offer);
        Ok(offer)
    }

    /// Puts `by` in the place of an offer: both, or neither.
    ///
    /// # Errors
    /// As [`Partners::cancel`] and [`Partners::post`].
    pub fn replace(&mut self, id: OfferId, by: Offer) -> Result<Offer, PartnerError> {
        let old = self.cancel(by.partner, id)?;
        if let Err(refused) = self.post(by) {
            self.keep(old);
            return Err(refused);
        }
        Ok(old)
    }

    /// Takes off every offer that `gone` names; returns them by id.
    pub fn cancel_where(&mut self, gone: impl Fn(&Offer) -> bool) -> Vec<Offer> {
        let found: Vec<Offer> = self.offers.values().filter(|o| gone(o)).copied().collect();
        for offer in &found {
            self.forget(offer);
        }
        found
    }

    /// Keeps an offer that is not there; those of a side stay sorted, whenever they came.
    fn keep(&mut self, offer: Offer) {
        let side = self.sides.entry(offer.side_key()).or_default();
        let at = side.partition_point(|id| *id < offer.id);
        side.insert(at, offer.id);
        self.offers.insert(offer.id, offer);
    }

    fn forget(&mut self, offer: &Offer) {
        self.offers.remove(&offer.id);
        if let Some(side) = self.sides.get_mut(&offer.side_key()) {
            side.retain(|id| *id != offer.id);
            if side.is_empty() {
                self.sides.remove(&offer.side_key());
            }
        }
    }

    /// The offers that may be filled on an occasion, priced, and those that may not, with why.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn candidates(
        &self,
        on: &Occasion,
    ) -> Result<(Vec<Candidate>, Vec<Skipped>), ArithmeticError> {
        let (mut found, mut skipped) = (Vec::new(), Vec::new());
        let from = (on.market, on.side, AccountId(0));
        let to = (on.market, on.side, AccountId(u32::MAX));
        for ((_, _, account), ids) in self.sides.range(from..=to) {
            let Some(partner) = self.partners.get(account) else {
                continue;
            };
            let room = partner.room(on.now, on.case)?;
            for offer in ids.iter().filter_map(|id| self.offers.get(id)) {
                let out = |why| Skipped {
                    partner: *account,
                    offer: offer.id,
                    why,
                };
                if offer.is_expired(on.now) {
                    skipped.push(out(Skip::Expired));
                    continue;
                }
                match room {
                    Err(why) => skipped.push(out(why)),
                    Ok(room) => match offer.price(on.index, on.tick)? {
                        None => skipped.push(out(Skip::Price)),
                        Some(price) => found.push(Candidate {
                            partner: *account,
                            offer: offer.id,
                            nonce: offer.nonce,
                            price,
                            remaining: offer.remaining(),
                            room,
                        }),
                    },
                }
            }
        }
        Ok((found, skipped))
    }

    /// Counts a fill that was carried out; an offer that is used up goes.
    ///
    /// # Errors
    /// When the offer or its partner is gone, or a number does not fit; nothing is counted then.
    pub fn record(
        &mut self,
        fill: &Fill,
        scale: i128,
        now: Timestamp,
        case: CaseId,
    ) -> Result<(), PartnerError> {
        let (account, id) = (fill.partner, fill.offer);
        let unknown = PartnerError::UnknownOffer {
            partner: account,
            offer: id,
        };
        let offer = self.offers.get(&id).ok_or(unknown)?;
        let filled = offer
            .filled
            .checked_add(fill.quantity)
            .filter(|filled| *filled <= offer.quantity)
            .ok_or(ArithmeticError::Overflow)?;
        let partner = self.partners.get_mut(&account);
        let partner = partner.ok_or(PartnerError::NotAPartner(account))?;
        partner.took(money(fill.quantity, fill.price, scale)?, now, case)?;
        let mut offer = *offer;
        offer.filled = filled;
        if offer.remaining() > 0 {
            self.offers.insert(id, offer);
        } else {
            self.forget(&offer);
        }
        Ok(())
    }

    /// A partner and one of its offers as they are, to be restored if what follows is taken back.
    #[must_use]
    pub fn before(&self, fill: &Fill) -> Option<Before> {
        let partner = self.partners.get(&fill.partner)?;
        let offer = self.offers.get(&fill.offer)?;
        Some(Before {
            account: fill.partner,
            partner: partner.clone(),
            offer: *offer,
        })
    }

    /// Takes back what [`Partners::record`] counted since.
    pub fn restore(&mut self, before: Before) {
        self.partners.insert(before.account, before.partner);
        self.forget(&before.offer);
        self.keep(before.offer);
    }

    /// Recounts that the two ways to find an offer agree.
    ///
    /// # Errors
    /// What does not hold.
    pub fn audit(&self) -> Result<(), String> {
        let listed: usize = self.sides.values().map(Vec::len).sum();
        if listed != self.offers.len() {
            let offers = self.offers.len();
            return Err(format!("{listed} partner offers are listed, {offers} kept"));
        }
        for offer in self.offers.values() {
            let side = self.sides.get(&offer.side_key());
            let sound = side.is_some_and(|ids| ids.contains(&offer.id))
                && self.is_partner(offer.partner)
                && offer.filled >= 0
                && offer.remaining() > 0;
            if !sound {
                return Err(format!("partner offer {} is not sound", offer.id));
            }
        }
        Ok(())
    }
}

impl Partner {
    /// How much more money's worth it takes now, with what limits it; or why nothing.
    fn room(
        &self,
        now: Timestamp,
        case: CaseId,
    ) -> Result<Result<Option<(i128, Skip)>, Skip>, ArithmeticError> {
        if let Some((at, last)) = self.last
            && last != case
            && now.since(at)?.0 < self.limits.cooldown.0
        {
            return Ok(Err(Skip::Cooldown));
        }
        let mut room: Option<(i128, Skip)> = None;
        if let Some(capacity) = self.limits.capacity {
            let left = capacity.checked_sub(self.taken);
            room = Some((left.ok_or(ArithmeticError::Overflow)?, Skip::Capacity));
        }
        if let Some(cap) = self.limits.window_cap {
            let spent = self.recent.spent(now, self.limits.window)?;
            let left = cap.checked_sub(spent).ok_or(ArithmeticError::Overflow)?;
            if room.is_none_or(|(least, _)| left < least) {
                room = Some((left, Skip::WindowCap));
            }
        }
        Ok(match room {
            Some((left, why)) if left <= 0 => Err(why),
            room => Ok(room),
        })
    }

    fn took(&mut self, money: i128, now: Timestamp, case: CaseId) -> Result<(), ArithmeticError> {
        let taken = self.taken.checked_add(money);
        let taken = taken.ok_or(ArithmeticError::Overflow)?;
        if self.limits.window_cap.is_some() {
            self.recent.add(now, self.limits.window, money)?;
        }
        self.taken = taken;
        self.last = Some((now, case));
        Ok(())
    }
}

/// `quantity * price / scale`, up: what a fill takes of a partner's limits, in its favour.
///
/// # Errors
/// When it does not fit.
pub fn money(quantity: i128, price: i128, scale: i128) -> Result<i128, ArithmeticError> {
    mul_div(quantity, price, scale, Rounding::Ceil)
}

#[cfg(test)]
mod tests;
