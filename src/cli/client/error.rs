//! Why there is no answer, and what a person is told of it.

use std::path::PathBuf;

use hyper_util::client::legacy;

use crate::cli::{
    client::problem::Problem,
    error::{Error as Told, Exit},
};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No address of a service.
    #[error("not an address of a service: {0}")]
    Address(String),
    /// A certificate or key could not be used.
    #[error("could not use {path}")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No connection, or it broke before the answer.
    #[error("could not reach the service")]
    Unreachable(#[source] legacy::Error),
    /// Nothing moved for too long.
    #[error("the service fell silent")]
    Silent,
    /// The answer broke off.
    #[error("the answer broke off")]
    Cut(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service said no.
    #[error("the service refused")]
    Problem(Box<Problem>),
    /// The service says that it keeps other bytes than were sent.
    #[error("the service keeps other bytes than were sent")]
    OtherDigest {
        /// What was sent, SHA-256 in hex.
        own: String,
        /// What the service says.
        other: String,
    },
    /// The answer is none that this version understands.
    #[error("could not understand the answer")]
    Unreadable(#[source] serde_json::Error),
}

impl Error {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(error) => certificate(error).is_none(),
            Self::Silent | Self::Cut(_) => true,
            Self::Problem(problem) => problem.is_passing(),
            Self::Address(_)
            | Self::Pem { .. }
            | Self::OtherDigest { .. }
            | Self::Unreadable(_) => false,
        }
    }
}

/// What was wrong with the service's certificate, if that is why there was no connection.
fn certificate(error: &legacy::Error) -> Option<String> {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidCertificate(reason)) = cause.downcast_ref() {
            return Some(reason.to_string());
        }
        // What an input or output error wraps is not its source: that is the source of what it wraps.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| inner as _).or_else(|| cause.source());
    }
    None
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        match error {
            Error::Problem(problem) => (*problem).into(),
            Error::Address(address) => Told::usage("not-an-address").with("address", address),
            Error::Pem { path, source } => {
                let told = Told::new(Exit::Usage, "pem-unusable").with("path", path.display());
                told.because(source)
            }
            Error::Unreachable(error) => match certificate(&error) {
                Some(reason) => Told::new(Exit::Tampered, "not-trusted").with("reason", reason),
                None => Told::new(Exit::Later, "unreachable").because(error),
            },
            Error::Silent => Told::new(Exit::Later, "silent"),
            Error::Cut(source) => Told::new(Exit::Later, "cut").because(source),
            Error::OtherDigest { own, other } => {
                let told = Told::new(Exit::Tampered, "other-content");
                told.with("expected", own).with("found", other)
            }
            Error::Unreadable(error) => Told::new(Exit::Failed, "unreadable").because(error),
        }
    }
}
