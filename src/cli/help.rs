//! Help in French: the same commands and options, with their words from `words/help.fr.toml`.
//!
//! English stands in the code, where the options are; a test holds that French says something of each.

use std::{collections::BTreeMap, sync::LazyLock};

use clap::{Arg, ArgAction, Command};

use crate::cli::words::Language;

/// For each command (by its path, e.g. `restrict show`) `about`, perhaps `long`, and the text of each option.
type Texts = BTreeMap<String, BTreeMap<String, String>>;

static FRENCH: LazyLock<Texts> = LazyLock::new(|| {
    let text = include_str!("words/help.fr.toml");
    toml::from_str(&set(text))
        .expect("the catalogue is a table of tables of texts, as its test shows")
});

const TEMPLATE: &str = "{about-with-newline}\nUsage : {usage}\n\n{all-args}{after-help}";

/// `command`, whose help is in `language`.
#[must_use]
pub fn translated(command: Command, language: Language) -> Command {
    match language {
        Language::English => command,
        Language::French => french(command.disable_help_flag(true).arg(help_flag()), "greffe"),
    }
}

/// With what the paragraph on exit codes begins, the last one of a command's help.
const CODES: &str = "Exit codes:";

/// As French is set: no line ends between a sign and the word that it belongs to.
fn set(texts: &str) -> String {
    let mut texts = texts.replace("« ", "«\u{a0}").replace(" »", "\u{a0}»");
    for sign in [":", ";", "?"] {
        texts = texts.replace(&format!(" {sign}"), &format!("\u{a0}{sign}"));
    }
    texts
}

fn help_flag() -> Arg {
    let flag = Arg::new("help").short('h').long("help").action(ArgAction::Help).global(true);
    flag.help_heading("Options communes")
}

fn french(command: Command, path: &str) -> Command {
    let none = BTreeMap::new();
    let texts = FRENCH.get(path).unwrap_or(&none);
    let mut command = command.help_template(TEMPLATE).subcommand_help_heading("Commandes");
    if let Some(about) = texts.get("about") {
        let long = texts.get("long").map(|long| format!("{about}\n\n{long}"));
        command = command.about(about).long_about(long.unwrap_or_else(|| about.clone()));
    }
    if let Some(after) = command.get_after_help().map(ToString::to_string) {
        let (examples, _codes) = after.split_once(CODES).unwrap_or((&after, ""));
        let codes = texts.get("codes").map_or("", |codes| &codes[..]);
        command = command.after_help(examples.replace("Examples:", "Exemples :") + codes);
    }
    let common = FRENCH.get("greffe").unwrap_or(&none);
    command = command.mut_args(|argument| worded(argument, texts, common));
    let names = command.get_subcommands().map(|sub| sub.get_name().to_owned());
    for name in names.collect::<Vec<_>>() {
        let path = if path == "greffe" { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(&name, |sub| french(sub, &path));
    }
    command
}

fn worded(
    argument: Arg,
    texts: &BTreeMap<String, String>,
    common: &BTreeMap<String, String>,
) -> Arg {
    let id = argument.get_id().as_str().to_owned();
    let heading = match argument.get_help_heading() {
        Some("Common options") => "Options communes",
        Some(_) => return argument,
        None if argument.is_positional() => "Arguments",
        None => "Options",
    };
    let text = texts.get(&id).or_else(|| common.get(&id)).cloned();
    let argument = argument.help_heading(heading);
    match text {
        Some(text) => argument.help(text.clone()).long_help(text),
        None => argument,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Greffe;

    /// What French says nothing of.
    fn unsaid(command: &Command, path: &str, found: &mut Vec<String>) {
        let texts = FRENCH.get(path).cloned().unwrap_or_default();
        let common = FRENCH.get("greffe").cloned().unwrap_or_default();
        if !texts.contains_key("about") {
            found.push(format!("[\"{path}\"] about"));
        }
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        if after.contains(CODES) != texts.contains_key("codes") {
            found.push(format!("[\"{path}\"] codes"));
        }
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            if !texts.contains_key(id) && !common.contains_key(id) {
                found.push(format!("[\"{path}\"] {id}"));
            }
        }
        for sub in command.get_subcommands() {
            let name = sub.get_name();
            let path = if path == "greffe" { name.to_owned() } else { format!("{path} {name}") };
            unsaid(sub, &path, found);
        }
    }

    #[test]
    fn french_says_something_of_every_command_and_option() {
        let mut found = Vec::new();

        unsaid(&Greffe::command(), "greffe", &mut found);

        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn french_says_nothing_of_what_is_not_there() {
        fn known(command: &Command, path: &str, texts: &mut Texts) {
            let mut own = texts.remove(path).unwrap_or_default();
            for id in ["about", "long", "codes", "help", "version"] {
                own.remove(id);
            }
            command.get_arguments().for_each(|argument| {
                own.remove(argument.get_id().as_str());
            });
            assert!(own.is_empty(), "{path}: {own:?}");
            for sub in command.get_subcommands() {
                let name = sub.get_name();
                let path =
                    if path == "greffe" { name.to_owned() } else { format!("{path} {name}") };
                known(sub, &path, texts);
            }
        }
        let mut texts = FRENCH.clone();

        known(&Greffe::command(), "greffe", &mut texts);

        assert!(texts.is_empty(), "{texts:?}");
    }

    #[test]
    fn help_is_french_where_it_is_asked_for() {
        let mut command = translated(Greffe::command(), Language::French);
        command.build();
        let put = command.find_subcommand_mut("put").unwrap();

        let help = put.render_long_help().to_string();

        for word in ["Usage : greffe put", "Arguments:", "Options communes:", "Exemples :"] {
            assert!(help.contains(word), "{word}: {help}");
        }
        assert!(!help.contains("Deposits") && !help.contains("Writes one JSON"), "{help}");
    }
}
