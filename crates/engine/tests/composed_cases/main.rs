//! Cases of a composed venue: one small story per stage, and laws over random designs.

mod designs;
mod laws;
mod stories;
mod world;
