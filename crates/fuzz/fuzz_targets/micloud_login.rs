//! Any answers to a login: it goes on or ends, and sends what it knows to its own servers only.
//!
//! The input is a letter for the kind of login, and answers with zero bytes between them: a line with the
//! status, lines with headers, an empty line, the body. A question is answered by the next one's first line.
#![no_main]

use std::time::Duration;

use iot_home_core::{Instant, Secret};
use iot_home_micloud::login::Channel;
use iot_home_micloud::{Answer, Challenge, DeviceId, Identity, Login, Response, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    let identity = Identity::new("A".parse::<DeviceId>().expect("an id"));
    let token = Secret::new("V1:token".to_owned());
    let mut login = match kind {
        b'p' => Login::password(identity, "user", "password"),
        b'q' => Login::qr(identity, Duration::from_secs(1)),
        _ => Login::pass_token(identity, "1", &token).expect("it can travel"),
    };
    let mut now = Instant::ORIGIN;
    for chunk in rest.split(|byte| *byte == 0).take(64) {
        if let Step::Wait(until) = login.step(now) {
            assert!(until > now);
            now = until;
        }
        let _ = format!("{login:?}");
        match login.step(now) {
            Step::Send(request) => {
                let account = request.url.starts_with("https://account.xiaomi.com/");
                let of_xiaomi = place(&request.url).ends_with(".xiaomi.com")
                    || place(&request.url) == "xiaomi.com";
                assert!(account || of_xiaomi || request.cookies.is_empty(), "{}", request.url);
                assert!(account || request.body.is_none());
                assert!(request.url.starts_with("https://"));
                let clean = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
                assert!(clean(&request.url));
                for (name, value) in &request.cookies {
                    assert!(clean(name) && clean(value.expose()));
                }
                if chunk == b"-" {
                    login.unanswered(now);
                } else {
                    login.handle(now, &response(chunk));
                }
            }
            Step::Ask(challenge) => {
                let text = String::from_utf8_lossy(chunk).into_owned();
                let answer = match (&*text, challenge) {
                    ("image", _) => Answer::NewImage,
                    ("again", _) => Answer::SendAgain,
                    ("phone", _) => Answer::Through(Channel::Phone),
                    ("email", _) => Answer::Through(Channel::Email),
                    (_, Challenge::Qr { .. }) => Answer::Shown,
                    _ => text.into(),
                };
                let _ = login.answer(answer);
            }
            Step::Done(session) => {
                assert!(!session.user_id.is_empty() && session.credentials("xiaomiio").is_some());
                let json = session.expose_json();
                let read = iot_home_micloud::Session::from_json(json.expose());
                assert_eq!(read.as_ref(), Ok(session));
                return;
            }
            Step::Failed(error) => {
                assert!(!error.to_string().is_empty());
                return;
            }
            _ => {}
        }
    }
});

fn place(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

fn response(chunk: &[u8]) -> Response {
    let text = String::from_utf8_lossy(chunk);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
    lines
        .filter_map(|line| line.split_once(": "))
        .fold(Response::new(status, body.as_bytes()), |response, (name, value)| {
            response.header(name, value)
        })
}
