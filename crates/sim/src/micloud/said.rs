//! Answers as the cloud's servers write them.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

/// An answer that is being written.
pub(super) struct Said(Response<Bytes>);

impl Said {
    fn new(status: u16, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        Self(response)
    }

    /// JSON as the account's server writes it.
    pub(super) fn account(answer: &Value) -> Self {
        let text = format!("&&&START&&&{answer}");
        Self::new(200, "application/json;charset=utf-8", text)
    }

    /// JSON as the API writes it where it is readable.
    pub(super) fn api(status: u16, answer: &Value) -> Self {
        Self::new(status, "application/json;charset=utf-8", answer.to_string())
    }

    pub(super) fn text(status: u16, text: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain;charset=utf-8", text)
    }

    pub(super) fn page(status: u16, title: &str) -> Self {
        let page =
            format!("<!DOCTYPE html><html><head><title>{title}</title></head><body/></html>");
        Self::new(status, "text/html;charset=utf-8", page)
    }

    pub(super) fn image(media_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self::new(200, media_type, bytes)
    }

    pub(super) fn redirect(to: &str) -> Self {
        Self::text(302, "").header(LOCATION, to)
    }

    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().append(name, value);
        }
        self
    }

    /// Sets a cookie; for a domain where the server has a name.
    pub(super) fn cookie(self, name: &str, value: &str, domain: Option<&str>) -> Self {
        let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        self.header(SET_COOKIE, &format!("{name}={value}; Path=/{domain}; HttpOnly"))
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        self.0
    }
}
