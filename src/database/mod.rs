//! One database, SQLite or PostgreSQL: connections, migrations, `append`.

mod subject;

pub use subject::{Head, Kind, Revisions, Subject};
