//! `greffe unseal`: opens an `.age` file, without the service.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use age::IdentityFile;
use serde_json::json;

use crate::cli::{
    error::{Error, Exit},
    progress::Progress,
    session::Session,
    terminal::size,
};

/// Opens an .age file with one's own key, without the service.
///
/// The file that comes out is there only if all that went in was authentic.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe unseal K3T-7KQ4-2M.age --identity-file archive.key --output diagnostic.pdf
  greffe unseal K3T-7KQ4-2M.age --identity-file archive.key --output - | less")]
pub struct Unseal {
    /// The .age file.
    file: PathBuf,
    /// File with the key, as age-keygen writes it; it may hold several.
    #[arg(long, short, value_name = "FILE")]
    identity_file: PathBuf,
    /// Where to put what was inside; - is standard output [default: the file's name without .age].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replaces the file if it is there already.
    #[arg(long)]
    force: bool,
}

impl Unseal {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`Exit::Tampered`] if the file is not authentic; [`Exit::Refused`] if no key fits.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let output = match &self.output {
            Some(path) => path.clone(),
            None => match self.file.extension() {
                Some(extension) if extension == "age" => self.file.with_extension(""),
                _ => return Err(Error::usage("unseal-needs-output")),
            },
        };
        let mut opened = self.open()?;
        let length = File::open(&self.file).and_then(|file| Ok(file.metadata()?.len())).ok();
        let progress = Progress::new(&session.terminal, &self.file.display().to_string(), length);
        if output == Path::new("-") {
            copy(&mut opened, &mut io::stdout(), &progress)?;
            return Ok(Exit::Done);
        }
        if !self.force && output.symlink_metadata().is_ok() {
            return Err(Error::new(Exit::Failed, "file-exists").with("path", output.display()));
        }
        let length = self.place(&output, &mut opened, &progress)?;
        let shown = json!({"file": output, "size": length});
        let path = output.display().to_string();
        session.terminal.show(&shown, || {
            session.terminal.say("unsealed", &[("path", &path), ("size", &size(length))])
        })?;
        Ok(Exit::Done)
    }

    fn open(&self) -> Result<impl Read, Error> {
        let unreadable = |path: &Path, error: io::Error| {
            let told = Error::new(Exit::NotFound, "file-unreadable").because(error);
            told.with("path", path.display())
        };
        let keys = self.identity_file.display().to_string();
        let no_key =
            |error| Error::new(Exit::Usage, "no-key-in-file").with("path", &keys).because(error);
        let identities = fs::read(&self.identity_file);
        let identities = identities.map_err(|error| unreadable(&self.identity_file, error))?;
        let identities = zeroize::Zeroizing::new(identities);
        let identities = IdentityFile::from_buffer(&identities[..]).map_err(no_key)?;
        let identities = identities.into_identities().map_err(|error| {
            Error::new(Exit::Usage, "no-key-in-file").with("path", &keys).because(error)
        })?;
        let file = File::open(&self.file).map_err(|error| unreadable(&self.file, error))?;
        let sealed = self.file.display().to_string();
        let refused = |error: age::DecryptError| match error {
            age::DecryptError::NoMatchingKeys => {
                Error::new(Exit::Refused, "no-key-fits").with("path", &sealed)
            }
            other => {
                Error::new(Exit::Tampered, "not-authentic").with("path", &sealed).because(other)
            }
        };
        let decryptor = age::Decryptor::new_buffered(BufReader::new(file)).map_err(refused)?;
        let keys = identities.iter().map(|identity| &**identity as &dyn age::Identity);
        decryptor.decrypt(keys).map_err(refused)
    }

    /// Writes beside `output`, and renames once all was authentic.
    fn place(
        &self,
        output: &Path,
        opened: &mut impl Read,
        progress: &Progress,
    ) -> Result<u64, Error> {
        let unwritable = |error| {
            let told = Error::new(Exit::Failed, "file-unwritable").because(error);
            told.with("path", output.display())
        };
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let beside = output.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let mut file = File::create_new(&beside).map_err(unwritable)?;
        let copied = copy(opened, &mut file, progress);
        let placed = copied.and_then(|length| {
            file.sync_all().and_then(|()| fs::rename(&beside, output)).map_err(unwritable)?;
            Ok(length)
        });
        if placed.is_err() {
            let _ = fs::remove_file(&beside);
        }
        placed
    }
}

/// Copies what is authentic; stops at the first piece that is not.
fn copy(
    opened: &mut impl Read,
    writer: &mut impl Write,
    progress: &Progress,
) -> Result<u64, Error> {
    let mut piece = vec![0; 64 * 1024];
    let mut length = 0;
    loop {
        let count = opened.read(&mut piece).map_err(|error| {
            Error::new(Exit::Tampered, "not-authentic").with("path", "").because(error)
        })?;
        if count == 0 {
            break;
        }
        writer.write_all(&piece[..count])?;
        progress.advance(count);
        length += count as u64;
    }
    progress.finish();
    writer.flush()?;
    Ok(length)
}
