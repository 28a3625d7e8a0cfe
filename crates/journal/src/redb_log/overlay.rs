//! A redb storage that reads a file and keeps everything written to itself: redb may repair and
//! commit as it likes, the file stays as it is. This is how a journal is checked, also one that
//! was not closed in good order, which redb would refuse to open read-only.
//!
//! What is held in memory is the pages redb writes while it repairs: the header and its
//! allocator's tables, not the records.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::Mutex;

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

const PAGE_BYTES: u64 = 4096;

#[derive(Debug)]
pub(super) struct Overlay {
    file: FileBackend,
    file_bytes: u64,
    written: Mutex<Written>,
}

/// What was written over the file.
#[derive(Debug)]
struct Written {
    bytes: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// An overlay over `file`, which need only be readable.
    pub(super) fn new(file: File) -> Result<Self, DatabaseError> {
        let file = FileBackend::new(file)?;
        let file_bytes = file.len()?;
        let written = Mutex::new(Written {
            bytes: file_bytes,
            pages: BTreeMap::new(),
        });
        Ok(Self {
            file,
            file_bytes,
            written,
        })
    }

    fn written(&self) -> io::Result<std::sync::MutexGuard<'_, Written>> {
        self.written
            .lock()
            .map_err(|_| io::Error::other("an earlier panic left the overlay in doubt"))
    }

    /// Fills `out` from the file, with zeros beyond its end.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.file_bytes.saturating_sub(offset).min(out.len() as u64);
        let (inside, beyond) = out.split_at_mut(index(there)?);
        if !inside.is_empty() {
            self.file.read(offset, inside)?;
        }
        beyond.fill(0);
        Ok(())
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written()?.bytes)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written()?;
        let end = offset.saturating_add(out.len() as u64);
        if end > written.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_file(offset, out)?;
        let pages = offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES);
        for (page, bytes) in written.pages.range(pages) {
            let start = page * PAGE_BYTES;
            let (from, to) = (start.max(offset), (start + PAGE_BYTES).min(end));
            out[index(from - offset)?..index(to - offset)?]
                .copy_from_slice(&bytes[index(from - start)?..index(to - start)?]);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.written()?.bytes = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written()?;
        let end = offset.saturating_add(data.len() as u64);
        for page in offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES) {
            let start = page * PAGE_BYTES;
            if let std::collections::btree_map::Entry::Vacant(entry) = written.pages.entry(page) {
                let mut bytes = vec![0; index(PAGE_BYTES)?].into_boxed_slice();
                self.read_file(start, &mut bytes)?;
                entry.insert(bytes);
            }
            let (from, to) = (start.max(offset), (start + PAGE_BYTES).min(end));
            if let Some(bytes) = written.pages.get_mut(&page) {
                bytes[index(from - start)?..index(to - start)?]
                    .copy_from_slice(&data[index(from - offset)?..index(to - offset)?]);
            }
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    // Nothing is ever written, so every lock is a shared one: checkers share the file with each
    // other and keep a writer out, and a writer keeps them out.

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

fn index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    proptest! {
        /// The overlay reads like a plain buffer that took the same writes, and the file under it
        /// keeps its bytes.
        #[test]
        fn reads_what_was_written_and_leaves_the_file_alone(
            writes in prop::collection::vec((0_u64..20_000, 1_usize..9_000, any::<u8>()), 0..12),
            reads in prop::collection::vec((0_u64..20_000, 1_usize..9_000), 1..12),
        ) {
            let original: Vec<u8> = (0..12_345_u32).map(|i| i.to_le_bytes()[0]).collect();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&original).unwrap();
            let overlay = Overlay::new(File::open(file.path()).unwrap()).unwrap();
            overlay.set_len(30_000).unwrap();
            let mut naive = original.clone();
            naive.resize(30_000, 0);
            for (offset, length, byte) in writes {
                overlay.write(offset, &vec![byte; length]).unwrap();
                naive[offset as usize..offset as usize + length].fill(byte);
            }
            for (offset, length) in reads {
                let mut out = vec![0; length];
                overlay.read(offset, &mut out).unwrap();
                prop_assert_eq!(&out[..], &naive[offset as usize..offset as usize + length]);
            }
            prop_assert!(overlay.read(29_999, &mut [0; 2]).is_err());
            prop_assert_eq!(std::fs::read(file.path()).unwrap(), original);
        }
    }
}
