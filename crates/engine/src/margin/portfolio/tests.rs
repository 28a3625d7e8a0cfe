//! Tests of portfolio margin.
