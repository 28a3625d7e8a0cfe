//! Exact values in TOML: decimals, spans of time, points in time.

use std::fmt;

use plimsoll_units::{Duration, Timestamp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A decimal number as it was written, with up to 18 decimals; raw units of 1e-18.
///
/// Text (`"0.05"`), integers and TOML floats are read; a float counts as its shortest decimal
/// text, so `0.05` is exactly five hundredths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Decimal(plimsoll_units::Fixed<18>);

/// So many whole units, for defaults.
pub(super) const fn whole(units: i128) -> Decimal {
    Decimal::from_raw(units * 10i128.pow(18))
}

/// So many millionths, for defaults: `millionths(1)` is `0.000001`.
pub(super) const fn millionths(count: i128) -> Decimal {
    Decimal::from_raw(count * 10i128.pow(12))
}

impl Decimal {
    /// One.
    pub const ONE: Self = whole(1);

    /// The decimal whose raw 1e-18 integer is `raw`.
    #[must_use]
    pub const fn from_raw(raw: i128) -> Self {
        Self(plimsoll_units::Fixed::from_raw(raw))
    }

    /// Raw units of 1e-18.
    #[must_use]
    pub const fn raw(self) -> i128 {
        self.0.raw()
    }

    /// On a grid of `D` decimals, rounded toward zero.
    #[must_use]
    pub fn on_grid<const D: u32>(self) -> i128 {
        self.0
            .rescale::<D>(plimsoll_units::Rounding::Down)
            .map_or(i128::MAX, plimsoll_units::Fixed::raw)
    }

    /// Times `numerator / denominator`, rounded toward zero.
    #[must_use]
    pub fn scaled(self, numerator: i128, denominator: i128) -> Self {
        let scaled = self
            .0
            .mul_ratio(numerator, denominator, plimsoll_units::Rounding::Down);
        scaled.map_or(self, Self)
    }

    /// With at most `D` decimals, rounded toward zero.
    #[must_use]
    pub fn cut<const D: u32>(self) -> Self {
        let step = 10i128.pow(18u32.saturating_sub(D));
        Self::from_raw(self.raw() - self.raw() % step)
    }

    /// In millionths, rounded toward zero, clamped to `u32`.
    #[must_use]
    pub fn millionths(self) -> u32 {
        u32::try_from(self.on_grid::<6>().max(0)).unwrap_or(u32::MAX)
    }

    /// The nearest float, for drawing random sizes.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn approximate(self) -> f64 {
        self.raw() as f64 / 1e18
    }
}

impl std::str::FromStr for Decimal {
    type Err = plimsoll_units::NumberTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNumber;

        impl Visitor<'_> for AnyNumber {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number, such as \"0.05\" or 20")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Decimal, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i128<E: Error>(self, number: i128) -> Result<Decimal, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Decimal, E> {
                // Shortest decimal text that reads back as the same float: what was typed.
                format!("{number}").parse().map_err(|_| {
                    E::custom(format!(
                        "{number:?} is not a decimal number of reasonable size with up to 18 \
                         decimals"
                    ))
                })
            }
        }

        deserializer.deserialize_any(AnyNumber)
    }
}

/// A span of time: `"500ms"`, `"2s"`, `"12h 30m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// Milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.millis()
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = jiff::SignedDuration::from_millis(self.0.millis());
        serializer.serialize_str(&format!("{span:#}"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnySpan;

        impl Visitor<'_> for AnySpan {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a span of time such as \"2s\" or \"8h\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                let span: jiff::SignedDuration = text.parse().map_err(|e| {
                    E::custom(format!(
                        "{text:?} is not a span of time such as \"2s\" or \"8h\": {e}"
                    ))
                })?;
                let millis = i64::try_from(span.as_millis()).map_err(E::custom)?;
                if millis < 0 {
                    return Err(E::custom(format!("{text:?} is negative")));
                }
                Ok(Span(Duration(millis)))
            }
        }

        deserializer.deserialize_any(AnySpan)
    }
}

/// A point in time: `"2025-10-10T21:20:00Z"`, or a TOML date and time with an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct When(pub Timestamp);

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match jiff::Timestamp::from_millisecond(self.0.millis()) {
            Ok(time) => serializer.collect_str(&time),
            Err(e) => Err(serde::ser::Error::custom(e)),
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyTime;

        impl<'de> Visitor<'de> for AnyTime {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as \"2025-10-10T21:20:00Z\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<When, E> {
                let time: jiff::Timestamp = text.parse().map_err(|e| {
                    E::custom(format!(
                        "{text:?} is not a time such as \"2025-10-10T21:20:00Z\": {e}"
                    ))
                })?;
                Ok(When(Timestamp(time.as_millisecond())))
            }

            /// TOML's own date and time arrive as a map.
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<When, A::Error> {
                let written = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
                self.visit_str(&written.to_string())
            }
        }

        deserializer.deserialize_any(AnyTime)
    }
}
