//! `greffe get`: a document's content, whole or a range.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use hyper::{
    StatusCode,
    header::{IF_RANGE, RANGE},
};
use ring::digest::{Context, SHA256};
use serde_json::json;

use crate::cli::{
    client::{Answer, Ask, Broken, Client},
    error::{Error, Exit},
    fetch::{Arrival, Origin, Overwrite, proposed_name},
    progress::Progress,
    session::Session,
    terminal::size,
};

/// Fetches a document's content; the reading is in the log before the first byte leaves.
///
/// The file appears under its name once all of it has arrived; what a broken connection left is gone on from by the
/// same
/// command.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe get K3T-7KQ4-2M
  greffe get K3T-7KQ4-2M --output diagnostic.pdf --purpose 'second reading'
  greffe get K3T-7KQ4-2M --range 0-1023 --output - | xxd | head")]
pub struct Get {
    /// The document's reference or id.
    document: String,
    /// Where to put it; - is standard output [default: the name that its depositor gave it].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// An older version, by number or id.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Only these bytes, e.g. 0-1023 or 4096-.
    #[arg(long, value_name = "FIRST-LAST", value_parser = range)]
    range: Option<String>,
    /// The SHA-256 that the content must have, in hex, e.g. from its receipt.
    #[arg(long, value_name = "HEX", conflicts_with = "range", value_parser = sha256)]
    sha256: Option<String>,
    /// What it is for: kept in the log, sealed, and shown to the document's owner. Some owners demand it.
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// Replaces the file if it is there already.
    #[arg(long)]
    force: bool,
}

impl Get {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, the content is not what it must be, or it breaks off.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        match &self.output {
            Some(path) if path == Path::new("-") => self.print(session, &client).await,
            Some(path) => self.fetch(session, &client, path).await,
            None => {
                // The name is in the answer's head, so the answer comes first.
                let answer = self.ask(&client, self.range.as_deref()).send().await?;
                let proposed = answer.header("content-disposition").and_then(proposed_name);
                let path = PathBuf::from(proposed.unwrap_or_else(|| self.document.clone()));
                let arrival = Arrival::open(&path, Overwrite::forced(self.force))?;
                match arrival.left() {
                    Some(_) if self.range.is_none() => {
                        drop((answer, arrival));
                        self.fetch(session, &client, &path).await
                    }
                    _ => self.take(session, arrival, answer, &path).await,
                }
            }
        }
    }

    fn ask<'c>(&self, client: &'c Client, range: Option<&str>) -> Ask<'c> {
        let ask = client.get(&["api", "v1", "documents", &self.document, "content"]);
        let bytes = range.map(|range| format!("bytes={range}"));
        let ask = ask.query("version", self.version.as_ref()).header(RANGE, bytes.as_deref());
        ask.purpose(self.purpose.as_deref())
    }

    async fn print(&self, session: &Session, client: &Client) -> Result<Exit, Error> {
        let answer = self.ask(client, self.range.as_deref()).send().await?;
        let text = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain"));
        if io::stdout().is_terminal() && !text {
            return Err(Error::usage("binary-to-terminal"));
        }
        let progress = Progress::new(&session.terminal, &self.document, answer.length_bytes());
        let mut digest = Context::new(&SHA256);
        let copied = answer.copy_to(&mut tokio::io::stdout(), &mut digest, &progress).await;
        progress.finish();
        match copied {
            Ok(_) => self.compare(digest.finish().as_ref()).map(|()| Exit::Done),
            Err(Broken::Write(error)) => Err(error.into()),
            Err(Broken::Answer(error)) => Err(error.into()),
        }
    }

    async fn fetch(&self, session: &Session, client: &Client, path: &Path) -> Result<Exit, Error> {
        let mut arrival = Arrival::open(path, Overwrite::forced(self.force))?;
        let left = arrival
            .left()
            .filter(|(_, origin)| self.range.is_none() && origin.path == self.asked());
        let Some((length, origin)) = left else {
            let asked = self.ask(client, self.range.as_deref()).send().await;
            let answer = asked.inspect_err(|_| arrival.abandon())?;
            return self.take(session, arrival, answer, path).await;
        };
        let rest = self.ask(client, Some(&format!("{length}-")));
        let answer = match rest.header(IF_RANGE, Some(&origin.etag)).send().await {
            // All of it was there already, or it is no longer the same: from the beginning.
            Err(crate::cli::client::Error::Problem(problem))
                if problem.status == StatusCode::RANGE_NOT_SATISFIABLE =>
            {
                self.ask(client, None).send().await?
            }
            answer => answer?,
        };
        let continues = answer.status == StatusCode::PARTIAL_CONTENT
            && answer.header("etag") == Some(&origin.etag)
            && starts_at(&answer) == Some(length);
        if !continues {
            return self.take(session, arrival, answer, path).await;
        }
        session.terminal.note("resuming", &[("size", &size(length))]);
        arrival.resume(length)?;
        self.finish(session, arrival, answer, path).await
    }

    fn asked(&self) -> String {
        format!("{}?{}", self.document, self.version.as_deref().unwrap_or_default())
    }

    async fn take(
        &self,
        session: &Session,
        mut arrival: Arrival,
        answer: Answer,
        path: &Path,
    ) -> Result<Exit, Error> {
        let etag = answer.header("etag").filter(|etag| etag.starts_with('"'));
        let whole = answer.status == StatusCode::OK;
        if self.range.is_some() && whole {
            arrival.abandon();
            return Err(Error::new(Exit::Failed, "range-ignored"));
        }
        let origin =
            etag.filter(|_| whole).map(|etag| Origin { path: self.asked(), etag: etag.to_owned() });
        arrival.restart(origin.as_ref())?;
        self.finish(session, arrival, answer, path).await
    }

    async fn finish(
        &self,
        session: &Session,
        mut arrival: Arrival,
        answer: Answer,
        path: &Path,
    ) -> Result<Exit, Error> {
        let progress = Progress::new(&session.terminal, &self.document, answer.length_bytes());
        let promised = answer.header("repr-digest").map(str::to_owned);
        let version = answer.header("etag").map(|etag| etag.trim_matches('"').to_owned());
        arrival.take(answer, &progress).await?;
        let digest = arrival.sha256();
        let expected = self.range.is_none().then_some(promised).flatten();
        if let Err(error) = self.compare(&digest).and_then(|()| held(expected.as_deref(), &digest))
        {
            arrival.abandon();
            return Err(error);
        }
        let length = arrival.length_bytes();
        arrival.finish()?;
        let digest = hex::encode(digest);
        let shown = json!({
            "document": self.document, "version": version, "file": path, "size": length, "sha256": digest,
        });
        let path = path.display().to_string();
        session.terminal.show(&shown, || {
            let values = [("path", &path[..]), ("size", &size(length)), ("sha256", &digest)];
            session.terminal.say("fetched", &values)
        })?;
        Ok(Exit::Done)
    }

    fn compare(&self, digest: &[u8]) -> Result<(), Error> {
        match &self.sha256 {
            Some(expected) if *expected != hex::encode(digest) => {
                let told = Error::new(Exit::Tampered, "other-content");
                Err(told.with("expected", expected).with("found", hex::encode(digest)))
            }
            _ => Ok(()),
        }
    }
}

/// Compares with a digest that the service promised (RFC 9530), if it promised a SHA-256.
fn held(promised: Option<&str>, digest: &[u8]) -> Result<(), Error> {
    let own = crate::cli::client::content_digest(digest);
    let promised = promised.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    match promised.into_iter().find(|one| one.starts_with("sha-256=")) {
        Some(other) if other != own => {
            let told = Error::new(Exit::Tampered, "other-content");
            Err(told.with("expected", other).with("found", own))
        }
        _ => Ok(()),
    }
}

fn starts_at(answer: &Answer) -> Option<u64> {
    let range = answer.header("content-range")?.strip_prefix("bytes ")?;
    range.split_once('-')?.0.parse().ok()
}

fn range(text: &str) -> Result<String, String> {
    let number = |text: &str| text.parse::<u64>().is_ok();
    match text.split_once('-') {
        Some((first, last)) if number(first) && (last.is_empty() || number(last)) => {
            Ok(text.to_owned())
        }
        Some(("", last)) if number(last) => Ok(text.to_owned()),
        _ => Err("FIRST-LAST, FIRST- or -COUNT, in bytes".to_owned()),
    }
}

fn sha256(text: &str) -> Result<String, String> {
    let text = text.to_lowercase();
    match hex::decode(&text) {
        Ok(bytes) if bytes.len() == 32 => Ok(text),
        _ => Err("64 hexadecimal digits".to_owned()),
    }
}
