//! What happens to an account under its requirement, from the opening of its case to the last
//! piece that the acquirer took over from it.
//!
//! A case walks the design's procedure of shared stages ([`crate::liquidation::stages`]). What a
//! stage works on, its *inventory*, is in each market what the acquirer holds of the case, or,
//! where it holds nothing, the account's own position while the account is under its requirement.
//! So the same stage sells an account's position and the fund's.
//!
//! * `serve`: whose turn it is, how a walk ends, and how a case does; `subject`: the account as
//!   the stages see it;
//! * one file each for what stages do: `take` (acquire, reduce), `partners` (hand-off), `book`
//!   (close-on-book, hedge), `deleverage`, `auction`, `close` (confiscate, force-close,
//!   close-next-version, reward), `settle` (who pays what an account owes beyond what it has);
//! * `hand_over`: everything that changes hands; `what_if`: how little would be enough; `street`:
//!   the book; `state`: what is known of a case; `act`: the commands that are about cases.
//!
//! A case is about the account and is closed when the account is sound or has nothing left; what
//! the acquirer holds of it goes on under the case's number until it is gone.
//!
//! Laws (tests): a walk that fails leaves the case as it was, and says so; no case stays open on a
//! sound account; deleveraging takes nobody below its requirement nor to the other side; the fund
//! and the vault pay no more than their terms let them; what an account owes beyond what it has is
//! borne, to the pip, by the fund, the vault, those who share it, or nobody, and says by whom.

mod act;
mod auction;
mod book;
mod close;
mod deleverage;
mod hand_over;
mod partners;
mod serve;
mod settle;
mod state;
mod street;
mod subject;
mod take;
mod what_if;

pub use state::{Cases, File, Offering, Piece, Plan};
pub use street::{LEVELS_MAX, Quotes};

pub(super) use state::Note;
