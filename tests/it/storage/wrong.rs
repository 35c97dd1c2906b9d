//! What goes wrong with a location, before the service runs and while it does: said to whom it concerns, with what to do.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
};

use crate::{
    command_line::walk::{GREFFE, arranged, command, deposited},
    storage::{
        service::{KEY, SECRET, Service, Shown, write},
        whole::{instance, on_bucket},
    },
    tree::root,
};

const DEPOSITOR: &str = "contributor-acieries";
const PUT: [&str; 9] = [
    "put",
    "d.pdf",
    "--workstream",
    "intelligence-artificielle",
    "--kind",
    "diagnostic",
    "--receipt",
    "r2",
    "--json",
];

/// The same may succeed later.
const LATER: i32 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_expire_are_said_and_put_right_while_the_service_runs() {
    let (bucket, files) = (Service::over_tls().await, tempfile::tempdir().unwrap());
    let instance = instance(&bucket, files.path());
    tokio::task::block_in_place(|| {
        let document = deposited(&instance, b"before");
        let objects = || bucket.objects().iter().filter(|name| !name.starts_with("anchor")).count();
        let before = objects();

        write(&files.path().join("credentials"), "AKIDEXPIRED\nexpired\n");
        let refused = instance.run(DEPOSITOR, &PUT);
        let unread = instance.run(DEPOSITOR, &["get", &document, "-o", "d"]);

        assert_eq!((refused.exit, unread.exit), (LATER, LATER), "{refused:?} {unread:?}");
        for said in [&refused.err, &unread.err] {
            assert!(!said.contains("credential") && !said.contains("folder"), "{said}");
        }
        assert!(!instance.file(DEPOSITOR, "d").exists());
        assert_eq!(objects(), before);
        let said = instance.said().until(&["location folder", "does not accept our credentials"]);
        assert!(said.contains("credentials_file") && !said.contains("expired\\n"), "{said}");

        write(&files.path().join("credentials"), &format!("{KEY}\n{SECRET}\n"));
        let again = (0..100).map(|_| instance.run(DEPOSITOR, &PUT)).find(|ended| ended.exit == 0);
        assert!(again.is_some(), "{:?}", instance.run(DEPOSITOR, &PUT));
        instance.done(DEPOSITOR, &["get", &document, "-o", "d"]);
        assert_eq!(fs::read(instance.file(DEPOSITOR, "d")).unwrap(), b"before");
        instance.said().until(&["credentials", "read anew"]);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_is_not_taken_away_while_copies_rest_there() {
    let (bucket, files) = (Service::over_tls().await, tempfile::tempdir().unwrap());
    let mut instance = instance(&bucket, files.path());
    tokio::task::block_in_place(|| {
        let document = deposited(&instance, b"resting");
        instance.stop();
        let path = instance.folder().join("greffe.toml");
        let configured = fs::read_to_string(&path).unwrap();
        fs::write(&path, configured.replace("id = \"folder\"", "id = \"elsewhere\"")).unwrap();
        let before = bucket.objects();

        let refused = instance.operate(&["serve", "--config", "greffe.toml"]);

        assert_eq!(refused.exit, 1, "{refused:?}");
        let says = ["rest at folder (1 in all)", "put it back"];
        assert!(says.iter().all(|says| refused.err.contains(says)), "{refused:?}");
        assert!(!refused.err.contains("serving on"), "{refused:?}");
        assert_eq!(bucket.objects(), before);

        fs::write(&path, configured).unwrap();
        instance.serve();
        instance.done(DEPOSITOR, &["get", &document, "-o", "d"]);
    });
}

/// Makes an instance in `folder` on the bucket; what was said, and what stands in the folder after it.
fn init(folder: &Path, location: &str) -> (i32, String) {
    let path = folder.join("greffe.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, on_bucket(&text, location)).unwrap();
    let mission = root().join("config/mission.toml");
    let arguments = ["init", "--config", "greffe.toml", "--mission", mission.to_str().unwrap()];
    let ended = command(folder, folder, &arguments);
    (ended.exit, ended.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_instance_is_made_on_a_bucket_that_is_missing_or_does_not_know_us() {
    type Spoil = fn(&Service, &Path);
    let cases: [(Spoil, &str); 4] = [
        (|bucket, _| bucket.remove_bucket(), "location folder has no bucket mission"),
        (
            |_, files| write(&files.join("credentials"), "AKIDOTHER\nother\n"),
            "does not accept our credentials",
        ),
        (
            |_, files| write(&files.join("roots.pem"), &Shown::for_days(9).pem()),
            "shows a certificate that is not accepted",
        ),
        (|_, files| write(&files.join("credentials"), "no secret"), "a line each"),
    ];
    for (spoil, says) in cases {
        let bucket = Service::over_tls().await;
        let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        arranged(folder.path());
        let location = bucket.location(files.path());
        spoil(&bucket, files.path());

        let (exit, said) = tokio::task::block_in_place(|| init(folder.path(), &location));

        assert_eq!(exit, 1, "{said}");
        assert!(said.contains(says), "{says:?} is not said: {said}");
        for made in ["custody/custody", "keys.sqlite", "greffe.sqlite", "custody/signer"] {
            assert!(!folder.path().join("lib").join(made).exists(), "{says}: {made} was made");
        }
    }
}

/// An address where nobody listens just now.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn figures(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_end_soon_are_warned_of_once_and_shown_among_the_figures() {
    let (files, address) = (tempfile::tempdir().unwrap(), free());
    let (soon, later) = (Service::showing(Shown::for_days(12)).await, Service::over_tls().await);
    for (bucket, warnings) in [(&soon, 1), (&later, 0)] {
        let location = bucket.location(files.path());
        tokio::task::block_in_place(|| {
            let instance = crate::command_line::walk::Instance::configured(|text| {
                let listen = format!("operator_listen = \"{address}\"");
                let text = text.replace("operator_listen = \"127.0.0.1:0\"", &listen);
                on_bucket(&text, &location)
            });
            deposited(&instance, b"one");

            let figures = figures(&address);

            let ends = "greffe_location_certificate_end_timestamp_seconds{location=\"folder\"} ";
            let ends = figures.lines().find_map(|line| line.strip_prefix(ends)).expect(&figures);
            let now = jiff::Timestamp::now().as_second() as f64;
            let days = (ends.parse::<f64>().unwrap() - now) / 86400.0;
            assert_eq!((11.0..=12.0).contains(&days), warnings == 1, "{days}");
            let said = instance.said().count(&["folder", "end soon"]);
            assert_eq!(said, warnings, "{GREFFE}");
        });
    }
}
