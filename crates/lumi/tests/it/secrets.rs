//! Nothing that can be printed prints a secret: every public type and error of the crate is formatted here while
//! it holds a known key or token, and everything that is traced during calls is captured.

use std::any::type_name;
use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{self, Debug, Write as _};
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_core::Instant;
use iot_home_lumi::client::{Discovery, GatewayAddr, Lumi, SearchAddr};
use iot_home_lumi::search::{ROUNDS, Target};
use iot_home_lumi::session::{Answer, Config, Event};
use iot_home_lumi::{
    Failure, GatewayError, InvalidInput, Key, KeyError, Message, Search, Session, Sid, Token,
    Values, Version,
};
use iot_home_sim::SimGateway;
use tracing::field::{Field, Visit};
use tracing::{Metadata, Subscriber, span};

use crate::rig::gateway_addr;

const KEY: &str = "q3zq0f2yd3t3nqx4";
const TOKEN: &str = "Xy7Lm2Qa9Rt4Uv1B";

fn key() -> Key {
    KEY.parse().unwrap()
}

fn token() -> Token {
    TOKEN.parse().unwrap()
}

/// Everything that was printed, and by what.
#[derive(Default)]
struct Printed {
    texts: Vec<(String, String)>,
    types: BTreeSet<String>,
}

impl Printed {
    fn value<T: Debug>(&mut self, value: &T) {
        let name = type_name::<T>().split('<').next().and_then(|path| path.rsplit("::").next());
        let name = name.unwrap_or_default().to_owned();
        let text = format!("{value:?}\n{value:#?}\n{value:x?}\n{value:#X?}");
        self.texts.push((name.clone(), text));
        self.types.insert(name);
    }

    fn error<T: StdError>(&mut self, error: &T) {
        self.value(error);
        let mut chain = format!("{error}\n{error:#}");
        let mut source = error.source();
        while let Some(error) = source {
            let _ = write!(chain, "\n{error}\n{error:?}\n{error:#?}");
            source = error.source();
        }
        self.texts.push((type_name::<T>().to_owned(), chain));
    }

    fn assert_no_secrets(&self) {
        let write_key = key().write_key(&token()).expose().to_owned();
        for secret in [KEY, TOKEN, &write_key] {
            // As numbers too, for whoever derives `Debug` for bytes.
            let decimal = format!("{:?}", &secret.as_bytes()[..6]);
            let hex = format!("{:x?}", &secret.as_bytes()[..6]);
            let forms = [
                secret.to_lowercase(),
                decimal.trim_matches(['[', ']']).to_owned(),
                hex.trim_matches(['[', ']']).to_owned(),
            ];
            for (whose, text) in &self.texts {
                let flat = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
                for form in &forms {
                    assert!(!flat.contains(form.as_str()), "{whose} shows a secret:\n{text}");
                }
            }
        }
    }
}

/// The parts without IO.
fn protocol(printed: &mut Printed) {
    printed.value(&key());
    printed.value(&token());
    printed.value(&key().write_key(&token()));
    for wrong in [&KEY[1..], "q3zq0f2yd3t3nqx\u{7}"] {
        printed.error(&wrong.parse::<Key>().unwrap_err());
    }
    printed.error(&KeyError::Characters);
    printed.error(&KEY.parse::<Sid>().unwrap_err());
    let plug: Sid = "158d0001a2b3c4".parse().unwrap();
    printed.value(&plug);
    let write_key = key().write_key(&token()).expose().to_owned();

    let mut search = Search::new(
        Instant::ORIGIN,
        [Target { link: 0, addr: gateway_addr() }],
        &ROUNDS,
        Duration::from_secs(1),
    );
    printed.value(&search.poll_transmit().unwrap().0);
    let iam = format!(r#"{{"cmd":"iam","sid":"1","model":"gateway","token":"{TOKEN}"}}"#);
    printed
        .value(&search.handle_datagram(Instant::ORIGIN, gateway_addr(), iam.as_bytes()).unwrap());
    printed.value(&search);

    let messages = [
        iam,
        format!(r#"{{"cmd":"get_id_list_ack","sid":"1","token":"{TOKEN}","data":"[\"{plug}\"]"}}"#),
        format!(r#"{{"cmd":"heartbeat","sid":"1","model":"gateway","token":"{TOKEN}"}}"#),
        format!(
            r#"{{"cmd":"write_ack","sid":"{plug}","model":"plug","data":{{"key":"{write_key}"}}}}"#
        ),
        format!(r#"{{"cmd":"write_ack","sid":"{plug}","data":{{"error":"{write_key}"}}}}"#),
        format!(r#"{{"cmd":"read_ack","sid":"{plug}","model":"plug","data":"{{}}"}}"#),
    ];
    for datagram in &messages {
        let message = Message::parse(datagram.as_bytes()).unwrap();
        printed.value(&message);
        match &message {
            Message::Iam(iam) => printed.value(iam),
            Message::Children(listing) => {
                printed.value(listing);
                printed.value(&listing.children[0]);
            }
            Message::Read(reply) | Message::Written(reply) => {
                printed.value(reply);
                if let Ok(state) = &reply.result {
                    printed.value(state);
                    printed.value(&state.values);
                }
            }
            _ => {}
        }
    }
    printed.error(&Message::parse(format!("{{\"cmd\":\"{KEY}\"}}").as_bytes()).unwrap_err());
    printed.error(&Message::parse(KEY.as_bytes()).unwrap_err());

    let mut session = Session::new(gateway_addr(), Some(key()), Config::default());
    printed.value(&Config::default());
    printed.value(&Version::V1);
    let now = Instant::ORIGIN;
    let mut buffer = Vec::new();
    let asked = session.write(now, plug, Values::new().with("status", "on"));
    printed.value(&asked);
    let mut sent = String::new();
    for answer in [&messages[1], &messages[5], &messages[4]] {
        let datagram = session.poll_transmit(now, &mut buffer).unwrap();
        sent = String::from_utf8(datagram.to_vec()).unwrap();
        printed.value(&session);
        assert!(session.handle_datagram(now, gateway_addr(), answer.as_bytes()));
    }
    assert!(sent.contains(&write_key), "it was the write that went last: {sent}");
    let Some(Event::Done { result: Err(failure), .. }) = session.poll_event() else { panic!() };
    printed.error(&failure);
    printed.value(&session.stats());
    session.handle_multicast(gateway_addr(), messages[2].as_bytes());
    printed.value(&session.poll_event().unwrap());
    printed.value(&session);
    printed.value(&Answer::Children(session.known_children().collect()));
    let failures = [
        Failure::NoAnswer { sent: 1 },
        Failure::MaybeExecuted,
        Failure::NeverSent,
        Failure::NoKey,
        Failure::NoToken,
        Failure::Full { waiting: 1 },
        Failure::Gateway(GatewayError::InvalidKey),
        Failure::Input(InvalidInput::NoValues),
    ];
    failures.iter().for_each(|failure| printed.error(failure));
    printed.error(&GatewayError::Unsupported);
    printed.error(&InvalidInput::TooLong { length: 9 });
}

/// The client, over sockets.
async fn client(printed: &mut Printed) {
    let builder =
        Lumi::builder().group(Ipv4Addr::LOCALHOST).port(0).timeout(Duration::from_millis(300));
    printed.value(&builder);
    let lumi = builder.bind().await.unwrap();
    let sim = SimGateway::builder(key()).report_to(lumi.report_addr().unwrap());
    printed.value(&sim);
    let sim = sim.spawn().await.unwrap();
    printed.value(&sim);
    printed.value(&GatewayAddr::from(sim.addr()));
    printed.value(&SearchAddr::from(sim.search_addr()));
    let builder = Discovery::builder().targets([sim.search_addr()]).count(1);
    printed.value(&builder);
    let mut search = builder.start().unwrap();
    let found = search.next().await.unwrap();
    printed.value(&search);
    let gateway = lumi.found(&found, Some(key()));
    let mut reports = gateway.reports();
    printed.value(&lumi);
    printed.value(&gateway);
    printed.value(&reports);
    let plug = sim.children()[0];
    gateway.write(plug, Values::new().with("status", "on")).await.unwrap();
    printed.value(&reports.next().await.unwrap());
    let other = lumi.gateway(sim.addr(), Some("0987654321qwerty".parse().unwrap()));
    sim.ignore(0);
    let errors = [
        gateway.write(plug, Values::new().with("key", KEY)).await.unwrap_err(),
        gateway.write(plug, Values::new().with("none", KEY)).await.unwrap_err(),
        other.write(plug, Values::new().with("status", KEY)).await.unwrap_err(),
        {
            sim.ignore(u32::MAX);
            gateway.write(plug, Values::new().with("status", KEY)).await.unwrap_err()
        },
    ];
    for error in errors {
        printed.error(&error);
        printed.value(&error.kind());
        printed.texts.push(("hint".to_owned(), error.hint().unwrap_or_default().to_owned()));
    }
}

/// Keeps the text of all that is traced.
struct Capture {
    text: Arc<Mutex<String>>,
    spans: AtomicU64,
}

impl Capture {
    fn write(&self, what: &str, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(String::new());
        record(&mut fields);
        let mut text = self.text.lock().unwrap();
        let _ = writeln!(text, "{what}{}", fields.0);
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.write(span.metadata().name(), |fields| span.record(fields));
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        self.write("record", |fields| values.record(fields));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.write(event.metadata().name(), |fields| event.record(fields));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?} {value:#?}", field.name());
    }
}

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Printed::default();
    protocol(&mut printed);
    let traced = Arc::new(Mutex::new(String::new()));
    let capture = Capture { text: Arc::clone(&traced), spans: AtomicU64::new(0) };
    // All on this one thread, which is the one that is captured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(capture, || {
        tracing::trace!("the capture works");
        runtime.block_on(client(&mut printed));
        drop(runtime);
    });
    let traced = traced.lock().unwrap().clone();
    for expected in ["the capture works", "request", "write", "addr="] {
        assert!(traced.contains(expected), "{expected} is not among\n{traced}");
    }
    printed.texts.push(("tracing".to_owned(), traced));
    printed.assert_no_secrets();
    let missing: Vec<_> =
        public_types().into_iter().filter(|name| !printed.types.contains(name)).collect();
    assert!(missing.is_empty(), "public types that were not printed: {missing:?}");
}

/// The names of the public types, as the source has them.
fn public_types() -> BTreeSet<String> {
    fn visit(folder: &Path, names: &mut BTreeSet<String>) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                visit(&path, names)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                for line in std::fs::read_to_string(&path)?.lines() {
                    let item = line.strip_prefix("pub struct ");
                    if let Some(item) = item.or_else(|| line.strip_prefix("pub enum ")) {
                        let end = item.find(|c: char| !c.is_alphanumeric()).unwrap_or(item.len());
                        names.insert(item[..end].to_owned());
                    }
                }
            }
        }
        Ok(())
    }
    let mut names = BTreeSet::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names).unwrap();
    assert!(names.len() > 30, "{names:?}");
    names
}

/// A key cannot be printed or serialised by mistake: it does not compile.
#[test]
fn a_key_has_no_display_and_no_serialize() {
    trait Lacks<Marker> {
        fn check() {}
    }
    struct Display;
    struct Serialised;
    impl<T> Lacks<()> for T {}
    impl<T: fmt::Display> Lacks<Display> for T {}
    impl<T: serde::Serialize> Lacks<Serialised> for T {}
    // Had a type one of the two, the compiler could not tell which `check` is meant.
    <Key as Lacks<_>>::check();
    <Token as Lacks<_>>::check();
    <iot_home_lumi::WriteKey as Lacks<_>>::check();
}
