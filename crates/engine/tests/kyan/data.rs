//! Market data and orders that are wrong: refused by name, and nothing changes.

use expect_test::{Expect, expect};
use plimsoll_engine::book::Side;
use plimsoll_engine::pricing::quoted::{Quoted, QuotedSlice, QuotedSmile};
use plimsoll_engine::venues::kyan::{Command, IndexUpdate, InstrumentId, OptionTerms, Right};
use plimsoll_units::{AccountId, Amount, MarketId, Price, Timestamp};

use crate::world::{DAY, PAIR, START, World, call, config, put};

fn world() -> World {
    let book = [
        (call(110_000, 14, 60), "-5"),
        (call(120_000, 14, 60), "5"),
        (put(90_000, 30, 60), "-1"),
    ];
    let mut world = World::holding(config(), &book, "0", "100000");
    world.now = Timestamp(world.now.millis() + 1_000);
    world
}

fn check(cases: Vec<(&str, Command)>, expected: &Expect) {
    let mut world = world();
    let mut told = String::new();
    for (name, command) in cases {
        let refused = world.send(command).expect_err(name);
        told += &format!("{name}: {refused}\n");
    }
    expected.assert_eq(&told);
}

fn at(days: i64) -> Timestamp {
    Timestamp(START.millis() + days * DAY)
}

fn dollars(price: i64) -> Price<8> {
    Price::from_raw(i128::from(price) * 100_000_000)
}

fn points(days: i64, vols: &[(i64, i64)]) -> QuotedSlice {
    let points = vols
        .iter()
        .map(|(strike, vol)| (dollars(*strike), vol * 10_000_000));
    QuotedSlice {
        expiry: at(days),
        forward_e9: 1_000_000_000,
        smile: QuotedSmile::Points(points.collect()),
    }
}

fn svi(days: i64, [a_e12, b_e12, rho_e12, m_e12, sigma_e12]: [i64; 5]) -> QuotedSlice {
    QuotedSlice {
        smile: QuotedSmile::Svi {
            a_e12,
            b_e12,
            rho_e12,
            m_e12,
            sigma_e12,
        },
        ..points(days, &[])
    }
}

fn surface(slices: Vec<QuotedSlice>) -> Command {
    surface_at(Timestamp(START.millis() + 1_000), slices)
}

fn surface_at(at: Timestamp, slices: Vec<QuotedSlice>) -> Command {
    Command::Surface {
        pair: PAIR,
        quoted: Quoted {
            at,
            index: dollars(100_000),
            slices,
        },
    }
}

#[test]
fn surfaces_that_cannot_be_used() {
    let flat = |days, vol| points(days, &[(90_000, vol), (120_000, vol)]);
    let good = [
        40_000_000_000,
        100_000_000_000,
        -300_000_000_000,
        0,
        200_000_000_000,
    ];
    let with = |at: usize, value: i64| {
        let mut svi = good;
        svi[at] = value;
        svi
    };
    check(
        vec![
            ("no smile at all", surface(vec![])),
            (
                "no volatility for the last expiry",
                surface(vec![flat(14, 60)]),
            ),
            (
                "a volatility of zero",
                surface(vec![flat(14, 0), flat(30, 60)]),
            ),
            ("below zero", surface(vec![flat(14, -60), flat(30, 60)])),
            (
                "absurd",
                surface(vec![flat(14, 900_000), flat(30, 900_000)]),
            ),
            ("no points", surface(vec![points(14, &[]), flat(30, 60)])),
            (
                "strikes out of order",
                surface(vec![
                    points(14, &[(120_000, 60), (90_000, 60)]),
                    flat(30, 60),
                ]),
            ),
            (
                "a strike twice",
                surface(vec![
                    points(14, &[(90_000, 60), (90_000, 61)]),
                    flat(30, 60),
                ]),
            ),
            (
                "a strike of zero",
                surface(vec![points(14, &[(0, 60), (90_000, 61)]), flat(30, 60)]),
            ),
            (
                "expiries out of order",
                surface(vec![flat(30, 60), flat(14, 60)]),
            ),
            (
                "an expiry twice",
                surface(vec![flat(14, 60), flat(14, 60), flat(30, 60)]),
            ),
            (
                "an expiry that has passed",
                surface(vec![flat(-1, 60), flat(14, 60), flat(30, 60)]),
            ),
            (
                "calendar arbitrage",
                surface(vec![flat(14, 90), flat(30, 30)]),
            ),
            (
                "butterfly arbitrage",
                surface(vec![
                    points(14, &[(90_000, 60), (100_000, 250), (110_000, 20)]),
                    flat(30, 300),
                ]),
            ),
            (
                "svi: slope below zero",
                surface(vec![svi(14, with(1, -1)), svi(30, good)]),
            ),
            (
                "svi: tilt beyond one",
                surface(vec![svi(14, with(2, 1_100_000_000_000)), svi(30, good)]),
            ),
            (
                "svi: no width",
                surface(vec![svi(14, with(4, 0)), svi(30, good)]),
            ),
            (
                "svi: variance below zero",
                surface(vec![svi(14, with(0, -90_000_000_000)), svi(30, good)]),
            ),
            (
                "svi: wings too steep",
                surface(vec![svi(14, with(1, 5_000_000_000_000)), svi(30, good)]),
            ),
            (
                "from the future",
                surface_at(
                    Timestamp(START.millis() + 1_001),
                    vec![flat(14, 60), flat(30, 60)],
                ),
            ),
            (
                "not newer",
                surface_at(START, vec![flat(14, 60), flat(30, 60)]),
            ),
            (
                "another pair",
                Command::Surface {
                    pair: MarketId(1),
                    quoted: Quoted {
                        at: START,
                        index: dollars(1),
                        slices: vec![],
                    },
                },
            ),
        ],
        &expect![[r#"
            no smile at all: the surface is refused: the number of expiries is 0, but must be 1 to 256
            no volatility for the last expiry: the surface is refused: P-90000-2026-03-05: the expiry is 1772668800000, but must be within the surface's expiries
            a volatility of zero: the surface is refused: a quoted volatility is 0, but must be above zero, to 100
            below zero: the surface is refused: a quoted volatility is -0.6, but must be above zero, to 100
            absurd: the surface is refused: a quoted volatility is 9000, but must be above zero, to 100
            no points: the surface is refused: the number of quotes is 0, but must be 1 to 1024
            strikes out of order: the surface is refused: a quoted log-moneyness is -0.10536051565782616, but must be ascending
            a strike twice: the surface is refused: a quoted log-moneyness is -0.10536051565782616, but must be ascending
            a strike of zero: the surface is refused: a quoted log-moneyness is -inf, but must be from -20 to 20
            expiries out of order: the surface is refused: an expiry is 0.03835613267376966, but must be later than the surface and the expiry before it
            an expiry twice: the surface is refused: an expiry is 0.03835613267376966, but must be later than the surface and the expiry before it
            an expiry that has passed: the surface is refused: the time to expiry is -0.002739757737189244, but must be above zero
            calendar arbitrage: the surface is refused: the smile that expires 2026-03-05 00:00:00.000: total variance falls from 0.031068467465753424 to 0.0073972574200913245 at log-moneyness -0.49353498855856903: calendars pay
            butterfly arbitrage: the surface is refused: the smile that expires 2026-02-17 00:00:00.000: negative density -0.13771844130671027 at log-moneyness 0.00000000000000014551915228366853: butterflies pay
            svi: slope below zero: the surface is refused: SVI's b is -0.000000000001, but must be a number from 0 to 100
            svi: tilt beyond one: the surface is refused: SVI's rho is 1.1, but must be above -1 and below 1
            svi: no width: the surface is refused: SVI's sigma is 0, but must be from 1e-9 to 100
            svi: variance below zero: the surface is refused: SVI's least variance is -0.07092121597166108, but must be zero or more
            svi: wings too steep: the surface is refused: the smile that expires 2026-02-17 00:00:00.000: a wing's slope is 6.5: at most 2 is free of arbitrage
            from the future: the surface from 2026-02-03 00:00:01.001 is later than now, 2026-02-03 00:00:01.000
            not newer: the surface from 2026-02-03 00:00:00.000 is not newer than the one from 2026-02-03 00:00:00.000
            another pair: market-1 is not a pair of this venue
        "#]],
    );
}

#[test]
fn prices_that_cannot_be_used() {
    let update = |at: i64, index: i128, perpetual: i128| {
        Command::Index(IndexUpdate {
            pair: PAIR,
            at: Timestamp(START.millis() + at),
            index: Price::from_raw(index),
            perpetual: Price::from_raw(perpetual),
        })
    };
    check(
        vec![
            ("zero", update(1_000, 0, 1)),
            ("below zero", update(1_000, -1, 1)),
            ("a perpetual of zero", update(1_000, 1, 0)),
            ("too high", update(1_000, i128::MAX, 1)),
            (
                "the same moment again",
                update(0, 10_000_000_000_000, 10_000_000_000_000),
            ),
            ("older", update(-1, 10_000_000_000_000, 10_000_000_000_000)),
            (
                "from the future",
                update(1_001, 10_000_000_000_000, 10_000_000_000_000),
            ),
        ],
        &expect![[r#"
            zero: 0 is not a usable index price
            below zero: -0.00000001 is not a usable index price
            a perpetual of zero: 0 is not a usable index price
            too high: 1701411834604692317316873037158.84105727 is not a usable index price
            the same moment again: the index from 2026-02-03 00:00:00.000 is not newer than the one from 2026-02-03 00:00:00.000
            older: the index from 2026-02-02 23:59:59.999 is not newer than the one from 2026-02-03 00:00:00.000
            from the future: the index from 2026-02-03 00:00:01.001 is later than now, 2026-02-03 00:00:01.000
        "#]],
    );
}

#[test]
fn listings_that_cannot_be() {
    let terms = |days, strike| OptionTerms {
        expiry: at(days),
        strike: dollars(strike),
        right: Right::Call,
    };
    let list = |options| Command::List {
        pair: PAIR,
        options,
    };
    check(
        vec![
            ("listed before", list(vec![terms(14, 110_000)])),
            (
                "twice in one",
                list(vec![terms(14, 111_000), terms(14, 111_000)]),
            ),
            ("expired", list(vec![terms(0, 111_000)])),
            ("a strike of zero", list(vec![terms(14, 0)])),
            ("beyond the surface", list(vec![terms(60, 100_000)])),
            ("too many", list(vec![terms(14, 1); 4_096])),
            (
                "no such pair",
                Command::List {
                    pair: MarketId(7),
                    options: vec![],
                },
            ),
        ],
        &expect![[r#"
            listed before: C-110000-2026-02-17 is listed already
            twice in one: C-111000-2026-02-17 is listed already
            expired: expiry 2026-02-03 00:00:00.000 is not after 2026-02-03 00:00:01.000
            a strike of zero: the amount must be above zero, not 0
            beyond the surface: the surface is refused: C-100000-2026-04-04: the expiry is 1775260800000, but must be within the surface's expiries
            too many: a pair lists at most 4096 instruments
            no such pair: market-7 is not a pair of this venue
        "#]],
    );
}

#[test]
fn acts_that_are_refused() {
    let account = AccountId(1);
    let order = |instrument, size: &str, price: Option<&str>| {
        Command::Place(World::order(
            1,
            InstrumentId(instrument),
            Side::Buy,
            size,
            price,
        ))
    };
    let expire = |days, price| Command::Expire {
        pair: PAIR,
        expiry: at(days),
        price,
    };
    let bid = |bidder, account| Command::Bid {
        bidder: AccountId(bidder),
        account: AccountId(account),
        share_e9: 1,
        most: Amount::from_raw(1),
    };
    let quote = |account, offset_e6, capacity, expires| Command::Quote {
        account: AccountId(account),
        offset_e6,
        capacity: Amount::from_raw(capacity),
        expires,
    };
    check(
        vec![
            ("a price between ticks", order(1, "1", Some("1.5"))),
            ("a price of zero", order(1, "1", Some("0"))),
            ("a size between lots", order(1, "0.001", Some("1"))),
            ("no size", order(1, "0", Some("1"))),
            ("an instrument that is not there", order(9, "1", Some("1"))),
            (
                "nobody's order",
                Command::Cancel {
                    account,
                    instrument: InstrumentId(1),
                    order: 7,
                },
            ),
            ("before it expires", expire(14, dollars(1))),
            ("at no price", expire(-1, Price::ZERO)),
            ("what is not listed", expire(-1, dollars(1))),
            (
                "money below zero",
                Command::Deposit {
                    account,
                    amount: Amount::from_raw(-1),
                },
            ),
            (
                "more than there is",
                Command::Deposit {
                    account,
                    amount: Amount::from_raw(i128::MAX),
                },
            ),
            (
                "more than is free",
                Command::Withdraw {
                    account,
                    amount: Amount::from_raw(90_000_000_000),
                },
            ),
            (
                "to oneself",
                Command::Transfer {
                    from: account,
                    to: account,
                    amount: Amount::from_raw(1),
                },
            ),
            (
                "to somebody else",
                Command::Transfer {
                    from: account,
                    to: AccountId(0),
                    amount: Amount::from_raw(1),
                },
            ),
            (
                "an account too early",
                Command::Open {
                    account: AccountId(3),
                    owner: 1,
                    pair: PAIR,
                },
            ),
            (
                "the fund's own account",
                Command::Open {
                    account: AccountId(u32::MAX),
                    owner: 1,
                    pair: PAIR,
                },
            ),
            (
                "money for the fund's own account",
                Command::Deposit {
                    account: AccountId(u32::MAX),
                    amount: Amount::from_raw(1),
                },
            ),
            (
                "the fund's own number as an owner",
                Command::Open {
                    account: AccountId(2),
                    owner: u32::MAX,
                    pair: PAIR,
                },
            ),
            ("a bid for what is not auctioned", bid(0, 1)),
            ("a bid of nobody", bid(9, 1)),
            (
                "an offset of the whole price",
                quote(0, 1_000_000, 1, at(1)),
            ),
            ("a capacity below zero", quote(0, 1, -1, at(1))),
            ("a quote that has ended", quote(0, 1, 1, START)),
        ],
        &expect![[r#"
            a price between ticks: price 150000000 is not a positive multiple of the tick 100000000 (raw, 8 decimals)
            a price of zero: price 0 is not a positive multiple of the tick 100000000 (raw, 8 decimals)
            a size between lots: size 1000 is not a positive multiple of the lot 10000 (raw, 6 decimals)
            no size: size 0 is not a positive multiple of the lot 10000 (raw, 6 decimals)
            an instrument that is not there: instrument-9 is not listed
            nobody's order: order 7 is not an open order of account-1
            before it expires: 2026-02-17 00:00:00.000 has not come yet at 2026-02-03 00:00:01.000
            at no price: 0 is not a usable index price
            what is not listed: no open option of market-0 expires at 2026-02-02 00:00:00.000
            money below zero: the amount must be above zero, not -1
            more than there is: 170141183460469231731687303715884105727 is more than the venue can hold
            more than is free: initial margin 21834049327 would be above equity 10000000000, and the act does not reduce the excess of -78165950673 (raw, 6 decimals)
            to oneself: account-1 and account-1 are not two accounts of the same owner
            to somebody else: account-1 and account-0 are not two accounts of the same owner
            an account too early: account-3 cannot be opened: the next account is account-2
            the fund's own account: account-4294967295 cannot be opened: the next account is account-2
            money for the fund's own account: account-4294967295 does not exist on this venue
            the fund's own number as an owner: parameter owner is 4294967295; it must be another number: this one is the insurance fund's
            a bid for what is not auctioned: account-1 is not being auctioned
            a bid of nobody: account-9 does not exist on this venue
            an offset of the whole price: the partner's quote is refused: an offset of 1000000 millionths is all of the price
            a capacity below zero: the partner's quote is refused: a capacity of -0.000001 is below zero
            a quote that has ended: the partner's quote is refused: it ends at 2026-02-03 00:00:00.000, which is not after 2026-02-03 00:00:01.000
        "#]],
    );
}

#[test]
fn nothing_trades_on_stale_prices_or_leaves_an_account_that_has_positions() {
    let mut world = world();
    world.now = Timestamp(world.now.millis() + 700_000);
    let mut told = String::new();
    for (name, command) in [
        (
            "an order",
            Command::Place(World::order(
                0,
                InstrumentId::PERPETUAL,
                Side::Buy,
                "1",
                Some("100000"),
            )),
        ),
        (
            "a withdrawal",
            Command::Withdraw {
                account: AccountId(1),
                amount: Amount::from_raw(1),
            },
        ),
        ("funding", Command::Funding { pair: PAIR }),
    ] {
        let refused = world.send(command).expect_err(name);
        told += &format!("{name}: {refused}\n");
    }
    expect![[r#"
        an order: the index of market-0 is from 2026-02-03 00:00:00.000, older than 600000 ms at 2026-02-03 00:11:41.000
        a withdrawal: the index of market-0 is from 2026-02-03 00:00:00.000, older than 600000 ms at 2026-02-03 00:11:41.000
        funding: the index of market-0 is from 2026-02-03 00:00:00.000, older than 600000 ms at 2026-02-03 00:11:41.000
    "#]].assert_eq(&told);
}
