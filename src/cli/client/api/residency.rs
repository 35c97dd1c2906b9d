//! Evidence of residency: where sealed bytes rested at an instant, and which entries bear that out.

use serde_json::Value;

answers! {
    /// `GET …/residency`, of a document or a page of a party's.
    Residency {
        /// The instant.
        at: String,
        /// Every place that a copy names.
        places: Vec<PlaceThen>,
        /// The documents.
        documents: Vec<Rested>,
        /// Where the next page begins.
        next: Option<String>,
        /// What contradicts and belongs to no one document.
        contradictions: Vec<Contradiction>,
    }

    /// A place as it was known at the instant.
    PlaceThen {
        /// Its name.
        location: String,
        /// What was known, by name.
        facts: Option<serde_json::Map<String, Value>>,
    }

    /// One document at the instant.
    Rested {
        /// Its reference.
        reference: String,
        /// The owner's handle.
        owner: String,
        /// Its first revision.
        created: Option<RevisionMade>,
        /// Its revision of the instant.
        revision: Option<RevisionMade>,
        /// Where it was in its life, or `not-yet`, or `unknown`.
        state: String,
        /// Its sealed objects.
        versions: Vec<SealedObject>,
        /// Who can technically open it.
        openers: Vec<KeyHolder>,
        /// Its destruction.
        destruction: Option<Destruction>,
        /// What contradicts.
        contradictions: Vec<Contradiction>,
    }

    /// A sealed object.
    SealedObject {
        /// The version's number.
        number: u64,
        /// Its length.
        sealed_len: u64,
        /// Its digest, base64url.
        sealed_sha256: String,
        /// Where it rested.
        copies: Vec<CopyThen>,
    }

    /// A sealed object at one place.
    CopyThen {
        /// The place.
        location: String,
        /// Since when.
        since: Entered,
        /// When it was moved on.
        left: Option<Entered>,
        /// When it was erased.
        erased: Option<Entered>,
        /// `rests`, `erased` or `to-be-erased`.
        state: String,
    }

    /// Somebody who holds what it takes.
    KeyHolder {
        /// Who.
        who: String,
        /// With what.
        with: String,
        /// Whether opening is logged.
        logged: bool,
    }

    /// A destruction.
    Destruction {
        /// Since when nothing reads it.
        begun: Entered,
        /// Since when its keys are gone.
        done: Option<Entered>,
    }

    /// A revision and its entry.
    RevisionMade {
        /// Its number.
        number: u64,
        /// The entry.
        entered: Entered,
    }

    /// An entry that bears something out.
    Entered {
        /// Its id.
        entry: String,
        /// Its position.
        position: u64,
        /// When.
        at: String,
        /// Whether it is signed.
        signed: bool,
    }

    /// A contradiction.
    Contradiction {
        /// Which.
        what: String,
        /// Of what.
        of: String,
    }
}
