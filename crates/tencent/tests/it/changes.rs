//! A signed login always verifies, and whoever changes a byte of it is found out.

use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_mqtt::Credentials;
use iot_home_mqtt::platform::Way;
use iot_home_tencent::{Device, Expiry, Login, Presented, SdkAppId, SignMethod};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::mistakes::example;

const NOW: Duration = Duration::from_secs(1_600_000_000);

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize % 64];
            text.push(if at > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

fn expiry() -> impl Strategy<Value = Expiry> {
    prop_oneof![
        (0_u64..1_000_000).prop_map(|seconds| Expiry::After(Duration::from_secs(seconds))),
        (NOW.as_secs()..=u64::MAX).prop_map(Expiry::At),
        Just(Expiry::Never),
    ]
}

prop_compose! {
    fn login()(
        product_id in "[A-Z0-9]{10}",
        device_name in "[A-Za-z0-9_:-]{1,48}",
        psk in prop::collection::vec(any::<u8>(), 1..64),
        method in prop::sample::select(vec![SignMethod::HmacSha256, SignMethod::HmacSha1]),
        conn_id in prop::option::of("[!-:<-~]{1,32}"),
        app_id in any::<u64>(),
        expiry in expiry(),
    ) -> (Device, Login) {
        let device = Device::new(product_id.as_str(), device_name.as_str(), base64(&psk)).unwrap();
        let login = device.tcp().sign_method(method).expiry(expiry).sdk_app_id(SdkAppId::new(app_id));
        let login = match conn_id {
            Some(conn_id) => login.conn_id(conn_id).unwrap(),
            None => login,
        };
        (device, login)
    }
}

/// The three fields as bytes.
type Fields = [Vec<u8>; 3];

fn fields(login: &Login, seed: u64) -> Fields {
    let login = login.sign(NOW, &mut SeededRandom::new(seed));
    let password = login.password.unwrap().expose().clone().into_bytes();
    [login.client_id.into_bytes(), login.username.unwrap().into_bytes(), password]
}

fn verify(fields: &Fields, device: &Device) -> bool {
    let [Ok(client_id), Ok(username)] = [&fields[0], &fields[1]].map(|text| str::from_utf8(text))
    else {
        // A packet with such a text is none.
        return false;
    };
    let presented = Presented::new(Credentials::new(client_id, username, &fields[2]));
    let _ = presented.problems(Way::default());
    presented.verify(device, NOW).is_ok()
}

/// Only the case of a digit means nothing.
fn means_nothing(before: &Fields, after: &Fields) -> bool {
    let digits = |fields: &Fields| {
        let at = fields[2].iter().position(|byte| *byte == b';').unwrap_or(0);
        (fields[2][..at].to_ascii_lowercase(), fields[2][at..].to_vec())
    };
    before[0] == after[0] && before[1] == after[1] && digits(before) == digits(after)
}

/// Replaces, removes or inserts a byte.
fn change(fields: &mut Fields, field: Index, at: Index, byte: u8, how: u8) {
    let field = field.get_mut(fields.as_mut_slice());
    match how {
        0 if !field.is_empty() => *at.get_mut(field.as_mut_slice()) = byte,
        1 if !field.is_empty() => {
            field.remove(at.index(field.len()));
        }
        _ => field.insert(at.index(field.len() + 1), byte),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_signed_verifies((device, login) in login(), seed in any::<u64>()) {
        let fields = fields(&login, seed);
        prop_assert!(verify(&fields, &device));
    }

    #[test]
    fn another_key_does_not((device, login) in login(), psk in prop::collection::vec(any::<u8>(), 1..64)) {
        let other = Device::new(device.product_id().clone(), device.device_name().clone(), base64(&psk)).unwrap();
        let ours = fields(&login, 1);
        prop_assert!(verify(&ours, &device) && !verify(&ours, &other));
    }

    #[test]
    fn a_changed_byte_does_not(
        (device, login) in login(),
        (field, at, byte, how) in (any::<Index>(), any::<Index>(), any::<u8>(), 0_u8..3),
    ) {
        let before = fields(&login, 1);
        let mut after = before.clone();
        change(&mut after, field, at, byte, how);
        prop_assert!(means_nothing(&before, &after) || !verify(&after, &device), "{:?}", after);
    }

    #[test]
    fn arbitrary_fields_are_read_without_a_panic(
        client_id in ".{0,80}",
        username in ".{0,80}",
        password in any::<Vec<u8>>(),
    ) {
        for (client_id, username) in [
            (client_id.clone(), username.clone()),
            (format!("YOURPROD01{client_id}"), format!("YOURPROD01{client_id};1;{username}")),
            ("YOURPROD01lamp1".into(), format!("YOURPROD01lamp1;1;{client_id};{username}")),
        ] {
            for password in [password.clone(), [&password[..], b";hmacsha1"].concat()] {
                let credentials = Credentials::new(&client_id, &username, &password);
                let _ = Presented::recognize(credentials);
                let presented = Presented::new(credentials);
                prop_assert!(presented.problems(Way::default()).len() < 20);
                prop_assert!(presented.verify(&example(), NOW).is_err());
            }
        }
    }
}

/// Every byte of one login, against enough others to hit each that means something.
#[test]
fn no_byte_of_a_login_can_be_another() {
    let device = example();
    let before = fields(&device.tls().conn_id("Ab1Cd").unwrap(), 1);
    let end = before[2].len() - ";hmacsha256".len();
    let mut tried = 0;
    for field in 0..3 {
        for at in 0..before[field].len() {
            let byte = before[field][at];
            let flipped = (0..7).map(|bit| byte ^ (1 << bit));
            for other in flipped.chain(*b"|;=& 09azAZ\n\0").filter(|other| *other != byte) {
                let mut after = before.clone();
                after[field][at] = other;
                let same_digit = field == 2 && at < end && other.eq_ignore_ascii_case(&byte);
                assert_eq!(
                    verify(&after, &device),
                    same_digit,
                    "{:?}",
                    after.map(String::from_utf8)
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 2000, "{tried}");
}
