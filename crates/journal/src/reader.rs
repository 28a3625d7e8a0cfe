//! Reading records back, each one checked: its format and checksum, its place in the chain, and
//! that time does not go back. In bounded memory whatever the journal's length.

use crate::batch::{Batch, Bounds};
use crate::envelope::{Head, Record, check_follows, decode};
use crate::error::{Corruption, JournalError};
use crate::log::Log;

/// How much is read at a time: enough to make a storage's lookup disappear in the noise.
const READ_AHEAD: Bounds = Bounds {
    records: 4096,
    bytes: 1 << 20,
    payload_bytes: usize::MAX,
};

/// Reads a log's records in order.
#[derive(Debug)]
pub struct Reader<'l> {
    log: &'l dyn Log,
    /// The last record read.
    head: Head,
    /// Where to stop: the log's last record when reading began.
    last: u64,
    batch: Batch,
    /// How many records of the batch were read.
    taken: usize,
}

impl<'l> Reader<'l> {
    /// Reads from the first record on.
    #[must_use]
    pub fn new(log: &'l dyn Log) -> Self {
        Self::after(log, Head::genesis())
    }

    /// Reads the records after `head`, which the caller trusts (a snapshot's, or one read before).
    #[must_use]
    pub fn after(log: &'l dyn Log, head: Head) -> Self {
        Self {
            log,
            head,
            last: log.last(),
            batch: Batch::starting_at(head.next()),
            taken: 0,
        }
    }

    /// Reads from record `sequence` on (from the first, for 0; nothing, beyond the last). The
    /// record before it is read too, for its hash.
    ///
    /// # Errors
    /// As [`Reader::next_record`], about the record before.
    pub fn from(log: &'l dyn Log, sequence: u64) -> Result<Self, JournalError> {
        if sequence <= 1 {
            return Ok(Self::new(log));
        }
        let head = head_at(log, log.last().min(sequence - 1))?;
        Ok(Self::after(log, head))
    }

    /// The last record read; what the next must follow.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The next record, or `None` after the last. After an error the same error again: there is no
    /// reading past a damaged record.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] or [`JournalError::UnknownVersion`], naming the record;
    /// [`JournalError::Closed`].
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, JournalError> {
        if self.head.sequence >= self.last {
            return Ok(None);
        }
        let sequence = self.head.next();
        if self.taken >= self.batch.len() {
            self.log.read(sequence, &READ_AHEAD, &mut self.batch)?;
            self.taken = 0;
        }
        let Some(bytes) = self.batch.get(self.taken) else {
            return Err(Corruption::missing(sequence).into());
        };
        let record = decode(sequence, bytes)?;
        check_follows(&self.head, &record)?;
        self.head = record.head();
        self.taken += 1;
        Ok(Some(record))
    }

    /// The bytes of the last record read.
    pub(crate) fn bytes(&self) -> &[u8] {
        let last = self.taken.checked_sub(1);
        last.and_then(|index| self.batch.get(index))
            .unwrap_or_default()
    }

    /// Gives every record from here on to `visit`, until one fails.
    ///
    /// # Errors
    /// As [`Reader::next_record`], and what `visit` returns.
    pub fn for_each<E: From<JournalError>>(
        &mut self,
        mut visit: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(record) = self.next_record()? {
            visit(&record)?;
        }
        Ok(())
    }
}

/// The head of the chain that ends with record `sequence`, which is checked by itself; the genesis
/// head for 0.
///
/// # Errors
/// As [`Reader::next_record`].
pub fn head_at(log: &dyn Log, sequence: u64) -> Result<Head, JournalError> {
    if sequence == 0 {
        return Ok(Head::genesis());
    }
    let one = Bounds {
        records: 1,
        ..READ_AHEAD
    };
    let mut batch = Batch::default();
    log.read(sequence, &one, &mut batch)?;
    let bytes = batch.get(0).ok_or_else(|| Corruption::missing(sequence))?;
    Ok(decode(sequence, bytes)?.head())
}

/// Checks a whole log, records first and then the storage's own structure, and gives every record
/// to `visit` on the way. Changes nothing. Returns the head of the chain.
///
/// # Errors
/// The first thing found wrong, or what `visit` returns.
pub fn verify<E: From<JournalError>>(
    log: &mut dyn Log,
    visit: impl FnMut(&Record<'_>) -> Result<(), E>,
) -> Result<Head, E> {
    verify_after(log, Head::genesis(), visit)
}

/// [`verify`] for the records after `head`, which the caller trusts.
///
/// # Errors
/// As [`verify`].
pub fn verify_after<E: From<JournalError>>(
    log: &mut dyn Log,
    head: Head,
    visit: impl FnMut(&Record<'_>) -> Result<(), E>,
) -> Result<Head, E> {
    let mut reader = Reader::after(log, head);
    reader.for_each(visit)?;
    let head = reader.head();
    log.check_storage()?;
    Ok(head)
}
