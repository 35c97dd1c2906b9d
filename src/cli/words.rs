//! The words of the command line, French and English, from one catalogue each.

use std::{collections::BTreeMap, sync::LazyLock};

/// The language of messages. JSON is never translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[value(name = "en")]
    English,
    /// French.
    #[value(name = "fr")]
    French,
}

impl Language {
    /// The language that `--lang` names, before the command line is read (its own help depends on it), else the
    /// environment's.
    #[must_use]
    pub fn choose(arguments: &[String], variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut named = arguments.iter().skip_while(|argument| !argument.starts_with("--lang"));
        let wanted = named.next().and_then(|argument| match argument.strip_prefix("--lang=") {
            Some(value) => Some(value.to_owned()),
            None => named.next().cloned(),
        });
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let environment = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        match wanted.or_else(environment) {
            Some(name) if name.to_lowercase().starts_with("fr") => Self::French,
            _ => Self::English,
        }
    }

    /// As `Accept-Language` and `--lang` write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    fn catalogue(self) -> &'static BTreeMap<String, String> {
        static ENGLISH: LazyLock<BTreeMap<String, String>> =
            LazyLock::new(|| parse(include_str!("words/en.toml")));
        static FRENCH: LazyLock<BTreeMap<String, String>> =
            LazyLock::new(|| parse(include_str!("words/fr.toml")));
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
        }
    }

    /// The text `key` with `{name}` replaced by each value.
    ///
    /// A key that the catalogue lacks is given back as it is; a test finds those.
    #[must_use]
    pub fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let text = self.text(key).unwrap_or(key);
        let mut said = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = values.iter().find(|(known, _)| *known == name);
            said.push_str(value.map_or(name, |(_, value)| value));
            rest = after;
        }
        said.push_str(rest);
        said
    }

    /// The text `key` as it stands, if there is one.
    #[must_use]
    pub fn text(self, key: &str) -> Option<&'static str> {
        self.catalogue().get(key).map(|text| text.trim_end())
    }
}

fn parse(catalogue: &str) -> BTreeMap<String, String> {
    toml::from_str(catalogue).expect("the catalogue is a table of texts, as its test shows")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
    }

    /// Every string in quotes after `opening`, in every file of this room.
    fn used(folder: &Path, opening: &str, keys: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                used(&path, opening, keys);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = fs::read_to_string(&path).unwrap();
                let code = code.split("mod tests {").next().unwrap();
                keys.extend(
                    code.split(opening)
                        .skip(1)
                        .filter_map(|part| part.trim_start().strip_prefix('"'))
                        .map(|part| part.split('"').next().unwrap().to_owned()),
                );
            }
        }
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (english, french) = (Language::English.catalogue(), Language::French.catalogue());

        assert!(english.keys().eq(french.keys()), "{:?}", {
            let (e, f): (BTreeSet<_>, BTreeSet<_>) =
                (english.keys().collect(), french.keys().collect());
            e.symmetric_difference(&f).copied().collect::<Vec<_>>()
        });
        for (key, text) in english {
            assert_eq!(placeholders(text), placeholders(&french[key]), "{key}");
        }
    }

    #[test]
    fn every_text_that_is_used_exists() {
        let mut keys = BTreeSet::new();
        let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
        for opening in ["say(", "note(", "usage(", "Error::new(Exit::"] {
            used(&room, opening, &mut keys);
        }
        for exit in ["Done", "Failed", "Partly", "NotFound", "Later", "Refused"] {
            used(&room, &format!("Exit::{exit},"), &mut keys);
        }
        for exit in ["Authentication", "Tampered", "Nothing", "Usage"] {
            used(&room, &format!("Exit::{exit},"), &mut keys);
        }

        let catalogue = Language::English.catalogue();
        let missing: Vec<_> = keys.iter().filter(|key| !catalogue.contains_key(*key)).collect();

        assert!(keys.len() > 20, "the search for keys finds them: {keys:?}");
        assert_eq!(missing, Vec::<&String>::new());
    }

    #[test]
    fn the_language_is_that_of_the_flag_else_of_the_environment() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let french = |name: &str| (name == "LANG").then(|| "fr_FR.UTF-8".to_owned());

        assert_eq!(Language::choose(&words("greffe ls"), french), Language::French);
        assert_eq!(Language::choose(&words("greffe ls"), |_| None), Language::English);
        assert_eq!(Language::choose(&words("greffe --lang=en ls"), french), Language::English);
        assert_eq!(Language::choose(&words("greffe ls --lang fr"), |_| None), Language::French);
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let said = Language::English.say("unsealed", &[("path", "{size}"), ("size", "3")]);

        assert!(said.contains("{size}"), "{said}");
    }
}
