//! The people of a comparison: drawn once, before anybody knows the design they will meet.
//!
//! A trader is a [`Wallet`]: a deposit, one to four positions, an arrival. They are drawn from the
//! scenario's seed and the stream `people` alone, so every design gets the very same. What differs
//! is the form of account a venue has for them:
//!
//! * cross and portfolio margin: the wallet as it is;
//! * isolated margin, one account per market: [`positions`], each with the part of the deposit
//!   that its notional is of the wallet's, so that every position has the wallet's leverage;
//! * loans of liquidity and pairs with accounts of their own: the positions of the markets the
//!   venue has ([`positions`], filtered); who is left out is counted.
//!
//! Invariants: the same scenario gives the same people on every machine and for every design; the
//! collateral of a trader's positions sums to the deposit to the raw unit (6 decimals); a wallet's
//! leverage is from 1 to `leverage_max` (hundredths), and no position's part of the deposit is below
//! twenty units, which every venue lets open. docs/COMPARE.md tells it to readers.

mod forms;

pub use forms::{Position, positions};

use plimsoll_units::{Side, Timestamp};

use crate::crowd::{Crowd, Wallet, Wish};
use crate::population;
use crate::replay::{Opening, ReplayError, base};
use crate::scenario::{Market, Matched, Scenario};

/// The name of the people's streams of chance.
const STREAM: &str = "people";
/// The least leverage, in hundredths: some designs want no more collateral than size.
const LEAST_LEVERAGE_E2: u32 = 100;
/// The least part of a deposit that stands behind one position, 6 decimals: what every venue lets
/// open.
const LEAST_PART: i128 = 20_000_000;

/// The people of a scenario, by arrival; none where it has no `[people]`. Without `arrive_from`
/// they arrive from `start` on: the first price.
///
/// # Errors
/// When the files of the day they are to be like cannot be read.
pub fn wallets(scenario: &Scenario, start: Timestamp) -> Result<Vec<Wallet>, ReplayError> {
    let Some(people) = &scenario.people else {
        return Ok(Vec::new());
    };
    let population = people.population();
    let stream = (scenario.seed, STREAM);
    let mut wallets: Vec<Wallet> = if people.like.is_some() {
        let crowd = match &people.like_files {
            Some(directory) => Crowd::read(directory)?,
            None => Crowd::bundled().map_err(ReplayError::Bundle)?,
        };
        let most = people.leverage_max_e2();
        crowd.draw(&population, &scenario.markets, stream, start, most)
    } else {
        let markets = &scenario.markets;
        let drawn = population::draw(&population, markets, scenario.seed, STREAM, start);
        drawn.iter().map(Wallet::from).collect()
    };
    for wallet in &mut wallets {
        bound(wallet, people);
    }
    Ok(wallets)
}

/// The same without prices: arrivals count from `arrive_from`, or from zero. For whoever has to know
/// how much there will be and not when.
///
/// # Errors
/// As [`wallets`].
pub fn totals(scenario: &Scenario) -> Result<Totals, ReplayError> {
    let wallets = wallets(scenario, Timestamp::EPOCH)?;
    Ok(Totals::of(scenario, &wallets))
}

/// What the people of a comparison come to together, 6 decimals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Their deposits.
    pub deposits: i128,
    /// Notional of their longs and of their shorts at arrival, by market.
    pub notional: Vec<[i128; 2]>,
}

impl Totals {
    /// What wallets come to.
    #[must_use]
    pub fn of(scenario: &Scenario, wallets: &[Wallet]) -> Self {
        let mut totals = Self {
            deposits: 0,
            notional: vec![[0, 0]; scenario.markets.len()],
        };
        for wallet in wallets {
            totals.deposits = totals.deposits.saturating_add(wallet.deposit);
            for wish in &wallet.wishes {
                let notional = wallet.deposit.saturating_mul(wish.leverage_e2.into()) / 100;
                if let Some(sides) = totals.notional.get_mut(wish.market) {
                    let side = &mut sides[usize::from(wish.side == Side::Short)];
                    *side = side.saturating_add(notional);
                }
            }
        }
        totals
    }

    /// Longs and shorts of all markets together.
    #[must_use]
    pub fn open_interest(&self) -> i128 {
        let sides = self.notional.iter().flatten();
        sides.fold(0, |sum, side| sum.saturating_add(*side))
    }
}

/// The market whose base asset is `coin`.
pub(crate) fn market_of(markets: &[Market], coin: &str) -> Option<usize> {
    let is_coin = |market: &Market| base(&market.symbol).eq_ignore_ascii_case(coin);
    markets.iter().position(is_coin)
}

/// The market of a comparison's pool: the one of ETH, or the first.
pub(crate) fn pool_market(markets: &[Market]) -> usize {
    let found = ["ETH", "WETH"]
        .iter()
        .find_map(|coin| market_of(markets, coin));
    found.unwrap_or(0)
}

/// Whoever comes before all of their markets have a price waits for it; then by arrival.
pub(crate) fn wait_for_prices(wallets: &mut [Wallet], openings: &[Opening], start: Timestamp) {
    for wallet in wallets.iter_mut() {
        let opens = |market: usize| openings.get(market).map_or(start, |o| o.time);
        let last = wallet.wishes.iter().map(|wish| opens(wish.market)).max();
        wallet.arrives = wallet.arrives.max(last.unwrap_or(start));
    }
    wallets.sort_by_key(|wallet| wallet.arrives);
}

/// Brings a wallet within what every design lets open: its leverage is at least 1 (money that no
/// position needs stays at home) and at most the highest, and positions that are too small join the
/// largest.
fn bound(wallet: &mut Wallet, people: &Matched) {
    let most = people.leverage_max_e2().max(LEAST_LEVERAGE_E2);
    let total = wallet.leverage_e2();
    if total < LEAST_LEVERAGE_E2 {
        let notional = part(wallet.deposit, total, LEAST_LEVERAGE_E2);
        let least = people.population().collateral_min.on_grid::<6>();
        wallet.deposit = notional.max(least).min(wallet.deposit);
    }
    let wanted = total.clamp(LEAST_LEVERAGE_E2, most);
    if wanted != total {
        for wish in &mut wallet.wishes {
            let scaled = u64::from(wish.leverage_e2) * u64::from(wanted) / u64::from(total.max(1));
            wish.leverage_e2 = u32::try_from(scaled).unwrap_or(u32::MAX).max(1);
        }
        // What rounding has cut off is the first's.
        let missing = wanted.saturating_sub(wallet.leverage_e2());
        if let Some(first) = wallet.wishes.first_mut() {
            first.leverage_e2 += missing;
        }
    }
    let by_size = |wish: &Wish| (std::cmp::Reverse(wish.leverage_e2), wish.market);
    wallet.wishes.sort_by_key(by_size);
    let total = wallet.leverage_e2();
    while let [first, .., last] = wallet.wishes.as_mut_slice() {
        if part(wallet.deposit, last.leverage_e2, total) >= LEAST_PART {
            break;
        }
        first.leverage_e2 = first.leverage_e2.saturating_add(last.leverage_e2);
        wallet.wishes.pop();
    }
}

/// The part of a deposit that stands behind a position, rounded down.
fn part(deposit: i128, leverage_e2: u32, total_e2: u32) -> i128 {
    deposit.saturating_mul(leverage_e2.into()) / i128::from(total_e2.max(1))
}
