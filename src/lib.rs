//! *Greffe* (French: the registry of a court) keeps a mission's confidential documents sealed on storage in the EU,
//! opens them only for those whom their owner permits, and leaves a trace that an outsider can verify.
//!
//! One process serves one mission: one log, one custody, one database. `README.md` says what it does for people; this
//! page is the map of the code.
//!
//! # The rooms, in reading order
//!
//! Each room may use those above it and no others; [`id`], [`time`] and [`config`] are for all, and [`app`] wires them.
//! **Invariant:** no import goes upwards (`tests/it/layers.rs`).
//!
//! | room | what it is |
//! |---|---|
//! | [`database`] | one database, SQLite or PostgreSQL: connections, migrations, [`database::append`] |
//! | [`storage`] | sealed bytes at rest: a [`storage::Store`] for each location, and what is known of it; not trusted |
//! | [`vault`] | custody, [`vault::KeySet`], sealing: the only place where a key and plaintext meet |
//! | [`audit`] | what happened: entries, the [`audit::Writer`] and the [`audit::Gate`], tree, proofs, receipts |
//! | [`mission`] | parties, people, roles, conflicts: authority, as numbered revisions in a [`mission::Registry`] |
//! | [`identity`] | who is asking: tokens, certificates, sign-in links; gives an [`identity::Caller`] |
//! | [`policy`] | may they, and why; where may it rest; makes each [`policy::Permit`] |
//! | [`documents`] | the product: deposit, list, read, share, finalise, shred, export |
//! | [`http`] | parses, asks, answers: the API, the log, the operator's listener |
//! | [`cli`] | one command per file: clients speak HTTP, operators open a stopped instance |
//!
//! # A deposit, in five steps
//!
//! 1. [`http`] names the [`identity::Caller`] and the one capacity in which he acts; [`policy::Policy::permit`] decides,
//!    and the permit bears the heads on which it was decided. [`policy::Permit::placed`] binds it to where the
//!    version may rest.
//! 2. [`audit::Writer::change`] records the intent and the names that may come to hold something, in one transaction.
//! 3. [`vault`] makes a file key, held as pending in both places of the key set, and
//!    [`vault::payload::seal_stream`] seals the body as it arrives; [`storage`] takes it with bounded memory.
//! 4. The act is decided again, and one change writes the version, its revision and the entry with the
//!    [`documents::VersionRecord`]; then the key is confirmed.
//! 5. [`audit::tree`] signs the tree that holds the entry; the receipt is the proof of that. What a crash leaves before
//!    step 4 is erased by its name, at the latest at the next start.
//!
//! # A read, in five steps
//!
//! 1. Caller and capacity, and the permit, as above. Hidden and missing are one answer.
//! 2. [`audit::Gate::record`] locks the sequence, compares every head, appends the intent, and commits; what has moved
//!    is decided again. It gives an [`audit::Recorded`], and nothing else makes one.
//! 3. [`documents::Documents::open`] consumes it: one slot is unwrapped, and its key must be the one to which the
//!    version record commits.
//! 4. [`storage`] is asked for the chunks that the range needs; each is opened, then released
//!    ([`vault::payload::open_stream`]). On a contradiction the body is cut and the document quarantined. A long
//!    [`documents::Reading`] is decided again each minute.
//! 5. The outcome says what was sent. A lost outcome counts as everything read.
//!
//! # What holds, and which test says so
//!
//! - **Invariant:** nothing is recorded, nothing leaves
//!   (`audit::tests::an_intent_is_durable_before_the_right_can_be_used_and_has_its_outcome_after`); a change that fails
//!   leaves no row and no entry (`audit::tests::a_change_that_fails_leaves_no_row_and_no_entry`). The intent is on the
//!   disk before the first byte of its answer, by the order of system calls (`tests/it/gate/trace.rs`); while the log is
//!   held, full or failing, nothing leaves (`tests/it/gate/stuck.rs`).
//! - **Invariant:** nothing is dated by a clock that was set back, or set forward while the service ran
//!   (`tests/it/bad_input/clock.rs`). A start takes the time as it finds it, unless it is before the last entry's.
//! - **Invariant:** bad input, and a bad world, get a clear problem and leave nothing (`tests/it/bad_input/mod.rs`); no
//!   parser of foreign bytes breaks its word (`tests/it/fuzz/mod.rs`).
//! - **Invariant:** only [`policy`] makes a [`policy::Permit`] (`tests/it/tidy.rs`), and the baseline permits exactly
//!   what a checked-in table says (`policy::tests::matrix::the_baseline_permits_what_the_checked_in_table_says`).
//! - **Invariant:** a party's own text only forbids
//!   (`policy::tests::hostile::no_text_widens_stalls_or_reaches_what_it_may_not`).
//! - **Invariant:** nothing rests where mission and owner do not both permit it, also when their rules move while it comes
//!   (`tests/it/api/placement.rs`); no location goes while copies rest there (`tests/it/storage/wrong.rs`).
//! - **Invariant:** where bytes rested is what the log says: what SQL alone wrote changes nothing of that, or is named
//!   (`tests/it/residency/sql.rs`).
//! - **Invariant:** no altered object gives a wrong byte, or looks complete
//!   (`vault::payload::tests::no_altered_object_releases_a_wrong_byte_or_looks_complete`).
//! - **Invariant:** older copies of the key set open nothing that was erased
//!   (`vault::keyset::tests::adversary::yesterdays_copies_open_nothing_that_was_erased_with_todays_custody`).
//! - **Invariant:** a row that SQL wrote without the log gives nobody a right
//!   (`mission::registry::tests::a_row_that_sql_changed_counts_for_nothing`,
//!   `policy::tests::rights::a_grant_row_that_sql_alone_wrote_permits_nothing`,
//!   `identity::tests::hostile::a_row_pointed_at_another_person_or_capacity_authenticates_nobody`).
//! - **Invariant:** a row alone erases nothing, whatever it says of an object, a stage or a version
//!   (`tests/it/administrator.rs`).
//! - **Invariant:** what has run out opens with nothing, and every proof of it holds (`tests/it/retention.rs`).
//! - **Invariant:** an entry that is not tagged for whom it concerns is found from its facts (`tests/it/tags.rs`).
//! - **Invariant:** the signer signs no second history
//!   (`audit::signer::tests::a_fork_is_refused_and_nothing_is_written`).
//! - **Invariant:** whatever ends the process, and whichever call fails, nothing acknowledged is lost and nothing is left
//!   by half (`tests/it/crashes/kills.rs`, `tests/it/crashes/calls.rs`); what was put back is refused by name
//!   (`tests/it/crashes/rewinds.rs`).
//! - **Invariant:** what was erased opens with nothing of today and yesterday together (`tests/it/erasure/mod.rs`); its
//!   words stay on no disk, in no log, and in no memory that was freed (`tests/it/erasure/canaries.rs`).
//! - **Invariant:** every key has a row in the table of keys, `docs/keys.md`
//!   (`vault::keys::tests::the_table_for_people_is_the_same`).

pub mod id;
pub mod time;
mod causes;
pub mod config;
pub mod app;

pub mod database;
pub mod storage;
pub mod vault;
pub mod audit;
pub mod mission;
pub mod identity;
pub mod policy;
pub mod documents;
pub mod http;
pub mod cli;
