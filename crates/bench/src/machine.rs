//! What the numbers were measured on, and how much of the processor the measurement had.

use std::fs::read_to_string;

/// The processor's name and how many there are, as the system reports them.
#[must_use]
pub fn processor() -> String {
    let info = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{name}, {count} processors")
}

/// Nanoseconds this thread has run, and has waited for a processor while others had them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Share {
    ran: u64,
    waited: u64,
}

impl Share {
    /// Since the thread began; zero where the system does not say.
    #[must_use]
    pub fn now() -> Self {
        let text = read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let mut numbers = text.split_whitespace().map_while(|n| n.parse().ok());
        let (ran, waited) = (numbers.next(), numbers.next());
        Self {
            ran: ran.unwrap_or(0),
            waited: waited.unwrap_or(0),
        }
    }

    /// Percent of the time since `earlier` in which the thread wanted to run and did; `None` when
    /// the system does not say.
    #[must_use]
    pub fn percent_since(self, earlier: Self) -> Option<u64> {
        let (ran, waited) = (self.ran - earlier.ran, self.waited - earlier.waited);
        (100 * ran).checked_div(ran + waited)
    }
}
