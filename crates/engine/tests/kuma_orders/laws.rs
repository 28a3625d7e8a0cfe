//! Random flow through a venue: money and positions keep their sums, a refusal changes nothing
//! (every command of the support module is audited), and a restored venue goes on alike.

use plimsoll_engine::Engine;
use plimsoll_engine::venues::kuma::{
    Command, NewOrder, OrderSide, OrderType, SelfTradePrevention, Terms, TimeInForce, TriggerType,
};
use plimsoll_units::AccountId;
use proptest::prelude::*;

use crate::desk::world;
use crate::kuma_support::{ETH, ONE, index};

fn terms() -> impl Strategy<Value = Terms> {
    let kind = prop_oneof![
        4 => Just(OrderType::Limit),
        2 => Just(OrderType::Market),
        1 => Just(OrderType::StopLossMarket),
        1 => Just(OrderType::TakeProfitLimit),
        1 => Just(OrderType::TrailingStop),
    ];
    let side = prop_oneof![Just(OrderSide::Buy), Just(OrderSide::Sell)];
    let time_in_force = prop_oneof![
        3 => Just(TimeInForce::Gtc),
        1 => Just(TimeInForce::Gtx),
        1 => Just(TimeInForce::Ioc),
        1 => Just(TimeInForce::Fok),
    ];
    let policy = prop_oneof![
        Just(SelfTradePrevention::DecreaseAndCancel),
        Just(SelfTradePrevention::CancelOldest),
        Just(SelfTradePrevention::CancelNewest),
        Just(SelfTradePrevention::CancelBoth),
    ];
    let prices = (1_960u64..2_040, 1_960u64..2_040, any::<bool>());
    let what = (1u64..200, prop::bool::weighted(0.3), 0u64..12);
    (kind, side, time_in_force, policy, prices, what).prop_map(
        |(order_type, side, time_in_force, self_trade_prevention, prices, what)| {
            let (limit, trigger, by_index) = prices;
            let (tenths, reduce_only, after) = what;
            let trailing = order_type == OrderType::TrailingStop;
            let conditional = trailing || order_type.needs_trigger();
            let one = ONE.unsigned_abs();
            Terms {
                order_type,
                side,
                quantity: tenths * one / 10,
                limit_price: if order_type.is_limit() {
                    limit * one
                } else {
                    0
                },
                trigger_price: if conditional { trigger * one } else { 0 },
                trigger_type: match (conditional, by_index) {
                    (false, _) => TriggerType::None,
                    (true, true) => TriggerType::Index,
                    (true, false) => TriggerType::Last,
                },
                callback_rate: if trailing { 500_000 } else { 0 },
                after: if conditional && after < 6 { after } else { 0 },
                reduce_only,
                time_in_force,
                self_trade_prevention,
            }
        },
    )
}

fn act() -> impl Strategy<Value = (i64, Command)> {
    let account = (3u32..7).prop_map(AccountId);
    let group = prop::option::weighted(0.3, 0u32..2);
    let new = |account, terms| {
        Box::new(NewOrder::Vouched {
            account,
            market: ETH,
            terms,
        })
    };
    prop_oneof![
        10 => (account.clone(), terms(), group).prop_map(move |(account, terms, group)| {
            Command::PlaceOrder { order: new(account, terms), group }
        }),
        2 => (account.clone(), terms(), 1u64..20).prop_map(move |(account, terms, order)| {
            Command::ReplaceOrder { order, new: new(account, terms) }
        }),
        2 => (account.clone(), 1u64..20)
            .prop_map(|(account, order)| Command::CancelOrder { account, order }),
        1 => account.prop_map(|account| Command::CancelOrders { account, market: None }),
        3 => (1_960u64..2_040)
            .prop_map(|price| index(ETH, price * ONE.unsigned_abs(), 0)),
    ]
    .prop_map(|command| (1_000, command))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn sums_are_kept_and_a_restored_venue_goes_on_alike(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut world = world();
        let quotes = world.quotes();
        let half = acts.len() / 2;
        let mut twin: Option<Engine> = None;
        for (at, (later, mut command)) in acts.into_iter().enumerate() {
            world.now += later;
            if let Command::PublishIndexPrices(prices) = &mut command {
                prices[0].time.0 = world.now;
            }
            let _ = world.apply(command.clone());
            prop_assert_eq!(world.quotes(), quotes);
            if let Some(twin) = &mut twin {
                let _ = twin.apply(&plimsoll_engine::Command {
                    time: plimsoll_units::Timestamp(world.now),
                    venue: crate::kuma_support::VENUE,
                    body: plimsoll_engine::Body::Kuma(command),
                });
                prop_assert_eq!(twin.state_hash(), world.engine.state_hash());
            } else if at == half {
                let bytes = world.engine.snapshot().expect("written");
                twin = Some(Engine::restore(&bytes).expect("restored"));
            }
        }
    }
}
