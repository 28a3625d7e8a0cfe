//! The venue: its state, the dispatch of commands, and what must hold.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, AssetId, VenueId};

use super::books::{Books, Slots, held, pay};
use super::keeper::{OpenCase, Trips};
use super::liquidate::Single;
use super::undo::Change;
use super::word::BOTH;
use super::{Action, Command, Config, Form, Loan, LoanId, Params, Purse, Refusal, Storage};
use crate::ledger::{Ledger, Reason};
use crate::{Rejection, Tx};

/// A pair, its pool, and the pool's loans.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct GammaSwap {
    pub(super) config: Config,
    pub(super) block: u64,
    pub(super) storage: Storage,
    /// The reserves the pair has recorded.
    pub(super) pair: [u128; 2],
    pub(super) loans: Vec<Loan>,
    /// Collateral of loans that the starting state did not list.
    pub(super) unlisted: [u128; 2],
    pub(super) books: Books,
    pub(super) cases: BTreeMap<LoanId, OpenCase>,
    #[borsh(skip)]
    pub(super) trips: Trips,
    /// What the command being applied has changed; empty between commands.
    #[borsh(skip)]
    pub(super) changes: Vec<Change>,
}

/// Where a loan is kept; loans are numbered from 1.
pub(super) fn place(id: LoanId) -> usize {
    id.0.checked_sub(1)
        .and_then(|at| usize::try_from(at).ok())
        .unwrap_or(usize::MAX)
}

impl GammaSwap {
    /// A venue at its start: empty, or as the configuration's starting state has it.
    ///
    /// # Errors
    /// [`Refusal::BadConfig`], [`Refusal::BadGenesis`], or what the ledger refuses.
    pub fn new(mut config: Config, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        config.check()?;
        let genesis = config.genesis.take();
        let mut venue = Self {
            block: 0,
            storage: Storage::new(0),
            pair: [0, 0],
            loans: Vec::new(),
            unlisted: [0, 0],
            books: Books::open(config.assets, tx)?,
            cases: BTreeMap::new(),
            trips: Trips::default(),
            changes: Vec::new(),
            config,
        };
        if let Some(state) = genesis {
            venue.start_from(tx, &state)?;
        }
        venue.changes.clear();
        venue.rebuild_trips()?;
        Ok(venue)
    }

    /// Applies one command: all of it, or nothing.
    ///
    /// # Errors
    /// Why it was refused; the venue is then as before.
    pub fn apply(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        let mark = self.mark(tx);
        let index = self.storage.acc_fee_index;
        let result = self.run(tx, command).and_then(|()| self.finish(tx, index));
        match result {
            Ok(()) => {
                self.changes.clear();
                self.keep_trips();
                Ok(())
            }
            Err(rejection) => {
                self.back_to(tx, &mark);
                self.restore_trips()?;
                Err(rejection)
            }
        }
    }

    fn run(&mut self, tx: &mut Tx<'_>, command: &Command) -> Result<(), Rejection> {
        self.enter_block(command.block)?;
        match &command.action {
            Action::Deposit {
                account,
                purse,
                amount,
            } => self.bring(tx, *account, *purse, *amount),
            Action::Withdraw {
                account,
                purse,
                amount,
            } => self.take(tx, *account, *purse, *amount),
            Action::AddLiquidity { account, desired } => self.add_liquidity(tx, *account, *desired),
            Action::RemoveLiquidity { account, lp } => self.remove_liquidity(tx, *account, *lp),
            Action::Swap {
                account,
                sell,
                amount,
                minimum,
            } => self.swap(tx, *account, (*sell, *amount, *minimum)),
            Action::MovePair { reserves, supply } => self.move_pair(tx, *reserves, *supply),
            Action::Send { account, sent } => {
                let wallet = self.wallet(tx, *account)?;
                self.books.send(tx, &wallet, sent)
            }
            Action::SendToPair { account, tokens } => self.send_to_pair(tx, *account, *tokens),
            Action::PoolDeposit { account, lp } => self.pool_deposit(tx, *account, *lp),
            Action::PoolWithdraw { account, shares } => self.pool_withdraw(tx, *account, *shares),
            Action::UpdatePool => self.accrue(tx).map(|_| ()),
            _ => self.run_loan(tx, &command.action),
        }
    }

    fn run_loan(&mut self, tx: &mut Tx<'_>, action: &Action) -> Result<(), Rejection> {
        match action {
            Action::CreateLoan {
                account,
                threshold_bps,
            } => self.create_loan(tx, *account, *threshold_bps).map(|_| ()),
            Action::IncreaseCollateral {
                account,
                loan,
                amounts,
            } => self.increase_collateral(tx, *account, *loan, *amounts),
            Action::DecreaseCollateral {
                account,
                loan,
                amounts,
            } => self.decrease_collateral(tx, *account, *loan, *amounts),
            Action::Borrow { account, loan, lp } => self.borrow(tx, *account, *loan, *lp),
            Action::Repay {
                account,
                loan,
                liquidity,
            } => self.repay(tx, *account, *loan, *liquidity),
            Action::RepayWithLp {
                account,
                loan,
                liquidity,
                lp,
            } => self.repay_with_lp(tx, *account, *loan, (*liquidity, *lp)),
            Action::Rebalance {
                account,
                loan,
                deltas,
            } => self.rebalance(tx, *account, *loan, deltas),
            Action::Open {
                account,
                threshold_bps,
                amounts,
                lp,
            } => self.open_at_once(tx, *account, *threshold_bps, (*amounts, *lp)),
            _ => self.run_liquidation(tx, action),
        }
    }

    fn run_liquidation(&mut self, tx: &mut Tx<'_>, action: &Action) -> Result<(), Rejection> {
        match action {
            Action::LiquidateWithLp {
                account,
                loan,
                sent,
            } => self.liquidate_single(tx, *account, *loan, Single::WITH_LP, sent),
            Action::Liquidate {
                account,
                loan,
                deltas,
                fees,
                sent,
            } => {
                let single = Single {
                    form: Form::FromCollateral,
                    deltas,
                    fees,
                };
                self.liquidate_single(tx, *account, *loan, single, sent)
            }
            Action::BatchLiquidations {
                account,
                loans,
                sent,
            } => self.liquidate_batch(tx, *account, loans, sent),
            // Every other action is taken by the two functions above.
            _ => Ok(()),
        }
    }

    fn enter_block(&mut self, block: u64) -> Result<(), Refusal> {
        if block < self.block {
            return Err(Refusal::BlockWentBack {
                at: self.block,
                given: block,
            });
        }
        if block > self.config.params.generation.max_block() {
            return Err(Refusal::BlockTooLarge(block));
        }
        self.block = block;
        Ok(())
    }

    fn bring(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        purse: Purse,
        amount: u128,
    ) -> Result<(), Rejection> {
        let at = purse.index();
        let (wallet, outside) = (self.wallet(tx, account)?, self.books.outside[at]);
        let theirs = held(tx.ledger(), outside);
        if matches!(purse, Purse::Lp | Purse::Shares) && amount > theirs {
            return Err(Refusal::OutsideHoldsLess {
                needed: amount,
                held: theirs,
            }
            .into());
        }
        pay(tx, outside, wallet[at], amount, Reason::Deposit)
    }

    fn take(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        purse: Purse,
        amount: u128,
    ) -> Result<(), Rejection> {
        let at = purse.index();
        let (wallet, outside) = (self.wallet(tx, account)?, self.books.outside[at]);
        pay(tx, wallet[at], outside, amount, Reason::Withdrawal)
    }

    /// An account's wallet; opened on first sight.
    pub(super) fn wallet(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<Slots, Rejection> {
        let (slots, opened) = self.books.wallet(tx, account)?;
        if opened {
            self.changes.push(Change::NoWallet(account));
        }
        Ok(slots)
    }

    pub(super) fn get(&self, id: LoanId) -> Option<&Loan> {
        self.loans.get(place(id))
    }

    /// A loan.
    ///
    /// # Errors
    /// [`Refusal::LoanDoesNotExist`].
    pub fn loan(&self, id: LoanId) -> Result<&Loan, Refusal> {
        self.get(id).ok_or(Refusal::LoanDoesNotExist(id))
    }

    /// A loan that belongs to `account`.
    pub(super) fn owned(&self, account: AccountId, id: LoanId) -> Result<(), Refusal> {
        match self.loan(id)? {
            loan if loan.owner == account => Ok(()),
            _ => Err(Refusal::Forbidden(id)),
        }
    }

    pub(super) fn add_loan(&mut self, loan: Loan) {
        self.loans.push(loan);
        self.changes.push(Change::NoLoan);
    }

    /// The LP token: what debts are repaid with.
    #[must_use]
    pub const fn money(&self) -> AssetId {
        self.config.assets.lp
    }

    /// The venue's rules.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.config.params
    }

    /// The pool's books.
    #[must_use]
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The block of the last accepted command.
    #[must_use]
    pub const fn block(&self) -> u64 {
        self.block
    }

    /// The reserves the pair has recorded.
    #[must_use]
    pub const fn reserves(&self) -> [u128; 2] {
        self.pair
    }

    /// Every loan ever created, with its id.
    pub fn loans(&self) -> impl Iterator<Item = (LoanId, &Loan)> {
        (1u64..).map(plimsoll_units::PositionId).zip(&self.loans)
    }

    /// The loans with an open case, by id.
    pub fn due(&self) -> impl Iterator<Item = LoanId> + '_ {
        self.cases.keys().copied()
    }

    /// Counters of the watch: how many loans were looked at because the fee index reached them.
    #[must_use]
    pub fn watch_stats(&self) -> crate::watch::WatchStats {
        self.trips.stats()
    }

    /// Sets all trips anew: a restored snapshot has none.
    pub(crate) fn rebuild(&mut self, _id: VenueId, _ledger: &Ledger) -> Result<(), Rejection> {
        self.rebuild_trips()
    }

    /// Recounts what must hold. Cost is linear in the loans.
    ///
    /// # Errors
    /// What does not hold, with the numbers.
    pub fn audit(&self, _id: VenueId, ledger: &Ledger) -> Result<(), String> {
        let mut tokens = self.unlisted;
        for (id, loan) in self.loans() {
            for token in BOTH {
                let booked = held(ledger, loan.slots[token]);
                if booked != loan.held[token] {
                    return Err(format!(
                        "loan {} holds {} of token {token}, the ledger has {booked}",
                        id.0, loan.held[token]
                    ));
                }
                tokens[token] = tokens[token].saturating_add(loan.held[token]);
            }
        }
        if tokens != self.storage.token_balance {
            return Err(format!(
                "the loans hold {tokens:?}, the pool tracks {:?}",
                self.storage.token_balance
            ));
        }
        self.audit_pool(ledger)
    }

    fn audit_pool(&self, ledger: &Ledger) -> Result<(), String> {
        let shares = self.books.share_supply(ledger);
        if shares != self.storage.share_supply {
            return Err(format!(
                "{shares} shares are issued, the pool counts {}",
                self.storage.share_supply
            ));
        }
        let lp = held(ledger, self.books.pool_lp);
        if lp < self.storage.lp_token_balance {
            return Err(format!(
                "the pool holds {lp} LP tokens, it tracks {}",
                self.storage.lp_token_balance
            ));
        }
        let balances = self.books.pair_balances(ledger);
        if balances[0] < self.pair[0] || balances[1] < self.pair[1] {
            return Err(format!(
                "the pair holds {balances:?}, it records {:?}",
                self.pair
            ));
        }
        if !self.changes.is_empty() {
            return Err("changes are left over from a command".to_owned());
        }
        Ok(())
    }
}
