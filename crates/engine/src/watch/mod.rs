//! The watch (being built).
