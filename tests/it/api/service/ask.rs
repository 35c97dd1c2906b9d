//! One request and its answer.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::HeaderMap;
use serde_json::Value;

use crate::api::service::{ANYONE, Https, Service};

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the body came to its end as announced.
    pub whole: bool,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The same but for what is drawn anew for each answer.
    pub fn settled(mut self) -> Self {
        for name in ["date", "request-id"] {
            assert!(self.headers.remove(name).is_some(), "no {name}");
        }
        self
    }
}

/// A request that is being put together.
pub struct Ask<'s> {
    pub(super) service: &'s Service,
    pub(super) client: Https,
    pub(super) who: String,
    pub(super) request: hyper::http::request::Builder,
    pub(super) body: Bytes,
}

impl Ask<'_> {
    /// Over this client's connections.
    pub fn over(mut self, client: &Https) -> Self {
        self.client = client.clone();
        self
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub async fn send(self) -> Answer {
        let token = match self.who.as_str() {
            ANYONE => None,
            who => Some(self.service.token(who).await),
        };
        self.send_raw(token).await
    }

    /// With this token in place of the caller's own.
    pub async fn send_raw(self, token: Option<String>) -> Answer {
        let request = match token {
            Some(token) => self.request.header("authorization", format!("Bearer {token}")),
            None => self.request,
        };
        let request = request.body(Full::new(self.body)).unwrap();
        let (parts, mut body) = self.client.request(request).await.unwrap().into_parts();
        let (mut bytes, mut whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => whole = false,
            }
        }
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        Answer { status, headers, body: bytes.into(), whole }
    }
}
