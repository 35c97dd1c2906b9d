//! Garage itself, one node for each zone, on loopback; ended by id.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub const KEY: &str = "GK0123456789abcdef01234567";
pub const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const BUCKET: &str = "mission";

/// Where the program is, if a test is to use it.
pub fn program() -> Option<PathBuf> {
    std::env::var_os("GREFFE_TEST_GARAGE").map(PathBuf::from)
}

/// Nodes, each in a zone of its own; each keeps everything.
pub struct Cluster {
    folder: TempDir,
    nodes: Vec<Node>,
}

struct Node {
    zone: String,
    port: u16,
    file: PathBuf,
    process: Option<Child>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Node {
    fn new(folder: &Path, at: usize, of: usize) -> Self {
        let (zone, port, rpc, admin) = (format!("zone{at}"), free_port(), free_port(), free_port());
        let data = folder.join(&zone);
        fs::create_dir_all(&data).unwrap();
        let file = data.join("garage.toml");
        let secret = "ab".repeat(32);
        let text = format!(
            "metadata_dir = \"{0}/meta\"\ndata_dir = \"{0}/data\"\ndb_engine = \"sqlite\"\n\
             metadata_fsync = true\ndata_fsync = true\n\
             replication_factor = {of}\nrpc_bind_addr = \"127.0.0.1:{rpc}\"\n\
             rpc_public_addr = \"127.0.0.1:{rpc}\"\nrpc_secret = \"{secret}\"\n\n\
             [s3_api]\ns3_region = \"garage\"\napi_bind_addr = \"127.0.0.1:{port}\"\n\n\
             [admin]\napi_bind_addr = \"127.0.0.1:{admin}\"\n",
            data.display()
        );
        fs::write(&file, text).unwrap();
        Self { zone, port, file, process: None }
    }

    fn start(&mut self) {
        let mut command = Command::new(program().unwrap());
        command.arg("-c").arg(&self.file).arg("server").env("RUST_LOG", "garage=warn");
        let log = fs::File::create(self.file.with_file_name("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().unwrap());
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// What a command of the operator says, once it succeeds.
    fn told(&self, arguments: &[&str]) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let mut command = Command::new(program().unwrap());
            let done = command.arg("-c").arg(&self.file).args(arguments).output().unwrap();
            if done.status.success() {
                return String::from_utf8(done.stdout).unwrap();
            }
            assert!(Instant::now() < until, "{arguments:?} {done:?}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Cluster {
    /// So many zones, with a bucket and a key.
    pub fn start(zones: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut nodes: Vec<_> = (0..zones).map(|at| Node::new(folder.path(), at, zones)).collect();
        nodes.iter_mut().for_each(Node::start);
        let ids: Vec<_> = nodes.iter().map(|node| node.told(&["node", "id", "-q"])).collect();
        let first = &nodes[0];
        for id in &ids[1..] {
            first.told(&["node", "connect", id.trim()]);
        }
        for (node, id) in nodes.iter().zip(&ids) {
            let id = id.split('@').next().unwrap();
            first.told(&["layout", "assign", "-z", &node.zone, "-c", "10G", id]);
        }
        first.told(&["layout", "apply", "--version", "1"]);
        first.told(&["key", "import", "--yes", "-n", "greffe", KEY, SECRET]);
        first.told(&["bucket", "create", BUCKET]);
        let allow = ["bucket", "allow", "--read", "--write", "--owner", BUCKET, "--key", KEY];
        first.told(&allow);
        Self { folder, nodes }
    }

    /// The location, by the node of one zone, as a configuration says it; `files` holds its credentials.
    pub fn location(&self, at: usize, id: &str, operator: &str, files: &Path) -> String {
        let (credentials, roots) = (files.join("credentials"), files.join("roots.pem"));
        crate::storage::service::write(&credentials, &format!("{KEY}\n{SECRET}\n"));
        if !roots.exists() {
            fs::write(&roots, crate::storage::service::Shown::for_days(30).pem()).unwrap();
        }
        format!(
            "[[location]]\nid = \"{id}\"\nkind = \"s3\"\nendpoint = \"{}\"\nbucket = \"{BUCKET}\"\n\
             region = \"garage\"\npath_style = true\ncredentials_file = \"{}\"\nroot_file = \"{}\"\n\n\
             [location.declared]\nby = \"its operator\"\non = \"2026-11-24\"\ncountry = \"FR\"\n\
             operator = \"{operator}\"\nseat = \"FR\"\ncontrol_holder = \"its founders\"\n\
             control_country = \"FR\"\n\n",
            self.endpoint(at),
            credentials.display(),
            roots.display()
        )
    }

    pub fn endpoint(&self, at: usize) -> String {
        format!("http://127.0.0.1:{}", self.nodes[at].port)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn kill(&mut self, at: usize) {
        self.nodes[at].kill();
    }

    pub fn start_again(&mut self, at: usize) {
        self.nodes[at].start();
    }
}
