//! The client against simulated gateways on loopback, without multicast.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use iot_home_lumi::client::{Direction, Heard, WireEvent};
use iot_home_lumi::{Discovery, ErrorKind, Gateway, Key, Lumi, Sid, Values, Version};
use iot_home_sim::SimGateway;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::rig::{OTHER_KEY, key};

const LONG: Duration = Duration::from_secs(20);

/// A client that hears reports at an address of its own.
async fn lumi() -> Lumi {
    Lumi::builder().group(Ipv4Addr::LOCALHOST).port(0).bind().await.unwrap()
}

/// A gateway that reports to the client, and a handle for it.
async fn pair(lumi: &Lumi, version: Version, key: Option<Key>) -> (SimGateway, Gateway) {
    let builder = SimGateway::builder(crate::rig::key()).version(version);
    let sim = builder.report_to(lumi.report_addr().unwrap()).spawn().await.unwrap();
    let gateway = lumi.gateway(sim.addr(), key);
    (sim, gateway)
}

fn on() -> Values {
    Values::new().with("status", "on")
}

async fn next(reports: &mut iot_home_lumi::Reports) -> Heard {
    timeout(LONG, reports.next()).await.expect("in time").expect("the stream goes on")
}

#[tokio::test]
async fn found_listed_written_and_told() {
    for version in [Version::V1, Version::V2] {
        let lumi = lumi().await;
        let builder = SimGateway::builder(key()).version(version);
        let sim = builder.report_to(lumi.report_addr().unwrap()).spawn().await.unwrap();
        let plug = sim.children()[0];

        let mut search =
            Discovery::builder().targets([sim.search_addr()]).count(1).start().unwrap();
        let found = search.next().await.unwrap();
        assert_eq!((found.addr, found.sid, found.version), (sim.addr(), sim.sid(), Some(version)));
        assert_eq!(search.next().await, None);

        let gateway = lumi.found(&found, Some(key()));
        let mut reports = gateway.reports();
        assert_eq!(gateway.sid(), Some(sim.sid()));
        let models: Vec<_> =
            gateway.children().await.unwrap().into_iter().filter_map(|child| child.model).collect();
        assert_eq!(models, ["plug".into(), "magnet".into()]);
        let written = gateway.write(plug, on()).await.unwrap();
        assert_eq!(written.values.text("status"), Some("on"));
        assert_eq!(gateway.read(plug).await.unwrap().values.text("status"), Some("on"));
        let Heard::Report(state) = next(&mut reports).await else { panic!() };
        assert_eq!((state.sid, state.values.text("status")), (plug, Some("on")));

        assert!(sim.set_value(sim.children()[1], "status", "open"));
        let Heard::Report(state) = next(&mut reports).await else { panic!() };
        assert_eq!((state.sid, state.values.text("status")), (sim.children()[1], Some("open")));
        let report = sim.report();
        assert_eq!(report.violations.total(), 0, "{report:?}");
        assert_eq!(report.executed(plug), 1);
    }
}

/// A transcript sees the search, the commands and the reports, both ways; `Debug` shows none of the bytes.
#[tokio::test]
async fn what_goes_over_the_wire_can_be_watched() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let observer = || {
        let told = Arc::clone(&told);
        move |event: &WireEvent<'_>| {
            assert!(!format!("{event:?}").contains("cmd"), "{event:?}");
            let text = String::from_utf8(event.bytes.to_vec()).unwrap();
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            let cmd = message["cmd"].as_str().unwrap().to_owned();
            told.lock().unwrap().push((event.direction, event.peer, cmd));
        }
    };
    let lumi = Lumi::builder().group(Ipv4Addr::LOCALHOST).port(0).on_wire(observer());
    let lumi = lumi.bind().await.unwrap();
    let builder = SimGateway::builder(key()).version(Version::V2);
    let sim = builder.report_to(lumi.report_addr().unwrap()).spawn().await.unwrap();
    let search = Discovery::builder().targets([sim.search_addr()]).count(1).on_wire(observer());
    let found = search.start().unwrap().next().await.unwrap();
    let gateway = lumi.found(&found, Some(key()));
    let mut reports = gateway.reports();
    gateway.write(sim.children()[0], on()).await.unwrap();
    next(&mut reports).await;
    let told = told.lock().unwrap();
    for (direction, peer, cmd) in [
        (Direction::Sent, sim.search_addr(), "whois"),
        (Direction::Received, sim.search_addr(), "iam"),
        (Direction::Sent, sim.addr(), "write"),
        (Direction::Received, sim.addr(), "write_rsp"),
        (Direction::Received, sim.addr(), "report"),
    ] {
        assert!(told.contains(&(direction, peer, cmd.to_owned())), "{cmd}: {told:?}");
    }
}

#[tokio::test]
async fn tokens_of_heartbeats_are_used() {
    let lumi = lumi().await;
    let sim = SimGateway::builder(key())
        .heartbeat(Duration::from_millis(300))
        .report_to(lumi.report_addr().unwrap())
        .spawn()
        .await
        .unwrap();
    let gateway = lumi.gateway(sim.addr(), Some(key()));
    let mut reports = gateway.reports();
    let plug = sim.children()[0];
    gateway.write(plug, on()).await.unwrap();
    let lists = sim.report().lists;
    for _ in 0..3 {
        while !matches!(next(&mut reports).await, Heard::Heartbeat(state) if state.sid == sim.sid())
        {
        }
        gateway.write(plug, Values::new().with("status", "toggle")).await.unwrap();
    }
    let report = sim.report();
    assert_eq!(report.executed(plug), 4);
    // A heartbeat may pass a write on the way: then its key is an old one, and a list follows.
    assert!(report.lists - lists <= report.violations.old_token, "{report:?}");
    assert_eq!(report.violations.wrong_key, 0);
}

#[tokio::test]
async fn each_failure_is_of_its_kind() {
    let lumi = Lumi::builder()
        .group(Ipv4Addr::LOCALHOST)
        .port(0)
        .timeout(Duration::from_millis(400))
        .list_timeout(Duration::from_millis(400))
        .bind()
        .await
        .unwrap();
    let (sim, gateway) = pair(&lumi, Version::V1, Some(key())).await;
    let plug = sim.children()[0];
    let nobody: Sid = "158d00ffffffff".parse().unwrap();
    let kind = |error: iot_home_lumi::Error| {
        assert!(error.to_string().contains("127.0.0.1"), "{error}");
        (error.kind(), error.is_timeout(), error.is_retryable())
    };
    assert_eq!(kind(gateway.read(nobody).await.unwrap_err()), (ErrorKind::NoDevice, false, false));
    gateway.write(plug, on()).await.unwrap();
    let bad = gateway.write(plug, Values::new()).await.unwrap_err();
    assert_eq!(kind(bad), (ErrorKind::BadInput, false, false));
    let refused = gateway.write(plug, Values::new().with("power", 7)).await.unwrap_err();
    assert!(refused.gateway_error().is_some() && refused.hint().is_some());
    assert_eq!(kind(refused), (ErrorKind::Refused, false, false));
    sim.lose_answers(1);
    let unsure = gateway.write(plug, on()).await.unwrap_err();
    assert_eq!(kind(unsure), (ErrorKind::MaybeExecuted, true, false));

    let wrong = lumi.gateway(sim.addr(), Some(OTHER_KEY.parse().unwrap()));
    assert_eq!(kind(wrong.write(plug, on()).await.unwrap_err()), (ErrorKind::Key, false, false));
    let keyless = lumi.gateway(sim.addr(), None);
    assert_eq!(
        kind(keyless.write(plug, on()).await.unwrap_err()),
        (ErrorKind::NoKey, false, false)
    );
    assert!(keyless.read(plug).await.is_ok());

    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let silent = lumi.gateway(silent.local_addr().unwrap(), Some(key()));
    assert_eq!(kind(silent.read(plug).await.unwrap_err()), (ErrorKind::NoAnswer, true, true));
    assert_eq!(kind(silent.children().await.unwrap_err()), (ErrorKind::NoAnswer, true, true));

    let elsewhere = SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1).into(), 0);
    let bind = Lumi::builder().local_addr(elsewhere).without_reports().bind().await.unwrap_err();
    assert_eq!(bind.kind(), ErrorKind::Io);
    let absent = Lumi::builder().interfaces([Ipv4Addr::new(192, 0, 2, 1)]).port(0).bind().await;
    assert_eq!(absent.unwrap_err().kind(), ErrorKind::Io);
}

#[tokio::test]
async fn who_reads_slowly_is_told_of_the_losses() {
    let lumi = lumi().await;
    let (sim, gateway) = pair(&lumi, Version::V1, None).await;
    let (mut slow, mut quick) = (gateway.reports(), gateway.reports());
    let magnet = sim.children()[1];
    for number in 0..300 {
        sim.set_value(magnet, "n", number);
        let Heard::Report(state) = next(&mut quick).await else { panic!() };
        assert_eq!(state.values.number("n"), Some(number));
    }
    assert_eq!(next(&mut slow).await, Heard::Missed(44));
    let Heard::Report(state) = next(&mut slow).await else { panic!() };
    assert_eq!(state.values.number("n"), Some(44));
}

#[tokio::test]
async fn nobody_else_is_heard() {
    let lumi = lumi().await;
    let (sim, gateway) = pair(&lumi, Version::V1, None).await;
    let mut reports = gateway.reports();
    let stranger = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).await.unwrap();
    let forged = br#"{"cmd":"report","sid":"158d0001a2b3c4","data":{"status":"forged"}}"#;
    for _ in 0..100 {
        stranger.send_to(forged, lumi.report_addr().unwrap()).await.unwrap();
    }
    sim.set_value(sim.children()[0], "status", "on");
    let Heard::Report(state) = next(&mut reports).await else { panic!() };
    assert_eq!(state.values.text("status"), Some("on"));
}

#[tokio::test]
async fn a_call_that_is_dropped_is_forgotten() {
    let lumi = lumi().await;
    let (sim, gateway) = pair(&lumi, Version::V1, Some(key())).await;
    let plug = sim.children()[0];
    sim.ignore(1);
    assert!(gateway.read(plug).now_or_never().is_none());
    for _ in 0..300 {
        assert!(gateway.children().now_or_never().is_none(), "each was forgotten: there is room");
    }
    gateway.write(plug, on()).await.unwrap();
    assert_eq!(sim.report().executed(plug), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_a_time_over_many_gateways() {
    let lumi = lumi().await;
    let mut tasks = Vec::new();
    for number in 0..6 {
        let version = if number % 2 == 0 { Version::V1 } else { Version::V2 };
        let (sim, gateway) = pair(&lumi, version, Some(key())).await;
        tasks.push(tokio::spawn(async move {
            let plug = sim.children()[0];
            let reads = futures_util::future::join_all((0..20).map(|_| gateway.read(plug)));
            let writes = futures_util::future::join_all(
                (0..10).map(|_| gateway.write(plug, Values::new().with("status", "toggle"))),
            );
            let (reads, writes) = futures_util::future::join(reads, writes).await;
            assert!(reads.iter().all(Result::is_ok) && writes.iter().all(Result::is_ok));
            assert_eq!(sim.report().executed(plug), 10);
            sim.sid()
        }));
    }
    let mut sids = BTreeSet::new();
    for task in tasks {
        sids.insert(task.await.unwrap());
    }
    assert_eq!(sids.len(), 6);
}

/// When the last handle is gone, so are the sockets.
#[tokio::test]
async fn nothing_is_left_behind() {
    let lumi = Lumi::builder().without_reports().bind().await.unwrap();
    assert_eq!(lumi.report_addr(), None);
    let addr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), lumi.local_addr().port());
    let gateway = lumi.gateway(addr, None);
    drop(lumi);
    assert!(UdpSocket::bind(addr).await.is_err(), "it is still there");
    drop(gateway);
    let freed = async {
        while UdpSocket::bind(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, freed).await.expect("the socket is closed");
}

/// Calls that wait when the runtime ends are told, and do not hang.
#[test]
fn a_call_ends_with_its_client() {
    let build = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (runtime, other) = (build(), build());
    let addr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9);
    let lumi = runtime.block_on(async { Lumi::builder().without_reports().bind().await.unwrap() });
    let gateway = lumi.gateway(addr, None);
    let mut reports = gateway.reports();
    drop(runtime);
    let ended = other.block_on(async { gateway.children().await }).unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::Closed);
    assert_eq!(other.block_on(reports.next()), None);
}
