//! A place, looked at: what it shows of itself, and whether it does with a canary what it is asked to.
//!
//! What contradicts what is known of it (the bucket's own word for where it is, the certificate, the canary's bytes) stops
//! writes there. What may have an innocent cause (another address, a clock that is off, a list that withholds) is said.

use std::{net::IpAddr, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    causes::causes,
    storage::{Error, Name, Sealed, Store},
    time::Instant,
};

/// Longest that a look takes; a place that needs longer is away.
const LONGEST: Duration = Duration::from_secs(60);
/// By how many seconds a place's clock may differ from ours before that is said.
const CLOCK_SECONDS: u64 = 60;
/// Length of a canary.
const CANARY_BYTES: usize = 1_000;

/// What a place shows of itself; what it does not say is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its own word for where the bucket is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_location: Option<String>,
    /// SHA-256, in hex, of the certificate that it showed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// When the first certificate of its chain ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_ends: Option<Instant>,
    /// The addresses behind its name, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// By how many seconds its clock is ahead of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ahead_seconds: Option<i64>,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it is known.
    AsKnown,
    /// It is, but for what may have an innocent cause.
    Warned,
    /// It did not answer.
    Away,
    /// It contradicts what is known of it, or what it was asked: nothing is written there.
    Contradicted,
}

/// A look at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// When it was begun.
    pub at: Instant,
    /// What came of it.
    pub verdict: Verdict,
    /// What speaks against it, or is odd.
    pub says: Vec<String>,
    /// What it showed; nothing if it did not answer.
    pub shown: Shown,
}

/// Looks at `store`, which was looked at before as `before` says.
pub async fn probe(store: &dyn Store, before: Option<&Probe>, at: Instant) -> Probe {
    let looked = timeout(LONGEST, async {
        let shown = store.look().await?;
        Ok((shown, canary(store).await?))
    });
    // What it showed before is what a change is seen against.
    let unseen = |verdict, says| {
        let shown = before.map(|before| before.shown.clone()).unwrap_or_default();
        Probe { at, verdict, says: vec![says], shown }
    };
    match looked.await {
        Ok(Ok((shown, withheld))) => {
            let mut says: Vec<_> = withheld.into_iter().map(str::to_owned).collect();
            says.extend(shown.odd(before.map(|before| &before.shown)));
            let verdict = if says.is_empty() { Verdict::AsKnown } else { Verdict::Warned };
            Probe { at, verdict, says, shown }
        }
        Ok(Err(error)) if contradicts(&error) => unseen(Verdict::Contradicted, causes(&error)),
        Ok(Err(error)) => unseen(Verdict::Away, causes(&error)),
        Err(_) => {
            unseen(Verdict::Away, format!("it took longer than {} seconds", LONGEST.as_secs()))
        }
    }
}

/// Whether a failure shows that the place is not what it is known as, rather than that it is away.
fn contradicts(error: &Error) -> bool {
    matches!(
        error,
        Error::Elsewhere { .. }
            | Error::Certificate { .. }
            | Error::Contradiction { .. }
            | Error::Missing(_)
            | Error::Short { .. }
            | Error::Length { .. }
            | Error::Foreign { .. }
    )
}

impl Shown {
    /// What is odd about it, after what it showed before.
    fn odd(&self, before: Option<&Self>) -> Vec<String> {
        let mut odd = Vec::new();
        if let Some(before) = before
            && !before.addresses.is_empty()
            && before.addresses != self.addresses
        {
            let told = |addresses: &[IpAddr]| {
                addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            };
            let (were, are) = (told(&before.addresses), told(&self.addresses));
            odd.push(format!("its addresses were {were} and are {are}"));
        }
        match self.clock_ahead_seconds {
            Some(ahead) if ahead.unsigned_abs() > CLOCK_SECONDS => {
                odd.push(format!("its clock is {ahead} seconds ahead of ours"));
            }
            _ => {}
        }
        odd
    }
}

/// Has a canary kept, told, read whole and in part, listed and erased, and gives what the list withheld.
///
/// # Errors
///
/// [`Error::Contradiction`] with what the place did in place of what it said; its own failures.
async fn canary(store: &dyn Store) -> Result<Option<&'static str>, Error> {
    let folder = Name::new("probe").expect("a segment of letters");
    // Of a look that was cut short.
    for left in store.list(&folder).await? {
        store.erase(&left).await?;
    }
    let name = Name::random(&folder);
    let bytes = random();
    let against = |what| Error::Contradiction { name: name.clone(), what };
    let (length, sent) = (bytes.len() as u64, bytes.clone());
    let sealed: Sealed = stream::once(async move { Ok(sent) }).boxed();
    store.create(&name, sealed, Some(length)).await?;
    if store.head(&name).await? != Some(length) {
        return Err(against("it kept a canary and tells another length"));
    }
    for range in [0..length, 7..length - 7] {
        let part = bytes.slice(usize(range.start)..usize(range.end));
        if whole(store.read(&name, range).await?).await? != part {
            return Err(against("it gives other bytes than the canary's"));
        }
    }
    let listed = store.list(&folder).await?.contains(&name);
    store.erase(&name).await?;
    if store.head(&name).await?.is_some() {
        return Err(against("it says that it erased a canary, which is still there"));
    }
    Ok((!listed).then_some("its list withholds a canary that it kept"))
}

fn usize(at: u64) -> usize {
    usize::try_from(at).expect("a canary is short")
}

fn random() -> Bytes {
    let mut bytes = vec![0; CANARY_BYTES];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    bytes.into()
}

async fn whole(sealed: Sealed) -> Result<Bytes, Error> {
    let gathered = sealed.try_fold(BytesMut::new(), |mut gathered, piece| async move {
        gathered.extend_from_slice(&piece);
        Ok(gathered)
    });
    Ok(gathered.await?.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_address_and_a_clock_that_is_off_are_odd_and_no_more() {
        let shown = |address: [u8; 4], ahead| Shown {
            addresses: vec![address.into()],
            clock_ahead_seconds: Some(ahead),
            ..Shown::default()
        };
        let before = shown([192, 0, 2, 1], 0);

        assert_eq!(shown([192, 0, 2, 1], -60).odd(Some(&before)), [""; 0]);
        assert_eq!(shown([192, 0, 2, 7], 0).odd(None), [""; 0], "the first look");
        let odd = shown([192, 0, 2, 7], -61).odd(Some(&before));
        assert_eq!(
            odd,
            [
                "its addresses were 192.0.2.1 and are 192.0.2.7",
                "its clock is -61 seconds ahead of ours"
            ]
        );
    }
}
