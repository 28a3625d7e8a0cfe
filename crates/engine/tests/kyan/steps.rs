//! Liquidations told event by event.

use expect_test::{Expect, expect};
use plimsoll_engine::book::Side;
use plimsoll_engine::margin::portfolio::guards::Band;
use plimsoll_engine::venues::kyan::{Config, InstrumentId};
use plimsoll_units::Fixed;

use crate::world::{World, call, config, put};

fn check(world: &World, expected: &Expect) {
    expected.assert_eq(&world.told);
}

/// The book of the issue's end-to-end example: a vertical, two naked shorts and a synthetic.
fn mixed_book(config: Config, equity: &str) -> World {
    let book = [
        (call(110_000, 14, 58), "-4"),
        (call(120_000, 14, 60), "4"),
        (put(90_000, 14, 66), "-3"),
        (call(100_000, 30, 60), "2"),
        (put(100_000, 30, 60), "-2"),
        (call(130_000, 7, 70), "-1"),
    ];
    World::holding(config, &book, "0", equity)
}

#[test]
fn hedge_then_close_the_largest_component_until_initial_margin_is_met() {
    let mut config = config();
    config.guards.do_not_over_close = false;
    config.pairs[0].hedge.band = Band::Quantity(Fixed::from_raw(100_000));
    let mut world = mixed_book(config, "36500");
    world.later(2_000);
    world
        .place(0, InstrumentId::PERPETUAL, Side::Buy, "1", Some("99900"))
        .expect("a buyer");
    world.later(3_000);
    world
        .place(
            0,
            InstrumentId::PERPETUAL,
            Side::Buy,
            "0.967",
            Some("99900"),
        )
        .expect("a buyer");
    let puts = world.instrument(&put(90_000, 14, 66));
    for (wait, size) in [(4_000, "0.3"), (5_000, "0.2"), (7_000, "0.3")] {
        world.later(wait);
        world
            .place(0, puts, Side::Sell, size, Some("1534"))
            .expect("a seller");
    }
    check(&world, &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 36500.00 MM 70972.44 IM 85166.93 D 1.967428
        account-1 FLAGGED -> HEDGING: E 36500.00 MM 70972.44 IM 85166.93 D 1.967428
        account-1 hedge sell 1.967 of instrument-0 at 99900 (level 0), then E 36224.69 MM 38847.73 IM 46617.28 D 0.000428
        account-1 sell 1 of instrument-0 at 99900: incentive 100.00 fee 39.96; E 36360.04 MM 54165.01 IM 64998.01 D 0.967428
        account-1 sell 0.967 of instrument-0 at 99900: incentive 96.70 fee 38.64; E 36224.69 MM 38847.73 IM 46617.28 D 0.000428
        Guarded { case: case-1, account: account-1, guard: Dust, why: "a delta of 0.000428065256 is below one lot" }
        case-1 hedge did 196700.00
        account-1 HEDGING -> DECOMPOSING: E 36224.69 MM 38847.73 IM 46617.28 D 0.000428
        account-1 is peripheral -3 of instrument-3 39287.93; vertical -4 of instrument-1 and 4 of instrument-2 16690.94; peripheral -1 of instrument-6 15039.63; synthetic -2 of instrument-5 and 2 of instrument-4 0.00
        account-1 decompose buy 3 of instrument-3 at 1534 (level 0), then E 35682.97 MM 17316.50 IM 20779.80 D -0.568072
        Guarded { case: case-1, account: account-1, guard: Dust, why: "a delta of 0.000428065256 is below one lot" }
        account-1 buy 0.3 of instrument-3 at 1534: incentive 30.17 fee 24.00; E 36170.52 MM 34918.94 IM 41902.72 D -0.056422
        account-1 buy 0.2 of instrument-3 at 1534: incentive 20.11 fee 16.00; E 36134.41 MM 32299.74 IM 38759.69 D -0.094322
        account-1 buy 0.3 of instrument-3 at 1534: incentive 30.17 fee 24.00; E 36080.23 MM 28370.95 IM 34045.14 D -0.151172
        case-1 decompose did 80000.00
        order 4 of account-1 in instrument-3 gone with 2.2 left: NotNeeded
        account-1 DECOMPOSING -> RELEASED: E 36080.23 MM 28370.95 IM 34045.14 D -0.151172
        case-1 closed Recovered
    "#]]);
}
