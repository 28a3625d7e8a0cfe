//! Kuma: cross-margin wallets over many perpetual markets, an insurance fund, an exit fund.
//!
//! Everything here follows the public contracts to the last pip (`kumabid/kuma-contracts-ikon` at
//! `e87f629`, whose missing parts are `idexio/idex-contracts-ikon` at `ec734e2`), refusals by
//! their texts and in their order. A command is a function of the contracts; only the dispatcher
//! may call most of them, and commands come from it. Signatures are recovered outside: an order
//! arrives with whom its signature recovers to, and every other rule is checked here.
//!
//! How it works, one concern a file:
//! * `wallets`: wallets and positions, packed; `people`: what only some wallets have;
//! * `market`, `config`: markets, limits, parameters;
//! * `view`: account values and requirements; the arithmetic is [`crate::margin::cross`];
//! * `settle`: how positions and quote move between two wallets, and what is checked after;
//! * `money`, `price`, `funding`, `trade`, `liquidate`, `deleverage`, `exit`, `admin`: the
//!   commands;
//! * `orders`: the order book of each market;
//! * [`waterfall`]: the liquidation service, where it carries liquidations out itself;
//! * `undo`: taking back; `audit`: what holds after every command.
//!
//! Money: a wallet's quote balance is its margin holder of the ledger and may be below zero; a
//! deposit that waits is its wallet holder. Trades, liquidations and deleveragings pay from
//! wallet to wallet. Funding, rounded per wallet, and closes in inactive markets are paid by or
//! to the market's clearing.
//!
//! Units: pips (1e-8) everywhere.

mod admin;
mod audit;
mod command;
mod config;
mod deleverage;
mod dispatch;
mod event;
mod exit;
mod liquidate;
mod market;
mod money;
mod order;
mod orders;
mod people;
mod price;
mod refusal;
mod settle;
mod start;
mod trade;
mod undo;
mod view;
mod wallets;
mod watching;
pub mod waterfall;

pub use crate::margin::cross::Limits;
pub use command::{
    Command, Deleverage, IndexPrice, OraclePrice, SignedTrade, Trade, WalletLiquidation,
};
pub use config::{
    Config, DAY_MS, EXIT_FUND_DELAY_MS, FUNDING_PERIOD_MS, FUNDING_PERIODS_AT_ONCE, IndexGuards,
    KEY_EXPIRY_MS, Listing, MAX_FEE, MAX_KEY_EXPIRY_MS, MAX_MARKETS, MAX_POSITION, MarketParams,
    Override, SMALL_QUOTE, SeedPosition, SeedWallet,
};
pub use event::{Deleveraging, Event, Liquidation, OrderGone};
pub use market::{Market, Quotation};
pub use order::{
    Address, Hash, Order, OrderSide, OrderType, SelfTradePrevention, Signed, SignedOrder,
    TimeInForce, TriggerType, uuid_millis,
};
pub use orders::{
    BOOK_LIMITS, NewOrder, OnBook, OrderRefusal, Orders, Terms, Ticket, WAITING_LIMITS,
};
pub use people::{Exit, Fill, Invalidation, People};
pub use refusal::{Refusal, Revert};
pub use undo::Mark;
pub use wallets::{Position, Wallet, Wallets};
pub use watching::{OpenCase, WatchCounters};
pub use waterfall::{Service, ServiceCommand, ServiceEvent, ServiceRefusal, Waterfall};

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, AssetId, Timestamp, VenueId};

use crate::ledger::{Ledger, Slot};
use crate::venues::Execution;
use crate::{Rejection, Tx};
use undo::Change;
use watching::Watching;

/// The venue's own three wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Funds {
    /// Takes over exited wallets; while it holds positions the venue is in recovery.
    pub exit_fund: AccountId,
    /// Takes over liquidated wallets.
    pub insurance_fund: AccountId,
    /// Receives fees.
    pub fee_wallet: AccountId,
}

/// What governance tunes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settings {
    /// The tolerance for quotes of positions below the minimum, a fraction in pips.
    pub below_minimum_tolerance: u64,
    /// How long exits and nonce invalidations take to be final, in milliseconds.
    pub propagation_ms: u64,
    /// How long delegated keys live, in milliseconds.
    pub key_expiry_ms: u64,
    /// Whether deposits wait until they are applied.
    pub deposits_wait: bool,
    /// Guards on index prices.
    pub guards: IndexGuards,
}

/// The venue. See the module documentation.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Kuma {
    asset: AssetId,
    outside: Slot,
    dust: Slot,
    funds: Funds,
    settings: Settings,
    execution: Execution,
    markets: Vec<Market>,
    wallets: Wallets,
    people: People,
    exit_fund_since: Option<Timestamp>,
    cases: BTreeMap<AccountId, OpenCase>,
    waterfall: Waterfall,
    orders: Orders,
    #[borsh(skip)]
    changes: Vec<Change>,
    #[borsh(skip)]
    watching: Watching,
}

impl Kuma {
    /// Applies one command.
    ///
    /// # Errors
    /// Why it is refused; the venue is then as it was, and the caller takes back what `tx` has.
    pub fn apply(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        match self.dispatch(tx, command) {
            Ok(()) => {
                self.sweep(tx);
                self.drop_orders_of_taken(tx);
                self.commit();
                Ok(())
            }
            Err(rejection) => {
                self.abandon();
                Err(rejection)
            }
        }
    }

    /// Builds what is derived from the state anew.
    ///
    /// # Errors
    /// When the wallets' lists of positions are not lists.
    pub fn rebuild(&mut self, _id: VenueId, ledger: &Ledger) -> Result<(), Rejection> {
        self.wallets.rebuild()?;
        self.orders.rebuild();
        self.watch_again(ledger);
        Ok(())
    }
}
