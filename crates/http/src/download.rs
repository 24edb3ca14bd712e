//! Files that are checked while they arrive, and go on where they stopped.

mod digest;
mod error;
mod part;
mod range;

use std::fmt;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ETAG, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time;

pub use self::digest::{Digest, InvalidDigest};
pub use self::error::DownloadError;
use self::part::Part;
use crate::{Body, HttpClient, Request};

/// A file that is to be fetched: where it goes, how long it is, and what its digest is.
///
/// What has arrived is kept beside it, with `.part` behind its name. [`run`](Self::run) goes on from there: after a connection that
/// broke, after an address that expired, after a restart of the program. The file itself appears once it is whole
/// and its digest is right, and is never seen in between.
///
/// ```no_run
/// use iot_home_http::{Client, Digest, Download};
///
/// # async fn example(size: u64, md5: &str, mut url: String, ask_again: impl Fn() -> String)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new()?;
/// let mut firmware = Download::new("/var/lib/lamp/firmware.bin", size, Digest::md5(md5)?).limit(16 << 20);
/// while let Err(error) = firmware.run(&client, &url).await {
///     if !error.wants_another_address() {
///         return Err(error.into());
///     }
///     url = ask_again(); // bounded, in a program
/// }
/// # Ok(())
/// # }
/// ```
pub struct Download {
    path: PathBuf,
    size: u64,
    digest: Digest,
    limit: u64,
    tries: u32,
    timeout: Duration,
    progress: Option<Box<dyn FnMut(u64) + Send>>,
}

impl Download {
    /// The file at this path, of `size` bytes.
    pub fn new(path: impl Into<PathBuf>, size: u64, digest: Digest) -> Self {
        Self {
            path: path.into(),
            size,
            digest,
            limit: 1 << 30,
            tries: 6,
            timeout: Duration::from_secs(3600),
            progress: None,
        }
    }

    /// Refuses a file of more bytes than this: 1 GiB unless it is said.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// How often in a row it may fail without a single byte gained: 6 times unless it is said.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = tries;
        self
    }

    /// How long one [`run`](Self::run) may take: an hour unless it is said. What has arrived by then is kept.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Calls this with the number of bytes that are there, whenever there are more.
    #[must_use]
    pub fn on_progress(mut self, progress: impl FnMut(u64) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// How many bytes the file has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fetches from this address what is missing. Redirects are not followed.
    ///
    /// # Errors
    /// [`DownloadError`] has what can go wrong. What has arrived stays for the next run, except when it proved wrong.
    pub async fn run(&mut self, client: &dyn HttpClient, url: &str) -> Result<(), DownloadError> {
        if self.size > self.limit {
            return Err(DownloadError::TooLarge { size: self.size, limit: self.limit });
        }
        let timeout = self.timeout;
        let fetched = time::timeout(timeout, self.fetch(client, url)).await;
        fetched.unwrap_or(Err(DownloadError::Timeout(timeout)))
    }

    /// The same, and awaits `tell` with the number of bytes that are there: about once a second, where there are more than
    /// before. Nothing is fetched meanwhile.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_and_tell<F: Future<Output = ()>>(
        &mut self,
        client: &dyn HttpClient,
        url: &str,
        mut tell: impl FnMut(u64) -> F,
    ) -> Result<(), DownloadError> {
        let there = Arc::new(AtomicU64::new(0));
        let mut others = self.progress.take();
        let seen = Arc::clone(&there);
        self.progress = Some(Box::new(move |bytes| {
            seen.store(bytes, Ordering::Relaxed);
            if let Some(progress) = &mut others {
                progress(bytes);
            }
        }));
        let mut run = pin!(self.run(client, url));
        let mut told = 0;
        loop {
            if let Ok(done) = time::timeout(TELLS, run.as_mut()).await {
                return done;
            }
            let bytes = there.load(Ordering::Relaxed);
            if bytes != told {
                told = bytes;
                tell(bytes).await;
            }
        }
    }

    async fn fetch(&mut self, client: &dyn HttpClient, url: &str) -> Result<(), DownloadError> {
        let mut part = Part::open(&self.path, self.size, self.digest).await?;
        // What came in several answers may be of several files.
        let mut pieced = part.len() > 0;
        let mut begun_anew = false;
        // Of the answer that the last bytes came with.
        let mut tag = None;
        let mut failures = 0_u32;
        loop {
            let before = part.len();
            let missing = before < self.size;
            let tried =
                if missing { self.attempt(client, url, &mut part, &mut tag).await } else { Ok(()) };
            // What has arrived is to be found again, whatever comes.
            part.flush().await?;
            match tried {
                Ok(()) if part.len() == self.size => {
                    if part.is_right() {
                        return part.finish().await;
                    }
                    part.restart().await?;
                    if !pieced || begun_anew {
                        part.discard().await?;
                        return Err(DownloadError::Digest);
                    }
                    (pieced, begun_anew) = (false, true);
                }
                Ok(()) => {}
                Err(Failed::For(error)) => return Err(error),
                Err(Failed::Restart) => {
                    part.restart().await?;
                    pieced = false;
                }
                Err(Failed::Once(error)) => {
                    pieced |= part.len() > 0;
                    failures = if part.len() > before { 0 } else { failures.saturating_add(1) };
                    if failures >= self.tries {
                        return Err(error);
                    }
                    time::sleep(pause(failures)).await;
                }
            }
        }
    }

    /// One request, and what comes of it.
    async fn attempt(
        &mut self,
        client: &dyn HttpClient,
        url: &str,
        part: &mut Part,
        tag: &mut Option<HeaderValue>,
    ) -> Result<(), Failed> {
        let from = part.len();
        let request = request(url, from, tag.as_ref())?;
        let answer = client.send(request).await.map_err(failed)?;
        let (head, body) = answer.into_parts();
        match head.status {
            StatusCode::OK => {
                if from > 0 {
                    part.restart().await?;
                }
                self.check(head.headers.get("content-length").and_then(number))?;
            }
            StatusCode::PARTIAL_CONTENT => {
                let range = range::read(&head.headers).filter(|range| range.first == from);
                let range = range.ok_or(DownloadError::OtherRange)?;
                self.check(range.total)?;
            }
            // There is nothing behind what is here, so that what is here is of something else.
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => return Err(Failed::Restart),
            status => {
                let error = DownloadError::Status(status.as_u16());
                let passes = status.is_server_error()
                    || matches!(
                        status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
                    );
                return Err(if passes { Failed::Once(error) } else { Failed::For(error) });
            }
        }
        *tag = strong_tag(&head.headers);
        self.take(body, part).await
    }

    /// Whether the server speaks of a file of the size that was announced.
    fn check(&self, size: Option<u64>) -> Result<(), DownloadError> {
        match size {
            Some(size) if size != self.size => {
                Err(DownloadError::Size { announced: self.size, found: size })
            }
            _ => Ok(()),
        }
    }

    async fn take(&mut self, mut body: Body, part: &mut Part) -> Result<(), Failed> {
        while let Some(piece) = body.chunk().await {
            let piece = piece.map_err(failed)?;
            let found = part.len().saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if found > self.size {
                part.restart().await?;
                return Err(DownloadError::Size { announced: self.size, found }.into());
            }
            part.write(&piece).await?;
            if let Some(progress) = &mut self.progress {
                progress(found);
            }
        }
        if part.len() < self.size {
            return Err(Failed::Once(DownloadError::Cut));
        }
        Ok(())
    }
}

/// What an attempt that did not bring everything means.
enum Failed {
    /// It is the end.
    For(DownloadError),
    /// It may go better.
    Once(DownloadError),
    /// It has to begin at the beginning.
    Restart,
}

impl From<DownloadError> for Failed {
    fn from(error: DownloadError) -> Self {
        Self::For(error)
    }
}

fn failed(error: crate::Error) -> Failed {
    let passes = error.is_transient();
    let error = DownloadError::Http(error);
    if passes { Failed::Once(error) } else { Failed::For(error) }
}

fn request(url: &str, from: u64, tag: Option<&HeaderValue>) -> Result<Request, DownloadError> {
    let mut request = http::Request::get(url).header(ACCEPT_ENCODING, "identity");
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
        if let Some(tag) = tag {
            request = request.header(IF_RANGE, tag);
        }
    }
    request.body(Bytes::new()).map_err(|_| DownloadError::Address)
}

/// What tells one state of a file from another.
fn strong_tag(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).cloned()
}

fn number(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}

/// A quarter of a second, doubled up to eight.
fn pause(failures: u32) -> Duration {
    let doubled = failures.saturating_sub(1).min(5);
    Duration::from_millis(250).saturating_mul(1 << doubled)
}

/// How often it is told how far a download is.
const TELLS: Duration = Duration::from_secs(1);

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("path", &self.path)
            .field("size", &self.size)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
