//! By when what was typed is found out, and how people are answered until then.

/// How the owner, the stranger, the reader, whoever left and whoever finds a lost token are answered.
pub type Answers = [u16; 5];

/// What each may, and no more.
pub const AS_EVER: Answers = [200, 404, 403, 401, 401];
/// Nothing is recorded, so nothing is done.
pub const AWAY: Answers = [503, 503, 503, 401, 401];
/// The document is not found, or what its owner forbids is not known.
pub const NOT_FOUND: Answers = [404, 404, 404, 401, 401];
/// The version's row is not what the document's revision names, so its owner gets nothing as long as it is so.
pub const ALTERED: Answers = [500, 404, 403, 401, 401];
/// The document's revision is not ours: nobody is told anything of it.
pub const FORGED: Answers = [500, 500, 500, 401, 401];
/// The stranger's token is nobody's any more.
pub const STRANGER_UNKNOWN: Answers = [200, 401, 403, 401, 401];
/// No token is anybody's.
pub const NOBODY_KNOWN: Answers = [401; 5];

/// When it is found out, at the latest.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Never but by `greffe check`: it counts for nothing. At the next request, and after the next start.
    Harmless(Answers, Answers),
    /// At the next request of a server that has seen what stood there; the next comparison ends the log, and no start
    /// follows.
    NextRequest(Answers, &'static str),
    /// At the next request, which cannot be recorded; no start follows.
    Unrecorded(Answers, &'static str),
    /// At the next comparison of authority, which ends the log; no start follows.
    NextComparison(&'static str),
    /// When the log is signed the next time or, at the latest, at the next comparison, which ends it; no start follows.
    NextSignature(&'static str),
    /// At the next start, which is refused.
    NextStart(&'static str),
}
