-- The log: where it is sequenced, what it holds, what was signed of it.
create table sequence (
    id bigint primary key,
    next bigint not null,
    appended_at bigint not null
);
insert into sequence (id, next, appended_at) values (0, 0, 0);

create table batch (
    start bigint primary key,
    n bigint not null,
    batch_id bytea not null unique,
    appended_at bigint not null,
    payload bytea not null,
    mac bytea not null
);

create table tree (
    id bigint primary key,
    size bigint not null,
    root bytea not null,
    signed_checkpoint text not null
);

-- Openings, in the same transaction as their leaf. Each index costs a third of the speed of appending.
create table entry (
    position bigint primary key,
    id bytea not null unique,
    at bigint not null,
    facts text not null,
    asked text not null,
    asked_sealed bytea not null,
    texts_sealed bytea not null,
    personal_sealed bytea not null,
    person_index bytea not null,
    document bytea not null,
    owner bytea not null,
    capacity bytea not null,
    act text not null,
    decision text not null
);
create index entry_by_document on entry (document, position);
create index entry_by_owner on entry (owner, position);
create index entry_by_capacity on entry (capacity, position);
