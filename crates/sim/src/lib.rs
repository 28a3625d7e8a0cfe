//! (being built)

pub mod prices;
pub mod random;
