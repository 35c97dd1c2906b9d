//! The fifth moment, on a throw-away mission made for it: whoever holds store or database is caught.

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::{
    app::{self, App},
    causes::causes,
    cli::{
        client::{Client, Upload},
        demo::{
            Teller,
            people::People,
            place::{NAMES, Place},
            story::{deposit, spoken, status},
        },
        error::Error,
        init,
        progress::Progress,
        serve::Serving,
    },
    mission::MissionFile,
    vault::{
        KeySet,
        custody::{Custody, FileCustody, Ground},
    },
};

const OWNER: &str = "company:acieries-du-ponant";

/// A running throw-away mission.
struct Stage {
    place: Place,
    app: App,
    serving: Serving,
    people: People,
}

impl Stage {
    async fn open(place: &Place) -> Result<Self, Error> {
        let config = Arc::new(place.config()?);
        let app = app::open(config, app::Recovery::Waived).await.map_err(init::failed)?;
        let serving = Serving::start(&app).await?;
        let base = format!("https://localhost:{}", serving.address.port());
        let people = People::sign_in(&app, &base, place).await?;
        Ok(Self { place: place.clone(), app, serving, people })
    }

    async fn close(self) {
        self.serving.stop().await;
        self.app.close().await;
    }

    fn contributor(&self) -> Result<Client, Error> {
        self.people.client_of("contributor-acieries", OWNER)
    }

    /// A document of 300,000 bytes, and the path of its sealed object.
    async fn deposit(&self, title: &str) -> Result<(String, PathBuf), Error> {
        let before = objects(&self.place)?;
        let upload = Upload::new(Cursor::new(vec![7; 300_000]), None, Progress::hidden());
        let client = self.contributor()?;
        let workstream = "intelligence-artificielle";
        let (document, _) =
            deposit(&client, workstream, "diagnostic", title, upload, "text/plain").await?;
        let object = objects(&self.place)?.into_iter().find(|path| !before.contains(path));
        Ok((document, object.unwrap_or_default()))
    }

    /// What the contributor gets: the status, and whether all of the content came.
    async fn read(&self, document: &str) -> Result<(Option<StatusCode>, bool), Error> {
        let client = self.contributor()?;
        let answer = client.get(&["api", "v1", "documents", document, "content"]).send().await;
        let status = status(&answer);
        let Ok(answer) = answer else { return Ok((status, false)) };
        let bytes = answer.bytes().await;
        Ok((status, bytes.is_ok_and(|bytes| bytes[..] == [7; 300_000])))
    }

    async fn sql(&self, sql: &'static str) -> Result<(), Error> {
        let failed = |error: sqlx::Error| init::failed(crate::database::Error::from(error).into());
        sqlx::query(sql).execute(self.app.writer.database().pool()).await.map_err(failed)?;
        Ok(())
    }
}

/// Tells the fifth moment.
pub(super) async fn tell(
    teller: &mut Teller<'_>,
    place: &Place,
    file: &MissionFile,
) -> Result<(), Error> {
    teller.moment(
        "Caught",
        "On a second, throw-away mission: whoever holds the store or the database is found out.",
    )?;
    let place = place.throw_away()?;
    app::create(&place.config()?, file, NAMES).await.map_err(init::failed)?;
    let stage = Stage::open(&place).await?;
    store(teller, &stage).await?;
    database(teller, &stage).await?;
    let (document, _) = stage.deposit("À détruire").await?;
    let yesterday = Copies::take(&stage).await?;
    shredded(teller, &stage, &document, &yesterday).await?;
    stage.close().await;
    put_back(teller, &place, &yesterday).await
}

/// The provider changes a byte, and swaps two objects.
async fn store(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Error> {
    let (document, object) = stage.deposit("Octet changé").await?;
    let mut bytes = fs::read(&object)?;
    bytes[100_000] ^= 1;
    fs::write(&object, bytes)?;
    let (_, whole) = stage.read(&document).await?;
    let (after, _) = stage.read(&document).await?;
    let says = format!(
        "a byte changed in the store: the reading is cut before it, the document quarantined ({})",
        spoken(after)
    );
    teller.step("byte-changed", !whole && after != Some(StatusCode::OK), &says)?;

    let ((one, first), (two, second)) = (stage.deposit("Un").await?, stage.deposit("Deux").await?);
    let aside = first.with_extension("aside");
    fs::rename(&first, &aside)?;
    fs::rename(&second, &first)?;
    fs::rename(&aside, &second)?;
    let (first, second) = (stage.read(&one).await?, stage.read(&two).await?);
    let says = "two objects swapped: neither is taken for the other";
    teller.step("objects-swapped", !first.1 && !second.1, says)
}

/// The database administrator inserts a grant, re-points a token, deletes an entry.
async fn database(teller: &mut Teller<'_>, stage: &Stage) -> Result<(), Error> {
    let (document, _) = stage.deposit("Convoité").await?;
    stage
        .sql(
            "insert into document_grant (id, document, owner, grantee, until, created_at) \
             select randomblob(16), id, owner, (select grantee from document_grant limit 1), \
             9223372036854775807, created_at from document where 1 = 1",
        )
        .await
        .ok();
    let competitor = stage.people.client_of("contributor-rhein", "company:rhein-energie")?;
    let answer = competitor.get(&["api", "v1", "documents", &document, "content"]).send().await;
    let ok = status(&answer) == Some(StatusCode::NOT_FOUND);
    teller.step("grant-by-sql", ok, "a grant inserted by SQL: the competitor gained nothing")?;

    stage
        .sql(
            "update credential set person = (select max(person) from credential), \
             capacity = (select max(capacity) from credential)",
        )
        .await?;
    let answer = competitor.get(&["api", "v1", "me"]).send().await;
    let ok = match answer {
        Ok(answer) => {
            let me: serde_json::Value =
                serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
            me["person"] == "contributor-rhein"
        }
        answer => status(&answer) == Some(StatusCode::UNAUTHORIZED),
    };
    let says = "tokens pointed at somebody else by SQL: none acts as another";
    teller.step("token-by-sql", ok, says)?;

    let size = stage.app.tree.published().tree.size;
    stage.sql("delete from batch where start = 3").await?;
    let leaves = stage.app.tree.leaves(0, size).await;
    teller.step(
        "entry-deleted",
        leaves.is_err(),
        "an entry deleted: whoever rebuilds the signed tree misses it",
    )
}

/// Copies of yesterday: key set, database and store.
struct Copies {
    folder: PathBuf,
}

impl Copies {
    async fn take(stage: &Stage) -> Result<Self, Error> {
        let folder = stage.place.folder("competitor").join("yesterday");
        fs::create_dir_all(&folder)?;
        let operator = stage.place.folder("operator");
        for name in ["keys.sqlite", "greffe.sqlite"] {
            for suffix in ["", "-wal"] {
                let name = format!("{name}{suffix}");
                if operator.join(&name).exists() {
                    fs::copy(operator.join(&name), folder.join(&name))?;
                }
            }
        }
        copy(&stage.place.folder("provider"), &folder.join("provider"))?;
        Ok(Self { folder })
    }
}

/// A document is destroyed, then attacked with today's custody and yesterday's copies.
async fn shredded(
    teller: &mut Teller<'_>,
    stage: &Stage,
    document: &str,
    yesterday: &Copies,
) -> Result<(), Error> {
    stage.sql("delete from document_grant").await?;
    let people = People::sign_in(
        &stage.app,
        &format!("https://localhost:{}", stage.serving.address.port()),
        &stage.place,
    )
    .await?;
    let manager = people.client_of("access-acieries", OWNER)?;
    let reason = json!({ "reason": "fin de mission" });
    let gone = manager.ask(Method::DELETE, &["api", "v1", "documents", document]).json(&reason);
    let gone = gone.send().await;
    let reader = people.client_of("contributor-acieries", OWNER)?;
    let after = reader.get(&["api", "v1", "documents", document, "content"]).send().await;
    let ok = gone.is_ok() && status(&after) != Some(StatusCode::OK);
    teller.step(
        "shredded",
        ok,
        &format!(
            "a document is destroyed ({}), and not served any more ({})",
            spoken(status(&gone)),
            spoken(status(&after))
        ),
    )?;
    let opened = open_yesterday(stage, yesterday).await;
    teller.step(
        "shredded-attacked",
        !opened,
        "today's custody with yesterday's key set, database and store: its keys do not open",
    )
}

/// Whether yesterday's key set opens under today's custody.
async fn open_yesterday(stage: &Stage, yesterday: &Copies) -> bool {
    let folder = yesterday.folder.join("attack");
    let copied = fs::create_dir_all(&folder).is_ok()
        && fs::copy(yesterday.folder.join("keys.sqlite"), folder.join("keys.sqlite")).is_ok()
        && fs::copy(yesterday.folder.join("keys.sqlite"), folder.join("second.sqlite")).is_ok()
        && fs::copy(stage.place.custody(), folder.join("custody")).is_ok();
    if !copied {
        return true;
    }
    for name in ["keys.sqlite", "second.sqlite"] {
        let wal = yesterday.folder.join("keys.sqlite-wal");
        if wal.exists() {
            let _copied = fs::copy(wal, folder.join(format!("{name}-wal")));
        }
    }
    let Ok((custody, _)) = FileCustody::open(&folder.join("custody"), Ground::Warn) else {
        return false;
    };
    let custody: Arc<dyn Custody> = Arc::new(custody);
    KeySet::open(custody, &folder.join("keys.sqlite"), &folder.join("second.sqlite"), 0)
        .await
        .is_ok()
}

/// The stopped instance is started on yesterday's database.
async fn put_back(teller: &mut Teller<'_>, place: &Place, yesterday: &Copies) -> Result<(), Error> {
    let operator = place.folder("operator");
    for name in ["greffe.sqlite", "greffe.sqlite-wal", "greffe.sqlite-shm"] {
        let _absent = fs::remove_file(operator.join(name));
        if yesterday.folder.join(name).exists() {
            fs::copy(yesterday.folder.join(name), operator.join(name))?;
        }
    }
    let config = Arc::new(place.config()?);
    let opened = app::open(config, app::Recovery::Waived).await;
    let says = match &opened {
        Ok(_) => "the database put back was NOT noticed".to_owned(),
        Err(error) => {
            format!("yesterday's database put back: it refuses to serve: {}", causes(error))
        }
    };
    let put_back =
        matches!(opened, Err(app::Error::Tree(crate::audit::tree::Error::Contradiction(_))));
    teller.step("database-put-back", put_back, &says)
}

/// The sealed objects at the provider.
fn objects(place: &Place) -> Result<Vec<PathBuf>, Error> {
    let folder = place.folder("provider").join("objects/object");
    let mut objects = Vec::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            objects.push(entry?.path());
        }
    }
    Ok(objects)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
