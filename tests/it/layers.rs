//! The rooms, and which may use which.

use crate::tree::{Source, sources};

/// Each may use those before it.
const ROOMS: &[&str] = &[
    "database",
    "storage",
    "vault",
    "audit",
    "mission",
    "identity",
    "policy",
    "documents",
    "http",
    "cli",
];

/// The first names of every `crate::…` path in `text`, those of grouped imports among them.
fn named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(firsts(group)),
            None => names.push(word(rest)),
        }
    }
    names
}

/// The first name of each item of a group, up to the brace that closes it.
fn firsts(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut item) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(word(std::mem::take(&mut item).trim_start())),
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    names.push(word(item.trim_start()));
    names.retain(|name| !name.is_empty());
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn code(source: &Source) -> String {
    let whole: Vec<_> = source.text.lines().collect();
    let comment = |line: &&&str| !line.trim_start().starts_with("//");
    whole.iter().filter(comment).copied().collect::<Vec<_>>().join("\n")
}

/// Every room that `source`, of the room `own`, names and may not use.
fn offences(own: &str, source: &Source) -> Vec<String> {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let below = |name: &String| place(name).is_some_and(|named| Some(named) > place(own));
    let named = named(&code(source)).into_iter().filter(below);
    named.map(|name| format!("{} uses {name}", source.path)).collect()
}

#[test]
fn a_room_uses_only_the_rooms_above_it() {
    let mut found = Vec::new();
    for room in ROOMS {
        for source in sources(&[&format!("src/{room}")], ".rs") {
            found.extend(offences(room, &source));
        }
    }

    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn ids_and_instants_use_no_room() {
    for path in ["src/id.rs", "src/time.rs"] {
        let source = sources(&["src"], ".rs").into_iter().find(|source| source.path == path);
        let names = named(&code(&source.unwrap()));

        assert!(names.iter().all(|name| !ROOMS.contains(&&name[..])), "{path}: {names:?}");
    }
}

#[test]
fn the_library_lists_the_rooms_in_this_order() {
    let library = sources(&["src"], "lib.rs").into_iter().next().unwrap();
    let listed = library.text.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let rooms: Vec<_> = listed.map(word).filter(|name| ROOMS.contains(&&name[..])).collect();

    assert_eq!(rooms, ROOMS);
}

#[test]
fn a_way_round_the_rooms_would_be_seen() {
    let source = |text: &str| Source { path: "src/vault/x.rs".to_owned(), text: text.to_owned() };
    let seen = |text: &str| !offences("vault", &source(text)).is_empty();

    assert!(seen("use crate::policy::Permit;"));
    assert!(seen("use crate::{\n    database::Database,\n    cli::{a, b},\n};"));
    assert!(seen("fn f() { crate::http::g() }"));
    assert!(!seen("use crate::{database::{self, policy}, id::Id, storage};"));
    assert!(!seen("/// As [`crate::policy::Permit`] says."));
}

#[test]
fn nobody_climbs_two_levels() {
    let climbs = |source: &Source| {
        let lines: Vec<_> =
            source.code().filter(|(_, line)| line.contains("super::super")).collect();
        lines.iter().map(|(line, _)| format!("{}:{line}", source.path)).collect::<Vec<_>>()
    };
    let found: Vec<_> = sources(&["src"], ".rs").iter().flat_map(climbs).collect();

    assert_eq!(found, Vec::<String>::new());
}
