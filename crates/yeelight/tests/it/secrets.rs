//! Nothing that can be printed prints the token of a UDP session: every public type and error is formatted here while
//! sessions with a known token run, everything that is traced is captured, and everything that an observer of the wire is
//! shown is kept.

use std::fmt;
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_core::Instant;
use iot_home_leaks::{Printed, shows};
use iot_home_sim::SimBulb;
use iot_home_yeelight::client::{
    BulbAddr, Change, OverMiio, RealtimeKind, RealtimeOptions, SearchAddr,
};
use iot_home_yeelight::directory::Update;
use iot_home_yeelight::flow::StepChange;
use iot_home_yeelight::flow::preset::PRESETS;
use iot_home_yeelight::line::Lines;
use iot_home_yeelight::message::Message;
use iot_home_yeelight::method::Limits;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::search::Target;
use iot_home_yeelight::session::{Config, Event};
use iot_home_yeelight::udp::{Generation, UdpSession};
use iot_home_yeelight::{
    Adjustable, Advert, Bulb, BulbId, Color, ColorMode, DeviceError, Direction, Directory,
    Discovery, Effect, Error, ErrorKind, Failure, Flow, FlowEnd, InvalidInput, Kind, Light,
    Listener, Method, PowerMode, Profile, Properties, Property, PropertyValue, QuotaPolicy, Reply,
    Rgb, Scene, Search, Session, State, Step,
};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use crate::advert::named;

const TOKEN: &str = "5e9d03b7c1f2486aa7d4e0918c36fb52";
const ANSWER: &str =
    r#"{"id":1,"method":"udp_sess_token","params":{"token":"5e9d03b7c1f2486aa7d4e0918c36fb52"}}"#;

/// UDP sessions of both generations, in every state, and through everything that may come.
fn udp_sessions(printed: &mut Printed) {
    let now = Instant::ORIGIN;
    for generation in [Generation::First, Generation::Second] {
        printed.value(&generation);
        let mut session = UdpSession::new(now, generation);
        printed.value(&session);
        let word = if generation == Generation::First { "udp_token" } else { "udp_sess_token" };
        for datagram in [
            ANSWER.replace("udp_sess_token", word),
            format!("{{\"id\":2,\"result\":[\"{TOKEN}\"]}}"),
            format!("get a token first, {TOKEN} is none"),
            format!("{{\"id\":3,\"error\":{{\"message\":\"{TOKEN}: get token first\"}}}}"),
            ANSWER.replace("udp_sess_token", word),
        ] {
            session.handle_datagram(now, datagram.as_bytes());
            printed.value(&session);
            let mut out = Vec::new();
            if session.write(&Method::Toggle(Light::Main), &mut out) {
                assert!(shows(str::from_utf8(&out).unwrap(), TOKEN.as_bytes()), "it is in use");
            }
            session.poll_transmit(now + Duration::from_secs(4), &mut out);
            printed.value(&session);
        }
        assert!(session.is_open());
    }
}

/// What has to do with searches.
fn searches(printed: &mut Printed) {
    let now = Instant::ORIGIN;
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1982));
    let target = Target { link: 0, addr };
    let datagram = named("documented_answer");
    let mut search = Search::new(now, [target], &[], Duration::from_secs(1));
    let found = search.handle_datagram(now, 0, addr, &datagram).unwrap();
    let mut directory = Directory::new();
    let update = directory.handle_datagram(now, addr, &datagram);
    printed.value(&target);
    printed.value(&search);
    printed.value(&directory);
    printed.value::<Update>(&update.unwrap());
    printed.value(&found.kind());
    printed.value(&found.id());
    printed.value(&Advert::parse(&datagram).unwrap());
    printed.value(&found);
    printed.error(&Advert::parse(TOKEN.as_bytes()).unwrap_err());
    printed.error(&"x".parse::<BulbId>().unwrap_err());
    printed.value(&SearchAddr::from(addr));
    printed.value(&BulbAddr::from(addr));
}

/// What a command and its result are made of.
fn words(printed: &mut Printed) {
    let step = Step::rgb(Rgb(1), Duration::from_secs(1));
    let flow = Flow::new([step]);
    printed.value(&step);
    printed.value(&StepChange::Pause);
    printed.value(&FlowEnd::Off);
    printed.value(&PRESETS[0]);
    printed.error(&"x".parse::<Flow>().unwrap_err());
    printed.value(&Scene::Flow(flow.clone()));
    printed.value(&flow);
    printed.value(&Rgb(7));
    printed.value(&Color::Temperature(2700));
    printed.value(&ColorMode::Rgb);
    printed.value(&Light::Main);
    printed.value(&Effect::Sudden);
    printed.value(&Adjustable::Bright);
    printed.value(&Direction::Circle);
    printed.value(&PowerMode::Night);
    printed.value(&Kind::Color);
    printed.value(&Limits::Clamp);
    printed.value(&QuotaPolicy::Wait);
    printed.value(&Window::of_bulb());
    printed.value(&Profile::of_model("color4"));
    printed.value(&Method::Toggle(Light::Main));
    if let Method::Raw(raw) = Method::raw("x", "[]").unwrap() {
        printed.value(&raw);
    }
    printed.value(&Property::Power);
    printed.value(&PropertyValue::Number(1));
    printed.value(&Properties::default());
    printed.value(&State::default());
    printed.value(&Reply::ok());
    for failure in [
        Failure::Device(DeviceError::General),
        Failure::Quota { retry_after: Duration::ZERO },
        Failure::QuotaExceeded { retry_after: Duration::ZERO },
        Failure::NoAnswer { after: Duration::ZERO },
        Failure::NotConnected { after: Duration::ZERO },
        Failure::Disconnected,
        Failure::Full { waiting: 1 },
        Failure::Input(InvalidInput::NoSteps),
        Failure::Malformed { expected: "something else" },
    ] {
        printed.error(&failure);
    }
    printed.error(&DeviceError::General);
    printed.error(&InvalidInput::NoSteps);
}

/// A control session that is told a token it has no use for.
fn control_session(printed: &mut Printed) {
    let mut session = Session::new(Config::default().read_state(false), Profile::unknown());
    let mut now = Instant::ORIGIN;
    session.connected(now);
    let key = session.request(now, Method::Toggle(Light::Main), 7).unwrap();
    now = now + Duration::from_secs(1);
    session.poll_transmit(now, &mut Window::of_bulb(), &mut Vec::new());
    session.handle_bytes(now, format!("{ANSWER}\r\n").as_bytes());
    printed.value(&session);
    session.handle_bytes(now, b"{\"id\":1, \"result\":[\"ok\"]}\r\n");
    printed.value(&key);
    printed.value(&Config::default());
    printed.value::<Event<i32>>(&session.poll_event().unwrap());
    let mut lines = Lines::default();
    lines.feed(format!("{ANSWER}\r\n").as_bytes(), |line| {
        Message::read_line(line, |message| printed.value(&message));
    });
    printed.value(&lines);
}

/// A bulb's port for UDP sessions: each `udp_sess_new` gets the token, each second command an error that names it.
async fn serve(socket: UdpSocket, commands: Arc<AtomicU64>) {
    let mut buffer = [0; 2048];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { return };
        let request: Value = serde_json::from_slice(&buffer[..length]).unwrap();
        let answer = if request["method"] == "udp_sess_new" {
            ANSWER.to_owned()
        } else {
            assert_eq!(request["token"], TOKEN);
            let nth = commands.fetch_add(1, Ordering::Relaxed);
            let text =
                if nth.is_multiple_of(2) { "done" } else { "the token is old, get one first" };
            json!({"id": 1, "error": {"code": -1, "message": format!("{text}: {TOKEN}")}})
                .to_string()
        };
        let _ = socket.send_to(answer.as_bytes(), from).await;
    }
}

/// What an observer is shown, by whatever is observed.
#[derive(Clone, Default)]
struct Observed(Arc<Mutex<Printed>>);

impl Observed {
    fn see(&self, event: &iot_home_yeelight::client::WireEvent<'_>) {
        let mut printed = self.0.lock().unwrap();
        printed.value(event);
        printed.value(&event.direction);
        let bytes = String::from_utf8_lossy(event.bytes).into_owned();
        printed.text("the bytes on the wire", bytes);
    }
}

/// Calls of every kind over sockets, a UDP session among them.
async fn calls(printed: &mut Printed) {
    let sim = SimBulb::color().spawn().await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let session_port = socket.local_addr().unwrap().port();
    let commands = Arc::new(AtomicU64::new(0));
    let server = tokio::spawn(serve(socket, Arc::clone(&commands)));

    let observed = Observed::default();
    let seen = observed.clone();
    let builder = Bulb::builder(sim.addr())
        .session(Config::default().settle(Duration::ZERO))
        .profile(Profile::of_bulb("color4", ["udp_sess_new", "set_rgb", "set_power", "set_bright"]))
        .on_wire(move |event| seen.see(event));
    printed.value(&builder);
    let bulb = builder.connect().await.unwrap();
    let mut changes = bulb.changes();
    let options = RealtimeOptions::default().session_port(session_port);
    printed.value(&options);
    let stage = bulb.realtime(options.clone()).await.unwrap();
    assert_eq!(stage.kind(), RealtimeKind::Udp);
    for step in 1..=6 {
        stage.set_rgb(Rgb(step), Effect::Sudden).await.unwrap();
        printed.value(&stage);
        printed.value(stage.transport());
        // The next one comes when the answer to this one has.
        let until = u64::from(step);
        while commands.load(Ordering::Relaxed) < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.off(Effect::Sudden).await.unwrap();
    printed.value(&stage.kind());
    printed.value(&stage.state());
    printed.value(&bulb);
    printed.value(bulb.transport());
    let change = changes.next().await.unwrap();
    printed.value::<Change>(&change);
    printed.value(&changes);

    // A port that answers with the token in the wrong place, and never with one that can be used.
    let wrong = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = wrong.local_addr().unwrap().port();
    let liar = tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((_, from)) = wrong.recv_from(&mut buffer).await {
            let answer =
                format!("{{\"method\":\"{TOKEN}\",\"params\":{{\"token\":\"{TOKEN} {TOKEN}\"}}}}");
            let _ = wrong.send_to(answer.as_bytes(), from).await;
        }
    });
    let options = options.session_port(port).timeout(Duration::from_millis(50));
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let ends: Vec<(ErrorKind, Error)> = vec![
        (ErrorKind::Realtime, bulb.realtime(options).await.unwrap_err()),
        (ErrorKind::BadInput, stage.get([Property::Power]).await.unwrap_err()),
        (ErrorKind::BadInput, stage.set_rgb(Rgb(0), Effect::Sudden).await.unwrap_err()),
        (ErrorKind::Device, bulb.set_rgb(Rgb(5), Effect::Sudden).await.unwrap_err()),
        (ErrorKind::NotSupported, bulb.call(Method::SetMusic(None)).await.unwrap_err()),
        (ErrorKind::Refused, Bulb::connect(nobody).await.unwrap_err()),
    ];
    for (kind, error) in ends {
        assert_eq!(error.kind(), kind, "{error}");
        printed.error(&error);
        printed.value(&kind);
        printed.text("hint", error.hint().unwrap_or_default().to_owned());
    }
    let over = OverMiio::new(|_: String, _: Value| ready(Ok(json!(["ok"]))));
    printed.value(&over);

    let seen = observed.clone();
    let search = Discovery::builder()
        .targets([sim.search_addr()])
        .count(1)
        .on_wire(move |event| seen.see(event));
    printed.value(&search);
    let mut search = search.start().unwrap();
    assert!(search.next().await.is_some());
    printed.value(&search);
    let listener = Listener::builder().group(Ipv4Addr::LOCALHOST).port(0);
    printed.value(&listener);
    printed.value(&listener.start().unwrap());

    assert!(commands.load(Ordering::Relaxed) >= 6);
    stage.end().await.unwrap();
    server.abort();
    liar.abort();
    let events = std::mem::take(&mut *observed.0.lock().unwrap());
    for part in ["set_power", "\"result\"", "M-SEARCH"] {
        assert!(events.texts().any(|(_, text)| text.contains(part)), "{part} was seen");
    }
    // A UDP session is nobody's business.
    assert!(!events.texts().any(|(_, text)| text.contains("\"udp_sess_new\"")));
    printed.extend(events);
}

#[test]
fn nothing_shows_a_token() {
    let mut printed = Printed::default();
    udp_sessions(&mut printed);
    searches(&mut printed);
    words(&mut printed);
    control_session(&mut printed);

    // All on this one thread, which is the one that is captured.
    let traced = iot_home_leaks::traced(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let calls = async {
            tokio::time::timeout(Duration::from_secs(20), calls(&mut printed)).await.unwrap();
        };
        runtime.block_on(calls);
    });
    for expected in ["command", "method=set_rgb", "addr="] {
        assert!(traced.contains(expected), "{expected} is not among\n{traced}");
    }
    printed.text("tracing", traced);

    printed.assert_shows_none(&[("token", TOKEN.into())]);
    printed.assert_shows_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), |_| false);
}

/// A session cannot be serialised by mistake, and has no text of its own: it does not compile.
#[test]
fn a_udp_session_has_no_display_and_no_serialize() {
    trait Lacks<Marker> {
        fn check() {}
    }
    struct Display;
    struct Serialised;
    impl<T> Lacks<()> for T {}
    impl<T: fmt::Display> Lacks<Display> for T {}
    impl<T: serde::Serialize> Lacks<Serialised> for T {}
    // Had a type one of the two, the compiler could not tell which `check` is meant.
    <UdpSession as Lacks<_>>::check();
    <iot_home_core::Secret<String> as Lacks<_>>::check();
}
