//! Answers of success.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{http::frame::Counted, id::EntryId};

/// 200, in JSON.
#[derive(Clone, Debug)]
pub(super) struct Shown<T>(pub T);

/// 200, in JSON: a list, which is an entry of the log and costs its caller one.
#[derive(Clone, Debug)]
pub(super) struct Listed<T>(pub T);

/// 201, in JSON, with where the new thing is.
#[derive(Clone, Debug)]
pub(super) struct Made<T> {
    /// Its path.
    pub at: String,
    /// What is said of it.
    pub body: T,
}

/// 202, in JSON: begun, and something else is waited for.
#[derive(Clone, Debug)]
pub(super) struct Begun<T>(pub T);

/// What a change answers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Entered {
    /// The entry of the log, of which `/api/v1/receipts/{entry}` gives a receipt.
    #[schema(value_type = String)]
    pub entry: EntryId,
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.0).into_response();
        response.extensions_mut().insert(Counted);
        response
    }
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        let at = HeaderValue::try_from(self.at).expect("paths are made of ids and handles");
        (StatusCode::CREATED, [(header::LOCATION, at)], axum::Json(self.body)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Begun<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, axum::Json(self.0)).into_response()
    }
}
