//! Recipients and identities of age, of the one kind that is accepted: X25519. No plugin, no passphrase, no ssh key.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use age_core::primitives::bech32_decode;
use ring::{agreement, rand::SystemRandom};
use zeroize::Zeroizing;

/// Whoever can open what is sealed for them, `age1…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(age::x25519::Recipient);

/// What opens what was sealed for its recipient, `AGE-SECRET-KEY-1…`.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

/// What was given is neither.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No recipient that can be used.
    #[error("not an age recipient: it must be an X25519 one, age1 and 58 characters more")]
    NotARecipient,
    /// No identity that can be used.
    #[error("line {line} of {path} is not an age identity: it must begin with AGE-SECRET-KEY-1")]
    NotAnIdentity {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The file holds none.
    #[error("{0} holds no age identity")]
    NoIdentity(PathBuf),
    /// The file cannot be read.
    #[error("could not read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl FromStr for Recipient {
    type Err = Error;

    /// Reads `age1…` as the age crate does, and refuses points of low order, with which anyone could open.
    fn from_str(text: &str) -> Result<Self, Error> {
        let recipient = text.parse().map_err(|_| Error::NotARecipient)?;
        let point: Vec<u8> =
            bech32_decode(text, |_| (), |_| Ok(()), |_, bytes| Ok(bytes.collect()))
                .map_err(|()| Error::NotARecipient)?;
        let ours =
            agreement::EphemeralPrivateKey::generate(&agreement::X25519, &SystemRandom::new())
                .map_err(|_| Error::NotARecipient)?;
        let theirs = agreement::UnparsedPublicKey::new(&agreement::X25519, point);
        // ring refuses an agreement on the all-zero secret (RFC 7748, section 6.1).
        agreement::agree_ephemeral(ours, &theirs, |_| ()).map_err(|_| Error::NotARecipient)?;
        Ok(Self(recipient))
    }
}

impl Recipient {
    /// The same for the age crate.
    pub(super) fn as_age(&self) -> &dyn age::Recipient {
        &self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Identity {
    /// A new identity.
    #[must_use]
    pub fn random() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// The identities in a file as `age-keygen` writes it: one a line, empty lines and `#` comments between.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::NotAnIdentity`] with the line's number (never its text), or [`Error::NoIdentity`].
    pub fn read(path: &Path) -> Result<Vec<Self>, Error> {
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|source| Error::File { path: path.to_owned(), source })?;
        let mut identities = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line_text = line.trim();
            if line_text.is_empty() || line_text.starts_with('#') {
                continue;
            }
            let identity = line_text
                .parse()
                .map(Self)
                .map_err(|_| Error::NotAnIdentity { path: path.to_owned(), line: number + 1 })?;
            identities.push(identity);
        }
        if identities.is_empty() {
            return Err(Error::NoIdentity(path.to_owned()));
        }
        Ok(identities)
    }

    /// The recipient that this identity opens for.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// The text of an identity file's line. Whoever asks keeps it secret.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        use age::secrecy::ExposeSecret;
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// The same for the age crate.
    pub(super) fn as_age(&self) -> &dyn age::Identity {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_read_and_written_alike() {
        let text = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

        assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
    }

    #[test]
    fn no_plugin_no_ssh_key_and_no_point_that_anyone_can_open_is_a_recipient() {
        for text in [
            "",
            "age1",
            "age1evil/../../x1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn",
            "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt",
            "age1tag1qwe0kafsjrar4txm6heqnhpfuggzr0gvznz7fvygxrlq90u5mq2pysxtw6h",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
            "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33",
            "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pb",
            // Points of low order: zero, and one of order 8.
            "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
            "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
        ] {
            assert!(matches!(text.parse::<Recipient>(), Err(Error::NotARecipient)), "{text}");
        }
    }

    #[test]
    fn an_identity_file_names_its_bad_line_and_never_shows_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.txt");
        fs::write(
            &path,
            format!("# mine\n\n{}\nAGE-SECRET-KEY-1BAD\n", *Identity::random().expose()),
        )
        .unwrap();

        let error = Identity::read(&path).unwrap_err();

        assert!(matches!(error, Error::NotAnIdentity { line: 4, .. }));
        assert!(!format!("{error} {error:?}").contains("BAD"));
        fs::write(&path, "# none\n").unwrap();
        assert!(matches!(Identity::read(&path), Err(Error::NoIdentity(_))));
    }
}
