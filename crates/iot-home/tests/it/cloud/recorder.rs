//! What a client sends, and to whom.

use std::sync::{Arc, Mutex};

use iot_home::http::{Answering, Client, HttpClient, Request};
use iot_home::sim::SimCloud;

/// Keeps method, server and path of each request, and the names of its cookies.
#[derive(Clone)]
pub(super) struct Recorder {
    inner: Client,
    servers: Vec<(String, &'static str)>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    pub(super) fn new(cloud: &SimCloud) -> Self {
        let inner = Client::builder().no_proxy().build().unwrap();
        let place = |url: String| url.trim_end_matches("/app").trim_end_matches("/sts").to_owned();
        let servers = vec![
            (place(cloud.account_url()), "account"),
            (place(cloud.sts_url()), "sts"),
            (place(cloud.api_url()), "api"),
        ];
        Self { inner, servers, seen: Arc::default() }
    }

    pub(super) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

impl HttpClient for Recorder {
    fn send(&self, request: Request) -> Answering<'_> {
        let uri = request.uri();
        let origin = format!("{}://{}", uri.scheme_str().unwrap(), uri.authority().unwrap());
        let server = self.servers.iter().find(|(place, _)| *place == origin).unwrap().1;
        let cookies = request.headers().get("cookie").map_or("", |value| value.to_str().unwrap());
        let mut names: Vec<_> =
            cookies.split("; ").filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
        names.sort_unstable();
        let line = format!("{} {server} {} [{}]", request.method(), uri.path(), names.join(" "));
        self.seen.lock().unwrap().push(line);
        self.inner.send(request)
    }
}
