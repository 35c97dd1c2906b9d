//! Names and addresses: sealed under the person's own key, so that erasing it erases them
//! everywhere.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    database::Subject,
    mission::{Error, PersonRevision},
    vault::{KeySet, SymmetricKey, keyset, open_field, seal_field},
};

/// What a person's name and address are sealed as.
const NAME: &str = "name";
const ADDRESS: &str = "address";

/// Someone's name and address; absent if not known, or erased.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// How they are called.
    pub name: Option<String>,
    /// Their mail address.
    pub address: Option<String>,
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Named")
    }
}

impl PersonRevision {
    /// Seals `named` into this revision, which is to be written as number `number`.
    pub(super) fn seal(&mut self, key: &SymmetricKey, number: u64, named: &Named) {
        let subject = Subject::from(self.person).key();
        let seal = |field, text: &Option<String>| {
            text.as_ref().map_or_else(String::new, |text| {
                STANDARD.encode(seal_field(key, &subject, field, number, text.as_bytes()))
            })
        };
        let (name, address) = (seal(NAME, &named.name), seal(ADDRESS, &named.address));
        (self.named_in, self.name_sealed, self.address_sealed) = (number, name, address);
    }

    /// Opens name and address. A person whose key was erased has neither.
    ///
    /// # Errors
    ///
    /// [`Error::Keys`] if the key set fails; [`Error::Forged`] if what is sealed does not open.
    pub async fn named(&self, keys: &KeySet) -> Result<Named, Error> {
        if self.name_sealed.is_empty() && self.address_sealed.is_empty() {
            return Ok(Named::default());
        }
        let key = match keys.person_key(self.person).await {
            Ok(key) => key,
            Err(keyset::Error::Missing(_)) => return Ok(Named::default()),
            Err(error) => return Err(Error::Keys(error)),
        };
        let subject = Subject::from(self.person);
        let open = |field, sealed: &str| {
            if sealed.is_empty() {
                return Ok(None);
            }
            let forged = || Error::Forged(subject);
            let sealed = STANDARD.decode(sealed).map_err(|_| forged())?;
            let opened = open_field(&key, &subject.key(), field, self.named_in, &sealed);
            let text = std::str::from_utf8(&opened.map_err(|_| forged())?).map(str::to_owned);
            text.map(Some).map_err(|_| forged())
        };
        Ok(Named {
            name: open(NAME, &self.name_sealed)?,
            address: open(ADDRESS, &self.address_sealed)?,
        })
    }
}
