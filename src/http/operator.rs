//! The operator's own address: alive, ready, figures. Nothing of anybody's documents.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{
    app::App,
    database::Revisions,
    http::{Kind, Problem, framed},
};

/// Bounds of the histogram of durations, in seconds.
const SECONDS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// What the operator's routes are given.
#[derive(Clone, Debug)]
struct Seen {
    app: App,
    figures: Option<PrometheusHandle>,
}

/// Starts to count, for the whole process.
///
/// # Panics
///
/// Never: the bounds are some.
#[must_use]
pub fn record_metrics() -> Option<PrometheusHandle> {
    let suffix = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(suffix, &SECONDS);
    let recorder = builder.expect("the bounds are some").build_recorder();
    let handle = recorder.handle();
    // A second instance in one process, as in tests, keeps the first one's.
    metrics::set_global_recorder(recorder).ok().map(|()| handle)
}

/// Everything that is served to the operator.
#[must_use]
pub fn operator(app: App, figures: Option<PrometheusHandle>) -> Router {
    let router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(|| async { Problem::missing() })
        .method_not_allowed_fallback(|| async { Problem::new(Kind::WrongMethod) });
    framed(router.with_state(Seen { app, figures }))
}

/// `GET /readyz`: whether acts can be recorded, so done.
async fn ready(State(seen): State<Seen>) -> Result<&'static str, Problem> {
    seen.app.ready().await?;
    Ok("ready\n")
}

/// `GET /metrics`: figures in Prometheus' text format.
async fn metrics(State(seen): State<Seen>) -> Response {
    let Some(figures) = seen.figures else { return StatusCode::NO_CONTENT.into_response() };
    seen.app.measure();
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (text, figures.render()).into_response()
}

impl App {
    /// Whether acts can be recorded: the database answers, the log is being signed, the sequencer lives.
    async fn ready(&self) -> Result<(), Problem> {
        let now = self.clock.now();
        if *self.writer.dead().borrow() {
            return Err(crate::audit::Error::Stopped.into());
        }
        if !self.writer.unsigned().young(now) {
            return Err(crate::audit::Error::Unsigned.into());
        }
        self.registry.mission(&mut Revisions::new(now)).await?;
        Ok(())
    }

    /// Takes the figures that nothing counts by itself.
    fn measure(&self) {
        let published = self.tree.published();
        metrics::gauge!("greffe_signed_entries").set(published.tree.size as f64);
        let age = self.clock.now().since(published.at);
        metrics::gauge!("greffe_checkpoint_age_seconds").set(age.as_secs_f64());
    }
}
