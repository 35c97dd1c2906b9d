//! The signer's file: replaced as a whole, and durable when the call returns.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::audit::signer::Error;

/// Longer than any state: a checkpoint and three lines.
const MAX_STATE: u64 = 1 << 20;

/// Writes the first state; nothing is replaced.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if path.try_exists().map_err(failed("look for"))? {
        return Err(Error::Exists(path.to_owned()));
    }
    write_beside(path, bytes)?;
    // A link, unlike a rename, does not replace what came into being meanwhile.
    let linked = fs::hard_link(beside(path), path);
    fs::remove_file(beside(path)).map_err(failed("tidy"))?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::Exists(path.to_owned()));
        }
        linked => linked.map_err(failed("name"))?,
    }
    sync_folder(path).map_err(failed("sync the folder of"))
}

/// Replaces the state; a crash leaves the former or this one, whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_beside(path, bytes)?;
    fault("rename").and_then(|()| fs::rename(beside(path), path)).map_err(failed("rename"))?;
    fault("sync_folder").and_then(|()| sync_folder(path)).map_err(failed("sync the folder of"))?;
    fault("kept").map_err(failed("finish"))
}

/// The state's bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Missing(path.to_owned())),
        Ok(file) if file.len() > MAX_STATE => Err(Error::Damaged(path.to_owned())),
        _ => fs::read(path).map_err(failed("read")),
    }
}

/// A crash may leave this behind; the next write overwrites it.
fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let open = || {
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(beside(path))
    };
    let mut file = fault("create").and_then(|()| open()).map_err(failed("begin"))?;
    fault("write").and_then(|()| file.write_all(bytes)).map_err(failed("write"))?;
    fault("sync").and_then(|()| file.sync_all()).map_err(failed("sync"))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn failed(act: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::File { act, source }
}

/// A fault that a test asked for, at this step; nothing otherwise.
fn fault(step: &'static str) -> io::Result<()> {
    fail::fail_point!("audit::signer", |asked: Option<String>| {
        if asked.is_none_or(|asked| asked == step) {
            return Err(io::Error::other("a fault that a test asked for"));
        }
        Ok(())
    });
    let _ = step;
    Ok(())
}
