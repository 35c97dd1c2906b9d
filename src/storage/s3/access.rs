//! Who we are to a service: a key's id and its secret, looked up at each call.

use std::fmt;

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, Result as Provided, future},
};
use zeroize::Zeroizing;

use crate::storage::{
    Error,
    s3::{
        Settings,
        files::{self, Watched},
    },
};

/// A key's id and the key, as the service gave them.
#[derive(Clone)]
pub(super) struct Access {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The credentials that stand in their file.
#[derive(Debug)]
pub(super) struct FromFile(Watched<Access>);

impl FromFile {
    pub(super) fn open(settings: &Settings) -> Result<Self, Error> {
        Watched::open(&settings.location, &settings.credentials_file, files::access).map(Self)
    }

    fn provide(&self) -> Provided {
        let (_, Access { id, secret }) = self.0.current();
        Ok(Credentials::new(id, secret.as_str(), None, None, "credentials_file"))
    }
}

impl ProvideCredentials for FromFile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(self.provide())
    }
}
