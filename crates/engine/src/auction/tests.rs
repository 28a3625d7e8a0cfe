//! Tests of the auctions' arithmetic.
