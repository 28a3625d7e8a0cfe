//! What every command ends with: examine whom the watch names, and carry out what is due.
//!
//! Rounds, until nothing is named any more: the places named are examined in id order; the healthy
//! ones leave trips behind; then, when the engine is the keeper, liquidations are carried out by
//! position id, and after them force-closes by excess (largest first), then id, each against the
//! vault's money at its own turn. What that changes names the places of the next round. Each
//! round but the last closes at least one position, so the rounds are bounded by their number.
//!
//! Nothing here fails: a liquidation that cannot be carried out is taken back alone, and its case
//! stays open with the reason.

use plimsoll_units::{Amount, MarketId, PositionId, Price};

use super::TsunamiX;
use super::health::{Circumstances, Judged};
use super::market::Indices;
use super::position::Position;
use crate::Tx;
use crate::ledger::Ledger;
use crate::liquidation::{BlockedReason, Case, CaseEvent, Outcome, Rule, Target, Trigger};
use crate::venues::Execution;

/// What a round found.
#[derive(Debug, Default)]
struct Due {
    liquidations: Vec<(PositionId, Trigger)>,
    /// With the excess over the limit.
    forced: Vec<(i128, PositionId, Trigger)>,
}

/// How many positions are read at the same time.
const TOGETHER: usize = 64;

/// A position to examine, with what is behind it.
#[derive(Debug, Clone, Copy)]
struct Gathered {
    id: PositionId,
    position: Position,
    collateral: i128,
}

impl TsunamiX {
    pub(super) fn sweep(&mut self, tx: &mut Tx<'_>) {
        for (market, side) in self.watching.time(tx.now, &self.markets) {
            self.recall_all(|p| p.market == market && p.side == side);
        }
        self.watching.recall();
        loop {
            if self.watching.vault(tx.balance(self.house.vault)) {
                self.recall_all(|_| true);
            }
            if self.watching.pending.is_empty() {
                break;
            }
            let due = self.examine_pending(tx);
            self.carry_out(tx, &due);
        }
        self.watching.plan(tx.now, &self.markets);
    }

    /// Names every position that `which` picks. Linear in the positions; only for what is rare.
    pub(super) fn recall_all(&mut self, which: impl Fn(&Position) -> bool) {
        let slots = self.positions.iter().filter(|(_, p)| which(p));
        self.watching.pending.extend(slots.map(|(id, _)| id.slot()));
    }

    /// Names the positions of a market that wait in open cases.
    pub(super) fn recall_cases(&mut self, market: MarketId) {
        let from = (market, PositionId(0));
        let cases = self.cases.range(from..=(market, PositionId(u64::MAX)));
        self.watching
            .pending
            .extend(cases.map(|((_, id), _)| id.slot()));
    }

    /// Gives every position its trips, after a restore.
    pub(super) fn watch_again(&mut self, ledger: &Ledger) {
        let tvl = ledger.balance(self.house.vault);
        self.watching.vault(tvl);
        self.recall_all(|_| true);
        for slot in self.watching.take_pending() {
            let Some((id, position)) = self.positions.at(slot) else {
                continue;
            };
            let position = *position;
            if self.cases.contains_key(&(position.market, id)) {
                continue;
            }
            let collateral = ledger.balance(position.collateral);
            let healthy = self.with_judged(&position, collateral, tvl, |watching, judged, at| {
                if judged.verdict.is_none() {
                    watching.arm(id, position.market, judged, at);
                }
                judged.verdict.is_none()
            });
            if healthy != Some(true) {
                self.watching.always(slot);
            }
        }
        self.watching.plan(self.now, &self.markets);
    }

    /// Judges a position at the last price, and hands the watch along. `None` without a market,
    /// or when a number does not fit.
    fn with_judged<T>(
        &mut self,
        position: &Position,
        collateral: i128,
        tvl: i128,
        then: impl FnOnce(&mut super::Watching, &Judged, &Circumstances<'_>) -> T,
    ) -> Option<T> {
        let market = self.markets.get(position.market.index())?;
        let indices = self.watching.indices(position.market, market, self.now);
        let at = Circumstances {
            rules: &self.rules,
            market,
            indices: &indices,
            price: Price::from_raw(market.feed.price),
            tvl: Amount::from_raw(tvl),
        };
        let judged = Judged::new(position, collateral, &at).ok()?;
        Some(then(&mut self.watching, &judged, &at))
    }

    fn examine_pending(&mut self, tx: &mut Tx<'_>) -> Due {
        let mut due = Due::default();
        let mut slots = self.watching.take_pending();
        let mut together = Vec::with_capacity(slots.len().min(TOGETHER));
        for chunk in slots.chunks(TOGETHER) {
            self.gather(tx, chunk, &mut together);
            self.examine(tx, &together, &mut due);
        }
        slots.clear();
        // The list's memory is kept for the next command; what was named meanwhile stays named.
        slots.append(&mut self.watching.pending);
        self.watching.pending = slots;
        due.sort();
        due
    }

    /// Reads what examining these places needs. Positions that wait for their prices lie all over
    /// the memory; here the reads of many are under way at the same time.
    fn gather(&self, tx: &Tx<'_>, slots: &[u32], together: &mut Vec<Gathered>) {
        together.clear();
        let positions = slots.iter().filter_map(|slot| self.positions.at(*slot));
        together.extend(positions.map(|(id, position)| Gathered {
            id,
            position: *position,
            collateral: 0,
        }));
        for gathered in &mut *together {
            gathered.collateral = tx.balance(gathered.position.collateral);
        }
        self.watching.fetch(slots.iter().copied());
    }

    /// Gives the healthy their trips, closes the cases of the recovered, and notes who is due.
    fn examine(&mut self, tx: &mut Tx<'_>, together: &[Gathered], due: &mut Due) {
        let (tvl, now) = (tx.balance(self.house.vault), tx.now);
        for gathered in together {
            let Gathered {
                id,
                position,
                collateral,
            } = *gathered;
            let found = self.with_judged(&position, collateral, tvl, |watching, judged, at| {
                let Some(rule) = judged.verdict else {
                    watching.arm(id, position.market, judged, at);
                    return Ok(None);
                };
                judged.trigger(rule, now, at).map(Some)
            });
            match found {
                Some(Ok(None)) => self.recovered(tx, position.market, id),
                Some(Ok(Some(trigger))) => due.add(id, trigger),
                // The rule's numbers do not fit: look again with every command.
                Some(Err(_)) | None => self.watching.always(id.slot()),
            }
        }
    }

    fn carry_out(&mut self, tx: &mut Tx<'_>, due: &Due) {
        for (id, trigger) in &due.liquidations {
            let Some(case) = self.open_case(tx, *id, trigger) else {
                continue;
            };
            if let Execution::Engine { keeper } = self.execution {
                let savepoint = tx.savepoint();
                if let Err(reason) = self.try_liquidate(tx, &case, trigger, keeper) {
                    tx.rollback(savepoint);
                    self.blocked(tx, &case, reason);
                }
            }
        }
        for (_, id, trigger) in &due.forced {
            match self.execution {
                Execution::Keepers => {
                    self.open_case(tx, *id, trigger);
                }
                Execution::Engine { .. } => self.force_out(tx, *id),
            }
        }
    }

    /// Forces a position out if the limit still says so at its turn.
    fn force_out(&mut self, tx: &mut Tx<'_>, id: PositionId) {
        let Ok(position) = self.position(id) else {
            return;
        };
        let tvl = tx.balance(self.house.vault);
        let collateral = tx.balance(position.collateral);
        let now = tx.now;
        let found = self.with_judged(&position, collateral, tvl, |_, judged, at| {
            judged.verdict.map(|rule| judged.trigger(rule, now, at))
        });
        match found {
            Some(Some(Ok(trigger))) if trigger.rule == Rule::ProfitOverLimit => {
                let Some(case) = self.open_case(tx, id, &trigger) else {
                    return;
                };
                let savepoint = tx.savepoint();
                if let Err(reason) = self.try_force_close(tx, &case, &trigger) {
                    tx.rollback(savepoint);
                    self.blocked(tx, &case, reason);
                }
            }
            // Within the limit again, or another rule now: the next round looks at it.
            _ => self.watching.pending.push(id.slot()),
        }
    }

    /// The case of a position under a rule: the one that is open, or a new one.
    pub(super) fn open_case(
        &mut self,
        tx: &mut Tx<'_>,
        id: PositionId,
        trigger: &Trigger,
    ) -> Option<Case> {
        let position = self.positions.get(id).copied()?;
        let key = (position.market, id);
        if let Some(case) = self.cases.get(&key)
            && case.trigger.rule == trigger.rule
        {
            return Some(*case);
        }
        self.recovered(tx, position.market, id);
        let target = Target {
            venue: tx.venue,
            market: position.market,
            account: position.owner,
            position: Some(id),
        };
        let case = Case {
            id: tx.next_case(),
            target,
            trigger: *trigger,
        };
        tx.emit(CaseEvent::Opened(case));
        self.watching.disarm(id);
        if self.execution == Execution::Keepers {
            self.cases.insert(key, case);
        }
        Some(case)
    }

    /// The position is healthy: whatever was open about it is over.
    fn recovered(&mut self, tx: &mut Tx<'_>, market: MarketId, id: PositionId) {
        if !self.registered.is_empty() {
            self.registered.remove(&id);
        }
        if self.cases.is_empty() {
            return;
        }
        if let Some(case) = self.cases.remove(&(market, id)) {
            tx.emit(CaseEvent::Closed {
                case: case.id,
                target: case.target,
                outcome: Outcome::Recovered,
            });
        }
    }

    /// The case stays open until its market has another price.
    fn blocked(&mut self, tx: &mut Tx<'_>, case: &Case, reason: BlockedReason) {
        tx.emit(CaseEvent::Blocked {
            case: case.id,
            reason,
        });
        if let Some(id) = case.target.position {
            self.cases.insert((case.target.market, id), *case);
        }
    }

    /// The indices of a market now, without touching the watch.
    pub(super) fn indices_of(&self, market: MarketId, tx: &Tx<'_>) -> Indices {
        let market = self.markets.get(market.index());
        market.map(|m| m.indices(tx.now)).unwrap_or_default()
    }
}

impl Due {
    fn add(&mut self, id: PositionId, trigger: Trigger) {
        match trigger.rule {
            Rule::ProfitOverLimit => {
                let excess = trigger.equity.saturating_sub(trigger.requirement);
                self.forced.push((excess, id, trigger));
            }
            _ => self.liquidations.push((id, trigger)),
        }
    }

    fn sort(&mut self) {
        self.liquidations.sort_unstable_by_key(|(id, _)| *id);
        let by_excess =
            |&(excess, id, _): &(i128, PositionId, Trigger)| (std::cmp::Reverse(excess), id);
        self.forced.sort_unstable_by_key(by_excess);
    }
}
