//! Who can technically open a document, beside who may.

use serde::Serialize;

use crate::{
    audit::Discover,
    documents::{Documents, Error},
    mission::Protection,
    policy::Permit,
    storage::Facts,
};

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
        let operator = mission.party(mission.operator).map(|party| party.handle.clone());
        let holders = match document.protection {
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
        };
        let places = document.locations.iter().map(|id| Place {
            location: id.clone(),
            facts: self.location(id).map(|location| location.facts.clone()),
            can: "see sealed bytes, their size and when they are asked for; withhold them",
        });
        Ok(Openers { protection: document.protection, holders, places: places.collect() })
    }
}
