//! Documents: versions, grants, who may open them and who can.

use serde::Serialize;
use serde_json::Value;

answers! {
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

    /// A copy of a version.
    Copy {
        /// Where it rests.
        location: String,
        /// When it was last written or read whole.
        scrubbed_at: Option<String>,
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
        /// Its copies.
        copies: Vec<Copy>,
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
