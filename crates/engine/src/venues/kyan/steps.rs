//! The stages of the venue's procedure, as a look at an account takes them: each says whether it
//! keeps the account, and then which orders stand for it.

use plimsoll_units::AccountId;

use super::config::Stage;
use super::episode::Episode;
use super::event::{Gone, Guard, PhaseName};
use super::health::Health;
use super::machine::Look;
use super::wanted::{Desired, Hedging};
use super::{Event, InstrumentId, Kyan};
use crate::auction::Clock;
use crate::margin::portfolio::decompose::{Component, Kind};
use crate::{Rejection, Tx};

impl Kyan {
    fn episode(&self, id: AccountId) -> Result<&Episode, Rejection> {
        let episode = self.account(id)?.episode();
        episode.ok_or_else(|| super::Refusal::NoAuction(id).into())
    }

    fn episode_mut(&mut self, id: AccountId) -> Result<&mut Episode, Rejection> {
        let episode = self.account_mut(id)?.episode.as_deref_mut();
        episode.ok_or_else(|| super::Refusal::NoAuction(id).into())
    }

    /// Step 1.
    pub(super) fn hedge_stage(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        health: &Health,
    ) -> Result<Option<Look>, Rejection> {
        let account = self.account(id)?;
        let episode = self.episode(id)?;
        // Once partners or an auction have it, there is no way back to step 1.
        if episode.hedge_over || is_late(episode.phase) {
            return Ok(None);
        }
        let marked = self.marked(account.pair)?;
        let any_condition = self.guards.any_delta_condition;
        let hedging = marked.hedging(health, any_condition, self.guards.hedge_must_lower)?;
        let timeout = marked.pair.params.hedge.timeout;
        let (phase, order) = match hedging {
            Hedging::Close(order) => (PhaseName::PerpClose, order),
            Hedging::Hedge(order) => (PhaseName::Hedging, order),
            Hedging::Nothing(guards) => {
                for (guard, why) in guards {
                    self.guarded(tx, id, guard, InstrumentId::PERPETUAL, why)?;
                }
                return Ok(None);
            }
        };
        self.enter(tx, id, phase, health)?;
        if self.episode(id)?.clock.elapsed(tx.now)? >= timeout {
            self.remove_engine_orders(tx, id, Gone::TimedOut)?;
            self.episode_mut(id)?.hedge_over = true;
            return Ok(None);
        }
        self.reconcile(tx, id, &[order]).map(Some)
    }

    /// Step 2.
    pub(super) fn decompose_stage(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        health: &Health,
    ) -> Result<Option<Look>, Rejection> {
        let account = self.account(id)?;
        // "This step is only used for portfolios with options."
        if account.is_perpetual_only() || is_late(self.episode(id)?.phase) {
            return Ok(None);
        }
        let marked = self.marked(account.pair)?;
        let components = marked.components(health)?;
        self.enter(tx, id, PhaseName::Decomposing, health)?;
        self.tell_ranking(tx, id, &components)?;
        for component in &components {
            // Synthetics are closed only in a bankruptcy.
            if component.kind == Kind::Synthetic {
                continue;
            }
            if let Some(look) = self.close_component(tx, id, health, component)? {
                return Ok(Some(look));
            }
        }
        self.remove_engine_orders(tx, id, Gone::NotNeeded)?;
        Ok(None)
    }

    fn tell_ranking(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        components: &[Component],
    ) -> Result<(), Rejection> {
        let marked = self.marked(self.account(id)?.pair)?;
        let keys = components.iter().map(|c| marked.key(c));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if self.episode(id)?.told == keys {
            return Ok(());
        }
        let ranked = components.iter().map(|c| marked.ranked(c));
        let ranked = ranked.collect::<Result<Vec<_>, _>>()?;
        let case = self.episode(id)?.case.id;
        self.episode_mut(id)?.told = keys;
        tx.emit(Event::Decomposed {
            case,
            account: id,
            ranked,
        });
        Ok(())
    }

    /// Tries to close one component; `None` when it is left for the next.
    fn close_component(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        health: &Health,
        component: &Component,
    ) -> Result<Option<Look>, Rejection> {
        let pair = self.account(id)?.pair;
        let marked = self.marked(pair)?;
        let terms = marked.pair.params.decompose;
        let key = marked.key(component)?;
        let order = marked.leg(Stage::Decompose, component, (terms.incentive, 0))?;
        let Some(order) = order else {
            return Ok(None);
        };
        let episode = self.episode(id)?;
        if episode.timed_out.contains(&key) {
            return Ok(None);
        }
        let fee = self.liquidation_fee(pair, order.instrument)?;
        if self.guards.close_must_help && !marked.close_helps(health, component, fee)? {
            let why = "closing it would not lower maintenance margin minus equity".to_owned();
            self.guarded(tx, id, Guard::CloseMustHelp, order.instrument, why)?;
            return Ok(None);
        }
        let now = tx.now;
        let clock = match &episode.component {
            Some((current, clock)) if *current == key => *clock,
            _ => Clock::start(now),
        };
        if clock.elapsed(now)? >= terms.timeout {
            self.remove_engine_orders(tx, id, Gone::TimedOut)?;
            let episode = self.episode_mut(id)?;
            episode.component = None;
            episode.timed_out.push(key);
            return Ok(None);
        }
        self.episode_mut(id)?.component = Some((key, clock));
        self.reconcile(tx, id, &[order]).map(Some)
    }

    /// Step 3.
    pub(super) fn auction_stage(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        health: &Health,
    ) -> Result<Option<Look>, Rejection> {
        let pair = self.account(id)?.pair;
        let offered = self.marked(pair)?.offered(health)?;
        if offered.is_empty() {
            return Ok(None);
        }
        self.enter(tx, id, PhaseName::Auction, health)?;
        let now = tx.now;
        let mut orders = Vec::with_capacity(offered.len());
        let mut running = false;
        for (instrument, held) in offered {
            let clock = self.auction_clock(id, instrument, now)?;
            let params = &self.pair(pair)?.params;
            let ladder = if instrument.is_perpetual() {
                params.perpetuals
            } else {
                params.options
            };
            let elapsed = clock.elapsed(now)?;
            running |= !ladder.is_exhausted(elapsed);
            let level = ladder.level(elapsed);
            let incentive = (ladder.incentive(level)?, level);
            let marked = self.marked(pair)?;
            orders.extend(marked.offer(Stage::Auction, (instrument, held), incentive)?);
        }
        if !running || orders.is_empty() {
            self.remove_engine_orders(tx, id, Gone::TimedOut)?;
            return Ok(None);
        }
        self.tell_levels(tx, id, &orders)?;
        self.reconcile(tx, id, &orders).map(Some)
    }

    /// The clock of an instrument's auction; it starts when the instrument is first offered.
    fn auction_clock(
        &mut self,
        id: AccountId,
        instrument: InstrumentId,
        now: plimsoll_units::Timestamp,
    ) -> Result<Clock, Rejection> {
        if let Some(clock) = self.episode(id)?.auction(instrument) {
            return Ok(*clock);
        }
        let clock = Clock::start(now);
        self.episode_mut(id)?.auctions.push((instrument, clock));
        Ok(clock)
    }

    /// Reports the levels that have changed since the orders that stand were priced.
    fn tell_levels(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        orders: &[Desired],
    ) -> Result<(), Rejection> {
        let episode = self.episode(id)?;
        let case = episode.case.id;
        let told = orders.iter().filter(|order| {
            let mut working = episode.orders.iter();
            let stands = working.find(|w| w.instrument == order.instrument);
            stands.is_some_and(|w| w.level != order.level)
        });
        for order in told {
            tx.emit(Event::Level {
                case,
                account: id,
                instrument: order.instrument,
                level: order.level,
            });
        }
        Ok(())
    }
}

/// Whether a phase comes after the first two steps.
const fn is_late(phase: PhaseName) -> bool {
    matches!(
        phase,
        PhaseName::Auction | PhaseName::HandingOff | PhaseName::Bankrupt
    )
}
