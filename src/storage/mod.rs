//! Sealed bytes at rest: a store per location, and what is known of that location; not trusted.
