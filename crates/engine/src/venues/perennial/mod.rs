//! Perennial V1: makers and takers per product, settled lazily at oracle versions.
//!
//! Everything here follows the public contracts to the last unit (`perennial-mono` at `fa5c506`,
//! `root` v0.2.0; traces of those contracts are compared step by step), including refusals by
//! name and order, and including their faults. Our departures are behind [`Flags`], all off in
//! the preset `perennial`, all on in `perennial-plus` (defined in the file `plus`).
//!
//! How it works, one concern a file:
//! * `payoff`, `curve`: what a unit pays, what funding costs;
//! * `position`: what counts now and what from the next version on;
//! * `accumulate`, `flywheel`: a product is settled in two strides from the version it was last
//!   touched at to the newest, without looking at any account;
//! * `account`, `stamps`: an account is settled, when it is touched, from accumulators alone;
//! * `trade`, `liquidate`, `params`: the commands, in the order of the contract's checks;
//! * `draft`: the working copy a command is carried out on;
//! * `watching`, `sweep`, `case`: who is examined after a command, and what comes of it;
//! * `standing`: where accounts stand at the newest version, nothing settled;
//! * `view`, `standing`, `explain`: the state as the contract's views show it, as it would be at
//!   the newest version, and a liquidation as a story.
//!
//! Money: an account's collateral, the product's clearing (accrued, not settled yet, either
//! sign), its shortfall (minus the losses nobody has covered) and its owner's fees are holders of
//! the ledger. Clearing pays gains and fees and receives losses; truncation leaves its remainders
//! there. The contract's `total` of a product is at all times the sum of its accounts, clearing
//! and shortfall, and never negative.
//!
//! Units: 18 decimals everywhere. Version 0 means "none yet".

mod account;
mod accumulate;
mod case;
mod command;
mod config;
mod curve;
mod draft;
mod event;
mod explain;
mod flywheel;
mod liquidate;
mod numbers;
mod params;
mod payoff;
mod plus;
mod position;
mod product;
mod refusal;
mod stamps;
mod standing;
mod sweep;
mod trade;
mod view;
mod wallets;
mod watching;

pub use account::Account;
pub use accumulate::{Accrued, SECONDS_PER_YEAR, Value};
pub use case::{OpenCase, Phase};
pub use command::{Command, FeePot, ProductParam, ProtocolParam};
pub use config::{Config, Flags, ProductParams, Protocol};
pub use curve::Curve;
pub use event::Event;
pub use flywheel::{Global, Settlement, Stamp};
pub use numbers::{Money, PerUnit, Ratio18, Size};
pub use params::PendingFees;
pub use payoff::Payoff;
pub use position::{Position, PrePosition, Role, Sides};
pub use product::Product;
pub use refusal::{Arg, Refusal};
pub use standing::Standing;
pub use view::AccountView;
pub use wallets::Wallets;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};

use crate::ledger::{Ledger, Reason, Slot};
use crate::oracle::OracleError;
use crate::venues::Execution;
use crate::{Rejection, Tx};
use config::not_negative;
use draft::{Around, Desk, Draft};
use sweep::{Scope, Sweep};
use trade::{Change, Trade};

/// The venue.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Perennial {
    protocol: Protocol,
    flags: Flags,
    execution: Execution,
    multi_invoker: Option<AccountId>,
    asset: AssetId,
    outside: Slot,
    protocol_fees: Slot,
    products: Vec<Product>,
    wallets: Wallets,
}

impl Perennial {
    /// The venue at its beginning.
    ///
    /// # Errors
    /// The refusal of the first parameter out of its bounds.
    pub fn new(config: Config, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        config.protocol.check()?;
        let (outside, protocol_fees) = draft::venue_purses(config.asset, tx)?;
        let mut products = Vec::with_capacity(config.products.len());
        for (at, params) in config.products.into_iter().enumerate() {
            params.check(&config.flags)?;
            let id = u16::try_from(at).map_err(|_| Refusal::TooManyProducts)?;
            products.push(Product::new(MarketId(id), params, config.asset, tx)?);
        }
        Ok(Self {
            protocol: config.protocol,
            flags: config.flags,
            execution: config.execution,
            multi_invoker: config.multi_invoker,
            asset: config.asset,
            outside,
            protocol_fees,
            products,
            wallets: Wallets::default(),
        })
    }

    /// Applies one command.
    ///
    /// # Errors
    /// Why it is refused; the venue is then as it was, and the caller takes back what `tx` has.
    pub fn apply(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        match *command {
            Command::OracleVersion {
                product,
                version,
                time,
                price,
            } => self.publish(tx, product, version, time, price),
            Command::Deposit {
                product,
                account,
                by,
                amount,
            } => {
                self.not_paused()?;
                not_negative(amount.raw())?;
                self.with_account(tx, product, account, by, |desk, tx| {
                    trade::deposit(desk, tx, amount)?;
                    Ok(amount.neg()?)
                })
            }
            Command::Withdraw {
                product,
                account,
                by,
                amount,
            } => self.withdraw(tx, product, (account, by), amount),
            Command::Open {
                product,
                account,
                by,
                role,
                amount,
            } => {
                let trade = Trade {
                    account,
                    role,
                    change: Change::Open,
                    amount,
                };
                self.trade(tx, product, by, trade)
            }
            Command::Close {
                product,
                account,
                by,
                role,
                amount,
            } => {
                let trade = Trade {
                    account,
                    role,
                    change: Change::Close,
                    amount,
                };
                self.trade(tx, product, by, trade)
            }
            Command::Settle { product } => self.settle(tx, product),
            Command::SettleAccount { product, account } => {
                self.not_paused()?;
                self.with_account(tx, product, account, account, |desk, tx| {
                    desk.settle(tx)?;
                    Ok(Money::ZERO)
                })
            }
            Command::Liquidate {
                product,
                account,
                by,
            } => self.liquidate(tx, product, account, by),
            Command::ResolveShortfall {
                product,
                by,
                amount,
            } => self.resolve(tx, product, by, amount),
            Command::ClaimFees { fees, to } => self.claim(tx, fees, to),
            Command::SetProtocol(param) => self.set_protocol(tx, param),
            Command::SetProduct { product, param } => self.set_product(tx, product, param),
        }
    }

    fn publish(
        &mut self,
        tx: &mut Tx<'_>,
        product: MarketId,
        number: u64,
        time: Timestamp,
        price: PerUnit,
    ) -> Result<(), Rejection> {
        let now = tx.now;
        if time > now {
            let (market, published) = (product, time);
            return Err(OracleError::FromTheFuture {
                market,
                published,
                now,
            }
            .into());
        }
        let price = self.product_mut(product)?.publish(number, time, price)?;
        tx.emit(Event::OracleVersion {
            product,
            version: number,
            price,
        });
        self.sweep(tx, product, Scope::Everybody);
        Ok(())
    }

    fn withdraw(
        &mut self,
        tx: &mut Tx<'_>,
        product: MarketId,
        (account, by): (AccountId, AccountId),
        amount: Option<Money>,
    ) -> Result<(), Rejection> {
        self.not_paused()?;
        not_negative(amount.unwrap_or_default().raw())?;
        self.product(product)?;
        self.may_act(account, by)?;
        let body = |desk: &mut Desk<'_>, tx: &mut Tx<'_>| trade::withdraw(desk, tx, amount);
        self.with_account(tx, product, account, account, body)
    }

    fn trade(
        &mut self,
        tx: &mut Tx<'_>,
        product: MarketId,
        by: AccountId,
        trade: Trade,
    ) -> Result<(), Rejection> {
        self.not_paused()?;
        not_negative(trade.amount.raw())?;
        if trade.change == Change::Open && self.product(product)?.closed {
            return Err(Refusal::ProductClosed.into());
        }
        self.may_act(trade.account, by)?;
        let body = |desk: &mut Desk<'_>, tx: &mut Tx<'_>| {
            trade.carry_out(desk, tx)?;
            Ok(Money::ZERO)
        };
        self.with_account(tx, product, trade.account, by, body)
    }

    /// Carries `body` out on a working copy of the account, and keeps the copy when it succeeds.
    /// The body says what `party` has received from the venue.
    fn with_account(
        &mut self,
        tx: &mut Tx<'_>,
        product: MarketId,
        account: AccountId,
        party: AccountId,
        body: impl FnOnce(&mut Desk<'_>, &mut Tx<'_>) -> Result<Money, Rejection>,
    ) -> Result<(), Rejection> {
        let around = self.around();
        let mut desk = Desk::new(self.product(product)?, &around, account, tx)?;
        let received = body(&mut desk, tx)?;
        let change = desk.into_change();
        if !received.is_zero() {
            self.wallets.receive(party, received)?;
        }
        let accepted = self.product_mut(product)?.accept(change);
        for slot in [accepted.slot, accepted.credited].into_iter().flatten() {
            self.sweep(tx, product, Scope::Account(slot));
        }
        Ok(())
    }

    fn settle(&mut self, tx: &mut Tx<'_>, product: MarketId) -> Result<(), Rejection> {
        self.not_paused()?;
        let around = self.around();
        let mut draft = Draft::new(self.product(product)?, &around);
        draft.settle(tx)?;
        let change = draft.into_change();
        self.product_mut(product)?.accept(change);
        Ok(())
    }

    fn liquidate(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        account: AccountId,
        by: AccountId,
    ) -> Result<(), Rejection> {
        self.not_paused()?;
        let around = self.around();
        let (product, wallets) = self.parts(market)?;
        let Some(slot) = product.find(account) else {
            // The contract settles the account it has never heard of, and finds nothing.
            Draft::new(product, &around).settle(tx)?;
            let (maintenance, collateral) = (Money::ZERO, Money::ZERO);
            return Err(Refusal::CantLiquidate {
                maintenance,
                collateral,
            }
            .into());
        };
        sweep::carry_out(product, &around, wallets, slot, by, tx)?;
        self.sweep(tx, market, Scope::Account(slot));
        Ok(())
    }

    /// Source: `Collateral.resolveShortfall`. No account's balance changes, nothing is settled.
    fn resolve(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        by: AccountId,
        amount: Money,
    ) -> Result<(), Rejection> {
        let around = self.around();
        // This command alone asks for the product before it asks whether all is paused.
        let product = self.product(market)?;
        self.not_paused()?;
        not_negative(amount.raw())?;
        if amount > product.shortfall(tx.ledger()) {
            return Err(Refusal::UNDERFLOW.into());
        }
        let mut draft = Draft::new(product, &around);
        draft.bring_in(amount)?;
        let (reason, purse) = (Reason::ShortfallResolved, product.purses.shortfall);
        tx.pay(around.outside, purse, amount.raw(), reason)?;
        let change = draft.into_change();
        self.wallets.receive(by, amount.neg()?)?;
        self.product_mut(market)?.accept(change);
        tx.emit(Event::ShortfallResolved {
            product: market,
            amount,
        });
        self.sweep(tx, market, Scope::Cases);
        Ok(())
    }

    /// Source: `Collateral.claimFee`.
    fn claim(&mut self, tx: &mut Tx<'_>, fees: FeePot, to: AccountId) -> Result<(), Rejection> {
        self.not_paused()?;
        let purse = match fees {
            FeePot::Protocol => self.protocol_fees,
            FeePot::Product(market) => self.product(market)?.purses.fees,
        };
        let amount = Money::from_raw(tx.balance(purse));
        tx.pay(purse, self.outside, amount.raw(), Reason::Withdrawal)?;
        self.wallets.receive(to, amount)?;
        Ok(())
    }

    fn set_protocol(&mut self, tx: &mut Tx<'_>, param: ProtocolParam) -> Result<(), Rejection> {
        let before = self.protocol;
        self.protocol = before.with(param)?;
        let accruals_change = self.protocol.min_funding_fee != before.min_funding_fee;
        for at in 0..self.products.len() {
            let market = MarketId(u16::try_from(at).map_err(|_| Refusal::TooManyProducts)?);
            if accruals_change {
                self.arm_all(market, tx.ledger());
                self.sweep(tx, market, Scope::Everybody);
            } else {
                self.sweep(tx, market, Scope::Cases);
            }
        }
        Ok(())
    }

    fn set_product(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        param: ProductParam,
    ) -> Result<(), Rejection> {
        self.not_paused()?;
        let around = self.around();
        let mut draft = Draft::new(self.product(market)?, &around);
        draft.settle(tx)?;
        let positions_pending = !draft.global.pre.is_empty();
        let flags = &around.flags;
        let in_force = draft.parameters.set(param, positions_pending, flags)?;
        let change = draft.into_change();
        self.product_mut(market)?.accept(change);
        let product = market;
        tx.emit(if in_force {
            Event::ParamChanged { product, param }
        } else {
            Event::FeeWaits { product, param }
        });
        self.sweep(tx, market, Scope::Everybody);
        Ok(())
    }

    fn sweep(&mut self, tx: &mut Tx<'_>, market: MarketId, scope: Scope) {
        let (around, execution) = (self.around(), self.execution);
        if let Ok((product, wallets)) = self.parts(market) {
            Sweep {
                product,
                around: &around,
                execution,
                wallets,
            }
            .run(scope, tx);
        }
    }

    fn arm_all(&mut self, market: MarketId, ledger: &Ledger) {
        let protocol = self.protocol;
        if let Ok(product) = self.product_mut(market) {
            product.arm_all(&protocol, ledger);
        }
    }

    fn not_paused(&self) -> Result<(), Refusal> {
        if self.protocol.paused {
            Err(Refusal::Paused)
        } else {
            Ok(())
        }
    }

    fn may_act(&self, account: AccountId, operator: AccountId) -> Result<(), Refusal> {
        if account == operator || self.multi_invoker == Some(operator) {
            return Ok(());
        }
        Err(Refusal::NotAccountOrMultiInvoker { account, operator })
    }

    fn around(&self) -> Around {
        Around {
            protocol: self.protocol,
            flags: self.flags,
            asset: self.asset,
            outside: self.outside,
            protocol_fees: self.protocol_fees,
        }
    }

    fn parts(&mut self, market: MarketId) -> Result<(&mut Product, &mut Wallets), Refusal> {
        let product = self.products.get_mut(market.index());
        Ok((
            product.ok_or(Refusal::NotProduct(market))?,
            &mut self.wallets,
        ))
    }

    fn product_mut(&mut self, market: MarketId) -> Result<&mut Product, Refusal> {
        self.products
            .get_mut(market.index())
            .ok_or(Refusal::NotProduct(market))
    }

    /// Arms the watch anew from the state.
    ///
    /// # Errors
    /// None: what cannot be computed is examined at every version.
    pub fn rebuild(&mut self, _id: VenueId, ledger: &Ledger) -> Result<(), Rejection> {
        let protocol = self.protocol;
        for product in &mut self.products {
            product.watched = watching::Watched::default();
            product.arm_all(&protocol, ledger);
        }
        Ok(())
    }
}
