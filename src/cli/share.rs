//! `greffe share`: a grant on one document, or standing on what a party owns.

use hyper::Method;
use jiff::Timestamp;

use crate::cli::{
    client::{
        Client,
        api::{Grants, NewGrant, StandingGrants},
    },
    error::{Error, Exit},
    instant::{Span, written},
    restrict::party_or_own,
    session::Session,
    terminal::local,
};

/// Permits somebody to read a document; without --with, lists who was permitted.
///
/// It holds from the next request on, until the instant given with --until or until `greffe unshare`. What the owner's
/// restrictions forbid stays forbidden. With --standing it holds for all that the party owns and will own, of a kind, of a
/// workstream, up to a sensitivity.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe share K3T-7KQ4-2M --with company:rhein-energie --until 2026-12-31 --purpose 'second reading'
  greffe share K3T-7KQ4-2M --with person:pilot-ia --until 48h
  greffe share K3T-7KQ4-2M --with role:company:rhein-energie:contributor
  greffe share K3T-7KQ4-2M
  greffe share --standing --with workstream:e-paiement --kind diagnostic --sensitivity confidential
  greffe share --standing")]
pub struct Share {
    /// The document's reference or id.
    #[arg(required_unless_present = "standing")]
    document: Option<String>,
    /// On all that the party owns and will own, in place of one document.
    #[arg(long, conflicts_with = "document")]
    standing: bool,
    /// Only documents of this kind.
    #[arg(long, value_name = "KIND", requires = "standing")]
    kind: Option<String>,
    /// Only documents of this workstream.
    #[arg(long, value_name = "WORKSTREAM", requires = "standing")]
    workstream: Option<String>,
    /// Up to this sensitivity: ordinary, confidential or business-secret.
    #[arg(long, value_name = "SENSITIVITY", requires = "standing")]
    sensitivity: Option<String>,
    /// The party, with --standing [default: that of the capacity in which one acts].
    #[arg(long, value_name = "PARTY", requires = "standing")]
    party: Option<String>,
    /// With whom: company:SLUG, workstream:SLUG, person:SLUG or role:PARTY:ROLE.
    #[arg(long = "with", value_name = "WHO")]
    grantee: Option<String>,
    /// Until when: a day (its end, here), an instant with zone, or a duration such as 48h or 7d.
    #[arg(long, value_name = "WHEN", requires = "grantee")]
    until: Option<String>,
    /// For what; sealed, and shown to whoever the document is shared with.
    #[arg(long, value_name = "TEXT", requires = "grantee")]
    purpose: Option<String>,
}

impl Share {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses, or `--until` is no instant to come.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let (what, of) = granted_on(&client, self.document, self.party).await?;
        let path = ["api", "v1", what, &of, "grants"];
        let Some(to) = self.grantee else {
            return list(session, &client, &path, self.standing).await;
        };
        if self.standing && self.sensitivity.is_none() {
            return Err(Error::usage("standing-needs-sensitivity"));
        }
        let now = Timestamp::now();
        let until = self.until.as_deref().map(|text| instant(text, now)).transpose()?;
        let until = until.map(|instant| instant.to_string());
        let wanted = NewGrant {
            to: to.clone(),
            until: until.clone(),
            purpose: self.purpose,
            kind: self.kind,
            workstream: self.workstream,
            sensitivity: self.sensitivity,
        };
        let grant: serde_json::Value = client.ask(Method::POST, &path).json(&wanted).read().await?;
        session.terminal.show(&grant, || {
            let values = [("document", &of[..]), ("to", &to)];
            let until = until.as_deref().map(local);
            match (&wanted.sensitivity, until) {
                (Some(sensitivity), _) => {
                    let values = [values[0], values[1], ("sensitivity", sensitivity)];
                    session.terminal.say("shared-standing", &values)
                }
                (None, Some(until)) => {
                    let values = [values[0], values[1], ("until", &until)];
                    session.terminal.say("shared-until", &values)
                }
                (None, None) => session.terminal.say("shared", &values),
            }
        })?;
        Ok(Exit::Done)
    }
}

/// Where grants lie: on a document, or standing on a party's own.
///
/// # Errors
///
/// As [`party_or_own`].
pub async fn granted_on(
    client: &Client,
    document: Option<String>,
    party: Option<String>,
) -> Result<(&'static str, String), Error> {
    match document {
        Some(document) => Ok(("documents", document)),
        None => Ok(("parties", party_or_own(client, party).await?)),
    }
}

async fn list(
    session: &Session,
    client: &Client,
    path: &[&str],
    standing: bool,
) -> Result<Exit, Error> {
    if standing {
        let listed: StandingGrants = client.get(path).read().await?;
        return show_standing(session, &listed);
    }
    let listed: Grants = client.get(path).read().await?;
    let headings = ["head-id", "head-to", "head-until", "head-purpose", "head-given"];
    session.terminal.table(headings, &listed.grants, |grant| {
        [
            grant.id.clone(),
            grant.to.clone(),
            grant.until.as_deref().map(local).unwrap_or_default(),
            grant.purpose.clone().unwrap_or_default(),
            local(&grant.given_at),
        ]
    })?;
    Ok(Exit::Done)
}

fn show_standing(session: &Session, listed: &StandingGrants) -> Result<Exit, Error> {
    let headings = [
        "head-id",
        "head-to",
        "head-kind",
        "head-workstream",
        "head-sensitivity",
        "head-until",
        "head-purpose",
    ];
    session.terminal.table(headings, &listed.grants, |grant| {
        [
            grant.id.clone(),
            grant.to.clone(),
            grant.kind.clone().unwrap_or_default(),
            grant.workstream.clone().unwrap_or_default(),
            grant.sensitivity.clone(),
            grant.until.as_deref().map(local).unwrap_or_default(),
            grant.purpose.clone().unwrap_or_default(),
        ]
    })?;
    Ok(Exit::Done)
}

/// An instant to come, as people write it: a duration is from `now` on.
fn instant(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let instant = written(text, now, Span::Plus)?.end();
    if instant <= now {
        return Err(Error::usage("instant-past").with("text", text));
    }
    Ok(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_is_an_instant_a_day_or_a_duration() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let read = |text| instant(text, now).unwrap();

        assert_eq!(read("2026-12-01T08:00:00+01:00").to_string(), "2026-12-01T07:00:00Z");
        assert_eq!(read("48h").to_string(), "2026-11-26T12:00:00Z");
        assert!(read("7d") > now);
        let end = read("2026-11-30").to_zoned_datetime(jiff::tz::TimeZone::system());
        assert_eq!(end.strftime("%Y-%m-%d %H:%M").to_string(), "2026-12-01 00:00");
    }

    #[test]
    fn until_is_to_come() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();

        assert_eq!(instant("2020-01-01", now).unwrap_err().key, "instant-past");
        assert_eq!(instant("soon", now).unwrap_err().key, "not-an-instant");
        assert_eq!(instant("-3d", now).unwrap_err().key, "instant-past");
    }
}
