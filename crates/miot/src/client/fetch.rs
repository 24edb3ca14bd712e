//! One server after the other.

use std::time::Duration;

use iot_home_http::HttpClient;
use iot_home_http::bytes::Bytes;
use iot_home_http::http::{Request, StatusCode};

use super::error::{Cause, Error, ErrorKind};
use crate::Urn;

/// What is asked of a server.
pub(super) struct Question {
    /// Path and query, with a slash at the beginning.
    pub(super) path: String,
    /// What it is about, where the server may know nothing of it.
    pub(super) urn: Option<Urn>,
    /// The most bytes of an answer.
    pub(super) longest: usize,
    /// How long each server has for all of it.
    pub(super) patience: Duration,
}

/// An answer as it was read, and as it came.
pub(super) struct Answer<T> {
    pub(super) read: T,
    pub(super) body: Bytes,
}

/// Asks the servers until one has an answer that can be read. Where none has, one that says that there is no such thing
/// knows best; otherwise the first one's failure is told.
pub(super) async fn fetch<T, R>(
    http: &dyn HttpClient,
    urls: &[String],
    question: &Question,
    read: R,
) -> Result<Answer<T>, Error>
where
    T: Send + 'static,
    R: Fn(&str, &[u8]) -> Result<T, Cause> + Clone + Send + 'static,
{
    let mut failure: Option<Error> = None;
    for url in urls {
        match ask(http, url, question, read.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => {
                tracing::debug!(url, path = question.path, %error, "not answered");
                if failure.is_none() || error.kind() == ErrorKind::NotFound {
                    failure = Some(error);
                }
            }
        }
    }
    Err(failure.unwrap_or_else(|| Error::new(Cause::Url)))
}

async fn ask<T, R>(
    http: &dyn HttpClient,
    url: &str,
    question: &Question,
    read: R,
) -> Result<Answer<T>, Error>
where
    T: Send + 'static,
    R: FnOnce(&str, &[u8]) -> Result<T, Cause> + Send + 'static,
{
    let request = Request::get(format!("{url}{}", question.path)).body(Bytes::new());
    let request = request.map_err(|_| Error::new(Cause::Url))?;
    let whole = async {
        let (parts, body) = http.send(request).await?.into_parts();
        Ok((parts.status, body.collect(question.longest).await?))
    };
    let (status, body) = tokio::time::timeout(question.patience, whole)
        .await
        .map_err(|_| Error::new(Cause::Timeout { place: url.into(), after: question.patience }))?
        .map_err(|error| Error::new(Cause::Http(error)))?;
    tracing::debug!(url, path = question.path, %status, bytes = body.len(), "answered");
    match (status, &question.urn) {
        (StatusCode::OK, _) => {}
        (StatusCode::NOT_FOUND, Some(urn)) => return Err(Error::new(Cause::NotFound(urn.clone()))),
        _ => {
            let status = status.as_u16();
            return Err(Error::new(Cause::Status { place: url.into(), status }));
        }
    }
    let (place, kept) = (url.to_owned(), body.clone());
    // The list of models has several megabytes.
    let read = tokio::task::spawn_blocking(move || read(&place, &body)).await;
    let read = read.map_err(|_| Error::new(Cause::Ended))?.map_err(Error::new)?;
    Ok(Answer { read, body: kept })
}
