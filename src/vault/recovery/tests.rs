//! Recovery copies: who opens them, when they are renewed, and what is restored from them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    slice::from_ref,
    sync::Arc,
};

use tempfile::TempDir;

use super::{Error, Recovery, check, restore};
use crate::{
    id::{DocumentId, PartyId},
    time::Clock,
    vault::{
        custody::{Custody, FileCustody, Ground},
        keyset::{KeySet, Slot},
        recipients::Identity,
    },
};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn custody(&self, recovery: &Recovery) -> FileCustody {
        let path = self.path("custody");
        let (custody, _) = if path.exists() {
            FileCustody::open(&path, Ground::Warn).unwrap()
        } else {
            FileCustody::create(&path, Ground::Warn).unwrap()
        };
        custody.with_recovery(recovery.clone())
    }
}

fn recovery(copy: &Path, identities: &[&Identity]) -> Recovery {
    Recovery::new(copy, identities.iter().map(|identity| identity.recipient()).collect()).unwrap()
}

#[test]
fn a_copy_is_opened_by_each_recipient_and_gives_custody_back() {
    let folder = Folder::new();
    let [a, b, stranger] = [Identity::random(), Identity::random(), Identity::random()];
    let recovery = recovery(&folder.path("copy.age"), &[&a, &b]);
    let custody = folder.custody(&recovery);

    recovery.write(&custody).unwrap();

    let copy = folder.path("copy.age");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&copy).unwrap();
    let root = custody.block().root;
    assert!(!bytes.windows(32).any(|window| window == root.expose()));
    for identity in [&a, &b] {
        assert!(check(&copy, from_ref(identity)).is_ok());
    }
    let closed = check(&copy, &[stranger]);
    assert!(matches!(closed, Err(Error::Closed { .. })), "{closed:?}");

    let back = folder.path("back");
    let (restored, _) = restore(&copy, from_ref(&a), &back, Ground::Warn).unwrap();
    assert_eq!(restored.block().write(), custody.block().write());
    assert!(matches!(restore(&copy, &[a], &back, Ground::Warn), Err(Error::Custody(_))));
}

#[test]
fn what_is_no_copy_is_said_to_be_none_and_restores_nothing() {
    let folder = Folder::new();
    let identity = Identity::random();
    let (copy, back) = (folder.path("copy.age"), folder.path("back"));
    let identities = [identity.clone()];
    let refused = || restore(&copy, &identities, &back, Ground::Warn).unwrap_err();

    assert!(matches!(refused(), Error::Missing(_)));
    fs::write(&copy, b"nothing").unwrap();
    assert!(matches!(refused(), Error::Closed { .. }));
    fs::write(&copy, age::encrypt(&age_recipient(&identity), b"nothing").unwrap()).unwrap();
    assert!(matches!(refused(), Error::NoCustody(_)));
    assert!(!back.exists());
    assert!(matches!(Recovery::new(&copy, Vec::new()), Err(Error::NoRecipient)));
}

fn age_recipient(identity: &Identity) -> age::x25519::Recipient {
    identity.recipient().to_string().parse().unwrap()
}

#[tokio::test]
async fn read_back_is_recorded_for_this_custody_and_these_recipients_only() {
    let folder = Folder::new();
    let [a, b] = [Identity::random(), Identity::random()];
    let copy = folder.path("copy.age");
    let recovery = recovery(&copy, &[&a]);
    let custody = folder.custody(&recovery);
    let now = Clock::system().now();
    assert!(matches!(recovery.read_back(from_ref(&a), &custody, now), Err(Error::Missing(_))));
    assert_eq!(recovery.state(&custody).unwrap(), None);
    recovery.write(&custody).unwrap();
    assert_eq!(recovery.state(&custody).unwrap(), None, "written is not read back");
    assert!(recovery.read_back(from_ref(&b), &custody, now).is_err());
    assert_eq!(recovery.state(&custody).unwrap(), None);

    let read = recovery.read_back(from_ref(&a), &custody, now).unwrap();

    assert_eq!(recovery.state(&custody).unwrap(), Some(read.clone()));
    assert_eq!(read.custody, check(&copy, from_ref(&a)).unwrap());
    let others = super::Recovery::new(&copy, vec![a.recipient(), b.recipient()]).unwrap();
    assert_eq!(others.state(&custody).unwrap(), None, "nobody has shown that b can open it");
    let (stranger, _) = FileCustody::create(&folder.path("other"), Ground::Warn).unwrap();
    assert_eq!(recovery.state(&stranger).unwrap(), None);
    assert!(matches!(recovery.read_back(&[a], &stranger, now), Err(Error::Differs(_))));
    fs::remove_file(&copy).unwrap();
    assert_eq!(recovery.state(&custody).unwrap(), None, "there is no copy any more");
}

#[tokio::test]
async fn each_turn_renews_the_copy_before_the_old_key_goes() {
    let folder = Folder::new();
    let identity = Identity::random();
    let copy = folder.path("copy.age");
    let recovery = recovery(&copy, &[&identity]);
    let custody = folder.custody(&recovery);
    recovery.write(&custody).unwrap();
    let old = fs::read(&copy).unwrap();
    let now = Clock::system().now();
    recovery.read_back(from_ref(&identity), &custody, now).unwrap();
    let (first, second) = (folder.path("keys.sqlite"), folder.path("second.sqlite"));
    let set = KeySet::create(Arc::new(custody), &first, &second).await.unwrap();
    let (party, kept, erased) = (PartyId::random(), DocumentId::random(), DocumentId::random());
    set.add_party(party).await.unwrap();
    set.add_document(party, kept).await.unwrap();
    set.add_document(party, erased).await.unwrap();
    let key = set.document_key(kept).await.unwrap();

    set.erase(&[Slot::Document(erased)]).await.unwrap();
    set.close().await;

    let custody = folder.custody(&recovery);
    assert!(recovery.state(&custody).unwrap().is_some(), "renewed for the same recipients");
    assert_ne!(fs::read(&copy).unwrap(), old);
    // Custody is lost; the copy and one place of the set bring back what lives.
    fs::remove_file(folder.path("custody")).unwrap();
    let back = folder.path("back");
    let (restored, _) = restore(&copy, from_ref(&identity), &back, Ground::Warn).unwrap();
    let set = KeySet::open(Arc::new(restored), &first, &second, 0).await.unwrap();
    assert_eq!(set.document_key(kept).await.unwrap().expose(), key.expose());
    set.close().await;
    // The copy from before the turn does not open the set.
    fs::write(&copy, old).unwrap();
    fs::remove_file(&back).unwrap();
    let (stale, _) = restore(&copy, &[identity], &back, Ground::Warn).unwrap();
    assert!(KeySet::open(Arc::new(stale), &first, &second, 0).await.is_err());
}

#[tokio::test]
async fn where_the_copy_cannot_be_renewed_the_old_key_stays_and_the_turn_is_finished_later() {
    let folder = Folder::new();
    let identity = Identity::random();
    let shelf = folder.path("shelf");
    fs::create_dir(&shelf).unwrap();
    let recovery = recovery(&shelf.join("copy.age"), &[&identity]);
    let custody = folder.custody(&recovery);
    let (first, second) = (folder.path("keys.sqlite"), folder.path("second.sqlite"));
    let set = KeySet::create(Arc::new(custody), &first, &second).await.unwrap();
    let (party, document) = (PartyId::random(), DocumentId::random());
    set.add_party(party).await.unwrap();
    set.add_document(party, document).await.unwrap();
    fs::remove_dir(&shelf).unwrap();

    let erased = set.erase(&[Slot::Document(document)]).await;

    let text = format!("{:?}", erased.unwrap_err());
    assert!(text.contains("Recovery"), "{text}");
    assert!(folder.custody(&recovery).turning().await.unwrap(), "both keys are there");
    assert!(set.party_key(party).await.is_ok());
    fs::create_dir(&shelf).unwrap();
    set.erase(&[Slot::Document(document)]).await.unwrap();
    assert!(!folder.custody(&recovery).turning().await.unwrap());
    assert!(check(&shelf.join("copy.age"), &[identity]).is_ok());
    assert!(set.document_key(document).await.is_err());
}
