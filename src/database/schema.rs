//! The schema, as migrations in order, and the class of each table.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// Name and text of each migration, in order. A migration that was shipped is never changed.
const MIGRATIONS: &[(&str, &str)] = &[
    ("log", include_str!("migrations/0001_log.sql")),
    ("authority", include_str!("migrations/0002_authority.sql")),
    ("documents", include_str!("migrations/0003_documents.sql")),
    ("tree", include_str!("migrations/0004_tree.sql")),
];

pub(super) fn migrator() -> Migrator {
    let migration = |(version, &(name, sql)): (i64, &(&'static str, &'static str))| {
        let name = Cow::Borrowed(name);
        Migration::new(version, name, MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations((1..).zip(MIGRATIONS).map(migration).collect())
}

/// What a row of a table can do to authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Authority itself: immutable, under a MAC.
    Revision,
    /// Indexes of revisions: found wrong where they contradict them.
    Projection,
    /// Sealed bytes, bound to their place.
    Sealed,
    /// The log: under its own tree.
    Log,
    /// Nothing leans on it but service and comfort.
    NoAuthority,
}

/// Every table's class; a table without one fails a test.
pub const CLASSES: &[(&str, Class)] = &[
    ("sequence", Class::Log),
    ("batch", Class::Log),
    ("tree", Class::Log),
    ("tile", Class::Log),
    ("entry", Class::Log),
    ("revision", Class::Revision),
    ("head", Class::Revision),
    ("credential", Class::Projection),
    ("member", Class::Projection),
    ("party_text", Class::Sealed),
    ("document", Class::Projection),
    ("document_grant", Class::Projection),
    ("standing_grant", Class::Projection),
    ("version", Class::Projection),
    ("copy", Class::Projection),
    ("pending", Class::NoAuthority),
    ("keyset", Class::NoAuthority),
    ("idempotency", Class::NoAuthority),
    ("_sqlx_migrations", Class::NoAuthority),
];
