//! The order book: every rule as a script that both books run, random flow through both, bytes,
//! and the orders that wait.

mod bytes;
mod conditional;
mod flow;
mod rules;
mod script;
mod world;
