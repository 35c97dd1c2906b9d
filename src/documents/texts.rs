//! Titles and media types: sealed under the document's key, bound to the document, opened in memory only.

use crate::{
    documents::{Documents, Error},
    id::{DocumentId, VersionId},
    vault::{self, open_field, payload::sha256, seal_field},
};

/// Longest title, in characters.
pub const LONGEST_TITLE: usize = 300;
/// Longest media type, in characters.
const LONGEST_MEDIA_TYPE: usize = 127;

/// A title that people can read on one line: no control or bidirectional characters.
pub(super) fn check_title(title: &str) -> Result<(), Error> {
    if title.trim().is_empty() {
        return Err(Error::Unusable("a document needs a title"));
    }
    crate::mission::plain(title, LONGEST_TITLE).map_err(|_| {
        Error::Unusable("a title has at most 300 characters, none of them invisible or a control")
    })
}

/// A media type, `application/octet-stream` if what was given is none.
pub(super) fn media_type(given: &str) -> String {
    let token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = essence.len() <= LONGEST_MEDIA_TYPE
        && essence.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    if fits { essence } else { "application/octet-stream".to_owned() }
}

impl Documents {
    pub(super) async fn seal_title(
        &self,
        document: DocumentId,
        title: &str,
    ) -> Result<(Vec<u8>, String), Error> {
        let key = self.inner.keyset.document_key(document).await?;
        let sealed = seal_field(&key, document.as_bytes(), "title", 0, title.as_bytes());
        let digest = hex::encode(sha256(&sealed));
        Ok((sealed, digest))
    }

    /// The title, if the sealed bytes are the ones that the revision names; nothing if its key is erased.
    pub(super) async fn open_title(
        &self,
        document: DocumentId,
        sealed: &[u8],
        digest: &str,
    ) -> Result<Option<String>, Error> {
        if sealed.is_empty() || hex::encode(sha256(sealed)) != digest {
            return Ok(None);
        }
        match self.inner.keyset.document_key(document).await {
            Ok(key) => Ok(open_field(&key, document.as_bytes(), "title", 0, sealed)
                .ok()
                .and_then(|title| String::from_utf8(title.to_vec()).ok())),
            Err(vault::keyset::Error::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn seal_media_type(
        &self,
        document: DocumentId,
        version: VersionId,
        media_type: &str,
    ) -> Result<Vec<u8>, Error> {
        let key = self.inner.keyset.document_key(document).await?;
        Ok(seal_field(&key, version.as_bytes(), "media-type", 0, media_type.as_bytes()))
    }

    pub(super) async fn open_media_type(
        &self,
        document: DocumentId,
        version: VersionId,
        sealed: &[u8],
    ) -> Result<String, Error> {
        let key = self.inner.keyset.document_key(document).await?;
        let opened = open_field(&key, version.as_bytes(), "media-type", 0, sealed)
            .map_err(|_| Error::Integrity(version))?;
        String::from_utf8(opened.to_vec()).map_err(|_| Error::Integrity(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_of_invisible_characters_is_refused() {
        assert!(check_title("Diagnostic énergie 2026").is_ok());
        let long = "x".repeat(4_096);
        for title in ["", "  ", "a\0b", "a\nb", "a\u{202e}fdp.exe", "a\u{2066}b", &long] {
            assert!(check_title(title).is_err(), "{title:?}");
        }
    }

    #[test]
    fn what_is_no_media_type_is_bytes() {
        assert_eq!(media_type("Application/PDF; charset=x"), "application/pdf");
        for given in ["", "pdf", "a/b/c", "text/html\r\nx: y", "text/", &"a/".repeat(200)] {
            assert_eq!(media_type(given), "application/octet-stream", "{given:?}");
        }
    }
}
