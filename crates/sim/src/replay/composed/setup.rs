//! What a composed venue starts with in a replay: its people in the form its margin asks for, the
//! money behind them, and the engine's parameters.

use plimsoll_engine::Config;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::{VenueConfig, composed};
use plimsoll_units::{AssetId, Timestamp};

use super::partners::Partners;
use crate::compare::Bearer;
use crate::crowd::Wallet;
use crate::design::{Design, DesignError, Model, StageName};
use crate::people::{self, Totals};
use crate::population::Person;
use crate::replay::{Opening, ReplayError, pips};
use crate::scenario::{Scenario, Venue};

/// From money with 6 decimals to pips.
const TO_PIPS: i128 = 100;

/// The money that is there before the first price, pips.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Endowment {
    /// The insurance fund's.
    pub(super) fund: i128,
    /// The vault's, brought by its providers.
    pub(super) vault: i128,
    /// The street's: as much as all open interest, so that nobody doubts it.
    pub(super) street: i128,
    /// Whether the vault is who takes positions over.
    pub(super) vault_acquires: bool,
}

impl Endowment {
    /// Whose money the measures follow.
    pub(super) const fn bearer(&self) -> Option<Bearer> {
        match (self.fund > 0, self.vault > 0) {
            (true, _) => Some(Bearer::InsuranceFund),
            (false, true) => Some(Bearer::Vault),
            (false, false) => None,
        }
    }

    /// Who bears what a position is taken over for beyond its worth.
    pub(super) const fn acquirer(&self) -> Option<Bearer> {
        if self.vault_acquires {
            Some(Bearer::Vault)
        } else if self.fund > 0 {
            Some(Bearer::InsuranceFund)
        } else {
            None
        }
    }
}

/// What a composed venue needs beside prices.
#[derive(Debug)]
pub(crate) struct Supplies {
    /// The accounts of traders, by arrival.
    pub(super) wallets: Vec<Wallet>,
    /// Whose each is.
    traders: Vec<u32>,
    /// Notional of traders' positions at arrival, by market, pips.
    pub(super) open_interest: Vec<i128>,
    pub(super) endowment: Endowment,
    /// Whether the design closes on an order book.
    pub(super) has_book: bool,
    /// Whether an account holds one position.
    pub(super) isolated: bool,
    config: Box<composed::Config>,
}

impl Supplies {
    /// Nobody and nothing.
    pub(super) fn nobody(money: AssetId) -> Self {
        Self {
            wallets: Vec::new(),
            traders: Vec::new(),
            open_interest: Vec::new(),
            endowment: Endowment::default(),
            has_book: false,
            isolated: false,
            config: Box::new(nothing(money)),
        }
    }

    /// Draws the people of the scenario and sets the design up for them.
    ///
    /// # Errors
    /// [`ReplayError::Design`] where the design does not fit the scenario, or there are no people.
    pub(crate) fn prepare(
        scenario: &Scenario,
        venue: &Venue,
        (openings, start): (&[Opening], Timestamp),
    ) -> Result<Self, ReplayError> {
        let refuse = |why: &str| DesignError::Here {
            design: venue.name.clone(),
            why: why.to_owned(),
        };
        let Some(design) = &venue.design else {
            return Err(refuse("a composed venue needs a design").into());
        };
        let (Some(_), Some(street)) = (&scenario.people, &scenario.street) else {
            return Err(refuse("a composed venue needs [people] and [street]").into());
        };
        let totals = people::totals(scenario)?;
        let backing = design.backing(street, &totals);
        let mut wallets = people::wallets(scenario, start)?;
        people::wait_for_prices(&mut wallets, openings, start);
        let (wallets, traders) = accounts(design, wallets);
        let mut endowment = Endowment {
            fund: backing.fund.saturating_mul(TO_PIPS),
            vault: backing.vault.saturating_mul(TO_PIPS),
            street: totals.open_interest().saturating_mul(TO_PIPS),
            vault_acquires: false,
        };
        let markets: Vec<(String, u64)> = scenario
            .markets
            .iter()
            .zip(openings)
            .map(|(market, opening)| (market.symbol.clone(), pips::price(opening.price.raw())))
            .collect();
        let config = design.engine(AssetId(0), &markets, endowment.fund)?;
        endowment.vault_acquires = config.backstops.acquirer == composed::Acquirer::Vault;
        Ok(Self {
            wallets,
            traders,
            open_interest: interest(&totals),
            endowment,
            isolated: matches!(design.margin.model, Model::Isolated | Model::Versioned),
            has_book: design.has(StageName::CloseOnBook) || design.has(StageName::Hedge),
            config: Box::new(config),
        })
    }

    /// The accounts as people, in the same order, with each one's trader.
    pub(crate) fn people(&self) -> (Vec<Person>, Vec<u32>) {
        let people = self.wallets.iter().map(Wallet::person).collect();
        (people, self.traders.clone())
    }

    /// How many accounts come before the first trader's: the venue's own, the partners', and the
    /// provider of the vault where there is one. Accounts are numbered without gaps.
    pub(crate) fn before_people(&self, venue: &Venue) -> usize {
        let markets = self.config.markets.len();
        let partners = Partners::accounts(venue.partners.len(), markets, self.isolated);
        composed::accounts::FIRST
            .index()
            .saturating_add(partners)
            .saturating_add(venue.liquidity.len())
    }

    /// The engine's parameters, in this asset.
    pub(crate) fn config(&self, money: AssetId) -> VenueConfig {
        let mut own = self.config.clone();
        own.money = money;
        VenueConfig::Composed(own)
    }
}

/// Adds the venue's asset, and stands for its parameters until its people are known.
pub(crate) fn placeholder(config: &mut Config) -> VenueConfig {
    let money = AssetId(u16::try_from(config.assets.len()).unwrap_or(u16::MAX));
    config.assets.push(Asset {
        symbol: "USD".to_owned(),
        decimals: 8,
    });
    VenueConfig::Composed(Box::new(nothing(money)))
}

/// A venue without markets and rules.
fn nothing(money: AssetId) -> composed::Config {
    composed::Config {
        money,
        markets: Vec::new(),
        margin: composed::Margin::Cross,
        trigger: composed::Trigger::default(),
        lock: composed::Lock::default(),
        procedure: Vec::new(),
        backstops: composed::Backstops::default(),
        limits: composed::Limits::default(),
        retry: plimsoll_units::Duration(0),
    }
}

/// Traders in the form of account that the margin model asks for.
fn accounts(design: &Design, wallets: Vec<Wallet>) -> (Vec<Wallet>, Vec<u32>) {
    match design.margin.model {
        Model::Isolated | Model::Versioned => people::positions(&wallets)
            .iter()
            .map(|position| (Wallet::from(&position.person), position.trader))
            .unzip(),
        _ => (0u32..)
            .zip(wallets)
            .map(|(at, wallet)| (wallet, at))
            .unzip(),
    }
}

/// Notional at arrival by market, long and short added, pips.
fn interest(totals: &Totals) -> Vec<i128> {
    let both = |[long, short]: &[i128; 2]| long.saturating_add(*short).saturating_mul(TO_PIPS);
    totals.notional.iter().map(both).collect()
}
