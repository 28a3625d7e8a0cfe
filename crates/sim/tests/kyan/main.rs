//! Options portfolios in a replay: chains, surfaces, the bundled table, and the Kyan venue's desk.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod bundle;
