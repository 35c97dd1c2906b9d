//! Revisions written, inside a change.

use ring::digest::{SHA256, digest};
use sqlx::Row as _;

use crate::{
    audit::{Change, Stopped},
    database::{self, Engine, Head, Subject},
    id::{CredentialId, PersonId},
    mission::{
        Error, LONGEST_BYTES, Revision,
        registry::{
            Registry,
            code::{NONE_BEFORE, Stamp},
            stored::{self, Stored},
        },
    },
};

impl Registry {
    /// Writes the first revision of a subject.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if there is one; [`Error::TooLong`] if it is longer than
    /// [`LONGEST_BYTES`].
    pub async fn create<R: Revision>(
        &self,
        change: &mut Change<'_>,
        revision: &R,
    ) -> Result<Head, Stopped> {
        let subject = revision.subject();
        match self.standing(change, subject).await? {
            Some(_) => Err(Stopped::failed(Error::Exists(subject))),
            None => self.put(change, None, revision).await,
        }
    }

    /// Reads the latest revision inside the change, has it changed by `edit`, and writes it:
    /// nothing that another change wrote meanwhile is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such subject; [`Error::TooLong`]; whatever `edit` answers.
    pub async fn edit<R: Revision>(
        &self,
        change: &mut Change<'_>,
        subject: impl Into<Subject>,
        edit: impl FnOnce(&mut R) -> Result<(), Error>,
    ) -> Result<Head, Stopped> {
        let (head, mut revision) = self.current(change, subject).await?;
        edit(&mut revision).map_err(Stopped::failed)?;
        self.put(change, Some(head), &revision).await
    }

    /// Writes the next revision of a subject, or its first.
    ///
    /// What `revision` says must come from [`Registry::current`] inside the same change, or from a
    /// decision whose heads name the subject, so that it is compared: else it would undo what was
    /// written meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] if it is longer than [`LONGEST_BYTES`].
    pub async fn write<R: Revision>(
        &self,
        change: &mut Change<'_>,
        revision: &R,
    ) -> Result<Head, Stopped> {
        let previous = self.standing(change, revision.subject()).await?;
        self.put(change, previous.map(|(head, _)| head), revision).await
    }

    /// The latest revision as it stands inside the change; its head stays locked until the change
    /// ends.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such subject; [`Error::Forged`] if its row does not count.
    pub async fn current<R: Revision>(
        &self,
        change: &mut Change<'_>,
        subject: impl Into<Subject>,
    ) -> Result<(Head, R), Stopped> {
        let subject = subject.into();
        match self.standing(change, subject).await? {
            Some((head, stored)) => Ok((head, stored.parse().map_err(Stopped::failed)?)),
            None => Err(Stopped::failed(Error::Missing(subject))),
        }
    }

    /// The head that stands, checked against what was seen before, and its revision, checked too.
    async fn standing(
        &self,
        change: &mut Change<'_>,
        subject: Subject,
    ) -> Result<Option<(Head, Stored)>, Stopped> {
        let row = self.head_row(change, subject).await.map_err(Stopped::failed)?;
        let seen = self.database().heads().seen(subject);
        let put_back = match (row, seen) {
            (None, None) => return Ok(None),
            (Some(row), Some(seen)) => {
                row.number < seen.number || (row.number == seen.number && row != seen)
            }
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        let Some(head) = row.filter(|_| !put_back) else {
            return Err(Stopped::failed(Error::from(database::Error::PutBack(subject))));
        };
        let stored = stored::load(change.sql(), subject, head.number).await;
        let stored = stored.map_err(Stopped::failed)?;
        let entered = stored.entered || stored.stamp.entry == change.entry;
        if entered && stored.is_authentic(&self.code, head) {
            return Ok(Some((head, stored)));
        }
        // Another change of the same transaction may have written it: its entry comes with the
        // commit.
        if Some(head) == seen || entered {
            Err(Stopped::failed(Error::Forged(subject)))
        } else {
            Err(Stopped::Moved)
        }
    }

    async fn head_row(
        &self,
        change: &mut Change<'_>,
        subject: Subject,
    ) -> Result<Option<Head>, database::Error> {
        let sql = match self.database().engine() {
            Engine::Sqlite => "select number, digest from head where subject = $1",
            Engine::Postgres => {
                "select number, digest from head where subject = $1 for no key update"
            }
        };
        let row = sqlx::query(sql).bind(subject.key()).fetch_optional(change.sql()).await?;
        let Some(row) = row else { return Ok(None) };
        let digest: Vec<u8> = row.try_get(1)?;
        let digest = digest.try_into().map_err(|_| database::Error::Row("head"))?;
        Ok(Some(Head { subject, number: row.try_get(0)?, digest }))
    }

    async fn put<R: Revision>(
        &self,
        change: &mut Change<'_>,
        previous: Option<Head>,
        revision: &R,
    ) -> Result<Head, Stopped> {
        let subject = revision.subject();
        let bytes = serde_json::to_vec(revision).expect("a revision is plain JSON");
        if bytes.len() > LONGEST_BYTES {
            return Err(Stopped::failed(Error::TooLong { subject, bytes: bytes.len() }));
        }
        let digest = digest(&SHA256, &bytes).as_ref().try_into().expect("SHA-256 has 32 bytes");
        let number = previous.map_or(0, |previous| previous.number) + 1;
        let head = Head { subject, number, digest };
        let before = previous.map_or(NONE_BEFORE, |previous| previous.digest);
        let stamp = Stamp { head, previous: before, entry: change.entry };
        let mac = self.code.sign(&stamp);
        change.replace(previous, head).await?;
        sqlx::query(
            "insert into revision (subject, number, digest, previous, entry, bytes, mac) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(subject.key())
        .bind(number)
        .bind(digest.to_vec())
        .bind(before.to_vec())
        .bind(change.entry.as_bytes().to_vec())
        .bind(bytes)
        .bind(mac)
        .execute(change.sql())
        .await?;
        if let Some(members) = revision.members() {
            project(change, head, &members).await?;
        }
        if let Some(listed) = revision.credentials() {
            forget(change, head, &listed).await?;
        }
        Ok(head)
    }
}

/// Who has a role in the party, as a person's capacities are looked up.
async fn project(
    change: &mut Change<'_>,
    party: Head,
    members: &[PersonId],
) -> Result<(), sqlx::Error> {
    let id = party.subject.id.as_bytes().to_vec();
    sqlx::query("delete from member where party = $1").bind(&id).execute(change.sql()).await?;
    for person in members {
        sqlx::query("insert into member (person, party, number) values ($1, $2, $3)")
            .bind(person.as_bytes().to_vec())
            .bind(&id)
            .bind(party.number)
            .execute(change.sql())
            .await?;
    }
    Ok(())
}

/// Takes away the rows of credentials that the person's revision no longer lists.
async fn forget(
    change: &mut Change<'_>,
    person: Head,
    listed: &[CredentialId],
) -> Result<(), sqlx::Error> {
    let id = person.subject.id.as_bytes().to_vec();
    let rows = sqlx::query("select id from credential where person = $1")
        .bind(id)
        .fetch_all(change.sql())
        .await?;
    for row in rows {
        let id: Vec<u8> = row.try_get(0)?;
        if !listed.iter().any(|listed| listed.as_bytes() == id) {
            sqlx::query("delete from credential where id = $1")
                .bind(id)
                .execute(change.sql())
                .await?;
        }
    }
    Ok(())
}
