//! What the code looks like, as far as a test can say it.

use crate::tree::{Source, sources};

const CODE: &[&str] = &["src", "tests", "benches", "fuzz"];
const LONGEST_FILE_LINES: usize = 500;
const LONGEST_LINE_CHARACTERS: usize = 130;

/// Names that say nothing, anywhere in the name of a type.
const EMPTY_WORDS: &[&str] =
    &["Manager", "Handler", "Helper", "Util", "Utils", "Impl", "Data", "Info"];

fn offences(found: impl Iterator<Item = (String, usize)>) {
    let places: Vec<_> = found.map(|(path, line)| format!("{path}:{line}")).collect();
    assert_eq!(places, Vec::<String>::new());
}

/// Lines of code of which `wrong` says that they must not be.
fn lines(of: &[Source], wrong: impl Fn(&Source, &str) -> bool) {
    let places = of.iter().flat_map(|source| {
        let found = source.code().filter(|(_, line)| wrong(source, line));
        found.map(|(line, _)| (source.path.clone(), line)).collect::<Vec<_>>()
    });
    offences(places);
}

#[test]
fn files_are_short() {
    let long = sources(CODE, ".rs").into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > LONGEST_FILE_LINES).then_some((source.path, lines))
    });

    offences(long);
}

#[test]
fn lines_are_short_unless_a_text_stands_in_them() {
    let files = sources(CODE, ".rs");
    let long = files.iter().flat_map(|source| {
        let numbered = source.text.lines().enumerate();
        let long = numbered.filter(|(_, line)| {
            line.chars().count() > LONGEST_LINE_CHARACTERS && !line.contains('"')
        });
        long.map(|(index, _)| (source.path.clone(), index + 1)).collect::<Vec<_>>()
    });

    offences(long);
}

#[test]
fn every_module_says_what_it_is() {
    let modules = sources(CODE, ".rs").into_iter();
    let modules = modules.filter(|source| source.path.starts_with("tests/") || !source.is_test());
    let silent = modules.filter(|source| {
        let first = source.text.lines().next().unwrap_or_default();
        first.strip_prefix("//! ").is_none_or(|sentence| sentence.len() <= 10)
    });

    offences(silent.map(|source| (source.path, 1)));
}

#[test]
fn a_folder_is_the_whole_module() {
    let files = sources(&["src", "tests"], ".rs");
    let beside = files.iter().filter(|source| {
        let folder = source.path.trim_end_matches(".rs").to_owned() + "/mod.rs";
        files.iter().any(|other| other.path == folder)
    });

    offences(beside.map(|source| (source.path.clone(), 1)));
}

/// The name that a line declares, if it declares one, and the keyword.
fn declared(line: &str) -> Option<(&str, &str)> {
    let words: Vec<_> =
        line.split([' ', '<', '(', ':', ';', '{']).filter(|w| !w.is_empty()).collect();
    let keywords = ["struct", "enum", "trait", "type", "fn", "mod"];
    let at = words.iter().position(|word| keywords.contains(word))?;
    let before = ["pub", "crate", "super", "async", "const", "in"];
    let leads = words[..at].iter().all(|w| before.iter().any(|known| w.starts_with(known)));
    (leads && at + 1 < words.len()).then(|| (words[at], words[at + 1]))
}

#[test]
fn names_say_something() {
    let files = sources(&["src"], ".rs");

    lines(&files, |_, line| match declared(line) {
        Some(("fn", name)) => {
            ["get_", "do_", "process"].iter().any(|start| name.starts_with(start))
        }
        Some(("mod", name)) => {
            ["util", "utils", "helper", "helpers", "common", "misc"].contains(&name)
        }
        // A trait's own type, whose name is the trait's affair.
        Some(("type", _)) if line.starts_with(' ') => false,
        Some((_, name)) => {
            name == "Service" || EMPTY_WORDS.iter().any(|word| ends_a_word(name, word))
        }
        None => false,
    });
}

/// Whether `word` stands in `name` as a word of its own: `DataLink`, not `Database`.
fn ends_a_word(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        name[at + word.len()..].chars().next().is_none_or(|next| !next.is_lowercase())
    })
}

#[test]
fn empty_names_would_be_seen() {
    let empty = |line: &str| {
        let (_, name) = declared(line).unwrap();
        EMPTY_WORDS.iter().any(|word| ends_a_word(name, word))
    };

    assert!(empty("pub struct TokenManager {"));
    assert!(empty("pub(crate) enum FileInfo<T> {"));
    assert!(!empty("pub struct Database {"));
    assert_eq!(declared("    pub async fn get_it(&self)"), Some(("fn", "get_it")));
    assert_eq!(declared("    the type of it"), None);
}

#[test]
fn imports_name_what_they_import() {
    let files = sources(CODE, ".rs");

    lines(&files, |source, line| {
        let import = line.trim_start().trim_start_matches("pub ").starts_with("use ");
        import && line.contains("::*") && !source.is_test()
    });
}

#[test]
fn nothing_is_left_for_later() {
    let files = sources(&["src"], ".rs");

    lines(&files, |_, line| {
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")]
            .iter()
            .any(|unfinished| line.contains(unfinished))
    });
}

#[test]
fn tests_always_run_and_wait_for_events() {
    let files = sources(CODE, ".rs");
    // One that another test starts, in a process of its own, does run.
    let started = "= \"runs in a process of its own\"]";
    let is_test = |line: &str| {
        let marks = [concat!("#[ign", "ore"), concat!("#[should", "_panic")];
        marks.iter().any(|mark| line.contains(mark)) && !line.contains(started)
    };

    lines(&files, |source, line| {
        is_test(line) || (source.is_test() && line.contains(concat!("sle", "ep(")))
    });
}

#[test]
fn only_policy_makes_a_right() {
    let files = sources(&["src"], ".rs");

    lines(&files, |source, line| {
        let makes = line.trim_start().starts_with("impl") && line.contains("Warrant for ");
        makes && !source.is_test() && !source.path.starts_with("src/policy/")
    });
    let rights = files.iter().filter(|source| source.path.starts_with("src/policy/"));
    let makes =
        |source: &&Source| source.code().filter(|(_, line)| line.contains("Warrant for ")).count();
    assert!(rights.map(|source| makes(&source)).sum::<usize>() <= 1);
}

/// The project speaks of itself: nothing of the machine on which it was written, nor of any package host.
#[test]
fn the_project_speaks_of_itself() {
    let foreign = [
        concat!("/wo", "rk/"),
        concat!("shared/", "design"),
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("npmjs", ".com"),
        concat!("proxy.go", "lang"),
    ];
    let files =
        sources(&["src", "tests", "config", "deploy", "docs", "benches", "fuzz", ".ci"], "");
    // Cargo's own files name the registry, as Cargo demands.
    let cargos = |source: &&Source| {
        source.path.ends_with("/Cargo.toml") || source.path.ends_with("/Cargo.lock")
    };
    let found = files.iter().filter(|source| !cargos(source)).flat_map(|source| {
        let numbered = source.text.lines().enumerate();
        let named = numbered.filter(|(_, line)| foreign.iter().any(|word| line.contains(word)));
        named.map(|(index, _)| (source.path.clone(), index + 1)).collect::<Vec<_>>()
    });

    offences(found);
}
