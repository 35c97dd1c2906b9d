//! One command per file; client commands speak HTTP, operator commands open a stopped instance.
