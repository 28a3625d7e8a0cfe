//! Epochs: the open-interest limits follow the demand of the last two.
//!
//! Epochs begin at multiples of their length since 1970. The first command at or after an end
//! rolls it, before anything else: fees accrue up to the very boundary (the limits are in the
//! funding formula), demand is averaged, limits are set. Several ends passed at once are rolled
//! one by one, but no more than three: after two epochs without a command, demand is the open
//! interest itself in this and in the previous epoch, and a further roll would set the same limits
//! again.

use plimsoll_units::{Amount, Duration, Notional, Side, Timestamp};

use super::config::Sides;
use super::event::Event;
use super::market::{Cell, Market};
use super::{MarketId, TsunamiX};
use crate::Tx;
use crate::limits::open_interest::{self, Limits};

/// Rolls after which nothing changes any more.
const ROLLS_MAX: usize = 3;

/// What rolling an epoch changes, to take it back when the command is refused.
#[derive(Debug)]
pub(super) struct Checkpoint {
    markets: Vec<Market>,
    epoch_began: Timestamp,
    epoch_ends: Timestamp,
}

/// The beginning of the epoch that `now` is in.
pub(super) fn start(now: Timestamp, epoch: Duration) -> Timestamp {
    let into = now.millis().checked_rem_euclid(epoch.millis()).unwrap_or(0);
    Timestamp(now.millis().saturating_sub(into))
}

impl TsunamiX {
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            markets: self.markets.clone(),
            epoch_began: self.epoch_began,
            epoch_ends: self.epoch_ends,
        }
    }

    pub(super) fn take_back(&mut self, before: Checkpoint) {
        self.markets = before.markets;
        self.epoch_began = before.epoch_began;
        self.epoch_ends = before.epoch_ends;
        self.watching.all_changed();
    }

    /// Rolls every epoch that has ended by now.
    pub(super) fn roll_epochs(&mut self, tx: &mut Tx<'_>) {
        if !self.markets.iter().any(Market::started) {
            // Without any trade ever there is no demand to average: only the vault counts.
            self.begin_epoch(start(tx.now, self.rules.epoch));
            if self.vault_money(tx).is_positive() {
                let began = self.epoch_began;
                self.rebalance(tx, began);
            }
            return;
        }
        for _ in 0..ROLLS_MAX {
            if tx.now < self.epoch_ends {
                return;
            }
            self.roll_epoch(tx, self.epoch_ends);
        }
        if tx.now >= self.epoch_ends {
            // Nothing moved since: the averages of the epochs skipped are the open interest.
            let began = start(tx.now, self.rules.epoch);
            for cell in self.markets.iter_mut().flat_map(Market::cells_mut) {
                cell.previous = cell.open;
                cell.restart(began);
            }
            self.begin_epoch(began);
        }
    }

    fn roll_epoch(&mut self, tx: &mut Tx<'_>, end: Timestamp) {
        let began = self.epoch_began;
        self.rebalance(tx, end);
        for cell in self.markets.iter_mut().flat_map(Market::cells_mut) {
            cell.previous = cell.average(began, end);
            cell.restart(end);
        }
        self.begin_epoch(end);
    }

    pub(super) fn begin_epoch(&mut self, began: Timestamp) {
        self.epoch_began = began;
        self.epoch_ends = began.saturating_add(self.rules.epoch);
    }

    /// Computes all limits anew from the demand of this epoch up to `at` and of the one before.
    /// Fees accrue up to `at` first. Should the rule have no answer (numbers beyond 512 bits),
    /// limits become the open interest: nothing can be opened, which is the safe state.
    pub(super) fn rebalance(&mut self, tx: &mut Tx<'_>, at: Timestamp) {
        let began = self.epoch_began;
        let mut cells = Vec::with_capacity(self.markets.len().saturating_mul(2));
        for market in &mut self.markets {
            market.accrue(at);
            for side in [Side::Long, Side::Short] {
                cells.push(rule_cell(market, side, began, at));
            }
        }
        let tvl: Amount<6> = self.vault_money(tx);
        let limits = self
            .rules
            .sharing
            .rebalance(tvl, &cells)
            .unwrap_or_else(|_| Limits {
                budget: Notional::ZERO,
                open: self.total_open,
                headroom: Notional::ZERO,
                limits: cells.iter().map(|c| c.open).collect(),
                targets: None,
            });
        let cells = self.markets.iter_mut().flat_map(Market::cells_mut);
        for (cell, limit) in cells.zip(&limits.limits) {
            cell.limit = *limit;
        }
        self.watching.all_changed();
        tx.emit(Event::Rebalanced {
            budget: limits.budget,
            open: limits.open,
            limits: self.limits(),
        });
    }

    fn limits(&self) -> Vec<Sides<Notional<6>>> {
        let limit = |m: &Market| Sides {
            long: m.cells.long.limit,
            short: m.cells.short.limit,
        };
        self.markets.iter().map(limit).collect()
    }

    /// A limit by hand, until the next rebalancing. Nothing is closed.
    pub(super) fn set_limit(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        side: Side,
        limit: Notional<6>,
    ) -> Result<(), crate::Rejection> {
        if limit.is_negative() {
            return Err(super::Refusal::NotPositive(limit.raw()).into());
        }
        self.market(id)?;
        if let Some(market) = self.markets.get_mut(id.index()) {
            market.accrue(tx.now);
            market.cells.of_mut(side).limit = limit;
        }
        self.watching.market_changed(id);
        tx.emit(Event::LimitSet {
            market: id,
            side,
            limit,
        });
        Ok(())
    }
}

fn rule_cell(
    market: &Market,
    side: Side,
    began: Timestamp,
    at: Timestamp,
) -> open_interest::Cell<6> {
    let cell = market.cells.of(side);
    open_interest::Cell {
        open: cell.open,
        demand: cell.average(began, at),
        previous: cell.previous,
        weight: *market.params.weights.of(side),
        cap_bps: *market.params.caps_bps.of(side),
    }
}

impl Market {
    /// Both sides, longs first.
    pub(super) fn cells_mut(&mut self) -> [&mut Cell; 2] {
        [&mut self.cells.long, &mut self.cells.short]
    }
}
