//! What an owner does with positions: open, increase, decrease, close, and move collateral.
//!
//! Each command computes everything first, then moves money (which the engine takes back on a
//! rejection), and changes the venue last, so that a refusal leaves it as it was.

use plimsoll_units::{
    AccountId, Amount, ArithmeticError, MarketId, Notional, PositionId, Price, Side,
};

use super::event::Event;
use super::fees::{Growth, slippage_e5, slipped};
use super::health::{Circumstances, Judged, closing_fee};
use super::market::Market;
use super::position::{NewPosition, Position};
use super::settle::Part;
use super::{Command, Refusal, TsunamiX, positive};
use crate::ledger::{Holder, Reason};
use crate::limits::open_interest::admit;
use crate::liquidation::Rule;
use crate::{Rejection, Tx};

/// A new position as it is asked for.
#[derive(Debug, Clone, Copy)]
struct Opening {
    account: AccountId,
    market: MarketId,
    side: Side,
    collateral: Amount<6>,
    size: Notional<6>,
    acceptable: Option<Price<18>>,
}

impl TsunamiX {
    pub(super) fn trade(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        match *command {
            Command::Open {
                account,
                market,
                side,
                collateral,
                size,
                acceptable,
            } => self.open(
                tx,
                &Opening {
                    account,
                    market,
                    side,
                    collateral,
                    size,
                    acceptable,
                },
            ),
            Command::Increase {
                account,
                position,
                collateral,
                size,
                acceptable,
            } => self.increase(tx, (account, position), collateral, size, acceptable),
            Command::Decrease {
                account,
                position,
                size,
                acceptable,
            } => self.decrease(tx, (account, position), size, acceptable),
            Command::Close {
                account,
                position,
                acceptable,
            } => {
                let size = self.owned(account, position)?.size();
                self.close(tx, (account, position), size, acceptable)
            }
            Command::AddCollateral {
                account,
                position,
                amount,
            } => self.add_collateral(tx, (account, position), amount),
            Command::RemoveCollateral {
                account,
                position,
                amount,
            } => self.remove_collateral(tx, (account, position), amount),
            // Every other command is handled before it comes here.
            _ => Ok(()),
        }
    }

    fn open(&mut self, tx: &mut Tx<'_>, opening: &Opening) -> Result<(), Rejection> {
        let Opening {
            account: id,
            market: market_id,
            side,
            collateral,
            size,
            ..
        } = *opening;
        positive(size.raw())?;
        positive(collateral.raw())?;
        let wallet = self.wallet_of(id)?;
        let market = self.market(market_id)?;
        let (oracle, entry) =
            self.execution_price(tx, market_id, side, size, opening.acceptable)?;
        self.check_leverage(market, size, collateral)?;
        self.check_admission(tx, market, side, size)?;
        let fee = closing_fee(market, size)?;
        let position_id = self.positions.next_id()?;
        let indices = market.indices(tx.now);
        let holder = Holder::position(tx.venue, market_id, position_id);
        let slot = tx.open(holder, self.money)?;
        let new = NewPosition {
            owner: id,
            market: market_id,
            side,
            size,
            entry,
            collateral: slot,
        };
        let position = Position::new(&new, &indices)?;
        self.refuse_liquidatable(tx, (position_id, &position), collateral.raw(), oracle)?;
        let raw = collateral.raw();
        tx.pay(wallet, slot, raw, Reason::CollateralAdded)?;
        self.pay_trading_fee(tx, wallet, fee)?;
        self.change_open(tx, &position, size.raw());
        self.positions.insert(position);
        self.watching.pending.push(position_id.slot());
        tx.emit(Event::Opened {
            position: position_id,
            account: id,
            market: market_id,
            side,
            size,
            entry,
        });
        Ok(())
    }

    fn increase(
        &mut self,
        tx: &mut Tx<'_>,
        (account, id): (AccountId, PositionId),
        collateral: Amount<6>,
        size: Notional<6>,
        acceptable: Option<Price<18>>,
    ) -> Result<(), Rejection> {
        positive(size.raw())?;
        if collateral.is_negative() {
            return Err(Refusal::NotPositive(collateral.raw()).into());
        }
        let position = self.owned(account, id)?;
        let wallet = self.wallet_of(account)?;
        let (side, market_id) = (position.side, position.market);
        let market = self.market(market_id)?;
        let (oracle, price) = self.execution_price(tx, market_id, side, size, acceptable)?;
        let behind = Amount::from_raw(tx.balance(position.collateral)).add(collateral)?;
        self.check_leverage(market, position.size().add(size)?, behind)?;
        self.check_admission(tx, market, side, size)?;
        let fee = closing_fee(market, size)?;
        let growth = Growth {
            size: position.size(),
            entry: position.entry(),
            added: size,
            price,
        };
        let entry = growth.entry(self.rules.entry, side)?;
        let grown = position.grown(size, entry, &market.indices(tx.now))?;
        self.refuse_liquidatable(tx, (id, &grown), behind.raw(), oracle)?;
        let raw = collateral.raw();
        tx.pay(wallet, position.collateral, raw, Reason::CollateralAdded)?;
        self.pay_trading_fee(tx, wallet, fee)?;
        self.change_open(tx, &position, size.raw());
        self.positions.set(id.slot(), grown);
        self.watching.pending.push(id.slot());
        tx.emit(Event::Increased {
            position: id,
            size: grown.size(),
            entry,
        });
        Ok(())
    }

    fn decrease(
        &mut self,
        tx: &mut Tx<'_>,
        (account, id): (AccountId, PositionId),
        size: Notional<6>,
        acceptable: Option<Price<18>>,
    ) -> Result<(), Rejection> {
        positive(size.raw())?;
        let whole = self.owned(account, id)?.size();
        if size >= whole {
            return Err(Refusal::NothingLeft { size, whole }.into());
        }
        self.close(tx, (account, id), size, acceptable)
    }

    /// Closes `size` of a position, or all of it.
    fn close(
        &mut self,
        tx: &mut Tx<'_>,
        (account, id): (AccountId, PositionId),
        size: Notional<6>,
        acceptable: Option<Price<18>>,
    ) -> Result<(), Rejection> {
        let position = self.owned(account, id)?;
        let leaving = position.side.opposite();
        let (oracle, price) =
            self.execution_price(tx, position.market, leaving, size, acceptable)?;
        let collateral = tx.balance(position.collateral);
        if self.is_liquidatable_at(tx, &position, collateral, oracle)? {
            return Err(Refusal::Liquidatable(id).into());
        }
        let whole = size == position.size();
        let part = Part {
            id,
            size,
            price,
            forced: false,
        };
        self.settle(tx, &part)?;
        if whole {
            self.withdrawn_case(tx, position.market, id);
        }
        Ok(())
    }

    fn add_collateral(
        &mut self,
        tx: &mut Tx<'_>,
        (account, id): (AccountId, PositionId),
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        let raw = positive(amount.raw())?;
        let position = self.owned(account, id)?;
        let wallet = self.wallet_of(account)?;
        let collateral = Amount::from_raw(tx.balance(position.collateral)).add(amount)?;
        let size = position.size();
        if collateral.raw() > size.raw() {
            return Err(Refusal::LeverageTooLow { collateral, size }.into());
        }
        tx.pay(wallet, position.collateral, raw, Reason::CollateralAdded)?;
        self.watching.pending.push(id.slot());
        Ok(())
    }

    fn remove_collateral(
        &mut self,
        tx: &mut Tx<'_>,
        (account, id): (AccountId, PositionId),
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        let raw = positive(amount.raw())?;
        let position = self.owned(account, id)?;
        let wallet = self.wallet_of(account)?;
        let collateral = Amount::from_raw(tx.balance(position.collateral)).sub(amount)?;
        let market = self.market(position.market)?;
        self.check_leverage(market, position.size(), collateral)?;
        let oracle = self.oracle_price(tx, position.market)?;
        self.refuse_liquidatable(tx, (id, &position), collateral.raw(), oracle)?;
        tx.pay(position.collateral, wallet, raw, Reason::CollateralReturned)?;
        self.watching.pending.push(id.slot());
        Ok(())
    }

    /// The newest price, if it may be acted on.
    pub(super) fn oracle_price(&self, tx: &Tx<'_>, id: MarketId) -> Result<Price<18>, Rejection> {
        let feed = &self.market(id)?.feed;
        let price = feed.current(id, tx.now, &self.rules.guards)?;
        Ok(Price::from_raw(price))
    }

    /// The oracle price, and the one `size` on `side` is executed at.
    fn execution_price(
        &self,
        tx: &Tx<'_>,
        id: MarketId,
        side: Side,
        size: Notional<6>,
        acceptable: Option<Price<18>>,
    ) -> Result<(Price<18>, Price<18>), Rejection> {
        let oracle = self.oracle_price(tx, id)?;
        let (factor, vault) = (
            self.market(id)?.params.slippage_factor,
            self.vault_money(tx),
        );
        let buys = side == Side::Long;
        let price = if factor == 0 || !vault.is_positive() {
            oracle
        } else {
            // More than the whole price cannot slip.
            let slippage = slippage_e5(factor, self.total_open, size, vault)?.min(100_000);
            slipped(oracle, buys, slippage)?
        };
        match acceptable {
            Some(acceptable) if (price > acceptable) == buys && price != acceptable => {
                Err(Refusal::PriceNotAcceptable { price, acceptable }.into())
            }
            _ => Ok((oracle, price)),
        }
    }

    /// Least collateral, and leverage between one and the market's.
    fn check_leverage(
        &self,
        market: &Market,
        size: Notional<6>,
        collateral: Amount<6>,
    ) -> Result<(), Refusal> {
        let least = self.rules.min_collateral;
        if collateral < least {
            return Err(Refusal::MinCollateral { collateral, least });
        }
        if size.raw() < collateral.raw() {
            return Err(Refusal::LeverageTooLow { collateral, size });
        }
        let max_leverage = market.params.max_leverage;
        let most = collateral.raw().saturating_mul(max_leverage.into());
        if size.raw() > most {
            return Err(Refusal::LeverageTooHigh {
                collateral,
                size,
                max_leverage,
            });
        }
        Ok(())
    }

    /// `oi + x <= L` and `S + x <= floor(kappa * TVL)`, with the vault's money now.
    fn check_admission(
        &self,
        tx: &Tx<'_>,
        market: &Market,
        side: Side,
        size: Notional<6>,
    ) -> Result<(), Rejection> {
        let cell = market.cells.of(side);
        let backing = self.rules.sharing.backing(self.vault_money(tx))?;
        let admitted = admit(cell.open, cell.limit, self.total_open, backing, size)?;
        Ok(admitted.map_err(Refusal::from)?)
    }

    /// Whether the liquidation rule is met at `price`.
    pub(super) fn is_liquidatable_at(
        &self,
        tx: &Tx<'_>,
        position: &Position,
        collateral: i128,
        price: Price<18>,
    ) -> Result<bool, Rejection> {
        let judged = self.judge(tx, position, collateral, price)?;
        Ok(judged.verdict == Some(Rule::FeesOverThreshold))
    }

    /// Judges a position, which may not exist yet, at a price.
    pub(super) fn judge(
        &self,
        tx: &Tx<'_>,
        position: &Position,
        collateral: i128,
        price: Price<18>,
    ) -> Result<Judged, Rejection> {
        let market = self.market(position.market)?;
        let indices = market.indices(tx.now);
        let at = Circumstances {
            rules: &self.rules,
            market,
            indices: &indices,
            price,
            tvl: self.vault_money(tx),
        };
        let judged = Judged::new(position, collateral, &at).map_err(Refusal::from)?;
        Ok(judged)
    }

    fn refuse_liquidatable(
        &self,
        tx: &Tx<'_>,
        (id, position): (PositionId, &Position),
        collateral: i128,
        price: Price<18>,
    ) -> Result<(), Rejection> {
        if collateral < 0 {
            return Err(ArithmeticError::Overflow.into());
        }
        match self.is_liquidatable_at(tx, position, collateral, price)? {
            true => Err(Refusal::WouldBeLiquidatable(id).into()),
            false => Ok(()),
        }
    }
}
