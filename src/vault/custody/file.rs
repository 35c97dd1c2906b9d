//! Custody in a file of two blocks, overwritten in place: the embedded default.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use fail::fail_point;
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use zeroize::Zeroizing;

use super::{
    Custody, Error, LogKey, Wrapped,
    block::{BLOCK, Block, Place},
    ground::{Ground, Warning, survey},
};
#[cfg(feature = "failpoints")]
use crate::vault::only::counts;
use crate::vault::{
    label, primitives,
    recovery::Recovery,
    secret::{Secret, SymmetricKey},
};

const BLOCKS: usize = 2;

/// A file of mode 0600 with two blocks of 4 KiB, of which one is in use and both are during a turn.
///
/// The file is never renamed nor copied: a wrapping key is destroyed by overwriting the block where it stands.
pub struct FileCustody(Arc<Inner>);

struct Inner {
    path: PathBuf,
    file: File,
    places: Mutex<[Place; BLOCKS]>,
    recovery: Option<Recovery>,
}

impl FileCustody {
    /// Makes custody at `path`, where nothing may be: root, wrapping key and log key come from the generator.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`], [`Error::Ground`] or [`Error::File`]; then nothing is left there.
    pub fn create(path: &Path, ground: Ground) -> Result<(Self, Option<Warning>), Error> {
        let log = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .expect("the operating system's generator answers");
        let block = Block {
            number: 1,
            root: Secret::random(),
            wrapping: Secret::random(),
            log: Zeroizing::new(log.as_ref().to_vec()),
        };
        Self::place(path, block, ground)
    }

    /// Puts `block` at `path`, where nothing may be.
    pub(in crate::vault) fn place(
        path: &Path,
        block: Block,
        ground: Ground,
    ) -> Result<(Self, Option<Warning>), Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
                _ => failed(path, error),
            })?;
        let placed = judge(path, &file, ground).and_then(|warning| {
            let mut bytes = block.write();
            bytes.resize(BLOCK * BLOCKS, 0);
            file.write_all_at(&bytes, 0)
                .and_then(|()| file.sync_all())
                .and_then(|()| sync_folder(path))
                .map_err(|error| failed(path, error))?;
            Ok(warning)
        });
        match placed {
            Ok(warning) => Ok((Self::new(path, file, [Place::Whole(block), Place::Free]), warning)),
            Err(error) => {
                // It holds no key that seals anything yet.
                let _left_behind = std::fs::remove_file(path);
                Err(error)
            }
        }
    }

    /// Opens custody at `path` and changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Mode`], [`Error::Ground`], [`Error::Damaged`] or [`Error::File`].
    pub fn open(path: &Path, ground: Ground) -> Result<(Self, Option<Warning>), Error> {
        Self::open_with(OpenOptions::new().read(true).write(true), path, ground)
    }

    /// Opens custody at `path`, or a copy of it, to look with: every turn fails, since the file cannot be written.
    ///
    /// # Errors
    ///
    /// As [`FileCustody::open`], but for [`Error::Ground`].
    pub fn open_read_only(path: &Path) -> Result<Self, Error> {
        let (custody, _) = Self::open_with(OpenOptions::new().read(true), path, Ground::Warn)?;
        Ok(custody)
    }

    fn open_with(
        options: &OpenOptions,
        path: &Path,
        ground: Ground,
    ) -> Result<(Self, Option<Warning>), Error> {
        let opened = options.open(path);
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
            _ => failed(path, error),
        })?;
        let metadata = file.metadata().map_err(|error| failed(path, error))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o177 != 0 {
            return Err(Error::Mode { path: path.to_owned(), mode });
        }
        let warning = judge(path, &file, ground)?;
        if metadata.len() != (BLOCK * BLOCKS) as u64 {
            return Err(Error::Damaged(path.to_owned()));
        }
        let mut bytes = Zeroizing::new(vec![0; BLOCK * BLOCKS]);
        file.read_exact_at(&mut bytes, 0).map_err(|error| failed(path, error))?;
        let places = [Place::read(&bytes[..BLOCK]), Place::read(&bytes[BLOCK..])];
        if newest(&places).is_none() {
            return Err(Error::Damaged(path.to_owned()));
        }
        Ok((Self::new(path, file, places), warning))
    }

    /// Renews `recovery` at the end of each turn, before the old wrapping key is destroyed.
    ///
    /// # Panics
    ///
    /// If custody is shared already.
    #[must_use]
    pub fn with_recovery(self, recovery: Recovery) -> Self {
        let inner = Arc::into_inner(self.0).expect("custody is configured before it is shared");
        Self(Arc::new(Inner { recovery: Some(recovery), ..inner }))
    }

    /// What a recovery copy holds: the newest block.
    pub(in crate::vault) fn block(&self) -> Block {
        newest(&self.0.places()).cloned().expect("one block is always whole")
    }

    fn new(path: &Path, file: File, places: [Place; BLOCKS]) -> Self {
        let places = Mutex::new(places);
        Self(Arc::new(Inner { path: path.to_owned(), file, places, recovery: None }))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.expect("work on custody does not panic")
    }
}

impl Inner {
    fn places(&self) -> MutexGuard<'_, [Place; BLOCKS]> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Result<(), Error> {
        let mut places = self.places();
        if places.iter().all(|place| matches!(place, Place::Whole(_))) {
            return Err(Error::Turning);
        }
        let newest = newest(&places).expect("one block is always whole");
        let block =
            Block { number: newest.number + 1, wrapping: Secret::random(), ..newest.clone() };
        let free = places.iter().position(|place| !matches!(place, Place::Whole(_)));
        let free = free.expect("one block is not whole");
        fail_point!("vault::custody::begin", counts(&self.path), |_| Err(self.stopped()));
        // Until the write is durable the place counts as torn: it may hold a part of the key.
        places[free] = Place::Torn;
        self.overwrite(free, &block.write())?;
        places[free] = Place::Whole(block);
        fail_point!("vault::custody::begun", counts(&self.path), |_| Err(self.stopped()));
        Ok(())
    }

    fn end(&self, kept: u64) -> Result<(), Error> {
        let mut places = self.places();
        let kept = find(&places, kept).ok_or(Error::Gone)?.clone();
        let doomed: Vec<usize> = (0..BLOCKS)
            .filter(|at| match &places[*at] {
                Place::Free => false,
                Place::Torn => true,
                Place::Whole(block) => block.number != kept.number,
            })
            .collect();
        if doomed.is_empty() {
            return Ok(());
        }
        if let Some(recovery) = &self.recovery {
            fail_point!("vault::custody::recovery", counts(&self.path), |_| Err(self.stopped()));
            recovery.renew(&kept).map_err(|error| Error::Recovery(Arc::new(error)))?;
        }
        fail_point!("vault::custody::end", counts(&self.path), |_| Err(self.stopped()));
        for at in doomed {
            places[at] = Place::Torn;
            self.overwrite(at, &[0; BLOCK])?;
            places[at] = Place::Free;
        }
        fail_point!("vault::custody::ended", counts(&self.path), |_| Err(self.stopped()));
        Ok(())
    }

    fn overwrite(&self, at: usize, bytes: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all_at(bytes, (at * BLOCK) as u64);
        written.and_then(|()| self.file.sync_data()).map_err(|error| failed(&self.path, error))
    }

    /// What a fail point gives.
    #[cfg(feature = "failpoints")]
    fn stopped(&self) -> Error {
        failed(&self.path, io::Error::other("stopped by a fail point"))
    }
}

#[async_trait]
impl Custody for FileCustody {
    async fn wrap(&self, context: &[u8], secret: &Secret<32>) -> Result<Wrapped, Error> {
        let places = self.0.places();
        let block = newest(&places).expect("one block is always whole");
        let number = block.number.to_be_bytes();
        let associated = [label::KEYSET.as_bytes(), b"custody", &number, context];
        let sealed = primitives::seal(&block.wrapping, &associated, secret.expose());
        Ok(Wrapped([number.as_slice(), &sealed].concat()))
    }

    async fn unwrap(&self, context: &[u8], wrapped: &Wrapped) -> Result<Secret<32>, Error> {
        let (number, sealed) = wrapped.0.split_first_chunk::<8>().ok_or(Error::Forged)?;
        let places = self.0.places();
        let block = find(&places, u64::from_be_bytes(*number)).ok_or(Error::Gone)?;
        let associated = [label::KEYSET.as_bytes(), b"custody", number, context];
        let opened = primitives::open(&block.wrapping, &associated, sealed);
        opened.and_then(|secret| Secret::from_slice(&secret)).ok_or(Error::Forged)
    }

    async fn begin(&self) -> Result<(), Error> {
        self.blocking(Inner::begin).await
    }

    async fn end(&self, kept: &Wrapped) -> Result<(), Error> {
        let number = kept.0.first_chunk::<8>().ok_or(Error::Forged)?;
        let number = u64::from_be_bytes(*number);
        self.blocking(move |inner| inner.end(number)).await
    }

    async fn turning(&self) -> Result<bool, Error> {
        let used = self.0.places().iter().filter(|place| !matches!(place, Place::Free)).count();
        Ok(used > 1)
    }

    async fn derive(&self, label: &'static str) -> Result<SymmetricKey, Error> {
        let root = self.block().root;
        Ok(SymmetricKey::new(label, primitives::hmac(root.expose(), label.as_bytes())))
    }

    async fn log_key(&self) -> Result<LogKey, Error> {
        Ok(LogKey(self.block().log))
    }
}

impl fmt::Debug for FileCustody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileCustody")
    }
}

fn whole(places: &[Place; BLOCKS]) -> impl Iterator<Item = &Block> {
    places.iter().filter_map(|place| match place {
        Place::Whole(block) => Some(block),
        Place::Free | Place::Torn => None,
    })
}

fn newest(places: &[Place; BLOCKS]) -> Option<&Block> {
    whole(places).max_by_key(|block| block.number)
}

fn find(places: &[Place; BLOCKS], number: u64) -> Option<&Block> {
    whole(places).find(|block| block.number == number)
}

fn judge(path: &Path, file: &File, ground: Ground) -> Result<Option<Warning>, Error> {
    let warning = survey(file).map_err(|error| failed(path, error))?;
    match (warning, ground) {
        (Some(Warning { file_system }), Ground::Demand) => {
            Err(Error::Ground { path: path.to_owned(), file_system })
        }
        (warning, _) => Ok(warning),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::File { path: path.to_owned(), source: Arc::new(error) }
}
