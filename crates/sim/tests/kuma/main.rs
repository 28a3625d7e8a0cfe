//! The Kuma venue in scenarios and replays.

mod crowd;
mod depth;
mod funding;
mod replayed;
mod scenario;
