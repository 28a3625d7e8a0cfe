//! The watch against a scan of everybody: nobody comes under while none of their trips passed.
//!
//! Accounts hold what they like and then withdraw all that initial margin lets them, so that they
//! stand near their requirement; prices then wander, together or alone, in large steps or by
//! single pips. After every price exactly those the naive reference finds under are warned.

use plimsoll_engine::venues::composed::{Command, Margin};
use plimsoll_units::{AccountId, MarketId};
use proptest::prelude::*;

use crate::world::*;

/// Signed sizes in both markets, and the share of the spare margin that is withdrawn, in percent.
type Person = (i64, i64, i128);

#[derive(Debug, Clone)]
struct History {
    people: Vec<Person>,
    /// Each moves both marks, in 1/100,000.
    prices: Vec<(i64, i64)>,
}

fn history(step: i64) -> impl Strategy<Value = History> {
    let size = prop_oneof![1 => Just(0i64), 4 => -5_000..5_000i64];
    let share = prop_oneof![2 => Just(100i128), 1 => 90..=99i128];
    let person = (size.clone(), size, share);
    let step = prop_oneof![
        1 => (Just(0), -step..=step),
        1 => (-step..=step, Just(0)),
        2 => (-step..=step, -step..=step),
    ];
    let people = proptest::collection::vec(person, 8);
    let prices = proptest::collection::vec(step, 1..40);
    (people, prices).prop_map(|(people, prices)| History { people, prices })
}

fn moved(price: u64, e5: i64) -> u64 {
    let price = i64::try_from(price).unwrap();
    // At least a pip, so that the smallest marks move too.
    let by = price * e5 / 100_000 + e5.signum();
    u64::try_from((price + by).max(1)).unwrap()
}

fn check(margin: Margin, mark: u64, history: &History) -> Result<(), TestCaseError> {
    let mut config = watched(margin);
    if mark == TINY {
        // What a trade must leave is what liquidates: everybody stands within pips of it.
        for market in &mut config.markets {
            market.initial = market.maintenance;
        }
        if let Margin::Portfolio(scenarios) = &mut config.margin {
            scenarios.initial_e5 = 100_000;
        }
    }
    let mut world = World::new(config);
    world.deposit(STREET, 10_000_000);
    let prices = vec![(BTC, mark), (ETH, mark / 3 + 1)];
    world.run(Command::Prices(prices)).unwrap();
    for (account, (first, second, share)) in (ANN.0..).map(AccountId).zip(&history.people) {
        world.deposit(account, 100);
        for (market, size) in [(BTC, first), (ETH, second)] {
            if *size != 0 {
                // Isolated margin refuses the second.
                let _ = world.trade(account, market, *size);
            }
        }
        let spare = world.equity(account) - world.venue().initial(account).unwrap();
        let amount = spare * share / 100;
        if amount > 0 && !world.venue().positions(account).is_empty() {
            world.run(Command::Withdraw { account, amount }).unwrap();
        }
    }
    for (first, second) in &history.prices {
        let mark = |market| world.venue().mark(market).unwrap();
        let moves = [(BTC, *first), (ETH, *second)].into_iter();
        let moves = moves.filter(|(_, by)| *by != 0);
        let prices: Vec<(MarketId, u64)> = moves.map(|(m, by)| (m, moved(mark(m), by))).collect();
        world.run(Command::Prices(prices)).unwrap();
        let warned: Vec<AccountId> = world.venue().warnings().keys().copied().collect();
        prop_assert_eq!(warned, world.under());
    }
    Ok(())
}

const WHOLE: u64 = 10_000_000_000;
const TINY: u64 = 3_000;

fn wild() -> Margin {
    let mut wild = scenarios(2);
    wild.least_e5 = 0;
    wild.moves_e5 = vec![
        vec![-100_000, 1_000_000],
        vec![3_000, -100_000],
        vec![20_000, 25_000],
        vec![-1, -1],
    ];
    Margin::Portfolio(wild)
}

fn gross() -> Margin {
    let mut gross = scenarios(2);
    gross.least_e5 = 60_000;
    Margin::Portfolio(gross)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nobody_with_isolated_margin_comes_under_unseen(history in history(2_000)) {
        check(Margin::Isolated, WHOLE, &history)?;
    }

    #[test]
    fn nobody_with_cross_margin_comes_under_unseen(history in history(2_000)) {
        check(Margin::Cross, WHOLE, &history)?;
    }

    #[test]
    fn nobody_with_portfolio_margin_comes_under_unseen(history in history(4_000)) {
        check(Margin::Portfolio(scenarios(2)), WHOLE, &history)?;
    }

    #[test]
    fn nobody_in_wild_scenarios_comes_under_unseen(history in history(6_000)) {
        check(wild(), WHOLE, &history)?;
    }

    #[test]
    fn nobody_at_the_least_share_of_gross_comes_under_unseen(history in history(8_000)) {
        check(gross(), WHOLE, &history)?;
    }

    /// Marks of a few thousand pips that move by single ones: roundings are all there is.
    #[test]
    fn nobody_comes_under_unseen_by_a_rounding(history in history(60)) {
        check(Margin::Cross, TINY, &history)?;
        check(Margin::Portfolio(scenarios(2)), TINY, &history)?;
        check(wild(), TINY, &history)?;
    }
}
