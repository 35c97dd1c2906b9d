//! Text that people read: what it may not contain, wherever it comes from.

/// Why a text is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPlain {
    /// There is nothing in it.
    #[error("is empty: write something")]
    Empty,
    /// It has more characters than this.
    #[error("is longer than {0} characters: shorten it")]
    TooLong(usize),
    /// It has a character that shows nothing, or turns the writing direction, so that what is read
    /// is not what is there.
    #[error("holds U+{0:04X}, which shows nothing or turns the direction of writing: remove it")]
    Invisible(u32),
}

/// Whether `text` is one line of plain text, of `longest` characters at most.
///
/// # Errors
///
/// [`NotPlain`] says why it is not.
pub fn plain(text: &str, longest: usize) -> Result<(), NotPlain> {
    if text.trim().is_empty() {
        return Err(NotPlain::Empty);
    }
    if text.chars().nth(longest).is_some() {
        return Err(NotPlain::TooLong(longest));
    }
    match text.chars().find(|c| is_invisible(*c)) {
        Some(c) => Err(NotPlain::Invisible(u32::from(c))),
        None => Ok(()),
    }
}

/// Controls (NUL and line ends among them), zero-width characters, marks of direction, and what
/// Unicode never assigns.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{FEFF}' | '\u{200B}'..='\u{200F}')
        || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_accents_and_signs_are_plain() {
        for text in ["Aciéries du Ponant (exemple)", "Ελλάς", "東京", "n° 5 – «bis»"] {
            assert_eq!(plain(text, 100), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_would_mislead_a_reader_is_not() {
        assert_eq!(plain(" \u{00a0}", 10), Err(NotPlain::Empty));
        assert_eq!(plain("éééé", 3), Err(NotPlain::TooLong(3)));
        for (text, c) in [("a\0", 0), ("a\nb", 10), ("\u{202E}fdp", 0x202E), ("\u{FFFE}", 0xFFFE)] {
            assert_eq!(plain(text, 10), Err(NotPlain::Invisible(c)), "{text:?}");
        }
    }
}
