//! Where the venue's money lies in the ledger, and how it moves.
//!
//! Reserve tokens: the pair's address, the pool's address (what was sent to it and not credited
//! to a loan yet), each loan's collateral, each wallet. LP tokens: owed by their issuer, held by
//! the pool's address, wallets, the locked first thousand, and the world outside. Shares of the
//! pool: owed by their issuer, held by wallets, the protocol, the locked first thousand, and
//! outside. A balance read here is never negative, except that the issuers owe.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, AssetId, MarketId, PositionId, VenueId};

use super::config::Assets;
use super::word::BOTH;
use super::{LoanId, Sent};
use crate::ledger::{Holder, HolderKind, Ledger, Reason, Slot};
use crate::{Rejection, Tx};

/// The pair and its pool are the venue's one market.
pub(super) const MARKET: MarketId = MarketId(0);

/// The slots of one wallet: two tokens, LP tokens, shares.
pub(super) type Slots = [Slot; 4];

/// The venue's slots. Loans keep their own.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub(super) struct Books {
    assets: Assets,
    /// The pair's reserve tokens.
    pub(super) pair: [Slot; 2],
    /// Reserve tokens sent to the pool and credited to no loan.
    pub(super) pool_tokens: [Slot; 2],
    /// The pool's LP tokens.
    pub(super) pool_lp: Slot,
    /// Collateral of loans that a starting state does not list.
    pub(super) unlisted: [Slot; 2],
    /// The world outside: two tokens, LP tokens, shares.
    pub(super) outside: Slots,
    /// Who issues LP tokens, and shares.
    pub(super) issuers: [Slot; 2],
    /// LP tokens, and shares, locked for ever.
    pub(super) locked: [Slot; 2],
    /// The protocol's shares.
    pub(super) protocol: Slot,
    wallets: BTreeMap<AccountId, Slots>,
}

/// What lies at `slot`; zero for an issuer.
pub(super) fn held(ledger: &Ledger, slot: Slot) -> u128 {
    u128::try_from(ledger.balance(slot)).unwrap_or(0)
}

/// Moves `amount`.
pub(super) fn pay(
    tx: &mut Tx<'_>,
    from: Slot,
    to: Slot,
    amount: u128,
    reason: Reason,
) -> Result<(), Rejection> {
    let amount = i128::try_from(amount).map_err(|_| ArithmeticError::Overflow)?;
    Ok(tx.pay(from, to, amount, reason)?)
}

fn pair_of(tx: &mut Tx<'_>, holder: Holder, assets: [AssetId; 2]) -> Result<[Slot; 2], Rejection> {
    Ok([tx.open(holder, assets[0])?, tx.open(holder, assets[1])?])
}

impl Books {
    /// Opens everything but wallets and loans.
    pub(super) fn open(assets: Assets, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        let venue = tx.venue;
        let of = |kind| Holder::of_venue(kind, venue);
        let Assets { tokens, lp, shares } = assets;
        let outside = of(HolderKind::Outside);
        // Loans are numbered from 1.
        let unlisted = Holder::position(venue, MARKET, PositionId(0));
        Ok(Self {
            assets,
            pair: pair_of(tx, of(HolderKind::Pair), tokens)?,
            pool_tokens: pair_of(tx, of(HolderKind::Vault), tokens)?,
            pool_lp: tx.open(of(HolderKind::Vault), lp)?,
            unlisted: pair_of(tx, unlisted, tokens)?,
            outside: [
                tx.open(outside, tokens[0])?,
                tx.open(outside, tokens[1])?,
                tx.open(outside, lp)?,
                tx.open(outside, shares)?,
            ],
            issuers: pair_of(tx, of(HolderKind::Issuer), [lp, shares])?,
            locked: pair_of(tx, of(HolderKind::Locked), [lp, shares])?,
            protocol: tx.open(of(HolderKind::ProtocolFees), shares)?,
            wallets: BTreeMap::new(),
        })
    }

    /// The collateral accounts of a new loan.
    pub(super) fn open_loan(&self, tx: &mut Tx<'_>, loan: LoanId) -> Result<[Slot; 2], Rejection> {
        pair_of(
            tx,
            Holder::position(tx.venue, MARKET, loan),
            self.assets.tokens,
        )
    }

    /// An account's wallet, opened now if it has none. Says whether it was.
    pub(super) fn wallet(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<(Slots, bool), Rejection> {
        if let Some(slots) = self.wallets.get(&account) {
            return Ok((*slots, false));
        }
        let holder = Holder::wallet(tx.venue, account);
        let Assets { tokens, lp, shares } = self.assets;
        let slots = [
            tx.open(holder, tokens[0])?,
            tx.open(holder, tokens[1])?,
            tx.open(holder, lp)?,
            tx.open(holder, shares)?,
        ];
        self.wallets.insert(account, slots);
        Ok((slots, true))
    }

    /// An account's wallet, if it has one.
    pub(super) fn wallet_of(&self, account: AccountId) -> Option<Slots> {
        self.wallets.get(&account).copied()
    }

    /// Forgets a wallet whose opening was taken back.
    pub(super) fn forget_wallet(&mut self, account: AccountId) {
        self.wallets.remove(&account);
    }

    /// Every wallet, by account.
    pub(super) fn wallets(&self) -> impl Iterator<Item = (AccountId, Slots)> + '_ {
        self.wallets
            .iter()
            .map(|(account, slots)| (*account, *slots))
    }

    /// LP tokens issued.
    pub(super) fn lp_supply(&self, ledger: &Ledger) -> u128 {
        ledger.balance(self.issuers[0]).unsigned_abs()
    }

    /// Shares issued.
    pub(super) fn share_supply(&self, ledger: &Ledger) -> u128 {
        ledger.balance(self.issuers[1]).unsigned_abs()
    }

    /// The pair's balances.
    pub(super) fn pair_balances(&self, ledger: &Ledger) -> [u128; 2] {
        self.pair.map(|slot| held(ledger, slot))
    }

    /// Sends from a wallet to the pool's address.
    pub(super) fn send(
        &self,
        tx: &mut Tx<'_>,
        wallet: &Slots,
        sent: &Sent,
    ) -> Result<(), Rejection> {
        for i in BOTH {
            pay(
                tx,
                wallet[i],
                self.pool_tokens[i],
                sent.tokens[i],
                Reason::SentAhead,
            )?;
        }
        pay(tx, wallet[2], self.pool_lp, sent.lp, Reason::SentAhead)
    }
}

/// A ledger's venue, for holders of it.
pub(super) const fn target(
    venue: VenueId,
    account: AccountId,
    loan: LoanId,
) -> crate::liquidation::Target {
    crate::liquidation::Target {
        venue,
        market: MARKET,
        account,
        position: Some(loan),
    }
}
