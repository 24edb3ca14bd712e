//! The session's figures: how fast it publishes, as a ratio against rumqttc's own event loop at the same broker in
//! the same run, and what a thousand sessions cost.
//!
//! The broker runs in a process of its own and acknowledges without a look, so that it is as little of the
//! figure as it can be.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::stream::{self, StreamExt as _};
use iot_home_core::{Clock, Random, SystemClock};
use iot_home_mqtt::client::{Event, Message, Options, Qos, Session};
use iot_home_mqtt::{MqttLogin, Signer};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{ConnAck, ConnectReturnCode, Packet, PubAck};
use rumqttc::{AsyncClient, EventLoop, Incoming, MqttOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

const ROUNDS: usize = 21;
const MESSAGES: usize = 20_000;
const WINDOW: usize = 100;
const SESSIONS: usize = 1000;
const TOPIC: &str = "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post";
const BROKER: &str = "IOT_HOME_BENCH_BROKER";

fn main() {
    if std::env::var_os(BROKER).is_some() {
        return runtime().block_on(serve());
    }
    let (mut child, stdin, addr) = start_broker();
    let runtime = runtime();
    // In tasks, as in a program: what `block_on` runs itself is woken more slowly.
    runtime.block_on(async {
        tokio::spawn(publish(addr)).await.expect("messages are acknowledged");
        tokio::spawn(thousand(addr)).await.expect("sessions stand");
    });
    drop(stdin);
    let _ = child.wait();
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn login(addr: SocketAddr, client_id: &str) -> MqttLogin {
    MqttLogin::new(addr.ip().to_string(), addr.port(), client_id)
}

/// A property report, 100 of which are on their way at any time.
async fn publish(addr: SocketAddr) {
    let payload = vec![b'x'; 120];
    let session = Session::connect(login(addr, "ours"), Options::new().window(WINDOW))
        .await
        .expect("the broker lets everybody in");
    let mut options = MqttOptions::new("theirs", addr.ip().to_string(), addr.port());
    options.set_inflight(u16::try_from(WINDOW).expect("a small number"));
    let (client, mut events) = AsyncClient::new(options, WINDOW);

    let mut ratios = Vec::new();
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let clock = SystemClock::new();
        let handle = session.handle();
        stream::iter(0..MESSAGES)
            .map(|_| handle.publish(TOPIC, payload.clone()))
            .buffer_unordered(WINDOW)
            .for_each(|done| async { done.expect("it is acknowledged") })
            .await;
        let ours = MESSAGES as f64 / clock.now().since_origin().as_secs_f64();

        let clock = SystemClock::new();
        let publisher = {
            let (client, payload) = (client.clone(), payload.clone());
            tokio::spawn(async move {
                for _ in 0..MESSAGES {
                    let sent = client.publish(TOPIC, QoS::AtLeastOnce, false, payload.clone());
                    sent.await.expect("the loop runs");
                }
            })
        };
        acknowledged(&mut events, MESSAGES).await;
        publisher.await.expect("everything was sent");
        let theirs = MESSAGES as f64 / clock.now().since_origin().as_secs_f64();
        ratios.push(ours / theirs);
        rates.push((ours, theirs));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    println!(
        "QoS 1, {WINDOW} in flight, messages per second: ours {:.0}, rumqttc's {:.0}, ratio {:.3}, goal 0.8",
        median(rates.iter().map(|rate| rate.0).collect()),
        median(rates.iter().map(|rate| rate.1).collect()),
        median(ratios),
    );
}

async fn acknowledged(events: &mut EventLoop, messages: usize) {
    let mut seen = 0;
    while seen < messages {
        if let rumqttc::Event::Incoming(Incoming::PubAck(_)) =
            events.poll().await.expect("the broker stays")
        {
            seen += 1;
        }
    }
}

/// Signs anew each time, and counts that.
struct Counting {
    login: MqttLogin,
    signed: Arc<AtomicUsize>,
}

impl Signer for Counting {
    fn login(&self, _: Duration, _: &mut dyn Random) -> MqttLogin {
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let mut login = self.login.clone();
        login.username = Some(format!("signed for the {number}. time"));
        login
    }
}

/// A thousand sessions: connected, kept alive, and connected again after the broker has dropped all of them.
async fn thousand(addr: SocketAddr) {
    let signed = Arc::new(AtomicUsize::new(0));
    let before = resident_kib();
    let clock = SystemClock::new();
    let mut sessions = Vec::new();
    for number in 0..SESSIONS {
        let login = login(addr, &format!("session-{number}"));
        let signer = Counting { login, signed: Arc::clone(&signed) };
        let options = Options::new()
            .ping_interval(Duration::from_secs(2))
            .patience(Duration::from_secs(5))
            .backoff(Duration::from_millis(500), Duration::from_secs(5));
        sessions
            .push(Session::connect(signer, options).await.expect("the broker lets everybody in"));
    }
    let connected = clock.now().since_origin();
    let resident = resident_kib().zip(before).map(|(after, before)| after.saturating_sub(before));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let alive = sessions.iter().filter(|session| session.is_connected()).count();

    let clock = SystemClock::new();
    let dropping = sessions.first().expect("there are some").handle();
    let message = Message::new("drop everybody", "").qos(Qos::AtMostOnce);
    dropping.send(message).await.expect("it is written");
    for session in &mut sessions {
        let mut connections = 0;
        while connections < 2 {
            if let Event::Connected { .. } =
                session.next().await.expect("it goes on").expect("it goes on")
            {
                connections += 1;
            }
        }
    }
    let again = clock.now().since_origin();
    println!(
        "{SESSIONS} sessions: {alive} alive after 5 s with a ping each 2 s; {} KiB resident each; connected in \
         {connected:.0?}, again in {again:.0?} with pauses of 250 to 500 ms; {} logins signed",
        resident.map_or_else(|| "?".into(), |kib| format!("{:.1}", kib as f64 / SESSIONS as f64)),
        signed.load(Ordering::Relaxed),
    );
}

fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

// ---- the broker

fn start_broker() -> (Child, ChildStdin, SocketAddr) {
    let program = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(program)
        .env(BROKER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started");
    let stdin = child.stdin.take().expect("it is piped");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    stdout.read_line(&mut line).expect("it says where it listens");
    (child, stdin, line.trim().parse().expect("an address"))
}

/// Lets everybody in and acknowledges everything, until standard input ends.
async fn serve() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("it is bound"));
    let dropping = Arc::new(Notify::new());
    loop {
        let (stream, _) = listener.accept().await.expect("clients come");
        stream.set_nodelay(true).expect("a socket");
        let dropping = Arc::clone(&dropping);
        tokio::spawn(async move {
            tokio::select! {
                () = acknowledge(stream, &dropping) => {}
                () = dropping.notified() => {}
            }
        });
    }
}

async fn acknowledge(mut stream: TcpStream, dropping: &Notify) {
    let (mut input, mut out) = (BytesMut::new(), BytesMut::new());
    while stream.read_buf(&mut input).await.is_ok_and(|read| read > 0) {
        while let Ok(packet) = Packet::read(&mut input, usize::MAX) {
            let answer = match packet {
                Packet::Connect(_) => {
                    Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, false))
                }
                Packet::Publish(publish) => {
                    if publish.topic == "drop everybody" {
                        dropping.notify_waiters();
                    }
                    Packet::PubAck(PubAck::new(publish.pkid))
                }
                Packet::PingReq => Packet::PingResp,
                _ => return,
            };
            answer.write(&mut out, usize::MAX).expect("it is small");
        }
        if stream.write_all(&out.split()).await.is_err() {
            return;
        }
    }
}
