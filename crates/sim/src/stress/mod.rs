//! Stresses: what a scenario does to its prices, to what venues are told of them, and to people.
//!
//! Stresses of prices change a [`Timeline`](crate::prices::Timeline) once, before a replay begins.
//! Stresses of people are asked for by desks while it runs ([`Conditions`]).

mod conditions;

pub(crate) use conditions::{Conditions, Leaving, ONE_PPM};
