//! One liquidation as a story, from the state just before the command that carried it out.
//!
//! The command is carried out on copies of the venue and the books, so what is told is what
//! happens. Token amounts are told in whole tokens, invariant units in the root of their product
//! where it has a whole number of decimals, else raw; indices as decimals of 1.

use plimsoll_units::{Rounding, Timestamp, VenueId, format_scaled};

use super::word::{self, BPS, ONE, fit, mul_div};
use super::{Command, Event as Happened, Form, GammaSwap, Generation, Liquidation, Loan, LoanId};
use crate::ledger::Ledger;
use crate::liquidation::CaseEvent;
use crate::liquidation::story::{Chapter, Story};
use crate::margin::liquidity;
use crate::{Event, Rejection, Tx};

/// What a story is told from.
struct Scene<'a> {
    ledger: &'a Ledger,
    venue: &'a GammaSwap,
    /// The loan just before.
    loan: Loan,
    id: LoanId,
    command: &'a Command,
    events: Vec<Event>,
    done: Liquidation,
    /// The fee index it was charged by.
    index: u128,
    debt: u128,
    collateral: u128,
}

impl GammaSwap {
    /// The story of the liquidation of `loan` by `command`, from the state just before it.
    ///
    /// # Errors
    /// The command's refusal; [`Rejection::NoSuchStage`] when it does not liquidate the loan.
    pub fn explain(
        &self,
        ledger: &Ledger,
        venue: VenueId,
        loan: LoanId,
        now: Timestamp,
        command: &Command,
    ) -> Result<Story, Rejection> {
        let before = *self.loan(loan)?;
        let (mut books, mut copy) = (ledger.clone(), self.clone());
        let (mut events, mut next_case) = (Vec::new(), 1);
        let mut tx = Tx::new(now, venue, &mut books, &mut events, &mut next_case);
        copy.apply(&mut tx, command)?;
        let told = part_of(&events, loan).ok_or(Rejection::NoSuchStage("this liquidation"))?;
        let (done, events) = told;
        let index = copy.storage.acc_fee_index;
        let scene = Scene {
            ledger,
            venue: self,
            loan: before,
            id: loan,
            command,
            done,
            index,
            debt: before.debt_at(word::w(index))?,
            collateral: super::invariant(before.held),
            events,
        };
        scene.tell(venue)
    }
}

/// The liquidation of a loan among a command's events, with the events that belong to it.
fn part_of(events: &[Event], loan: LoanId) -> Option<(Liquidation, Vec<Event>)> {
    let of_loan = |event: &Event| {
        matches!(event, Event::Case(CaseEvent::Closed { target, .. })
            if target.position == Some(loan))
    };
    let at = events.iter().position(|event| match event {
        Event::GammaSwap(Happened::Liquidated(done)) => match done.loan {
            Some(single) => single == loan,
            None => events.iter().any(of_loan),
        },
        _ => false,
    })?;
    let Some(Event::GammaSwap(Happened::Liquidated(done))) = events.get(at) else {
        return None;
    };
    // Where the engine liquidates for itself, what came before belongs to somebody else.
    let before = events.get(..at)?;
    let start = before
        .iter()
        .rposition(|event| matches!(event, Event::Case(CaseEvent::Closed { .. })))
        .map_or(0, |last| last.saturating_add(1));
    let start = if done.form == Form::Batch { 0 } else { start };
    Some((*done, events.get(start..)?.to_vec()))
}

impl Scene<'_> {
    fn tell(&self, venue: VenueId) -> Result<Story, Rejection> {
        let mut story = Story::new(format!(
            "Loan {} of {} on {venue}: in block {} it owed {} against a collateral of {}; {} by {}.",
            self.id.0,
            self.loan.owner,
            self.command.block,
            self.units(self.debt),
            self.units(self.collateral),
            self.done.form.name(),
            self.done.account,
        ));
        self.rule(&mut story);
        self.inputs(&mut story);
        self.debt(&mut story)?;
        match self.venue.params().generation {
            Generation::A => self.page(&mut story)?,
            Generation::B => self.v1_2(&mut story),
        }
        self.movements(&mut story);
        self.prevention(&mut story)?;
        Ok(story)
    }

    fn rule(&self, story: &mut Story) {
        let rule = "liquidity debt > liquidity collateral x threshold, strictly; both in the \
                    units of the pair's invariant, so no price enters";
        story.tell(Chapter::Rule, "GammaSwap V1, How Liquidations Work", rule);
        let order = match self.venue.params().generation {
            Generation::A => "what the collateral cannot pay after the fee is written down first",
            Generation::B => "what was not deposited of the debt is written down after payment",
        };
        story.tell(Chapter::Rule, "write-down", order);
        if self.loan.threshold_bps > 0 {
            let own = "chosen when the loan was opened";
            story.tell(Chapter::Rule, "a threshold of its own", own);
        }
    }

    fn inputs(&self, story: &mut Story) {
        let (loan, params) = (&self.loan, self.venue.params());
        let mut tell = |label: &str, value: String| story.tell(Chapter::Inputs, label, value);
        for token in word::BOTH {
            let label = format!("collateral, token {token}");
            tell(&label, self.token(token, loan.held[token]));
        }
        tell("debt when last touched", self.units(loan.liquidity));
        tell("fee index when last touched", decimal(loan.rate_index));
        tell(
            "fee index in the block before",
            decimal(self.venue.storage.acc_fee_index),
        );
        tell("fee index now", decimal(self.index));
        tell("threshold", percent(self.threshold()));
        tell("liquidator's fee", percent(params.liquidation_fee_bps));
        if let Some((rate, utilisation, blocks)) = self.charged() {
            tell("blocks charged", blocks.to_string());
            tell("borrow rate per year", decimal(rate));
            tell("utilisation", decimal(utilisation));
        }
    }

    /// The interest that this command charged before it liquidated.
    fn charged(&self) -> Option<(u128, u128, u64)> {
        self.events.iter().find_map(|event| match *event {
            Event::GammaSwap(Happened::Accrued {
                rate,
                utilisation,
                blocks,
                ..
            }) => Some((rate, utilisation, blocks)),
            _ => None,
        })
    }

    fn debt(&self, story: &mut Story) -> Result<(), Rejection> {
        let (loan, down) = (&self.loan, Some(Rounding::Down));
        let formula = format!(
            "{} x {} / {}",
            self.units(loan.liquidity),
            decimal(self.index),
            decimal(loan.rate_index)
        );
        story.compute("debt", formula, self.units(self.debt), down);
        let formula = format!(
            "root of {} x {}",
            self.token(0, loan.held[0]),
            self.token(1, loan.held[1])
        );
        story.compute("collateral", formula, self.units(self.collateral), down);
        let limit = liquidity::limit(self.collateral, self.threshold());
        let formula = format!(
            "{} x {}",
            self.units(self.collateral),
            percent(self.threshold())
        );
        story.compute("most it covers", formula, self.units(limit), down);
        let formula = format!("{} > {}", self.units(self.debt), self.units(limit));
        let met = if self.debt > limit { "met" } else { "not met" };
        story.compute("the rule", formula, met, None);
        Ok(())
    }

    /// Generation A, by the page.
    fn page(&self, story: &mut Story) -> Result<(), Rejection> {
        let done = &self.done;
        let (collateral, debt) = if done.form == Form::Batch {
            let owed = word::plus(done.loan_liquidity, done.write_down)?;
            let all = (self.units(done.collateral), self.units(owed));
            story.compute("the batch's collateral", "sum of its loans", all.0, None);
            story.compute("the batch's debt", "sum of its loans", all.1, None);
            (done.collateral, owed)
        } else {
            (self.collateral, self.debt)
        };
        let payable = self.venue.payable_a(collateral)?;
        let fee = percent(self.venue.params().liquidation_fee_bps);
        let formula = format!("{} x (1 - {fee})", self.units(collateral));
        story.compute(
            "payable",
            formula,
            self.units(payable),
            Some(Rounding::Down),
        );
        let formula = format!("max(0, {} - {})", self.units(debt), self.units(payable));
        story.compute("written down", formula, self.units(done.write_down), None);
        let left = word::less(debt, done.write_down)?;
        let penalty = word::less(collateral, left.min(collateral))?;
        let formula = format!("{} - {}", self.units(collateral), self.units(left));
        story.compute("penalty for all of it", formula, self.units(penalty), None);
        story.compute(
            "paid",
            "in LP tokens",
            self.units(done.liquidity),
            Some(Rounding::Down),
        );
        let share = format!(
            "collateral x {} / {}",
            self.units(done.liquidity),
            self.units(left)
        );
        self.received(story, &share);
        Ok(())
    }

    /// Generation B, by the contracts.
    fn v1_2(&self, story: &mut Story) {
        let done = &self.done;
        let worth = match done.form {
            Form::Batch => "at the pair's price, the whole batch",
            _ => "root of the product, before any trade",
        };
        story.compute(
            "collateral counted",
            worth,
            self.units(done.collateral),
            None,
        );
        let base = match done.form {
            Form::Batch => "collateral x fee",
            _ => "payable debt x fee",
        };
        story.compute("fee", base, self.units(done.fee), Some(Rounding::Down));
        story.compute(
            "paid",
            "in LP tokens",
            self.units(done.liquidity),
            Some(Rounding::Down),
        );
        let down = self.units(done.write_down);
        story.compute("written down", "debt - paid", down, None);
        let share = match done.form {
            Form::FromCollateral => "none: the fee is paid in LP tokens",
            _ => "collateral x (paid + fee) / worth",
        };
        self.received(story, share);
        let lp = self.lp(done.refund_lp);
        if done.refund_lp > 0 {
            story.compute("fee in LP tokens", "minted x fee / (paid + fee)", lp, None);
        }
    }

    fn received(&self, story: &mut Story, formula: &str) {
        for token in word::BOTH {
            let label = format!("collateral to the liquidator, token {token}");
            let value = self.token(token, self.done.refund[token]);
            story.compute(label, formula, value, Some(Rounding::Down));
        }
    }

    fn movements(&self, story: &mut Story) {
        for event in &self.events {
            if let Event::Money(m) = event {
                let amount = m.amount.unsigned_abs();
                let symbol = self.ledger.asset(m.asset);
                let amount = symbol.map_or(amount.to_string(), |asset| {
                    format!("{} {}", scaled(amount, asset.decimals), asset.symbol)
                });
                let line = format!("{amount} from {} to {}", m.from, m.to);
                story.tell(Chapter::Movements, m.reason.text(), line);
            }
        }
    }

    fn prevention(&self, story: &mut Story) -> Result<(), Rejection> {
        let chapter = Chapter::Prevention;
        let limit = liquidity::limit(self.collateral, self.threshold());
        let excess = self.debt.saturating_sub(limit);
        let repay = format!("of at least {}, in this block", self.units(excess));
        story.tell(chapter, "a repayment", repay);
        let threshold = u128::from(self.threshold());
        let needed = mul_div(self.debt, BPS, threshold).and_then(fit)?;
        // Rounded up: the smallest collateral whose limit is not below the debt.
        let exact = liquidity::limit(needed, self.threshold()) >= self.debt;
        let needed = needed.saturating_add(u128::from(!exact));
        let more = needed.saturating_sub(self.collateral);
        let line = format!(
            "worth {} in all, {} more",
            self.units(needed),
            self.units(more)
        );
        story.tell(chapter, "collateral", line);
        if let Some(index) = self.venue.due_index(&self.loan) {
            let line = format!("stayed below {}", decimal(index.unsigned_abs()));
            story.tell(chapter, "a fee index that", line);
        }
        Ok(())
    }

    fn threshold(&self) -> u16 {
        self.venue.threshold(&self.loan)
    }

    /// Invariant units, where the root of the tokens' units is a power of ten.
    fn units(&self, value: u128) -> String {
        let [d0, d1] = self.venue.config.assets.tokens.map(|id| self.decimals(id));
        match d0.checked_add(d1) {
            Some(sum) if sum.is_multiple_of(2) => scaled(value, sum >> 1),
            _ => format!("{value} (raw)"),
        }
    }

    fn token(&self, token: usize, value: u128) -> String {
        self.amount(self.venue.config.assets.tokens[token & 1], value)
    }

    fn lp(&self, value: u128) -> String {
        self.amount(self.venue.config.assets.lp, value)
    }

    fn amount(&self, id: plimsoll_units::AssetId, value: u128) -> String {
        match self.ledger.asset(id) {
            Some(asset) => format!("{} {}", scaled(value, asset.decimals), asset.symbol),
            None => value.to_string(),
        }
    }

    fn decimals(&self, id: plimsoll_units::AssetId) -> u32 {
        self.ledger.asset(id).map_or(0, |asset| asset.decimals)
    }
}

fn scaled(value: u128, decimals: u32) -> String {
    format_scaled(false, &value.to_string(), decimals)
}

/// An index or a rate: 1e18 = 1.
fn decimal(value: u128) -> String {
    const { assert!(ONE == 10u128.pow(18)) };
    scaled(value, 18)
}

fn percent(bps: u16) -> String {
    format!("{} %", scaled(bps.into(), 2))
}
