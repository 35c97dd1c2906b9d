//! A service that runs as a process of its own, and what it says meanwhile.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use super::walk::GREFFE;

/// Whatever is to be said is said by then.
const BY_THEN: Duration = Duration::from_secs(90);

/// The service; it ends with the test.
pub struct Running {
    server: Child,
    pub said: Said,
}

/// Lines that were said, which a test may wait for.
#[derive(Clone, Default)]
pub struct Said(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Said {
    fn say(&self, line: String) {
        self.0.0.lock().unwrap().push(line);
        self.0.1.notify_all();
    }

    /// Waits for a line that has all of these words.
    pub fn until(&self, words: &[&str]) -> String {
        let has = |line: &&String| words.iter().all(|word| line.contains(word));
        let lines = self.0.0.lock().unwrap();
        let unsaid = |lines: &mut Vec<String>| !lines.iter().any(|line| has(&line));
        let (lines, late) = self.0.1.wait_timeout_while(lines, BY_THEN, unsaid).unwrap();
        assert!(!late.timed_out(), "{words:?} is not said: {lines:#?}");
        lines.iter().find(has).unwrap().clone()
    }

    /// How many lines have all of these words so far.
    pub fn count(&self, words: &[&str]) -> usize {
        let lines = self.0.0.lock().unwrap();
        lines.iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }
}

impl Running {
    /// Starts the service, and reads where it listens.
    pub fn serve(folder: &Path) -> (Self, String) {
        Self::serve_by(Command::new(GREFFE), folder)
    }

    /// The same by a command of which the program's arguments are the last, and the process itself in the end.
    pub fn serve_by(mut command: Command, folder: &Path) -> (Self, String) {
        command.args(["serve", "--config", "greffe.toml"]).current_dir(folder).env_clear();
        let mut server = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
        let said = Said::default();
        let address = lines.find_map(|line| {
            let address = line.strip_prefix("serving on ").map(str::to_owned);
            said.say(line);
            address
        });
        let address = address.unwrap_or_else(|| panic!("it did not start: {:#?}", said.0.0));
        // Whoever does not read a pipe stops whoever writes to it.
        let heard = said.clone();
        std::thread::spawn(move || lines.for_each(|line| heard.say(line)));
        (Self { server, said }, address)
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.server);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let ended = self.server.wait().unwrap();
        assert!(ended.success(), "{ended:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
