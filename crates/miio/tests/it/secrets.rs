//! Nothing that can be printed prints a secret: every public type and error of the crate is
//! formatted here while it holds a known token or password, and everything that is traced during
//! calls is captured.

mod provisioning;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iot_home_core::{Instant, PropertyId, SeededRandom};
use iot_home_leaks::Printed;
use iot_home_miio::cipher::{Cipher, OpenError, SealError};
use iot_home_miio::client::{
    Client, Direction, Discovery, Error, ErrorKind, SceneEvent, ScenePush,
};
use iot_home_miio::discovery::{ROUNDS, Search, Target};
use iot_home_miio::gateway::{self, Sid};
use iot_home_miio::json::{self, JsonError};
use iot_home_miio::packet::{
    Header, HelloField, HelloReply, PacketError, PacketKind, Subscription,
};
use iot_home_miio::responder::{Incoming, Refusal, Responder};
use iot_home_miio::scene::{Listener, Scene, SceneError, SceneNumber, TARGET_DID};
use iot_home_miio::session::{Config, Event, Session};
use iot_home_miio::{
    ActionInput, DeviceError, Failure, Info, MessageError, Packet, Request, RequestError, Token,
    TokenError, push,
};
use iot_home_sim::SimDevice;
use iot_home_sim::miio::{Child as SimChild, ChildList, LanPush};
use md5::{Digest, Md5};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

const TOKEN: [u8; 16] = *b"q3zq0f2yd3t3nqx4";
/// Another device's, or what a wrong answer shows.
const OTHER_TOKEN: [u8; 16] = [
    0xe1, 0x9b, 0x27, 0xc4, 0x8d, 0xf0, 0x53, 0xb6, 0x1a, 0x7e, 0xd2, 0x45, 0x98, 0x3c, 0xaf, 0x60,
];
const PASSWORD: &str = "Swordfish-7319";
const DID: u64 = 51_880_628;

fn secrets() -> Vec<(&'static str, Vec<u8>)> {
    let mut secrets = vec![("password", PASSWORD.into())];
    for token in [TOKEN, OTHER_TOKEN] {
        let key = Md5::digest(token);
        let iv = Md5::digest([&key, &token[..]].concat());
        secrets.push(("token", token.into()));
        secrets.push(("key", key.to_vec()));
        secrets.push(("iv", iv.to_vec()));
        let mut packet = [0; 64];
        let cipher = Cipher::new(&Token::new(token));
        cipher.seal(Header { did: 0, stamp: 0 }, &token, &mut packet).unwrap();
        secrets.push(("token encrypted with itself", packet[32..48].to_vec()));
    }
    secrets
}

/// Parameters that do not serialise, and whose error tells why.
struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(PASSWORD))
    }
}

fn token() -> Token {
    Token::new(TOKEN)
}

/// What a device may tell of itself.
fn info() -> Value {
    let hex = token().expose_hex();
    json!({
        "model": "zhimi.fan.za1",
        "token": hex,
        "ap": {"ssid": "home", "passwd": PASSWORD, "rssi": -40},
        "more": [{"Token": hex, "psk": PASSWORD, "bind_key": hex, "password": PASSWORD}],
        "netif": {"localIp": "192.168.1.20"},
    })
}

fn packets(printed: &mut Printed) {
    let header = Header { did: DID, stamp: 77 };
    let cipher = Cipher::new(&token());
    printed.value(&token());
    printed.value(&cipher);
    printed.value(&header);
    printed.value(&PacketKind::Message);

    let fields = [
        HelloField::Token(token()),
        HelloField::HiddenFf,
        HelloField::HiddenZero,
        HelloField::Subscription(Subscription::new(1, 4, true)),
    ];
    for field in fields {
        let reply = HelloReply::new(DID, 77, field);
        printed.value(&Packet::parse(&reply.encode()).unwrap());
        printed.value(&reply.field);
        printed.value(&reply);
    }
    printed.value(&Subscription::new(1, 4, true));
    let mut sealed = vec![0; Cipher::sealed_len(PASSWORD.len())];
    cipher.seal(header, PASSWORD.as_bytes(), &mut sealed).unwrap();
    printed.value(&Packet::parse(&sealed).unwrap());

    // A packet whose header is a token, as a file that was sent by mistake may be.
    let mut wrong = [TOKEN, TOKEN].concat();
    printed.error(&Packet::parse(&wrong).unwrap_err());
    printed.error(&cipher.open(&mut wrong).unwrap_err());
    for error in [
        PacketError::Truncated { length: 16 },
        PacketError::Magic([TOKEN[0], TOKEN[1]]),
        PacketError::ClaimedTooShort { claimed: 1 },
        PacketError::ClaimedTooLong { claimed: 64, actual: 32 },
        PacketError::Unaligned { claimed: 33 },
        PacketError::NotAHelloReply,
    ] {
        printed.error(&error);
        printed.error(&OpenError::from(error));
    }
    printed.error(&OpenError::Checksum);
    printed.error(&OpenError::Padding);
    printed.error(&OpenError::NotAMessage);
    printed.error(&cipher.seal(header, PASSWORD.as_bytes(), &mut []).unwrap_err());
    printed.error(&SealError::TooLong { length: 70_000 });
}

fn tokens(printed: &mut Printed) {
    let hex = token().expose_hex();
    for wrong in [format!("{hex}00"), hex.replace('7', "g"), hex.repeat(3), hex[2..].into()] {
        printed.error(&wrong.parse::<Token>().unwrap_err());
    }
    printed.error(&TokenError::Ios);
}

fn texts(printed: &mut Printed) {
    let request = Request::new("set_wifi", json!({"passwd": PASSWORD, "token": TOKEN})).unwrap();
    printed.value(&request);
    printed.value(&request.sid(PASSWORD).unwrap());
    printed.error(&Request::new("set_wifi", Failing).unwrap_err());
    printed.error(&Request::new("set_wifi", PASSWORD.repeat(10_000)).unwrap_err());
    printed.error(&Request::new("", PASSWORD).unwrap_err());
    printed.error(&RequestError::Params);

    for text in [
        String::new(),
        format!(r#"{{"passwd" "{PASSWORD}"}}"#),
        format!(r#"{{"passwd":"{PASSWORD}"#),
    ] {
        let error = json::parse(text.as_bytes()).unwrap_err();
        printed.error(&error);
        printed.error(&MessageError::Json(error));
        printed.error(&Failure::Malformed(MessageError::Json(error)));
    }
    printed.error(&JsonError::Empty);

    let info = Info::from_value(info());
    assert_eq!(info.token, Some(token()));
    printed.value(&info.ap);
    printed.value(&info.netif);
    printed.value(&info);

    printed.value(&ActionInput::None);
    printed.value(&ActionInput::piids([(1, json!(PASSWORD)), (2, json!(TOKEN))]));
    printed.value(&ActionInput::in_order([json!(PASSWORD), json!(token().expose_hex())]));
}

fn failures(printed: &mut Printed) {
    for failure in [
        Failure::NoHello { hellos: 3 },
        Failure::NoAnswer { transmissions: 3, hello_answered: true, other_token_shown: true },
        Failure::MaybeExecuted { transmissions: 3 },
        Failure::NeverSent,
        Failure::Device(DeviceError::new(Some(-5001), "command error")),
        Failure::Malformed(MessageError::Empty),
        Failure::Malformed(MessageError::NotAnObject),
        Failure::Malformed(MessageError::Padding),
        Failure::Checksum,
    ] {
        printed.error(&failure);
    }
    printed.error(&DeviceError::new(None, "unknown_method"));
    printed.error(&MessageError::Empty);
}

/// Both ends of a conversation about secrets.
fn conversation(printed: &mut Printed) {
    let now = Instant::ORIGIN;
    let mut session = Session::new(&token(), Config::default(), &mut SeededRandom::new(1));
    let mut device = Responder::new(DID, token()).hello_field(HelloField::Token(token()));
    let request = Request::new("set_wifi", [PASSWORD, &token().expose_hex()]).unwrap();
    let key = session.request(now, request);
    printed.value(&key);
    printed.value(&Config::default());
    let mut buffer = Vec::new();
    while let Some(datagram) = session.poll_transmit(now, &mut buffer) {
        let mut datagram = datagram.to_vec();
        let mut answer = match device.receive(77, &mut datagram).unwrap() {
            Incoming::Request(request) => {
                assert_eq!(request.params[0], PASSWORD);
                printed.value(&request);
                printed.value(&Incoming::Request(request.clone()));
                // First it asks something of its own, just as delicate.
                let own = json!({"id": 5, "method": "bind", "params": info()}).to_string();
                let mut own = device.seal(77, own.as_bytes()).unwrap();
                assert!(session.handle_datagram(now, &mut own));
                device.reply(77, request.id, &info().to_string()).unwrap()
            }
            incoming => {
                printed.value(&incoming);
                device.hello_reply(77).to_vec()
            }
        };
        session.handle_datagram(now, &mut answer);
    }
    let mut events = 0;
    while let Some(event) = session.poll_event() {
        events += 1;
        printed.value(&event);
        match event {
            Event::Request(request) => printed.value(&request),
            Event::Done { result, .. } => {
                let reply = result.unwrap();
                assert!(reply.text().contains(PASSWORD));
                printed.value(&reply);
                printed.error(&reply.parse::<u8>().unwrap_err());
                printed.error(&reply.parse::<PropertyIdOnly>().unwrap_err());
            }
            _ => {}
        }
    }
    assert_eq!(events, 2);
    printed.value(&session);
    printed.value(&session.stats());
    printed.value(&device);

    for text in ["", "{}"] {
        let refused = device.receive(77, &mut device.seal(77, text.as_bytes()).unwrap());
        printed.error(&refused.unwrap_err());
    }
    printed.error(&Refusal::Open(OpenError::Checksum));
    printed.error(&Refusal::OtherDid { did: 1 });
    printed.error(&Refusal::Stamp { theirs: 1, ours: 2 });
    printed.error(&Refusal::RepeatedId { id: 1 });
}

/// A form that no result here has; the parser's own error would quote what it found instead.
#[derive(Debug, serde::Deserialize)]
struct PropertyIdOnly {
    #[serde(rename = "token")]
    _token: bool,
}

fn search(printed: &mut Printed) {
    let addr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 54_321);
    let target = Target { link: 0, addr };
    let mut search = Search::new(Instant::ORIGIN, [target], &ROUNDS, Duration::from_secs(3));
    search.poll_transmit(Instant::ORIGIN);
    let shown = HelloReply::new(DID, 77, HelloField::Token(token())).encode();
    let found = search.handle_datagram(Instant::ORIGIN, 0, addr, &shown).unwrap();
    assert_eq!(found.token, Some(token()));
    printed.value(&found);
    printed.value(&search);
    printed.value(&target);
}

/// What devices push, and scenes and children.
fn pushed(printed: &mut Printed) {
    let now = Instant::ORIGIN;
    let mut session = Session::new(&token(), Config::default(), &mut SeededRandom::new(1));
    let device = Responder::new(DID, token());
    session.introduce(now, DID, 77);
    session.subscribe(now, 1_700_000_000, &mut SeededRandom::new(2));
    let mut buffer = Vec::new();
    while session.poll_transmit(now, &mut buffer).is_some() {}
    let state = HelloField::Subscription(Subscription::new(0, 1, true));
    session.handle_datagram(now, &mut HelloReply::new(DID, 77, state).encode());
    let mut sub = session.poll_transmit(now, &mut buffer).unwrap().to_vec();
    let sub = session.cipher().open(&mut sub).unwrap().to_vec();
    let id = serde_json::from_slice::<Value>(&sub).unwrap()["id"].as_i64().unwrap();
    session.handle_datagram(now, &mut device.reply(77, id, r#"{"code":0}"#).unwrap());
    let secret = json!([PASSWORD, token().expose_hex()]);
    for (id, message) in [
        json!({"method": "properties_changed",
            "params": [{"did": "7", "siid": 2, "piid": 1, "value": secret}]}),
        json!({"method": "event_occured", "params": {"did": "7", "siid": 2, "eiid": 1,
            "arguments": [{"piid": 1, "value": secret}]}}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut message = message;
        message["id"] = (id + 1).into();
        let mut packet = device.seal(77, message.to_string().as_bytes()).unwrap();
        assert!(session.handle_datagram(now, &mut packet));
    }
    let mut told = 0;
    while let Some(event) = session.poll_event() {
        printed.value(&event);
        let Event::Push(event) = event else { continue };
        told += 1;
        printed.value(&event);
        match event {
            push::Event::Changed(changes) => printed.value(&changes[0]),
            push::Event::Occurred(occurrence) => printed.value(&*occurrence),
            _ => {}
        }
    }
    assert_eq!(told, 3);
    printed.value(&session.push_stats().unwrap());
    printed.value(&session);

    let scene = Scene::new("lumi.1", "m.n", "e", "a", "[]").unwrap();
    let scene = scene.trigger_token(PASSWORD).value(PASSWORD);
    printed.value(&scene);
    printed.value(&SceneNumber::FIRST);
    let cipher = Cipher::new(&token());
    let random = &mut SeededRandom::new(1);
    let request = scene.store(SceneNumber::FIRST, Ipv4Addr::LOCALHOST, &cipher, random).unwrap();
    printed.value(&request);
    let wrong =
        [("lumi_1", "m", "e", "a", ""), ("1", "m n", "e", "a", ""), ("1", "m", "e", "", "")];
    for (source, model, event, action, extra) in wrong {
        printed.error(&Scene::new(source, model, event, action, extra).unwrap_err());
    }
    printed.error(&SceneError::Command { length: 50 });
    printed.error(&SceneError::Extra { length: 500 });
    let here = Ipv4Addr::LOCALHOST.into();
    let mut listener = Listener::default();
    listener.add(here, token());
    let text = json!({"id": 1, "method": "chuangmi.plug.v3.a:lumi_1", "params": secret});
    let target = Responder::new(TARGET_DID, token());
    let mut packet = target.seal(77, text.to_string().as_bytes()).unwrap();
    let (_, fired) = listener.handle_datagram(now, 77, here, &mut packet);
    let fired = fired.unwrap();
    printed.value(&fired);
    printed.value(&SceneEvent::Fired(fired));
    printed.value(&listener.stats());
    printed.value(&listener);
    printed.error(&listener.forget(Ipv4Addr::BROADCAST.into()).unwrap_err());

    let sid: Sid = "lumi.1".parse().unwrap();
    printed.value(&sid);
    printed.value(&gateway::set_prop(&sid, "password", &PASSWORD.into()).unwrap());
    let long = PASSWORD.repeat(9);
    for wrong in ["a b", "", &long] {
        printed.error(&wrong.parse::<Sid>().unwrap_err());
    }
}

/// The handles for them, over sockets.
async fn handles_of_pushes(printed: &mut Printed) {
    let sim = SimDevice::builder()
        .token(token())
        .scenes(None)
        .lan_push(LanPush::default())
        .gateway(ChildList::Flat)
        .child(SimChild::new("lumi.1", SimDevice::builder()))
        .spawn()
        .await
        .unwrap();
    let client = Client::bind().await.unwrap();
    let device = client.device(sim.addr(), token());
    printed.value(&device.subscribe().await.unwrap());
    printed.value(&device.children().await.unwrap()[0]);
    printed.value(&device.child("lumi.1".parse().unwrap()));
    let scenes = ScenePush::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let scene = Scene::new("lumi.1", "m.n", "e", "a", "[]").unwrap();
    scenes.store(&device, &scene, SceneNumber::FIRST).await.unwrap();
    printed.value(&scenes);
    ScenePush::remove(&device, SceneNumber::FIRST).await.unwrap();
    let gone = ScenePush::remove(&device, SceneNumber::FIRST).await;
    printed.error(&gone.unwrap_err());
    let plain = SimDevice::builder().token(token()).spawn().await.unwrap();
    let unsupported = client.device(plain.addr(), token()).subscribe().await.unwrap_err();
    printed.text("hint", unsupported.hint().unwrap().to_owned());
    printed.error(&unsupported);
}

/// A device that answers each method in a way of its own.
async fn serve(socket: UdpSocket, mut device: Responder) {
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { return };
        let answer = match device.receive(77, &mut buffer[..length]) {
            Ok(Incoming::Hello { .. }) => Ok(device.hello_reply(77).to_vec()),
            Ok(Incoming::Request(request)) => match request.method.as_str() {
                "miIO.info" => device.reply(77, request.id, &info().to_string()),
                "get_broken" => {
                    let text = format!(r#"{{"id":{},"result":"{PASSWORD}"#, request.id);
                    device.seal(77, text.as_bytes())
                }
                "get_foreign" => {
                    Responder::new(DID, Token::new(NOBODYS_TOKEN)).reply(77, request.id, "[]")
                }
                "get_properties" => {
                    let result = r#"[{"did":"1","siid":2,"piid":1,"code":-4004}]"#;
                    device.reply(77, request.id, result)
                }
                "set_wifi" => device.error_reply(77, request.id, -5001, "command error"),
                _ => continue,
            },
            _ => continue,
        };
        socket.send_to(&answer.expect("a short answer"), from).await.expect("loopback");
    }
}

async fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback");
    let addr = socket.local_addr().expect("it is bound");
    (socket, addr)
}

/// Of no device at that address, so that what it seals is nobody's.
const NOBODYS_TOKEN: [u8; 16] = [0x5a; 16];

/// Calls of every kind and with every end, over sockets.
async fn calls(printed: &mut Printed) {
    let (socket, addr) = socket().await;
    let device = Responder::new(DID, token()).hello_field(HelloField::Token(token()));
    let device = tokio::spawn(serve(socket, device));
    let (_silent, nobody) = self::socket().await;

    let events = Arc::new(Mutex::new(Printed::default()));
    let seen = Arc::clone(&events);
    let builder = Client::builder()
        .local_addr(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0))
        .timeout(Duration::from_secs(1))
        .on_wire(move |event| {
            let mut seen = seen.lock().unwrap();
            seen.value(event);
            seen.value(&event.direction);
            if event.direction == Direction::Received && event.payload.is_some() {
                seen.text("marker", "a payload was seen".to_owned());
            }
        });
    printed.value(&builder);
    let client = builder.bind().await.unwrap();
    let lamp = client.device(addr, token());
    let absent = client.device(nobody, token());
    printed.value(&client);
    printed.value(&lamp);
    printed.value(&iot_home_miio::client::DeviceAddr::from(addr));

    let wifi = json!({"passwd": PASSWORD, "token": token().expose_hex()});
    let info = lamp.info().await.unwrap();
    printed.value(&info);
    // Those that end in silence take their time, all at once.
    let foreign = lamp.call::<Value>("get_foreign", &wifi).await;
    let stranger = client.device(addr, Token::new(OTHER_TOKEN));
    let (unsure, strange, silent) = tokio::join!(
        lamp.call::<Value>("join", &wifi),
        stranger.call::<Value>("set_wifi", &wifi),
        absent.call::<Value>("set_wifi", &wifi),
    );
    let long = PASSWORD.repeat(9_999);
    let elsewhere = SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1).into(), 0);
    let ends: Vec<(ErrorKind, Error)> = vec![
        (ErrorKind::MaybeExecuted, unsure.unwrap_err()),
        (ErrorKind::Checksum, foreign.unwrap_err()),
        (ErrorKind::NoAnswer, strange.unwrap_err()),
        (ErrorKind::NoHello, silent.unwrap_err()),
        (ErrorKind::Device, lamp.call::<Value>("set_wifi", &wifi).await.unwrap_err()),
        (ErrorKind::Malformed, lamp.call::<Value>("get_broken", &wifi).await.unwrap_err()),
        (ErrorKind::Malformed, lamp.call::<u8>("miIO.info", &wifi).await.unwrap_err()),
        (ErrorKind::Refused, lamp.get::<bool>(PropertyId::new(2, 1)).await.unwrap_err()),
        (ErrorKind::BadInput, lamp.call::<Value>("set_wifi", Failing).await.unwrap_err()),
        (ErrorKind::BadInput, lamp.call::<Value>("set_wifi", long).await.unwrap_err()),
        (ErrorKind::Io, Client::builder().local_addr(elsewhere).bind().await.unwrap_err()),
    ];
    for (kind, error) in ends {
        assert_eq!(error.kind(), kind, "{error}");
        printed.error(&error);
        printed.value(&kind);
        printed.text("hint", error.hint().unwrap_or_default().to_owned());
    }

    let found = client.hello(addr, Duration::from_secs(5)).await.unwrap();
    assert_eq!(found.token, Some(token()));
    printed.value(&found);
    let builder = Discovery::builder().targets([addr]).count(1);
    printed.value(&builder);
    let mut discovery = builder.start().unwrap();
    let found = futures_util::StreamExt::next(&mut discovery).await.unwrap();
    printed.value(&found);
    printed.value(&discovery);
    printed.value(&lamp);

    provisioning::calls(printed).await;
    device.abort();
    let events = std::mem::take(&mut *events.lock().unwrap());
    assert!(events.texts().any(|(whose, _)| whose == "marker"));
    printed.extend(events);
}

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Printed::default();
    packets(&mut printed);
    tokens(&mut printed);
    texts(&mut printed);
    failures(&mut printed);
    conversation(&mut printed);
    search(&mut printed);
    provisioning::print(&mut printed);
    #[cfg(feature = "provisioning-secure")]
    provisioning::print_secure(&mut printed);
    pushed(&mut printed);

    // All on this one thread, which is the one that is captured.
    let traced = iot_home_leaks::traced(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(calls(&mut printed));
        runtime.block_on(handles_of_pushes(&mut printed));
    });
    for expected in ["request", "method=set_wifi", "addr="] {
        assert!(traced.contains(expected), "{expected} is not among\n{traced}");
    }
    printed.text("tracing", traced);

    printed.assert_shows_none(&secrets());
    // Of code that is not built there is nothing to print.
    let is_absent = |name: &str| cfg!(not(feature = "ota")) && OTA.contains(&name);
    printed.assert_shows_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), is_absent);
}

/// What only the feature `ota` brings, or what is printed with it.
const OTA: [&str; 3] = ["ImageServer", "OtaStatus", "ServerError"];

/// A token cannot be printed or serialised by mistake: it does not compile.
#[test]
fn a_token_has_no_display_and_no_serialize() {
    trait Lacks<Marker> {
        fn check() {}
    }
    struct Display;
    struct Serialised;
    impl<T> Lacks<()> for T {}
    impl<T: fmt::Display> Lacks<Display> for T {}
    impl<T: Serialize> Lacks<Serialised> for T {}
    // Had a type one of the two, the compiler could not tell which `check` is meant.
    <Token as Lacks<_>>::check();
    <Cipher as Lacks<_>>::check();
    <iot_home_core::Secret<[u8; 16]> as Lacks<_>>::check();
}
