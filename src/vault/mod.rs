//! Custody, key set, sealing: the only place where a key and plaintext meet.
