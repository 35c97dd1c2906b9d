//! Tokens and sign-in links as they are written: a kind, an id, a secret.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{id::CredentialId, mission::CredentialKind, vault::Secret};

/// What a token begins with, so that scanners for leaked secrets find it.
const TOKEN: &str = "greffe_";
/// What a sign-in link's code begins with.
const LINK: &str = "greffe-link_";
/// Characters of an id, of a secret.
const ID: usize = 22;
const SECRET: usize = 43;

/// What was presented is neither a token nor a link of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a token (greffe_…) nor a sign-in link's code (greffe-link_…)")]
pub struct NotAToken;

/// `greffe_<id>_<secret>` or `greffe-link_<id>_<secret>`: 22 and 43 characters of base64url.
///
/// The secret is 32 random bytes: no password, so nothing that a slow hash would help. `Debug`
/// prints the name only.
pub struct Token {
    /// Which credential.
    pub id: CredentialId,
    /// Whether it is a token or a link.
    pub kind: CredentialKind,
    secret: Secret<32>,
}

impl Token {
    /// A new one.
    pub(super) fn random(kind: CredentialKind) -> Self {
        Self { id: CredentialId::random(), kind, secret: Secret::random() }
    }

    /// Reads what was presented.
    ///
    /// # Errors
    ///
    /// [`NotAToken`] if it has another form.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let (kind, rest) = match (text.strip_prefix(TOKEN), text.strip_prefix(LINK)) {
            (Some(rest), _) => (CredentialKind::Token, rest),
            (_, Some(rest)) => (CredentialKind::Link, rest),
            (None, None) => return Err(NotAToken),
        };
        if rest.len() != ID + 1 + SECRET || !rest.is_ascii() || rest.as_bytes()[ID] != b'_' {
            return Err(NotAToken);
        }
        let id = rest[..ID].parse().map_err(|_| NotAToken)?;
        let decoded = URL_SAFE_NO_PAD.decode(&rest[ID + 1..]).map_err(|_| NotAToken)?;
        let secret = Secret::from_slice(&Zeroizing::new(decoded)).ok_or(NotAToken)?;
        Ok(Self { id, kind, secret })
    }

    /// As it is handed to its person, once.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let kind = if self.kind == CredentialKind::Link { LINK } else { TOKEN };
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.secret.expose()));
        let mut text = Zeroizing::new(String::with_capacity(kind.len() + ID + 1 + SECRET));
        text.push_str(kind);
        text.push_str(&self.id.to_string());
        text.push('_');
        text.push_str(&secret);
        text
    }

    pub(super) fn secret(&self) -> &Secret<32> {
        &self.secret
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_out_is_read_back() {
        for kind in [CredentialKind::Token, CredentialKind::Link] {
            let token = Token::random(kind);

            let read = Token::parse(&token.expose()).unwrap();

            assert_eq!((read.id, read.kind), (token.id, kind));
            assert_eq!(read.secret.expose(), token.secret.expose());
        }
        assert_eq!(Token::random(CredentialKind::Token).expose().len(), 73);
    }

    #[test]
    fn anything_else_is_none() {
        let good = Token::random(CredentialKind::Token).expose().to_string();
        let mut cases = vec![String::new(), "greffe_".to_owned(), "é".repeat(40)];
        cases.extend([good[1..].to_owned(), format!("{good}A"), good[..72].to_owned()]);
        cases.push(format!("{}{}", &good[..29], good[29..].replacen('_', "-", 1)));
        cases.push(format!("{}*", &good[..72]));
        cases.push(format!("greffe_{}é{}", &good[7..28], &good[30..]));

        for text in cases {
            assert_eq!(Token::parse(&text).err(), Some(NotAToken), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Token::random(CredentialKind::Link)), "Token");
    }
}
