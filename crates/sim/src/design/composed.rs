//! A design for the composed machine: the engine's configuration, and the defaults of what a file
//! leaves out.
//!
//! Units of the configuration: pips (1e-8) of quote, base, price and fractions of notional; other
//! shares in 1/100,000.

use plimsoll_engine::auction::Ladder;
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::{FundPolicy, Gate, Gated, Pots, WindowCap};
use plimsoll_engine::liquidation::stages::{
    Acquire, Auction, CloseNextVersion, CloseOnBook, Confiscate, Deleverage, ForceClose, HandOff,
    Hedge, Reduce, Reward, RewardCap, Slicing, Socialise,
};
use plimsoll_engine::liquidation::{Portion, Stage, Whose};
use plimsoll_engine::venues::composed::{
    Acquirer, Backstops, Config, FundTerms, Limits, Lock, Margin, Market, Scenarios, Trigger,
    VaultTerms,
};
use plimsoll_units::{AssetId, Duration, Fixed, Rate};

use super::DesignError;
use super::misfits::Misfit;
use super::stage::{CapTerms, PortionTerms, StageName, StageTerms, WhoseTerms};
use super::terms::{AcquirerTerms, Design, Model, MoveTerms, Scope};
use crate::scenario::{Decimal, Deleveraging, Slices};

/// One of what is counted in 1/100,000.
const E5: u32 = 100_000;

/// So many millionths.
const fn millionths(count: i128) -> Decimal {
    Decimal::from_raw(count * 10i128.pow(12))
}

/// What a key is where a composed design leaves it out.
pub(super) mod defaults {
    use super::{Decimal, millionths};
    use crate::scenario::Span;
    use plimsoll_units::Duration;

    pub(in crate::design) const INITIAL: Decimal = millionths(50_000);
    pub(in crate::design) const MAINTENANCE: Decimal = millionths(30_000);
    pub(in crate::design) const PRICE_RANGE: Decimal = millionths(30_000);
    pub(in crate::design) const INITIAL_OVER_MAINTENANCE: Decimal = millionths(1_600_000);
    pub(in crate::design) const LEAST: Decimal = millionths(10_000);
    pub(in crate::design) const RETRY: Span = Span(Duration(1_000));
    pub(in crate::design) const COLLAR: Decimal = millionths(20_000);
    pub(in crate::design) const CUSHION: Decimal = millionths(100_000);
    pub(in crate::design) const EVERY: Span = Span(Duration(10_000));
    pub(in crate::design) const LEVELS: u32 = 30;
    pub(in crate::design) const FIRST: Decimal = millionths(1_000);
    pub(in crate::design) const STEP: Decimal = millionths(500);
    pub(in crate::design) const DISCOUNT: Decimal = millionths(500_000);
    pub(in crate::design) const FIRST_CALLER: Decimal = millionths(20_000);
    pub(in crate::design) const RESOLVER: Decimal = millionths(80_000);
    pub(in crate::design) const FEE: Decimal = millionths(50_000);
    pub(in crate::design) const MINIMUM: Decimal = millionths(10_000_000);
    pub(in crate::design) const COUNTERPARTIES: u32 = 10_000;
    pub(in crate::design) const WINDOW: Span = Span(Duration::HOUR);
}

/// Pips of a decimal, rounded toward zero.
fn pips(decimal: Decimal) -> i128 {
    decimal.on_grid::<8>()
}

fn pips_u64(decimal: Decimal) -> u64 {
    u64::try_from(pips(decimal).max(0)).unwrap_or(u64::MAX)
}

fn e5(share: Decimal) -> u32 {
    u32::try_from(share.on_grid::<5>().max(0)).unwrap_or(u32::MAX)
}

/// Basis points of a collar; all of the price is none.
fn bps(collar: Decimal) -> Option<u32> {
    (collar < Decimal::ONE).then(|| u32::try_from(collar.on_grid::<4>()).unwrap_or(u32::MAX))
}

impl Design {
    /// The configuration of the engine's composed venue. `markets` are symbols with their first
    /// prices in pips; `fund` is what the insurance fund begins with, in pips.
    ///
    /// # Errors
    /// [`DesignError::Here`] where the file names a market that there is not, or the engine
    /// refuses the whole.
    pub fn engine(
        &self,
        money: AssetId,
        markets: &[(String, u64)],
        fund: i128,
    ) -> Result<Config, DesignError> {
        let config = self
            .config(money, markets, fund)
            .and_then(|config| match config.check() {
                Ok(()) => Ok(config),
                Err(why) => Err(Misfit::new("rules", why.to_string())),
            });
        config.map_err(|misfit| DesignError::Here {
            design: self.name.clone(),
            why: misfit.why,
        })
    }

    /// The configuration, not checked by the engine yet.
    pub(super) fn config(
        &self,
        money: AssetId,
        markets: &[(String, u64)],
        fund: i128,
    ) -> Result<Config, Misfit> {
        let symbols: Vec<&str> = markets.iter().map(|(symbol, _)| symbol.as_str()).collect();
        let procedure: Result<Vec<Stage>, Misfit> = (0..).zip(&self.stages).map(stage).collect();
        Ok(Config {
            money,
            markets: self.markets(markets),
            margin: self.model(&symbols)?,
            trigger: Trigger {
                confirmations: self.trigger.confirmations.unwrap_or(0),
                grace: self.trigger.grace.map_or(Duration(0), |span| span.0),
                urgent_e5: self.trigger.urgent.map_or(0, e5),
            },
            lock: match self.scope() {
                Scope::None => Lock::None,
                Scope::DepositsOnly => Lock::DepositsOnly,
                Scope::All => Lock::All,
            },
            procedure: procedure?,
            backstops: self.standing(fund),
            limits: Limits {
                open_interest: self
                    .limits
                    .open_interest
                    .map_or_else(Vec::new, |most| vec![pips(most); markets.len()]),
                position: self.limits.position.map_or(0, pips),
                over_backstop_e5: self.limits.over_backstop.map_or(0, e5),
            },
            retry: self.retry.unwrap_or(defaults::RETRY).0,
        })
    }

    /// Which accounts in liquidation may do what; versioned margin locks them.
    fn scope(&self) -> Scope {
        self.lock.scope.unwrap_or(match self.margin.model {
            Model::Versioned => Scope::All,
            _ => Scope::None,
        })
    }

    fn markets(&self, markets: &[(String, u64)]) -> Vec<Market> {
        let initial = self.margin.initial.unwrap_or(defaults::INITIAL);
        let maintenance = self.margin.maintenance.unwrap_or(defaults::MAINTENANCE);
        let market = |(symbol, price): &(String, u64)| {
            let own = self.margin.markets.iter().find(|own| own.symbol == *symbol);
            Market {
                step: step(*price),
                initial: pips_u64(own.map_or(initial, |own| own.initial)),
                maintenance: pips_u64(own.map_or(maintenance, |own| own.maintenance)),
            }
        };
        markets.iter().map(market).collect()
    }

    fn model(&self, symbols: &[&str]) -> Result<Margin, Misfit> {
        Ok(match self.margin.model {
            Model::Isolated => Margin::Isolated,
            Model::Versioned => Margin::Versioned,
            Model::Cross => Margin::Cross,
            Model::Portfolio => Margin::Portfolio(self.scenarios(symbols)),
            Model::LiquidityLoan => {
                let why = "margin.model is `liquidity-loan`: only rules = \"gammaswap\" and \
                           \"gammaswap-v1.2\" have loans, which need a pool to borrow from";
                return Err(Misfit::new("margin.model", why));
            }
        })
    }

    fn scenarios(&self, symbols: &[&str]) -> Scenarios {
        let margin = &self.margin;
        let moves_e5 = if margin.scenarios.is_empty() {
            let range = margin.price_range.unwrap_or(defaults::PRICE_RANGE);
            spread(e5_move(range), symbols.len())
        } else {
            // A design is for many scenarios: a market that this one does not have moves nothing.
            let own = |scenario: &MoveTerms| {
                let by = |symbol: &&str| {
                    let other = scenario.except.iter().find(|own| own.symbol == *symbol);
                    e5_move(other.map_or(scenario.all, |other| other.by))
                };
                symbols.iter().map(by).collect()
            };
            margin.scenarios.iter().map(own).collect()
        };
        let over = margin.initial_over_maintenance;
        Scenarios {
            moves_e5,
            least_e5: e5(margin.least.unwrap_or(defaults::LEAST)),
            initial_e5: e5(over.unwrap_or(defaults::INITIAL_OVER_MAINTENANCE)),
        }
    }

    /// Whether there is an insurance fund: it is written, or somebody has to acquire and there is
    /// no vault.
    pub(super) fn has_fund(&self) -> bool {
        let acquires = self.has(StageName::Acquire) || self.has(StageName::Reduce);
        self.backstops.fund.is_some() || (acquires && self.backstops.vault.is_none())
    }

    /// Who takes positions over.
    pub(super) fn acquirer(&self) -> AcquirerTerms {
        let left_out = if self.has_fund() {
            AcquirerTerms::Fund
        } else {
            AcquirerTerms::Vault
        };
        self.backstops.acquirer.unwrap_or(left_out)
    }

    fn standing(&self, money: i128) -> Backstops {
        let backstops = &self.backstops;
        let terms = backstops.fund.clone().unwrap_or_default();
        let share = |of: Option<Decimal>| {
            let money = Decimal::from_raw(money.saturating_mul(10i128.pow(10)));
            of.map(|of| pips(money.scaled(of.raw(), Decimal::ONE.raw())))
        };
        let discount = self.stages.iter().find_map(|stage| stage.discount);
        let fund = self.has_fund().then(|| FundTerms {
            policy: FundPolicy {
                pots: Pots::Shared,
                account_cap: share(terms.per_account),
                window_cap: share(terms.per_window).map(|amount| WindowCap {
                    amount,
                    length: terms.window.unwrap_or(defaults::WINDOW).0,
                }),
                gate: terms.gate.map(|length| Gate {
                    length: length.0,
                    whom: Gated::Fund,
                }),
            },
            cover_e5: terms.cover.map_or(0, e5),
            reduction_discount_e5: e5(discount.unwrap_or(defaults::DISCOUNT)),
        });
        let vault = backstops.vault.as_ref().map(|terms| VaultTerms {
            inventory_e5: terms.inventory.map_or(0, e5),
            stop_loss_e5: terms.stop_loss.map_or(0, e5),
            reserve_e5: terms.reserve.map_or(0, e5),
        });
        Backstops {
            fund,
            vault,
            acquirer: match self.acquirer() {
                AcquirerTerms::Fund => Acquirer::Fund,
                AcquirerTerms::Vault => Acquirer::Vault,
            },
            penalty_e5: backstops.penalty.map_or(0, e5),
            counterparties_max: backstops.counterparties.unwrap_or(defaults::COUNTERPARTIES),
        }
    }
}

fn e5_move(share: Decimal) -> i32 {
    i32::try_from(share.on_grid::<5>()).unwrap_or(i32::MAX)
}

/// Every market up and down by the range, and each alone: a hedge between two markets is worth
/// something, and not everything.
fn spread(range: i32, markets: usize) -> Vec<Vec<i32>> {
    let mut moves = vec![vec![range; markets], vec![-range; markets]];
    if markets > 1 {
        for own in 0..markets {
            for by in [range, -range] {
                let alone = |market| if market == own { by } else { 0 };
                moves.push((0..markets).map(alone).collect());
            }
        }
    }
    moves
}

/// A step of quantities worth about a cent: the largest power of ten of base pips that is not
/// above it.
fn step(price: u64) -> u64 {
    // A cent is 10^6 pips of quote, and a unit of base 10^8 pips.
    let cent = 100_000_000_000_000u64 / price.max(1);
    10u64.pow(cent.max(1).ilog10())
}

fn stage((at, terms): (usize, &StageTerms)) -> Result<Stage, Misfit> {
    let wrong = |key: &str, why: String| Misfit::new(format!("stages.{at}.{key}"), why);
    Ok(match terms.stage {
        StageName::Acquire => Stage::Acquire(Acquire),
        StageName::HandOff => Stage::HandOff(HandOff),
        StageName::CloseOnBook => Stage::CloseOnBook(CloseOnBook {
            collar_bps: terms.collar.and_then(bps),
            slices: terms
                .slices
                .filter(|s| s.fraction < Decimal::ONE)
                .map(slicing),
        }),
        StageName::Hedge => Stage::Hedge(Hedge {
            collar_bps: bps(terms.collar.unwrap_or(defaults::COLLAR)),
            cushion_e5: e5(terms.cushion.unwrap_or(defaults::CUSHION)),
        }),
        StageName::Auction => Stage::Auction(Auction {
            ladder: ladder(terms).map_err(|why| wrong("levels", why))?,
            just_enough: terms.just_enough.unwrap_or(true),
        }),
        StageName::Deleverage => Stage::Deleverage(Deleverage {
            whose: match terms.whose {
                Some(WhoseTerms::Backstop) => Whose::Backstop,
                Some(WhoseTerms::Account) | None => Whose::Account,
            },
            policy: match terms.policy.unwrap_or_default() {
                Deleveraging::Queue => Policy::Queue,
                Deleveraging::ProRata => Policy::ProRata,
                Deleveraging::Minimal => Policy::Minimal,
            },
        }),
        StageName::Reduce => Stage::Reduce(Reduce),
        StageName::Confiscate => Stage::Confiscate(Confiscate {
            first_caller_e5: e5(terms.first_caller.unwrap_or(defaults::FIRST_CALLER)),
            resolver_e5: e5(terms.resolver.unwrap_or(defaults::RESOLVER)),
        }),
        StageName::ForceClose => Stage::ForceClose(ForceClose),
        StageName::CloseNextVersion => Stage::CloseNextVersion(CloseNextVersion {
            portion: match terms.portion {
                Some(PortionTerms::ToRequirement) => Portion::ToRequirement,
                Some(PortionTerms::All) | None => Portion::All,
            },
        }),
        StageName::Reward => Stage::Reward(Reward {
            fee: Fixed::from_raw(terms.fee.unwrap_or(defaults::FEE).raw()),
            minimum_requirement: pips(terms.minimum.unwrap_or(defaults::MINIMUM)),
            cap: match terms.cap {
                Some(CapTerms::Now) => RewardCap::Now,
                Some(CapTerms::AtTrigger) | None => RewardCap::AtTrigger,
            },
        }),
        StageName::Socialise => Stage::Socialise(Socialise {
            same_market: terms.same_market.unwrap_or(false),
        }),
        StageName::Repay
        | StageName::WriteDown
        | StageName::Decompose
        | StageName::PortfolioAuction => {
            let name = terms.stage.name();
            return Err(wrong(
                "stage",
                format!("stage `{name}` is not of positions"),
            ));
        }
    })
}

fn slicing(slices: Slices) -> Slicing {
    Slicing {
        fraction_e5: e5(slices.fraction).min(E5),
        interval: slices.interval.0,
        deep_e5: e5(slices.deep),
    }
}

fn ladder(terms: &StageTerms) -> Result<Ladder, String> {
    let rate = |share: Decimal| Rate::from_raw(share.on_grid::<6>());
    Ladder::new(
        terms.every.unwrap_or(defaults::EVERY).0,
        terms.levels.unwrap_or(defaults::LEVELS),
        rate(terms.first.unwrap_or(defaults::FIRST)),
        rate(terms.step.unwrap_or(defaults::STEP)),
    )
    .map_err(|why| why.to_string())
}
