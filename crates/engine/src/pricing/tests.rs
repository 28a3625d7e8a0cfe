//! What the room must do, by hazard: known prices, greeks against differences, laws of options,
//! bad input at every opening, sums that no order of legs changes.

mod arrays;
mod options;
