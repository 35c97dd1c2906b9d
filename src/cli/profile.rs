//! What the command line remembers of a service between two commands: a folder of its own for each profile.
//!
//! `login.toml` (no secret in it), `ca.pem`, `token` (mode 0600), `policy` (the log's key, a tlog-policy) and
//! `checkpoint` (the newest that was seen: with it each user is a witness of the log).

use std::{
    env, fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cli::{Error, error::Exit};

/// Something that must not be shown.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Reads it from the first line of a file that nobody else may read; `-` is standard input.
    ///
    /// # Errors
    ///
    /// If there is no such file, others may read it, or it is empty.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |error| {
            let exit = Exit::Authentication;
            Error::new(exit, "secret-unreadable").with("path", path.display()).because(error)
        };
        let mut text = Zeroizing::new(String::new());
        if path == Path::new("-") {
            io::stdin().read_line(&mut text).map_err(unreadable)?;
        } else {
            let mode = fs::metadata(path).map_err(unreadable)?.mode() & 0o777;
            if mode & 0o077 != 0 {
                let error = Error::new(Exit::Authentication, "secret-open-to-others");
                return Err(error.with("path", path.display()).with("mode", format!("{mode:04o}")));
            }
            text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
        }
        let line = text.lines().next().unwrap_or("").trim();
        if line.is_empty() {
            let error = Error::new(Exit::Authentication, "secret-empty");
            return Err(error.with("path", path.display()));
        }
        Ok(Self::new(line.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where one is signed in, and as whom. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedIn {
    /// `https://HOST:PORT`.
    pub address: String,
    /// The log's origin.
    pub origin: String,
    /// What the mission file calls the person.
    pub person: String,
    /// Their name.
    pub name: String,
    /// The capacity in which to act unless a command names another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<String>,
    /// File with a client certificate (PEM), if one is presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// File with its key (PEM, mode 0600).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_key_file: Option<PathBuf>,
}

/// A profile's folder, `$XDG_CONFIG_HOME/greffe/NAME`.
#[derive(Clone, Debug)]
pub struct Profile {
    folder: PathBuf,
}

impl Profile {
    /// The profile `name`, whether or not anything is in it yet.
    ///
    /// # Errors
    ///
    /// If the name is no name for a folder, or there is no home.
    pub fn named(name: &str) -> Result<Self, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(Error::usage("profile-name").with("name", name));
        }
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || set("HOME").map(|home| home.join(".config"));
        let config = set("XDG_CONFIG_HOME").or_else(home).ok_or(Error::usage("no-home"))?;
        Ok(Self { folder: config.join("greffe").join(name) })
    }

    /// Where the file `name` of this profile is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where one is signed in, if anywhere.
    ///
    /// # Errors
    ///
    /// If what stands there cannot be read.
    pub fn login(&self) -> Result<Option<SignedIn>, Error> {
        let Some(text) = self.read("login.toml")? else { return Ok(None) };
        let parsed = toml::from_str(&text);
        let path = self.path("login.toml");
        let unreadable = |e| Error::new(Exit::Failed, "profile-unreadable").because(e);
        Ok(Some(parsed.map_err(|e| unreadable(e).with("path", path.display()))?))
    }

    /// The text of the file `name`, if there is one.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<String>, Error> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let failed = Error::new(Exit::Failed, "profile-unreadable").because(error);
                Err(failed.with("path", self.path(name).display()))
            }
        }
    }

    /// Keeps `text` as the file `name`: whole or not at all, for its owner's eyes only.
    ///
    /// # Errors
    ///
    /// If it cannot be written; what stood there before still stands.
    pub fn keep(&self, name: &str, text: &str) -> Result<(), Error> {
        let failed = |error| {
            let error = Error::new(Exit::Failed, "profile-unwritable").because(error);
            error.with("path", self.path(name).display())
        };
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        replace(&self.path(name), text.as_bytes()).map_err(failed)
    }

    /// Forgets the file `name`; one that is not there is forgotten.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn forget(&self, name: &str) -> Result<(), Error> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let failed = Error::new(Exit::Failed, "profile-unwritable").because(error);
                Err(failed.with("path", self.path(name).display()))
            }
            _ => Ok(()),
        }
    }
}

/// Writes `bytes` beside `path` (mode 0600), flushes them to the disk and renames: `path` is whole or not there.
///
/// # Errors
///
/// If any of that fails; then nothing new is left.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "abc\n").unwrap();

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(Secret::read(&path).unwrap_err().key, "secret-open-to-others");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let secret = Secret::read(&path).unwrap();
        assert_eq!((secret.reveal(), &format!("{secret:?}")[..]), ("abc", "Secret"));
    }

    #[test]
    fn what_is_kept_is_for_its_owner_only_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile { folder: folder.path().join("greffe/default") };

        profile.keep("token", "one").unwrap();
        profile.keep("token", "two").unwrap();

        assert_eq!(profile.read("token").unwrap().as_deref(), Some("two"));
        assert_eq!(fs::metadata(profile.path("token")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&profile.folder).unwrap().count(), 1);
    }

    #[test]
    fn a_profile_cannot_leave_its_folder() {
        for name in ["", "..", "a/b", "a b"] {
            assert_eq!(Profile::named(name).unwrap_err().key, "profile-name", "{name}");
        }
    }
}
