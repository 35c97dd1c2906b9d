//! One database, SQLite or PostgreSQL: connections, migrations, `append`.
