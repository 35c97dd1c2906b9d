//! References: speakable, meaningless names of documents, e.g. `K3T-7KQ4-2M`.

use ring::digest::{SHA256, digest};

use crate::id::random;

/// Crockford's alphabet: nothing in it is mistaken for something else, spoken or written.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters that are drawn; two more check them.
const DRAWN: usize = 7;

/// A new reference: 35 random bits and 10 that catch a mistyped one.
#[must_use]
pub fn draw() -> String {
    let drawn: Vec<u8> =
        random::<DRAWN>().iter().map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
    written(&drawn)
}

/// A reference as it is written, from how someone typed it; none if it is mistyped.
///
/// Case, spaces and dashes do not matter; `O` is read as zero, `I` and `L` as one.
#[must_use]
pub fn typed(text: &str) -> Option<String> {
    let plain: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'-' | b' '))
        .map(|byte| match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            byte => byte,
        })
        .collect();
    let drawn = plain.get(..DRAWN).filter(|_| plain.len() == DRAWN + 2)?;
    let reference = written(drawn);
    let typed: String = plain.iter().map(|byte| char::from(*byte)).collect();
    (reference.replace('-', "") == typed).then_some(reference)
}

fn written(drawn: &[u8]) -> String {
    let check = digest(&SHA256, drawn);
    let check = check.as_ref()[..2].iter().map(|byte| ALPHABET[usize::from(byte % 32)]);
    let all: Vec<char> = drawn.iter().copied().chain(check).map(char::from).collect();
    let part = |part: &[char]| part.iter().collect::<String>();
    format!("{}-{}-{}", part(&all[..3]), part(&all[3..7]), part(&all[7..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_however_it_is_spoken() {
        let reference = draw();

        assert_eq!(reference.len(), 11);
        assert_eq!(typed(&reference), Some(reference.clone()));
        assert_eq!(typed(&reference.to_lowercase().replace('-', " ")), Some(reference.clone()));
        assert_eq!(typed(&reference.replace('0', "O").replace('1', "l")), Some(reference));
    }

    #[test]
    fn a_mistyped_reference_is_none() {
        let reference = draw();
        let other = if reference.starts_with('A') { "B" } else { "A" };

        assert_eq!(typed(&format!("{other}{}", &reference[1..])), None);
        for text in ["", "K3T", "K3T-7KQ4-2M-", "é3T-7KQ4-2M", "K3T-7KQ4-2U"] {
            assert!(typed(text).is_none_or(|found| found != text), "{text}");
        }
    }
}
