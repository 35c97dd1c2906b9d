//! The command line against services that answer well, answer badly, break off and lie.

mod added;
mod audit;
mod counterfeit;
mod decide;
mod deposit;
mod fetch;
mod residency;
pub mod running;
mod sign_in;
mod stopped;
pub mod walk;
mod words;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;
use tokio::process::Command;

use counterfeit::{Asked, Counterfeit, Reply};

/// What a command left: its exit code, standard output and standard error.
#[derive(Debug)]
struct Ended {
    exit: i32,
    out: String,
    err: String,
}

/// Somebody at a terminal: a home of their own, and a folder to work in.
struct Desk {
    home: TempDir,
    service: Counterfeit,
}

impl Desk {
    /// Somebody who is signed in to a service that answers so.
    async fn signed_in(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let desk = Self::new(answer).await;
        let profile = desk.profile();
        fs::create_dir_all(&profile).unwrap();
        let login = format!(
            "address = \"{}\"\norigin = \"log.example/1\"\nperson = \"p\"\nname = \"Ada\"\n",
            desk.service.address
        );
        for (name, text) in [
            ("login.toml", &login[..]),
            ("token", "secret-token\n"),
            ("ca.pem", &desk.service.authority),
        ] {
            fs::write(profile.join(name), text).unwrap();
            fs::set_permissions(profile.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        desk
    }

    /// Somebody who is not signed in anywhere.
    async fn new(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let service = Counterfeit::start(answer).await;
        Self { home: tempfile::tempdir().unwrap(), service }
    }

    fn profile(&self) -> std::path::PathBuf {
        self.home.path().join(".config/greffe/default")
    }

    fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Names of what lies in the folder, hidden files among them.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != ".config").collect();
        names.sort();
        names
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_greffe"))
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .env("LANG", "en_GB.UTF-8")
            .env("TZ", "UTC")
            .stdin(std::process::Stdio::null())
            .output()
            .await
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended {
            exit: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// A JSON answer.
fn json(status: u16, value: &serde_json::Value) -> Reply {
    Reply::new(status).header("content-type", "application/json").body(value.to_string())
}

/// A problem document.
fn problem(status: u16, value: &serde_json::Value) -> Reply {
    Reply::new(status).header("content-type", "application/problem+json").body(value.to_string())
}
