//! `greffe receipt`: proofs of what one did, fetched and verified.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    audit::{receipt::Receipt as Proven, trust::Trusted},
    cli::{
        error::{Error, Exit},
        log,
        profile::replace,
        receipts,
        session::Session,
        terminal::{clean, local},
    },
};

/// Fetches and verifies receipts: each proves that an entry is in the log, to anybody, without the service.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe receipt get n6cJ3nYf1nTqQxS5cQyB0w --output diagnostic.tlog-proof
  greffe receipt verify diagnostic.tlog-proof
  greffe receipt verify diagnostic.tlog-proof --policy policy --content diagnostic.pdf")]
pub struct Receipt {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Fetches the receipt of an entry; waits until the log has signed it.
    Get {
        /// The entry's id.
        entry: String,
        /// File to keep it in, in place of standard output.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Verifies a receipt offline: signature, place in the log, and what it says.
    Verify {
        /// The receipt's file; - is standard input.
        file: PathBuf,
        /// File that says which logs and witnesses to believe (a tlog-policy) [default: the one kept at the sign-in].
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// The deposited file, to compare with the digest that the receipt names.
        #[arg(long, value_name = "FILE")]
        content: Option<PathBuf>,
    },
}

impl Receipt {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if a receipt does not hold; [`Exit::Later`] if the log has not signed the entry yet.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        match self.what {
            What::Get { entry, output } => fetch(session, &entry, output.as_deref()).await,
            What::Verify { file, policy, content } => {
                verify(session, &file, policy.as_deref(), content.as_deref())
            }
        }
    }
}

async fn fetch(session: &Session, entry: &str, output: Option<&Path>) -> Result<Exit, Error> {
    let client = session.client()?;
    let Some(receipt) = receipts::wait(&client, entry).await? else {
        return Err(Error::new(Exit::Later, "receipt-later").with("entry", entry));
    };
    let Some(path) = output else {
        session.terminal.line(receipt.trim_end())?;
        return Ok(Exit::Done);
    };
    replace(path, receipt.as_bytes()).map_err(|error| {
        Error::new(Exit::Failed, "file-unwritable").with("path", path.display()).because(error)
    })?;
    let index = receipts::index(&receipt);
    let shown = json!({"entry": entry, "index": index, "file": path});
    session.terminal.show(&shown, || path.display().to_string())?;
    Ok(Exit::Done)
}

fn verify(
    session: &Session,
    file: &Path,
    policy: Option<&Path>,
    content: Option<&Path>,
) -> Result<Exit, Error> {
    let policy = log::policy(policy, &session.profile()?)?;
    let (receipt, trusted) = open(file, &policy)?;
    if let Some(content) = content {
        compare(content, &receipt)?;
    }
    let openings = receipt.openings().iter().map(|opening| {
        (opening.name().to_owned(), serde_json::from_str(opening.json()).unwrap_or(Value::Null))
    });
    let shown = json!({
        "valid": true,
        "entry": receipt.leaf.id(),
        "at": receipt.leaf.at(),
        "index": receipt.proof.index,
        "origin": trusted.checkpoint.origin,
        "size": trusted.checkpoint.size,
        "root": trusted.checkpoint.root.to_string(),
        "cosigned": trusted.cosigned,
        "says": openings.collect::<serde_json::Map<_, _>>(),
    });
    session.terminal.show(&shown, || {
        let (index, size) = (receipt.proof.index.to_string(), trusted.checkpoint.size.to_string());
        let values = [
            ("entry", &receipt.leaf.id().to_string()[..]),
            ("at", &local(&receipt.leaf.at().to_string())),
            ("index", &index),
            ("size", &size),
            ("origin", &trusted.checkpoint.origin),
        ];
        let mut lines = vec![session.terminal.say("receipt-valid", &values)];
        lines.extend(said(session, &receipt));
        clean(&lines.join("\n"))
    })?;
    Ok(Exit::Done)
}

/// Reads and verifies the receipt in a file.
///
/// # Errors
///
/// [`Exit::Tampered`] if it does not hold.
pub fn open(file: &Path, policy: &crate::audit::trust::Policy) -> Result<(Proven, Trusted), Error> {
    let path = file.display().to_string();
    let unreadable = |error| Error::new(Exit::NotFound, "file-unreadable").because(error);
    let mut text = Vec::new();
    if file == Path::new("-") {
        io::stdin()
            .read_to_end(&mut text)
            .map_err(|error| unreadable(error).with("path", &path))?;
    } else {
        text = fs::read(file).map_err(|error| unreadable(error).with("path", &path))?;
    }
    let invalid = |error| Error::new(Exit::Tampered, "receipt-invalid").because(error);
    let receipt = Proven::parse(&text).map_err(|error| invalid(error).with("path", &path))?;
    let trusted = receipt.verify(policy).map_err(|error| invalid(error).with("path", &path))?;
    Ok((receipt, trusted))
}

/// Compares a file with the SHA-256 that a deposit's receipt opens.
fn compare(content: &Path, receipt: &Proven) -> Result<(), Error> {
    let named = receipt.opening("sha256").and_then(|opening| opening.value::<String>().ok());
    let named = named.ok_or(Error::usage("receipt-names-no-content"))?;
    let read = fs::File::open(content).and_then(|mut file| {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        let mut piece = vec![0; 1 << 20];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(hex::encode(digest.finish())),
                count => digest.update(&piece[..count]),
            }
        }
    });
    let found = read.map_err(|error| {
        Error::new(Exit::NotFound, "file-unreadable").with("path", content.display()).because(error)
    })?;
    if found == named {
        return Ok(());
    }
    Err(Error::new(Exit::Tampered, "other-content").with("expected", named).with("found", found))
}

/// What a receipt says, for people: what was done, with which document, by whom; the rest is in `--json`.
fn said(session: &Session, receipt: &Proven) -> Vec<String> {
    let value = |name: &str| receipt.opening(name).and_then(|one| one.value::<Value>().ok());
    let facts = value("facts").unwrap_or_default();
    let personal = value("personal").unwrap_or_default();
    let rows = [
        ("head-act", &facts["act"]),
        ("head-class", &facts["what"]),
        ("head-reference", &facts["reference"]),
        ("head-version", &facts["record"]["number"]),
        ("head-capacity", &facts["capacity"]),
        ("head-person", &personal["person"]),
        ("head-address", &personal["address"]),
    ];
    let row =
        |heading: &str, text: &str| format!("  {:<14}{text}", session.terminal.say(heading, &[]));
    let mut lines = Vec::new();
    for (heading, value) in rows {
        match value {
            Value::String(text) => lines.push(row(heading, text)),
            Value::Number(number) => lines.push(row(heading, &number.to_string())),
            _ => {}
        }
    }
    let told = ["facts", "personal"];
    for opening in receipt.openings().iter().filter(|one| !told.contains(&one.name())) {
        lines.push(format!("  {:<14}{}", opening.name(), opening.json()));
    }
    lines
}
