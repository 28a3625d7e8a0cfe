//! A small comparison as text; UPDATE_EXPECT=1 writes it anew.

use expect_test::expect_file;

use crate::{FIVE, ran, small};

#[test]
fn a_small_comparison_reads_as_it_did() {
    let compared = ran(&small(60, &FIVE), 2);
    let mut text = plimsoll_sim::compare::text(&compared);
    text.push('\n');
    for line in &compared.matching {
        text.push_str(line);
        text.push('\n');
    }
    let mut csv = Vec::new();
    plimsoll_sim::compare::csv(&compared, &mut csv).unwrap();
    text.push_str(&String::from_utf8(csv).unwrap());
    expect_file!["small.txt"].assert_eq(&text);
}
