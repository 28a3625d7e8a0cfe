//! What a Kuma venue starts with in a replay: markets with their limits and grids, accounts by
//! number, and how large a wallet's position may be.
//!
//! Accounts are numbered densely by first deposit: the venue's own three, the makers, the
//! partners, then the wallets as they arrive.

use plimsoll_engine::Config;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::margin::cross::{self, Limits, ONE};
use plimsoll_engine::venues::kuma::{self, Listing, MarketParams};
use plimsoll_engine::venues::{Execution, VenueConfig};
use plimsoll_evm::symbol_rank;
use plimsoll_units::{AccountId, AssetId, Rounding, Timestamp, mul_div};

use crate::replay::Opening;
use crate::replay::pips::{E10, price};
use crate::scenario::{Decimal, KumaParameters, Preset, Venue};

/// The venue's own wallets.
pub(super) const INSURANCE_FUND: AccountId = AccountId(1);
/// How many wallets are the venue's own.
const OWN: usize = 3;
/// The largest position a wallet can be allowed.
const UNBOUNDED: u64 = i64::MAX.unsigned_abs();

/// How many accounts come before the first wallet of the crowd.
pub(crate) fn before_wallets(venue: &Venue) -> usize {
    let makers = venue.book.clone().unwrap_or_default().count as usize;
    OWN + makers + venue.partners.len()
}

pub(super) fn maker(at: usize) -> AccountId {
    account(OWN + at)
}

pub(super) fn partner(makers: usize, at: usize) -> AccountId {
    account(OWN + makers + at)
}

pub(super) fn market_id(market: usize) -> plimsoll_units::MarketId {
    plimsoll_units::MarketId(u16::try_from(market).unwrap_or(u16::MAX))
}

fn account(number: usize) -> AccountId {
    AccountId(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A decimal in pips, cut off.
pub(super) fn pips(decimal: Decimal) -> i128 {
    decimal.raw() / E10
}

/// The same as an unsigned 64-bit number, as the contracts have it.
pub(super) fn pips_u64(decimal: Decimal) -> u64 {
    u64::try_from(pips(decimal)).unwrap_or(0)
}

/// Adds the venue's asset, and gives its parameters. `openings` has each market's first price.
pub(crate) fn config(
    config: &mut Config,
    venue: &Venue,
    markets: &[String],
    openings: &[Opening],
) -> VenueConfig {
    let asset = AssetId(u16::try_from(config.assets.len()).unwrap_or(u16::MAX));
    config.assets.push(Asset {
        symbol: "USD".to_owned(),
        decimals: 8,
    });
    let parameters = venue.kuma.clone().unwrap_or_default();
    let listed = listed(&parameters, markets, openings);
    let mut own = kuma::Config::kuma(asset, listed);
    own.execution = Execution::Engine {
        keeper: INSURANCE_FUND,
    };
    let plus = venue.preset == Preset::KumaPlus;
    own.service = super::service::service(&parameters, plus, venue.population.accounts);
    VenueConfig::Kuma(Box::new(own))
}

fn listed(
    parameters: &KumaParameters,
    markets: &[String],
    openings: &[Opening],
) -> Vec<MarketParams> {
    let bases: Vec<&str> = markets.iter().map(|symbol| base(symbol)).collect();
    let ranks = ranks(&bases);
    bases
        .iter()
        .zip(ranks)
        .zip(openings)
        .map(|((base, rank), opening)| {
            let price = price(opening.price.raw());
            MarketParams {
                symbol: (*base).to_owned(),
                rank,
                limits: limits(parameters, price),
                listing: listing(parameters, price),
                active: true,
                index_price: price,
                // A price must be newer than the last: the first tick's is.
                index_time: Timestamp(opening.time.millis().saturating_sub(1).max(0)),
                price_at_deactivation: 0,
            }
        })
        .collect()
}

/// The base asset of a symbol such as `BTCUSDT`.
pub(crate) fn base(symbol: &str) -> &str {
    let quotes = ["USDT", "USDC", "USD"];
    let stripped = quotes.iter().find_map(|quote| symbol.strip_suffix(quote));
    stripped.filter(|base| !base.is_empty()).unwrap_or(symbol)
}

/// Each market's place in the ascending order of its symbol's hash.
fn ranks(bases: &[&str]) -> Vec<u8> {
    let hashes: Vec<_> = bases.iter().map(|base| symbol_rank(base)).collect();
    let rank = |hash| hashes.iter().filter(|other| *other < hash).count();
    hashes
        .iter()
        .map(|hash| u8::try_from(rank(hash)).unwrap_or(u8::MAX))
        .collect()
}

/// Base units of a notional at a price, all in pips; down, at least one.
pub(super) fn size_of(notional: i128, price: u64) -> u64 {
    let base = mul_div(notional, ONE.into(), price.into(), Rounding::Down).unwrap_or(0);
    u64::try_from(base).unwrap_or(UNBOUNDED).clamp(1, UNBOUNDED)
}

fn limits(parameters: &KumaParameters, price: u64) -> Limits {
    let size = |notional: Decimal| size_of(pips(notional), price);
    Limits {
        initial_margin_fraction: pips_u64(parameters.initial_margin),
        maintenance_margin_fraction: pips_u64(parameters.maintenance_margin),
        incremental_initial_margin_fraction: pips_u64(parameters.incremental_margin),
        baseline_position_size: size(parameters.baseline),
        incremental_position_size: size(parameters.increment),
        maximum_position_size: size(parameters.maximum),
        minimum_position_size: size(parameters.minimum).min(UNBOUNDED - 1),
    }
}

/// Limits of those whose business is size: the insurance fund, makers, partners.
pub(super) fn professional(of: &Limits, initial: u64) -> Limits {
    Limits {
        initial_margin_fraction: initial,
        baseline_position_size: UNBOUNDED,
        maximum_position_size: UNBOUNDED,
        ..*of
    }
}

/// A market's grid: prices with six digits, quantities worth about a cent.
fn listing(parameters: &KumaParameters, price: u64) -> Listing {
    let cent = size_of(1_000_000, price);
    Listing {
        tick: power_of_ten(price / 1_000_000),
        step: power_of_ten(cent),
        maker_fee: i64::try_from(pips(parameters.maker_fee)).unwrap_or(0),
        taker_fee: pips_u64(parameters.taker_fee),
        market_price_limit: pips_u64(parameters.price_limit),
        ..Listing::default()
    }
}

/// The largest power of ten that is not above `value`; at least one.
fn power_of_ten(value: u64) -> u64 {
    10u64.pow(value.max(1).ilog10())
}

/// The most base units, in whole steps, that `margin` (pips) opens a position of at a price, and
/// at most `wanted`: initial margin grows with the size.
pub(super) fn openable(
    limits: &Limits,
    step: u64,
    price: u64,
    (wanted, margin): (u64, i128),
) -> u64 {
    let fits = |steps: u64| {
        let size = i64::try_from(steps.saturating_mul(step)).unwrap_or(i64::MAX);
        let fraction = cross::initial_fraction(limits, size);
        let needed = fraction.and_then(|f| cross::requirement(size, price, f));
        needed.is_ok_and(|needed| i128::from(needed) <= margin)
    };
    let (mut low, mut high) = (0, wanted.min(limits.maximum_position_size) / step);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low.saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_lose_their_quote_and_have_the_order_of_the_contracts() {
        let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT", "USDT"];
        let bases: Vec<&str> = symbols.iter().map(|s| base(s)).collect();
        assert_eq!(bases, ["BTC", "ETH", "SOL", "DOGE", "USDT"]);
        // SOL, DOGE, ETH, BTC: as recorded from the contracts.
        assert_eq!(ranks(&bases[..4]), [3, 2, 0, 1]);
    }

    #[test]
    fn grids_have_six_digits_and_a_cent() {
        let parameters = KumaParameters::default();
        for (price, tick, step) in [
            (12_166_241_000_000, 10_000_000, 1),
            (23_373_000, 10, 1_000_000),
            (5, 1, 10_000_000_000_000),
        ] {
            let listing = listing(&parameters, price);
            assert_eq!((listing.tick, listing.step), (tick, step), "{price}");
            listing.check().unwrap();
            limits(&parameters, price).check().unwrap();
        }
    }

    #[test]
    fn a_position_is_no_larger_than_its_margin_allows() {
        let limits = limits(&KumaParameters::default(), 100_000_000);
        let open = |wanted: u64, margin: i128| {
            let usd = |units: u64| units * 100_000_000;
            let size = openable(
                &limits,
                1_000,
                100_000_000,
                (usd(wanted), margin * 100_000_000),
            );
            size / 100_000_000
        };
        // 5 % up to 300,000; one more per begun 60,000 above.
        assert_eq!(open(100, 5), 100);
        assert_eq!(open(1_000_000, 5), 100);
        assert_eq!(open(300_000, 15_000), 300_000);
        assert_eq!(open(1_000_000, 18_000), 300_000);
        assert_eq!(open(1_000_000, 21_600), 360_000);
        assert_eq!(open(0, 5), 0);
    }
}
