//! An instance is made: custody, key set, database, signer, places, and the mission that it serves.

use std::sync::Arc;

use serde_json::{Map, json};

use crate::{
    app::{Error, open::Parts, places},
    audit::{
        Draft,
        signer::{Authority as SignedAuthority, Signer},
        tree::Tree,
    },
    config::Config,
    database::Database,
    mission::{Import, MissionFile, Setting},
    policy::baseline_digest,
    vault::{
        KeySet,
        custody::{Custody, FileCustody, Ground, Warning},
    },
};

/// A name and an address for whoever the mission file gives none: slug, name, address.
pub type Names<'n> = &'n [(&'n str, &'n str, &'n str)];

/// Makes an instance where there is none, and imports its mission.
///
/// # Errors
///
/// Whatever exists already is never overwritten; what was made before the failure stays and says so at the next try.
pub async fn create(
    config: &Config,
    file: &MissionFile,
    names: Names<'_>,
) -> Result<Option<Warning>, Error> {
    let locations = places::establish(config).await?;
    for path in folders(config) {
        std::fs::create_dir_all(&path).map_err(|source| Error::File { path, source })?;
    }
    let ground = if config.custody.any_file_system { Ground::Warn } else { Ground::Demand };
    let (custody, warning) = FileCustody::create(&config.custody.file, ground)?;
    let custody = Arc::new(custody);
    let shared = Arc::clone(&custody) as Arc<dyn Custody>;
    let keyset = KeySet::create(shared, &config.keys.first, &config.keys.second).await?;
    let database = Database::create(&config.database.place().map_err(Error::Config)?).await?;
    let parts = Parts::start(&custody, Arc::new(keyset), database).await?;
    let key = Parts::signing_key(config, &custody).await?;
    let position = SignedAuthority { root: [0; 32], position: 0 };
    let mut signer = Signer::create(&config.signer.state_file, key, position)?;
    Tree::create(&parts.writer, &mut signer).await?;
    let created = Map::from_iter([
        ("system".to_owned(), json!("created")),
        ("origin".to_owned(), json!(config.origin)),
    ]);
    parts.writer.enter(Draft::system(created)).await?;
    let setting = Setting { locations, baseline: baseline_digest() };
    let mut import = Import::new(file, setting);
    for (slug, name, address) in names {
        import.name(slug, name, address);
    }
    import.write(&parts.authority, &parts.keyset).await?;
    parts.close().await;
    Ok(warning)
}

/// The folders of everything that is a file.
fn folders(config: &Config) -> Vec<std::path::PathBuf> {
    let files = [
        Some(config.custody.file.as_path()),
        Some(config.keys.first.as_path()),
        Some(config.keys.second.as_path()),
        Some(config.signer.state_file.as_path()),
        config.database.sqlite_path(),
    ];
    let folders = files.into_iter().flatten().filter_map(|file| file.parent());
    folders.map(std::path::Path::to_path_buf).collect()
}
