//! Borrowers: what they open, and what they do with it.
//!
//! A borrower brings collateral in the pair's proportion and borrows a multiple of it. Half of
//! them or so leave it so: such a loan wins by a large move of the price either way, and is
//! liquidated by interest and the pair's fees alone. The others trade part of it for the token
//! they expect to rise. Some look after their loan, some add collateral, most leave after a while.

use plimsoll_engine::Engine;
use plimsoll_engine::liquidation::Case;
use plimsoll_engine::margin::liquidity;
use plimsoll_engine::venues::gammaswap::{
    self, Action, GammaSwap, LoanId, Purse, invariant, rebalance,
};
use plimsoll_units::{AccountId, Duration, PositionId, Rounding, Side, Timestamp};

use super::{GammaswapDesk, deposit, part, supplies};
use crate::population::Person;
use crate::random::Random;
use crate::replay::plan::{Plan, Plans};
use crate::results::{Amount, Exposure};
use crate::scenario::Borrowers;

/// Times a borrower tries to repay, a day apart.
const ATTEMPTS: u8 = 5;

/// One person's habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Habits {
    neutral: bool,
    looks_after: bool,
    cautious: bool,
    /// How long their loan stays open.
    pub(super) stays: Option<Duration>,
}

/// A loan as its owner's collateral was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loan {
    pub(super) owner: AccountId,
    pub(super) held: [u128; 2],
}

/// Draws everybody's habits.
pub(super) fn draw(habits: &Borrowers, seed: u64, venue: &str, people: usize) -> Vec<Habits> {
    let mut random = Random::new(seed, &format!("{venue}/habits"));
    let mut stays = Random::new(seed, &format!("{venue}/stays"));
    (0..people)
        .map(|_| Habits {
            neutral: random.chance(habits.neutral_share.millionths()),
            looks_after: random.chance(habits.rebalancing_share.millionths()),
            cautious: random.chance(habits.cautious_share.millionths()),
            stays: habits.stay.map(|stay| {
                let whole = stay.millis();
                Duration(stays.between(whole / 2, whole.saturating_add(whole / 2)))
            }),
        })
        .collect()
}

/// How far a debt may grow before the loan is due, as a share of it; zero or less when it is.
/// Float: for drawing and for nerves.
fn distance(venue: &GammaSwap, id: LoanId, params: &gammaswap::Params) -> Option<f64> {
    let loan = venue.loan(id).ok()?;
    let debt = venue.debt(id).ok().filter(|debt| *debt > 0)?;
    let threshold = match loan.threshold_bps {
        0 => params.ltv_bps,
        own => own,
    };
    let limit = liquidity::limit(invariant(loan.held), threshold);
    let float = |value: u128| Amount::new(i128::try_from(value).unwrap_or(i128::MAX), 0);
    Some(float(limit).approximate() / float(debt).approximate() - 1.0)
}

impl GammaswapDesk {
    /// What a person sends on arrival.
    pub(super) fn open(&self, person: usize) -> Vec<Action> {
        let (who, habits) = (self.book.people[person], self.habits[person]);
        let account = self.book.trader(person);
        let quote = &self.quote;
        let unit = 10u128.pow(quote.decimals.min(18));
        let worth = u128::try_from(who.collateral).unwrap_or(0);
        let worth = part(worth, unit, 1_000_000, Rounding::Down).unwrap_or(0);
        let mut amounts = [0; 2];
        amounts[quote.token] = worth / 2;
        amounts[quote.token ^ 1] = quote.base_for(worth / 2);
        // Debt is a multiple of the collateral brought.
        let lp = quote.lp_of(invariant(amounts));
        let lp = part(lp, who.leverage_e2.into(), 100, Rounding::Down).unwrap_or(0);
        let own = self.borrowers.cautious_threshold.on_grid::<4>();
        let threshold_bps = habits
            .cautious
            .then(|| u16::try_from(own).unwrap_or(u16::MAX))
            .filter(|own| self.params().is_some_and(|p| *own <= p.ltv_bps));
        let mut actions = vec![
            deposit(account, Purse::Token0, amounts[0]),
            deposit(account, Purse::Token1, amounts[1]),
            Action::Open {
                account,
                threshold_bps,
                amounts,
                lp,
            },
        ];
        if habits.neutral {
            return actions;
        }
        let (sell, sold) = if self.matched {
            self.matched_tilt(&who)
        } else {
            self.tilt(&who, amounts, lp)
        };
        let mut deltas = vec![0, 0];
        deltas[sell] = -i128::try_from(sold).unwrap_or(0);
        if sold > 0 {
            actions.push(Action::Rebalance {
                account,
                loan: PositionId(self.loans.len() as u64 + 1),
                deltas,
            });
        }
        actions
    }

    /// Some of the token expected to fall: the quote when the price should rise.
    fn tilt(&self, who: &Person, amounts: [u128; 2], lp: u128) -> (usize, u128) {
        let quote = &self.quote;
        let sell = match who.side {
            Side::Long => quote.token,
            Side::Short => quote.token ^ 1,
        };
        let borrowed = part(lp, quote.reserves[sell], quote.supply, Rounding::Down).unwrap_or(0);
        let held = amounts[sell].saturating_add(borrowed);
        let tilt = u128::from(self.borrowers.tilt.millionths());
        let sold = part(held, tilt, 1_000_000, Rounding::Down).unwrap_or(0);
        (sell, sold)
    }

    /// What a trader of a comparison sells to have the perpetual's delta.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn matched_tilt(&self, who: &Person) -> (usize, u128) {
        let quote = &self.quote;
        let threshold = self.params().map_or(0, |p| p.ltv_bps.min(p.borrow_ltv_bps));
        let collateral = Amount::new(who.collateral, 6).approximate();
        let debt = collateral * f64::from(who.leverage_e2) / 100.0;
        let value = supplies::tilt(who.side, collateral, debt, f64::from(threshold) / 1e4);
        let unit = 10f64.powi(i32::try_from(quote.decimals).unwrap_or(6));
        let raw = libm::fabs(value * unit) as u128;
        if value >= 0.0 {
            return (quote.token, raw);
        }
        (quote.token ^ 1, quote.base_for(raw))
    }

    /// The loans of people who are `wanted` and whose debt may grow by less than `within`.
    fn close_to_due(
        &self,
        engine: &Engine,
        within: f64,
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<(usize, LoanId)> {
        let (Some(venue), Some(params)) = (self.state(engine), self.params()) else {
            return Vec::new();
        };
        let loan = |(person, id): (usize, &Option<LoanId>)| {
            let id = (*id).filter(|_| wanted(person))?;
            let near = distance(venue, id, params)?;
            (near > 0.0 && near < within).then_some((person, id))
        };
        self.loan_of.iter().enumerate().filter_map(loan).collect()
    }

    /// Borrowers who are close and have not added yet.
    pub(super) fn top_ups(&mut self, engine: &Engine) -> Vec<Action> {
        let Some(habit) = self.book.top_ups.clone() else {
            return Vec::new();
        };
        let inclined = |person: usize| {
            !self.topped_up[person] && self.book.would_top_up(self.book.trader(person))
        };
        let close = self.close_to_due(engine, habit.within.approximate(), inclined);
        let adds = u128::from(habit.adds.millionths());
        let mut actions = Vec::new();
        for (person, loan) in close {
            self.topped_up[person] = true;
            let account = self.book.trader(person);
            let held = self.loan(loan).map_or([0, 0], |loan| loan.held);
            let amounts = held.map(|held| part(held, adds, 1_000_000, Rounding::Down).unwrap_or(0));
            actions.push(deposit(account, Purse::Token0, amounts[0]));
            actions.push(deposit(account, Purse::Token1, amounts[1]));
            actions.push(Action::IncreaseCollateral {
                account,
                loan,
                amounts,
            });
        }
        actions
    }

    /// Borrowers who look after their loan trade its collateral to where it covers the most.
    pub(super) fn rebalances(&self, engine: &Engine) -> Vec<Action> {
        let within = self.borrowers.rebalance_within.approximate();
        let close = self.close_to_due(engine, within, |person| self.habits[person].looks_after);
        let trade = |(person, loan)| {
            let deltas = self.best_trade(engine, loan)?;
            Some(Action::Rebalance {
                account: self.book.trader(person),
                loan,
                deltas,
            })
        };
        close.into_iter().filter_map(trade).collect()
    }

    /// The purchase after which a loan's collateral covers the most, if one does.
    fn best_trade(&self, engine: &Engine, id: LoanId) -> Option<Vec<i128>> {
        let (venue, params) = (self.state(engine)?, self.params()?);
        let held = venue.loan(id).ok()?.held;
        let best = rebalance::most_liquidity(params, held, venue.reserves()).ok()?;
        let trade = best.trade.filter(|_| best.collateral > invariant(held))?;
        let mut deltas = vec![0, 0];
        deltas[trade.sell ^ 1] = i128::try_from(trade.bought).ok()?;
        Some(deltas)
    }

    /// A borrower repays out of the collateral; a day later takes what is left, or tries again.
    pub(super) fn leave(
        &mut self,
        engine: &Engine,
        person: usize,
        (plans, now): (&mut Plans, Timestamp),
    ) -> Vec<Action> {
        let account = self.book.trader(person);
        let (Some(loan), Some(venue)) = (self.loan_of[person], self.state(engine)) else {
            return Vec::new();
        };
        let (Ok(state), Ok(debt)) = (venue.loan(loan), venue.debt(loan)) else {
            return Vec::new();
        };
        // In generation A a whole repayment may leave less than a raw unit of a coarse token is
        // worth: nobody can repay that. It stays, with a thousandth of the collateral.
        let cent = 10u128.pow(self.quote.decimals.saturating_sub(2));
        if self.quote.worth(debt) < cent {
            let kept = u128::from(debt > 0);
            let amounts = state.held.map(|held| held - (held / 1_000) * kept);
            if amounts == [0, 0] {
                return Vec::new();
            }
            return vec![Action::DecreaseCollateral {
                account,
                loan,
                amounts,
            }];
        }
        if self.attempts[person] >= ATTEMPTS {
            return Vec::new();
        }
        self.attempts[person] += 1;
        plans.add(
            now.saturating_add(Duration(86_400_000)),
            self.book.desk(),
            Plan::Leave(person),
        );
        let mut actions = Vec::new();
        if let Some(deltas) = self.best_trade(engine, loan) {
            actions.push(Action::Rebalance {
                account,
                loan,
                deltas,
            });
        }
        actions.push(Action::Repay {
            account,
            loan,
            liquidity: u128::MAX,
        });
        actions
    }

    fn loan(&self, id: LoanId) -> Option<&Loan> {
        self.loans.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// Which way a loan was exposed: long when it holds more of the base token than the pair
    /// would give for its debt.
    pub(super) fn exposed(&self, case: &Case) -> Exposure {
        let base = self.quote.token ^ 1;
        let held = case.target.position.and_then(|id| self.loan(id));
        let owed = part(
            case.trigger.requirement.unsigned_abs(),
            self.quote.reserves[base],
            self.quote.invariant(),
            Rounding::Down,
        );
        match (held, owed) {
            (Some(loan), Some(owed)) if loan.held[base] < owed => Exposure::Short,
            _ => Exposure::Long,
        }
    }

    /// Collateral of every loan with a debt, in raw quote units, by its distance to being due.
    pub(super) fn collateral_at_risk(&self, engine: &Engine) -> Vec<(f64, u128)> {
        let (Some(venue), Some(params)) = (self.state(engine), self.params()) else {
            return Vec::new();
        };
        venue
            .loans()
            .filter_map(|(id, loan)| {
                let near = distance(venue, id, params)?.max(0.0);
                Some((near, self.quote.value(loan.held)))
            })
            .collect()
    }

    /// Whose loan it is, for a reader.
    pub(super) fn owners(&self) -> usize {
        let mut owners: Vec<AccountId> = self.loans.iter().map(|loan| loan.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.len()
    }
}
