//! A signed login always verifies, and whoever changes a byte of it is found out.

use std::time::Duration;

use iot_home_aliyun::{Device, Login, Params, Presented, SignMethod, Timestamp};
use iot_home_mqtt::Credentials;
use iot_home_mqtt::platform::Way;
use proptest::prelude::*;
use proptest::sample::Index;

const NOW: Duration = Duration::from_millis(1_600_000_000_123);

fn device() -> impl Strategy<Value = Device> {
    ("[A-Za-z0-9]{1,20}", "[A-Za-z0-9_@.:-]{4,32}", "[!-~]{1,128}").prop_map(
        |(product_key, device_name, secret)| Device::new(product_key, device_name, secret).unwrap(),
    )
}

fn method() -> impl Strategy<Value = SignMethod> {
    prop::sample::select(vec![SignMethod::HmacSha256, SignMethod::HmacSha1, SignMethod::HmacMd5])
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        Just(Timestamp::None),
        Just(Timestamp::Millis),
        Just(Timestamp::Seconds),
        any::<u64>().prop_map(Timestamp::Fixed),
    ]
}

prop_compose! {
    fn login(ids: &'static str)(
        device in device(),
        tls in any::<bool>(),
        id in ids,
        method in method(),
        timestamp in timestamp(),
    ) -> (Device, Login, bool) {
        let login = if tls { device.tls() } else { device.tcp() };
        let login = login.client_id(id).unwrap().sign_method(method).timestamp(timestamp);
        (device, login, tls)
    }
}

/// The three fields as bytes.
type Fields = [Vec<u8>; 3];

fn verify(fields: &Fields, device: &Device, tls: bool) -> bool {
    let [Ok(client_id), Ok(username)] = [&fields[0], &fields[1]].map(|text| str::from_utf8(text))
    else {
        // A packet with such a text is none.
        return false;
    };
    let presented = Presented::new(Credentials::new(client_id, username, &fields[2]));
    let _ = presented.problems(Way::default());
    presented.verify(device, Way::default().tls(tls)).is_ok()
}

fn fields(login: &Login) -> Fields {
    let login = login.sign(NOW);
    let password = login.password.unwrap().expose().clone().into_bytes();
    [login.client_id.into_bytes(), login.username.unwrap().into_bytes(), password]
}

/// Whether a change means nothing: the case of a digit; a blank more between two ext params; and, where the
/// method is the one that a missing method stands for, that it is missing.
fn means_nothing(before: &Fields, after: &Fields) -> bool {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let params = |fields: &Fields| -> Vec<String> {
        let client_id = text(&fields[0]);
        let (id, params) = client_id.split_once('|').unwrap_or_default();
        let items = params.strip_suffix('|').unwrap_or("|").split(',').map(str::trim_ascii);
        let items = items.filter(|item| {
            // What is not known is not signed either.
            let name = item.split('=').next().unwrap_or_default();
            ["securemode", "signmethod", "timestamp", "authType"].contains(&name)
                || item.contains('|')
        });
        let items =
            items.filter(|item| !(*item == "signmethod=hmacmd5" || *item == "signmethod=hmacsha1"));
        items.map(ToOwned::to_owned).chain([id.to_owned()]).collect()
    };
    params(before) == params(after)
        && before[1] == after[1]
        && before[2].eq_ignore_ascii_case(&after[2])
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
    fn what_is_signed_verifies((device, login, tls) in login("[^|\\p{Cc}]{0,64}")) {
        let params = Params::new().auto_subscribe().ext(3).own("mid", "a=b").unwrap();
        for login in [login.clone(), login.params(params)] {
            let fields = fields(&login);
            prop_assert!(verify(&fields, &device, tls));
            prop_assert!(!verify(&fields, &device, !tls), "over the other transport");
            let upper = [fields[0].clone(), fields[1].clone(), fields[2].to_ascii_uppercase()];
            prop_assert!(verify(&upper, &device, tls));
        }
    }

    #[test]
    fn another_secret_does_not((device, login, tls) in login("[!-{}~]{0,64}"), secret in "[!-~]{1,128}") {
        let other = Device::new(device.product_key().clone(), device.device_name().clone(), secret).unwrap();
        let fields = fields(&login);
        let same = fields == self::fields(&if tls { other.tls() } else { other.tcp() });
        prop_assert!(same || !verify(&fields, &other, tls));
    }

    #[test]
    fn a_changed_byte_does_not(
        (device, login, tls) in login("[!-{}~]{0,64}"),
        (field, at, byte, how) in (any::<Index>(), any::<Index>(), 0_u8..=255, 0_u8..3),
    ) {
        let before = fields(&login);
        let mut after = before.clone();
        change(&mut after, field, at, byte, how);
        prop_assert!(
            before == after || means_nothing(&before, &after) || !verify(&after, &device, tls),
            "{:?}", after
        );
    }

    #[test]
    fn arbitrary_fields_are_read_without_a_panic(
        client_id in ".{0,80}",
        username in ".{0,80}",
        password in any::<Vec<u8>>(),
    ) {
        let device = Device::new("pk", "lamp", "secret").unwrap();
        for client_id in [client_id.clone(), format!("a|{client_id}|"), format!("|securemode=2,{client_id}")] {
            let credentials = Credentials::new(&client_id, &username, &password);
            let _ = Presented::recognize(credentials);
            let presented = Presented::new(credentials);
            let problems = presented.problems(Way::default());
            prop_assert!(problems.len() < 100);
            prop_assert!(presented.verify(&device, Way::default()).is_err());
        }
    }
}

/// Every byte of one login, against enough others to hit each that means something.
#[test]
fn no_byte_of_a_login_can_be_another() {
    let device =
        Device::new("a1X2bEnP82z", "example1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe").unwrap();
    let login = device.tcp().client_id("12345").unwrap().timestamp(Timestamp::Fixed(789));
    let before = fields(&login);
    let mut tried = 0;
    for field in 0..3 {
        for at in 0..before[field].len() {
            let byte = before[field][at];
            let flipped = (0..7).map(|bit| byte ^ (1 << bit));
            for other in flipped.chain(*b"|,=& 09azAZ\n\0").filter(|other| *other != byte) {
                let mut after = before.clone();
                after[field][at] = other;
                let same_digit = field == 2 && other.eq_ignore_ascii_case(&byte);
                assert_eq!(
                    verify(&after, &device, false),
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

/// What is not signed may change, and is no part of the proof.
#[test]
fn unsigned_params_may_change() {
    let device = Device::new("pk", "lamp", "secret").unwrap();
    let login = device.tcp().params(Params::new().auto_subscribe().ext(1));
    let mut fields = fields(&login);
    let text = String::from_utf8(fields[0].clone()).unwrap();
    fields[0] = text.replace("ext=1", "ext=3").replace("_ss=1", "_ss=0").into_bytes();
    assert!(verify(&fields, &device, false));
}
