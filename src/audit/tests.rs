use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use async_trait::async_trait;
use sqlx::Row as _;

use super::*;
use crate::{
    audit::warrant::Again,
    database::{Address, Database, Head, Revisions, Subject},
    id::{CredentialId, EntryId, PartyId, PersonId},
    time::{Clock, Instant},
    vault::{
        KeySet,
        custody::{FileCustody, Ground},
    },
};

/// A right that is refused once its person's head has number `ends`.
#[derive(Debug)]
struct Right {
    database: Database,
    revisions: Revisions,
    actor: Actor,
    ends: i64,
    decided: Arc<AtomicU32>,
}

#[async_trait]
impl Warrant for Right {
    type Act = Read;

    fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    fn subject(&self) -> Option<Subject> {
        None
    }

    fn draft(&self) -> Draft {
        let actor = Some(self.actor.clone());
        Draft {
            id: EntryId::random(),
            act: ActName::Read,
            actor,
            ..Draft::system(Default::default())
        }
    }

    async fn again(self) -> Result<Self, Again> {
        self.decided.fetch_add(1, Ordering::Relaxed);
        let subject = Subject::from(self.actor.person);
        let head = self.database.head(subject).await.unwrap().unwrap();
        let mut revisions = Revisions::new(Clock::system().now());
        revisions.read(head);
        if head.number >= self.ends {
            let draft = Draft { what: What::Refusal, ..self.draft() };
            let denial = Denial { revisions, draft, verdict: Verdict::Hidden };
            return Err(Again::Refused(Box::new(denial)));
        }
        Ok(Self { revisions, ..self })
    }
}

struct Log {
    _folder: tempfile::TempDir,
    database: Database,
    writer: Writer,
    gate: Gate,
    person: PersonId,
}

impl Log {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(folder.path().join("greffe.sqlite"));
        let database = Database::create(&address).await.unwrap();
        let person = PersonId::random();
        let keyset = keyset(folder.path()).await;
        keyset.add_person(person).await.unwrap();
        let keyring = Keyring::new(keyset);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[7; 32]);
        let (writer, gate) =
            Writer::start(database.clone(), keyring, key, Clock::system()).await.unwrap();
        let log = Self { _folder: folder, database, writer, gate, person };
        log.move_head(1).await;
        log
    }

    /// Moves the person's head to `number`.
    async fn move_head(&self, number: i64) -> EntryId {
        let subject = Subject::from(self.person);
        let head =
            move |number| Head { subject, number, digest: [u8::try_from(number).unwrap(); 32] };
        let previous = (number > 1).then(|| head(number - 1));
        let draft = Draft::system(Default::default());
        let changed = self.writer.system(draft, move |change| {
            Box::pin(async move { change.replace(previous, head(number)).await })
        });
        changed.await.unwrap().1
    }

    async fn right(&self, ends: i64) -> Right {
        let actor = Actor {
            person: self.person,
            capacity: PartyId::random(),
            credential: CredentialId::random(),
            method: Method::Token,
            authenticated_at: Instant(0),
            certificate: false,
            network: None,
            address: "192.0.2.1".parse().unwrap(),
            device: "test".into(),
        };
        let mut revisions = Revisions::new(self.writer.clock().now());
        revisions.read(self.database.head(self.person.into()).await.unwrap().unwrap());
        let decided = Arc::default();
        Right { database: self.database.clone(), revisions, actor, ends, decided }
    }

    async fn decisions(&self) -> Vec<String> {
        let sql = "select decision from entry order by position";
        let rows = sqlx::query(sql).fetch_all(self.database.pool()).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

async fn keyset(folder: &std::path::Path) -> Arc<KeySet> {
    let custody = FileCustody::create(&folder.join("custody"), Ground::Warn).unwrap().0;
    let (first, second) = (folder.join("keys.sqlite"), folder.join("second.sqlite"));
    Arc::new(KeySet::create(Arc::new(custody), &first, &second).await.unwrap())
}

#[tokio::test]
async fn an_intent_is_durable_before_the_right_can_be_used_and_has_its_outcome_after() {
    let log = Log::start().await;

    let recorded = log.gate.record(log.right(9).await, Default::default()).await.unwrap();
    assert_eq!(log.decisions().await, ["system", "intent"]);
    let (_, outcome, _) = recorded.begin().unwrap();
    drop(outcome);
    log.move_head(2).await;

    let mut decisions = log.decisions().await;
    decisions.sort_unstable();
    assert_eq!(decisions, ["intent", "outcome", "system", "system"]);
}

#[tokio::test]
async fn what_moved_is_decided_again_and_a_refusal_is_recorded() {
    let log = Log::start().await;
    let (still, no_longer) = (log.right(9).await, log.right(2).await);
    let decided = Arc::clone(&still.decided);
    log.move_head(2).await;

    let recorded = log.gate.record(still, Default::default()).await.unwrap();
    let refused = log.gate.record(no_longer, Default::default()).await.unwrap_err();

    assert_eq!(decided.load(Ordering::Relaxed), 1);
    assert!(matches!(refused, Error::Refused(Verdict::Hidden)));
    assert_eq!(log.decisions().await, ["system", "system", "intent", "refusal"]);
    drop(recorded);
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_row_and_no_entry() {
    let log = Log::start().await;
    let subject = Subject::MISSION;

    let failed = log
        .writer
        .change(log.right(9).await, move |change| {
            Box::pin(async move {
                change.replace(None, Head { subject, number: 1, digest: [1; 32] }).await?;
                Err::<(), _>(Stopped::failed(std::io::Error::other("no")))
            })
        })
        .await;

    assert!(matches!(failed, Err(Error::Work(_))));
    assert_eq!(log.decisions().await, ["system"]);
    assert_eq!(log.database.head(subject).await.unwrap(), None);
}

#[tokio::test]
async fn two_changes_of_one_head_follow_each_other() {
    let log = Log::start().await;
    let attempts = Arc::new(AtomicI64::new(0));
    let subject = Subject::from(log.person);

    let change = || {
        let (database, attempts) = (log.database.clone(), Arc::clone(&attempts));
        let (writer, log) = (log.writer.clone(), &log);
        async move {
            let right = log.right(9).await;
            let changed = writer.change(right, move |change| {
                attempts.fetch_add(1, Ordering::Relaxed);
                let previous = database.heads().seen(subject).unwrap();
                let number = previous.number + 1;
                let head = Head { subject, number, digest: [u8::try_from(number).unwrap(); 32] };
                Box::pin(async move { change.replace(Some(previous), head).await })
            });
            changed.await
        }
    };
    let (one, two) = futures::join!(change(), change());
    one.unwrap();
    two.unwrap();

    assert_eq!(log.database.head(subject).await.unwrap().unwrap().number, 3);
    assert!(attempts.load(Ordering::Relaxed) >= 2);
    assert_eq!(log.decisions().await, ["system", "change", "change"]);
}

#[tokio::test]
async fn a_head_that_sql_put_back_is_refused_at_once() {
    let log = Log::start().await;
    log.move_head(2).await;
    let right = log.right(9).await;
    sqlx::query("update head set number = 1, digest = $1")
        .bind(vec![1; 32])
        .execute(log.database.pool())
        .await
        .unwrap();

    let refused = log.gate.record(right, Default::default()).await.unwrap_err();

    assert!(matches!(refused, Error::Unavailable(crate::database::Error::PutBack(_))));
    assert_eq!(log.decisions().await, ["system", "system"]);
}

#[tokio::test]
async fn nothing_is_recorded_while_the_oldest_unsigned_entry_is_too_old() {
    let log = Log::start().await;

    log.writer.clock().step_seconds(11);
    let right = log.right(9).await;
    let refused = log.gate.record(right, Default::default()).await.unwrap_err();
    log.writer.unsigned().signed(1);
    let right = log.right(9).await;
    let recorded = log.gate.record(right, Default::default()).await;

    assert!(matches!(refused, Error::Unsigned));
    drop(recorded.unwrap());
}
