//! Names of things: small integers in distinct types, so that an account cannot be passed for a
//! market.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default,
            BorshSerialize, BorshDeserialize,
        )]
        pub struct $name(pub $inner);

        impl $name {
            /// The id as an index into a dense table.
            #[must_use]
            pub fn index(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// One venue inside an engine.
    VenueId(u16), "venue-"
);
id!(
    /// One market (product, pair, pool) of a venue.
    MarketId(u16), "market-"
);
id!(
    /// One participant of a venue: trader, liquidity provider, liquidator, partner.
    AccountId(u32), "account-"
);
id!(
    /// One asset of the ledger.
    AssetId(u16), "asset-"
);
id!(
    /// One liquidation case, numbered through the whole engine, never reused.
    CaseId(u64), "case-"
);
/// One isolated position of a venue; never reused: the low 32 bits are the place it is kept at,
/// the high 32 bits count how often that place was used before.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct PositionId(pub u64);

impl PositionId {
    /// The id of the `generation`-th use of place `slot`.
    #[must_use]
    pub const fn new(slot: u32, generation: u32) -> Self {
        Self((generation as u64) << 32 | slot as u64)
    }

    /// The place.
    #[must_use]
    pub const fn slot(self) -> u32 {
        let bytes = self.0.to_be_bytes();
        u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]])
    }

    /// How often the place was used before.
    #[must_use]
    pub const fn generation(self) -> u32 {
        let bytes = self.0.to_be_bytes();
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }
}

impl fmt::Display for PositionId {
    /// `position-17`, or `position-17.3` when place 17 was used three times before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation() {
            0 => write!(f, "position-{}", self.slot()),
            generation => write!(f, "position-{}.{generation}", self.slot()),
        }
    }
}

impl fmt::Debug for PositionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which way a position is exposed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Side {
    /// Gains when the price rises.
    Long = 0,
    /// Gains when the price falls.
    Short = 1,
}

impl Side {
    /// +1 for a long, -1 for a short.
    #[must_use]
    pub const fn sign(self) -> i128 {
        match self {
            Self::Long => 1,
            Self::Short => -1,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Long => "long",
            Self::Short => "short",
        })
    }
}
