//! Whom the service contacts, as the system sees it: the places of storage that are declared, and nobody else.
//!
//! It fails, and says so, where `strace` is not there or may not trace.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::{
    command_line::walk::{GREFFE, deposited},
    storage::{service::Service, whole::instance},
};

const OWNER: &str = "access-acieries";

/// The service under `strace`, which stands aside: the process that is started is the service itself.
fn traced(trace: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=none"]);
    strace.arg("-o").arg(trace).arg(GREFFE);
    strace
}

/// Addresses and ports that calls of a trace name; sockets of this machine's own file system are no network.
fn contacted(trace: &str) -> BTreeSet<String> {
    let address = |line: &str| {
        let (_, port) = line.split_once("port=htons(")?;
        let port = port.split(')').next()?;
        let quoted = |name: &str| Some(line.split_once(name)?.1.split('"').nth(1)?.to_owned());
        let address = quoted("sin_addr=inet_addr(").or_else(|| quoted("inet_pton(AF_INET6, "))?;
        Some(format!("{address} {port}"))
    };
    trace.lines().filter(|line| line.contains("sa_family=AF_INET")).filter_map(address).collect()
}

#[test]
fn a_trace_is_read_as_it_is_written() {
    let trace = "12 connect(9, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr(\"192.0.2.1\")}, 16) = 0\n\
        12 connect(9, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), \
        inet_pton(AF_INET6, \"2001:db8::1\", &sin6_addr), sin6_scope_id=0}, 28) = 0\n\
        12 sendto(9, \"\"..., 3, MSG_NOSIGNAL, NULL, 0) = 3\n\
        12 connect(9, {sa_family=AF_UNIX, sun_path=\"/run/a\"}, 110) = 0\n";

    let found: Vec<_> = contacted(trace).into_iter().collect();

    assert_eq!(found, ["192.0.2.1 443", "2001:db8::1 53"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_contacts_its_places_of_storage_and_nobody_else() {
    let (bucket, files) = (Service::over_tls().await, tempfile::tempdir().unwrap());
    let mut instance = instance(&bucket, files.path());
    let trace = files.path().join("trace");

    tokio::task::block_in_place(|| {
        instance.stop();
        instance.serve_by(traced(&trace));
        let document = deposited(&instance, b"a small one");
        instance.done(OWNER, &["get", &document, "-o", "d", "--force"]);
        instance.done(OWNER, &["shred", &document, "--reason", "asked for", "--force"]);
        instance.stop();
    });

    let contacted = contacted(&fs::read_to_string(&trace).unwrap());
    assert!(!contacted.is_empty(), "the place of storage is contacted");
    let port = format!(" {}", bucket.port());
    let others: Vec<_> = contacted.iter().filter(|address| !address.ends_with(&port)).collect();
    assert!(others.is_empty(), "{contacted:?}");
}
