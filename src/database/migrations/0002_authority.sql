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
    created_at bigint not null
);
create index credential_by_person on credential (person);

-- Free text that no revision holds: restriction texts, by digest, sealed under the party's key.
create table party_text (
    digest bytea primary key,
    party bytea not null,
    sealed bytea not null
);
