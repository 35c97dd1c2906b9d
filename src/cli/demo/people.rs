//! The people of the mission as clients over TLS, each signed in by a link of their own.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    cli::{
        client::{Caller, Client, Trust},
        demo::place::{NAMES, Place, write_secret},
        error::{Error, Exit},
        profile::Secret,
        words::Language,
    },
    database::Revisions,
};

/// One person in one capacity.
#[derive(Clone, Serialize)]
struct Row {
    id: String,
    name: String,
    capacity: String,
    token: String,
}

/// Everyone.
pub(super) struct People {
    base: String,
    authority: PathBuf,
    rows: Vec<Row>,
}

impl People {
    /// Signs everyone in, in each capacity, and writes `people.json`.
    pub(super) async fn sign_in(app: &App, base: &str, place: &Place) -> Result<Self, Error> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(Exit::Failed, "demo-failed").because(error)
        };
        let mission = app.registry.mission(&mut Revisions::new(app.clock.now())).await;
        let mission = mission.map_err(|error| failed(error.into()))?;
        let (base, authority) = (base.to_owned(), place.authority());
        let mut people = Self { base, authority, rows: Vec::new() };
        let stranger = people.client(None)?;
        for entry in &mission.people {
            for party in &mission.parties {
                let mut revisions = Revisions::new(app.clock.now());
                let revision =
                    app.registry.read::<crate::mission::PartyRevision>(party.party, &mut revisions);
                let revision = revision.await.map_err(|error| failed(error.into()))?;
                if !revision.includes(entry.person) {
                    continue;
                }
                let link = app.identity.issue_link(entry.person, party.party).await;
                let link = link.map_err(|error| failed(error.into()))?;
                let redeemed = stranger
                    .ask(hyper::Method::POST, &["api", "v1", "sign-in"])
                    .json(&json!({ "link": link.expose().as_str() }));
                let answer: serde_json::Value = redeemed.read().await?;
                let token = answer["token"].as_str().unwrap_or_default().to_owned();
                let name = NAMES.iter().find(|(slug, ..)| *slug == entry.slug);
                people.rows.push(Row {
                    id: entry.slug.clone(),
                    name: name.map_or_else(String::new, |(_, name, _)| (*name).to_owned()),
                    capacity: party.handle.clone(),
                    token,
                });
            }
        }
        people.write(place)?;
        Ok(people)
    }

    fn write(&self, place: &Place) -> Result<(), Error> {
        let people = json!({ "base": self.base, "ca": self.authority.display().to_string(), "people": self.rows });
        let text = serde_json::to_vec_pretty(&people).expect("rows are plain JSON");
        write_secret(&place.root().join("people.json"), &text)
    }

    /// Someone in one of their capacities, as a client.
    pub(super) fn client_of(&self, id: &str, capacity: &str) -> Result<Client, Error> {
        let row = self.rows.iter().find(|row| row.id == id && row.capacity == capacity);
        let row = row.ok_or_else(|| Error::new(Exit::NotFound, "no-such-name").with("name", id))?;
        self.client(Some(row.token.clone()))
    }

    fn client(&self, token: Option<String>) -> Result<Client, Error> {
        let authority = std::fs::read_to_string(&self.authority)?;
        let trust = Trust { authority, certificate: None };
        let token = token.map(Secret::new);
        let caller = Caller { token, capacity: None, language: Language::English };
        Ok(Client::new(&self.base, &trust, caller)?)
    }

    /// Who there is: id, name, capacity.
    pub(super) fn list(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.rows.iter().map(|row| (&row.id[..], &row.name[..], &row.capacity[..]))
    }
}
