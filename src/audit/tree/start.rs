//! Start: database, store and signer are compared before anything is served.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use futures::TryStreamExt as _;
use ring::hmac;
use sqlx::Row as _;
use tokio::sync::watch;

use crate::{
    audit::{
        Stopped, Writer,
        anchor::{self, Anchor},
        checkpoint::Checkpoint,
        merkle::{Frontier, Hash, Tree as Size, peaks},
        note::{Note, Verifier},
        signer::{Authority, Signer, Standing, standing},
        tree::{Error, Inner, Published, Tree},
    },
    database::{self, Database},
    storage::{self, Name, Store},
};

impl Tree {
    /// Puts the first checkpoint, of no entries, beside a new log.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if there is one already.
    pub async fn create(writer: &Writer, signer: &mut Signer) -> Result<(), Error> {
        let state = signer.state()?;
        let (tree, note) = (state.tree, state.note.to_string());
        let created = writer.upkeep(move |change| {
            let (note, root) = (note.clone(), tree.root.0.to_vec());
            Box::pin(async move {
                sqlx::query(
                    "insert into tree (id, size, root, signed_checkpoint) values (0, 0, $1, $2)",
                )
                .bind(root)
                .bind(note)
                .execute(change.sql())
                .await?;
                Ok::<_, Stopped>(())
            })
        });
        Ok(created.await?)
    }

    /// Opens the tree of `writer`'s log, and integrates what was sequenced before.
    ///
    /// # Errors
    ///
    /// [`Error::Contradiction`] if database, store or signer was put back: then nothing may be served.
    pub async fn open(
        writer: Writer,
        append_key: hmac::Key,
        mut signer: Signer,
        store: Arc<dyn Store>,
    ) -> Result<Self, Error> {
        let verifier = signer.verifier().clone();
        let (row, note) = row(writer.database(), &verifier).await?;
        let largest = largest_anchor(store.as_ref(), &verifier).await?;
        let state = signer.state()?.clone();
        let stands = standing(row, &state, largest)?;
        let published = Published { tree: row, note: note.clone(), at: writer.clock().now() };
        let inner = Inner {
            origin: verifier.name().as_str().to_owned(),
            append_key,
            verifier,
            signer: Arc::new(Mutex::new(signer)),
            frontier: tokio::sync::Mutex::new(Frontier::default()),
            store,
            authority: Mutex::new(Authority { ..state.authority }),
            published: watch::channel(published).0,
            writer,
        };
        let tree = Self { inner: Arc::new(inner) };
        *tree.inner.frontier.lock().await = tree.frontier(row).await?;
        if let Standing::Finish(_) = stands {
            // The signer is one step ahead: the database's own batches must give exactly that tree.
            while tree.published().tree.size < state.tree.size {
                if !tree.round(Some(state.tree.size)).await? {
                    return Err(Error::Batch(tree.published().tree.size));
                }
            }
        } else if row.size > 0 && largest.is_none_or(|anchor| anchor.0.size < row.size) {
            tree.anchor(Anchor(row), &note).await?;
        }
        while tree.round(None).await? {}
        Ok(tree)
    }

    /// The right edge from the tiles, which must give the signed root.
    async fn frontier(&self, row: Size) -> Result<Frontier, Error> {
        let mut hashes = Vec::new();
        for node in peaks(row.size) {
            hashes.push(self.node(node, row.size).await?);
        }
        let mut next = hashes.into_iter();
        let frontier = Frontier::of(row.size, |_| {
            Ok::<Hash, Infallible>(next.next().expect("a hash for each peak"))
        });
        let frontier = frontier.unwrap_or_else(|never| match never {});
        if frontier.root() != row.root {
            return Err(crate::audit::tile::Error::Elsewhere.into());
        }
        Ok(frontier)
    }
}

/// The tree row: what it says must be what its checkpoint says, and the log's key must have signed that.
pub(super) async fn row(database: &Database, verifier: &Verifier) -> Result<(Size, Note), Error> {
    let row = sqlx::query("select size, root, signed_checkpoint from tree where id = 0")
        .fetch_optional(database.pool())
        .await
        .map_err(database::Error::from)?
        .ok_or(database::Error::Row("tree"))?;
    let read = || -> Result<(i64, Vec<u8>, String), sqlx::Error> {
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    };
    let (size, root, note) = read().map_err(database::Error::from)?;
    let checkpoint = Checkpoint::open(note.as_bytes(), verifier)?;
    let broken = || database::Error::Row("tree");
    let tree = Size {
        size: u64::try_from(size).map_err(|_| broken())?,
        root: Hash::from_slice(&root).map_err(|_| broken())?,
    };
    if checkpoint.tree() != tree {
        return Err(broken().into());
    }
    let note = Note::parse(note.as_bytes()).map_err(|_| broken())?;
    Ok((tree, note))
}

/// The largest anchor in the store that our log signed. Foreign bytes under such a name are passed over.
pub(super) async fn largest_anchor(
    store: &dyn Store,
    verifier: &Verifier,
) -> Result<Option<Anchor>, Error> {
    let folder = Name::new("anchor").expect("a segment of letters");
    let names = store.list(&folder).await?;
    for anchor in anchor::listed(names.iter().map(Name::as_str)) {
        let name = Name::new(anchor.to_string()).expect("an anchor's name is digits and hex");
        let bytes = match store.head(&name).await? {
            Some(length) if length <= 16 * 1024 => match store.read(&name, 0..length).await {
                Ok(bytes) => {
                    bytes
                        .try_fold(Vec::new(), |mut all, piece| async move {
                            all.extend_from_slice(&piece);
                            Ok(all)
                        })
                        .await
                }
                Err(error) => Err(error),
            },
            _ => continue,
        };
        match bytes {
            Ok(bytes) if anchor.open(&bytes, verifier).is_ok() => return Ok(Some(anchor)),
            Ok(_) | Err(storage::Error::Missing(_) | storage::Error::Short { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
