//! Printing to standard output, where the reader may leave early (`| head`).

use std::io::{ErrorKind, Write};

/// Prints a line; see [`write`].
macro_rules! say {
    ($($arg:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($arg)*)))
    };
}
pub(crate) use say;

/// Writes to standard output. A reader that has left ends the program quietly, as it does other
/// filters; any other failure ends it with a message.
pub(crate) fn write(text: std::fmt::Arguments<'_>) {
    let Err(error) = std::io::stdout().lock().write_fmt(text) else {
        return;
    };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    eprintln!("error: cannot write to standard output: {error}");
    std::process::exit(2);
}
