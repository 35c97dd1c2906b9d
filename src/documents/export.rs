//! Exports: sealed anew to a recipient of the acting party, so that stock `age` opens them with no server.

use futures::StreamExt as _;

use crate::{
    audit::{Export as ExportAct, Recorded},
    documents::{Content, Documents, Error, Reading, reading::Renewed},
    policy::Permit,
    vault::{export::Export, recipients::Recipient},
};

impl Documents {
    /// Which version an export is made of.
    ///
    /// # Errors
    ///
    /// As [`Documents::content`].
    pub async fn content_to_export(
        &self,
        permit: &Permit<ExportAct>,
        version: Option<crate::id::VersionId>,
    ) -> Result<Content, Error> {
        let document = permit.document().ok_or(Error::NoVersion)?;
        self.content_of(document, version).await
    }

    /// Seals a version anew to the recipient that the acting party's revision calls `name`, and says how long the file is.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`] if the party names no such recipient.
    pub async fn export(
        &self,
        recorded: Recorded<Permit<ExportAct>>,
        content: &Content,
        name: &str,
    ) -> Result<(Reading, u64), Error> {
        let (warrant, outcome, _) = recorded.begin()?;
        let transfer = self.inner.traffic.begin();
        let party = warrant.party();
        let recipient = party.recipients.iter().find(|recipient| recipient.name == name);
        let recipient = recipient
            .and_then(|named| named.recipient.parse::<Recipient>().ok())
            .ok_or(Error::Unusable("the party for which you act names no such export recipient"))?;
        let export = Export::new(&[recipient])
            .map_err(|_| Error::Unusable("the export recipient cannot be sealed to"))?;
        let length = export.len(content.size);
        let plaintext = self.bytes(content, 0..content.size).await?;
        let right = Box::new(Renewed { warrant, documents: self.clone() });
        let sealed = export.seal(plaintext).boxed();
        Ok((Reading::new(sealed, right, outcome, transfer, 0..length), length))
    }
}
