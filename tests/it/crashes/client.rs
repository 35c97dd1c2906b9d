//! Clients of a service that may break off at any instant.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{Client as Legacy, connect::HttpConnector};
use serde_json::Value;

use crate::{
    api::service::{self, Answer},
    crashes::instance::causes,
};

/// Contributes and manages the accesses of a company.
pub const OWNER: &str = "contributor-rhein";
/// Somebody of another company.
pub const READER: &str = "contributor-littoral";

/// Whatever a service does, it answers or breaks off by then.
const BY_THEN: Duration = Duration::from_secs(120);

/// Asks one service. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: Legacy<HttpsConnector<HttpConnector>, Full<Bytes>>,
    address: SocketAddr,
    tokens: Arc<HashMap<String, String>>,
}

impl Client {
    pub fn new(address: SocketAddr, authority: &str, tokens: Arc<HashMap<String, String>>) -> Self {
        Self { http: service::client(service::trust(authority)), address, tokens }
    }

    /// What was answered; nothing if the connection broke before that.
    pub async fn ask(
        &self,
        who: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<Answer> {
        let uri = format!("https://{}{path}", self.address);
        let token = format!("Bearer {}", self.tokens[who]);
        let mut request = Request::builder().method(method).uri(uri).header("authorization", token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let answered = tokio::time::timeout(BY_THEN, self.answer(request)).await;
        answered.unwrap_or_else(|_| panic!("{method} {path} is never answered"))
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let asked = format!("{} {}", request.method(), request.uri().path());
        let answer = match self.http.request(request).await {
            Ok(answer) => answer,
            Err(error) => {
                // Shown with the test, if it fails.
                eprintln!("{asked}: {}", causes(&error));
                return None;
            }
        };
        let (parts, mut body) = answer.into_parts();
        let (mut bytes, mut whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        Some(Answer { status, headers, body: bytes.into(), whole })
    }

    /// Asks once more where the connection broke: a service that answers a body that it need not read closes after it.
    pub async fn get(&self, who: &str, path: &str) -> Option<Answer> {
        match self.ask(who, "GET", path, &[], Bytes::new()).await {
            None => self.ask(who, "GET", path, &[], Bytes::new()).await,
            answered => answered,
        }
    }

    /// Asks again where the service says so, a second later: it may be busy, but not for long.
    pub async fn get_at_last(&self, who: &str, path: &str) -> Answer {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        let mut last = None;
        for _ in 0..20 {
            tick.tick().await;
            last = self.get(who, path).await;
            if let Some(answer) = last.take_if(|answer| answer.status != 503) {
                return answer;
            }
        }
        panic!("{path}: {last:?}");
    }

    pub async fn json(&self, who: &str, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let headers = [("content-type", "application/json")];
        self.ask(who, method, path, &headers, body.to_string()).await
    }
}

/// The answer's JSON if it has this status.
pub fn with_status(answer: Option<Answer>, status: u16) -> Option<Value> {
    let answer = answer.filter(|answer| answer.status == status && answer.whole)?;
    serde_json::from_slice(&answer.body).ok()
}
