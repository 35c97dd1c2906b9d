//! `greffe check-config`, as an operator runs it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::tree::root;

/// Exit code, standard output and standard error.
fn check(file: &Path) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greffe"));
    let output = command.args(["check-config", "--lang", "en"]).arg(file).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// The shipped configuration, and its files, in `folder`.
fn arranged(folder: &Path) -> String {
    for name in ["lib/custody", "lib/second", "etc"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for name in ["certificate.pem", "key.pem"] {
        let path = folder.join("etc").join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let shipped = fs::read_to_string(root().join("config/greffe.toml")).unwrap();
    shipped.replace("/var/lib/greffe", "lib").replace("/etc/greffe", "etc")
}

#[test]
fn the_shipped_configuration_is_good_where_its_files_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greffe.toml");
    fs::write(&file, arranged(folder.path())).unwrap();

    let (exit, out, _) = check(&file);

    assert_eq!((exit, &out[..]), (0, ""));
}

#[test]
fn a_wrong_mode_is_said_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greffe.toml");
    fs::write(&file, arranged(folder.path())).unwrap();
    let key = folder.path().join("etc/key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();

    let (exit, out, _) = check(&file);

    assert_eq!(exit, 1);
    let lines: Vec<_> = out.lines().collect();
    let path = key.display();
    assert_eq!(lines, [format!("tls.key_file: {path} has mode 0640; chmod 0600 {path}")]);
}

#[test]
fn an_unknown_key_is_said_with_its_line_and_the_keys_that_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greffe.toml");
    fs::write(&file, arranged(folder.path()).replacen("idle_seconds", "idle_second", 1)).unwrap();

    let (exit, out, told) = check(&file);

    assert_eq!((exit, &out[..]), (1, ""));
    assert!(told.contains("unknown field `idle_second`, expected one of"), "{told}");
    assert!(told.contains("idle_seconds") && told.contains("line"), "{told}");
}

#[test]
fn checking_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greffe.toml");
    fs::write(&file, fs::read_to_string(root().join("config/greffe.toml")).unwrap()).unwrap();

    let (exit, out, _) = check(&file);

    assert_eq!(exit, 1);
    assert!(out.contains("tls.key_file: /etc/greffe/key.pem is not there"), "{out}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
