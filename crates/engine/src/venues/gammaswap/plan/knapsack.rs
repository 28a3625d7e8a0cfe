//! The knapsack: the most valuable items within a weight, by branch and bound.
//!
//! Items are sorted by value per weight; the bound of a branch is what the rest would be worth if
//! the first item that does not fit could be cut. Exact unless the search is stopped.

use std::cmp::Ordering;

use ruint::aliases::{U256, U512};

use crate::venues::gammaswap::Refusal;
use crate::venues::gammaswap::word::{add, narrow, sub, w};

/// Steps after which the search stops. Seventeen items never need as many.
pub const NODES: u32 = 1 << 18;

/// An item. Its value is above zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// Its place among the candidates.
    pub(super) at: usize,
    pub(super) value: U256,
    pub(super) weight: U256,
}

/// What was packed.
#[derive(Debug)]
pub(super) struct Packed {
    /// Places of the chosen items, in order.
    pub(super) chosen: Vec<usize>,
    /// Whether nothing more valuable fits.
    pub(super) exact: bool,
    /// Nothing that fits is more valuable than this; met when `exact`.
    pub(super) at_most: U256,
}

/// The most valuable items that weigh at most `room` together.
pub(super) fn pack(mut items: Vec<Item>, room: U256) -> Result<Packed, Refusal> {
    // What is too heavy alone only gets in the way of the bound.
    items.retain(|item| item.weight <= room);
    items.sort_by(|a, b| density(b, a).then(a.at.cmp(&b.at)));
    let mut search = Search::new(&items)?;
    let bound = search.bound(&items, 0, room, w(0))?;
    search.run(&items, room)?;
    let exact = search.left > 0;
    let mut chosen: Vec<usize> = search
        .best
        .iter()
        .filter_map(|i| items.get(*i))
        .map(|item| item.at)
        .collect();
    chosen.sort_unstable();
    Ok(Packed {
        chosen,
        exact,
        at_most: if exact { search.best_value } else { bound },
    })
}

/// Compares value per weight.
fn density(a: &Item, b: &Item) -> Ordering {
    let left = a.value.widening_mul::<256, 4, 512, 8>(b.weight);
    let right = b.value.widening_mul::<256, 4, 512, 8>(a.weight);
    left.cmp(&right)
}

struct Search {
    /// Sums of values and weights of the first items.
    values: Vec<U256>,
    weights: Vec<U256>,
    taken: Vec<usize>,
    best: Vec<usize>,
    best_value: U256,
    left: u32,
}

impl Search {
    fn new(items: &[Item]) -> Result<Self, Refusal> {
        let (mut values, mut weights) = (vec![w(0)], vec![w(0)]);
        let (mut value, mut weight) = (w(0), w(0));
        for item in items {
            value = add(value, item.value)?;
            weight = add(weight, item.weight)?;
            values.push(value);
            weights.push(weight);
        }
        Ok(Self {
            values,
            weights,
            taken: Vec::new(),
            best: Vec::new(),
            best_value: w(0),
            left: NODES,
        })
    }

    /// Depth first, the item taken before it is left: the first leaf is the greedy packing.
    fn run(&mut self, items: &[Item], room: U256) -> Result<(), Refusal> {
        let (mut at, mut room, mut value) = (0usize, room, w(0));
        loop {
            // Down: take whatever fits, as long as the branch can win.
            while let Some(item) = items.get(at) {
                if self.left == 0 || self.bound(items, at, room, value)? <= self.best_value {
                    break;
                }
                self.left = self.left.saturating_sub(1);
                if item.weight <= room {
                    room = sub(room, item.weight)?;
                    value = add(value, item.value)?;
                    self.taken.push(at);
                }
                at = at.saturating_add(1);
            }
            if value > self.best_value {
                self.best_value = value;
                self.best.clone_from(&self.taken);
            }
            // Up: leave out the last item that was taken.
            let Some(last) = self.taken.pop() else {
                return Ok(());
            };
            if self.left == 0 {
                return Ok(());
            }
            if let Some(item) = items.get(last) {
                room = add(room, item.weight)?;
                value = sub(value, item.value)?;
            }
            at = last.saturating_add(1);
        }
    }

    /// The most that items from `at` on can bring `value` to.
    fn bound(&self, items: &[Item], at: usize, room: U256, value: U256) -> Result<U256, Refusal> {
        let zero = w(0);
        let (base_value, base_weight) = (
            self.values.get(at).unwrap_or(&zero),
            self.weights.get(at).unwrap_or(&zero),
        );
        let limit = add(*base_weight, room)?;
        // The first sum of weights beyond the room; item `end - 1` is the one that is cut.
        let end = self.weights.partition_point(|sum| *sum <= limit);
        let whole = end.saturating_sub(1).max(at);
        let whole_value = self.values.get(whole).unwrap_or(&zero);
        let sum = add(value, sub(*whole_value, *base_value)?)?;
        let Some(cut) = items.get(whole) else {
            return Ok(sum);
        };
        let used = sub(*self.weights.get(whole).unwrap_or(&zero), *base_weight)?;
        let part = cut
            .value
            .widening_mul::<256, 4, 512, 8>(room.saturating_sub(used));
        let part = part.checked_div(U512::from(cut.weight)).and_then(narrow);
        // The sum of whole values is an integer, so the fraction can be rounded down.
        add(sum, part.unwrap_or(U256::MAX.wrapping_shr(1)))
    }
}
