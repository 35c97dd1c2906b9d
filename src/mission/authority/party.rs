//! What a party decides for itself: recipients of exports, networks, placement, two people to
//! shred.

use std::{collections::BTreeSet, str::FromStr as _};

use serde_json::json;

use crate::{
    audit::{Administer, Draft, Warrant},
    id::{EntryId, PartyId},
    mission::{
        Error, Network, PartyRevision, Placement, Prefix, Recipient, TagKey,
        authority::{Authority, LONGEST_NAME, facts, party_of},
        plain,
    },
};

/// Most networks that a party declares.
const MOST_NETWORKS: usize = 64;
/// Most recipients to whom its exports are sealed.
const MOST_RECIPIENTS: usize = 16;

impl Authority {
    /// Adds a recipient to whom the party's exports may be sealed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if it is no X25519 recipient of age (`age1…`), or the name is taken.
    pub async fn add_recipient<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        recipient: Recipient,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        plain(&recipient.name, LONGEST_NAME)
            .map_err(|why| Error::Refused(format!("the recipient's name {why}")))?;
        if age::x25519::Recipient::from_str(&recipient.recipient).is_err() {
            let says = "a recipient is written age1… and 58 more letters and digits, by age-keygen";
            return Err(Error::Refused(says.to_owned()));
        }
        let detail = facts("recipient-added", json!({ "recipient": recipient.recipient }));
        self.edit(warrant, party, detail, move |revision: &mut PartyRevision| {
            if revision.recipients.iter().any(|other| other.name == recipient.name) {
                return Err(Error::Refused("there is a recipient of that name already".to_owned()));
            }
            if revision.recipients.len() >= MOST_RECIPIENTS {
                return Err(Error::Refused(format!("{MOST_RECIPIENTS} recipients are the most")));
            }
            revision.recipients.push(recipient.clone());
            Ok(())
        })
        .await
    }

    /// Takes away the recipient that the party calls `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is none.
    pub async fn remove_recipient<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        name: String,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        let detail = facts("recipient-removed", json!({}));
        self.edit(warrant, party, detail, move |revision: &mut PartyRevision| {
            let before = revision.recipients.len();
            revision.recipients.retain(|recipient| recipient.name != name);
            let found = revision.recipients.len() < before;
            let none = || Error::Refused("there is no recipient of that name".to_owned());
            if found { Ok(()) } else { Err(none()) }
        })
        .await
    }

    /// Declares the party's networks, in place of those declared before.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if one is no network, has no name, or the name of another.
    pub async fn set_networks<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        networks: Vec<Network>,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        if networks.len() > MOST_NETWORKS {
            return Err(Error::Refused(format!("{MOST_NETWORKS} networks are the most")));
        }
        for network in &networks {
            plain(&network.name, LONGEST_NAME)
                .map_err(|why| Error::Refused(format!("a network's name {why}")))?;
            Prefix::from_str(&network.prefix)
                .map_err(|why| Error::Refused(format!("{}: {why}", network.prefix)))?;
        }
        let prefixes: BTreeSet<_> = networks.iter().map(|network| &network.prefix).collect();
        if prefixes.len() < networks.len() {
            return Err(Error::Refused("a network is declared twice: keep one".to_owned()));
        }
        let detail = facts("networks-declared", json!({ "prefixes": prefixes }));
        self.edit(warrant, party, detail, move |revision: &mut PartyRevision| {
            revision.networks.clone_from(&networks);
            Ok(())
        })
        .await
    }

    /// Says where the party's bytes may rest; with none, wherever the mission's may.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with what is wrong with a rule.
    pub async fn set_placement<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        placement: Option<Placement>,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        if let Some(flaw) = placement.as_ref().and_then(Placement::flaw) {
            return Err(Error::Refused(flaw));
        }
        let detail = facts("placement-set", json!({ "placement": placement }));
        self.edit(warrant, party, detail, move |revision: &mut PartyRevision| {
            revision.placement.clone_from(&placement);
            Ok(())
        })
        .await
    }

    /// Says whether shredding one of the party's documents takes two people.
    ///
    /// # Errors
    ///
    /// [`Error::Audit`] if the change could not be recorded.
    pub async fn set_two_to_shred<W: Warrant<Act = Administer>>(
        &self,
        warrant: W,
        two_to_shred: bool,
    ) -> Result<EntryId, Error> {
        let party = party_of(&warrant)?;
        let detail = facts("two-to-shred-set", json!({ "two_to_shred": two_to_shred }));
        self.edit(warrant, party, detail, move |revision: &mut PartyRevision| {
            revision.two_to_shred = two_to_shred;
            Ok(())
        })
        .await
    }

    /// Commits to a tag key of the party. An entry of the service itself.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if that year and turn were committed to otherwise.
    pub async fn commit_tag_key(&self, party: PartyId, key: TagKey) -> Result<EntryId, Error> {
        let (year, turn) = (key.year, key.turn);
        let detail = facts("tag-key-committed", json!({ "tag_key": key }));
        let draft = Draft { owner: Some(party), ..Draft::system(detail) };
        let registry = self.registry.clone();
        let changed = self.system(draft, move |change| {
            let (registry, key) = (registry.clone(), key.clone());
            Box::pin(async move {
                let edit = |revision: &mut PartyRevision| {
                    let same = |other: &&TagKey| (other.year, other.turn) == (key.year, key.turn);
                    match revision.tag_keys.iter().find(same) {
                        Some(other) if *other == key => Ok(()),
                        Some(_) => Err(Error::Refused("another key was committed to".to_owned())),
                        None => {
                            revision.tag_keys.push(key);
                            Ok(())
                        }
                    }
                };
                registry.edit(change, party, edit).await
            })
        });
        let (_, entry) = changed.await?;
        self.writer.keyring().set_turn(party, year, turn);
        Ok(entry)
    }
}
