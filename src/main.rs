//! The `greffe` command.

/// Wipes what is freed, so that a document that was read or shredded does not stay in the buffers that it passed through.
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> =
    zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);

fn main() -> std::process::ExitCode {
    greffe::cli::main()
}
