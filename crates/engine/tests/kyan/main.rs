//! The Kyan venue: liquidations step by step, refusals, laws.

mod data;
mod edges;
mod laws;
mod naive;
mod speed;
mod steps;
mod world;
