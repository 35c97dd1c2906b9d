//! What the clients of a service know: what was asked, and of what they hold an acknowledgement.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    api::service::Answer,
    crashes::client::{Client, OWNER, READER, with_status},
};

/// How far something that a client asked for has come, as far as they know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    #[default]
    NotAsked,
    /// No acknowledgement came: it may be done, or not.
    Asked,
    Done,
}

/// A document as its owner knows it.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub reference: String,
    pub content: Vec<u8>,
    pub idempotency: String,
    pub deposit: Fate,
    /// The entry of the deposit.
    pub entry: Option<String>,
    pub grant: Fate,
    pub shred: Fate,
    /// Ranges of which a client received at least a byte.
    pub received: Vec<(u64, u64)>,
}

/// Checkpoints and documents, as clients keep them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub documents: Vec<Document>,
    /// The newest that was seen.
    pub checkpoint: Option<Vec<u8>>,
}

/// The entries of a checkpoint's tree: its second line.
fn size(checkpoint: &[u8]) -> u64 {
    let text = std::str::from_utf8(checkpoint).unwrap();
    text.lines().nth(1).unwrap().parse().unwrap()
}

fn fate(answer: Option<Answer>, status: u16) -> Fate {
    match answer {
        Some(answer) if answer.status == status && answer.whole => Fate::Done,
        _ => Fate::Asked,
    }
}

impl Document {
    /// Creates one; none if that is not acknowledged.
    pub async fn create(client: &Client, content: Vec<u8>) -> Option<Self> {
        let new = json!({
            "workstream": "intelligence-artificielle", "kind": "diagnostic", "title": "Offre",
        });
        let created = client.json(OWNER, "POST", "/api/v1/documents", &new).await;
        let reference = with_status(created, 201)?["reference"].as_str()?.to_owned();
        let idempotency = format!("key-of-{reference}");
        Some(Self { reference, content, idempotency, ..Self::default() })
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/documents/{}{rest}", self.reference)
    }

    pub async fn deposit(&mut self, client: &Client) {
        self.deposit = Fate::Asked;
        let answer = self.put(client).await;
        self.deposit = fate(answer.clone(), 201);
        let said = with_status(answer, 201);
        self.entry = said.and_then(|said| said["entry"].as_str().map(str::to_owned));
    }

    /// Sends the content, under the same idempotency key each time.
    pub async fn put(&self, client: &Client) -> Option<Answer> {
        let key = self.idempotency.as_str();
        let headers = [("content-type", "text/plain"), ("idempotency-key", key)];
        client.ask(OWNER, "PUT", &self.path("/content"), &headers, self.content.clone()).await
    }

    pub async fn grant(&mut self, client: &Client) {
        self.grant = Fate::Asked;
        let to = json!({"to": "company:caisse-du-littoral"});
        self.grant = fate(client.json(OWNER, "POST", &self.path("/grants"), &to).await, 201);
    }

    /// Reads a range; whatever comes is the content's own bytes.
    pub async fn read(&mut self, client: &Client, who: &str, from: u64, to: u64) -> Option<u16> {
        let range = format!("bytes={from}-{}", to - 1);
        let answer = client.ask(who, "GET", &self.path("/content"), &[("range", &range)], "").await;
        let answer = answer?;
        if answer.status == 206 {
            let wanted =
                &self.content[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
            assert!(wanted.starts_with(&answer.body), "{}: other bytes", self.reference);
            assert!(
                !answer.whole || answer.body.len() == wanted.len(),
                "{}: short",
                self.reference
            );
            if !answer.body.is_empty() {
                self.received.push((from, to));
            }
        }
        Some(answer.status)
    }

    pub async fn shred(&mut self, client: &Client) {
        self.shred = Fate::Asked;
        let reason = json!({"reason": "the mission has ended"});
        self.shred = fate(client.json(OWNER, "DELETE", &self.path(""), &reason).await, 200);
    }

    pub async fn export(&self, client: &Client) -> Option<u16> {
        let answer = client.get(OWNER, &self.path("/age?recipient=vault")).await?;
        Some(answer.status)
    }

    /// By the service as it stands now: what was acknowledged holds, what was not is done or not, never by half.
    pub async fn check(&mut self, client: &Client, when: &str) {
        let whole = client.get_at_last(OWNER, &self.path("/content")).await;
        let read = whole.status == 200;
        let (deposit, grant, shred) = (self.deposit, self.grant, self.shred);
        let told = format!(
            "{when}: {}, deposit {deposit:?}, grant {grant:?}, shred {shred:?}, reads {}",
            self.reference, whole.status
        );
        if read {
            assert!(whole.whole && whole.body == self.content, "{told}");
            self.received.push((0, 0));
        }
        match (self.deposit, self.shred) {
            (Fate::Done, Fate::NotAsked) => assert!(read, "{told}"),
            (Fate::NotAsked, _) | (_, Fate::Done) => assert!(!read, "{told}"),
            _ => {}
        }
        let versions = client.get_at_last(OWNER, &self.path("/versions")).await;
        if let Some(told_versions) = with_status(Some(versions), 200) {
            let listed = told_versions["versions"].as_array().unwrap().len();
            assert!(listed <= 1 && (!read || listed == 1), "{told}");
        }
        let described = client.get_at_last(OWNER, &self.path("")).await;
        assert!(described.status < 500, "{told}: {described:?}");
        let other = client.get_at_last(READER, &self.path("/content")).await;
        match self.grant {
            Fate::Done if read => assert_eq!(other.status, 200, "{told}"),
            Fate::NotAsked => assert_ne!(other.status, 200, "{told}"),
            _ => {}
        }
        if other.status == 200 {
            assert!(read && other.body == self.content, "{told}");
            self.received.push((0, 0));
        }
    }

    /// A deposit that was not acknowledged is made again under its key: it stands once.
    pub async fn deposit_again(&self, client: &Client, when: &str) {
        let again = self.put(client).await.unwrap();
        assert_eq!(again.status, 201, "{when}: {}: {again:?}", self.reference);
        let read = client.get_at_last(OWNER, &self.path("/content")).await;
        assert!(read.status == 200 && read.body == self.content, "{when}: {read:?}");
        let versions = client.get_at_last(OWNER, &self.path("/versions")).await;
        assert_eq!(versions.status, 200, "{when}: {}: {versions:?}", self.reference);
        let versions = versions.json();
        assert_eq!(versions["versions"].as_array().unwrap().len(), 1, "{when}: {versions}");
    }
}

impl Known {
    /// Keeps the newest checkpoint.
    pub async fn see(&mut self, client: &Client) {
        let seen = client.get(OWNER, "/log/checkpoint").await;
        if let Some(seen) = seen.filter(|seen| seen.status == 200 && seen.whole) {
            self.newer(seen.body.to_vec());
        }
    }

    fn newer(&mut self, seen: Vec<u8>) {
        if self.checkpoint.as_deref().is_none_or(|kept| size(kept) < size(&seen)) {
            self.checkpoint = Some(seen);
        }
    }

    /// Takes what another client knows: its checkpoint, and its documents into `documents`.
    pub fn keep(&mut self, other: Self, documents: &mut Vec<Document>) {
        documents.extend(other.documents);
        if let Some(seen) = other.checkpoint {
            self.newer(seen);
        }
    }

    /// Holds the kept checkpoint against the service, as `greffe whoami` does.
    pub async fn present(&self, client: &Client) -> Option<u16> {
        let kept = STANDARD.encode(self.checkpoint.as_ref()?);
        let headers = [("greffe-checkpoint", kept.as_str())];
        Some(client.ask(OWNER, "GET", "/api/v1/me", &headers, "").await?.status)
    }
}
