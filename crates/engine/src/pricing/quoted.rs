//! Surfaces as integers: how a smile comes in with a command, and what it says of an option.
//!
//! A surface is checked when it comes (arbitrage between strikes and between expiries) and kept.
//! What it says is volatility by log-moneyness, so between two surfaces the smile moves with the
//! index, and the forward of an expiry keeps its ratio to the index.
//!
//! Units: prices with 8 decimals; volatilities and ratios with 9; the parameters of a raw SVI
//! smile with 12.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Price, Rate, Rounding, Timestamp, mul_div};

use super::black::{self, OptionKind};
use super::risk::{Contract, Forward, Unit};
use super::surface::{MAX_SLICES, Points, Slice, Smile, Surface};
use super::svi::RawSvi;
use super::{Given, PricingError, door};

/// One, as a ratio of forward to index.
const RATIO_ONE: i128 = 1_000_000_000;

/// Volatility by strike. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum QuotedSmile {
    /// Raw SVI, 12 decimals each: total variance
    /// `a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))` at log-moneyness `k = ln(K / F)`.
    Svi {
        /// Level.
        a_e12: i64,
        /// Slope of the wings.
        b_e12: i64,
        /// Tilt, between -1 and 1.
        rho_e12: i64,
        /// Where the smile is lowest.
        m_e12: i64,
        /// How round it is there.
        sigma_e12: i64,
    } = 0,
    /// Volatilities with 9 decimals at ascending strikes.
    Points(Vec<(Price<8>, i64)>) = 1,
}

/// The smile of one expiry.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct QuotedSlice {
    /// The expiry.
    pub expiry: Timestamp,
    /// The forward price over the index, 9 decimals. It moves with the index.
    pub forward_e9: i64,
    /// The smile.
    pub smile: QuotedSmile,
}

/// A surface as it was published.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Quoted {
    /// When.
    pub at: Timestamp,
    /// The index it was made at.
    pub index: Price<8>,
    /// Smiles, earliest expiry first.
    pub slices: Vec<QuotedSlice>,
}

/// A published surface, checked, and ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    surface: Surface,
    /// Expiries and their forwards over the index.
    ratios: Vec<(Timestamp, i64)>,
}

impl Quoted {
    /// Checks the surface.
    ///
    /// # Errors
    /// [`PricingError`]: what is wrong, and at which expiry.
    pub fn check(&self) -> Result<Checked, PricingError> {
        if self.slices.len() > MAX_SLICES {
            return Err(PricingError::Input {
                what: "the number of slices",
                given: Given::of(door::enter(self.slices.len() as i128, 0)),
                must: "at most 256",
            });
        }
        let slices = self.slices.iter().map(|slice| self.slice(slice));
        let slices = slices.collect::<Result<Vec<_>, _>>()?;
        Ok(Checked {
            surface: Surface::new(self.at, slices)?,
            ratios: self
                .slices
                .iter()
                .map(|s| (s.expiry, s.forward_e9))
                .collect(),
        })
    }

    fn slice(&self, slice: &QuotedSlice) -> Result<Slice, PricingError> {
        let forward = forward(self.index, slice.forward_e9)?;
        let forward = door::enter(forward.raw(), 18);
        let millis = slice.expiry.millis().saturating_sub(self.at.millis());
        let smile = match &slice.smile {
            QuotedSmile::Svi {
                a_e12,
                b_e12,
                rho_e12,
                m_e12,
                sigma_e12,
            } => {
                let parameters = [a_e12, b_e12, rho_e12, m_e12, sigma_e12];
                let parameters = parameters.map(|p| door::enter((*p).into(), 12));
                Smile::Svi(RawSvi::new(parameters)?)
            }
            QuotedSmile::Points(points) => {
                let quotes: Vec<(f64, f64)> = points
                    .iter()
                    .map(|(strike, vol)| {
                        let strike = door::enter(strike.raw(), 8);
                        let k = black::log_ratio(strike, forward);
                        (k, door::enter((*vol).into(), 9))
                    })
                    .collect();
                Smile::Points(Points::new(&quotes, door::years(millis))?)
            }
        };
        Ok(Slice {
            expiry: slice.expiry,
            forward,
            smile,
        })
    }
}

impl Checked {
    /// An option as it is priced at `index` at `now`. At or past its expiry it is worth its payoff
    /// on the index.
    ///
    /// # Errors
    /// [`PricingError`] when the surface does not reach it.
    pub fn unit(
        &self,
        (kind, strike, expiry): (OptionKind, Price<8>, Timestamp),
        index: Price<8>,
        now: Timestamp,
    ) -> Result<Unit, PricingError> {
        let contract = Contract::Option {
            kind,
            strike,
            expiry: expiry.max(now),
        };
        if expiry <= now {
            return Ok(Unit {
                contract,
                vol: Rate::ZERO,
                forward: None,
            });
        }
        let moving = forward(index, self.ratio(expiry)?)?;
        let (strike, ahead) = (door::enter(strike.raw(), 8), door::enter(moving.raw(), 18));
        let vol = self
            .surface
            .vol_at(black::log_ratio(strike, ahead), expiry)?;
        let vol = door::leave("an implied volatility", vol, 15, Rounding::HalfEven)?;
        Ok(Unit {
            contract,
            vol: Rate::from_raw(vol.into()),
            forward: Some(Forward {
                moving,
                fixed: Price::ZERO,
            }),
        })
    }

    /// The forward of an expiry over the index, 9 decimals: the published one, else that of the
    /// next published expiry (between two the difference is far below a basis point a day).
    fn ratio(&self, expiry: Timestamp) -> Result<i64, PricingError> {
        let next = self.ratios.iter().find(|(at, _)| *at >= expiry);
        next.map(|(_, ratio)| *ratio).ok_or(PricingError::Input {
            what: "the expiry",
            given: Given::of(door::enter(expiry.millis().into(), 0)),
            must: "within the surface's expiries",
        })
    }
}

/// The forward at `index`, 18 decimals, rounded to nearest: no side of a trade is favoured.
fn forward(index: Price<8>, ratio_e9: i64) -> Result<Price<18>, PricingError> {
    let refuse = |_: ArithmeticError| PricingError::Input {
        what: "the forward over the index",
        given: Given::of(door::enter(ratio_e9.into(), 9)),
        must: "a ratio above zero that leaves the forward in range",
    };
    if ratio_e9 <= 0 || !index.is_positive() {
        return Err(refuse(ArithmeticError::Overflow));
    }
    let fine = index
        .fixed()
        .rescale::<18>(Rounding::HalfEven)
        .map_err(refuse)?;
    mul_div(fine.raw(), ratio_e9.into(), RATIO_ONE, Rounding::HalfEven)
        .map(Price::from_raw)
        .map_err(refuse)
}
