//! The engine's core from outside: atomic commands, snapshots, canonical bytes, procedures.

mod bytes;
mod commands;
mod procedure;
mod savepoint;
mod snapshot;
mod world;
