//! Who can technically open a document, beside who may.

use serde::Serialize;

use crate::{
    audit::Discover,
    documents::{Documents, Error},
    mission::{MissionRevision, Protection},
    policy::Permit,
    storage::Facts,
};

/// What whoever controls a place can do with what rests there.
pub(super) const PLACES_CAN: &str =
    "see sealed bytes, their size and when they are asked for; withhold them";

/// Who can technically open a document: keys, places, operator, jurisdiction.
#[derive(Clone, Debug, Serialize)]
pub struct Openers {
    /// Which protection it has.
    pub protection: Protection,
    /// Who holds what it takes.
    pub holders: Vec<Holder>,
    /// Where its sealed bytes rest, and who controls those places.
    pub places: Vec<Place>,
}

/// Someone who holds what it takes to open.
#[derive(Clone, Debug, Serialize)]
pub struct Holder {
    /// `operator` or `depositor's recipients`.
    pub who: &'static str,
    /// The party, where there is one.
    pub party: Option<String>,
    /// With what.
    pub with: &'static str,
    /// Whether that stands in the log.
    pub logged: bool,
}

/// A place where sealed bytes rest.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// Its name.
    pub location: String,
    /// What is known of it.
    pub facts: Option<Facts>,
    /// What whoever controls it can do with what rests there.
    pub can: &'static str,
}

impl Documents {
    /// Who can technically open the document.
    ///
    /// # Errors
    ///
    /// A failure to read the mission.
    pub async fn openers(&self, permit: &Permit<Discover>) -> Result<Openers, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?;
        let mission = self.mission().await?;
        let holders = holders(document.protection, &mission);
        let places = document.locations.iter().map(|id| Place {
            location: id.clone(),
            facts: self.location(id).map(|location| location.facts.clone()),
            can: PLACES_CAN,
        });
        Ok(Openers { protection: document.protection, holders, places: places.collect() })
    }
}

/// Who holds what it takes to open a document of this protection.
pub(super) fn holders(protection: Protection, mission: &MissionRevision) -> Vec<Holder> {
    let operator = mission.party(mission.operator).map(|party| party.handle.clone());
    match protection {
        Protection::Managed => vec![
            Holder {
                who: "operator",
                party: operator.clone(),
                with: "the running service",
                logged: true,
            },
            Holder {
                who: "operator",
                party: operator,
                with: "custody file, key set, database and store together, without the service",
                logged: false,
            },
        ],
        Protection::EndToEnd => vec![Holder {
            who: "depositor's recipients",
            party: None,
            with: "the age identities to which the depositor sealed it",
            logged: false,
        }],
    }
}
