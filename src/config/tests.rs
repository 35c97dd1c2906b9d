//! Tests of the configuration: the shipped example, and what is wrong with others.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::*;
use crate::storage::s3::{Style, Trailers};

const SHIPPED: &str = include_str!("../../config/greffe.toml");

#[test]
fn the_shipped_configuration_says_the_defaults_that_hold() {
    let config = Config::parse(SHIPPED, Path::new("/etc/greffe")).unwrap();

    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.retention, Retention::default());
    assert_ne!(config.digest, [0; 32]);
}

#[test]
fn the_shipped_configuration_names_every_key() {
    for (file, code) in [
        ("mod.rs", include_str!("mod.rs")),
        ("limits.rs", include_str!("limits.rs")),
        ("location.rs", include_str!("location.rs")),
    ] {
        let declarations = code.lines().map(str::trim);
        let fields = declarations.filter_map(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            let (name, rest) = line.strip_suffix(',')?.split_once(": ")?;
            let is_name =
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'1' || b == b'2');
            (is_name && !rest.contains('(') && rest.starts_with(|c: char| c.is_alphabetic()))
                .then_some(name)
        });
        for name in fields.filter(|name| !["digest", "medium", "source"].contains(name)) {
            let forms = [format!("{name} ="), format!("[{name}]"), format!(".{name}]")];
            let named = forms.iter().any(|form| SHIPPED.contains(form));
            assert!(named || SHIPPED.contains(&format!("[[{name}]]")), "{file}: {name}");
        }
    }
}

#[test]
fn an_unknown_key_is_an_error_that_names_it_and_its_line() {
    for (from, to, said) in [
        ("listen =", "lisen =", "unknown field `lisen`"),
        ("header_timeout_seconds", "header_timeout", "unknown field `header_timeout`"),
        ("\nkey_file", "\nkeyfile", "unknown field `keyfile`"),
        ("kind = \"folder\"", "kind = \"folder\"\nbukcet = \"b\"", "unknown field `bukcet`"),
        ("kind = \"folder\"", "kind = \"folder\"\nbucket = \"b\"", "a folder has a `path`"),
        ("kind = \"folder\"", "kind = \"s3\"", "an S3 store has no `path`"),
        ("path = \"/var", "# path = \"/var", "location folder: `path` is missing"),
    ] {
        assert!(SHIPPED.contains(from), "{from}");
        let text = SHIPPED.replacen(from, to, 1);

        let error = Config::parse(&text, Path::new("/")).unwrap_err().to_string();

        assert!(error.contains(said) && error.contains("at line"), "{error}");
    }
}

#[test]
fn relative_paths_are_from_the_configurations_own_folder() {
    let text = SHIPPED.replace("/var/lib/greffe/custody/", "custody/");

    let config = Config::parse(&text, Path::new("/srv")).unwrap();

    assert_eq!(config.custody.file, Path::new("/srv/custody/custody"));
    assert_eq!(config.database.sqlite_path(), Some(Path::new("/var/lib/greffe/greffe.sqlite")));
}

/// The shipped configuration in a folder where all is well.
fn arranged(folder: &Path) -> String {
    for name in ["lib/custody", "lib/second", "etc"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for name in ["etc/certificate.pem", "etc/key.pem"] {
        fs::write(folder.join(name), "").unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    SHIPPED
        .replace("/var/lib/greffe", &folder.join("lib").display().to_string())
        .replace("/etc/greffe", &folder.join("etc").display().to_string())
}

fn flaws(text: &str, folder: &Path) -> Vec<String> {
    let config = Config::parse(text, folder).unwrap();
    config.flaws().iter().map(Flaw::to_string).collect()
}

#[test]
fn nothing_is_wrong_with_the_shipped_configuration_where_its_files_are() {
    let folder = tempfile::tempdir().unwrap();
    let text = arranged(folder.path());

    assert_eq!(flaws(&text, folder.path()), Vec::<String>::new());
}

#[test]
fn a_key_file_that_others_may_read_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let text = arranged(folder.path());
    let key = folder.path().join("etc/key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();

    let found = flaws(&text, folder.path());

    let path = key.display();
    assert_eq!(found, [format!("tls.key_file: {path} has mode 0644; chmod 0600 {path}")]);
}

#[test]
fn values_that_cannot_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = arranged(folder.path());
    for (from, to, key) in [
        ("origin = \"", "origin = \"https://", "origin:"),
        ("\"127.0.0.1:8444\"", "\"0.0.0.0:8444\"", "operator_listen:"),
        ("\"sqlite:", "\"postgres://db/greffe?sslmode=require&x=", "database.address:"),
        (
            "\"sqlite:",
            "\"postgres://a:b@%2Frun/x?y=",
            "database.address: must be without a password",
        ),
        ("connections = 2000", "connections = 0", "limits.connections:"),
        ("\nkept = 1", "\nkept = 2", "copies.kept: must be 1 to the number of locations"),
        ("within_days = 30", "within_days = 0", "copies.scrubbed_within_days: must be 1 to 3650"),
        ("id = \"folder\"", "id = \"Folder 1\"", "location.Folder 1.id:"),
    ] {
        assert!(good.contains(from), "{from}");

        let found = flaws(&good.replacen(from, to, 1), folder.path());

        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(key), "{found:?}");
    }
}

/// The shipped example's bucket, with only the keys that have no default.
const BUCKET: &str = r#"
[[location]]
id = "paris"
kind = "s3"
catalogue = { operator = "Scaleway", region = "fr-par" }
bucket = "greffe-mission"
credentials_file = "paris"
root_file = "paris.pem"
"#;

fn bucket(text: &str) -> Bucket {
    let text = SHIPPED.replacen("\n[limits]", &format!("{text}\n[limits]"), 1);
    let config = Config::parse(&text, Path::new("/etc/greffe")).unwrap();
    let Medium::S3(bucket) = config.location[1].medium.clone() else { panic!("no bucket") };
    bucket
}

#[test]
fn what_is_not_written_of_a_bucket_is_taken_from_the_catalogue() {
    let taken = bucket(BUCKET);
    let written = bucket(&format!(
        "{BUCKET}endpoint = \"https://s3.example.eu\"\nregion = \"here\"\npath_style = true\n\
         checksum_trailers = true\n"
    ));
    let outscale = BUCKET.replace("Scaleway", "OUTSCALE").replace("fr-par", "eu-west-2");

    assert_eq!(taken.endpoint, "https://s3.fr-par.scw.cloud");
    assert_eq!((&taken.region[..], taken.style), ("fr-par", Style::Virtual));
    assert_eq!(taken.trailers, Trailers::Never);
    assert_eq!(bucket(&outscale).style, Style::Path);
    assert_eq!((&written.endpoint[..], &written.region[..]), ("https://s3.example.eu", "here"));
    assert_eq!((written.style, written.trailers), (Style::Path, Trailers::Always));
}

#[test]
fn an_offer_of_which_nobody_said_the_region_needs_one() {
    let cellar = BUCKET.replace("Scaleway", "Clever Cloud").replace("fr-par", "par (Cellar)");
    let text = SHIPPED.replacen("\n[limits]", &format!("{cellar}\n[limits]"), 1);

    let error = Config::parse(&text, Path::new("/")).unwrap_err().to_string();

    assert!(error.contains("location paris: `region` is missing"), "{error}");
}

#[test]
fn an_entry_of_the_catalogue_that_is_too_old_is_said_before_and_after() {
    let text = SHIPPED.replacen("\n[limits]", &format!("{BUCKET}\n[limits]"), 1);
    let config = Config::parse(&text, Path::new("/")).unwrap();
    let said = |today: &str| {
        let flaws = config.flaws_of_catalogue(today.parse().unwrap());
        flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };

    assert_eq!(said("2026-11-28"), "");
    assert!(said("2027-11-20").contains("location.paris.catalogue: the shipped catalogue is of"));
    assert!(said("2027-11-20").contains("counts for 5 days more"));
    assert!(
        said("2028-01-01").contains("counts no more") && said("2028-01-01").contains("declared")
    );
}

#[test]
fn the_files_of_a_bucket_are_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = BUCKET.replace("file = \"", "file = \"etc/");
    let text = arranged(folder.path()).replacen("\n[limits]", &format!("{bucket}\n[limits]"), 1);
    let write = |name: &str, text: &str, mode| {
        let path = folder.path().join("etc").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let root = rcgen::CertificateParams::new(["a".to_owned()]).unwrap().self_signed(&key).unwrap();

    let missing = flaws(&text, folder.path()).join("\n");
    write("paris", "only an id\n", 0o600);
    write("paris.pem", "no PEM", 0o644);
    let unusable = flaws(&text, folder.path()).join("\n");
    write("paris", "an id\na secret\n", 0o640);
    let open = flaws(&text, folder.path()).join("\n");
    write("paris", "an id\na secret\n", 0o600);
    write("paris.pem", &root.pem(), 0o644);

    assert!(missing.contains("location.paris.root_file") && missing.contains("is not there"));
    assert!(unusable.contains("a line each") && unusable.contains("it is no PEM"), "{unusable}");
    assert!(open.contains("location.paris.credentials_file") && open.contains("chmod 0600"));
    assert_eq!(flaws(&text, folder.path()), Vec::<String>::new());
}
