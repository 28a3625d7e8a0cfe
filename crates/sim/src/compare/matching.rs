//! In which form the same people stand on each kind of venue, one line each, with who is left out.

use crate::crowd::Wallet;
use crate::design::{Design, Machine, Model};
use crate::people::{self, Totals};
use crate::results::group;
use crate::scenario::Scenario;

/// A form of account that people are expressed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A position, its own collateral.
    Position,
    /// Positions in all markets, one balance.
    Wallet,
    /// A pair's perpetual or options.
    Pair,
    /// A loan of a pool's liquidity.
    Loan,
}

impl Form {
    const ALL: [Self; 4] = [Self::Position, Self::Wallet, Self::Pair, Self::Loan];

    fn of(design: &Design) -> Self {
        match (Machine::of(design.rules), design.margin.model) {
            (Machine::Kyan, _) => Self::Pair,
            (Machine::Gammaswap, _) => Self::Loan,
            (_, Model::Isolated | Model::Versioned) => Self::Position,
            _ => Self::Wallet,
        }
    }
}

/// The lines of a comparison.
pub(super) fn lines(scenario: &Scenario, wallets: &[Wallet], designs: &[&Design]) -> Vec<String> {
    let mut lines = vec![everybody(scenario, wallets)];
    for form in Form::ALL {
        let of = designs.iter().filter(|design| Form::of(design) == form);
        let titles: Vec<&str> = of.map(|design| design.title.as_str()).collect();
        if !titles.is_empty() {
            let told = told(form, scenario, wallets);
            lines.push(format!("{}: {told}", titles.join(", ")));
        }
    }
    lines
}

fn everybody(scenario: &Scenario, wallets: &[Wallet]) -> String {
    let totals = Totals::of(scenario, wallets);
    let dollars = |micro: i128| group(&(micro / 1_000_000).to_string());
    let side = |at: usize| totals.notional.iter().map(|sides| sides[at]).sum::<i128>();
    let most = scenario.people.as_ref().map(|people| people.leverage_max);
    format!(
        "Everywhere: the same {} traders, drawn once, with deposits of ${}, longs of ${} and \
         shorts of ${}, one to four markets each, leverage at most {}; they arrive at the same \
         moments and open at the price of that moment.",
        group(&wallets.len().to_string()),
        dollars(totals.deposits),
        dollars(side(0)),
        dollars(side(1)),
        most.unwrap_or_default(),
    )
}

fn told(form: Form, scenario: &Scenario, wallets: &[Wallet]) -> String {
    let count = |count: usize| group(&count.to_string());
    let in_market = |market: usize| {
        let holds = |w: &&Wallet| w.wishes.iter().any(|wish| wish.market == market);
        wallets.iter().filter(holds).count()
    };
    let symbol = |market: usize| {
        scenario
            .markets
            .get(market)
            .map_or("", |m| m.symbol.as_str())
    };
    match form {
        Form::Position => format!(
            "{} positions, each an account of its own; a trader's deposit is split in proportion \
             to notional, so that each has the trader's leverage.",
            count(people::positions(wallets).len())
        ),
        Form::Wallet => {
            "one cross-margin wallet a trader, all positions behind one balance.".to_owned()
        }
        Form::Pair => {
            let coin = scenario.options.clone().unwrap_or_default().coin;
            let Some(market) = people::market_of(&scenario.markets, &coin) else {
                return format!("none of the markets is of {coin}.");
            };
            let there = in_market(market);
            let share = scenario.people.as_ref().map(|people| people.option_share);
            format!(
                "accounts are per pair, and the pair is {}: the {} traders who hold it, with the \
                 part of their deposit behind it; {} who hold other markets alone are left out. A \
                 share of {} of them hold options of the same dollar delta on the same equity in \
                 the place of the perpetual (risk reversals and covered positions), the others the \
                 perpetual of the same size.",
                symbol(market),
                count(there),
                count(wallets.len() - there),
                share.unwrap_or_default(),
            )
        }
        Form::Loan => {
            let market = people::pool_market(&scenario.markets);
            let there = in_market(market);
            format!(
                "a pool of {} that follows the same prices: the {} traders who hold it, the part \
                 of their deposit behind it as collateral, borrowed liquidity worth their \
                 notional, the collateral tilted to their side as far as half of the room to the \
                 threshold allows; {} who hold other markets alone are left out.",
                symbol(market),
                count(there),
                count(wallets.len() - there),
            )
        }
    }
}
