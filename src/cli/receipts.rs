//! Receipts from the service: waits until the log has signed the entry.

use std::time::Duration;

use hyper::{StatusCode, header::RETRY_AFTER};

use crate::cli::{client::Client, error::Error};

/// How long a receipt is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The receipt of `entry` (a tlog-proof), or nothing if the log has not signed it within 20 seconds.
///
/// # Errors
///
/// If the service refuses.
pub async fn wait(client: &Client, entry: &str) -> Result<Option<String>, Error> {
    let waiting = async {
        loop {
            let answer = client.get(&["api", "v1", "receipts", entry]).send().await?;
            if answer.status != StatusCode::ACCEPTED {
                let text = answer.bytes().await?;
                return Ok(String::from_utf8_lossy(&text).into_owned());
            }
            let seconds = answer.headers.get(RETRY_AFTER);
            let seconds = seconds.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
            tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(1).clamp(1, 5))).await;
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(received) => received.map(Some),
        Err(_) => Ok(None),
    }
}

/// The position in the log that a receipt claims.
#[must_use]
pub fn index(receipt: &str) -> Option<u64> {
    receipt.lines().find_map(|line| line.strip_prefix("index ")?.parse().ok())
}
