//! Vectors that hold most of the engine's memory, grown by an eighth instead of doubled.
//!
//! A doubled vector is a quarter empty on average and half empty at worst, for every account.
//! Growing by an eighth moves each element about eight times instead of once, but large blocks
//! are moved by their page tables, not copied.

/// The least room added at once.
const LEAST: usize = 64;

/// Appends, with room for an eighth more when the vector is full.
pub(crate) fn push<T>(vec: &mut Vec<T>, value: T) {
    reserve(vec, 1);
    vec.push(value);
}

/// Extends to `len` elements, at least, with `value`.
pub(crate) fn extend_to<T: Clone>(vec: &mut Vec<T>, len: usize, value: T) {
    if let Some(more) = len.checked_sub(vec.len()) {
        reserve(vec, more);
        vec.resize(len, value);
    }
}

fn reserve<T>(vec: &mut Vec<T>, more: usize) {
    if vec.capacity().saturating_sub(vec.len()) < more {
        let eighth = vec.len().wrapping_shr(3).max(LEAST);
        vec.reserve_exact(eighth.max(more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_an_eighth_is_empty() {
        let mut vec = Vec::new();
        for value in 0..100_000u32 {
            push(&mut vec, value);
            assert!(vec.capacity() <= vec.len() + (vec.len() / 8).max(LEAST));
        }
        extend_to(&mut vec, 100_001, 7);
        assert_eq!((vec.len(), vec[99_999], vec[100_000]), (100_001, 99_999, 7));
        extend_to(&mut vec, 5, 7);
        assert_eq!(vec.len(), 100_001);
    }
}
