//! Appending entries with their openings and every shipped index, in group commits, as readings do.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant as Moment},
};

use async_trait::async_trait;
use greffe::{
    audit::{ActName, Actor, Again, Draft, Gate, Keyring, Method, Read, Warrant, Writer},
    database::{Address, Database, Head, Revisions, Subject},
    id::{CredentialId, DocumentId, EntryId, PartyId, PersonId},
    time::{Clock, Instant},
    vault::{
        KeySet,
        custody::{FileCustody, Ground},
    },
};

/// How many ask at once.
const ASKING: u64 = 512;
/// How long the speed after the filling is measured.
const MEASURED: Duration = Duration::from_secs(10);

/// Somebody's right to read a document, as decided.
#[derive(Clone)]
struct Right {
    revisions: Revisions,
    actor: Actor,
    owner: PartyId,
    document: DocumentId,
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
        Draft {
            id: EntryId::random(),
            act: ActName::Read,
            actor: Some(self.actor.clone()),
            owner: Some(self.owner),
            document: Some(self.document),
            grounds: vec!["owner".to_owned()],
            ..Draft::system(Default::default())
        }
    }

    async fn again(self) -> Result<Self, Again> {
        Ok(self)
    }
}

/// Fills a new log in `folder` with `rows` entries, then appends for ten seconds more and prints the speed.
pub fn run(folder: &Path, rows: u64) {
    let folder = folder.join("append");
    let _absent = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(&folder, rows));
    fs::remove_dir_all(&folder).unwrap();
}

async fn measure(folder: &Path, rows: u64) {
    let (writer, gate, right) = log(folder).await;
    let begun = Moment::now();
    let filled = fill(&writer, &gate, &right, move |_, asked| asked < rows).await;
    println!("rows_filled {filled}\nfill_per_s {:.0}", per_second(filled, begun));
    let batches = writer.database().count("select count(*) from batch").await.unwrap();
    let begun = Moment::now();
    let appended = fill(&writer, &gate, &right, |since, _| since < MEASURED).await;
    println!("append_per_s {:.0}", per_second(appended, begun));
    let after = writer.database().count("select count(*) from batch").await.unwrap();
    let commits = u64::try_from(after - batches).unwrap();
    println!("commits {commits}\nentries_per_commit {:.0}", appended as f64 / commits as f64);
    println!("commit_ms {:.2}", begun.elapsed().as_secs_f64() * 1e3 / commits as f64);
    // Each commit in this mode is at least one fsync, whatever a checkpoint of the write-ahead log adds.
    for (name, value) in writer.database().settings().await.unwrap() {
        println!("{name} {value}");
    }
}

/// Many ask at once, each again as soon as its entry is durable; gives how many are.
async fn fill(
    writer: &Writer,
    gate: &Gate,
    right: &Right,
    go_on: impl Fn(Duration, u64) -> bool + Copy + Send + 'static,
) -> u64 {
    let begun = Moment::now();
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..ASKING {
        let (writer, gate, mut right) = (writer.clone(), gate.clone(), right.clone());
        asking.spawn(async move {
            let mut noted = 0;
            while go_on(begun.elapsed(), noted * ASKING + number) {
                // A right is good for some seconds, and entries wait so long for a signature, which nobody gives here.
                right.revisions.decided_at = writer.clock().now();
                writer.unsigned().signed(u64::MAX);
                gate.note(right.clone(), Default::default()).await.unwrap();
                noted += 1;
            }
            noted
        });
    }
    asking.join_all().await.into_iter().sum()
}

fn per_second(count: u64, since: Moment) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

async fn log(folder: &Path) -> (Writer, Gate, Right) {
    let database = Database::create(&Address::Sqlite(folder.join("greffe.sqlite"))).await.unwrap();
    let custody = FileCustody::create(&folder.join("custody"), Ground::Warn).unwrap().0;
    let (first, second) = (folder.join("keys.sqlite"), folder.join("second.sqlite"));
    let keyset = Arc::new(KeySet::create(Arc::new(custody), &first, &second).await.unwrap());
    let (person, owner, document) = (PersonId::random(), PartyId::random(), DocumentId::random());
    keyset.add_party(owner).await.unwrap();
    keyset.add_person(person).await.unwrap();
    keyset.add_document(owner, document).await.unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[7; 32]);
    let clock = Clock::system();
    let (writer, gate) =
        Writer::start(database, Keyring::new(keyset), key, clock.clone()).await.unwrap();
    let mut revisions = Revisions::new(clock.now());
    for subject in [Subject::from(person), Subject::from(owner), Subject::from(document)] {
        let head = Head { subject, number: 1, digest: [1; 32] };
        let draft = Draft::system(Default::default());
        let made = writer
            .system(draft, move |change| Box::pin(async move { change.replace(None, head).await }));
        made.await.unwrap();
        revisions.read(head);
    }
    let actor = Actor {
        person,
        capacity: owner,
        credential: CredentialId::random(),
        method: Method::Token,
        authenticated_at: Instant(0),
        certificate: false,
        network: None,
        address: "192.0.2.1".parse().unwrap(),
        device: "bench".into(),
    };
    (writer, gate, Right { revisions, actor, owner, document })
}
