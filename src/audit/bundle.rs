//! Entry bundles: the entries themselves, each behind its length (c2sp.org/tlog-tiles).
//!
//! A batch that waits for its place in the tree is written alike, only with any number of entries.

use crate::audit::merkle::{Hash, leaf_hash};

/// Longest entry of any bundle, in bytes; ours are much shorter.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// What is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_ENTRY`].
    #[error("an entry has at most {MAX_ENTRY} bytes, not {0}")]
    TooLong(usize),
    /// It ends within an entry.
    #[error("the bundle ends within entry {0}")]
    Cut(usize),
    /// Not as many entries as it should hold.
    #[error("the bundle holds {found} entries, not {width}")]
    WrongCount {
        /// How many it should hold.
        width: usize,
        /// How many it holds.
        found: usize,
    },
}

/// Writes `entries`, each as its length (2 bytes, big-endian) and its bytes.
///
/// # Errors
///
/// [`Error::TooLong`] for an entry.
pub fn write<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| Error::TooLong(entry.len()))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle or batch, however many.
///
/// # Errors
///
/// [`Error::Cut`] if the last one is not whole.
pub fn entries(mut bytes: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let cut = Error::Cut(entries.len());
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(cut.clone())?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(cut)?;
        entries.push(entry);
        bytes = rest;
    }
    Ok(entries)
}

/// The entries of a bundle that holds `width` of them.
///
/// # Errors
///
/// [`Error::Cut`], or [`Error::WrongCount`] for more or fewer.
pub fn read(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, Error> {
    let entries = entries(bytes)?;
    let width = usize::from(width);
    if entries.len() != width {
        return Err(Error::WrongCount { width, found: entries.len() });
    }
    Ok(entries)
}

/// The leaf hashes of these entries.
#[must_use]
pub fn leaf_hashes(entries: &[&[u8]]) -> Vec<Hash> {
    entries.iter().map(|entry| leaf_hash(entry)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::audit::vectors::{entries as published, hex_hashes, text as vector, vectors};

    #[test]
    fn the_published_bundles_are_ours() {
        let three = hex::decode(vector("/entry_bundle_p3_hex")).unwrap();
        let all = published();
        let all: Vec<&[u8]> = all.iter().map(String::as_bytes).collect();
        let decimals: Vec<String> = (0..256).map(|number| number.to_string()).collect();

        assert_eq!(write(all[..3].iter().copied()), Ok(three.clone()));
        assert_eq!(read(&three, 3).unwrap(), all[..3]);
        assert_eq!(leaf_hashes(&all), hex_hashes(&vectors()["leaf_hashes"]));
        let bundle = write(decimals.iter().map(String::as_bytes)).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, &bundle);
        let published = "94693d5c6d6a0355ec07bac8214516c1ce6a5100b0588f226fd95f26571157d7";
        assert_eq!((bundle.len(), &hex::encode(digest)[..]), (1170, published));
    }

    #[test]
    fn a_bundle_of_another_width_or_with_a_cut_entry_is_refused() {
        let three = hex::decode(vector("/entry_bundle_p3_hex")).unwrap();

        assert_eq!(read(&three, 2), Err(Error::WrongCount { width: 2, found: 3 }));
        assert_eq!(read(&three, 256), Err(Error::WrongCount { width: 256, found: 3 }));
        assert_eq!(read(&[], 1), Err(Error::WrongCount { width: 1, found: 0 }));
        assert_eq!(read(&three[..three.len() - 1], 3), Err(Error::Cut(2)));
        assert_eq!(read(&[&three[..], &[0]].concat(), 3), Err(Error::Cut(3)));
        assert_eq!(read(&[0xff, 0xff, 1], 1), Err(Error::Cut(0)));
        assert_eq!(read(&[0, 0], 1), Ok(vec![&b""[..]]));
    }

    #[test]
    fn an_entry_that_is_too_long_is_refused_when_it_is_written() {
        let longest = vec![7; MAX_ENTRY];
        let longer = vec![7; MAX_ENTRY + 1];

        assert_eq!(read(&write([&longest[..]]).unwrap(), 1).unwrap(), [longest]);
        assert_eq!(write([&b"a"[..], &longer]), Err(Error::TooLong(MAX_ENTRY + 1)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(prop_oneof![Just(0), 0..4u8, any::<u8>()], 0..60)) {
            if let Ok(entries) = entries(&bytes) {
                prop_assert_eq!(write(entries), Ok(bytes));
            }
        }

        #[test]
        fn what_is_written_is_read(made in vec(vec(any::<u8>(), 0..40), 0..300)) {
            let bytes = write(made.iter().map(Vec::as_slice)).unwrap();

            prop_assert_eq!(entries(&bytes).unwrap(), made);
        }
    }
}
