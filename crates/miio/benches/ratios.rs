//! The figures that count, each as a ratio against the bare limit measured in the same run.
//!
//! Contenders take turns round by round, and the median of the rounds' ratios is printed, so that a
//! busy machine slows both alike. The simulated devices run in a process of their own.

#![allow(clippy::print_stdout, clippy::exit, reason = "it is a program that prints")]

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use cbc::{Decryptor, Encryptor};
use futures_util::StreamExt;
use iot_home_core::{Clock, SystemClock};
use iot_home_miio::packet::{HELLO, Header, HelloField, HelloReply};
use iot_home_miio::{Cipher, Client, Device, Discovery, Request, Token};
use iot_home_sim::miio::SimDevice;
use md5::{Digest, Md5};
use tokio::net::UdpSocket;
use tokio::runtime::{Builder, Runtime};

const TOKEN: [u8; 16] = [7; 16];
const DEVICES: usize = 32;
const ROUNDS: usize = 21;

fn main() {
    if std::env::var_os("IOT_HOME_BENCH_DEVICES").is_some() {
        return serve();
    }
    println!("{:<46} {:>12} {:>12} {:>7}  goal", "median of the rounds", "ours", "bare", "ratio");
    codec();
    let (mut child, stdin, addrs) = start_devices();
    let runtime = runtime();
    // In tasks, as in a program: what `block_on` runs itself is woken more slowly.
    runtime.block_on(async {
        tokio::spawn(sequential(addrs[0])).await.expect("calls succeed");
        tokio::spawn(pipelined(addrs)).await.expect("calls succeed");
        discovery().await;
    });
    drop(stdin);
    let _ = child.wait();
}

fn codec() {
    let cipher = Cipher::new(&Token::new(TOKEN));
    let aes = Aes128::new(&TOKEN.into());
    let header = Header { did: 1, stamp: 1 };
    let plaintext = [b'x'; 200];
    let mut packet = [0; 240];
    const CALLS: u32 = 20_000;

    compare(
        "seal 200 bytes, ns per call",
        Goal::AtMost(1.25),
        1e9,
        || {
            per_call(CALLS, || {
                cipher.seal(black_box(header), black_box(&plaintext), &mut packet).is_ok()
            })
        },
        || {
            let mut packet = [0; 240];
            per_call(CALLS, || {
                packet[32..232].copy_from_slice(black_box(&plaintext));
                let mode = Encryptor::<&Aes128>::inner_iv_init(&aes, &TOKEN.into());
                black_box(mode.encrypt_padded::<Pkcs7>(&mut packet[32..], 200).is_ok());
                black_box(Md5::digest(packet))
            })
        },
    );

    let mut sealed = [0; 240];
    cipher.seal(header, &plaintext, &mut sealed).expect("the buffer is large enough");
    let mut bare_sealed = [0; 240];
    Encryptor::<&Aes128>::inner_iv_init(&aes, &TOKEN.into())
        .encrypt_padded::<Pkcs7>(&mut bare_sealed[32..], 200)
        .expect("the buffer is large enough");
    compare(
        "open 200 bytes, ns per call",
        Goal::AtMost(1.25),
        1e9,
        || {
            per_call(CALLS, || {
                let mut packet = *black_box(&sealed);
                cipher.open(&mut packet).is_ok()
            })
        },
        || {
            per_call(CALLS, || {
                let mut packet = *black_box(&bare_sealed);
                black_box(Md5::digest(packet));
                let mode = Decryptor::<&Aes128>::inner_iv_init(&aes, &TOKEN.into());
                mode.decrypt_padded::<Pkcs7>(&mut packet[32..]).is_ok()
            })
        },
    );
}

/// One call after the other, against one datagram there and back.
async fn sequential(addr: SocketAddr) {
    const CALLS: u32 = 2_000;
    let client = Client::bind().await.expect("a socket");
    let device = client.device(addr, Token::new(TOKEN));
    let request = request();
    call(&device, &request).await;
    let mut bare = Bare::new(&[addr]).await;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let clock = SystemClock::new();
        for _ in 0..CALLS {
            call(&device, &request).await;
        }
        let ours = clock.now().since_origin();
        let clock = SystemClock::new();
        for _ in 0..CALLS {
            bare.send(0).await;
            bare.receive().await;
        }
        rounds.add(
            f64::from(CALLS) / ours.as_secs_f64(),
            f64::from(CALLS) / clock.now().since_origin().as_secs_f64(),
        );
    }
    rounds.print("one call at a time, calls per second", &Goal::AtLeast(0.9));
}

/// A call under way for each of 32 devices, against the same number of bare datagrams.
async fn pipelined(addrs: Vec<SocketAddr>) {
    const CALLS: usize = 8_000;
    let client = Client::bind().await.expect("a socket");
    let devices: Vec<_> =
        addrs.iter().map(|addr| client.device(*addr, Token::new(TOKEN))).collect();
    let mut bare = Bare::new(&addrs).await;
    let request = request();
    let mut rounds = Rounds::default();
    for device in &devices {
        call(device, &request).await;
    }
    for _ in 0..ROUNDS {
        let clock = SystemClock::new();
        let tasks: Vec<_> = devices
            .iter()
            .cloned()
            .map(|device| {
                let request = request.clone();
                tokio::spawn(async move {
                    for _ in 0..CALLS / DEVICES {
                        call(&device, &request).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("calls succeed");
        }
        let ours = clock.now().since_origin();
        let clock = SystemClock::new();
        for device in 0..DEVICES {
            bare.send(device).await;
        }
        for done in 0..CALLS {
            let device = bare.receive().await;
            if done + DEVICES < CALLS {
                bare.send(device).await;
            }
        }
        let bare = clock.now().since_origin();
        rounds.add(CALLS as f64 / ours.as_secs_f64(), CALLS as f64 / bare.as_secs_f64());
    }
    rounds.print("32 calls in flight, calls per second", &Goal::AtLeast(0.8));
}

/// From the moment an answer leaves the device's socket to the moment the stream yields the device.
async fn discovery() {
    const SEARCHES: u32 = 200;
    let clock = SystemClock::new();
    let left = Arc::new(AtomicU64::new(0));
    let device = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let addr = device.local_addr().expect("its address");
    let stamp = Arc::clone(&left);
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        for _ in 0..SEARCHES {
            let (_, from) = device.recv_from(&mut buffer).expect("a hello");
            let reply = HelloReply::new(7, 1, HelloField::HiddenFf).encode();
            stamp.store(micros(clock.now().since_origin()), Ordering::SeqCst);
            device.send_to(&reply, from).expect("sent");
        }
    });
    let mut took = Vec::new();
    for _ in 0..SEARCHES {
        let mut search = Discovery::builder().targets([addr]).count(1).start().expect("a socket");
        search.next().await.expect("the device answers");
        took.push(micros(clock.now().since_origin()).saturating_sub(left.load(Ordering::SeqCst)));
    }
    took.sort_unstable();
    let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "discovery: answer to stream, microseconds        median {median}, worst {worst}; goal <= 2000"
    );
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// About 200 bytes of request, as the bare loop sends them too.
fn names() -> [&'static str; 15] {
    ["power"; 15]
}

fn request() -> Request {
    Request::new("get_prop", names()).expect("it fits a packet")
}

async fn call(device: &Device, request: &Request) {
    let reply = device.request(request.clone()).await.expect("the device answers");
    black_box(reply.text().len());
}

/// Seals, sends, receives and opens the same bytes, and knows nothing else.
struct Bare {
    socket: UdpSocket,
    cipher: Cipher,
    peers: Vec<(SocketAddr, Header)>,
    by_addr: HashMap<SocketAddr, usize>,
    request: Vec<u8>,
    packet: Vec<u8>,
    buffer: Vec<u8>,
}

impl Bare {
    async fn new(addrs: &[SocketAddr]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let mut buffer = vec![0; 65_536];
        let mut peers = Vec::new();
        for addr in addrs {
            socket.send_to(&HELLO, addr).await.expect("sent");
            let length = socket.recv(&mut buffer).await.expect("an answer");
            let reply = HelloReply::parse(&buffer[..length]).expect("a hello reply");
            peers.push((*addr, Header { did: reply.did, stamp: reply.stamp }));
        }
        let request =
            serde_json::json!({ "id": 123_456_789, "method": "get_prop", "params": names() });
        Self {
            socket,
            cipher: Cipher::new(&Token::new(TOKEN)),
            by_addr: addrs.iter().copied().zip(0..).collect(),
            peers,
            request: request.to_string().into_bytes(),
            packet: vec![0; 1024],
            buffer,
        }
    }

    async fn send(&mut self, device: usize) {
        let (addr, header) = self.peers[device];
        let length = self.cipher.seal(header, &self.request, &mut self.packet).expect("it fits");
        self.socket.send_to(&self.packet[..length], addr).await.expect("sent");
    }

    async fn receive(&mut self) -> usize {
        let (length, from) = self.socket.recv_from(&mut self.buffer).await.expect("an answer");
        black_box(self.cipher.open(&mut self.buffer[..length]).expect("it opens").len());
        self.by_addr[&from]
    }
}

enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

#[derive(Default)]
struct Rounds(Vec<(f64, f64)>);

impl Rounds {
    fn add(&mut self, ours: f64, bare: f64) {
        self.0.push((ours, bare));
    }

    fn print(&self, name: &str, goal: &Goal) {
        let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
            let mut values: Vec<f64> = self.0.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let ratio = median(&|(ours, bare)| ours / bare);
        let (met, goal) = match goal {
            Goal::AtMost(goal) => (ratio <= *goal, format!("<= {goal}")),
            Goal::AtLeast(goal) => (ratio >= *goal, format!(">= {goal}")),
        };
        let verdict = if met { "met" } else { "MISSED" };
        let (ours, bare) = (median(&|round| round.0), median(&|round| round.1));
        println!("{name:<46} {ours:>12.0} {bare:>12.0} {ratio:>7.3}  {goal} {verdict}");
    }
}

fn compare(
    name: &str,
    goal: Goal,
    unit: f64,
    mut ours: impl FnMut() -> Duration,
    mut bare: impl FnMut() -> Duration,
) {
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let ours = ours().as_secs_f64() * unit;
        rounds.add(ours, bare().as_secs_f64() * unit);
    }
    rounds.print(name, &goal);
}

fn per_call<T>(calls: u32, mut call: impl FnMut() -> T) -> Duration {
    let clock = SystemClock::new();
    for _ in 0..calls {
        black_box(call());
    }
    clock.now().since_origin() / calls
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The other process: devices until standard input closes.
fn serve() {
    runtime().block_on(async {
        let mut devices = Vec::new();
        for did in 0..DEVICES as u64 {
            let device = SimDevice::light().did(did + 1).token(Token::new(TOKEN)).spawn().await;
            let device = device.expect("a device");
            println!("{}", device.addr());
            devices.push(device);
        }
        println!();
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    });
}

fn start_devices() -> (Child, Option<ChildStdin>, Vec<SocketAddr>) {
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .env("IOT_HOME_BENCH_DEVICES", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("another process");
    let stdin = child.stdin.take();
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let addrs = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
    let addrs = addrs.map(|line| line.parse().expect("an address")).collect();
    (child, stdin, addrs)
}
