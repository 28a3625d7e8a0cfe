//! The one venue that a design is in a comparison: its machine and parameters, with those who
//! stand ready and the money behind the traders.
//!
//! Money behind the traders is `backstops.size`, or the street's `backstop`, of what they deposit.
//! On Kuma and Kyan it is the insurance fund. TsunamiX and GammaSwap have a vault, Perennial has
//! makers, whose money is first of all the other side of the traders' positions; there it comes on
//! top of what that side needs \[ours\]:
//!
//! * TsunamiX: the least vault whose open-interest limits let everybody in when they are shared
//!   out evenly: the largest open interest of a market and side, for each of them;
//! * GammaSwap: one and a half times what the borrowers borrow;
//! * Perennial: half of the makers' positions, that is leverage 2.

use super::exact;
use super::misfits::Misfit;
use super::stage::StageName;
use super::terms::Design;
use super::{DesignError, Machine};
use crate::people::Totals;
use crate::scenario::{
    BatchHabits, Bidder, BookMakers, Decimal, ExecutionMode, LiquidityProvider, Makers,
    OptionPartner, Partner, Population, Scenario, Span, Step, Street, Venue,
};

/// Makers of each Perennial product \[ours\].
const MAKERS: u32 = 25;
/// What the makers cover, in hundredths of the takers' quantity \[ours\].
const COVER_E2: i128 = 150;
/// An hour, ms.
const HOUR: i64 = 3_600_000;

/// Money of 6 decimals.
fn money(raw: i128) -> Decimal {
    Decimal::from_raw(raw.saturating_mul(10i128.pow(12)))
}

/// What stands behind the traders of a composed design, 6 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backing {
    /// The insurance fund's.
    pub fund: i128,
    /// The vault's.
    pub vault: i128,
}

impl Design {
    /// The venue of a comparison.
    ///
    /// # Errors
    /// [`DesignError::Here`] where the scenario has no `[people]` or `[street]`, or they come to
    /// nothing that the machine can be set up with.
    pub fn venue(&self, scenario: &Scenario, people: &Totals) -> Result<Venue, DesignError> {
        let here = |why: String| DesignError::Here {
            design: self.name.clone(),
            why,
        };
        let (Some(matched), Some(street)) = (&scenario.people, &scenario.street) else {
            return Err(here("a comparison needs [people] and [street]".to_owned()));
        };
        let behind = self.backstop(street, people);
        let mut venue = Venue {
            name: self.name.clone(),
            preset: self.rules,
            execution: self.execution.unwrap_or(ExecutionMode::Keepers),
            tsunamix: None,
            perennial: None,
            gammaswap: None,
            kuma: None,
            kyan: None,
            book: None,
            partners: Vec::new(),
            borrowers: None,
            population: Population {
                accounts: matched.traders,
                ..Population::default()
            },
            liquidators: street.liquidators.clone(),
            liquidity: Vec::new(),
            makers: None,
            top_ups: matched.top_ups.clone(),
            design: None,
        };
        let around = (street, people, behind);
        self.machine(&mut venue, scenario, around)
            .map_err(|misfit| here(misfit.why))?;
        Ok(venue)
    }

    /// What a composed design's fund and vault begin with. Where there are both, each has half
    /// \[ours\]; where there is neither, nobody stands behind the traders.
    #[must_use]
    pub fn backing(&self, street: &Street, people: &Totals) -> Backing {
        let behind = self.backstop(street, people);
        let (fund, vault) = match (self.has_fund(), self.backstops.vault.is_some()) {
            (true, true) => (behind - behind / 2, behind / 2),
            (true, false) => (behind, 0),
            (false, true) => (0, behind),
            (false, false) => (0, 0),
        };
        Backing { fund, vault }
    }

    /// Money behind the traders, 6 decimals, at least a millionth.
    fn backstop(&self, street: &Street, people: &Totals) -> i128 {
        let share = self.backstops.size.unwrap_or(street.backstop);
        money(people.deposits)
            .scaled(share.raw(), Decimal::ONE.raw())
            .on_grid::<6>()
            .max(1)
    }

    fn machine(
        &self,
        venue: &mut Venue,
        scenario: &Scenario,
        (street, people, behind): (&Street, &Totals, i128),
    ) -> Result<(), Misfit> {
        match Machine::of(self.rules) {
            Machine::Tsunamix => {
                let parameters = exact::tsunamix(self)?;
                let needed = vault(people, parameters.open_interest_per_tvl);
                venue.liquidity = vec![provider(needed.saturating_add(behind))];
                venue.tsunamix = Some(parameters);
            }
            Machine::Perennial => {
                venue.perennial = Some(exact::perennial(self)?);
                venue.makers = Some(makers(people.open_interest(), behind));
            }
            Machine::Gammaswap => {
                venue.gammaswap = Some(exact::gammaswap(self)?);
                let lent = lent(scenario, people);
                venue.liquidity = vec![provider(lent.saturating_add(behind))];
                self.lend(venue, people);
            }
            Machine::Kuma => {
                venue.kuma = Some(exact::kuma(self, money(behind))?);
                venue.book = Some(book(street));
                self.own_engine(venue);
                if self.has(StageName::HandOff) {
                    venue.partners.clone_from(&street.partners);
                }
            }
            Machine::Kyan => {
                let mut parameters = exact::kyan(self)?;
                parameters.fund = money(behind);
                let steps = parameters.steps(false);
                parameters.bidders = bidders(street, &steps);
                if self.has(StageName::HandOff) {
                    parameters.partners = street.partners.iter().map(option_partner).collect();
                }
                venue.kyan = Some(parameters);
                self.own_engine(venue);
            }
            Machine::Composed => {
                venue.design = Some(Box::new(self.clone()));
                venue.book = Some(book(street));
                self.own_engine(venue);
                if self.has(StageName::HandOff) || self.has(StageName::Auction) {
                    venue.partners.clone_from(&street.partners);
                }
                let Backing { vault, .. } = self.backing(street, people);
                if vault > 0 {
                    venue.liquidity = vec![provider(vault)];
                }
            }
        }
        Ok(())
    }

    /// Whether the procedure has a stage.
    #[must_use]
    pub fn has(&self, stage: StageName) -> bool {
        self.stages.iter().any(|own| own.stage == stage)
    }

    /// The machine liquidates by itself.
    fn own_engine(&self, venue: &mut Venue) {
        venue.execution = ExecutionMode::Engine;
        venue.liquidators.clear();
    }

    /// Liquidators of loans pay debts with capital of their own: where the scenario does not say,
    /// a tenth of what the traders deposit, between them \[ours\].
    fn lend(&self, venue: &mut Venue, people: &Totals) {
        let count = i128::try_from(venue.liquidators.len()).unwrap_or(1).max(1);
        let capital = money((people.deposits / 10 / count).max(1));
        for liquidators in &mut venue.liquidators {
            let loans = liquidators.loans.get_or_insert(BatchHabits {
                cost_per_loan: Decimal::default(),
                capital,
                batches: true,
            });
            loans.batches = exact::batches(self);
        }
    }
}

fn provider(deposit: i128) -> LiquidityProvider {
    LiquidityProvider {
        deposit: money(deposit),
        at: None,
        withdraws_at: None,
    }
}

/// The least vault that lets everybody in: the largest cell for each, over what a unit carries.
fn vault(people: &Totals, per_tvl: Decimal) -> i128 {
    let sides = people.notional.iter().flatten();
    let largest = sides.copied().max().unwrap_or(0);
    let cells = i128::try_from(people.notional.len() * 2).unwrap_or(i128::MAX);
    let all = money(largest.saturating_mul(cells));
    let one = Decimal::ONE.raw();
    let over = per_tvl.raw().max(1);
    all.scaled(one, over).on_grid::<6>()
}

/// Makers whose money is half of their positions, and what stands behind the traders on top.
fn makers(interest: i128, behind: i128) -> Makers {
    let positions = interest.saturating_mul(COVER_E2) / 100;
    let own = (positions / 2).saturating_add(behind).max(1);
    Makers {
        per_product: MAKERS,
        cover: Decimal::from_raw(COVER_E2 * 10i128.pow(16)),
        leverage: Decimal::ONE
            .scaled(positions.max(1), own)
            .cut::<6>()
            .max(Decimal::from_raw(10i128.pow(12))),
    }
}

/// What the borrowers of the pair's market borrow, and half of it again.
fn lent(scenario: &Scenario, people: &Totals) -> i128 {
    let market = crate::replay::pair_market(&scenario.markets);
    let [longs, shorts] = people.notional.get(market).copied().unwrap_or_default();
    let borrowed = longs.saturating_add(shorts);
    borrowed.saturating_mul(3) / 2
}

fn book(street: &Street) -> BookMakers {
    BookMakers {
        depth: street.depth,
        halves_at: street.halves_at,
        least: street.least,
        ..BookMakers::default()
    }
}

/// A partner of the street as a bidder: it works for its offset, after the time it takes to sign
/// anew, and takes an hour's share of its cap.
fn bidders(street: &Street, steps: &[Step]) -> Vec<Bidder> {
    let taken = [
        Step::Hedge,
        Step::Decompose,
        Step::Auction,
        Step::PortfolioAuction,
    ];
    let steps: Vec<Step> = steps
        .iter()
        .copied()
        .filter(|s| taken.contains(s))
        .collect();
    let bidder = |partner: &Partner| Bidder {
        name: partner.name.clone(),
        steps: steps.clone(),
        delay: partner.replaces_after,
        incentive: partner.offset.max(Decimal::default()).min(Decimal::ONE),
        per_hour: per_hour(partner),
        capital: partner.capital,
        reach: Bidder::REACH,
        caution: Bidder::CAUTION,
    };
    street.partners.iter().map(bidder).collect()
}

fn per_hour(partner: &Partner) -> Decimal {
    let Span(window) = partner.window;
    let hourly = |cap: Decimal| cap.scaled(HOUR.into(), window.millis().max(1).into());
    let most = partner.window_cap.map(hourly).or(partner.capacity);
    most.unwrap_or(partner.capital).cut::<6>().max(money(1))
}

fn option_partner(partner: &Partner) -> OptionPartner {
    OptionPartner {
        name: partner.name.clone(),
        offset: partner.offset.max(Decimal::default()),
        capacity: partner.capacity.unwrap_or(partner.capital),
        capital: partner.capital,
    }
}
