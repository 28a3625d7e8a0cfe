//! A wallet in the forms of venues without wallets.

use crate::crowd::Wallet;
use crate::population::Person;

/// A trader's position with collateral of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Whose it is: the place of their wallet.
    pub trader: u32,
    /// The position: its part of the deposit, at the wallet's leverage.
    pub person: Person,
}

/// Every position of every wallet, in the order of the wallets: collateral split in proportion to
/// notional, so that all of a wallet's positions have its leverage. What rounding leaves over is
/// the first's.
#[must_use]
pub fn positions(wallets: &[Wallet]) -> Vec<Position> {
    let each = (0u32..).zip(wallets);
    each.flat_map(|(trader, wallet)| {
        split(wallet)
            .into_iter()
            .map(move |person| Position { trader, person })
    })
    .collect()
}

fn split(wallet: &Wallet) -> Vec<Person> {
    let total = wallet.leverage_e2();
    let mut people: Vec<Person> = wallet
        .wishes
        .iter()
        .map(|wish| Person {
            arrives: wallet.arrives,
            market: wish.market,
            side: wish.side,
            collateral: super::part(wallet.deposit, wish.leverage_e2, total),
            leverage_e2: total,
        })
        .collect();
    let sum: i128 = people.iter().map(|person| person.collateral).sum();
    if let Some(first) = people.first_mut() {
        first.collateral += wallet.deposit - sum;
    }
    people
}
