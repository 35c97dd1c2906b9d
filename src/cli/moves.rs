//! `greffe moves`: copies are moved from one place of storage to another.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    client::{
        Client,
        api::{Move as Moving, Moves as Listed},
    },
    error::{Error, Exit},
    progress::Progress,
    session::Session,
    terminal::size,
};

/// How often one that is waited for is asked after.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Moves copies of documents from one place of storage to another, without unsealing them.
///
/// Each is written anew, read back, entered in the log, and only then erased where it was. Readings go on meanwhile, and go
/// first. A copy that its owner or the mission does not permit there stays. Without a command, lists the moves that are not
/// finished. It takes the role of operator.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe moves
  greffe moves begin --from paris --to gravelines
  greffe moves begin --from paris --to gravelines --party company:rhein-energie --wait
  greffe moves stop ID

Exit codes: 0 done, 3 finished but for copies that may not rest there.")]
pub struct Moves {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Begins a move. It goes on by itself, also after a restart of the service.
    Begin {
        /// From which place, from `greffe locations`.
        #[arg(long, value_name = "PLACE")]
        from: String,
        /// To which.
        #[arg(long, value_name = "PLACE")]
        to: String,
        /// A party's copies only.
        #[arg(long, value_name = "PARTY", conflicts_with = "document")]
        party: Option<String>,
        /// A document's copies only: its reference or id.
        #[arg(long, value_name = "DOCUMENT")]
        document: Option<String>,
        /// Waits until it is finished, and shows how far it is. Ctrl-C ends the waiting, not the move.
        #[arg(long)]
        wait: bool,
    },
    /// Stops a move: what was moved stays where it is.
    Stop {
        /// Which, from `greffe moves`.
        id: String,
    },
}

impl Moves {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        match self.command {
            None => list(session, &client).await,
            Some(Command::Stop { id }) => {
                let stopped = client.ask(Method::DELETE, &["api", "v1", "moves", &id]);
                let stopped: Value = stopped.read().await?;
                session.terminal.show(&stopped, || session.terminal.say("move-stopped", &[]))?;
                Ok(Exit::Done)
            }
            Some(Command::Begin { from, to, party, document, wait }) => {
                let wanted = json!({"from": from, "to": to, "party": party, "document": document});
                let begun = client.ask(Method::POST, &["api", "v1", "moves"]).json(&wanted);
                let begun: Value = begun.read().await?;
                let id = begun["entry"].as_str().unwrap_or_default();
                let values = [("from", &from[..]), ("to", &to), ("id", id)];
                session.terminal.show(&begun, || session.terminal.say("move-begun", &values))?;
                if wait { waited(session, &client, id).await } else { Ok(Exit::Done) }
            }
        }
    }
}

async fn listed(client: &Client) -> Result<Listed, Error> {
    Ok(client.get(&["api", "v1", "moves"]).read().await?)
}

async fn list(session: &Session, client: &Client) -> Result<Exit, Error> {
    let headings = [
        "head-id",
        "head-from",
        "head-to",
        "head-of",
        "head-moved",
        "head-size",
        "head-left",
        "head-refused",
        "head-waits-for",
    ];
    session.terminal.table(headings, &listed(client).await?.moves, |moving: &Moving| {
        let of = moving.party.clone().or_else(|| moving.document.clone());
        [
            moving.id.clone(),
            moving.from.clone(),
            moving.to.clone(),
            of.unwrap_or_else(|| session.terminal.say("everybody", &[])),
            moving.copies.to_string(),
            size(moving.bytes),
            moving.left.to_string(),
            moving.refused.to_string(),
            moving.waits_for.clone().unwrap_or_default(),
        ]
    })?;
    Ok(Exit::Done)
}

/// Waits until the move is finished; its end is that it is listed no more.
async fn waited(session: &Session, client: &Client, id: &str) -> Result<Exit, Error> {
    let (mut progress, mut refused) = (None, 0);
    loop {
        let moves = listed(client).await?.moves;
        let Some(moving) = moves.into_iter().find(|moving| moving.id == id) else { break };
        let progress = progress.get_or_insert_with(|| {
            let total = moving.copies + moving.left;
            Progress::counting(&session.terminal, &session.terminal.say("moving", &[]), total)
        });
        let more = moving.copies.saturating_sub(progress.done_bytes());
        progress.advance(usize::try_from(more).unwrap_or(usize::MAX));
        refused = moving.refused;
        tokio::time::sleep(ASKED_EVERY).await;
    }
    if let Some(progress) = progress {
        progress.finish();
    }
    session.terminal.note("move-ended", &[("refused", &refused.to_string())]);
    Ok(if refused > 0 { Exit::Partly } else { Exit::Done })
}
