//! One liquidation as a story: for the trader who asks why, and for the auditor.
//!
//! The command that carried it out is applied to a copy, so that what is told happened; the
//! numbers of the rule are those of the moment before the service acted, by the functions that
//! decide. What became of the positions later is told from the events of later commands.

use plimsoll_units::{
    AccountId, Amount, CaseId, MarketId, Price, Rounding, Side, Timestamp, VenueId,
};

use super::event::{Amounts, ServiceEvent};
use crate::backstop::deleverage::Receipt;
use crate::ledger::{Ledger, Reason};
use crate::liquidation::story::{Chapter, Story};
use crate::liquidation::{CaseEvent, Outcome};
use crate::margin::cross::{self, ONE, Totals};
use crate::venues::Execution;
use crate::venues::kuma::{Command, Event, Kuma, Position, Revert};
use crate::{Event as Any, Rejection, Tx};

/// What a story is told from.
struct Scene<'a> {
    /// As it was just before the wallet was taken.
    venue: &'a Kuma,
    ledger: &'a Ledger,
    account: AccountId,
    totals: Totals,
}

fn money(pips: impl Into<i128>) -> Amount<8> {
    Amount::from_raw(pips.into())
}

impl Kuma {
    /// The story of what `command`, applied at `now` to this state, does to `account`; `later`
    /// are the service's events of later commands about the same case.
    ///
    /// # Errors
    /// When the command does not liquidate the account: why.
    pub fn explain(
        &self,
        ledger: &Ledger,
        id: VenueId,
        account: AccountId,
        (now, command): (Timestamp, &Command),
        later: &[ServiceEvent],
    ) -> Result<Story, Rejection> {
        let (mut before, mut books) = (self.clone(), ledger.clone());
        let (mut events, mut next) = (Vec::new(), u64::MAX);
        let mut tx = Tx::new(now, id, &mut books, &mut events, &mut next);
        if self.serves() {
            before.dispatch(&mut tx, command)?;
        }
        let totals = before.totals_with_funding(&books, account)?;
        if !totals.is_liquidatable()? {
            return Err(Revert::MaintenanceMet.into());
        }
        let scene = Scene {
            venue: &before,
            ledger: &books,
            account,
            totals,
        };
        let events = self.rehearse(ledger, id, (now, command))?;
        scene.story(now, &events, later)
    }

    /// What the command does, on copies.
    fn rehearse(
        &self,
        ledger: &Ledger,
        id: VenueId,
        (now, command): (Timestamp, &Command),
    ) -> Result<Vec<Any>, Rejection> {
        let (mut venue, mut books) = (self.clone(), ledger.clone());
        // Cases it opens have the numbers from here on, in this copy alone.
        let (mut events, mut next) = (Vec::new(), u64::MAX.wrapping_shr(1));
        let mut tx = Tx::new(now, id, &mut books, &mut events, &mut next);
        venue.apply(&mut tx, command)?;
        Ok(events)
    }
}

impl Scene<'_> {
    fn story(
        &self,
        now: Timestamp,
        events: &[Any],
        later: &[ServiceEvent],
    ) -> Result<Story, Rejection> {
        let (value, needs) = (self.totals.value_pips()?, self.totals.requirement_pips()?);
        let mut story = Story::new(format!(
            "{} was liquidated on {now}: its account was worth {} and its positions required {}.",
            self.account,
            money(value),
            money(needs),
        ));
        self.rule(&mut story);
        self.inputs(&mut story)?;
        self.arithmetic(&mut story)?;
        self.movements(&mut story, events);
        for event in later {
            self.tell(&mut story, event);
        }
        self.prevention(&mut story)?;
        Ok(story)
    }

    fn rule(&self, story: &mut Story) {
        let rule = "a wallet is liquidated when its account value < its maintenance requirement, \
                    strictly; both over all of its markets, at index prices";
        story.tell(Chapter::Rule, "Kuma, liquidateWalletInMaintenance", rule);
        match self.venue.execution {
            Execution::Keepers => {
                let all = "the insurance fund takes all positions at their bankruptcy prices";
                story.tell(Chapter::Rule, "consequence", all);
            }
            Execution::Engine { .. } => {
                let stages = &self.venue.waterfall.service.procedure;
                let names: Vec<_> = stages.iter().map(|stage| stage.kind().name()).collect();
                story.tell(Chapter::Rule, "procedure", names.join(", "));
            }
        }
    }

    fn inputs(&self, story: &mut Story) -> Result<(), Rejection> {
        let quote = self.venue.quote(self.ledger, self.account)?;
        story.tell(Chapter::Inputs, "quote balance", money(quote));
        let funding = self.venue.outstanding_funding(self.account)?;
        if funding != 0 {
            story.tell(Chapter::Inputs, "funding to be applied", money(funding));
        }
        for (_, position) in self.venue.positions(self.account) {
            let market = self.venue.market(position.market())?;
            let limits = self.venue.limits(self.account, position.market())?;
            let (base, cost) = (position.size().unsigned_abs(), position.cost_basis());
            let entry = cross::mul_frac(cost.unsigned_abs(), ONE, base)?;
            let text = format!(
                "{} {}, entry price {}, index price {}, maintenance fraction {}",
                side(position),
                money(base),
                money(entry),
                money(market.index_price()),
                money(limits.maintenance_margin_fraction),
            );
            story.tell(Chapter::Inputs, market.symbol.clone(), text);
        }
        Ok(())
    }

    fn arithmetic(&self, story: &mut Story) -> Result<(), Rejection> {
        let (value, needs) = (self.totals.value_pips()?, self.totals.requirement_pips()?);
        let down = Some(Rounding::Down);
        story.compute(
            "account value",
            "quote balance + funding + sum of size x index price",
            money(value),
            down,
        );
        story.compute(
            "maintenance requirement",
            "sum of |size| x index price x maintenance fraction",
            money(needs),
            down,
        );
        let decision = format!("{} < {}", money(value), money(needs));
        story.compute("decision", decision, "liquidatable", None);
        for (_, position) in self.venue.positions(self.account) {
            self.bankruptcy(story, position)?;
        }
        Ok(())
    }

    /// The price that leaves the wallet with nothing, in one market.
    fn bankruptcy(&self, story: &mut Story, position: &Position) -> Result<(), Rejection> {
        let id = position.market();
        let market = self.venue.market(id)?;
        let limits = self.venue.limits(self.account, id)?;
        let fraction = limits.maintenance_margin_fraction;
        let (price, size) = (market.index_price(), position.size());
        let quote = cross::bankruptcy_quote(price, fraction, size, &self.totals)?;
        let at = cross::mul_frac(quote, ONE, size.unsigned_abs())?;
        let sign = if size < 0 { "+" } else { "-" };
        story.compute(
            format!("bankruptcy price in {}", market.symbol),
            format!(
                "{} x (1 {sign} {} x account value / requirement)",
                money(price),
                money(fraction)
            ),
            money(at),
            Some(Rounding::Down),
        );
        Ok(())
    }

    /// Tells what the command did to the wallet.
    fn movements(&self, story: &mut Story, events: &[Any]) {
        let case = self.case(events);
        for event in events {
            match event {
                Any::Kuma(Event::Service(event)) if case.is_some() && event.case() == case => {
                    self.tell(story, event);
                }
                Any::Money(movement) if movement.reason == Reason::DustSweep => {
                    let parties = [movement.from, movement.to];
                    if parties
                        .iter()
                        .any(|h| h.number == u64::from(self.account.0))
                    {
                        let label =
                            format!("{} -> {}, {}", movement.from, movement.to, movement.reason);
                        story.tell(Chapter::Movements, label, money(movement.amount));
                    }
                }
                Any::Money(movement)
                    if movement.reason == Reason::Acquisition && !self.venue.serves() =>
                {
                    let label =
                        format!("{} -> {}, {}", movement.from, movement.to, movement.reason);
                    story.tell(Chapter::Movements, label, money(movement.amount));
                }
                Any::Case(CaseEvent::Closed {
                    target,
                    outcome: Outcome::Liquidated { shortfall },
                    ..
                }) if target.account == self.account && *shortfall > 0 => {
                    let label = "owed beyond what the wallet had";
                    story.tell(Chapter::Movements, label, money(*shortfall));
                }
                _ => {}
            }
        }
    }

    fn case(&self, events: &[Any]) -> Option<CaseId> {
        let opened = events.iter().find_map(|event| match event {
            Any::Case(CaseEvent::Opened(case)) if case.target.account == self.account => {
                Some(case.id)
            }
            _ => None,
        });
        let before = self.venue.cases.get(&self.account).map(|open| open.case.id);
        before.or(opened)
    }

    fn prevention(&self, story: &mut Story) -> Result<(), Rejection> {
        let (value, needs) = (self.totals.value_pips()?, self.totals.requirement_pips()?);
        let more = i128::from(needs).saturating_sub(value.into());
        let text = format!("at least {}", money(more));
        story.tell(Chapter::Prevention, "a deposit", text);
        let initial = i128::from(self.venue.initial_requirement(self.account)?);
        let well = initial.saturating_sub(value.into());
        let text = format!("{} to be above the initial requirement", money(well));
        story.tell(Chapter::Prevention, "or a larger one", text);
        for (_, position) in self.venue.positions(self.account) {
            let market = self.venue.market(position.market())?;
            let limits = self.venue.limits(self.account, position.market())?;
            let fraction = limits.maintenance_margin_fraction;
            let (price, size) = (market.index_price(), position.size());
            let others = self.without(position)?;
            let Some(edge) = cross::liquidation_price(&others, size, fraction)? else {
                continue;
            };
            let way = if size < 0 { "below" } else { "above" };
            let text = format!("{way} {}, and it was {}", money(edge), money(price));
            let label = format!("an index price of {}", market.symbol);
            story.tell(Chapter::Prevention, label, text);
        }
        Ok(())
    }

    /// The wallet's totals without one of its positions.
    fn without(&self, left_out: &Position) -> Result<Totals, Rejection> {
        let quote = self.venue.quote(self.ledger, self.account)?;
        let funding = self.venue.outstanding_funding(self.account)?;
        let mut totals = Totals::of_quote(cross::add(quote, funding)?);
        for (_, position) in self.venue.positions(self.account) {
            if position.market() != left_out.market() {
                let market = self.venue.market(position.market())?;
                let limits = self.venue.limits(self.account, position.market())?;
                let fraction = limits.maintenance_margin_fraction;
                totals = totals.with(position.size(), market.index_price(), fraction)?;
            }
        }
        Ok(totals)
    }
}

fn side(position: &Position) -> Side {
    super::take::side_of(position.size())
}

fn price_of(amounts: &Amounts) -> Price<8> {
    let price = cross::mul_frac(amounts.quote, ONE, amounts.base.max(1));
    Price::from_raw(price.unwrap_or(0).into())
}

fn terms(amounts: &Amounts) -> String {
    let (base, quote) = (money(amounts.base), money(amounts.quote));
    let index = money(amounts.index_quote);
    format!(
        "{base} at {}, {quote} in all ({index} at index)",
        price_of(amounts)
    )
}

fn tell_receipt(story: &mut Story, receipt: &Receipt) {
    let label = format!(
        "  {} deleveraged, {} of {} by {}",
        receipt.account, receipt.rank, receipt.of, receipt.policy
    );
    let score = receipt.score;
    let value = format!(
        "{} for {} ({} at index), profit ratio {} x leverage {}, fifth {}",
        money(receipt.quantity),
        money(receipt.quote),
        money(receipt.index_quote),
        money(score.profit_ratio),
        money(score.leverage),
        receipt.quintile,
    );
    story.tell(Chapter::Movements, label, value);
}

impl Scene<'_> {
    /// Tells one hop, or a part of it.
    fn tell(&self, story: &mut Story, event: &ServiceEvent) {
        let (label, value) = match event {
            ServiceEvent::Hop {
                market,
                side,
                stage,
                why,
                asked,
                done,
                ..
            } => (
                format!(
                    "{} of a {side} in {}, because {}",
                    stage.name(),
                    self.symbol(*market),
                    why.text()
                ),
                taken(*asked, done),
            ),
            ServiceEvent::FundUnable { why, .. } => (
                "the fund did not take it over".to_owned(),
                why.text().to_owned(),
            ),
            ServiceEvent::HandedOff {
                partner, amounts, ..
            } => (format!("  partner {partner}"), terms(amounts)),
            ServiceEvent::PartnerSkipped { skipped, .. } => (
                format!("  partner {} left out", skipped.partner),
                skipped.why.text().to_owned(),
            ),
            ServiceEvent::Deleveraged(receipt) => return tell_receipt(story, receipt),
            ServiceEvent::CounterpartySkipped {
                account, rank, why, ..
            } => (
                format!("  {account}, {rank} in line, passed over"),
                why.text().to_owned(),
            ),
            ServiceEvent::Netted {
                market,
                side,
                base,
                index_quote,
                ..
            } => (
                format!(
                    "netted within the fund, a {side} in {}",
                    self.symbol(*market)
                ),
                format!("{}, {} at index", money(*base), money(*index_quote)),
            ),
            ServiceEvent::Disposed { result, .. } => (
                "the fund's result over all of it".to_owned(),
                money(*result).to_string(),
            ),
            _ => return,
        };
        story.tell(Chapter::Movements, label, value);
    }

    fn symbol(&self, market: MarketId) -> &str {
        let market = self.venue.markets().get(market.index());
        market.map_or("?", |market| market.symbol.as_str())
    }
}

fn taken(asked: u64, done: &Amounts) -> String {
    if done.base == 0 {
        return format!("none of {}", money(asked));
    }
    format!("{} of {}", terms(done), money(asked))
}
