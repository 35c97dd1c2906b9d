-- Documents as lists find them, projected from their revisions.
create table document (
    id bytea primary key,
    number bigint not null,
    owner bytea not null,
    workstream bytea not null,
    kind text not null,
    sensitivity bigint not null,
    stage text not null,
    reference text not null unique,
    created_at bigint not null,
    title_sealed bytea not null
);
create index document_by_owner on document (owner, created_at, id);
create index document_by_workstream on document (workstream, created_at, id);
-- What the sweeper looks for: empty for too long, half destroyed, destroyed with objects left.
create index document_by_stage on document (stage, created_at);

-- Grants as lists find them: on a document, or standing on kind x workstream x sensitivity.
create table document_grant (
    id bytea primary key,
    document bytea not null,
    owner bytea not null,
    grantee text not null,
    until bigint not null,
    created_at bigint not null
);
create index document_grant_by_grantee on document_grant (grantee, created_at, document);
create index document_grant_by_document on document_grant (document);

create table standing_grant (
    id bytea primary key,
    owner bytea not null,
    grantee text not null,
    workstream bytea not null,
    kind text not null,
    sensitivity bigint not null,
    until bigint not null
);
create index standing_grant_by_grantee on standing_grant (grantee);

create table version (
    id bytea primary key,
    document bytea not null,
    number bigint not null,
    entry bytea not null,
    record text not null,
    media_type_sealed bytea not null,
    created_at bigint not null
);
create unique index version_by_document on version (document, number);

-- One sealed object of one version at one location, and when it was last written or read whole.
create table copy (
    version bytea not null,
    location text not null,
    name text not null unique,
    scrubbed_at bigint not null,
    primary key (version, location)
);
create index copy_by_location on copy (location, version);
create index copy_by_scrubbed_at on copy (scrubbed_at);

-- Objects of a version that may be there and are none of its copies, under a code: of an unfinished deposit or move.
create table pending (
    version bytea primary key,
    document bytea not null,
    copies text not null,
    since bigint not null,
    mac bytea not null
);

create table idempotency (
    person bytea not null,
    idempotency_key text not null,
    request bytea not null,
    entry bytea not null,
    answer text not null,
    created_at bigint not null,
    primary key (person, idempotency_key)
);

-- The key set's largest generation that a change leaned on: an older set is refused.
create table keyset (
    id bigint primary key,
    generation bigint not null
);
