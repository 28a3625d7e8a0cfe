//! One liquidation, or one forced close, told as a story from the state just before its command.
//!
//! The command is carried out on copies of the venue and the books, so the movements told are
//! those that happen; the arithmetic is told from the functions that decide, and what would have
//! prevented it is found by asking them again.

use plimsoll_units::{
    Amount, ArithmeticError, Notional, PositionId, Price, Rounding, Side, Timestamp, VenueId,
};

use super::config::Check;
use super::health::{Judged, allowed_loss, profit_pct};
use super::market::Market;
use super::position::Position;
use super::{Closing, Command, Event as Happened, Refusal, TsunamiX};
use crate::ledger::{HolderKind, Ledger, Movement};
use crate::liquidation::story::{Chapter, Story};
use crate::liquidation::{CaseEvent, Outcome, Rule, Target};
use crate::margin::isolated::{Boundary, Isolated};
use crate::{Event, Rejection, Tx};

/// What happened to one position while the command was carried out.
#[derive(Debug, Default)]
struct Course {
    movements: Vec<Movement>,
    closing: Option<Closing>,
    shortfall: i128,
    rule: Option<Rule>,
    /// What the vault won (or paid) in the same command before it was this position's turn.
    vault_before: i128,
}

/// What a story is told from: the moment just before the position is taken.
struct Scene<'a> {
    venue: &'a TsunamiX,
    market: &'a Market,
    ledger: &'a Ledger,
    position: Position,
    id: PositionId,
    price: Price<18>,
    judged: Judged,
    course: &'a Course,
    now: Timestamp,
}

impl TsunamiX {
    /// The story of how `command`, given at `now`, ended a position; from the state and the books
    /// just before it.
    ///
    /// # Errors
    /// When the command is refused, or does not end the position by one of the two rules.
    pub fn explain(
        &self,
        ledger: &Ledger,
        venue: VenueId,
        id: PositionId,
        now: Timestamp,
        command: &Command,
    ) -> Result<Story, Rejection> {
        let course = self.course(ledger, venue, id, now, command)?;
        let rule = course.rule.ok_or(Refusal::NotLiquidatable(id))?;
        let (mut before, mut books) = (self.clone(), ledger.clone());
        let (mut events, mut next_case) = (Vec::new(), 0);
        let mut tx = Tx::new(now, venue, &mut books, &mut events, &mut next_case);
        before.stand_before_sweep(&mut tx, command)?;
        let position = before.position(id)?;
        let market = before.market(position.market)?;
        let price = Price::from_raw(market.feed.price);
        let tvl = self
            .tvl(ledger)
            .add(Amount::from_raw(course.vault_before))?;
        let collateral = books.balance(position.collateral);
        let judged = before.judged_as(&position, collateral, price, (now, tvl))?;
        let scene = Scene {
            venue: &before,
            market,
            ledger: &books,
            position,
            id,
            price,
            judged,
            course: &course,
            now,
        };
        match rule {
            Rule::ProfitOverLimit => scene.forced_close(tvl),
            _ => scene.liquidation(),
        }
    }

    /// Does what the command does before anybody is liquidated.
    fn stand_before_sweep(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        if tx.now >= self.epoch_ends {
            self.roll_epochs(tx);
        }
        match command {
            Command::Liquidate { .. } | Command::ForceClose { .. } => Ok(()),
            other => self.act(tx, other),
        }
    }

    /// Carries the command out on copies and keeps what concerns the position.
    fn course(
        &self,
        ledger: &Ledger,
        venue: VenueId,
        id: PositionId,
        now: Timestamp,
        command: &Command,
    ) -> Result<Course, Rejection> {
        let (mut after, mut books) = (self.clone(), ledger.clone());
        let (mut events, mut next_case) = (Vec::new(), 0);
        let mut tx = Tx::new(now, venue, &mut books, &mut events, &mut next_case);
        after.apply(&mut tx, command)?;
        let open = self.cases.iter().find(|((_, position), _)| *position == id);
        let mut course = Course {
            rule: open.map(|(_, case)| case.trigger.rule),
            ..Course::default()
        };
        // The movements of a case end with its closing; those before belong to other cases.
        for event in &events {
            match event {
                Event::Money(movement) => course.movements.push(*movement),
                Event::TsunamiX(Happened::Closed(closing)) if closing.position == id => {
                    course.closing = Some(*closing);
                }
                Event::Case(CaseEvent::Opened(case)) if is(&case.target, id) => {
                    course.rule = Some(case.trigger.rule);
                    course.begin();
                }
                Event::Case(CaseEvent::Opened(_)) => course.begin(),
                Event::Case(CaseEvent::Closed {
                    target,
                    outcome: Outcome::Liquidated { shortfall },
                    ..
                }) if is(target, id) => {
                    course.shortfall = *shortfall;
                    return Ok(course);
                }
                _ => {}
            }
        }
        Err(Refusal::NotLiquidatable(id).into())
    }
}

fn is(target: &Target, id: PositionId) -> bool {
    target.position == Some(id)
}

fn money(raw: i128) -> Amount<6> {
    Amount::from_raw(raw)
}

impl Course {
    /// Another case begins: what moved so far is the past.
    fn begin(&mut self) {
        for movement in self.movements.drain(..) {
            let (from, to) = (movement.from.kind, movement.to.kind);
            if to == HolderKind::Vault {
                self.vault_before = self.vault_before.saturating_add(movement.amount);
            }
            if from == HolderKind::Vault {
                self.vault_before = self.vault_before.saturating_sub(movement.amount);
            }
        }
    }
}

impl Scene<'_> {
    fn liquidation(&self) -> Result<Story, Rejection> {
        let lost = money(self.judged.collateral);
        let mut story = Story::new(format!(
            "{} was liquidated at a price of {} on {} and lost its collateral of {lost}.",
            self.who(),
            self.price,
            self.now
        ));
        self.tell_rule(&mut story);
        self.tell_inputs(&mut story);
        self.tell_fees(&mut story)?;
        self.tell_decision(&mut story)?;
        self.tell_movements(&mut story);
        if self.course.shortfall > 0 {
            let label = "loss beyond the collateral, which the vault bears";
            story.tell(Chapter::Movements, label, money(self.course.shortfall));
        }
        self.tell_prevention(&mut story)?;
        Ok(story)
    }

    fn who(&self) -> String {
        format!(
            "{} of {}, a {} of {} in {},",
            self.id,
            self.position.owner,
            self.position.side,
            self.position.size(),
            self.market.params.symbol
        )
    }

    fn tell_rule(&self, story: &mut Story) {
        let rule = match self.venue.rules.check {
            Check::Documented(Boundary::Inclusive) => {
                "liquidated when fees >= threshold x collateral + pnl (TsunamiX V2, Liquidations)"
            }
            Check::Documented(Boundary::Strict) => {
                "liquidated when fees > threshold x collateral + pnl (Vela's documentation)"
            }
            Check::Deployed => {
                "liquidated when pnl - funding - borrowing is a loss of at least threshold x \
                 collateral (LiquidateVault.validateLiquidation)"
            }
        };
        story.tell(Chapter::Rule, "rule", rule);
        let all = "the trader loses all of the collateral";
        story.tell(Chapter::Rule, "consequence", all);
    }

    fn tell_inputs(&self, story: &mut Story) {
        let market = &self.market.params;
        let mut tell = |label: &str, value: &dyn std::fmt::Display| {
            story.tell(Chapter::Inputs, label, value);
        };
        tell("price", &self.price);
        tell("oracle version", &self.market.feed.version);
        tell("size (notional at entry)", &self.position.size());
        tell("average entry price", &self.position.entry());
        tell("collateral", &money(self.judged.collateral));
        tell("threshold", &market.threshold);
        let fee = market.trading_fee_e5;
        tell("trading fee", &format!("{fee} / 100,000"));
    }

    /// Closing fee, funding and borrowing, and the result of the price.
    fn tell_fees(&self, story: &mut Story) -> Result<(), Rejection> {
        let (size, judged) = (self.position.size(), &self.judged);
        let down = Some(Rounding::Down);
        let fee_e5 = self.market.params.trading_fee_e5;
        story.compute(
            "closing fee",
            format!("size x fee = {size} x {fee_e5} / 100,000"),
            money(judged.closing_fee),
            down,
        );
        let accrual = self.position.accrual(&self.market.indices(self.now));
        let (stored, grown) = (accrual.funding_stored, accrual.funding_grown);
        story.compute(
            "funding owed",
            format!("stored {stored} + {size} x index growth {grown} / 1e15"),
            judged.holding.funding,
            down,
        );
        let (stored, grown) = (accrual.borrowing_stored, accrual.borrowing_grown);
        story.compute(
            "borrowing owed",
            format!("stored {stored} + {size} x rate x time {grown} / 3.6e12"),
            judged.holding.borrowing,
            down,
        );
        let (entry, price) = (self.position.entry(), self.price);
        let move_text = match self.position.side {
            Side::Long => format!("({price} - {entry})"),
            Side::Short => format!("({entry} - {price})"),
        };
        story.compute(
            "pnl",
            format!("{size} x {move_text} / {entry}"),
            judged
                .exposure
                .pnl_truncated(price)
                .map_err(Refusal::from)?,
            down,
        );
        Ok(())
    }

    fn tell_decision(&self, story: &mut Story) -> Result<(), Rejection> {
        let judged = &self.judged;
        let params = &self.market.params;
        let kept = allowed_loss(self.market, judged.collateral)?;
        let (threshold, collateral) = (params.threshold, money(judged.collateral));
        story.compute(
            "threshold x collateral",
            format!("{threshold} x {collateral}"),
            money(kept),
            Some(Rounding::Floor),
        );
        let fees = match self.venue.rules.check {
            Check::Documented(_) => judged.held.checked_add(judged.closing_fee),
            Check::Deployed => Some(judged.held),
        };
        let fees = money(fees.ok_or(ArithmeticError::Overflow)?);
        story.compute(
            "fees",
            "closing + funding + borrowing, as the rule counts",
            fees,
            None,
        );
        let pnl = judged
            .exposure
            .pnl_truncated(self.price)
            .map_err(Refusal::from)?;
        let room = money(kept).add(pnl)?;
        story.compute(
            "left of the threshold",
            "threshold x collateral + pnl",
            room,
            None,
        );
        story.compute(
            "decision",
            format!("fees {fees} against {room}"),
            "liquidatable",
            None,
        );
        let isolated = Isolated {
            exposure: judged.exposure,
            collateral,
            fees,
        };
        let delta = isolated.delta(threshold).map_err(Refusal::from)?;
        story.compute(
            "deltaLiqPercent",
            "(threshold x collateral - fees) / size",
            delta.to_text(12, Rounding::HalfEven)?,
            Some(Rounding::HalfEven),
        );
        let shown = isolated
            .display_price(threshold, 18)
            .map_err(Refusal::from)?;
        story.compute(
            "liquidation price",
            "entry x (1 - side x deltaLiqPercent)",
            shown.unwrap_or_else(|| "none".to_owned()),
            Some(Rounding::HalfEven),
        );
        Ok(())
    }

    fn tell_movements(&self, story: &mut Story) {
        for movement in &self.course.movements {
            let label = format!("{} -> {}, {}", movement.from, movement.to, movement.reason);
            story.tell(Chapter::Movements, label, money(movement.amount));
        }
    }

    fn tell_prevention(&self, story: &mut Story) -> Result<(), Rejection> {
        let collateral = self.judged.collateral;
        let room = self.position.size().raw().saturating_sub(collateral);
        let more = least(1, room, |more| {
            self.survives(&self.position, collateral.checked_add(more)?, self.price)
        });
        let more = more.map_or("none: not even leverage 1 would do".to_owned(), |raw| {
            format!("at least {}", money(raw))
        });
        story.tell(Chapter::Prevention, "more collateral", more);
        if let Some(price) = self.safe_price() {
            let way = match self.position.side {
                Side::Long => "at or above",
                Side::Short => "at or below",
            };
            story.tell(Chapter::Prevention, "a price", format!("{way} {price}"));
        }
        let taken = least(1, self.position.size().raw().saturating_sub(1), |taken| {
            let indices = self.market.indices(self.now);
            let taken = Notional::from_raw(taken);
            let (rest, _) = self.position.shrunk(taken, &indices).ok()?;
            self.survives(&rest, collateral, self.price)
        });
        if let Some(taken) = taken {
            let size = self.position.size().sub(Notional::from_raw(taken))?;
            let ratio = plimsoll_units::Ratio::new(size.raw().into(), collateral.into())?;
            let leverage = ratio.to_text(2, Rounding::Down)?;
            let text = format!("at most {leverage}x: a size of {size} on the same collateral");
            story.tell(Chapter::Prevention, "lower leverage", text);
        }
        Ok(())
    }

    /// Whether the liquidation rule would have spared a position.
    fn survives(&self, position: &Position, collateral: i128, price: Price<18>) -> Option<bool> {
        let tvl = self.venue.tvl(self.ledger);
        let at = (self.now, tvl);
        let judged = self.venue.judged_as(position, collateral, price, at).ok()?;
        Some(judged.verdict != Some(Rule::FeesOverThreshold))
    }

    /// The market's first price, coming from the losing side, at which the position was safe.
    fn safe_price(&self) -> Option<Price<18>> {
        let tick = self.market.params.tick.raw();
        let edge = self.judged.exposure.losing_price(self.judged.target).ok()?;
        let steps = match self.position.side {
            Side::Long => edge.div_euclid(tick).checked_add(1)?,
            Side::Short => edge
                .checked_add(tick)?
                .checked_sub(1)?
                .div_euclid(tick)
                .checked_sub(1)?,
        };
        let price = Price::from_raw(steps.checked_mul(tick)?);
        let safe = self.survives(&self.position, self.judged.collateral, price)?;
        (price.is_positive() && safe).then_some(price)
    }

    fn forced_close(&self, tvl: Amount<6>) -> Result<Story, Rejection> {
        let closing = self
            .course
            .closing
            .ok_or(Refusal::ProfitWithinLimit(self.id))?;
        let (payout, price) = (closing.payout, closing.price);
        let who = self.who();
        let mut story = Story::new(format!(
            "{who} was closed by the profit limit at a price of {price} on {} and paid {payout}.",
            self.now
        ));
        let rule = "closed when the profit of one trade is above its share of the vault \
                    (TsunamiX V2, Profit Limits)";
        story.tell(Chapter::Rule, "rule", rule);
        let first = "the limit is applied first, then the trader is paid";
        story.tell(Chapter::Rule, "consequence", first);
        self.tell_inputs(&mut story);
        story.tell(Chapter::Inputs, "the vault's own money", tvl);
        story.tell(Chapter::Inputs, "realised before", self.position.realised());
        self.tell_fees(&mut story)?;
        let pct = profit_pct(&self.venue.rules, self.market);
        let (cap, open) = (
            self.judged.allowance.cap,
            closing.credited.add(closing.excess)?,
        );
        let limit = format!("{tvl} x {pct} / 100,000");
        story.compute("limit", limit, cap, Some(Rounding::Floor));
        story.compute("open profit", "pnl - funding - borrowing", open, None);
        story.compute(
            "credited",
            format!("min({open}, limit - realised)"),
            closing.credited,
            None,
        );
        story.compute("excess", "stays in the vault", closing.excess, None);
        story.compute(
            "payout",
            "collateral + credited - closing fee",
            closing.payout,
            None,
        );
        self.tell_movements(&mut story);
        let limit = plimsoll_units::Wide::from(self.judged.tolerated);
        let limit = limit.mul(crate::margin::isolated::TARGET_SCALE.into())?;
        let edge = self
            .judged
            .exposure
            .price_at(limit)
            .map_err(Refusal::from)?;
        let way = match self.position.side {
            Side::Long => "at or below",
            Side::Short => "at or above",
        };
        let edge = edge.to_text(18, Rounding::HalfEven)?;
        story.tell(Chapter::Prevention, "a price", format!("{way} {edge}"));
        let pct = i128::from(pct);
        let profit = open.add(self.position.realised().max(Amount::ZERO))?;
        let vault = profit.mul_ratio(crate::limits::profit::PCT_ONE, pct, Rounding::Ceil)?;
        story.tell(
            Chapter::Prevention,
            "a larger vault",
            format!("at least {vault}"),
        );
        Ok(story)
    }
}

/// The least number between `low` and `high` for which `holds`, which once true stays true.
fn least(low: i128, high: i128, holds: impl Fn(i128) -> Option<bool>) -> Option<i128> {
    let (mut low, mut high) = (low, high);
    if low > high || holds(high) != Some(true) {
        return None;
    }
    while low < high {
        let middle = low.checked_add(high.checked_sub(low)?.checked_div(2)?)?;
        if holds(middle)? {
            high = middle;
        } else {
            low = middle.checked_add(1)?;
        }
    }
    Some(low)
}
