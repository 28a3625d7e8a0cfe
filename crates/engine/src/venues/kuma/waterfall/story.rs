//! One case told hop by hop.
