//! Designs as files: the presets, what does not fit, bad input, compositions.

mod compositions;
mod documented;
mod garbage;
mod misfits;
mod presets;
