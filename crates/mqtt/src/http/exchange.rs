//! Sending a request that stands as data.

use alloc::vec::Vec;
use core::time::Duration;

use iot_home_http::bytes::Bytes;
use iot_home_http::{HttpClient, http};
use tokio::time;

use super::Request;

/// How long an exchange may take as a whole.
pub const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no answer to look at.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Nothing came of the request.
    #[error(transparent)]
    Http(#[from] iot_home_http::Error),
    /// The request cannot be sent.
    #[error("the request cannot be sent: its address or one of its headers is none")]
    Request,
    /// The server says that it did not work.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// There was no whole answer in time.
    #[error("there was no answer within {0:?}")]
    Timeout(Duration),
}

impl Request {
    /// Sends it and brings the answer's body, of `most` bytes at most.
    ///
    /// # Errors
    /// When no answer comes, or one with a status other than those from 200 to 299.
    ///
    /// # Cancel safety
    /// When the future is dropped, the request may have been sent.
    pub async fn exchange(
        &self,
        client: &dyn HttpClient,
        most: usize,
    ) -> Result<Vec<u8>, ExchangeError> {
        let mut request = http::Request::builder().method(self.method).uri(self.url.as_str());
        for (name, value) in &self.headers {
            let mut value =
                http::HeaderValue::from_str(value).map_err(|_| ExchangeError::Request)?;
            value.set_sensitive(true);
            request = request.header(*name, value);
        }
        let body = Bytes::from(self.body.clone());
        let request = request.body(body).map_err(|_| ExchangeError::Request)?;
        let exchange = async {
            let (head, body) = client.send(request).await?.into_parts();
            let body = body.collect(most).await?;
            if head.status.is_success() {
                Ok(body.into())
            } else {
                Err(ExchangeError::Status(head.status.as_u16()))
            }
        };
        let done = time::timeout(EXCHANGE_TIMEOUT, exchange).await;
        done.unwrap_or(Err(ExchangeError::Timeout(EXCHANGE_TIMEOUT)))
    }
}
