//! `aliyun connect` and `tencent connect`, against a simulated platform.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use iot_home::mqtt::ConnectCode;
use iot_home::sim::mqtt::{
    Builder, ClientCertificates, ClientIdentity, DeviceId, Faults, Machine, SimPlatform,
};
use iot_home::{aliyun, tencent};
use serde_json::json;

use crate::program::{Run, Running, command, finish, keys, scratch};

pub(crate) const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
pub(crate) const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";

/// One of the two clouds, with a device that it lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloud {
    Aliyun,
    Tencent,
}

use Cloud::{Aliyun, Tencent};

pub(crate) const CLOUDS: [Cloud; 2] = [Aliyun, Tencent];

impl Cloud {
    fn words(self) -> &'static [&'static str] {
        match self {
            Aliyun => &[
                "aliyun",
                "connect",
                "--product-key",
                "a1X2bEnP82z",
                "--device-name",
                "lamp-1",
                "--client-id",
                "gw-7",
            ],
            Tencent => {
                &["tencent", "connect", "--product-id", "YOURPROD01", "--device-name", "lamp1"]
            }
        }
    }

    fn id(self) -> DeviceId {
        match self {
            Aliyun => DeviceId::aliyun("a1X2bEnP82z", "lamp-1"),
            Tencent => DeviceId::tencent("YOURPROD01", "lamp1"),
        }
    }

    pub(crate) fn secret(self) -> &'static str {
        if self == Aliyun { SECRET } else { PSK }
    }

    /// What the device may subscribe to, and what it may publish to.
    pub(crate) fn topics(self) -> [&'static str; 2] {
        match self {
            Aliyun => ["/a1X2bEnP82z/lamp-1/user/get", "/a1X2bEnP82z/lamp-1/user/update"],
            Tencent => ["YOURPROD01/lamp1/control", "YOURPROD01/lamp1/event"],
        }
    }

    fn transport(self, tls: bool) -> &'static [&'static str] {
        match (self, tls) {
            (Aliyun, true) | (Tencent, false) => &[],
            (Aliyun, false) => &["--secure-mode", "3"],
            (Tencent, true) => &["--tls"],
        }
    }
}

/// A platform that lets both devices in, and may be left and entered at once.
fn builder() -> Builder {
    SimPlatform::builder()
        .aliyun(aliyun::Device::new("a1X2bEnP82z", "lamp-1", SECRET).unwrap())
        .tencent(tencent::Device::new("YOURPROD01", "lamp1", PSK).unwrap())
        .reconnect_limit(false)
}

/// A platform, and where its CA stands.
pub(crate) struct Platform {
    pub(crate) sim: SimPlatform,
    ca: PathBuf,
}

impl Platform {
    async fn of(builder: Builder) -> Self {
        let sim = builder.spawn().await.unwrap();
        let ca = scratch(&format!("ca-{}.pem", sim.tls_addr().port()));
        std::fs::write(&ca, sim.ca_pem()).unwrap();
        Self { sim, ca }
    }

    pub(crate) async fn start() -> Self {
        Self::of(builder()).await
    }

    /// The command over TLS.
    pub(crate) fn tls(&self, cloud: Cloud, more: &[&str]) -> Command {
        let mut command = to(cloud, true, self.sim.tls_addr(), more);
        command.arg("--ca").arg(&self.ca);
        command
    }

    fn tcp(&self, cloud: Cloud, more: &[&str]) -> Command {
        to(cloud, false, self.sim.tcp_addr(), more)
    }

    /// Waits until the platform is as is wished.
    async fn until(&self, is_so: impl FnMut(&Machine) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(15), self.sim.until(is_so)).await;
        waited.unwrap_or_else(|_| panic!("it is not so: {:?}", self.sim.report()));
    }

    pub(crate) async fn is_subscribed(&self, cloud: Cloud) {
        self.until(|sim| !sim.subscriptions(&cloud.id()).is_empty()).await;
    }

    /// A certificate of the device's, and its key, as files.
    fn identity(&self, cloud: Cloud) -> [PathBuf; 2] {
        let ClientIdentity { certificate, key, .. } = self.sim.client_identity(cloud.id()).unwrap();
        let port = self.sim.tls_addr().port();
        let files = ["cert", "key"].map(|name| scratch(&format!("{name}-{port}.pem")));
        std::fs::write(&files[0], certificate).unwrap();
        std::fs::write(&files[1], key.expose()).unwrap();
        files
    }
}

fn to(cloud: Cloud, tls: bool, addr: SocketAddr, more: &[&str]) -> Command {
    let addr = addr.to_string();
    let words = [cloud.words(), cloud.transport(tls), &["--host", &addr], more].concat();
    let mut command = command(words);
    command.env("IOT_HOME_DEVICE_SECRET", cloud.secret());
    command
}

/// Runs the command to its end without holding up the platform.
async fn ended(command: Command) -> Run {
    tokio::task::spawn_blocking(|| finish(command, b"")).await.unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_session_with_either_cloud_over_either_transport() {
    let platform = Platform::start().await;
    for cloud in CLOUDS {
        let [down, up] = cloud.topics();
        let publish = format!("{up}={{\"power\":1}}");
        let more = ["--json", "--subscribe", down, "--publish", &publish, "--count", "1"];
        for tls in [true, false] {
            let command = if tls { platform.tls(cloud, &more) } else { platform.tcp(cloud, &more) };
            let before = platform.sim.report().disconnects;
            let mut session = Running::start(command);
            let addr = if tls { platform.sim.tls_addr() } else { platform.sim.tcp_addr() };
            assert_eq!(
                session.json(),
                json!({
                    "event": "connected", "host": "127.0.0.1", "port": addr.port(), "tls": tls,
                    "session_present": false,
                })
            );
            let subscribed = json!({ "event": "subscribed", "topic": down, "qos": 1 });
            assert_eq!(session.json(), subscribed);
            assert_eq!(session.json(), json!({ "event": "published", "topic": up, "qos": 1 }));
            assert_eq!(platform.sim.publish(down, "{\"set\": 7}", 1), 1);
            assert_eq!(
                session.json(),
                json!({
                    "event": "message", "topic": down, "payload": "{\"set\": 7}", "qos": 1,
                    "retain": false, "duplicate": false,
                })
            );
            assert_eq!(session.code(), 0);
            assert!(session.stderr.try_recv().is_err(), "programs are told nothing beside");
            platform.until(|sim| sim.report().disconnects == before + 1).await;
            let messages = platform.sim.messages();
            let said = messages.iter().rev().find(|message| message.topic == up).unwrap();
            assert_eq!((said.text(), said.qos), (Some("{\"power\":1}"), 1));
        }
    }
    assert_eq!(platform.sim.report().violations.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_for_a_while_or_not_at_all() {
    let platform = Platform::start().await;
    let [down, up] = Tencent.topics();
    let publish = format!("{up}=a=b");
    let more = ["--json", "--publish", &publish, "--qos", "0", "--for", "0s"];
    let run = ended(platform.tls(Tencent, &more)).await;
    assert_eq!(run.code, 0, "{run:?}");
    let events: Vec<_> = run.lines().iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["connected", "published"]);
    let said = platform.sim.messages().pop().unwrap();
    assert_eq!((said.text(), said.qos), (Some("a=b"), 0));

    let run = ended(platform.tls(Tencent, &["--subscribe", down, "--for", "300ms"])).await;
    assert!(run.code == 0 && run.took >= Duration::from_millis(300), "{run:?}");
    assert!(run.took < Duration::from_secs(5), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_messages_on_stdout_and_the_rest_beside() {
    let platform = Platform::start().await;
    let [down, up] = Aliyun.topics();
    let publish = format!("{up}=x");
    let more = ["--subscribe", down, "--publish", &publish, "--count", "2"];
    let mut session = Running::start(platform.tls(Aliyun, &more));
    let port = platform.sim.tls_addr().port();
    assert_eq!(session.told(), format!("connected to 127.0.0.1 port {port} over TLS"));
    assert_eq!(session.told(), format!("subscribed to {down} with QoS 1"));
    assert_eq!(session.told(), format!("published to {up}, acknowledged"));
    platform.sim.publish(down, "{\"set\": 7}", 1);
    assert_eq!(session.line(), format!("{down}  {{\"set\": 7}}"));
    platform.sim.publish(down, b"\x1b[2Jevil\n\xff", 0);
    assert_eq!(session.line(), format!("{down}  \\u{{1b}}[2Jevil\\n\u{fffd}"));
    assert_eq!(session.code(), 0);
    assert!(session.stdout.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_no_text_is_told_in_digits_as_well() {
    let platform = Platform::start().await;
    let [down, _] = Aliyun.topics();
    let more = ["--json", "--subscribe", down, "--count", "1", "--qos", "0"];
    let mut session = Running::start(platform.tcp(Aliyun, &more));
    assert_eq!(session.json()["event"], "connected");
    assert_eq!(session.json()["event"], "subscribed");
    platform.sim.publish(down, b"\xff\0", 0);
    let message = session.json();
    assert_eq!(
        (&message["payload"], &message["payload_hex"]),
        (&json!("\u{fffd}\0"), &json!("ff00"))
    );
    assert_eq!(message["qos"], 0);
    assert_eq!(session.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_told_and_made_again() {
    let platform = Platform::start().await;
    for cloud in CLOUDS {
        let [down, _] = cloud.topics();
        let more = ["--json", "--subscribe", down, "--count", "1"];
        let mut session = Running::start(platform.tls(cloud, &more));
        assert_eq!(session.json()["event"], "connected");
        assert_eq!(session.json()["event"], "subscribed");
        platform.sim.disconnect_all();
        let lost = session.json();
        assert_eq!(keys(&lost), ["event", "hint", "kind", "message", "retry_after_ms"]);
        assert_eq!((&lost["event"], &lost["kind"]), (&json!("disconnected"), &json!("io")));
        let pause = lost["retry_after_ms"].as_u64().unwrap();
        assert!((1..10_000).contains(&pause), "{lost}");
        let again = session.json();
        assert_eq!(again["event"], "connected", "{again}");
        // What was subscribed to is subscribed to again.
        platform.is_subscribed(cloud).await;
        platform.sim.publish(down, "still here", 1);
        assert_eq!(session.json()["payload"], "still here");
        assert_eq!(session.code(), 0);
    }
}

/// Credentials that are refused once are refused again: nobody tries for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_later_on_is_the_end() {
    let platform = Platform::start().await;
    let mut session = Running::start(platform.tls(Aliyun, &["--json"]));
    assert_eq!(session.json()["event"], "connected");
    platform.sim.set_faults(Faults::seed(1).refuse(ConnectCode::NOT_AUTHORIZED, u64::MAX));
    platform.sim.disconnect_all();
    assert_eq!(session.json()["event"], "disconnected");
    let error = &session.json()["error"];
    assert_eq!((&error["kind"], &error["code"]), (&json!("auth"), &json!(5)), "{error}");
    assert_eq!(session.code(), 1);
    assert_eq!(platform.sim.report().refused, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_warned_of_a_lost_connection() {
    let platform = Platform::start().await;
    let session = Running::start(platform.tls(Aliyun, &[]));
    let (connected, stays) = (session.told(), session.told());
    assert!(connected.starts_with("connected to "), "{connected}");
    assert_eq!(stays, "staying until interrupted");
    platform.sim.disconnect_all();
    let (lost, hint, again) = (session.told(), session.told(), session.told());
    assert!(lost.starts_with("warning: the broker closed the connection"), "{lost}");
    assert!(lost.contains("trying again in"), "{lost}");
    assert!(hint.starts_with("hint: "), "{hint}");
    assert!(again.starts_with("connected to "), "{again}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_is_its_end() {
    let platform = Platform::start().await;
    for (at, words) in [&["--json"][..], &[]].into_iter().enumerate() {
        let mut session = Running::start(platform.tls(Tencent, words));
        platform.until(|sim| sim.is_connected(&Tencent.id())).await;
        // It has heard of that itself.
        if at == 0 {
            session.line()
        } else {
            session.told()
        };
        let (code, took) = session.interrupt();
        assert_eq!(code, 0);
        assert!(took < Duration::from_secs(1), "{took:?}");
        let said_so = u64::try_from(at).unwrap() + 1;
        platform.until(|sim| sim.report().disconnects == said_so).await;
    }
}

/// Also while a message waits for an acknowledgement that does not come.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_waits_for_nobody() {
    let platform = Platform::start().await;
    platform.sim.set_faults(Faults::seed(1).lost_acks(u64::MAX));
    let publish = format!("{}=x", Aliyun.topics()[1]);
    let mut session = Running::start(platform.tls(Aliyun, &["--json", "--publish", &publish]));
    platform.until(|sim| sim.report().lost_acks > 0).await;
    let (code, took) = session.interrupt();
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

/// Also while there is no connection yet.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_connecting() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut session = Running::start(to(Tencent, false, silent.local_addr().unwrap(), &["--json"]));
    let (_held, _) = silent.accept().unwrap();
    let (code, took) = session.interrupt();
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_with_certificates() {
    let builder = SimPlatform::builder()
        .aliyun_certificate(&aliyun::CertificateDevice::new("a1X2bEnP82z", "lamp-1").unwrap())
        .tencent_certificate(&tencent::CertificateDevice::new("YOURPROD01", "lamp1").unwrap())
        .reconnect_limit(false);
    let platform = Platform::of(builder).await;
    for cloud in CLOUDS {
        let [cert, key] = platform.identity(cloud);
        let words = ["--json", "--for", "0s", "--cert", text(&cert), "--key", text(&key)];
        let mut command = platform.tls(cloud, &words);
        command.env_remove("IOT_HOME_DEVICE_SECRET");
        let run = ended(command).await;
        assert_eq!((run.code, &run.lines()[0]["event"]), (0, &json!("connected")), "{run:?}");

        // The secret is not what proves it, and the key is not that of another.
        let both = [&words[..], &["--device-secret", "x"]].concat();
        ended(platform.tls(cloud, &both)).await.error("usage", 2);
        let ca = platform.ca.to_str().unwrap();
        let swapped = ["--json", "--cert", ca, "--key", text(&key)];
        let error = ended(platform.tls(cloud, &swapped)).await.error("bad-input", 2);
        assert!(error["message"].as_str().unwrap().contains("does not belong"), "{error}");
        ended(platform.tls(cloud, &["--json", "--cert", text(&cert)])).await.error("usage", 2);
    }
    let other = platform.identity(Tencent);
    let words = ["--json", "--cert", text(&other[0]), "--key", text(&other[1])];
    ended(platform.tls(Aliyun, &words)).await.error("auth", 1);
    let error = ended(platform.tcp(Aliyun, &words)).await.error("usage", 2);
    assert!(error["message"].as_str().unwrap().contains("secure mode 2"), "{error}");
    let stamped = [&words[..], &["--timestamp", "1"]].concat();
    ended(platform.tls(Aliyun, &stamped)).await.error("usage", 2);
    // Tencent's login is over TLS with it in any case.
    let run = ended(to(
        Tencent,
        false,
        platform.sim.tls_addr(),
        &[&words[..], &["--ca", text(&platform.ca), "--for", "0s"]].concat(),
    ))
    .await;
    assert_eq!(run.code, 0, "{run:?}");
}

/// Where a broker asks for a certificate, its absence is like a wrong secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_wants_a_certificate() {
    let platform = Platform::of(builder().client_certificates(ClientCertificates::Required)).await;
    let error = ended(platform.tls(Aliyun, &["--json"])).await.error("auth", 1);
    assert!(error["hint"].as_str().unwrap().contains("--cert FILE"), "{error}");
    let strange = Platform::start().await;
    let [cert, key] = strange.identity(Tencent);
    let words = ["--json", "--cert", text(&cert), "--key", text(&key)];
    ended(platform.tls(Tencent, &words)).await.error("auth", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_refuses() {
    let platform = Platform::start().await;
    for (cloud, code) in
        [(Aliyun, ConnectCode::BAD_CREDENTIALS), (Tencent, ConnectCode::NOT_AUTHORIZED)]
    {
        platform.sim.set_faults(Faults::seed(1).refuse(code, 1));
        let error = ended(platform.tls(cloud, &["--json"])).await.error("auth", 1);
        assert_eq!(error["code"], code.get());
        assert!(error["hint"].as_str().unwrap().contains("secret"), "{error}");
        let mut wrong = platform.tls(cloud, &["--json"]);
        wrong.env("IOT_HOME_DEVICE_SECRET", "c3Vic3Vic3Vic3Vic3Vicw==");
        let error = ended(wrong).await.error("auth", 1);
        assert!(error["message"].as_str().unwrap().contains("refuses the login"), "{error}");
        for code in [ConnectCode::BAD_CLIENT_ID, ConnectCode::UNAVAILABLE] {
            platform.sim.set_faults(Faults::seed(1).refuse(code, 1));
            let error = ended(platform.tls(cloud, &["--json"])).await.error("refused", 1);
            assert_eq!(error["code"], code.get());
        }
    }
    // Tencent's logins run out, and ours is signed in the moment.
    let expired = ["--json", "--expiry", "1600003600"];
    ended(platform.tls(Tencent, &expired)).await.error("auth", 1);

    let run = ended(platform.tls(Aliyun, &["--json", "--subscribe", "/other/lamp/user/get"])).await;
    let lines = run.lines();
    assert_eq!((run.code, lines.len()), (1, 2), "{run:?}");
    assert_eq!(lines[0]["event"], "connected");
    assert_eq!(lines[1]["error"]["kind"], "refused");
    assert!(lines[1]["error"]["message"].as_str().unwrap().contains("/other/lamp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_tls_does_not_trust() {
    let platform = Platform::start().await;
    let other = Platform::start().await;
    // Of the cloud's own CAs none has signed for it, and neither has another platform's.
    let own = to(Aliyun, true, platform.sim.tls_addr(), &["--json"]);
    let strange = to(Aliyun, true, platform.sim.tls_addr(), &["--json", "--ca", text(&other.ca)]);
    let error = ended(own).await.error("tls", 1);
    assert!(error["message"].as_str().unwrap().contains("no trusted CA"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--ca FILE"), "{error}");
    // The CAs of simulated platforms have the same name.
    ended(strange).await.error("tls", 1);
    assert_eq!(platform.sim.report().logins, 0);
    // Where there is no TLS at all.
    let error = ended(to(Aliyun, true, platform.sim.tcp_addr(), &["--json"])).await;
    assert_eq!(error.json()["error"]["kind"], "tls", "{error:?}");
}

/// Every address of 127.0.0.0/8 is this machine, and the certificate names one of them.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_in_the_certificate() {
    let platform =
        Platform::of(builder().tls_listen("127.0.0.2:0".parse::<SocketAddr>().unwrap())).await;
    let error = ended(platform.tls(Aliyun, &["--json"])).await.error("tls", 1);
    assert!(error["message"].as_str().unwrap().contains("not made out to this host"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--no-name-check"), "{error}");
    for words in
        [&["--no-name-check", "--for", "0s", "--json"][..], &["--no-name-check", "--for", "0s"]]
    {
        let run = ended(platform.tls(Aliyun, words)).await;
        assert_eq!(run.code, 0, "{run:?}");
        let warning = run.stderr.lines().next().unwrap();
        assert!(
            warning.starts_with("warning: the name") && warning.contains("can pass"),
            "{run:?}"
        );
    }
    // Who signed is looked at all the same.
    let strange = Platform::start().await;
    let words = ["--no-name-check", "--json", "--ca", text(&strange.ca)];
    let run = ended(to(Aliyun, true, platform.sim.tls_addr(), &words)).await;
    assert_eq!((run.code, &run.json()["error"]["kind"]), (1, &json!("tls")), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_and_nobody_who_answers() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = ended(to(Tencent, false, closed, &["--json"])).await.error("io", 1);
    assert!(error["hint"].as_str().unwrap().contains("1883"), "{error}");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap();
    for tls in [true, false] {
        let run = ended(to(Tencent, tls, addr, &["--json", "--timeout", "400ms"])).await;
        run.error("timeout", 1);
        assert!(run.took < Duration::from_secs(3), "{run:?}");
    }
    let babble = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = babble.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = babble.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    ended(to(Tencent, false, addr, &["--json"])).await.error("malformed", 1);
}

/// What was sent and is not acknowledged may have arrived.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_acknowledges() {
    let platform = Platform::start().await;
    platform.sim.set_faults(Faults::seed(1).lost_acks(u64::MAX));
    let publish = format!("{}=x", Aliyun.topics()[1]);
    let words = ["--json", "--publish", &publish, "--timeout", "1s"];
    let run = ended(platform.tls(Aliyun, &words)).await;
    let lines = run.lines();
    let last = lines.last().unwrap();
    assert_eq!((run.code, &last["error"]["kind"]), (1, &json!("maybe-executed")), "{run:?}");
    assert!(run.took < Duration::from_secs(5), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_before_anything_is_sent() {
    let platform = Platform::start().await;
    let [_, up] = Aliyun.topics();
    let no_pem = scratch("no.pem");
    std::fs::write(&no_pem, "nothing of that kind").unwrap();
    let long = format!("{up}={}", "x".repeat(100_000));
    for (words, kind) in [
        (&["--publish", "no-equals-sign"][..], "bad-input"),
        (&["--publish", "=payload"], "bad-input"),
        (&["--publish", "a/+/b=x"], "bad-input"),
        (&["--subscribe", "a/#/b"], "bad-input"),
        (&["--subscribe", ""], "bad-input"),
        (&["--qos", "2"], "bad-input"),
        (&["--count", "0"], "bad-input"),
        (&["--for", "soon"], "bad-input"),
        (&["--ca", "/nonexistent"], "usage"),
        (&["--ca", text(&no_pem)], "usage"),
        (&["--key", text(&no_pem)], "usage"),
        (&["--cert", text(&no_pem), "--key", text(&no_pem)], "bad-input"),
        (&["--keep-alive", "5"], "bad-input"),
        (&["--client-id", "a|b"], "usage"),
    ] {
        let words = [&["--json"], words].concat();
        let run = ended(platform.tls(Aliyun, &words)).await;
        assert_eq!(
            (run.code, &run.json()["error"]["kind"]),
            (2, &json!(kind)),
            "{words:?} {run:?}"
        );
    }
    // The platform's own limits are known as well.
    let long = long.replace(up, Tencent.topics()[1]);
    let error = ended(platform.tls(Tencent, &["--json", "--publish", &long])).await;
    assert!(error.error("bad-input", 2)["message"].as_str().unwrap().contains("16384"));
    // TLS is said to a login without it.
    for words in [&["--ca", "x"][..], &["--no-name-check"]] {
        let words = [&["--json"], words].concat();
        let error = ended(platform.tcp(Tencent, &words)).await.error("usage", 2);
        assert!(error["message"].as_str().unwrap().contains("plain TCP"), "{error}");
    }
    let mut none = platform.tls(Aliyun, &["--json"]);
    none.env_remove("IOT_HOME_DEVICE_SECRET");
    ended(none).await.error("usage", 2);
    assert_eq!(platform.sim.report().connections, 0);
}
