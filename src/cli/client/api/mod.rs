//! What the service's answers hold, as far as the command line reads them; `--json` passes on what it does not.

/// Structs that read what they know of an answer, and keep the rest for `--json`.
macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$said:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$said])* pub $field: $type,)*
            /// Whatever else the service says, for `--json`.
            #[serde(flatten)]
            pub rest: serde_json::Map<String, serde_json::Value>,
        }
    )*};
}

mod documents;
mod parties;
mod log;
mod residency;

use serde::Deserialize;
use serde_json::Value;

pub use documents::{
    Deposited, Document, Documents, Grants, NewDocument, NewGrant, Openers, Readers, Versions,
};
pub use log::{Entries, Entry, TagKey, TagKeys, TagPage};
pub use parties::{Checked, Conflicts, Recipients, Roles, Settings, StandingGrants};
pub use residency::{Contradiction, CopyThen, Entered, PlaceThen, Residency, Rested, SealedObject};

answers! {
    /// `GET /api/v1/me`.
    Me {
        /// What the mission file calls them.
        person: String,
        /// Their name; empty if it is not known.
        name: String,
        /// The capacity in which they act.
        handle: Option<String>,
        /// Their roles in it.
        roles: Vec<String>,
        /// Every capacity that they have.
        capacities: Vec<Capacity>,
        /// When the token ends.
        expires_at: Option<String>,
        /// The log's origin.
        origin: String,
        /// The log's key.
        vkey: String,
    }

    /// A capacity that one has.
    Capacity {
        /// `company:SLUG`, `workstream:SLUG` or `mission`.
        handle: String,
        /// The roles in it.
        roles: Vec<String>,
    }

    /// One of one's own tokens; its secret is shown once, when it is made.
    Token {
        /// Its id.
        id: String,
        /// What one calls it.
        label: String,
        /// The capacity to which it is bound.
        capacity: Option<String>,
        /// When it was made.
        created_at: Option<String>,
        /// When it ends.
        expires_at: Option<String>,
        /// Whether it is the one with which this was asked.
        current: bool,
    }

    /// `GET /api/v1/tokens`.
    Tokens {
        /// The live ones.
        tokens: Vec<Token>,
    }

    /// A place of storage.
    Location {
        /// Its name in the configuration.
        id: String,
        /// What is known of it: for each fact its value, basis, source and date.
        facts: Option<Value>,
        /// When it was last looked at.
        probed_at: Option<String>,
        /// What came of it.
        verdict: Option<String>,
        /// What speaks against it, or is odd.
        says: Option<Vec<String>>,
    }

    /// `GET /api/v1/locations`.
    Locations {
        /// All of them.
        locations: Vec<Location>,
    }

    /// A rule of placement, and whether a location passes it.
    Judgement {
        /// Whose it is: mission or owner.
        whose: String,
        /// From which sensitivity on it binds, or all.
        from: String,
        /// What it asks.
        rule: String,
        /// What it permits.
        wanted: Vec<String>,
        /// What is known of the location.
        found: Option<String>,
        /// How it is known.
        basis: Option<String>,
        /// Whether the location passes.
        passes: bool,
    }

    /// A location, held against every rule.
    Judged {
        /// Which.
        location: String,
        /// Whether it passes all.
        permitted: bool,
        /// Each rule.
        rules: Vec<Judgement>,
    }

    /// `GET /api/v1/moves`.
    Moves {
        /// In the order in which they were begun.
        moves: Vec<Move>,
    }

    /// A move that is not finished.
    Move {
        /// Its name.
        id: String,
        /// From which location.
        from: String,
        /// To which.
        to: String,
        /// Whose copies.
        party: Option<String>,
        /// Of which document.
        document: Option<String>,
        /// Copies that were moved.
        copies: u64,
        /// Sealed bytes of these.
        bytes: u64,
        /// Copies that are left.
        left: u64,
        /// Of these, those that may not rest there.
        refused: u64,
        /// Why it does not go on just now.
        waits_for: Option<String>,
    }

    /// `GET /api/v1/parties/{party}/placement`.
    Explained {
        /// Of which sensitivity.
        sensitivity: String,
        /// Where the copies of a version would rest.
        places: Vec<String>,
        /// Why it may rest nowhere.
        nowhere: Option<String>,
        /// Each location.
        locations: Vec<Judged>,
    }
}

impl Me {
    /// Their name, or what the mission file calls them if no name is known.
    #[must_use]
    pub fn called(&self) -> &str {
        if self.name.is_empty() { &self.person } else { &self.name }
    }
}

/// A token, or a sign-in link turned into one: the secret is in this answer and in no other.
#[derive(Clone, Deserialize)]
pub struct Minted {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// The secret itself.
    pub token: String,
    /// When it ends.
    #[serde(default)]
    pub expires_at: Option<String>,
}
