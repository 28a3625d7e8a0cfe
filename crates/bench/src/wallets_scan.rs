//! The naive scan of cross-margin wallets, written as well as it can be: every wallet, every
//! update, the exact rule.
//!
//! Balances and positions lie in two flat arrays, read in order; a market's price and its
//! requirement per unit of size are computed once an update; sums are 128-bit and nothing is
//! divided unless the unrounded sums leave less than two pips to the rule. A test holds it against
//! the venue's own verdicts.

use plimsoll_engine::Engine;
use plimsoll_units::AccountId;

use crate::wallets::{Wallets, venue_of};

/// A whole, as a fraction in pips.
const ONE: i128 = 100_000_000;
const TRIPLE: i128 = ONE * ONE;

/// A wallet: its balance, and how many positions follow those of the wallet before.
#[derive(Debug, Clone, Copy)]
struct Row {
    quote: i64,
    positions: u32,
}

/// A position.
#[derive(Debug, Clone, Copy)]
struct Leg {
    size: i64,
    market: u32,
}

/// What a unit of size adds to the value and asks of it, in double and triple pips.
#[derive(Debug, Clone, Copy)]
struct MarketNow {
    price: i128,
    margin: i128,
}

/// All wallets of a venue but its own.
#[derive(Debug)]
pub struct WalletScan {
    rows: Vec<Row>,
    legs: Vec<Leg>,
    markets: Vec<MarketNow>,
}

impl WalletScan {
    /// Copies the wallets of an engine's venue. Funding that is outstanding is counted in.
    ///
    /// # Panics
    /// When the venue's numbers do not fit.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let venue = venue_of(engine);
        let count = u32::try_from(venue.wallets().count()).expect("wallets have numbers");
        let (mut rows, mut legs) = (Vec::new(), Vec::new());
        for account in (Wallets::first()..count).map(AccountId) {
            let before = legs.len();
            legs.extend(venue.positions(account).map(|(_, position)| Leg {
                size: position.size(),
                market: position.market().0.into(),
            }));
            let quote = venue.quote(engine.ledger(), account);
            let funding = venue.outstanding_funding(account);
            rows.push(Row {
                quote: quote.expect("a balance") + funding.expect("it fits"),
                positions: u32::try_from(legs.len() - before).expect("few markets"),
            });
        }
        let mut scan = Self {
            rows,
            legs,
            markets: Vec::new(),
        };
        scan.update(engine);
        scan
    }

    /// How many wallets there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes the engine's prices: once an update.
    pub fn update(&mut self, engine: &Engine) {
        self.markets.clear();
        let markets = venue_of(engine).markets().iter();
        self.markets.extend(markets.map(|market| {
            let price = i128::from(market.index_price());
            let fraction = i128::from(market.limits.maintenance_margin_fraction);
            MarketNow {
                price,
                margin: price * fraction,
            }
        }));
    }

    /// Looks at every wallet and counts those the rule names.
    #[must_use]
    pub fn count_due(&self) -> usize {
        let mut due = 0;
        let mut next = 0;
        for row in &self.rows {
            let end = next + row.positions as usize;
            let mut value = i128::from(row.quote) * ONE;
            let mut needs = 0;
            for leg in &self.legs[next..end] {
                let market = &self.markets[leg.market as usize];
                value += i128::from(leg.size) * market.price;
                needs += i128::from(leg.size.unsigned_abs()) * market.margin;
            }
            next = end;
            due += usize::from(is_due(value, needs));
        }
        due
    }
}

fn is_due(value: i128, needs: i128) -> bool {
    // Unrounded, a wallet that has what it needs is never due.
    value * ONE < needs && value / ONE < needs / TRIPLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_naive_scan_and_the_venue_agree_on_everybody() {
        let mut world = Wallets::build(3_000);
        // Cases stay open: nobody liquidates here.
        for fall in world.path(3, |_, offset| offset - 400 * crate::world::BASIS_POINT) {
            world.engine.apply(&fall).expect("a path is accepted");
            let venue = world.venue();
            let count = u32::try_from(venue.wallets().count()).unwrap();
            let accounts = (Wallets::first()..count).map(AccountId);
            let named = accounts.filter(|account| {
                let verdict = venue.is_liquidatable(world.engine.ledger(), *account);
                verdict.expect("a verdict")
            });
            let named = named.count();
            assert!(named > 20, "{named}");
            assert_eq!(WalletScan::of(&world.engine).count_due(), named);
            assert_eq!(venue.open_cases().count(), named);
        }
    }
}
