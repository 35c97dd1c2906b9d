//! The way from sealed bytes to whoever holds a key, as a small picture: SVG without scripts, light and dark, narrow.

mod canvas;
mod words;

use crate::{
    documents::{
        Place,
        residency::{Copy, Entered, Residency, Rested, Sealed},
    },
    storage::location::{Basis, Fact},
};

use canvas::{Canvas, Look};
use words::Words;

pub use words::Tongue;

/// Characters of a digest that are drawn: enough to compare by eye, the rest is in the text.
const DIGEST_SHOWN: usize = 24;

/// The first document of `residency`, drawn: its latest sealed object, each place where that rested, keys, key holders.
#[must_use]
pub fn picture(residency: &Residency, tongue: Tongue) -> String {
    let words = tongue.words();
    let nothing = Rested::default();
    let rested = residency.documents.first().unwrap_or(&nothing);
    let mut canvas = Canvas::new(tongue, words.title, words.says);
    canvas.heading(&rested.reference, &format!("{} {}", words.at, residency.at.to_second()));
    let found = rested.found.len() + residency.found.len();
    if found > 0 {
        canvas.opens(Look::Alarm, words.contradicted);
        canvas.line(words.contradictions, &found.to_string());
        canvas.closes();
    }
    match (rested.stage, rested.versions.last()) {
        (None, _) => not_there(&mut canvas, words, rested),
        (Some(_), None) => {
            canvas.opens(Look::Plain, words.no_bytes);
            canvas.closes();
        }
        (Some(_), Some(sealed)) => drawn(&mut canvas, words, residency, rested, sealed),
    }
    canvas.finish()
}

fn not_there(canvas: &mut Canvas, words: &Words, rested: &Rested) {
    canvas.opens(Look::Plain, words.not_there);
    if let Some(created) = rested.created {
        canvas.line(words.created, &created.entered.at.to_second());
    }
    canvas.closes();
}

fn drawn(
    canvas: &mut Canvas,
    words: &Words,
    residency: &Residency,
    rested: &Rested,
    sealed: &Sealed,
) {
    canvas.opens(Look::Plain, words.bytes);
    canvas.line(words.owner, &rested.owner);
    canvas.line(words.version, &format!("{} / {}", sealed.number, rested.versions.len()));
    canvas.line(words.length, &sealed.sealed_len.to_string());
    let digest: String = sealed.sealed_sha256.chars().take(DIGEST_SHOWN).collect();
    canvas.line("SHA-256", &format!("{digest}…"));
    canvas.closes();
    for (count, copy) in sealed.copies.iter().enumerate() {
        let place = residency.places.iter().find(|place| place.location == copy.location);
        match count {
            0 => canvas.arrow(words.sealed_at),
            _ => canvas.beside(words.and_at),
        }
        at_place(canvas, words, copy, place);
    }
    canvas.arrow(words.opens_with);
    match rested.destruction {
        None => keys(canvas, words, rested),
        Some(destruction) => {
            canvas.opens(Look::Keys, words.keys);
            let until = |entered: Entered| entered.at.to_second();
            let done = destruction.done.map_or_else(|| words.under_way.to_owned(), until);
            canvas.line(words.destroyed, &done);
            if destruction.done.is_some() {
                canvas.line(words.openers, words.nobody);
            }
            canvas.closes();
        }
    }
}

fn at_place(canvas: &mut Canvas, words: &Words, copy: &Copy, place: Option<&Place>) {
    canvas.opens(Look::Sealed, &copy.location);
    canvas.line(words.since, &copy.since.at.to_second());
    if let Some(left) = copy.left {
        canvas.line(words.left, &left.at.to_second());
    }
    if let Some(erased) = copy.erased {
        canvas.line(words.erased, &erased.at.to_second());
    }
    let Some(facts) = place.and_then(|place| place.facts.as_ref()) else {
        canvas.line(words.country, words.unknown);
        canvas.closes();
        return;
    };
    told(canvas, words, words.country, &facts.country, ToString::to_string);
    told(canvas, words, words.operator, &facts.operator, Clone::clone);
    told(canvas, words, words.seat, &facts.seat, ToString::to_string);
    told(canvas, words, words.control, &facts.control, |by| by.holder.clone());
    told(canvas, words, words.under, &facts.control, |by| by.country.to_string());
    canvas.closes();
}

fn keys(canvas: &mut Canvas, words: &Words, rested: &Rested) {
    let managed = rested.holders.iter().find_map(|holder| holder.party.as_deref());
    canvas.opens(Look::Keys, if managed.is_some() { words.keys } else { words.identities });
    canvas.line(words.held_by, managed.unwrap_or(words.depositors));
    canvas.closes();
    canvas.arrow(words.can);
    canvas.opens(Look::Plain, words.who);
    for holder in &rested.holders {
        let who = holder.party.as_deref().unwrap_or(words.depositors);
        let with = match (holder.party.is_some(), holder.logged) {
            (true, true) => words.by_service,
            (true, false) => words.by_custody,
            (false, _) => words.by_identity,
        };
        canvas.line(with, who);
        canvas.line("", if holder.logged { words.logged } else { words.unlogged });
    }
    canvas.closes();
}

/// A fact with how it is known; its source and date are in the text.
fn told<T>(
    canvas: &mut Canvas,
    words: &Words,
    label: &str,
    fact: &Fact<T>,
    shown: impl Fn(&T) -> String,
) {
    let basis = match &fact.basis {
        Basis::Declared => words.declared,
        Basis::Verified { .. } => words.verified,
        Basis::Unknown => return canvas.line(label, words.unknown),
    };
    match fact.value.as_ref().map(shown) {
        Some(value) => canvas.known(label, &value, basis),
        None => canvas.line(label, words.unknown),
    }
}
