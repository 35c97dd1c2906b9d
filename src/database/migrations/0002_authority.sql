-- Authority: immutable revisions, their heads, and what is projected from them.
create table revision (
    subject bytea not null,
    number bigint not null,
    digest bytea not null,
    previous bytea not null,
    entry bytea not null,
    bytes bytea not null,
    mac bytea not null,
    primary key (subject, number)
);

-- What the changes since a position touched, when the authority root is compared.
create index revision_by_entry on revision (entry);

create table head (
    subject bytea primary key,
    number bigint not null,
    digest bytea not null
);

-- Credentials, so that a secret finds its person; the person's revision says which of them live.
create table credential (
    id bytea primary key,
    verifier bytea not null unique,
    person bytea not null,
    capacity bytea not null,
    kind text not null,
    expires_at bigint not null,
    generation bigint not null,
    created_at bigint not null,
    fingerprint bytea not null
);
create index credential_by_person on credential (person);
-- A certificate is found by the SHA-256 of its DER; everything else has an empty one.
create index credential_by_fingerprint on credential (fingerprint) where kind = 'certificate';

-- Who holds any role in which party: candidates only, the party's revision says whether it is so.
create table member (
    person bytea not null,
    party bytea not null,
    number bigint not null,
    primary key (person, party)
);
create index member_by_party on member (party);

-- Free text that no revision holds: restriction texts, by digest, sealed under the party's key.
create table party_text (
    party bytea not null,
    digest bytea not null,
    sealed bytea not null,
    primary key (party, digest)
);
