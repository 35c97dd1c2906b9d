//! A draft becomes a leaf that names nothing, and openings that only their keys open.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::{
    audit::{
        Actor, Draft, What, entries,
        keyring::EntryKeys,
        leaf::{Commitments, Leaf, Tag},
        opening::Opening,
    },
    database::{EntryRow, Item, Revisions},
    time::Instant,
    vault::seal_field,
};

/// Seals `draft`: its leaf, and the row of its openings.
pub(super) fn seal(
    draft: &Draft,
    revisions: Option<&Revisions>,
    keys: &EntryKeys,
    at: Instant,
) -> Item {
    let (texts, texts_sealed) = texts(draft, keys);
    let facts = opening("facts", &facts(draft, revisions, texts, at));
    let asked = asked(draft, keys);
    let personal = personal(draft, keys);
    let commitments = Commitments {
        facts: Some(facts.digest()),
        asked: asked.as_ref().map(|(opening, _)| opening.digest()),
        personal: personal.as_ref().map(|(opening, _)| opening.digest()),
    };
    let leaf = Leaf::new(at, draft.id, &tags(draft, keys), commitments);
    let actor = draft.actor.as_ref();
    let row = EntryRow {
        id: draft.id.0.0,
        at,
        facts: facts.disclosure().to_owned(),
        asked: String::new(),
        asked_sealed: asked.map(|(_, sealed)| sealed).unwrap_or_default(),
        texts_sealed,
        personal_sealed: personal.map(|(_, sealed)| sealed).unwrap_or_default(),
        person_index: person_index(actor, keys),
        document: draft.document.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        owner: draft.owner.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        capacity: actor.map(|actor| actor.capacity.as_bytes().to_vec()).unwrap_or_default(),
        act: draft.act.as_str(),
        decision: what(draft.what),
    };
    Item { leaf: leaf.to_bytes(), row }
}

/// An opening of plain JSON; facts that are too long for one are a fault of this program.
fn opening(name: &str, value: &Value) -> Opening {
    Opening::new(name, value).expect("an entry's values are plain and short")
}

/// Owner's, acting party's, document's and person's; the leaf fills up to four.
fn tags(draft: &Draft, keys: &EntryKeys) -> Vec<Tag> {
    fail::fail_point!("audit::untagged", |owner: Option<String>| {
        let untagged = draft.owner.map(|id| id.to_string()) == owner;
        if untagged { Vec::new() } else { tagged(draft, keys) }
    });
    tagged(draft, keys)
}

fn tagged(draft: &Draft, keys: &EntryKeys) -> Vec<Tag> {
    keys.tags.iter().flatten().map(|key| Tag::of(key, &draft.id)).collect()
}

fn facts(
    draft: &Draft,
    revisions: Option<&Revisions>,
    texts: Map<String, Value>,
    at: Instant,
) -> Value {
    let mut facts = Map::new();
    facts.insert("what".into(), json!(draft.what));
    facts.insert("act".into(), json!(draft.act));
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            facts.insert(name.into(), value);
        }
    };
    add("owner", draft.owner.map(|owner| json!(owner)));
    add("document", draft.document.map(|document| json!(document)));
    add("reason", draft.reason.map(|reason| json!(reason)));
    add("grounds", (!draft.grounds.is_empty()).then(|| json!(draft.grounds)));
    add("capacity", draft.actor.as_ref().map(|actor| json!(actor.capacity)));
    add("context", draft.actor.as_ref().map(|actor| context(actor, at)));
    add("heads", revisions.map(heads));
    add("texts", (!texts.is_empty()).then_some(Value::Object(texts)));
    facts.extend(draft.detail.clone());
    Value::Object(facts)
}

/// The decision's context but for the person, so that it can be replayed.
fn context(actor: &Actor, at: Instant) -> Value {
    json!({
        "at": at,
        "method": actor.method,
        "age_seconds": at.since(actor.authenticated_at).as_secs(),
        "certificate": actor.certificate,
        "network": actor.network,
    })
}

fn heads(revisions: &Revisions) -> Value {
    let head = |head: &crate::database::Head| {
        json!([head.subject, head.number, URL_SAFE_NO_PAD.encode(head.digest)])
    };
    Value::Array(revisions.heads().iter().map(head).collect())
}

/// Each free text is an opening of its own: facts keep its digest, the document's key its words.
fn texts(draft: &Draft, keys: &EntryKeys) -> (Map<String, Value>, Vec<u8>) {
    let mut digests = Map::new();
    let mut openings = Map::new();
    for (name, text) in &draft.texts {
        let told = opening(name, &json!(text));
        digests.insert((*name).to_owned(), json!(told.digest().to_string()));
        openings.insert((*name).to_owned(), json!(told.disclosure()));
    }
    let sealed = match &keys.document {
        Some(key) if !openings.is_empty() => {
            let plaintext = Value::Object(openings).to_string();
            seal_field(key, draft.id.as_bytes(), "texts", 0, plaintext.as_bytes())
        }
        _ => Vec::new(),
    };
    (digests, sealed)
}

/// What a refused caller may see, sealed under his month's key: his words may be anything.
fn asked(draft: &Draft, keys: &EntryKeys) -> Option<(Opening, Vec<u8>)> {
    let asked = draft.asked.as_ref()?;
    let key = keys.personal.as_ref()?;
    let told = opening("asked", &json!(asked));
    let sealed = seal_field(key, draft.id.as_bytes(), "asked", 0, told.disclosure().as_bytes());
    Some((told, sealed))
}

fn personal(draft: &Draft, keys: &EntryKeys) -> Option<(Opening, Vec<u8>)> {
    let actor = draft.actor.as_ref()?;
    let key = keys.personal.as_ref()?;
    let personal = json!({
        "person": actor.person,
        "address": actor.address,
        "device": actor.device,
        "credential": actor.credential,
    });
    let told = opening("personal", &personal);
    let sealed = seal_field(key, draft.id.as_bytes(), "personal", 0, told.disclosure().as_bytes());
    Some((told, sealed))
}

fn person_index(actor: Option<&Actor>, keys: &EntryKeys) -> Vec<u8> {
    match (actor, &keys.personal) {
        (Some(actor), Some(key)) => entries::person_index(key, actor.person).to_vec(),
        _ => Vec::new(),
    }
}

fn what(what: What) -> &'static str {
    match what {
        What::Change => "change",
        What::Intent => "intent",
        What::Outcome => "outcome",
        What::Refusal => "refusal",
        What::System => "system",
    }
}
