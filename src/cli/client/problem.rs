//! Refusals of the service (RFC 9457), and what they mean for whoever typed the command.

use hyper::{HeaderMap, StatusCode, header::RETRY_AFTER};
use serde::Deserialize;

use crate::cli::error::{Error, Exit};

/// What the service answered instead of what was asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// The HTTP status; the answer's, whatever the body says.
    #[serde(skip)]
    pub status: StatusCode,
    /// The stable path that names the situation.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is, in the language that was asked for.
    pub title: String,
    /// What about this request.
    pub detail: String,
    /// The capacities to choose from, where one must be chosen.
    pub capacities: Vec<String>,
    /// What is wrong at which place, where a text was sent.
    pub problems: Vec<Place>,
    /// In how many seconds to come back.
    #[serde(skip)]
    pub retry_after_seconds: Option<u64>,
}

/// What is wrong at one place of a text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub says: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    /// Reads what the service said; a body that is no problem document leaves only the status.
    #[must_use]
    pub fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let read: Self = serde_json::from_slice(body).unwrap_or_default();
        let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Self { status, retry_after_seconds: seconds, ..read }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        // An earlier try may still be running, or be given up only once what it needs is back.
        self.kind == "/problems/running"
            || matches!(self.status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
    }

    fn sentence(&self) -> String {
        let said = [&self.title[..], &self.detail].into_iter().filter(|text| !text.is_empty());
        let said: Vec<_> = said.collect();
        let sentence = if said.is_empty() { self.status.to_string() } else { said.join(": ") };
        let places = self.problems.iter();
        let places =
            places.map(|place| format!("\n  {}: {}: {}", place.line, place.says, place.hint));
        sentence + &places.collect::<String>()
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let (exit, key) = match problem.status.as_u16() {
            401 => (Exit::Authentication, "problem-unknown-caller"),
            403 => (Exit::Refused, "problem-refused"),
            404 | 410 => (Exit::NotFound, "problem-missing"),
            409 if !problem.capacities.is_empty() => (Exit::Usage, "problem-choose-capacity"),
            429 => (Exit::Later, "problem-budget"),
            _ if problem.is_passing() => (Exit::Later, "problem-later"),
            _ => (Exit::Failed, "problem-other"),
        };
        let wait = problem.retry_after_seconds.unwrap_or(1);
        Error::new(exit, key)
            .with("said", problem.sentence())
            .with("capacities", problem.capacities.join(", "))
            .with("seconds", wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_text_is_said_with_its_lines() {
        let body = r#"{"title":"Not valid","problems":[{"line":2,"says":"no","hint":"do"}]}"#;

        let read =
            Problem::read(StatusCode::UNPROCESSABLE_ENTITY, &HeaderMap::new(), body.as_bytes());

        assert_eq!(read.sentence(), "Not valid\n  2: no: do");
    }

    #[test]
    fn each_status_ends_the_command_as_documented() {
        let exit = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            Error::from(Problem::read(status, &HeaderMap::new(), body.as_bytes())).exit
        };

        assert_eq!(exit(401, ""), Exit::Authentication);
        assert_eq!(exit(403, "{\"type\":\"/problems/forbidden\"}"), Exit::Refused);
        assert_eq!(exit(404, "<html>"), Exit::NotFound);
        assert_eq!(exit(409, "{}"), Exit::Failed);
        assert_eq!(exit(409, "{\"capacities\":[\"company:a\",\"mission\"]}"), Exit::Usage);
        assert_eq!(exit(409, "{\"type\":\"/problems/running\"}"), Exit::Later);
        assert_eq!(exit(429, ""), Exit::Later);
        assert_eq!(exit(503, ""), Exit::Later);
        assert_eq!(exit(422, ""), Exit::Failed);
    }
}
