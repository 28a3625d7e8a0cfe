//! When cases are opened.
