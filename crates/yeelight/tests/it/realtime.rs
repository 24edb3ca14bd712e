//! Music mode and UDP sessions, on real sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Faults, Quirk};
use iot_home_yeelight::client::{RealtimeKind, RealtimeOptions};
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{
    Bulb, Color, Effect, ErrorKind, InvalidInput, Light, Profile, Property, Realtime, Rgb, Scene,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};

use crate::rig::timed;

const PATIENCE: Duration = Duration::from_secs(10);

async fn connect(sim: &SimBulb) -> Bulb {
    let config = Config::default().settle(Duration::ZERO);
    // The tests tell what it supports, as a search answer would.
    let profile = Profile::of_bulb(sim.model(), support(sim).iter().map(String::as_str));
    Bulb::builder(sim.addr()).session(config).profile(profile).connect().await.unwrap()
}

fn support(sim: &SimBulb) -> Vec<String> {
    let udp = matches!(sim.model(), "color4" | "strip6" | "lamp15");
    let mut support =
        vec!["set_power", "set_bright", "set_rgb", "set_music", "get_prop", "set_scene"];
    support.extend(udp.then_some("udp_sess_new"));
    support.into_iter().map(Into::into).collect()
}

/// Nothing is answered, so what should have happened is waited for.
async fn until(what: impl Fn() -> bool) {
    let waiting = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it happens");
}

fn music() -> RealtimeOptions {
    RealtimeOptions::default().kind(RealtimeKind::Music)
}

#[tokio::test]
async fn music_mode_takes_more_commands_than_the_quota() {
    let sim = SimBulb::of_model("color1").property("power", "on").spawn().await.unwrap();
    let bulb = connect(&sim).await;
    let stage = bulb.realtime(RealtimeOptions::default()).await.unwrap();
    assert_eq!(stage.kind(), RealtimeKind::Music);
    for step in 1..=500 {
        stage.set_rgb(Rgb(step), Effect::Sudden).await.unwrap();
    }
    assert_eq!(stage.state().color(Light::Main), Some(Color::Rgb(Rgb(500))));
    until(|| sim.property("rgb") == Some(500.into())).await;
    let report = sim.report();
    assert_eq!((report.violations.total(), report.music_connections), (0, 1), "{report:?}");
    assert!(report.music_commands >= 500, "{report:?}");
    stage.end().await.unwrap();
    until(|| sim.property("music_on") == Some(0.into())).await;
    // The control connection stands, before and after.
    bulb.on(Effect::Sudden).await.unwrap();
    assert_eq!(sim.report().connections, 1);
}

#[tokio::test]
async fn music_mode_comes_back_after_the_light_was_off() {
    let sim = SimBulb::of_model("color1").property("power", "on").spawn().await.unwrap();
    let bulb = connect(&sim).await;
    let stage = bulb.realtime(music()).await.unwrap();
    stage.set_rgb(Rgb(1), Effect::Sudden).await.unwrap();
    stage.off(Effect::Sudden).await.unwrap();
    assert_eq!(sim.property("power"), Some("off".into()));
    let error = stage.set_rgb(Rgb(2), Effect::Sudden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Realtime);
    assert!(error.hint().unwrap().contains("on"), "{error}");
    stage.on(Effect::Sudden).await.unwrap();
    stage.set_rgb(Rgb(3), Effect::Sudden).await.unwrap();
    until(|| sim.property("rgb") == Some(3.into())).await;
    assert_eq!(sim.report().music_connections, 2);
    // By somebody else's hand: the next command finds the channel gone.
    sim.set_property("power", "off").unwrap();
    until(|| bulb.state().is_on(Light::Main) == Some(false)).await;
    sim.set_property("power", "on").unwrap();
    until(|| bulb.state().is_on(Light::Main) == Some(true)).await;
    stage.set_rgb(Rgb(4), Effect::Sudden).await.unwrap();
    until(|| sim.property("rgb") == Some(4.into())).await;
    // A scene switches the light on by itself.
    stage.off(Effect::Sudden).await.unwrap();
    stage.set_scene(Scene::Rgb { rgb: Rgb(5), bright: 50 }).await.unwrap();
    until(|| sim.property("rgb") == Some(5.into())).await;
    stage.set_rgb(Rgb(6), Effect::Sudden).await.unwrap();
    until(|| sim.property("rgb") == Some(6.into())).await;
    assert_eq!(sim.report().violations.total(), 0, "{:?}", sim.report());
}

#[tokio::test]
async fn a_bulb_that_accepts_music_and_never_connects_hangs_nothing() {
    let sim = SimBulb::of_model("color1")
        .property("power", "on")
        .faults(Faults::seed(1).quirk(Quirk::MusicNoConnection))
        .spawn()
        .await
        .unwrap();
    let bulb = connect(&sim).await;
    let error = bulb.realtime(music().timeout(Duration::from_millis(200))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Realtime);
    assert!(error.to_string().contains("did not connect back within 200 ms"), "{error}");
    assert!(error.hint().is_some());
    // It was asked for, and asked to give it up.
    assert_eq!(sim.report().executed("set_music"), 2);
    bulb.on(Effect::Sudden).await.unwrap();
}

#[tokio::test]
async fn many_calls_do_not_wait_one_after_the_other_for_a_channel_that_does_not_come() {
    let sim = SimBulb::of_model("color1").property("power", "on").spawn().await.unwrap();
    let bulb = connect(&sim).await;
    let stage = bulb.realtime(music().timeout(Duration::from_millis(300))).await.unwrap();
    sim.set_faults(Faults::seed(1).quirk(Quirk::MusicNoConnection));
    // Off and on again by hand ends the channel.
    for (power, on) in [("off", false), ("on", true)] {
        sim.set_property("power", power).unwrap();
        until(|| bulb.state().is_on(Light::Main) == Some(on)).await;
    }
    let calls = (1..=20).map(|step| stage.set_rgb(Rgb(step), Effect::Sudden));
    let (ended, took) = timed(futures_util::future::join_all(calls)).await;
    let kinds: Vec<_> = ended.into_iter().map(|ended| ended.unwrap_err().kind()).collect();
    assert_eq!(kinds, [ErrorKind::Realtime; 20]);
    assert!(took < Duration::from_secs(4), "{took:?}");
    // A call that comes later tries for itself.
    sim.set_faults(Faults::default());
    stage.set_rgb(Rgb(77), Effect::Sudden).await.unwrap();
    until(|| sim.property("rgb") == Some(77.into())).await;
}

#[tokio::test]
async fn a_bulb_that_refuses_music_is_an_error_at_once() {
    let refusing = SimBulb::of_model("color1")
        .property("power", "on")
        .faults(Faults::seed(1).quirk(Quirk::MusicRefused))
        .spawn()
        .await
        .unwrap();
    let error = connect(&refusing).await.realtime(music()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device, "{error}");
    let without = SimBulb::ceiling().spawn().await.unwrap();
    let bulb = Bulb::builder(without.addr())
        .profile(Profile::of_bulb("ceiling4", ["set_power"]))
        .connect()
        .await
        .unwrap();
    let error = bulb.realtime(RealtimeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupported);
}

#[tokio::test]
async fn questions_and_bad_values_are_refused_before_they_are_sent() {
    let sim = SimBulb::of_model("color1").property("power", "on").spawn().await.unwrap();
    let stage = connect(&sim).await.realtime(music()).await.unwrap();
    let error = stage.get([Property::Power]).await.unwrap_err();
    assert!(matches!(error.invalid_input(), Some(InvalidInput::NoAnswers { .. })), "{error}");
    let error = stage.set_bright(0, Effect::Sudden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_eq!(sim.report().violations.total(), 0);
}

/// A bulb that is asked for music, and lets a stranger connect first.
#[tokio::test]
async fn only_the_bulb_may_connect_back() {
    let bulb = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = bulb.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (stream, _) = bulb.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let line = BufReader::new(reader).lines().next_line().await.unwrap().unwrap();
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((json["method"].as_str(), &json["params"][0]), (Some("set_music"), &1.into()));
        let ip: Ipv4Addr = json["params"][1].as_str().unwrap().parse().unwrap();
        let port = u16::try_from(json["params"][2].as_u64().unwrap()).unwrap();
        writer.write_all(b"{\"id\":1,\"result\":[\"ok\"]}\r\n").await.unwrap();
        let to = SocketAddr::from((ip, port));
        let stranger = TcpSocket::new_v4().unwrap();
        stranger.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut stranger = stranger.connect(to).await.unwrap();
        assert_eq!(stranger.read(&mut [0; 1]).await.unwrap(), 0, "a stranger is sent away");
        let own = TcpSocket::new_v4().unwrap();
        own.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut own = own.connect(to).await.unwrap();
        let mut line = [0; 64];
        let read = own.read(&mut line).await.unwrap();
        (ip, String::from_utf8_lossy(&line[..read]).into_owned())
    });
    let config = Config::default().settle(Duration::ZERO).read_state(false);
    let client = Bulb::builder(addr).session(config).connect().await.unwrap();
    let stage = client.realtime(music()).await.unwrap();
    stage.set_bright(7, Effect::Sudden).await.unwrap();
    let (ip, line) = asked.await.unwrap();
    // The local address towards the bulb, though it listens on all.
    assert_eq!(IpAddr::V4(ip), addr.ip());
    assert_eq!(line, "{\"id\":1,\"method\":\"set_bright\",\"params\":[7,\"sudden\",0]}\r\n");
}

/// A bulb that was without power for a moment: its end of the music is gone, and nothing has told so.
#[tokio::test]
async fn music_that_is_over_by_the_bulbs_word_begins_anew_though_the_connection_stands() {
    let bulb = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = bulb.local_addr().unwrap();
    let config = Config::default().settle(Duration::ZERO).read_state(false);
    let client = Bulb::builder(addr).session(config).connect().await.unwrap();
    let (control, _) = bulb.accept().await.unwrap();
    let (reader, mut writer) = control.into_split();
    let mut lines = BufReader::new(reader).lines();
    // Answers `set_music`, connects back, and gives the connection.
    let mut music_begins = async |writer: &mut tokio::net::tcp::OwnedWriteHalf| {
        let line = lines.next_line().await.unwrap().unwrap();
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((json["method"].as_str(), &json["params"][0]), (Some("set_music"), &1.into()));
        let answer = format!("{{\"id\":{},\"result\":[\"ok\"]}}\r\n", json["id"]);
        writer.write_all(answer.as_bytes()).await.unwrap();
        let port = u16::try_from(json["params"][2].as_u64().unwrap()).unwrap();
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap()
    };
    let (stage, first) = tokio::join!(client.realtime(music()), music_begins(&mut writer));
    let (stage, mut first) = (stage.unwrap(), BufReader::new(first).lines());
    stage.set_bright(1, Effect::Sudden).await.unwrap();
    assert!(first.next_line().await.unwrap().unwrap().contains("[1,"));
    let over = "{\"method\":\"props\",\"params\":{\"music_on\":0}}\r\n";
    writer.write_all(over.as_bytes()).await.unwrap();
    until(|| client.state().is_music() == Some(false)).await;
    let again = tokio::time::timeout(PATIENCE, music_begins(&mut writer));
    let (sent, second) = tokio::join!(stage.set_bright(2, Effect::Sudden), again);
    sent.unwrap();
    let mut second = BufReader::new(second.expect("music begins anew")).lines();
    assert!(second.next_line().await.unwrap().unwrap().contains("[2,"));
    assert_eq!(first.next_line().await.unwrap(), None, "the old connection is closed");
    // Told or not, what has begun anew goes on.
    stage.set_bright(3, Effect::Sudden).await.unwrap();
    assert!(second.next_line().await.unwrap().unwrap().contains("[3,"));
}

#[tokio::test]
async fn another_address_can_be_told_to_the_bulb() {
    let sim = SimBulb::of_model("color1").property("power", "on").spawn().await.unwrap();
    let bulb = connect(&sim).await;
    let options = music()
        .listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
        .advertise(Ipv4Addr::new(127, 0, 0, 9));
    let stage = bulb.realtime(options).await.unwrap();
    stage.set_rgb(Rgb(9), Effect::Sudden).await.unwrap();
    until(|| sim.property("rgb") == Some(9.into())).await;
}

#[tokio::test]
async fn the_bulb_is_known_again_where_both_families_are_listened_on() {
    let any: SocketAddr = "[::]:0".parse().unwrap();
    if TcpListener::bind(any).await.is_err() {
        // This machine has no IPv6.
        return;
    }
    let sim = SimBulb::of_model("color1").property("power", "on").spawn().await.unwrap();
    let stage = connect(&sim).await.realtime(music().listen(any)).await.unwrap();
    stage.set_rgb(Rgb(9), Effect::Sudden).await.unwrap();
    until(|| sim.property("rgb") == Some(9.into())).await;
}

async fn udp_stage(sim: &SimBulb) -> (Bulb, Bulb<Realtime>) {
    let bulb = connect(sim).await;
    let options = RealtimeOptions::default().session_port(sim.session_addr().port());
    let stage = bulb.realtime(options).await.unwrap();
    (bulb, stage)
}

#[tokio::test]
async fn a_udp_session_needs_no_connection_back() {
    let sim = SimBulb::color().property("power", "on").spawn().await.unwrap();
    let (_bulb, stage) = udp_stage(&sim).await;
    assert_eq!(stage.kind(), RealtimeKind::Udp);
    for step in 1..=200 {
        stage.set_rgb(Rgb(step), Effect::Sudden).await.unwrap();
        tokio::task::yield_now().await;
    }
    until(|| sim.property("rgb") == Some(200.into())).await;
    let report = sim.report();
    assert_eq!((report.violations.total(), report.sessions, report.music_connections), (0, 1, 0));
    stage.off(Effect::Sudden).await.unwrap();
    assert_eq!(sim.property("power"), Some("off".into()));
    stage.end().await.unwrap();
}

#[tokio::test]
async fn a_bulb_that_gives_no_token_is_an_error_in_time() {
    let sim = SimBulb::color().property("power", "on").spawn().await.unwrap();
    let bulb = connect(&sim).await;
    let nobody = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let options = RealtimeOptions::default()
        .session_port(nobody.local_addr().unwrap().port())
        .timeout(Duration::from_millis(100));
    let error = bulb.realtime(options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Realtime);
    assert!(error.to_string().contains("no token within 100 ms"), "{error}");
}

/// The bulb's end of a UDP session.
struct Session(tokio::net::UdpSocket);

impl Session {
    /// The next datagram's method and first parameter, and who sent it.
    async fn next(&self) -> (String, serde_json::Value, SocketAddr) {
        let mut datagram = [0; 1_024];
        let receiving = tokio::time::timeout(PATIENCE, self.0.recv_from(&mut datagram));
        let (length, from) = receiving.await.expect("a datagram").unwrap();
        let json: serde_json::Value = serde_json::from_slice(&datagram[..length]).unwrap();
        (json["method"].as_str().unwrap().to_owned(), json["params"][0].clone(), from)
    }

    async fn give_token(&self) -> SocketAddr {
        let (method, _, from) = self.next().await;
        assert_eq!(method, "udp_sess_new");
        let token =
            "{\"id\":1,\"method\":\"udp_sess_token\",\"params\":{\"token\":\"0123456789abcdef\"}}";
        self.0.send_to(token.as_bytes(), from).await.unwrap();
        from
    }
}

#[tokio::test]
async fn commands_are_not_kept_for_a_token_that_does_not_come() {
    let sim = SimBulb::color().property("power", "on").spawn().await.unwrap();
    let bulb = connect(&sim).await;
    let session = Session(tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let options = RealtimeOptions::default()
        .session_port(session.0.local_addr().unwrap().port())
        .timeout(Duration::from_millis(500));
    let (stage, client) = tokio::join!(bulb.realtime(options), session.give_token());
    let stage = stage.unwrap();
    // The bulb has forgotten the session, and gives no other.
    let forgotten = b"{\"id\":2,\"error\":{\"message\":\"get token first\"}}";
    session.0.send_to(forgotten, client).await.unwrap();
    assert_eq!(session.next().await.0, "udp_sess_new");
    stage.set_rgb(Rgb(1), Effect::Sudden).await.unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    let error = stage.set_rgb(Rgb(2), Effect::Sudden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Realtime, "{error}");
    // It comes back, and shows what is wanted now.
    let asked = async {
        loop {
            let (method, param, from) = session.next().await;
            if method == "set_rgb" {
                return param;
            }
            let token = "{\"id\":1,\"result\":[\"0123456789abcdef\"]}";
            session.0.send_to(token.as_bytes(), from).await.unwrap();
        }
    };
    let (ended, shown) = tokio::join!(stage.set_rgb(Rgb(3), Effect::Sudden), asked);
    ended.unwrap();
    assert_eq!(shown, 3);
}

#[tokio::test]
async fn a_channel_leaves_nothing_behind() {
    let sim = SimBulb::of_model("color1").property("power", "on").spawn().await.unwrap();
    let bulb = connect(&sim).await;
    let stage = bulb.realtime(music()).await.unwrap();
    drop(bulb);
    stage.set_rgb(Rgb(1), Effect::Sudden).await.unwrap();
    until(|| sim.report().open_connections == 1).await;
    drop(stage);
    until(|| sim.report().open_connections == 0 && sim.property("music_on") == Some(0.into()))
        .await;
}
