//! The contract of [`Store`], asked of an implementation sentence by sentence.

use std::{future::poll_fn, sync::Arc, task::Poll};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use tokio::sync::oneshot;

use crate::storage::{Error, Kept, Name, Sealed, Store};

/// The sentence of the contract that a store does not keep.
#[derive(Debug, thiserror::Error)]
#[error("the store does not keep this: {rule}")]
pub struct Broken {
    rule: &'static str,
    #[source]
    cause: Option<Error>,
}

/// Puts `store` through the contract, under new names in the folder `within`, and leaves nothing.
///
/// # Errors
///
/// [`Broken`] with the first sentence that does not hold.
pub async fn check(store: Arc<dyn Store>, within: &Name) -> Result<(), Broken> {
    absent(&*store, within).await?;
    for size in [0, 1, 65_536 + 32, 1_000_003, 17 * 1024 * 1024 + 5] {
        kept(&*store, within, size).await?;
    }
    broken_off(&*store, within).await?;
    unseen(&*store, within).await?;
    abandoned(&*store, within).await?;
    listed(&*store, within).await?;
    together(&store, within).await
}

/// `size` bytes that are nowhere the same, in pieces of uneven length.
#[must_use]
pub fn pattern(size: usize) -> Bytes {
    (0..size.div_ceil(4) as u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(size)
        .collect()
}

/// `bytes` as a stream of uneven pieces, which panics if it is asked again after its end.
#[must_use]
pub fn sealed(bytes: &Bytes) -> Sealed {
    let pieces = stream::unfold((bytes.clone(), 1), |(mut left, length)| {
        let length = (length * 7 + 1) % 150_001 + 1;
        let piece = left.split_to(length.min(left.len()));
        future::ready((!piece.is_empty()).then_some((Ok(piece), (left, length))))
    });
    pieces.boxed()
}

/// Everything that `sealed` yields.
///
/// # Errors
///
/// The one that ends it.
pub async fn collect(sealed: Sealed) -> Result<Vec<u8>, Error> {
    let gather = |mut all: Vec<u8>, piece: Bytes| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    };
    sealed.try_fold(Vec::new(), gather).await
}

async fn absent(store: &dyn Store, within: &Name) -> Result<(), Broken> {
    let name = Name::random(within);
    let read = store.read(&name, 0..1).await.map(drop);
    that("reading what is not there is `Missing`", matches!(read, Err(Error::Missing(_))))?;
    let read = store.read(&name, 0..0).await.map(drop);
    that("reading nothing of it too", matches!(read, Err(Error::Missing(_))))?;
    that("it has no length", done("head", store.head(&name).await)?.is_none())?;
    done("erasing what is not there succeeds", store.erase(&name).await)
}

async fn kept(store: &dyn Store, within: &Name, size: usize) -> Result<(), Broken> {
    let (name, bytes) = (Name::random(within), pattern(size));
    let whole = size as u64;
    for length in [Some(whole), None] {
        let kept = done("create", store.create(&name, sealed(&bytes), length).await)?;
        that("what is kept is as long as what came", kept == Kept { size: whole })?;
    }
    let length = done("head", store.head(&name).await)?;
    that("its length is what was kept", length == Some(whole))?;
    for range in [0..whole, 0..whole / 2, whole / 3..whole, whole.saturating_sub(1)..whole] {
        let read = done("read a range", store.read(&name, range.clone()).await)?;
        let read = done("read a range to its end", collect(read).await)?;
        let wanted = &bytes[range.start as usize..range.end as usize];
        that("a range is the bytes that came", read == wanted)?;
    }
    let short = match store.read(&name, 0..whole + 1).await {
        Ok(read) => collect(read).await.map(drop),
        Err(error) => Err(error),
    };
    that("reading beyond the end is `Short`", matches!(short, Err(Error::Short { .. })))?;
    done("erase", store.erase(&name).await)?;
    gone(store, &name).await?;
    done("erasing twice succeeds", store.erase(&name).await)
}

async fn broken_off(store: &dyn Store, within: &Name) -> Result<(), Broken> {
    let bytes = pattern(9 * 1024 * 1024);
    let whole = bytes.len() as u64;
    let name = Name::random(within);
    let failing = sealed(&bytes)
        .chain(stream::once(future::ready(Err(Error::Source("the client went away".into())))));
    let kept = store.create(&name, failing.boxed(), Some(whole)).await;
    that("what breaks off fails as it did", matches!(kept, Err(Error::Source(_))))?;
    gone(store, &name).await?;
    for wrong in [0, 5, whole - 1, whole + 1, whole * 2] {
        let kept = store.create(&name, sealed(&bytes), Some(wrong)).await;
        that("another length is `Length`", matches!(kept, Err(Error::Length { .. })))?;
        gone(store, &name).await?;
    }
    Ok(())
}

/// A stream that yields `bytes`, says so, and waits to be told to end.
fn held(bytes: &Bytes) -> (Sealed, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (said, all_taken) = oneshot::channel();
    let (end, ended) = oneshot::channel::<()>();
    let last = stream::once(async move {
        let _ = said.send(());
        let _ = ended.await;
        Ok(Bytes::new())
    });
    (sealed(bytes).chain(last).boxed(), all_taken, end)
}

async fn unseen(store: &dyn Store, within: &Name) -> Result<(), Broken> {
    let (name, bytes) = (Name::random(within), pattern(9 * 1024 * 1024));
    let (stream, all_taken, end) = held(&bytes);
    let look = async {
        let _ = all_taken.await;
        let seen = gone(store, &name).await;
        let _ = end.send(());
        seen
    };
    let (kept, seen) = future::join(store.create(&name, stream, None), look).await;
    seen?;
    done("create slowly", kept)?;
    let length = done("head", store.head(&name).await)?;
    that("it is seen when all is kept", length == Some(bytes.len() as u64))?;
    done("erase", store.erase(&name).await)
}

async fn abandoned(store: &dyn Store, within: &Name) -> Result<(), Broken> {
    let (name, bytes) = (Name::random(within), pattern(9 * 1024 * 1024));
    let (stream, mut all_taken, _end) = held(&bytes);
    let mut create = store.create(&name, stream, Some(bytes.len() as u64));
    poll_fn(|cx| {
        let early = create.as_mut().poll(cx);
        match std::pin::Pin::new(&mut all_taken).poll(cx) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending if early.is_ready() => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    drop(create);
    gone(store, &name).await?;
    done("erase what was abandoned", store.erase(&name).await)?;
    gone(store, &name).await
}

async fn listed(store: &dyn Store, within: &Name) -> Result<(), Broken> {
    let folder = Name::random(within);
    let beside = Name::new(format!("{folder}x/1")).expect("a name and a letter");
    let mut names: Vec<_> = (0..5).map(|_| Name::random(&folder)).collect();
    for name in names.iter().chain([&beside]) {
        done("create", store.create(name, sealed(&pattern(3)), Some(3)).await)?;
    }
    names.sort();
    let found = done("list", store.list(&folder).await)?;
    that("what is listed is what is there, sorted", found == names)?;
    for name in names.iter().chain([&beside]) {
        done("erase", store.erase(name).await)?;
    }
    that("what is erased is not listed", done("list", store.list(&folder).await)?.is_empty())
}

async fn together(store: &Arc<dyn Store>, within: &Name) -> Result<(), Broken> {
    let one = |size: usize| {
        let (store, name) = (store.clone(), Name::random(within));
        async move {
            let bytes = pattern(size);
            done("create beside others", store.create(&name, sealed(&bytes), None).await)?;
            let read = done("read beside others", store.read(&name, 0..size as u64).await)?;
            let read = done("read beside others", collect(read).await)?;
            that("nothing is mixed", read == bytes)?;
            done("erase", store.erase(&name).await)
        }
    };
    future::try_join_all((0..16).map(|n| one(n * 123_457))).await.map(drop)
}

async fn gone(store: &dyn Store, name: &Name) -> Result<(), Broken> {
    that("nothing is there", done("head", store.head(name).await)?.is_none())?;
    let read = store.read(name, 0..1).await.map(drop);
    that("nothing is to be read", matches!(read, Err(Error::Missing(_))))
}

fn that(rule: &'static str, holds: bool) -> Result<(), Broken> {
    holds.then_some(()).ok_or(Broken { rule, cause: None })
}

fn done<T>(rule: &'static str, result: Result<T, Error>) -> Result<T, Broken> {
    result.map_err(|cause| Broken { rule, cause: Some(cause) })
}
