//! TsunamiX V2: isolated leveraged positions whose counterparty is a liquidity vault.
//!
//! A position is a notional at an entry price with its own collateral. The vault (TLP) wins what
//! traders lose and pays what they win; it is protected by three rules of the venue's page:
//! liquidation when fees have eaten the threshold share of collateral plus result, open-interest
//! limits that follow demand and never exceed the vault, and a limit on the profit of one trade.
//!
//! Files, one concern each: [`config`] parameters; [`fees`] the arithmetic of fees; [`market`]
//! price, indices, open interest; [`position`]; `health` the two exact rules; `watching` and `trips`
//! whom to examine; `sweep` what every command ends with; `trade`, `settle`, `liquidity`, `epoch`,
//! `liquidate`, `operate` the commands; `views` and `story` to read.
//!
//! What holds after every command:
//! * a rejected command has changed nothing; an accepted one leaves no position liquidatable or
//!   above the profit limit that is not in an open case (and with [`Execution::Engine`] none at
//!   all, except a case that is blocked, with the reason in an event);
//! * collateral is in the ledger alone, one holder per position;
//! * open interest of a side is the sum of its positions' sizes;
//! * funding is accrued before open interest or a limit changes.
//!
//! Units: money and sizes 6 decimals, prices 18; times in milliseconds.

mod command;
pub mod config;
mod epoch;
mod event;
pub mod fees;
mod health;
mod liquidate;
mod liquidity;
pub mod market;
mod operate;
pub mod position;
mod refusal;
mod settle;
mod story;
mod sweep;
mod trade;
mod trips;
mod views;
mod watching;

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{
    AccountId, Amount, AssetId, MarketId, Notional, PositionId, Price, Timestamp, VenueId,
};

pub use command::{Command, PriceUpdate};
pub use config::{Bounty, Check, Config, MarketParams, Rules, Sides};
pub use event::{Closing, Event};
pub use market::Market;
pub use position::{Position, Positions};
pub use refusal::Refusal;
pub use views::PositionView;

use crate::ledger::{Holder, HolderKind, Ledger, Reason, Slot};
use crate::liquidation::Case;
use crate::venues::Execution;
use crate::{Rejection, Tx};
use watching::Watching;

/// The highest price the venue takes: 1e12 whole units.
pub const PRICE_MAX: Price<18> = Price::from_raw(1_000_000_000_000_000_000_000_000_000_000);

/// Where the venue's own money is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct House {
    outside: Slot,
    vault: Slot,
    fees: Slot,
    issuer: Slot,
}

/// The state of a TsunamiX venue. See the module documentation.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct TsunamiX {
    money: AssetId,
    shares: AssetId,
    execution: Execution,
    rules: Box<Rules>,
    markets: Vec<Market>,
    positions: Positions,
    wallets: Vec<Slot>,
    providers: BTreeMap<AccountId, Slot>,
    house: House,
    total_open: Notional<6>,
    epoch_began: Timestamp,
    epoch_ends: Timestamp,
    registered: BTreeMap<PositionId, AccountId>,
    cases: BTreeMap<(MarketId, PositionId), Case>,
    now: Timestamp,
    #[borsh(skip)]
    watching: Box<Watching>,
}

impl TsunamiX {
    /// A venue at its beginning: empty vault, no positions, all limits zero.
    ///
    /// # Errors
    /// [`Refusal::Parameter`], or when the ledger does not have the assets.
    pub fn new(config: Config, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        config.validate()?;
        let (money, shares, venue) = (config.money, config.shares, tx.venue);
        let mut open = |kind, asset| tx.open(Holder::of_venue(kind, venue), asset);
        let house = House {
            outside: open(HolderKind::Outside, money)?,
            vault: open(HolderKind::Vault, money)?,
            fees: open(HolderKind::ProtocolFees, money)?,
            issuer: open(HolderKind::Issuer, shares)?,
        };
        let mut new = Self {
            money,
            shares,
            execution: config.execution,
            rules: Box::new(config.rules),
            markets: Vec::with_capacity(config.markets.len()),
            positions: Positions::default(),
            wallets: Vec::new(),
            providers: BTreeMap::new(),
            house,
            total_open: Notional::ZERO,
            epoch_began: epoch::start(tx.now, config.rules.epoch),
            epoch_ends: Timestamp::MAX,
            registered: BTreeMap::new(),
            cases: BTreeMap::new(),
            now: tx.now,
            watching: Box::default(),
        };
        new.epoch_ends = new.epoch_began.saturating_add(config.rules.epoch);
        for params in config.markets {
            let market = Market::new(params, tx.now);
            new.watching.add_market(&market, tx.now)?;
            new.markets.push(market);
        }
        if let Execution::Engine { keeper } = config.execution {
            for account in 0..=keeper.0 {
                let holder = Holder::wallet(venue, AccountId(account));
                new.wallets.push(tx.open(holder, money)?);
            }
        }
        Ok(new)
    }

    /// Applies one command.
    ///
    /// # Errors
    /// Why it was refused; the venue is then as it was before.
    pub fn apply(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        let before = (tx.now >= self.epoch_ends).then(|| self.checkpoint());
        if before.is_some() {
            self.roll_epochs(tx);
        }
        if let Err(rejection) = self.act(tx, command) {
            self.watching.forget();
            if let Some(before) = before {
                self.take_back(before);
            }
            return Err(rejection);
        }
        self.now = tx.now;
        self.sweep(tx);
        Ok(())
    }

    fn act(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        match command {
            Command::Prices(updates) => self.prices(tx, updates),
            Command::Tick => Ok(()),
            Command::Deposit { account, amount } => self.deposit(tx, *account, *amount),
            Command::Withdraw { account, amount } => self.withdraw(tx, *account, *amount),
            Command::AddLiquidity { account, amount } => self.add_liquidity(tx, *account, *amount),
            Command::RemoveLiquidity { account, shares } => {
                self.remove_liquidity(tx, *account, *shares)
            }
            Command::Register { keeper, position } => self.register(tx, *keeper, *position),
            Command::Liquidate { keeper, position } => {
                self.liquidate_by_keeper(tx, *keeper, *position)
            }
            Command::ForceClose { keeper, position } => {
                self.force_close_by_keeper(tx, *keeper, *position)
            }
            Command::Rebalance => {
                let now = tx.now;
                self.rebalance(tx, now);
                Ok(())
            }
            Command::SetLimit {
                market,
                side,
                limit,
            } => self.set_limit(tx, *market, *side, *limit),
            Command::SetRules(rules) => self.set_rules(tx, rules),
            Command::SetMarket { market, params } => self.set_market(tx, *market, params),
            Command::AddMarket(params) => self.list_market(tx, params),
            trade => self.trade(tx, trade),
        }
    }

    /// New prices: all are accepted, or none.
    fn prices(&mut self, tx: &Tx<'_>, updates: &[PriceUpdate]) -> Result<(), Rejection> {
        let mut last = None;
        for update in updates {
            if last.is_some_and(|last| last >= update.market) {
                return Err(Refusal::MarketsOutOfOrder(update.market).into());
            }
            last = Some(update.market);
            let market = self.market(update.market)?;
            if update.price > PRICE_MAX {
                return Err(Refusal::PriceOutOfRange {
                    market: update.market,
                    price: update.price,
                    most: PRICE_MAX,
                }
                .into());
            }
            let guards = &self.rules.guards;
            market
                .feed
                .updated(update.market, update.feed(), tx.now, guards)?;
        }
        for update in updates {
            if let Some(market) = self.markets.get_mut(update.market.index()) {
                market.feed = update.feed();
                self.watching.price(update.market, update.price);
            }
            if !self.cases.is_empty() {
                self.recall_cases(update.market);
            }
        }
        Ok(())
    }

    /// The venue's market of an id.
    fn market(&self, id: MarketId) -> Result<&Market, Refusal> {
        self.markets
            .get(id.index())
            .ok_or(Refusal::UnknownMarket(id))
    }

    /// Where an account's free money is kept.
    fn wallet_of(&self, id: AccountId) -> Result<Slot, Refusal> {
        let wallet = self.wallets.get(id.index()).copied();
        wallet.ok_or(Refusal::UnknownAccount(id))
    }

    fn position(&self, id: PositionId) -> Result<Position, Refusal> {
        let position = self.positions.get(id).copied();
        position.ok_or(Refusal::UnknownPosition(id))
    }

    /// The position of an id, if `account` owns it.
    fn owned(&self, account: AccountId, id: PositionId) -> Result<Position, Refusal> {
        let position = self.position(id)?;
        if position.owner == account {
            return Ok(position);
        }
        Err(Refusal::NotOwner {
            position: id,
            account,
        })
    }

    /// The vault's own money.
    fn vault_money(&self, tx: &Tx<'_>) -> Amount<6> {
        Amount::from_raw(tx.balance(self.house.vault))
    }

    fn deposit(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        let raw = positive(amount.raw())?;
        if raw > i64::MAX.into() {
            return Err(Refusal::TooLarge(raw).into());
        }
        if let Ok(wallet) = self.wallet_of(id) {
            tx.pay(self.house.outside, wallet, raw, Reason::Deposit)?;
            return Ok(());
        }
        let next = u32::try_from(self.wallets.len()).map_err(|_| Refusal::Full)?;
        if id.0 != next {
            let next = AccountId(next);
            return Err(Refusal::AccountOutOfOrder { given: id, next }.into());
        }
        // The ledger is taken back on a rejection, the account list is not: change it last.
        let wallet = tx.open(Holder::wallet(tx.venue, id), self.money)?;
        tx.pay(self.house.outside, wallet, raw, Reason::Deposit)?;
        self.wallets.push(wallet);
        Ok(())
    }

    fn withdraw(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        let raw = positive(amount.raw())?;
        let wallet = self.wallet_of(id)?;
        tx.pay(wallet, self.house.outside, raw, Reason::Withdrawal)?;
        Ok(())
    }

    /// Builds the watch anew, which is derived from the state and not part of it.
    ///
    /// # Errors
    /// When there are more markets than the watch can number.
    pub fn rebuild(&mut self, _id: VenueId, ledger: &Ledger) -> Result<(), Rejection> {
        *self.watching = Watching::default();
        for market in &self.markets {
            self.watching.add_market(market, self.now)?;
        }
        self.watch_again(ledger);
        Ok(())
    }
}

fn positive(raw: i128) -> Result<i128, Refusal> {
    if raw > 0 {
        return Ok(raw);
    }
    Err(Refusal::NotPositive(raw))
}
