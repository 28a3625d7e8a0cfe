//! Which key does anything under which rules, and which parameter of the exact machine it is.
//!
//! One table: the reader refuses what is not in it, the mapping to a venue's parameters copies by
//! it, a bound of a machine that is passed is told at the key it came from, and docs/DESIGNS.md is
//! compared with it. A path is `section.key`, or `stage-name.key` for a stage's parameter.

use crate::scenario::Preset;

/// What runs a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// The engine's TsunamiX venue.
    Tsunamix,
    /// The engine's Perennial venue.
    Perennial,
    /// The engine's GammaSwap venue.
    Gammaswap,
    /// The engine's Kuma venue.
    Kuma,
    /// The engine's Kyan venue.
    Kyan,
    /// The engine's composed venue.
    Composed,
}

impl Machine {
    /// Every machine.
    pub const ALL: [Self; 6] = [
        Self::Tsunamix,
        Self::Perennial,
        Self::Gammaswap,
        Self::Kuma,
        Self::Kyan,
        Self::Composed,
    ];

    /// The machine of a preset.
    #[must_use]
    pub const fn of(rules: Preset) -> Self {
        match rules {
            Preset::Tsunamix => Self::Tsunamix,
            Preset::Perennial | Preset::PerennialPlus => Self::Perennial,
            Preset::Gammaswap | Preset::GammaswapV12 => Self::Gammaswap,
            Preset::Kuma | Preset::KumaPlus => Self::Kuma,
            Preset::Kyan | Preset::KyanDerive => Self::Kyan,
            Preset::Composed => Self::Composed,
        }
    }

    /// Its name in docs and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tsunamix => "TsunamiX",
            Self::Perennial => "Perennial",
            Self::Gammaswap => "GammaSwap",
            Self::Kuma => "Kuma",
            Self::Kyan => "Kyan",
            Self::Composed => "composed",
        }
    }
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Becomes {
    /// This parameter of the machine, as it is.
    Same(&'static str),
    /// Something that is worked out.
    Worked,
}

use Becomes::{Same, Worked};
use Machine::{Composed, Gammaswap, Kuma, Kyan, Perennial, Tsunamix};

/// Path, machine, what becomes of it.
pub(super) const KEYS: &[(&str, Machine, Becomes)] = &[
    ("margin.max_leverage", Tsunamix, Same("max_leverage")),
    ("trigger.threshold", Tsunamix, Same("threshold")),
    ("trigger.rule", Tsunamix, Same("rule")),
    (
        "confiscate.first_caller",
        Tsunamix,
        Same("first_caller_bounty"),
    ),
    ("confiscate.resolver", Tsunamix, Same("resolver_bounty")),
    ("limits.profit", Tsunamix, Same("max_profit")),
    (
        "limits.over_backstop",
        Tsunamix,
        Same("open_interest_per_tvl"),
    ),
    (
        "limits.by_weight",
        Tsunamix,
        Same("open_interest_by_weight"),
    ),
    ("limits.trend", Tsunamix, Same("open_interest_trend")),
    ("margin.maintenance", Perennial, Same("maintenance")),
    ("margin.initial", Perennial, Same("margin")),
    ("close-next-version.portion", Perennial, Worked),
    ("reward.fee", Perennial, Same("liquidation_fee")),
    ("reward.minimum", Perennial, Same("min_collateral")),
    ("reward.cap", Perennial, Worked),
    (
        "margin.borrow_threshold",
        Gammaswap,
        Same("borrow_threshold"),
    ),
    ("trigger.threshold", Gammaswap, Same("threshold")),
    ("repay.fee", Gammaswap, Same("liquidation_fee")),
    ("repay.how", Gammaswap, Worked),
    ("margin.initial", Kuma, Same("initial_margin")),
    ("margin.maintenance", Kuma, Same("maintenance_margin")),
    ("close-on-book.collar", Kuma, Same("collar")),
    ("close-on-book.slices", Kuma, Same("slices")),
    ("deleverage.policy", Kuma, Same("deleveraging")),
    ("deleverage.whose", Kuma, Worked),
    ("fund.per_account", Kuma, Worked),
    ("fund.per_window", Kuma, Worked),
    ("fund.window", Kuma, Worked),
    ("fund.gate", Kuma, Worked),
    ("limits.position", Kuma, Same("maximum")),
    (
        "margin.initial_over_maintenance",
        Kyan,
        Same("initial_factor"),
    ),
    ("margin.price_range", Kyan, Same("price_range")),
    ("margin.vol_up", Kyan, Same("vol_up")),
    ("margin.vol_down", Kyan, Same("vol_down")),
    ("margin.delta_rate", Kyan, Same("delta_rate")),
    ("margin.delta_free", Kyan, Same("delta_free")),
    ("margin.roll_rate", Kyan, Same("roll_rate")),
    ("hedge.band", Kyan, Same("band")),
    ("hedge.incentive", Kyan, Same("hedge_incentive")),
    ("hedge.timeout", Kyan, Same("hedge_timeout")),
    ("decompose.pairing", Kyan, Same("pairing")),
    ("decompose.incentive", Kyan, Same("decompose_incentive")),
    ("decompose.timeout", Kyan, Same("decompose_timeout")),
    ("auction.options", Kyan, Same("options_ladder")),
    ("auction.perpetuals", Kyan, Same("perpetuals_ladder")),
    ("portfolio-auction.buffer", Kyan, Same("auction_buffer")),
    ("margin.initial", Composed, Worked),
    ("margin.maintenance", Composed, Worked),
    ("margin.markets", Composed, Worked),
    ("margin.price_range", Composed, Worked),
    ("margin.scenarios", Composed, Worked),
    ("margin.least", Composed, Worked),
    ("margin.initial_over_maintenance", Composed, Worked),
    ("trigger.confirmations", Composed, Worked),
    ("trigger.grace", Composed, Worked),
    ("trigger.urgent", Composed, Worked),
    ("hedge.collar", Composed, Worked),
    ("hedge.cushion", Composed, Worked),
    ("close-on-book.collar", Composed, Worked),
    ("close-on-book.slices", Composed, Worked),
    ("auction.every", Composed, Worked),
    ("auction.levels", Composed, Worked),
    ("auction.first", Composed, Worked),
    ("auction.step", Composed, Worked),
    ("auction.just_enough", Composed, Worked),
    ("deleverage.policy", Composed, Worked),
    ("deleverage.whose", Composed, Worked),
    ("reduce.discount", Composed, Worked),
    ("confiscate.first_caller", Composed, Worked),
    ("confiscate.resolver", Composed, Worked),
    ("close-next-version.portion", Composed, Worked),
    ("reward.fee", Composed, Worked),
    ("reward.minimum", Composed, Worked),
    ("reward.cap", Composed, Worked),
    ("socialise.same_market", Composed, Worked),
    ("fund.per_account", Composed, Worked),
    ("fund.per_window", Composed, Worked),
    ("fund.window", Composed, Worked),
    ("fund.gate", Composed, Worked),
    ("fund.cover", Composed, Worked),
    ("vault.inventory", Composed, Worked),
    ("vault.stop_loss", Composed, Worked),
    ("vault.reserve", Composed, Worked),
    ("backstops.acquirer", Composed, Worked),
    ("backstops.penalty", Composed, Worked),
    ("backstops.counterparties", Composed, Worked),
    ("limits.open_interest", Composed, Worked),
    ("limits.position", Composed, Worked),
    ("limits.over_backstop", Composed, Worked),
];
