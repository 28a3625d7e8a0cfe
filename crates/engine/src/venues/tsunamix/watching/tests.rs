//! The clock: before the time planned for a market's costs, none of its trips is reached.

use plimsoll_units::Notional;
use proptest::prelude::*;

use super::*;
use crate::venues::tsunamix::config::MarketParams;
use crate::venues::tsunamix::fees::Funding;
use crate::watch::Trip;

impl Watching {
    /// For the tests of trips: the drivers of the first market and the vault's floor.
    pub(in crate::venues::tsunamix) fn parts(&self) -> (Drivers, i128) {
        (self.markets[0].clone(), self.tvl_floor)
    }

    pub(in crate::venues::tsunamix) fn vault_driver(&self) -> DriverId {
        self.vault.unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn no_cost_trip_is_reached_before_the_time_planned(
        rate in prop_oneof![-5_000i64..5_000, -20_000_000_000_000i64..20_000_000_000_000], index in -(1i64 << 58)..1 << 58,
        open in (0i128..1 << 40, 0i128..1 << 40), limit in 1i128..1 << 41,
        factors in (prop_oneof![Just(0u32), 0u32..3_000_000], 0u32..2_000, 0u32..20_000, 0u32..100_000),
        borrow in prop_oneof![Just(0u32), 0u32..1_000, 0u32..1_000_000],
        accrued in 0i64..40_000_000, distances in (0u32..46, any::<u64>(), any::<u64>()), short in any::<bool>(),
        sample in 0i64..=1_000,
    ) {
        let mut params = MarketParams::new("M", Price::from_raw(1));
        params.borrow_rate_e6 = Sides::both(borrow);
        params.funding.velocity_factor = factors.0;
        params.funding.volatility_factor = factors.1;
        params.funding.temp_max_factor = factors.2;
        params.funding.long_bias_e5 = factors.3;
        let began = Timestamp(1_760_054_400_000);
        let mut market = Market::new(params, began);
        market.cells.long.open = Notional::from_raw(open.0);
        market.cells.short.open = Notional::from_raw(open.1);
        market.cells.long.limit = Notional::from_raw(limit);
        market.funding = Funding { rate_e15: rate, index_e15: index, at: began };
        let now = Timestamp(began.millis() + accrued);
        let mut watching = Watching::default();
        watching.add_market(&market, now).unwrap();
        let side = if short { Side::Short } else { Side::Long };
        let costs = *watching.markets[0].cost.of(side);
        let cost = market.indices(now).cost(side);
        let distance = |any: u64| i128::from(any % (1 << distances.0));
        let up = cost + distance(distances.1);
        let down = (cost - distance(distances.2)).max(costs.floor);
        let trips = [Trip { driver: costs.up, level: up }, Trip { driver: costs.down, level: down }];
        watching.watch.arm(0, &trips).unwrap();
        watching.plan(now, std::slice::from_ref(&market));
        let planned = watching.next_check;
        prop_assert!(planned >= now.millis());
        let last = planned - 1;
        for at in [last, now.millis() + (last - now.millis()) / 1_000 * sample] {
            if at > now.millis() {
                let there = market.indices(Timestamp(at)).cost(side);
                prop_assert!(there < up, "{} above {} at +{} ms", there, up, at - now.millis());
                prop_assert!(there > down || there == cost, "{} below {}", there, down);
            }
        }
    }
}
