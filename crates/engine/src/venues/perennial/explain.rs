//! One liquidation as a story, from the state just before it.
//!
//! The liquidation is carried out on copies of the product and the books, so the movements told
//! are those that happen; the arithmetic is told from the same functions that decide.

use plimsoll_units::{AccountId, MarketId, Rounding, VenueId};

use super::account::{Account, Settled};
use super::draft::Desk;
use super::event::Event as Happened;
use super::flywheel::Settlement;
use super::liquidate::{due, liquidate};
use super::numbers::{Money, PerUnit, Size};
use super::product::Product;
use super::{Perennial, plus};
use crate::ledger::{Ledger, Movement};
use crate::liquidation::story::{Chapter, Story};
use crate::margin::versioned::{notional, requirement};
use crate::oracle::Version;
use crate::{Event, Rejection, Tx};

/// What a story is told from.
struct Scene<'a> {
    venue: &'a Perennial,
    product: &'a Product,
    /// The version the account is last known from.
    before: Version,
    account: Account,
    balance: Money,
    settlement: Settlement,
    settled: Settled,
    collateral: Money,
    maintenance: Money,
}

impl Perennial {
    /// The story of liquidating `account` by `by`, from the state just before it. `coming` is the
    /// oracle version (with the oracle's own price) that the liquidating command brings, where it
    /// is one; `None` where the version is there already.
    ///
    /// # Errors
    /// When the account cannot be liquidated: why.
    pub fn explain(
        &self,
        ledger: &Ledger,
        id: VenueId,
        market: MarketId,
        (account, by): (AccountId, AccountId),
        coming: Option<Version>,
    ) -> Result<Story, Rejection> {
        let mut product = self.product(market)?.clone();
        let before = product.oracle();
        if let Some(version) = coming {
            let price = PerUnit::from_raw(version.price);
            product.publish(version.number, version.time, price)?;
        }
        let known = product
            .account(account)
            .copied()
            .unwrap_or_else(|| Account::new(account, product.purses.clearing));
        let balance = product.collateral(ledger, account);
        let settlement = product.preview(&self.protocol)?;
        let settled = product.settled_account(&known, balance, &settlement)?;
        let price = PerUnit::from_raw(settlement.to.price);
        let scene = Scene {
            venue: self,
            product: &product,
            before,
            account: known,
            balance,
            settlement,
            settled,
            collateral: settled.collateral(balance)?,
            maintenance: requirement(settled.account.size, price, product.params.maintenance)?,
        };
        scene.tell(ledger, id, by)
    }
}

impl Scene<'_> {
    fn tell(&self, ledger: &Ledger, id: VenueId, by: AccountId) -> Result<Story, Rejection> {
        let newest = self.settlement.to;
        let mut story = Story::new(format!(
            "{} in {} of {id}: at oracle version {} ({}) its position needed {}, and it had {}.",
            self.account.id,
            self.product.market,
            newest.number,
            newest.time,
            self.maintenance,
            self.collateral,
        ));
        self.rule(&mut story);
        self.inputs(&mut story);
        self.settlement(&mut story)?;
        self.requirement(&mut story)?;
        self.liquidation(&mut story, ledger, id, by)?;
        self.prevention(&mut story)?;
        Ok(story)
    }

    fn rule(&self, story: &mut Story) {
        let rule = "an account is liquidatable when maintenance > collateral, strictly; its \
                    settled position counts, at the newest price, pending changes do not";
        story.tell(Chapter::Rule, "Perennial V1, Collateral.liquidate", rule);
        if self.venue.flags.partial_liquidation {
            let ours = "and only when its own pending close does not restore it already";
            story.tell(Chapter::Rule, "flag partial_liquidation", ours);
        }
    }

    fn inputs(&self, story: &mut Story) {
        let Self {
            product, account, ..
        } = self;
        let (newest, protocol) = (self.settlement.to, &self.venue.protocol);
        let mut tell = |label: &str, value: String| story.tell(Chapter::Inputs, label, value);
        let price = PerUnit::from_raw(newest.price);
        let payoff = product.params.payoff.name();
        tell(
            "price (the payoff)",
            format!("{price}, version {}", newest.number),
        );
        tell("payoff of the product", payoff.to_owned());
        tell("side", account.role.name().to_owned());
        let asked = account.pre_version;
        let sizes = match asked {
            0 => format!("{}", account.size),
            _ => format!(
                "{} + {} opening - {} closing, asked for at version {asked}",
                account.size, account.open, account.close
            ),
        };
        tell("position", sizes);
        let latest = account.latest_version;
        tell(
            "collateral",
            format!("{}, as settled at version {latest}", self.balance),
        );
        tell("maintenance ratio", product.params.maintenance.to_string());
        tell("liquidation fee", protocol.liquidation_fee.to_string());
        tell(
            "least base of a reward",
            protocol.min_collateral.to_string(),
        );
        let fee = product.params.trade_fee(account.role);
        tell("fee on closing", fee.to_string());
    }

    /// Accrued gains since the account was last settled, stride by stride.
    fn settlement(&self, story: &mut Story) -> Result<(), Rejection> {
        let Some(amount) = self.settled.amount else {
            return Ok(());
        };
        let exposure = &self.settled.exposure;
        let (role, to) = (self.account.role, self.settlement.to.number);
        if self.settled.pre_settled {
            let gain = exposure.collateral.sub(self.balance)?;
            let formula = gain_formula(self.account.size, exposure.entry, self.account.entry);
            let version = self.account.pre_version.saturating_add(1);
            let label = format!("gain to version {version}");
            story.compute(label, formula, gain, Some(Rounding::Down));
        }
        let value = self.settlement.value.of(role);
        let gain = exposure.gain(value)?;
        let formula = gain_formula(exposure.size, value, exposure.entry);
        story.compute(
            format!("gain to version {to}"),
            formula,
            gain,
            Some(Rounding::Down),
        );
        let formula = format!("max(0, {} + {amount})", self.balance);
        story.compute("collateral settled", formula, self.collateral, None);
        Ok(())
    }

    fn requirement(&self, story: &mut Story) -> Result<(), Rejection> {
        let (size, price) = (self.settled.account.size, self.settlement.to.price);
        let price = PerUnit::from_raw(price);
        let ratio = self.product.params.maintenance;
        let worth = notional(size, price)?;
        let down = Some(Rounding::Down);
        story.compute("notional", format!("|{size} x {price}|"), worth, down);
        let formula = format!("{worth} x {ratio}");
        story.compute("maintenance", formula, self.maintenance, down);
        let formula = format!("{} > {}", self.maintenance, self.collateral);
        let met = if self.maintenance > self.collateral {
            "met"
        } else {
            "not met"
        };
        story.compute("the rule", formula, met, None);
        Ok(())
    }

    /// Carries the liquidation out on copies, and tells what moved.
    fn liquidation(
        &self,
        story: &mut Story,
        ledger: &Ledger,
        id: VenueId,
        by: AccountId,
    ) -> Result<(), Rejection> {
        let mut books = ledger.clone();
        let (mut events, mut next_case) = (Vec::new(), 1);
        let now = self.settlement.to.time;
        let mut tx = Tx::new(now, id, &mut books, &mut events, &mut next_case);
        let around = self.venue.around();
        let mut desk = Desk::new(self.product, &around, self.account.id, &mut tx)?;
        desk.settle(&mut tx)?;
        let closing = plus::closing(&desk, &tx)?;
        let fee = desk.trade_fee(desk.account.role, closing)?;
        let done = liquidate(&mut desk, &mut tx, by, None)?;
        self.closing(story, closing, fee);
        self.reward(story, done.reward);
        for event in &events {
            self.movement(story, event);
        }
        Ok(())
    }

    fn closing(&self, story: &mut Story, closing: Size, fee: Money) {
        let whole = "settled + opening - closing; settles at the next version";
        let part = "least size that restores the requirement; settles at the next version";
        let formula = if self.venue.flags.partial_liquidation {
            part
        } else {
            whole
        };
        story.compute("closed", formula, closing, None);
        let price = PerUnit::from_raw(self.settlement.to.price);
        let rate = self.product.params.trade_fee(self.account.role);
        let formula = format!("{closing} x |{price}| x {rate}");
        story.compute("closing fee", formula, fee, Some(Rounding::Down));
    }

    fn reward(&self, story: &mut Story, reward: Money) {
        let protocol = &self.venue.protocol;
        let base = if self.venue.flags.partial_liquidation {
            "maintenance of the part closed".to_owned()
        } else {
            self.maintenance.to_string()
        };
        let cap = if self.venue.flags.close_fee_before_reward {
            "collateral after the closing fee".to_owned()
        } else {
            self.collateral.to_string()
        };
        let (least, fee) = (protocol.min_collateral, protocol.liquidation_fee);
        let formula = format!("min({cap}, max({base}, {least}) x {fee})");
        story.compute("reward", formula, reward, Some(Rounding::Down));
    }

    fn movement(&self, story: &mut Story, event: &Event) {
        match event {
            Event::Money(Movement {
                from,
                to,
                amount,
                reason,
                ..
            }) => {
                let amount = Money::from_raw(*amount);
                let line = format!("{amount} from {from} to {to}");
                story.tell(Chapter::Movements, reason.text(), line);
            }
            Event::Perennial(Happened::Liquidated { reward, .. })
                if self.venue.flags.reward_at_settlement =>
            {
                let line = format!("up to {reward}, when the lock is lifted");
                story.tell(Chapter::Movements, "reward owed", line);
            }
            _ => {}
        }
    }

    fn prevention(&self, story: &mut Story) -> Result<(), Rejection> {
        let chapter = Chapter::Prevention;
        // Before it is floored at zero: a deposit has to make up for the uncovered loss as well.
        let settled = self.balance.add(self.settled.amount.unwrap_or_default())?;
        let lacking = self.maintenance.sub(settled)?;
        let deposit = format!("at least {lacking} more, before this liquidation");
        story.tell(chapter, "a deposit", deposit);
        let size = self.safe_size()?;
        let smaller = format!("at most {size}, settled by this version");
        story.tell(
            chapter,
            "a smaller position with the same collateral",
            smaller,
        );
        if let Some(price) = self.last_safe_price() {
            let version = self.before.number;
            let line = format!("{price} instead, coming from version {version}");
            story.tell(chapter, "a price (payoff) at this version of", line);
        }
        Ok(())
    }

    /// The largest size that the collateral carries at this version's price, by bisection; the
    /// requirement never falls as the size grows.
    fn safe_size(&self) -> Result<Size, Rejection> {
        let price = PerUnit::from_raw(self.settlement.to.price);
        let ratio = self.product.params.maintenance;
        let (mut safe, mut unsafe_) = (0, self.settled.account.size.raw());
        while unsafe_.saturating_sub(safe) > 1 {
            let middle = safe.midpoint(unsafe_);
            if requirement(Size::from_raw(middle), price, ratio)? > self.collateral {
                unsafe_ = middle;
            } else {
                safe = middle;
            }
        }
        Ok(Size::from_raw(safe))
    }

    /// The price nearest to this version's at which the rule would not have been met, coming from
    /// the version before; `None` where it was met there as well, or there is none.
    fn last_safe_price(&self) -> Option<PerUnit> {
        let (mut safe, mut unsafe_) = (self.before.price, self.settlement.to.price);
        if self.before.number == 0
            || self.before.number == self.settlement.to.number
            || self.is_due_at(safe)?
        {
            return None;
        }
        while safe.abs_diff(unsafe_) > 1 {
            let middle = safe.midpoint(unsafe_);
            if self.is_due_at(middle)? {
                unsafe_ = middle;
            } else {
                safe = middle;
            }
        }
        Some(PerUnit::from_raw(safe))
    }

    /// Whether the rule would be met had this version come at another price.
    fn is_due_at(&self, price: i128) -> Option<bool> {
        let protocol = &self.venue.protocol;
        let newest = Version {
            price,
            ..self.settlement.to
        };
        let settlement = self.product.preview_at(protocol, newest).ok()?;
        let (account, balance) = (&self.account, self.balance);
        let settled = self
            .product
            .settled_account(account, balance, &settlement)
            .ok()?;
        let collateral = settled.collateral(balance).ok()?;
        let (params, flags) = (&self.product.params, &self.venue.flags);
        let due = due(&settled.account, collateral, &newest, params, flags).ok()?;
        Some(due.is_some())
    }
}

fn gain_formula(size: Size, to: PerUnit, from: PerUnit) -> String {
    format!("{size} x ({to} - {from})")
}
