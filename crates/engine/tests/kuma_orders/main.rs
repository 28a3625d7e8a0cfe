//! Orders on a Kuma venue's books, hazard by hazard; and laws over random flow.

#[path = "../kuma_support/mod.rs"]
mod kuma_support;

mod desk;
mod fund;
mod laws;
mod rules;
mod signed;
mod stops;
