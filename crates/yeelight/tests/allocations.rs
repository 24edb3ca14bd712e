//! What must not allocate. In a program of its own, with one test: the count is the whole program's.

use std::alloc::System;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::line::Lines;
use iot_home_yeelight::message::Message;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::search::Target;
use iot_home_yeelight::session::{Config, Event};
use iot_home_yeelight::{
    Adjustable, Advert, AdvertError, Directory, Effect, Flow, Light, Method, Profile, Property,
    PropertyValue, QuotaPolicy, Rgb, Scene, Search, Session, Step,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often `run` allocates. The test harness has a thread of its own, so that a single run may
/// count too much; never too little.
fn allocations(mut run: impl FnMut()) -> usize {
    let count = |run: &mut dyn FnMut()| {
        let region = Region::new(GLOBAL);
        run();
        let change = region.change();
        change.allocations + change.reallocations
    };
    (0..10).map(|_| count(&mut run)).min().unwrap_or_default()
}

#[test]
fn nothing_allocates_that_must_not() {
    assert!(allocations(|| drop(vec![0_u8; 100])) > 0, "they are counted");

    let mut answer = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\n\
        Location: yeelight://192.168.1.239:55443\r\nServer: POSIX UPnP/1.0 YGLC/1\r\n\
        id: 0x000000000015243f\r\nmodel: color\r\nfw_ver: 18\r\nsupport: get_prop set_power\r\n\
        power: on\r\nname: desk lamp\r\n"
        .to_vec();
    answer.extend((0..100).flat_map(|_| *b"Unknown: header\r\n"));
    let source = SocketAddr::new(Ipv4Addr::new(192, 168, 1, 239).into(), 1982);

    let count = allocations(|| {
        let advert = Advert::parse(&answer).unwrap();
        assert_eq!(advert.support().count(), 2);
        assert_eq!(advert.model().unwrap(), "color");
        assert_eq!(advert.name().unwrap(), "desk lamp");
        assert_eq!(advert.header("server").unwrap(), "POSIX UPnP/1.0 YGLC/1");
        assert_eq!(advert.headers().count(), 109);
        assert!(advert.location().is_some() && advert.max_age().is_some());
    });
    assert_eq!(count, 0, "parsing, and looking at what was parsed");

    let count = allocations(|| drop(Advert::parse(&answer).unwrap().to_sighting(source)));
    assert_eq!(count, 1, "keeping it");

    let sighting = Advert::parse(&answer).unwrap().to_sighting(source);
    let count = allocations(|| assert_eq!(sighting.name().unwrap(), "desk lamp"));
    assert_eq!(count, 0, "looking at what was kept");

    strangers_cost_nothing(&answer, source);
    commands_are_written_and_answers_read_for_nothing();
    a_round_trip_costs_little();
    a_stream_without_line_ends_costs_no_more_than_its_limit();
}

fn commands_are_written_and_answers_read_for_nothing() {
    let (light, effect) = (Light::Main, Effect::smooth(Duration::from_millis(500)));
    let flow = Flow::new([
        Step::rgb(Rgb(0xff_0000), Duration::from_secs(1)).bright(100),
        Step::temperature(2_700, Duration::from_secs(1)),
        Step::pause(Duration::from_secs(1)),
    ]);
    let mut line = Vec::with_capacity(1024);
    for method in [
        Method::SetPower { light, on: true, mode: None, effect },
        Method::Toggle(light),
        Method::SetBright { light, bright: 50, effect },
        Method::SetTemperature { light, kelvin: 4_000, effect },
        Method::SetRgb { light, rgb: Rgb(0xff_8800), effect },
        Method::SetHsv { light, hue: 300, sat: 70, effect },
        Method::SetScene { light, scene: Scene::Rgb { rgb: Rgb(255), bright: 7 } },
        Method::StartFlow { light, flow },
        Method::StopFlow(light),
        Method::Adjust {
            light,
            what: Adjustable::Bright,
            percent: -20,
            duration: Duration::from_millis(30),
        },
        Method::SetTimer(15),
        Method::GetProp(vec![Property::Power, Property::Bright]),
        Method::SetName("desk".into()),
        Method::raw("ping", "[]").unwrap(),
    ] {
        let count = allocations(|| {
            line.clear();
            method.write(7, &mut line);
        });
        assert_eq!(count, 0, "writing {}", method.name());
        let profile = Profile::of_model("color4");
        assert!(method.checked(&profile, Default::default()).is_ok());
    }

    let mut lines = Lines::default();
    for answer in ["{\"id\":1, \"result\":[\"ok\"]}\r\n", "{\"id\":1,\"result\":[\"ok\"]}\r\n"] {
        let count = allocations(|| {
            let mut read = false;
            lines.feed(answer.as_bytes(), |line| {
                Message::read_line(line, |message| {
                    let Message::Result(reply) = message else { panic!("{message:?}") };
                    read = reply.id() == 1 && reply.is_ok();
                });
            });
            assert!(read);
        });
        assert_eq!(count, 0, "reading {answer}");
    }
}

/// A command through a session and back, once everything has its room.
fn a_round_trip_costs_little() {
    let config = Config::default().read_state(false).settle(Duration::ZERO).quota(QuotaPolicy::Off);
    let mut session = Session::new(config, Profile::of_model("color4"));
    let (mut bulb, mut now, mut out) = (Window::of_bulb(), Instant::ORIGIN, Vec::new());
    session.connected(now);
    let mut id: u32 = 0;
    let mut answer = String::with_capacity(64);
    let mut trip = |method: &dyn Fn() -> Method| {
        now = now + Duration::from_millis(10);
        id += 1;
        session.request(now, method(), id).unwrap();
        out.clear();
        assert!(session.poll_transmit(now, &mut bulb, &mut out));
        answer.clear();
        std::fmt::write(&mut answer, format_args!("{{\"id\":{id}, \"result\":[\"ok\"]}}\r\n"))
            .unwrap();
        session.handle_bytes(now, answer.as_bytes());
        let Some(Event::Done { tag, result: Ok(reply) }) = session.poll_event() else {
            panic!("it is done")
        };
        assert!(tag == id && reply.is_ok() && session.poll_timeout().is_some());
    };
    let bright = || Method::SetBright { light: Light::Main, bright: 50, effect: Effect::Sudden };
    trip(&bright);
    let count = allocations(|| trip(&bright));
    assert_eq!(count, 0, "a command and its answer");

    let config = Config::default().read_state(false);
    let mut session: Session<()> = Session::new(config, Profile::unknown());
    session.connected(Instant::ORIGIN);
    let notification = b"{\"method\":\"props\",\"params\":{\"power\":\"on\",\"bright\":10}}\r\n";
    let mut told = || {
        session.handle_bytes(Instant::ORIGIN, notification);
        let Some(Event::Changed(properties)) = session.poll_event() else { panic!("a change") };
        let power = properties.value(&Property::Power).and_then(PropertyValue::as_switch);
        assert_eq!(power, Some(true));
    };
    told();
    let count = allocations(told);
    assert!(count <= 10, "a notification: {count}");
}

/// Whatever a bulb sends, it is not kept beyond the limit of a line; twice that while a vector grows.
fn a_stream_without_line_ends_costs_no_more_than_its_limit() {
    let limit = 1_000;
    let mut lines = Lines::new(limit);
    let region = Region::new(GLOBAL);
    for _ in 0..1_000 {
        lines.feed(&[b'x'; 300], |_| ());
        let change = region.change();
        let held = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
        assert!(held <= 2 * limit + 1_000, "{held} bytes are held");
    }
    assert_eq!(lines.dropped(), 1);
}

/// What a stranger may send, and what was heard before.
fn strangers_cost_nothing(answer: &[u8], source: SocketAddr) {
    let now = Instant::ORIGIN;
    let target = Target { link: 0, addr: source };
    let mut search = Search::new(now, [target], &[], Duration::from_secs(1));
    let mut directory = Directory::new().capacity(0);
    assert!(search.handle_datagram(now, 0, source, answer).is_some());
    let no_id = answer.split_at(40).0;
    assert_eq!(Advert::parse(no_id), Err(AdvertError::NoId));
    for datagram in [no_id, &iot_home_yeelight::search::REQUEST, &[0; 1_000], b"", answer] {
        let count = allocations(|| {
            assert_eq!(search.handle_datagram(now, 0, source, datagram), None);
            assert_eq!(directory.handle_datagram(now, source, datagram), None);
        });
        assert_eq!(count, 0, "a stranger's {} bytes", datagram.len());
    }
    assert_eq!((search.ignored(), directory.ignored()), (40, 40));
}
