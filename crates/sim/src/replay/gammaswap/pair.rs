//! Bringing a pair from one state to the next with nothing but what people do to pairs.
//!
//! The LP supply changes by a deposit or a withdrawal of liquidity. Then two swaps, one each way,
//! bring the reserves to where they should be: their fees are what the product grows by, and
//! their difference is what the price moves by. The first swap sells the token whose raw unit is
//! worth more; for every size of it there is one second swap that makes the other reserve exact,
//! and what is left of the first token then grows by about three thousandths of a raw unit per
//! raw unit of the first swap: a search over the integers finds a size that hits it exactly.
//!
//! A way on which the product grows much is taken in several rounds. A state whose product grew by less than the fees of the price's move alone cannot be reached
//! by swaps. Recorded states of real pairs are not like that; a random bridge may be. Then the
//! outside moves the pair, and the replay counts how often.

use plimsoll_engine::venues::gammaswap::cpmm::{self, Fee};
use plimsoll_engine::venues::gammaswap::{Action, Purse};
use plimsoll_units::AccountId;

/// The account of everybody else who uses the pair.
pub(super) const CROWD: AccountId = AccountId(u32::MAX);

/// A pair as the crowd sees it, and what the crowd has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) reserves: [u128; 2],
    pub(super) supply: u128,
    /// The crowd's wallet.
    pub(super) tokens: [u128; 2],
    pub(super) lp: u128,
}

/// How a step was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// By deposits and swaps, exactly.
    BySwaps,
    /// The outside had to move the pair.
    ByForce,
}

/// The actions that bring the pair to `to`, at which it then is.
pub(super) fn step(pair: &mut Pair, to: ([u128; 2], u128), fee: Fee) -> (Vec<Action>, Taken) {
    let before = *pair;
    let mut actions = Vec::new();
    let (reserves, supply) = to;
    let reached = resupply(pair, supply, &mut actions).and_then(|()| {
        for stop in stops(pair.reserves, reserves) {
            let swaps = swaps(pair.reserves, stop, fee)?;
            for swap in swaps.into_iter().filter(|swap| swap.amount > 0) {
                trade(pair, swap, &mut actions)?;
            }
        }
        Some(())
    });
    if reached.is_some() {
        return (actions, Taken::BySwaps);
    }
    *pair = Pair {
        reserves,
        supply,
        ..before
    };
    (vec![Action::MovePair { reserves, supply }], Taken::ByForce)
}

/// Deposits or withdraws liquidity until the supply is exactly `supply`.
fn resupply(pair: &mut Pair, supply: u128, actions: &mut Vec<Action>) -> Option<()> {
    if let Some(more) = supply.checked_sub(pair.supply).filter(|more| *more > 0) {
        // A deposit rounds to whole raw units of both tokens; so a little more is deposited, and
        // what is too much is withdrawn again, which is exact.
        let spare = dust(pair).checked_mul(4)?;
        mint(pair, more.checked_add(spare)?, actions)?;
    }
    let surplus = pair.supply.checked_sub(supply)?;
    if surplus == 0 {
        return Some(());
    }
    burn(pair, surplus, actions)
}

/// LP tokens that are worth at least one raw unit of each token.
fn dust(pair: &Pair) -> u128 {
    let of = |reserve: u128| pair.supply.div_ceil(reserve.max(1));
    of(pair.reserves[0]).max(of(pair.reserves[1])).max(1)
}

fn mint(pair: &mut Pair, lp: u128, actions: &mut Vec<Action>) -> Option<()> {
    let share = |token: usize| {
        part(lp, pair.reserves[token], pair.supply).and_then(|amount| amount.checked_add(1))
    };
    let desired = [share(0)?, share(1)?];
    let amounts = cpmm::balanced(desired, pair.reserves).ok()?;
    let (minted, _) = cpmm::minted(amounts, pair.reserves, pair.supply).ok()?;
    for token in [0, 1] {
        need(pair, token, amounts[token], actions)?;
    }
    for token in [0, 1] {
        pair.reserves[token] = pair.reserves[token].checked_add(amounts[token])?;
        pair.tokens[token] = pair.tokens[token].checked_sub(amounts[token])?;
    }
    pair.supply = pair.supply.checked_add(minted)?;
    pair.lp = pair.lp.checked_add(minted)?;
    actions.push(Action::AddLiquidity {
        account: CROWD,
        desired,
    });
    Some(())
}

fn burn(pair: &mut Pair, lp: u128, actions: &mut Vec<Action>) -> Option<()> {
    let out = cpmm::burned(lp, pair.reserves, pair.supply).ok()?;
    if let Some(short) = lp.checked_sub(pair.lp).filter(|short| *short > 0) {
        actions.push(Action::Deposit {
            account: CROWD,
            purse: Purse::Lp,
            amount: short,
        });
        pair.lp = lp;
    }
    for token in [0, 1] {
        pair.reserves[token] = pair.reserves[token].checked_sub(out[token])?;
        pair.tokens[token] = pair.tokens[token].checked_add(out[token])?;
    }
    pair.supply = pair.supply.checked_sub(lp)?;
    pair.lp = pair.lp.checked_sub(lp)?;
    actions.push(Action::RemoveLiquidity { account: CROWD, lp });
    Some(())
}

/// Makes sure the crowd has so much of a token. It brings four times what is short, so that it
/// need not at every step.
fn need(pair: &mut Pair, token: usize, amount: u128, actions: &mut Vec<Action>) -> Option<()> {
    let Some(short) = amount.checked_sub(pair.tokens[token]).filter(|s| *s > 0) else {
        return Some(());
    };
    let amount = short.checked_mul(4)?;
    pair.tokens[token] = pair.tokens[token].checked_add(amount)?;
    actions.push(Action::Deposit {
        account: CROWD,
        purse: [Purse::Token0, Purse::Token1][token],
        amount,
    });
    Some(())
}

fn trade(pair: &mut Pair, swap: Swap, actions: &mut Vec<Action>) -> Option<()> {
    let Swap { sell, amount, out } = swap;
    need(pair, sell, amount, actions)?;
    pair.tokens[sell] -= amount;
    pair.tokens[sell ^ 1] += out;
    pair.reserves[sell] += amount;
    pair.reserves[sell ^ 1] -= out;
    actions.push(Action::Swap {
        account: CROWD,
        sell: u8::from(sell == 1),
        amount,
        minimum: out,
    });
    Some(())
}

/// How much the root of the product grows by in one round of two swaps at most, as a share. The
/// fees of two swaps, however large, cannot make it grow by more than about three times that.
const ROUND: f64 = 0.001;

/// Where the reserves come by on their way: the growth of a long way takes several rounds of
/// swaps. The last is `to`. Floats only choose where to stop on the way.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn stops(from: [u128; 2], to: [u128; 2]) -> Vec<[u128; 2]> {
    let ways = [0, 1].map(|token| libm::log(to[token] as f64 / from[token] as f64));
    let growth = (ways[0] + ways[1]) / 2.0;
    let rounds = libm::ceil(growth / ROUND).clamp(1.0, 1_000.0);
    let mut stops: Vec<[u128; 2]> = (1..rounds as u32)
        .map(|round| {
            let part = f64::from(round) / rounds;
            [0, 1].map(|token| (from[token] as f64 * libm::exp(ways[token] * part)) as u128)
        })
        .collect();
    stops.push(to);
    stops
}

/// One swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Swap {
    /// What goes in, 0 or 1.
    pub(super) sell: usize,
    /// How much.
    pub(super) amount: u128,
    /// What comes out.
    pub(super) out: u128,
}

/// The two swaps that bring reserves from one state to another exactly; `None` when no two do.
/// A swap of nothing is none.
pub(super) fn swaps(from: [u128; 2], to: [u128; 2], fee: Fee) -> Option<[Swap; 2]> {
    // The token with fewer raw units is the coarser one.
    let first = usize::from(from[1] < from[0]);
    let second = first ^ 1;
    // The smallest first swap after which the second reserve is not above where it should be.
    let least = if to[second] >= from[second] {
        0
    } else {
        smallest(from[first], |amount| {
            let (after, _) = sold(from, first, amount, fee)?;
            Some(after[second] <= to[second])
        })?
    };
    let amount = smallest(from[first], |more| {
        let (after, _) = both(from, to, first, least.checked_add(more)?, fee)?;
        Some(after[first] >= to[first])
    })?;
    let (after, swaps) = both(from, to, first, least.checked_add(amount)?, fee)?;
    // A swap that gives nothing is refused.
    let possible = swaps.iter().all(|swap| swap.amount == 0 || swap.out > 0);
    (possible && after == to).then_some(swaps)
}

/// The smallest number of which `enough` holds; it holds of all larger ones too. Looks up to many
/// times `scale`.
fn smallest(scale: u128, enough: impl Fn(u128) -> Option<bool>) -> Option<u128> {
    if enough(0)? {
        return Some(0);
    }
    let (mut low, mut high) = (0u128, (scale >> 20).max(1));
    while !enough(high)? {
        low = high;
        high = high
            .checked_mul(2)
            .filter(|h| *h < scale.saturating_mul(64))?;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// Reserves after a swap, and what came out.
fn sold(reserves: [u128; 2], sell: usize, amount: u128, fee: Fee) -> Option<([u128; 2], u128)> {
    let buy = sell ^ 1;
    let out = if amount == 0 {
        0
    } else {
        cpmm::bought_for(amount, reserves[sell], reserves[buy], fee).ok()?
    };
    let mut after = reserves;
    after[sell] = after[sell].checked_add(amount)?;
    after[buy] = after[buy].checked_sub(out)?;
    Some((after, out))
}

/// Reserves after a first swap of `amount` and the second one that makes its reserve exact.
fn both(
    from: [u128; 2],
    to: [u128; 2],
    first: usize,
    amount: u128,
    fee: Fee,
) -> Option<([u128; 2], [Swap; 2])> {
    let second = first ^ 1;
    let (between, out) = sold(from, first, amount, fee)?;
    let back = to[second].checked_sub(between[second])?;
    let (after, returned) = sold(between, second, back, fee)?;
    let swaps = [
        Swap {
            sell: first,
            amount,
            out,
        },
        Swap {
            sell: second,
            amount: back,
            out: returned,
        },
    ];
    Some((after, swaps))
}

/// `a * b / c`, rounded up.
fn part(a: u128, b: u128, c: u128) -> Option<u128> {
    super::part(a, b, c, plimsoll_units::Rounding::Up)
}

#[cfg(test)]
mod tests;
