//! What the operator's own address serves: health and metrics, nothing of any document.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::app::App;

/// The one recorder of the process.
static METRICS: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    // A second instance in one process (the demonstration has two) shares the first one's.
    let _installed = metrics::set_global_recorder(recorder);
    handle
});

/// `/healthz`, `/readyz` and `/metrics`.
pub fn operator(app: App) -> Router {
    LazyLock::force(&METRICS);
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(app)
}

/// Ready while the log lives and is signed in time: then, and only then, documents are served.
async fn ready(State(app): State<App>) -> impl IntoResponse {
    let lives = !*app.writer.dead().borrow();
    if lives && app.writer.unsigned().young(app.clock.now()) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the log is not signed: nothing is served\n")
    }
}

async fn metrics_text(State(app): State<App>) -> impl IntoResponse {
    metrics::gauge!("greffe_log_size").set(app.tree.published().tree.size as f64);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], METRICS.render())
}
