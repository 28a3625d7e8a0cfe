//! Liquidations told as stories: the numbers are those of the rule, the movements those that
//! happened, and what "would have prevented it" really would have.

mod tsunamix_support;

use expect_test::{Expect, expect};
use plimsoll_engine::liquidation::story::{Chapter, Story};
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::tsunamix::{Command as Do, MarketParams, Rules, Sides};
use plimsoll_units::{AccountId, PositionId, Side, Timestamp};
use tsunamix_support::{VENUE, World, price, quiet_market, tell, usd};

fn check(story: &Story, expected: &Expect) {
    expected.assert_eq(&story.to_string());
}

fn explain(world: &World, id: PositionId, command: &Do) -> Result<Story, String> {
    let now = Timestamp(world.now);
    let told = world
        .venue()
        .explain(world.engine.ledger(), VENUE, id, now, command);
    told.map_err(|e| e.to_string())
}

fn prevention<'s>(story: &'s Story, label: &str) -> &'s str {
    let mut lines = story.lines.iter();
    let line = lines.find(|l| l.chapter == Chapter::Prevention && l.label == label);
    &line
        .unwrap_or_else(|| panic!("{label} is not in {story}"))
        .value
}

fn market() -> MarketParams {
    let mut market = quiet_market("BTC");
    market.borrow_rate_e6 = Sides::both(100);
    market
}

#[test]
fn a_liquidation_by_the_price() {
    let mut world = World::funded(Rules::tsunamix(), vec![market()]);
    world.price(0, "28000");
    let id = world.open(2, Side::Long, "1000", "10000");
    world.wait(5);
    let update = world.price_update(0, price("25228"));
    let command = Do::Prices(vec![update]);
    let story = explain(&world, id, &command).unwrap();
    check(
        &story,
        &expect![[r#"
        position-0 of account-2, a long of 10000 in BTC, was liquidated at a price of 25228 on 2025-10-10 05:00:00.000 and lost its collateral of 1000.

        The rule
          rule: liquidated when fees >= threshold x collateral + pnl (TsunamiX V2, Liquidations)
          consequence: the trader loses all of the collateral

        The inputs
          price: 25228
          oracle version: 2
          size (notional at entry): 10000
          average entry price: 28000
          collateral: 1000
          threshold: 0.99
          trading fee: 100 / 100,000

        The arithmetic
          closing fee = size x fee = 10000 x 100 / 100,000 = 10  (rounded toward zero)
          funding owed = stored 0 + 10000 x index growth 0 / 1e15 = 0  (rounded toward zero)
          borrowing owed = stored 0 + 10000 x rate x time 1800000000 / 3.6e12 = 5  (rounded toward zero)
          pnl = 10000 x (25228 - 28000) / 28000 = -990  (rounded toward zero)
          threshold x collateral = 0.99 x 1000 = 990  (rounded down)
          fees = closing + funding + borrowing, as the rule counts = 15
          left of the threshold = threshold x collateral + pnl = 0
          decision = fees 15 against 0 = liquidatable
          deltaLiqPercent = (threshold x collateral - fees) / size = 0.0975  (rounded to nearest, for display)
          liquidation price = entry x (1 - side x deltaLiqPercent) = 25270  (rounded to nearest, for display)

        Who was paid
          the collateral of position-0 (venue-0) -> the wallet of account-0 (venue-0), first caller's bounty: 20
          the collateral of position-0 (venue-0) -> the wallet of account-0 (venue-0), resolver's bounty: 80
          the collateral of position-0 (venue-0) -> the vault (venue-0), confiscated collateral: 900
          loss beyond the collateral, which the vault bears: 5

        What would have prevented it
          more collateral: at least 15.151516
          a price: at or above 25270.01
          lower leverage: at most 9.85x: a size of 9850.746272 on the same collateral
    "#]],
    );
    // The story changed nothing, and told what then happened.
    let log = tell(&world.ok(command));
    let movements = story.lines.iter().filter(|l| l.label.contains(" -> "));
    assert_eq!(movements.clone().count(), 3);
    for line in movements {
        let (movement, reason) = line.label.rsplit_once(", ").unwrap();
        assert!(
            log.contains(&format!("{movement}: {} ({reason})", line.value)),
            "{log}"
        );
    }
}

#[test]
fn what_would_have_prevented_it_would_have() {
    let survives = |collateral: &str, notional: &str, to: &str| {
        let mut world = World::funded(Rules::default(), vec![market()]);
        world.price(0, "28000");
        let id = world.open(2, Side::Short, collateral, notional);
        world.wait(5);
        let update = world.price_update(0, price(to));
        let command = Do::Prices(vec![update]);
        let story = explain(&world, id, &command);
        world.ok(command);
        assert_eq!(world.exists(id), story.is_err());
        story.err()
    };
    let story = {
        let mut world = World::funded(Rules::default(), vec![market()]);
        world.price(0, "28000");
        let id = world.open(2, Side::Short, "1000", "10000");
        world.wait(5);
        let update = world.price_update(0, price("30999"));
        explain(&world, id, &Do::Prices(vec![update])).unwrap()
    };
    let more = prevention(&story, "more collateral")
        .strip_prefix("at least ")
        .unwrap();
    let enough = usd("1000").add(usd(more)).unwrap();
    let too_little = enough.sub(usd("0.000001")).unwrap();
    let spared = Some("position-0 is not liquidatable".to_owned());
    assert_eq!(survives(&enough.to_string(), "10000", "30999"), spared);
    assert_eq!(survives(&too_little.to_string(), "10000", "30999"), None);
    let safe = prevention(&story, "a price")
        .strip_prefix("at or below ")
        .unwrap();
    assert_eq!(survives("1000", "10000", safe), spared);
    let unsafe_by_a_cent = price(safe).add(price("0.01")).unwrap();
    assert_eq!(
        survives("1000", "10000", &unsafe_by_a_cent.to_string()),
        None
    );
    let leverage = prevention(&story, "lower leverage");
    let size = leverage
        .split("a size of ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    assert_eq!(survives("1000", size, "30999"), spared);
}

#[test]
fn a_forced_close_told_with_the_vault_at_its_turn() {
    let mut market = market();
    market.trading_fee_e5 = 0;
    let rules = Rules {
        profit_pct_e5: 1_000,
        ..Rules::default()
    };
    let mut world = World::funded(rules, vec![market]);
    world.price(0, "28000");
    world.open(2, Side::Long, "20000", "250000");
    let id = world.open(2, Side::Long, "20000", "120000");
    let update = world.price_update(0, price("30800"));
    let command = Do::Prices(vec![update]);
    // The larger profit was paid 10,000 first: the limit is 9,900 at this one's turn.
    check(
        &explain(&world, id, &command).unwrap(),
        &expect![[r#"
        position-1 of account-2, a long of 120000 in BTC, was closed by the profit limit at a price of 30800 on 2025-10-10 00:00:00.000 and paid 29900.

        The rule
          rule: closed when the profit of one trade is above its share of the vault (TsunamiX V2, Profit Limits)
          consequence: the limit is applied first, then the trader is paid

        The inputs
          price: 30800
          oracle version: 2
          size (notional at entry): 120000
          average entry price: 28000
          collateral: 20000
          threshold: 0.99
          trading fee: 0 / 100,000
          the vault's own money: 990000
          realised before: 0

        The arithmetic
          closing fee = size x fee = 120000 x 0 / 100,000 = 0  (rounded toward zero)
          funding owed = stored 0 + 120000 x index growth 0 / 1e15 = 0  (rounded toward zero)
          borrowing owed = stored 0 + 120000 x rate x time 0 / 3.6e12 = 0  (rounded toward zero)
          pnl = 120000 x (30800 - 28000) / 28000 = 12000  (rounded toward zero)
          limit = 990000 x 1000 / 100,000 = 9900  (rounded down)
          open profit = pnl - funding - borrowing = 12000
          credited = min(12000, limit - realised) = 9900
          excess = stays in the vault = 2100
          payout = collateral + credited - closing fee = 29900

        Who was paid
          the vault (venue-0) -> the collateral of position-1 (venue-0), profit: 9900
          the collateral of position-1 (venue-0) -> the wallet of account-2 (venue-0), collateral returned: 29900

        What would have prevented it
          a price: at or below 30310
          a larger vault: at least 1200000
    "#]],
    );
}

#[test]
fn a_keepers_liquidation_and_a_case_that_is_none() {
    let mut world = World::with(Execution::Keepers, Rules::tsunamix(), vec![market()]);
    world.price(0, "28000");
    let id = world.open(2, Side::Long, "1000", "10000");
    let liquidate = Do::Liquidate {
        keeper: AccountId(0),
        position: id,
    };
    assert_eq!(
        explain(&world, id, &liquidate),
        Err("position-0 is not liquidatable".into())
    );
    world.price(0, "25000");
    let story = explain(&world, id, &liquidate).unwrap();
    assert!(
        story.headline.contains("lost its collateral of 1000"),
        "{story}"
    );
    assert!(
        story
            .to_string()
            .contains("loss beyond the collateral, which the vault bears: 81.428571"),
        "{story}"
    );
    let other = Do::Deposit {
        account: AccountId(2),
        amount: usd("1"),
    };
    assert_eq!(
        explain(&world, id, &other),
        Err("position-0 is not liquidatable".into())
    );
}
