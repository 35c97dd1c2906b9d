//! `greffe check`: a copy of an instance, looked at from its first entry to its last version.

use std::path::PathBuf;

use serde_json::json;

use crate::{
    app::{self, Copied},
    audit::tree::Found,
    cli::{
        error::{Error, Exit},
        init,
        progress::Progress,
        session::Session,
        terminal::size,
    },
};

/// Checks a copy of an instance: the log from its first entry to its last, authority as the log says it, every key, and
/// every version of every document, opened and compared with its record. Nothing is signed or written.
///
/// The copy is a folder with database, key set and store, at their places or under their names; no file outside it is
/// opened but those named here; of a bucket, the objects are read where they rest. Custody and the signer's state, which
/// are kept apart, are given by --custody and --signer if they are not in it. A copy of the database and of the key set is
/// taken into the system's temporary folder, and removed afterwards. Copy an instance that is stopped: a copy of a running
/// one contradicts itself.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe check --data copy
  greffe check --data copy --config greffe.toml --custody /mnt/custody --signer /mnt/signer
  greffe check --data copy --json | jq .of

Exit codes: 0 sound, 8 something contradicts (each is named).")]
pub struct Check {
    /// The folder of the copy.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// The instance's configuration [default: greffe.toml in the copy].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Custody's file, or a copy of it.
    #[arg(long, value_name = "FILE")]
    custody: Option<PathBuf>,
    /// The file of the signer's state, or a copy of it.
    #[arg(long, value_name = "FILE")]
    signer: Option<PathBuf>,
}

impl Check {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if something contradicts.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let data = std::path::absolute(&self.data).map_err(|error| {
            let told = Error::new(Exit::NotFound, "file-unreadable").because(error);
            told.with("path", self.data.display())
        })?;
        let config = init::read(&self.config.unwrap_or_else(|| data.join("greffe.toml")))?;
        let mut config = app::inside(config, &data);
        config.custody.file = self.custody.unwrap_or(config.custody.file);
        config.signer.state_file = self.signer.unwrap_or(config.signer.state_file);
        let copied = Copied::open(config).await.map_err(init::failed)?;
        let looked = look(session, &copied).await;
        copied.close().await;
        let (entries, bytes, found) = looked?;
        for one in &found {
            let says = session.terminal.say(one.what, &[("of", &one.of)]);
            let shown = json!({"contradiction": one.what, "of": one.of, "says": says});
            session.terminal.show(&shown, || says.clone())?;
        }
        if !found.is_empty() {
            return Err(Error::new(Exit::Tampered, "check-found").with("count", found.len()));
        }
        let shown = json!({"sound": true, "entries": entries, "sealed_bytes": bytes});
        session.terminal.show(&shown, || {
            let values = [("entries", &entries.to_string()[..]), ("bytes", &size(bytes))];
            session.terminal.say("check-sound", &values)
        })?;
        Ok(Exit::Done)
    }
}

async fn look(session: &Session, copied: &Copied) -> Result<(u64, u64, Vec<Found>), Error> {
    let failed = init::failed;
    let (entries, bytes) =
        (copied.entries().await.map_err(failed)?, copied.sealed_bytes().await.map_err(failed)?);
    let name = session.terminal.say("verifying", &[]);
    let progress = Progress::counting(&session.terminal, &name, entries);
    let mut found = copied.log(&|count| progress.advance(count)).await.map_err(failed)?;
    progress.finish();
    found.extend(copied.keys().await.map_err(failed)?);
    let name = session.terminal.say("check-opening", &[]);
    let progress = Progress::new(&session.terminal, &name, Some(bytes));
    let documents = copied.documents(&|count| progress.advance(count)).await.map_err(failed)?;
    progress.finish();
    found.extend(documents);
    Ok((entries, bytes, found))
}

#[cfg(test)]
mod tests {
    use crate::cli::words::Language;

    #[test]
    fn every_contradiction_has_its_words() {
        let mut seen = 0;
        for code in [
            include_str!("../audit/tree/examine.rs"),
            include_str!("../app/check/mod.rs"),
            include_str!("../app/check/rows.rs"),
            include_str!("../documents/examine.rs"),
            include_str!("../documents/residency/fault.rs"),
            include_str!("../documents/residency/stood.rs"),
            include_str!("../documents/residency/evidence.rs"),
            include_str!("../documents/residency/listed.rs"),
        ] {
            for part in code.split("\"found-").skip(1) {
                let key = format!("found-{}", part.split('"').next().unwrap());
                for language in [Language::English, Language::French] {
                    assert!(language.text(&key).is_some(), "{key}");
                }
                seen += 1;
            }
        }
        assert!(seen > 20, "{seen}");
    }
}
