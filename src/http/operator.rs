//! The operator's own address: alive, ready, figures. Nothing of anybody's documents.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::State,
    http::header,
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

/// The one recorder of the process; a second instance in it (the demonstration has two) shares the first one's.
static FIGURES: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let suffix = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(suffix, &SECONDS);
    let recorder = builder.expect("the bounds are some").build_recorder();
    let handle = recorder.handle();
    let _installed = metrics::set_global_recorder(recorder);
    handle
});

/// Everything that is served to the operator.
pub fn operator(app: App) -> Router {
    LazyLock::force(&FIGURES);
    let router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(|| async { Problem::missing() })
        .method_not_allowed_fallback(|| async { Problem::new(Kind::WrongMethod) });
    framed(router.with_state(app))
}

/// `GET /readyz`: whether acts can be recorded, so done.
async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    app.ready().await?;
    Ok("ready\n")
}

/// `GET /metrics`: figures in Prometheus' text format.
async fn metrics(State(app): State<App>) -> Response {
    app.measure();
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (text, FIGURES.render()).into_response()
}

impl App {
    /// Whether acts can be recorded: the database answers, the log is being signed, the sequencer lives.
    async fn ready(&self) -> Result<(), Problem> {
        let now = self.clock.now();
        if self.writer.ended().borrow().is_some() {
            return Err(crate::audit::Error::Stopped.into());
        }
        self.writer.timely()?;
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
        for chain in self.documents.locations().iter().filter_map(|at| at.chain.as_ref()) {
            if let Some(ends) = chain.ends() {
                let location = chain.location().to_string();
                // An instant of the epoch, as Prometheus wants instants.
                let gauge = "greffe_location_certificate_end_timestamp_seconds";
                metrics::gauge!(gauge, "location" => location).set(ends as f64);
            }
        }
    }
}
