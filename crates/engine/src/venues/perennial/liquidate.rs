//! Liquidation: the rule, and the procedure in the order of the venue's own contract.
//!
//! Source: `Collateral.liquidate`, `Product.closeAll`. The rule is strict and looks at the settled
//! position at the newest price: `maintenance > collateral`. The procedure is two stages: the
//! whole position, pending changes included, is queued to close at the next oracle version and
//! the account is locked until that settles; the liquidator is rewarded at once with a share of
//! the maintenance requirement, at most the collateral *before* the closing fee. That last detail
//! is a fault of the contract kept here: where fee and reward together exceed the collateral the
//! whole liquidation panics. See `plus` for what we do instead, behind flags.

use plimsoll_units::{AccountId, ArithmeticError};

use super::account::Account;
use super::case::{Numbers, OpenCase, Phase};
use super::config::{Flags, ProductParams};
use super::draft::Desk;
use super::event::Event;
use super::numbers::{Money, PerUnit, Size, sub};
use super::plus;
use super::refusal::Refusal;
use crate::ledger::Reason;
use crate::liquidation::stages::{CloseNextVersion, Reward, RewardCap};
use crate::liquidation::{
    Case, CaseEvent, Close, Closed, Health, Outcome, Payee, Portion, Stage, Subject, Walked, walk,
};
use crate::margin::versioned::{is_under_water, requirement};
use crate::oracle::Version;
use crate::{Rejection, Tx};

/// What a settled account needs, if the rule says that it may be liquidated.
///
/// With partial liquidation an account whose own pending close already brings it back to its
/// requirement is left alone: there would be nothing to close.
pub(super) fn due(
    account: &Account,
    collateral: Money,
    newest: &Version,
    params: &ProductParams,
    flags: &Flags,
) -> Result<Option<Money>, ArithmeticError> {
    let price = PerUnit::from_raw(newest.price);
    let needed = requirement(account.size, price, params.maintenance)?;
    if account.locked || !is_under_water(needed, collateral) {
        return Ok(None);
    }
    if flags.partial_liquidation {
        let next = requirement(account.next_size()?, price, params.maintenance)?;
        return Ok(is_under_water(next, collateral).then_some(needed));
    }
    Ok(Some(needed))
}

/// What a liquidation led to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Liquidated {
    /// The case as it is now.
    pub(super) case: OpenCase,
    /// The reward; with `reward_at_settlement` it is owed, else it was paid.
    pub(super) reward: Money,
}

/// Liquidates the account on `desk`. `open` is its case, if it has one.
pub(super) fn liquidate(
    desk: &mut Desk<'_>,
    tx: &mut Tx<'_>,
    by: AccountId,
    open: Option<OpenCase>,
) -> Result<Liquidated, Rejection> {
    // What the settlement itself finds missing is this liquidation's loss too: the price went
    // through the whole collateral before anybody came.
    let uncovered = desk.draft.product.purses.shortfall;
    let before = tx.balance(uncovered);
    desk.settle(tx)?;
    let gap = Money::from_raw(sub(before, tx.balance(uncovered))?);
    let account = desk.account;
    if account.locked {
        return Err(Refusal::AccountLiquidating(account.id).into());
    }
    let (newest, collateral) = (desk.draft.newest(), desk.balance(tx));
    let flags = desk.draft.around.flags;
    let found = due(&account, collateral, &newest, desk.draft.params(), &flags)?;
    let Some(maintenance) = found else {
        let maintenance = desk.maintenance()?;
        return Err(Refusal::CantLiquidate {
            maintenance,
            collateral,
        }
        .into());
    };
    if desk.draft.parameters.closed {
        return Err(Refusal::ProductClosed.into());
    }
    let numbers = Numbers {
        version: newest,
        requirement: maintenance,
        collateral,
    };
    let case = case_for(desk, tx, open, &numbers);
    let (shortfall, reward) = procedure(desk, tx, by, &case, &numbers)?;
    desk.account.locked = true;
    tx.emit(Event::Liquidated {
        product: desk.draft.product.market,
        account: account.id,
        liquidator: by,
        reward,
    });
    Ok(Liquidated {
        case: OpenCase {
            case,
            phase: Phase::Locked(shortfall.add(gap)?),
        },
        reward,
    })
}

/// The account's due case, or a new one. A case whose lock this very call has lifted is over.
fn case_for(desk: &Desk<'_>, tx: &mut Tx<'_>, open: Option<OpenCase>, numbers: &Numbers) -> Case {
    match open {
        Some(OpenCase {
            case,
            phase: Phase::Due(_),
        }) => return case,
        Some(OpenCase {
            case: Case { id, target, .. },
            phase: Phase::Locked(loss),
        }) => {
            let outcome = Outcome::Liquidated {
                shortfall: loss.raw(),
            };
            tx.emit(CaseEvent::Closed {
                case: id,
                target,
                outcome,
            });
        }
        None => {}
    }
    desk.draft.product.open_case(&desk.account, numbers, tx)
}

/// Walks the stages. Returns the loss so far and the reward.
fn procedure(
    desk: &mut Desk<'_>,
    tx: &mut Tx<'_>,
    by: AccountId,
    case: &Case,
    numbers: &Numbers,
) -> Result<(Money, Money), Rejection> {
    let flags = desk.draft.around.flags;
    let closing = plus::closing(desk, tx)?;
    let mut walked_case = *case;
    // The numbers at the moment of the liquidation, which may be later than the case's own.
    walked_case.trigger = numbers.trigger(&desk.account, tx);
    walked_case.trigger.requirement = plus::reward_base(desk, closing, numbers)?.raw();
    let close = Stage::CloseNextVersion(CloseNextVersion {
        portion: if flags.partial_liquidation {
            Portion::ToRequirement
        } else {
            Portion::All
        },
    });
    let reward = reward_stage(desk);
    let mut subject = Liquidation {
        desk,
        by,
        closing,
        reward: Money::ZERO,
    };
    let stages = [close, Stage::Reward(reward)];
    let stages = if flags.reward_at_settlement {
        &stages[..1]
    } else {
        &stages[..]
    };
    let walked = walk(tx, &walked_case, stages, &mut subject)?;
    let mut paid = subject.reward;
    if flags.reward_at_settlement {
        let cap = match reward.cap {
            RewardCap::AtTrigger => numbers.collateral.raw(),
            RewardCap::Now => subject.collateral(tx),
        };
        paid = Money::from_raw(reward.amount(walked_case.trigger.requirement, cap)?);
    }
    let shortfall = match walked {
        Walked::Done { shortfall } => shortfall,
        Walked::Waiting => 0,
    };
    Ok((Money::from_raw(shortfall), paid))
}

/// The reward stage with the protocol's parameters.
pub(super) fn reward_stage(desk: &Desk<'_>) -> Reward {
    let around = &desk.draft.around;
    Reward {
        fee: around.protocol.liquidation_fee.fixed(),
        minimum_requirement: around.protocol.min_collateral.raw(),
        cap: if around.flags.close_fee_before_reward {
            RewardCap::Now
        } else {
            RewardCap::AtTrigger
        },
    }
}

/// The account under liquidation, as the stages see it.
struct Liquidation<'d, 'p> {
    desk: &'d mut Desk<'p>,
    by: AccountId,
    closing: Size,
    reward: Money,
}

impl Subject for Liquidation<'_, '_> {
    fn health(&self, tx: &Tx<'_>) -> Result<Health, Rejection> {
        let equity = self.desk.balance(tx).raw();
        Ok(Health {
            equity,
            requirement: self.desk.maintenance()?.raw(),
        })
    }

    /// What can be paid out of the account: its balance, or less where the product's own money
    /// does not reach that far.
    fn collateral(&self, tx: &Tx<'_>) -> i128 {
        self.desk
            .balance(tx)
            .min(self.desk.draft.global.total)
            .raw()
    }

    fn seize(
        &mut self,
        tx: &mut Tx<'_>,
        payee: Payee,
        amount: i128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        assert_eq!(payee, Payee::Resolver, "only the liquidator is paid");
        let amount = Money::from_raw(amount);
        if amount > self.desk.balance(tx) {
            return Err(Refusal::UNDERFLOW.into());
        }
        self.desk.draft.let_out(amount)?;
        let outside = self.desk.draft.around.outside;
        tx.pay(self.desk.account.purse, outside, amount.raw(), reason)?;
        self.reward = self.reward.add(amount)?;
        Ok(())
    }

    fn close(&mut self, tx: &mut Tx<'_>, how: Close) -> Result<Closed, Rejection> {
        let size = match how {
            Close::NextVersion(Portion::All) => self.desk.account.next_size()?,
            Close::NextVersion(Portion::ToRequirement) => self.closing,
            // Nothing on this venue closes before the next version.
            Close::Forfeit | Close::AtOracle(_) => return Err(Refusal::UNDERFLOW.into()),
        };
        let role = self.desk.account.role;
        let fee = self.desk.trade_fee(role, size)?;
        let shortfall = fee.sub(self.desk.balance(tx))?.max(Money::ZERO);
        self.desk.ask(role, Size::ZERO, size)?;
        self.desk.book_trade_fee(tx, role, size)?;
        Ok(Closed {
            size: size.raw(),
            shortfall: shortfall.raw(),
        })
    }
}

impl std::fmt::Debug for Liquidation<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Liquidation")
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}
