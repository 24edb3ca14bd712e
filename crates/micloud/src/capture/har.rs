//! HAR files: what browsers and proxies save.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Capture, FailedStep, Signature};
use crate::url::Url;
use crate::{Method, Response, lenient, open, signing_path, urlencoded};

/// A HAR file. Its entries are read one by one, so that it costs little more than its own text.
pub struct Har<'a> {
    entries: Vec<&'a RawValue>,
}

impl<'a> Har<'a> {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// When it is no HAR file: JSON with `log.entries`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HarError> {
        #[derive(Deserialize)]
        struct File<'a> {
            #[serde(borrow)]
            log: Log<'a>,
        }
        #[derive(Deserialize)]
        struct Log<'a> {
            #[serde(borrow)]
            entries: Vec<&'a RawValue>,
        }

        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let file: File<'_> = serde_json::from_slice(bytes)
            .map_err(|error| HarError { line: error.line(), column: error.column() })?;
        Ok(Self { entries: file.log.entries })
    }

    /// How many requests are in it, to whomever.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The exchanges with the API, opened, in the order of the file. Other hosts are passed over.
    pub fn exchanges(&self, capture: &Capture) -> impl Iterator<Item = Exchange> {
        self.entries.iter().filter_map(|entry| Exchange::read(entry.get(), capture))
    }
}

impl fmt::Debug for Har<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Har({} entries)", self.entries.len())
    }
}

/// A file is no HAR file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a HAR file: at line {line}, column {column}, it is not JSON with log.entries")]
#[non_exhaustive]
pub struct HarError {
    /// Where reading ended.
    pub line: usize,
    /// Where in the line.
    pub column: usize,
}

/// A request to the API and its answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// The path as it is signed.
    pub path: String,
    /// The request's JSON, where it could be opened.
    pub request: Option<String>,
    /// The answer's JSON, where there is one and it could be opened.
    pub response: Option<String>,
    /// How the request's signature is.
    pub signature: Signature,
    /// What failed first.
    pub failed_step: Option<FailedStep>,
}

impl fmt::Debug for Exchange {
    /// Without what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("path", &self.path)
            .field("signature", &self.signature)
            .field("failed_step", &self.failed_step)
            .finish_non_exhaustive()
    }
}

impl Exchange {
    fn read(entry: &str, capture: &Capture) -> Option<Self> {
        // Whose it is is known before the rest of the entry makes sense.
        let address: Address<'_> = serde_json::from_str(entry).ok()?;
        let url = Url::parse(&address.request.url).filter(|url| capture.hosts.is_api(url))?;
        let path = signing_path(url.host(), url.path);
        let entry: Result<Entry<'_>, _> = serde_json::from_str(entry);
        let parts = entry.ok().and_then(|entry| Some((entry.request.method.parse().ok()?, entry)));
        let Some((method, entry)) = parts else {
            // Browsers ask for leave in advance: that is nobody's request.
            let asks = address.request.method.eq_ignore_ascii_case("OPTIONS");
            return (!asks).then(|| Self::unreadable(path));
        };
        Some(Self::open(capture, method, path, url.query, &entry))
    }

    fn unreadable(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            request: None,
            response: None,
            signature: Signature::Absent,
            failed_step: Some(FailedStep::Form),
        }
    }

    fn open(capture: &Capture, method: Method, path: &str, query: &str, entry: &Entry<'_>) -> Self {
        let post = entry.request.post_data.as_ref();
        let body = post.map_or("", |post| post.text.as_deref().unwrap_or_default());
        let json = body.trim_start().starts_with('{');
        // Some save the form's text, some its fields, some both.
        let listed = post.and_then(|post| post.params.as_deref()).unwrap_or_default().iter();
        let listed = listed.filter(|_| body.is_empty()).map(|field| {
            let value = &*field.value;
            // A field that is still encoded has a percent sign, and nothing that needed encoding.
            let encoded = value.contains('%') && !value.contains(['{', '"', ' ']);
            let decoded = if encoded { urlencoded::decode(value) } else { None };
            (Cow::Borrowed(&*field.name), decoded.unwrap_or(Cow::Borrowed(value)))
        });
        let form = if json { "" } else { body };
        let fields = urlencoded::fields(form).chain(listed).chain(urlencoded::fields(query));
        let request = capture.fields(method, path, fields);
        let mut failed_step = request.failed_step;
        let mut said = request.data().map(ToOwned::to_owned);
        if json && request.signature == Signature::Absent {
            said = Some(body.to_owned());
        }
        let response = match entry.response.as_ref().and_then(Answer::to_response) {
            None => None,
            Some(response) => {
                let opened = match request.nonce {
                    Some(nonce) => capture.response(nonce, &response),
                    None => open::open(&response.body, None).and_then(super::text),
                };
                opened.map_err(|error| failed_step.get_or_insert(FailedStep::Response(error))).ok()
            }
        };
        let (path, signature) = (request.path, request.signature);
        Self { path, request: said, response, signature, failed_step }
    }
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow)]
    request: Place<'a>,
}

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    method: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    request: Asked<'a>,
    #[serde(default)]
    response: Option<Answer>,
}

#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default, rename = "postData")]
    post_data: Option<Post<'a>>,
}

#[derive(Deserialize)]
struct Post<'a> {
    #[serde(default)]
    text: Option<String>,
    #[serde(borrow, default)]
    params: Option<Vec<Named<'a>>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "lenient::integer")]
    status: Option<i64>,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

impl Answer {
    /// The answer, unless the file has none.
    fn to_response(&self) -> Option<Response> {
        let content = self.content.as_ref()?;
        let text = content.text.as_deref().filter(|text| !text.is_empty())?;
        let encoded = content.encoding.as_deref().is_some_and(|how| how == "base64");
        let body = match encoded.then(|| STANDARD.decode(text)) {
            Some(Ok(bytes)) => bytes,
            _ => text.as_bytes().to_vec(),
        };
        let status = self.status.and_then(|status| u16::try_from(status).ok());
        Some(Response::new(status.unwrap_or_default(), body))
    }
}
