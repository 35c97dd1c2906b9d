//! What is typed into each table, and within which bound nobody has gained anything by it.

use crate::administrator::bounds::{
    ALTERED, AS_EVER, AWAY, Bound, FORGED, NOBODY_KNOWN, NOT_FOUND, STRANGER_UNKNOWN,
};

/// What is done to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Inserted,
    Changed,
    Deleted,
    PutBack,
}

use Bound::{Harmless, NextComparison, NextRequest, NextSignature, NextStart, Unrecorded};
use Deed::{Changed, Deleted, Inserted, PutBack};

/// Statements, each of which changes rows.
pub struct Script {
    pub table: &'static str,
    pub deed: Deed,
    pub typed: &'static [&'static str],
    pub bound: Bound,
}

const fn script(
    table: &'static str,
    deed: Deed,
    typed: &'static [&'static str],
    bound: Bound,
) -> Script {
    Script { table, deed, typed, bound }
}

const NOTHING: Bound = Harmless(AS_EVER, AS_EVER);
const HEADS: &str = "the heads in the database are not those that the kept root and the log give";
const NOT_OURS: &str = "was not written by this service: someone wrote behind its back";
const MISSING: &str = "is missing, altered or not ours";

pub const SCRIPTS: &[Script] = &[
    script(
        "revision",
        Inserted,
        &[
            "insert into revision (subject, number, digest, previous, entry, bytes, mac) \
         select subject, number + 1, digest, digest, entry, bytes, mac from revision \
         where subject = OWNERS_SUBJECT order by number desc limit 1",
            "update head set number = number + 1 where subject = OWNERS_SUBJECT",
        ],
        NextRequest(AWAY, HEADS),
    ),
    script(
        "revision",
        Changed,
        &["update revision set bytes = (select bytes from revision r \
         where r.subject = STRANGERS_DOCUMENTS_SUBJECT order by number desc limit 1) \
         where subject = DOCUMENTS_SUBJECT"],
        Harmless(AS_EVER, FORGED),
    ),
    script(
        "revision",
        Changed,
        &[
            "update revision set bytes = cast(replace(cast(bytes as text), '\"FR\"', '\"US\"') as blob) \
         where subject = x'6d00000000000000000000000000000000'",
        ],
        NextStart(NOT_OURS),
    ),
    script("revision", Changed, &["update revision set mac = zeroblob(32)"], NextStart(NOT_OURS)),
    script("revision", Deleted, &["delete from revision"], NextStart(NOT_OURS)),
    script("revision", PutBack, &["PUT BACK revision"], NextStart(NOT_OURS)),
    script(
        "head",
        Inserted,
        &["insert into head (subject, number, digest) \
         select cast(x'75' || randomblob(16) as blob), 1, digest from head limit 1"],
        NextComparison(HEADS),
    ),
    script(
        "head",
        Changed,
        &[
            "update head set digest = (select digest from head h where h.subject <> head.subject limit 1)",
        ],
        NextRequest(AWAY, HEADS),
    ),
    script("head", Deleted, &["delete from head"], NextRequest(AWAY, HEADS)),
    script("head", PutBack, &["PUT BACK head"], NextRequest(AWAY, HEADS)),
    script(
        "head",
        PutBack,
        &[
            "PUT BACK head",
            "PUT BACK revision",
            "PUT BACK credential",
            "PUT BACK member",
            "PUT BACK party_text",
            "PUT BACK document",
            "PUT BACK document_grant",
            "PUT BACK standing_grant",
            "PUT BACK version",
            "PUT BACK copy",
        ],
        NextRequest(AWAY, HEADS),
    ),
    script(
        "credential",
        Inserted,
        &["insert into credential (id, verifier, person, capacity, kind, expires_at, generation, \
         created_at, fingerprint) select randomblob(16), randomblob(32), OWNER_PERSON, OWNER_PARTY, \
         kind, expires_at, generation, created_at, fingerprint from credential \
         where person = STRANGER_PERSON limit 1"],
        NOTHING,
    ),
    script(
        "credential",
        Changed,
        &["update credential set person = OWNER_PERSON, capacity = OWNER_PARTY \
         where person = STRANGER_PERSON"],
        Harmless(AS_EVER, STRANGER_UNKNOWN),
    ),
    script(
        "credential",
        Changed,
        &[
            "update credential set verifier = randomblob(32)",
            "update credential set verifier = (select verifier from kept_credential v \
         where v.person = STRANGER_PERSON order by v.id limit 1) \
         where id = (select id from credential where person = OWNER_PERSON limit 1)",
        ],
        Harmless(AS_EVER, NOBODY_KNOWN),
    ),
    script(
        "credential",
        Changed,
        &["update credential set expires_at = 9223372036854775807, generation = generation + 1"],
        Harmless(AS_EVER, NOBODY_KNOWN),
    ),
    script("credential", Deleted, &["delete from credential"], Harmless(AS_EVER, NOBODY_KNOWN)),
    script("credential", PutBack, &["PUT BACK credential"], NOTHING),
    script(
        "member",
        Inserted,
        &["insert into member (person, party, number) \
         select distinct person, OWNER_PARTY, 1 from member where true on conflict do nothing"],
        NOTHING,
    ),
    script(
        "member",
        Changed,
        &["update member set party = OWNER_PARTY where person = STRANGER_PERSON"],
        NOTHING,
    ),
    script("member", Deleted, &["delete from member"], NOTHING),
    script("member", PutBack, &["PUT BACK member"], NOTHING),
    script(
        "party_text",
        Inserted,
        &[
            "insert into party_text (party, digest, sealed) select STRANGER_PARTY, digest, sealed from party_text",
        ],
        NOTHING,
    ),
    script(
        "party_text",
        Changed,
        &[
            "update party_text set sealed = (select sealed from kept_party_text where party = OWNER_PARTY) \
         where party = OWNER_PARTY",
        ],
        Harmless(AS_EVER, NOT_FOUND),
    ),
    script("party_text", Deleted, &["delete from party_text"], Harmless(AS_EVER, NOT_FOUND)),
    script("party_text", PutBack, &["PUT BACK party_text"], Harmless(AS_EVER, NOT_FOUND)),
    script(
        "document",
        Inserted,
        &[
            "insert into document (id, number, owner, workstream, kind, sensitivity, stage, reference, \
         created_at, title_sealed) select randomblob(16), number, STRANGER_PARTY, workstream, kind, \
         sensitivity, stage, 'made-up', created_at, title_sealed from document where id = THE_DOCUMENT",
        ],
        NOTHING,
    ),
    script(
        "document",
        Changed,
        &["update document set owner = STRANGER_PARTY where id = THE_DOCUMENT"],
        NOTHING,
    ),
    script(
        "document",
        Changed,
        &[
            "update document set reference = 'between' where id = THE_DOCUMENT",
            "update document set reference = 'REFERENCE' where id = STRANGERS_DOCUMENT",
        ],
        Harmless(NOT_FOUND, NOT_FOUND),
    ),
    script("document", Deleted, &["delete from document"], Harmless(NOT_FOUND, NOT_FOUND)),
    script("document", PutBack, &["PUT BACK document"], NOTHING),
    script(
        "document_grant",
        Inserted,
        &["insert into document_grant (id, document, owner, grantee, until, created_at) select \
         randomblob(16), id, owner, STRANGER_KEY, 9223372036854775807, created_at from document"],
        NOTHING,
    ),
    script(
        "document_grant",
        Changed,
        &["update document_grant set grantee = STRANGER_KEY, until = 9223372036854775807"],
        NOTHING,
    ),
    script("document_grant", Deleted, &["delete from document_grant"], NOTHING),
    script("document_grant", PutBack, &["PUT BACK document_grant"], NOTHING),
    script(
        "standing_grant",
        Inserted,
        &["insert into standing_grant (id, owner, grantee, workstream, kind, sensitivity, until) \
         select randomblob(16), owner, STRANGER_KEY, zeroblob(0), '', 9, 9223372036854775807 \
         from document where id = THE_DOCUMENT"],
        NOTHING,
    ),
    script(
        "standing_grant",
        Changed,
        &["update standing_grant set grantee = STRANGER_KEY, owner = OWNER_PARTY"],
        NOTHING,
    ),
    script("standing_grant", Deleted, &["delete from standing_grant"], NOTHING),
    script("standing_grant", PutBack, &["PUT BACK standing_grant"], NOTHING),
    script(
        "version",
        Inserted,
        &[
            "insert into version (id, document, number, entry, record, media_type_sealed, created_at) \
         select randomblob(16), STRANGERS_DOCUMENT, number + 1, entry, record, media_type_sealed, \
         created_at from version where document = THE_DOCUMENT and number = 2",
        ],
        NOTHING,
    ),
    script(
        "version",
        Changed,
        &["update version set record = (select record from version v \
         where v.document = THE_DOCUMENT and v.number = 1) \
         where document = THE_DOCUMENT and number = 2"],
        Harmless(AS_EVER, ALTERED),
    ),
    script(
        "version",
        Changed,
        &["update version set document = case document when THE_DOCUMENT then x'00' \
         else THE_DOCUMENT end"],
        NOTHING,
    ),
    script("version", Deleted, &["delete from version"], Harmless(AS_EVER, ALTERED)),
    script("version", PutBack, &["PUT BACK version"], Harmless(AS_EVER, ALTERED)),
    script(
        "copy",
        Inserted,
        &["insert into copy (version, location, name, scrubbed_at) \
         select v.id, 'elsewhere', c.name || 'x', 0 from copy c, version v \
         where v.document = THE_DOCUMENT and v.number = 2 and c.version <> v.id limit 1"],
        NOTHING,
    ),
    script("copy", Changed, &["update copy set location = 'elsewhere'"], NOTHING),
    script("copy", Changed, &["update copy set name = 'object/' || hex(randomblob(16))"], NOTHING),
    script("copy", Deleted, &["delete from copy"], NOTHING),
    script("copy", PutBack, &["PUT BACK copy"], NOTHING),
    script(
        "sequence",
        Changed,
        &["update sequence set next = 1"],
        Unrecorded(AWAY, "a row of `log` cannot be read"),
    ),
    script(
        "batch",
        Inserted,
        &["insert into batch (start, n, batch_id, appended_at, payload, mac) \
         select (select next from sequence), 1, randomblob(16), appended_at, payload, mac \
         from batch limit 1"],
        NextSignature(MISSING),
    ),
    script(
        "batch",
        Changed,
        &["update batch set payload = (select payload from batch b where b.start = 0)"],
        NextSignature(MISSING),
    ),
    script("batch", Deleted, &["delete from batch"], NextSignature(MISSING)),
    script(
        "tree",
        Changed,
        &["update tree set size = 1, root = zeroblob(32)"],
        NextSignature("a row of `tree` cannot be read"),
    ),
    script("tree", Deleted, &["delete from tree"], NextSignature("a row of `tree` cannot be read")),
    script(
        "tile",
        Changed,
        &["update tile set hashes = zeroblob(length(hashes))"],
        NextSignature("the tile does not hold the subtree"),
    ),
    script(
        "tile",
        Deleted,
        &["delete from tile"],
        NextSignature("the tile does not hold the subtree"),
    ),
    script(
        "entry",
        Inserted,
        &[
            "insert into entry select -1, randomblob(16), at, facts, asked, asked_sealed, texts_sealed, \
         personal_sealed, person_index, document, owner, capacity, act, decision from entry limit 1",
        ],
        NOTHING,
    ),
    script(
        "entry",
        Changed,
        &["update entry set facts = (select facts from entry e where e.position = 0)"],
        NextComparison(MISSING),
    ),
    script("entry", Deleted, &["delete from entry"], NextComparison(MISSING)),
    script("keyset", Changed, &["update keyset set generation = 0"], NOTHING),
    script(
        "idempotency",
        Inserted,
        &["insert into idempotency (person, idempotency_key, request, entry, answer, created_at) \
         select OWNER_PERSON, 'made-up', zeroblob(32), zeroblob(16), '', 0"],
        NOTHING,
    ),
];
