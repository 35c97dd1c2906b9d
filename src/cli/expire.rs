//! `greffe expire`: lets the personal part of old entries run out, on a stopped instance.

use std::{path::PathBuf, sync::Arc};

use serde_json::json;

use crate::{
    app,
    cli::{
        error::{Error, Exit},
        init,
        session::Session,
    },
    documents::Due,
};

/// Erases what has run out by `[retention]` of the configuration: who did what and from where, by the month; and what
/// entries state, once the mission has ended for long enough. The running service does the same once a day.
///
/// A month goes when all of it is older than personal_months; the keys go, so older copies of the database do not tell
/// either. A document on hold keeps the months in which people did something with it. The entries themselves stay, so
/// every proof and receipt still holds. The instance must be stopped.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe expire --config greffe.toml --dry-run
  greffe expire --config greffe.toml

Exit codes: 0 erased (with --dry-run: there is something to erase), 9 nothing has run out.")]
pub struct Expire {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Says what would go, and changes nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Expire {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the instance runs, or something could not be erased; the next time finishes it.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let config = init::read(&self.config)?;
        let due = match self.dry_run {
            true => app::due(&config).await.map_err(init::failed)?,
            false => {
                let app = app::open(Arc::new(config), app::Recovery::Demanded).await;
                let app = app.map_err(init::failed)?;
                let due = app.expire().await;
                app.close().await;
                due.map_err(init::failed)?
            }
        };
        self.tell(session, &due)?;
        Ok(if due.is_nothing() { Exit::Nothing } else { Exit::Done })
    }

    fn tell(&self, session: &Session, due: &Due) -> Result<(), Error> {
        let shown = json!({
            "erased": !self.dry_run && !due.is_nothing(),
            "before": due.before, "months": due.months, "held": due.held, "facts": due.facts,
        });
        let key = match (due.is_nothing(), self.dry_run) {
            (true, _) => "expire-nothing",
            (false, true) => "expire-would",
            (false, false) => "expire-done",
        };
        session.terminal.show(&shown, || {
            let (months, held) = (due.months.to_string(), due.held.to_string());
            let facts = due.facts.to_string();
            let counts = [("months", &months[..]), ("held", &held), ("facts", &facts)];
            session.terminal.say(key, &[&counts[..], &[("before", &due.before)]].concat())
        })
    }
}
