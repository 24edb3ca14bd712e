//! A client that does what it is told, and no more: HTTP by hand, our login flow where it is to be right.

use std::time::Duration;

use iot_home_core::{Clock as _, SeededRandom, SystemClock};
use iot_home_micloud::login::{Challenge, LoginError};
use iot_home_micloud::{
    Answer, Api, Call, DeviceId, Hosts, Identity, Login, Method, Mode, Nonce, Region, Request,
    Response, Session, SignedForm, SignedNonce, Step,
};
use iot_home_sim::SimCloud;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{PASSWORD, USER};

/// Nothing takes as long on loopback.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn identity() -> Identity {
    Identity::new(DeviceId::random(&mut SeededRandom::new(1)))
}

pub(super) fn hosts(cloud: &SimCloud) -> Hosts {
    let hosts = Hosts::default().account(&cloud.account_url()).unwrap();
    hosts.sts(&cloud.sts_url()).unwrap().api(&cloud.api_url()).unwrap()
}

/// A request as bytes on a connection of its own; the answer, or nothing where none came whole.
pub(super) async fn raw(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Response> {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.push_str(&format!("Host: {authority}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut stream = TcpStream::connect(authority).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer");
    read.ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response::new(status, &answer[end + 4..]);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    let announced: usize = response.get("content-length")?.parse().ok()?;
    (announced == response.body.len()).then_some(response)
}

pub(super) async fn send(request: &Request) -> Option<Response> {
    let cookies = request.cookie_header();
    let mut headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if let Some(cookies) = &cookies {
        headers.push(("Cookie", cookies.expose()));
    }
    let body = request.body.as_ref().map_or("", |body| body.expose());
    raw(request.method.name(), &request.url, &headers, body).await
}

/// Plays a login to its end. `say` answers what is asked.
pub(super) async fn play(
    login: Login,
    mut say: impl FnMut(&Challenge) -> Answer,
) -> (Result<Session, LoginError>, Vec<Request>) {
    let clock = SystemClock::new();
    let mut login = login;
    let mut sent = Vec::new();
    for _ in 0..60 {
        let now = clock.now();
        match login.step(now) {
            Step::Send(request) => {
                let response = send(&request).await;
                sent.push(request);
                match response {
                    Some(response) => login.handle(clock.now(), &response),
                    None => login.unanswered(clock.now()),
                }
            }
            Step::Ask(challenge) => {
                let answer = say(challenge);
                login.answer(answer).unwrap();
            }
            Step::Wait(until) => tokio::time::sleep(until.saturating_since(now)).await,
            Step::Done(session) => return (Ok(session.clone()), sent),
            Step::Failed(error) => return (Err(error), sent),
            _ => panic!("another step"),
        }
    }
    panic!("a login without an end")
}

pub(super) fn password_login(cloud: &SimCloud) -> Login {
    Login::password(identity(), USER, PASSWORD).hosts(hosts(cloud))
}

/// A login that nothing is asked of.
pub(super) async fn session(cloud: &SimCloud) -> Session {
    play(password_login(cloud), |challenge| panic!("asked {challenge:?}")).await.0.unwrap()
}

/// A call, right in everything; `edit` makes it wrong.
pub(super) struct Caller<'a> {
    pub(super) cloud: &'a SimCloud,
    pub(super) session: Session,
    pub(super) random: SeededRandom,
    pub(super) mode: Mode,
}

impl<'a> Caller<'a> {
    pub(super) async fn new(cloud: &'a SimCloud) -> Self {
        Self::new_with(cloud, session(cloud).await)
    }

    pub(super) fn new_with(cloud: &'a SimCloud, session: Session) -> Self {
        Self { cloud, session, random: SeededRandom::new(5), mode: Mode::Rc4 }
    }

    /// The right way: what the envelope says.
    pub(super) async fn call(&mut self, path: &str, data: &Value) -> Value {
        let hosts = hosts(self.cloud);
        self.call_at(hosts, path, data).await
    }

    pub(super) async fn call_in(&mut self, region: &str, path: &str, data: &Value) -> Value {
        let url = self.cloud.api_url().replace("/app", &format!("/{region}/app"));
        let hosts = hosts(self.cloud).api(&url).unwrap();
        self.call_at(hosts, path, data).await
    }

    async fn call_at(&mut self, hosts: Hosts, path: &str, data: &Value) -> Value {
        let api = Api::new(Region::Cn, identity()).hosts(hosts).mode(self.mode);
        let call = Call::<Value>::new(path, &data.to_string()).unwrap();
        let credentials = self.session.credentials("xiaomiio").unwrap();
        let now = SystemClock::new().unix_time();
        let signed = api.sign(&call, &credentials, now, &mut self.random);
        let response = send(signed.request()).await.unwrap();
        let json = signed.signed_nonce().open_response(&response).unwrap();
        serde_json::from_slice(&json).unwrap()
    }

    pub(super) fn nonce(&mut self) -> Nonce {
        Nonce::new(SystemClock::new().unix_time(), &mut self.random)
    }

    pub(super) fn key(&self, nonce: Nonce) -> SignedNonce {
        let credentials = self.session.credentials("xiaomiio").unwrap();
        SignedNonce::new(credentials.ssecurity, nonce)
    }

    pub(super) fn form(&self, nonce: Nonce, path: &str, data: &str) -> SignedForm {
        self.key(nonce).sign(self.mode, Method::Post, path, data)
    }

    pub(super) fn cookies(&self) -> String {
        let credentials = self.session.credentials("xiaomiio").unwrap();
        format!(
            "userId={}; serviceToken={}",
            self.session.user_id,
            credentials.service_token.expose()
        )
    }

    /// A form to a path of the API, as it is.
    pub(super) async fn post(&self, path: &str, form: &str) -> Response {
        self.post_as(path, form, &self.cookies()).await
    }

    pub(super) async fn post_as(&self, path: &str, form: &str, cookies: &str) -> Response {
        let url = format!("{}{path}", self.cloud.api_url());
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookies)];
        raw("POST", &url, &headers, form).await.unwrap()
    }
}

/// The JSON of an answer of the account's server.
pub(super) fn account_json(response: &Response) -> Value {
    let body = response.body.strip_prefix(b"&&&START&&&").expect("the prefix");
    serde_json::from_slice(body).unwrap()
}

pub(super) fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}
