//! The Kyan venue: liquidations step by step, refusals, laws.

mod steps;
mod world;
