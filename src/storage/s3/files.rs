//! Credentials and roots, from files that are read anew when they change; one that cannot be used changes nothing.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use zeroize::Zeroizing;

use crate::storage::{Error, LocationId, s3::access::Access};

/// A file, and the last of its contents that could be used.
#[derive(Debug)]
pub(super) struct Watched<T> {
    location: LocationId,
    path: PathBuf,
    read: fn(&Path) -> Result<T, String>,
    kept: Mutex<Kept<T>>,
}

#[derive(Debug)]
struct Kept<T> {
    value: T,
    /// Of the file that was looked at last, whether it could be used or not.
    stamp: Option<Stamp>,
    /// How often the value was replaced.
    turn: u64,
}

/// By what a changed file is known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl<T: Clone> Watched<T> {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`] with what is wrong with it.
    pub(super) fn open(
        location: &LocationId,
        path: &Path,
        read: fn(&Path) -> Result<T, String>,
    ) -> Result<Self, Error> {
        let stamp = stamp(path).ok();
        let unusable = |why| Error::Unusable { path: path.to_owned(), why };
        let kept = Mutex::new(Kept { value: read(path).map_err(unusable)?, stamp, turn: 0 });
        Ok(Self { location: location.clone(), path: path.to_owned(), read, kept })
    }

    /// What the file holds now, and how often that was replaced; what it held before if it cannot be used.
    pub(super) fn current(&self) -> (u64, T) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken before the file is read: whoever writes meanwhile gives it another.
        let stamp = stamp(&self.path).ok();
        if stamp != kept.stamp {
            kept.stamp = stamp;
            let (location, path) = (&self.location, self.path.display());
            match (self.read)(&self.path) {
                Ok(value) => {
                    (kept.value, kept.turn) = (value, kept.turn + 1);
                    tracing::info!(%location, %path, "read anew: it is used from now on");
                }
                Err(why) => {
                    tracing::error!(%location, %path, why, "cannot be used: what it held before is");
                }
            }
        }
        (kept.turn, kept.value.clone())
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    Ok(Stamp {
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// The key's id and its secret, a line each, in a file that nobody else may read.
pub(super) fn access(path: &Path) -> Result<Access, String> {
    let mode = fs::metadata(path).map_err(|error| error.to_string())?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(format!("it has mode {mode:04o}: others can read it; chmod 0600"));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| error.to_string())?);
    let mut lines = text.lines().map(str::trim);
    match (lines.next(), lines.next()) {
        (Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => {
            Ok(Access { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
        }
        _ => Err("it needs the key's id and its secret, a line each".to_owned()),
    }
}

/// The authorities in a file of PEM; none if it is empty.
pub(super) fn roots(path: &Path) -> Result<Arc<RootCertStore>, String> {
    let pem = fs::read(path).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| "it is no PEM".to_owned())?;
        roots.add(certificate).map_err(|_| "a certificate in it is no authority's".to_owned())?;
    }
    if roots.is_empty() && !pem.trim_ascii().is_empty() {
        return Err("it is no PEM".to_owned());
    }
    Ok(Arc::new(roots))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(path: &Path, text: &str, mode: u32) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_changed_file_is_used_at_once_and_one_that_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (path, location) = (folder.path().join("access"), "paris".parse().unwrap());
        write(&path, "first\nsecret\n", 0o600);
        let watched = Watched::open(&location, &path, access).unwrap();
        let id = || {
            let (turn, access) = watched.current();
            (turn, access.id)
        };
        assert_eq!(id(), (0, "first".to_owned()));

        for (text, mode) in [("no secret", 0o600), ("", 0o600), ("other\nsecret\n", 0o640)] {
            write(&path, text, mode);
            assert_eq!(id(), (0, "first".to_owned()), "{text:?} {mode:o}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(id(), (0, "first".to_owned()), "no file at all");
        write(&path, "second\nsecret\n", 0o600);

        assert_eq!(id(), (1, "second".to_owned()));
        assert_eq!(id(), (1, "second".to_owned()), "it is read once");
    }

    #[test]
    fn what_cannot_be_used_at_first_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let (path, location) = (folder.path().join("file"), "paris".parse().unwrap());
        let access_of = |text: &str, mode| {
            write(&path, text, mode);
            Watched::open(&location, &path, access).map(drop).unwrap_err().to_string()
        };

        assert!(access_of("id\nsecret", 0o644).contains("chmod 0600"));
        assert!(access_of("id\n", 0o600).contains("a line each"));
        write(&path, "not PEM", 0o600);
        assert!(Watched::open(&location, &path, roots).is_err());
        assert!(Watched::open(&location, &folder.path().join("none"), roots).is_err());
    }
}
