//! Hand-offs: who gets what, who is left out and why, and the laws of the division.

use plimsoll_units::Side::{Long, Short};
use proptest::prelude::*;

use super::*;

const CASE: CaseId = CaseId(7);
const SCALE: i128 = 100;

fn id(number: u8) -> OfferId {
    OfferId([number; 32])
}

fn offer(number: u8, partner: u32, side: Side, terms: Terms, quantity: i128) -> Offer {
    Offer {
        id: id(number),
        partner: AccountId(partner),
        market: MarketId(0),
        side,
        terms,
        quantity,
        filled: 0,
        nonce: number.into(),
        expires: None,
    }
}

fn limit(number: u8, partner: u32, side: Side, price: i128, quantity: i128) -> Offer {
    offer(number, partner, side, Terms::Limit { price }, quantity)
}

fn quote(number: u8, partner: u32, side: Side, discount_bps: i32, quantity: i128) -> Offer {
    offer(
        number,
        partner,
        side,
        Terms::Offset { discount_bps },
        quantity,
    )
}

/// Partners 1 to 3 without limits, with these offers.
fn partners(offers: &[Offer]) -> Partners {
    let mut partners = Partners::default();
    for account in 1..=3 {
        let limits = Limits::default();
        partners.register(AccountId(account), limits).unwrap();
    }
    for offer in offers {
        partners.post(*offer).unwrap();
    }
    partners.audit().unwrap();
    partners
}

fn occasion(side: Side, now: i64, case: CaseId) -> Occasion {
    Occasion {
        market: MarketId(0),
        side,
        index: 10_000,
        tick: 1,
        now: Timestamp(now),
        case,
    }
}

fn request(side: Side, quantity: i128) -> Request {
    Request {
        quantity,
        side,
        step: 10,
        scale: SCALE,
        worst: None,
    }
}

fn shown(allocation: &Allocation) -> String {
    let fill = |f: &Fill| format!("{}x{}@{}", f.offer.0[0], f.quantity, f.price);
    let skip = |s: &Skipped| format!("{} {}", s.offer.0[0], s.why.text());
    let fills: Vec<_> = allocation.fills.iter().map(fill).collect();
    let skips: Vec<_> = allocation.skipped.iter().map(skip).collect();
    let left = allocation.left;
    format!("{} | {} | {left}", fills.join(" "), skips.join(", "))
}

fn hand_off(partners: &Partners, of: &Request) -> Allocation {
    let (found, skipped) = partners.candidates(&occasion(of.side, 0, CASE)).unwrap();
    let mut allocation = allocate(of, found, |_, _| Ok(())).unwrap();
    allocation.skipped.extend(skipped);
    allocation
}

#[test]
fn the_best_price_goes_first_then_pro_rata_then_the_earliest_nonce() {
    let check = |offers: &[Offer], side: Side, quantity: i128, expected: &str| {
        let allocation = hand_off(&partners(offers), &request(side, quantity));
        assert_eq!(shown(&allocation), expected);
    };
    let buy = |number, price, quantity| limit(number, number.into(), Long, price, quantity);
    // The fund sells to the highest; it buys from the lowest.
    let three = [buy(1, 9_900, 100), buy(2, 9_950, 50), buy(3, 9_900, 100)];
    check(&three, Long, 60, "2x50@9950 1x10@9900 |  | 0");
    check(&three, Long, 250, "2x50@9950 1x100@9900 3x100@9900 |  | 0");
    check(
        &three,
        Long,
        400,
        "2x50@9950 1x100@9900 3x100@9900 |  | 150",
    );
    let sells = [
        limit(1, 1, Short, 10_100, 30),
        limit(2, 2, Short, 10_050, 20),
    ];
    check(&sells, Short, 40, "2x20@10050 1x20@10100 |  | 0");
    // Nobody on that side.
    check(&sells, Long, 40, " |  | 40");
    // Pro rata by what is left of each: 300, 200, 100 of 120 = 60, 40, 20.
    let level = [buy(1, 9_900, 300), buy(2, 9_900, 200), buy(3, 9_900, 100)];
    check(&level, Long, 120, "1x60@9900 2x40@9900 3x20@9900 |  | 0");
    // 130: 65, 43.3, 21.7 in steps of 10: 60, 40, 20, and the step left over to the earliest.
    check(&level, Long, 130, "1x70@9900 2x40@9900 3x20@9900 |  | 0");
    check(&level, Long, 10, "1x10@9900 |  | 0");
}

#[test]
fn the_last_slice_takes_the_dust_with_it() {
    let check = |caps: &[i128], quantity: i128, expected: &str| {
        let made = |(at, cap): (usize, &i128)| {
            let number = u8::try_from(at + 1).unwrap();
            limit(number, number.into(), Long, 9_900, *cap)
        };
        let offers: Vec<_> = caps.iter().enumerate().map(made).collect();
        let allocation = hand_off(&partners(&offers), &request(Long, quantity));
        assert_eq!(shown(&allocation), expected, "{caps:?} {quantity}");
    };
    check(&[100], 37, "1x37@9900 |  | 0");
    check(&[100, 100], 47, "1x20@9900 2x27@9900 |  | 0");
    check(&[100, 100], 3, "1x3@9900 |  | 0");
    // The last slice is full to the brim: the one before it takes the dust.
    check(&[105, 20], 123, "1x103@9900 2x20@9900 |  | 0");
    // Nobody can: the dust is left, and less than a lot of an offer is left alone.
    check(&[30, 20], 53, "1x30@9900 2x20@9900 |  | 3");
    check(&[9, 20], 53, "2x20@9900 | 1 insufficient | 33");
    check(&[9, 20], 9, "1x9@9900 |  | 0");
}

#[test]
fn a_quote_follows_the_index_and_is_never_worse_than_signed() {
    let check = |side: Side, bps: i32, index: i128, tick: i128, expected: Option<i128>| {
        let price = quote(1, 1, side, bps, 10).price(index, tick).unwrap();
        assert_eq!(price, expected, "{side} {bps} {index} {tick}");
    };
    check(Long, 50, 10_000, 1, Some(9_950));
    check(Short, 50, 10_000, 1, Some(10_050));
    check(Long, -50, 10_000, 1, Some(10_050));
    check(Short, -50, 10_000, 1, Some(9_950));
    // A buyer's price rounds down, a seller's up: once onto the grid.
    check(Long, 33, 10_001, 1, Some(9_967));
    check(Short, 33, 10_001, 1, Some(10_035));
    check(Long, 33, 10_001, 25, Some(9_950));
    check(Short, 33, 10_001, 25, Some(10_050));
    check(Long, 9_999, 9_999, 1, None);
}

#[test]
fn who_is_left_out_hears_why() {
    let check = |limits: Limits, before: &[(i64, u64, i128)], now: i64, expected: &str| {
        let mut partners = Partners::default();
        partners.register(AccountId(1), limits).unwrap();
        partners.post(limit(1, 1, Long, 100, 1_000)).unwrap();
        for (at, case, quantity) in before {
            let fill = Fill {
                partner: AccountId(1),
                offer: id(1),
                quantity: *quantity,
                price: 100,
            };
            let (at, case) = (Timestamp(*at), CaseId(*case));
            partners.record(&fill, SCALE, at, case).unwrap();
        }
        let (found, skipped) = partners.candidates(&occasion(Long, now, CASE)).unwrap();
        let mut allocation = allocate(&request(Long, 500), found, |_, _| Ok(())).unwrap();
        allocation.skipped.extend(skipped);
        assert_eq!(shown(&allocation), expected);
    };
    let capacity = |money| Limits {
        capacity: Some(money),
        ..Limits::default()
    };
    check(capacity(300), &[], 0, "1x300@100 |  | 200");
    check(
        capacity(300),
        &[(0, 1, 295)],
        0,
        " | 1 capacity used up | 500",
    );
    check(
        capacity(300),
        &[(0, 1, 300)],
        0,
        " | 1 capacity used up | 500",
    );
    let window = Limits {
        window_cap: Some(200),
        window: Duration(64),
        ..Limits::default()
    };
    check(window, &[(0, 1, 150)], 63, "1x50@100 |  | 450");
    check(
        window,
        &[(0, 1, 200)],
        63,
        " | 1 cap of its window used up | 500",
    );
    check(window, &[(0, 1, 200)], 64, "1x200@100 |  | 300");
    let cooldown = Limits {
        cooldown: Duration(100),
        ..Limits::default()
    };
    check(cooldown, &[(0, 1, 10)], 99, " | 1 in its cooldown | 500");
    check(cooldown, &[(0, 1, 10)], 100, "1x500@100 |  | 0");
    // The positions of one case are one hand-off.
    check(cooldown, &[(0, CASE.0, 10)], 50, "1x500@100 |  | 0");
    check(Limits::default(), &[(0, 1, 950)], 0, "1x50@100 |  | 450");
}

#[test]
fn expired_overpriced_and_under_margined_offers_are_left_out() {
    let mut late = limit(1, 1, Long, 9_990, 100);
    late.expires = Some(Timestamp(0));
    let low = limit(2, 2, Long, 9_000, 100);
    let poor = limit(3, 3, Long, 9_950, 100);
    let good = limit(4, 2, Long, 9_950, 50);
    let partners = partners(&[late, low, poor, good]);
    let (found, skipped) = partners.candidates(&occasion(Long, 0, CASE)).unwrap();
    let mut asked = request(Long, 100);
    asked.worst = Some(9_500);
    let fits = |_: &[Fill], fill: &Fill| match fill.partner {
        AccountId(3) => Err(Skip::Margin),
        _ => Ok(()),
    };
    let mut allocation = allocate(&asked, found, fits).unwrap();
    allocation.skipped.extend(skipped);
    // The share of the one without margin goes to the others of its price.
    let expected = "4x50@9950 | 3 margin would not suffice, \
                    2 price not acceptable to the fund, 1 expired | 50";
    assert_eq!(shown(&allocation), expected);
}

#[test]
fn two_offers_of_one_partner_share_its_room() {
    let mut partners = Partners::default();
    let limits = Limits {
        capacity: Some(120),
        ..Limits::default()
    };
    partners.register(AccountId(1), limits).unwrap();
    partners.post(limit(1, 1, Long, 100, 100)).unwrap();
    partners.post(limit(2, 1, Long, 100, 100)).unwrap();
    partners.post(limit(3, 1, Long, 90, 100)).unwrap();
    let allocation = hand_off(&partners, &request(Long, 500));
    let expected = "1x100@100 2x20@100 | 3 capacity used up | 380";
    assert_eq!(shown(&allocation), expected);
}

#[test]
fn offers_are_adjusted_at_will_and_refused_ones_change_nothing() {
    let mut partners = partners(&[limit(1, 1, Long, 100, 100)]);
    let check = |partners: &mut Partners, offer: Offer, expected: &str| {
        let before = partners.clone();
        let refused = partners.post(offer).unwrap_err();
        assert_eq!(refused.to_string(), expected);
        assert_eq!(*partners, before);
    };
    let stranger = limit(2, 9, Long, 100, 100);
    let says = "account-9 is not a registered liquidation partner";
    check(&mut partners, stranger, says);
    let says = "an offer's quantity must be positive, but is 0";
    check(&mut partners, limit(2, 1, Long, 100, 0), says);
    let says = "an offer's price must be positive, but is -1";
    check(&mut partners, limit(2, 1, Long, -1, 5), says);
    let says = "a quote's offset of 10000 basis points is not within -10000 and 10000";
    check(&mut partners, quote(2, 1, Long, 10_000, 5), says);
    let name = format!("0x{}", "01".repeat(32));
    let says = format!("offer {name} is already standing");
    check(&mut partners, limit(1, 1, Long, 100, 5), &says);
    // Replacing: both or neither.
    partners.post(limit(3, 1, Long, 100, 5)).unwrap();
    let before = partners.clone();
    let refused = partners.replace(id(1), limit(2, 1, Long, 100, 0));
    assert!(refused.is_err());
    assert_eq!(partners, before);
    partners.cancel(AccountId(1), id(3)).unwrap();
    partners.replace(id(1), limit(2, 1, Short, 100, 7)).unwrap();
    assert_eq!(partners.offers().count(), 1);
    let says = format!("account-2 has no standing offer 0x{}", "02".repeat(32));
    let refused = partners.cancel(AccountId(2), id(2)).unwrap_err();
    assert_eq!(refused.to_string(), says);
    partners.cancel(AccountId(1), id(2)).unwrap();
    partners.audit().unwrap();
    for number in 0..16 {
        partners.post(limit(number, 1, Long, 100, 1)).unwrap();
    }
    let says = "account-1 already has 16 offers on that side of that market";
    check(&mut partners, limit(77, 1, Long, 100, 1), says);
    partners.remove(AccountId(1)).unwrap();
    assert_eq!(partners.offers().count(), 0);
    partners.audit().unwrap();
}

#[test]
fn an_offer_used_up_is_gone_and_cannot_be_overfilled() {
    let mut partners = partners(&[limit(1, 1, Long, 100, 100)]);
    let mut fill = Fill {
        partner: AccountId(1),
        offer: id(1),
        quantity: 101,
        price: 100,
    };
    let now = Timestamp(0);
    assert!(partners.record(&fill, SCALE, now, CASE).is_err());
    fill.quantity = 60;
    partners.record(&fill, SCALE, now, CASE).unwrap();
    assert_eq!(partners.offer(id(1)).unwrap().remaining(), 40);
    fill.quantity = 40;
    let (as_it_was, before) = (partners.clone(), partners.before(&fill).unwrap());
    partners.record(&fill, SCALE, now, CASE).unwrap();
    assert_eq!(partners.offer(id(1)), None);
    partners.audit().unwrap();
    // Taken back, it is as it was.
    partners.restore(before);
    assert_eq!(partners, as_it_was);
    partners.audit().unwrap();
}

/// The formula on plain integers: the share rounded down, then one each to the first.
fn slowly(quantity: i128, caps: &[i128]) -> Vec<i128> {
    let total: i128 = caps.iter().sum();
    let given = quantity.min(total);
    let mut shares: Vec<i128> = caps.iter().map(|cap| given * cap / total.max(1)).collect();
    let mut rest = given - shares.iter().sum::<i128>();
    for (share, cap) in shares.iter_mut().zip(caps) {
        let more = i128::from(rest > 0 && *share < *cap);
        (*share, rest) = (*share + more, rest - more);
    }
    shares
}

prop_compose! {
    fn any_candidate()(
        partner in 1..5u32,
        number in 0..200u8,
        price in 95..100i128,
        remaining in 1..300i128,
        room in prop::option::of((1..300i128, prop_oneof![Just(Skip::Capacity), Just(Skip::WindowCap)])),
    ) -> Candidate {
        Candidate {
            partner: AccountId(partner),
            offer: id(number),
            nonce: u128::from(number / 3),
            price,
            remaining,
            room,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_position_is_divided_within_every_limit(
        candidates in prop::collection::vec(any_candidate(), 0..12),
        quantity in 1..1_500i128,
        side in prop_oneof![Just(Long), Just(Short)],
        worst in prop::option::of(95..100i128),
        poor in 0..6u32,
        seed in any::<u64>(),
    ) {
        let mut seen = Vec::new();
        // Every offer has one name, and each partner one room.
        let rooms: BTreeMap<_, _> = candidates.iter().map(|c| (c.partner, c.room)).collect();
        let mut unique: Vec<Candidate> = candidates
            .into_iter()
            .filter(|c| !seen.contains(&c.offer) && { seen.push(c.offer); true })
            .map(|c| Candidate { room: rooms[&c.partner], ..c })
            .collect();
        let asked = Request { worst, ..request(side, quantity) };
        let fits = |_: &[Fill], fill: &Fill| {
            if fill.partner == AccountId(poor) { Err(Skip::Margin) } else { Ok(()) }
        };
        let done = allocate(&asked, unique.clone(), fits).unwrap();
        let filled: i128 = done.fills.iter().map(|f| f.quantity).sum();
        prop_assert_eq!(filled + done.left, quantity);
        for fill in &done.fills {
            let of = unique.iter().find(|c| c.offer == fill.offer).unwrap();
            prop_assert!(fill.quantity > 0 && fill.quantity <= of.remaining);
            prop_assert_eq!(fill.price, of.price);
            prop_assert!(accepted(worst, side, fill.price));
            prop_assert!(fill.partner != AccountId(poor));
        }
        for (partner, room) in rooms {
            let of_partner = done.fills.iter().filter(|f| f.partner == partner);
            let taken: i128 = of_partner.map(|f| money(f.quantity, f.price, SCALE).unwrap()).sum();
            prop_assert!(room.is_none_or(|(room, _)| taken <= room));
        }
        // At most one lot is not whole steps, and nothing worse is filled before something better.
        prop_assert!(done.fills.iter().filter(|f| f.quantity % 10 != 0).count() <= 1);
        let prices: Vec<_> = done.fills.iter().map(|f| f.price).collect();
        let sorted = match side {
            Long => prices.is_sorted_by(|a, b| a >= b),
            Short => prices.is_sorted(),
        };
        prop_assert!(sorted);
        // The order they are given in is of no consequence.
        let turn = usize::try_from(seed % 13).unwrap() % unique.len().max(1);
        unique.rotate_left(turn);
        unique.reverse();
        prop_assert_eq!(allocate(&asked, unique, fits).unwrap(), done);
    }

    /// At one price and in steps of one, the division is that of the plain formula.
    #[test]
    fn shares_are_those_of_the_plain_formula(
        caps in prop::collection::vec(1..500i128, 1..8),
        quantity in 1..3_000i128,
    ) {
        let made = |(at, cap): (usize, &i128)| Candidate {
            partner: AccountId(u32::try_from(at).unwrap()),
            offer: id(u8::try_from(at).unwrap()),
            nonce: at as u128,
            price: 100,
            remaining: *cap,
            room: None,
        };
        let candidates: Vec<_> = caps.iter().enumerate().map(made).collect();
        let asked = Request { step: 1, ..request(Long, quantity) };
        let done = allocate(&asked, candidates, |_, _| Ok(())).unwrap();
        let mut shares = vec![0; caps.len()];
        for fill in &done.fills {
            shares[fill.partner.index()] = fill.quantity;
        }
        prop_assert_eq!(shares, slowly(quantity, &caps));
    }
}

fn accepted(worst: Option<i128>, side: Side, price: i128) -> bool {
    worst.is_none_or(|worst| {
        if side == Long {
            price >= worst
        } else {
            price <= worst
        }
    })
}
