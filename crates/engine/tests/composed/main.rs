//! The composed venue: what fits together, accounts, margin models, watch, trigger, vault.

mod bytes;
mod checks;
mod laws;
mod margins;
mod money;
mod stories;
mod trades;
mod triggers;
mod watch;
mod world;
