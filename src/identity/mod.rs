//! Who is asking: tokens, certificates, sign-in links.
