//! The crowd: fitted tables, and the wallets drawn from them.

use std::path::{Path, PathBuf};

use plimsoll_sim::crowd::{Crowd, MARKETS_HELD_MAX};
use plimsoll_sim::tables::TableError;

fn positions() -> Option<PathBuf> {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/positions"
    ));
    if path.is_dir() {
        return Some(path.to_owned());
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

#[test]
fn the_bundled_tables_are_those_of_the_files() {
    let Some(directory) = positions() else { return };
    let mut fitted = Crowd::read(&directory).unwrap();
    let bundled = Crowd::bundled().unwrap();
    println!("{fitted:#?}");
    fitted.source.clone_from(&bundled.source);
    assert_eq!(fitted, bundled);
}

#[test]
fn a_table_has_one_to_four_markets() {
    let held = Crowd::bundled().unwrap().markets_held;
    assert_eq!(held.len(), MARKETS_HELD_MAX);
}

#[test]
fn a_directory_without_the_files_says_which() {
    let empty = tempfile::tempdir().unwrap();
    let refused = Crowd::read(empty.path()).unwrap_err();
    assert!(matches!(refused, TableError::Missing { .. }), "{refused}");
}
