//! What the preset `perennial-plus` does differently, each behind its own flag.
//!
//! * `close_fee_before_reward`: the reward's cap is the collateral left *after* the closing fee
//!   (and never more than the product's own money), so that a capped reward can always be paid.
//!   The deployed contract caps by the collateral before the fee and panics where both do not
//!   fit. As proposed for V1 and never merged (branch `fix-fees-after-liq`).
//! * `margin_above_maintenance`: each product has a margin ratio above its maintenance ratio.
//!   Openings need it for the position to come, withdrawals for the larger of the position that
//!   counts and the one to come. As in V2.
//! * `reward_at_settlement`: the reward is fixed when the liquidation is initiated and paid when
//!   the lock is lifted, out of what is left then, into the liquidator's collateral in the same
//!   product. It never adds to the shortfall: what is missing is not paid. As in V2.1.
//! * `partial_liquidation`: what the venue's page says it will look to implement. Let `n` be the
//!   size to come (settled plus pending), `C` the collateral at the moment of the liquidation and
//!   `r` the ratio openings need (the margin, or the maintenance without
//!   `margin_above_maintenance`). Closed is the size `q`, `0 < q <= n`, with
//!
//!   ```text
//!   requirement(n - q, r) <= C - closing fee(q) - reward(q)        (floored at zero)
//!   ```
//!
//!   that holds for `q` and fails for `q` less one raw unit. Closing everything always holds, so
//!   there is one; an account that cannot be saved is closed whole. The reward is on the part
//!   closed (`requirement(q, maintenance)`, at least the minimum collateral), as in V2.0. An
//!   account whose own pending close brings `requirement(n, maintenance)` to `C` or below is not
//!   liquidatable: there is nothing to add. The rule still looks at the settled position, the
//!   close settles at the next version, and the lock holds until then; after it the account is
//!   judged again.

use super::case::Numbers;
use super::draft::Desk;
use super::liquidate::reward_stage;
use super::numbers::{Money, Size};
use crate::liquidation::stages::RewardCap;
use crate::{Rejection, Tx};

/// How much a liquidation closes: everything, or with `partial_liquidation` just enough.
pub(super) fn closing(desk: &Desk<'_>, tx: &Tx<'_>) -> Result<Size, Rejection> {
    let next = desk.account.next_size()?;
    if !desk.draft.around.flags.partial_liquidation {
        return Ok(next);
    }
    let balance = desk.balance(tx);
    let (mut fails, mut holds) = (0i128, next.raw());
    // Between a size that is too little and one that is enough there is a neighbouring pair; each
    // round halves the distance, so at most 127 rounds find one.
    while holds.saturating_sub(fails) > 1 {
        let middle = fails.midpoint(holds);
        if restores(desk, balance, next, Size::from_raw(middle))? {
            holds = middle;
        } else {
            fails = middle;
        }
    }
    Ok(Size::from_raw(holds))
}

/// Whether closing `size` of `next` leaves enough for the rest.
fn restores(desk: &Desk<'_>, balance: Money, next: Size, size: Size) -> Result<bool, Rejection> {
    let fee = desk.trade_fee(desk.account.role, size)?;
    let after_fee = balance.sub(fee)?.max(Money::ZERO);
    let reward = reward_stage(desk);
    let cap = match reward.cap {
        RewardCap::AtTrigger => balance,
        RewardCap::Now => after_fee.min(desk.draft.global.total),
    };
    let base = desk.needed(size, desk.draft.params().maintenance)?;
    let reward = Money::from_raw(reward.amount(base.raw(), cap.raw())?);
    let left = after_fee.sub(reward)?.max(Money::ZERO);
    let ratio = desk.draft.params().entry_ratio();
    Ok(desk.needed(next.sub(size)?, ratio)? <= left)
}

/// The requirement the reward is a share of: the settled position's, or with
/// `partial_liquidation` that of the part closed.
pub(super) fn reward_base(
    desk: &Desk<'_>,
    closing: Size,
    numbers: &Numbers,
) -> Result<Money, Rejection> {
    if desk.draft.around.flags.partial_liquidation {
        return desk.needed(closing, desk.draft.params().maintenance);
    }
    Ok(numbers.requirement)
}
