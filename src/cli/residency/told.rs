//! Evidence of residency in words: each document with its sealed objects and places, then what is known of each place.

use std::collections::BTreeMap;

use crate::cli::{
    client::api::{
        Contradiction, CopyThen, Entered, PlaceThen, Residency as Shown, Rested, SealedObject,
    },
    error::{Error, Exit},
    locations::{FACTS, fact},
    session::Session,
    terminal::{clean, local, size},
};

/// Shows every page; the end says whether anything contradicts.
pub(super) fn all(session: &Session, pages: &[Shown]) -> Result<Exit, Error> {
    let mut count = 0;
    for page in pages {
        count += page.contradictions.len();
        count += page.documents.iter().map(|one| one.contradictions.len()).sum::<usize>();
        if session.terminal.is_json() {
            session.terminal.show(page, String::new)?;
            continue;
        }
        for document in &page.documents {
            said(session, &documents_lines(session, &page.at, document))?;
        }
        said(session, &contradicted(session, &page.contradictions))?;
    }
    if !session.terminal.is_json() {
        let places = pages.iter().flat_map(|page| &page.places);
        let places: BTreeMap<_, _> = places.map(|place| (&place.location, place)).collect();
        for place in places.values() {
            said(session, &places_lines(session, place))?;
        }
    }
    match count {
        0 => Ok(Exit::Done),
        count => Err(Error::new(Exit::Tampered, "residency-found").with("count", count)),
    }
}

fn said(session: &Session, lines: &[String]) -> Result<(), Error> {
    lines.iter().try_for_each(|line| session.terminal.line(&clean(line)))
}

fn documents_lines(session: &Session, at: &str, told: &Rested) -> Vec<String> {
    let say = |key: &str, values: &[(&str, &str)]| session.terminal.say(key, values);
    let state = say(&format!("state-{}", told.state), &[]);
    let (at, instant) = (local(at), |entered: &Entered| local(&entered.at));
    let values = [
        ("reference", &told.reference[..]),
        ("owner", &told.owner),
        ("state", &state),
        ("at", &at),
    ];
    let mut lines = vec![say("rested", &values)];
    match (&told.revision, &told.created) {
        (Some(made), _) => {
            let (number, entry) = (made.number.to_string(), borne_out(session, &made.entered));
            lines.push(say("rested-revision", &[("number", &number), ("entry", &entry)]));
        }
        (None, Some(made)) => {
            let (since, entry) = (instant(&made.entered), borne_out(session, &made.entered));
            lines.push(say("rested-created", &[("since", &since), ("entry", &entry)]));
        }
        (None, None) => {}
    }
    for sealed in &told.versions {
        lines.extend(sealed_lines(session, sealed));
    }
    if let Some(destruction) = &told.destruction {
        let begun = (instant(&destruction.begun), borne_out(session, &destruction.begun));
        lines.push(say("rested-begun", &[("since", &begun.0), ("entry", &begun.1)]));
        if let Some(done) = &destruction.done {
            let done = (instant(done), borne_out(session, done));
            lines.push(say("rested-destroyed", &[("since", &done.0), ("entry", &done.1)]));
        }
    }
    for holder in &told.openers {
        let logged = say(if holder.logged { "opens-logged" } else { "opens-unlogged" }, &[]);
        let with = match &holder.with[..] {
            "the running service" => say("holder-service", &[]),
            with if with.starts_with("custody file") => say("holder-custody", &[]),
            with if with.starts_with("the age identities") => say("holder-identities", &[]),
            with => with.to_owned(),
        };
        let values = [("who", &holder.who[..]), ("with", &with), ("logged", &logged)];
        lines.push(say("rested-opener", &values));
    }
    lines.extend(contradicted(session, &told.contradictions));
    lines
}

fn sealed_lines(session: &Session, sealed: &SealedObject) -> Vec<String> {
    let (number, bytes) = (sealed.number.to_string(), sealed.sealed_len.to_string());
    let values = [
        ("number", &number[..]),
        ("bytes", &bytes),
        ("size", &size(sealed.sealed_len)),
        ("sha256", &sealed.sealed_sha256),
    ];
    let first = session.terminal.say("rested-version", &values);
    let copies = sealed.copies.iter().map(|copy| copys_line(session, copy));
    std::iter::once(first).chain(copies).collect()
}

fn copys_line(session: &Session, copy: &CopyThen) -> String {
    let (since, entry) = (local(&copy.since.at), borne_out(session, &copy.since));
    let place = &copy.location;
    let values = [("place", &place[..]), ("since", &since), ("entry", &entry)];
    let mut line = session.terminal.say("rested-copy", &values);
    if let Some(left) = &copy.left {
        let (at, entry) = (local(&left.at), borne_out(session, left));
        line += &session.terminal.say("rested-left", &[("at", &at), ("entry", &entry)]);
    }
    let end = match (&copy.erased, &copy.state[..]) {
        (Some(erased), _) => {
            let (at, entry) = (local(&erased.at), borne_out(session, erased));
            session.terminal.say("rested-erased", &[("at", &at), ("entry", &entry)])
        }
        (None, "to-be-erased") => session.terminal.say("rested-unanswered", &[]),
        _ => String::new(),
    };
    line + &end
}

/// The entry that bears it out, for `greffe receipt get`.
fn borne_out(session: &Session, entered: &Entered) -> String {
    let position = entered.position.to_string();
    let key = if entered.signed { "borne-out" } else { "borne-out-unsigned" };
    session.terminal.say(key, &[("entry", &entered.entry), ("position", &position)])
}

fn contradicted(session: &Session, found: &[Contradiction]) -> Vec<String> {
    let known = |one: &Contradiction| match session.terminal.language.text(&one.what) {
        Some(_) => session.terminal.say(&one.what, &[("of", &one.of)]),
        None => format!("{}: {}", one.what, one.of),
    };
    let line = |one| session.terminal.say("rested-found", &[("says", &known(one))]);
    found.iter().map(line).collect()
}

/// What was known of a place, how, who says so, since when.
fn places_lines(session: &Session, place: &PlaceThen) -> Vec<String> {
    let first = session.terminal.say("place-then", &[("place", &place.location)]);
    let Some(facts) = &place.facts else {
        return vec![first, session.terminal.say("place-then-unknown", &[])];
    };
    let line = |name: &'static str| {
        let told = fact(session, &place.location, name, facts.get(name));
        let values = [
            ("fact", &session.terminal.say(&format!("fact-{}", name.replace('_', "-")), &[])[..]),
            ("value", &told.value),
            ("basis", &told.basis),
            ("since", &told.since),
            ("source", &told.source),
        ];
        session.terminal.say("place-then-fact", &values)
    };
    std::iter::once(first).chain(FACTS.map(line)).collect()
}
