//! Whoever controls the database changes authority while the service is stopped.

use std::{path::Path, sync::Arc};

use greffe::{
    app::{self, App, Recovery},
    audit::tree,
    config::Config,
    database,
    database::Revisions,
    mission::{self, MissionFile, Role, TagKey},
};

/// An instance in `folder`, with the founding mission.
fn config(folder: &Path) -> Arc<Config> {
    let text = r#"
        listen = "127.0.0.1:0"
        operator_listen = "127.0.0.1:0"
        origin = "greffe.example/authority"
        [database]
        address = "sqlite:greffe.sqlite"
        [custody]
        file = "custody"
        any_file_system = true
        [keys]
        first = "keys.sqlite"
        second = "second.sqlite"
        [signer]
        state_file = "signer"
        [tls]
        certificate_file = "certificate.pem"
        key_file = "key.pem"
        [[location]]
        id = "folder"
        kind = "folder"
        path = "objects"
        declared = { by = "a test", on = "2026-11-24", country = "FR" }
    "#;
    Arc::new(Config::parse(text, folder).unwrap())
}

async fn open(folder: &Path) -> Result<App, app::Error> {
    app::open(config(folder), Recovery::Waived).await
}

/// The founding mission, with one party changed since, then stopped.
async fn stopped(folder: &Path) {
    let file = MissionFile::parse(include_str!("../../config/mission.toml")).unwrap();
    app::create(&config(folder), &file, &[]).await.unwrap();
    let app = open(folder).await.unwrap();
    let mission = app.registry.mission(&mut Revisions::new(app.clock.now())).await.unwrap();
    let party = mission.party_named("company:rhein-energie").unwrap().party;
    let key = TagKey { year: 2100, turn: 0, commitment: "00".repeat(32) };
    app.authority.commit_tag_key(party, key).await.unwrap();
    app.close().await;
}

async fn sql(folder: &Path, sql: &'static str) {
    let address = format!("sqlite:{}", folder.join("greffe.sqlite").display());
    let database = database::Database::open(&address.parse().unwrap()).await.unwrap();
    let changed = sqlx::query(sql).execute(database.pool()).await.unwrap();
    assert!(changed.rows_affected() > 0, "{sql}");
    database.pool().close().await;
}

#[tokio::test]
async fn an_instance_that_nobody_touched_starts_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    stopped(folder.path()).await;

    for _ in 0..2 {
        let app = open(folder.path()).await.unwrap();
        let mut revisions = Revisions::new(app.clock.now());
        let mission = app.registry.mission(&mut revisions).await.unwrap();
        assert_eq!(mission.locations.len(), 1);
        let coordinator = mission.person_named("coordinator").unwrap();
        let held = app.registry.capacities(coordinator, &mut revisions).await.unwrap();
        assert_eq!(held[0].roles, [Role::Coordinator]);
        app.close().await;
    }
}

#[tokio::test]
async fn the_mission_that_stands_is_read_as_its_file() {
    let folder = tempfile::tempdir().unwrap();
    stopped(folder.path()).await;
    let config = config(folder.path());
    let running = open(folder.path()).await.unwrap();
    let locked = app::present(&config).await;
    running.close().await;
    drop(running);

    let stands = app::present(&config).await.unwrap();

    let file = MissionFile::parse(include_str!("../../config/mission.toml")).unwrap();
    assert_eq!(mission::differences(&stands, &file), []);
    assert!(matches!(locked, Err(app::Error::Locked(_))), "{locked:?}");
    sql(folder.path(), "update revision set mac = randomblob(32) where number = 1").await;
    let forged = app::present(&config).await;
    assert!(matches!(forged, Err(app::Error::Mission(mission::Error::Forged(_)))), "{forged:?}");
}

#[tokio::test]
async fn authority_changed_behind_a_stopped_service_keeps_it_from_starting() {
    let attacks = [
        "update head set number = 1, digest = (select digest from revision \
         where revision.subject = head.subject and revision.number = 1) \
         where substr(subject, 1, 1) = x'70' and number = 2",
        "delete from head where substr(subject, 1, 1) = x'75'",
        "insert into head (subject, number, digest) \
         select cast(x'75' || randomblob(16) as blob), 1, digest from head limit 1",
        "update head set digest = randomblob(32) where substr(subject, 1, 1) = x'6d'",
    ];
    for attack in attacks {
        let folder = tempfile::tempdir().unwrap();
        stopped(folder.path()).await;

        sql(folder.path(), attack).await;

        let opened = open(folder.path()).await;
        let Err(app::Error::Mission(error)) = opened else { panic!("{attack}: {opened:?}") };
        assert!(
            matches!(
                error,
                mission::Error::RootDiffers | mission::Error::Database(database::Error::PutBack(_))
            ),
            "{attack}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_change_whose_entry_was_taken_out_of_the_log_keeps_it_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    stopped(folder.path()).await;
    let app = open(folder.path()).await.unwrap();
    let mission = app.registry.mission(&mut Revisions::new(app.clock.now())).await.unwrap();
    let party = mission.party_named("company:lumen-ia").unwrap().party;
    let key = TagKey { year: 2100, turn: 0, commitment: "00".repeat(32) };
    app.authority.commit_tag_key(party, key).await.unwrap();

    // While it runs, so that its end finds it too, and keeps the root of before.
    let attack = "delete from entry where position = (select max(position) from entry)";
    sql(folder.path(), attack).await;
    app.close().await;
    drop(app);

    let opened = open(folder.path()).await;
    assert!(matches!(opened, Err(app::Error::Tree(tree::Error::Batch(_)))), "{opened:?}");
}
