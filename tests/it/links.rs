//! Every page of the project points at things that are there.

use std::path::Path;

use crate::tree::{root, sources};

/// The targets of links in a page of Markdown, outside code.
fn targets(page: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        let prose = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
        let parts = prose.split("](").skip(1).filter(|_| !code);
        targets.extend(parts.filter_map(|part| Some(part.split_once(')')?.0.to_owned())));
    }
    targets
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_matches(['#', ' ']).to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

fn is_there(page: &Path, target: &str, own: &str) -> bool {
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let file = page.parent().unwrap().join(path);
    let text =
        if path.is_empty() { Some(own.to_owned()) } else { std::fs::read_to_string(&file).ok() };
    let headings = text.unwrap_or_default();
    let mut headings = headings.lines().filter(|line| line.starts_with('#')).map(anchor);
    (path.is_empty() || file.exists())
        && (fragment.is_empty() || headings.any(|heading| heading == fragment))
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    let pages = sources(&["."], ".md");
    let broken: Vec<_> = pages
        .iter()
        .flat_map(|page| targets(&page.text).into_iter().map(move |target| (page, target)))
        .filter(|(_, target)| !target.contains("://") && !target.starts_with("mailto:"))
        .filter(|(page, target)| !is_there(&root().join(&page.path), target, &page.text))
        .map(|(page, target)| format!("{}: {target}", page.path))
        .collect();

    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn a_broken_link_would_be_seen() {
    let page =
        "# One thing\n[a](src/lib.rs) `[b](no)` [c](#one-thing) [d](nowhere.md)\n```\n[e](x)\n```";

    assert_eq!(targets(page), ["src/lib.rs", "#one-thing", "nowhere.md"]);
    let there = |target: &str| is_there(&root().join("README.md"), target, page);
    assert!(there("src/lib.rs") && there("#one-thing"));
    assert!(!there("nowhere.md") && !there("#two"));
}
