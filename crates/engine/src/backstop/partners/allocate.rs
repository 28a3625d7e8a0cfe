//! Dividing a position among the partners' offers.
//!
//! Best price for the fund first; among equal prices pro rata by what each may still take; what
//! the division leaves over step by step to the earliest nonce. Lots are whole steps of the
//! market, except that the last slice takes what is below a step with it, so that no dust stays
//! behind. An offer whose lot the venue refuses (its partner's margin) is left out with the
//! reason and its share goes to the others: a lot is never half-applied.
//!
//! Laws (tests): quantity = fills + left; no fill beyond an offer or its partner's room; no offer
//! is filled while a better one could take more; the order candidates are given in is of no
//! consequence.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, Rounding, Side, mul_div};

use super::{OfferId, money};

/// Why an offer was left out.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Skip {
    /// Less is left of it than a lot.
    Insufficient = 0,
    /// Its partner took something a moment ago.
    Cooldown = 1,
    /// Its partner took all it wants within the window.
    WindowCap = 2,
    /// Its partner took all it wants.
    Capacity = 3,
    /// It is over.
    Expired = 4,
    /// The fund does not accept the price.
    Price = 5,
    /// The partner could not carry the position.
    Margin = 6,
    /// The position would be larger than the partner may hold.
    Size = 7,
    /// The venue's other rules refuse the trade.
    Refused = 8,
}

impl Skip {
    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Insufficient => "insufficient",
            Self::Cooldown => "in its cooldown",
            Self::WindowCap => "cap of its window used up",
            Self::Capacity => "capacity used up",
            Self::Expired => "expired",
            Self::Price => "price not acceptable to the fund",
            Self::Margin => "margin would not suffice",
            Self::Size => "position would be too large",
            Self::Refused => "refused by the venue's rules",
        }
    }
}

/// An offer left out, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Skipped {
    /// Whose.
    pub partner: AccountId,
    /// Which.
    pub offer: OfferId,
    /// Why.
    pub why: Skip,
}

/// What is to be handed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// How much, positive.
    pub quantity: i128,
    /// What the partner becomes: long by buying, short by selling.
    pub side: Side,
    /// The market's quantity step, at least 1.
    pub step: i128,
    /// A quantity times a price over this is money.
    pub scale: i128,
    /// The worst price the fund accepts, if it minds.
    pub worst: Option<i128>,
}

/// An offer with its price of the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub partner: AccountId,
    /// Which.
    pub offer: OfferId,
    /// The earliest first among equals.
    pub nonce: u128,
    /// At which price.
    pub price: i128,
    /// How much is left of it.
    pub remaining: i128,
    /// How much money's worth its partner still takes in all, with what limits it.
    pub room: Option<(i128, Skip)>,
}

/// A lot for a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// To whom.
    pub partner: AccountId,
    /// By which offer.
    pub offer: OfferId,
    /// How much.
    pub quantity: i128,
    /// At which price.
    pub price: i128,
}

/// How a position was divided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allocation {
    /// The lots, in the order of their offers.
    pub fills: Vec<Fill>,
    /// Who was left out.
    pub skipped: Vec<Skipped>,
    /// What nobody took.
    pub left: i128,
}

/// Divides `request` among `candidates`. `fits` says whether a lot can be carried out after the
/// lots before it; it must not change anything that outlives the call.
///
/// # Errors
/// When a number does not fit.
pub fn allocate(
    request: &Request,
    mut candidates: Vec<Candidate>,
    mut fits: impl FnMut(&[Fill], &Fill) -> Result<(), Skip>,
) -> Result<Allocation, ArithmeticError> {
    candidates.sort_by(|a, b| best_first(request.side, a, b));
    let mut done = Allocation {
        left: request.quantity.max(0),
        ..Allocation::default()
    };
    let mut used = BTreeMap::new();
    for level in candidates.chunk_by(|a, b| a.price == b.price) {
        if done.left == 0 {
            break;
        }
        if level.first().is_some_and(|c| !accepts(request, c.price)) {
            done.skip_all(level, Skip::Price);
            continue;
        }
        divide(request, level.to_vec(), &mut used, &mut done, &mut fits)?;
    }
    Ok(done)
}

fn best_first(side: Side, a: &Candidate, b: &Candidate) -> Ordering {
    // A partner that buys pays the fund, one that sells is paid by it.
    let price = match side {
        Side::Long => b.price.cmp(&a.price),
        Side::Short => a.price.cmp(&b.price),
    };
    price
        .then(a.nonce.cmp(&b.nonce))
        .then(a.offer.cmp(&b.offer))
}

fn accepts(request: &Request, price: i128) -> bool {
    match (request.worst, request.side) {
        (None, _) => true,
        (Some(worst), Side::Long) => price >= worst,
        (Some(worst), Side::Short) => price <= worst,
    }
}

impl Allocation {
    fn skip_all(&mut self, candidates: &[Candidate], why: Skip) {
        self.skipped.extend(candidates.iter().map(|c| c.out(why)));
    }
}

impl Candidate {
    fn out(&self, why: Skip) -> Skipped {
        Skipped {
            partner: self.partner,
            offer: self.offer,
            why,
        }
    }

    /// How much it may take when its partner has used `used` of its room; and what limits it.
    fn may_take(&self, used: i128, scale: i128) -> Result<(i128, Skip), ArithmeticError> {
        let offered = (self.remaining, Skip::Insufficient);
        let Some((room, why)) = self.room else {
            return Ok(offered);
        };
        let left = room.checked_sub(used).ok_or(ArithmeticError::Overflow)?;
        // Down, and each fill is counted up: the partner's limit is never passed.
        let affordable = mul_div(left.max(0), scale, self.price, Rounding::Floor)?;
        Ok(if affordable < self.remaining {
            (affordable, why)
        } else {
            offered
        })
    }
}

/// Divides what is left among the offers of one price, until nobody has to be left out any more.
fn divide(
    request: &Request,
    mut live: Vec<Candidate>,
    used: &mut BTreeMap<AccountId, i128>,
    done: &mut Allocation,
    fits: &mut impl FnMut(&[Fill], &Fill) -> Result<(), Skip>,
) -> Result<(), ArithmeticError> {
    loop {
        let caps = caps_of(request, &mut live, used, done)?;
        let shares = share(done.left, request.step, &caps)?;
        let first = done.fills.len();
        let mut refused = None;
        for (at, (candidate, quantity)) in live.iter().zip(shares).enumerate() {
            if quantity == 0 {
                continue;
            }
            let fill = Fill {
                partner: candidate.partner,
                offer: candidate.offer,
                quantity,
                price: candidate.price,
            };
            if let Err(why) = fits(&done.fills, &fill) {
                refused = Some((at, why));
                break;
            }
            done.fills.push(fill);
        }
        if let Some((at, why)) = refused {
            done.fills.truncate(first);
            let out = live.remove(at);
            done.skipped.push(out.out(why));
            continue;
        }
        for fill in done.fills.get(first..).unwrap_or_default() {
            let sum = used.entry(fill.partner).or_insert(0);
            let money = money(fill.quantity, fill.price, request.scale)?;
            *sum = sum.checked_add(money).ok_or(ArithmeticError::Overflow)?;
            let left = done.left.checked_sub(fill.quantity);
            done.left = left.ok_or(ArithmeticError::Overflow)?;
        }
        return Ok(());
    }
}

/// What each of `live` may take, its partner's room given to the earliest first; those that may
/// not take a lot are left out.
fn caps_of(
    request: &Request,
    live: &mut Vec<Candidate>,
    used: &BTreeMap<AccountId, i128>,
    done: &mut Allocation,
) -> Result<Vec<i128>, ArithmeticError> {
    let least = request.step.min(done.left);
    let mut planned = used.clone();
    let (mut kept, mut caps) = (Vec::with_capacity(live.len()), Vec::new());
    for candidate in live.drain(..) {
        let sum = planned.entry(candidate.partner).or_insert(0);
        let (cap, why) = candidate.may_take(*sum, request.scale)?;
        if cap < least {
            done.skipped.push(candidate.out(why));
            continue;
        }
        let money = money(cap, candidate.price, request.scale)?;
        *sum = sum.checked_add(money).ok_or(ArithmeticError::Overflow)?;
        caps.push(cap);
        kept.push(candidate);
    }
    *live = kept;
    Ok(caps)
}

/// `left` divided pro rata by `caps`, in whole steps; the steps that remain go one by one to the
/// first, and what is below a step goes to the last slice that can take it.
fn share(left: i128, step: i128, caps: &[i128]) -> Result<Vec<i128>, ArithmeticError> {
    let steps = |quantity: i128| mul_div(quantity, 1, step, Rounding::Floor);
    let whole = steps(left)?;
    let takes: Vec<i128> = caps
        .iter()
        .map(|cap| steps(*cap))
        .collect::<Result<_, _>>()?;
    let total = takes
        .iter()
        .try_fold(0i128, |sum, take| sum.checked_add(*take))
        .ok_or(ArithmeticError::Overflow)?;
    let given = whole.min(total);
    let mut shares = Vec::with_capacity(caps.len());
    let mut rest = given;
    for take in &takes {
        let share = if total == 0 {
            0
        } else {
            mul_div(given, *take, total, Rounding::Floor)?
        };
        rest = rest.checked_sub(share).ok_or(ArithmeticError::Overflow)?;
        shares.push(share);
    }
    for (share, take) in shares.iter_mut().zip(&takes) {
        if rest > 0 && *share < *take {
            *share = share.saturating_add(1);
            rest = rest.saturating_sub(1);
        }
    }
    let mut shares: Vec<i128> = shares
        .into_iter()
        .map(|share| share.checked_mul(step).ok_or(ArithmeticError::Overflow))
        .collect::<Result<_, _>>()?;
    if given == whole {
        let dust = left.checked_sub(whole.saturating_mul(step));
        round_up(&mut shares, caps, dust.ok_or(ArithmeticError::Overflow)?);
    }
    Ok(shares)
}

/// Adds `dust` to the last slice that can take it; where there is no slice, to the first offer.
fn round_up(shares: &mut [i128], caps: &[i128], dust: i128) {
    if dust == 0 {
        return;
    }
    let takes = |at: usize, shares: &[i128]| {
        let (share, cap) = (shares.get(at).copied(), caps.get(at).copied());
        matches!((share, cap), (Some(s), Some(c)) if c.saturating_sub(s) >= dust)
    };
    let sliced = |at: &usize| shares.get(*at).is_some_and(|share| *share > 0);
    let last = (0..shares.len())
        .rev()
        .filter(sliced)
        .find(|at| takes(*at, shares));
    let at = last.or_else(|| (0..shares.len()).find(|at| takes(*at, shares)));
    if let Some(share) = at.and_then(|at| shares.get_mut(at)) {
        *share = share.saturating_add(dust);
    }
}
