//! The deterministic liquidation engine.
//!
//! [`Engine::apply`] takes a [`Command`] and returns [`Event`]s, or a [`Rejection`] with nothing
//! changed. State is a function of the accepted commands alone: there is no clock (time arrives
//! with each command), no I/O, no randomness, no thread, no float. Running the same commands
//! gives the same [`Engine::state_hash`] on every machine.
//!
//! The rooms, bottom up: [`ledger`] (double-entry money), [`oracle`] (prices by version),
//! [`watch`] (which accounts to examine), [`margin`] (health), [`limits`], [`backstop`],
//! [`liquidation`] (the case, the procedure, its stages), [`venues`] (each venue's accounts and
//! commands, composed of those parts).
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        clippy::expect_used,
        clippy::panic,
        clippy::unwrap_used
    )
)]

pub mod auction;
pub mod backstop;
pub mod book;
mod engine;
mod event;
pub mod ledger;
pub mod limits;
pub mod liquidation;
pub mod margin;
pub mod oracle;
pub mod pricing;
mod rejection;
mod tight;
mod tx;
pub mod venues;
pub mod watch;

pub use engine::{AuditError, Body, Command, Config, Engine, RestoreError, StateHash};
pub use event::Event;
pub use rejection::Rejection;
pub use tx::{Savepoint, Tx};
