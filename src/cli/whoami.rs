//! `greffe whoami`: who the service thinks one is.

use crate::cli::{
    client::{CHECKPOINT, api::Me},
    error::{Error, Exit},
    log,
    session::Session,
    terminal::local,
};

/// Shows who one is, in which capacity, and which others one has.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe whoami
  greffe whoami --as workstream:e-paiement --json")]
pub struct Whoami {}

impl Whoami {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service does not know the caller.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let profile = session.witnessing()?;
        let before = profile.as_ref().map(|profile| profile.read("checkpoint")).transpose()?;
        let asked = client.get(&["api", "v1", "me"]);
        let me: Me = asked.header(CHECKPOINT, session.checkpoint()?.as_deref()).read().await?;
        if let Some(profile) = profile {
            log::witness(&client, &profile, before.flatten().as_deref()).await?;
        }
        let terminal = &session.terminal;
        terminal.show(&me, || {
            let mut lines = vec![me.called().to_owned()];
            for capacity in &me.capacities {
                let acting = me.handle.as_ref() == Some(&capacity.handle);
                let mark = if acting { "*" } else { " " };
                lines.push(format!("{mark} {}: {}", capacity.handle, capacity.roles.join(", ")));
            }
            if let Some(instant) = &me.expires_at {
                lines.push(terminal.say("signed-in-until", &[("instant", &local(instant))]));
            }
            crate::cli::terminal::clean(&lines.join("\n"))
        })?;
        Ok(Exit::Done)
    }
}
