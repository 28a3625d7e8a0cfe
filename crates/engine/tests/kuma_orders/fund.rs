//! The insurance fund trades what it took over away on the book.

use expect_test::expect;
use plimsoll_engine::liquidation::Stage;
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::kuma::{Config, ServiceEvent};
use plimsoll_engine::{Event, venues::kuma};

use crate::desk::{command, config_with_fees, run_on};
use crate::kuma_support::{IF, World};

fn world(change: impl FnOnce(&mut Config)) -> World {
    let mut config = config_with_fees();
    config.execution = Execution::Engine { keeper: IF };
    change(&mut config);
    World::of(config)
}

/// The index jumps to a price at which T1's short of 10 is liquidated: what the fund does, hop by hop,
/// and what it has afterwards.
fn jump(world: &mut World, price: &str) -> String {
    world.now += 1_000;
    let mut said = String::new();
    for event in world.ok(command(&format!("index {price}"), world.now)) {
        if let Event::Kuma(kuma::Event::Service(ServiceEvent::Hop {
            stage, asked, done, ..
        })) = event
        {
            let (base, quote) = (done.base, done.quote);
            said += &format!("{stage:?}: {base} of {asked} for {quote}\n");
        }
    }
    said + &format!("the fund: {}\n", world.show(IF))
}

#[test]
fn what_the_book_takes_is_closed_there_with_the_takers_fee() {
    let mut world = world(|_| {});
    let quotes = world.quotes();
    run_on(&mut world, "T3 sell 4 @ 2151\nT2 sell 10 @ 2155");
    expect![[r#"
        Acquire: 1000000000 of 1000000000 for 2198000000000
        CloseOnBook: 1000000000 of 1000000000 for 2154261360000
        the fund: 243738640000
    "#]]
    .assert_eq(&jump(&mut world, "2150"));
    assert_eq!(world.quotes(), quotes);
    expect![[r#"
        book
          sell 2155: 4 of T2 (#2)
    "#]]
    .assert_eq(&run_on(&mut world, "book"));
}

#[test]
fn what_the_book_does_not_take_within_the_price_limit_goes_on() {
    // 5 % above 2150 is 2257.5.
    let mut world = world(|_| {});
    run_on(&mut world, "T3 sell 4 @ 2200\nT3 sell 9 @ 2258");
    expect![[r#"
        Acquire: 1000000000 of 1000000000 for 2198000000000
        CloseOnBook: 400000000 of 1000000000 for 880352000000
        Deleverage: 600000000 of 600000000 for 1318800000000
        the fund: 198848000000
    "#]]
    .assert_eq(&jump(&mut world, "2150"));
}

/// With a collar of 2 %, in the procedure of the page.
fn collared(config: &mut Config) {
    for stage in &mut config.service.procedure {
        if let Stage::CloseOnBook(close) = stage {
            close.collar_bps = Some(200);
        }
    }
}

#[test]
fn a_collar_around_the_index_bounds_the_fund() {
    // 2 % above 2150 is 2193; T1's money is gone at 2198.
    let mut world = world(collared);
    run_on(
        &mut world,
        "T3 sell 4 @ 2151\nT3 sell 3 @ 2193\nT3 sell 9 @ 2193.01",
    );
    expect![[r#"
        Acquire: 1000000000 of 1000000000 for 2198000000000
        CloseOnBook: 700000000 of 1000000000 for 1518907320000
        Deleverage: 300000000 of 300000000 for 659400000000
        the fund: 219692680000
    "#]]
    .assert_eq(&jump(&mut world, "2150"));
}

#[test]
fn with_a_collar_the_fund_never_pays_more_than_it_received() {
    let mut world = world(collared);
    run_on(
        &mut world,
        "T3 sell 4 @ 2190\nT3 sell 3 @ 2198\nT3 sell 9 @ 2198.01",
    );
    expect![[r#"
        Acquire: 1000000000 of 1000000000 for 2198000000000
        CloseOnBook: 700000000 of 1000000000 for 1536014160000
        Deleverage: 300000000 of 300000000 for 659400000000
        the fund: 202585840000
    "#]]
    .assert_eq(&jump(&mut world, "2195"));
}
