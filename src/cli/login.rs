//! `greffe login`: remembers a service and who one is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use crate::cli::{
    client::{
        Caller, Client, Trust,
        api::{Me, Minted},
    },
    error::{Error, Exit},
    log,
    profile::{Profile, Secret, SignedIn},
    prompt,
    session::Session,
};

/// Signs in to a service, and remembers it for the commands that follow.
///
/// The service's certificate authority is kept: from then on nobody else can pose as it. So is the log's key: receipts
/// are verified with it, without the service. A sign-in link works once; it is asked for on the terminal.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe login https://greffe.example:8443 --ca greffe-ca.pem
  greffe login https://greffe.example:8443 --ca greffe-ca.pem --token-file token
  greffe login --people people.json --person pilot-ia --profile pilot")]
pub struct Login {
    #[allow(rustdoc::bare_urls)] // What the help shows is this text.
    /// Address of the service, e.g. https://greffe.example:8443.
    #[arg(required_unless_present = "people")]
    address: Option<String>,
    /// File with a sign-in link (mode 0600); - is standard input.
    #[arg(long, value_name = "FILE")]
    link_file: Option<PathBuf>,
    /// File with a client certificate (PEM), in place of a token.
    #[arg(long, value_name = "FILE", requires = "certificate_key_file")]
    certificate_file: Option<PathBuf>,
    /// File with the certificate's key (PEM).
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    certificate_key_file: Option<PathBuf>,
    /// The demonstration's people.json: address, authority and token are taken from it.
    #[arg(long, value_name = "FILE", requires = "person", conflicts_with = "link_file")]
    people: Option<PathBuf>,
    /// Which of these people to be.
    #[arg(long, value_name = "ID", requires = "people")]
    person: Option<String>,
    /// Accepts that the log's key is another than the one kept from an earlier sign-in.
    #[arg(long)]
    new_log: bool,
}

#[derive(Deserialize)]
struct People {
    base: String,
    ca: String,
    people: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    id: String,
    capacity: String,
    token: String,
}

/// What is known before the service is asked.
struct Start {
    address: String,
    authority: String,
    secret: Option<Secret>,
    capacity: Option<String>,
}

impl Login {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service is not the one that it was, or does not know the caller.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let profile = session.profile()?;
        let start = self.start(session)?;
        let trust = Trust { authority: start.authority.clone(), certificate: self.certificate() };
        let (me, secret) = self.sign_in(session, &start, &trust).await?;
        self.keep(&profile, &start, &me, secret.as_ref())?;
        let before = profile.read("checkpoint")?;
        log::witness(&session.client()?, &profile, before.as_deref()).await?;
        session.terminal.show(&me, || {
            let capacity = me.handle.as_deref().unwrap_or("–");
            let values =
                [("name", me.called()), ("capacity", capacity), ("address", &start.address)];
            session.terminal.say("signed-in", &values)
        })?;
        session.terminal.note("log-key", &[("vkey", &me.vkey)]);
        Ok(Exit::Done)
    }

    fn certificate(&self) -> Option<(PathBuf, PathBuf)> {
        Some((self.certificate_file.clone()?, self.certificate_key_file.clone()?))
    }

    fn start(&self, session: &Session) -> Result<Start, Error> {
        if let (Some(file), Some(person)) = (&self.people, &self.person) {
            return from_people(file, person, session.capacity());
        }
        let file = session.authority_file().ok_or(Error::usage("login-needs-ca"))?;
        let secret = session.token_file().map(|file| Secret::read(file)).transpose()?;
        let address = self.address.as_deref().unwrap_or_default().trim_end_matches('/');
        Ok(Start {
            address: address.to_owned(),
            authority: read(file)?,
            secret,
            capacity: session.capacity().map(str::to_owned),
        })
    }

    async fn sign_in(
        &self,
        session: &Session,
        start: &Start,
        trust: &Trust,
    ) -> Result<(Me, Option<Secret>), Error> {
        let language = session.terminal.language;
        let client = |token, capacity| {
            Client::new(&start.address, trust, Caller { token, capacity, language })
        };
        let secret = match (&start.secret, &self.certificate_file) {
            (Some(secret), _) => Some(secret.clone()),
            (None, Some(_)) => None,
            (None, None) => {
                let link = match &self.link_file {
                    Some(file) => Secret::read(file)?,
                    None => prompt::secret(&session.terminal, "ask-link", "login-needs-link")?,
                };
                let asked = client(None, None)?;
                let asked = asked.ask(Method::POST, &["api", "v1", "sign-in"]);
                let minted: Minted = asked.json(&json!({"link": link.reveal()})).read().await?;
                Some(Secret::new(minted.token))
            }
        };
        let client = client(secret.clone(), start.capacity.clone())?;
        let me: Me = client.get(&["api", "v1", "me"]).read().await?;
        Ok((me, secret))
    }

    fn keep(
        &self,
        profile: &Profile,
        start: &Start,
        me: &Me,
        secret: Option<&Secret>,
    ) -> Result<(), Error> {
        let policy = format!("log {} {}/log\nquorum none\n", me.vkey, start.address);
        let kept = profile.read("policy")?;
        let key = |policy: &str| policy.split_whitespace().nth(1).map(str::to_owned);
        let changed = kept.as_deref().is_some_and(|kept| key(kept) != key(&policy));
        if changed && !self.new_log {
            let kept = kept.as_deref().and_then(key).unwrap_or_default();
            let error = Error::new(Exit::Tampered, "log-key-changed");
            return Err(error.with("kept", kept).with("shown", &me.vkey));
        }
        if changed {
            profile.forget("checkpoint")?;
        }
        let signed_in = SignedIn {
            address: start.address.clone(),
            origin: me.origin.clone(),
            person: me.person.clone(),
            name: me.called().to_owned(),
            capacity: start.capacity.clone(),
            certificate_file: self.certificate_file.as_deref().and_then(absolute),
            certificate_key_file: self.certificate_key_file.as_deref().and_then(absolute),
        };
        profile.keep("ca.pem", &start.authority)?;
        profile.keep("policy", &policy)?;
        match secret {
            Some(secret) => profile.keep("token", secret.reveal())?,
            None => profile.forget("token")?,
        }
        let text = toml::to_string(&signed_in).expect("its fields are texts");
        profile.keep("login.toml", &text)
    }
}

fn from_people(file: &Path, person: &str, capacity: Option<&str>) -> Result<Start, Error> {
    let unreadable = |e| Error::new(Exit::Failed, "people-unreadable").because(e);
    let parsed: Result<People, _> = serde_json::from_str(&read(file)?);
    let people = parsed.map_err(|e| unreadable(e).with("path", file.display()))?;
    let mut matching = people
        .people
        .iter()
        .filter(|row| row.id == person && capacity.is_none_or(|capacity| row.capacity == capacity));
    let Some(row) = matching.next() else {
        let error = Error::new(Exit::NotFound, "no-such-person").with("person", person);
        return Err(error.with("path", file.display()));
    };
    let authority = if people.ca.starts_with("-----BEGIN") {
        people.ca.clone()
    } else {
        read(&file.parent().unwrap_or(Path::new(".")).join(&people.ca))?
    };
    Ok(Start {
        address: people.base.trim_end_matches('/').to_owned(),
        authority,
        secret: Some(Secret::new(row.token.clone())),
        capacity: Some(row.capacity.clone()),
    })
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| {
        Error::new(Exit::NotFound, "file-unreadable").with("path", path.display()).because(error)
    })
}

fn absolute(path: &Path) -> Option<PathBuf> {
    std::path::absolute(path).ok()
}
