//! `greffe residency`: where sealed bytes rested at an instant, under whose control, and how that is known.

mod told;

use std::path::{Path, PathBuf};

use hyper::header::{ACCEPT, HeaderValue};
use jiff::Timestamp;
use serde_json::json;

use crate::cli::{
    client::{Client, api::Residency as Shown},
    error::{Error, Exit},
    instant::{Span, Written, written},
    profile::replace,
    restrict::party_or_own,
    session::Session,
    terminal::size,
};

/// Says where a document rested at an instant: which sealed bytes, since when, at which places, under whose control, how
/// that is known, and who can technically open them.
///
/// It is what the log says, not what tables say: each line names the entry that bears it out, whose receipt is a proof for
/// anybody (`greffe receipt get`). What is known of a place is what the mission knew at that instant, declared, verified or
/// unknown, with its source and date. Without a document, all documents of a party: for whoever decides for it or audits it.
/// With --svg, the way from the bytes to whoever holds a key, as a picture.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe residency K3T-7KQ4-2M
  greffe residency K3T-7KQ4-2M --at 2026-12-31
  greffe residency K3T-7KQ4-2M --svg residency.svg
  greffe residency --party company:rhein-energie --at 2026-11-28T12:00:00Z --json
  greffe residency --mission

Exit codes: 0 nothing contradicts, 8 somebody wrote behind the log (each contradiction is named).")]
pub struct Residency {
    /// The document's reference or id [default: every document of the party].
    document: Option<String>,
    /// The party [default: that of the capacity in which one acts].
    #[arg(long, value_name = "PARTY", conflicts_with = "document")]
    party: Option<String>,
    /// The mission: for its auditor everybody's documents, for its coordinator those that it owns.
    #[arg(long, conflicts_with_all = ["document", "party"])]
    mission: bool,
    /// As it was then: an instant with zone, a day (its end, here), or how long ago, e.g. 48h or 7d [default: now].
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// Draws the document's latest version into this file, in place of the text; a file that is there is replaced.
    #[arg(long, value_name = "FILE", requires = "document")]
    svg: Option<PathBuf>,
}

impl Residency {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if something contradicts; if the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let at = self.at.as_deref().map(|text| instant(text, Timestamp::now())).transpose()?;
        let client = session.client()?;
        match (self.document, self.svg) {
            (Some(document), Some(file)) => draw(session, &client, &document, at, &file).await,
            (Some(document), None) => {
                let path = ["api", "v1", "documents", &document, "residency"];
                let shown: Shown = client.get(&path).query("at", at).read().await?;
                told::all(session, &[shown])
            }
            (None, _) => {
                let party = match self.mission {
                    true => "mission".to_owned(),
                    false => party_or_own(&client, self.party).await?,
                };
                told::all(session, &pages(&client, &party, at).await?)
            }
        }
    }
}

/// Every page of a party, all as of the same instant.
async fn pages(client: &Client, party: &str, at: Option<Timestamp>) -> Result<Vec<Shown>, Error> {
    let path = ["api", "v1", "parties", party, "residency"];
    let (mut pages, mut at, mut after) = (Vec::new(), at.map(|at| at.to_string()), None);
    loop {
        let asked = client.get(&path).query("at", at.as_ref()).query("after", after.as_ref());
        let page: Shown = asked.read().await?;
        let next = page.next.clone();
        at = Some(page.at.clone());
        pages.push(page);
        if next.is_none() || next == after {
            return Ok(pages);
        }
        after = next;
    }
}

async fn draw(
    session: &Session,
    client: &Client,
    document: &str,
    at: Option<Timestamp>,
    file: &Path,
) -> Result<Exit, Error> {
    let path = ["api", "v1", "documents", document, "residency"];
    let asked = client.get(&path).query("at", at).header(ACCEPT, Some("image/svg+xml"));
    let answer = asked.send().await?;
    let is_one = answer.headers.get("content-type");
    if is_one != Some(&HeaderValue::from_static("image/svg+xml")) {
        return Err(Error::new(Exit::Failed, "unreadable"));
    }
    let drawn = answer.bytes().await?;
    replace(file, &drawn).map_err(|error| {
        Error::new(Exit::Failed, "file-unwritable").with("path", file.display()).because(error)
    })?;
    let shown = json!({"document": document, "file": file, "size": drawn.len()});
    session.terminal.show(&shown, || {
        let values =
            [("path", &file.display().to_string()[..]), ("size", &size(drawn.len() as u64))];
        session.terminal.say("drawn", &values)
    })?;
    Ok(Exit::Done)
}

/// A past instant, as people write it: a duration is how long ago, and of today it is now.
fn instant(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let instant = match written(text, now, Span::Minus)? {
        Written::Day { begins, ends } if begins <= now => ends.min(now),
        written => written.end(),
    };
    if instant > now {
        return Err(Error::usage("instant-to-come").with("text", text));
    }
    Ok(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_is_an_instant_a_day_that_has_begun_or_how_long_ago() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let read = |text| instant(text, now).unwrap();

        assert_eq!(read("2026-11-28T12:00:00+01:00"), "2026-11-28T11:00:00Z".parse().unwrap());
        assert_eq!(read("48h"), "2026-11-26T12:00:00Z".parse().unwrap());
        assert_eq!(read("2026-11-28"), now);
        assert!(read("2026-11-01") < read("2026-11-02"));
        assert_eq!(instant("2026-12-31", now).unwrap_err().key, "instant-to-come");
        assert_eq!(instant("-3d", now).unwrap_err().key, "instant-to-come");
        assert_eq!(instant("soon", now).unwrap_err().key, "not-an-instant");
    }
}
