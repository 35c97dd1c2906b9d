//! The mission file as it is written: every key known, every value with its place.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::mission::{PartyKind, Placement, Words};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub mission: RawMission,
    #[serde(default)]
    pub workstream: Vec<RawWorkstream>,
    #[serde(default)]
    pub document_kind: Vec<RawKind>,
    #[serde(default)]
    pub company: Vec<RawCompany>,
    #[serde(default)]
    pub person: Vec<RawPerson>,
    #[serde(default)]
    pub conflict: Vec<RawConflict>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMission {
    pub id: Spanned<String>,
    pub title: Spanned<Words>,
    pub secretariat: Spanned<String>,
    pub operator: Spanned<String>,
    pub languages: Spanned<Vec<String>>,
    pub time_zone: Spanned<String>,
    pub placement: Spanned<Placement>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkstream {
    pub id: Spanned<String>,
    pub title: Spanned<Words>,
    pub aim: Spanned<Words>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKind {
    pub id: Spanned<String>,
    pub title: Spanned<Words>,
    pub says: Spanned<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCompany {
    pub id: Spanned<String>,
    pub name: Spanned<String>,
    pub kind: Spanned<PartyKind>,
    pub country: Spanned<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPerson {
    pub id: Spanned<String>,
    pub company: Spanned<String>,
    #[serde(default)]
    pub roles: Vec<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Spanned<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Spanned<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConflict {
    pub person: Spanned<String>,
    pub with: Spanned<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Spanned<String>>,
    pub says: Spanned<String>,
}
