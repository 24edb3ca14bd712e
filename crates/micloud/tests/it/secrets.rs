//! Nothing that can be printed prints a secret: every public type and error is formatted here while it holds some.

use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::path::Path;
use std::time::Duration;

use iot_home_core::{ActionId, Did, Instant, PropertyId, Secret, SeededRandom};
use iot_home_leaks::Printed;
use iot_home_micloud::api::{self, DataKind, DataSource, Group, Inventory, Storage};
use iot_home_micloud::capture::{FailedStep, Har, Signature};
use iot_home_micloud::login::{AnswerError, Channel, LongPoll};
use iot_home_micloud::{
    Answer, Api, ApiError, Call, Capture, DeviceId, Expiry, Hosts, Identity, InvalidCall,
    InvalidUrl, Login, LoginError, Method, Mode, Nonce, OpenError, Region, Response, Service,
    Session, SessionError, Signed, SignedNonce, Ssecurity, Step,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::account::{
    CODE, HASH, PASS_TOKEN, PASSWORD, SERVICE_TOKEN, SSECURITY, Server, USER, account, drive,
    identity, success,
};

const LAN_TOKEN: &str = "5252734b6c4752576770666378316445";
const TYPED: &str = "Swordfish-7319";
const NOW: Duration = Duration::from_secs(1_767_225_600);

fn nonce() -> Nonce {
    Nonce::new(NOW, &mut SeededRandom::new(1))
}

fn key() -> SignedNonce {
    SignedNonce::new(&SSECURITY.parse().unwrap(), nonce())
}

/// All that nobody may see.
fn secrets() -> Vec<String> {
    let mut secrets: Vec<String> =
        [SSECURITY, SERVICE_TOKEN, PASS_TOKEN, PASSWORD, HASH, LAN_TOKEN, TYPED, CODE]
            .map(ToOwned::to_owned)
            .into();
    secrets.push(key().expose().to_owned());
    secrets
}

/// Whether a text has a part of the secret in it: as characters, or as a list of numbers.
fn shows(text: &str, secret: &str) -> bool {
    let lower = text.to_lowercase();
    let dense: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let raw = secret.to_lowercase();
    let lists = |bytes: &[u8]| {
        bytes.windows(4).any(|part| {
            let list: Vec<_> = part.iter().map(u8::to_string).collect();
            let hex: Vec<_> = part.iter().map(|byte| format!("{byte:x}")).collect();
            dense.contains(&list.join(",")) || dense.contains(&hex.join(","))
        })
    };
    let decoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(secret).unwrap_or_default()
    };
    let long = raw.len().min(8);
    (0..=raw.len() - long).any(|at| lower.contains(&raw[at..at + long]))
        || lists(secret.as_bytes())
        || lists(&decoded)
}

#[test]
fn the_search_finds_what_it_should() {
    for shown in [
        format!("x{SSECURITY}"),
        SSECURITY[4..14].to_uppercase(),
        format!("{:#?}", SSECURITY.as_bytes()),
    ] {
        assert!(shows(&shown, SSECURITY), "{shown}");
    }
    assert!(shows("[38, 34, 201, 160]", SSECURITY), "its bytes");
    assert!(shows("the code 908172", CODE) && !shows("Secret(<redacted>)", SSECURITY));
}

fn session() -> Session {
    drive(&mut Login::password(identity(), USER, PASSWORD), &mut Server::default(), |_| panic!())
        .unwrap()
}

fn answered<T: DeserializeOwned + Debug>(
    printed: &mut Printed,
    call: &Call<T>,
    result: &Value,
) -> T {
    printed.value(call);
    let session = session();
    let credentials = session.credentials("xiaomiio").unwrap();
    let api = Api::new(Region::Cn, identity());
    let signed: Signed<T> = api.sign(call, &credentials, NOW, &mut SeededRandom::new(1));
    printed.value(&signed);
    printed.value(signed.request());
    printed.value(&api);
    // What is refused, misshapen, or of another login.
    for (status, body) in [
        (200, json!({ "code": -8, "message": format!("{TYPED} {LAN_TOKEN}") }).to_string()),
        (200, json!({ "code": 0, "result": { "list": TYPED, "x": LAN_TOKEN } }).to_string()),
        (200, json!({ "code": 0, "result": LAN_TOKEN }).to_string()),
        (200, format!("{{\"code\":0,\"result\":{TYPED}")),
        (401, TYPED.to_owned()),
        (200, format!("<html>{PASS_TOKEN}")),
        (500, LAN_TOKEN.to_owned()),
    ] {
        let response = Response::new(status, body).header("Set-Cookie", format!("a={PASS_TOKEN}"));
        printed.value(&response);
        if let Err(error) = signed.open(&response) {
            printed.error(&error);
            if let ApiError::Code { message, .. } = &error {
                printed.value(message);
            }
        }
    }
    let body = json!({ "code": 0, "message": "ok", "result": result }).to_string();
    let answer = signed.open(&Response::new(200, signed.signed_nonce().seal(body.as_bytes())));
    let answer = answer.unwrap();
    printed.value(&answer);
    answer
}

fn print_calls(printed: &mut Printed) {
    let did: Did = "1".parse().unwrap();
    let device =
        json!({ "did": "1", "token": LAN_TOKEN, "password": TYPED, "owner": { "userid": 5 } });
    let page = answered(printed, &api::device_list(&[]), &json!({ "list": [device] }));
    assert_eq!(page.list[0].token.as_ref().unwrap().expose(), LAN_TOKEN);
    printed.value(&page.list[0]);
    printed.value(&page.list[0].raw);
    printed.value(page.list[0].owner.as_ref().unwrap());
    let mut inventory = Inventory::new();
    let home = json!({ "id": 1, "uid": 2, "secret": TYPED, "roomlist": [{ "id": 3 }] });
    let list = json!({ "homelist": [home], "list": [device] });
    let first = answered(printed, &inventory.next_call().unwrap(), &list);
    inventory.handle(first);
    printed.value(&inventory);
    let homes = answered(printed, &api::homes(None), &list);
    printed.value(&homes.own[0]);
    printed.value(&homes.own[0].rooms[0]);
    let item = json!([{ "did": "1", "siid": 2, "piid": 1, "value": TYPED }]);
    let asked = [(did.clone(), PropertyId::new(2, 1), json!(TYPED))];
    answered(printed, &api::set_properties(&asked).next().unwrap(), &item);
    answered(
        printed,
        &api::action(&did, ActionId::new(2, 1), &[json!(TYPED)]),
        &json!({ "out": [TYPED] }),
    );
    let rpc = api::rpc(&did, "x", &json!([TYPED])).unwrap();
    printed.value(&rpc);
    answered(printed, &api::beacon_key(&did), &json!({ "beaconkey": LAN_TOKEN }));
    answered(
        printed,
        &api::file_url(Storage::Map, "x"),
        &json!({ "url": format!("https://x/{LAN_TOKEN}") }),
    );
    let playlist = api::camera_playlist(&did, TYPED, TYPED, true);
    answered(printed, &playlist, &json!({ "url": 1 }));
    let scenes = json!({ "manual_scene_info_list": [{ "scene_id": 1, "setting": TYPED }] });
    let scenes = answered(printed, &api::scenes(1, 2), &scenes);
    printed.value(&scenes.manual[0]);
    let records = json!({ "scene_info_list": [{ "scene_id": 1, "setting": TYPED }] });
    answered(printed, &api::scene_records(1), &records);
    let messages = json!({ "messages": [{ "msg_id": 1, "params": { "body": TYPED } }] });
    let messages = answered(printed, &api::messages(), &messages);
    printed.value(&messages.messages[0]);
    let worn = json!({ "items": [{ "consumes_data": [{ "desc": TYPED }], "name": TYPED }] });
    let worn = answered(printed, &api::consumables(1, 2), &worn);
    assert_eq!(worn.items[0].consumes.len(), 1);
    printed.value(&worn.items[0]);
    let several = api::batch_device_data(&[(did.clone(), &["prop.x"])]);
    let several = answered(printed, &several, &json!({ "1": { "prop.x": TYPED } }));
    assert_eq!(several.value(&did, "prop.x"), Some(&json!(TYPED)));
    let history = api::device_data(&did, DataKind::Store, "k", 1..2, 3);
    let history = answered(printed, &history, &json!([{ "value": TYPED }]));
    printed.value(&history.0[0]);
    let keys = answered(printed, &api::infrared_keys(&did), &json!({ "keys": [{ "id": 1 }] }));
    printed.value(&keys.keys[0]);
    let controllers = json!({ "controllers": [{ "did": "1" }] });
    let controllers = answered(printed, &api::infrared_controllers(&did), &controllers);
    printed.value(&controllers.controllers[0]);
    printed.value(&DataSource::Cache);
    printed.value(&DataKind::Store);
    printed.value(&Group::Day);
    printed.value(&Storage::Map);
}

fn print_logins(printed: &mut Printed) {
    let now = Instant::ORIGIN;
    let token = Secret::new(PASS_TOKEN.to_owned());
    let servers = [
        Server { captcha: true, captcha_on_send: true, two_step: vec![4, 8], ..Server::default() },
        Server::default(),
    ];
    for mut server in servers {
        for mut login in [
            Login::password(identity(), USER, PASSWORD),
            Login::qr(identity(), NOW),
            Login::pass_token(identity(), "1234567890", &token).unwrap(),
        ] {
            for _ in 0..40 {
                printed.value(&login);
                let step = login.step(now);
                printed.value(&step);
                match step {
                    Step::Send(request) => {
                        printed.value(&request);
                        let response = server.answer(&request);
                        printed.value(&response);
                        login.handle(now, &response);
                    }
                    Step::Ask(challenge) => {
                        printed.value(challenge);
                        let answer = match challenge {
                            iot_home_micloud::Challenge::Captcha { .. } => "aBcD".into(),
                            iot_home_micloud::Challenge::Code { .. } => CODE.into(),
                            _ => Answer::Shown,
                        };
                        printed.value(&answer);
                        login.answer(answer).unwrap();
                    }
                    _ => break,
                }
            }
        }
    }
    // What the server says of a failure, with secrets in it.
    for body in [
        json!({ "code": 70016, "desc": PASS_TOKEN, "passToken": PASS_TOKEN, "_sign": TYPED }),
        json!({ "code": TYPED, "notificationUrl": format!("https://evil.example/?context={TYPED}") }),
        json!([TYPED]),
    ] {
        let mut login = Login::password(identity(), USER, PASSWORD);
        login.handle(now, &account(body.clone()));
        login.handle(now, &account(body));
        printed.value(&login);
        if let Step::Failed(error) = login.step(now) {
            printed.error(&error);
        }
    }
    let bad = Secret::new(format!("{PASS_TOKEN};"));
    printed.error(&Login::pass_token(identity(), USER, &bad).unwrap_err());
    printed.error(&Login::qr(identity(), NOW).answer(TYPED).unwrap_err());
    printed.error(&LoginError::Missing("x"));
    printed.error(&AnswerError::Unfit);
    printed.value(&LongPoll::Short);
    printed.value(&Channel::Phone);
    let mut success = success();
    success["userId"] = TYPED.into();
    printed.value(&account(success));
}

fn print_captures(printed: &mut Printed) {
    let data = json!({ "value": TYPED, "token": LAN_TOKEN }).to_string();
    let capture = Capture::new(SSECURITY.parse().unwrap());
    printed.value(&capture);
    let mut entries = Vec::new();
    for mode in [Mode::Rc4, Mode::Plain] {
        let form = key().sign(mode, Method::Post, "/x", &data);
        printed.value(&form);
        let form = form.to_urlencoded();
        printed.value(&capture.request(Method::Post, "api.io.mi.com", "/app/x", &form));
        printed.value(&capture.request(Method::Post, "api.io.mi.com", "/app/y", &form));
        entries.push(json!({
            "request": { "method": "POST", "url": "https://api.io.mi.com/app/x", "postData": { "text": form } },
            "response": { "content": { "text": key().seal(data.as_bytes()) } },
        }));
    }
    let bytes = serde_json::to_vec(&json!({ "log": { "entries": entries } })).unwrap();
    let har = Har::parse(&bytes).unwrap();
    printed.value(&har);
    for exchange in har.exchanges(&capture) {
        assert!(exchange.request.as_ref().is_some_and(|request| request.contains(TYPED)));
        printed.value(&exchange);
    }
    printed.error(&Har::parse(SSECURITY.as_bytes()).unwrap_err());
    printed.error(&capture.value(nonce(), PASSWORD).unwrap_err());
    printed.error(
        &capture
            .value("AAAAAAAAAAAAAAAA".parse().unwrap(), &key().seal(data.as_bytes()))
            .unwrap_err(),
    );
    printed.value(&FailedStep::Response(OpenError::Key));
    printed.value(&Signature::Bad);
}

#[cfg(feature = "client")]
fn print_client(printed: &mut Printed, session: &Session) {
    use iot_home_micloud::client::{LoginReason, MiCloud, SessionFile};

    let builder = MiCloud::builder().session(session.clone());
    printed.value(&builder);
    let cloud = builder.build().unwrap();
    printed.value(&cloud);
    let mut dialog = cloud.log_in(USER, PASSWORD);
    printed.value(&dialog);
    let error = dialog.answer(TYPED).unwrap_err();
    printed.value(&error.kind());
    printed.error(&error);
    printed.error(&MiCloud::builder().locale(PASS_TOKEN).build().unwrap_err());
    printed.error(&LoginReason::NoPassToken);
    let file = SessionFile::new("/no/such/folder/session.json");
    printed.value(&file);
    printed.error(&file.save(session).unwrap_err());
}

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Printed::default();
    let session = session();
    printed.value(&session);
    printed.value(&session.services["xiaomiio"]);
    printed.value(&session.credentials("xiaomiio").unwrap());
    printed.value(&session.services["xiaomiio"].ssecurity);
    printed.value(&key());
    printed.value(&nonce());
    printed.value(&identity());
    printed.value(identity().device_id());
    printed.value(&Hosts::default());
    printed.value(&Service::Camera);
    printed.value(&Region::De);
    printed.value(&Mode::Plain);
    printed.value(&Method::Get);
    printed.value(&Expiry::Code(2));
    print_calls(&mut printed);
    print_logins(&mut printed);
    print_captures(&mut printed);
    #[cfg(feature = "client")]
    print_client(&mut printed, &session);
    // A secret in the wrong place.
    for wrong in [SSECURITY, PASS_TOKEN, TYPED, ""] {
        let wrong = format!("{wrong} {wrong}");
        printed.error(&wrong.parse::<Ssecurity>().unwrap_err());
        printed.error(&wrong.parse::<Nonce>().unwrap_err());
        printed.error(&wrong.parse::<Region>().unwrap_err());
        printed.error(&wrong.parse::<Mode>().unwrap_err());
        printed.error(&wrong.parse::<Method>().unwrap_err());
        printed.error(&wrong.parse::<DeviceId>().unwrap_err());
        printed.error(&Hosts::default().api(&wrong).unwrap_err());
        printed.error(&Identity::new(identity().device_id().clone()).locale(&wrong).unwrap_err());
        printed.error(&Call::<Value>::new(&wrong, "{}").unwrap_err());
        printed.error(&Session::from_json(&wrong).unwrap_err());
        printed.error(&key().open(format!("{wrong}?").as_bytes()).unwrap_err());
    }
    let stored =
        session.expose_json().expose().replace("\"1234567890\"", &format!("\"{PASS_TOKEN};\""));
    printed.error(&Session::from_json(&stored).unwrap_err());
    for error in [SessionError::Version(2), SessionError::Field("x")] {
        printed.error(&error);
    }
    printed.error(&InvalidCall::Data);
    printed.error(&InvalidUrl::Query);

    for (whose, text) in printed.texts() {
        for secret in secrets() {
            assert!(!shows(text, &secret), "{whose} shows a secret:\n{text}");
        }
    }
    let missing: Vec<_> =
        public_types().into_iter().filter(|name| !printed.types().contains(&**name)).collect();
    assert!(missing.is_empty(), "public types that were not printed: {missing:?}");
}

/// The names of the public types, as the source has them.
fn public_types() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // Without the feature there are no such types.
                if cfg!(feature = "client") || !path.ends_with("client") {
                    folders.push(path);
                }
                continue;
            }
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let item = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum "));
                if let Some(item) = item {
                    let end = item.find(|c: char| !c.is_alphanumeric()).unwrap_or(item.len());
                    names.insert(item[..end].to_owned());
                }
            }
        }
    }
    assert!(names.len() >= 60, "{}", names.len());
    names
}

/// Secrets cannot be printed or stored by mistake: it does not compile.
#[test]
fn secrets_have_no_display_and_no_serialize() {
    trait Lacks<Marker> {
        fn check() {}
    }
    struct Display;
    struct Serialize;
    impl<T> Lacks<()> for T {}
    impl<T: fmt::Display> Lacks<Display> for T {}
    impl<T: serde::Serialize> Lacks<Serialize> for T {}
    // Had the type one, the compiler could not tell which `check` is meant.
    <Ssecurity as Lacks<_>>::check();
    <SignedNonce as Lacks<_>>::check();
    <Session as Lacks<_>>::check();
    <iot_home_micloud::ServiceKeys as Lacks<_>>::check();
}
