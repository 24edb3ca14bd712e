//! The secure variant: known answers that other software computed, a simulated device, and everybody who is not one.

use std::time::Duration;

use iot_home_core::{Random, Secret, SeededRandom};
use iot_home_miio::client::ErrorKind;
use iot_home_miio::provisioning::Network;
use iot_home_miio::provisioning::secure::{
    Channel, Curve, Handshake, HandshakeError, Oob, PrivateKey, Progress,
};
use iot_home_miio::{Client, Request, Token};
use iot_home_sim::VirtualLink;
use iot_home_sim::miio::{AccessPoint, Imposter, Secure, SimDevice};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::provisioning::{fixture, network, params};

/// Plays these bytes.
struct Replay(Vec<u8>);

impl Random for Replay {
    fn fill(&mut self, buffer: &mut [u8]) {
        let taken: Vec<u8> = self.0.drain(..buffer.len()).collect();
        buffer.copy_from_slice(&taken);
    }
}

fn hex(text: &Value) -> Vec<u8> {
    let digits: Vec<char> = text.as_str().unwrap().chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn oob(case: &Value) -> Oob {
    let code = Secret::new(case["oob"].as_str().unwrap().to_owned());
    if case["oob_mode"] == 2 { Oob::shown(code) } else { Oob::code(code) }
}

pub(crate) fn handshake(case: &Value) -> Handshake {
    let token: Token = case["token"].as_str().unwrap().parse().unwrap();
    Handshake::new(&token, oob(case), &mut Replay(hex(&case["client_random_bytes"]))).unwrap()
}

#[test]
fn every_exchange_of_the_fixture() {
    let fixture = fixture();
    let cases = fixture["secure"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let mut handshake = handshake(case);
        let exchanges = case["exchanges"].as_array().unwrap();
        let (last, steps) = exchanges.split_last().unwrap();
        let mut channel: Option<Channel> = None;
        for step in steps {
            assert!(channel.is_none());
            let request = handshake.request();
            assert_eq!(request.method(), step["method"]);
            assert!(!request.is_idempotent());
            let sent = params(request);
            assert_eq!(sent, params(handshake.request()), "it can be asked for again");
            assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), step["params"]);
            let progress = handshake.handle(&step["result"].to_string()).unwrap();
            if let Progress::Done(done) = progress {
                channel = Some(done);
            }
        }
        let channel = channel.expect("the last step leads to it");
        let settings = network(&case["settings"]);
        let request = channel.request(&settings).unwrap();
        assert_eq!(request.method(), last["method"]);
        assert_eq!(serde_json::from_str::<Value>(&params(request)).unwrap(), last["params"]);
        let zero: Value =
            serde_json::from_str(&params(channel.zero_iv().request(&settings).unwrap())).unwrap();
        assert_eq!(zero["data"], case["zero_iv_data"]);
    }
}

#[test]
fn the_device_s_end_gets_the_same_key() {
    for case in fixture()["secure"].as_array().unwrap() {
        let curve = Curve::from_suite(case["curve_suite"].as_u64().unwrap()).unwrap();
        let token: Token = case["token"].as_str().unwrap().parse().unwrap();
        let device = PrivateKey::new(curve, &hex(&case["device_private"])).unwrap();
        let client = hex(&case["client_random_bytes"]);
        let client = PrivateKey::new(curve, &client[..curve.size()]).unwrap();
        for (own, other) in [(&device, &client), (&client, &device)] {
            let key = own.agree(&other.public(), &token).unwrap();
            assert_eq!(key.expose()[..], hex(&case["key"]));
            // The same point, written by one coordinate and a sign.
            let mut short = other.public()[..=curve.size()].to_vec();
            short[0] = 2 + (other.public()[2 * curve.size()] & 1);
            assert!(own.agree(&short, &token).is_err());
        }
    }
}

/// Answers the first steps as the fixture does, and the next one by this.
fn after(case: &Value, steps: usize, answer: &Value) -> Result<Progress, HandshakeError> {
    let mut handshake = handshake(case);
    for step in &case["exchanges"].as_array().unwrap()[..steps] {
        assert!(matches!(handshake.handle(&step["result"].to_string()), Ok(Progress::Send)));
    }
    let end = handshake.handle(&answer.to_string());
    if end.is_err() {
        let over = handshake.handle(&answer.to_string());
        assert!(
            matches!(over, Err(HandshakeError::Over | HandshakeError::Form { .. })),
            "{over:?}"
        );
    }
    end
}

#[test]
fn each_changed_field_ends_it() {
    let fixture = fixture();
    let case = &fixture["secure"][0];
    let result = |step: usize| case["exchanges"][step]["result"].clone();
    let with = |step: usize, path: &str, value: Value| {
        let mut answer = result(step);
        *answer.pointer_mut(path).unwrap() = value;
        after(case, step, &answer).map(drop)
    };
    use HandshakeError as E;
    let form = |step| Err(E::Form { step });
    assert_eq!(with(0, "/type", json!(2)), form(1));
    assert_eq!(with(0, "/ecdh/sign_suites", json!([2])), Err(E::NoSignSuite));
    assert_eq!(with(0, "/ecdh/curve_suites", json!([1, 2, 5])), Err(E::NoCurve));
    assert_eq!(with(0, "/ecdh/curve_suites", json!("3")), form(1));
    assert!(matches!(with(0, "/oob/modes", json!([2])), Err(E::NoMode { .. })));
    assert_eq!(with(0, "/oob/extents", json!([15])), Err(E::CodeLength { wanted: 15 }));
    assert_eq!(with(0, "/oob/extents", json!([])), Ok(()), "it need not say");

    let theirs = result(1)["ecdh"]["public_key"].as_str().unwrap().to_owned();
    let ours = &case["exchanges"][1]["params"]["ecdh"]["public_key"];
    assert_eq!(with(1, "/ecdh/public_key", ours.clone()), Err(E::Reflected));
    for (wrong, error) in [
        (theirs.replacen('B', "C", 1), E::PublicKey),
        (theirs[..theirs.len() - 4].to_owned(), E::PublicKey),
        (String::new(), E::PublicKey),
        (String::from("AA=="), E::PublicKey),
        (String::from("*"), E::Form { step: 2 }),
        ("QUJD".repeat(200), E::Form { step: 2 }),
    ] {
        assert_eq!(with(1, "/ecdh/public_key", json!(wrong)), Err(error), "{wrong}");
    }
    let other = PrivateKey::new(Curve::P256, &[9; 32]).unwrap().public();
    let other = base64(&other);
    assert_eq!(with(1, "/ecdh/public_key", json!(other)), Err(E::Token), "signed by another");
    let short = json!("AAAA");
    assert_eq!(with(1, "/ecdh/sign", short.clone()), Err(E::Token));
    assert_eq!(with(1, "/ecdh/sign", json!("")), Err(E::Token));

    assert_eq!(with(2, "/oob/step", json!(2)), form(3));
    assert_eq!(with(2, "/oob/sign", short.clone()), form(3));
    assert_eq!(with(3, "/oob/step", json!(1)), form(4));
    assert_eq!(with(3, "/oob/random", short.clone()), form(4));
    assert_eq!(with(3, "/oob/random", json!(base64(&[3; 16]))), Err(E::Code));
    let own = &case["exchanges"][4]["params"]["oob"]["random"];
    assert_eq!(with(3, "/oob/random", own.clone()), Err(E::Reflected));
    assert_eq!(with(4, "/oob/iv", short), form(5));
    assert_eq!(with(4, "/oob/iv", json!(null)), form(5));
}

#[test]
fn another_code_or_token_is_found_out() {
    let fixture = fixture();
    let case = &fixture["secure"][0];
    let mut other = case.clone();
    other["oob"] = json!("0123456789abcdeF");
    let reveal = &case["exchanges"][3]["result"];
    assert_eq!(after(&other, 3, reveal).map(drop), Err(HandshakeError::Code));
    let mut other = case.clone();
    other["token"] = json!("00112233445566778899aabbccddeefe");
    let key = &case["exchanges"][1]["result"];
    assert_eq!(after(&other, 1, key).map(drop), Err(HandshakeError::Token));
}

#[test]
fn a_random_source_that_gives_no_key_is_refused() {
    struct Constant(u8);
    impl Random for Constant {
        fn fill(&mut self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }
    let oob = || Oob::code(Secret::new(String::from("code")));
    for byte in [0, 0xff] {
        let none = Handshake::new(&Token::new([1; 16]), oob(), &mut Constant(byte));
        assert_eq!(none.map(drop), Err(HandshakeError::Random));
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn home() -> Network {
    Network::new("home", Secret::new(String::from("correct horse"))).uid(1337)
}

/// A handshake with a simulated device, in virtual time.
fn play(secure: Secure, oob: Oob, seed: u64) -> (VirtualLink, Result<Channel, HandshakeError>) {
    let device = SimDevice::vacuum().access_point(AccessPoint::new().secure(secure));
    let mut link = VirtualLink::new(device.build().unwrap());
    let token = link.device().token().clone();
    let mut handshake = Handshake::new(&token, oob, &mut SeededRandom::new(seed)).unwrap();
    loop {
        let reply = link.call(handshake.request()).0.expect("an answer");
        match handshake.handle(reply.text()) {
            Ok(Progress::Done(channel)) => return (link, Ok(channel)),
            Ok(_) => {}
            Err(error) => return (link, Err(error)),
        }
    }
}

#[test]
fn a_simulated_device_by_either_curve_and_either_code() {
    let code = || Secret::new(String::from("482910"));
    for curve in [Curve::P256, Curve::P384] {
        for (secure, oob) in [
            (Secure::new("482910", 1), Oob::code(code())),
            (Secure::new("482910", 2).shown(), Oob::shown(code())),
        ] {
            let (mut link, channel) = play(secure.curve(curve), oob, 7);
            link.call(channel.unwrap().request(&home()).unwrap()).0.unwrap();
            link.idle(Duration::from_secs(3));
            let report = link.device().report();
            assert_eq!(report.executed("miIO.config_router_safe"), 1);
            assert_eq!((report.violations.total(), report.refusals.total()), (0, 0));
        }
    }
}

#[test]
fn a_device_that_reads_by_zeros() {
    for (zero, joins) in [(true, true), (false, false)] {
        let oob = Oob::code(Secret::new(String::from("c")));
        let (mut link, channel) = play(Secure::new("c", 1).zero_iv(), oob, 7);
        let channel = channel.unwrap();
        let channel = if zero { channel.zero_iv() } else { channel };
        let told = link.call(channel.request(&home()).unwrap()).0;
        assert_eq!(told.is_ok(), joins, "{told:?}");
    }
}

#[test]
fn every_imposter_is_found_out_before_it_is_told_anything() {
    for (imposter, error) in [
        (Imposter::Token, HandshakeError::Token),
        (Imposter::Code, HandshakeError::Code),
        (Imposter::Reflection, HandshakeError::Reflected),
        (Imposter::OffCurve, HandshakeError::PublicKey),
    ] {
        let oob = Oob::code(Secret::new(String::from("right")));
        let secure = Secure::new("right", 1).imposter(imposter);
        assert_eq!(play(secure, oob, 3).1.map(drop), Err(error));
    }
}

#[tokio::test]
async fn the_client_tells_a_device_and_no_imposter() {
    let wait = Duration::from_secs(5);
    let client = Client::builder().timeout(wait).bind().await.unwrap();
    let oob = Oob::code(Secret::new(String::from("right")));
    for imposter in [Imposter::No, Imposter::Code] {
        let access_point = AccessPoint::new()
            .away_for(Duration::from_millis(200))
            .secure(Secure::new("right", 1).imposter(imposter));
        let sim = SimDevice::vacuum().access_point(access_point).spawn().await.unwrap();
        let device = client.device(sim.addr(), sim.token());
        let told = device.provision_secure(&home(), &oob).await;
        match imposter {
            Imposter::No => {
                told.unwrap();
                let found = client.find_provisioned(&sim.did(), [sim.addr()], wait).await.unwrap();
                assert_eq!(found.token, None);
                assert_eq!(sim.report().executed("miIO.stop_diag_mode"), 1);
            }
            _ => {
                let error = told.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Untrusted);
                assert!(!error.is_retryable() && error.hint().is_some());
                assert_eq!(sim.report().executed("miIO.config_router_safe"), 0);
            }
        }
        assert_eq!(sim.report().violations.total(), 0);
    }
    // A device without the secure variant does not know it.
    let sim = SimDevice::vacuum().access_point(AccessPoint::new()).spawn().await.unwrap();
    let device = client.device(sim.addr(), sim.token());
    let error = device.provision_secure(&home(), &oob).await.unwrap_err();
    assert_eq!(error.device_error().and_then(|error| error.code), Some(-32601));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any text at any step ends in an error or goes on, and never panics.
    #[test]
    fn any_answer_at_any_step(steps in 0_usize..5, text in "\\PC{0,80}", pick in 0_usize..5) {
        let fixture = fixture();
        let case = &fixture["secure"][1];
        let mut handshake = handshake(case);
        for step in &case["exchanges"].as_array().unwrap()[..steps] {
            prop_assert!(handshake.handle(&step["result"].to_string()).is_ok());
        }
        prop_assert!(handshake.handle(&text).is_err());
        // The right answer to another step is none either.
        if pick != steps {
            let mut handshake = self::handshake(case);
            for step in &case["exchanges"].as_array().unwrap()[..steps] {
                prop_assert!(handshake.handle(&step["result"].to_string()).is_ok());
            }
            let wrong = case["exchanges"][pick]["result"].to_string();
            prop_assert!(handshake.handle(&wrong).is_err());
        }
    }

    /// What is sealed opens, and a changed bit anywhere does not.
    #[test]
    fn sealing_is_undone_by_opening(text in proptest::collection::vec(any::<u8>(), 0..80), bit in 0_usize..256) {
        let token = Token::new([4; 16]);
        let [a, b] = [3, 5].map(|byte| PrivateKey::new(Curve::P256, &[byte; 32]).unwrap());
        let key = a.agree(&b.public(), &token).unwrap();
        let sealed = key.encrypt(&[1; 16], &text);
        prop_assert_eq!(sealed.len(), (text.len() / 16 + 1) * 16);
        prop_assert_eq!(key.decrypt(&[1; 16], &sealed).unwrap().to_vec(), text);
        let mut sign = key.sign(&[&sealed]);
        prop_assert!(key.verify(&[&sealed], &sign).is_ok());
        sign[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(key.verify(&[&sealed], &sign).is_err());
    }
}

#[test]
fn the_first_request_needs_no_key() {
    let request: Request = handshake(&fixture()["secure"][0]).request();
    assert_eq!(params(request), r#"{"type":1}"#);
}
