//! Wallets that bring more when all prices together would not have to move far for them to be
//! liquidated: once each, a share of what they deposited first.

use plimsoll_engine::{Body, Engine};

use super::{KumaDesk, deposit, show};

impl KumaDesk {
    /// The deposits of whoever is close and has not added yet.
    pub(super) fn top_ups(&mut self, engine: &Engine) -> Vec<Body> {
        let Some(habit) = self.book.top_ups.clone() else {
            return Vec::new();
        };
        let prices: Vec<i128> = self.prices.iter().map(|price| (*price).into()).collect();
        let moved = self.book.moved_since_last_look(&prices);
        let within = habit.within.approximate();
        let mut bodies = Vec::new();
        for person in 0..self.wallets.len() {
            let (account, wallet) = (self.book.trader(person), &self.wallets[person]);
            let concerned = wallet.wishes.iter().any(|w| moved.contains(&w.market));
            if !concerned || self.topped_up[person] || !self.book.would_top_up(account) {
                continue;
            }
            let state = self.state(engine);
            let far = state.and_then(|venue| show::distance(venue, engine, account));
            if far.is_none_or(|(distance, _)| distance >= within) {
                continue;
            }
            let adds = wallet
                .deposit
                .saturating_mul(habit.adds.millionths().into())
                / 1_000_000;
            self.topped_up[person] = true;
            bodies.extend(deposit(account, adds));
        }
        bodies
    }
}
