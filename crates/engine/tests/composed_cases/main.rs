//! Cases of a composed venue: one small story per stage, and laws over random designs.

mod bearers;
mod designs;
mod laws;
mod stories;
mod world;
