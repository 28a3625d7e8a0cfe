//! Orders that wait: what fires, in which order, once; what goes with what.

use plimsoll_engine::book::conditional::{
    CALLBACK_ONE, Conditional, Conditionals, NotWaiting, Source, Trigger,
};
use plimsoll_engine::book::{Limits, Order, OrderId, Owner, Refusal, SelfTrade, Side, TimeInForce};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    orders: 100,
    orders_per_owner: 100,
};

fn waits(id: u64, side: Side, trigger: Trigger) -> Conditional {
    Conditional {
        order: Order {
            id: OrderId(id),
            owner: Owner::alone(id as u32 % 3),
            side,
            limit: None,
            bound: None,
            quantity: 1,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTrade::DecrementAndCancel,
            reduce_only: false,
        },
        source: Source::Index,
        trigger,
        after: None,
    }
}

fn trailing(callback: u64, activation: Option<u64>) -> Trigger {
    Trigger::Trailing {
        callback,
        activation,
        extreme: None,
    }
}

fn ids(conditionals: &[Conditional]) -> Vec<u64> {
    conditionals.iter().map(|c| c.order.id.0).collect()
}

/// One waiting order sees these prices; it fires at the one marked by the index, if any.
#[track_caller]
fn check(side: Side, trigger: Trigger, prices: &[u64], fires: Option<usize>) {
    let mut waiting = Conditionals::new(LIMITS);
    waiting.add(waits(1, side, trigger)).expect("waits");
    for (at, &price) in prices.iter().enumerate() {
        let before = waiting.get(OrderId(1)).copied();
        let fired = waiting.pass(Source::Index, price);
        assert_eq!(fired.len(), usize::from(fires == Some(at)), "at {price}");
        let foretold = before.is_some_and(|c| c.fires_at(price));
        assert_eq!(foretold, fires == Some(at), "foretold at {price}");
    }
    assert_eq!(waiting.is_empty(), fires.is_some());
}

#[test]
fn stops_and_take_profits_fire_at_their_trigger_and_once() {
    let (stop, take) = (Trigger::StopLoss(100), Trigger::TakeProfit(100));
    check(Side::Sell, stop, &[102, 101, 100, 99], Some(2));
    check(Side::Sell, stop, &[102, 40, 30], Some(1));
    check(Side::Buy, stop, &[98, 99, 100, 101], Some(2));
    check(Side::Sell, take, &[98, 99, 100, 101], Some(2));
    check(Side::Buy, take, &[102, 101, 100, 99], Some(2));
    check(Side::Buy, take, &[102, 101], None);
}

#[test]
fn a_trailing_stop_follows_to_the_extreme_and_fires_exactly_at_the_callback() {
    let one_percent = trailing(CALLBACK_ONE / 100, None);
    check(
        Side::Sell,
        one_percent,
        &[1_000, 991, 2_000, 1_981, 1_980],
        Some(4),
    );
    check(Side::Sell, one_percent, &[1_000, 990], Some(1));
    check(Side::Buy, one_percent, &[1_000, 1_009, 500, 505], Some(3));
    // 1 % of 999 is not whole: 989.01 is still above 989, so 990 must not fire.
    check(Side::Sell, one_percent, &[999, 990, 989], Some(2));
    check(Side::Buy, one_percent, &[999, 1_008, 1_009], Some(2));
}

#[test]
fn a_trailing_stop_begins_at_its_activation() {
    let from = |price| trailing(CALLBACK_ONE / 10, Some(price));
    check(
        Side::Sell,
        from(200),
        &[190, 100, 199, 200, 181, 180],
        Some(5),
    );
    check(
        Side::Buy,
        from(200),
        &[210, 300, 201, 190, 208, 209],
        Some(5),
    );
}

#[test]
fn a_trailing_stop_does_not_wrap_at_the_largest_price() {
    let whole = trailing(CALLBACK_ONE - 1, None);
    check(Side::Sell, whole, &[u64::MAX, 1], Some(1));
    check(Side::Buy, whole, &[u64::MAX, u64::MAX], None);
}

#[test]
fn one_price_fires_in_the_order_the_module_promises() {
    let mut waiting = Conditionals::new(LIMITS);
    let all = [
        waits(1, Side::Sell, trailing(CALLBACK_ONE / 100, None)),
        waits(2, Side::Buy, Trigger::StopLoss(80)),
        waits(3, Side::Buy, Trigger::StopLoss(70)),
        waits(4, Side::Sell, Trigger::StopLoss(100)),
        waits(5, Side::Sell, Trigger::StopLoss(110)),
        waits(6, Side::Buy, Trigger::TakeProfit(110)),
    ];
    // The other source's orders do not see the index.
    let other = Conditional {
        source: Source::Last,
        ..waits(7, Side::Sell, Trigger::StopLoss(110))
    };
    waiting.add(all[0]).expect("waits");
    assert!(waiting.pass(Source::Index, 120).is_empty());
    for conditional in all[1..].iter().chain([&other]) {
        waiting.add(*conditional).expect("waits");
    }
    assert_eq!(ids(&waiting.pass(Source::Index, 90)), [5, 6, 4, 3, 2, 1]);
    assert!(waiting.pass(Source::Index, 90).is_empty(), "fires once");
    assert_eq!(ids(&waiting.pass(Source::Last, 90)), [7]);
}

fn after(id: u64, parent: u64) -> Conditional {
    Conditional {
        after: Some(OrderId(parent)),
        ..waits(id, Side::Sell, Trigger::StopLoss(100))
    }
}

#[test]
fn an_order_that_waits_for_another_sees_no_price_until_that_is_filled() {
    let mut waiting = Conditionals::new(LIMITS);
    waiting.add(after(2, 1)).expect("waits");
    assert!(waiting.pass(Source::Index, 50).is_empty());
    assert_eq!(ids(&waiting.filled(OrderId(1))), [2]);
    assert!(waiting.filled(OrderId(1)).is_empty());
    assert!(
        waiting.cancelled(OrderId(1)).is_empty(),
        "no longer tied to it"
    );
    assert_eq!(ids(&waiting.pass(Source::Index, 50)), [2]);
}

#[test]
fn cancelling_takes_what_waits_for_it_and_what_waits_for_that() {
    let mut waiting = Conditionals::new(LIMITS);
    for conditional in [
        after(2, 1),
        after(3, 1),
        after(4, 3),
        after(5, 4),
        after(6, 9),
    ] {
        waiting.add(conditional).expect("waits");
    }
    let mark = waiting.mark();
    assert_eq!(ids(&waiting.cancelled(OrderId(1))), [2, 3, 4, 5]);
    assert_eq!(waiting.len(), 1);
    waiting.rollback(mark);
    let gone = waiting.cancel(OrderId(3)).expect("stands");
    assert_eq!(ids(&gone), [3, 4, 5]);
    assert_eq!(
        waiting.cancel(OrderId(3)),
        Err(Refusal::Unknown(OrderId(3)))
    );
    // Accounts are the names modulo three.
    assert_eq!(ids(&waiting.cancel_all(0)), [6]);
    assert_eq!(ids(&waiting.cancel_all(2)), [2]);
    assert!(waiting.is_empty());
}

#[track_caller]
fn check_refused(limits: Limits, conditional: Conditional, refusal: NotWaiting) {
    let mut waiting = Conditionals::new(limits);
    waiting
        .add(waits(1, Side::Buy, Trigger::StopLoss(5)))
        .expect("the first");
    let before = borsh::to_vec(&waiting).expect("written");
    assert_eq!(waiting.add(conditional), Err(refusal));
    assert_eq!(borsh::to_vec(&waiting).expect("written"), before);
}

#[test]
fn orders_that_cannot_wait() {
    let refuse = |conditional, refusal| check_refused(LIMITS, conditional, refusal);
    let stop = |id, price| waits(id, Side::Buy, Trigger::StopLoss(price));
    refuse(stop(2, 0), NotWaiting::ZeroTrigger);
    refuse(
        waits(2, Side::Buy, Trigger::TakeProfit(0)),
        NotWaiting::ZeroTrigger,
    );
    for callback in [0, CALLBACK_ONE, u64::MAX] {
        let trigger = trailing(callback, None);
        refuse(waits(2, Side::Buy, trigger), NotWaiting::Callback(callback));
    }
    refuse(after(2, 2), NotWaiting::AfterItself(OrderId(2)));
    refuse(stop(1, 7), Refusal::Duplicate(OrderId(1)).into());
    let mut none = stop(2, 7);
    none.order.quantity = 0;
    refuse(none, Refusal::ZeroQuantity.into());
    let (few, own) = (
        Limits {
            orders: 1,
            ..LIMITS
        },
        Limits {
            orders_per_owner: 1,
            ..LIMITS
        },
    );
    check_refused(few, stop(2, 7), Refusal::Full(1).into());
    let full = Refusal::OwnerFull { owner: 1, count: 1 };
    check_refused(own, stop(4, 7), full.into());
}

/// The reference: a list, looked through for every price.
#[derive(Debug, Clone, Default)]
struct Naive(Vec<Conditional>);

impl Naive {
    fn pass(&mut self, source: Source, price: u64) -> Vec<Conditional> {
        let mut fired = Vec::new();
        for conditional in &mut self.0 {
            if conditional.source != source || conditional.after.is_some() {
                continue;
            }
            if conditional.fires_at(price) {
                fired.push(*conditional);
            } else if let Trigger::Trailing {
                activation,
                extreme,
                ..
            } = &mut conditional.trigger
            {
                let sells = conditional.order.side == Side::Sell;
                let begun = match activation {
                    None => true,
                    Some(from) if sells => price >= *from,
                    Some(from) => price <= *from,
                };
                *extreme = match *extreme {
                    Some(extreme) if sells => Some(extreme.max(price)),
                    Some(extreme) => Some(extreme.min(price)),
                    None => begun.then_some(price),
                };
            }
        }
        self.0.retain(|c| !fired.contains(c));
        // Down from the highest, up from the lowest, then the trailing ones; then by name.
        fired.sort_by_key(|c| match (c.trigger, c.order.side) {
            (Trigger::StopLoss(at), Side::Sell) | (Trigger::TakeProfit(at), Side::Buy) => {
                (0, u64::MAX - at, c.order.id)
            }
            (Trigger::StopLoss(at) | Trigger::TakeProfit(at), _) => (1, at, c.order.id),
            (Trigger::Trailing { .. }, _) => (2, 0, c.order.id),
        });
        fired
    }
}

#[derive(Debug, Clone)]
enum Act {
    Add(Conditional),
    Pass(Source, u64),
    Filled(u64),
    Cancelled(u64),
    Cancel(u64),
    Mark,
    Rollback,
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(Source::Last), Just(Source::Index)]
}

fn act() -> impl Strategy<Value = Act> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let price = 90u64..111;
    let trigger = prop_oneof![
        price.clone().prop_map(Trigger::StopLoss),
        price.clone().prop_map(Trigger::TakeProfit),
        (1u64..8, prop::option::of(price.clone()))
            .prop_map(|(rate, from)| trailing(rate * CALLBACK_ONE / 100, from)),
    ];
    let parent = prop::option::weighted(0.3, 0u64..30);
    let add = (0u64..30, side, trigger, source(), parent).prop_map(
        |(id, side, trigger, source, parent)| {
            Act::Add(Conditional {
                source,
                after: parent.map(OrderId),
                ..waits(id, side, trigger)
            })
        },
    );
    prop_oneof![
        8 => add,
        6 => (source(), price).prop_map(|(source, price)| Act::Pass(source, price)),
        1 => (0u64..30).prop_map(Act::Filled),
        1 => (0u64..30).prop_map(Act::Cancelled),
        1 => (0u64..30).prop_map(Act::Cancel),
        1 => Just(Act::Mark),
        1 => Just(Act::Rollback),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn fires_what_the_list_fires_and_comes_back_to_the_same_bytes(
        acts in prop::collection::vec(act(), 1..80),
    ) {
        let (mut waiting, mut naive) = (Conditionals::new(LIMITS), Naive::default());
        let mut marks = Vec::new();
        for act in acts {
            match act {
                Act::Add(conditional) => {
                    if waiting.add(conditional).is_ok() {
                        naive.0.push(conditional);
                    }
                }
                Act::Pass(source, price) => {
                    prop_assert_eq!(waiting.pass(source, price), naive.pass(source, price));
                }
                Act::Filled(id) => {
                    waiting.filled(OrderId(id));
                    for conditional in &mut naive.0 {
                        conditional.after = conditional.after.filter(|parent| parent.0 != id);
                    }
                }
                Act::Cancelled(id) => {
                    let gone = waiting.cancelled(OrderId(id));
                    naive.0.retain(|conditional| !gone.contains(conditional));
                    prop_assert!(naive.0.iter().all(|c| c.after != Some(OrderId(id))));
                }
                Act::Cancel(id) => {
                    let gone = waiting.cancel(OrderId(id)).unwrap_or_default();
                    naive.0.retain(|conditional| !gone.contains(conditional));
                    prop_assert!(naive.0.iter().all(|c| c.order.id.0 != id));
                }
                Act::Mark => marks.push((waiting.mark(), borsh::to_vec(&waiting)?, naive.clone())),
                Act::Rollback => {
                    if let Some((mark, bytes, list)) = marks.pop() {
                        waiting.rollback(mark);
                        prop_assert_eq!(borsh::to_vec(&waiting)?, bytes);
                        naive = list;
                    }
                }
            }
            let mut list = naive.0.clone();
            list.sort_by_key(|conditional| conditional.order.id);
            prop_assert!(waiting.iter().eq(list.iter()));
            let bytes = borsh::to_vec(&waiting)?;
            let read: Conditionals = borsh::from_slice(&bytes)?;
            prop_assert_eq!(borsh::to_vec(&read)?, bytes);
        }
    }
}
