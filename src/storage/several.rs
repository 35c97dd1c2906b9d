//! Several places as one, for what need not be at each of them: anchors, of which any suffices to contradict.

use std::{collections::BTreeSet, ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{
    StreamExt as _, TryStreamExt as _,
    future::{join_all, ready},
    stream::{self, FuturesUnordered},
};
use tokio::time::timeout;

use crate::storage::{Error, Kept, LISTED_AT_MOST, Name, Sealed, Shown, Store};

/// How long the others are waited for once one place has kept something.
const AFTER_THE_FIRST: Duration = Duration::from_secs(10);

/// Places that keep the same, as far as each answers.
#[derive(Clone)]
pub struct Several(Vec<Arc<dyn Store>>);

impl Several {
    /// These places, the first asked first.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn new(places: Vec<Arc<dyn Store>>) -> Self {
        assert!(!places.is_empty(), "there is at least one place");
        Self(places)
    }

    /// Asks one place after the other until one has an answer; an error if every one failed.
    async fn first<'s, T, F>(
        &'s self,
        ask: impl Fn(&'s Arc<dyn Store>) -> F,
    ) -> Result<Option<T>, Error>
    where
        F: Future<Output = Result<Option<T>, Error>> + Send + 's,
    {
        let (mut failed, mut answered) = (None, false);
        for place in &self.0 {
            match ask(place).await {
                Ok(Some(answer)) => return Ok(Some(answer)),
                Ok(None) => answered = true,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) if !answered => Err(error),
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Store for Several {
    /// Kept once one place has kept it; what others fail with is told to whoever runs the service. What is kept so is
    /// short: it is held in memory.
    async fn create(
        &self,
        name: &Name,
        sealed: Sealed,
        length: Option<u64>,
    ) -> Result<Kept, Error> {
        if let [place] = &self.0[..] {
            return place.create(name, sealed, length).await;
        }
        let gather = |mut all: BytesMut, piece: Bytes| {
            all.extend_from_slice(&piece);
            ready(Ok(all))
        };
        let bytes = sealed.try_fold(BytesMut::new(), gather).await?.freeze();
        let create = |place: &Arc<dyn Store>| {
            let (place, name, bytes) = (Arc::clone(place), name.clone(), bytes.clone());
            async move {
                let sealed = stream::once(ready(Ok(bytes))).boxed();
                place.create(&name, sealed, length).await
            }
        };
        let mut creating: FuturesUnordered<_> = self.0.iter().map(create).collect();
        let (mut kept, mut failed) = (None, None);
        while kept.is_none() {
            match creating.next().await {
                Some(Ok(done)) => kept = Some(done),
                Some(Err(error)) => {
                    tracing::warn!(%error, "a place did not keep an anchor");
                    failed = failed.or(Some(error));
                }
                None => break,
            }
        }
        let rest = creating.for_each(|done| {
            if let Err(error) = done {
                tracing::warn!(%error, "a place did not keep an anchor");
            }
            ready(())
        });
        if timeout(AFTER_THE_FIRST, rest).await.is_err() {
            tracing::warn!("a place did not keep an anchor in time");
        }
        kept.ok_or_else(|| failed.expect("a place kept it or failed"))
    }

    async fn read(&self, name: &Name, range: Range<u64>) -> Result<Sealed, Error> {
        let read = self.first(|place| {
            let range = range.clone();
            async move {
                match place.read(name, range).await {
                    Err(Error::Missing(_)) => Ok(None),
                    read => read.map(Some),
                }
            }
        });
        read.await?.ok_or_else(|| Error::Missing(name.clone()))
    }

    async fn head(&self, name: &Name) -> Result<Option<u64>, Error> {
        self.first(|place| place.head(name)).await
    }

    async fn erase(&self, name: &Name) -> Result<(), Error> {
        for place in &self.0 {
            place.erase(name).await?;
        }
        Ok(())
    }

    /// What any place lists.
    async fn list(&self, within: &Name) -> Result<Vec<Name>, Error> {
        let (mut names, mut failed) = (None, None);
        for listed in join_all(self.0.iter().map(|place| place.list(within))).await {
            match listed {
                Ok(listed) => names.get_or_insert_with(BTreeSet::new).extend(listed),
                Err(error) => {
                    tracing::warn!(%error, "a place does not list its anchors");
                    failed = failed.or(Some(error));
                }
            }
        }
        match (names, failed) {
            (Some(names), _) => Ok(names.into_iter().take(LISTED_AT_MOST).collect()),
            (None, failed) => Err(failed.expect("a place listed or failed")),
        }
    }

    async fn look(&self) -> Result<Shown, Error> {
        self.0[0].look().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{
        absent::Absent,
        conformance::{check, collect, sealed},
        folder::Folder,
    };

    fn folder(path: &std::path::Path, name: &str) -> Arc<dyn Store> {
        let (path, location) = (path.join(name), name.parse().unwrap());
        Folder::establish(&path, &location).unwrap();
        Arc::new(Folder::open(&path, &location).unwrap())
    }

    fn absent() -> Arc<dyn Store> {
        Arc::new(Absent::new("gone".parse().unwrap(), "a test".into()))
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn several_places_keep_the_contract_as_one() {
        let folders = tempfile::tempdir().unwrap();
        let both = ["one", "two"].map(|name| folder(folders.path(), name));

        check(Arc::new(Several::new(both.into())), &name("proof")).await.unwrap();
    }

    #[tokio::test]
    async fn what_one_place_has_is_there_and_one_that_is_away_stops_nothing() {
        let folders = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder(folders.path(), name));
        one.create(&name("anchor/1"), sealed(&Bytes::from_static(b"first")), None).await.unwrap();
        two.create(&name("anchor/2"), sealed(&Bytes::from_static(b"second")), None).await.unwrap();
        let several = Several::new(vec![absent(), one, two]);

        several
            .create(&name("anchor/3"), sealed(&Bytes::from_static(b"third")), Some(5))
            .await
            .unwrap();

        let listed = several.list(&name("anchor")).await.unwrap();
        assert_eq!(listed, ["anchor/1", "anchor/2", "anchor/3"].map(name));
        for (at, expected) in [("anchor/1", "first"), ("anchor/2", "second"), ("anchor/3", "third")]
        {
            let length = several.head(&name(at)).await.unwrap().unwrap();
            let read = several.read(&name(at), 0..length).await.unwrap();
            assert_eq!(collect(read).await.unwrap(), expected.as_bytes());
        }
        assert!(matches!(several.read(&name("anchor/4"), 0..1).await, Err(Error::Missing(_))));
    }

    #[tokio::test]
    async fn when_no_place_answers_nothing_is_kept_or_said_to_be_missing() {
        let several = Several::new(vec![absent(), absent()]);
        let at = name("anchor/1");

        let kept = several.create(&at, sealed(&Bytes::from_static(b"first")), None).await;
        let (head, listed) = (several.head(&at).await, several.list(&name("anchor")).await);

        assert!(matches!(kept, Err(Error::Unreachable { .. })), "{kept:?}");
        assert!(matches!(head, Err(Error::Unreachable { .. })), "{head:?}");
        assert!(matches!(listed, Err(Error::Unreachable { .. })), "{listed:?}");
    }
}
