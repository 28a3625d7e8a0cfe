//! The page of a comparison: its structure, and the hazards.

use super::{fixture, render};

#[test]
#[ignore = "writes the page to be looked at in a browser"]
fn page_to_look_at() {
    let path = std::env::temp_dir().join("plimsoll-comparison.html");
    std::fs::write(&path, render(&fixture::seven())).expect("a file can be written");
    println!("{}", path.display());
}
