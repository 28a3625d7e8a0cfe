//! A rolling window against the plain list of what was added.

use proptest::prelude::*;

use super::*;

#[test]
fn a_window_forgets_what_is_older_than_itself_and_not_before() {
    let mut window = Window::default();
    let length = Duration(64_000);
    window.add(Timestamp(1_000), length, 5).unwrap();
    window.add(Timestamp(1_999), length, 6).unwrap();
    window.add(Timestamp(2_000), length, 7).unwrap();
    let spent = |at| window.spent(Timestamp(at), length);
    assert_eq!(spent(2_000), Ok(18));
    // Both of the first second leave together, when the later could.
    assert_eq!(spent(65_998), Ok(18));
    assert_eq!(spent(65_999), Ok(7));
    assert_eq!(spent(66_999), Ok(0));
}

#[test]
fn a_window_of_no_length_holds_nothing() {
    let mut window = Window::default();
    window.add(Timestamp(10), Duration::ZERO, 5).unwrap();
    assert_eq!(window.spent(Timestamp(10), Duration::ZERO), Ok(0));
}

#[test]
fn a_sum_beyond_128_bits_is_an_error() {
    let mut window = Window::default();
    let length = Duration(10);
    window.add(Timestamp(1), length, i128::MAX).unwrap();
    let again = window.add(Timestamp(1), length, 1);
    assert_eq!(again, Err(ArithmeticError::Overflow));
    window.add(Timestamp(2), length, 1).unwrap();
    let spent = window.spent(Timestamp(2), length);
    assert_eq!(spent, Err(ArithmeticError::Overflow));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Never below the exact sum of the window, never above that of a window one part longer;
    /// however many amounts, the entries are bounded.
    #[test]
    fn the_sum_is_that_of_a_plain_list(
        length in 1..5_000i64,
        steps in prop::collection::vec((0..40i64, 0..100i128), 1..400),
    ) {
        let (mut window, mut plain, mut now) = (Window::default(), Vec::new(), 0);
        for (wait, amount) in steps {
            now += wait;
            window.add(Timestamp(now), Duration(length), amount).unwrap();
            plain.push((now, amount));
            let exact = |length: i64| -> i128 {
                plain.iter().filter(|(at, _)| now - at < length).map(|(_, a)| a).sum()
            };
            let spent = window.spent(Timestamp(now), Duration(length)).unwrap();
            let longer = length + (length / PARTS).max(1);
            prop_assert!((exact(length)..=exact(longer)).contains(&spent));
            prop_assert!(window.entries.len() <= ENTRIES_MAX);
        }
    }
}
