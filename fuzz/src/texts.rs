//! Files and texts that people write: missions, configurations, restrictions, `.age` files.

use std::path::Path;

use greffe::{
    config::Config,
    mission::{Import, MissionFile, Setting},
    policy::Restriction,
    vault::export::FormCheck,
};

use super::text;

/// The form of an `.age` file is the same however it arrives in pieces.
pub fn age(bytes: &[u8]) {
    let checked = |piece: usize| {
        let mut check = FormCheck::new();
        let pushed = bytes.chunks(piece).try_for_each(|piece| check.push(piece));
        pushed.and_then(|()| check.finish())
    };
    let whole = checked(usize::MAX);
    assert_eq!(whole, checked(1));
    if let Ok(form) = whole {
        assert!(form.header_len as u64 + form.plain_len < bytes.len() as u64);
    }
}

/// A configuration that reads names a database, or says why not.
pub fn configuration(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    match Config::parse(text, Path::new("/nowhere")) {
        Ok(config) => drop(config.database.place()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A mission file that reads can be imported; one that does not says where.
pub fn mission(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    match MissionFile::parse(text) {
        Ok(file) => drop(Import::new(&file, Setting::default())),
        Err(problems) => {
            assert!(!problems.0.is_empty());
            within(text, problems.0.iter().map(|problem| problem.line));
        }
    }
}

/// A restriction that reads forbids and does nothing else; one that does not says where, and what to do.
pub fn restriction(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    match Restriction::read(text) {
        Ok(restriction) => {
            let rules = restriction.rules().len();
            assert!(text.matches("forbid").count() >= rules, "a rule that does not forbid");
        }
        Err(problems) => {
            assert!(!problems.all().is_empty());
            assert!(problems.all().iter().all(|problem| !problem.hint.is_empty()));
            within(text, problems.all().iter().map(|problem| problem.line));
        }
    }
}

fn within(text: &str, mut lines: impl Iterator<Item = usize>) {
    let last = text.matches('\n').count() + 1;
    assert!(lines.all(|line| (1..=last).contains(&line)), "a line that is not there");
}
