//! The contracts' integers: `uint64` and `int64` pips, checked, with their refusals' texts
//! (`Math.sol`). Every division says which way it rounds.

use plimsoll_units::{ArithmeticError, Rounding, mul_div};

/// One, in pips.
pub const ONE: u64 = 100_000_000;

/// A number that leaves the range of the contracts' types, under their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PipError {
    /// Above 2^63-1.
    #[error("Pip quantity overflows int64")]
    OverflowsInt64,
    /// Below -2^63.
    #[error("Pip quantity underflows int64")]
    UnderflowsInt64,
    /// Above 2^64-1.
    #[error("Pip quantity overflows uint64")]
    OverflowsUint64,
    /// A sum of double or triple pips that does not fit when it is turned into pips.
    #[error("SafeCast: value doesn't fit in 64 bits")]
    DoesNotFit,
    /// A panic of the virtual machine.
    #[error("panic 0x{0:02x}")]
    Panic(u8),
}

impl PipError {
    /// An addition or subtraction left its type.
    pub const ARITHMETIC: Self = Self::Panic(0x11);
    /// A division by zero.
    pub const DIVISION: Self = Self::Panic(0x12);
    /// An array that is too short.
    pub const OUT_OF_BOUNDS: Self = Self::Panic(0x32);

    /// The name it is tallied under.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OverflowsInt64 => "OverflowsInt64",
            Self::UnderflowsInt64 => "UnderflowsInt64",
            Self::OverflowsUint64 => "OverflowsUint64",
            Self::DoesNotFit => "DoesNotFit",
            Self::Panic(_) => "Panic",
        }
    }
}

/// What an exact intermediate cannot hold; see the module documentation.
impl From<ArithmeticError> for PipError {
    fn from(error: ArithmeticError) -> Self {
        match error {
            ArithmeticError::Overflow => Self::ARITHMETIC,
            ArithmeticError::DivisionByZero => Self::DIVISION,
        }
    }
}

/// `floor(a * b / c)`: unsigned, so down is toward whoever is charged.
///
/// # Errors
/// [`PipError::OverflowsUint64`], [`PipError::DIVISION`].
pub fn mul_frac(a: u64, b: u64, c: u64) -> Result<u64, PipError> {
    match mul_div(a.into(), b.into(), c.into(), Rounding::Floor) {
        Ok(result) => u64::try_from(result).map_err(|_| PipError::OverflowsUint64),
        Err(ArithmeticError::Overflow) => Err(PipError::OverflowsUint64),
        Err(zero) => Err(zero.into()),
    }
}

/// `trunc0(a * b / c)`: toward zero, whatever the signs.
///
/// # Errors
/// [`PipError::OverflowsInt64`], [`PipError::UnderflowsInt64`], [`PipError::DIVISION`].
pub fn mul_frac_signed(a: i64, b: i64, c: i64) -> Result<i64, PipError> {
    signed(mul_div(a.into(), b.into(), c.into(), Rounding::Down)?)
}

/// A wide number as an `int64`.
///
/// # Errors
/// [`PipError::OverflowsInt64`], [`PipError::UnderflowsInt64`].
pub fn signed(wide: i128) -> Result<i64, PipError> {
    i64::try_from(wide).map_err(|_| {
        if wide < 0 {
            PipError::UnderflowsInt64
        } else {
            PipError::OverflowsInt64
        }
    })
}

/// An unsigned number as an `int64` (`Math.toInt64`).
///
/// # Errors
/// [`PipError::OverflowsInt64`].
pub fn to_int64(value: u64) -> Result<i64, PipError> {
    i64::try_from(value).map_err(|_| PipError::OverflowsInt64)
}

/// `a + b` as the contract's checked addition.
///
/// # Errors
/// [`PipError::ARITHMETIC`].
pub fn add(a: i64, b: i64) -> Result<i64, PipError> {
    a.checked_add(b).ok_or(PipError::ARITHMETIC)
}

/// `a - b` as the contract's checked subtraction.
///
/// # Errors
/// [`PipError::ARITHMETIC`].
pub fn sub(a: i64, b: i64) -> Result<i64, PipError> {
    a.checked_sub(b).ok_or(PipError::ARITHMETIC)
}

/// `a / b`, rounded up; zero for zero.
///
/// # Errors
/// [`PipError::DIVISION`].
pub fn divide_round_up(a: u64, b: u64) -> Result<u64, PipError> {
    let result = mul_div(a.into(), 1, b.into(), Rounding::Ceil)?;
    u64::try_from(result).map_err(|_| PipError::OverflowsUint64)
}

/// `a / b`, rounded up when the remainder is at least half of `b` (itself rounded up).
///
/// # Errors
/// [`PipError::DIVISION`], [`PipError::ARITHMETIC`].
pub fn divide_round_nearest(a: u64, b: u64) -> Result<u64, PipError> {
    let quotient = a.checked_div(b).ok_or(PipError::DIVISION)?;
    let remainder = a.checked_rem(b).ok_or(PipError::DIVISION)?;
    if remainder >= b.div_ceil(2) {
        quotient.checked_add(1).ok_or(PipError::ARITHMETIC)
    } else {
        Ok(quotient)
    }
}
