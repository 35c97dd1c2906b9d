//! What has run out is erased: by the operator's command, and once a day while the service runs.

use std::sync::Arc;

use crate::{
    app::{
        App, Error,
        open::{Parts, custody, lock},
    },
    audit::signer::Signer,
    config::Config,
    database::Database,
    documents::Due,
    mission::Registry,
    time::Clock,
    vault::{KeySet, custody::Custody, label},
};

impl App {
    /// Erases what has run out, and says what that was. What the next comparison of authority needs is kept.
    ///
    /// # Errors
    ///
    /// Why it could not be finished.
    pub async fn expire(&self) -> Result<Due, Error> {
        Ok(self.documents.expire(self.tree.kept_authority().position).await?)
    }

    /// Erases what has run out while the service runs; what fails is tried again the next day.
    pub(super) async fn expire_daily(&self) {
        match self.expire().await {
            Ok(due) if due.is_nothing() => {}
            Ok(Due { before, months, held, facts, .. }) => {
                tracing::info!(before, months, held, facts, "what had run out is erased");
            }
            Err(error) => tracing::error!(%error, "what has run out is erased later"),
        }
    }
}

/// What has run out of a stopped instance. Changes nothing, and makes no entry.
///
/// # Errors
///
/// [`Error::Locked`] if the instance runs.
pub async fn due(config: &Config) -> Result<Due, Error> {
    let _lock = lock(config)?;
    let custody = custody(config)?;
    let database = Database::open(&config.database.place().map_err(Error::Config)?).await?;
    let registry = Registry::new(database.clone(), custody.derive(label::AUTHORITY).await?.mac());
    let keyset =
        KeySet::open_read_only(Arc::clone(&custody) as Arc<dyn Custody>, &config.keys.first);
    let keyset = keyset.await?;
    let key = Parts::signing_key(config, &custody).await?;
    let kept = Signer::open(&config.signer.state_file, key)?.state()?.authority.position;
    let now = Clock::system().now();
    let due = Due::of(&registry, &keyset, &config.retention, kept, now).await?;
    keyset.close().await;
    database.pool().close().await;
    Ok(due)
}
