//! What is written where: data on standard output, everything else on standard error.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

use serde::Serialize;

use crate::cli::{Error, words::Language};

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people; tab-separated, without headings, if standard output is no terminal.
    Words,
    /// One JSON object a line, whose fields keep their names and are never translated.
    Json,
}

/// Standard output and standard error.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// The language of messages.
    pub language: Language,
    /// How data is written.
    pub form: Form,
    /// Whether remarks and progress are left out.
    pub quiet: bool,
}

impl Terminal {
    /// The text `key` of the catalogue.
    #[must_use]
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.language.say(key, values)
    }

    /// Writes a remark to standard error, unless asked to be quiet.
    pub fn note(&self, key: &str, values: &[(&str, &str)]) {
        if !self.quiet {
            let cleaned: Vec<_> =
                values.iter().map(|(name, value)| (*name, clean(value))).collect();
            let values: Vec<_> = cleaned.iter().map(|(name, value)| (*name, &value[..])).collect();
            // Nobody can be told that standard error is gone.
            let _ = writeln!(io::stderr(), "{}", self.say(key, &values));
        }
    }

    /// Whether data is written as JSON.
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Writes a line of data.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub fn line(&self, text: &str) -> Result<(), Error> {
        Ok(writeln!(io::stdout(), "{text}")?)
    }

    /// Writes `object` as a line of JSON if that is the form, else what `words` says.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub fn show(
        &self,
        object: &impl Serialize,
        words: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        match self.form {
            Form::Json => self.line(&json(object)),
            Form::Words => self.line(&words()),
        }
    }

    /// Writes each of `objects` as a line of JSON, or all of them as a table with these headings.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub fn table<T: Serialize, const N: usize>(
        &self,
        headings: [&str; N],
        objects: &[T],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), Error> {
        if self.form == Form::Json {
            return objects.iter().try_for_each(|object| self.line(&json(object)));
        }
        let rows: Vec<_> =
            objects.iter().map(|object| row(object).map(|cell| clean(&cell))).collect();
        if !io::stdout().is_terminal() {
            return rows.iter().try_for_each(|row| self.line(&row.join("\t")));
        }
        let headings = headings.map(|key| self.say(key, &[]));
        let width = |column: usize| {
            let cells = rows.iter().map(|row| &row[column]).chain([&headings[column]]);
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: [usize; N] = std::array::from_fn(width);
        for row in std::iter::once(&headings).chain(&rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                let _ = write!(line, "{cell:<width$}  ");
            }
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Tells why a command did not end well, on standard error.
    pub fn tell(&self, error: &Error) {
        let values: Vec<_> =
            error.values.iter().map(|(name, value)| (*name, clean(value))).collect();
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, &value[..])).collect();
        let message = self.say(error.key, &values);
        let causes: Vec<_> = error.causes().iter().map(|cause| clean(cause)).collect();
        let mut text = match self.form {
            Form::Json => json(&serde_json::json!({
                "error": error.key, "exit": error.exit as u8, "message": message, "causes": causes,
            })),
            Form::Words => format!("greffe: {message}"),
        };
        if self.form == Form::Words {
            for cause in causes {
                let _ = write!(text, "\n  {}", self.say("because", &[("cause", &cause)]));
            }
        }
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// `text` without what would command the terminal or turn its lines around; titles and names are written by others.
#[must_use]
pub fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harmless = |c: char| if (c.is_control() && c != '\n') || turns(c) { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

/// A number of bytes as people say it.
#[must_use]
pub fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// An instant of the service (RFC 3339) on the reader's own clock, to the minute; as it is if it is none.
#[must_use]
pub fn local(instant: &str) -> String {
    let Ok(timestamp) = instant.parse::<jiff::Timestamp>() else { return instant.to_owned() };
    timestamp.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn json(object: &impl Serialize) -> String {
    serde_json::to_string(object).expect("answers have text as keys")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_command_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(clean("Récépissé – été"), "Récépissé – été");
    }
}
