//! What the service's answers hold, as far as the command line reads them; `--json` passes on what it does not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $($(#[$said:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$said])* pub $field: $type,)*
            /// Whatever else the service says, for `--json`.
            #[serde(flatten)]
            pub rest: Map<String, Value>,
        }
    )*};
}

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

    /// One document, or one row of a list.
    Document {
        /// Its id.
        id: String,
        /// Its speakable reference.
        reference: String,
        /// Its title.
        title: String,
        /// The owner's handle.
        owner: String,
        /// The workstream's slug.
        workstream: String,
        /// Its kind.
        kind: String,
        /// Its sensitivity.
        sensitivity: String,
        /// Its protection.
        protection: String,
        /// Its stage.
        stage: String,
        /// The number of the latest version, if it has content.
        number: Option<u64>,
        /// Its length in bytes.
        size: Option<u64>,
        /// When it was created.
        created_at: String,
    }

    /// `GET /api/v1/documents`.
    Documents {
        /// One page of them.
        documents: Vec<Document>,
        /// Where the next page begins.
        next: Option<String>,
    }

    /// `PUT …/content`.
    Deposited {
        /// The document's id.
        document: String,
        /// Its reference.
        reference: String,
        /// The version's id.
        version: String,
        /// Its number, from 1.
        number: u64,
        /// Its length in bytes.
        size: u64,
        /// SHA-256 of the content, in hex.
        sha256: String,
        /// The id of the entry.
        entry: String,
        /// Where the bytes rest.
        locations: Vec<Value>,
    }

    /// One version of a document.
    Version {
        /// Its id.
        version: String,
        /// Its number, from 1.
        number: u64,
        /// Its length in bytes.
        size: u64,
        /// When it was deposited.
        created_at: String,
        /// The entry of its deposit.
        entry: String,
    }

    /// `GET …/versions`.
    Versions {
        /// Oldest first.
        versions: Vec<Version>,
    }

    /// A grant on a document.
    Grant {
        /// Its id.
        id: String,
        /// To whom.
        to: String,
        /// Until when; without end if none.
        until: Option<String>,
        /// For what.
        purpose: Option<String>,
        /// When it was given.
        given_at: String,
    }

    /// `GET …/grants`.
    Grants {
        /// All of them.
        grants: Vec<Grant>,
    }

    /// A standing grant on what a party owns.
    StandingGrant {
        /// Its id.
        id: String,
        /// To whom.
        to: String,
        /// Only of this kind.
        kind: Option<String>,
        /// Only of this workstream.
        workstream: Option<String>,
        /// Up to this sensitivity.
        sensitivity: String,
        /// Until when; without end if none.
        until: Option<String>,
        /// For what.
        purpose: Option<String>,
    }

    /// `GET /api/v1/parties/{party}/grants`.
    StandingGrants {
        /// All of them.
        grants: Vec<StandingGrant>,
    }

    /// A network that a party declares its own.
    Network {
        /// How the party calls it.
        name: String,
        /// Its prefix.
        prefix: String,
    }

    /// `GET /api/v1/parties/{party}/settings`.
    Settings {
        /// Networks that it declares its own.
        networks: Vec<Network>,
        /// Where its bytes may rest.
        placement: Option<Value>,
        /// Whether shredding takes two people.
        two_to_shred: bool,
    }

    /// An entry of the log, opened.
    Entry {
        /// Its id.
        entry: String,
        /// Its position in the log, once it has one.
        position: Option<u64>,
        /// When.
        at: String,
        /// Which act.
        act: String,
        /// Its class: change, intent, outcome, refusal or system.
        class: Option<String>,
        /// What was decided.
        decision: Option<String>,
        /// The capacity of whoever acted.
        capacity: Option<String>,
        /// Who acted, while that is known.
        person: Option<String>,
        /// Whether somebody acted of whom nothing is known any more.
        personal_expired: bool,
        /// The document's reference.
        reference: Option<String>,
        /// What they said: `purpose`, `reason`.
        texts: BTreeMap<String, String>,
    }

    /// `GET …/accesses` and `GET /api/v1/audit/entries`.
    Entries {
        /// One page of them.
        entries: Vec<Entry>,
        /// Where the next page begins.
        next: Option<String>,
    }

    /// A tag key.
    TagKey {
        /// Calendar year.
        year: u16,
        /// Counted from 0.
        turn: u32,
        /// 32 bytes in base64url.
        key: String,
    }

    /// `GET /api/v1/parties/{party}/tag-keys`.
    TagKeys {
        /// All that the party committed to.
        keys: Vec<TagKey>,
    }

    /// An entry as its leaf commits to it.
    Tagged {
        /// Its position in the log.
        position: u64,
        /// The disclosure of its facts, while they are kept.
        facts: Option<String>,
    }

    /// `GET /api/v1/audit/tags`.
    TagPage {
        /// One page of entries.
        entries: Vec<Tagged>,
        /// Of each party and document that they name.
        keys: BTreeMap<String, Vec<TagKey>>,
        /// Where the next page begins.
        next: Option<String>,
    }

    /// Somebody who may read a document.
    Reader {
        /// The person's handle.
        person: String,
        /// Their name, if the caller may know it.
        name: Option<String>,
        /// In which capacity.
        capacity: String,
        /// Why: ids of policies, or of a grant.
        grounds: Vec<String>,
        /// Until when.
        until: Option<String>,
    }

    /// `GET …/readers`.
    Readers {
        /// All of them.
        readers: Vec<Reader>,
    }

    /// Somebody who can technically open a document, whether or not they may.
    Opener {
        /// Who.
        who: String,
        /// With what.
        with: String,
        /// Where that is.
        place: Option<String>,
        /// Under which law.
        jurisdiction: Option<String>,
    }

    /// `GET …/openers`.
    Openers {
        /// All of them.
        openers: Vec<Opener>,
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

    /// `GET …/restrictions/check`: whether a text is valid.
    Checked {
        /// Whether it is.
        valid: bool,
        /// How many policies it holds.
        policies: Option<u64>,
        /// What is wrong with it.
        problems: Vec<Flaw>,
    }

    /// What is wrong at one place of a restriction text.
    Flaw {
        /// The line, from 1.
        line: Option<u64>,
        /// What is wrong, and what to do.
        message: String,
    }

    /// Someone holds a role in a party.
    RoleHeld {
        /// The person's handle.
        person: String,
        /// The role.
        role: String,
    }

    /// `GET …/roles`.
    Roles {
        /// All of them.
        roles: Vec<RoleHeld>,
    }

    /// To whom a party's exports may be sealed.
    Recipient {
        /// How the party calls it.
        name: String,
        /// `age1…`.
        recipient: String,
    }

    /// `GET …/recipients`.
    Recipients {
        /// All of them.
        recipients: Vec<Recipient>,
    }

    /// A declared conflict.
    Conflict {
        /// Who.
        person: String,
        /// With which party.
        with: String,
        /// Only in this capacity.
        capacity: Option<String>,
        /// Why.
        says: String,
    }

    /// `GET /api/v1/conflicts`.
    Conflicts {
        /// All of them.
        conflicts: Vec<Conflict>,
    }

    /// A place of storage.
    Place {
        /// Its name in the configuration.
        id: String,
        /// What is known of it: for each fact its value, basis, source and date.
        facts: Option<Value>,
        /// When it was last probed.
        probed_at: Option<String>,
    }

    /// `GET /api/v1/locations`.
    Places {
        /// All of them.
        locations: Vec<Place>,
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

/// `POST /api/v1/documents`.
#[derive(Clone, Debug, Serialize)]
pub struct NewDocument {
    /// The workstream's slug.
    pub workstream: String,
    /// Its kind.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// `ordinary`, `confidential` or `business-secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<String>,
    /// `managed` or `end-to-end`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection: Option<String>,
    /// The owner's handle, if not the acting party.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// `POST …/grants`, on a document or on what a party owns.
#[derive(Clone, Debug, Serialize)]
pub struct NewGrant {
    /// `company:SLUG`, `person:SLUG` or `role:company:SLUG:ROLE`.
    pub to: String,
    /// RFC 3339; without end if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// For what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// A standing grant's kind of document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A standing grant's workstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workstream: Option<String>,
    /// A standing grant's highest sensitivity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<String>,
}
