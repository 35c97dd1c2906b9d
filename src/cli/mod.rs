//! The command line: one command per file; client commands speak HTTP, operator commands open a stopped instance.
//!
//! Data goes to standard output, everything else to standard error; a secret is never an argument; the exit code
//! says how it ended (`Exit`). A new command is a file with a `clap::Args` that has `run`, its `mod`, and its line
//! in `commands!`.

mod client;
mod error;
mod fetch;
mod help;
mod log;
mod profile;
mod progress;
mod prompt;
mod receipts;
mod session;
mod terminal;
mod words;

mod accesses;
mod audit;
mod check;
mod check_config;
mod completions;
mod demo;
mod conflict;
mod moves;
mod directory;
mod expire;
mod export;
mod finalise;
mod get;
mod init;
mod keys;
mod link;
mod forget;
mod hold;
mod instant;
mod leave;
mod login;
mod logout;
mod ls;
mod man;
mod mission;
mod openers;
mod locations;
mod place;
mod residency;
mod put;
mod readers;
mod receipt;
mod recipients;
mod rename;
mod restrict;
mod serve;
mod roles;
mod person;
mod party;
mod share;
mod show;
mod shred;
mod tokens;
mod unseal;
mod unshare;
mod versions;
mod whoami;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::{
    error::{Error, Exit},
    session::{Common, Session},
    words::Language,
};

/// Exchanges confidential documents: sealed where they rest, opened only for whom their owner permits, every access
/// in a log that a stranger can check.
#[derive(Parser)]
#[command(name = "greffe", version, max_term_width = 100, subcommand_required = true)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 the command line makes no sense, 3 partly done, 4 no such thing, \
5 the same may succeed later, 6 refused by its owner, 7 not signed in, 8 verification failed: evidence of tampering, \
9 nothing to do. A code that is not here is a failure."
)]
struct Greffe {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

macro_rules! commands {
    ($($module:ident::$name:ident,)*) => {
        #[derive(Subcommand)]
        enum Command {
            $($name($module::$name),)*
        }

        impl Command {
            async fn run(self, session: &Session) -> Result<Exit, Error> {
                match self {
                    $(Self::$name(command) => command.run(session).await,)*
                }
            }
        }
    };
}

// In the order in which help lists them.
commands! {
    demo::Demo,
    init::Init,
    mission::Mission,
    serve::Serve,
    link::Link,
    forget::Forget,
    keys::Keys,
    expire::Expire,
    login::Login,
    logout::Logout,
    whoami::Whoami,
    tokens::Tokens,
    directory::Directory,
    locations::Locations,
    place::Place,
    residency::Residency,
    moves::Moves,
    ls::Ls,
    show::Show,
    put::Put,
    get::Get,
    versions::Versions,
    rename::Rename,
    finalise::Finalise,
    share::Share,
    unshare::Unshare,
    readers::Readers,
    openers::Openers,
    accesses::Accesses,
    restrict::Restrict,
    recipients::Recipients,
    export::Export,
    unseal::Unseal,
    hold::Hold,
    shred::Shred,
    roles::Roles,
    person::Person,
    party::Party,
    leave::Leave,
    conflict::Conflict,
    receipt::Receipt,
    audit::Audit,
    check::Check,
    check_config::CheckConfig,
    completions::Completions,
    man::Man,
}

/// Threads for what blocks: hashing and the disk. More of them wait for the same cores, and each takes a third of a
/// megabyte.
const BLOCKING_THREADS: usize = 24;

/// Runs the command that the process was given.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let language = Language::choose(&arguments, |name| std::env::var(name).ok());
    let command = help::translated(Greffe::command(), language);
    let matches = command.try_get_matches();
    let greffe = match matches.and_then(|matches| Greffe::from_arg_matches(&matches)) {
        Ok(greffe) => greffe,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
    };
    let session = Session::new(greffe.common, language);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build();
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(greffe.command.run(&session)),
        Err(error) => Err(Error::new(Exit::Failed, "no-runtime").because(error)),
    };
    ExitCode::from(match exit {
        Ok(exit) => exit as u8,
        Err(error) => {
            if !error.is_closed_pipe() {
                session.terminal.tell(&error);
            }
            error.exit as u8
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Greffe::command().debug_assert();
    }

    #[test]
    fn no_option_takes_a_secret() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let secret = ["token", "link", "password", "secret", "identity", "key"];
                let values = argument.get_value_names().unwrap_or_default();
                let names_file = values.iter().any(|value| value == "FILE") || id.ends_with("_id");
                assert!(names_file || !secret.contains(&id), "{}: {id}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Greffe::command());
    }
}
