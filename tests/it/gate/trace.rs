//! The order of system calls, as `strace` sees it: the intent is on the disk before the first byte of its answer.
//!
//! It fails, and says so, where `strace` is not there or may not trace.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child as Process, Command, Stdio},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    api::service,
    crashes::{client::OWNER, instance::Instance, known::Document},
};

const CALLS: &str = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg";
/// Readings whose order is judged: what happens beside them by chance does not happen twenty times.
const READINGS: usize = 20;

/// What a system call did, of what matters here, by the instants of its beginning and its end.
#[derive(Debug, PartialEq)]
enum Did {
    /// Wrote to the database's log.
    Wrote,
    /// Had the database's log on the disk.
    Synced,
    /// Sent something to whoever is at this port.
    Sent(u16),
}

/// One call: when it began, when it ended, what it did.
#[derive(Debug)]
struct Call {
    began: f64,
    ended: f64,
    did: Did,
}

/// The calls of a trace that matter here and did not fail.
fn calls(trace: &str) -> Vec<Call> {
    let (mut pending, mut calls) = (HashMap::new(), Vec::new());
    for line in trace.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((at, call)) = rest.trim_start().split_once(' ') else { continue };
        let Ok(at) = at.parse::<f64>() else { continue };
        let begun = match call.starts_with("<... ") {
            true => pending.remove(process),
            false => did(call).map(|did| (at, did)),
        };
        let Some((began, did)) = begun else { continue };
        if call.ends_with("<unfinished ...>") {
            pending.insert(process, (began, did));
        } else if !call.contains("= -1") {
            calls.push(Call { began, ended: at, did });
        }
    }
    calls
}

fn did(call: &str) -> Option<Did> {
    let (name, rest) = call.split_once('(')?;
    let (_, file) = rest.split_once('<')?;
    let (file, _) = file.split_once(['>', ','])?;
    let log = file.ends_with("greffe.sqlite-wal");
    match name {
        "fsync" | "fdatasync" if log => Some(Did::Synced),
        "pwrite64" | "pwritev" | "write" | "writev" if log => Some(Did::Wrote),
        "write" | "writev" | "sendto" | "sendmsg" if file.starts_with("TCP") => {
            // `TCP:[127.0.0.1:8443->127.0.0.1:50000`, as `-yy` writes it.
            let (_, port) = rest.split_once("->")?.1.split_once(':')?;
            Some(Did::Sent(port.split(']').next()?.parse().ok()?))
        }
        _ => None,
    }
}

/// Whether, between `asked` and the first byte sent to `port`, the log was written and then had on the disk.
fn is_durable_first(calls: &[Call], asked: f64, port: u16) -> Result<(), String> {
    let after = || calls.iter().filter(|call| call.began >= asked);
    let sent = after().filter(|call| call.did == Did::Sent(port)).map(|call| call.began);
    let sent = sent.min_by(f64::total_cmp).ok_or("nothing was sent")?;
    let synced = |wrote: &Call| {
        after()
            .any(|call| call.did == Did::Synced && call.began >= wrote.ended && call.ended <= sent)
    };
    match after().any(|call| call.did == Did::Wrote && synced(call)) {
        true => Ok(()),
        false => Err(format!("asked at {asked}, sent at {sent}, and not durable between")),
    }
}

/// The service under `strace`; dropped, it is killed.
struct Traced {
    strace: Process,
    address: std::net::SocketAddr,
}

impl Drop for Traced {
    fn drop(&mut self) {
        // The tracer's end would let the service live on.
        if let Some(service) = child_of(self.strace.id()) {
            let _ended = kill_process(service, Signal::KILL);
        }
        let _reaped = self.strace.wait();
    }
}

fn child_of(process: u32) -> Option<Pid> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    Pid::from_raw(children.split_whitespace().next()?.parse().ok()?)
}

impl Traced {
    async fn start(folder: &Path, trace: &Path) -> Self {
        let greffe = env!("CARGO_BIN_EXE_greffe");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-ttt", "-yy", "-s", "0", "-e", CALLS, "-e", "signal=none", "-o"]);
        strace.arg(trace).args([greffe, "serve", "--config", "greffe.toml"]);
        strace.current_dir(folder).env("LANG", "en_GB.UTF-8").env("HOME", folder);
        let spawned = strace.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut strace = spawned
            .unwrap_or_else(|error| panic!("strace is needed (apt install strace): {error}"));
        let stderr = tokio::process::ChildStderr::from_std(strace.stderr.take().unwrap()).unwrap();
        let (mut lines, mut said) = (BufReader::new(stderr).lines(), Vec::new());
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, address)) = line.split_once("serving on https://") {
                let address = address.parse().unwrap();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self { strace, address };
            }
            said.push(line);
        }
        let _ended = strace.wait();
        panic!("it does not serve under strace, or strace may not trace here: {}", said.join("\n"));
    }

    /// Ends in good order, so that the trace is whole.
    fn ended(mut self) {
        kill_process(child_of(self.strace.id()).unwrap(), Signal::TERM).unwrap();
        let status = self.strace.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Asks for the content on a connection of its own; when, and from which port.
async fn read(traced: &Traced, authority: &str, request: &str, content: &[u8]) -> (f64, u16) {
    let stream = TcpStream::connect(traced.address).await.unwrap();
    let port = stream.local_addr().unwrap().port();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(service::trust(authority)));
    let mut stream = connector.connect("127.0.0.1".try_into().unwrap(), stream).await.unwrap();
    // An answer that records nothing: whatever the handshake had left to send has been sent when it is here.
    stream.write_all(b"GET /log/vkey HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 16 * 1024];
    assert_ne!(stream.read(&mut answer).await.unwrap(), 0);

    let asked = now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _closed = stream.read_to_end(&mut answer).await;
    assert!(
        answer.ends_with(content),
        "{}",
        String::from_utf8_lossy(&answer[..answer.len().min(300)])
    );
    (asked, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_intent_is_on_the_disk_before_the_first_byte_is_sent() {
    let instance = Instance::create().await;
    let served = instance.serve().await;
    let content = vec![7; 200_000];
    let mut document = Document::create(&served.client, content.clone()).await.unwrap();
    document.deposit(&served.client).await;
    served.ended().await;
    let authority = fs::read_to_string(instance.folder().join("authority.pem")).unwrap();
    let trace = instance.folder().join("trace");
    let path = document.path("/content");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        instance.token(OWNER)
    );

    let traced = Traced::start(instance.folder(), &trace).await;
    let mut readings = Vec::new();
    for _ in 0..READINGS {
        readings.push(read(&traced, &authority, &request, &content).await);
    }
    traced.ended();

    let calls = calls(&fs::read_to_string(&trace).unwrap());
    assert!(
        calls.iter().any(|call| call.did == Did::Synced),
        "no flush was seen: can it be traced?"
    );
    for (asked, port) in readings {
        assert_eq!(is_durable_first(&calls, asked, port), Ok(()));
    }
}

#[test]
fn an_answer_that_comes_before_the_flush_is_found_in_a_trace() {
    let write = "7 1.1 pwrite64(9</g/greffe.sqlite-wal>, \"\"..., 4096, 0) = 4096\n";
    let flush = "7 1.2 fdatasync(9</g/greffe.sqlite-wal> <unfinished ...>\n";
    let flushed = "7 1.4 <... fdatasync resumed>) = 0\n";
    let failed = "7 1.4 <... fdatasync resumed>) = -1 EIO (Input/output error)\n";
    let sent =
        "8 1.5 sendto(4<TCP:[127.0.0.1:8443->127.0.0.1:5000]>, \"\"..., 9, 0, NULL, 0) = 9\n";
    let early = sent.replace("1.5", "1.3");
    let elsewhere = early.replace("5000]", "6000]");
    let late = write.replace("1.1", "1.3");
    let judge = |trace: String| is_durable_first(&calls(&trace), 1.0, 5000).is_ok();

    assert!(judge([write, flush, &elsewhere, flushed, sent].concat()));
    assert!(!judge([write, flush, &early, flushed].concat()));
    assert!(!judge([write, flush, failed, sent].concat()));
    assert!(!judge([write, sent].concat()));
    assert!(!judge([flush, &late, flushed, sent].concat()));
    assert!(!judge([write, flush, flushed].concat()));
}
