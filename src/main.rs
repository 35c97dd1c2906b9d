//! The `greffe` command.

fn main() -> std::process::ExitCode {
    greffe::cli::main()
}
