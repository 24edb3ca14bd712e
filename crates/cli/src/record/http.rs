//! Requests over HTTP and their answers, told without secrets.

use iot_home::http::bytes::Bytes;
use iot_home::http::http::{Method, Uri};
use iot_home::http::{Answering, Body, HttpClient, Request};
use serde::Serialize;

use super::Recorder;
use crate::ordered::{Hidden, Ordered, without_tokens};

#[derive(Debug, Default, PartialEq, Serialize)]
struct Line<'a> {
    /// Seconds since the command began.
    time: f64,
    direction: &'static str,
    /// Scheme, host and port.
    peer: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Ordered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// A client that tells of what it sends and is answered.
pub(crate) struct Recorded<C> {
    client: C,
    recorder: Option<Recorder>,
    /// In lower case.
    secrets: Vec<String>,
}

impl<C> Recorded<C> {
    /// Tells nobody where there is no recorder. Secrets are given in lower case, and blanked wherever they stand.
    pub(crate) fn new(client: C, recorder: Option<&Recorder>, secrets: Vec<String>) -> Self {
        Self { client, recorder: recorder.cloned(), secrets }
    }
}

impl<C: HttpClient> HttpClient for Recorded<C> {
    fn send(&self, request: Request) -> Answering<'_> {
        let Some(recorder) = &self.recorder else { return self.client.send(request) };
        Box::pin(async move {
            let peer = origin(request.uri());
            recorder.write(&Line {
                time: recorder.elapsed(),
                peer: &peer,
                ..asked(request.method(), request.uri(), request.body(), &self.secrets)
            });
            let came = async {
                let (head, body) = self.client.send(request).await?.into_parts();
                // Whoever asked has a limit of his own.
                Ok((head, body.collect(MOST_BODY).await?))
            };
            let came: Result<_, iot_home::http::Error> = came.await;
            let told = match &came {
                Ok((head, body)) => answered(head.status.as_u16(), body, &self.secrets),
                Err(error) => Line { problem: Some(error.to_string()), ..Line::default() },
            };
            recorder.write(&Line {
                time: recorder.elapsed(),
                direction: "received",
                peer: &peer,
                kind: "answer",
                ..told
            });
            let (head, body) = came?;
            Ok(iot_home::http::Response::from_parts(head, Body::from(body)))
        })
    }
}

/// What a request says. Its headers are left out: they hold what proves it.
fn asked<'a>(method: &'a Method, uri: &Uri, body: &Bytes, secrets: &[String]) -> Line<'a> {
    let payload = json(body, secrets).or_else(|| form(body, secrets));
    Line {
        direction: "sent",
        kind: "request",
        method: Some(method.as_str()),
        path: Some(without_tokens(uri.path(), secrets)),
        length: Some(body.len()),
        problem: problem(body, payload.as_ref()),
        payload,
        ..Line::default()
    }
}

fn answered(status: u16, body: &Bytes, secrets: &[String]) -> Line<'static> {
    let payload = json(body, secrets);
    Line {
        status: Some(status),
        length: Some(body.len()),
        problem: problem(body, payload.as_ref()),
        payload,
        ..Line::default()
    }
}

/// What cannot be read cannot be searched for secrets.
fn problem(body: &Bytes, payload: Option<&Ordered>) -> Option<String> {
    let is_hidden = payload.is_none() && !body.is_empty();
    is_hidden.then(|| "the body is neither JSON nor a form".to_owned())
}

fn json(body: &[u8], secrets: &[String]) -> Option<Ordered> {
    let mut payload = Ordered::parse(std::str::from_utf8(body).ok()?).ok()?;
    payload.hide(&Hidden::signed(secrets));
    Some(payload)
}

/// A form as an object of texts, which stay encoded.
fn form(body: &[u8], secrets: &[String]) -> Option<Ordered> {
    let text = std::str::from_utf8(body).ok().filter(|text| !text.is_empty())?;
    let pairs = text.split('&').map(|pair| pair.split_once('='));
    let pairs = pairs.map(|pair| {
        let (name, value) = pair?;
        Some((name.to_owned(), Ordered::Scalar(value.into())))
    });
    let mut payload = Ordered::Object(pairs.collect::<Option<_>>()?);
    payload.hide(&Hidden::signed(secrets));
    Some(payload)
}

fn origin(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // Whoever stands before an `@` is no host.
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{}://{host}", uri.scheme_str().unwrap_or_default())
}

const MOST_BODY: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use iot_home::http::bytes::Bytes;
    use iot_home::http::http::Method;

    use super::{answered, asked, origin};

    #[test]
    fn what_a_request_says() {
        let secrets = ["hunter2-hunter2".to_owned()];
        let told = |body: &'static str| {
            let uri = "https://host:1/a/hunter2-hunter2?sign=aa".parse().unwrap();
            let line = asked(&Method::POST, &uri, &Bytes::from_static(body.as_bytes()), &secrets);
            serde_json::to_string(&line).unwrap()
        };
        let form = told("deviceName=lamp&sign=aabb&random=7&x=Hunter2-hunter2");
        let expected = r#""payload":{"deviceName":"lamp","sign":null,"random":"7","x":null}}"#;
        assert!(form.ends_with(expected), "{form}");
        assert!(form.contains(r#""path":"/a/<redacted>""#) && !form.contains("aa"), "{form}");
        let json = told(r#"{"nonce":7,"signature":"YQ==","psk":"secret"}"#);
        assert!(json.ends_with(r#""payload":{"nonce":7,"signature":null,"psk":null}}"#), "{json}");
        for hidden in ["precious", "a=b&precious", "\"precious", "{precious"] {
            let told = told(hidden);
            assert!(
                told.contains("neither JSON nor a form") && !told.contains("precious"),
                "{told}"
            );
        }
        assert!(!told("").contains("neither"));
    }

    #[test]
    fn what_an_answer_says() {
        let told = |body: &'static str| {
            serde_json::to_string(&answered(200, &Bytes::from_static(body.as_bytes()), &[]))
                .unwrap()
        };
        let sealed = told(r#"{"Response":{"Len":53,"Payload":"c2VhbGVk","RequestId":"1"}}"#);
        let expected = r#""payload":{"Response":{"Len":53,"Payload":null,"RequestId":"1"}}}"#;
        assert!(sealed.ends_with(expected), "{sealed}");
        let given = told(r#"{"code":200,"data":{"deviceName":"a","deviceSecret":"b"}}"#);
        assert!(given.contains(r#""deviceSecret":null"#), "{given}");
        // A form is no answer.
        assert!(!told("deviceSecret=b").contains("=b"));
    }

    #[test]
    fn whom_it_goes_to() {
        let of = |uri: &str| origin(&uri.parse().unwrap());
        assert_eq!(of("https://me:secret@host:1/x"), "https://host:1");
        assert_eq!(of("http://[::1]:4/x"), "http://[::1]:4");
    }
}
