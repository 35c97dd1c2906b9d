//! `greffe put`: deposits files, each as a new document or as a new version of one.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use hyper::{
    Method,
    header::{CONTENT_TYPE, HeaderName, IF_MATCH},
};
use ring::digest::{Context, SHA256};
use serde_json::{Value, json};

use crate::{
    cli::{
        client::{
            CHECKPOINT, Client, Error as Unanswered, Upload,
            api::{Deposited, Document, NewDocument},
            content_digest,
        },
        error::{Error, Exit},
        log,
        profile::replace,
        progress::Progress,
        receipts,
        session::Session,
        terminal::size,
    },
    id::Id,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
/// How often a file is sent before giving up.
const ATTEMPTS: u32 = 3;

/// Deposits files: sealed as they arrive, readable by their owner and by whom it shares them with.
///
/// The last line is the receipt: the proof that the deposit is in the log. Keep it with --receipt; it is verified
/// without
/// the service by `greffe receipt verify`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe put diagnostic.pdf --workstream e-paiement --kind diagnostic --receipt diagnostic.tlog-proof
  greffe put diagnostic-2.pdf --to K3T-7KQ4-2M
  greffe put *.pdf --workstream competences --kind diagnostic --sensitivity business-secret
  pg_dump base | greffe put - --title base.sql --workstream competences --kind diagnostic")]
pub struct Put {
    /// The files; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Adds a version to this document, by reference or id, in place of making a new one.
    #[arg(long, value_name = "DOCUMENT", conflicts_with_all = ["workstream", "kind", "owner"])]
    to: Option<String>,
    /// The workstream for which the new document is.
    #[arg(long, value_name = "SLUG", required_unless_present = "to")]
    workstream: Option<String>,
    /// Its kind: diagnostic, draft, recommendation, project-sheet or progress-review.
    #[arg(long, value_name = "KIND", required_unless_present = "to")]
    kind: Option<String>,
    /// Its title, which is sealed [default: the file's name].
    #[arg(long, value_name = "TEXT", conflicts_with = "to")]
    title: Option<String>,
    /// ordinary, confidential or business-secret [default: confidential].
    #[arg(long, value_name = "SENSITIVITY", conflicts_with = "to")]
    sensitivity: Option<String>,
    /// managed, or end-to-end if the file is an .age file that the service cannot open [default: managed].
    #[arg(long, value_name = "PROTECTION", conflicts_with = "to")]
    protection: Option<String>,
    /// Who owns the new document, if not the party for which one acts.
    #[arg(long, value_name = "PARTY")]
    owner: Option<String>,
    /// The media type [default: by the file's name].
    #[arg(long = "type", value_name = "MEDIA-TYPE")]
    media_type: Option<String>,
    /// The version that must be the latest (its id), so that nobody's work is passed over.
    #[arg(long, value_name = "VERSION", requires = "to")]
    if_match: Option<String>,
    /// Keeps the receipt in this file.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// What is known of a file before it is sent.
struct Content {
    length_bytes: Option<u64>,
    sha256: Option<Vec<u8>>,
}

impl Put {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the only file was not deposited; of several, [`Exit::Partly`] if some were.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let one = self.files.len() == 1;
        let names_one = [self.title.is_some(), self.to.is_some(), self.receipt.is_some()];
        if !one && names_one.contains(&true) {
            return Err(Error::usage("one-file-only"));
        }
        if self.files.iter().any(|file| is_stdin(file)) && self.to.is_none() && self.title.is_none()
        {
            return Err(Error::usage("stdin-needs-title"));
        }
        let client = session.client()?;
        let (mut deposited, mut failed) = (0, Vec::new());
        let mut exit = Exit::Done;
        for file in &self.files {
            match self.deposit(session, &client, file).await {
                Ok(whole) => {
                    deposited += 1;
                    exit = if whole == Exit::Done { exit } else { whole };
                }
                Err(error) if one => return Err(error),
                Err(error) => {
                    session
                        .terminal
                        .note("not-deposited", &[("path", &file.display().to_string())]);
                    session.terminal.tell(&error);
                    failed.push(error.exit);
                }
            }
        }
        Ok(match failed.first() {
            Some(_) if deposited > 0 => Exit::Partly,
            Some(first) => *first,
            None => exit,
        })
    }

    async fn deposit(
        &self,
        session: &Session,
        client: &Client,
        file: &Path,
    ) -> Result<Exit, Error> {
        // Read first: a file that cannot be read leaves no empty document behind.
        let content = look(session, file)?;
        let document = match &self.to {
            Some(document) => document.clone(),
            None => self.create(client, file).await?.reference,
        };
        let sent = self.send(session, client, file, &document, &content).await;
        let deposited = sent.inspect_err(|_| {
            if self.to.is_none() {
                session.terminal.note("left-empty", &[("document", &document)]);
            }
        })?;
        let receipt = receipts::wait(client, &deposited.entry).await?;
        if let (Some(receipt), Some(path)) = (&receipt, &self.receipt) {
            replace(path, receipt.as_bytes()).map_err(|error| {
                let told = Error::new(Exit::Partly, "receipt-unwritable").because(error);
                told.with("path", path.display()).with("entry", &deposited.entry)
            })?;
        }
        self.show(session, &deposited, receipt.as_deref())?;
        if let (Some(_), Some(profile)) = (&receipt, session.witnessing()?) {
            let before = profile.read("checkpoint")?;
            log::witness(client, &profile, before.as_deref()).await?;
        }
        Ok(if receipt.is_none() && self.receipt.is_some() { Exit::Partly } else { Exit::Done })
    }

    async fn create(&self, client: &Client, file: &Path) -> Result<Document, Error> {
        let name = || file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let new = NewDocument {
            workstream: self.workstream.clone().unwrap_or_default(),
            kind: self.kind.clone().unwrap_or_default(),
            title: self.title.clone().unwrap_or_else(name),
            sensitivity: self.sensitivity.clone(),
            protection: self.protection.clone(),
            owner: self.owner.clone(),
        };
        let asked = client.ask(Method::POST, &["api", "v1", "documents"]).json(&new);
        Ok(asked.read().await?)
    }

    /// Sends the content, and again if the way there broke: the service knows the same request by its key.
    async fn send(
        &self,
        session: &Session,
        client: &Client,
        file: &Path,
        document: &str,
        content: &Content,
    ) -> Result<Deposited, Error> {
        let key = Id::random().to_string();
        let mut attempt = 1;
        loop {
            match self.attempt(session, client, file, document, content, &key).await {
                Err(error) if error.is_passing() && attempt < ATTEMPTS && !is_stdin(file) => {
                    let (wait, said) = match &error {
                        Unanswered::Problem(problem) => {
                            (problem.retry_after_seconds.unwrap_or(1), &problem.title[..])
                        }
                        _ => (u64::from(attempt), ""),
                    };
                    let word = if said.is_empty() { "again" } else { "again-refused" };
                    let seconds = wait.min(30).to_string();
                    session.terminal.note(word, &[("said", said), ("seconds", &seconds)]);
                    tokio::time::sleep(Duration::from_secs(wait.min(30))).await;
                    attempt += 1;
                }
                answered => return Ok(answered?),
            }
        }
    }

    async fn attempt(
        &self,
        session: &Session,
        client: &Client,
        file: &Path,
        document: &str,
        content: &Content,
        key: &str,
    ) -> Result<Deposited, Unanswered> {
        let name = file.display().to_string();
        let progress = Progress::new(&session.terminal, &name, content.length_bytes);
        let upload = if is_stdin(file) {
            Upload::new(tokio::io::stdin(), None, progress.clone())
        } else {
            let opened = tokio::fs::File::open(file).await;
            let opened = opened.map_err(|error| Unanswered::Cut(error.into()))?;
            Upload::new(opened, content.length_bytes, progress.clone())
        };
        let sent = upload.sent();
        let digest = content.sha256.as_deref().map(content_digest);
        let matching = self.if_match.as_ref().map(|version| format!("\"{version}\""));
        let media_type = self.media_type.as_deref().unwrap_or_else(|| media_type(file));
        let answered = client
            .ask(Method::PUT, &["api", "v1", "documents", document, "content"])
            .header(CONTENT_TYPE, Some(media_type))
            .header(CONTENT_DIGEST, digest.as_deref())
            .header(IF_MATCH, matching.as_deref())
            .header(IDEMPOTENCY_KEY, Some(key))
            .header(CHECKPOINT, session.checkpoint().ok().flatten().as_deref())
            .upload(upload)
            .read::<Deposited>()
            .await;
        progress.finish();
        let deposited = answered?;
        let own = content.sha256.clone().unwrap_or_else(|| sent.sha256());
        if deposited.sha256 != hex::encode(&own) {
            return Err(Unanswered::OtherDigest { own: hex::encode(own), other: deposited.sha256 });
        }
        Ok(deposited)
    }

    fn show(
        &self,
        session: &Session,
        deposited: &Deposited,
        receipt: Option<&str>,
    ) -> Result<(), Error> {
        let terminal = &session.terminal;
        let index = receipt.and_then(receipts::index);
        let mut shown = serde_json::to_value(deposited).unwrap_or(Value::Null);
        shown["receipt_file"] = json!(self.receipt.as_ref().filter(|_| receipt.is_some()));
        shown["index"] = json!(index);
        terminal.show(&shown, || {
            let (number, size) = (deposited.number.to_string(), size(deposited.size));
            let values =
                [("reference", &deposited.reference[..]), ("number", &number), ("size", &size)];
            let first = terminal.say("deposited", &values);
            let entry = ("entry", &deposited.entry[..]);
            let last = match index {
                Some(index) => {
                    let values =
                        [entry, ("index", &index.to_string()), ("sha256", &deposited.sha256)];
                    terminal.say("receipt-line", &values)
                }
                None => terminal.say("receipt-later", &[entry]),
            };
            format!("{first}\n{last}")
        })
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Length and digest of a file; of standard input neither is known.
fn look(session: &Session, path: &Path) -> Result<Content, Error> {
    if is_stdin(path) {
        return Ok(Content { length_bytes: None, sha256: None });
    }
    let looked = (|| {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let name = session.terminal.say("hashing", &[("path", &path.display().to_string())]);
        let progress = Progress::new(&session.terminal, &name, Some(metadata.len()));
        let (mut digest, mut piece) = (Context::new(&SHA256), vec![0; 1024 * 1024]);
        loop {
            match file.read(&mut piece)? {
                0 => break,
                count => {
                    digest.update(&piece[..count]);
                    progress.advance(count);
                }
            }
        }
        progress.finish();
        let length_bytes = Some(progress.done_bytes());
        Ok(Content { length_bytes, sha256: Some(digest.finish().as_ref().to_vec()) })
    })();
    looked.map_err(|error: io::Error| {
        let exit =
            if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Error::new(exit, "file-unreadable").with("path", path.display()).because(error)
    })
}

fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match &extension[..] {
        "pdf" => "application/pdf",
        "txt" | "log" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "zip" => "application/zip",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        _ => "application/octet-stream",
    }
}
