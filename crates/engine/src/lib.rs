//! The deterministic liquidation engine.
pub mod watch;
