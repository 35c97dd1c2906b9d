//! Opening an `.age` file on its recipient's side.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use crate::vault::{
    export::{Error, FormCheck},
    recipients::Identity,
};

const PIECE: usize = 64 * 1024;

/// Opens the `.age` file that `sealed` gives, and writes its content; gives the number of bytes written.
///
/// Only genuine bytes are written. After an error, what was written is a genuine beginning: the caller removes it.
///
/// # Errors
///
/// [`Error::Form`], [`Error::Closed`], [`Error::Altered`], [`Error::Read`] or [`Error::Write`].
pub fn unseal(
    identities: &[Identity],
    mut sealed: impl Read,
    mut content: impl Write,
) -> Result<u64, Error> {
    let header = header(&mut sealed)?;
    let closed = |error| Error::Closed(Box::new(error));
    let decryptor = age::Decryptor::new(header.as_slice().chain(sealed)).map_err(closed)?;
    let identities = identities.iter().map(Identity::as_age);
    let mut opened = decryptor.decrypt(identities).map_err(closed)?;
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let mut written = 0;
    loop {
        let length = match opened.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::Altered(written, error)),
        };
        content.write_all(&piece[..length]).map_err(Error::Write)?;
        written += length as u64;
    }
    content.flush().map_err(Error::Write)?;
    Ok(written)
}

/// Reads until the header has passed the strict check; the age crate forgives what the specification does not.
fn header(sealed: &mut impl Read) -> Result<Vec<u8>, Error> {
    let mut form = FormCheck::new();
    let mut header = Vec::new();
    let mut piece = [0; 1024];
    while !form.header_passed() {
        let length = match sealed.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(Error::Read)?,
        };
        if length == 0 {
            form.finish()?;
            break;
        }
        form.push(&piece[..length])?;
        header.extend_from_slice(&piece[..length]);
    }
    Ok(header)
}
