//! Signing and opening, beside the bare primitives that they cannot do without: as ratios.
//!
//! "Bare" is rc4, base64, SHA and serde_json called directly for the same bytes, with nothing checked, typed as ours is.
//! Contenders take turns round by round, and the median of the rounds' ratios is printed, so that a busy
//! machine slows both alike.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::alloc::System;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use iot_home_core::{Clock, SeededRandom, SystemClock};
use iot_home_micloud::{
    Api, Identity, Mode, Nonce, Region, Response, Session, SignedNonce, Ssecurity, api,
};
use rc4::{KeyInit, Rc4, StreamCipher};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region as Allocations, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SSECURITY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const SESSION: &str = r#"{"version":1,"device_id":"AZ09AZ09AZ09AZ09","user_id":"1","services":{"xiaomiio":
    {"ssecurity":"AAECAwQFBgcICQoLDA0ODw==","service_token":"t"}}}"#;
const NOW: Duration = Duration::from_secs(1_700_000_000);
const DATA: &str = r#"{"getVirtualModel":true,"getHuamiDevices":1,"get_split_device":false,"support_smart_home":true}"#;
const ROUNDS: usize = 101;

fn main() {
    println!("{:<50} {:>10} {:>10} {:>7}", "median of the rounds, µs", "ours", "bare", "ratio");
    let ssecurity: Ssecurity = STANDARD.encode(SSECURITY).parse().expect("a key");
    let mut random = SeededRandom::new(1);
    let mut sign = |mode| {
        let nonce = Nonce::new(NOW, &mut random);
        let signed = SignedNonce::new(&ssecurity, nonce).sign(mode, Default::default(), "/x", DATA);
        signed.to_urlencoded()
    };
    let mut nonces = SeededRandom::new(1);
    compare(
        "sign and encrypt 95 bytes, the form included",
        200,
        || sign(Mode::Rc4),
        || bare_request(&mut nonces),
    );

    let session = Session::from_json(SESSION).expect("a session");
    let credentials = session.credentials("xiaomiio").expect("keys");
    let api = Api::new(Region::Cn, Identity::new(session.device_id.clone()));
    let call = api::device_list(&[]);
    let signed = api.sign(&call, &credentials, NOW, &mut SeededRandom::new(1));
    let key = signed.signed_nonce();
    let json = devices(1111);
    let response = Response::new(200, key.seal(json.as_bytes()));
    let text = String::from_utf8(response.body.clone()).expect("base64");
    let raw: [u8; 32] = STANDARD.decode(key.expose()).expect("a key").try_into().expect("32 bytes");
    let opened = signed.open(&response).expect("it opens");
    assert_eq!(opened.list.len(), bare_answer(&raw, &text).len());
    compare(
        &format!("open {} bytes of JSON, {} records", json.len(), opened.list.len()),
        1,
        || signed.open(&response),
        || bare_answer(&raw, &text),
    );
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json.as_bytes()).expect("memory takes it");
    let zipped = Response::new(200, key.seal(&encoder.finish().expect("memory takes it")));
    let text = String::from_utf8(zipped.body.clone()).expect("base64");
    compare(
        &format!("the same, zipped to {} bytes", zipped.body.len()),
        1,
        || signed.open(&zipped),
        || bare_answer(&raw, &text),
    );
    let region = Allocations::new(GLOBAL);
    black_box(sign(Mode::Rc4));
    println!("allocations of an encrypted request: {}", region.change().allocations);
}

/// The same request with nothing but the primitives: a cipher for each value.
fn bare_request(random: &mut SeededRandom) -> String {
    let nonce = Nonce::new(NOW, random);
    let key: [u8; 32] =
        Sha256::new().chain_update(SSECURITY).chain_update(nonce.as_bytes()).finalize().into();
    let signed_nonce = STANDARD.encode(key);
    let sha1 = |text: String| STANDARD.encode(Sha1::digest(text));
    let hash = sha1(format!("POST&/x&data={DATA}&{signed_nonce}"));
    let encrypt = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        cipher(&key).apply_keystream(&mut bytes);
        STANDARD.encode(bytes)
    };
    let (data, hash) = (encrypt(DATA), encrypt(&hash));
    let signature = sha1(format!("POST&/x&data={data}&rc4_hash__={hash}&{signed_nonce}"));
    let encode = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let [data, hash, signature] = [data, hash, signature].map(|text| encode(&text));
    let nonce = encode(&nonce.to_string());
    format!("data={data}&rc4_hash__={hash}&signature={signature}&_nonce={nonce}")
}

fn cipher(key: &[u8; 32]) -> Rc4 {
    let mut cipher = Rc4::new(key.into());
    cipher.write_keystream(&mut [0; 1024]);
    cipher
}

/// A record typed as ours is, without leniency and without its own JSON.
#[derive(Deserialize)]
#[allow(dead_code, reason = "they are parsed, not looked at")]
struct Bare {
    did: String,
    uid: u64,
    token: String,
    name: String,
    pid: i64,
    localip: String,
    mac: String,
    ssid: String,
    rssi: i64,
    model: String,
    #[serde(rename = "isOnline")]
    is_online: bool,
    spec_type: String,
    parent_id: String,
}

fn bare_answer(key: &[u8; 32], body: &str) -> Vec<Bare> {
    #[derive(Deserialize)]
    struct Envelope {
        result: List,
    }
    #[derive(Deserialize)]
    struct List {
        list: Vec<Bare>,
    }
    let mut bytes = STANDARD.decode(body).expect("base64");
    cipher(key).apply_keystream(&mut bytes);
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut inflated = Vec::new();
        GzDecoder::new(&*bytes).read_to_end(&mut inflated).expect("gzip");
        bytes = inflated;
    }
    serde_json::from_slice::<Envelope>(&bytes).expect("JSON").result.list
}

/// A device list with records as long as real ones.
fn devices(count: usize) -> String {
    let record = |at: usize| {
        format!(
            r#"{{"did":"{}","uid":1449376110,"token":"5252734b6c4752576770666378316445","name":"灯 {at}","pid":0,"localip":"192.168.3.21","mac":"B8:88:80:51:2E:2E","ssid":"HZJ213","bssid":"62:E9:9D:A2:BF:99","rssi":-57,"longitude":"0.0","latitude":"0.0","city_id":101280601,"show_mode":1,"model":"chuangmi.camera.069a01","permitLevel":16,"isOnline":true,"spec_type":"urn:miot-spec-v2:device:camera:0000A01C:chuangmi-069a01:4","extra":{{"fw_version":"5.3.1_0525","isSetPincode":0,"pincodeType":0,"isSubGroup":false,"split":{{}}}},"orderTime":1764166529,"freqFlag":true,"hide_mode":0,"comFlag":961,"room_id":"169001360387","room_name":"客厅","parent_id":"","parent_model":"","adminFlag":1,"shareFlag":0,"desc":"…","prop":{{"power":"off"}},"p2p_id":"","password":"","family_id":0,"pd_id":211}}"#,
            300_000_000 + at
        )
    };
    let records: Vec<_> = (0..count).map(record).collect();
    format!(r#"{{"code":0,"message":"ok","result":{{"list":[{}]}}}}"#, records.join(","))
}

fn compare<A, B>(name: &str, calls: u32, mut ours: impl FnMut() -> A, mut bare: impl FnMut() -> B) {
    let mut rounds: Vec<(f64, f64)> =
        (0..ROUNDS).map(|_| (per_call(calls, &mut ours), per_call(calls, &mut bare))).collect();
    let mut median = |of: fn(&(f64, f64)) -> f64| {
        rounds.sort_by(|a, b| of(a).total_cmp(&of(b)));
        rounds.get(ROUNDS / 2).map(of).unwrap_or_default()
    };
    let ratio = median(|(ours, bare)| ours / bare);
    let (ours, bare) = (median(|round| round.0), median(|round| round.1));
    println!("{name:<50} {ours:>10.2} {bare:>10.2} {ratio:>7.3}");
}

/// Microseconds.
fn per_call<T>(calls: u32, call: &mut impl FnMut() -> T) -> f64 {
    let clock = SystemClock::new();
    for _ in 0..calls {
        black_box(call());
    }
    (clock.now().since_origin() / calls).as_secs_f64() * 1e6
}
