//! Deposits, withdrawals, transfers, index prices, funding and what governance sets.

mod kuma_support;

use kuma_support::*;
use plimsoll_engine::ledger::HolderKind;
use plimsoll_engine::venues::kuma::{
    Address, Command, FUNDING_PERIOD_MS, IndexGuards, IndexPrice, Limits, Refusal, Revert, Signed,
    uuid_millis,
};
use plimsoll_units::{AccountId, MarketId, Timestamp};

const PERIOD: i64 = FUNDING_PERIOD_MS as i64;

fn withdraw(account: AccountId, gross: u64, fees: [u64; 2]) -> Command {
    let [gas_fee, maximum_gas_fee] = fees;
    Command::Withdraw {
        account,
        gross,
        gas_fee,
        maximum_gas_fee,
        signed: None,
    }
}

fn transfer(from: AccountId, to: AccountId, gross: u64, gas_fee: u64) -> Command {
    Command::Transfer {
        from,
        to,
        gross,
        gas_fee,
        signed: None,
    }
}

#[test]
fn a_deposit_waits_until_it_is_applied() {
    let mut world = World::new();
    let next = AccountId(7);
    let deposit = |account, tokens| Command::Deposit { account, tokens };
    let apply = |account, quantity| Command::ApplyDeposit { account, quantity };
    assert_eq!(
        world.told(deposit(AccountId(9), 1)),
        "account-9 cannot be opened: the next account is account-7"
    );
    assert_eq!(world.told(deposit(next, 0)), "Quantity is too low");
    assert_eq!(
        world.told(deposit(next, u64::MAX)),
        "Pip quantity overflows uint64"
    );
    assert_eq!(
        world.told(deposit(next, u64::MAX / 100)),
        "Quantity is too large"
    );
    assert_eq!(world.told(deposit(EF, 1)), "Cannot deposit to EF");
    world.ok(deposit(next, 5));
    let ledger = world.engine.ledger();
    let venue = world.venue();
    // Seen by the views, by nothing that decides.
    assert_eq!(venue.account_value(ledger, next), Ok(500));
    assert_eq!(venue.value_truncated(ledger, next), Ok(0));
    assert_eq!(
        world.told(apply(next, 501)),
        "Quantity to apply exceeds pending"
    );
    world.ok(apply(next, 200));
    assert_eq!(world.quote(next), 200);
    world.ok(apply(next, 300));
    assert_eq!(world.quote(next), 500);
    let waits = world
        .engine
        .ledger()
        .entries()
        .any(|(h, ..)| h.kind == HolderKind::Wallet);
    assert!(!waits, "an applied deposit leaves no place behind");
    world.ok(Command::ExitWallet(next));
    assert_eq!(world.told(deposit(next, 5)), "Source wallet exited");
}

#[test]
fn a_withdrawal_pays_whole_tokens_and_leaves_initial_margin() {
    // T3 has 5000 and no positions; T1 1980 against 1000.
    let cases = [
        (withdraw(T3, 5_000 * 100_000_000, [0, 0]), "ok"),
        (
            withdraw(T3, 5_000 * 100_000_000 + 1, [0, 0]),
            "Initial margin requirement not met",
        ),
        (withdraw(T1, 980 * 100_000_000, [0, 0]), "ok"),
        (
            withdraw(T1, 980 * 100_000_000 + 1, [0, 0]),
            "Initial margin requirement not met",
        ),
        (withdraw(T3, 100, [6, 5]), "Excessive withdrawal fee"),
        (withdraw(T3, 100, [5, 101]), "Excessive withdrawal fee"),
        (withdraw(T3, 100, [100, 100]), "ok"),
        (
            withdraw(EF, 1, [0, 0]),
            "EF may not withdraw to a negative balance",
        ),
        (
            withdraw(AccountId(70), 1, [0, 0]),
            "account-70 does not exist",
        ),
        (
            withdraw(T3, u64::MAX, [0, 0]),
            "Pip quantity overflows int64",
        ),
    ];
    for (command, told) in cases {
        assert_eq!(World::new().told(command.clone()), told, "{command:?}");
    }
    let mut world = World::new();
    let before = world.quote(FEE);
    world.ok(withdraw(T3, 1_234_567, [1_000, 2_000]));
    assert_eq!(
        (world.quote(T3), world.quote(FEE) - before),
        (500_000_000_000 - 1_234_567, 1_000)
    );
    let mut entries = world.engine.ledger().entries();
    let dust = entries.find(|(holder, ..)| holder.kind == HolderKind::Dust);
    assert_eq!(dust.map(|(.., balance)| balance), Some(67));
}

#[test]
fn a_transfer_leaves_initial_margin_and_is_never_the_funds_own() {
    let cases = [
        (transfer(T3, T4, 1_000, 50), "ok"),
        (transfer(T3, T4, 1_000, 51), "Excessive transfer fee"),
        (transfer(T3, T3, 1, 0), "Cannot self-transfer"),
        (transfer(EF, T3, 1, 0), "Cannot transfer from EF"),
        (transfer(IF, T3, 1, 0), "Cannot transfer from IF"),
        (transfer(T3, EF, 1, 0), "Cannot transfer to EF"),
        (transfer(T3, IF, 1, 0), "ok"),
        (transfer(T1, T3, 980 * 100_000_000, 0), "ok"),
        (
            transfer(T1, T3, 980 * 100_000_000 + 1, 0),
            "Initial margin requirement not met",
        ),
        (transfer(T3, AccountId(7), 1, 0), "ok"),
        (transfer(T3, T4, 0, 0), "panic 0x12"),
    ];
    for (command, told) in cases {
        assert_eq!(World::new().told(command.clone()), told, "{command:?}");
    }
    let mut world = World::new();
    world.ok(Command::ExitWallet(T4));
    assert_eq!(
        world.told(transfer(T3, T4, 1, 0)),
        "Destination wallet exited"
    );
    assert_eq!(world.told(transfer(T4, T3, 1, 0)), "Source wallet exited");
    assert_eq!(world.told(withdraw(T4, 0, [0, 0])), "Wallet exited");
}

#[test]
fn a_signed_message_counts_once_and_only_from_its_owner() {
    let signed = |hash, signer| {
        Some(Signed {
            hash: [hash; 32],
            signer,
        })
    };
    let send = |signed| Command::Transfer {
        from: T3,
        to: T4,
        gross: 100,
        gas_fee: 0,
        signed,
    };
    let take = |signed| Command::Withdraw {
        account: T3,
        gross: 100,
        gas_fee: 0,
        maximum_gas_fee: 0,
        signed,
    };
    let mut world = World::new();
    for command in [send(signed(1, address(6))), take(signed(1, address(6)))] {
        assert_eq!(world.told(command), "Invalid wallet signature");
    }
    world.ok(send(signed(1, address(5))));
    assert_eq!(
        world.told(send(signed(1, address(5)))),
        "Duplicate transfer"
    );
    world.ok(take(signed(2, address(5))));
    assert_eq!(
        world.told(take(signed(2, address(5)))),
        "Duplicate withdrawal"
    );
    let mut config = config();
    config.wallets[5].address = None;
    let mut world = World::of(config);
    assert_eq!(
        world.told(send(signed(1, address(5)))),
        "account-5 has no address"
    );
}

#[test]
fn an_index_price_is_newer_not_from_tomorrow_and_all_come_or_none() {
    let day = 24 * 60 * 60 * 1000;
    let cases = [
        (index(ETH, 1, START + 1), "ok"),
        (index(ETH, 1, START), "Outdated index price"),
        (index(ETH, 0, START + 1), "Unexpected non-positive price"),
        (index(ETH, 1, START + day - 1), "ok"),
        (index(ETH, 1, START + day), "Index price timestamp too high"),
        (index(MarketId(9), 1, START + 1), "Active market not found"),
        (
            index(ETH, 1 << 63, START + 1),
            "Pip quantity overflows int64",
        ),
    ];
    for (command, told) in cases {
        assert_eq!(World::new().told(command.clone()), told, "{command:?}");
    }
    let price = |market, time| IndexPrice {
        market,
        price: 5,
        time: Timestamp(time),
    };
    let mut world = World::new();
    let both = vec![price(ETH, START + 1), price(BTC, START)];
    assert_eq!(
        world.told(Command::PublishIndexPrices(both)),
        "Outdated index price"
    );
    assert_eq!(
        world.venue().market(ETH).unwrap().index_price(),
        200_000_000_000
    );
}

#[test]
fn guards_on_index_prices_are_off_unless_asked_for() {
    let told = |guards, price, age: i64| {
        let mut config = config();
        config.guards = guards;
        let mut world = World::of(config);
        world.now += 100_000;
        world.told(index(ETH, price, world.now - age))
    };
    let off = IndexGuards::default();
    let on = IndexGuards {
        max_age_ms: Some(1_000),
        max_jump_ppm: Some(100_000),
    };
    assert_eq!(told(off, 1, 99_999), "ok");
    assert_eq!(told(on, 200_000_000_000, 1_000), "ok");
    assert_eq!(
        told(on, 200_000_000_000, 1_001),
        "the index price of market-0 is 1001 ms old"
    );
    assert_eq!(told(on, 220_000_000_000, 0), "ok");
    assert_eq!(told(on, 180_000_000_000, 0), "ok");
    let jump = "220000000001 pips is more than 100000 ppm away from the last index price, \
                200000000000";
    assert_eq!(told(on, 220_000_000_001, 0), jump);
}

#[test]
fn a_real_jump_is_let_through_when_the_operator_says_so() {
    let mut config = config();
    config.guards.max_jump_ppm = Some(100_000);
    let mut world = World::of(config);
    let publish = |world: &mut World| {
        world.now += 1_000;
        world.told(index(ETH, 150_000_000_000, world.now))
    };
    let jump = "150000000000 pips is more than 100000 ppm away from the last index price, \
                200000000000";
    assert_eq!(publish(&mut world), jump);
    let wider = IndexGuards {
        max_jump_ppm: Some(250_000),
        ..IndexGuards::default()
    };
    world.ok(Command::SetIndexGuards(wider));
    assert_eq!(publish(&mut world), "ok");
}

#[test]
fn a_funding_rate_belongs_to_the_period_its_price_is_near() {
    let half = PERIOD / 2;
    // When the price is from, after the last period's end, and what is published then.
    let cases = [
        (half, Err("Index price too far before next period")),
        (half + 1, Ok((1, 1))),
        (PERIOD, Ok((1, 1))),
        (PERIOD + half, Ok((1, 1))),
        (PERIOD + half + 1, Ok((2, 2))),
        (2 * PERIOD + half - 1, Ok((2, 2))),
        (2 * PERIOD + half, Ok((3, 3))),
        (400 * PERIOD, Ok((400, 400))),
    ];
    for (after, expected) in cases {
        let mut world = World::new();
        world.now = START + after;
        world.ok(index(ETH, 200_000_000_000, START + after));
        let told = world.told(Command::PublishFunding {
            market: ETH,
            rate: 1_000_000,
        });
        let market = world.venue().market(ETH).unwrap();
        let shown = (
            market.multipliers().len(),
            (market.funded_ms() as i64 - START) / PERIOD,
        );
        match expected {
            Err(why) => assert_eq!(told, why, "{after}"),
            Ok(periods) => {
                assert_eq!((told.as_str(), shown), ("ok", periods), "{after}");
                assert_eq!(market.multipliers().last(), Some(&-2_000_000_000));
            }
        }
    }
    let mut world = World::new();
    for (rate, told) in [
        (
            3_000_000,
            "Funding rate exceeds maintenance margin fraction",
        ),
        (
            -3_000_000,
            "Funding rate exceeds maintenance margin fraction",
        ),
        (-2_999_999, "Index price too far before next period"),
        (i64::MIN, "Funding rate exceeds maintenance margin fraction"),
    ] {
        assert_eq!(
            world.told(Command::PublishFunding { market: ETH, rate }),
            told
        );
    }
}

fn fund(world: &mut World, rate: i64) {
    world.now += PERIOD;
    let time = world.now;
    world.ok(index(ETH, 200_000_000_000, time));
    world.ok(Command::PublishFunding { market: ETH, rate });
}

#[test]
fn funding_is_owed_until_it_is_applied_and_never_for_the_time_before() {
    let mut world = World::new();
    fund(&mut world, 1_000_000);
    fund(&mut world, 500_000);
    // 10 ETH at 2000, 1.5 %: the short receives 300.
    let owed = |world: &World, account| world.venue().outstanding_funding(account).unwrap();
    assert_eq!(
        (owed(&world, T1), owed(&world, T2)),
        (300 * ONE, -300 * ONE)
    );
    let (before, stored) = (world.quotes(), world.quote(T1));
    let apply = |account, market| Command::ApplyFunding { account, market };
    assert_eq!(world.told(apply(T1, BTC)), "No open position in market");
    assert_eq!(world.told(apply(T1, MarketId(7))), "Market not found");
    world.ok(apply(T1, ETH));
    assert_eq!((owed(&world, T1), world.quote(T1) - stored), (0, 300 * ONE));
    // A newcomer owes nothing for what was before; T2 pays with its trade.
    world.ok(Command::Trade {
        buyer: T3,
        seller: T2,
        trade: terms(ETH, 100_000_000, 200_000_000_000),
    });
    assert_eq!((owed(&world, T2), owed(&world, T3)), (0, 0));
    assert_eq!(world.quotes(), before);
    fund(&mut world, 1_000_000);
    assert_eq!(owed(&world, T3), -20 * ONE);
    assert_eq!(owed(&world, T2), -180 * ONE);
}

#[test]
fn unapplied_funding_decides_who_can_be_liquidated() {
    let mut config = config();
    config.wallets[4].quote = -19_398 * ONE;
    let mut world = World::of(config);
    let due = |world: &World| {
        let venue = world.venue();
        venue.is_liquidatable(world.engine.ledger(), T2).unwrap()
    };
    // Worth 602 against 600.
    assert!(!due(&world));
    fund(&mut world, 100_000);
    assert!(due(&world));
}

#[test]
fn governance_sets_limits_for_all_or_for_one() {
    let mut world = World::new();
    let set = |market, account, limits| Command::SetLimits {
        market,
        account,
        limits,
    };
    let strict = Limits {
        initial_margin_fraction: 9_000_000,
        ..limits()
    };
    assert_eq!(world.told(set(MarketId(8), None, strict)), "Invalid market");
    assert_eq!(
        world.told(set(ETH, Some(AccountId(80)), strict)),
        "account-80 does not exist"
    );
    let low = Limits {
        initial_margin_fraction: 499_999,
        ..strict
    };
    assert_eq!(
        world.told(set(ETH, None, low)),
        "Initial margin fraction below min"
    );
    let unset = |account| Command::UnsetLimits {
        market: ETH,
        account,
    };
    assert_eq!(world.told(unset(T1)), "Wallet has no overrides for market");
    let required = |world: &World| world.venue().initial_requirement(T1).unwrap();
    assert_eq!(required(&world), 1_000 * 100_000_000);
    world.ok(set(ETH, Some(T1), strict));
    assert_eq!(required(&world), 1_800 * 100_000_000);
    world.ok(unset(T1));
    world.ok(set(ETH, None, strict));
    assert_eq!(required(&world), 1_800 * 100_000_000);
    for (command, told) in [
        (
            Command::SetBelowMinimumTolerance(5_000_001),
            "Must be less than max",
        ),
        (Command::SetPropagation(86_400_001), "Must be less than max"),
        (
            Command::SetKeyExpiry(31_536_000_001),
            "Must be less than max",
        ),
        (Command::SetKeyExpiry(31_536_000_000), "ok"),
    ] {
        assert_eq!(world.told(command), told);
    }
}

#[test]
fn a_wallets_own_leverage_counts_for_its_orders_and_not_on_chain() {
    let mut world = World::new();
    let set = |fraction| Command::SetLeverage {
        account: T1,
        market: ETH,
        fraction,
    };
    let told = "an initial margin fraction of 4999999 pips is not between 5000000 and 100000000";
    assert_eq!(world.told(set(Some(4_999_999))), told);
    world.ok(set(Some(20_000_000)));
    let venue = world.venue();
    assert_eq!(venue.initial_requirement(T1), Ok(1_000 * 100_000_000));
    assert_eq!(
        venue.initial_requirement_with_leverage(T1),
        Ok(4_000 * 100_000_000)
    );
    // 980 can be taken out, whatever T1 has chosen.
    assert_eq!(world.told(withdraw(T1, 980 * 100_000_000, [0, 0])), "ok");
    world.ok(set(None));
    assert_eq!(world.venue().people().leverage(T1, ETH), None);
}

#[test]
fn an_address_belongs_to_one_wallet() {
    let mut config = config();
    config.wallets[6].address = None;
    let mut world = World::of(config);
    let register = |account, address| Command::RegisterWallet { account, address };
    for (account, number) in [(T4, 5), (T3, 60)] {
        let told = world.told(register(account, address(number)));
        assert!(told.contains("one of them has another already"), "{told}");
    }
    let zero = world.told(register(T4, Address::ZERO));
    assert!(zero.contains("cannot be registered"), "{zero}");
    world.ok(register(T4, address(60)));
    assert_eq!(world.venue().account_of(address(60)), Some(T4));
}

#[test]
fn the_time_of_an_order_is_in_its_nonce() {
    for millis in [0, START, START + 999] {
        assert_eq!(uuid_millis(uuid(millis)), u64::try_from(millis).ok());
    }
    // 7f2e2d40-4a9e-11ef-9cd2-325096b39f47, as Python reads it.
    assert_eq!(
        uuid_millis(169_051_718_922_304_468_874_363_421_732_390_543_175),
        Some(1_721_923_007_079)
    );
    for nonce in [0, u128::MAX, uuid(START) ^ 1 << 77] {
        assert_eq!(uuid_millis(nonce), None, "{nonce}");
    }
}

#[test]
fn reverts_have_a_text_and_a_name_of_their_own() {
    let mut texts: Vec<_> = Revert::ALL.iter().map(|revert| revert.text()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), Revert::ALL.len());
    let refusal = Refusal::from(Revert::SelfTrading);
    assert_eq!(
        (refusal.name(), refusal.to_string().as_str()),
        ("SelfTrading", "Self-trading not allowed")
    );
}
