//! One liquidation told as a story, from the state before the command that opened it and from its
//! events.
//!
//! The rule is the design's; the arithmetic is done again with the functions that decided; what
//! happened after that is in the events, each with the numbers it was decided on. Words and
//! numbers here are for reading, never for deciding.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use plimsoll_units::{AccountId, ArithmeticError, Fixed, MarketId, Rounding, Timestamp, mul_div};

use super::config::{Acquirer, Lock, Margin, Scenarios};
use super::health::{E5, pips, worth};
use super::{Command, Composed, Event, Position, Taker, accounts};
use crate::ledger::{Holder, HolderKind, Ledger, Movement, Reason};
use crate::liquidation::story::{Chapter, Story};
use crate::liquidation::{Case, CaseEvent, Outcome, StageKind};
use crate::margin::cross::ONE;
use crate::{Event as Any, Rejection};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

impl Event {
    /// The case it belongs to.
    #[must_use]
    pub const fn case(&self) -> Option<plimsoll_units::CaseId> {
        match self {
            Self::Moved { case, .. }
            | Self::Auctioned { case, .. }
            | Self::Socialised { case, .. }
            | Self::Unpaid { case, .. } => Some(*case),
            Self::Marked { .. } | Self::Warned { .. } | Self::Relieved { .. } => None,
        }
    }
}

/// Whether an event of the venue is part of a case's story: it carries its number, or is money of
/// its account that is not the price of a position.
#[must_use]
pub fn concerns(event: &Any, case: &Case) -> bool {
    match event {
        Any::Composed(event) => event.case() == Some(case.id),
        Any::Case(event) => match event {
            CaseEvent::Opened(opened) => opened.id == case.id,
            CaseEvent::Stage { case: id, .. }
            | CaseEvent::Blocked { case: id, .. }
            | CaseEvent::Closed { case: id, .. } => *id == case.id,
        },
        Any::Money(movement) => {
            let own = |holder: Holder| {
                holder.kind == HolderKind::Margin
                    && holder.venue == case.target.venue
                    && holder.number == u64::from(case.target.account.0)
            };
            let price = matches!(
                movement.reason,
                Reason::Trade
                    | Reason::Acquisition
                    | Reason::HandOff
                    | Reason::AuctionPayment
                    | Reason::Deleveraging
            );
            !price && (own(movement.from) || own(movement.to))
        }
        _ => false,
    }
}

/// What is remembered while a story is told.
struct Telling<'a> {
    venue: &'a Composed,
    case: &'a Case,
    marks: BTreeMap<MarketId, u64>,
    story: Story,
    /// Payments by who paid whom for what.
    paid: BTreeMap<(String, String, Reason), i128>,
    /// What takers won against the mark by what they took.
    gained: BTreeMap<String, i128>,
    ended: Option<Outcome>,
}

impl Composed {
    /// Tells a case. `self` and `ledger` are as they were before `opening`, the command that
    /// opened it; `steps` are the events from then on for which [`concerns`] holds.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn tell(
        &self,
        ledger: &Ledger,
        case: &Case,
        opening: &Command,
        steps: &[(Timestamp, Any)],
    ) -> Result<Story, Rejection> {
        let mut marks: BTreeMap<MarketId, u64> = self
            .market_ids()
            .filter_map(|market| Some((market, self.mark(market).ok()?)))
            .collect();
        if let Command::Prices(prices) = opening {
            marks.extend(prices.iter().copied());
        }
        let mut telling = Telling {
            venue: self,
            case,
            marks,
            story: Story::default(),
            paid: BTreeMap::new(),
            gained: BTreeMap::new(),
            ended: None,
        };
        telling.rule();
        telling.arithmetic(ledger)?;
        for (at, event) in steps {
            telling.event(*at, event)?;
        }
        Ok(telling.end())
    }
}

impl Telling<'_> {
    fn rule(&mut self) {
        let config = &self.venue.config;
        let margin = match &config.margin {
            Margin::Isolated => "isolated margin: one position, its own collateral behind it",
            Margin::Versioned => {
                "versioned margin: one position; liquidations settle at the next price"
            }
            Margin::Cross => "cross margin: one balance behind all positions, requirements add up",
            Margin::Portfolio(_) => {
                "portfolio margin: the largest loss over the design's scenarios, and at least a \
                 share of gross notional"
            }
        };
        let lock = match config.lock {
            Lock::None => "nothing beyond what margin asks",
            Lock::DepositsOnly => "everything but deposits",
            Lock::All => "everything",
        };
        let stages: Vec<&str> = config.procedure.iter().map(|s| s.kind().name()).collect();
        let trigger = &config.trigger;
        let mut when = "equity below the requirement, strictly".to_owned();
        if trigger.confirmations > 1 {
            when += &format!(", at {} prices in a row", trigger.confirmations);
        }
        if trigger.grace.0 > 0 {
            when += &format!(", for {}", trigger.grace);
        }
        if trigger.grace.0 > 0 && trigger.urgent_e5 > 0 {
            let urgent = Fixed::<3>::from_raw(trigger.urgent_e5.into());
            when += &format!("; without waiting at {urgent} % of the requirement or less");
        }
        let rows = [
            ("the design", margin.to_owned()),
            ("a case is opened when", when),
            ("locked meanwhile", lock.to_owned()),
            ("stages, in order", stages.join(", ")),
        ];
        for (label, value) in rows {
            self.story.tell(Chapter::Rule, label, value);
        }
    }

    /// The numbers of the trigger, done again where the account is still as it was.
    fn arithmetic(&mut self, ledger: &Ledger) -> Result<(), Rejection> {
        let (trigger, account) = (self.case.trigger, self.case.target.account);
        if let Some(warning) = self.venue.warnings().get(&account) {
            self.story
                .tell(Chapter::Inputs, "under since", warning.since);
            let label = "prices that found it under, before this";
            self.story.tell(Chapter::Inputs, label, warning.prices);
        }
        let positions = self.venue.positions(account).to_vec();
        let balance = self.venue.balance(ledger, account).unwrap_or(0);
        self.story.tell(Chapter::Inputs, "balance", money(balance));
        let mut value = balance.checked_mul(PIP).ok_or(OVERFLOW)?;
        for position in &positions {
            let mark = self.mark(position.market);
            let label = format!("holds in {}", position.market);
            let text = format!(
                "{} for {}, mark {}",
                size(position.size),
                money(position.entry),
                price(mark)
            );
            self.story.tell(Chapter::Inputs, label, text);
            let worth = worth(position.size, mark)?;
            value = value.checked_add(worth).ok_or(OVERFLOW)?;
            self.story.compute(
                format!("worth in {}", position.market),
                format!("{} x {}", size(position.size), price(mark)),
                money(pips(worth, Rounding::Floor)?),
                Some(Rounding::Floor),
            );
        }
        let equity = pips(value, Rounding::Floor)?;
        self.story.compute(
            "equity",
            "balance + what the positions are worth",
            money(trigger.equity),
            Some(Rounding::Floor),
        );
        if equity != trigger.equity {
            let text = "the command that opened the case had changed the account before";
            self.story.tell(Chapter::Arithmetic, "note", text);
        }
        self.requirement(&positions)?;
        self.story.compute(
            "equity below the requirement",
            format!("{} < {}", money(trigger.equity), money(trigger.requirement)),
            "the rule is met",
            None,
        );
        self.prevention(&positions)
    }

    fn requirement(&mut self, positions: &[Position]) -> Result<(), Rejection> {
        let formula = match &self.venue.config.margin {
            Margin::Portfolio(scenarios) => self.scenario(scenarios, positions)?,
            _ => {
                let part = |p: &Position| {
                    let market = self.venue.config.markets.get(p.market.index());
                    let fraction = price(market.map_or(0, |m| m.maintenance));
                    format!(
                        "{} x {} x {fraction}",
                        size_of_magnitude(p.size),
                        price(self.mark(p.market))
                    )
                };
                positions.iter().map(part).collect::<Vec<_>>().join(" + ")
            }
        };
        self.story.compute(
            "requirement",
            formula,
            money(self.case.trigger.requirement),
            Some(Rounding::Ceil),
        );
        Ok(())
    }

    /// The scenario that asks for most, in words.
    fn scenario(&self, scenarios: &Scenarios, positions: &[Position]) -> Result<String, Rejection> {
        let mut gross = 0i128;
        for p in positions {
            let notional = worth(p.size, self.mark(p.market))?.checked_abs();
            gross = gross
                .checked_add(notional.ok_or(OVERFLOW)?)
                .ok_or(OVERFLOW)?;
        }
        let least = scenarios.least_e5;
        // For comparing only: whole double pips.
        let mut most = mul_div(gross, least.into(), E5, Rounding::Floor)?;
        let percent = |e5: i128| Fixed::<3>::from_raw(e5);
        let mut text = format!("{} % of gross notional", percent(least.into()));
        for (at, moves) in scenarios.moves_e5.iter().enumerate() {
            let by = |p: &Position| moves.get(p.market.index()).copied().unwrap_or(0);
            let mut loss = 0i128;
            for p in positions {
                let worth = worth(p.size, self.mark(p.market))?;
                let part = mul_div(worth, by(p).into(), E5, Rounding::Floor)?;
                loss = loss.checked_sub(part).ok_or(OVERFLOW)?;
            }
            if loss > most {
                most = loss;
                let parts = positions
                    .iter()
                    .map(|p| format!("{} by {} %", p.market, percent(by(p).into())));
                let parts = parts.collect::<Vec<_>>().join(", ");
                text = format!("loss in scenario {at}: {parts}");
            }
        }
        Ok(text)
    }

    fn prevention(&mut self, positions: &[Position]) -> Result<(), Rejection> {
        let trigger = self.case.trigger;
        let lacks = trigger.requirement.saturating_sub(trigger.equity);
        self.story.tell(
            Chapter::Prevention,
            "a deposit before that moment of at least",
            money(lacks),
        );
        if !matches!(self.venue.config.margin, Margin::Portfolio(_)) {
            let market = self.case.target.market;
            let found = positions.iter().find(|p| p.market == market);
            if let Some(position) = found {
                self.better_mark(position, lacks)?;
            }
        }
        if self.venue.config.trigger.confirmations <= 1 {
            let text = "a trigger that asks for two prices in a row, had this one been a bad print";
            self.story.tell(Chapter::Prevention, "or", text);
        }
        Ok(())
    }

    /// The mark of the largest position at which equity would have met the requirement.
    fn better_mark(&mut self, position: &Position, lacks: i128) -> Result<(), Rejection> {
        let market = self.venue.config.markets.get(position.market.index());
        let fraction = i128::from(market.map_or(0, |m| m.maintenance));
        let long = position.size > 0;
        let kept = if long {
            PIP.checked_sub(fraction)
        } else {
            PIP.checked_add(fraction)
        };
        let per_unit = mul_div(
            position.size.unsigned_abs().into(),
            kept.ok_or(OVERFLOW)?,
            PIP,
            Rounding::Floor,
        )?;
        if per_unit == 0 {
            return Ok(());
        }
        let by = mul_div(lacks, PIP, per_unit, Rounding::Ceil)?;
        let mark = i128::from(self.mark(position.market));
        let (label, level) = if long {
            ("at or above", mark.saturating_add(by))
        } else {
            ("at or below", mark.saturating_sub(by))
        };
        if level > 0 {
            let label = format!("or a mark of {} {label}", position.market);
            let level = Fixed::<8>::from_raw(level);
            self.story.tell(Chapter::Prevention, label, level);
        }
        Ok(())
    }

    fn event(&mut self, at: Timestamp, event: &Any) -> Result<(), Rejection> {
        match event {
            Any::Composed(event) => return self.own_event(at, event),
            Any::Case(CaseEvent::Stage { stage, amount, .. }) => self.stage(at, *stage, *amount),
            Any::Case(CaseEvent::Blocked { reason, .. }) => {
                let label = format!("{at} nothing more can be done now");
                self.story.tell(Chapter::Arithmetic, label, reason.text());
            }
            Any::Case(CaseEvent::Closed { outcome, .. }) => self.ended = Some(*outcome),
            Any::Money(movement) if self.is_told(movement) => {
                let key = (
                    who(account_of(movement.from)),
                    who(account_of(movement.to)),
                    movement.reason,
                );
                let sum = self.paid.entry(key).or_default();
                *sum = sum.checked_add(movement.amount).ok_or(OVERFLOW)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Money until the case is over; losses are shared right after.
    fn is_told(&self, movement: &Movement) -> bool {
        let debtor = account_of(movement.to) == Some(self.case.target.account);
        self.ended.is_none() || (debtor && movement.reason == Reason::LossSocialised)
    }

    fn stage(&mut self, at: Timestamp, stage: StageKind, amount: i128) {
        let label = format!("{at} stage `{}`", stage.name());
        let value = format!("{} in all", money(amount));
        self.story.tell(Chapter::Arithmetic, label, value);
    }

    fn own_event(&mut self, at: Timestamp, event: &Event) -> Result<(), Rejection> {
        match event {
            Event::Moved {
                market,
                from,
                to,
                taker,
                size: moved,
                price: at_price,
                quote,
                mark,
                ..
            } => {
                let label = format!(
                    "{at} {}: {} from {} to {}",
                    self.taker(*taker),
                    format_args!("{} of {market}", size(*moved)),
                    who(Some(*from)),
                    who(Some(*to))
                );
                let worth = pips(worth(*moved, *mark)?, Rounding::HalfEven)?;
                let got = if *moved < 0 {
                    quote.saturating_neg()
                } else {
                    *quote
                };
                let gained = self.gained.entry(who(Some(*to))).or_default();
                *gained = gained.saturating_add(worth.saturating_sub(got));
                let against = match got.cmp(&worth) {
                    Ordering::Equal => "what it is worth".to_owned(),
                    Ordering::Less => format!("{} less than", money(worth.saturating_sub(got))),
                    Ordering::Greater => format!("{} more than", money(got.saturating_sub(worth))),
                };
                let value = format!(
                    "at {}, which is {against} at the mark of {}",
                    price(*at_price),
                    price(*mark)
                );
                self.story.tell(Chapter::Arithmetic, label, value);
            }
            Event::Auctioned { level, .. } => {
                let label = format!("{at} auctioned");
                let value = format!("level {level} of the ladder");
                self.story.tell(Chapter::Arithmetic, label, value);
            }
            Event::Unpaid { amount, .. } => {
                let label = "nobody paid, and it stays the account's debt";
                self.story.tell(Chapter::Movements, label, money(*amount));
            }
            // Told with the money.
            _ => {}
        }
        Ok(())
    }

    fn taker(&self, taker: Taker) -> &'static str {
        match (taker, self.venue.config.backstops.acquirer) {
            (Taker::Acquirer, Acquirer::Fund) => "taken over by the insurance fund",
            (Taker::Acquirer, Acquirer::Vault) => "taken over by the vault",
            (Taker::Reduced, _) => "reduced at a discount",
            (Taker::Partner, _) => "handed to a partner",
            (Taker::Book, _) => "traded on the book",
            (Taker::Bidder, _) => "bought at auction",
            (Taker::Counterparty, _) => "deleveraged against a counterparty",
            (Taker::Vault, _) => "closed against the vault",
        }
    }

    fn end(mut self) -> Story {
        for ((from, to, reason), amount) in &self.paid {
            let label = format!("{from} to {to}, {reason}");
            self.story.tell(Chapter::Movements, label, money(*amount));
        }
        for (taker, gained) in &self.gained {
            let label = format!("{taker}, against the mark by what it took");
            self.story.tell(Chapter::Movements, label, money(*gained));
        }
        let how = match self.ended {
            Some(Outcome::Recovered) => "recovered before anything was taken".to_owned(),
            Some(Outcome::Liquidated { shortfall: 0 }) => "was liquidated".to_owned(),
            Some(Outcome::Liquidated { shortfall }) => format!(
                "was liquidated, with a loss of {} beyond what it had",
                money(shortfall)
            ),
            None => "is still in liquidation".to_owned(),
        };
        let (target, trigger) = (&self.case.target, &self.case.trigger);
        self.story.headline = format!(
            "{target}: {} at {}, mark {}; it {how}.",
            trigger.rule,
            trigger.at,
            Fixed::<8>::from_raw(trigger.price)
        );
        self.story
    }

    fn mark(&self, market: MarketId) -> u64 {
        self.marks.get(&market).copied().unwrap_or(0)
    }
}

const PIP: i128 = ONE.cast_signed() as i128;

fn account_of(holder: Holder) -> Option<AccountId> {
    let number = u32::try_from(holder.number).ok()?;
    (holder.kind == HolderKind::Margin).then_some(AccountId(number))
}

fn who(account: Option<AccountId>) -> String {
    match account {
        None => "the outside world".to_owned(),
        Some(accounts::STREET) => "the street".to_owned(),
        Some(accounts::FUND) => "the insurance fund".to_owned(),
        Some(accounts::VAULT) => "the vault".to_owned(),
        Some(accounts::KEEPER) => "the keeper".to_owned(),
        Some(account) => account.to_string(),
    }
}

fn money(pips: i128) -> Fixed<8> {
    Fixed::from_raw(pips)
}

fn size(pips: i64) -> Fixed<8> {
    Fixed::from_raw(pips.into())
}

fn size_of_magnitude(pips: i64) -> Fixed<8> {
    Fixed::from_raw(pips.unsigned_abs().into())
}

fn price(pips: u64) -> Fixed<8> {
    Fixed::from_raw(pips.into())
}
