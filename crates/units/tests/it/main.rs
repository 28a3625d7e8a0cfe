//! The exact numbers against an independent big-number library, over all of their range.

mod arithmetic;
mod bytes;
mod ids;
mod kinds;
mod ratio;
mod reference;
mod text;
mod time;
mod wide;
