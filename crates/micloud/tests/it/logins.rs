//! Every way to log in, with every challenge on it.

use std::time::Duration;

use iot_home_core::{Instant, Secret};
use iot_home_micloud::login::{AnswerError, Channel, LongPoll};
use iot_home_micloud::{Answer, Challenge, Hosts, Login, LoginError, Response, Session, Step};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::account::{
    CAPTCHA, CODE, PASS_TOKEN, PASSWORD, SERVICE_TOKEN, SSECURITY, Server, USER, account, drive,
    identity, success,
};
use crate::vectors::{text, vectors};

fn login() -> Login {
    Login::password(identity(), USER, PASSWORD)
}

fn nothing(challenge: &Challenge) -> Answer {
    panic!("nobody should be asked: {challenge:?}")
}

#[track_caller]
fn assert_whole(session: &Session) {
    assert_eq!(session.device_id.as_str(), "AZ09AZ09AZ09AZ09");
    assert_eq!(
        (session.user_id.as_str(), session.c_user_id.as_deref()),
        ("1234567890", Some("c-1"))
    );
    assert_eq!(session.pass_token.as_ref().unwrap().expose(), PASS_TOKEN);
    let keys = &session.services["xiaomiio"];
    assert_eq!(keys.ssecurity.expose_base64().expose(), SSECURITY);
    assert_eq!(keys.service_token.expose(), SERVICE_TOKEN);
}

#[test]
fn a_password() {
    let mut server = Server::default();
    assert_whole(&drive(&mut login(), &mut server, nothing).unwrap());
    assert_eq!(server.log, ["/pass/serviceLogin", "/pass/serviceLoginAuth2", "/sts"]);
}

#[test]
fn every_vector_of_a_login() {
    let vectors = &vectors()["login"];
    let now = Instant::ORIGIN;
    let first = Server::default().answer(&match login().step(now) {
        Step::Send(request) => request,
        other => panic!("{other:?}"),
    });
    for case in vectors["password_hash"].as_array().unwrap() {
        let mut login = Login::password(identity(), USER, text(case, "password"));
        login.handle(now, &first);
        let Step::Send(request) = login.step(now) else { panic!("{login:?}") };
        let form = request.body.as_ref().unwrap().expose();
        let hash = format!("hash={}&", text(case, "hash"));
        assert!(form.contains(&hash), "{form}");
        if text(case, "password") == PASSWORD {
            assert_eq!(form, text(&vectors["step2_form"][0], "body"));
        }
    }
    for case in vectors["client_sign"].as_array().unwrap() {
        let mut body = success();
        body["nonce"] = case["nonce"].clone();
        body["ssecurity"] = case["ssecurity"].clone();
        let mut login = login();
        login.handle(now, &account(body));
        let Step::Send(request) = login.step(now) else { panic!("{login:?}") };
        assert!(request.url.ends_with(text(case, "query_suffix")), "{}", request.url);
    }
}

#[test]
fn a_wrong_password() {
    let mut login = Login::password(identity(), USER, "wrong");
    let error = drive(&mut login, &mut Server::default(), nothing).unwrap_err();
    assert_eq!(error, LoginError::Credentials { code: 70016 });
    assert!(error.hint().unwrap().contains("QR"));
}

#[test]
fn an_old_notification_beside_a_good_key() {
    let mut server = Server { stale: true, ..Server::default() };
    assert_whole(&drive(&mut login(), &mut server, nothing).unwrap());
}

#[test]
fn captchas() {
    let mut server = Server { captcha: true, ..Server::default() };
    let mut asked = Vec::new();
    let answers: [Answer; 4] = ["abcd".into(), Answer::NewImage, "wrong".into(), CAPTCHA.into()];
    let mut answers = answers.into_iter();
    let session = drive(&mut login(), &mut server, |challenge| {
        let Challenge::Captcha { image, media_type, again, .. } = challenge else {
            panic!("{challenge:?}")
        };
        assert!(image.starts_with(b"\xff\xd8") && media_type.as_deref() == Some("image/jpeg"));
        asked.push(*again);
        answers.next().unwrap()
    });
    assert_whole(&session.unwrap());
    assert_eq!(asked, [false, true, false, true]);
    // Each try begins with the first request, and each image is fetched once.
    let count = |path| server.log.iter().filter(|asked| *asked == path).count();
    assert_eq!((count("/pass/serviceLogin"), count("/pass/getCode")), (4, 4));
}

/// Answers with what it takes to get in.
fn person(challenge: &Challenge) -> Answer {
    match challenge {
        Challenge::Captcha { .. } => CAPTCHA.into(),
        Challenge::Code { .. } => format!(" {CODE}\n").into(),
        Challenge::Qr { .. } => Answer::Shown,
        other => panic!("{other:?}"),
    }
}

#[test]
fn verification_by_phone_and_by_email() {
    for (flag, channel, sent_to) in
        [(4, Channel::Phone, "138******00"), (8, Channel::Email, "u***@example.com")]
    {
        let mut server = Server { two_step: vec![flag], ..Server::default() };
        let session = drive(&mut login(), &mut server, |challenge| {
            let Challenge::Code { channel: by, sent_to: to, other, again, .. } = challenge else {
                panic!("{challenge:?}")
            };
            assert_eq!((*by, to.as_deref(), *other, *again), (channel, Some(sent_to), None, false));
            person(challenge)
        });
        assert_whole(&session.unwrap());
        let word = if flag == 4 { "Phone" } else { "Email" };
        let (verify, send) =
            (format!("/identity/auth/verify{word}"), format!("/identity/auth/send{word}Ticket"));
        assert_eq!(
            server.log[2..],
            [
                "/identity/list",
                &verify,
                &send,
                &verify,
                "/identity/result/check",
                "/pass/serviceLoginAuth2/end",
                "/sts"
            ]
        );
    }
}

#[test]
fn every_detour_of_a_verification() {
    for (name, server) in [
        ("tips", Server { tips: true, ..Server::default() }),
        ("skip", Server { skip: true, ..Server::default() }),
        ("no pragma", Server { no_pragma: true, ..Server::default() }),
        ("no location", Server { no_location: true, ..Server::default() }),
        ("captchas", Server { captcha: true, captcha_on_send: true, ..Server::default() }),
        (
            "all",
            Server {
                tips: true,
                skip: true,
                captcha: true,
                no_location: true,
                ..Server::default()
            },
        ),
    ] {
        let mut server = Server { two_step: vec![8, 4], ..server };
        let session = drive(&mut login(), &mut server, person);
        assert_whole(&session.unwrap_or_else(|error| panic!("{name}: {error} {:?}", server.log)));
    }
}

#[test]
fn a_wrong_code_another_one_and_another_way() {
    let mut server = Server { two_step: vec![8, 4], ..Server::default() };
    let mut asked = Vec::new();
    let answers: [Answer; 5] = [
        "000000".into(),
        Answer::SendAgain,
        Answer::Through(Channel::Phone),
        Answer::Through(Channel::Email),
        CODE.into(),
    ];
    let mut answers = answers.into_iter();
    let session = drive(&mut login(), &mut server, |challenge| {
        let Challenge::Code { channel, other, again, .. } = challenge else {
            panic!("{challenge:?}")
        };
        assert_eq!(
            other.unwrap(),
            if *channel == Channel::Phone { Channel::Email } else { Channel::Phone }
        );
        asked.push((*channel, *again));
        answers.next().unwrap()
    });
    assert_whole(&session.unwrap());
    let email = Channel::Email;
    assert_eq!(
        asked,
        [(email, false), (email, true), (email, false), (Channel::Phone, false), (email, false)]
    );
}

#[test]
fn nobody_can_be_verified_another_way() {
    let mut server = Server { two_step: vec![16], ..Server::default() };
    assert_eq!(drive(&mut login(), &mut server, nothing), Err(LoginError::NoChannel));
}

#[test]
fn an_answer_has_to_fit() {
    let mut login = login();
    assert_eq!(login.answer(CODE), Err(AnswerError::NotAsked));
    let mut server = Server { two_step: vec![4], ..Server::default() };
    let session = drive(&mut login, &mut server, person);
    assert_whole(&session.unwrap());
    let mut login = self::login();
    let mut server = Server { captcha: true, ..Server::default() };
    while let Step::Send(request) = login.step(Instant::ORIGIN) {
        login.handle(Instant::ORIGIN, &server.answer(&request));
    }
    for (answer, error) in [
        (Answer::SendAgain, AnswerError::Unfit),
        (Answer::Shown, AnswerError::Unfit),
        (Answer::Through(Channel::Phone), AnswerError::Unfit),
        (" ".into(), AnswerError::Length),
        ("x".repeat(65).into(), AnswerError::Length),
    ] {
        assert_eq!(login.answer(answer), Err(error));
        assert!(matches!(login.step(Instant::ORIGIN), Step::Ask(Challenge::Captcha { .. })));
    }
    assert_eq!(login.answer(CAPTCHA), Ok(()));
}

#[test]
fn a_pass_token() {
    let token = |text: &str| Secret::new(text.to_owned());
    let mut server = Server::default();
    let mut login = Login::pass_token(identity(), "1234567890", &token(PASS_TOKEN)).unwrap();
    let session = drive(&mut login, &mut server, nothing).unwrap();
    assert_whole(&session);
    assert_eq!(server.log, ["/pass/serviceLogin", "/sts"]);

    let mut login = Login::pass_token(identity(), "1234567890", &token("V1:old")).unwrap();
    let error = drive(&mut login, &mut Server::default(), nothing).unwrap_err();
    assert_eq!(error, LoginError::PassToken);
    for (user, bad) in [("1", ""), ("", "x"), ("1", "a;b"), ("1", "a\r\nb"), ("a b", "x")] {
        assert!(Login::pass_token(identity(), user, &token(bad)).is_err());
    }
    // The keys to other services stay.
    let mut known = session.clone();
    known.services.insert("micoapi".into(), session.services["xiaomiio"].clone());
    known.services.remove("xiaomiio");
    let mut login = Login::renew(identity(), &known).unwrap();
    let renewed = drive(&mut login, &mut Server::default(), nothing).unwrap();
    assert_whole(&renewed);
    assert!(renewed.services.contains_key("micoapi"));
    known.pass_token = None;
    assert!(Login::renew(identity(), &known).is_err());
}

#[test]
fn a_qr_code_in_both_styles() {
    let polls =
        || vec![Response::new(502, ""), Response::new(200, "later"), Response::new(200, "")];
    for (style, longest) in [(LongPoll::Held, 130), (LongPoll::Short, 10)] {
        let mut server = Server { polls: polls(), ..Server::default() };
        let mut login = Login::qr(identity(), Duration::from_secs(7)).long_poll(style);
        let session = drive(&mut login, &mut server, |challenge| {
            let Challenge::Qr { login_url, image_url, lifetime, .. } = challenge else { panic!() };
            assert!(
                login_url.contains("ticket=lp_1")
                    && image_url.as_deref().unwrap().contains("qr.png")
            );
            assert_eq!(*lifetime, Duration::from_secs(300));
            Answer::Shown
        });
        assert_whole(&session.unwrap());
        assert_eq!(server.log.len(), 6, "{:?}", server.log);

        // Nobody answers: asked again until the code is too old, in virtual time.
        let mut login = Login::qr(identity(), Duration::ZERO).long_poll(style);
        let mut now = Instant::from_origin(Duration::from_secs(50));
        let began = now;
        let mut asked = 0_u64;
        let error = loop {
            match login.step(now) {
                Step::Send(request) if request.url.contains("/lp/s") => {
                    asked += 1;
                    assert!(request.timeout <= Duration::from_secs(longest));
                    now = now + request.timeout;
                    login.unanswered(now);
                }
                Step::Send(request) => login.handle(now, &server.answer(&request)),
                Step::Wait(until) => now = until,
                Step::Ask(_) => login.answer(Answer::Shown).unwrap(),
                Step::Failed(error) => break error,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(error, LoginError::QrExpired);
        let took = now.saturating_since(began).as_secs();
        assert!(
            (295..=300).contains(&took)
                && (300 / (longest + 1)..=300 / longest + 1).contains(&asked)
        );
    }
}

#[test]
fn a_qr_code_that_is_refused() {
    let mut server =
        Server { polls: vec![account(json!({ "code": 70_036 }))], ..Server::default() };
    let mut login = Login::qr(identity(), Duration::ZERO);
    let error = drive(&mut login, &mut server, person).unwrap_err();
    assert_eq!(error, LoginError::QrRefused { code: 70_036 });
}

#[test]
fn a_ticket_that_is_not_taken() {
    // What passes is tried once more.
    let tried = |status: &[u16]| {
        let mut server = Server { ticket_status: status.into(), ..Server::default() };
        let result = drive(&mut login(), &mut server, nothing);
        (result.map(|session| assert_whole(&session)), server.log.len())
    };
    assert_eq!(tried(&[403]), (Ok(()), 5));
    assert_eq!(tried(&[404]), (Ok(()), 5));
    assert_eq!(tried(&[403, 404]), (Err(LoginError::Ticket { status: 404 }), 5));
    assert_eq!(tried(&[401]), (Err(LoginError::Ticket { status: 401 }), 3));
    // "ok" without a token is none.
    assert_eq!(tried(&[200]), (Err(LoginError::Ticket { status: 200 }), 3));
}

/// What a login makes of one odd answer to its second request.
fn second(body: impl Into<Response>) -> Result<String, LoginError> {
    let mut login = login();
    login.handle(Instant::ORIGIN, &first());
    login.handle(Instant::ORIGIN, &body.into());
    match login.step(Instant::ORIGIN) {
        Step::Send(request) => Ok(request.url),
        Step::Failed(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

fn first() -> Response {
    account(json!({ "code": 70016, "qs": "q", "_sign": "s", "callback": "c", "sid": "xiaomiio" }))
}

#[test]
fn odd_answers() {
    let json = |body: Value| second(account(body));
    for (code, error) in [
        (70016, LoginError::Credentials { code: 70016 }),
        (70002, LoginError::Credentials { code: 70002 }),
        (20003, LoginError::Credentials { code: 20003 }),
        (81003, LoginError::Unverifiable { code: 81003 }),
        (66108, LoginError::Refused { code: 66108 }),
        (0, LoginError::Missing("ssecurity or location")),
    ] {
        assert_eq!(json(json!({ "code": code })), Err(error));
    }
    // Captchas of both forms, absolute and not; the older one has another code.
    let image = "https://account.xiaomi.com/pass/getCode?icodeType=login".to_owned();
    assert_eq!(json(json!({ "code": 87001 })), Ok(image.clone()));
    assert_eq!(json(json!({ "code": 1, "captchaUrl": image })), Ok(image));
    // A code below may come as text, and no prefix at all.
    let plain = Response::new(200, r#"{"code":"70016"}"#);
    assert_eq!(second(plain), Err(LoginError::Credentials { code: 70016 }));
    assert_eq!(second(Response::new(503, "<html>")), Err(LoginError::Html { status: 503 }));
    assert_eq!(second(Response::new(200, "")), Err(LoginError::Unreadable { status: 200 }));
    assert_eq!(second(account(json!([]))), Err(LoginError::Unreadable { status: 200 }));
    let long = format!("&&&START&&&{{\"x\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(second(Response::new(200, long)), Err(LoginError::Unreadable { status: 200 }));
    assert_eq!(
        json(json!({ "notificationUrl": "/identity/authStart?sid=x" })),
        Err(LoginError::Missing("context"))
    );
}

/// Cookies and tickets go nowhere else, whatever an answer says.
#[test]
fn foreign_hosts() {
    for host in [
        "https://evil.example",
        "https://xiaomi.com.evil.example",
        "https://evilxiaomi.com",
        "http://account.xiaomi.com",
        "//evil.example",
        "https://user@account.xiaomi.com",
        "javascript://x",
    ] {
        let json = |key: &str, path: &str| {
            let mut body = json!({ "code": 0, "ssecurity": SSECURITY });
            body[key] = format!("{host}{path}").into();
            second(account(body))
        };
        assert_eq!(json("location", "/sts?x"), Err(LoginError::ForeignHost), "{host}");
        assert_eq!(json("captchaUrl", "/x"), Err(LoginError::ForeignHost), "{host}");
        assert_eq!(json("notificationUrl", "/x?context=1"), Err(LoginError::ForeignHost), "{host}");
    }
    // Other services exchange tickets elsewhere, and get no cookies.
    let body = json!({ "code": 0, "ssecurity": SSECURITY, "location": "https://api2.mina.mi.com/sts?x=1" });
    let mut login = login().sid("micoapi");
    login.handle(Instant::ORIGIN, &account(body));
    let Step::Send(request) = login.step(Instant::ORIGIN) else { panic!("{login:?}") };
    assert!(
        request.url.starts_with("https://api2.mina.mi.com/sts?x=1") && request.cookies.is_empty()
    );
}

#[test]
fn redirects_end() {
    let mut login = login();
    login.handle(
        Instant::ORIGIN,
        &account(json!({
            "code": 0, "ssecurity": SSECURITY, "location": "https://account.xiaomi.com/a",
        })),
    );
    let mut hops = 0;
    let error = loop {
        match login.step(Instant::ORIGIN) {
            Step::Send(_) => {
                hops += 1;
                login.handle(Instant::ORIGIN, &Response::new(302, "").header("Location", "/a"));
            }
            Step::Failed(error) => break error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((error, hops), (LoginError::Redirects, 12));
    let skip = "/fe/x?skipUrl=%2Ffe%2Fx%3FskipUrl%3Dhttps%253A%252F%252Fevil.example";
    let location = json!({ "code": 0, "ssecurity": SSECURITY, "location": skip });
    assert_eq!(second(account(location)), Err(LoginError::ForeignHost));
}

#[test]
fn no_answer_is_an_end() {
    let mut login = login();
    login.unanswered(Instant::ORIGIN);
    assert!(matches!(login.step(Instant::ORIGIN), Step::Failed(LoginError::Unanswered)));
    // What comes too late changes nothing.
    login.handle(Instant::ORIGIN, &account(success()));
    assert!(matches!(login.step(Instant::ORIGIN), Step::Failed(LoginError::Unanswered)));
}

#[test]
fn a_server_of_ones_own() {
    let hosts = Hosts::default().account("http://127.0.0.1:4711/").unwrap();
    let hosts = hosts.sts("http://127.0.0.1:4711").unwrap();
    let mut login = login().hosts(hosts);
    let Step::Send(request) = login.step(Instant::ORIGIN) else { panic!("{login:?}") };
    assert_eq!(request.url, "http://127.0.0.1:4711/pass/serviceLogin?sid=xiaomiio&_json=true");
    let mut body = success();
    body["location"] = "http://127.0.0.1:4711/sts?ticket=0".into();
    login.handle(Instant::ORIGIN, &account(body.clone()));
    let Step::Send(request) = login.step(Instant::ORIGIN) else { panic!("{login:?}") };
    assert!(request.url.starts_with("http://127.0.0.1:4711/sts?ticket=0&clientSign="));
    // Another port is another server.
    body["location"] = "http://127.0.0.1:4712/sts?ticket=0".into();
    let hosts = Hosts::default().account("http://127.0.0.1:4711").unwrap();
    let mut login = self::login().hosts(hosts);
    login.handle(Instant::ORIGIN, &account(body));
    assert!(matches!(login.step(Instant::ORIGIN), Step::Failed(LoginError::ForeignHost)));
}

proptest! {
    /// Whatever comes back, a login goes on or ends; it never panics, and sends cookies to its own servers only.
    #[test]
    fn any_answers(
        answers in proptest::collection::vec((0..600_u16, any::<u8>(), ".{0,40}"), 1..30),
        by in 0..3,
    ) {
        let mut login = match by {
            0 => login(),
            1 => Login::qr(identity(), Duration::ZERO),
            _ => Login::pass_token(identity(), "1", &Secret::new("x".into())).unwrap(),
        };
        let mut now = Instant::ORIGIN;
        let server = &mut Server { captcha: true, two_step: vec![4, 8], ..Server::default() };
        for (status, kind, text) in answers {
            match login.step(now) {
                Step::Send(request) => {
                    let ours = request.url.starts_with("https://account.xiaomi.com/");
                    prop_assert!(ours || request.cookies.is_empty());
                    let response = match kind % 5 {
                        0 => Response::new(status, text),
                        1 => account(json!({ "code": status, "location": text, "ssecurity": SSECURITY })),
                        2 => account(json!({ "code": 0, "notificationUrl": text, "captchaUrl": text, "flag": status })),
                        3 => Response::new(302, "").header("Location", text.clone()).header("Set-Cookie", text),
                        _ if ours && login_is_known(&request.url) => server.answer(&request),
                        _ => account(success()),
                    };
                    login.handle(now, &response);
                }
                Step::Wait(until) => now = until,
                Step::Ask(challenge) => {
                    let answer = person(challenge);
                    login.answer(answer).unwrap();
                }
                _ => break,
            }
        }
    }
}

/// Whether the strict server would not stop the test for what was asked.
fn login_is_known(url: &str) -> bool {
    url == "https://account.xiaomi.com/pass/serviceLogin?sid=xiaomiio&_json=true"
}
