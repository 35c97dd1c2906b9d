//! Parties, people, roles, conflicts: authority, as revisions.
