//! What the liquidation service knows, and how it is taken back.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{CaseId, MarketId, Side, Timestamp};

use super::adopt::Seized;
use super::command::SignedQuote;
use super::holding::{Holding, Tally};
use super::{Service, ServiceEvent};
use crate::Rejection;
use crate::Tx;
use crate::backstop::deleverage::Ranking;
use crate::backstop::fund::Fund;
use crate::backstop::partners::{Before, OfferId, Partners};
use crate::liquidation::BlockedReason;
use crate::venues::kuma::order::SignedOrder;
use crate::venues::kuma::undo::Change;
use crate::venues::kuma::{Event, Kuma};

/// What a partner signed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Signature {
    Order(Box<SignedOrder>),
    Quote(Box<SignedQuote>),
}

/// The liquidation service's state.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Waterfall {
    pub(super) service: Service,
    pub(super) partners: Partners,
    pub(super) signatures: BTreeMap<OfferId, Signature>,
    pub(super) fund_orders: BTreeMap<OfferId, SignedOrder>,
    pub(super) fund: Fund,
    pub(super) holdings: BTreeMap<CaseId, Holding>,
    pub(super) tallies: BTreeMap<MarketId, Tally>,
    pub(super) blocked: BTreeMap<CaseId, BlockedReason>,
    /// No holding is to be looked at before.
    pub(super) next_look: Timestamp,
    /// Rankings of this command, by market and the counterparties' side.
    #[borsh(skip)]
    pub(super) rankings: BTreeMap<(MarketId, Side), Ranking>,
    /// How many of the command's events the rankings know.
    #[borsh(skip)]
    pub(super) ranked_events: usize,
    /// What the command has made the fund take over, until it is booked.
    #[borsh(skip)]
    pub(super) seized: Seized,
    /// What is walked was walked before: what did not work then is not told again.
    #[borsh(skip)]
    pub(super) again: bool,
}

/// Something of the service as it was before.
#[derive(Debug, Clone)]
pub(in crate::venues::kuma) enum Note {
    Holding(CaseId, Option<Box<Holding>>),
    Tally(MarketId, Tally),
    Fund(Box<Fund>),
    Partner(Box<Before>),
}

impl Waterfall {
    /// A service that has done nothing yet.
    ///
    /// # Errors
    /// When its configuration is out of bounds.
    pub(in crate::venues::kuma) fn new(service: Service) -> Result<Self, Rejection> {
        service.check()?;
        let fund = Fund::new(service.fund)?;
        Ok(Self {
            service,
            partners: Partners::default(),
            signatures: BTreeMap::new(),
            fund_orders: BTreeMap::new(),
            fund,
            holdings: BTreeMap::new(),
            tallies: BTreeMap::new(),
            blocked: BTreeMap::new(),
            next_look: Timestamp::MAX,
            rankings: BTreeMap::new(),
            ranked_events: 0,
            seized: Seized::default(),
            again: false,
        })
    }

    /// How it works.
    #[must_use]
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// The partners and their standing offers.
    #[must_use]
    pub const fn partners(&self) -> &Partners {
        &self.partners
    }

    /// The fund's defences, and what it has lost lately.
    #[must_use]
    pub const fn fund(&self) -> &Fund {
        &self.fund
    }

    /// What the fund holds, by case.
    #[must_use]
    pub const fn holdings(&self) -> &BTreeMap<CaseId, Holding> {
        &self.holdings
    }

    /// What became of everything acquired in a market.
    #[must_use]
    pub fn tally(&self, market: MarketId) -> Tally {
        self.tallies.get(&market).copied().unwrap_or_default()
    }

    /// Why an open case cannot be carried out.
    #[must_use]
    pub fn blocked(&self, case: CaseId) -> Option<BlockedReason> {
        self.blocked.get(&case).copied()
    }

    /// Takes a change back.
    pub(in crate::venues::kuma) fn take_back(&mut self, note: Note) {
        match note {
            Note::Holding(case, Some(old)) => {
                self.holdings.insert(case, *old);
            }
            Note::Holding(case, None) => {
                self.holdings.remove(&case);
            }
            Note::Tally(market, old) => {
                self.tallies.insert(market, old);
            }
            Note::Fund(old) => self.fund = *old,
            Note::Partner(before) => self.partners.restore(*before),
        }
    }
}

impl Kuma {
    /// The liquidation service, to read.
    #[must_use]
    pub const fn waterfall(&self) -> &Waterfall {
        &self.waterfall
    }

    pub(super) fn note(&mut self, note: Note) {
        self.changes.push(Change::Service(Box::new(note)));
    }

    pub(super) fn tell(tx: &mut Tx<'_>, event: ServiceEvent) {
        tx.emit(Event::Service(event));
    }

    /// Changes what is held for a case; what is over goes.
    pub(super) fn change_holding<T>(
        &mut self,
        case: &crate::liquidation::Case,
        change: impl FnOnce(&mut Holding) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let old = self.waterfall.holdings.get(&case.id).cloned();
        let mut new = match &old {
            Some(old) => old.clone(),
            None => Holding::new(case),
        };
        let done = change(&mut new)?;
        self.note(Note::Holding(case.id, old.map(Box::new)));
        self.waterfall.holdings.insert(case.id, new);
        Ok(done)
    }

    /// What was held for a case is gone.
    pub(super) fn drop_holding(&mut self, case: CaseId) {
        if let Some(old) = self.waterfall.holdings.remove(&case) {
            self.note(Note::Holding(case, Some(Box::new(old))));
        }
    }

    /// Counts what was acquired or went in a market.
    pub(super) fn change_tally(&mut self, market: MarketId, change: impl FnOnce(&mut Tally)) {
        let old = self.waterfall.tally(market);
        let mut new = old;
        change(&mut new);
        self.note(Note::Tally(market, old));
        self.waterfall.tallies.insert(market, new);
    }

    /// Changes what the fund's defences remember.
    pub(super) fn change_fund<T, E: Into<Rejection>>(
        &mut self,
        change: impl FnOnce(&mut Fund) -> Result<T, E>,
    ) -> Result<T, Rejection> {
        let old = self.waterfall.fund.clone();
        let done = change(&mut self.waterfall.fund).map_err(Into::into)?;
        self.note(Note::Fund(Box::new(old)));
        Ok(done)
    }

    /// Recounts what the service holds.
    pub(in crate::venues::kuma) fn audit_service(&self) -> Result<(), String> {
        let service = &self.waterfall;
        service.partners.audit()?;
        for offer in service.partners.offers() {
            if !service.signatures.contains_key(&offer.id) {
                return Err(format!("offer {} was signed by nobody", offer.id));
            }
        }
        if service.signatures.len() != service.partners.offers().len() {
            return Err("a partner's signature is kept for no offer".to_owned());
        }
        for (at, _) in self.markets.iter().enumerate() {
            let market = MarketId(u16::try_from(at).unwrap_or(u16::MAX));
            self.audit_pieces(market)?;
        }
        Ok(())
    }

    /// Pieces acquired are gone, each in one way, or held; and what is held the fund has.
    fn audit_pieces(&self, market: MarketId) -> Result<(), String> {
        let pieces = || {
            let all = self.waterfall.holdings.values();
            all.filter_map(|holding| holding.piece(market))
        };
        let held = pieces().fold(0u128, |sum, piece| sum.saturating_add(piece.left().into()));
        let tally = self.waterfall.tally(market);
        if tally.held() != held {
            let by_tally = tally.held();
            return Err(format!(
                "{held} pips of {market} are held, but {by_tally} were acquired and not disposed of"
            ));
        }
        let size = self.lot(self.funds.insurance_fund, market).size;
        let side = if size < 0 { Side::Short } else { Side::Long };
        let wrong = pieces().any(|piece| piece.left() > 0 && piece.side != side);
        if wrong || held > u128::from(size.unsigned_abs()) {
            return Err(format!(
                "{held} pips of {market} are held for cases, but the fund has {size}"
            ));
        }
        Ok(())
    }
}
