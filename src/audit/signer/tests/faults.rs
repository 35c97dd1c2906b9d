//! Failures at each step; in a process of its own, since fail points are everybody's.

use std::{env, process::Command};

use fail::{FailScenario, cfg};

use super::{NOBODY, ask, at, key, other, signed, size_of, tree};
use crate::audit::signer::{Error, Request, Signer};

/// True in the process that is to run `test`; elsewhere starts that process and demands that it succeeds.
fn alone(test: &str) -> bool {
    if env::var_os("GREFFE_TEST_ALONE").is_some() {
        return true;
    }
    let path = format!("audit::signer::tests::faults::{test}");
    let mut child = Command::new(env::current_exe().unwrap());
    let run = child.args(["--exact", &path]).env("GREFFE_TEST_ALONE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    false
}

#[test]
fn a_fault_at_any_step_signs_nothing_else_and_the_same_can_be_asked_again() {
    if !alone("a_fault_at_any_step_signs_nothing_else_and_the_same_can_be_asked_again") {
        return;
    }
    let _scenario = FailScenario::setup();
    let steps = ["create", "write", "sync", "rename", "sync_folder", "kept"];
    for (number, step) in steps.into_iter().enumerate() {
        let (_folder, path, mut signer) = at(5);
        cfg("audit::signer", &format!("return({step})")).unwrap();

        let answer = ask(&mut signer, 5, 9);

        assert!(matches!(answer, Err(Error::File { .. })), "{step}");
        cfg("audit::signer", "off").unwrap();
        // From the rename on, the state may be the new one though nothing was answered.
        let kept = number >= 4;
        let mut reopened = Signer::open(&path, key()).unwrap();
        assert_eq!(reopened.state().unwrap().tree, tree(if kept { 9 } else { 5 }), "{step}");
        for signer in [&mut signer, &mut reopened] {
            if kept {
                let forked = Request { old: tree(5), new: other(9), proof: &[], authority: NOBODY };
                assert!(matches!(signer.sign(&forked), Err(Error::Forked { .. })), "{step}");
            }
            assert_eq!(size_of(&signed(ask(signer, 5, 9))), 9, "{step}");
        }
    }
}
