//! The product itself on a bucket over TLS: every command that touches what rests, as an operator and people run them.

use std::{fs, path::Path, process::Command};

use crate::{
    command_line::walk::{Instance, deposited},
    storage::service::Service,
};

const OWNER: &str = "access-acieries";
const DEPOSITOR: &str = "contributor-acieries";

/// More than two parts of an upload.
const LARGE: usize = 20 * 1024 * 1024 + 11;

/// The shipped configuration on a bucket in place of a folder; its files stand beside it.
pub fn on_bucket(text: &str, location: &str) -> String {
    let (before, after) = text.split_once("[[location]]").unwrap();
    let (_, declared) = after.split_once("[location.declared]").unwrap();
    format!("{before}[[location]]\n{location}\n[location.declared]{declared}")
}

/// An instance on this bucket, of which `files` holds credentials and roots.
pub fn instance(bucket: &Service, files: &Path) -> Instance {
    let location = bucket.location(files);
    tokio::task::block_in_place(|| Instance::configured(|text| on_bucket(&text, &location)))
}

fn objects(bucket: &Service, folder: &str) -> usize {
    bucket.objects().iter().filter(|name| name.starts_with(folder)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_on_a_bucket_does_everything_that_one_on_a_folder_does() {
    let (bucket, files) = (Service::over_tls().await, tempfile::tempdir().unwrap());
    let mut instance = instance(&bucket, files.path());

    tokio::task::block_in_place(|| {
        named(&instance);
        let large: Vec<u8> = (0..LARGE).map(|n| (n % 251) as u8).collect();
        let small = deposited(&instance, b"a small one");
        fs::remove_file(instance.file(DEPOSITOR, "r")).unwrap();
        let document = deposited(&instance, &large);
        assert!(bucket.asked("PUT", "partNumber=") >= 3, "it went in parts");
        read_back(&instance, &document, &large);
        assert_eq!((objects(&bucket, "object/"), objects(&bucket, "record/")), (2, 2));

        instance.done(OWNER, &["shred", &small, "--reason", "asked for", "--force"]);
        assert_eq!((objects(&bucket, "object/"), objects(&bucket, "record/")), (1, 1));
        assert_eq!(bucket.uploads(), [""; 0]);

        instance.stop();
        checked(&instance);
        instance.serve();
        read_back(&instance, &document, &large);
        instance.done(DEPOSITOR, &["receipt", "verify", "r", "--content", "d.pdf"]);
        assert!(objects(&bucket, "anchor/") > 1, "{:?}", bucket.objects());
    });
}

/// Whole, a range, and an export that opens without the service.
fn read_back(instance: &Instance, document: &str, content: &[u8]) {
    instance.done(OWNER, &["get", document, "-o", "d", "--force"]);
    assert!(fs::read(instance.file(OWNER, "d")).unwrap() == content);
    let get = ["get", document, "--range", "65530-65545", "-o", "range", "--force"];
    instance.done(OWNER, &get);
    assert_eq!(fs::read(instance.file(OWNER, "range")).unwrap(), content[65530..65546]);
    let sealed = ["export", document, "--to", "ours", "-o", "d.age", "--force"];
    instance.done(OWNER, &sealed);
    let key = instance.folder().join("recovery.key");
    let unseal = ["unseal", "d.age", "-i", key.to_str().unwrap(), "-o", "unsealed", "--force"];
    instance.done(OWNER, &unseal);
    assert!(fs::read(instance.file(OWNER, "unsealed")).unwrap() == content);
}

/// Names the holder of the recovery key as one to whom the owner's documents are exported.
fn named(instance: &Instance) {
    let key = fs::read_to_string(instance.folder().join("recovery.key")).unwrap();
    let key: age::x25519::Identity = key.trim().parse().unwrap();
    let recipient = key.to_public().to_string();
    instance.done(OWNER, &["recipients", "add", "ours", &recipient]);
}

/// The configuration, and a copy of the stopped instance with what rests in the bucket.
fn checked(instance: &Instance) {
    let good = instance.operate(&["check-config", "greffe.toml"]);
    assert_eq!(good.exit, 0, "{good:?}");
    let copy = instance.folder().join("copy");
    let mut copying = Command::new("cp");
    copying.args(["-r", "lib", copy.to_str().unwrap()]).current_dir(instance.folder());
    assert!(copying.status().unwrap().success());
    let sound = instance.operate(&["check", "--data", "copy", "--config", "greffe.toml", "--json"]);
    assert_eq!(sound.exit, 0, "{sound:?}");
}
