//! What the watch itself must do; its soundness is tested from outside, over whole histories.
