//! What a person is told when a command does not end well, and the exit code that says it to scripts.

use std::{fmt, io};

/// How a command ended. A code that is not here is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All of it was done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line does not make sense.
    Usage = 2,
    /// Some of it was done.
    Partly = 3,
    /// There is no such thing, or none that one may know of.
    NotFound = 4,
    /// The service or the network was away; the same command may succeed later.
    Later = 5,
    /// Whoever owns it does not permit it.
    Refused = 6,
    /// One is not signed in, or no longer.
    Authentication = 7,
    /// Something was verified and is not what it claims: evidence of tampering.
    Tampered = 8,
    /// There was nothing to do.
    Nothing = 9,
}

/// An end that is not a good one, in words of the catalogue.
///
/// The command line has one reader, so an error here is its text (a key of the catalogue and what is filled in), an
/// exit code and the cause.
#[derive(Debug)]
pub struct Error {
    /// The exit code.
    pub exit: Exit,
    /// Which text.
    pub key: &'static str,
    /// What is filled in.
    pub values: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An end with this code, told by the catalogue's text `key`.
    #[must_use]
    pub fn new(exit: Exit, key: &'static str) -> Self {
        Self { exit, key, values: Vec::new(), source: None }
    }

    /// Fills in `{name}`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// Names the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A command line that makes no sense.
    #[must_use]
    pub fn usage(key: &'static str) -> Self {
        Self::new(Exit::Usage, key)
    }

    /// The causes, outermost first.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = self.source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }

    /// Whether whoever read our output has gone away, which is no failure.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        self.key == "pipe-closed"
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Standard output failed: everything else that does input or output names its path.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Exit::Done, "pipe-closed")
        } else {
            Self::new(Exit::Failed, "output-failed").because(error)
        }
    }
}
