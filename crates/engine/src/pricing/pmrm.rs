//! Derive's portfolio margin (PMRM), over the same risk arrays: a second shipped model.
//!
//! Unlike a plain sum of scenarios it values each expiry by itself: an expiry that is worth
//! something in a scenario counts for less than that (the static discount), one that is a debt
//! counts in full. The rule (`PMRMLib.sol` of derivexyz/v2-core, and its documentation):
//!
//! ```text
//! P(s)        = sum over expiries of D(V shocked) - V, plus base and perpetual times the move
//! D(x)        = x > 0: x * base * exp(-tau (rate * factor + add)); else x
//! basis       = sum over expiries of min(dV(up), dV(down), 0) * (add + mult * tau)
//! static      = (|perp| * perp% + base * base% + naked shorts * option%) * spot
//! confidence  = below the threshold: (1 - confidence) * factor * amount * spot
//! span        = min(basis, min P(s)) - static
//! maintenance = span + mark-to-market + cash
//! initial     = span * initial factor - confidence + mark-to-market + cash
//! ```
//!
//! A margin here is what is left: below zero is under water. Naked shorts are counted per strike of
//! an expiry: calls and puts of opposite sign cancel, since one of them covers the other.
//!
//! Money has 18 decimals, as in the contract. Discounts and factors are rounded down, which is
//! against the account by less than one unit in the last place each.

use plimsoll_units::{Amount, Price, Rate, Rounding, Timestamp, mul_div};

use super::grid::{Grid, Scenario, VolMove};
use super::risk::{Contract, Forward, Leg, Market, RiskArrays, Unit, Vol};
use super::{OptionKind, PricingError, VolShock, door};

/// Decimals of unit profits: enough that a margin is right to the twelfth decimal.
const DECIMALS: u32 = 12;
/// Parts per million.
const E6: i128 = 1_000_000;
/// One, with 18 decimals.
const ONE: i128 = 1_000_000_000_000_000_000;

/// The model's parameters. Fractions in parts per million.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Moves of spot and volatility.
    pub grid: Grid,
    /// How far volatility moves.
    pub shock: VolShock,
    /// Share of an expiry's positive value that counts, before time.
    pub discount_e6: u32,
    /// What the expiry's rate is multiplied with in the discount.
    pub rate_factor_e6: u32,
    /// What is added to it.
    pub rate_add_e6: u32,
    /// Basis contingency: the spot moves it looks at.
    pub basis_moves_e6: [i32; 2],
    /// Share of the worse of them that is charged.
    pub basis_add_e6: u32,
    /// And what is added to that share per year to expiry.
    pub basis_mult_e6: u32,
    /// Static charge on perpetuals.
    pub perp_e6: u32,
    /// Static charge on the base asset held.
    pub base_e6: u32,
    /// Static charge on naked short options.
    pub option_e6: u32,
    /// Initial over maintenance requirement.
    pub initial_e6: u32,
    /// Price of the stable coin below which the initial requirement grows.
    pub peg_threshold_e6: u32,
    /// By so much per unit below.
    pub peg_factor_e6: u32,
    /// Confidence of a feed below which its positions are charged.
    pub confidence_threshold_e6: u32,
    /// Share charged per unit of confidence that is missing.
    pub confidence_factor_e6: u32,
}

impl Parameters {
    /// As configured on the main network (`scripts/config-mainnet.sol`).
    #[must_use]
    pub fn mainnet() -> Self {
        Self {
            grid: Grid::pmrm(),
            shock: VolShock {
                up_e6: 600_000,
                down_e6: 300_000,
                ..VolShock::KRM
            },
            discount_e6: 950_000,
            rate_factor_e6: 1_000_000,
            rate_add_e6: 120_000,
            basis_moves_e6: [50_000, -50_000],
            basis_add_e6: 1_000_000,
            basis_mult_e6: 1_200_000,
            perp_e6: 30_000,
            base_e6: 30_000,
            option_e6: 20_000,
            initial_e6: 1_250_000,
            peg_threshold_e6: 990_000,
            peg_factor_e6: 4_000_000,
            confidence_threshold_e6: 550_000,
            confidence_factor_e6: 1_000_000,
        }
    }

    /// The library's own defaults, which its published liquidation tests were made with.
    #[must_use]
    pub fn defaults() -> Self {
        Self {
            grid: Grid::pmrm_test(),
            shock: VolShock {
                up_e6: 450_000,
                down_e6: 300_000,
                ..VolShock::KRM
            },
            discount_e6: 950_000,
            rate_factor_e6: 4_000_000,
            rate_add_e6: 50_000,
            basis_moves_e6: [50_000, -50_000],
            basis_add_e6: 250_000,
            basis_mult_e6: 10_000,
            perp_e6: 20_000,
            base_e6: 20_000,
            option_e6: 10_000,
            initial_e6: 1_300_000,
            peg_threshold_e6: 980_000,
            peg_factor_e6: 10_000,
            confidence_threshold_e6: 600_000,
            confidence_factor_e6: 500_000,
        }
    }
}

/// An expiry's feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// When its options expire.
    pub at: Timestamp,
    /// Its forward.
    pub forward: Forward,
    /// Its rate; below zero counts as zero.
    pub rate: Rate<15>,
    /// The least confidence of its feeds.
    pub confidence: Rate<18>,
}

/// An option that can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Call or put.
    pub kind: OptionKind,
    /// Strike.
    pub strike: Price<8>,
    /// Its expiry, by place.
    pub expiry: usize,
    /// Its volatility.
    pub vol: Vol,
}

/// Feeds that all expiries share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feeds {
    /// Now.
    pub now: Timestamp,
    /// Spot.
    pub spot: Price<18>,
    /// The perpetual's price.
    pub perp: Price<18>,
    /// Price of the stable coin that cash is in.
    pub stable: Price<18>,
    /// The least confidence of spot and perpetual.
    pub confidence: Rate<18>,
}

/// What an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdings<'a> {
    /// Options, by their place among those listed.
    pub options: &'a [Leg],
    /// Perpetuals; negative is short.
    pub perp: i64,
    /// The base asset, which cannot be owed.
    pub base: u64,
    /// Decimals of all these quantities.
    pub decimals: u32,
    /// Cash; negative is owed.
    pub cash: Amount<18>,
    /// Profit, loss and funding of the perpetuals that is not settled yet.
    pub perp_value: Amount<18>,
}

/// An account's margins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margins {
    /// What the account is worth.
    pub mark_to_market: Amount<18>,
    /// What is left of that after the maintenance requirement.
    pub maintenance: Amount<18>,
    /// What is left after the initial requirement.
    pub initial: Amount<18>,
    /// The scenario that binds; none when the basis contingency does.
    pub worst: Option<usize>,
}

/// The model at one moment: every option priced in every scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pmrm {
    parameters: Parameters,
    feeds: Feeds,
    arrays: RiskArrays,
    listed: Vec<Listed>,
    expiries: Vec<Terms>,
}

/// What the rule needs of an expiry, with 18 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    discount: i128,
    basis_share: i128,
    confidence: i128,
}

impl Pmrm {
    /// Prices every listed option.
    ///
    /// # Errors
    /// [`PricingError`] names the first input that cannot be priced.
    pub fn new(
        parameters: Parameters,
        feeds: Feeds,
        expiries: &[Expiry],
        listed: &[Listed],
    ) -> Result<Self, PricingError> {
        let index = rescale(feeds.spot.raw(), 8)?;
        let market = Market {
            index: Price::from_raw(index),
            now: feeds.now,
            rate: Rate::ZERO,
        };
        let unit = |option: &Listed| {
            let missing = PricingError::UnknownExpiry {
                expiry: option.expiry,
                known: expiries.len(),
            };
            let expiry = expiries.get(option.expiry).ok_or(missing)?;
            Ok::<_, PricingError>(Unit {
                contract: Contract::Option {
                    kind: option.kind,
                    strike: option.strike,
                    expiry: expiry.at,
                },
                vol: option.vol,
                forward: Some(expiry.forward),
            })
        };
        let units: Vec<Unit> = listed.iter().map(unit).collect::<Result<_, _>>()?;
        let grid = with_basis(&parameters)?;
        let arrays =
            RiskArrays::with_decimals(DECIMALS, &grid, &parameters.shock, &market, &units)?;
        let terms = expiries.iter().map(|e| terms(&parameters, feeds.now, e));
        Ok(Self {
            arrays,
            feeds,
            listed: listed.to_vec(),
            expiries: terms.collect::<Result<_, _>>()?,
            parameters,
        })
    }

    /// An account's margins.
    ///
    /// # Errors
    /// [`PricingError::UnknownInstrument`], [`PricingError::Overflow`].
    pub fn margins(&self, held: &Holdings<'_>) -> Result<Margins, PricingError> {
        let by_expiry = self.by_expiry(held)?;
        let values = self.values(&by_expiry, held.decimals)?;
        let (mut span, worst) = self.span(&values, held)?;
        let naked = self.naked_shorts(&by_expiry)?;
        span = sub(span, self.static_contingency(held, naked)?)?;
        let worth = self.mark_to_market(&values, held)?;
        let factor = self.initial_factor();
        let initial = mul_div(span, factor, ONE, Rounding::Floor)?;
        let initial = sub(initial, self.confidence_contingency(&by_expiry, held)?)?;
        Ok(Margins {
            mark_to_market: Amount::from_raw(worth),
            maintenance: Amount::from_raw(add(span, worth)?),
            initial: Amount::from_raw(add(initial, worth)?),
            worst,
        })
    }

    /// The option legs of each expiry.
    fn by_expiry(&self, held: &Holdings<'_>) -> Result<Vec<Vec<Leg>>, PricingError> {
        let mut by_expiry = vec![Vec::new(); self.expiries.len()];
        for leg in held.options {
            let legs = by_expiry.get_mut(self.option(leg)?.expiry);
            legs.ok_or(PricingError::Overflow)?.push(*leg);
        }
        Ok(by_expiry)
    }

    fn option(&self, leg: &Leg) -> Result<&Listed, PricingError> {
        let at = usize::try_from(leg.instrument).ok();
        at.and_then(|at| self.listed.get(at))
            .ok_or(PricingError::UnknownInstrument {
                instrument: leg.instrument,
                known: self.listed.len(),
            })
    }

    /// Each expiry's value now and in each scenario, the basis moves last.
    fn values(&self, by_expiry: &[Vec<Leg>], decimals: u32) -> Result<Vec<Value>, PricingError> {
        let money = |raw: i128| to_18(raw, DECIMALS.saturating_add(decimals));
        let value = |legs: &Vec<Leg>| {
            let now = money(self.arrays.value(legs)?)?;
            let pnl = self.arrays.pnl(legs)?.0;
            let pnl = pnl.into_iter().map(money).collect::<Result<_, _>>()?;
            Ok(Value { now, pnl })
        };
        by_expiry.iter().map(value).collect()
    }

    /// The least of the basis contingency and the scenarios' profits, and which it is.
    fn span(
        &self,
        values: &[Value],
        held: &Holdings<'_>,
    ) -> Result<(i128, Option<usize>), PricingError> {
        let scenarios = self.parameters.grid.scenarios();
        let mut least = (self.basis_contingency(values)?, None);
        for (at, scenario) in scenarios.iter().enumerate() {
            let mut profit = self.linear(scenario, held)?;
            for (value, terms) in values.iter().zip(&self.expiries) {
                let shocked = add(value.now, value.at(at)?)?;
                let counted = if shocked > 0 {
                    mul_div(shocked, terms.discount, ONE, Rounding::Floor)?
                } else {
                    shocked
                };
                profit = add(profit, sub(counted, value.now)?)?;
            }
            if profit < least.0 {
                least = (profit, Some(at));
            }
        }
        Ok(least)
    }

    fn basis_contingency(&self, values: &[Value]) -> Result<i128, PricingError> {
        let up = self.parameters.grid.len();
        let mut sum = 0i128;
        for (value, terms) in values.iter().zip(&self.expiries) {
            let worse = value.at(up)?.min(value.at(up.saturating_add(1))?).min(0);
            let charged = mul_div(worse, terms.basis_share, ONE, Rounding::Floor)?;
            sum = add(sum, charged)?;
        }
        Ok(sum)
    }

    /// Profit of base and perpetuals.
    fn linear(&self, scenario: &Scenario, held: &Holdings<'_>) -> Result<i128, PricingError> {
        let moved = i128::from(scenario.spot_e6);
        let perp = self.worth(held.perp.into(), self.feeds.perp, held.decimals)?;
        let both = add(perp, self.base_value(held)?)?;
        Ok(mul_div(both, moved, E6, Rounding::Floor)?)
    }

    fn base_value(&self, held: &Holdings<'_>) -> Result<i128, PricingError> {
        let worth = self.worth(held.base.into(), self.feeds.spot, held.decimals)?;
        if worth == 0 {
            return Ok(0);
        }
        Ok(mul_div(
            worth,
            ONE,
            self.feeds.stable.raw(),
            Rounding::Floor,
        )?)
    }

    fn static_contingency(&self, held: &Holdings<'_>, naked: i128) -> Result<i128, PricingError> {
        let rules = &self.parameters;
        let charges = [
            (i128::from(held.perp.unsigned_abs()), rules.perp_e6),
            (held.base.into(), rules.base_e6),
            (naked, rules.option_e6),
        ];
        charges.into_iter().try_fold(0, |sum, (quantity, share)| {
            let worth = self.worth(quantity, self.feeds.spot, held.decimals)?;
            add(sum, mul_div(worth, share.into(), E6, Rounding::Ceil)?)
        })
    }

    /// Naked shorts, strike by strike.
    fn naked_shorts(&self, by_expiry: &[Vec<Leg>]) -> Result<i128, PricingError> {
        let mut naked = 0i128;
        for legs in by_expiry {
            let mut strikes: Vec<(Price<8>, i128)> = Vec::new();
            for leg in legs {
                let strike = self.option(leg)?.strike;
                let quantity = i128::from(leg.quantity);
                match strikes.binary_search_by_key(&strike, |(strike, _)| *strike) {
                    Ok(at) => {
                        if let Some((_, net)) = strikes.get_mut(at) {
                            *net = add(*net, quantity)?;
                        }
                    }
                    Err(at) => strikes.insert(at, (strike, quantity)),
                }
            }
            for (_, net) in strikes {
                // A long of one kind covers a short of the other; two shorts add up.
                naked = sub(naked, net.min(0))?;
            }
        }
        Ok(naked)
    }

    fn confidence_contingency(
        &self,
        by_expiry: &[Vec<Leg>],
        held: &Holdings<'_>,
    ) -> Result<i128, PricingError> {
        let linear = add(held.perp.unsigned_abs().into(), held.base.into())?;
        let mut sum = self.unsure(self.feeds.confidence.raw(), linear, held.decimals)?;
        for (legs, terms) in by_expiry.iter().zip(&self.expiries) {
            let amount = legs.iter().try_fold(0i128, |sum, leg| {
                add(sum, leg.quantity.unsigned_abs().into())
            })?;
            sum = add(sum, self.unsure(terms.confidence, amount, held.decimals)?)?;
        }
        Ok(sum)
    }

    /// The charge on an amount whose feeds have this confidence.
    fn unsure(&self, confidence: i128, amount: i128, decimals: u32) -> Result<i128, PricingError> {
        let rules = &self.parameters;
        let threshold = i128::from(rules.confidence_threshold_e6).saturating_mul(ONE / E6);
        if confidence >= threshold {
            return Ok(0);
        }
        let worth = self.worth(amount, self.feeds.spot, decimals)?;
        let missing = mul_div(worth, sub(ONE, confidence)?, ONE, Rounding::Ceil)?;
        let factor = rules.confidence_factor_e6;
        Ok(mul_div(missing, factor.into(), E6, Rounding::Ceil)?)
    }

    fn mark_to_market(&self, values: &[Value], held: &Holdings<'_>) -> Result<i128, PricingError> {
        let cash = add(held.cash.raw(), held.perp_value.raw())?;
        let others = add(cash, self.base_value(held)?)?;
        values
            .iter()
            .try_fold(others, |sum, value| add(sum, value.now))
    }

    fn initial_factor(&self) -> i128 {
        let rules = &self.parameters;
        let threshold = i128::from(rules.peg_threshold_e6).saturating_mul(ONE / E6);
        let below = threshold.saturating_sub(self.feeds.stable.raw()).max(0);
        // Both are at most a few units, far from 128 bits.
        let grown = below.saturating_mul(rules.peg_factor_e6.into()) / E6;
        i128::from(rules.initial_e6)
            .saturating_mul(ONE / E6)
            .saturating_add(grown)
    }

    /// A quantity's worth at a price.
    fn worth(&self, quantity: i128, price: Price<18>, decimals: u32) -> Result<i128, PricingError> {
        let one = 10i128.checked_pow(decimals).ok_or(PricingError::Overflow)?;
        Ok(mul_div(quantity, price.raw(), one, Rounding::Floor)?)
    }
}

/// An expiry's value now, and its profit in each scenario, undiscounted.
struct Value {
    now: i128,
    pnl: Vec<i128>,
}

impl Value {
    fn at(&self, scenario: usize) -> Result<i128, PricingError> {
        let profit = self.pnl.get(scenario).copied();
        profit.ok_or(PricingError::Overflow)
    }
}

/// The model's scenarios counting in full, and the basis moves behind them.
fn with_basis(parameters: &Parameters) -> Result<Grid, PricingError> {
    let mut scenarios = parameters.grid.scenarios().to_vec();
    for scenario in &mut scenarios {
        scenario.weight_e6 = 1_000_000;
    }
    scenarios.extend(parameters.basis_moves_e6.map(|spot_e6| Scenario {
        spot_e6,
        vol: VolMove::None,
        weight_e6: 1_000_000,
    }));
    Grid::new(scenarios)
}

fn terms(rules: &Parameters, now: Timestamp, expiry: &Expiry) -> Result<Terms, PricingError> {
    let years = door::years(expiry.at.millis().saturating_sub(now.millis()));
    let share = |e6: u32| door::enter(e6.into(), 6);
    let rate = door::enter(expiry.rate.raw().max(0), 15);
    let shocked = rate * share(rules.rate_factor_e6) + share(rules.rate_add_e6);
    let discount = share(rules.discount_e6) * libm::exp(-years * shocked);
    let basis = share(rules.basis_add_e6) + share(rules.basis_mult_e6) * years;
    let leave = |what, value, rounding| {
        let left = door::leave(what, value, 15, rounding)?;
        // Three more decimals of what fits 64 bits fit 128.
        Ok::<i128, PricingError>(i128::from(left).saturating_mul(1_000))
    };
    Ok(Terms {
        discount: leave("a static discount", discount, Rounding::Floor)?,
        basis_share: leave("a basis contingency", basis, Rounding::Ceil)?,
        confidence: expiry.confidence.raw(),
    })
}

/// A sum of `decimals` decimals with 18, to the nearest.
fn to_18(raw: i128, decimals: u32) -> Result<i128, PricingError> {
    let one = 10i128.checked_pow(decimals).ok_or(PricingError::Overflow)?;
    Ok(mul_div(raw, ONE, one, Rounding::HalfEven)?)
}

/// A number of 18 decimals with fewer, to the nearest.
fn rescale(raw: i128, decimals: u32) -> Result<i128, PricingError> {
    let one = 10i128.checked_pow(decimals).ok_or(PricingError::Overflow)?;
    Ok(mul_div(raw, one, ONE, Rounding::HalfEven)?)
}

fn add(a: i128, b: i128) -> Result<i128, PricingError> {
    a.checked_add(b).ok_or(PricingError::Overflow)
}

fn sub(a: i128, b: i128) -> Result<i128, PricingError> {
    a.checked_sub(b).ok_or(PricingError::Overflow)
}
