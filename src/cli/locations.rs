//! `greffe locations`: where sealed bytes rest, and what is known of those places.

use serde_json::Value;

use crate::cli::{
    client::api::{Location, Locations as Listed},
    error::{Error, Exit},
    session::Session,
    terminal::local,
};

/// The facts of a location, in the order in which a person asks for them.
pub const FACTS: [&str; 8] =
    ["country", "region", "city", "operator", "seat", "control", "qualification", "access_logs"];

/// Lists where sealed bytes rest: each fact of each place, how it is known, who says so and since when.
///
/// A fact is declared by somebody, verified by the service, or unknown; what is unknown passes no placement rule unless
/// the rule says otherwise. The last line of a place is what came of the service's last look at it, once an hour.
/// `greffe place --explain` says which rules a place passes.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe locations
  greffe locations --json | jq .facts.control")]
pub struct Locations {}

/// One fact, in words.
#[derive(serde::Serialize)]
pub struct Told {
    location: String,
    fact: &'static str,
    /// What is known.
    pub value: String,
    /// How it is known.
    pub basis: String,
    /// Since when.
    pub since: String,
    /// Who says so.
    pub source: String,
}

impl Locations {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let listed: Listed = session.client()?.get(&["api", "v1", "locations"]).read().await?;
        let terminal = &session.terminal;
        if terminal.is_json() {
            listed
                .locations
                .iter()
                .try_for_each(|location| terminal.show(location, String::new))?;
            return Ok(Exit::Done);
        }
        let facts = listed.locations.iter();
        let told: Vec<_> = facts.flat_map(|location| told(session, location)).collect();
        let headings =
            ["head-place", "head-fact", "head-value", "head-known", "head-since", "head-source"];
        terminal.table(headings, &told, |told| {
            let fact = terminal.say(&format!("fact-{}", told.fact.replace('_', "-")), &[]);
            let Told { location, value, basis, since, source, .. } = told;
            [location, &fact, value, basis, since, source].map(Clone::clone)
        })?;
        Ok(Exit::Done)
    }
}

fn told(session: &Session, location: &Location) -> Vec<Told> {
    let facts = location.facts.as_ref();
    let told = |name| fact(session, &location.id, name, facts.and_then(|facts| facts.get(name)));
    FACTS.map(told).into_iter().chain(look(session, location)).collect()
}

/// A fact of a location, in words.
pub fn fact(session: &Session, location: &str, name: &'static str, fact: Option<&Value>) -> Told {
    let field = |field: &str| fact.and_then(|fact| fact.get(field));
    let text = |name: &str| field(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (basis, at) = basis(field("basis"));
    let value = field("value").and_then(|value| shown(session, value));
    let unknown = || session.terminal.say("unknown", &[]);
    Told {
        location: location.to_owned(),
        fact: name,
        value: value.filter(|_| basis != "unknown").unwrap_or_else(unknown),
        basis: session.terminal.say(&format!("basis-{basis}"), &[]),
        since: at.map_or_else(|| text("on"), |at| local(&at)),
        source: text("source"),
    }
}

/// What came of the last look at the place itself; nothing before the first.
fn look(session: &Session, location: &Location) -> Option<Told> {
    let (verdict, at) = (location.verdict.as_ref()?, location.probed_at.as_ref()?);
    Some(Told {
        location: location.id.clone(),
        fact: "look",
        value: session.terminal.say(&format!("verdict-{verdict}"), &[]),
        basis: session.terminal.say("basis-verified", &[]),
        since: local(at),
        source: location.says.as_ref().map(|says| says.join("; ")).unwrap_or_default(),
    })
}

/// How a fact is known; and when it was looked at, if it was.
fn basis(basis: Option<&Value>) -> (&'static str, Option<String>) {
    match basis {
        Some(Value::String(basis)) if basis == "declared" => ("declared", None),
        Some(Value::Object(verified)) => {
            let at = verified.get("verified").and_then(|verified| verified.get("at"));
            ("verified", at.and_then(Value::as_str).map(str::to_owned))
        }
        _ => ("unknown", None),
    }
}

/// A value in words; nothing if there is none.
fn shown(session: &Session, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(session.terminal.say(if *yes { "yes" } else { "no" }, &[])),
        Value::Object(control) => {
            let field = |name: &str| control.get(name).and_then(Value::as_str);
            Some(format!("{} ({})", field("holder")?, field("country")?))
        }
        _ => None,
    }
}
