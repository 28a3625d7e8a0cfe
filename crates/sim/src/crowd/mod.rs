//! The wallets of a cross-margin venue: how much they have, how leveraged they are, and in how
//! many markets.
//!
//! A [`Crowd`] is a few tables of quantiles: account values, leverage of those who are long and of
//! those who are short, the share of longs, and how many markets a wallet holds. The bundled one
//! is fitted to the accounts of 10 October 2025 (how, is told in `assets/crowd-2025-10-10.toml`);
//! [`Crowd::read`] fits the same tables to the files of that day, where somebody has them.
//!
//! Values are in millionths of the quote asset, leverages in hundredths. Between two quantiles the
//! logarithm is interpolated (through `libm`, the same bits everywhere); floats draw people and
//! decide nothing.

mod fit;
mod quantiles;

use plimsoll_units::{Side, Timestamp};
use serde::Deserialize;

pub use quantiles::Quantiles;

use crate::population::Person;
use crate::random::Random;
use crate::scenario::{Market, Population};

/// The most markets one wallet of a crowd holds positions in.
pub const MARKETS_HELD_MAX: usize = 4;

const BUNDLED: &str = include_str!("../../assets/crowd-2025-10-10.toml");

/// What the accounts of a day were like.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crowd {
    /// Where it comes from, for the report.
    pub source: String,
    /// Account value in whole quote units.
    pub value: Quantiles,
    /// Notional over account value of wallets that are long.
    pub leverage_long: Quantiles,
    /// The same for those that are short.
    pub leverage_short: Quantiles,
    /// Wallets that are long, of a million.
    pub long_ppm: u32,
    /// How common wallets with 1, 2, 3 and 4 markets are, against each other.
    pub markets_held: [u64; MARKETS_HELD_MAX],
}

/// A position a wallet wants to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Which market, by index.
    pub market: usize,
    /// Which way.
    pub side: Side,
    /// Notional at the price of arrival over the wallet's deposit, in hundredths.
    pub leverage_e2: u32,
}

/// A wallet with everything it will open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// When it arrives.
    pub arrives: Timestamp,
    /// Its deposit, 6 decimals.
    pub deposit: i128,
    /// At least one position, each in another market.
    pub wishes: Vec<Wish>,
}

impl Wallet {
    /// The wallet as a person: its largest position.
    #[must_use]
    pub fn person(&self) -> Person {
        let largest = self.wishes.iter().max_by_key(|w| w.leverage_e2);
        Person {
            arrives: self.arrives,
            market: largest.map_or(0, |w| w.market),
            side: largest.map_or(Side::Long, |w| w.side),
            collateral: self.deposit,
            leverage_e2: self.leverage_e2(),
        }
    }

    /// Notional of all its positions over its deposit, in hundredths.
    #[must_use]
    pub fn leverage_e2(&self) -> u32 {
        let each = self.wishes.iter().map(|w| w.leverage_e2);
        each.fold(0, u32::saturating_add)
    }
}

impl From<&Person> for Wallet {
    /// A person with one position, such as a CSV of accounts has.
    fn from(person: &Person) -> Self {
        Self {
            arrives: person.arrives,
            deposit: person.collateral,
            wishes: vec![Wish {
                market: person.market,
                side: person.side,
                leverage_e2: person.leverage_e2,
            }],
        }
    }
}

impl Crowd {
    /// The accounts of 10 October 2025, fitted.
    ///
    /// # Errors
    /// Never, unless this build ships a broken file; a test reads it.
    pub fn bundled() -> Result<Self, String> {
        let crowd: Self = toml::from_str(BUNDLED).map_err(|e| e.to_string())?;
        crowd.value.check("value")?;
        crowd.leverage_long.check("leverage_long")?;
        crowd.leverage_short.check("leverage_short")?;
        Ok(crowd)
    }

    /// Draws the wallets of a venue. `population` says how many, when they arrive, in which
    /// markets, and the least and most they deposit; `most_e2` bounds their leverage.
    #[must_use]
    pub fn draw(
        &self,
        population: &Population,
        markets: &[Market],
        (seed, venue): (u64, &str),
        start: Timestamp,
        most_e2: u32,
    ) -> Vec<Wallet> {
        let mut dice = Dice::new(seed, venue);
        let weights = crate::population::market_weights(population, markets);
        let from = population
            .arrive_from
            .map_or(start, |when| when.0.max(start));
        let (least, most) = (
            population.collateral_min.on_grid::<6>(),
            population.collateral_max.on_grid::<6>(),
        );
        let mut wallets: Vec<Wallet> = (0..population.accounts)
            .map(|_| {
                let late = dice.arrivals.between(0, population.arrive_over.millis());
                let deposit = self.value.at(dice.sizes.below(PPM) as u32);
                Wallet {
                    arrives: Timestamp(from.millis().saturating_add(late)),
                    deposit: cents(deposit).clamp(least, most),
                    wishes: self.wishes(&mut dice, &weights, most_e2),
                }
            })
            .collect();
        wallets.sort_by_key(|w| w.arrives);
        wallets
    }

    /// One or more positions: a side for the wallet, its leverage shared among its markets.
    fn wishes(&self, dice: &mut Dice, weights: &[u64], most_e2: u32) -> Vec<Wish> {
        let (side, table) = if dice.choices.chance(self.long_ppm) {
            (Side::Long, &self.leverage_long)
        } else {
            (Side::Short, &self.leverage_short)
        };
        let count = dice.choices.weighted(&self.markets_held).unwrap_or(0) + 1;
        let leverage = table.at(dice.leverage.below(PPM) as u32) * 100.0;
        let total = hundredths(leverage).clamp(1, most_e2);
        let mut left = weights.to_vec();
        let mut chosen = Vec::with_capacity(count);
        for _ in 0..count {
            let Some(market) = dice.choices.weighted(&left) else {
                break;
            };
            left[market] = 0;
            chosen.push((market, dice.choices.between(1, 4)));
        }
        let parts: i64 = chosen.iter().map(|(_, part)| part).sum();
        chosen
            .iter()
            .map(|(market, part)| Wish {
                market: *market,
                side: self.side_of(dice, side),
                leverage_e2: share(total, *part, parts),
            })
            .collect()
    }

    /// Most wallets are one way in all their markets. Of those that held both bitcoin and solana
    /// on 10 October 2025, 163 of 928 were long one and short the other.
    fn side_of(&self, dice: &mut Dice, side: Side) -> Side {
        // Half of it, because either of two positions may be the one that differs.
        if dice.choices.chance(87_800) {
            side.opposite()
        } else {
            side
        }
    }
}

/// Quantiles are asked for in millionths.
const PPM: u64 = 1_000_000;

/// The streams of chance of one venue.
struct Dice {
    sizes: Random,
    leverage: Random,
    choices: Random,
    arrivals: Random,
}

impl Dice {
    fn new(seed: u64, venue: &str) -> Self {
        let stream = |name: &str| Random::new(seed, &format!("{venue}/crowd/{name}"));
        Self {
            sizes: stream("sizes"),
            leverage: stream("leverage"),
            choices: stream("choices"),
            arrivals: stream("arrivals"),
        }
    }
}

/// Whole cents, with 6 decimals.
#[allow(clippy::cast_possible_truncation)]
fn cents(units: f64) -> i128 {
    ((units * 100.0) as i128).saturating_mul(10_000)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn hundredths(value: f64) -> u32 {
    value.clamp(0.0, f64::from(u32::MAX)) as u32
}

/// `part / parts` of a leverage, at least a hundredth.
fn share(total: u32, part: i64, parts: i64) -> u32 {
    let share = i64::from(total).saturating_mul(part) / parts.max(1);
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}
