//! The pages behind the paths that name problems.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::http::{
    language::Language,
    problem::{Kind, Problem},
};

/// The pages, for whoever looks up what a problem means.
pub(in crate::http) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/problems/{slug}", get(page))
}

/// `GET /problems/{slug}`: what a problem means, and what to do.
async fn page(Path(slug): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let kind = Kind::named(&slug).ok_or(Problem::missing())?;
    let language = Language::of(&headers);
    let title = kind.title().in_language(language);
    let text = format!("{title} ({})\n\n{}\n", kind.status(), kind.advice().in_language(language));
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_LANGUAGE, language.tag()),
        (header::VARY, "accept-language"),
    ];
    Ok((headers, text).into_response())
}
