//! An error with its causes in one line: formats of logs that write fields as JSON lose the sources.

use std::{error::Error, iter::successors};

/// The error and its causes, outermost first, joined by colons.
pub(crate) fn causes(error: &dyn Error) -> String {
    let causes = successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
