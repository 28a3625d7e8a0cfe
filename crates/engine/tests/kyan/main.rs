//! The Kyan venue: liquidations step by step, refusals, laws.

mod laws;
mod naive;
mod steps;
mod world;
