//! `greffe place`: where a document of a party would rest, and why there.

use serde::Serialize;

use crate::cli::{
    client::api::{Explained, Judged, Judgement},
    error::{Error, Exit},
    restrict::party_or_own,
    session::Session,
};

/// Says where a document of a party would rest, and which locations are refused by which rules.
///
/// Rules are the mission's and the party's; a place must pass all of them. Of those that do, in the configuration's order,
/// the first are taken, as many as copies are kept, or more if a rule wants more operators. What is deposited already stays
/// where it is.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe place
  greffe place --explain --sensitivity business-secret
  greffe place --explain --party company:rhein-energie --json

Exit codes: 0 a place is permitted, 6 none is.")]
pub struct Place {
    /// Of which sensitivity: ordinary, confidential or business-secret.
    #[arg(long, default_value = "confidential")]
    sensitivity: String,
    /// The party [default: that of the capacity in which one acts].
    #[arg(long, value_name = "PARTY")]
    party: Option<String>,
    /// Lists every rule for each location, whether it is passed or not.
    #[arg(long)]
    explain: bool,
}

/// One rule of one location.
#[derive(Serialize)]
struct Row<'e> {
    location: &'e str,
    #[serde(flatten)]
    rule: &'e Judgement,
}

impl Place {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let party = party_or_own(&client, self.party).await?;
        let path = ["api", "v1", "parties", &party, "placement"];
        let asked = client.get(&path).query("sensitivity", Some(&self.sensitivity));
        let explained: Explained = asked.read().await?;
        if self.explain {
            rules(session, &explained)?;
        } else {
            places(session, &explained)?;
        }
        match &explained.nowhere {
            Some(why) => session.terminal.note("rests-nowhere", &[("why", why)]),
            None => session.terminal.note("rests-at", &[("places", &explained.places.join(", "))]),
        }
        Ok(if explained.nowhere.is_none() { Exit::Done } else { Exit::Refused })
    }
}

fn yes_or_no(session: &Session, yes: bool) -> String {
    session.terminal.say(if yes { "yes" } else { "no" }, &[])
}

/// Each location with the rules that refuse it.
fn places(session: &Session, explained: &Explained) -> Result<(), Error> {
    let headings = ["head-place", "head-permitted", "head-refused-by"];
    session.terminal.table(headings, &explained.locations, |judged: &Judged| {
        let against = judged.rules.iter().filter(|rule| !rule.passes);
        let against: Vec<_> = against.map(|rule| named(session, rule)).collect();
        let permitted = yes_or_no(session, judged.permitted);
        [judged.location.clone(), permitted, against.join(", ")]
    })
}

/// Every rule of every location.
fn rules(session: &Session, explained: &Explained) -> Result<(), Error> {
    let locations = explained.locations.iter();
    let rows: Vec<_> = locations
        .flat_map(|judged| judged.rules.iter().map(|rule| Row { location: &judged.location, rule }))
        .collect();
    let headings =
        ["head-place", "head-passes", "head-rule", "head-wanted", "head-value", "head-known"];
    session.terminal.table(headings, &rows, |row: &Row<'_>| {
        let rule = row.rule;
        let known = rule.basis.as_ref().map(|basis| format!("basis-{basis}"));
        let found = rule.found.clone();
        [
            row.location.to_owned(),
            yes_or_no(session, rule.passes),
            named(session, rule),
            rule.wanted.join(" "),
            found.unwrap_or_else(|| session.terminal.say("unknown", &[])),
            known.map(|known| session.terminal.say(&known, &[])).unwrap_or_default(),
        ]
    })
}

/// A rule by whose it is, from which sensitivity on, and what it asks.
fn named(session: &Session, rule: &Judgement) -> String {
    let say = |key: String| session.terminal.say(&key, &[]);
    let what = say(format!("rule-{}", rule.rule));
    let whose = say(format!("whose-{}", rule.whose));
    let values = [("whose", &whose[..]), ("rule", &what), ("from", &rule.from)];
    let key = if rule.from == "all" { "rule-of" } else { "rule-of-from" };
    session.terminal.say(key, &values)
}
