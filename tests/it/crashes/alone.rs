//! Tests that run in a process of their own: fail points are everybody's in it.

use std::{env, future::Future, process::Command};

/// Says that this process runs one test alone.
const ALONE: &str = "GREFFE_TEST_ALONE";

/// Runs `work` if this process is the one for `test`; else starts that process and demands that it succeeds.
pub fn alone<F: Future<Output = ()>>(test: &str, work: impl FnOnce() -> F) {
    if env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        return runtime.unwrap().block_on(work());
    }
    let mut own = Command::new(env::current_exe().unwrap());
    let ran = own.args(["--exact", "--nocapture", test]).env(ALONE, "yes").output().unwrap();

    let told = String::from_utf8_lossy(&ran.stdout);
    let why = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && told.contains("1 passed"), "{told}\n{why}");
    eprintln!("{why}");
}
