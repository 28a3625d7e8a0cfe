//! What fits together in a composed venue, and the bounds of every number.
//!
//! A design that could not do what it says is refused when it is read, with the reason: a stage
//! for another kind of account, a stage without whom it needs, stages that are never reached, a
//! backstop that can never act. Within the bounds here no sum of a venue leaves 128 bits.

use plimsoll_units::Duration;

use super::config::{Acquirer, Backstops, Config, Limits, Lock, Margin, Market, Scenarios};
use super::refusal::Refusal;
use crate::Rejection;
use crate::backstop::fund::Pots;
use crate::liquidation::{Portion, Stage, StageKind, Whose};
use crate::margin::cross::ONE;

/// The highest price, pips: ten million of quote for one of base.
pub const PRICE_MAX: u64 = 1_000_000_000_000_000;
/// The most money on the books, pips: 1e18 of quote.
pub const MONEY_MAX: i128 = 100_000_000_000_000_000_000_000_000;
/// The most markets.
pub const MARKETS_MAX: usize = 256;
/// The most scenarios of portfolio margin.
pub const SCENARIOS_MAX: usize = 256;
/// The most stages of a procedure.
pub const STAGES_MAX: usize = 16;
/// The most counterparties of one position at once.
pub const COUNTERPARTIES_MAX: u32 = 100_000;
/// The longest grace or retry.
pub const WAIT_MAX: Duration = Duration(30 * 24 * 3_600_000);
/// One, in 1/100,000.
const E5: u32 = 100_000;
/// The largest multiple, in 1/100,000: a thousand.
const MULTIPLE_MAX: u32 = 1_000 * E5;
/// The largest move of a scenario, in 1/100,000: to eleven times the price.
const MOVE_MAX: i32 = 1_000_000;

/// Refuses what is not within bounds, ends included.
pub(super) fn within(
    what: &'static str,
    given: i128,
    least: i128,
    most: i128,
) -> Result<(), Refusal> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    Err(Refusal::OutOfBounds {
        what,
        given,
        least,
        most,
    })
}

fn misfit(text: impl Into<String>) -> Refusal {
    Refusal::Misfit(text.into())
}

fn require(holds: bool, text: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(misfit(text)) }
}

impl Config {
    /// Refuses a design whose parts do not fit together, and numbers out of their bounds.
    ///
    /// # Errors
    /// [`Refusal::Misfit`] with the reason, [`Refusal::OutOfBounds`] with the offending value, or
    /// what a stage says of its own parameters.
    pub fn check(&self) -> Result<(), Rejection> {
        let count = self.markets.len();
        if count == 0 || count > MARKETS_MAX {
            let text = format!("{count} markets; a venue has 1 to {MARKETS_MAX}");
            return Err(misfit(text).into());
        }
        self.markets.iter().try_for_each(Market::check)?;
        if let Margin::Portfolio(scenarios) = &self.margin {
            scenarios.check(count)?;
        }
        self.check_waits()?;
        self.backstops.check()?;
        self.limits.check(count, &self.backstops)?;
        self.check_procedure()?;
        self.check_versions()?;
        Ok(())
    }

    fn check_waits(&self) -> Result<(), Refusal> {
        let most = i128::from(WAIT_MAX.0);
        within(
            "grace, in milliseconds,",
            self.trigger.grace.0.into(),
            0,
            most,
        )?;
        within("retry, in milliseconds,", self.retry.0.into(), 1, most)?;
        let urgent = self.trigger.urgent_e5.into();
        within("urgent_e5", urgent, 0, E5.into())
    }

    fn check_versions(&self) -> Result<(), Refusal> {
        if self.margin != Margin::Versioned {
            return Ok(());
        }
        require(
            self.lock != Lock::None,
            "with versioned margin a liquidation settles at the next price, and the account must \
             not trade meanwhile: lock it with `deposits-only` or `all`",
        )?;
        let queues = |stage: &Stage| stage.kind() == StageKind::CloseNextVersion;
        require(
            self.procedure.iter().any(queues),
            "versioned margin without the stage `close-next-version` is isolated margin: name the \
             stage, or choose isolated margin",
        )
    }

    fn check_procedure(&self) -> Result<(), Rejection> {
        require(
            !self.procedure.is_empty(),
            "a procedure without stages liquidates nobody: name at least one",
        )?;
        let count = self.procedure.len();
        if count > STAGES_MAX {
            let text = format!("{count} stages; a procedure has at most {STAGES_MAX}");
            return Err(misfit(text).into());
        }
        for (at, stage) in self.procedure.iter().enumerate() {
            let (before, rest) = self.procedure.split_at(at);
            self.check_stage(stage, before)?;
            let after = rest.get(1).map(Stage::kind);
            if let Some(after) = after
                && self.never_reached(stage, after)
            {
                let (stage, after) = (stage.kind().name(), after.name());
                let text = format!("`{after}` is never reached: `{stage}` always ends the case");
                return Err(misfit(text).into());
            }
        }
        Ok(())
    }

    /// Whether a stage always leaves nothing for the next.
    fn never_reached(&self, stage: &Stage, after: StageKind) -> bool {
        match stage {
            Stage::Confiscate(_) | Stage::Socialise(_) => true,
            Stage::ForceClose(_) => after != StageKind::Socialise,
            Stage::CloseNextVersion(stage) => {
                stage.portion == Portion::All && after != StageKind::Socialise
            }
            _ => false,
        }
    }

    fn check_stage(&self, stage: &Stage, before: &[Stage]) -> Result<(), Rejection> {
        let kind = stage.kind();
        let had = |wanted: StageKind| before.iter().any(|s| s.kind() == wanted);
        match stage {
            Stage::Repay(_) => require(
                false,
                "`repay` needs a liquidity loan: accounts of this margin model hold positions",
            )?,
            Stage::WriteDown(_) => require(
                false,
                "`write-down` needs a liquidity loan: accounts of this margin model hold positions",
            )?,
            Stage::Confiscate(shares) => {
                self.needs_vault(kind, "to take the position")?;
                shares.split(0)?;
            }
            Stage::ForceClose(_) => self.needs_vault(kind, "to be the counterparty at the mark")?,
            Stage::CloseNextVersion(_) => {
                require(
                    self.margin == Margin::Versioned,
                    "`close-next-version` needs versioned margin: prices of the others are not \
                     versions",
                )?;
                self.needs_vault(kind, "to be the counterparty at the next price")?;
            }
            Stage::Reward(reward) => {
                within("the reward's fee", reward.fee.raw(), 0, REWARD_ONE)?;
                let least = reward.minimum_requirement;
                within("the reward's least requirement", least, 0, MONEY_MAX)?;
            }
            Stage::Acquire(_) | Stage::Reduce(_) => self.needs_acquirer(kind)?,
            Stage::CloseOnBook(stage) => {
                collar(stage.collar_bps)?;
                if let Some(slices) = stage.slices {
                    slices.validate()?;
                }
            }
            Stage::Hedge(stage) => {
                collar(stage.collar_bps)?;
                within(
                    "the hedge's cushion_e5",
                    stage.cushion_e5.into(),
                    0,
                    (10 * E5).into(),
                )?;
            }
            Stage::Deleverage(stage) => {
                require(
                    self.backstops.counterparties_max > 0,
                    "`deleverage` with at most 0 counterparties reaches nobody",
                )?;
                require(
                    stage.whose == Whose::Account
                        || had(StageKind::Acquire)
                        || had(StageKind::Reduce),
                    "`deleverage` of the backstop's positions needs `acquire` or `reduce` before \
                     it: the backstop holds none yet",
                )?;
            }
            Stage::Auction(_) => require(
                !had(StageKind::Auction),
                "two `auction`s: a case has one clock, and the second would never be offered",
            )?,
            Stage::HandOff(_) | Stage::Socialise(_) => {}
        }
        Ok(())
    }

    fn needs_vault(&self, stage: StageKind, what_for: &str) -> Result<(), Refusal> {
        if self.backstops.vault.is_some() {
            return Ok(());
        }
        Err(misfit(format!(
            "`{}` needs a vault {what_for}: give the backstops a vault",
            stage.name()
        )))
    }

    fn needs_acquirer(&self, stage: StageKind) -> Result<(), Refusal> {
        let (who, there) = match self.backstops.acquirer {
            Acquirer::Fund => ("fund", self.backstops.fund.is_some()),
            Acquirer::Vault => ("vault", self.backstops.vault.is_some()),
        };
        if there {
            return Ok(());
        }
        Err(misfit(format!(
            "`{}` names the {who} as acquirer, but there is no {who}",
            stage.name()
        )))
    }
}

/// One, of a reward's fee.
const REWARD_ONE: i128 = 1_000_000_000_000_000_000;

fn collar(bps: Option<u32>) -> Result<(), Refusal> {
    within(
        "the collar, in basis points,",
        bps.unwrap_or(0).into(),
        0,
        10_000,
    )
}

impl Market {
    fn check(&self) -> Result<(), Refusal> {
        within("the quantity step", self.step.into(), 1, i64::MAX.into())?;
        let one = i128::from(ONE);
        within("maintenance", self.maintenance.into(), 1, one)?;
        within("initial", self.initial.into(), self.maintenance.into(), one)
    }
}

impl Scenarios {
    fn check(&self, markets: usize) -> Result<(), Refusal> {
        let count = self.moves_e5.len();
        if count > SCENARIOS_MAX {
            let text = format!("{count} scenarios; portfolio margin has at most {SCENARIOS_MAX}");
            return Err(misfit(text));
        }
        within("least_e5", self.least_e5.into(), 0, E5.into())?;
        let most = i128::from(E5).saturating_mul(10);
        within("initial_e5", self.initial_e5.into(), E5.into(), most)?;
        for (at, moves) in self.moves_e5.iter().enumerate() {
            if moves.len() != markets {
                return Err(misfit(format!(
                    "scenario {at} moves {} markets, but there are {markets}",
                    moves.len()
                )));
            }
            for by in moves {
                let least = i128::from(E5).saturating_neg();
                within("a scenario's move_e5", (*by).into(), least, MOVE_MAX.into())?;
            }
        }
        if self.least_e5 > 0 {
            return Ok(());
        }
        for market in 0..markets {
            let of = |moves: &Vec<i32>| moves.get(market).copied().unwrap_or(0);
            for (hurt, way, side) in [
                (self.moves_e5.iter().any(|m| of(m) < 0), "down", "long"),
                (self.moves_e5.iter().any(|m| of(m) > 0), "up", "short"),
            ] {
                if !hurt {
                    return Err(misfit(format!(
                        "no scenario moves market {market} {way} and `least` is 0: a {side} there \
                         would need no margin"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl Backstops {
    fn check(&self) -> Result<(), Refusal> {
        within("penalty_e5", self.penalty_e5.into(), 0, E5.into())?;
        let most = COUNTERPARTIES_MAX.into();
        within(
            "counterparties_max",
            self.counterparties_max.into(),
            0,
            most,
        )?;
        require(
            self.penalty_e5 == 0 || self.fund.is_some(),
            "the penalty is paid to the insurance fund, but there is no fund",
        )?;
        if let Some(fund) = &self.fund {
            within("cover_e5", fund.cover_e5.into(), 0, MULTIPLE_MAX.into())?;
            let discount = fund.reduction_discount_e5;
            within("reduction_discount_e5", discount.into(), 0, E5.into())?;
            fund.policy.validate()?;
            require(
                fund.policy.pots == Pots::Shared,
                "pots per market have to be filled by somebody, and a composed venue has no \
                 command for it: the fund would never bear a loss; share one pot",
            )?;
        }
        if let Some(vault) = &self.vault {
            within(
                "inventory_e5",
                vault.inventory_e5.into(),
                0,
                MULTIPLE_MAX.into(),
            )?;
            within("stop_loss_e5", vault.stop_loss_e5.into(), 0, E5.into())?;
            within(
                "reserve_e5",
                vault.reserve_e5.into(),
                0,
                MULTIPLE_MAX.into(),
            )?;
        }
        Ok(())
    }
}

impl Limits {
    fn check(&self, markets: usize, backstops: &Backstops) -> Result<(), Refusal> {
        let count = self.open_interest.len();
        if count != 0 && count != markets {
            return Err(misfit(format!(
                "open-interest limits of {count} markets, but there are {markets}: one each, or \
                 none"
            )));
        }
        for most in &self.open_interest {
            within("a limit of open interest", *most, 1, MONEY_MAX)?;
        }
        within("the limit of a position", self.position, 0, MONEY_MAX)?;
        let over = self.over_backstop_e5;
        within("over_backstop_e5", over.into(), 0, MULTIPLE_MAX.into())?;
        require(
            over == 0 || backstops.fund.is_some() || backstops.vault.is_some(),
            "open interest is limited to a multiple of the backstops, but there is neither a fund \
             nor a vault",
        )
    }
}
