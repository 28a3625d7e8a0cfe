//! Scenario sets: where the spot goes, which way volatility goes, and how much of the loss counts.
//!
//! A set is configuration, in integers, and may be part of a venue's recorded commands. Shipped:
//! [`Grid::krm_43`], the reference model (nine spot moves by three volatility moves, and eight
//! tails whose weight falls so that a plain perpetual never binds there), and Derive's published
//! sets [`Grid::pmrm`] and [`Grid::pmrm_2`] (its two skew scenarios are not moves of spot and
//! volatility and are part of that model, not of the grid).
//!
//! Order matters: of equal losses the scenario with the lowest index is named the worst.

use super::{PricingError, door};

/// Scenarios a set may have.
pub const MAX_SCENARIOS: usize = 64;

/// Which way volatility moves.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, borsh::BorshSerialize, borsh::BorshDeserialize,
)]
pub enum VolMove {
    /// Down by the tenor's shock.
    Down,
    /// Not at all.
    None,
    /// Up by the tenor's shock.
    Up,
}

impl VolMove {
    /// Its place in arrays of the three.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Down => 0,
            Self::None => 1,
            Self::Up => 2,
        }
    }
}

/// One scenario. Fractions in parts per million.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, borsh::BorshSerialize, borsh::BorshDeserialize,
)]
pub struct Scenario {
    /// Relative move of the spot: -160,000 is 16 % down.
    pub spot_e6: i32,
    /// Which way volatility moves.
    pub vol: VolMove,
    /// Share of the profit or loss that counts: 1,000,000 is all of it.
    pub weight_e6: u32,
}

impl Scenario {
    /// The spot is multiplied with this.
    #[must_use]
    pub fn spot_factor(&self) -> f64 {
        // As one integer, so that it is the nearest float of the factor's decimal text.
        door::enter(i128::from(self.spot_e6).saturating_add(1_000_000), 6)
    }

    /// Share of the profit or loss that counts.
    #[must_use]
    pub fn weight(&self) -> f64 {
        door::enter(self.weight_e6.into(), 6)
    }
}

/// A checked scenario set.
#[derive(Debug, Clone, PartialEq, Eq, borsh::BorshSerialize)]
pub struct Grid {
    scenarios: Vec<Scenario>,
}

impl Grid {
    /// A set of scenarios in the order given.
    ///
    /// # Errors
    /// [`PricingError::Grid`] when there is none, or more than [`MAX_SCENARIOS`], or one takes the
    /// spot to zero or below, or beyond a hundredfold, or counts more than tenfold or not at all.
    pub fn new(scenarios: Vec<Scenario>) -> Result<Self, PricingError> {
        let refuse = |scenario, why| Err(PricingError::Grid { scenario, why });
        if scenarios.is_empty() {
            return refuse(0, "a set needs at least one scenario");
        }
        if scenarios.len() > MAX_SCENARIOS {
            return refuse(MAX_SCENARIOS, "a set has at most 64 scenarios");
        }
        for (at, scenario) in scenarios.iter().enumerate() {
            if !(-999_999..=99_000_000).contains(&scenario.spot_e6) {
                return refuse(at, "the spot must stay above zero and within a hundredfold");
            }
            if !(1..=10_000_000).contains(&scenario.weight_e6) {
                return refuse(at, "the weight must be above zero and at most ten");
            }
        }
        Ok(Self { scenarios })
    }

    /// The scenarios.
    #[must_use]
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// How many there are.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.scenarios.len()
    }

    /// KRM-43: 0, 4, 8, 12 and 16 % either way by three volatilities; eight tails by volatility
    /// unmoved and up, with Paradex's published weights.
    #[must_use]
    pub fn krm_43() -> Self {
        let core = (-4..=4).flat_map(|step: i32| {
            let spot_e6 = step.saturating_mul(40_000);
            VolMove::ALL.map(|vol| whole(spot_e6, vol))
        });
        let tails = KRM_TAILS.iter().flat_map(|&(spot_e6, weight_e6)| {
            [VolMove::None, VolMove::Up].map(|vol| Scenario {
                spot_e6,
                vol,
                weight_e6,
            })
        });
        let scenarios = core.chain(tails).collect();
        Self { scenarios }
    }

    /// Derive's PMRM, as configured on its main network: 23 scenarios, all counting in full.
    #[must_use]
    pub fn pmrm() -> Self {
        Self::pmrm_shape([50_000, 100_000, 150_000], 200_000)
    }

    /// The set of Derive's published integration tests: seven spot moves by three volatilities.
    #[must_use]
    pub fn pmrm_test() -> Self {
        let scenarios = [150_000, 100_000, 50_000, 0, -50_000, -100_000, -150_000]
            .into_iter()
            .flat_map(|spot_e6| VolMove::DOWNWARDS.map(|vol| whole(spot_e6, vol)));
        let scenarios = scenarios.collect();
        Self { scenarios }
    }

    /// Derive's PMRM_2 without its two skew scenarios: the 23, scaled, and eight tails with
    /// volatility up whose weight is Derive's dampening factor.
    #[must_use]
    pub fn pmrm_2() -> Self {
        let mut grid = Self::pmrm_shape([45_000, 90_000, 135_000], 180_000);
        let tail = |&(spot_e6, weight_e6): &(i32, u32)| Scenario {
            spot_e6,
            vol: VolMove::Up,
            weight_e6,
        };
        grid.scenarios.extend(PMRM_2_TAILS.iter().map(tail));
        grid
    }

    /// The outermost move with volatility up alone, either way; the inner ones with all three.
    fn pmrm_shape([near, middle, far]: [i32; 3], outermost: i32) -> Self {
        let inner = [
            far,
            middle,
            near,
            0,
            near.saturating_neg(),
            middle.saturating_neg(),
            far.saturating_neg(),
        ];
        let mut scenarios = vec![whole(outermost, VolMove::Up)];
        for spot_e6 in inner {
            scenarios.extend(VolMove::DOWNWARDS.map(|vol| whole(spot_e6, vol)));
        }
        scenarios.push(whole(outermost.saturating_neg(), VolMove::Up));
        Self { scenarios }
    }
}

impl VolMove {
    /// All three, upwards.
    pub const ALL: [Self; 3] = [Self::Down, Self::None, Self::Up];
    /// All three in the order Derive lists them.
    const DOWNWARDS: [Self; 3] = [Self::Up, Self::None, Self::Down];
}

/// A scenario that counts in full.
const fn whole(spot_e6: i32, vol: VolMove) -> Scenario {
    Scenario {
        spot_e6,
        vol,
        weight_e6: 1_000_000,
    }
}

/// Spot move and weight of the tails of KRM-43.
const KRM_TAILS: [(i32, u32); 8] = [
    (-660_000, 240_000),
    (-330_000, 480_000),
    (500_000, 320_000),
    (1_000_000, 160_000),
    (2_000_000, 80_000),
    (3_000_000, 53_300),
    (4_000_000, 40_000),
    (5_000_000, 32_000),
];

/// Spot move and dampening factor of the tails of PMRM_2.
const PMRM_2_TAILS: [(i32, u32); 8] = [
    (-660_000, 210_000),
    (-330_000, 420_000),
    (500_000, 277_200),
    (1_000_000, 138_600),
    (2_000_000, 69_300),
    (3_000_000, 46_200),
    (4_000_000, 34_650),
    (5_000_000, 27_720),
];
