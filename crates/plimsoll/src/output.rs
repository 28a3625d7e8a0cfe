//! Printing to standard output, where the reader may leave early (`| head`).

use std::io::{ErrorKind, Write};

/// Prints a line; see [`write()`].
macro_rules! say {
    ($($arg:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($arg)*)))
    };
}
pub(crate) use say;

/// Writes to standard output. A reader that has left is no error: the rest is dropped, and the
/// exit code stays the answer. Any other failure ends the program with a message.
pub(crate) fn write(text: std::fmt::Arguments<'_>) {
    let Err(error) = std::io::stdout().lock().write_fmt(text) else {
        return;
    };
    if error.kind() == ErrorKind::BrokenPipe {
        return;
    }
    eprintln!("error: cannot write to standard output: {error}");
    std::process::exit(2);
}
