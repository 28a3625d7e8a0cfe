//! Starting from the state of a chain, and reading it back.

use plimsoll_units::AccountId;

use super::books::{held, pay};
use super::word::{self, BOTH};
use super::{GammaSwap, Loan, LoanId, LoanState, Refusal, State, Wallet};
use crate::ledger::{Ledger, Reason, Slot};
use crate::{Rejection, Tx};

impl GammaSwap {
    /// Takes over a state. The venue must be empty.
    pub(super) fn start_from(&mut self, tx: &mut Tx<'_>, state: &State) -> Result<(), Rejection> {
        let generation = self.config.params.generation;
        let s = state.storage;
        if s.last_block > state.block || state.block > generation.max_block() {
            return Err(Refusal::BadGenesis("its block is before its last accrual").into());
        }
        if s.acc_fee_index > generation.max_index()
            || s.last_cfmm_fee_index > generation.max_pair_index()
        {
            return Err(Refusal::BadGenesis("an index does not fit its type").into());
        }
        if state.loans.len() > usize::try_from(self.config.max_loans).unwrap_or(usize::MAX) {
            return Err(Refusal::TooManyLoans(self.config.max_loans).into());
        }
        self.block = state.block;
        self.storage = s;
        self.take_over_pair(tx, state)?;
        self.take_over_wallets(tx, state)?;
        self.take_over_loans(tx, state)?;
        self.take_over_pool(tx, state)
    }

    fn take_over_pair(&mut self, tx: &mut Tx<'_>, state: &State) -> Result<(), Rejection> {
        for token in BOTH {
            let (from, to) = (self.books.outside[token], self.books.pair[token]);
            pay(tx, from, to, state.reserves[token], Reason::Deposit)?;
        }
        // All LP tokens and shares are outside until they are found elsewhere.
        let [lp, shares] = self.books.issuers;
        pay(
            tx,
            lp,
            self.books.outside[2],
            state.supply,
            Reason::SharesIssued,
        )?;
        let shares_outside = self.books.outside[3];
        pay(
            tx,
            shares,
            shares_outside,
            state.storage.share_supply,
            Reason::SharesIssued,
        )?;
        self.sync(tx)?;
        Ok(())
    }

    fn take_over_wallets(&mut self, tx: &mut Tx<'_>, state: &State) -> Result<(), Rejection> {
        for wallet in &state.wallets {
            let slots = self.wallet(tx, wallet.account)?;
            for token in BOTH {
                let from = self.books.outside[token];
                pay(
                    tx,
                    from,
                    slots[token],
                    wallet.tokens[token],
                    Reason::Deposit,
                )?;
            }
            self.bring_shares(tx, 2, slots[2], wallet.lp)?;
            self.bring_shares(tx, 3, slots[3], wallet.shares)?;
        }
        Ok(())
    }

    /// LP tokens or shares, which outside cannot owe.
    fn bring_shares(
        &self,
        tx: &mut Tx<'_>,
        purse: usize,
        to: Slot,
        amount: u128,
    ) -> Result<(), Rejection> {
        let outside = self.books.outside[purse];
        if amount > held(tx.ledger(), outside) {
            return Err(
                Refusal::BadGenesis("more LP tokens or shares are held than issued").into(),
            );
        }
        pay(tx, outside, to, amount, Reason::Deposit)
    }

    fn take_over_loans(&mut self, tx: &mut Tx<'_>, state: &State) -> Result<(), Rejection> {
        for (number, loan) in (1u64..).zip(&state.loans) {
            let id = plimsoll_units::PositionId(number);
            if loan.threshold_bps > self.config.params.ltv_bps {
                return Err(Refusal::ThresholdAbovePool {
                    given: loan.threshold_bps,
                    pool: self.config.params.ltv_bps,
                }
                .into());
            }
            if loan.rate_index > word::MAX_U96 {
                return Err(Refusal::BadGenesis("a loan's index does not fit its type").into());
            }
            let slots = self.books.open_loan(tx, id)?;
            for token in BOTH {
                let from = self.books.outside[token];
                pay(tx, from, slots[token], loan.held[token], Reason::Deposit)?;
            }
            self.add_loan(Loan {
                owner: loan.owner,
                threshold_bps: loan.threshold_bps,
                liquidity: loan.liquidity,
                init_liquidity: loan.init_liquidity,
                lp_tokens: loan.lp_tokens,
                rate_index: loan.rate_index,
                held: loan.held,
                slots,
            });
        }
        Ok(())
    }

    /// The pool's address holds what it tracks, and what was sent to it since.
    fn take_over_pool(&mut self, tx: &mut Tx<'_>, state: &State) -> Result<(), Rejection> {
        for token in BOTH {
            let mut left = self.storage.token_balance[token];
            for loan in &self.loans {
                left = left
                    .checked_sub(loan.held[token])
                    .ok_or(Refusal::BadGenesis(
                        "the loans hold more than the pool tracks",
                    ))?;
            }
            self.unlisted[token] = left;
            let tracked = self.storage.token_balance[token];
            let sent = state.pool_tokens[token].checked_sub(tracked);
            let sent = sent.ok_or(Refusal::BadGenesis("the pool tracks more than it holds"))?;
            let from = self.books.outside[token];
            pay(tx, from, self.books.unlisted[token], left, Reason::Deposit)?;
            pay(
                tx,
                from,
                self.books.pool_tokens[token],
                sent,
                Reason::Deposit,
            )?;
        }
        self.bring_shares(tx, 2, self.books.pool_lp, state.pool_lp)
    }

    /// The whole state, as a chain shows it.
    #[must_use]
    pub fn state(&self, ledger: &Ledger) -> State {
        let sent = self.books.pool_tokens.map(|slot| held(ledger, slot));
        let tracked = self.storage.token_balance;
        State {
            block: self.block,
            storage: self.storage,
            reserves: self.pair,
            supply: self.books.lp_supply(ledger),
            pool_tokens: [
                tracked[0].saturating_add(sent[0]),
                tracked[1].saturating_add(sent[1]),
            ],
            pool_lp: held(ledger, self.books.pool_lp),
            wallets: self
                .books
                .wallets()
                .map(|(account, _)| self.wallet_state(ledger, account))
                .collect(),
            loans: self.loans.iter().map(state_of).collect(),
        }
    }

    /// What an account's wallet holds; nothing when it has none.
    #[must_use]
    pub fn wallet_state(&self, ledger: &Ledger, account: AccountId) -> Wallet {
        let slots = self.books.wallet_of(account);
        let has = |at: usize| slots.map_or(0, |slots| held(ledger, slots[at & 3]));
        Wallet {
            account,
            tokens: [has(0), has(1)],
            lp: has(2),
            shares: has(3),
        }
    }

    /// One loan, as a chain shows it.
    ///
    /// # Errors
    /// [`Refusal::LoanDoesNotExist`].
    pub fn loan_state(&self, id: LoanId) -> Result<LoanState, Refusal> {
        self.loan(id).map(state_of)
    }
}

fn state_of(loan: &Loan) -> LoanState {
    LoanState {
        owner: loan.owner,
        threshold_bps: loan.threshold_bps,
        liquidity: loan.liquidity,
        init_liquidity: loan.init_liquidity,
        lp_tokens: loan.lp_tokens,
        rate_index: loan.rate_index,
        held: loan.held,
    }
}
