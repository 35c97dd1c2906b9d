//! From what is written to what is meant: every reference checked, every problem with its line.

use std::{collections::BTreeSet, ops::Range};

use toml::Spanned;

use crate::mission::{
    DocumentKind, PartyKind, Words,
    file::{
        FileParty, MissionFile, Problem, Problems,
        raw::{RawCompany, RawFile, RawMission},
    },
    text::plain,
};

/// Longest name, title or address, in characters.
pub(super) const LONGEST_NAME: usize = 200;
/// Longest sentence (`aim`, `says`), in characters.
const LONGEST_SENTENCE: usize = 1_000;

pub(super) fn check(text: &str) -> Result<MissionFile, Problems> {
    let raw: RawFile = toml::from_str(text).map_err(|error| {
        let line = line_of(text, error.span().unwrap_or_default());
        Problems(vec![Problem { line, says: error.message().to_owned() }])
    })?;
    let mut checks = Checks { text, problems: Vec::new(), handles: BTreeSet::new() };
    let file = checks.file(raw);
    if checks.problems.is_empty() {
        Ok(file)
    } else {
        checks.problems.sort_by_key(|problem| problem.line);
        Err(Problems(checks.problems))
    }
}

fn line_of(text: &str, span: Range<usize>) -> usize {
    text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
}

pub(super) struct Checks<'t> {
    text: &'t str,
    problems: Vec<Problem>,
    /// Handles of parties, `kind:` and `person:` with a slug, as they were seen.
    pub(super) handles: BTreeSet<String>,
}

impl Checks<'_> {
    pub(super) fn problem(&mut self, span: Range<usize>, says: String) {
        self.problems.push(Problem { line: line_of(self.text, span), says });
    }

    fn file(&mut self, raw: RawFile) -> MissionFile {
        let parties = self.parties(&raw);
        let kinds = raw.document_kind.into_iter().map(|kind| {
            self.slug("kind", &kind.id);
            self.words(&kind.title, LONGEST_NAME);
            self.sentence(&kind.says);
            let says = kind.says.into_inner();
            DocumentKind { id: kind.id.into_inner(), title: kind.title.into_inner(), says }
        });
        let kinds = kinds.collect();
        let people: Vec<_> =
            raw.person.iter().map(|person| self.person(person, &parties)).collect();
        let conflicts = self.conflicts(&raw.conflict, &people);
        self.settings(&raw.mission, &parties);
        MissionFile {
            slug: raw.mission.id.into_inner(),
            title: raw.mission.title.into_inner(),
            languages: raw.mission.languages.into_inner(),
            time_zone: raw.mission.time_zone.into_inner(),
            secretariat: format!("company:{}", raw.mission.secretariat.as_ref()),
            operator: format!("company:{}", raw.mission.operator.as_ref()),
            placement: raw.mission.placement.into_inner(),
            parties,
            kinds,
            people,
            conflicts,
        }
    }

    fn parties(&mut self, raw: &RawFile) -> Vec<FileParty> {
        let none = || Words { fr: String::new(), en: String::new() };
        self.handles.insert("mission".to_owned());
        let mut parties = vec![FileParty {
            handle: "mission".to_owned(),
            kind: PartyKind::Mission,
            name: raw.mission.title.as_ref().clone(),
            aim: none(),
            country: String::new(),
        }];
        for workstream in &raw.workstream {
            self.words(&workstream.title, LONGEST_NAME);
            self.words(&workstream.aim, LONGEST_SENTENCE);
            parties.push(FileParty {
                handle: self.slug("workstream", &workstream.id),
                kind: PartyKind::Workstream,
                name: workstream.title.as_ref().clone(),
                aim: workstream.aim.as_ref().clone(),
                country: String::new(),
            });
        }
        for company in &raw.company {
            parties.push(self.company(company));
        }
        parties
    }

    fn company(&mut self, company: &RawCompany) -> FileParty {
        let name = company.name.as_ref().clone();
        if let Err(why) = plain(&name, LONGEST_NAME) {
            self.problem(company.name.span(), format!("this name {why}"));
        }
        let kind = *company.kind.as_ref();
        if matches!(kind, PartyKind::Mission | PartyKind::Workstream) {
            let says = "a company is a large-company, startup, state, operator or auditor";
            self.problem(company.kind.span(), says.to_owned());
        }
        let country = company.country.as_ref().clone();
        if !is_country(&country) || country == "EU" {
            let says = format!("{country:?} is no country: write two capital letters, e.g. \"FR\"");
            self.problem(company.country.span(), says);
        }
        FileParty {
            handle: self.slug("company", &company.id),
            kind,
            name: Words { fr: name.clone(), en: name },
            aim: Words { fr: String::new(), en: String::new() },
            country,
        }
    }

    fn settings(&mut self, mission: &RawMission, parties: &[FileParty]) {
        if !is_slug(mission.id.as_ref()) {
            self.problem(mission.id.span(), not_a_slug(mission.id.as_ref()));
        }
        self.words(&mission.title, LONGEST_NAME);
        self.refer("company", &mission.secretariat);
        let operator = self.refer("company", &mission.operator);
        let runs = parties.iter().find(|party| party.handle == operator);
        if runs.is_some_and(|party| party.kind != PartyKind::Operator) {
            let says =
                format!("{operator} must be of kind \"operator\": it has nothing of its own");
            self.problem(mission.operator.span(), says);
        }
        let languages = mission.languages.as_ref();
        let distinct: BTreeSet<_> = languages.iter().collect();
        let known = |language: &String| ["fr", "en"].contains(&language.as_str());
        if languages.is_empty() || distinct.len() < languages.len() || !languages.iter().all(known)
        {
            let says = "languages are \"fr\", \"en\" or both, the default first".to_owned();
            self.problem(mission.languages.span(), says);
        }
        let zones = jiff::tz::db();
        if !zones.is_definitively_empty() && zones.get(mission.time_zone.as_ref()).is_err() {
            let says = format!(
                "{:?} is no time zone: write an IANA name, e.g. \"Europe/Paris\"",
                mission.time_zone.as_ref()
            );
            self.problem(mission.time_zone.span(), says);
        }
        if let Some(says) = mission.placement.as_ref().flaw() {
            self.problem(mission.placement.span(), says);
        }
    }

    pub(super) fn handle(&mut self, written: &Spanned<String>) -> String {
        let handle = written.as_ref().clone();
        let named = handle == "mission" || handle.contains(':');
        if !named || !self.handles.contains(&handle) {
            let says = format!(
                "there is no {handle:?}: write company:ID, workstream:ID or mission, as declared"
            );
            self.problem(written.span(), says);
        }
        handle
    }

    pub(super) fn refer(&mut self, kind: &str, written: &Spanned<String>) -> String {
        let handle = format!("{kind}:{}", written.as_ref());
        if !self.handles.contains(&handle) {
            let says =
                format!("there is no {kind} {:?}: declare it, or correct it", written.as_ref());
            self.problem(written.span(), says);
        }
        handle
    }

    pub(super) fn slug(&mut self, kind: &str, written: &Spanned<String>) -> String {
        let slug = written.as_ref();
        let handle = format!("{kind}:{slug}");
        if !is_slug(slug) {
            self.problem(written.span(), not_a_slug(slug));
        } else if !self.handles.insert(handle.clone()) {
            self.problem(written.span(), format!("there are two of {handle}: rename one"));
        }
        handle
    }

    fn words(&mut self, words: &Spanned<Words>, longest: usize) {
        for (language, text) in [("fr", &words.as_ref().fr), ("en", &words.as_ref().en)] {
            if let Err(why) = plain(text, longest) {
                self.problem(words.span(), format!("the text in {language:?} {why}"));
            }
        }
    }

    pub(super) fn sentence(&mut self, written: &Spanned<String>) {
        if let Err(why) = plain(written.as_ref(), LONGEST_SENTENCE) {
            self.problem(written.span(), format!("this text {why}"));
        }
    }
}

fn not_a_slug(slug: &str) -> String {
    format!("{slug:?} is no id: write a-z, 0-9 and hyphens, a letter first, 63 at most")
}

fn is_slug(slug: &str) -> bool {
    let first = slug.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_lowercase())
        && slug.len() <= 63
        && slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_country(country: &str) -> bool {
    country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())
}
