//! Scenarios through the engine: prices, people, agents, replay, reports.
//!
//! A [`scenario::Scenario`] says what happens; [`replay::Replay`] loads its [`prices`], draws its
//! [`population`] and runs everything through one `plimsoll_engine::Engine`; [`results::Results`]
//! is what came out, and [`report`] shows it. The engine decides in integers; floats appear here
//! only to draw random sizes (through `libm`, the same everywhere) and to draw pictures.
//!
//! Invariants: same scenario, prices and seed, same bytes; no clock is read; every command of a
//! replay passes one place, where it is recorded before it is applied.

pub mod collect;
pub mod compare;
pub mod crowd;
pub mod depth;
pub mod design;
pub mod episodes;
pub mod funding;
pub mod lessons;
pub mod options;
pub mod people;
pub mod pools;
pub mod population;
pub mod prices;
pub mod random;
pub mod replay;
pub mod report;
pub mod results;
pub mod scenario;
pub mod stress;
pub mod sweep;
pub mod tables;
pub mod waterfall;
