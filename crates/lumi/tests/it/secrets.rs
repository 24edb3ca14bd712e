//! Nothing that can be printed prints a secret: every public type and error of the crate is formatted here while
//! it holds a known key or token, and everything that is traced during calls is captured.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use iot_home_core::Instant;
use iot_home_leaks::Printed;
use iot_home_lumi::client::{Discovery, GatewayAddr, Lumi, SearchAddr};
use iot_home_lumi::search::{ROUNDS, Target};
use iot_home_lumi::session::{Answer, Config, Event};
use iot_home_lumi::{
    Failure, GatewayError, InvalidInput, Key, KeyError, Message, Search, Session, Sid, Token,
    Values, Version,
};
use iot_home_sim::SimGateway;

use crate::rig::gateway_addr;

const KEY: &str = "q3zq0f2yd3t3nqx4";
const TOKEN: &str = "Xy7Lm2Qa9Rt4Uv1B";

fn key() -> Key {
    KEY.parse().unwrap()
}

fn token() -> Token {
    TOKEN.parse().unwrap()
}

fn secrets() -> Vec<(&'static str, Vec<u8>)> {
    let write_key = key().write_key(&token()).expose().to_owned();
    vec![("key", KEY.into()), ("token", TOKEN.into()), ("key of a write", write_key.into())]
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
        printed.text("hint", error.hint().unwrap_or_default().to_owned());
    }
}

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Printed::default();
    protocol(&mut printed);
    // All on this one thread, which is the one that is captured.
    let traced = iot_home_leaks::traced(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(client(&mut printed));
    });
    for expected in ["request", "write", "addr="] {
        assert!(traced.contains(expected), "{expected} is not among\n{traced}");
    }
    printed.text("tracing", traced);
    printed.assert_shows_none(&secrets());
    printed.assert_shows_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), |_| false);
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
