//! The crowd's tables from the files of a day.
//!
//! What the files support, and what they do not:
//!
//! - **Account values** and **leverage of shorts** are measured: the file of deleveraged accounts
//!   has both for 19,337 of them. Accounts below ten dollars are left out, because their recorded
//!   leverage is an artefact (a few cents of equity beside a position already closed), and
//!   leverage ends at the most a market with 5 % initial margin allows.
//! - **Leverage of longs** is not in the files: the leverage column of the positions file is
//!   empty. What it has is who was liquidated. Bitcoin fell by 12.8 % and solana by 18.7 % that
//!   evening; a long with maintenance at 3 % is liquidated by a fall of `d` when its leverage is
//!   above `1 / (d + 0.03 (1 - d))`. So the liquidated share of each coin's longs is the share
//!   above that leverage: two measured points of the distribution. Below them it is taken to be
//!   that of the shorts, above them to run straight in the logarithm up to the most allowed.
//!   These shares are of accounts that traded in those twelve minutes; the others were calmer.
//! - **Share of longs** is counted in the positions file.
//! - **Markets held** are the fills per deleveraged account, with four and more as four: an
//!   account's fills are mostly in different coins (32,522 pairs of account and coin, 34,983
//!   fills).

use std::collections::BTreeMap;
use std::path::Path;

use super::{Crowd, MARKETS_HELD_MAX, Quantiles};
use crate::tables::{self, TableError, number};

/// File of deleveraged accounts, and of positions in bitcoin and solana.
const ADL: &str = "hyperliquid_2025-10-10_adl_by_user.csv";
const POSITIONS: &str = "hyperliquid_2025-10-10_btc_sol_positions.csv";
/// Least account value that counts.
const LEAST_VALUE: f64 = 10.0;
/// The most leverage a market with 5 % initial margin lets an account open, a little short of it.
const MOST_LEVERAGE: f64 = 19.0;
/// Least leverage that counts; below it an account cannot be said to have a position.
const LEAST_LEVERAGE: f64 = 0.01;
/// Maintenance margin of the falls below.
const MAINTENANCE: f64 = 0.03;
/// From 20:45 to the low, Binance spot: how far each coin fell.
const FALLS: [(&str, f64); 2] = [("SOL", 0.187), ("BTC", 0.128)];
/// Fewest accounts to fit anything to.
const LEAST_ROWS: usize = 1_000;

/// Shares at which account values and leverages are kept, in millionths.
const VALUE_SHARES: [u32; 15] = [
    0, 50_000, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000,
    950_000, 990_000, 999_000, 1_000_000,
];
const LEVERAGE_SHARES: [u32; 14] = [
    0, 50_000, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000,
    950_000, 990_000, 1_000_000,
];

impl Crowd {
    /// Fits the tables to the files of 10 October 2025 in a directory; either may be gzipped.
    ///
    /// # Errors
    /// [`TableError`] where a file is missing, has no such column, or is not what it should be.
    pub fn read(directory: &Path) -> Result<Self, TableError> {
        let winners = Winners::read(&file(directory, ADL)?)?;
        let fates = Fates::read(&file(directory, POSITIONS)?)?;
        let leverage_long = fates.leverage_long(&winners.leverage);
        Ok(Self {
            source: "accounts of Hyperliquid on 10 October 2025, from files".to_owned(),
            value: winners.value,
            leverage_long,
            leverage_short: winners.leverage,
            long_ppm: fates.long_ppm(),
            markets_held: winners.markets_held,
        })
    }
}

fn file(directory: &Path, name: &str) -> Result<std::path::PathBuf, TableError> {
    tables::find(directory, &[name.to_owned(), format!("{name}.gz")])
}

/// The accounts that were deleveraged: in profit, mostly short.
struct Winners {
    value: Quantiles,
    leverage: Quantiles,
    markets_held: [u64; MARKETS_HELD_MAX],
}

impl Winners {
    fn read(path: &Path) -> Result<Self, TableError> {
        let (mut values, mut leverages) = (Vec::new(), Vec::new());
        let mut markets_held = [0u64; MARKETS_HELD_MAX];
        let columns = [
            "account_value_realtime",
            "leverage_realtime",
            "num_adl_events",
        ];
        tables::read(path, columns, |[value, leverage, fills]| {
            let value = number("account_value_realtime", value)?;
            let leverage = number("leverage_realtime", leverage)?;
            let fills: usize = fills
                .parse()
                .map_err(|_| format!("num_adl_events {fills:?} is not a count"))?;
            if let Some(held) = markets_held.get_mut(fills.clamp(1, MARKETS_HELD_MAX) - 1) {
                *held += 1;
            }
            if value >= LEAST_VALUE {
                values.push(value);
                leverages.push(leverage.clamp(LEAST_LEVERAGE, MOST_LEVERAGE));
            }
            Ok(())
        })?;
        let rows = values.len();
        let few = || TableError::TooFew {
            path: path.to_owned(),
            rows,
            least: LEAST_ROWS,
        };
        if rows < LEAST_ROWS {
            return Err(few());
        }
        Ok(Self {
            value: Quantiles::of(values, &VALUE_SHARES).ok_or_else(few)?,
            leverage: Quantiles::of(leverages, &LEVERAGE_SHARES).ok_or_else(few)?,
            markets_held,
        })
    }
}

/// How many accounts there were, and how many of them were liquidated, by coin and side.
struct Fates {
    counted: BTreeMap<(String, bool), (u64, u64)>,
}

impl Fates {
    fn read(path: &Path) -> Result<Self, TableError> {
        let mut counted: BTreeMap<(String, bool), (u64, u64)> = BTreeMap::new();
        let columns = ["asset", "side", "was_liquidated"];
        let mut rows = 0;
        tables::read(path, columns, |[asset, side, liquidated]| {
            let long = match side {
                "LONG" => true,
                "SHORT" => false,
                other => return Err(format!("side {other:?} is neither LONG nor SHORT")),
            };
            let fate = counted.entry((asset.to_owned(), long)).or_default();
            fate.0 += 1;
            match liquidated {
                "True" => fate.1 += 1,
                "False" => {}
                other => return Err(format!("was_liquidated {other:?} is not True or False")),
            }
            rows += 1;
            Ok(())
        })?;
        let all = FALLS
            .iter()
            .all(|(coin, _)| counted.contains_key(&((*coin).to_owned(), true)));
        if rows < LEAST_ROWS || !all {
            return Err(TableError::TooFew {
                path: path.to_owned(),
                rows,
                least: LEAST_ROWS,
            });
        }
        Ok(Self { counted })
    }

    fn long_ppm(&self) -> u32 {
        let (mut long, mut all) = (0, 0);
        for ((_, is_long), (count, _)) in &self.counted {
            all += count;
            long += if *is_long { *count } else { 0 };
        }
        u32::try_from(long * 1_000_000 / all.max(1)).unwrap_or(1_000_000)
    }

    /// See the module documentation.
    fn leverage_long(&self, shorts: &Quantiles) -> Quantiles {
        let measured: Vec<(u32, f64)> = FALLS
            .iter()
            .map(|(coin, fall)| {
                let (count, liquidated) = self
                    .counted
                    .get(&((*coin).to_owned(), true))
                    .copied()
                    .unwrap_or((1, 0));
                let survived = (count - liquidated) * 1_000_000 / count.max(1);
                let level = 1.0 / (fall + MAINTENANCE * (1.0 - fall));
                let level = (level * 100.0).round() / 100.0;
                (u32::try_from(survived).unwrap_or(0), level)
            })
            .collect();
        let first = measured.iter().map(|m| m.0).min().unwrap_or(0);
        let lowest = measured.iter().map(|m| m.1).fold(MOST_LEVERAGE, f64::min);
        let below = shorts.0.iter().copied();
        let mut table: Vec<(u32, f64)> = below
            .filter(|(share, leverage)| *share < first && *leverage <= lowest)
            .collect();
        let mut rising = measured;
        rising.sort_by_key(|m| m.0);
        for (share, leverage) in rising {
            // A coin that fell less and lost more of its longs says nothing about leverage.
            if table
                .last()
                .is_none_or(|last| last.0 < share && last.1 <= leverage)
            {
                table.push((share, leverage));
            }
        }
        table.push((1_000_000, MOST_LEVERAGE));
        Quantiles(table)
    }
}
