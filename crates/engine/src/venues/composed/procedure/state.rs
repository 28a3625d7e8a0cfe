//! What the venue knows of its cases, and how it is taken back.
//!
//! A case is *open* while the account's liquidation is under way. What the acquirer took over of
//! it stays on its [`File`] until it is gone, however the case ended; then the file is closed.
//!
//! Invariants, recounted by [`Cases::audit`]: an account has at most one open case; a file is open
//! or holds something; what is held in a market for all cases lies on one side.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, CaseId, MarketId, Side, Timestamp};

use super::deleverage::Ranked;
use super::settle::Loss;
use super::street::{Cursor, Quotes};
use crate::auction::{Clock, Ladder};
use crate::backstop::fund::{Fund, FundPolicy};
use crate::backstop::partners::{self, Before, OfferId, Partners};
use crate::liquidation::{BlockedReason, Case};
use crate::venues::composed::undo::Point;
use crate::venues::composed::{Composed, Level, Refusal};
use crate::{Rejection, Tx};

/// A part of the acquirer's position that came from a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Piece {
    /// In which market.
    pub market: MarketId,
    /// Signed size that is left, pips of base.
    pub size: i64,
    /// What the acquirer paid for that (a long), or was paid (a short): positive, pips of quote.
    pub cost: i128,
}

/// How far a disposal in slices has come in a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Plan {
    /// In which market.
    pub market: MarketId,
    /// How much there was when it began, pips of base.
    pub whole: u64,
    /// How much of what is left should be gone by now.
    pub due: u64,
}

/// A standing offer to bidders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Offering {
    /// How the incentive climbs.
    pub ladder: Ladder,
    /// No more is sold than restores the account.
    pub just_enough: bool,
    /// When it began, and how long it stood still.
    pub clock: Clock,
    /// The level that was told last.
    pub level: u32,
}

/// All there is to a case.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct File {
    /// What it is about.
    pub case: Case,
    /// Whether the account's liquidation is still under way.
    pub open: bool,
    /// Whether anything was done to the account.
    pub touched: bool,
    /// Whether the liquidator was rewarded: once a case.
    pub rewarded: bool,
    /// What was taken of the account's collateral, rewards aside.
    pub seized: i128,
    /// What waits to be closed at the next version: markets and quantities, pips of base.
    pub queued: Vec<(MarketId, u64)>,
    /// Whether that version has come.
    pub ripe: bool,
    /// What the account owed beyond what it had, so far.
    pub shortfall: i128,
    /// What the fund has lost on the case against marks, so far; negative where it has won.
    pub borne: i128,
    /// What the acquirer still holds of it, by market.
    pub pieces: Vec<Piece>,
    /// Disposals in slices.
    pub plans: Vec<Plan>,
    /// When the last slice was due.
    pub sliced_at: Option<Timestamp>,
    /// What is offered to bidders.
    pub offer: Option<Offering>,
    /// Why nothing more can be done now.
    pub blocked: Option<BlockedReason>,
    /// When it is looked at again.
    pub next_at: Timestamp,
}

impl File {
    fn new(case: Case) -> Self {
        Self {
            case,
            open: true,
            touched: false,
            rewarded: false,
            seized: 0,
            queued: Vec::new(),
            ripe: false,
            shortfall: 0,
            borne: 0,
            pieces: Vec::new(),
            plans: Vec::new(),
            sliced_at: None,
            offer: None,
            blocked: None,
            next_at: case.trigger.at,
        }
    }

    /// What is held of it in a market.
    #[must_use]
    pub fn piece(&self, market: MarketId) -> Option<&Piece> {
        self.pieces.iter().find(|piece| piece.market == market)
    }

    pub(super) fn piece_mut(&mut self, market: MarketId) -> Option<&mut Piece> {
        self.pieces.iter_mut().find(|piece| piece.market == market)
    }

    pub(super) fn plan(&self, market: MarketId) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.market == market)
    }

    /// `quantity` of a market went: the slice that is due is that much smaller.
    pub(super) fn went(&mut self, market: MarketId, quantity: u64) {
        let plan = self.plans.iter_mut().find(|plan| plan.market == market);
        if let Some(plan) = plan {
            plan.due = plan.due.saturating_sub(quantity);
        }
        self.touched = true;
    }

    /// Another one offers from now on: schedules and auctions begin anew.
    pub(super) fn changes_hands(&mut self) {
        self.plans.clear();
        self.sliced_at = None;
        self.offer = None;
    }
}

/// Something as it was before.
#[derive(Debug, Clone)]
pub(in crate::venues::composed) enum Note {
    /// A file, or that there was none.
    File(CaseId, Option<Box<File>>),
    /// Whether a case was waiting to be looked at.
    Backlog(CaseId, bool),
    NextLook(Timestamp),
    /// A partner and its offer.
    Filled(Box<Before>),
    /// An offer that was not there.
    Posted(AccountId, OfferId),
    /// An offer that was there.
    Cancelled(Box<partners::Offer>),
    Partners(Box<Partners>),
    /// How far a book was taken.
    Cursor(MarketId, Side, Cursor),
    Quotes(MarketId, Box<Quotes>),
    /// How many losses there were to be shared.
    Shared(usize),
}

/// The cases of a venue, and who stands by for them.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Cases {
    pub(super) files: BTreeMap<CaseId, File>,
    pub(super) open: BTreeMap<AccountId, CaseId>,
    /// Signed sizes held for cases.
    pub(super) held: BTreeMap<(MarketId, CaseId), i64>,
    /// Files to be looked at, beyond what the last commands had room for.
    pub(super) backlog: BTreeSet<CaseId>,
    /// No file is due before.
    pub(super) next_look: Timestamp,
    pub(super) partners: Partners,
    pub(super) street: Vec<Quotes>,
    /// Rankings of this command, by market and the counterparties' side.
    #[borsh(skip)]
    pub(super) ranked: BTreeMap<(MarketId, Side), Ranked>,
    /// Whose place in them has changed since.
    #[borsh(skip)]
    pub(super) moved: Vec<AccountId>,
    /// The file that was noted last, since the last point to return to: once is enough.
    #[borsh(skip)]
    pub(super) noted: Option<CaseId>,
    /// Losses of this command that are to be shared.
    #[borsh(skip)]
    pub(super) shared: Vec<Loss>,
}

impl Cases {
    /// No cases, in this many markets.
    pub(in crate::venues::composed) fn new(markets: usize) -> Self {
        Self {
            files: BTreeMap::new(),
            open: BTreeMap::new(),
            held: BTreeMap::new(),
            backlog: BTreeSet::new(),
            next_look: Timestamp::MAX,
            partners: Partners::default(),
            street: vec![Quotes::default(); markets],
            ranked: BTreeMap::new(),
            moved: Vec::new(),
            noted: None,
            shared: Vec::new(),
        }
    }

    /// The open case of an account.
    #[must_use]
    pub fn of(&self, account: AccountId) -> Option<CaseId> {
        self.open.get(&account).copied()
    }

    /// Open cases, and those of which something is still held, in the order of their numbers.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values()
    }

    /// One of them.
    #[must_use]
    pub fn file(&self, case: CaseId) -> Option<&File> {
        self.files.get(&case)
    }

    /// How many cases are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The partners and their standing offers.
    #[must_use]
    pub fn partners(&self) -> &Partners {
        &self.partners
    }

    /// What is left of the street's book of a market.
    #[must_use]
    pub fn street(&self, market: MarketId) -> Option<&Quotes> {
        self.street.get(market.index())
    }

    /// Takes a change back.
    pub(in crate::venues::composed) fn take_back(&mut self, note: Note) {
        match note {
            Note::File(id, old) => self.put_back(id, old),
            Note::Backlog(id, true) => {
                self.backlog.insert(id);
            }
            Note::Backlog(id, false) => {
                self.backlog.remove(&id);
            }
            Note::NextLook(old) => self.next_look = old,
            Note::Filled(before) => self.partners.restore(*before),
            Note::Posted(partner, offer) => {
                let gone = self.partners.cancel(partner, offer);
                assert!(gone.is_ok(), "an offer that was posted: {gone:?}");
            }
            Note::Cancelled(offer) => {
                let back = self.partners.post(*offer);
                assert!(back.is_ok(), "an offer that stood: {back:?}");
            }
            Note::Partners(old) => self.partners = *old,
            Note::Cursor(market, side, cursor) => {
                if let Some(book) = self.street.get_mut(market.index()) {
                    book.set(side, cursor);
                }
            }
            Note::Quotes(market, old) => {
                if let Some(book) = self.street.get_mut(market.index()) {
                    *book = *old;
                }
            }
            Note::Shared(count) => self.shared.truncate(count),
        }
    }

    fn put_back(&mut self, id: CaseId, old: Option<Box<File>>) {
        if let Some(file) = self.files.remove(&id) {
            self.unlist(&file);
        }
        if let Some(old) = old {
            self.list(&old);
            self.files.insert(id, *old);
        }
    }

    fn list(&mut self, file: &File) {
        if file.open {
            self.open.insert(file.case.target.account, file.case.id);
        }
        for piece in &file.pieces {
            self.held.insert((piece.market, file.case.id), piece.size);
        }
    }

    fn unlist(&mut self, file: &File) {
        if file.open {
            self.open.remove(&file.case.target.account);
        }
        for piece in &file.pieces {
            self.held.remove(&(piece.market, file.case.id));
        }
    }

    /// What is held for cases in a market, signed: all of it on one side.
    pub(super) fn held_in(
        &self,
        market: MarketId,
    ) -> impl DoubleEndedIterator<Item = (CaseId, i64)> + '_ {
        let (from, to) = ((market, CaseId(0)), (market, CaseId(u64::MAX)));
        let range = self.held.range(from..=to);
        range.map(|((_, case), size)| (*case, *size))
    }

    /// Recounts the module's invariants.
    pub(in crate::venues::composed) fn audit(&self) -> Result<(), String> {
        self.partners.audit()?;
        let open = self.files.values().filter(|file| file.open);
        let listed = |file: &File| self.of(file.case.target.account) == Some(file.case.id);
        if open.clone().count() != self.open.len() || !open.into_iter().all(listed) {
            return Err("the list of open cases is not that of the files".to_owned());
        }
        let mut counted = BTreeMap::new();
        let mut sides = BTreeMap::new();
        for (id, file) in &self.files {
            if file.case.id != *id || (!file.open && file.pieces.is_empty()) {
                return Err(format!("{id} is filed and over"));
            }
            for piece in &file.pieces {
                counted.insert((piece.market, *id), piece.size);
                let side = sides.entry(piece.market).or_insert(piece.size.signum());
                if *side != piece.size.signum() || piece.size == 0 || piece.cost < 0 {
                    return Err(format!("{id} holds {piece:?}, which is on the wrong side"));
                }
            }
        }
        if counted != self.held {
            return Err("the list of what is held is not that of the files".to_owned());
        }
        match self.backlog.iter().find(|id| !self.files.contains_key(id)) {
            Some(id) => Err(format!("{id} waits to be looked at and is not filed")),
            None => Ok(()),
        }
    }
}

impl Composed {
    /// The cases, to read.
    #[must_use]
    pub const fn cases(&self) -> &Cases {
        &self.cases
    }

    /// Files a new case, to be looked at.
    pub(super) fn file_case(&mut self, case: Case) {
        self.note(Note::File(case.id, None));
        let file = File::new(case);
        self.cases.list(&file);
        self.cases.files.insert(case.id, file);
        self.put_off(case.id);
    }

    /// Has a case looked at when its turn comes.
    pub(super) fn put_off(&mut self, case: CaseId) {
        if self.cases.backlog.insert(case) {
            self.note(Note::Backlog(case, false));
        }
    }

    /// A case's turn has come.
    pub(super) fn taken_up(&mut self, case: CaseId) {
        if self.cases.backlog.remove(&case) {
            self.note(Note::Backlog(case, true));
        }
    }

    /// Changes a file.
    pub(super) fn change_file<T>(
        &mut self,
        id: CaseId,
        change: impl FnOnce(&mut File) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let Some(mut file) = self.cases.files.remove(&id) else {
            return Err(Refusal::UnknownCase(id).into());
        };
        if self.cases.noted != Some(id) {
            self.note(Note::File(id, Some(Box::new(file.clone()))));
            self.cases.noted = Some(id);
        }
        self.cases.unlist(&file);
        let done = change(&mut file);
        file.pieces.retain(|piece| piece.size != 0);
        self.cases.list(&file);
        self.cases.files.insert(id, file);
        done
    }

    /// A file that is over goes. A walk keeps its own until it has ended.
    pub(super) fn drop_if_over(&mut self, id: CaseId) {
        let file = self.cases.files.get(&id);
        if file.is_none_or(|file| file.open || !file.pieces.is_empty()) {
            return;
        }
        if let Some(file) = self.cases.files.remove(&id) {
            self.note(Note::File(id, Some(Box::new(file))));
        }
        self.taken_up(id);
    }

    /// A point to return to: what is changed after it is noted anew.
    pub(super) fn point_of_return(&mut self, tx: &Tx<'_>) -> Point {
        self.cases.noted = None;
        self.point(tx)
    }

    /// Returns to a point.
    pub(super) fn return_to(&mut self, tx: &mut Tx<'_>, point: &Point) {
        self.cases.noted = None;
        self.back_to(tx, point);
    }

    /// A file that must be there.
    pub(super) fn file(&self, id: CaseId) -> Result<&File, Refusal> {
        self.cases.file(id).ok_or(Refusal::UnknownCase(id))
    }

    /// Changes what the fund's defences remember. A fund without any remembers nothing.
    pub(super) fn change_fund<E: Into<Rejection>>(
        &mut self,
        change: impl FnOnce(&mut Fund) -> Result<(), E>,
    ) -> Result<(), Rejection> {
        if *self.fund.policy() == FundPolicy::default() {
            return Ok(());
        }
        let mut new = self.fund.clone();
        change(&mut new).map_err(Into::into)?;
        self.set_fund(new);
        Ok(())
    }

    /// Replaces the street's book of a market.
    pub(in crate::venues::composed) fn set_quotes(
        &mut self,
        market: MarketId,
        (bids, asks): (&[Level], &[Level]),
    ) -> Result<(), Refusal> {
        let new = Quotes::new(bids, asks)?;
        let book = self.cases.street.get_mut(market.index());
        let book = book.ok_or(Refusal::UnknownMarket(market))?;
        let old = std::mem::replace(book, new);
        self.note(Note::Quotes(market, Box::new(old)));
        Ok(())
    }
}
