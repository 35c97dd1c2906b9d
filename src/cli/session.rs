//! One run of the command line: where to write, which profile, as whom.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::cli::{
    client::{Caller, Client, Trust},
    error::{Error, Exit},
    profile::{Profile, Secret, SignedIn},
    terminal::{Form, Terminal},
    words::Language,
};

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Language of messages and help: en or fr [default: that of LC_ALL, LC_MESSAGES or LANG].
    #[arg(long, global = true, value_name = "LANGUAGE", help_heading = "Common options")]
    lang: Option<Language>,
    /// Writes one JSON object a line; fields keep their names in every language.
    #[arg(long, global = true, help_heading = "Common options")]
    json: bool,
    /// Leaves out remarks and progress.
    #[arg(long, short, global = true, help_heading = "Common options")]
    quiet: bool,
    /// Which of several sign-ins to use.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "GREFFE_PROFILE",
        default_value = "default",
        help_heading = "Common options"
    )]
    profile: String,
    /// The capacity in which to act, e.g. company:rhein-energie, workstream:e-paiement or mission.
    #[arg(
        long = "as",
        global = true,
        value_name = "CAPACITY",
        env = "GREFFE_CAPACITY",
        help_heading = "Common options"
    )]
    capacity: Option<String>,
    /// Address of the service, in place of the one signed in to.
    #[arg(
        long,
        global = true,
        value_name = "ADDRESS",
        env = "GREFFE_SERVER",
        help_heading = "Common options"
    )]
    server: Option<String>,
    /// File with the certificate authority (PEM) that vouches for the service.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "GREFFE_CA",
        help_heading = "Common options"
    )]
    ca: Option<PathBuf>,
    /// File with a token (mode 0600), in place of the one of the sign-in; - is standard input.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "GREFFE_TOKEN_FILE",
        help_heading = "Common options"
    )]
    token_file: Option<PathBuf>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where to write.
    pub terminal: Terminal,
    common: Common,
}

impl Session {
    /// A run with these options, in this language.
    #[must_use]
    pub fn new(common: Common, language: Language) -> Self {
        let form = if common.json { Form::Json } else { Form::Words };
        Self { terminal: Terminal { language, form, quiet: common.quiet }, common }
    }

    /// The profile that was named.
    ///
    /// # Errors
    ///
    /// If that is no name for one.
    pub fn profile(&self) -> Result<Profile, Error> {
        Profile::named(&self.common.profile)
    }

    /// The token file that was named.
    #[must_use]
    pub fn token_file(&self) -> Option<&PathBuf> {
        self.common.token_file.as_ref()
    }

    /// The authority's file that was named.
    #[must_use]
    pub fn authority_file(&self) -> Option<&PathBuf> {
        self.common.ca.as_ref()
    }

    /// The capacity that was named.
    #[must_use]
    pub fn capacity(&self) -> Option<&str> {
        self.common.capacity.as_deref()
    }

    /// The service, as whoever is signed in.
    ///
    /// # Errors
    ///
    /// If nobody is, or their secret cannot be read.
    pub fn client(&self) -> Result<Client, Error> {
        let profile = self.profile()?;
        let login = profile.login()?;
        let named = self.common.server.as_deref();
        let address = named.or(login.as_ref().map(|login| &login.address[..]));
        let address = address.ok_or_else(|| Error::new(Exit::Authentication, "not-signed-in"))?;
        // What was kept at a sign-in is never sent to another service.
        let own = login.as_ref().filter(|login| login.address == address.trim_end_matches('/'));
        let trust = self.trust(&profile, own)?;
        let token = match (self.token_file(), own) {
            (Some(file), _) => Some(Secret::read(file)?),
            (None, Some(login)) if login.certificate_file.is_none() => {
                Some(Secret::read(&profile.path("token"))?)
            }
            (None, Some(_)) => None,
            (None, None) => return Err(Error::new(Exit::Authentication, "not-signed-in")),
        };
        let capacity = self.capacity().map(str::to_owned);
        let capacity = capacity.or_else(|| own.and_then(|login| login.capacity.clone()));
        let caller = Caller { token, capacity, language: self.terminal.language };
        Ok(Client::new(address, &trust, caller)?)
    }

    /// What the newest checkpoint that this profile has seen says, as a header's value (base64 of the note).
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read.
    pub fn checkpoint(&self) -> Result<Option<String>, Error> {
        let note = self.profile()?.read("checkpoint")?;
        Ok(note.map(|note| STANDARD.encode(note)))
    }

    /// The profile, if it knows the log's key and can witness the log.
    ///
    /// # Errors
    ///
    /// If its files cannot be read.
    pub fn witnessing(&self) -> Result<Option<Profile>, Error> {
        let profile = self.profile()?;
        let knows = self.common.server.is_none() && profile.read("policy")?.is_some();
        Ok(knows.then_some(profile))
    }

    fn trust(&self, profile: &Profile, login: Option<&SignedIn>) -> Result<Trust, Error> {
        let kept = || profile.path("ca.pem");
        let file = self.authority_file().cloned().unwrap_or_else(kept);
        let authority = fs::read_to_string(&file).map_err(|error| {
            let told = Error::new(Exit::Usage, "pem-unusable").because(error);
            told.with("path", file.display())
        })?;
        let certificate = login.and_then(|login| {
            Some((login.certificate_file.clone()?, login.certificate_key_file.clone()?))
        });
        Ok(Trust { authority, certificate })
    }
}
