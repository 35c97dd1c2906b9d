//! Places of storage, from the configuration.

use std::{path::Path, sync::Arc};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sqlx::Row as _;

use crate::{
    app::Error,
    config::{Config, Declared, LocationConfig, Medium},
    database::{self, Revisions},
    id::DocumentId,
    mission::{DocumentRevision, LocationEntry, Registry},
    storage::{
        self, Facts, Location, LocationId, Name, Store,
        absent::Absent,
        folder::Folder,
        location::{Control, Fact, catalogue},
        s3::{Patience, Pool, S3, Settings},
        several::Several,
    },
    time::Clock,
};

/// Opens every configured place, and says of which the shipped catalogue tells too little.
pub(super) fn open(config: &Config) -> Result<Vec<Location>, Error> {
    for flaw in config.flaws_of_catalogue(today()) {
        tracing::warn!(%flaw, "what is known of a location is to be renewed");
    }
    open_by(config, Folder::open)
}

/// Opens every configured place to look at; of a folder nothing is changed, locked or made.
pub(super) fn open_read_only(config: &Config) -> Result<Vec<Location>, Error> {
    open_by(config, Folder::open_read_only)
}

fn open_by(
    config: &Config,
    folder: fn(&Path, &LocationId) -> Result<Folder, storage::Error>,
) -> Result<Vec<Location>, Error> {
    let pool = Pool::new(config.limits.upload_memory_bytes);
    let several = config.location.len() > 1;
    let place = |place: &LocationConfig| {
        let id = id(place)?;
        let facts = facts(place)?;
        let (store, chain): (Arc<dyn Store>, _) = match &place.medium {
            Medium::Folder { path } if several && is_gone(path) => {
                let (location, path) = (&id, path.display());
                tracing::error!(%location, %path, "a folder is not there: its location is away");
                let why = format!("{path} is not there");
                (Arc::new(Absent::new(id.clone(), why)), None)
            }
            Medium::Folder { path } => (Arc::new(folder(path, &id)?), None),
            Medium::S3(_) => {
                let store = S3::new(&settings(place, &id)?, Arc::clone(&pool))?;
                let chain = store.chain();
                (Arc::new(store), Some(chain))
            }
        };
        Ok(Location { id, store, facts, chain })
    };
    config.location.iter().map(place).collect()
}

/// Whether a disk is not mounted, or lost: what others keep is served all the same.
fn is_gone(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut found) => found.next().is_none(),
        Err(_) => true,
    }
}

/// Where anchors are: at every place.
pub(super) fn anchored(locations: &[Location]) -> Result<Arc<dyn Store>, Error> {
    if locations.is_empty() {
        return Err(Error::Config("configure at least one [[location]]".to_owned()));
    }
    let stores = locations.iter().map(|location| Arc::clone(&location.store));
    Ok(Arc::new(Several::new(stores.collect())))
}

/// How many rows of a location are looked at, at most, for one that its document's revision confirms.
const LOOKED_AT: i64 = 1_000;

/// Whether every place where copies rest is configured. A row that no revision confirms was written by SQL alone, and
/// stops nothing.
///
/// # Errors
///
/// [`Error::Removed`] with which are not, and how much rests there.
pub(super) async fn all_there(registry: &Registry, config: &Config) -> Result<(), Error> {
    let pool = registry.database().pool();
    let rows =
        sqlx::query("select location, count(*) from copy group by location order by location");
    let rows = rows.fetch_all(pool).await.map_err(database::Error::from)?;
    let (mut locations, mut copies) = (Vec::new(), 0);
    for row in rows {
        let location: String = row.try_get(0).map_err(database::Error::from)?;
        let known = config.location.iter().any(|place| place.id == location);
        if !known && is_used(registry, &location).await? {
            copies += row.try_get::<i64, _>(1).map_err(database::Error::from)?;
            locations.push(location);
        }
    }
    if locations.is_empty() { Ok(()) } else { Err(Error::Removed { locations, copies }) }
}

/// Whether the revision of a document says that it rests there.
async fn is_used(registry: &Registry, location: &str) -> Result<bool, Error> {
    let sql = "select version.document from copy join version on version.id = copy.version \
               where copy.location = $1 order by copy.version limit $2";
    let rows = sqlx::query(sql).bind(location.to_owned()).bind(LOOKED_AT);
    let rows = rows.fetch_all(registry.database().pool()).await.map_err(database::Error::from)?;
    for row in rows {
        let mut revisions = Revisions::new(Clock::system().now());
        let bytes: Vec<u8> = row.try_get(0).map_err(database::Error::from)?;
        let Ok(document) = DocumentId::from_slice(&bytes) else { continue };
        let revision = registry.read::<DocumentRevision>(document, &mut revisions).await;
        if revision.is_ok_and(|revision| revision.locations.iter().any(|id| id == location)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is known of every configured place, as the mission's revision holds it.
pub(super) fn entries(config: &Config) -> Result<Vec<LocationEntry>, Error> {
    let entry =
        |place: &LocationConfig| Ok(LocationEntry { id: place.id.clone(), facts: facts(place)? });
    config.location.iter().map(entry).collect()
}

/// Asks every bucket whether it is there and knows us, then makes the folders of places that are folders.
pub(super) async fn establish(config: &Config) -> Result<Vec<LocationEntry>, Error> {
    let entries = entries(config)?;
    let is_folder = |place: &&LocationConfig| matches!(place.medium, Medium::Folder { .. });
    let (folders, buckets): (Vec<_>, Vec<_>) = config.location.iter().partition(is_folder);
    for place in buckets.into_iter().chain(folders) {
        establish_one(place).await?;
    }
    Ok(entries)
}

async fn establish_one(place: &LocationConfig) -> Result<(), Error> {
    match &place.medium {
        Medium::S3(_) => {
            let store = S3::new(&settings(place, &id(place)?)?, Pool::new(0))?;
            store.list(&Name::new("anchor").expect("a segment of letters")).await?;
        }
        Medium::Folder { path } => {
            std::fs::create_dir_all(path)
                .map_err(|source| Error::File { path: path.clone(), source })?;
            Folder::establish(path, &id(place)?)?;
        }
    }
    Ok(())
}

/// Makes the folder of a location that was added to the configuration of an instance, or asks its bucket whether it is
/// there. The next start puts it into the mission's revision.
///
/// # Errors
///
/// [`Error::Config`] if the configuration has no such location; what is in its folder already is never taken over.
pub async fn add_location(config: &Config, added: &str) -> Result<(), Error> {
    let place = config.location.iter().find(|place| place.id == added);
    let none = || Error::Config(format!("no [[location]] has the id {added:?}"));
    establish_one(place.ok_or_else(none)?).await
}

fn id(place: &LocationConfig) -> Result<LocationId, Error> {
    place.id.parse().map_err(|_| unusable(place, "its id is none"))
}

fn settings(place: &LocationConfig, location: &LocationId) -> Result<Settings, Error> {
    let Medium::S3(bucket) = &place.medium else {
        return Err(unusable(place, "it is no S3 store"));
    };
    let endpoint = bucket.endpoint.parse();
    Ok(Settings {
        location: location.clone(),
        endpoint: endpoint.map_err(|_| unusable(place, "`endpoint` is no address"))?,
        region: bucket.region.clone(),
        bucket: bucket.bucket.clone(),
        style: bucket.style,
        trailers: bucket.trailers,
        credentials_file: bucket.credentials_file.clone(),
        root_file: bucket.root_file.clone(),
        patience: Patience::default(),
    })
}

fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

/// What is known of a place: from the shipped catalogue, or as declared.
fn facts(place: &LocationConfig) -> Result<Facts, Error> {
    match (&place.catalogue, &place.declared) {
        (Some(entry), _) => {
            let offer = catalogue::shipped().find(&entry.operator, &entry.region);
            let offer = offer.ok_or_else(|| unusable(place, "the catalogue has no such offer"))?;
            Ok(offer.facts(today()))
        }
        (None, Some(declared)) => declared_facts(place, declared),
        (None, None) => Err(unusable(place, "say what is known of it: `catalogue` or `declared`")),
    }
}

fn declared_facts(place: &LocationConfig, declared: &Declared) -> Result<Facts, Error> {
    let (by, on) = (&declared.by, declared.on);
    let text = |value: &Option<String>| match value {
        Some(value) => Fact::declared(value.clone(), by, on),
        None => Fact::unknown(None, by, on),
    };
    let country = |value: &Option<String>| match value {
        None => Ok(None),
        Some(text) => {
            text.parse().map(Some).map_err(|_| unusable(place, "a country is two letters"))
        }
    };
    let stated = |value: Option<_>| match value {
        Some(value) => Fact::declared(value, by, on),
        None => Fact::unknown(None, by, on),
    };
    let control = match (&declared.control_holder, country(&declared.control_country)?) {
        (Some(holder), Some(country)) => {
            Fact::declared(Control { holder: holder.clone(), country }, by, on)
        }
        _ => Fact::unknown(None, by, on),
    };
    let access_logs = match declared.access_logs {
        Some(value) => Fact::declared(value, by, on),
        None => Fact::unknown(None, by, on),
    };
    Ok(Facts {
        country: stated(country(&declared.country)?),
        region: text(&declared.region),
        city: text(&declared.city),
        operator: text(&declared.operator),
        seat: stated(country(&declared.seat)?),
        control,
        qualification: text(&declared.qualification),
        access_logs,
    })
}

fn unusable(place: &LocationConfig, why: &str) -> Error {
    Error::Config(format!("location {}: {why}", place.id))
}
