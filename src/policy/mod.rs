//! May they, and why; where may it rest: makes the rights that the rest demands.
