//! A pair: its instruments, their books, and the market data they are priced by.
//!
//! Market data comes in two parts: the index (and the perpetual's mark) often, a volatility
//! surface now and then; between surfaces the smile moves with the index. With each update every
//! open instrument is priced once in every scenario of the margin model, and every margin until
//! the next update is a sum over those arrays.
//!
//! What is priced is derived: it follows from the market data and the time of the update, is not
//! part of the state's encoding, and is made anew when a snapshot is restored.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Price, Rate, Timestamp};

use super::account::Account;
use super::config::{INSTRUMENTS_MAX, PairParams};
use super::instrument::{Listed, OptionTerms, Right, Steps};
use super::{IndexUpdate, InstrumentId, Refusal};
use crate::Rejection;
use crate::book::{Book, Limits};
use crate::ledger::Slot;
use crate::margin::portfolio::{Model, Valuation};
use crate::pricing::quoted::{Checked, Quoted};
use crate::pricing::risk::{Contract, Market, RiskArrays, Unit};
use crate::pricing::{Grid, OptionKind};

/// The most orders of one book, and of one account in it.
pub(super) const BOOK_LIMITS: Limits = Limits {
    orders: 100_000,
    orders_per_owner: 200,
};

/// Where a pair stands in the market.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Pair {
    pub(super) params: PairParams,
    pub(super) options: Vec<Listed>,
    pub(super) index: Option<IndexUpdate>,
    /// An index that jumped and was not confirmed yet.
    pub(super) doubted: Option<IndexUpdate>,
    pub(super) quoted: Option<Quoted>,
    /// When everything was last priced.
    pub(super) priced_at: Timestamp,
    /// When the hour's funding was last paid.
    pub(super) funded_at: Option<Timestamp>,
    pub(super) clearing: Slot,
    pub(super) shortfall: Slot,
    /// What the insurance fund took over.
    pub(super) fund: Account,
    pub(super) books: Vec<Book>,
    /// Since when liquidations stand still, because market data cannot be trusted.
    pub(super) frozen_since: Option<Timestamp>,
    /// The first expiry that is not settled: kept because it is asked for with every command.
    #[borsh(skip)]
    pub(super) next_expiry: Option<Timestamp>,
    #[borsh(skip)]
    pub(super) surface: Option<Checked>,
    #[borsh(skip)]
    pub(super) priced: Option<Priced>,
}

/// Every open instrument, priced.
#[derive(Debug, Clone)]
pub struct Priced {
    /// Unit profits by scenario, marks and deltas.
    pub arrays: RiskArrays,
    /// What each row is.
    contracts: Vec<Contract>,
    /// The row of each instrument; `None` for a settled option.
    rows: Vec<Option<u32>>,
    /// The instrument of each row.
    instruments: Vec<InstrumentId>,
    index: Price<8>,
    at: Timestamp,
}

impl Priced {
    /// The row of an instrument in the arrays.
    ///
    /// # Errors
    /// [`Refusal::Expired`] for a settled option, [`Refusal::UnknownInstrument`].
    pub fn row(&self, instrument: InstrumentId) -> Result<u32, Refusal> {
        let row = self.rows.get(instrument.index());
        let row = row.ok_or(Refusal::UnknownInstrument(instrument))?;
        row.ok_or(Refusal::Expired(instrument))
    }

    /// The instrument of a row.
    ///
    /// # Errors
    /// [`Refusal::UnknownInstrument`] for a row that is not there.
    pub fn instrument(&self, row: u32) -> Result<InstrumentId, Refusal> {
        let at = usize::try_from(row).ok();
        let instrument = at.and_then(|at| self.instruments.get(at)).copied();
        instrument.ok_or(Refusal::UnknownInstrument(InstrumentId(row)))
    }

    /// When it was priced.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The pair's margins at this pricing.
    ///
    /// # Errors
    /// As [`Valuation::new`].
    pub fn valuation<'a>(&'a self, model: &'a Model) -> Result<Valuation<'a>, Rejection> {
        let (arrays, contracts) = (&self.arrays, &self.contracts);
        Ok(Valuation::new(
            model, arrays, contracts, self.index, self.at,
        )?)
    }

    /// An instrument's mark price, 8 decimals.
    ///
    /// # Errors
    /// As [`Priced::row`].
    pub fn mark(&self, instrument: InstrumentId) -> Result<i128, Rejection> {
        Ok(self.arrays.mark(self.row(instrument)?)?.into())
    }
}

impl Pair {
    pub(super) fn new(
        params: PairParams,
        (clearing, shortfall): (Slot, Slot),
        fund: Account,
    ) -> Self {
        Self {
            params,
            options: Vec::new(),
            index: None,
            doubted: None,
            quoted: None,
            priced_at: Timestamp::EPOCH,
            funded_at: None,
            clearing,
            shortfall,
            fund,
            books: vec![Book::new(BOOK_LIMITS)],
            frozen_since: None,
            next_expiry: None,
            surface: None,
            priced: None,
        }
    }

    /// Its parameters.
    #[must_use]
    pub const fn params(&self) -> &PairParams {
        &self.params
    }

    /// The index in force.
    #[must_use]
    pub const fn index(&self) -> Option<&IndexUpdate> {
        self.index.as_ref()
    }

    /// When the surface in force was published.
    #[must_use]
    pub fn surface_at(&self) -> Option<Timestamp> {
        self.quoted.as_ref().map(|quoted| quoted.at)
    }

    /// Whether liquidations stand still, because market data cannot be trusted.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.frozen_since.is_some()
    }

    /// What the insurance fund holds.
    #[must_use]
    pub const fn fund(&self) -> &Account {
        &self.fund
    }

    /// Every open instrument, priced; `None` until an index and a surface have come.
    #[must_use]
    pub const fn pricing(&self) -> Option<&Priced> {
        self.priced.as_ref()
    }

    /// The book of an instrument.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> Option<&Book> {
        self.books.get(instrument.index())
    }

    /// How many instruments were ever listed, the perpetual included.
    #[must_use]
    pub fn instruments(&self) -> u32 {
        u32::try_from(self.books.len()).unwrap_or(u32::MAX)
    }

    /// An option, settled or not.
    #[must_use]
    pub fn option(&self, instrument: InstrumentId) -> Option<&Listed> {
        self.options.get(instrument.index().checked_sub(1)?)
    }

    /// The instrument of an option's terms, if it is listed.
    #[must_use]
    pub fn find(&self, terms: &OptionTerms) -> Option<InstrumentId> {
        let at = self.options.iter().position(|o| o.terms == *terms)?;
        u32::try_from(at).ok()?.checked_add(1).map(InstrumentId)
    }

    /// The grids of an instrument that can be traded.
    ///
    /// # Errors
    /// [`Refusal::UnknownInstrument`], [`Refusal::Expired`].
    pub fn steps(&self, instrument: InstrumentId) -> Result<Steps, Refusal> {
        if instrument.is_perpetual() {
            return Ok(self.params.perpetual);
        }
        let listed = self.option(instrument);
        let listed = listed.ok_or(Refusal::UnknownInstrument(instrument))?;
        match listed.settled {
            None => Ok(self.params.option),
            Some(_) => Err(Refusal::Expired(instrument)),
        }
    }

    /// The expiries of open options, each once, soonest first.
    #[must_use]
    pub fn expiries(&self) -> Vec<Timestamp> {
        let open = self.options.iter().filter(|o| o.settled.is_none());
        let mut expiries: Vec<Timestamp> = open.map(|o| o.terms.expiry).collect();
        expiries.sort_unstable();
        expiries.dedup();
        expiries
    }

    /// Lists options; returns the first new number.
    ///
    /// # Errors
    /// As the variants of [`Refusal`] say; nothing is listed then.
    pub(super) fn list(&mut self, options: &[OptionTerms], now: Timestamp) -> Result<u32, Refusal> {
        let most = INSTRUMENTS_MAX;
        if self.books.len().saturating_add(options.len()) > most {
            return Err(Refusal::TooManyInstruments(most));
        }
        for (at, terms) in options.iter().enumerate() {
            if terms.expiry <= now {
                return Err(Refusal::ExpiryPassed {
                    expiry: terms.expiry,
                    now,
                });
            }
            if !terms.strike.is_positive() {
                return Err(Refusal::NotPositive(terms.strike.raw()));
            }
            let before = options.get(..at).unwrap_or_default();
            if before.contains(terms) || self.find(terms).is_some() {
                return Err(Refusal::ListedTwice(terms.to_string()));
            }
        }
        let first = self.instruments();
        for terms in options {
            self.options.push(Listed {
                terms: *terms,
                settled: None,
            });
            self.books.push(Book::new(BOOK_LIMITS));
        }
        self.find_next_expiry();
        Ok(first)
    }

    /// Looks for the first open expiry anew, when options came or went.
    pub(super) fn find_next_expiry(&mut self) {
        let open = self.options.iter().filter(|o| o.settled.is_none());
        self.next_expiry = open.map(|o| o.terms.expiry).min();
    }

    /// What is priced.
    ///
    /// # Errors
    /// [`Refusal::NoMarks`].
    pub(super) fn priced(&self, id: plimsoll_units::MarketId) -> Result<&Priced, Refusal> {
        let missing = || Refusal::NoMarks(id, "no index, or no surface, came yet".to_owned());
        self.priced.as_ref().ok_or_else(missing)
    }

    /// Prices every open instrument with `index` and `surface` as of `now`; `None` while options
    /// are open that no surface has come for.
    ///
    /// # Errors
    /// [`Refusal::BadSurface`] when an open option has no volatility, or one that cannot be priced.
    pub(super) fn price(
        &self,
        index: &IndexUpdate,
        surface: Option<&Checked>,
        now: Timestamp,
    ) -> Result<Option<Priced>, Rejection> {
        let mut units = vec![Unit {
            contract: Contract::Perp,
            vol: Rate::ZERO,
            forward: None,
        }];
        let mut rows = vec![Some(0)];
        let mut instruments = vec![InstrumentId::PERPETUAL];
        for (listed, number) in self.options.iter().zip(1u32..) {
            if listed.settled.is_some() {
                rows.push(None);
                continue;
            }
            let Some(surface) = surface else {
                return Ok(None);
            };
            let terms = listed.terms;
            rows.push(u32::try_from(units.len()).ok());
            let option = (terms.right.into(), terms.strike, terms.expiry);
            let unit = surface.unit(option, index.index, now);
            units.push(unit.map_err(|why| Refusal::BadSurface(format!("{terms}: {why}")))?);
            instruments.push(InstrumentId(number));
        }
        let grid = Grid::new(self.params.grid.clone())?;
        let market = Market {
            index: index.index,
            now,
            rate: Rate::ZERO,
        };
        let arrays = RiskArrays::new(&grid, &self.params.shock, &market, &units)
            .map_err(|why| Refusal::BadSurface(why.to_string()))?;
        Ok(Some(Priced {
            arrays,
            contracts: units.iter().map(|unit| unit.contract).collect(),
            rows,
            instruments,
            index: index.index,
            at: now,
        }))
    }

    /// The price of the perpetual for margins, 8 decimals: its own mark, not the index.
    #[must_use]
    pub fn perpetual_mark(&self) -> Option<Price<8>> {
        self.index.map(|index| index.perpetual)
    }
}

impl From<Right> for OptionKind {
    fn from(right: Right) -> Self {
        match right {
            Right::Call => Self::Call,
            Right::Put => Self::Put,
        }
    }
}
