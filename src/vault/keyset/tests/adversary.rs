//! Whoever holds files: rows moved about, and older copies of the set beside today's custody.

use std::{path::Path, sync::Arc};

use sqlx::{Connection, SqliteConnection, query, sqlite::SqliteConnectOptions};

use super::{
    Deposit, DocumentId, Error, Instance, KeySet, PersonId, Slot, TagSubject, files, party, person,
};
use crate::vault::{
    custody::{self, FileCustody, Ground},
    keyset::{
        head::Head,
        op::Op,
        tree::{Keys, Leaf, NodeId},
    },
};

/// Changes a closed set's files by SQL, in both places.
async fn tamper(instance: &Instance, sql: &'static str, arguments: &[&[u8]]) -> u64 {
    let mut changed = 0;
    for path in [instance.first(), instance.second()] {
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let mut statement = query(sql);
        for argument in arguments {
            statement = statement.bind(*argument);
        }
        changed = statement.execute(&mut connection).await.unwrap().rows_affected();
        connection.close().await.unwrap();
    }
    changed
}

async fn contradicts(set: &KeySet, document: DocumentId) -> bool {
    matches!(set.document_key(document).await, Err(Error::Contradiction(_)))
}

#[tokio::test]
async fn a_slot_moved_to_another_document_or_party_does_not_open() {
    let (instance, set) = Instance::create().await;
    let (ours, theirs) = (party(&set).await, party(&set).await);
    let [a, b] = [Deposit::make(&set, ours).await, Deposit::make(&set, ours).await];
    let c = Deposit::make(&set, theirs).await;
    set.close().await;
    let swap = "update slot set sealed = (select sealed from slot where subject = $2)
                where subject = $1";
    let (to, from) = (a.document.as_bytes(), b.document.as_bytes());
    assert_eq!(tamper(&instance, swap, &[to, from]).await, 1);

    let set = instance.open().await.unwrap();
    assert!(contradicts(&set, a.document).await, "another document of the same party");
    assert!(b.lives(&set).await && c.lives(&set).await);
    set.close().await;

    let owner = "update slot set bucket = (select bucket from slot where subject = $2)
                 where subject = $1";
    tamper(&instance, owner, &[from, c.document.as_bytes()]).await;
    let set = instance.open().await.unwrap();
    assert!(contradicts(&set, b.document).await, "another party's bucket");
    set.close().await;

    let node = "update bucket set node = (select node from bucket where id =
                (select bucket from slot where subject = $2)) where id =
                (select bucket from slot where subject = $1)";
    tamper(&instance, node, &[c.document.as_bytes(), a.document.as_bytes()]).await;
    let set = instance.open().await.unwrap();
    assert!(contradicts(&set, c.document).await, "a bucket said to be another party's");
}

#[tokio::test]
async fn a_slot_is_sealed_to_its_kind_node_and_subject() {
    let bucket = crate::vault::Secret::random();
    let (party, other) = (super::PartyId::random(), super::PartyId::random());
    let document = DocumentId::random();
    let leaf = Leaf::from(&Slot::Document(document));
    let node = NodeId::party(party);
    let sealed = Keys::random().seal(&bucket, node, &leaf);

    let opens = |node, leaf: &Leaf| Keys::open(&bucket, node, leaf, &sealed).is_ok();

    assert!(opens(node, &leaf));
    assert!(!opens(NodeId::party(other), &leaf));
    assert!(!opens(NodeId::person(PersonId(party.0)), &leaf));
    assert!(!opens(node, &Leaf::from(&Slot::Document(DocumentId::random()))));
    assert!(!opens(node, &Leaf { kind: 2, subject: leaf.subject.clone() }));
}

#[tokio::test]
async fn a_generation_written_by_hand_is_not_believed() {
    let (instance, set) = Instance::create().await;
    party(&set).await;
    let generation = set.generation();
    set.close().await;
    tamper(&instance, "update head set generation = generation + 5", &[]).await;

    let opened = instance.open_at_least(generation + 1).await;

    assert!(matches!(opened, Err(Error::Contradiction(_))), "{opened:?}");
}

/// Everything that was ever erased, and what lives.
struct Lives {
    erased: Deposit,
    person: PersonId,
    lives: Vec<Deposit>,
}

/// The most that a thief with today's custody can make of `files`: opens them as a set, and as one that is made to
/// look current.
async fn steals(today: &Instance, files: &Instance, found: &Lives) -> bool {
    let (custody, _) = FileCustody::open(&today.custody(), Ground::Warn).unwrap();
    let opened = KeySet::open(Arc::new(custody), &files.first(), &files.second(), 0).await;
    let Ok(set) = opened else { return false };
    let key = set.file_key(found.erased.document, found.erased.version).await;
    let content = key.is_ok_and(|key| key.expose() == found.erased.key.expose());
    let stolen = content || set.person_key(found.person).await.is_ok();
    set.close().await;
    stolen
}

/// Rows of `theirs` put into `ours` wherever they are missing there or differ.
async fn mix(ours: &Path, theirs: &Path, statements: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(ours);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let attach = "attach database $1 as old";
    query(attach).bind(theirs.to_str().unwrap()).execute(&mut connection).await.unwrap();
    for statement in statements {
        query(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn yesterdays_copies_open_nothing_that_was_erased_with_todays_custody() {
    let (instance, set) = Instance::create().await;
    let owner = party(&set).await;
    let person = person(&set).await;
    set.ensure_months(&[person], "2026-11").await.unwrap();
    let erased = Deposit::make(&set, owner).await;
    let mut lives = Vec::new();
    for _ in 0..5 {
        lives.push(Deposit::make(&set, owner).await);
    }
    // Copies from before, with the write-ahead log, and one from a set closed in order.
    let reading = instance.copy();
    let old_top = set.shared.with_trunk(|trunk| trunk.top.clone());
    set.close().await;
    let closed = instance.copy();
    let set = instance.open().await.unwrap();

    set.erase(&[Slot::Document(erased.document), Slot::Person(person)]).await.unwrap();

    for kept in &lives {
        assert!(kept.lives(&set).await, "what was not erased stays");
    }
    assert!(!erased.lives(&set).await);
    assert!(matches!(set.person_key(person).await, Err(Error::Missing(_))));
    assert!(matches!(set.personal_key(person, "2026-11").await, Err(Error::Missing(_))));
    set.close().await;

    let found = Lives { erased, person, lives };
    for yesterday in [&reading, &closed] {
        assert!(!steals(&instance, yesterday, &found).await);
        // Today's files with the write-ahead log or the second place of yesterday.
        for name in ["keys.sqlite", "second.sqlite"] {
            let mixed = instance.copy();
            mixed.take(yesterday, name);
            assert!(!steals(&instance, &mixed, &found).await, "{name}");
        }
        // Old rows within today's files: today's keys do not open them.
        for statements in [
            &["insert or ignore into slot select * from old.slot"][..],
            &["insert or replace into slot select * from old.slot"],
            &[
                "insert or replace into slot select * from old.slot",
                "insert or replace into bucket_page select * from old.bucket_page",
            ],
            &[
                "insert or replace into slot select * from old.slot",
                "insert or replace into bucket select * from old.bucket",
                "insert or replace into bucket_page select * from old.bucket_page",
                "insert or replace into node_page select * from old.node_page",
            ],
        ] {
            let mixed = instance.copy();
            mix(&mixed.first(), &yesterday.first(), statements).await;
            mix(&mixed.second(), &yesterday.first(), statements).await;
            assert!(!steals(&instance, &mixed, &found).await, "{statements:?}");
        }
    }
    // The top key of yesterday was wrapped under a key that custody has destroyed.
    let set = instance.open().await.unwrap();
    let (custody, _) = FileCustody::open(&instance.custody(), Ground::Warn).unwrap();
    let options = SqliteConnectOptions::new().filename(closed.first());
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let head = Head::read(&mut connection, &custody).await;
    assert!(matches!(head, Err(Error::Custody(custody::Error::Gone))));
    assert_ne!(set.shared.with_trunk(|trunk| *trunk.top.expose()), *old_top.expose());
    for kept in &found.lives {
        assert!(kept.lives(&set).await);
    }
}

#[tokio::test]
async fn a_forged_head_over_old_rows_opens_nothing_erased() {
    let (instance, set) = Instance::create().await;
    let owner = party(&set).await;
    let person = person(&set).await;
    let erased = Deposit::make(&set, owner).await;
    let yesterday = instance.copy();
    set.erase(&[Slot::Document(erased.document), Slot::Person(person)]).await.unwrap();
    let (head, top) = set.shared.with_trunk(|trunk| (trunk.head.clone(), trunk.top.clone()));
    set.close().await;

    // A thief with custody can open today's top key and sign whatever head he likes.
    for path in [yesterday.first(), yesterday.second()] {
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        Op::set_head(&head, &head.mac(&top)).apply(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    assert!(!steals(&instance, &yesterday, &Lives { erased, person, lives: Vec::new() }).await);
}

#[tokio::test]
async fn an_abandoned_version_dies_with_the_next_turn_whatever_that_touches() {
    let (instance, set) = Instance::create().await;
    let (ours, theirs) = (party(&set).await, party(&set).await);
    let abandoned = Deposit::make(&set, ours).await;
    let other = Deposit::make(&set, theirs).await;
    let yesterday = instance.copy();
    set.drop_version(abandoned.document, abandoned.version).await.unwrap();

    set.erase(&[Slot::Document(other.document)]).await.unwrap();

    set.close().await;
    let mixed = instance.copy();
    let statements = ["insert or replace into slot select * from old.slot"];
    mix(&mixed.first(), &yesterday.first(), &statements).await;
    mix(&mixed.second(), &yesterday.first(), &statements).await;
    let person = PersonId::random();
    let found = Lives { erased: abandoned, person, lives: Vec::new() };
    let (custody, _) = FileCustody::open(&instance.custody(), Ground::Warn).unwrap();
    let opened = KeySet::open(Arc::new(custody), &mixed.first(), &mixed.second(), 0).await.unwrap();
    let key = opened.file_key(found.erased.document, found.erased.version).await;
    assert!(matches!(key, Err(Error::Contradiction(_))), "{key:?}");
}

#[tokio::test]
async fn erasing_each_kind_of_slot_leaves_the_others() {
    let (instance, set) = Instance::create().await;
    let (owner, other) = (party(&set).await, party(&set).await);
    let one = person(&set).await;
    set.ensure_months(&[one], "2026-10").await.unwrap();
    set.ensure_months(&[one], "2026-11").await.unwrap();
    let deposit = Deposit::make(&set, owner).await;
    let second = super::VersionId::random();
    let second_key = set.add_version(deposit.document, second).await.unwrap();
    let address = set.address_key().await.unwrap();
    let tag = set.tag_key(TagSubject::Document(deposit.document), 2026, 0).await.unwrap();

    set.erase(&[
        Slot::Version(deposit.document, deposit.version),
        Slot::Month(one, "2026-10".into()),
        Slot::Party(other),
        Slot::Address,
        Slot::Document(DocumentId::random()),
    ])
    .await
    .unwrap();

    let set = {
        set.close().await;
        instance.open().await.unwrap()
    };
    assert!(!deposit.lives(&set).await);
    let kept = set.file_key(deposit.document, second).await.unwrap();
    assert_eq!(kept.expose(), second_key.expose());
    assert!(matches!(set.personal_key(one, "2026-10").await, Err(Error::Missing(_))));
    assert!(set.personal_key(one, "2026-11").await.is_ok() && set.person_key(one).await.is_ok());
    assert!(set.party_key(owner).await.is_ok());
    assert!(matches!(set.party_key(other).await, Err(Error::Missing(_))));
    assert_ne!(set.address_key().await.unwrap().expose(), address.expose());
    let again = set.tag_key(TagSubject::Document(deposit.document), 2026, 0).await.unwrap();
    assert_eq!(again.expose(), tag.expose());
    assert_eq!(set.pending().await.unwrap().len(), 2, "the document and its second version");

    set.erase(&[Slot::Document(deposit.document)]).await.unwrap();
    assert_eq!(set.pending().await.unwrap(), []);
    let gone = set.tag_key(TagSubject::Document(deposit.document), 2026, 0).await;
    assert!(matches!(gone, Err(Error::Missing(_))));
}

#[tokio::test]
async fn erasing_what_is_not_there_turns_nothing() {
    let (_instance, set) = Instance::create().await;
    let deposit = Deposit::make(&set, party(&set).await).await;
    set.erase(&[Slot::Document(deposit.document)]).await.unwrap();
    let generation = set.generation();

    set.erase(&[Slot::Document(deposit.document), Slot::Person(PersonId::random())]).await.unwrap();
    set.erase(&[]).await.unwrap();

    assert_eq!(set.generation(), generation);
}

#[tokio::test]
async fn rotation_goes_round_in_slices_and_leaves_every_key() {
    let (instance, set) = Instance::create().await;
    let mut deposits = Vec::new();
    for _ in 0..4 {
        let owner = party(&set).await;
        deposits.push(Deposit::make(&set, owner).await);
    }
    let yesterday = instance.copy();
    assert!(!set.rotate(2).await.unwrap());
    set.close().await;
    let set = instance.open().await.unwrap();
    assert!(!set.rotate(2).await.unwrap(), "it goes on where it was");
    assert!(set.rotate(2).await.unwrap());
    set.close().await;

    // No slot of yesterday opens within today's set.
    let mixed = instance.copy();
    let statements = ["insert or replace into slot select * from old.slot"];
    mix(&mixed.first(), &yesterday.first(), &statements).await;
    mix(&mixed.second(), &yesterday.first(), &statements).await;
    let (custody, _) = FileCustody::open(&instance.custody(), Ground::Warn).unwrap();
    let opened = KeySet::open(Arc::new(custody), &mixed.first(), &mixed.second(), 0).await.unwrap();
    let set = instance.open().await.unwrap();
    for deposit in &deposits {
        assert!(contradicts(&opened, deposit.document).await);
        assert!(deposit.lives(&set).await);
    }
}

#[tokio::test]
async fn more_slots_than_a_bucket_or_a_page_holds_are_kept_and_erased() {
    let (instance, set) = Instance::create().await;
    let set = Arc::new(set);
    let owner = party(&set).await;
    let documents: Vec<_> = (0..700).map(|_| DocumentId::random()).collect();
    let people: Vec<_> = (0..300).map(|_| PersonId::random()).collect();
    let adding: Vec<_> = documents.iter().map(|id| set.add_document(owner, *id)).collect();
    for added in futures::future::join_all(adding).await {
        added.unwrap();
    }
    let adding: Vec<_> = people.iter().map(|id| set.add_person(*id)).collect();
    for added in futures::future::join_all(adding).await {
        added.unwrap();
    }
    let shred: Vec<_> = documents.iter().step_by(7).map(|id| Slot::Document(*id)).collect();

    set.erase(&shred).await.unwrap();
    set.erase(&[Slot::Person(people[0]), Slot::Person(people[299])]).await.unwrap();
    set.close().await;

    let set = instance.open().await.unwrap();
    for (number, id) in documents.iter().enumerate() {
        assert_eq!(set.document_key(*id).await.is_ok(), number % 7 != 0, "{number}");
    }
    for (number, id) in people.iter().enumerate() {
        assert_eq!(set.person_key(*id).await.is_ok(), number % 299 != 0, "{number}");
    }
    set.add_document(owner, documents[0]).await.unwrap();
    set.add_person(people[0]).await.unwrap();
    assert!(set.person_key(people[0]).await.is_ok(), "room that was freed is used again");
    assert!(files(instance.folder.path()).iter().map(Vec::len).sum::<usize>() < 4 << 20);
}
