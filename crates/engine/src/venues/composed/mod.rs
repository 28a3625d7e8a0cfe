//! A venue composed by an operator: any position-based margin with any stages that apply.
//!
//! The five venues beside this one reproduce somebody's rules. This one has none of its own: its
//! [`Config`] names a margin model, a trigger, a lock, a procedure of the shared
//! [`Stage`](crate::liquidation::Stage)s, backstops and limits, and what it does is what those
//! rooms do. What does not fit together is refused with the reason when the venue is made
//! ([`Config::check`]).
//!
//! Accounting: an account has one quote balance ([`HolderKind::Margin`](crate::ledger::HolderKind)),
//! which may be below zero, and signed positions. A trade moves `quantity x price` of quote from
//! the buyer to the seller, rounded once (up, in favour of the seller), so that quote and sizes
//! both sum to zero over all accounts at all times. Equity is the balance plus the positions at
//! the mark. Four accounts are the venue's own (see [`accounts`]): the *street*, which makes the
//! books and takes the other side of calm trading; the insurance *fund*; the *vault* of liquidity
//! providers; and the *keeper*, who is paid rewards. None of them is ever liquidated.
//!
//! How it works, one concern a file: `check` what fits together; `holdings` accounts and positions,
//! packed; `health` margin models; `trade`, `money`, `price`, `transfer` what changes them;
//! `trigger` when a case is opened; `watching` whom to look at; `procedure` what happens then;
//! `story` telling it; `undo`, `audit`.
//!
//! How it is driven: accounts are opened by their first deposit and numbered as they come, from
//! [`accounts::FIRST`]; the street and the fund are given money by deposits too, the vault by
//! [`Command::AddLiquidity`]. A market needs a price before it is traded. Whoever trades calmly
//! does so by [`Command::Fill`] against the street. After every command nobody is under their
//! requirement without an open case or a warning. Between prices, [`Command::Tick`] ends graces,
//! moves auctions and walks cases whose `retry` has passed.
//!
//! Invariants: sizes of each market sum to zero; quote sums to what came in less what went out; an
//! account is liquidated only when the margin model and trigger say so at that moment; every loss
//! beyond an account's money has a named bearer; a refused command changes nothing.
//! Units: pips (1e-8) of quote, base, price and fractions, as in [`crate::margin::cross`].

mod audit;
mod check;
mod command;
mod config;
mod event;
mod health;
mod holdings;
mod money;
mod price;
mod procedure;
mod refusal;
mod story;
mod trade;
mod transfer;
mod trigger;
mod undo;
mod watching;

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, AssetId, MarketId, VenueId};

pub use check::{
    COUNTERPARTIES_MAX, MARKETS_MAX, MONEY_MAX, PRICE_MAX, SCENARIOS_MAX, STAGES_MAX, WAIT_MAX,
};
pub use command::{Command, Fill, Level};
pub use config::{
    Acquirer, Backstops, Config, FundTerms, Limits, Lock, Margin, Market, Scenarios, Trigger,
    VaultTerms,
};
pub use event::{Event, Taker};
pub use holdings::{Holdings, Position};
pub use money::VaultBook;
pub use procedure::{Cases, File, LEVELS_MAX, Offering, Piece, Plan, Quotes};
pub use refusal::Refusal;
pub use story::concerns;
pub use trigger::Warning;
pub use watching::WatchCounters;

use crate::backstop::fund::Fund;
use crate::ledger::{Holder, HolderKind, Ledger, Slot};
use crate::{Rejection, Tx};
use trigger::Cause;
use undo::Change;
use watching::Watching;

/// The venue's own accounts.
pub mod accounts {
    use plimsoll_units::AccountId;

    /// Makes the books, and takes the other side of calm trading.
    pub const STREET: AccountId = AccountId(0);
    /// The insurance fund.
    pub const FUND: AccountId = AccountId(1);
    /// The liquidity providers' vault.
    pub const VAULT: AccountId = AccountId(2);
    /// Who is paid the rewards of liquidations.
    pub const KEEPER: AccountId = AccountId(3);
    /// The first account of a participant.
    pub const FIRST: AccountId = AccountId(4);

    /// Whether an account is the venue's own: never liquidated, and asked for no margin.
    #[must_use]
    pub const fn is_own(account: AccountId) -> bool {
        account.0 < FIRST.0
    }
}

/// The decimals of the money: pips.
const DECIMALS: u32 = 8;

/// The venue. See the module documentation.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Composed {
    config: Config,
    outside: Slot,
    marks: Vec<u64>,
    holdings: Holdings,
    warnings: BTreeMap<AccountId, Warning>,
    vault: VaultBook,
    vault_shares: BTreeMap<AccountId, i128>,
    fund: Fund,
    cases: Cases,
    /// What to take back when the command is refused.
    #[borsh(skip)]
    changes: Vec<Change>,
    /// Whom prices reached in this command.
    #[borsh(skip)]
    reached: Vec<AccountId>,
    /// Whose money or positions this command changed.
    #[borsh(skip)]
    touched: Vec<AccountId>,
    /// Whose cases were closed in this command.
    #[borsh(skip)]
    dismissed: BTreeSet<AccountId>,
    #[borsh(skip)]
    watching: Watching,
}

impl Composed {
    /// The venue at its beginning: its own four accounts, no marks.
    ///
    /// # Errors
    /// What [`Config::check`] refuses, or money that is not counted in pips.
    pub fn new(config: Config, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        config.check()?;
        let money = config.money;
        let decimals = tx.ledger().asset(money).map_or(DECIMALS, |a| a.decimals);
        check::within("decimals of the money", decimals.into(), 8, 8)?;
        let outside = tx.open(Holder::of_venue(HolderKind::Outside, tx.venue), money)?;
        let markets = config.markets.len();
        let policy = config.backstops.fund.as_ref().map(|fund| fund.policy);
        let mut new = Self {
            outside,
            marks: vec![0; markets],
            holdings: Holdings::new(markets),
            warnings: BTreeMap::new(),
            vault: VaultBook::default(),
            vault_shares: BTreeMap::new(),
            fund: Fund::new(policy.unwrap_or_default()).map_err(Refusal::from)?,
            cases: Cases::new(markets),
            changes: Vec::new(),
            reached: Vec::new(),
            touched: Vec::new(),
            dismissed: BTreeSet::new(),
            watching: Watching::new(markets)?,
            config,
        };
        for own in 0..accounts::FIRST.0 {
            new.ensure_account(tx, AccountId(own))?;
        }
        new.commit();
        Ok(new)
    }

    /// Applies one command.
    ///
    /// # Errors
    /// Why it is refused; the venue is then as it was.
    pub fn apply(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        let start = self.point(tx);
        let done = self.act(tx, command);
        match done.and_then(|cause| self.sweep(tx, &cause)) {
            Ok(()) => {
                self.commit();
                Ok(())
            }
            Err(rejection) => {
                self.back_to(tx, &start);
                self.arm_again(tx.ledger());
                self.commit();
                Err(rejection)
            }
        }
    }

    fn act(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<Cause, Rejection> {
        match command {
            Command::Prices(prices) => return self.publish(tx, prices),
            Command::Tick => {
                return Ok(Cause {
                    tick: true,
                    ..Cause::default()
                });
            }
            Command::Deposit { account, amount } => self.deposit(tx, *account, *amount)?,
            Command::Withdraw { account, amount } => self.withdraw(tx, *account, *amount)?,
            Command::Fill(fill) => self.fill(tx, fill)?,
            Command::AddLiquidity { account, amount } => {
                self.add_liquidity(tx, *account, *amount)?;
            }
            Command::RemoveLiquidity { account, shares } => {
                self.remove_liquidity(tx, *account, *shares)?;
            }
            other => self.act_on_cases(tx, other)?,
        }
        Ok(Cause::default())
    }

    /// Nothing of this command can be taken back any more.
    fn commit(&mut self) {
        self.changes.clear();
        self.reached.clear();
        self.touched.clear();
        self.dismissed.clear();
    }

    /// Builds what is derived from the state anew.
    ///
    /// # Errors
    /// What [`Config::check`] refuses: a state with such parameters is not ours.
    pub fn rebuild(&mut self, _id: VenueId, ledger: &Ledger) -> Result<(), Rejection> {
        self.config.check()?;
        self.holdings.rebuild();
        self.arm_everybody(ledger)
    }

    /// Its parameters.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The asset of all its money.
    #[must_use]
    pub const fn money(&self) -> AssetId {
        self.config.money
    }

    /// A market's mark, pips.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`], [`Refusal::NoMark`] before its first price.
    pub fn mark(&self, market: MarketId) -> Result<u64, Refusal> {
        match self.marks.get(market.index()) {
            None => Err(Refusal::UnknownMarket(market)),
            Some(0) => Err(Refusal::NoMark(market)),
            Some(mark) => Ok(*mark),
        }
    }

    /// Accounts and positions.
    #[must_use]
    pub const fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// An account's positions, in market order.
    #[must_use]
    pub fn positions(&self, account: AccountId) -> &[Position] {
        self.holdings.positions(account)
    }

    /// A market's open interest: the sum of its longs, pips of base.
    #[must_use]
    pub fn open_interest(&self, market: MarketId) -> i128 {
        self.holdings.open(market)
    }

    /// The markets' ids, in order.
    pub fn market_ids(&self) -> impl Iterator<Item = MarketId> + use<> {
        let count = u16::try_from(self.marks.len()).unwrap_or(u16::MAX);
        (0..count).map(MarketId)
    }

    /// Accounts whose trigger waits, with since when.
    #[must_use]
    pub const fn warnings(&self) -> &BTreeMap<AccountId, Warning> {
        &self.warnings
    }

    /// The vault's shares.
    #[must_use]
    pub const fn vault(&self) -> VaultBook {
        self.vault
    }

    /// A provider's shares of the vault.
    #[must_use]
    pub fn shares_of(&self, account: AccountId) -> i128 {
        self.vault_shares.get(&account).copied().unwrap_or(0)
    }

    /// What the insurance fund has lost lately.
    #[must_use]
    pub const fn fund(&self) -> &Fund {
        &self.fund
    }

    /// Bytes held on the heap, without the ledger's.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.holdings
            .memory_bytes()
            .saturating_add(self.watching.memory_bytes())
    }
}
