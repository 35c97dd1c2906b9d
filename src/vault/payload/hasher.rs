//! SHA-256 of a stream, beside the stream: hashing takes longer than sealing, so long streams are hashed on other
//! threads.

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tokio::{runtime::Handle, task::JoinHandle};

use crate::vault::payload::finish;

/// What is hashed on the spot: a short stream is not worth another thread.
const SHORT: u64 = 1024 * 1024;
/// What is handed to another thread at once.
const BATCH: usize = 64 * 1024;

/// A digest that is taken of a stream. Takes no thread while nothing arrives, and holds at most two batches.
pub struct Hasher {
    /// Away while a batch is hashed.
    context: Option<Context>,
    working: Option<JoinHandle<Context>>,
    waiting: Vec<Bytes>,
    waiting_len: usize,
    length: u64,
}

impl Hasher {
    /// The digest of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: Some(Context::new(&SHA256)),
            working: None,
            waiting: Vec::new(),
            waiting_len: 0,
            length: 0,
        }
    }

    /// Adds the stream's next bytes.
    pub async fn add(&mut self, bytes: &Bytes) {
        self.length += bytes.len() as u64;
        if self.length <= SHORT {
            self.context().await.update(bytes);
            return;
        }
        self.waiting_len += bytes.len();
        self.waiting.push(bytes.clone());
        if self.waiting_len >= BATCH {
            let mut context = self.context().await.clone();
            let batch = std::mem::take(&mut self.waiting);
            self.waiting_len = 0;
            if let Ok(runtime) = Handle::try_current() {
                self.context = None;
                self.working = Some(runtime.spawn_blocking(move || {
                    batch.iter().for_each(|bytes| context.update(bytes));
                    context
                }));
            } else {
                batch.iter().for_each(|bytes| context.update(bytes));
                self.context = Some(context);
            }
        }
    }

    /// Length and digest of all that was added.
    pub async fn finish(&mut self) -> (u64, [u8; 32]) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut context = self.context().await.clone();
        waiting.iter().for_each(|bytes| context.update(bytes));
        (self.length, finish(context.finish()))
    }

    /// The state up to what waits.
    async fn context(&mut self) -> &mut Context {
        if let Some(working) = &mut self.working {
            self.context = Some(working.await.expect("hashing does not panic"));
            self.working = None;
        }
        self.context.as_mut().expect("the state is here or away")
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hasher({} bytes)", self.length)
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}
