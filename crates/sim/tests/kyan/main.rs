//! Options portfolios in a replay: chains, surfaces, the bundled table, and the Kyan venue's desk.

mod bundle;
mod chains;
mod replayed;
mod scenarios;
