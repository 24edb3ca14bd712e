//! Requests as data go out over HTTP, and answers come back as data.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{COOKIE, HeaderName, HeaderValue};
use iot_home_core::Clock;
use iot_home_http::{Error, ErrorKind, HttpClient};

use crate::{Request, Response};

/// Sends a request and waits for the whole answer, no longer than `patience`.
pub(super) async fn send(
    client: &dyn HttpClient,
    request: &Request,
    patience: Duration,
) -> Result<Response, Error> {
    let patience = patience.min(request.timeout);
    let sending = async {
        let response = client.send(to_http(request)?).await?;
        let (head, body) = response.into_parts();
        let body = body.collect(LARGEST).await?;
        let mut answer = Response::new(head.status.as_u16(), body);
        for (name, value) in &head.headers {
            // A header that is no text is nothing that we know.
            if let Ok(value) = value.to_str() {
                answer = answer.header(name.as_str(), value);
            }
        }
        Ok(answer)
    };
    let late = |_| Error::new(ErrorKind::Timeout, "the server did not answer in time");
    tokio::time::timeout(patience, sending).await.map_err(late)?
}

fn to_http(request: &Request) -> Result<iot_home_http::Request, Error> {
    let bad = |_| Error::new(ErrorKind::BadRequest, "the request cannot be written as HTTP");
    let body = request.body.as_ref().map(|body| Bytes::from(body.expose().clone()));
    let mut built = http::Request::builder()
        .method(request.method.name())
        .uri(&request.url)
        .body(body.unwrap_or_default())
        .map_err(bad)?;
    let headers = built.headers_mut();
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| bad(e.into()))?;
        headers.append(name, HeaderValue::from_str(value).map_err(|e| bad(e.into()))?);
    }
    if let Some(cookies) = request.cookie_header() {
        let mut value = HeaderValue::from_str(cookies.expose()).map_err(|e| bad(e.into()))?;
        value.set_sensitive(true);
        headers.insert(COOKIE, value);
    }
    Ok(built)
}

/// How far the server's clock is ahead of ours.
#[derive(Debug, Default)]
pub(super) struct Offset(AtomicI64);

impl Offset {
    /// Takes in the `Date` of an answer.
    pub(super) fn learn(&self, response: &Response, clock: &(impl Clock + ?Sized)) {
        let date = response.get("Date").and_then(|date| httpdate::parse_http_date(date).ok());
        let Some(server) = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()) else {
            return;
        };
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let ahead = seconds(server).saturating_sub(seconds(clock.unix_time()));
        // Below that it is the time an answer travels, and nonces count minutes.
        let ahead = if ahead.abs() < 30 { 0 } else { ahead };
        self.0.store(ahead, Ordering::Relaxed);
    }

    /// In seconds.
    pub(super) fn seconds(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The server's time.
    pub(super) fn unix_time(&self, clock: &(impl Clock + ?Sized)) -> Duration {
        let ahead = self.seconds();
        let by = Duration::from_secs(ahead.unsigned_abs());
        let ours = clock.unix_time();
        if ahead < 0 { ours.saturating_sub(by) } else { ours.saturating_add(by) }
    }
}

/// More than any list of devices.
const LARGEST: usize = 32 << 20;
