//! Whatever devices answer to provisioning and updates: read without a panic, and no step of the handshake is passed by chance.
#![no_main]

use iot_home_core::{Secret, SeededRandom};
use iot_home_miio::Token;
use iot_home_miio::ota::{OtaState, Tracker, progress};
use iot_home_miio::provisioning::secure::{Curve, Handshake, Oob, PrivateKey, Progress};
use iot_home_miio::provisioning::{Acknowledgement, Association, Network};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    ssid: &'a str,
    password: &'a str,
    uid: u64,
    plain: bool,
    curve: bool,
    /// How many exchanges go well before these come.
    steps: u8,
    answers: Vec<&'a str>,
}

const OFFER: [&str; 2] = [
    r#"{"type":1,"ecdh":{"sign_suites":[1],"curve_suites":[3]},"oob":{"modes":[3]}}"#,
    r#"{"type":1,"ecdh":{"sign_suites":[1],"curve_suites":[4]},"oob":{"modes":[3]}}"#,
];

fuzz_target!(|input: Input<'_>| {
    let network = Network::new(input.ssid, Secret::new(input.password.to_owned()));
    let network = network.uid(input.uid).plain_characters(input.plain);
    if network.request().is_ok() {
        assert!((1..=32).contains(&input.ssid.len()) && input.password.len() <= 64);
        let forbidden = [';', '\\', '/', '#', '\'', '"'];
        let holds = input.ssid.contains(forbidden) || input.password.contains(forbidden);
        assert!(!input.plain || !holds);
    }
    let mut tracker = Tracker::new();
    for answer in &input.answers {
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(answer) {
            let _ = Acknowledgement::read(&value);
            let association = Association::from_value(&value);
            assert!(!association.is_online() || association.failure().is_none());
            assert!(progress(&value).is_none_or(|percent| percent <= 100));
            if let Some(state) = OtaState::read(&value) {
                let _ = tracker.state(&state);
            }
        }
    }

    let token = Token::new([7; 16]);
    let oob = Oob::code(Secret::new(String::from("0123456789abcdef")));
    let mut handshake = Handshake::new(&token, oob, &mut SeededRandom::new(1)).expect("a key");
    if input.steps > 0 {
        let offer = OFFER[usize::from(input.curve)];
        assert!(matches!(handshake.handle(offer), Ok(Progress::Send)));
    }
    for answer in &input.answers {
        let _ = handshake.request();
        match handshake.handle(answer) {
            Ok(Progress::Done(_)) => panic!("nobody knows the code"),
            Ok(_) => {}
            Err(_) => break,
        }
    }

    // Any bytes as a public key, and any bytes sealed with what comes of it.
    let curve = if input.curve { Curve::P384 } else { Curve::P256 };
    let own = PrivateKey::new(curve, &vec![3_u8; curve.size()]).expect("a key");
    for answer in &input.answers {
        let bytes = answer.as_bytes();
        let _ = own.agree(bytes, &token);
        let mut point = own.public();
        point.iter_mut().zip(bytes).for_each(|(to, from)| *to ^= from);
        let _ = own.agree(&point, &token);
        let key = own.agree(&own.public(), &token).expect("a point");
        let sealed = key.encrypt(&[1; 16], bytes);
        assert_eq!(key.decrypt(&[1; 16], &sealed).as_deref().map(Vec::as_slice), Some(bytes));
        let _ = key.decrypt(&[1; 16], bytes);
        assert!(key.verify(&[bytes], bytes).is_err());
    }
});
