//! The figures that count, each as a ratio against the bare limit measured in the same run.
//!
//! Contenders take turns round by round, and the median of the rounds' ratios is printed, so that a
//! busy machine slows both alike. The bulb runs in a process of its own and answers whatever it is asked
//! without a look at it, so that it is as little of the figure as it can be.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use iot_home_core::{Clock, SystemClock};
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{Bulb, Effect, Light, Method, QuotaPolicy, Rgb};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const ROUNDS: usize = 21;
const IN_FLIGHT: usize = 64;

fn main() {
    if std::env::var_os("IOT_HOME_BENCH_BULB").is_some() {
        return serve();
    }
    let (mut child, stdin, addr) = start_bulb();
    println!("{:<46} {:>12} {:>12} {:>7}  goal", "median of the rounds", "ours", "bare", "ratio");
    let runtime = runtime();
    // In tasks, as in a program: what `block_on` runs itself is woken more slowly.
    runtime.block_on(async {
        tokio::spawn(sequential(addr)).await.expect("calls succeed");
        tokio::spawn(pipelined(addr)).await.expect("calls succeed");
        tokio::spawn(memory(addr)).await.expect("connections stand");
    });
    drop(stdin);
    let _ = child.wait();
}

/// One command after the other, against one line there and back.
async fn sequential(addr: SocketAddr) {
    const CALLS: u32 = 2_000;
    let bulb = connect(addr).await;
    let mut bare = Bare::new(addr).await;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let clock = SystemClock::new();
        for _ in 0..CALLS {
            call(&bulb).await;
        }
        let ours = clock.now().since_origin();
        let clock = SystemClock::new();
        for id in 0..CALLS {
            bare.send(id, 1).await;
            bare.receive(1).await;
        }
        let bare = clock.now().since_origin();
        rounds.add(f64::from(CALLS) / ours.as_secs_f64(), f64::from(CALLS) / bare.as_secs_f64());
    }
    rounds.print("one command at a time, commands per second", 0.9);
}

/// 64 commands in flight, against 64 lines in one write and as many back, again and again.
async fn pipelined(addr: SocketAddr) {
    const CALLS: usize = 64_000;
    let bulb = connect(addr).await;
    let mut bare = Bare::new(addr).await;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        let clock = SystemClock::new();
        let tasks: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                let bulb = bulb.clone();
                tokio::spawn(async move {
                    for _ in 0..CALLS / IN_FLIGHT {
                        call(&bulb).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("calls succeed");
        }
        let ours = clock.now().since_origin();
        let clock = SystemClock::new();
        for _ in 0..CALLS / IN_FLIGHT {
            bare.send(1_000_000, IN_FLIGHT).await;
            bare.receive(IN_FLIGHT).await;
        }
        let bare = clock.now().since_origin();
        rounds.add(CALLS as f64 / ours.as_secs_f64(), CALLS as f64 / bare.as_secs_f64());
    }
    rounds.print("64 commands in flight, commands per second", 0.5);
}

/// What an idle connection costs, by what the system says that the process has in memory.
async fn memory(addr: SocketAddr) {
    const CONNECTIONS: usize = 400;
    let Some(before) = resident_kib() else {
        return println!("memory: this system does not tell");
    };
    let mut bulbs = Vec::new();
    for _ in 0..CONNECTIONS {
        let bulb = connect(addr).await;
        call(&bulb).await;
        bulbs.push(bulb);
    }
    let after = resident_kib().unwrap_or(before);
    let each = (after.saturating_sub(before)) as f64 / CONNECTIONS as f64;
    println!("resident per connection, KiB, over {CONNECTIONS} {each:>24.1}          goal <= 10");
    black_box(bulbs.len());
}

fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

async fn connect(addr: SocketAddr) -> Bulb {
    let config = Config::default().settle(Duration::ZERO).read_state(false).quota(QuotaPolicy::Off);
    Bulb::builder(addr).session(config).connect().await.expect("the bulb takes connections")
}

fn command() -> Method {
    Method::SetRgb { light: Light::Main, rgb: Rgb(0xff_8800), effect: Effect::Sudden }
}

async fn call(bulb: &Bulb) {
    let reply = bulb.call(command()).await.expect("the bulb answers");
    black_box(reply.is_ok());
}

/// Writes and reads the same bytes, and knows nothing else.
struct Bare {
    stream: TcpStream,
    outgoing: Vec<u8>,
    buffer: Vec<u8>,
}

impl Bare {
    async fn new(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the bulb takes connections");
        stream.set_nodelay(true).expect("an option");
        Self { stream, outgoing: Vec::new(), buffer: vec![0; 8 * 1024] }
    }

    async fn send(&mut self, id: u32, commands: usize) {
        self.outgoing.clear();
        for _ in 0..commands {
            command().write(id, &mut self.outgoing);
        }
        self.stream.write_all(&self.outgoing).await.expect("sent");
    }

    async fn receive(&mut self, answers: usize) {
        let mut lines = 0;
        while lines < answers {
            let read = self.stream.read(&mut self.buffer).await.expect("an answer");
            lines += self.buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        }
    }
}

#[derive(Default)]
struct Rounds(Vec<(f64, f64)>);

impl Rounds {
    fn add(&mut self, ours: f64, bare: f64) {
        self.0.push((ours, bare));
    }

    fn print(&self, name: &str, goal: f64) {
        let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
            let mut values: Vec<f64> = self.0.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let ratio = median(&|(ours, bare)| ours / bare);
        let verdict = if ratio >= goal { "met" } else { "MISSED" };
        let (ours, bare) = (median(&|round| round.0), median(&|round| round.1));
        println!("{name:<46} {ours:>12.0} {bare:>12.0} {ratio:>7.3}  >= {goal} {verdict}");
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The other process: a bulb that says ok until standard input closes.
fn serve() {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        println!("{}", listener.local_addr().expect("its address"));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream));
            }
        });
        let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    });
}

async fn answer(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut buffer = vec![0; 32 * 1024];
    let (mut have, mut answers) = (0, Vec::new());
    while let Ok(read) = stream.read(&mut buffer[have..]).await {
        if read == 0 {
            return;
        }
        have += read;
        let mut start = 0;
        while let Some(end) = buffer[start..have].iter().position(|byte| *byte == b'\n') {
            let line = &buffer[start..start + end];
            let id = line.iter().skip(6).take_while(|byte| byte.is_ascii_digit());
            answers.extend_from_slice(b"{\"id\":");
            answers.extend(id);
            answers.extend_from_slice(b",\"result\":[\"ok\"]}\r\n");
            start += end + 1;
        }
        buffer.copy_within(start..have, 0);
        have -= start;
        if stream.write_all(&answers).await.is_err() {
            return;
        }
        answers.clear();
    }
}

fn start_bulb() -> (Child, Option<ChildStdin>, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .env("IOT_HOME_BENCH_BULB", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("another process");
    let stdin = child.stdin.take();
    let mut line = String::new();
    let output = child.stdout.take().expect("its output");
    BufReader::new(output).read_line(&mut line).expect("a line");
    (child, stdin, line.trim().parse().expect("an address"))
}
