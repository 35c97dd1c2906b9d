//! `greffe restrict`: what a party forbids, on top of everything else.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use hyper::Method;

use crate::{
    cli::{
        client::{
            Client,
            api::{Checked, Me},
        },
        error::{Error, Exit},
        session::Session,
    },
    policy::{TEMPLATES, Template},
};

/// Shows, checks and sets a party's restrictions: a Cedar text that can forbid and never permits.
///
/// Permissions are made with `greffe share`; a restriction takes some of them away again, e.g. outside office networks.
/// The party is that of the capacity in which one acts, unless --party names another.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe restrict template only-with-certificate > restrictions.cedar
  greffe restrict show
  greffe restrict check restrictions.cedar
  greffe restrict set restrictions.cedar")]
pub struct Restrict {
    /// The party, e.g. company:rhein-energie.
    #[arg(long, value_name = "PARTY", global = true)]
    party: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Writes a text to begin with to standard output; without a name, lists them. It needs no service.
    Template {
        /// Which.
        name: Option<String>,
    },
    /// Writes the text that holds now to standard output.
    Show,
    /// Says whether a text is valid, and what is wrong where.
    Check {
        /// The text's file; - is standard input.
        file: PathBuf,
    },
    /// Puts a text in force, in place of the one before; refused if it is not valid.
    Set {
        /// The text's file; - is standard input. An empty text lifts all restrictions.
        file: PathBuf,
    },
}

impl Restrict {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, or the text is not valid.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        if let What::Template { name } = &self.what {
            return template(session, name.as_deref());
        }
        let client = session.client()?;
        let party = party_or_own(&client, self.party).await?;
        let path = ["api", "v1", "parties", &party, "restrictions"];
        match self.what {
            What::Template { name } => template(session, name.as_deref()),
            What::Show => {
                let text = client.get(&path).send().await?.bytes().await?;
                let text = String::from_utf8_lossy(&text).into_owned();
                session
                    .terminal
                    .show(&serde_json::json!({"party": party, "text": text}), || {
                        text.trim_end().to_owned()
                    })?;
                Ok(Exit::Done)
            }
            What::Check { file } => check(session, &client, &party, &read(&file)?).await,
            What::Set { file } => {
                let asked = client.ask(Method::PUT, &path).text(read(&file)?);
                let answer: serde_json::Value = asked.read().await?;
                let said = || session.terminal.say("restrictions-set", &[("party", &party)]);
                session.terminal.show(&answer, said)?;
                Ok(Exit::Done)
            }
        }
    }
}

/// The party that was named, or the one for which the caller acts.
///
/// # Errors
///
/// If the service does not know the caller, or they must choose.
pub async fn party_or_own(client: &Client, named: Option<String>) -> Result<String, Error> {
    if let Some(party) = named {
        return Ok(party);
    }
    let me: Me = client.get(&["api", "v1", "me"]).read().await?;
    me.handle.ok_or(Error::usage("choose-capacity"))
}

/// Shows one of the shipped texts, or their names with the first sentence of each.
fn template(session: &Session, name: Option<&str>) -> Result<Exit, Error> {
    let Some(name) = name else {
        return session
            .terminal
            .table(["head-name", "head-says"], &TEMPLATES.map(Named::of), |named| {
                [named.name.to_owned(), named.says.clone()]
            })
            .map(|()| Exit::Done);
    };
    let found = TEMPLATES.iter().find(|template| template.name == name);
    let found =
        found.ok_or_else(|| Error::new(Exit::NotFound, "no-such-template").with("name", name))?;
    let shown = serde_json::json!({"name": found.name, "text": found.text});
    session.terminal.show(&shown, || found.text.trim_end().to_owned())?;
    Ok(Exit::Done)
}

/// A shipped text, as a list names it.
#[derive(serde::Serialize)]
struct Named {
    name: &'static str,
    says: String,
}

impl Named {
    fn of(template: Template) -> Self {
        let comment = template.text.lines().take_while(|line| line.starts_with("//"));
        let comment: Vec<_> = comment.map(|line| line.trim_start_matches("//").trim()).collect();
        let comment = comment.join(" ");
        let end = comment.find(". ").map_or(comment.len(), |end| end + 1);
        Self { name: template.name, says: comment[..end].to_owned() }
    }
}

async fn check(session: &Session, client: &Client, party: &str, text: &str) -> Result<Exit, Error> {
    let path = ["api", "v1", "parties", party, "restrictions", "check"];
    let asked = client.ask(Method::POST, &path).text(text.to_owned());
    let checked: Checked = asked.read().await?;
    session.terminal.show(&checked, || {
        if checked.valid {
            return session.terminal.say("restrictions-valid", &[]);
        }
        let lines = checked.problems.iter().map(|flaw| match flaw.line {
            Some(line) => {
                let values = [("line", &line.to_string()[..]), ("message", &flaw.message)];
                session.terminal.say("flaw-at-line", &values)
            }
            None => flaw.message.clone(),
        });
        crate::cli::terminal::clean(&lines.collect::<Vec<_>>().join("\n"))
    })?;
    Ok(if checked.valid { Exit::Done } else { Exit::Failed })
}

fn read(path: &Path) -> Result<String, Error> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| {
        Error::new(Exit::NotFound, "file-unreadable").with("path", path.display()).because(error)
    })
}
