//! A whole login, beside the bare HMAC of the same content with the key's state kept: as a ratio.
//!
//! Contenders take turns round by round, and the median of the rounds' ratios is printed, so that a busy
//! machine slows both alike. Allocations are counted elsewhere, in `tests/allocations.rs`: a counter would cost
//! ours only.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::hint::black_box;
use std::time::Duration;

use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit, Mac};
use iot_home_core::{Clock, SeededRandom, SystemClock};
use iot_home_mqtt::Credentials;
use iot_home_tencent::{Device, Login, Presented, SignMethod};
use sha1::Sha1;
use sha2::Sha256;

/// The bytes that the psk stands for, which matter to nobody.
const KEY: [u8; 16] = [7; 16];
const PSK: &str = "BwcHBwcHBwcHBwcHBwcHBw==";
const NOW: Duration = Duration::from_secs(1_600_000_000);
const ROUNDS: usize = 1001;
const CALLS: u32 = 500;

fn main() {
    println!(
        "{:<46} {:>12} {:>12} {:>7}  goal",
        "per second, median of the rounds", "ours", "bare", "ratio"
    );
    let device = Device::new("YOURPROD01", "lamp1", PSK).expect("valid names");
    let login = device.tls();
    let (sha256, sha1) = (SignMethod::HmacSha256, SignMethod::HmacSha1);
    compare::<Sha256>("hmacsha256, a whole login", &login.clone().sign_method(sha256), 0.5);
    compare::<Sha1>("hmacsha1, a whole login", &login.clone().sign_method(sha1), 0.5);

    let mut random = SeededRandom::new(1);
    let signed = login.sign(NOW, &mut random);
    assert_eq!(Presented::new(Credentials::from(&signed)).verify(&device, NOW), Ok(()));
    let took =
        per_call(|| Presented::new(Credentials::from(black_box(&signed))).verify(&device, NOW));
    println!("verifications per second, key included: {:.0}", 1.0 / took.as_secs_f64());
}

fn compare<D: EagerHash>(name: &str, login: &Login, goal: f64) {
    let state = Hmac::<D>::new_from_slice(&KEY).expect("any key will do");
    let mut random = SeededRandom::new(1);
    let content = login.sign(NOW, &mut random).username.unwrap_or_default();
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_| {
            let ours = per_call(|| login.sign(black_box(NOW), &mut random));
            let bare = per_call(|| {
                let mut state = state.clone();
                state.update(black_box(content.as_bytes()));
                state.finalize()
            });
            (1.0 / ours.as_secs_f64(), 1.0 / bare.as_secs_f64())
        })
        .collect();
    let mut median = |of: fn(&(f64, f64)) -> f64| {
        rounds.sort_by(|a, b| of(a).total_cmp(&of(b)));
        rounds.get(ROUNDS / 2).map(of).unwrap_or_default()
    };
    let ratio = median(|(ours, bare)| ours / bare);
    let (ours, bare) = (median(|round| round.0), median(|round| round.1));
    let verdict = if ratio >= goal { "met" } else { "MISSED" };
    println!("{name:<46} {ours:>12.0} {bare:>12.0} {ratio:>7.3}  >= {goal} {verdict}");
}

fn per_call<T>(mut call: impl FnMut() -> T) -> Duration {
    let clock = SystemClock::new();
    for _ in 0..CALLS {
        black_box(call());
    }
    clock.now().since_origin() / CALLS
}
