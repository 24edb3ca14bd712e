//! Nothing that can be printed prints a secret: every public type and error is formatted here while it holds one.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use iot_home_aliyun::login::{Certificate, Signed, Token};
use iot_home_aliyun::{
    Aliyun, CertificateDevice, ClientId, Device, DeviceName, DeviceSecret, DeviceToken, Endpoint,
    Kind, Login, Params, Presented, Problem, ProductSecret, Refusal, Region, SignMethod, Timestamp,
    TokenDevice,
};
use iot_home_leaks::Printed;
use iot_home_mqtt::platform::Way;
use iot_home_mqtt::{Connect, Credentials, Platform};

/// The three secrets that are put in, and what is signed with the first.
const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const TOKEN: &str = "tok-Swordfish-7319";
const PRODUCT_SECRET: &str = "PsWqkS1hGbGgdqkX";
const NOW: Duration = Duration::from_secs(1_600_000_000);

fn passwords() -> Vec<String> {
    let device = Device::new("a1X2bEnP82z", "example1", SECRET).unwrap();
    let mut passwords = vec![SECRET.to_owned(), TOKEN.into(), PRODUCT_SECRET.into()];
    for method in [SignMethod::HmacSha256, SignMethod::HmacSha1, SignMethod::HmacMd5] {
        let signed = device.tls().sign_method(method).sign(NOW);
        passwords.push(signed.password.unwrap().expose().clone());
        let sub = device.sub_device().sign_method(method).sign(NOW);
        passwords.push(sub.sign.expose().clone());
    }
    passwords.push(device.tls_psk(1).key.to_hex());
    passwords
}

/// Whether a text has a part of the secret in it: as characters, in hexadecimal, or as a list of numbers.
fn shows(text: &str, secret: &str) -> bool {
    let lower = text.to_lowercase();
    let dense: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes: Vec<u8> = secret.bytes().collect();
    let raw = secret.to_lowercase();
    (0..raw.len().saturating_sub(7)).any(|at| lower.contains(&raw[at..at + 8]))
        || bytes.windows(4).any(|part| {
            let list: Vec<_> = part.iter().map(u8::to_string).collect();
            let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
            dense.contains(&list.join(",")) || dense.contains(&hex)
        })
        || digest(secret).is_some_and(|bytes| {
            bytes.windows(4).any(|part| {
                let list: Vec<_> = part.iter().map(u8::to_string).collect();
                dense.contains(&list.join(","))
            })
        })
}

/// The bytes that hexadecimal digits stand for.
fn digest(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[test]
fn the_search_finds_what_it_should() {
    let bytes = SECRET.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    for shown in [
        format!("x{SECRET}"),
        SECRET[4..14].to_uppercase(),
        format!("{bytes:?}"),
        format!("{bytes:#?}"),
        hex,
    ] {
        assert!(shows(&shown, SECRET), "{shown}");
    }
    assert!(shows(&format!("{:?}", digest("00b08562d7f3b23c").unwrap()), "00b08562d7f3b23c"));
    assert!(!shows("DeviceSecret(<redacted>) a1X2bEnP82z", SECRET));
}

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Printed::default();
    let device = Device::new("a1X2bEnP82z", "example1", SECRET).unwrap();
    printed.value(&device);
    printed.value(device.product_key());
    printed.value(device.device_name());
    printed.value(&DeviceSecret::try_from(SECRET).unwrap());
    printed.value(&DeviceToken::try_from(TOKEN).unwrap());
    let product_secret = ProductSecret::try_from(PRODUCT_SECRET).unwrap();
    printed.value(&product_secret);
    printed.value(&SignMethod::HmacSha1);
    printed.value(&Timestamp::Millis);
    printed.value(&Params::new().auto_subscribe());
    printed.value(&Endpoint::Public(Region::CN_SHANGHAI));
    printed.value(&Region::CN_SHANGHAI);
    printed.value(&"iot-1".parse::<iot_home_aliyun::InstanceId>().unwrap());
    printed.value(&"x".parse::<ClientId>().unwrap());
    printed.value(&Aliyun);

    let token = TokenDevice::new("a1X2bEnP82z", "example1", "id", TOKEN).unwrap();
    let certificate = CertificateDevice::new("a1X2bEnP82z", "example1").unwrap();
    printed.value(&token);
    printed.value(&certificate);
    printed.value(&certificate.tls());
    printed.value(&token.tls());
    printed.value(&device.tls().timestamp(Timestamp::Millis));
    // Their insides are printed with them.
    let auths = [type_name::<Signed>(), type_name::<Certificate>(), type_name::<Token>()];
    printed.with_others(auths.map(|name| name.rsplit("::").next().unwrap()));
    printed.value(&device.sub_device());
    printed.value(&device.sub_device().sign(NOW));
    printed.value(&device.tls_psk(1));

    let mut logins = vec![token.tls().sign(), certificate.tls().sign()];
    for method in [SignMethod::HmacSha256, SignMethod::HmacSha1, SignMethod::HmacMd5] {
        logins.push(device.tls().sign_method(method).sign(NOW));
    }
    for login in &logins {
        printed.value(login);
        printed.value(&Connect::from(login));
        let credentials = Credentials::from(login);
        printed.value(&credentials);
        let presented = Presented::new(credentials);
        printed.value(&presented);
        printed.value(&presented.kind());
        printed.value(&Aliyun.recognize(&credentials, Way::default().tls(false)));
        for refusal in [
            presented.verify(&device, Way::default().tls(false)).err(),
            presented
                .verify(&Device::new("a1X2bEnP82z", "example1", TOKEN).unwrap(), Way::default())
                .err(),
            presented.verify_registration(&product_secret, Way::default()).err(),
            presented
                .verify_token(
                    &TokenDevice::new("a1X2bEnP82z", "example1", "id", SECRET).unwrap(),
                    Way::default(),
                )
                .err(),
        ] {
            refusal.iter().for_each(|refusal| printed.error(refusal));
        }
        for problem in presented.problems(Way::default().tls(false)) {
            printed.error(&problem);
        }
    }
    // A secret in the wrong place.
    let credentials = Credentials::new(SECRET, TOKEN, PRODUCT_SECRET.as_bytes());
    for problem in Presented::new(credentials).problems(Way::default()) {
        printed.error(&problem);
    }
    let wrong = format!("{SECRET} ");
    printed.error(&DeviceSecret::try_from(wrong.as_str()).unwrap_err());
    printed.error(&ProductSecret::try_from(wrong.as_str()).unwrap_err());
    printed.error(&DeviceToken::try_from(wrong.as_str()).unwrap_err());
    printed.error(&Device::new(SECRET, "example1", SECRET).unwrap_err());
    printed.error(&wrong.parse::<DeviceName>().unwrap_err());
    printed.error(&format!("{SECRET}|").parse::<ClientId>().unwrap_err());
    printed.error(&SECRET.parse::<Region>().unwrap_err());
    printed.error(&Params::new().own("k", &wrong).unwrap_err());
    printed.error(&Refusal::Signature);
    printed.error(&Problem::NoParams);
    printed.value(&Kind::DeviceSecret);

    for (whose, text) in printed.texts() {
        for secret in passwords() {
            assert!(!shows(text, &secret), "{whose} shows a secret:\n{text}");
        }
    }
    let missing: Vec<_> =
        public_types().into_iter().filter(|name| !printed.types().contains(&**name)).collect();
    assert!(missing.is_empty(), "public types that were not printed: {missing:?}");
    let _: Login = device.tls();
}

/// The names of the public types, as the source has them.
fn public_types() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Behind features, and printed by tests of their own.
            let name = path.file_stem().unwrap_or_default();
            if ["thing", "registration", "registering", "client"].iter().any(|other| name == *other)
            {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                let item = line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum "));
                // Those that a macro makes stand alone on a line of its call.
                let made = line.strip_prefix("    ").filter(|_| text.contains("checked_"));
                let made = made.and_then(|line| line.strip_suffix(','));
                let made = made.filter(|name| name.starts_with(char::is_uppercase));
                names.extend(
                    made.filter(|name| name.chars().all(char::is_alphanumeric)).map(String::from),
                );
                if let Some(item) = item {
                    let end = item.find(|c: char| !c.is_alphanumeric()).unwrap_or(item.len());
                    names.insert(item[..end].to_owned());
                }
            }
        }
    }
    assert!(names.len() >= 25, "{names:?}");
    names
}

/// A secret cannot be printed by mistake: it does not compile.
#[test]
fn secrets_have_no_display() {
    trait Lacks<Marker> {
        fn check() {}
    }
    struct Display;
    impl<T> Lacks<()> for T {}
    impl<T: fmt::Display> Lacks<Display> for T {}
    // Had a type one, the compiler could not tell which `check` is meant.
    <DeviceSecret as Lacks<_>>::check();
    <ProductSecret as Lacks<_>>::check();
    <DeviceToken as Lacks<_>>::check();
    <iot_home_mqtt::mac::Tag as Lacks<_>>::check();
}
