//! One account's liquidation, from trigger to close.
//!
//! Every venue's mechanism is the same walk: **trigger -> lock -> stages, until restored or
//! exhausted -> settlement**. A [`Case`] is one such walk; a procedure is an ordered list of
//! [`Stage`]s; a stage sees the account only through the small [`Subject`] trait, so the same
//! stage serves accounts of very different kinds. What differs between venues is data.
//!
//! Invariants:
//! * a case is opened only when the venue's exact rule says so at that moment, and its
//!   [`Trigger`] keeps the numbers that said so;
//! * every case is closed exactly once, with an [`Outcome`];
//! * a stage either does all it announces or fails with a rejection, and then nothing of the case
//!   has happened.

mod case;
mod procedure;
pub mod stages;
pub mod story;
mod subject;

pub use case::{BlockedReason, Case, CaseEvent, Outcome, Rule, StageKind, Target, Trigger};
pub use procedure::{Walked, walk};
pub use stages::{Stage, Step};
pub use subject::{
    Acquired, Close, Closed, Disposed, Health, Lot, Offered, Payee, Portion, Reducible, Repayment,
    Subject, Whose,
};
