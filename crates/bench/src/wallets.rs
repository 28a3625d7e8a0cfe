//! A Kuma venue full of cross-margin wallets, the same in every run, and where its prices go.
//!
//! Wallets have one to four positions in different markets, on either side. As in
//! [`crate::world`], they are opened in waves between which prices move, and whoever would have
//! been liquidated on the way opens again at the end: the distances to liquidation are spread down
//! to next to nothing, as in a market that has been running.
//!
//! Units: pips (1e-8); prices are counted as offsets from a base, in parts of 1e8.

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::margin::cross;
use plimsoll_engine::venues::kuma::{
    Command as Kuma, Config as KumaConfig, IndexPrice, Kuma as Venue, Limits, Listing,
    MAX_POSITION, MarketParams, Override, SeedPosition, SeedWallet, WalletLiquidation,
};
use plimsoll_engine::venues::{Venue as AnyVenue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};

use crate::chance::Chance;
use crate::world::{BASIS_POINT, PARTS};

/// 10 October 2025, 16:00 UTC.
const START: i64 = 1_760_112_000_000;
const SECOND: i64 = 1_000;
/// One dollar.
const USD: i64 = 100_000_000;
/// A whole fraction.
const ONE: i128 = 100_000_000;
/// The venue's own wallets come first.
const FIRST: u32 = 3;
const INSURANCE_FUND: AccountId = AccountId(1);
/// Markets.
pub const MARKETS: u16 = 64;
/// Waves of opening, each at other prices.
const WAVES: usize = 16;
/// How far the prices of a wave are from the base at most, in basis points.
const SPREAD_BP: i64 = 600;
/// Initial margin fractions of the markets, in turn; the maintenance fraction is six tenths.
const INITIAL: [u64; 4] = [2_000_000, 3_000_000, 5_000_000, 8_000_000];
/// How deep the crash is.
const CRASH_BP: i64 = 1_500;

/// A venue with wallets, and where its prices and clock are.
#[derive(Debug, Clone)]
pub struct Wallets {
    /// The engine.
    pub engine: Engine,
    clock: i64,
    base: Vec<i64>,
    offsets: Vec<i64>,
}

/// The fractions of a market.
fn limits(market: u16, maximum: u64) -> Limits {
    let initial = INITIAL[usize::from(market) % INITIAL.len()];
    Limits {
        initial_margin_fraction: initial,
        maintenance_margin_fraction: initial / 10 * 6,
        incremental_initial_margin_fraction: 100_000,
        baseline_position_size: maximum,
        incremental_position_size: 1,
        maximum_position_size: maximum,
        minimum_position_size: 0,
    }
}

impl Wallets {
    /// A venue with so many wallets.
    ///
    /// # Panics
    /// When the engine refuses it.
    #[must_use]
    pub fn build(wallets: u32) -> Self {
        let mut chance = Chance::new(u64::from(wallets));
        // From a cent to a hundred thousand, as coins have them.
        let base: Vec<i64> = (0..MARKETS)
            .map(|_| chance.between(100_000, 999_999) * 10i64.pow(1 + chance.below(7)))
            .collect();
        let waves = waves(&mut chance, &base);
        let markets = (0..MARKETS).zip(&base).map(|(market, price)| MarketParams {
            symbol: format!("M{market}"),
            rank: u8::try_from(market).expect("a venue has no more than 255 markets"),
            limits: limits(market, MAX_POSITION),
            listing: Listing::default(),
            active: true,
            index_price: price.unsigned_abs(),
            index_time: Timestamp(START),
            price_at_deactivation: 0,
        });
        let mut venue = KumaConfig::kuma(AssetId(0), markets.collect());
        venue.wallets = (0..FIRST).map(|_| SeedWallet::default()).collect();
        // The fund takes everybody, and is never short of margin.
        venue.wallets[INSURANCE_FUND.index()].quote = 50_000_000_000 * USD;
        let fund = |market| Override {
            account: INSURANCE_FUND,
            market: MarketId(market),
            limits: Limits {
                initial_margin_fraction: 500_000,
                maintenance_margin_fraction: 300_000,
                ..limits(market, MAX_POSITION)
            },
        };
        venue.overrides = (0..MARKETS).map(fund).collect();
        venue.wallets.extend((0..u64::from(wallets)).map(|number| {
            let wave = number * WAVES as u64 / u64::from(wallets);
            opened(&mut chance, &waves, usize::try_from(wave).expect("a wave"))
        }));
        let config = Config {
            assets: vec![Asset {
                symbol: "USD".into(),
                decimals: 8,
            }],
            venues: vec![VenueConfig::Kuma(Box::new(venue))],
        };
        Self {
            engine: Engine::new(&config).expect("the parameters are within their bounds"),
            clock: START,
            offsets: vec![0; base.len()],
            base,
        }
    }

    /// The venue.
    ///
    /// # Panics
    /// Never: there is one, and it is Kuma.
    #[must_use]
    pub fn venue(&self) -> &Venue {
        venue_of(&self.engine)
    }

    /// The first of the wallets that are not the venue's own.
    #[must_use]
    pub const fn first() -> u32 {
        FIRST
    }

    /// The commands of a path: `step` gives each market's next offset from (market, offset now),
    /// then a second passes and all prices are published. The world itself stays where it is.
    pub fn path(&self, updates: usize, mut step: impl FnMut(usize, i64) -> i64) -> Vec<Command> {
        let (mut clock, mut offsets) = (self.clock, self.offsets.clone());
        let commands = (0..updates).map(|_| {
            for (market, offset) in offsets.iter_mut().enumerate() {
                *offset = step(market, *offset);
            }
            clock += SECOND;
            publish(&self.base, &offsets, clock)
        });
        commands.collect()
    }

    /// Prices that stand still but for the last digit, so that nobody is reached.
    #[must_use]
    pub fn still(&self, updates: usize) -> Vec<Command> {
        // A hundred millionth up and down again: no pip of most prices.
        self.path(updates, |_, offset| offset ^ 1)
    }

    /// Prices that move by a basis point a second, as in [`crate::path::calm`].
    #[must_use]
    pub fn calm(&self, updates: usize, seed: u64) -> Vec<Command> {
        let mut chance = Chance::new(seed);
        self.path(updates, |_, offset| {
            offset - offset / 60 + chance.bell(BASIS_POINT)
        })
    }

    /// Every market falls by 15 % with noise and rebounds, as in [`crate::path::crash`].
    #[must_use]
    pub fn crash(&self, updates: usize, seed: u64) -> Vec<Command> {
        let mut chance = Chance::new(seed);
        let fall = CRASH_BP * BASIS_POINT;
        let total = i64::try_from(updates).expect("a path is short");
        let mut calls = 0;
        self.path(updates, |_, _| {
            let second = 1 + i64::try_from(calls / usize::from(MARKETS)).expect("a path is short");
            calls += 1;
            let into = second % 60;
            let bounce = if into < 50 { into } else { (60 - into) * 5 };
            let noise = chance.bell(5 * BASIS_POINT) - bounce * BASIS_POINT;
            let last = second == total;
            -fall * second / total + if last { 0 } else { noise }
        })
    }

    /// Applies commands of a path, and liquidates whoever they make liquidatable.
    ///
    /// # Panics
    /// When the engine refuses one.
    pub fn follow(&mut self, path: &[Command]) {
        for command in path {
            self.engine.apply(command).expect("a path is accepted");
            self.clock = command.time.0;
            if let Body::Kuma(Kuma::PublishIndexPrices(prices)) = &command.body {
                for price in prices {
                    let base = self.base[price.market.index()];
                    let moved = price.price.cast_signed() - base;
                    let parts = i128::from(moved) * PARTS / i128::from(base);
                    self.offsets[price.market.index()] =
                        i64::try_from(parts).expect("prices stay near their base");
                }
            }
            for command in dispatch(&self.engine, command.time) {
                self.engine.apply(&command).expect("a due wallet is taken");
            }
        }
    }
}

/// The Kuma venue of an engine.
///
/// # Panics
/// When its first venue is another.
#[must_use]
pub fn venue_of(engine: &Engine) -> &Venue {
    match engine.venue(VenueId(0)) {
        Some(AnyVenue::Kuma(venue)) => venue,
        _ => panic!("the engine of this benchmark has one Kuma venue"),
    }
}

/// What the dispatcher sends to have every wallet with an open case liquidated, by account.
///
/// # Panics
/// When a number does not fit.
#[must_use]
pub fn dispatch(engine: &Engine, time: Timestamp) -> Vec<Command> {
    let venue = venue_of(engine);
    let liquidation = |account| {
        let totals = venue.totals_with_funding(engine.ledger(), account);
        let totals = totals.expect("the numbers fit");
        let quotes = venue.positions(account).map(|(_, position)| {
            let market = &venue.markets()[position.market().index()];
            let (price, fraction) = (
                market.index_price(),
                market.limits.maintenance_margin_fraction,
            );
            cross::bankruptcy_quote(price, fraction, position.size(), &totals)
                .expect("the numbers fit")
        });
        Kuma::LiquidateInMaintenance(WalletLiquidation {
            account,
            to: INSURANCE_FUND,
            quotes: quotes.collect(),
        })
    };
    let cases = venue.open_cases();
    let commands = cases.map(|(account, _)| command(time.0, liquidation(account)));
    commands.collect()
}

fn command(clock: i64, body: Kuma) -> Command {
    Command {
        time: Timestamp(clock),
        venue: VenueId(0),
        body: Body::Kuma(body),
    }
}

fn price_at(base: i64, offset: i64) -> u64 {
    let moved = i128::from(base) * i128::from(offset) / PARTS;
    u64::try_from(i128::from(base) + moved).expect("prices stay near their base")
}

fn publish(base: &[i64], offsets: &[i64], clock: i64) -> Command {
    let prices = (0..).zip(base.iter().zip(offsets));
    let prices = prices.map(|(market, (base, offset))| IndexPrice {
        market: MarketId(market),
        price: price_at(*base, *offset),
        time: Timestamp(clock),
    });
    command(clock, Kuma::PublishIndexPrices(prices.collect()))
}

/// Where the markets' prices were in each wave of opening; in the last, at the base.
fn waves(chance: &mut Chance, base: &[i64]) -> Vec<Vec<u64>> {
    let wave = |number| {
        let spread = if number == WAVES { 0 } else { SPREAD_BP };
        let prices = base.iter().map(|base| {
            let offset = chance.between(-spread, spread) * BASIS_POINT;
            price_at(*base, offset)
        });
        prices.collect()
    };
    (1..=WAVES).map(wave).collect()
}

/// A wallet opened in a wave, and again in the last one if it did not live through the others.
fn opened(chance: &mut Chance, waves: &[Vec<u64>], wave: usize) -> SeedWallet {
    let wallet = drawn(chance, &waves[wave]);
    if waves[wave..]
        .iter()
        .all(|prices| is_healthy(&wallet, prices))
    {
        return wallet;
    }
    let last = waves.len() - 1;
    loop {
        let wallet = drawn(chance, &waves[last]);
        if is_healthy(&wallet, &waves[last]) {
            return wallet;
        }
    }
}

fn is_healthy(wallet: &SeedWallet, prices: &[u64]) -> bool {
    let (mut value, mut needs) = (i128::from(wallet.quote), 0);
    for position in &wallet.positions {
        let price = i128::from(prices[position.market.index()]);
        let worth = i128::from(position.size) * price / ONE;
        let fraction = limits(position.market.0, 0).maintenance_margin_fraction;
        value += worth;
        needs += worth.abs() * i128::from(fraction) / ONE;
    }
    value > needs + 4
}

/// A wallet opened at 2x to 20x, or at the most its markets allow.
fn drawn(chance: &mut Chance, prices: &[u64]) -> SeedWallet {
    let count = 1 + chance.below(4);
    let leverage_e1 = i128::from(chance.between(20, 200));
    // From 50 to 6,400 of margin, each doubling as likely as any other.
    let margin = i128::from(50i64 << chance.below(7)) * i128::from(USD);
    let mut wallet = SeedWallet::default();
    let (mut needed, mut worth) = (0i128, 0i128);
    let mut signed = 0i128;
    while wallet.positions.len() < count as usize {
        let market = chance.below(MARKETS.into());
        let id = MarketId(u16::try_from(market).expect("a market of the venue"));
        if wallet.positions.iter().any(|p| p.market == id) {
            continue;
        }
        let price = i128::from(prices[id.index()]);
        // Weights around 70; the wallet's leverage is what they add up to on average.
        let weight = i128::from(chance.between(20, 120)) * leverage_e1;
        let quote = margin * weight / (700 * i128::from(count));
        let size = (quote * ONE / price).max(1);
        let side = if chance.below(2) == 0 { 1 } else { -1 };
        needed += quote * i128::from(limits(id.0, 0).initial_margin_fraction) / ONE;
        worth += quote;
        signed += side * quote;
        let fit = |value: i128| i64::try_from(value).expect("a wallet of a benchmark is small");
        wallet.positions.push(SeedPosition {
            market: id,
            size: fit(side * size),
            cost_basis: fit(side * quote),
        });
    }
    wallet.positions.sort_by_key(|p| p.market);
    let equity = (worth * 10 / leverage_e1).max(needed);
    wallet.quote = i64::try_from(equity - signed).expect("a wallet of a benchmark is small");
    wallet
}
