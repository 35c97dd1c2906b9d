//! Questions on the terminal: only where there is one; else the error names the option to use instead.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Write},
};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::cli::{
    error::{Error, Exit},
    profile::Secret,
    terminal::Terminal,
};

/// Asks for a secret, which is not shown as it is typed.
///
/// # Errors
///
/// If there is no terminal: the error is told by the text `otherwise`.
pub fn secret(
    terminal: &Terminal,
    question: &'static str,
    otherwise: &'static str,
) -> Result<Secret, Error> {
    let tty = open().ok_or(Error::usage(otherwise))?;
    let shown = tcgetattr(&tty).map_err(|_| Error::usage(otherwise))?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    let failed = |error| Error::new(Exit::Failed, "terminal-failed").because(error);
    tcsetattr(&tty, OptionalActions::Flush, &hidden)
        .map_err(|error| failed(std::io::Error::from(error)))?;
    let answered = ask(&tty, &terminal.say(question, &[]));
    let restored = tcsetattr(&tty, OptionalActions::Flush, &shown);
    let _ = writeln!(&tty);
    restored.map_err(|error| failed(std::io::Error::from(error)))?;
    let line = answered.map_err(failed)?;
    match line.trim() {
        "" => Err(Error::usage(otherwise)),
        line => Ok(Secret::new(line.to_owned())),
    }
}

/// Has `word` typed, so that nobody destroys by mistake.
///
/// # Errors
///
/// If there is no terminal, or something else was typed.
pub fn confirm(terminal: &Terminal, question: &'static str, word: &str) -> Result<(), Error> {
    agreed(terminal, question, word, "confirm-with-force")
}

/// Has `word` typed; without a terminal the error is told by the text `otherwise`.
///
/// # Errors
///
/// As [`confirm`].
pub fn agreed(
    terminal: &Terminal,
    question: &'static str,
    word: &str,
    otherwise: &'static str,
) -> Result<(), Error> {
    let tty = open().ok_or(Error::usage(otherwise))?;
    let question = terminal.say(question, &[("word", word)]);
    let failed = |error| Error::new(Exit::Failed, "terminal-failed").because(error);
    let line = ask(&tty, &question).map_err(failed)?;
    if line.trim() == word {
        return Ok(());
    }
    Err(Error::new(Exit::Nothing, "not-confirmed"))
}

/// The terminal, if somebody sits at it: a script that happens to have one is not asked.
fn open() -> Option<File> {
    if !io::stdin().is_terminal() {
        return None;
    }
    File::options().read(true).write(true).open("/dev/tty").ok()
}

fn ask(mut tty: &File, question: &str) -> std::io::Result<Zeroizing<String>> {
    write!(tty, "{question} ")?;
    tty.flush()?;
    let mut line = Zeroizing::new(String::new());
    BufReader::new(tty).read_line(&mut line)?;
    Ok(line)
}
