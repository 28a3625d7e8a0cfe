//! Positions and pre-positions: what counts now, and what counts from the next oracle version on.
//!
//! Source: `Position`, `PrePosition`. Every opening and closing only adds to the pre-position;
//! an opening and a closing in the same version are both kept, and both pay their fee.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::ArithmeticError;

use super::numbers::{Ratio18, Size, div, take};
use super::refusal::Refusal;

/// The two sides of a product. Discriminants are part of journals: never reused.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    BorshSerialize,
    BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Role {
    /// Takes the other side of every taker, and is paid for it.
    #[default]
    Maker = 0,
    /// Has the product's payoff.
    Taker = 1,
}

impl Role {
    /// Both, makers first.
    pub const ALL: [Self; 2] = [Self::Maker, Self::Taker];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Maker => Self::Taker,
            Self::Taker => Self::Maker,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Taker => "taker",
        }
    }
}

/// Something that each side has one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Sides<T> {
    /// The makers'.
    pub maker: T,
    /// The takers'.
    pub taker: T,
}

/// Sizes by side.
pub type Position = Sides<Size>;

impl<T: Copy> Sides<T> {
    /// One side's.
    #[must_use]
    pub fn of(&self, role: Role) -> T {
        match role {
            Role::Maker => self.maker,
            Role::Taker => self.taker,
        }
    }

    pub(super) fn of_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Maker => &mut self.maker,
            Role::Taker => &mut self.taker,
        }
    }
}

impl Position {
    /// `size` on one side, nothing on the other.
    #[must_use]
    pub fn one_sided(role: Role, size: Size) -> Self {
        let mut position = Self::default();
        *position.of_mut(role) = size;
        position
    }

    /// Whether both sides are zero.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.maker.is_zero() && self.taker.is_zero()
    }

    /// Both sides added.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn add(&self, other: &Self) -> Result<Self, ArithmeticError> {
        Ok(Self {
            maker: self.maker.add(other.maker)?,
            taker: self.taker.add(other.taker)?,
        })
    }

    /// Takers' exposure is dampened by this where they outnumber makers (after a maker was
    /// liquidated), so that makers never carry more than once their size:
    /// `min(1, maker / taker)`, truncated; one without takers.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn socialization(&self) -> Result<Ratio18, ArithmeticError> {
        if self.maker >= self.taker {
            return Ok(Ratio18::ONE);
        }
        Ok(Ratio18::from_raw(div(self.maker.raw(), self.taker.raw())?))
    }
}

/// What was asked for since the last oracle version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct PrePosition {
    /// The version at which it was asked; 0 for nothing pending.
    pub oracle_version: u64,
    /// Sizes to open.
    pub open: Position,
    /// Sizes to close.
    pub close: Position,
}

impl PrePosition {
    /// Whether no size is pending; a pending version may remain (somebody opened zero).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.close.is_empty()
    }

    /// The first version that settles it; `current` when nothing is pending.
    #[must_use]
    pub fn settle_version(&self, current: u64) -> u64 {
        match self.oracle_version {
            0 => current,
            asked => asked.saturating_add(1),
        }
    }

    /// Whether it is settled by version `to`.
    #[must_use]
    pub fn can_settle(&self, to: u64) -> bool {
        self.oracle_version != 0 && to > self.oracle_version
    }

    /// `position` once this is settled.
    ///
    /// # Errors
    /// [`Refusal::Panic`] when more is closed than open.
    pub fn next(&self, position: &Position) -> Result<Position, Refusal> {
        let grown = position.add(&self.open)?;
        let left = |role| take(grown.of(role).raw(), self.close.of(role).raw());
        Ok(Position {
            maker: Size::from_raw(left(Role::Maker)?),
            taker: Size::from_raw(left(Role::Taker)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, PrePosition, Role};

    fn sides(maker: &str, taker: &str) -> Position {
        Position {
            maker: maker.parse().unwrap(),
            taker: taker.parse().unwrap(),
        }
    }

    #[track_caller]
    fn check_socialization(maker: &str, taker: &str, expected: &str) {
        let factor = sides(maker, taker).socialization().unwrap();
        assert_eq!(factor.to_string(), expected);
    }

    #[test]
    fn socialization_is_one_unless_takers_outnumber_makers() {
        check_socialization("0", "0", "1");
        check_socialization("5", "0", "1");
        check_socialization("5", "5", "1");
        check_socialization("2", "3", "0.666666666666666666");
        check_socialization("0", "3", "0");
        check_socialization("1000000000", "0.000000000000000001", "1");
    }

    #[test]
    fn an_opening_and_a_closing_in_one_version_are_both_kept() {
        let pre = PrePosition {
            oracle_version: 7,
            open: sides("40", "0"),
            close: sides("60", "0"),
        };
        assert_eq!(pre.next(&sides("50", "0")).unwrap(), sides("30", "0"));
        assert!(pre.next(&sides("10", "0")).is_err());
        assert!(!pre.can_settle(7));
        assert!(pre.can_settle(8));
        assert_eq!(
            (
                pre.settle_version(9),
                PrePosition::default().settle_version(9)
            ),
            (8, 9)
        );
        assert_eq!(
            Position::one_sided(Role::Taker, "2".parse().unwrap()),
            sides("0", "2")
        );
    }
}
