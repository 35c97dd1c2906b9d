//! What the set keeps and gives back.

use super::{
    Deposit, DocumentId, Error, Instance, PartyId, PersonId, Slot, TagSubject, VersionId, files,
    party, pending, person,
};
use crate::{id::EntryId, vault::label};

#[tokio::test]
async fn keys_are_the_same_after_the_set_is_opened_again() {
    let (instance, set) = Instance::create().await;
    let (party, person) = (party(&set).await, person(&set).await);
    let deposit = Deposit::make(&set, party).await;
    set.ensure_months(&[person], "2026-11").await.unwrap();
    let entry = EntryId::random();
    let before = [
        set.document_key(deposit.document).await.unwrap(),
        set.party_key(party).await.unwrap(),
        set.person_key(person).await.unwrap(),
        set.personal_key(person, "2026-11").await.unwrap(),
        set.address_key().await.unwrap(),
    ];
    let tag = set.tag_key(TagSubject::Party(party), 2026, 0).await.unwrap().tag(&entry);
    let generation = set.generation();
    set.close().await;

    let set = instance.open_at_least(generation).await.unwrap();

    let after = [
        set.document_key(deposit.document).await.unwrap(),
        set.party_key(party).await.unwrap(),
        set.person_key(person).await.unwrap(),
        set.personal_key(person, "2026-11").await.unwrap(),
        set.address_key().await.unwrap(),
    ];
    let bytes = |keys: &[crate::vault::SymmetricKey; 5]| keys.each_ref().map(|key| *key.expose());
    let labels = after.each_ref().map(crate::vault::SymmetricKey::label);
    assert_eq!(bytes(&before), bytes(&after));
    assert_eq!(
        labels,
        [label::DOCUMENT, label::PARTY, label::PERSON, label::PERSONAL, label::ADDRESS]
    );
    assert!(deposit.lives(&set).await);
    assert_eq!(set.tag_key(TagSubject::Party(party), 2026, 0).await.unwrap().tag(&entry), tag);
    assert_eq!(set.generation(), generation);
    assert_eq!(set.documents(None, 10).await.unwrap(), [(party, deposit.document)]);
    assert_eq!(set.versions(deposit.document).await.unwrap(), [deposit.version]);
}

#[tokio::test]
async fn what_was_never_made_is_missing_and_what_exists_is_not_made_twice() {
    let (_instance, set) = Instance::create().await;
    let party = party(&set).await;
    let deposit = Deposit::make(&set, party).await;
    let (stranger, nobody) = (PartyId::random(), PersonId::random());
    let generation = set.generation();

    assert!(matches!(
        set.add_document(stranger, DocumentId::random()).await,
        Err(Error::Missing(Slot::Party(missing))) if missing == stranger
    ));
    assert!(matches!(
        set.add_document(party, deposit.document).await,
        Err(Error::Occupied(Slot::Document(_)))
    ));
    assert!(matches!(
        set.add_version(deposit.document, deposit.version).await,
        Err(Error::Occupied(Slot::Version(..)))
    ));
    assert!(matches!(
        set.add_version(DocumentId::random(), VersionId::random()).await,
        Err(Error::Missing(_))
    ));
    assert!(matches!(set.ensure_months(&[nobody], "2026-11").await, Err(Error::Missing(_))));
    assert!(matches!(set.personal_key(nobody, "2026-11").await, Err(Error::Missing(_))));
    assert!(matches!(
        set.file_key(deposit.document, VersionId::random()).await,
        Err(Error::Missing(Slot::Version(..)))
    ));
    set.add_party(party).await.unwrap();
    assert_eq!(set.generation(), generation, "nothing changed");
}

#[tokio::test]
async fn a_deposit_is_pending_until_confirmed_and_forgotten_when_abandoned() {
    let (_instance, set) = Instance::create().await;
    let party = party(&set).await;
    let kept = Deposit::make(&set, party).await;
    let abandoned = VersionId::random();
    set.add_version(kept.document, abandoned).await.unwrap();
    let first = pending(kept.document, None);
    let second = pending(kept.document, Some(kept.version));
    let third = pending(kept.document, Some(abandoned));
    let mut all = [first, second, third];
    all.sort_unstable();
    assert_eq!(set.pending().await.unwrap(), all);

    set.confirm(&[first, second]).await.unwrap();
    assert_eq!(set.pending().await.unwrap(), [third]);

    set.drop_version(kept.document, abandoned).await.unwrap();
    set.drop_version(kept.document, abandoned).await.unwrap();
    assert_eq!(set.pending().await.unwrap(), []);
    assert!(matches!(set.file_key(kept.document, abandoned).await, Err(Error::Missing(_))));
    assert!(kept.lives(&set).await);
}

#[tokio::test]
async fn a_version_made_after_its_document_was_read_is_found() {
    let (_instance, set) = Instance::create().await;
    let deposit = Deposit::make(&set, party(&set).await).await;
    set.document_key(deposit.document).await.unwrap();
    let version = VersionId::random();

    let key = set.add_version(deposit.document, version).await.unwrap();

    assert_eq!(set.file_key(deposit.document, version).await.unwrap().expose(), key.expose());
    assert!(deposit.lives(&set).await);
}

#[tokio::test]
async fn months_are_made_once_for_all_who_have_none() {
    let (_instance, set) = Instance::create().await;
    let people = [person(&set).await, person(&set).await, person(&set).await];
    set.ensure_months(&people[..1], "2026-10").await.unwrap();
    set.ensure_months(&people[..2], "2026-11").await.unwrap();
    let key = set.personal_key(people[0], "2026-11").await.unwrap();
    let generation = set.generation();

    set.ensure_months(&[people[2], people[0], people[2]], "2026-11").await.unwrap();
    set.ensure_months(&people, "2026-11").await.unwrap();

    assert_eq!(set.generation(), generation + 1);
    let again = set.personal_key(people[0], "2026-11").await.unwrap();
    assert_eq!(again.expose(), key.expose());
    assert!(set.personal_key(people[2], "2026-11").await.is_ok());
    let old = set.months_before("2026-11").await.unwrap();
    assert_eq!(old, [Slot::Month(people[0], "2026-10".into())]);
}

#[tokio::test]
async fn many_changes_at_once_share_a_transaction_and_all_stand() {
    let (instance, set) = Instance::create().await;
    let set = std::sync::Arc::new(set);
    let party = party(&set).await;
    let before = set.generation();
    let tasks: Vec<_> = (0..600)
        .map(|_| {
            let set = std::sync::Arc::clone(&set);
            tokio::spawn(async move { Deposit::make(&set, party).await })
        })
        .collect();
    let mut deposits = Vec::new();
    for task in tasks {
        deposits.push(task.await.unwrap());
    }

    assert!(set.generation() - before < 200, "{}", set.generation() - before);
    set.close().await;
    let set = instance.open().await.unwrap();
    for deposit in &deposits {
        assert!(deposit.lives(&set).await);
    }
    assert_eq!(set.documents(None, 1_000).await.unwrap().len(), 600);
    assert_eq!(set.pending().await.unwrap().len(), 1_200);
}

#[tokio::test]
async fn a_refused_change_does_not_spoil_those_that_came_with_it() {
    let (_instance, set) = Instance::create().await;
    let party = party(&set).await;
    let stranger = PartyId::random();
    let documents = [DocumentId::random(), DocumentId::random(), DocumentId::random()];

    let (first, refused, last) = tokio::join!(
        set.add_document(party, documents[0]),
        set.add_document(stranger, documents[1]),
        set.add_document(party, documents[2]),
    );

    assert!(first.is_ok() && last.is_ok());
    assert!(matches!(refused, Err(Error::Missing(_))));
    assert!(set.document_key(documents[0]).await.is_ok());
    assert!(matches!(set.document_key(documents[1]).await, Err(Error::Missing(_))));
    assert!(set.document_key(documents[2]).await.is_ok());
}

#[tokio::test]
async fn no_key_stands_in_any_file_or_is_shown() {
    let (instance, set) = Instance::create().await;
    let party = party(&set).await;
    let deposit = Deposit::make(&set, party).await;
    let document = set.document_key(deposit.document).await.unwrap();
    let top = set.shared.with_trunk(|trunk| trunk.top.clone());
    set.erase(&[Slot::Address]).await.unwrap();

    for file in files(instance.folder.path()) {
        for secret in [&deposit.key.expose()[..], document.expose(), top.expose()] {
            assert!(!file.windows(secret.len()).any(|window| window == secret));
        }
    }
    assert_eq!(format!("{set:?} {document:?} {:?}", deposit.key), "KeySet SymmetricKey FileKey");
}

#[tokio::test]
async fn a_set_that_is_closed_says_so() {
    let (_instance, set) = Instance::create().await;
    set.close().await;

    assert!(matches!(set.add_party(PartyId::random()).await, Err(Error::Closed)));
}
