//! A place of storage is added to an instance that is there already.

use std::fs;

use serde_json::Value;

use super::walk::{Instance, deposited};

const OWNER: &str = "access-acieries";

#[test]
fn a_folder_that_is_added_is_made_once_and_takes_copies_from_the_next_start_on() {
    let mut instance = Instance::start();
    let before = deposited(&instance, b"with one copy");
    instance.stop();
    let path = instance.folder().join("greffe.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (first, declared) = text.split_once("[location.declared]").unwrap();
    let (declared, rest) = declared.split_once("[copies]\nkept = 1").unwrap();
    let second = "[[location]]\nid = \"second\"\nkind = \"folder\"\npath = \"second-store\"\n\n";
    let own = "[location.declared]".to_owned() + declared;
    fs::write(&path, format!("{first}{own}{second}{own}[copies]\nkept = 2{rest}")).unwrap();
    let add = |id| instance.operate(&["init", "--location", id, "--config", "greffe.toml"]);

    let nowhere = add("third");
    let added = add("second");
    let again = add("second");
    let taken = instance.operate(&["init", "--location", "folder", "--config", "greffe.toml"]);

    assert!(nowhere.exit == 1 && nowhere.err.contains("third"), "{nowhere:?}");
    assert_eq!(added.exit, 0, "{added:?}");
    for refused in [again, taken] {
        assert!(refused.exit == 1 && refused.err.contains("something is in it"), "{refused:?}");
    }
    instance.serve();
    fs::remove_file(instance.file("contributor-acieries", "r")).unwrap();
    let after = deposited(&instance, b"with two copies");
    for (document, copies) in [(&before, 1), (&after, 2)] {
        let versions = instance.done(OWNER, &["versions", document, "--json"]);
        let version: Value = serde_json::from_str(&versions).unwrap();
        assert_eq!(version["copies"].as_array().unwrap().len(), copies, "{version}");
    }
}
