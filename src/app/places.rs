//! Places of storage, from the configuration.

use std::{path::Path, sync::Arc};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    app::Error,
    config::{Config, Declared, LocationConfig, Medium},
    mission::LocationEntry,
    storage::{
        self, Facts, Location, LocationId, Store,
        folder::Folder,
        location::{Control, Fact, catalogue},
        s3::{Access, Patience, Pool, S3, Settings},
    },
};

/// Opens every configured place.
pub(super) fn open(config: &Config) -> Result<Vec<Location>, Error> {
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
    let place = |place: &LocationConfig| {
        let id = place.id.parse().map_err(|_| unusable(place, "its id is none"))?;
        let store: Arc<dyn Store> = match &place.medium {
            Medium::Folder { path } => Arc::new(folder(path, &id)?),
            Medium::S3 { .. } => Arc::new(S3::new(&settings(place)?, Arc::clone(&pool))?),
        };
        Ok(Location { id, store, facts: facts(place)? })
    };
    config.location.iter().map(place).collect()
}

/// What is known of every configured place, as the mission's revision holds it.
pub(super) fn entries(config: &Config) -> Result<Vec<LocationEntry>, Error> {
    let entry =
        |place: &LocationConfig| Ok(LocationEntry { id: place.id.clone(), facts: facts(place)? });
    config.location.iter().map(entry).collect()
}

/// Makes the folders of places that are folders.
pub(super) fn establish(config: &Config) -> Result<Vec<LocationEntry>, Error> {
    for place in &config.location {
        if let Medium::Folder { path } = &place.medium {
            std::fs::create_dir_all(path)
                .map_err(|source| Error::File { path: path.clone(), source })?;
            let id = place.id.parse().map_err(|_| unusable(place, "its id is none"))?;
            Folder::establish(path, &id)?;
        }
    }
    entries(config)
}

fn settings(place: &LocationConfig) -> Result<Settings, Error> {
    let Medium::S3 { endpoint, bucket, region, credentials_file, root_file, .. } = &place.medium
    else {
        return Err(unusable(place, "it is no S3 store"));
    };
    let credentials = read(credentials_file)?;
    let mut lines = credentials.lines();
    let (Some(id), Some(secret)) = (lines.next(), lines.next()) else {
        return Err(unusable(
            place,
            "`credentials_file` needs the key's id and its secret, a line each",
        ));
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(read(root_file)?.as_bytes()) {
        let certificate = certificate.map_err(|_| unusable(place, "`root_file` is not PEM"))?;
        roots.add(certificate).map_err(|_| unusable(place, "`root_file` holds no authority"))?;
    }
    Ok(Settings {
        endpoint: endpoint.parse().map_err(|_| unusable(place, "`endpoint` is no address"))?,
        region: region.clone(),
        bucket: bucket.clone(),
        access: Access { id: id.to_owned(), secret: secret.to_owned().into() },
        roots: Arc::new(roots),
        patience: Patience::default(),
    })
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// What is known of a place: from the shipped catalogue, or as declared.
fn facts(place: &LocationConfig) -> Result<Facts, Error> {
    match (&place.catalogue, &place.declared) {
        (Some(entry), _) => {
            let offer = catalogue::shipped().find(&entry.operator, &entry.region);
            let offer = offer.ok_or_else(|| unusable(place, "the catalogue has no such offer"))?;
            Ok(offer.facts.clone())
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
