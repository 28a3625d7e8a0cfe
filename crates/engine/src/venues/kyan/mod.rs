//! Kyan: options and a perpetual under portfolio margin, liquidated in steps.
//!
//! An account belongs to one pair and holds its options and its perpetual against USDC. Its margin
//! is a sum over the pair's risk arrays ([`crate::margin::portfolio`]); when the maintenance margin
//! is above the equity, the engine blocks it and works on it until the initial margin is met:
//! first it hedges the delta (or closes a perpetual-only account), then it closes components of
//! the decomposed portfolio, then it auctions what is left; at the end the insurance fund takes
//! over. Its orders stand in the same books as everybody's, flagged, at fair value with an
//! incentive inside the price.
//!
//! * `instrument`, `pair`, `data`: what is listed, how it is priced, which data is trusted;
//! * `account`, `health`, `gate`: what an account has and needs, and what it may do;
//! * `start`: what a venue brings along;
//! * `trade`, `matching`: orders and fills, of users and of the engine;
//! * `machine`, `steps`, `wanted`, `working`, `episode`: the state machine, its stages, the orders
//!   a stage wants, those that stand, and what an episode remembers;
//! * `bids`, `partners`, `fund`, `unwind`: the portfolio auction, the hand-off, the bankruptcy, and
//!   how the fund gets rid of what it took over;
//! * `screen`: who has to be looked at after new market data;
//! * `undo`: a refused command, or a liquidation that cannot be carried out, leaves nothing.
//!
//! Money: cash of accounts (either sign; the fund has one on each pair), the fund's reserve, the venue's fees, the pair's clearing
//! (funding and expiries, whose roundings stay there) and its shortfall are holders of the ledger.
//! Units: money and sizes with 6 decimals, prices with 8. The page binds; what is not public is
//! configuration ([`Config`]).

mod account;
mod bids;
mod command;
mod config;
mod data;
mod episode;
mod event;
mod explain;
mod fund;
pub mod gate;
mod health;
mod instrument;
mod machine;
mod matching;
mod pair;
mod partners;
mod refusal;
mod screen;
mod start;
mod steps;
mod trade;
mod undo;
mod unwind;
mod wanted;
mod working;

pub use account::{Account, Held};
pub use command::{Command, IndexUpdate, OrderRequest};
pub use config::{
    Config, DecomposeTerms, Fees, Guards, HedgeTerms, INSTRUMENTS_MAX, Opening, PairParams, Stage,
    Start, Trust,
};
pub use episode::{ComponentKey, Episode, Working};
pub use event::{Event, Gone, Guard, Numbers, PhaseName, Ranked};
pub use health::Health;
pub use instrument::{InstrumentId, Listed, OptionTerms, Right, Steps};
pub use pair::{Pair, Priced};
pub use partners::PartnerQuote;
pub use refusal::Refusal;

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, Amount, AssetId, MarketId, VenueId};

use crate::ledger::{Holder, HolderKind, Ledger, Reason, Slot};
use crate::{Rejection, Tx};
use gate::{Action, Verdict};

/// The number of the insurance fund's own account on every pair; no user has it.
pub const FUND: AccountId = AccountId(u32::MAX);

/// Where the venue's own money is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct House {
    outside: Slot,
    fees: Slot,
    fund: Slot,
}

/// The state of a Kyan venue. See the module documentation.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Kyan {
    money: AssetId,
    procedure: Vec<Stage>,
    guards: Guards,
    pairs: Vec<Pair>,
    accounts: Vec<Account>,
    partners: BTreeMap<AccountId, PartnerQuote>,
    house: House,
    next_order: u64,
    #[borsh(skip)]
    open: BTreeSet<AccountId>,
    #[borsh(skip)]
    dirty: BTreeSet<AccountId>,
    #[borsh(skip)]
    fund_dirty: BTreeSet<MarketId>,
    #[borsh(skip)]
    undo: Vec<undo::Undo>,
}

impl Kyan {
    /// A venue at its beginning: pairs with a perpetual each, no options, no accounts.
    ///
    /// # Errors
    /// What is wrong with the parameters, or that the ledger does not have the asset.
    pub fn new(config: Config, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        config.validate()?;
        let (venue, money) = (tx.venue, config.money);
        let mut open = |kind| tx.open(Holder::of_venue(kind, venue), money);
        let house = House {
            outside: open(HolderKind::Outside)?,
            fees: open(HolderKind::ProtocolFees)?,
            fund: open(HolderKind::InsuranceFund)?,
        };
        let mut pairs = Vec::with_capacity(config.pairs.len());
        for (params, number) in config.pairs.into_iter().zip(0u16..) {
            let id = MarketId(number);
            let clearing = Holder::of_market(HolderKind::Clearing, venue, id);
            let shortfall = Holder::of_market(HolderKind::Shortfall, venue, id);
            let slots = (tx.open(clearing, money)?, tx.open(shortfall, money)?);
            let mut holder = Holder::margin(venue, FUND);
            holder.market = id;
            let fund = Account::new(u32::MAX, id, tx.open(holder, money)?);
            pairs.push(Pair::new(params, slots, fund));
        }
        let mut new = Self {
            money,
            procedure: config.procedure,
            guards: config.guards,
            pairs,
            accounts: Vec::new(),
            partners: BTreeMap::new(),
            house,
            next_order: 1,
            open: BTreeSet::new(),
            dirty: BTreeSet::new(),
            fund_dirty: BTreeSet::new(),
            undo: Vec::new(),
        };
        new.begin(tx, &config.start)?;
        new.commit();
        Ok(new)
    }

    /// Applies one command.
    ///
    /// # Errors
    /// Why it was refused; the venue is then as it was before.
    pub fn apply(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        let start = self.mark();
        if let Err(rejection) = self.act(tx, command) {
            self.rollback(start);
            self.dirty.clear();
            self.fund_dirty.clear();
            self.commit();
            return Err(rejection);
        }
        if command.moves_time() {
            self.dirty.extend(self.open.iter().copied());
            self.look_at_funds();
        }
        self.judge(tx);
        self.sweep(tx);
        self.commit();
        Ok(())
    }

    fn act(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        match command {
            Command::Tick => Ok(()),
            Command::List { pair, options } => self.list(tx, *pair, options),
            Command::Index(update) => self.index(tx, update),
            Command::Surface { pair, quoted } => self.surface(tx, *pair, quoted),
            Command::Open {
                account,
                owner,
                pair,
            } => self.open(tx, *account, *owner, *pair),
            Command::Deposit { account, amount } => self.deposit(tx, *account, *amount),
            Command::Withdraw { account, amount } => self.withdraw(tx, *account, *amount),
            Command::Transfer { from, to, amount } => self.transfer(tx, *from, *to, *amount),
            Command::Place(request) => self.place(tx, request),
            Command::Cancel {
                account,
                instrument,
                order,
            } => self.cancel(tx, *account, *instrument, *order),
            Command::CancelAll { account } => {
                if self.account(*account)?.episode().is_some() {
                    return Ok(());
                }
                self.remove_all(tx, *account, Gone::ByOwner)
            }
            Command::Funding { pair } => self.funding(tx, *pair),
            Command::Expire {
                pair,
                expiry,
                price,
            } => self.expire(tx, *pair, *expiry, *price),
            Command::FundDeposit { amount } => {
                let raw = positive(*amount)?;
                tx.pay(self.house.outside, self.house.fund, raw, Reason::Deposit)?;
                Ok(())
            }
            Command::Bid {
                bidder,
                account,
                share_e9,
                most,
            } => self.bid(tx, *bidder, *account, *share_e9, *most),
            Command::Quote {
                account,
                offset_e6,
                capacity,
                expires,
            } => self.quote(tx, *account, *offset_e6, *capacity, *expires),
        }
    }

    fn list(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        options: &[OptionTerms],
    ) -> Result<(), Rejection> {
        self.keep_listing(id)?;
        let first = self.change_pair(id)?.list(options, tx.now)?;
        self.reprice(id, tx.now)?;
        for (terms, number) in options.iter().zip(first..) {
            tx.emit(Event::Listed {
                pair: id,
                instrument: InstrumentId(number),
                terms: *terms,
            });
        }
        Ok(())
    }

    fn open(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        owner: u32,
        pair: MarketId,
    ) -> Result<(), Rejection> {
        self.pair(pair)?;
        if owner == FUND.0 {
            return Err(Refusal::Parameter {
                name: "owner",
                given: owner.into(),
                bounds: "another number: this one is the insurance fund's",
            }
            .into());
        }
        let next = u32::try_from(self.accounts.len()).map_err(|_| Refusal::Full)?;
        if account.0 != next || account == FUND {
            let next = AccountId(next);
            return Err(Refusal::AccountOutOfOrder {
                given: account,
                next,
            }
            .into());
        }
        let cash = tx.open(Holder::margin(tx.venue, account), self.money)?;
        self.accounts.push(Account::new(owner, pair, cash));
        tx.emit(Event::Opened {
            account,
            owner,
            pair,
        });
        Ok(())
    }

    fn deposit(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        let raw = positive(amount)?;
        let cash = self.account(id)?.cash;
        tx.pay(self.house.outside, cash, raw, Reason::Deposit)?;
        self.dirty.insert(id);
        self.cure(tx, id)
    }

    fn withdraw(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        self.pass(id, Action::Withdraw)?;
        let raw = positive(amount)?;
        self.take_out(tx, id, raw)?;
        let cash = self.account(id)?.cash;
        tx.pay(cash, self.house.outside, raw, Reason::Withdrawal)?;
        Ok(())
    }

    fn transfer(
        &mut self,
        tx: &mut Tx<'_>,
        from: AccountId,
        to: AccountId,
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        let (payer, payee) = (self.account(from)?, self.account(to)?);
        if from == to || payer.owner != payee.owner {
            return Err(Refusal::NotSameOwner { from, to }.into());
        }
        let (source, target) = (payer.cash, payee.cash);
        self.pass(from, Action::TransferOut)?;
        let raw = positive(amount)?;
        self.take_out(tx, from, raw)?;
        tx.pay(source, target, raw, Reason::Transfer)?;
        self.dirty.insert(to);
        self.cure(tx, to)
    }

    /// Whether an account may give up `raw` of its money: its initial margin is met afterwards.
    fn take_out(&self, tx: &Tx<'_>, id: AccountId, raw: i128) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let left = tx.balance(account.cash).saturating_sub(raw);
        if account.positions.is_empty() {
            if left < 0 {
                return Err(Refusal::TooLarge(raw).into());
            }
            return Ok(());
        }
        self.fresh(account.pair, tx.now)?;
        let marked = self.marked(account.pair)?;
        let before = marked.health(account, tx.balance(account.cash), None)?;
        let after = marked.health(account, left, None)?;
        // Taking money out never reduces risk, so only the initial margin counts.
        if marked.is_released(&after)? {
            return Ok(());
        }
        marked.may_go(&before, &after)
    }

    /// Whether an account's liquidation lets an act pass.
    fn pass(&self, id: AccountId, action: Action) -> Result<(), Refusal> {
        match self.account(id)?.episode() {
            Some(episode) if action.while_liquidated() == Verdict::Refused => {
                Err(Refusal::Blocked {
                    account: id,
                    phase: episode.phase,
                    action,
                })
            }
            _ => Ok(()),
        }
    }

    /// The asset accounts are kept in.
    #[must_use]
    pub const fn money(&self) -> AssetId {
        self.money
    }

    /// The pairs, in number order.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// A pair.
    ///
    /// # Errors
    /// [`Refusal::UnknownPair`].
    pub fn pair(&self, id: MarketId) -> Result<&Pair, Refusal> {
        let pair = self.pairs.get(id.index());
        pair.ok_or(Refusal::UnknownPair(id))
    }

    /// The accounts, in number order.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// An account.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub fn account(&self, id: AccountId) -> Result<&Account, Refusal> {
        let account = self.accounts.get(id.index());
        account.ok_or(Refusal::UnknownAccount(id))
    }

    /// The accounts being liquidated.
    pub fn in_liquidation(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.open.iter().copied()
    }

    /// An account's cash; below zero while its positions are worth more than it paid in.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub fn cash(&self, ledger: &Ledger, id: AccountId) -> Result<i128, Refusal> {
        Ok(ledger.balance(self.account(id)?.cash))
    }

    /// The insurance fund's money.
    #[must_use]
    pub fn fund_cash(&self, ledger: &Ledger) -> i128 {
        ledger.balance(self.house.fund)
    }

    /// The number the next order will get.
    #[must_use]
    pub const fn next_order(&self) -> u64 {
        self.next_order
    }

    /// Builds what is derived anew: surfaces, prices and the set of open liquidations.
    ///
    /// # Errors
    /// When the market data of the snapshot cannot be priced.
    pub fn rebuild(&mut self, _id: VenueId, _ledger: &Ledger) -> Result<(), Rejection> {
        for pair in &mut self.pairs {
            let quoted = pair.quoted.as_ref();
            let surface = quoted
                .map(crate::pricing::quoted::Quoted::check)
                .transpose();
            pair.find_next_expiry();
            pair.surface = surface.map_err(|why| Refusal::BadSurface(why.to_string()))?;
            pair.priced = match &pair.index {
                Some(index) => pair.price(index, pair.surface.as_ref(), pair.priced_at)?,
                None => None,
            };
        }
        self.open = (0u32..)
            .zip(&self.accounts)
            .filter(|(_, account)| account.episode.is_some())
            .map(|(number, _)| AccountId(number))
            .collect();
        Ok(())
    }

    /// Recounts the venue's invariants against the ledger.
    ///
    /// # Errors
    /// What does not hold, with the numbers.
    pub fn audit(&self, id: VenueId, ledger: &Ledger) -> Result<(), String> {
        for (pair, number) in self.pairs.iter().zip(0u16..) {
            self.audit_pair(pair, MarketId(number))?;
        }
        for (account, number) in self.accounts.iter().zip(0u32..) {
            let holder = Holder::margin(id, AccountId(number));
            if ledger.holder(account.cash) != Some(holder) {
                return Err(format!("{} keeps no cash at its place", AccountId(number)));
            }
            let engine = account.episode.as_ref().map_or(0, |e| e.orders.len());
            if account.episode.is_some() && account.orders.len() != engine {
                return Err(format!(
                    "{} is in liquidation with {} orders, {engine} of them the engine's",
                    AccountId(number),
                    account.orders.len()
                ));
            }
        }
        Ok(())
    }

    /// The signed sizes of each instrument of a pair, summed over accounts and fund.
    fn sums(&self, id: MarketId) -> Result<Vec<i128>, Refusal> {
        let pair = self.pair(id)?;
        let mut sums = vec![0i128; pair.books.len()];
        let accounts = self.accounts.iter().filter(|account| account.pair == id);
        for held in accounts.chain([&pair.fund]).flat_map(Account::positions) {
            let sum = sums.get_mut(held.instrument.index());
            let sum = sum.ok_or(Refusal::UnknownInstrument(held.instrument))?;
            *sum = sum.saturating_add(held.quantity.into());
        }
        Ok(sums)
    }

    fn audit_pair(&self, pair: &Pair, id: MarketId) -> Result<(), String> {
        let sums = self.sums(id).map_err(|refusal| refusal.to_string())?;
        if let Some(at) = sums.iter().position(|sum| *sum != 0) {
            return Err(format!("instrument {at} of {id} sums to {}", sums[at]));
        }
        let accounts = self.accounts.iter().filter(|account| account.pair == id);
        let listed = accounts.chain([&pair.fund]).map(|a| a.orders.len());
        let (listed, standing) = (
            listed.sum::<usize>(),
            pair.books
                .iter()
                .map(|book| u64::from(book.len()))
                .sum::<u64>(),
        );
        if u64::try_from(listed) != Ok(standing) {
            return Err(format!(
                "{standing} orders stand in the books of {id}, accounts know of {listed}"
            ));
        }
        pair.books.iter().try_for_each(crate::book::Book::audit)
    }
}

fn positive(amount: Amount<6>) -> Result<i128, Refusal> {
    let raw = amount.raw();
    if raw <= 0 {
        return Err(Refusal::NotPositive(raw));
    }
    if raw > i64::MAX.into() {
        return Err(Refusal::TooLarge(raw));
    }
    Ok(raw)
}
