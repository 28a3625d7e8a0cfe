//! The liquidation service: what happens to a wallet below its requirement, and to what the
//! insurance fund takes over from it.
//!
//! On the venue this is an off-chain service whose every step is one of the contracts' functions.
//! Here it is a procedure of shared stages ([`crate::liquidation::stages`]) in the order of the
//! configuration, carried out with the same functions: so everything the contracts check is
//! checked at every hop, and a hop they refuse has not happened.
//!
//! * `config`: the procedure, its options, the presets `kuma` and `kuma-plus`;
//! * `serve`: a wallet's case walks the procedure; what the fund still holds walks the rest of it
//!   again, later;
//! * `subject`: the wallet as the stages see it; `take`, `hand_off`, `book`, `reduce`,
//!   `deleverage`: one hop each; `holding`: what became of each piece;
//! * `desk`: partners, their orders and quotes, the fund's orders; `command`, `event`, `refusal`;
//! * `story`: one case told hop by hop.
//!
//! A case is about the wallet and is closed when the wallet is; what the fund holds of it goes on
//! under the case's number until nothing is left.
//!
//! Laws (tests): quote balances and the sizes of a market keep their sums; a wallet that was
//! taken over is empty; no partner gets worse than it signed or more than it offered; every piece
//! is accounted for at every moment.

mod adopt;
mod book;
mod command;
mod config;
mod deleverage;
mod desk;
mod event;
mod hand_off;
mod holding;
mod ranks;
mod reduce;
mod refusal;
mod serve;
mod state;
mod story;
mod subject;
mod take;

pub use command::{OffsetQuote, ServiceCommand, SignedQuote};
pub use config::{FundOrders, STAGES_MAX, Service};
pub use event::{Amounts, ServiceEvent, Why};
pub use holding::{Holding, Piece, Tally};
pub use ranks::Rank;
pub use refusal::ServiceRefusal;
pub use state::Waterfall;

pub(super) use state::Note;
