//! Turns a panic of the database under us into an error.
//!
//! redb asserts what its own writes guarantee; a damaged file breaks such guarantees. The database
//! that panicked is not used again for anything but reading, whose results are checked, or it is
//! dropped, in here too.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether a panic on this thread is caught here and reported as an error.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `call`; the text of its panic if it panics.
pub(super) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    silence_contained_panics();
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    CONTAINED.set(before);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("it gave no reason").to_owned()
    })
}

/// A contained panic is an error with a name; printing it as a crash besides would only frighten.
/// All other panics go to whatever hook was there.
fn silence_contained_panics() {
    static INSTALLED: Once = Once::new();
    if std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |panic| {
            if !CONTAINED.get() {
                previous(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text_and_the_thread_goes_on() {
        assert_eq!(catch(|| 7), Ok(7));
        let number = 3;
        let formatted = catch(|| -> u8 { panic!("page {number} is odd") });
        assert_eq!(formatted, Err("page 3 is odd".to_owned()));
        let fixed = catch(|| -> u8 { panic!("odd") });
        assert_eq!(fixed, Err("odd".to_owned()));
        assert!(!CONTAINED.get());
    }
}
