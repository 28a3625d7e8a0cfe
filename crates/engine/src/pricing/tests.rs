//! What the room must do, by hazard: known prices, greeks against differences, laws of options,
//! bad input at every opening, surfaces that can be arbitraged, sums that no order of legs
//! changes, and a second model over the same arrays.

mod arrays;
mod derive;
mod implied;
mod options;
mod surfaces;
