//! `greffe demo`: the founding mission, played with real files through the real API, then left for you to attack.

mod caught;
mod material;
mod people;
mod place;
mod story;
mod turn;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Instant};

use serde_json::json;

use crate::{
    app,
    cli::{
        error::{Error, Exit},
        init,
        serve::{Serving, stop_signal},
        session::Session,
        terminal::Form,
    },
    database::Revisions,
    mission::MissionFile,
};

use self::{people::People, place::Place};

/// Who must learn nothing of the company's diagnostic.
const COMPETITOR: &str = "company:rhein-energie";

/// Plays a story with real files over TLS on this machine: sealed, refused, recorded, decided, caught. Then it is your turn.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe demo
  greffe demo --once --json        for scripts: one JSON object a line, ends after the story")]
pub struct Demo {
    /// Ends after the story; exit code 1 if a step failed.
    #[arg(long)]
    once: bool,
    /// The folder that it makes.
    #[arg(long, value_name = "DIR", default_value = "greffe-demo")]
    data: PathBuf,
    /// Where it serves; if the port is taken, a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
}

/// Says what was done and seen, and counts what failed.
pub(super) struct Teller<'s> {
    session: &'s Session,
    begun: Instant,
    failed: usize,
}

impl<'s> Teller<'s> {
    /// A heading.
    pub(super) fn moment(&self, name: &str, says: &str) -> Result<(), Error> {
        match self.session.terminal.form {
            Form::Json => Ok(()),
            Form::Words => self.session.terminal.line(&format!("\n{name}\n  {says}\n")),
        }
    }

    /// One step: whether what was seen is what should be seen, and what that was.
    pub(super) fn step(&mut self, step: &str, ok: bool, detail: &str) -> Result<(), Error> {
        if !ok {
            self.failed += 1;
        }
        let mark = if ok { "✓" } else { "✗ FAILED:" };
        let object = json!({ "step": step, "ok": ok, "detail": detail });
        self.session.terminal.show(&object, || format!("  {mark} {detail}"))
    }

    /// A remark.
    pub(super) fn say(&self, text: &str) -> Result<(), Error> {
        match self.session.terminal.form {
            Form::Json => Ok(()),
            Form::Words => self.session.terminal.line(text),
        }
    }
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the folder is somebody else's, or the instance cannot be made.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let mut teller = Teller { session, begun: Instant::now(), failed: 0 };
        let place = Place::make(&self.data, self.listen)?;
        let text = include_str!("../../../config/mission.toml");
        let file = MissionFile::parse(text).expect("the shipped mission is read by a test");
        let config = Arc::new(place.config()?);
        app::create(&config, &file, place::NAMES).await.map_err(init::failed)?;
        let opened = app::open(Arc::clone(&config), app::Recovery::Waived).await;
        let app = opened.map_err(init::failed)?;
        let serving = Serving::start(&app).await?;
        let base = format!("https://localhost:{}", serving.address.port());
        let people = People::sign_in(&app, &base, &place).await?;
        teller.say(&format!(
            "Greffe serves {base}\nEverything is in {}, in folders named after who holds them. On one machine that separation \
             is shown, not enforced.\nThe recovery copy of custody is WAIVED here: whoever loses {} loses every document.",
            self.data.display(),
            place.custody().display(),
        ))?;
        let document = story::tell(&mut teller, &app, &place, &people).await?;
        caught::tell(&mut teller, &place, &file).await?;
        let seconds = teller.begun.elapsed().as_secs();
        teller.say(&format!("\nThe story took {seconds} s; {} steps failed.", teller.failed))?;
        if !self.once {
            let mission = app.registry.mission(&mut Revisions::new(app.clock.now())).await;
            let competitor = mission.map_err(|error| init::failed(error.into()))?;
            let competitor = competitor.party_named(COMPETITOR).map(|entry| entry.party);
            let competitor = competitor.expect("the shipped mission has it");
            turn::tell(&teller, &place, &base, &document, &people, competitor)?;
            stop_signal().await;
        }
        serving.stop().await;
        app.close().await;
        Ok(if teller.failed == 0 { Exit::Done } else { Exit::Failed })
    }
}
