//! What one caller may use of the service, and how long things are kept.

use jiff::civil::Date;
use serde::Deserialize;

/// Bounds, all with a default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// How long the first request may take to arrive after the connection, TLS included.
    pub first_request_seconds: u32,
    /// How long the head of a request may take.
    pub header_timeout_seconds: u32,
    /// How long a connection may stay without a request.
    pub idle_seconds: u32,
    /// Slowest that a body may come or go, over any ten seconds.
    pub body_floor_bytes_per_second: u64,
    /// Longest a request without a content may take.
    pub request_seconds: u32,
    /// Longest content of one upload, in bytes.
    pub upload_limit_bytes: u64,
    /// Memory for the parts of all uploads together, in bytes; uploads wait for it.
    pub upload_memory_bytes: u64,
    /// Entries that one caller may cause in a minute by refusals and lists (permitted reads are not counted).
    pub budget_entries_per_minute: u32,
    /// Requests with bad credentials that one address may make in a minute.
    pub failures_per_minute: u32,
    /// Running requests that a stop waits for before it cuts them.
    pub stop_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_000,
            first_request_seconds: 5,
            header_timeout_seconds: 5,
            idle_seconds: 60,
            body_floor_bytes_per_second: 1_024,
            request_seconds: 30,
            upload_limit_bytes: 5 << 30,
            upload_memory_bytes: 96 << 20,
            budget_entries_per_minute: 600,
            failures_per_minute: 20,
            stop_seconds: 30,
        }
    }
}

/// How many copies of each version are kept, and how often they are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Copies {
    /// Copies of each version, each at another location; a placement rule may want more.
    pub kept: usize,
    /// Within how many days every copy is read anew and compared with its record.
    pub scrubbed_within_days: u32,
}

impl Default for Copies {
    fn default() -> Self {
        Self { kept: 1, scrubbed_within_days: 30 }
    }
}

/// How long what is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Months that the personal part of an entry (person, address, device) is kept, unless held.
    pub personal_months: u32,
    /// Years that the facts of an entry are kept once the mission has ended.
    pub facts_years: u32,
    /// When the mission ended; while it says nothing, facts are kept.
    pub mission_ended_on: Option<Date>,
    /// Hours after which a document that never got content is swept.
    pub empty_hours: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { personal_months: 12, facts_years: 5, mission_ended_on: None, empty_hours: 24 }
    }
}
