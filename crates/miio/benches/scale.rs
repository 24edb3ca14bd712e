//! How one client copes with ten devices, and with ten thousand: rate, latency, processor time and memory.
//!
//! The simulated devices run in a process of their own, one socket each, so that it may have to be
//! allowed more open files first: `ulimit -n 12000`.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::alloc::System;
use std::collections::HashMap;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use iot_home_core::{Clock, PropertyId, SystemClock};
use iot_home_miio::packet::{HELLO, Header, HelloReply};
use iot_home_miio::{Cipher, Client, Device, Token};
use iot_home_sim::miio::SimDevice;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::net::UdpSocket;
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TOKEN: [u8; 16] = [7; 16];
const HOMES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Calls for each figure, whatever the number of devices.
const CALLS: usize = 40_000;
/// What the client allows by default, and what the bare loop has on its way too.
const IN_FLIGHT: usize = 128;
/// Callers in the measurement of latency, each of which waits for its answer.
const CALLERS: usize = 8;

fn main() {
    if let Some(devices) = std::env::var_os("IOT_HOME_BENCH_DEVICES") {
        let devices = devices.to_str().and_then(|devices| devices.parse().ok());
        return serve(devices.expect("a number"));
    }
    println!(
        "{:>7} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} {:>6} {:>9} {:>6} {:>6}",
        "devices",
        "first, ms",
        "calls/s",
        "p50, us",
        "p99, us",
        "cpu, us",
        "bare, us",
        "ratio",
        "bytes/dev",
        "failed",
        "lost"
    );
    for devices in HOMES {
        let (mut child, stdin, addrs) = start_devices(devices);
        runtime().block_on(async {
            tokio::spawn(measure(addrs)).await.expect("it is measured");
        });
        drop(stdin);
        let _ = child.wait();
    }
}

async fn measure(addrs: Vec<SocketAddr>) {
    let client = Client::bind().await.expect("a socket");
    let port = client.local_addr().port();
    let mut failed = 0;

    let region = Region::new(GLOBAL);
    let mut devices = Vec::with_capacity(addrs.len());
    devices.extend(addrs.iter().map(|addr| client.device(*addr, Token::new(TOKEN))));
    // All at once: the client lets out as many as may be on their way.
    let clock = SystemClock::new();
    failed += ask_all(&devices).await;
    let first = clock.now().since_origin();
    let kept = region.change();
    let kept = kept.bytes_allocated.saturating_sub(kept.bytes_deallocated) / devices.len();

    let rounds = CALLS / devices.len();
    let (clock, cpu) = (SystemClock::new(), processor_time());
    for _ in 0..rounds {
        failed += ask_all(&devices).await;
    }
    let (took, cpu) = (clock.now().since_origin(), processor_time().saturating_sub(cpu));
    let calls = rounds * devices.len();

    let mut latencies = latencies(&devices).await;
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_micros();

    let lost = lost_datagrams(port);
    let bare = bare(&addrs).await;
    let each = |time: Duration, calls: usize| time.as_secs_f64() * 1e6 / calls as f64;
    let ours = each(cpu, calls);
    println!(
        "{:>7} {:>9} {:>8.0} {:>8} {:>8} {:>8.1} {:>9.1} {:>6.2} {:>9} {:>6} {:>6}",
        devices.len(),
        first.as_millis(),
        calls as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        ours,
        bare,
        ours / bare,
        kept,
        failed,
        lost.map_or_else(|| "?".to_owned(), |lost| lost.to_string()),
    );
}

fn ids() -> [PropertyId; 2] {
    [PropertyId::new(2, 1), PropertyId::new(2, 2)]
}

/// Asks every device at the same time; how many calls failed.
async fn ask_all(devices: &[Device]) -> usize {
    let asked = devices
        .iter()
        .map(|device| async { black_box(device.get_properties(ids()).await).is_err() });
    join_all(asked).await.into_iter().filter(|failed| *failed).count()
}

/// How long each call takes, as a few callers see it that walk through their share of the devices.
async fn latencies(devices: &[Device]) -> Vec<Duration> {
    let calls = CALLS / CALLERS;
    let walks = (0..CALLERS).map(|caller| {
        let share: Vec<_> = devices.iter().skip(caller).step_by(CALLERS).cloned().collect();
        tokio::spawn(async move {
            let clock = SystemClock::new();
            let mut took = Vec::with_capacity(calls);
            for device in share.iter().cycle().take(calls) {
                let began = clock.now();
                device.get_properties(ids()).await.expect("the device answers");
                took.push(clock.now().saturating_since(began));
            }
            took
        })
    });
    join_all(walks).await.into_iter().flat_map(|took| took.expect("no caller panics")).collect()
}

/// Microseconds of processor time for each call of a loop that seals, sends, receives and opens the same bytes, and
/// knows nothing else.
async fn bare(addrs: &[SocketAddr]) -> f64 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let cipher = Cipher::new(&Token::new(TOKEN));
    let mut buffer = vec![0; 65_536];
    let mut peers = HashMap::new();
    for addr in addrs {
        socket.send_to(&HELLO, addr).await.expect("sent");
        let length = socket.recv(&mut buffer).await.expect("an answer");
        let reply = HelloReply::parse(&buffer[..length]).expect("a hello reply");
        peers.insert(*addr, Header { did: reply.did, stamp: reply.stamp });
    }
    let items = ids().map(|id| {
        serde_json::json!({ "did": "123456789", "siid": id.siid.get(), "piid": id.piid.get() })
    });
    let request = serde_json::json!({
        "id": 123_456_789, "method": "get_properties", "params": items,
    });
    let request = request.to_string().into_bytes();
    let mut packet = vec![0; 1024];
    let mut turns = addrs.iter().cycle();
    let cpu = processor_time();
    let (mut sent, mut answered) = (0, 0);
    while answered < CALLS {
        if sent < CALLS && sent - answered < IN_FLIGHT.min(addrs.len()) {
            let addr = turns.next().expect("they go round");
            let length = cipher.seal(peers[addr], &request, &mut packet).expect("it fits");
            socket.send_to(&packet[..length], addr).await.expect("sent");
            sent += 1;
        } else {
            let (length, from) = socket.recv_from(&mut buffer).await.expect("an answer");
            black_box((cipher.open(&mut buffer[..length]).expect("it opens"), &peers[&from]));
            answered += 1;
        }
    }
    processor_time().saturating_sub(cpu).as_secs_f64() * 1e6 / CALLS as f64
}

/// What this thread has cost so far, where the system tells.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Datagrams that the system threw away because the socket's buffer was full, where it tells.
fn lost_datagrams(port: u16) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/net/udp").ok()?;
    let wanted = format!(":{port:04X}");
    text.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next()?.ends_with(&wanted).then_some(())?;
        fields.last()?.parse().ok()
    })
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The other process: devices until standard input closes.
fn serve(devices: u64) {
    runtime().block_on(async {
        let mut running = Vec::new();
        for did in 1..=devices {
            let device = SimDevice::light().did(did).token(Token::new(TOKEN)).spawn().await;
            let device = device.expect("a socket for each device: see `ulimit -n`");
            println!("{}", device.addr());
            running.push(device);
        }
        println!();
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    });
}

fn start_devices(devices: usize) -> (Child, Option<ChildStdin>, Vec<SocketAddr>) {
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .env("IOT_HOME_BENCH_DEVICES", devices.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("another process");
    let stdin = child.stdin.take();
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let addrs = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
    let addrs: Vec<_> = addrs.map(|line| line.parse().expect("an address")).collect();
    assert_eq!(addrs.len(), devices, "every device runs");
    (child, stdin, addrs)
}
