//! `greffe serve` as a process of its own, that can be killed.

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child as Process, Command},
};

/// A running service; dropped, it is killed.
pub struct Child {
    process: Process,
    pub address: SocketAddr,
    said: Arc<Mutex<Vec<String>>>,
}

impl Child {
    /// Starts it, and waits until it says where it serves.
    pub async fn spawn(folder: &Path) -> Self {
        Self::try_spawn(folder).await.unwrap_or_else(|said| panic!("it does not serve: {said}"))
    }

    /// Starts it so that a file that may not grow is an error to it, as a full disk is, and no signal.
    pub async fn spawn_limited(folder: &Path) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_greffe")]);
        let served = Self::serve(&mut shell, folder).await;
        served.unwrap_or_else(|said| panic!("it does not serve: {said}"))
    }

    /// Starts it; if it ends instead of serving, what it said.
    pub async fn try_spawn(folder: &Path) -> Result<Self, String> {
        Self::serve(&mut Command::new(env!("CARGO_BIN_EXE_greffe")), folder).await
    }

    async fn serve(program: &mut Command, folder: &Path) -> Result<Self, String> {
        let mut process = program
            .args(["serve", "--config", "greffe.toml"])
            .current_dir(folder)
            .env_clear()
            .env("HOME", folder)
            .env("LANG", "en_GB.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        while let Some(line) = lines.next_line().await.unwrap() {
            let address = line.split_once("serving on https://").map(|(_, at)| at.parse().unwrap());
            said.lock().unwrap().push(line);
            if let Some(address) = address {
                let heard = Arc::clone(&said);
                tokio::spawn(async move {
                    while let Ok(Some(line)) = lines.next_line().await {
                        heard.lock().unwrap().push(line);
                    }
                });
                return Ok(Self { process, address, said });
            }
        }
        process.wait().await.unwrap();
        let said = said.lock().unwrap();
        Err(said.join("\n"))
    }

    /// Ends it as a power cut would.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// With what it ends by itself.
    pub async fn exit(&mut self) -> Option<i32> {
        self.process.wait().await.unwrap().code()
    }

    pub fn id(&self) -> u32 {
        self.process.id().unwrap()
    }

    /// What it wrote to standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }
}
