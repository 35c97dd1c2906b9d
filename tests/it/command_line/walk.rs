//! An instance, made and run by an operator's commands, and the people of its mission at their own terminals.

use std::{
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use age::secrecy::ExposeSecret;
use tempfile::TempDir;

use super::{
    counterfeit::Issued,
    running::{Running, Said},
};
use crate::tree::root;

pub const GREFFE: &str = env!("CARGO_BIN_EXE_greffe");

const PEOPLE: [(&str, &str); 5] = [
    ("contributor-acieries", "company:acieries-du-ponant"),
    ("access-acieries", "company:acieries-du-ponant"),
    ("contributor-rhein", "company:rhein-energie"),
    ("pilot-ia", "workstream:intelligence-artificielle"),
    ("auditor", "mission"),
];

/// What a command left.
#[derive(Debug)]
pub struct Ended {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let exit = output.status.code().unwrap();
        Self { exit, out: text(output.stdout), err: text(output.stderr) }
    }
}

/// An instance, and everybody signed in to it; it ends with the test.
pub struct Instance {
    folder: TempDir,
    address: String,
    server: Running,
}

impl Instance {
    pub fn start() -> Self {
        Self::configured(|text| text)
    }

    /// One whose configuration is the shipped one, changed so.
    pub fn configured(change: impl FnOnce(String) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = arranged(folder.path());
        fs::write(&config, change(fs::read_to_string(&config).unwrap())).unwrap();
        let config = config.to_str().unwrap();
        let at = |arguments: &[&str]| {
            let ended = command(folder.path(), folder.path(), arguments);
            assert_eq!(ended.exit, 0, "{arguments:?} {ended:?}");
            ended.out
        };
        let mission = root().join("config/mission.toml");
        at(&["init", "--config", config, "--mission", mission.to_str().unwrap()]);
        at(&["keys", "copy", "--config", config]);
        at(&["keys", "recover", "--check", "--config", config, "--identity", "recovery.key"]);
        for (person, capacity) in PEOPLE {
            let link =
                at(&["link", "--config", config, "--person", person, "--capacity", capacity]);
            secret(&folder.path().join(person), &link);
        }
        let (server, address) = Running::serve(folder.path());
        let instance = Self { folder, address: address.clone(), server };
        for (person, _) in PEOPLE {
            let (link, authority) = (instance.path(person), instance.path("ca.pem"));
            let arguments = ["login", &address, "--ca", &authority, "--link-file", &link];
            let ended = instance.run(person, &arguments);
            assert_eq!(ended.exit, 0, "{person} {ended:?}");
        }
        instance
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the service says to its operator.
    pub fn said(&self) -> &Said {
        &self.server.said
    }

    /// Ends the service in order.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts it again where it was.
    pub fn serve(&mut self) {
        self.serve_by(Command::new(GREFFE));
    }

    /// The same by a command of which the program's arguments are the last.
    pub fn serve_by(&mut self, command: Command) {
        let path = self.folder.path().join("greffe.toml");
        let text = fs::read_to_string(&path).unwrap();
        let port = self.address.rsplit(':').next().unwrap();
        let listen = format!("\nlisten = \"127.0.0.1:{port}\"");
        fs::write(&path, text.replacen("\nlisten = \"127.0.0.1:0\"", &listen, 1)).unwrap();
        self.server = Running::serve_by(command, self.folder.path()).0;
    }

    /// A command of the operator, on the instance's configuration.
    pub fn operate(&self, arguments: &[&str]) -> Ended {
        command(self.folder.path(), self.folder.path(), arguments)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A command of somebody, in a folder of their own.
    pub fn run(&self, person: &str, arguments: &[&str]) -> Ended {
        let home = self.folder.path().join("homes").join(person);
        fs::create_dir_all(&home).unwrap();
        command(&home, &home, arguments)
    }

    /// The same, which must go well.
    pub fn done(&self, person: &str, arguments: &[&str]) -> String {
        let ended = self.run(person, arguments);
        assert_eq!(ended.exit, 0, "{person} {arguments:?} {ended:?}");
        ended.out
    }

    /// The bytes of a file of somebody.
    pub fn file(&self, person: &str, name: &str) -> PathBuf {
        self.folder.path().join("homes").join(person).join(name)
    }
}

pub fn command(folder: &Path, home: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(GREFFE);
    command.args(arguments).current_dir(folder).env_clear().env("HOME", home).env("TZ", "UTC");
    command.stdin(Stdio::null()).output().unwrap().into()
}

fn secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The shipped configuration, with its files, on free ports, in `folder`.
pub fn arranged(folder: &Path) -> PathBuf {
    for name in ["lib/custody", "lib/second"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let issued = Issued::new();
    fs::write(folder.join("ca.pem"), issued.authority).unwrap();
    fs::write(folder.join("certificate.pem"), issued.certificate).unwrap();
    secret(&folder.join("key.pem"), &issued.key);
    let recovery = age::x25519::Identity::generate();
    secret(&folder.join("recovery.key"), recovery.to_string().expose_secret());
    let shipped = fs::read_to_string(root().join("config/greffe.toml")).unwrap();
    let recipients = format!("recovery_recipients = [\"{}\"]\n#", recovery.to_public());
    let text = shipped
        .replace("# recovery_recipients", &recipients)
        .replace("# recovery_file", "recovery_file")
        .replace("any_file_system = false", "any_file_system = true")
        .replace("[::]:8443", "127.0.0.1:0")
        .replace("127.0.0.1:8444", "127.0.0.1:0")
        .replace("/var/lib/greffe", "lib")
        .replace("/etc/greffe/", "");
    let path = folder.join("greffe.toml");
    fs::write(&path, text).unwrap();
    path
}

/// Deposits a file of the contributor's; its reference.
pub fn deposited(instance: &Instance, content: &[u8]) -> String {
    let person = "contributor-acieries";
    instance.run(person, &["ls"]);
    fs::write(instance.file(person, "d.pdf"), content).unwrap();
    let arguments = ["put", "d.pdf", "--workstream", "intelligence-artificielle"];
    let more = ["--kind", "diagnostic", "--receipt", "r", "--json"];
    let out = instance.done(person, &[&arguments[..], &more].concat());
    let deposited: serde_json::Value = serde_json::from_str(out.trim()).unwrap();
    deposited["reference"].as_str().unwrap().to_owned()
}

#[test]
fn a_document_goes_in_and_comes_out_only_for_whom_its_owner_permits() {
    let (instance, content) = (Instance::start(), vec![7; 300_000]);
    let (owner, pilot) = ("access-acieries", "pilot-ia");

    let document = deposited(&instance, &content);
    let get = ["get", &document, "-o", "d"];
    assert_eq!(instance.run("contributor-rhein", &get).exit, 4);
    assert_eq!(instance.run(pilot, &get).exit, 4);

    let with = ["--with", "workstream:intelligence-artificielle", "--until", "48h"];
    instance.done(owner, &[&["share", &document], &with[..]].concat());
    instance.done(pilot, &get);
    assert_eq!(fs::read(instance.file(pilot, "d")).unwrap(), content);
    assert_eq!(
        instance.done(pilot, &["get", &document, "--range", "0-3", "-o", "-"]),
        "\u{7}".repeat(4)
    );

    instance.done(owner, &["unshare", &document, "workstream:intelligence-artificielle"]);
    fs::remove_file(instance.file(pilot, "d")).unwrap();
    assert_eq!(instance.run(pilot, &get).exit, 4);
    assert!(!instance.file(pilot, "d").exists());

    let accesses = instance.done(owner, &["accesses", &document]);
    let refused = accesses.lines().filter(|line| line.contains("refused"));
    assert_eq!(refused.count(), 3, "{accesses}");
}

#[test]
fn what_was_done_is_proved_to_anybody_and_what_was_not_is_not() {
    let (instance, content) = (Instance::start(), b"one".to_vec());
    let person = "contributor-acieries";

    deposited(&instance, &content);
    let said = instance.done(person, &["receipt", "verify", "r", "--content", "d.pdf"]);
    assert!(said.contains("deposit"), "{said}");
    fs::write(instance.file(person, "d.pdf"), "two").unwrap();
    let other = instance.run(person, &["receipt", "verify", "r", "--content", "d.pdf"]);
    assert_eq!(other.exit, 8, "{other:?}");

    let policy = instance.file(person, ".config/greffe/default/policy");
    let receipt = instance.file(person, "r");
    let (policy, receipt) = (policy.to_str().unwrap(), receipt.to_str().unwrap());
    instance.done("auditor", &["receipt", "verify", receipt, "--policy", policy]);
    instance.done("auditor", &["audit", "verify", "--keep", "mirror"]);
    instance.done("auditor", &["audit", "gather", receipt]);

    let mut text = String::new();
    fs::File::open(receipt).unwrap().read_to_string(&mut text).unwrap();
    let changed = text.replacen("index ", "index 1", 1);
    fs::write(receipt, changed).unwrap();
    assert_eq!(instance.run("auditor", &["audit", "gather", receipt]).exit, 8);
}

#[test]
fn a_party_sees_its_documents_and_nobody_elses_are_listed() {
    let instance = Instance::start();

    let document = deposited(&instance, b"one");

    let own = instance.done("access-acieries", &["ls"]);
    assert!(own.starts_with(&document), "{own}");
    assert_eq!(instance.done("contributor-rhein", &["ls"]), "");
    let readers = instance.done("access-acieries", &["readers", &document]);
    assert!(readers.contains("contributor-acieries") && !readers.contains("rhein"), "{readers}");
}

#[test]
fn a_restriction_that_would_permit_is_refused_with_its_line() {
    let instance = Instance::start();
    let person = "access-acieries";
    instance.run(person, &["ls"]);
    fs::write(instance.file(person, "p"), "permit (principal, action, resource);\n").unwrap();

    let checked = instance.run(person, &["restrict", "check", "p"]);
    let set = instance.run(person, &["restrict", "set", "p"]);

    assert_eq!((checked.exit, set.exit), (1, 1), "{checked:?} {set:?}");
    assert!(checked.out.contains("line 1") && set.err.contains("forbid"), "{checked:?} {set:?}");
    assert_eq!(instance.done(person, &["restrict", "show"]).trim(), "");
}
