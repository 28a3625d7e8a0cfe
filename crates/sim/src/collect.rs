//! What one venue's events add up to: cases, flows, rewards, refusals.
//!
//! Fed with every event in order. It holds what is still open and what is done, never the events
//! themselves, so its size follows the liquidations and not the commands.

use std::collections::BTreeMap;

use plimsoll_engine::ledger::{Asset, HolderKind, Movement, Reason};
use plimsoll_engine::liquidation::{BlockedReason, Case, CaseEvent, Outcome, StageKind};
use plimsoll_engine::{Event, Rejection};
use plimsoll_units::{AssetId, CaseId, Rounding, Timestamp, VenueId, mul_div};

use crate::results::{Amount, Exposure, Flow, Liquidation, Refused};

/// A case being followed.
#[derive(Debug, Clone, Copy)]
struct Open {
    case: Case,
    market: usize,
    exposure: Exposure,
    reward: i128,
    /// When it was carried out.
    executed: Option<Timestamp>,
    /// The size that was closed, where a stage says so: a liquidation may close a part.
    size: Option<i128>,
    /// Notional that stages have closed so far, money.
    done: i128,
}

/// The tally of one venue.
#[derive(Debug)]
pub struct Collector {
    venue: VenueId,
    decimals: u32,
    /// Decimals of the prices that open cases.
    price_decimals: u32,
    /// Whether a case that closed something and then recovered was carried through.
    in_steps: bool,
    open: BTreeMap<CaseId, Open>,
    /// The case that money of the current command belongs to: the last one opened or worked on.
    current: Option<CaseId>,
    flows: BTreeMap<(HolderKind, HolderKind, Reason, AssetId), (i128, u64)>,
    refusals: BTreeMap<String, Refused>,
    /// The newest case of an account in a market, for rewards that its collateral pays later.
    newest: BTreeMap<(u16, u64), CaseId>,
    /// The rows of `liquidations`, by case.
    rows: BTreeMap<CaseId, usize>,
    /// Every liquidation carried through.
    pub liquidations: Vec<Liquidation>,
    /// Cases opened so far.
    pub opened: u64,
    /// Cases that ended because the account recovered.
    pub recovered: u64,
    /// Times a due liquidation could not be carried out, by the reason.
    pub blocked: BTreeMap<BlockedReason, u64>,
    /// Paid to liquidators, raw.
    pub rewards: i128,
    /// Position value closed by liquidations, at the prices that triggered, raw.
    pub closed_notional: i128,
    /// Events seen.
    pub events: u64,
}

impl Collector {
    /// A tally for `venue`, whose money and prices have so many decimals.
    #[must_use]
    pub fn new(venue: VenueId, decimals: u32, price_decimals: u32) -> Self {
        Self {
            venue,
            decimals,
            price_decimals,
            in_steps: false,
            open: BTreeMap::new(),
            current: None,
            flows: BTreeMap::new(),
            refusals: BTreeMap::new(),
            newest: BTreeMap::new(),
            rows: BTreeMap::new(),
            liquidations: Vec::new(),
            opened: 0,
            recovered: 0,
            blocked: BTreeMap::new(),
            rewards: 0,
            closed_notional: 0,
            events: 0,
        }
    }

    /// The same for a venue whose liquidations work in steps until an account is healthy: a case
    /// that closed something and then recovered was carried through.
    #[must_use]
    pub const fn in_steps(mut self) -> Self {
        self.in_steps = true;
        self
    }

    /// Takes one event; `shape` tells the scenario's market of a case and which way it was exposed.
    pub fn take(
        &mut self,
        event: &Event,
        now: Timestamp,
        shape: impl FnOnce(&Case) -> (usize, Exposure),
    ) {
        self.events += 1;
        match event {
            Event::Money(movement) => self.money(movement),
            Event::Case(CaseEvent::Opened(case)) => {
                self.opened += 1;
                self.current = Some(case.id);
                let (market, exposure) = shape(case);
                let open = Open {
                    case: *case,
                    market,
                    exposure,
                    reward: 0,
                    executed: None,
                    size: None,
                    done: 0,
                };
                self.open.insert(case.id, open);
                let target = (case.target.market.0, case.target.account.0.into());
                self.newest.insert(target, case.id);
            }
            Event::Case(CaseEvent::Stage {
                case,
                stage,
                amount,
            }) => {
                self.current = Some(*case);
                if let Some(open) = self.open.get_mut(case) {
                    open.executed = open.executed.or(Some(now));
                    if *stage == StageKind::CloseNextVersion {
                        open.size = Some(*amount);
                    }
                    if self.in_steps {
                        open.done = open.done.saturating_add(*amount);
                    }
                }
            }
            Event::Case(CaseEvent::Blocked { reason, .. }) => {
                *self.blocked.entry(*reason).or_default() += 1;
            }
            Event::Case(CaseEvent::Closed { case, outcome, .. }) => {
                self.closed(*case, *outcome, now);
            }
            _ => {}
        }
    }

    /// Tells which case the money of the next events belongs to.
    pub fn working_on(&mut self, case: Option<CaseId>) {
        self.current = case;
    }

    /// Takes one refusal.
    pub fn refuse(&mut self, rejection: &Rejection, name: &str) {
        let refused = self
            .refusals
            .entry(name.to_owned())
            .or_insert_with(|| Refused {
                name: name.to_owned(),
                times: 0,
                first: rejection.to_string(),
            });
        refused.times += 1;
    }

    /// Money between kinds of holders, largest first.
    #[must_use]
    pub fn flows(&self, assets: &[Asset]) -> Vec<Flow> {
        let flow =
            |(&(from, to, reason, asset), &(raw, movements)): (&(_, _, Reason, AssetId), _)| {
                let asset = assets.get(asset.index());
                Flow {
                    from: kind_text(from).to_owned(),
                    to: kind_text(to).to_owned(),
                    reason: reason.text().to_owned(),
                    asset: asset.map_or_else(String::new, |a| a.symbol.clone()),
                    amount: Amount::new(raw, asset.map_or(0, |a| a.decimals)),
                    movements,
                }
            };
        let mut flows: Vec<Flow> = self.flows.iter().map(flow).collect();
        flows.sort_by(|a, b| b.amount.approximate().total_cmp(&a.amount.approximate()));
        flows
    }

    /// Refusals, most frequent first.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refused> {
        let mut refusals: Vec<Refused> = self.refusals.values().cloned().collect();
        refusals.sort_by(|a, b| b.times.cmp(&a.times).then(a.name.cmp(&b.name)));
        refusals
    }

    /// Money that moved for `reason` in all, raw.
    #[must_use]
    pub fn total(&self, reason: Reason) -> i128 {
        self.flows
            .iter()
            .filter(|((_, _, r, _), _)| *r == reason)
            .map(|(_, (raw, _))| raw)
            .sum()
    }

    /// How many movements of money there were.
    #[must_use]
    pub fn movements(&self) -> u64 {
        self.flows.values().map(|(_, times)| times).sum()
    }

    /// Cases still open.
    #[must_use]
    pub fn still_open(&self) -> usize {
        self.open.len()
    }

    fn money(&mut self, movement: &Movement) {
        let key = (
            movement.from.kind,
            movement.to.kind,
            movement.reason,
            movement.asset,
        );
        let (raw, times) = self.flows.entry(key).or_default();
        *raw = raw.saturating_add(movement.amount);
        *times += 1;
        match movement.reason {
            Reason::FirstCallerBounty | Reason::ResolverBounty | Reason::LiquidationReward => {
                self.reward(movement);
            }
            _ => {}
        }
    }

    /// A reward belongs to the case of the account whose collateral pays it, which may be over by
    /// then; a bounty to the case being worked on.
    fn reward(&mut self, movement: &Movement) {
        self.rewards = self.rewards.saturating_add(movement.amount);
        let payer = (movement.from.market.0, movement.from.number);
        let case = match movement.from.kind {
            HolderKind::Collateral => self.newest.get(&payer).copied(),
            _ => self.current,
        };
        let Some(case) = case else { return };
        let row = self.rows.get(&case).copied();
        if let Some(open) = self.open.get_mut(&case) {
            open.reward = open.reward.saturating_add(movement.amount);
        } else if let Some(row) = row.and_then(|at| self.liquidations.get_mut(at)) {
            row.reward.raw = row.reward.raw.saturating_add(movement.amount);
        }
    }

    fn closed(&mut self, id: CaseId, outcome: Outcome, now: Timestamp) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        self.current = None;
        let shortfall = match outcome {
            Outcome::Liquidated { shortfall } => shortfall,
            Outcome::Recovered if open.done > 0 => 0,
            Outcome::Recovered => {
                self.recovered += 1;
                return;
            }
        };
        let amount = |raw| Amount::new(raw, self.decimals);
        let (target, trigger) = (open.case.target, open.case.trigger);
        debug_assert_eq!(target.venue, self.venue);
        let closed = open.size.and_then(|size| {
            let price = trigger.price.saturating_abs();
            mul_div(size, price, 10i128.pow(18), Rounding::Down).ok()
        });
        let closed = if self.in_steps {
            open.done
        } else {
            closed.unwrap_or(trigger.notional).min(trigger.notional)
        };
        self.closed_notional = self.closed_notional.saturating_add(closed);
        self.rows.insert(id, self.liquidations.len());
        self.liquidations.push(Liquidation {
            case: id.0,
            market: open.market,
            account: target.account.0,
            position: target.position.map(|p| p.to_string()),
            side: open.exposure,
            rule: trigger.rule.text().to_owned(),
            triggered: trigger.at.millis(),
            executed: open.executed.unwrap_or(now).millis(),
            // A product may pay the negative of the price; the report shows the price.
            price: Amount::new(trigger.price.saturating_abs(), self.price_decimals),
            notional: amount(trigger.notional),
            collateral: amount(trigger.collateral),
            equity: amount(trigger.equity),
            requirement: amount(trigger.requirement),
            reward: amount(open.reward),
            shortfall: amount(shortfall),
        });
    }
}

/// A kind of holder, for a reader.
#[must_use]
pub const fn kind_text(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::Closed => "nobody",
        HolderKind::Outside => "outside",
        HolderKind::Issuer => "share issuer",
        HolderKind::Wallet => "wallets",
        HolderKind::Position => "positions",
        HolderKind::Collateral => "accounts",
        HolderKind::Vault => "vault",
        HolderKind::Clearing => "clearing",
        HolderKind::Shortfall => "shortfall",
        HolderKind::ProtocolFees => "protocol fees",
        HolderKind::MarketFees => "market owner",
        HolderKind::Dust => "dust",
        HolderKind::PendingReward => "pending rewards",
        HolderKind::Pair => "pair",
        HolderKind::Locked => "locked shares",
        HolderKind::Margin => "margin accounts",
        HolderKind::InsuranceFund => "insurance fund",
        // Kinds of other venues read as they are named in the code.
        #[allow(unreachable_patterns)]
        _ => "other",
    }
}
