//! Every device of an account over one kept-alive connection, beside a loop of bare reqwest that does the same work: a ratio, round
//! by round in turn.
//!
//! "The same work" is seven signed and encrypted requests one after the other, whose answers are opened into records. The bare loop
//! signs with SHA and RC4 called directly, checks nothing, repeats nothing and renews nothing.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_core::{Clock as _, Random as _, SeededRandom, SystemClock};
use iot_home_http::{Client, reqwest, rustls};
use iot_home_micloud::{Hosts, MiCloud, Nonce, Session, SignedNonce};
use rc4::{KeyInit, Rc4, StreamCipher};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use sha2::Sha256;

const ROUNDS: usize = 51;
const DEVICES: usize = 1000;
const PAGE: usize = 200;
const SSECURITY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const SESSION: &str = r#"{"version":1,"device_id":"AZ09AZ09AZ09AZ09","user_id":"1","services":{"xiaomiio":
    {"ssecurity":"AAECAwQFBgcICQoLDA0ODw==","service_token":"t"}}}"#;
/// What a walk asks for: homes, homes of others, and then page by page.
const PATHS: [(&str, &str); 3] = [
    (
        "/v2/homeroom/gethome",
        r#"{"app_ver":7,"fetch_cariot":true,"fetch_share":true,"fetch_share_dev":true,"fg":true,"limit":300}"#,
    ),
    ("/v2/user/get_device_cnt", r#"{"fetch_own":true,"fetch_share":true}"#),
    (
        "/v2/home/device_list_page",
        r#"{"getHuamiDevices":1,"getVirtualModel":true,"get_cariot_device":true,"get_split_device":true,"get_third_device":true,"limit":200,"start_did":"","support_smart_home":true}"#,
    ),
];

fn main() {
    let connections = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            std::thread::spawn(move || serve(stream));
        }
    });
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let bare = reqwest::Client::builder().tls_backend_preconfigured(tls.clone()).no_proxy();
    let bare = bare.build().expect("a client");
    let http = Client::builder().tls(tls).no_proxy().build().expect("a client");
    let ours = MiCloud::builder()
        .hosts(Hosts::default().api(&url).expect("an address"))
        .http(Arc::new(http))
        .session(Session::from_json(SESSION).expect("a session"))
        .build()
        .expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (clock, mut random) = (SystemClock::new(), SeededRandom::new(1));
    let (mut ratios, mut times) = (Vec::new(), [Vec::new(), Vec::new()]);
    for round in 0..=ROUNDS {
        let began = clock.now();
        assert_eq!(runtime.block_on(list(&bare, &url, &mut random)), DEVICES);
        let between = clock.now();
        assert_eq!(runtime.block_on(ours.devices()).expect("devices").len(), DEVICES);
        let ended = clock.now();
        // The first is for the caches and the connections.
        if round > 0 {
            let both = [between.saturating_since(began), ended.saturating_since(between)];
            let both = both.map(|time| time.as_secs_f64() * 1e3);
            ratios.push(both[1] / both[0]);
            times.iter_mut().zip(both).for_each(|(times, time)| times.push(time));
        }
    }
    assert_eq!(connections.load(Ordering::Relaxed), 2, "one each");
    for list in times.iter_mut().chain([&mut ratios]) {
        list.sort_by(f64::total_cmp);
    }
    let [bare, ours] = times.map(|times| times[ROUNDS / 2]);
    println!(
        "{DEVICES} devices in 7 requests, median of {ROUNDS} rounds: ours {ours:.2} ms, bare {bare:.2} ms"
    );
    println!("ratio, median of the rounds': {:.3}", ratios[ROUNDS / 2]);
}

/// A page of records, and where the next one begins.
#[derive(Deserialize)]
struct Answer {
    result: Page,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    list: Vec<Bare>,
    #[serde(default)]
    has_more: bool,
}

/// A record typed as ours is, without leniency and without its own JSON.
#[derive(Deserialize)]
#[allow(dead_code, reason = "they are parsed, not looked at")]
struct Bare {
    did: String,
    name: String,
    model: String,
    token: String,
    localip: String,
    mac: String,
    ssid: String,
    rssi: i64,
    pid: i64,
    #[serde(rename = "isOnline")]
    is_online: bool,
    parent_id: String,
    uid: i64,
    spec_type: String,
}

async fn list(client: &reqwest::Client, url: &str, random: &mut SeededRandom) -> usize {
    let mut devices = Vec::with_capacity(DEVICES);
    for (path, data) in PATHS {
        loop {
            let now = SystemClock::new().unix_time();
            let (form, key) = sign(path, data, Nonce::new(now, random));
            let request = client
                .post(format!("{url}/app{path}"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("x-xiaomi-protocal-flag-cli", "PROTOCAL-HTTP2")
                .header("miot-encrypt-algorithm", "ENCRYPT-RC4")
                .header(
                    "Cookie",
                    "userId=1; serviceToken=t; yetAnotherServiceToken=t; locale=en_GB",
                )
                .body(form);
            let answer = request.send().await.expect("an answer");
            let body = answer.bytes().await.expect("a body");
            let mut bytes = STANDARD.decode(&body).expect("base64");
            cipher(&key).apply_keystream(&mut bytes);
            let page = serde_json::from_slice::<Answer>(&bytes).expect("a page").result;
            devices.extend(page.list);
            if !page.has_more {
                break;
            }
        }
    }
    devices.len()
}

/// The form of a request, by nothing but the primitives, and the key of its answer.
fn sign(path: &str, data: &str, nonce: Nonce) -> (String, [u8; 32]) {
    let key: [u8; 32] =
        Sha256::new().chain_update(SSECURITY).chain_update(nonce.as_bytes()).finalize().into();
    let signed_nonce = STANDARD.encode(key);
    let sha1 = |text: String| STANDARD.encode(Sha1::digest(text));
    let hash = sha1(format!("POST&{path}&data={data}&{signed_nonce}"));
    let encrypt = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        cipher(&key).apply_keystream(&mut bytes);
        STANDARD.encode(bytes)
    };
    let (data, hash) = (encrypt(data), encrypt(&hash));
    let signature = sha1(format!("POST&{path}&data={data}&rc4_hash__={hash}&{signed_nonce}"));
    let encode = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let [data, hash, signature] = [data, hash, signature].map(|text| encode(&text));
    let nonce = encode(&nonce.to_string());
    (format!("data={data}&rc4_hash__={hash}&signature={signature}&_nonce={nonce}"), key)
}

fn cipher(key: &[u8; 32]) -> Rc4 {
    let mut cipher = Rc4::new(key.into());
    cipher.write_keystream(&mut [0; 1024]);
    cipher
}

/// Answers what is asked in the order of [`PATHS`], encrypted with the nonce of the request.
fn serve(mut stream: TcpStream) {
    let ssecurity = STANDARD.encode(SSECURITY).parse().expect("a key");
    let pages: Vec<String> = (0..DEVICES / PAGE).map(page).collect();
    let (mut read, mut piece, mut asked) = (Vec::new(), [0; 8192], 0);
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        read.extend_from_slice(&piece[..length]);
        let Some(form) = whole(&read) else { continue };
        let nonce = form.split("_nonce=").nth(1).expect("a nonce").split('&').next();
        let nonce = nonce.expect("one").replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        let key = SignedNonce::new(&ssecurity, nonce.parse().expect("a nonce"));
        let json = match asked % (2 + pages.len()) {
            0 | 1 => r#"{"code":0,"message":"ok","result":{}}"#,
            at => &pages[at - 2],
        };
        let body = key.seal(json.as_bytes());
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).is_err() {
            return;
        }
        read.clear();
        asked += 1;
    }
}

/// The body of a request that has arrived.
fn whole(read: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(read).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok();
    (Some(body.len()) == length).then_some(body)
}

fn page(number: usize) -> String {
    let mut random = SeededRandom::new(1);
    let device = |at: usize| {
        format!(
            r#"{{"did":"{}","uid":1449376110,"token":"{:016x}{:016x}","name":"device {at}","pid":0,"localip":"192.168.3.21","mac":"B8:88:80:51:2E:2E","ssid":"home","bssid":"62:E9:9D:A2:BF:99","rssi":-57,"longitude":"0.0","latitude":"0.0","city_id":101280601,"show_mode":1,"model":"yeelink.light.ceiling1","permitLevel":16,"isOnline":true,"spec_type":"urn:miot-spec-v2:device:light:0000A001:yeelink-ceiling1:1","extra":{{"fw_version":"2.1.3_0013","isSetPincode":0,"split":{{}}}},"orderTime":1764166529,"freqFlag":true,"hide_mode":0,"comFlag":961,"room_id":"169001360387","room_name":"hall","parent_id":"","parent_model":"","adminFlag":1,"shareFlag":0,"desc":"","prop":{{"power":"off"}}}}"#,
            300_000_000 + at,
            random.next_u64(),
            random.next_u64(),
        )
    };
    let (first, last) = (number * PAGE, (number + 1) * PAGE);
    let list: Vec<_> = (first..last).map(device).collect();
    let (more, next) = (last < DEVICES, 300_000_000 + last);
    let list = list.join(",");
    format!(
        r#"{{"code":0,"message":"ok","result":{{"list":[{list}],"has_more":{more},"next_start_did":"{next}"}}}}"#
    )
}
