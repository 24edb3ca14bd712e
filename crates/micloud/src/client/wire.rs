//! A request as data over an HTTP client, and back.

use std::time::Duration;

use iot_home_http::bytes::Bytes;
use iot_home_http::http::header::{COOKIE, DATE};
use iot_home_http::http::{self, HeaderValue};
use iot_home_http::{Error as HttpError, ErrorKind as HttpErrorKind, HttpClient};

use super::error::{Cause, Error};
use crate::{Method, Request, Response};

/// Sends a request and reads the whole answer, in the time that the request allows.
pub(super) async fn exchange(
    client: &dyn HttpClient,
    request: &Request,
    longest: usize,
) -> Result<(Response, Option<Duration>), Error> {
    let place = request.url.split(['?', '#']).next().unwrap_or_default();
    let told = |error| Error::new(Cause::Http { place: place.into(), error });
    let outgoing = outgoing(request).map_err(told)?;
    let whole = async {
        let (parts, body) = client.send(outgoing).await?.into_parts();
        let body = body.collect(longest).await?;
        Ok((parts, body))
    };
    let answer = tokio::time::timeout(request.timeout, whole)
        .await
        .map_err(|_| Error::new(Cause::Timeout { place: place.into(), after: request.timeout }));
    let answer = answer.and_then(|answer| answer.map_err(told));
    match &answer {
        Ok((parts, body)) => {
            let (status, bytes) = (parts.status.as_u16(), body.len());
            tracing::debug!(method = %request.method, place, status, bytes, "answered");
        }
        Err(error) => tracing::debug!(method = %request.method, place, %error, "not answered"),
    }
    let (parts, body) = answer?;
    let date = parts.headers.get(DATE).and_then(|date| unix_time(date.to_str().ok()?));
    let mut response = Response::new(parts.status.as_u16(), body);
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        response.headers.push((name.as_str().to_owned(), value.into_owned()));
    }
    Ok((response, date))
}

fn outgoing(request: &Request) -> Result<http::Request<Bytes>, HttpError> {
    let bad = |_| HttpError::new(HttpErrorKind::BadRequest, "the request cannot be written");
    let method = match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    };
    let mut builder = http::Request::builder().method(method).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    if let Some(cookies) = request.cookie_header() {
        let mut value =
            HeaderValue::from_str(cookies.expose()).map_err(http::Error::from).map_err(bad)?;
        value.set_sensitive(true);
        builder = builder.header(COOKIE, value);
    }
    let body = request.body.as_ref().map(|body| body.expose().clone()).unwrap_or_default();
    builder.body(Bytes::from(body)).map_err(bad)
}

fn unix_time(date: &str) -> Option<Duration> {
    httpdate::parse_http_date(date).ok()?.duration_since(std::time::UNIX_EPOCH).ok()
}
