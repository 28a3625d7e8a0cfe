//! Kuma's liquidation service: every hop of the waterfall, the partners' desk, the options that
//! the venue's page lacks, and the laws that hold through all of it.

#[path = "../kuma_support/mod.rs"]
mod kuma_support;

mod adopted;
mod book;
mod desk;
mod hops;
mod laws;
mod options;
mod stories;
mod world;
