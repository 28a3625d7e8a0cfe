//! The calls of the scenarios: each is one function of the contracts, and here one command.

use plimsoll_engine::venues::kuma::{
    Command as Do, DAY_MS, Deleverage, OraclePrice, Revert, WalletLiquidation,
};

use super::super::compare::Mismatch;
use super::Check;
use super::fields::{Fields, pips};
use super::funding::Published;
use super::scenario::Outcome;
use super::trade::Terms;
use super::world::World;

/// Which function takes a whole wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taking {
    InMaintenance,
    InRecovery,
    Exited,
}

/// Which function reduces a counterparty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reducing {
    InMaintenance,
    InsuranceFund,
    Exited,
    ExitFund,
}

/// One call with its arguments.
pub(super) enum Call {
    /// Nothing is called: the state alone is compared.
    Nothing,
    Liquidate {
        taking: Taking,
        wallet: String,
        to: String,
        quotes: Vec<u64>,
    },
    BelowMinimum {
        symbol: String,
        wallet: String,
        quote: u64,
        tolerance: u64,
    },
    Deactivated {
        symbol: String,
        wallet: String,
        quote: u64,
        fee: u64,
    },
    Deleverage {
        reducing: Reducing,
        symbol: String,
        wallet: String,
        counterparty: String,
        base: u64,
        quote: u64,
    },
    WithdrawExit {
        by_admin: bool,
        wallet: String,
        oracle: Oracle,
    },
    Trade(Terms),
    Funding(Published),
}

/// What an oracle says: one price of everything, or prices by symbol.
pub(super) struct Oracle {
    of_all: Option<u64>,
    by_symbol: Vec<(String, u64)>,
}

impl Oracle {
    fn read(args: &Fields<'_>) -> Result<Self, Mismatch> {
        let of_all = match args.get("oraclePrice") {
            Some(_) => Some(args.pips("oraclePrice")?),
            None => None,
        };
        let mut by_symbol = Vec::new();
        if args.get("oraclePrices").is_some() {
            let prices = args.fields("oraclePrices")?;
            for symbol in prices.names() {
                by_symbol.push((symbol.to_owned(), prices.pips(symbol)?));
            }
        }
        Ok(Self { of_all, by_symbol })
    }

    fn prices(&self, world: &World) -> Result<Vec<OraclePrice>, Mismatch> {
        let of_all = self.of_all.iter().flat_map(|price| {
            let named = |(symbol, _): &(String, u64)| symbol.clone();
            let named: Vec<_> = self.by_symbol.iter().map(named).collect();
            let rest = world.symbols.iter().filter(move |s| !named.contains(s));
            rest.map(|symbol| (symbol.clone(), *price))
        });
        let all = of_all.chain(self.by_symbol.iter().cloned());
        all.map(|(symbol, price)| {
            let market = world.market(&symbol)?;
            Ok(OraclePrice { market, price })
        })
        .collect()
    }
}

impl Call {
    pub(super) fn read(action: &str, args: &Fields<'_>) -> Result<Self, Mismatch> {
        let liquidate = |taking, default: &str| {
            let quotes = args.list("quoteQuantities")?.iter();
            Ok(Self::Liquidate {
                taking,
                wallet: args.text("wallet")?,
                to: args.parse_or("counterparty", default.to_owned())?,
                quotes: quotes
                    .map(|quote| pips("quoteQuantities", quote))
                    .collect::<Result<_, _>>()?,
            })
        };
        let deleverage = |reducing| {
            Ok(Self::Deleverage {
                reducing,
                symbol: args.text("symbol")?,
                wallet: args.text("wallet")?,
                counterparty: args.text("counterparty")?,
                base: args.pips("base")?,
                quote: args.pips("quote")?,
            })
        };
        let withdraw = |by_admin| {
            Ok(Self::WithdrawExit {
                by_admin,
                wallet: args.text("wallet")?,
                oracle: Oracle::read(args)?,
            })
        };
        match action {
            "snapshot" => Ok(Self::Nothing),
            "liquidateWalletInMaintenance" => liquidate(Taking::InMaintenance, "IF"),
            "liquidateWalletInMaintenanceDuringSystemRecovery" => {
                liquidate(Taking::InRecovery, "EF")
            }
            "liquidateWalletExit" => liquidate(Taking::Exited, "IF"),
            "liquidatePositionBelowMinimum" => Ok(Self::BelowMinimum {
                symbol: args.text("symbol")?,
                wallet: args.text("wallet")?,
                quote: args.pips("quote")?,
                tolerance: args.pips_or("toleranceMultiplier", 0)?,
            }),
            "liquidatePositionInDeactivatedMarket" => Ok(Self::Deactivated {
                symbol: args.text("symbol")?,
                wallet: args.text("wallet")?,
                quote: args.pips("quote")?,
                fee: args.pips_or("fee", 0)?,
            }),
            "deleverageInMaintenanceAcquisition" => deleverage(Reducing::InMaintenance),
            "deleverageInsuranceFundClosure" => deleverage(Reducing::InsuranceFund),
            "deleverageExitAcquisition" => deleverage(Reducing::Exited),
            "deleverageExitFundClosure" => deleverage(Reducing::ExitFund),
            "withdrawExit" => withdraw(false),
            "withdrawExitAdmin" => withdraw(true),
            "trade" => Terms::plain(args).map(Self::Trade),
            "executeTrade" | "executeTrade(LAO)" => Terms::hand_off(args).map(Self::Trade),
            "applyFunding" => Published::read(args).map(Self::Funding),
            other => Err(Mismatch::unusable(format!("there is no call {other:?}"))),
        }
    }

    /// The wallets it names.
    pub(super) fn wallets(&self) -> Vec<&str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Liquidate { wallet, to, .. } => vec![wallet, to],
            Self::BelowMinimum { wallet, .. }
            | Self::Deactivated { wallet, .. }
            | Self::WithdrawExit { wallet, .. } => vec![wallet],
            Self::Deleverage {
                wallet,
                counterparty,
                ..
            } => vec![wallet, counterparty],
            Self::Trade(terms) => terms.wallets(),
            Self::Funding(published) => published.wallets(),
        }
    }

    /// Who must have exited for the call to make sense.
    fn exited(&self, expected: &Outcome) -> Option<&str> {
        let is = |revert: Revert| expected.is_refusal(revert.text());
        match self {
            Self::Liquidate {
                taking: Taking::Exited,
                wallet,
                ..
            }
            | Self::Deleverage {
                reducing: Reducing::Exited,
                wallet,
                ..
            }
            | Self::WithdrawExit { wallet, .. } => {
                // The venue's own funds cannot exit.
                let can = wallet != "EF" && wallet != "IF";
                Some(wallet).filter(|_| can && !is(Revert::WalletNotExited))
            }
            Self::Trade(terms) if is(Revert::BuyWalletExitFinalized) => Some(&terms.buyer().wallet),
            Self::Trade(terms) if is(Revert::SellWalletExitFinalized) => {
                Some(&terms.seller().wallet)
            }
            _ => None,
        }
        .map(String::as_str)
    }

    /// Makes the state what the call takes for granted and snapshots do not show. Whoever an exit
    /// function is about has exited, except where the vector is about one who has not; and the
    /// exit is final, except where it is about one that is not.
    pub(super) fn prepare(&self, world: &mut World, expected: &Outcome) -> Check {
        if let Some(wallet) = self.exited(expected) {
            if expected.is_refusal(Revert::ExitNotFinalized.text()) {
                world.prepare(Do::SetPropagation(DAY_MS))?;
            }
            world.prepare(Do::ExitWallet(world.account(wallet)?))?;
        }
        match self {
            Self::BelowMinimum { tolerance, .. } if *tolerance != 0 => {
                world.prepare(Do::SetBelowMinimumTolerance(*tolerance))
            }
            Self::Trade(terms) => terms.prepare(world),
            Self::Funding(published) => published.prepare(world, expected),
            _ => Ok(()),
        }
    }

    /// Makes the call.
    pub(super) fn make(&self, world: &mut World, expected: &Outcome) -> Result<Outcome, Mismatch> {
        if let Self::Funding(published) = self {
            return published.apply(world, expected);
        }
        let command = match self {
            Self::Trade(terms) => Some(terms.command(world)?),
            _ => self.command(world)?,
        };
        Ok(command.map_or(Outcome::Done, |command| Outcome::of(world.act(command))))
    }

    /// The command of a call that is one and needs no signatures.
    fn command(&self, world: &World) -> Result<Option<Do>, Mismatch> {
        Ok(Some(match self {
            Self::Nothing | Self::Trade(_) | Self::Funding(_) => return Ok(None),
            Self::Liquidate {
                taking,
                wallet,
                to,
                quotes,
            } => {
                let liquidation = WalletLiquidation {
                    account: world.account(wallet)?,
                    to: world.account(to)?,
                    quotes: quotes.clone(),
                };
                match taking {
                    Taking::InMaintenance => Do::LiquidateInMaintenance(liquidation),
                    Taking::InRecovery => Do::LiquidateDuringSystemRecovery(liquidation),
                    Taking::Exited => Do::LiquidateExit(liquidation),
                }
            }
            Self::BelowMinimum {
                symbol,
                wallet,
                quote,
                ..
            } => Do::LiquidateBelowMinimum {
                account: world.account(wallet)?,
                market: world.market(symbol)?,
                quote: *quote,
            },
            Self::Deactivated {
                symbol,
                wallet,
                quote,
                fee,
            } => Do::LiquidateInDeactivatedMarket {
                account: world.account(wallet)?,
                market: world.market(symbol)?,
                quote: *quote,
                fee: *fee,
            },
            Self::Deleverage {
                reducing,
                symbol,
                wallet,
                counterparty,
                base,
                quote,
            } => {
                let deleverage = Deleverage {
                    market: world.market(symbol)?,
                    account: world.account(wallet)?,
                    counterparty: world.account(counterparty)?,
                    base: *base,
                    quote: *quote,
                };
                match reducing {
                    Reducing::InMaintenance => Do::DeleverageInMaintenance(deleverage),
                    Reducing::InsuranceFund => Do::DeleverageInsuranceFund(deleverage),
                    Reducing::Exited => Do::DeleverageExit(deleverage),
                    Reducing::ExitFund => Do::DeleverageExitFund(deleverage),
                }
            }
            Self::WithdrawExit {
                by_admin,
                wallet,
                oracle,
            } => {
                let account = world.account(wallet)?;
                let oracle = oracle.prices(world)?;
                if *by_admin {
                    Do::WithdrawExitAdmin { account, oracle }
                } else {
                    Do::WithdrawExit { account, oracle }
                }
            }
        }))
    }
}
