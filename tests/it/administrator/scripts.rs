//! What is typed, for each table of authority: inserted, changed, deleted, put back.

/// What is done to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Inserted,
    Changed,
    Deleted,
    PutBack,
}

use Deed::{Changed, Deleted, Inserted, PutBack};

/// Statements, each of which changes rows.
pub struct Script {
    pub table: &'static str,
    pub deed: Deed,
    pub typed: &'static [&'static str],
}

const fn script(table: &'static str, deed: Deed, typed: &'static [&'static str]) -> Script {
    Script { table, deed, typed }
}

pub const SCRIPTS: &[Script] = &[
    script("revision", Inserted, &[
        "insert into revision (subject, number, digest, previous, entry, bytes, mac) \
         select subject, number + 1, digest, digest, entry, bytes, mac from revision \
         where subject = x'70' || OWNER_PARTY order by number desc limit 1",
        "update head set number = number + 1 where subject = x'70' || OWNER_PARTY",
    ]),
    script("revision", Changed, &[
        "update revision set bytes = (select bytes from revision r \
         where r.subject = x'64' || STRANGERS_DOCUMENT order by number desc limit 1) \
         where subject = x'64' || THE_DOCUMENT",
    ]),
    script("revision", Changed, &[
        "update revision set bytes = cast(replace(cast(bytes as text), '\"FR\"', '\"US\"') as blob) \
         where subject = x'6d' || zeroblob(16)",
    ]),
    script("revision", Changed, &["update revision set mac = zeroblob(32)"]),
    script("revision", Deleted, &["delete from revision"]),
    script("revision", PutBack, &["PUT BACK revision"]),
    script("head", Inserted, &[
        "insert into head (subject, number, digest) \
         select cast(x'75' || randomblob(16) as blob), 1, digest from head limit 1",
    ]),
    script("head", Changed, &[
        "update head set digest = (select digest from head h where h.subject <> head.subject limit 1)",
    ]),
    script("head", Deleted, &["delete from head"]),
    script("head", PutBack, &["PUT BACK head"]),
    script("head", PutBack, &[
        "PUT BACK head", "PUT BACK revision", "PUT BACK credential", "PUT BACK member",
        "PUT BACK party_text", "PUT BACK document", "PUT BACK document_grant",
        "PUT BACK standing_grant", "PUT BACK version", "PUT BACK copy",
    ]),
    script("credential", Inserted, &[
        "insert into credential (id, verifier, person, capacity, kind, expires_at, generation, \
         created_at, fingerprint) select randomblob(16), randomblob(32), OWNER_PERSON, OWNER_PARTY, \
         kind, expires_at, generation, created_at, fingerprint from credential \
         where person = STRANGER_PERSON limit 1",
    ]),
    script("credential", Changed, &[
        "update credential set person = OWNER_PERSON, capacity = OWNER_PARTY \
         where person = STRANGER_PERSON",
    ]),
    script("credential", Changed, &[
        "create table verifiers as select id, verifier, person from credential",
        "update credential set verifier = randomblob(32)",
        "update credential set verifier = (select verifier from verifiers v \
         where v.person = STRANGER_PERSON order by v.id limit 1) \
         where id = (select id from credential where person = OWNER_PERSON limit 1)",
    ]),
    script("credential", Changed, &[
        "update credential set expires_at = 9223372036854775807, generation = generation + 1",
    ]),
    script("credential", Deleted, &["delete from credential"]),
    script("credential", PutBack, &["PUT BACK credential"]),
    script("member", Inserted, &[
        "insert into member (person, party, number) \
         select distinct person, OWNER_PARTY, 1 from member where true on conflict do nothing",
    ]),
    script("member", Changed, &["update member set party = OWNER_PARTY where person = STRANGER_PERSON"]),
    script("member", Deleted, &["delete from member"]),
    script("member", PutBack, &["PUT BACK member"]),
    script("party_text", Inserted, &[
        "insert into party_text (party, digest, sealed) select STRANGER_PARTY, digest, sealed from party_text",
    ]),
    script("party_text", Changed, &[
        "update party_text set sealed = (select sealed from kept_party_text where party = OWNER_PARTY) \
         where party = OWNER_PARTY",
    ]),
    script("party_text", Deleted, &["delete from party_text"]),
    script("party_text", PutBack, &["PUT BACK party_text"]),
    script("document", Inserted, &[
        "insert into document (id, number, owner, workstream, kind, sensitivity, stage, reference, \
         created_at, title_sealed) select randomblob(16), number, STRANGER_PARTY, workstream, kind, \
         sensitivity, stage, 'made-up', created_at, title_sealed from document where id = THE_DOCUMENT",
    ]),
    script("document", Changed, &[
        "update document set owner = STRANGER_PARTY where id = THE_DOCUMENT",
    ]),
    script("document", Changed, &[
        "update document set id = case id when THE_DOCUMENT then x'00' else THE_DOCUMENT end",
    ]),
    script("document", Deleted, &["delete from document"]),
    script("document", PutBack, &["PUT BACK document"]),
    script("document_grant", Inserted, &[
        "insert into document_grant (id, document, owner, grantee, until, created_at) select \
         randomblob(16), id, owner, STRANGER_KEY, 9223372036854775807, created_at from document",
    ]),
    script("document_grant", Changed, &[
        "update document_grant set grantee = STRANGER_KEY, until = 9223372036854775807",
    ]),
    script("document_grant", Deleted, &["delete from document_grant"]),
    script("document_grant", PutBack, &["PUT BACK document_grant"]),
    script("standing_grant", Inserted, &[
        "insert into standing_grant (id, owner, grantee, workstream, kind, sensitivity, until) \
         select randomblob(16), owner, STRANGER_KEY, zeroblob(0), '', 9, 9223372036854775807 \
         from document where id = THE_DOCUMENT",
    ]),
    script("standing_grant", Changed, &[
        "update standing_grant set grantee = STRANGER_KEY, owner = OWNER_PARTY",
    ]),
    script("standing_grant", Deleted, &["delete from standing_grant"]),
    script("standing_grant", PutBack, &["PUT BACK standing_grant"]),
    script("version", Inserted, &[
        "insert into version (id, document, number, entry, record, media_type_sealed, created_at) \
         select randomblob(16), STRANGERS_DOCUMENT, number + 1, entry, record, media_type_sealed, \
         created_at from version where document = THE_DOCUMENT and number = 2",
    ]),
    script("version", Changed, &[
        "update version set record = (select record from version v \
         where v.document = THE_DOCUMENT and v.number = 1) \
         where document = THE_DOCUMENT and number = 2",
    ]),
    script("version", Changed, &[
        "update version set document = case document when THE_DOCUMENT then x'00' \
         else THE_DOCUMENT end",
    ]),
    script("version", Deleted, &["delete from version"]),
    script("version", PutBack, &["PUT BACK version"]),
    script("copy", Inserted, &[
        "insert into copy (version, location, name, record_name) \
         select v.id, 'elsewhere', c.name || 'x', c.record_name from copy c, version v \
         where v.document = THE_DOCUMENT and v.number = 2 and c.version <> v.id limit 1",
    ]),
    script("copy", Changed, &["update copy set location = 'elsewhere'"]),
    script("copy", Changed, &["update copy set name = 'object/' || hex(randomblob(16))"]),
    script("copy", Deleted, &["delete from copy"]),
    script("copy", PutBack, &["PUT BACK copy"]),
    script("sequence", Changed, &["update sequence set next = 1"]),
    script("batch", Inserted, &[
        "insert into batch (start, n, batch_id, appended_at, payload, mac) \
         select (select next from sequence), 1, randomblob(16), appended_at, payload, mac \
         from batch limit 1",
    ]),
    script("batch", Changed, &["update batch set payload = (select payload from batch b where b.start = 0)"]),
    script("batch", Deleted, &["delete from batch"]),
    script("tree", Changed, &["update tree set size = 1, root = zeroblob(32)"]),
    script("tree", Deleted, &["delete from tree"]),
    script("tile", Changed, &["update tile set hashes = zeroblob(length(hashes))"]),
    script("tile", Deleted, &["delete from tile"]),
    script("entry", Inserted, &[
        "insert into entry select -1, randomblob(16), at, facts, asked, asked_sealed, texts_sealed, \
         personal_sealed, person_index, document, owner, capacity, act, decision from entry limit 1",
    ]),
    script("entry", Changed, &["update entry set facts = (select facts from entry e where e.position = 0)"]),
    script("entry", Deleted, &["delete from entry"]),
    script("keyset", Changed, &["update keyset set generation = 0"]),
    script("idempotency", Deleted, &["update keyset set generation = 0"]),
];
