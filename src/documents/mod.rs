//! The product: deposit, list, read, share, finalise, shred, export.
