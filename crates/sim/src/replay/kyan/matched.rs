//! The people of a comparison on a Kyan venue.
//!
//! Accounts are per pair, so of a wallet's positions the one in the pair's market counts, with its
//! part of the deposit. Most hold the perpetual of the same size. A share of them (`option_share`)
//! hold options of the same dollar delta on the same equity: half of those a risk reversal (the
//! long: call above bought, put below sold), half a covered position (the long: the perpetual, and
//! a call above sold against it). Strikes are within 15 % of the first index and as likely as their
//! open interest; sizes are down to the option's lot, and what is missing of the delta is
//! perpetual. Whoever is too small for a lot of options, or would need more leverage for a leg than
//! the highest, holds the perpetual alone.
//!
//! They come when they arrive, as everywhere: each leg is sold to them by a maker at its mark,
//! purchases first, and the venue takes its fee.

use plimsoll_engine::book::{Side as BookSide, TimeInForce};
use plimsoll_engine::pricing::door::DELTA_DECIMALS;
use plimsoll_engine::venues::kyan::{
    Command as Do, InstrumentId, Kyan, Opening as Account, Right, Steps,
};
use plimsoll_units::{AccountId, Amount, Price, Rounding, Side, Timestamp, mul_div};

use super::people::Listing;
use super::setup::PAIR;
use super::{Supplies, order};
use crate::population::Person;
use crate::random::Random;
use crate::replay::{Opening, ReplayError};
use crate::scenario::{Matched, Scenario};

/// How far from the index a strike may be, a fraction of it.
const REACH: i128 = 15;
/// The perpetual's lot for people whose size is given: a hundred-thousandth of a base unit.
pub(super) const LOT: i64 = 10;
/// One base unit, 6 decimals.
const ONE: i128 = 1_000_000;

/// What somebody holds in the place of the perpetual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    /// The perpetual itself.
    Perpetual,
    /// A call above and a put below, one bought and one sold.
    RiskReversal {
        /// Bought by the long.
        call: InstrumentId,
        /// Sold by the long.
        put: InstrumentId,
    },
    /// The perpetual, and an option sold against it.
    Covered(InstrumentId),
}

/// Somebody on their way to the venue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrant {
    pub(super) person: Person,
    pub(super) trader: u32,
    holding: Holding,
    /// The largest notional a leg may have: what the highest leverage opens.
    most: i128,
}

impl Entrant {
    /// What its book is called: a place among the kinds of books.
    const fn kind(&self) -> usize {
        match self.holding {
            Holding::Covered(_) => 0,
            Holding::RiskReversal { .. } => 4,
            Holding::Perpetual => 6,
        }
    }
}

impl Supplies {
    /// Draws what the people of a comparison hold, and gives everybody else their money: makers
    /// what the people have open together.
    pub(super) fn match_people(
        &mut self,
        scenario: &Scenario,
        (openings, start): (&[Opening], Timestamp),
    ) -> Result<(), ReplayError> {
        let mut wallets = crate::people::wallets(scenario, start)?;
        crate::people::wait_for_prices(&mut wallets, openings, start);
        let share = scenario
            .people
            .as_ref()
            .map(|p| p.option_share.millionths());
        let mut random = Random::new(scenario.seed, "people/options");
        let most_e2 = scenario.people.as_ref().map_or(0, Matched::leverage_max_e2);
        let most_e2 = i128::from(most_e2);
        let mut interest = 0i128;
        for position in crate::people::positions(&wallets) {
            // Chance is spent on everybody, so that nobody's options depend on the others' markets.
            let options = random.chance(share.unwrap_or(0));
            let covered = random.chance(500_000);
            let mut own = Random::new(random.next_u64(), "people/strikes");
            if position.person.market != self.market_index {
                continue;
            }
            interest = interest.saturating_add(notional(&position.person));
            let side = position.person.side;
            let drawn = options.then(|| self.listing.holding(&mut own, side, covered));
            self.entrants.push(Entrant {
                person: position.person,
                trader: position.trader,
                holding: drawn.flatten().unwrap_or(Holding::Perpetual),
                most: position.person.collateral.saturating_mul(most_e2) / 100,
            });
        }
        self.kinds = self.entrants.iter().map(Entrant::kind).collect();
        self.fund_everybody(interest);
        Ok(())
    }

    /// Whoever comes later, with each one's trader: the people of a comparison.
    pub(crate) fn entering(&self) -> (Vec<Person>, Vec<u32>) {
        self.entrants.iter().map(|e| (e.person, e.trader)).unzip()
    }

    fn fund_everybody(&mut self, interest: i128) {
        let parameters = &self.parameters;
        let makers = parameters.makers.count;
        let each = interest / i128::from(makers.max(1));
        let bidders = parameters.bidders.iter().map(|b| b.capital.on_grid::<6>());
        let partners = parameters.partners.iter().map(|p| p.capital.on_grid::<6>());
        let desks = (0..makers).map(|_| each.max(ONE));
        let people = self.entrants.iter().map(|_| 0);
        let cash = desks.chain(bidders).chain(partners).chain(people);
        self.config.start.accounts = (0u32..)
            .zip(cash)
            .map(|(owner, cash)| Account {
                owner,
                pair: PAIR,
                cash: Amount::from_raw(cash),
                positions: Vec::new(),
            })
            .collect();
        self.deltas = vec![0; self.before_people()];
        let sign = |entrant: &Entrant| match entrant.person.side {
            Side::Long => 1,
            Side::Short => -1,
        };
        self.deltas.extend(self.entrants.iter().map(sign));
    }

    /// What somebody sends on arrival, with a maker on the other side.
    pub(super) fn enter(&self, state: &Kyan, index: Price<8>, at: usize) -> Vec<Do> {
        let Some(entrant) = self.entrants.get(at) else {
            return Vec::new();
        };
        let number = |at: usize| AccountId(u32::try_from(at).unwrap_or(u32::MAX));
        let account = number(self.before_people() + at);
        let maker = number(at % (self.parameters.makers.count as usize).max(1));
        let mut commands = vec![Do::Deposit {
            account,
            amount: Amount::from_raw(entrant.person.collateral),
        }];
        let legs = legs(entrant, state, index).unwrap_or_default();
        for (instrument, quantity, price) in legs {
            let (bought, sold) = (BookSide::Buy, BookSide::Sell);
            let (own, other) = match quantity > 0 {
                true => (bought, sold),
                false => (sold, bought),
            };
            let terms = (quantity.saturating_abs(), price);
            commands.push(order(maker, instrument, other, terms, TimeInForce::Gtc));
            commands.push(order(account, instrument, own, terms, TimeInForce::Ioc));
        }
        commands
    }
}

fn notional(person: &Person) -> i128 {
    person.collateral.saturating_mul(person.leverage_e2.into()) / 100
}

/// Instruments with signed sizes and the price of each, purchases first.
fn legs(entrant: &Entrant, state: &Kyan, index: Price<8>) -> Option<Vec<(InstrumentId, i64, i64)>> {
    let pair = state.pair(PAIR).ok()?;
    let pricing = pair.pricing()?;
    let delta = |instrument| {
        let row = pricing.row(instrument).ok()?;
        let delta = pricing.arrays.delta(row).ok()?;
        Some(i128::from(delta) / 10i128.pow(DELTA_DECIMALS - 6))
    };
    let wanted = mul_div(
        notional(&entrant.person),
        100_000_000,
        index.raw(),
        Rounding::HalfEven,
    )
    .ok()?;
    let sign = match entrant.person.side {
        Side::Long => 1,
        Side::Short => -1,
    };
    // Options of the long with their signs; the short has the opposite rights.
    let options: Vec<(InstrumentId, i128)> = match entrant.holding {
        Holding::Perpetual => Vec::new(),
        Holding::RiskReversal { call, put } => vec![(call, sign), (put, -sign)],
        Holding::Covered(option) => vec![(option, -1)],
    };
    // The delta of one unit of everything, towards the side that is wanted.
    let mut unit = match entrant.holding {
        Holding::Covered(_) => ONE,
        _ => 0,
    };
    for (option, quantity) in &options {
        unit += delta(*option)? * quantity * sign;
    }
    let mut sizes: Vec<(InstrumentId, i64)> = Vec::new();
    let mut left = wanted;
    // A unit with hardly any delta would be a book of any size.
    if !options.is_empty() && unit >= ONE / 5 {
        let lot = i128::from(pair.steps(options[0].0).ok()?.lot);
        let size = wanted.saturating_mul(ONE) / unit / lot * lot;
        let fits = size.saturating_mul(index.raw()) / 100_000_000 <= entrant.most;
        let size = if fits { size } else { 0 };
        for (option, quantity) in &options {
            let size = i64::try_from(size * quantity).ok()?;
            sizes.push((*option, size));
            left -= delta(*option)?.saturating_mul((i128::from(size)) * sign) / ONE;
        }
    }
    let lot = i128::from(pair.steps(InstrumentId::PERPETUAL).ok()?.lot);
    let perpetual = (left + lot / 2).div_euclid(lot) * lot * sign;
    sizes.push((InstrumentId::PERPETUAL, i64::try_from(perpetual).ok()?));
    sizes.retain(|(_, size)| *size != 0);
    sizes.sort_by_key(|(instrument, size)| (*size < 0, *instrument));
    let priced = |(instrument, size)| {
        let Steps { tick, .. } = pair.steps(instrument).ok()?;
        let mark = i64::try_from(pricing.mark(instrument).ok()?).ok()?;
        let price = (mark + tick / 2) / tick * tick;
        Some((instrument, size, price.max(tick)))
    };
    sizes.into_iter().map(priced).collect()
}

impl Listing {
    /// Options for somebody of a side; nothing where no strike fits.
    fn holding(&self, random: &mut Random, side: Side, covered: bool) -> Option<Holding> {
        let expiry = self.expiry(random)?;
        let index = self.index;
        let reach = index.raw() * REACH / 100;
        let above = |strike: Price<8>| strike > index && strike.raw() - index.raw() <= reach;
        let below = |strike: Price<8>| strike < index && index.raw() - strike.raw() <= reach;
        let call = self.strike(random, (expiry, Right::Call), above);
        let put = self.strike(random, (expiry, Right::Put), below);
        let call = call.map(|at| self.instrument(at, Right::Call));
        let put = put.map(|at| self.instrument(at, Right::Put));
        match (covered, side) {
            (true, Side::Long) => call.map(Holding::Covered),
            (true, Side::Short) => put.map(Holding::Covered),
            (false, _) => Some(Holding::RiskReversal {
                call: call?,
                put: put?,
            }),
        }
    }
}
