//! The shape of real books, and files that are none.

use std::path::{Path, PathBuf};

use plimsoll_sim::depth::{REFERENCE_BPS, Shape};

/// The three books of the bundled shape.
fn books() -> Option<Vec<PathBuf>> {
    let directory = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/orderbook"
    ));
    if !directory.is_dir() {
        eprintln!("skipped: {} is not there", directory.display());
        return None;
    }
    let names = [
        "binance_perp_BTCUSDT_2024-08-08T2354Z_depth1000_snapshot.csv.gz",
        "binance_perp_ETHUSDT_2024-08-08T2354Z_depth1000_snapshot.csv.gz",
        "bitmex_XBTUSD_2021-07-22_L2_full_snapshot.csv.gz",
    ];
    Some(names.map(|name| directory.join(name)).to_vec())
}

#[test]
fn the_bundled_shape_is_that_of_the_books() {
    let Some(books) = books() else { return };
    assert_eq!(
        Shape::read(&books).unwrap().points(),
        Shape::bundled().points()
    );
}

#[test]
fn the_bundled_shape_rises_and_is_one_at_the_reference() {
    let shape = Shape::bundled();
    let rising = |w: &[(u32, u32)]| w[0].0 < w[1].0 && w[0].1 <= w[1].1;
    assert!(shape.points().windows(2).all(rising));
    assert!(shape.points().contains(&(REFERENCE_BPS, 1_000_000)));
}

fn check_refused(text: &str, why: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("book.csv");
    std::fs::write(&path, text).unwrap();
    let refused = Shape::read(&[path]).unwrap_err().to_string();
    assert!(refused.contains(why), "{refused}");
}

#[test]
fn files_that_are_no_books_are_refused_with_the_reason() {
    for (text, why) in [
        ("", "there is no column \"side\""),
        ("side,price\nbid,1\n", "there is no column \"size_usd\""),
        ("side,price,qty\nbid,1,1\n", "a side of the book is empty"),
        (
            "side,price,qty\nbid,1,1\nask,1,1\n",
            "the best bid is not below the best ask",
        ),
        (
            "side,price,qty\nup,1,1\n",
            "line 2: side \"up\" is neither bid nor ask",
        ),
        (
            "side,price,qty\nbid,x,1\n",
            "line 2: price \"x\" is not a number",
        ),
        (
            "side,price,qty\nbid,1,-2\n",
            "line 2: qty \"-2\" is not positive",
        ),
        (
            "side,price,qty\nbid,99.95,1\nask,100.05,1\n",
            "the bids reach only 5 basis points from the middle, 20 are needed",
        ),
    ] {
        check_refused(text, why);
    }
    assert!(Shape::read(&[]).is_err());
}

#[test]
fn of_several_books_in_a_file_the_first_counts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("books.csv");
    let text = "time_ms,side,level,price,size\n\
                1,bid,1,99.9,1\n1,bid,2,99,1\n1,ask,1,100.1,1\n1,ask,2,101,1\n\
                2,bid,1,99.9,1000\n2,bid,2,99,1\n2,ask,1,100.1,1\n2,ask,2,101,1\n";
    std::fs::write(&path, text).unwrap();
    let shape = Shape::read(&[path]).unwrap();
    // Equal sizes at 10 and 100 basis points, both sides.
    let at = |bps| shape.points().iter().find(|p| p.0 == bps).unwrap().1;
    assert_eq!((at(5), at(10), at(75)), (0, 1_000_000, 1_000_000));
    assert!(at(100) > 1_980_000, "{}", at(100));
}
