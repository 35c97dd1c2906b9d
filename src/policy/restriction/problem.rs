//! What is wrong with a text, where, and what to do.

use std::fmt;

use miette::Diagnostic;
use serde::Serialize;

/// Most problems that are told at once.
const MOST: usize = 20;
/// Longest a sentence may be, in characters: an error may quote the text.
const LONGEST: usize = 300;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub says: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    /// A problem at a byte of `text`.
    pub(super) fn at(text: &str, offset: usize, says: &str, hint: &str) -> Self {
        let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let before = &text[..offset.unwrap_or(0)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            says: says.chars().take(LONGEST).collect(),
            hint: hint.chars().take(LONGEST).collect(),
        }
    }

    /// Where it stands in the list: one text gives one list.
    fn place(&self) -> (usize, usize, &str) {
        (self.line, self.column, &self.says)
    }

    /// A problem that Cedar found; at `otherwise` if Cedar does not say where.
    pub(super) fn of(text: &str, otherwise: usize, error: &dyn Diagnostic) -> Self {
        let place = error.labels().and_then(|mut labels| labels.next());
        let offset = place.as_ref().map_or(otherwise, |label| label.offset());
        let expected = place.as_ref().and_then(|label| label.label());
        let hint = match (error.help(), expected) {
            (Some(help), _) => help.to_string(),
            (None, Some(expected)) => expected.to_owned(),
            (None, None) => "see the schema of restrictions for what a rule may speak of".into(),
        };
        Self::at(text, offset, &error.to_string(), &hint)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}; {}", self.line, self.column, self.says, self.hint)
    }
}

/// Everything that is wrong, at most 20 of it, one for each place, in the text's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|one, other| one.place().cmp(&other.place()));
        problems.dedup_by_key(|problem| (problem.line, problem.column));
        problems.truncate(MOST);
        Self(problems)
    }

    /// Each of them; there is at least one.
    #[must_use]
    pub fn all(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}
