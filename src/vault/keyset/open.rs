//! Making, opening and mending a key set: which place counts, and what a crash left.

use std::{collections::HashMap, fs, io, path::Path, sync::Arc};

use sqlx::{Row, SqliteConnection, query};
use tokio::sync::mpsc;

use crate::vault::{
    custody::{self, Custody},
    keyset::{
        Error, KeySet, Slot,
        head::{CONTEXT, Head},
        op::Op,
        place::{Place, Rank, away},
        plan::Draft,
        read::{Shared, Trunk},
        tree::{NodeId, NodePage},
        writer::Writer,
    },
    secret::Secret,
};

/// Changes that may wait for the writer.
const QUEUE: usize = 1024;

pub(super) async fn create(
    custody: Arc<dyn Custody>,
    first: &Path,
    second: &Path,
) -> Result<KeySet, Error> {
    for path in [first, second] {
        if path.exists() {
            return Err(Error::Exists(path.to_owned()));
        }
    }
    let made = create_both(custody, first, second).await;
    if made.is_err() {
        for (path, suffix) in [first, second].iter().flat_map(|path| ENDS.map(|end| (path, end))) {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            // It was not there before, and holds nothing.
            let _left_behind = fs::remove_file(name);
        }
    }
    made
}

/// The files that SQLite keeps for one database.
const ENDS: [&str; 3] = ["", "-wal", "-shm"];

async fn create_both(
    custody: Arc<dyn Custody>,
    first: &Path,
    second: &Path,
) -> Result<KeySet, Error> {
    let top = Secret::random();
    let wrapped = custody.wrap(CONTEXT, &top).await?;
    let head = Head { generation: 0, wrapped, chain: [0; 32], cursor: 0 };
    let set_head = [Op::set_head(&head, &head.mac(&top))];
    let mut places = Vec::with_capacity(2);
    for (path, rank) in [(second, Rank::Second), (first, Rank::First)] {
        let mut place = Place::create(path, rank).await?;
        place.apply(&set_head).await?;
        places.push(place);
    }
    let (Some(first), Some(second)) = (places.pop(), places.pop()) else {
        return Err(Error::Contradiction("a key set has two places"));
    };
    let mut writer = writer(custody, first, second).await?;
    writer.begin().await?;
    let mut draft = Draft::default();
    writer.node(&mut draft, NodeId::MISSION, &Slot::Address).await?;
    writer.apply(&mut draft).await?;
    writer.finish(draft).await?;
    Ok(spawn(writer))
}

pub(super) async fn open(
    custody: Arc<dyn Custody>,
    first: &Path,
    second: &Path,
    at_least: u64,
) -> Result<KeySet, Error> {
    match (first.exists(), second.exists()) {
        (true, true) => {}
        (false, false) => return Err(Error::NoSet(first.to_owned())),
        (false, true) => return Err(away(Rank::First, first, io::ErrorKind::NotFound.into())),
        (true, false) => return Err(away(Rank::Second, second, io::ErrorKind::NotFound.into())),
    }
    let mut one = Place::open(first, Rank::First).await?;
    let mut other = Place::open(second, Rank::Second).await?;
    let heads = (
        Head::read(&mut one.connection, &*custody).await,
        Head::read(&mut other.connection, &*custody).await,
    );
    let newer = newer(heads)?;
    let found = match &newer {
        Newer::Same(head) | Newer::First(head) | Newer::Second(head) => head.generation,
    };
    let found = found.cast_unsigned();
    if found < at_least {
        return Err(Error::Older { found, wanted: at_least });
    }
    match newer {
        Newer::Same(_) => {}
        Newer::First(_) => {
            other.close().await;
            one.copy_to(second, Rank::Second).await?;
            other = Place::open(second, Rank::Second).await?;
        }
        Newer::Second(_) => {
            one.close().await;
            other.copy_to(first, Rank::First).await?;
            one = Place::open(first, Rank::First).await?;
        }
    }
    let mut writer = writer(custody, one, other).await?;
    if writer.shared.custody.turning().await? {
        writer.settle().await?;
    }
    Ok(spawn(writer))
}

/// Which place holds the later state.
enum Newer {
    Same(Head),
    First(Head),
    Second(Head),
}

type Read = Result<(Head, Secret<32>), Error>;

fn newer(heads: (Read, Read)) -> Result<Newer, Error> {
    match heads {
        (Ok((first, _)), Ok((second, _))) => match first.generation.cmp(&second.generation) {
            std::cmp::Ordering::Greater => Ok(Newer::First(first)),
            std::cmp::Ordering::Less => Ok(Newer::Second(second)),
            std::cmp::Ordering::Equal if first == second => Ok(Newer::Same(first)),
            std::cmp::Ordering::Equal => {
                Err(Error::Contradiction("both places have one generation and differ"))
            }
        },
        (Err(one), Err(other)) if before_a_turn(&one) && before_a_turn(&other) => {
            Err(Error::BeforeATurn)
        }
        (Ok((first, _)), Err(error)) if before_a_turn(&error) => Ok(Newer::First(first)),
        (Err(error), Ok((second, _))) if before_a_turn(&error) => Ok(Newer::Second(second)),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Whether a place is merely older: its wrapping key was destroyed since.
fn before_a_turn(error: &Error) -> bool {
    matches!(error, Error::Custody(custody::Error::Gone))
}

async fn writer(
    custody: Arc<dyn Custody>,
    mut first: Place,
    second: Place,
) -> Result<Writer, Error> {
    let trunk = trunk(&mut first.connection, &*custody).await?;
    let reads = Place::reads(&first.path).await?;
    Ok(Writer {
        shared: Arc::new(Shared::new(custody, reads, trunk)),
        first,
        second_path: second.path.clone(),
        second: Some(second),
        unsettled: false,
    })
}

fn spawn(writer: Writer) -> KeySet {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let shared = Arc::clone(&writer.shared);
    tokio::spawn(writer.run(queue));
    KeySet { shared, jobs: Some(jobs) }
}

/// Reads the upper levels of the tree.
pub(super) async fn trunk(
    connection: &mut SqliteConnection,
    custody: &dyn Custody,
) -> Result<Trunk, Error> {
    let (head, top) = Head::read(connection, custody).await?;
    let mut nodes = HashMap::new();
    for row in query("select number, sealed from node_page").fetch_all(&mut *connection).await? {
        let number = row.try_get("number")?;
        let page = NodePage::open(&top, NodeId::MISSION, number, row.try_get("sealed")?)?;
        nodes.extend(page.0.into_iter().map(|(id, key)| (NodeId(id), key)));
    }
    Ok(Trunk { head, top, nodes })
}
