//! Requests over HTTP, in a transcript: where to and how large, and nothing of what is in them.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use iot_home::http::bytes::Bytes;
use iot_home::http::http::{Method, Uri};
use iot_home::http::{Answering, Body, Client, Error, HttpClient, Request};
use serde::Serialize;

use super::Recorder;

/// A client whose requests are recorded.
pub(crate) struct Recorded {
    client: Client,
    recorder: Recorder,
}

#[derive(Serialize)]
struct Line {
    /// Seconds since the command began.
    time: f64,
    direction: &'static str,
    /// Host and port.
    peer: String,
    method: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Of the body.
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Recorder {
    /// This client, with its requests recorded.
    pub(crate) fn http(&self, client: Client) -> Recorded {
        Recorded { client, recorder: self.clone() }
    }
}

impl HttpClient for Recorded {
    fn send(&self, request: Request) -> Answering<'_> {
        let asked = Asked::new(&request, &self.recorder);
        asked.write("sent", None, request.body().len(), None);
        Box::pin(async move {
            match self.client.send(request).await {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    Ok(answer.map(|body| {
                        let arriving = Arriving { body, asked, status, length: 0, told: false };
                        Body::from_stream(arriving)
                    }))
                }
                Err(error) => {
                    asked.write("received", None, 0, Some(error.to_string()));
                    Err(error)
                }
            }
        })
    }
}

/// What was asked. Queries hold tickets and signatures, so that they are left out, and the last part of a path may be a did.
struct Asked {
    method: Method,
    peer: String,
    path: String,
    recorder: Recorder,
}

impl Asked {
    fn new(request: &Request, recorder: &Recorder) -> Self {
        let uri: &Uri = request.uri();
        let peer = uri.authority().map(|authority| authority.to_string()).unwrap_or_default();
        let (method, path) = (request.method().clone(), uri.path().to_owned());
        Self { method, peer, path, recorder: recorder.clone() }
    }

    fn write(
        &self,
        direction: &'static str,
        status: Option<u16>,
        length: usize,
        problem: Option<String>,
    ) {
        self.recorder.write(&Line {
            time: self.recorder.elapsed(),
            direction,
            peer: self.peer.clone(),
            method: self.method.to_string(),
            path: self.path.clone(),
            status,
            length,
            problem,
        });
    }
}

/// A body on its way. It is told of when it ends, or is given up.
struct Arriving {
    body: Body,
    asked: Asked,
    status: u16,
    length: usize,
    told: bool,
}

impl Arriving {
    fn tell(&mut self, problem: Option<String>) {
        if !std::mem::replace(&mut self.told, true) {
            self.asked.write("received", Some(self.status), self.length, problem);
        }
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(Pin::new(&mut self.body).poll_next(cx));
        match &next {
            Some(Ok(piece)) => self.length += piece.len(),
            Some(Err(error)) => self.tell(Some(error.to_string())),
            None => self.tell(None),
        }
        Poll::Ready(next)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.tell(Some("given up".into()));
    }
}
