//! The project's own files, for the tests that read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project: its path from the root, and its text.
pub struct Source {
    /// E.g. `src/audit/mod.rs`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// Whether it is test code as a whole.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
            || self.path.ends_with("/testing.rs")
    }

    /// Its lines of code, numbered from 1: without comments, and without the tests at its end.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_test() { None } else { self.text.find("\n#[cfg(test)]\nmod tests {") };
        let text = &self.text[..end.unwrap_or(self.text.len())];
        let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every file with this extension below the named folders of the project.
pub fn sources(folders: &[&str], extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), extension, &mut found);
    }
    let readable = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        Some(Source { path, text })
    };
    found.into_iter().filter_map(readable).collect()
}

fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", ".git", "node_modules"].contains(&&name[..]) {
            walk(&path, extension, found);
        } else if path.is_file() && (extension.is_empty() || name.ends_with(extension)) {
            found.push(path);
        }
    }
}
