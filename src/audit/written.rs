//! What an entry says it wrote: heads of authority, and those that they replaced.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    audit::encoding,
    database::{Head, Subject},
};

/// The name of the fact.
pub(super) const FACT: &str = "written";

/// A head that an entry wrote, and the one that it replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// What stood before; none for a new subject.
    pub previous: Option<Head>,
    /// What was written.
    pub head: Head,
}

/// Subject, number and digest; then number and digest of what stood before. Digests are base64url.
#[derive(Serialize, Deserialize)]
pub(super) struct Fact(Subject, i64, String, Option<(i64, String)>);

impl Written {
    pub(super) fn fact(&self) -> Value {
        let digest = |head: &Head| encoding::base64url(&head.digest);
        let previous = self.previous.as_ref().map(|previous| (previous.number, digest(previous)));
        let Head { subject, number, .. } = self.head;
        let fact = Fact(subject, number, digest(&self.head), previous);
        serde_json::to_value(fact).expect("a head is plain JSON")
    }

    /// Reads a fact; none if it is not one of ours.
    pub(super) fn read(fact: Fact) -> Option<Self> {
        let Fact(subject, number, digest, previous) = fact;
        let head = |number, digest: &str| {
            let digest = encoding::from_base64url(digest)?.try_into().ok()?;
            Some(Head { subject, number, digest })
        };
        let previous = match previous {
            Some((number, digest)) => Some(head(number, &digest)?),
            None => None,
        };
        Some(Self { previous, head: head(number, &digest)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PersonId;

    #[test]
    fn a_written_head_is_read_back_from_its_fact() {
        let head = |number, byte| Head { subject: Subject::MISSION, number, digest: [byte; 32] };
        let subject = PersonId::random().into();

        for written in [
            Written { previous: None, head: Head { subject, ..head(1, 1) } },
            Written { previous: Some(head(6, 6)), head: head(7, 7) },
        ] {
            let fact = serde_json::from_value(written.fact()).unwrap();
            assert_eq!(Written::read(fact), Some(written));
        }
        let short = serde_json::from_str("[\"m:AAAAAAAAAAAAAAAAAAAAAA\",1,\"AA\",null]").unwrap();
        assert_eq!(Written::read(short), None);
    }
}
