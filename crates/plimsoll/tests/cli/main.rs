//! The command line as somebody uses it: the built program, its exit codes, what it prints, and
//! the files it leaves.

mod compare;
mod conform;
mod design;
mod explain;
mod help;
mod kuma;
mod kyan;
mod loans;
mod portfolios;
mod replay;
mod scenario;
mod sweep;
mod verify;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What a run came to.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// Everything to read, for an expectation, with the directory's name taken out.
    fn shown(&self, directory: &Path) -> String {
        let text = format!("{}{}[{}]\n", self.stdout, self.stderr, self.code);
        text.replace(&directory.display().to_string(), "DIR")
    }
}

fn program(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command
        .current_dir(directory)
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        // The help is as wide as the terminal says.
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

/// Runs `plimsoll` in a directory. A panic or a signal is a failure of whatever test this is.
fn plimsoll(directory: &Path, arguments: &[&str]) -> Ran {
    let output = program(directory, arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    assert!(
        [0, 1, 2].contains(&ran.code) && !ran.stderr.contains("panicked"),
        "{arguments:?} ended with {}: {}",
        ran.code,
        ran.stderr
    );
    ran
}

fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", name]
        .iter()
        .collect()
}

/// A file of ../shared, or nothing where that is not there.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = path.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// The small scenario, replayed once for all tests: `small.journal`, `out/`, and what was printed.
struct Fixture {
    directory: tempfile::TempDir,
    printed: String,
}

impl Fixture {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Rows of liquidations.csv; the scenario's names need no quotes.
    fn rows(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(self.path("out/liquidations.csv")).unwrap();
        let rows = text.lines().skip(1);
        rows.map(|row| row.split(',').map(str::to_owned).collect())
            .collect()
    }
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let scenario = data("small.toml");
        let arguments = [
            "replay",
            scenario.to_str().unwrap(),
            "--journal",
            "small.journal",
        ];
        let ran = plimsoll(directory.path(), &arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        Fixture {
            directory,
            printed: ran.stdout,
        }
    })
}

/// A copy of the recorded journal, to damage.
fn journal_copy(directory: &Path) -> PathBuf {
    let copy = directory.join("copy.journal");
    std::fs::copy(fixture().path("small.journal"), &copy).unwrap();
    copy
}

/// Where the payload of a record near the middle of a journal's records is in the file.
fn middle_of_a_record(bytes: &[u8]) -> usize {
    let magic = b"PLMJ";
    let found: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window == magic)
        .map(|(at, _)| at)
        .collect();
    found[found.len() / 2] + 70
}
