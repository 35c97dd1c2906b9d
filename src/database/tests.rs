use super::*;
use crate::{
    id::{BatchId, PersonId},
    time::Instant,
};

async fn database() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Sqlite(folder.path().join("greffe.sqlite"));
    (folder, Database::create(&address).await.unwrap())
}

#[test]
fn an_address_without_a_verified_server_is_refused() {
    assert!("postgres:///greffe?host=/run/postgresql".parse::<Address>().is_ok());
    assert!("sqlite:/tmp/a.sqlite".parse::<Address>().is_ok());

    for text in ["postgres://db/greffe", "postgres://db/greffe?sslmode=require", "mysql://x", ""] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_missing_database_is_not_made_by_opening_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("greffe.sqlite");

    let opened = Database::open(&Address::Sqlite(path.clone())).await;

    assert!(opened.is_err());
    assert!(!path.exists());
}

#[tokio::test]
async fn an_item_whose_head_moved_does_not_stand() {
    let (_folder, database) = database().await;
    let mut connection = database.connection().await.unwrap();
    let subject = Subject::from(PersonId::random());
    sqlx::query("insert into head (subject, number, digest) values ($1, 2, $2)")
        .bind(subject.key())
        .bind(vec![2; 32])
        .execute(&mut connection)
        .await
        .unwrap();
    let now = Instant(10_000_000);
    let decided = |number, at| {
        let mut revisions = Revisions::new(Instant(at));
        revisions.read(Head { subject, number, digest: [u8::try_from(number).unwrap(); 32] });
        revisions
    };
    let mut ended = decided(2, now.0);
    ended.ends(now);
    let cases = [decided(2, now.0), decided(1, now.0), decided(2, now.0 - 5_000_001), ended];

    let wanted: Vec<&Revisions> = cases.iter().collect();
    let (_, stands) = compare(&mut connection, Engine::Sqlite, now, &wanted, &[]).await.unwrap();

    assert_eq!(stands, [true, false, false, false]);
}

#[tokio::test]
async fn batches_follow_each_other_and_time_never_goes_back() {
    let (_folder, database) = database().await;
    let mut connection = database.connection().await.unwrap();
    let row = |id: u8| EntryRow {
        id: [id; 16],
        at: Instant(1),
        facts: String::new(),
        asked: String::new(),
        asked_sealed: Vec::new(),
        texts_sealed: Vec::new(),
        personal_sealed: Vec::new(),
        person_index: Vec::new(),
        document: Vec::new(),
        owner: Vec::new(),
        capacity: Vec::new(),
        act: "read",
        decision: "intent",
    };
    let batch =
        |rows: Vec<EntryRow>| Batch { id: BatchId::random(), payload: vec![1], mac: vec![2], rows };

    let (engine, none) = (Engine::Sqlite, &[]);
    let (first, _) = compare(&mut connection, engine, Instant(50), none, &[]).await.unwrap();
    let first = append(&mut connection, first, &batch((0..100).map(row).collect())).await.unwrap();
    let (second, _) = compare(&mut connection, engine, Instant(40), none, &[]).await.unwrap();
    let second = append(&mut connection, second, &batch(vec![row(200)])).await.unwrap();

    assert_eq!(first, Appended { start: 0, at: Instant(50) });
    assert_eq!(second, Appended { start: 100, at: Instant(50) });
    assert_eq!(database.count("select count(*) from entry").await.unwrap(), 101);
}

#[tokio::test]
async fn a_head_that_went_back_is_noticed() {
    let heads = Heads::default();
    let subject = Subject::MISSION;
    let head = |number, digest| Some(Head { subject, number, digest: [digest; 32] });

    heads.witness(subject, head(3, 3)).unwrap();

    for row in [head(2, 2), head(3, 9), None] {
        assert!(matches!(heads.witness(subject, row), Err(Error::PutBack(_))));
    }
    heads.witness(subject, head(4, 4)).unwrap();
}

#[tokio::test]
async fn every_table_has_a_class() {
    use sqlx::Row as _;

    let (_folder, database) = database().await;
    let sql = "select name from sqlite_master where type = 'table' order by name";
    let rows = sqlx::query(sql).fetch_all(database.pool()).await.unwrap();

    let tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut classes: Vec<&str> = CLASSES.iter().map(|(table, _)| *table).collect();
    classes.sort_unstable();

    assert_eq!(tables, classes);
}
