//! Ruses, and how an honest answer is twisted into one.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{Response, StatusCode, body::Frame};
use jiff::{SignedDuration, Timestamp};

pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// What is done with one call in place of answering it honestly.
#[derive(Debug, Clone)]
pub enum Ruse {
    /// Nothing.
    None,
    /// Answer so, and do nothing.
    Refuse(u16, &'static str),
    /// Do it, then say that it failed.
    KeepAndRefuse(u16),
    /// Say that it was done, and do nothing.
    Swallow,
    /// Keep the first half.
    KeepHalf,
    /// Take the head of the call and nothing more.
    Hang,
    /// Do it once it is let go.
    Wait,
    /// Do it, and never answer.
    Silence,
    HalfBody,
    EmptyBody,
    StallHalfway,
    ExtraBytes,
    ChangeByte,
    OtherRange,
    LongerRange,
    WholeForRange,
    ListStrangeNames,
    ListNothing,
    /// Say that the bucket is somewhere else.
    OtherRegion,
    /// Answer as if it were an hour later.
    OtherDate,
    /// Send the head of the answer and nothing more.
    HeadOnly,
}

pub fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

pub fn refusal(status: u16, code: &str) -> Response<Body> {
    let text = format!("<Error><Code>{code}</Code><Message>a ruse</Message></Error>");
    Response::builder().status(status).body(full(text.into())).unwrap()
}

pub fn listing(keys: &[&str]) -> Response<Body> {
    let contents: String =
        keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    let text =
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
    Response::new(full(text.into()))
}

/// An end that comes after what was before it has gone out.
async fn broken_off() -> Result<Frame<Bytes>, std::io::Error> {
    tokio::task::yield_now().await;
    Err(std::io::Error::other("a ruse"))
}

/// Changes an honest answer.
pub async fn twist(ruse: Ruse, response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let mut bytes = body.collect().await.unwrap().to_bytes().to_vec();
    let half = bytes.len() / 2;
    let rest = match ruse {
        Ruse::HalfBody => {
            bytes.truncate(half);
            stream::once(broken_off()).boxed()
        }
        Ruse::EmptyBody => {
            bytes.clear();
            stream::once(broken_off()).boxed()
        }
        Ruse::HeadOnly => {
            bytes.clear();
            stream::pending().boxed()
        }
        Ruse::StallHalfway => {
            bytes.truncate(half);
            stream::pending().boxed()
        }
        _ => stream::empty().boxed(),
    };
    match ruse {
        Ruse::ChangeByte => bytes[half] ^= 1,
        Ruse::ExtraBytes => {
            bytes.extend_from_slice(b"and more");
            head.headers.remove("content-length");
        }
        Ruse::OtherRange => {
            head.headers.insert("content-range", "bytes 0-299989/300000".parse().unwrap());
        }
        Ruse::LongerRange => {
            head.headers.insert("content-range", "bytes 10-399999/400000".parse().unwrap());
        }
        Ruse::OtherDate => {
            let date = Timestamp::now() + SignedDuration::from_hours(1);
            let date =
                jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date);
            head.headers.insert("date", date.unwrap().parse().unwrap());
        }
        Ruse::WholeForRange => {
            head.status = StatusCode::OK;
            head.headers.remove("content-range");
        }
        _ => {}
    }
    let first = stream::once(async move { Ok(Frame::data(Bytes::from(bytes))) });
    Response::from_parts(head, StreamBody::new(first.chain(rest)).boxed_unsync())
}
