//! Nothing that can be printed prints a secret: every public type and error is formatted here while it holds one.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use iot_home_core::SeededRandom;
use iot_home_leaks::Printed;
use iot_home_mqtt::platform::Way;
use iot_home_mqtt::{Connect, Credentials, Platform};
use iot_home_tencent::login::{Certificate, Keyed};
use iot_home_tencent::{
    CertificateDevice, ConnId, Device, DeviceName, Expiry, Presented, ProductId, Psk, Refusal,
    Region, SdkAppId, SignMethod, Tencent,
};

use crate::mistakes::{PSK, example};

const NOW: Duration = Duration::from_secs(1_600_000_000);

/// The text of the key, the bytes it stands for in hexadecimal, and all that is signed with it here.
fn secrets() -> Vec<String> {
    let mut secrets = vec![PSK.to_owned(), "ed698503f304b3e172fb7d90c095ad63".into()];
    for method in [SignMethod::HmacSha256, SignMethod::HmacSha1] {
        let login = example().tls().sign_method(method).sign(NOW, &mut SeededRandom::new(1));
        secrets.push(login.password.unwrap().expose().split(';').next().unwrap().to_owned());
        secrets.push(example().bind_proof(method, 1, NOW).signature.expose().clone());
    }
    secrets
}

/// Whether a text has a part of the secret in it: as characters, in hexadecimal, or as a list of numbers.
fn shows(text: &str, secret: &str) -> bool {
    let lower = text.to_lowercase();
    let dense: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let raw = secret.to_lowercase();
    let lists = |bytes: &[u8]| {
        bytes.windows(4).any(|part| {
            let list: Vec<_> = part.iter().map(u8::to_string).collect();
            dense.contains(&list.join(","))
        })
    };
    let pairs = secret.as_bytes().chunks(2);
    let digits: Option<Vec<u8>> =
        pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
    (0..raw.len().saturating_sub(7)).any(|at| lower.contains(&raw[at..at + 8]))
        || lists(secret.as_bytes())
        || digits.is_some_and(|digits| lists(&digits))
}

#[test]
fn the_search_finds_what_it_should() {
    for shown in [format!("x{PSK}"), PSK[4..14].to_uppercase(), format!("{:#?}", PSK.as_bytes())] {
        assert!(shows(&shown, PSK), "{shown}");
    }
    assert!(shows("[237, 105, 133, 3]", "ed698503f304b3e1"));
    assert!(!shows("Psk(<redacted>) YOURPROD01", PSK));
}

#[test]
fn nothing_shows_a_secret() {
    let mut printed = Printed::default();
    let device = example();
    printed.value(&device);
    printed.value(device.product_id());
    printed.value(device.device_name());
    printed.value(&PSK.parse::<Psk>().unwrap());
    printed.value(&"Ab1Cd".parse::<ConnId>().unwrap());
    printed.value(&SdkAppId::C);
    printed.value(&SignMethod::HmacSha1);
    printed.value(&Expiry::Never);
    printed.value(&Region::UsEast);
    printed.value(&Tencent);
    printed.value(&device.bind_proof(SignMethod::HmacSha1, 1, NOW));
    let certificate = CertificateDevice::new("YOURPROD01", "lamp1").unwrap();
    printed.value(&certificate);
    printed.value(&certificate.tls());
    printed.value(&device.tls());
    // Their insides are printed with them.
    let auths = [type_name::<Keyed>(), type_name::<Certificate>()];
    printed.with_others(auths.map(|name| name.rsplit("::").next().unwrap()));

    let mut random = SeededRandom::new(1);
    let mut logins = vec![certificate.tls().sign(NOW, &mut random)];
    for method in [SignMethod::HmacSha256, SignMethod::HmacSha1] {
        logins.push(device.tls().sign_method(method).sign(NOW, &mut SeededRandom::new(1)));
    }
    let other = Device::new("YOURPROD01", "lamp1", "c3Vic3Vic3Vic3Vic3Vicw==").unwrap();
    for login in &logins {
        printed.value(login);
        printed.value(&Connect::from(login));
        let credentials = Credentials::from(login);
        printed.value(&credentials);
        let presented = Presented::new(credentials);
        printed.value(&presented);
        printed.value(&presented.kind());
        printed.value(&Tencent.recognize(&credentials, Way::default()));
        for refusal in
            [presented.verify(&other, NOW).err(), presented.verify(&device, Duration::MAX).err()]
        {
            refusal.iter().for_each(|refusal| printed.error(refusal));
        }
    }
    // A secret in the wrong place.
    let credentials = Credentials::new(PSK, PSK, PSK.as_bytes());
    for problem in Presented::new(credentials).problems(Way::default()) {
        printed.error(&problem);
    }
    for wrong in [format!("{PSK} "), PSK[1..].into()] {
        printed.error(&wrong.parse::<Psk>().unwrap_err());
        printed.error(&wrong.parse::<ProductId>().unwrap_err());
        printed.error(&wrong.parse::<DeviceName>().unwrap_err());
        printed.error(&format!("{wrong};").parse::<ConnId>().unwrap_err());
        printed.error(&wrong.parse::<Region>().unwrap_err());
        printed.error(&wrong.parse::<SignMethod>().unwrap_err());
    }
    printed.error(&Refusal::Signature);

    for (whose, text) in printed.texts() {
        for secret in secrets() {
            assert!(!shows(text, &secret), "{whose} shows a secret:\n{text}");
        }
    }
    let missing: Vec<_> =
        public_types().into_iter().filter(|name| !printed.types().contains(&**name)).collect();
    assert!(missing.is_empty(), "public types that were not printed: {missing:?}");
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
            if ["thing", "registration", "client"].iter().any(|other| name == *other) {
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
    assert!(names.len() >= 18, "{names:?}");
    names
}

/// A secret cannot be printed by mistake: it does not compile.
#[test]
fn a_psk_has_no_display() {
    trait Lacks<Marker> {
        fn check() {}
    }
    struct Display;
    impl<T> Lacks<()> for T {}
    impl<T: fmt::Display> Lacks<Display> for T {}
    // Had the type one, the compiler could not tell which `check` is meant.
    <Psk as Lacks<_>>::check();
}
