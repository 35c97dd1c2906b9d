//! People of the mission file: employer, roles, conflicts.

use toml::Spanned;

use crate::mission::{
    PartyKind, Role,
    file::{
        FileConflict, FileParty, FilePerson,
        check::{Checks, LONGEST_NAME},
        raw::{RawConflict, RawPerson},
    },
    text::plain,
};

impl Checks<'_> {
    pub(super) fn person(&mut self, person: &RawPerson, parties: &[FileParty]) -> FilePerson {
        self.slug("person", &person.id);
        let employer = self.refer("company", &person.company);
        let kind = parties.iter().find(|party| party.handle == employer).map(|party| party.kind);
        let mut roles: Vec<_> =
            person.roles.iter().filter_map(|role| self.role(role, &employer, kind)).collect();
        roles.sort();
        if let Some(twice) = roles.windows(2).find(|pair| pair[0] == pair[1]) {
            let says = format!("{:?} in {} is named twice: keep one", twice[0].1, twice[0].0);
            self.problem(person.id.span(), says);
        }
        for (key, given) in [("name", &person.name), ("address", &person.address)] {
            if let Some(Err(why)) = given.as_ref().map(|text| plain(text.as_ref(), LONGEST_NAME)) {
                self.problem(person.id.span(), format!("this {key} {why}"));
            }
        }
        if let Some(address) = person.address.as_ref().filter(|text| !is_address(text.as_ref())) {
            self.problem(address.span(), "an address is written name@example.org".to_owned());
        }
        FilePerson {
            slug: person.id.as_ref().clone(),
            employer,
            roles,
            name: person.name.as_ref().map(|name| name.as_ref().clone()),
            address: person.address.as_ref().map(|address| address.as_ref().clone()),
        }
    }

    /// The party in which a role is held. `ROLE` or `ROLE:where`.
    fn role(
        &mut self,
        written: &Spanned<String>,
        employer: &str,
        kind: Option<PartyKind>,
    ) -> Option<(String, Role)> {
        let text = written.as_ref();
        let (role, place) =
            text.split_once(':').map_or((text.as_str(), None), |(role, place)| (role, Some(place)));
        let held = match (role, place) {
            ("contributor", None) => (employer.to_owned(), Role::Contributor),
            ("access-manager", None) => (employer.to_owned(), Role::AccessManager),
            // A workstream's: its pilot and one neutral person.
            ("access-manager", Some(handle))
                if handle == "mission" || handle.starts_with("workstream:") =>
            {
                (handle.to_owned(), Role::AccessManager)
            }
            ("pilot", Some(slug)) => (format!("workstream:{slug}"), Role::Pilot),
            ("coordinator", None) => ("mission".to_owned(), Role::Coordinator),
            ("committee", None) => ("mission".to_owned(), Role::Committee),
            ("operator", None) => ("mission".to_owned(), Role::Operator),
            ("secretariat", None) => ("mission".to_owned(), Role::Secretariat),
            ("auditor", None) => ("mission".to_owned(), Role::Auditor),
            ("auditor", Some(handle)) if handle.starts_with("company:") => {
                (handle.to_owned(), Role::Auditor)
            }
            _ => {
                self.problem(written.span(), no_such_role(text));
                return None;
            }
        };
        if !self.handles.contains(&held.0) {
            let says = format!("there is no {}: declare it, or correct {text:?}", held.0);
            self.problem(written.span(), says);
            return None;
        }
        let own = matches!(text.as_str(), "contributor" | "access-manager");
        if own && matches!(kind, Some(PartyKind::Operator | PartyKind::Auditor)) {
            let says = format!("{employer} has nothing of its own here, so nobody is its {text}");
            self.problem(written.span(), says);
        }
        if held.1 == Role::Operator && kind.is_some_and(|kind| kind != PartyKind::Operator) {
            let says = format!(
                "an operator is employed by a company of kind \"operator\", {employer} is none"
            );
            self.problem(written.span(), says);
        }
        Some(held)
    }

    pub(super) fn conflicts(
        &mut self,
        raw: &[RawConflict],
        people: &[FilePerson],
    ) -> Vec<FileConflict> {
        let mut conflicts: Vec<FileConflict> = Vec::new();
        for conflict in raw {
            let slug = conflict.person.as_ref().clone();
            let with = self.handle(&conflict.with);
            let capacity = conflict.capacity.as_ref().map(|handle| self.handle(handle));
            self.sentence(&conflict.says);
            let Some(person) = people.iter().find(|person| person.slug == slug) else {
                let says = format!("there is no person {slug:?}: declare one, or correct it");
                self.problem(conflict.person.span(), says);
                continue;
            };
            if with == person.employer {
                let says =
                    format!("{slug} is employed by {with}: a conflict with it shuts them out");
                self.problem(conflict.with.span(), says);
            }
            if let (Some(handle), Some(raw)) = (&capacity, &conflict.capacity)
                && !person.roles.iter().any(|(party, _)| party == handle)
            {
                let says =
                    format!("{slug} has no role in {handle}, so never acts in that capacity");
                self.problem(raw.span(), says);
            }
            let says = conflict.says.as_ref().clone();
            let conflict_read = FileConflict { person: slug, with, capacity, says };
            if conflicts.iter().any(|other| is_same(other, &conflict_read)) {
                let says = "this conflict is declared twice: keep one".to_owned();
                self.problem(conflict.person.span(), says);
            }
            conflicts.push(conflict_read);
        }
        conflicts
    }
}

fn is_same(one: &FileConflict, other: &FileConflict) -> bool {
    (&one.person, &one.with, &one.capacity) == (&other.person, &other.with, &other.capacity)
}

fn no_such_role(text: &str) -> String {
    format!(
        "{text:?} is no role: write contributor, access-manager, pilot:WORKSTREAM, coordinator, committee, \
         auditor, auditor:company:ID, operator, secretariat, or access-manager:workstream:ID"
    )
}

fn is_address(address: &str) -> bool {
    let parts = address.split_once('@');
    parts.is_some_and(|(name, host)| {
        !name.is_empty()
            && host.split('.').count() > 1
            && host.split('.').all(|label| !label.is_empty())
            && !host.contains('@')
            && !address.contains(char::is_whitespace)
    })
}
