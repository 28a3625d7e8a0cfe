//! An engine in the state a vector begins with, and who is who in it.
//!
//! Snapshots name markets by symbol and wallets by name; here they are numbered: the venue's own
//! wallets first, then all others in the order of the file. Whoever trades signs, with a key made
//! from the wallet's name.

use plimsoll_engine::ledger::{Asset, Ledger};
use plimsoll_engine::venues::kuma::{
    Command as Do, Config as VenueParams, Kuma, Limits, Listing, MarketParams, Override,
    SeedPosition, SeedWallet,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Rejection};
use plimsoll_evm::{Address, Domain, Signer, nonce_at, symbol_rank};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};

use super::super::compare::Mismatch;
use super::Check;
use super::fields::Fields;

const VENUE: VenueId = VenueId(0);
/// The venue's own wallets, by number: exit fund, insurance fund, fees.
const OWN: [&str; 3] = ["EF", "IF", "FEE"];
/// Where the keys of wallets come from.
const SEED: u64 = 94_524;
/// When a vector happens: vectors are without a clock. The beginning of a funding period.
pub(super) const NOW_MS: u64 = 61_111 * 8 * 60 * 60 * 1000;
/// When delegated keys were authorised: a day before.
const AUTHORISED_MS: u64 = NOW_MS - 24 * 60 * 60 * 1000;

/// See the module documentation.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) symbols: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) domain: Domain,
    now_ms: u64,
    nonces: u64,
}

impl World {
    /// The world of a snapshot; `others` are wallets that it may leave out for being empty.
    pub(super) fn new(before: &Fields<'_>, others: &[&str]) -> Result<Self, Mismatch> {
        let markets = before.fields("markets")?;
        let wallets = before.fields("wallets")?;
        let symbols: Vec<String> = markets.names().map(str::to_owned).collect();
        let own_limits = before.fields("overrides")?;
        let limited = own_limits.names().filter_map(|name| name.split_once(':'));
        let limited = limited.map(|(_, wallet)| wallet);
        let mut names = OWN.map(str::to_owned).to_vec();
        for name in wallets.names().chain(limited).chain(others.iter().copied()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        let params = symbols
            .iter()
            .map(|symbol| market(&markets, symbol, &symbols));
        let params = params.collect::<Result<_, _>>()?;
        let seeds = names.iter().map(|name| seed(&wallets, name, &symbols));
        let venue = VenueParams {
            wallets: seeds.collect::<Result<_, _>>()?,
            overrides: overrides(&own_limits, &symbols, &names)?,
            ..VenueParams::kuma(AssetId(0), params)
        };
        let config = Config {
            assets: vec![Asset {
                symbol: "USD".to_owned(),
                decimals: 8,
            }],
            venues: vec![VenueConfig::Kuma(Box::new(venue))],
        };
        let engine = Engine::new(&config).map_err(|e| Mismatch::refused("the state before", e))?;
        Ok(Self {
            engine,
            symbols,
            names,
            domain: Domain::kuma(Address([0x5f; 20])),
            now_ms: NOW_MS,
            nonces: 0,
        })
    }

    pub(super) fn venue(&self) -> Result<&Kuma, Mismatch> {
        match self.engine.venue(VENUE) {
            Some(Venue::Kuma(venue)) => Ok(venue),
            _ => Err(Mismatch::unusable("the engine has no Kuma venue")),
        }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.engine.ledger()
    }

    pub(super) fn market(&self, symbol: &str) -> Result<MarketId, Mismatch> {
        find_market(&self.symbols, symbol)
    }

    /// The market a call is about that names none: one in which a wallet of it has a position, or
    /// else the first.
    pub(super) fn market_of(&self, wallets: &[&str]) -> Result<&str, Mismatch> {
        let venue = self.venue()?;
        for wallet in wallets {
            let account = self.account(wallet)?;
            if let Some((_, position)) = venue.positions(account).next() {
                let market = venue.market(position.market());
                let market = market.map_err(|why| Mismatch::refused("the market", why))?;
                return Ok(&market.symbol);
            }
        }
        let first = self.symbols.first().map(String::as_str);
        first.ok_or_else(|| Mismatch::unusable("there is no market"))
    }

    pub(super) fn account(&self, name: &str) -> Result<AccountId, Mismatch> {
        find_account(&self.names, name)
    }

    /// Everybody, with their names.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&str, AccountId)> {
        let numbered = (0u32..).zip(&self.names);
        numbered.map(|(id, name)| (name.as_str(), AccountId(id)))
    }

    /// A command at the time it is.
    pub(super) fn act(&mut self, action: Do) -> Result<(), Rejection> {
        let command = Command {
            time: Timestamp(i64::try_from(self.now_ms).unwrap_or(i64::MAX)),
            venue: VENUE,
            body: Body::Kuma(action),
        };
        self.engine.apply(&command).map(drop)
    }

    /// A command that makes the state what the vector takes for granted.
    pub(super) fn prepare(&mut self, action: Do) -> Check {
        self.act(action)
            .map_err(|why| Mismatch::refused("preparing the state before", why))
    }

    /// It becomes later.
    pub(super) fn wait_until(&mut self, time_ms: u64) {
        self.now_ms = self.now_ms.max(time_ms);
    }

    pub(super) fn now(&self) -> u64 {
        self.now_ms
    }

    /// A nonce made now, different from all others.
    pub(super) fn nonce(&mut self) -> Result<u128, Mismatch> {
        self.nonces += 1;
        new_nonce(self.now_ms, self.nonces)
    }

    /// A wallet says which address signs for it, and lets its delegated key do so since a day ago.
    pub(super) fn let_sign(&mut self, wallet: &str) -> Check {
        let account = self.account(wallet)?;
        if self.venue()?.people().address(account).is_some() {
            return Ok(());
        }
        let own = signer(wallet).address();
        self.prepare(Do::RegisterWallet {
            account,
            address: own,
        })?;
        self.prepare(Do::AuthoriseKey {
            account,
            key: delegated_signer(wallet).address(),
            nonce: new_nonce(AUTHORISED_MS, 0)?,
            signer: own,
        })
    }

    /// The sum of all quote balances.
    pub(super) fn quote_sum(&self) -> Result<i128, Mismatch> {
        let venue = self.venue()?;
        let quotes = self.accounts().map(|(_, account)| {
            let quote = venue.quote(self.ledger(), account);
            quote.map_err(|why| Mismatch::refused("a quote balance", why))
        });
        quotes.map(|quote| quote.map(i128::from)).sum()
    }
}

fn new_nonce(time_ms: u64, unique: u64) -> Result<u128, Mismatch> {
    nonce_at(time_ms, unique).ok_or_else(|| Mismatch::unusable("no nonce has this time"))
}

/// The key of a wallet.
pub(super) fn signer(wallet: &str) -> Signer {
    Signer::for_simulation(SEED, wallet)
}

/// The key a wallet lets sign for it.
pub(super) fn delegated_signer(wallet: &str) -> Signer {
    Signer::for_simulation(SEED, &format!("{wallet}'s key"))
}

fn find_market(symbols: &[String], symbol: &str) -> Result<MarketId, Mismatch> {
    let at = symbols.iter().position(|known| known == symbol);
    at.and_then(|at| u16::try_from(at).ok())
        .map(MarketId)
        .ok_or_else(|| Mismatch::unusable(format!("there is no market {symbol:?}")))
}

fn find_account(names: &[String], name: &str) -> Result<AccountId, Mismatch> {
    let at = names.iter().position(|known| known == name);
    at.and_then(|at| u32::try_from(at).ok())
        .map(AccountId)
        .ok_or_else(|| Mismatch::unusable(format!("there is no wallet {name:?}")))
}

fn market(
    markets: &Fields<'_>,
    symbol: &str,
    symbols: &[String],
) -> Result<MarketParams, Mismatch> {
    let within = |m: Mismatch| m.within(symbol);
    let of = markets.fields(symbol)?;
    let earlier = symbols
        .iter()
        .filter(|other| symbol_rank(other) < symbol_rank(symbol))
        .count();
    Ok(MarketParams {
        symbol: symbol.to_owned(),
        rank: u8::try_from(earlier)
            .map_err(|_| Mismatch::unusable("there are too many markets"))?,
        limits: limits(&of).map_err(within)?,
        listing: Listing::default(),
        active: of.parse("isActive").map_err(within)?,
        index_price: of.parse("indexPrice").map_err(within)?,
        index_time: Timestamp(i64::try_from(NOW_MS).unwrap_or(0)),
        price_at_deactivation: of.parse("indexPriceAtDeactivation").map_err(within)?,
    })
}

fn limits(of: &Fields<'_>) -> Result<Limits, Mismatch> {
    Ok(Limits {
        initial_margin_fraction: of.parse("initialMarginFraction")?,
        maintenance_margin_fraction: of.parse("maintenanceMarginFraction")?,
        incremental_initial_margin_fraction: of.parse("incrementalInitialMarginFraction")?,
        baseline_position_size: of.parse("baselinePositionSize")?,
        incremental_position_size: of.parse("incrementalPositionSize")?,
        maximum_position_size: of.parse("maximumPositionSize")?,
        minimum_position_size: of.parse("minimumPositionSize")?,
    })
}

/// A wallet as the snapshot has it; an empty one where it is left out.
fn seed(wallets: &Fields<'_>, name: &str, symbols: &[String]) -> Result<SeedWallet, Mismatch> {
    if wallets.get(name).is_none() {
        return Ok(SeedWallet::default());
    }
    let within = |m: Mismatch| m.within(name);
    let of = wallets.fields(name)?;
    let positions = of.fields("positions").map_err(within)?;
    let positions = positions.names().map(|symbol| {
        let of = positions.fields(symbol)?;
        Ok(SeedPosition {
            market: find_market(symbols, symbol)?,
            size: of.parse("size")?,
            cost_basis: of.parse("costBasis")?,
        })
    });
    Ok(SeedWallet {
        address: None,
        quote: of.parse("quote").map_err(within)?,
        positions: positions.collect::<Result<_, _>>().map_err(within)?,
        exit: None,
    })
}

/// Wallets' own limits, each under `SYMBOL:WALLET`.
fn overrides(
    of: &Fields<'_>,
    symbols: &[String],
    names: &[String],
) -> Result<Vec<Override>, Mismatch> {
    let each = of.names().map(|name| {
        let (symbol, wallet) = name
            .split_once(':')
            .ok_or_else(|| Mismatch::unusable(format!("{name:?} is not SYMBOL:WALLET")))?;
        Ok(Override {
            account: find_account(names, wallet)?,
            market: find_market(symbols, symbol)?,
            limits: limits(&of.fields(name)?).map_err(|m| m.within(name))?,
        })
    });
    each.collect()
}
