//! A file that arrives: under a temporary name until all of it is there, then under its own, never in between.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::cli::{
    client::{Answer, Broken},
    error::{Error, Exit},
    progress::Progress,
    terminal::clean,
};

/// Which bytes a part holds the beginning of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// What was asked for.
    pub path: String,
    /// The validator of exactly these bytes.
    pub etag: String,
}

/// A file on its way to `path`.
pub struct Arrival {
    path: PathBuf,
    part: PathBuf,
    file: File,
    digest: Context,
    length_bytes: u64,
}

impl Arrival {
    /// Opens the part for `path`, taking up what an earlier attempt left.
    ///
    /// # Errors
    ///
    /// If `path` is there and must stay, another process fetches to it, or the folder cannot be written.
    pub fn open(path: &Path, overwrite: Overwrite) -> Result<Self, Error> {
        let unwritable = |error| {
            Error::new(Exit::Failed, "file-unwritable").with("path", path.display()).because(error)
        };
        if overwrite == Overwrite::Never && path.symlink_metadata().is_ok() {
            return Err(Error::new(Exit::Failed, "file-exists").with("path", path.display()));
        }
        let name =
            path.file_name().ok_or(Error::usage("not-a-file").with("path", path.display()))?;
        let part = path.with_file_name(format!(".{}.part", name.to_string_lossy()));
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&part).map_err(unwritable)?;
        if file.try_lock().is_err() {
            return Err(Error::new(Exit::Failed, "fetched-already").with("path", path.display()));
        }
        let digest = Context::new(&SHA256);
        Ok(Self { path: path.to_owned(), part, file, digest, length_bytes: 0 })
    }

    /// What an earlier attempt left: how many bytes, and of what. Nothing if it cannot be gone on from.
    #[must_use]
    pub fn left(&self) -> Option<(u64, Origin)> {
        let length = self.file.metadata().ok()?.len();
        let origin = serde_json::from_slice(&fs::read(self.origin_path()).ok()?).ok()?;
        (length > 0).then_some((length, origin))
    }

    /// Goes on behind what an earlier attempt left, which is read once more for the digest.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn resume(&mut self, length_bytes: u64) -> Result<(), Error> {
        let read = (|| {
            self.file.set_len(length_bytes)?;
            self.file.seek(SeekFrom::Start(0))?;
            let mut piece = vec![0; 256 * 1024];
            loop {
                match self.file.read(&mut piece)? {
                    0 => return self.file.metadata().map(|metadata| metadata.len()),
                    count => self.digest.update(&piece[..count]),
                }
            }
        })();
        self.length_bytes = read.map_err(|error| self.unwritable(error))?;
        Ok(())
    }

    /// Begins anew; remembers `origin`, so that a later attempt can go on from here.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written.
    pub fn restart(&mut self, origin: Option<&Origin>) -> Result<(), Error> {
        let done = (|| {
            self.digest = Context::new(&SHA256);
            self.length_bytes = 0;
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            match origin {
                Some(origin) => {
                    let text = serde_json::to_vec(origin).expect("it is two texts");
                    crate::cli::profile::replace(&self.origin_path(), &text)
                }
                None => remove(&self.origin_path()),
            }
        })();
        done.map_err(|error| self.unwritable(error))
    }

    /// Writes what `answer` brings. If it breaks off, what arrived stays for a later attempt if it can be gone on from.
    ///
    /// # Errors
    ///
    /// [`Exit::Later`] if it broke off.
    pub async fn take(&mut self, answer: Answer, progress: &Progress) -> Result<(), Error> {
        let file = self.file.try_clone().map_err(|error| self.unwritable(error))?;
        let mut writer = tokio::fs::File::from_std(file);
        let taken = answer.copy_to(&mut writer, &mut self.digest, progress).await;
        progress.finish();
        match taken {
            Ok(count) => {
                self.length_bytes += count;
                Ok(())
            }
            Err(Broken::Write(error)) => Err(self.unwritable(error)),
            Err(Broken::Answer(error)) if self.origin_path().exists() => {
                Err(Error::new(Exit::Later, "cut-resume").because(error))
            }
            Err(Broken::Answer(error)) => {
                self.abandon();
                Err(error.into())
            }
        }
    }

    /// SHA-256 of all that is here.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let digest = self.digest.clone().finish();
        digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// How much is here, in bytes.
    #[must_use]
    pub fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// Puts the file in its place, durably.
    ///
    /// # Errors
    ///
    /// If that fails; then nothing stands in its place that did not before.
    pub fn finish(self) -> Result<(), Error> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let placed = (|| {
            self.file.sync_all()?;
            fs::rename(&self.part, &self.path)?;
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            remove(&self.origin_path())
        })();
        placed.map_err(|error| self.unwritable(error))
    }

    /// Forgets what arrived.
    pub fn abandon(&self) {
        let _ = remove(&self.part);
        let _ = remove(&self.origin_path());
    }

    fn origin_path(&self) -> PathBuf {
        self.part.with_extension("part.json")
    }

    fn unwritable(&self, error: io::Error) -> Error {
        let told = Error::new(Exit::Failed, "file-unwritable").because(error);
        told.with("path", self.path.display())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays.
    Never,
    /// It is replaced once the new one is whole.
    Replace,
}

impl Overwrite {
    /// As `--force` says.
    #[must_use]
    pub fn forced(force: bool) -> Self {
        if force { Self::Replace } else { Self::Never }
    }
}

/// The file name that `Content-Disposition` proposes (RFC 6266), made harmless: one segment, visible, not too long.
#[must_use]
pub fn proposed_name(disposition: &str) -> Option<String> {
    let parameter = |name: &str| {
        let mut parts = disposition.split(';').skip(1).map(str::trim);
        parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let extended = parameter("filename*").and_then(|value| {
        let encoded = value.get(..7).filter(|start| start.eq_ignore_ascii_case("utf-8''"));
        encoded.and_then(|_| unescape(&value[7..]))
    });
    let name = extended.or_else(|| {
        parameter("filename").map(|value| value.trim_matches('"').replace("\\\"", "\""))
    })?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = clean(last).chars().filter(|c| *c != '\n' && *c != '\u{fffd}').collect();
    let mut harmless = shown.trim_start_matches('.').trim().to_owned();
    while harmless.len() > 200 {
        harmless.pop();
    }
    (!harmless.is_empty()).then_some(harmless)
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposed_name_is_one_visible_segment() {
        let check = |text: &str, name: Option<&str>| {
            assert_eq!(proposed_name(text).as_deref(), name, "{text}");
        };

        check("attachment; filename=\"a b.pdf\"", Some("a b.pdf"));
        check("attachment; filename=\"x\"; filename*=UTF-8''%C3%A9t%C3%A9.pdf", Some("été.pdf"));
        check("attachment; filename=\"../../.ssh/authorized_keys\"", Some("authorized_keys"));
        check("attachment; filename*=UTF-8''..%2F.bashrc", Some("bashrc"));
        check("attachment; filename*=UTF-8''a%E2%80%AEfdp.exe", Some("afdp.exe"));
        check("attachment; filename=\"..\"", None);
        check("inline", None);
    }

    #[test]
    fn what_is_there_stays_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "mine").unwrap();

        let refused = Arrival::open(&path, Overwrite::Never).err().unwrap();

        assert_eq!(refused.key, "file-exists");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_fetches_to_one_place_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");

        let first = Arrival::open(&path, Overwrite::Never).unwrap();
        let second = Arrival::open(&path, Overwrite::Never).err().unwrap();

        assert_eq!(second.key, "fetched-already");
        first.abandon();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_arrival_goes_on_from_what_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let origin = Origin { path: "d".to_owned(), etag: "\"v\"".to_owned() };
        let mut first = Arrival::open(&path, Overwrite::Never).unwrap();
        first.restart(Some(&origin)).unwrap();
        io::Write::write_all(&mut first.file, b"hello").unwrap();
        drop(first);

        let mut second = Arrival::open(&path, Overwrite::Never).unwrap();
        assert_eq!(second.left(), Some((5, origin)));
        second.resume(5).unwrap();

        assert_eq!(second.sha256(), ring::digest::digest(&SHA256, b"hello").as_ref());
        assert!(!path.exists());
        second.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"hello");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
