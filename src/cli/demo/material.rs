//! The files of the story: a real PDF of some megabytes, and a long stream that is never on a disk in clear.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, ReadBuf};

/// Bytes of the long stream.
pub(super) const LONG: u64 = 200 * 1024 * 1024;

/// A PDF of one page and `attached` bytes of attachment, which a viewer opens.
pub(super) fn pdf(title: &str, attached: usize) -> Vec<u8> {
    let page = format!("BT /F1 24 Tf 72 760 Td ({title}) Tj ET");
    let noise: Vec<u8> = Noise::new(7).take(attached).collect();
    let objects: [Vec<u8>; 6] = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
          /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_vec(),
        stream("", page.as_bytes()),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        stream("/Type /EmbeddedFile ", &noise),
    ];
    let mut pdf = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf.extend_from_slice(format!("{} 0 obj\n", number + 1).as_bytes());
        pdf.extend_from_slice(object);
        pdf.extend_from_slice(b"\nendobj\n");
    }
    let table = pdf.len();
    pdf.extend_from_slice(
        format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes(),
    );
    for offset in offsets {
        pdf.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let trailer = format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    );
    pdf.extend_from_slice(trailer.as_bytes());
    pdf
}

fn stream(entries: &str, bytes: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {entries}/Length {} >>\nstream\n", bytes.len()).into_bytes();
    object.extend_from_slice(bytes);
    object.extend_from_slice(b"\nendstream");
    object
}

/// Bytes that do not repeat within any length used here; the same each time.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Iterator for Noise {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(self.0.to_be_bytes()[0])
    }
}

/// [`LONG`] bytes, made as they are asked for.
pub(super) struct Stream {
    block: Vec<u8>,
    sent: u64,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self { block: Noise::new(11).take(64 * 1024 + 1).collect(), sent: 0 }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let place = usize::try_from(self.sent % self.block.len() as u64).expect("short");
        let left = usize::try_from(LONG - self.sent).unwrap_or(usize::MAX);
        let length = buffer.remaining().min(left).min(self.block.len() - place);
        buffer.put_slice(&self.block[place..place + length]);
        self.sent += length as u64;
        Poll::Ready(Ok(()))
    }
}
