//! Reading search answers, as ratios against a bare scan of their lines measured in the same run.
//!
//! The bare scan finds each line's end and first colon with `memchr`, trims both sides and knows nothing
//! else; it allocates nothing. Contenders take turns round by round, and the median of the rounds' ratios
//! is printed, so that a busy machine slows all alike.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};

use iot_home_core::{Clock, Random, SeededRandom, SystemClock};
use iot_home_yeelight::Advert;

const ANSWERS: usize = 10_000;
const ROUNDS: usize = 41;

fn main() {
    let mut random = SeededRandom::new(4);
    let answers: Vec<_> = (0..ANSWERS).map(|_| answer(&mut random)).collect();
    let bytes: usize = answers.iter().map(Vec::len).sum();
    let source = SocketAddr::new(Ipv4Addr::new(192, 168, 1, 239).into(), 1982);

    let borrowed = || measure(&answers, |answer| Advert::parse(answer).expect("an answer"));
    let owned = || {
        measure(&answers, |answer| Advert::parse(answer).expect("an answer").to_sighting(source))
    };
    let bare = || measure(&answers, bare_scan);
    let split = || measure(&answers, split_scan);

    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push([bare(), split(), borrowed(), owned()]);
    }
    println!("{ANSWERS} search answers of {} bytes on average", bytes / ANSWERS);
    let median = |of: &dyn Fn(&[f64; 4]) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!("{:<34} {:>10} {:>10}  goal", "median of the rounds", "ns each", "ratio");
    let report = |name: &str, contender: usize, goal: Option<f64>| {
        let ratio = median(&|round| round[contender] / round[0]);
        let verdict = goal.map_or_else(String::new, |goal| {
            format!("<= {goal} {}", if ratio <= goal { "met" } else { "MISSED" })
        });
        println!("{name:<34} {:>10.0} {ratio:>10.3}  {verdict}", median(&|round| round[contender]));
    };
    report("bare scan with memchr", 0, None);
    report("bare scan with the standard library", 1, None);
    report("Advert::parse, borrowed", 2, Some(1.5));
    report("and Advert::to_sighting, owned", 3, Some(2.5));
}

/// Nanoseconds for one answer.
fn measure<'a, T>(answers: &'a [Vec<u8>], mut read: impl FnMut(&'a [u8]) -> T) -> f64 {
    let clock = SystemClock::new();
    for answer in answers {
        black_box(read(black_box(answer)));
    }
    clock.now().since_origin().as_secs_f64() * 1e9 / answers.len() as f64
}

fn bare_scan(answer: &[u8]) -> usize {
    let mut lengths = 0;
    let mut rest = answer;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(colon) = memchr::memchr(b':', line) {
            lengths += black_box(line[..colon].trim_ascii()).len();
            lengths += black_box(line[colon + 1..].trim_ascii()).len();
        }
    }
    lengths
}

fn split_scan(answer: &[u8]) -> usize {
    let mut lengths = 0;
    for line in answer.split(|byte| *byte == b'\n') {
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            lengths += black_box(line[..colon].trim_ascii()).len();
            lengths += black_box(line[colon + 1..].trim_ascii()).len();
        }
    }
    lengths
}

/// An answer of some bulb, as firmware writes it.
fn answer(random: &mut SeededRandom) -> Vec<u8> {
    let mut pick = |choices: u64| random.next_u64() % choices;
    let models = ["color", "mono", "ceiling4", "stripe", "lamp15", "bslamp2"];
    let names = ["", "desk: left", "my_bulb", "5Lit5paH", "the lamp beside the bed"];
    let [model, name] = [models[pick(6) as usize], names[pick(5) as usize]];
    let methods = METHODS[..13 + pick(19) as usize].join(" ");
    format!(
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nDate: \r\nExt: \r\n\
         Location: yeelight://192.168.{}.{}:55443\r\nServer: POSIX UPnP/1.0 YGLC/1\r\n\
         id: {:#018x}\r\nmodel: {model}\r\nfw_ver: {}\r\nsupport: {methods}\r\npower: {}\r\n\
         bright: {}\r\ncolor_mode: {}\r\nct: {}\r\nrgb: {}\r\nhue: {}\r\nsat: {}\r\nname: {name}\r\n",
        pick(256),
        1 + pick(254),
        pick(1 << 40),
        pick(100),
        ["on", "off"][pick(2) as usize],
        1 + pick(100),
        1 + pick(3),
        1700 + pick(4801),
        pick(1 << 24),
        pick(360),
        pick(101),
    )
    .into_bytes()
}

const METHODS: [&str; 34] = [
    "get_prop",
    "set_default",
    "set_power",
    "toggle",
    "set_bright",
    "set_scene",
    "cron_add",
    "cron_get",
    "cron_del",
    "start_cf",
    "stop_cf",
    "set_ct_abx",
    "set_name",
    "set_adjust",
    "adjust_bright",
    "adjust_ct",
    "set_rgb",
    "set_hsv",
    "adjust_color",
    "set_music",
    "bg_set_rgb",
    "bg_set_hsv",
    "bg_set_ct_abx",
    "bg_start_cf",
    "bg_stop_cf",
    "bg_set_power",
    "bg_set_bright",
    "bg_toggle",
    "dev_toggle",
    "bg_set_adjust",
    "bg_adjust_bright",
    "udp_sess_new",
    "udp_sess_keep_alive",
    "chroma",
];
