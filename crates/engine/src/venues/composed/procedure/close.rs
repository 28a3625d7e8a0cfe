//! The vault as counterparty: what it takes at the mark, at once or at the next version, and what
//! is taken from an account's collateral beforehand.
//!
//! *Collateral* is what an account has paid in and not lost: its balance and what it paid for its
//! positions, without their profit or loss; never below zero.
//!
//! A forfeited position goes to the vault at the mark, and the vault settles its result as far as
//! the collateral it took goes; a loss beyond it stays as the account's debt, which is settled as
//! every debt is.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding};

use super::hand_over::{Handing, quantity_of, signed};
use crate::backstop::deleverage::least_quantity;
use crate::ledger::Reason;
use crate::liquidation::{Case, Close, Closed, Payee, Portion};
use crate::venues::composed::{Composed, Taker, accounts};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

impl Composed {
    /// An account's collateral.
    pub(super) fn collateral_of(&self, tx: &Tx<'_>, account: AccountId) -> Result<i128, Rejection> {
        let mut sum = self.balance(tx.ledger(), account)?;
        for position in self.positions(account) {
            sum = sum.checked_add(position.entry).ok_or(OVERFLOW)?;
        }
        Ok(sum.max(0))
    }

    /// Takes money of an account in a case.
    pub(super) fn take_collateral(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        (payee, amount): (Payee, i128),
        reason: Reason,
    ) -> Result<(), Rejection> {
        let to = match payee {
            Payee::FirstCaller | Payee::Resolver => accounts::KEEPER,
            Payee::Backstop => accounts::VAULT,
        };
        self.pay(tx, (case.target.account, to), amount, reason)?;
        self.change_file(case.id, |file| {
            let reward = reason == Reason::LiquidationReward;
            let seized = if reward { 0 } else { amount };
            file.seized = file.seized.checked_add(seized).ok_or(OVERFLOW)?;
            file.rewarded |= reward;
            file.touched = true;
            Ok(())
        })
    }

    /// Closes an account's positions against the vault.
    pub(super) fn close_against_vault(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        how: Close,
    ) -> Result<Closed, Rejection> {
        let parts = match how {
            Close::Forfeit => self.portion(tx, case.target.account, Portion::All)?,
            Close::AtOracle(portion) | Close::NextVersion(portion) => {
                self.portion(tx, case.target.account, portion)?
            }
        };
        let mut size = 0i128;
        for (market, base) in &parts {
            let notional = self.at_mark(*market, *base, Rounding::Down)?;
            size = size.checked_add(notional).ok_or(OVERFLOW)?;
        }
        match how {
            Close::Forfeit => {
                self.give_to_vault(tx, case, &parts, false)?;
                self.settle_forfeit(tx, case)?;
            }
            Close::AtOracle(_) => self.give_to_vault(tx, case, &parts, true)?,
            Close::NextVersion(_) => self.change_file(case.id, |file| {
                (file.queued, file.ripe) = (parts, false);
                Ok(())
            })?,
        }
        Ok(Closed { size, shortfall: 0 })
    }

    /// What was queued closes at the mark that has come.
    pub(super) fn close_queued(&mut self, tx: &mut Tx<'_>, case: &Case) -> Result<(), Rejection> {
        let parts = self.change_file(case.id, |file| {
            file.ripe = false;
            Ok(std::mem::take(&mut file.queued))
        })?;
        self.give_to_vault(tx, case, &parts, true)
    }

    /// How much of which positions.
    fn portion(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        portion: Portion,
    ) -> Result<Vec<(MarketId, u64)>, Rejection> {
        if portion == Portion::All {
            let all = self.positions(account).iter();
            return Ok(all.map(|p| (p.market, p.size.unsigned_abs())).collect());
        }
        let mut parts = Vec::new();
        for one in self.helpful(account)? {
            let enough = |quantity| {
                let part = (one.market, quantity_of(quantity));
                self.would_be_sound(tx, account, part, (0, 0))
            };
            let base = least_quantity(one.quantity, one.step, enough)?;
            parts.push((one.market, quantity_of(base)));
            if enough(base)? {
                break;
            }
        }
        Ok(parts)
    }

    /// The vault takes parts at the mark; each pays its penalty if it is `charged`.
    fn give_to_vault(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        parts: &[(MarketId, u64)],
        charged: bool,
    ) -> Result<(), Rejection> {
        let account = case.target.account;
        for (market, base) in parts {
            let held = self.holdings.size(account, *market);
            let base = (*base).min(held.unsigned_abs());
            if base == 0 {
                continue;
            }
            let what = Handing {
                case: case.id,
                market: *market,
                from: account,
                to: accounts::VAULT,
                taker: Taker::Vault,
                size: signed(base, held)?,
                // Up, in favour of whoever sells, as in every trade.
                quote: self.at_mark(*market, base, Rounding::Ceil)?,
                reason: Reason::Trade,
            };
            self.hand_over(tx, &what)?;
            if charged {
                self.charge(tx, account, *market, base)?;
            }
            self.change_file(case.id, |file| {
                file.went(*market, base);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The account has nothing left: the vault keeps a profit, and settles a loss as far as the
    /// collateral went to it.
    fn settle_forfeit(&mut self, tx: &mut Tx<'_>, case: &Case) -> Result<(), Rejection> {
        let account = case.target.account;
        let rest = self.balance(tx.ledger(), account)?;
        if rest >= 0 {
            let to = (account, accounts::VAULT);
            return self.pay(tx, to, rest, Reason::Settlement);
        }
        let lost = rest.checked_neg().ok_or(OVERFLOW)?;
        let had = self.file(case.id)?.seized.min(lost);
        let able = self.equity(tx.ledger(), accounts::VAULT)?.max(0);
        let paid = had.min(able);
        self.pay(tx, (accounts::VAULT, account), paid, Reason::Settlement)
    }
}
