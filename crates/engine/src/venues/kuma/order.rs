//! Signed orders as the contracts see them: the seventeen fields of the EIP-712 type, and what
//! recovering the signature said. The engine does no cryptography; crate `evm` makes these.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

/// A wallet's or key's address.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// The zero address: no delegated key.
    pub const ZERO: Self = Self([0; 20]);
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A digest.
pub type Hash = [u8; 32];

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            BorshSerialize, BorshDeserialize,
        )]
        #[borsh(use_discriminant = true)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$each])* $variant = $number,)*
        }

        impl $name {
            /// The number it has in a signed order.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The one with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

wire_enum! {
    /// What kind of order. Numbers are those of the contracts.
    OrderType {
        /// At any price within the venue's limits.
        Market = 0,
        /// At a price or better.
        Limit = 1,
        /// A market order once the price has moved against the holder.
        StopLossMarket = 2,
        /// A limit order once the price has moved against the holder.
        StopLossLimit = 3,
        /// A market order once the price has moved for the holder.
        TakeProfitMarket = 4,
        /// A limit order once the price has moved for the holder.
        TakeProfitLimit = 5,
        /// A stop that follows the price.
        TrailingStop = 6,
    }
}

wire_enum! {
    /// Which side of a trade. Numbers are those of the contracts.
    OrderSide {
        /// Receives base.
        Buy = 0,
        /// Gives base.
        Sell = 1,
    }
}

wire_enum! {
    /// How long an order lives. Numbers are those of the contracts.
    TimeInForce {
        /// Until it is cancelled.
        Gtc = 0,
        /// Until it is cancelled, as a maker only.
        Gtx = 1,
        /// What fills at once; the rest is cancelled.
        Ioc = 2,
        /// All at once or nothing.
        Fok = 3,
    }
}

wire_enum! {
    /// What happens when an order would meet its own wallet's. The taker's choice rules.
    SelfTradePrevention {
        /// Both shrink by the smaller.
        DecreaseAndCancel = 0,
        /// The resting one is cancelled.
        CancelOldest = 1,
        /// The new one is cancelled.
        CancelNewest = 2,
        /// Both are cancelled.
        CancelBoth = 3,
    }
}

wire_enum! {
    /// Which price triggers a conditional order.
    TriggerType {
        /// None: not conditional.
        None = 0,
        /// The last trade's.
        Last = 1,
        /// The index.
        Index = 2,
    }
}

impl OrderType {
    /// Whether a limit price bounds it.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(
            self,
            Self::Limit | Self::StopLossLimit | Self::TakeProfitLimit
        )
    }

    /// Whether it is a stop or take-profit that needs a trigger price.
    #[must_use]
    pub const fn needs_trigger(self) -> bool {
        matches!(
            self,
            Self::StopLossMarket
                | Self::StopLossLimit
                | Self::TakeProfitMarket
                | Self::TakeProfitLimit
        )
    }
}

impl OrderSide {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// An order, field by field as it is signed. Quantities and prices in pips.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// A version 1 UUID, whose time is the order's.
    pub nonce: u128,
    /// Whose order.
    pub wallet: Address,
    /// Such as `ETH-USD`.
    pub market_symbol: String,
    /// Which kind.
    pub order_type: OrderType,
    /// Which side.
    pub side: OrderSide,
    /// Base, in pips.
    pub quantity: u64,
    /// Worst price, in pips; zero for market orders.
    pub limit_price: u64,
    /// In pips; zero when not conditional.
    pub trigger_price: u64,
    /// Which price triggers.
    pub trigger_type: TriggerType,
    /// A trailing stop's distance, a fraction in pips.
    pub callback_rate: u64,
    /// The order that must fill first.
    pub conditional_order_id: u128,
    /// May only move its wallet's position toward zero.
    pub is_reduce_only: bool,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// When it meets its own wallet's order.
    pub self_trade_prevention: SelfTradePrevention,
    /// A side-channel order: meets the insurance fund alone, never the book.
    pub is_liquidation_acquisition_only: bool,
    /// The delegated key that signed, or zero.
    pub delegated_public_key: Address,
    /// The client's own name for it.
    pub client_order_id: String,
}

/// An order with its digest and whom the signature recovers to.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedOrder {
    /// The order.
    pub order: Order,
    /// Its EIP-712 digest: fills are tracked by it.
    pub hash: Hash,
    /// Whom the signature recovers to; zero when it recovers to nobody.
    pub signer: Address,
    /// The signature, kept for the record.
    pub signature: [u8; 65],
}

impl SignedOrder {
    /// Whether a delegated key was to sign it.
    #[must_use]
    pub fn is_delegated(&self) -> bool {
        self.order.delegated_public_key != Address::ZERO
    }
}

/// A signed message other than an order: its digest, and whom the signature recovers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signed {
    /// Its EIP-712 digest.
    pub hash: Hash,
    /// Whom the signature recovers to.
    pub signer: Address,
}

/// Milliseconds from 1582-10-15, where version 1 UUIDs begin, to 1970-01-01.
const UUID_EPOCH_MS: u64 = 12_219_292_800_000;

/// The time of a version 1 UUID in milliseconds, rounded down (`UUID.sol`); `None` for another
/// version, or a time before 1970.
#[must_use]
pub fn uuid_millis(nonce: u128) -> Option<u64> {
    let version = nonce.wrapping_shr(76) & 0xf;
    if version != 1 {
        return None;
    }
    let high = nonce.wrapping_shr(16) & 0x0fff_0000_0000_0000;
    let mid = nonce.wrapping_shr(48) & 0xffff_0000_0000;
    let low = nonce.wrapping_shr(96) & 0xffff_ffff;
    let ticks = u64::try_from(high | mid | low).ok()?;
    ticks.checked_div(10_000)?.checked_sub(UUID_EPOCH_MS)
}
