-- The tree's hashes, 256 adjacent ones of each eighth level to a row; a full one never changes.
create table tile (
    tile_level bigint not null,
    place bigint not null,
    width bigint not null,
    hashes bytea not null,
    primary key (tile_level, place)
);
