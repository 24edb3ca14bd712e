//! Provisioning, plain: the settings and answers of the fixture, a simulated device in virtual time, and the client over loopback.

use std::path::Path;
use std::time::Duration;

use iot_home_core::Secret;
use iot_home_miio::client::ErrorKind;
use iot_home_miio::provisioning::{
    Acknowledgement, Association, JoinFailure, Network, NetworkError, Setting, stop_diag_mode,
};
use iot_home_miio::{Client, Failure, Request, RequestError, Responder, Token};
use iot_home_sim::miio::{AccessPoint, Acknowledges, SimDevice};
use iot_home_sim::{Faults, VirtualLink};
use proptest::prelude::*;
use serde_json::{Number, Value, json};
use tokio::net::UdpSocket;

pub(crate) fn fixture() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/miio/provisioning.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The settings that a case of the fixture describes.
pub(crate) fn network(settings: &Value) -> Network {
    let text = |key: &str| settings[key].as_str().unwrap_or_default().to_owned();
    let mut network = Network::new(text("ssid"), Secret::new(text("passwd")));
    for (key, value) in settings.as_object().unwrap() {
        network = match key.as_str() {
            "ssid" | "passwd" => network,
            "uid" => network.uid(value.as_u64().unwrap()),
            "bind_key" => network.bind_key(Secret::new(text(key))),
            "config_type" => network.config_type(text(key)),
            "country_domain" => network.country_domain(text(key)),
            "cc" => network.cc(text(key)),
            "wifi_config" => network.wifi_config_cc(value["cc"].as_str().unwrap()),
            "gmt_offset" => network.gmt_offset(value.as_number().unwrap().clone()),
            "tz" => network.tz(text(key)),
            other => panic!("what is {other}?"),
        };
    }
    network
}

/// The exact text of a request's params, as a device gets it.
pub(crate) fn params(request: Request) -> String {
    let mut link = VirtualLink::new(SimDevice::light().build().unwrap());
    let token = link.device().token().clone();
    let mut session = iot_home_miio::Session::new(
        &token,
        iot_home_miio::session::Config::default(),
        &mut iot_home_core::SeededRandom::new(3),
    );
    // The device has to be known before anything is sent.
    session.introduce(link.now(), 1, 1);
    session.request(link.now(), request);
    let (mut buffer, mut texts) = (Vec::new(), Vec::new());
    let cipher = iot_home_miio::Cipher::new(&token);
    while let Some(datagram) = session.poll_transmit(link.now(), &mut buffer) {
        let mut datagram = datagram.to_vec();
        if let Ok(text) = cipher.open(&mut datagram) {
            texts.push(String::from_utf8(text.to_vec()).unwrap());
        }
    }
    link.idle(Duration::ZERO);
    let text = texts.first().expect("it is sent at once");
    let start = text.find("\"params\":").unwrap() + 9;
    text[start..text.len() - 1].to_owned()
}

fn home() -> Network {
    Network::new("home", Secret::new(String::from("correct horse")))
}

#[test]
fn the_settings_are_sent_byte_by_byte_as_the_fixture_has_them() {
    let fixture = fixture();
    let cases = fixture["plain"].as_array().unwrap();
    assert!(cases.len() >= 5);
    for case in cases {
        let request = network(&case["settings"]).request().unwrap();
        assert_eq!(request.method(), case["method"]);
        assert!(!request.is_idempotent(), "a device takes it once");
        assert_eq!(params(request), case["params"].as_str().unwrap());
    }
    assert_eq!(stop_diag_mode().method(), fixture["stop"]["method"]);
    assert_eq!(params(stop_diag_mode()), fixture["stop"]["params"].as_str().unwrap());
    let switch = home().uid(5).switch_request().unwrap();
    assert_eq!(switch.method(), "miIO.switch_wifi_ssid");
    let expected = r#"{"ssid":"home","pwd":"correct horse","hidden":0,"wifi_explorer":1}"#;
    assert_eq!(params(switch), expected);
}

#[test]
fn every_form_of_acknowledgement() {
    let fixture = fixture();
    let mut seen = 0;
    for case in fixture["acknowledgements"].as_array().unwrap() {
        for result in case["results"].as_array().unwrap() {
            let means = match Acknowledgement::read(result) {
                Acknowledgement::Ok => "ok",
                Acknowledgement::Refused { .. } => "refused",
                _ => "unknown",
            };
            assert_eq!(means, case["means"], "{result}");
            seen += 1;
        }
    }
    assert!(seen > 25);
}

#[test]
fn every_form_of_association() {
    for case in fixture()["associations"].as_array().unwrap() {
        let failure = Association::from_value(&case["result"]).failure().map(|it| match it {
            JoinFailure::Password => "password",
            JoinFailure::Unreachable => "unreachable",
            JoinFailure::Address => "address",
            _ => "another",
        });
        assert_eq!(failure, case["failure"].as_str(), "{}", case["result"]);
    }
}

#[test]
fn what_no_wifi_or_no_firmware_takes_is_not_sent() {
    let password = |text: &str| Network::new("home", Secret::new(text.to_owned())).request();
    let ssid = |text: &str| Network::new(text, Secret::new(String::new())).request();
    assert_eq!(ssid("").unwrap_err(), NetworkError::SsidLength { length: 0 });
    // Bytes are counted, not characters.
    assert_eq!(ssid(&"家".repeat(11)).unwrap_err(), NetworkError::SsidLength { length: 33 });
    assert!(ssid(&"家".repeat(10)).is_ok() && ssid(&"x".repeat(32)).is_ok());
    for wrong in ["1234567", &"x".repeat(64), &"f".repeat(65)] {
        assert_eq!(password(wrong).unwrap_err(), NetworkError::PasswordLength);
    }
    for right in ["", "12345678", &"x".repeat(63), &"aF".repeat(32)] {
        assert!(password(right).is_ok());
    }
    let control = |setting| NetworkError::Control { setting };
    assert_eq!(ssid("ho\nme").unwrap_err(), control(Setting::Ssid));
    assert_eq!(password("12345678\r").unwrap_err(), control(Setting::Password));
    for character in [';', '\\', '/', '#', '\'', '"'] {
        let text = format!("1234{character}5678");
        let network = Network::new("home", Secret::new(text.clone()));
        assert!(network.request().is_ok(), "other firmware takes it");
        let careful = network.clone().for_model("roborock.vacuum.a38");
        assert!(network.for_model("zhimi.fan.za1").request().is_ok());
        let forbidden = |setting| NetworkError::Forbidden { setting };
        assert_eq!(careful.request().unwrap_err(), forbidden(Setting::Password));
        assert_eq!(careful.switch_request().unwrap_err(), forbidden(Setting::Password));
        let network = Network::new(text, Secret::new(String::new())).plain_characters(true);
        assert_eq!(network.request().unwrap_err(), forbidden(Setting::Ssid));
    }
    let long = home().tz("x".repeat(70_000)).request().unwrap_err();
    assert!(matches!(long, NetworkError::Request(RequestError::TooLong { .. })));
}

fn link(access_point: AccessPoint) -> VirtualLink {
    // Devices remember ids: what is repeated after it was carried out is not refused, but ignored.
    let device =
        SimDevice::vacuum().access_point(access_point).faults(Faults::seed(1).id_memory(32));
    VirtualLink::new(device.build().unwrap())
}

#[test]
fn a_device_joins_whatever_it_acknowledges_by() {
    use Acknowledges::{Array, Capitals, Code, Text, Zero, ZeroInArray};
    for form in [Array, Text, Capitals, Zero, ZeroInArray, Code] {
        let mut link = link(AccessPoint::new().acknowledges(form));
        let reply = link.call(home().request().unwrap()).0.unwrap();
        assert_eq!(Acknowledgement::read(&reply.value().unwrap()), Acknowledgement::Ok);
        let stopped = link.call(stop_diag_mode()).0;
        assert!(stopped.is_ok(), "it hears that it is all");
        link.idle(Duration::from_secs(3));
        // The token stays, and is hidden now.
        let reply = link.call(Request::new("miIO.wifi_assoc_state", ()).unwrap()).0.unwrap();
        assert!(Association::from_value(&reply.value().unwrap()).is_online());
        let report = link.device().report();
        assert_eq!(report.executed("miIO.config_router"), 1);
        assert_eq!((report.violations.total(), report.refusals.total()), (0, 0));
    }
}

#[test]
fn a_lost_acknowledgement_is_a_maybe_and_the_device_has_joined() {
    let mut link = link(AccessPoint::new().acknowledges(Acknowledges::Never));
    let (lost, took) = link.call(home().request().unwrap());
    assert!(matches!(lost, Err(Failure::MaybeExecuted { .. })), "{lost:?}");
    assert!(took <= Duration::from_secs(5));
    let reply = link.call(Request::new("miIO.wifi_assoc_state", ()).unwrap()).0.unwrap();
    assert!(Association::from_value(&reply.value().unwrap()).is_online());
    assert_eq!(link.device().report().executed("miIO.config_router"), 1);
}

#[test]
fn a_wrong_password_brings_the_device_back_as_it_was() {
    let mut link = link(AccessPoint::new().network("home", "another one"));
    link.call(home().request().unwrap()).0.unwrap();
    link.idle(Duration::from_secs(3));
    let reply = link.call(Request::new("miIO.wifi_assoc_state", ()).unwrap()).0.unwrap();
    let association = Association::from_value(&reply.value().unwrap());
    assert_eq!(association.failure(), Some(JoinFailure::Password));
    // It takes another try.
    let network = Network::new("home", Secret::new(String::from("another one")));
    link.call(network.request().unwrap()).0.unwrap();
    link.idle(Duration::from_secs(3));
    let again = link.call(network.request().unwrap()).0.unwrap_err();
    assert!(matches!(again, Failure::Device(error) if error.code == Some(-30015)));
}

async fn spawn(access_point: AccessPoint) -> (SimDevice, Client) {
    let access_point = access_point.away_for(Duration::from_millis(200));
    let sim = SimDevice::vacuum().access_point(access_point).faults(Faults::seed(1).id_memory(32));
    let sim = sim.spawn().await.unwrap();
    let client = Client::builder().timeout(Duration::from_millis(1200)).bind().await.unwrap();
    (sim, client)
}

#[tokio::test]
async fn the_client_finds_tells_and_finds_again() {
    let (sim, client) = spawn(AccessPoint::new()).await;
    let provisioned = SimDevice::light().spawn().await.unwrap();
    let wait = Duration::from_secs(5);
    let found = client.find_access_point([provisioned.addr(), sim.addr()], wait).await.unwrap();
    assert_eq!((found.addr, &found.did), (sim.addr(), &sim.did()));
    let device = client.device(found.addr, found.token.unwrap());
    device.provision(&home()).await.unwrap();
    let again = client.find_provisioned(&sim.did(), [sim.addr()], wait).await.unwrap();
    assert_eq!((again.addr, again.token), (sim.addr(), None));
    assert!(device.association().await.unwrap().is_online(), "by the same token");
    let report = sim.report();
    assert_eq!(report.executed("miIO.config_router"), 1);
    assert_eq!(report.executed("miIO.stop_diag_mode"), 1);
    assert_eq!((report.violations.total(), report.refusals.total()), (0, 0));
    let error = device.provision(&home()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
    assert!(error.hint().unwrap().contains("reset"), "{error:?}");
}

#[tokio::test]
async fn what_is_not_found_is_said_to_be_so() {
    let (sim, client) = spawn(AccessPoint::new().network("another", "one")).await;
    let provisioned = SimDevice::light().spawn().await.unwrap();
    let wait = Duration::from_millis(400);
    let none = client.find_access_point([provisioned.addr()], wait).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NoHello);
    assert!(none.hint().unwrap().contains("_miap"), "{none}");
    let none = client.find_provisioned(&sim.did(), [provisioned.addr()], wait).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NoHello);
    assert!(none.to_string().contains(&sim.did().to_string()), "{none}");

    let device = client.device(sim.addr(), sim.token());
    device.provision(&home()).await.unwrap();
    // It comes back as an access point, and says why.
    let wait = Duration::from_secs(1);
    let found = client.find_provisioned(&sim.did(), [sim.addr()], wait).await.unwrap();
    assert!(found.token.is_some());
    assert_eq!(device.association().await.unwrap().failure(), Some(JoinFailure::Unreachable));
}

#[tokio::test]
async fn a_lost_acknowledgement_is_said_to_be_lost() {
    let (sim, client) = spawn(AccessPoint::new().acknowledges(Acknowledges::Never)).await;
    let device = client.device(sim.addr(), sim.token());
    let lost = device.provision(&home()).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::MaybeExecuted);
    assert!(lost.is_timeout() && !lost.is_retryable());
    assert!(lost.hint().unwrap().contains("look for it"), "{lost:?}");
    let wait = Duration::from_secs(5);
    let found = client.find_provisioned(&sim.did(), [sim.addr()], wait).await.unwrap();
    assert_eq!(found.token, None);
}

#[tokio::test]
async fn what_is_neither_yes_nor_no_and_what_repeats_the_password() {
    for (answer, kind) in [
        ("\"result\":[\"what\"]", ErrorKind::MaybeExecuted),
        ("\"result\":[-7]", ErrorKind::Device),
        ("\"error\":{\"code\":-5001,\"message\":\"no correct horse here\"}", ErrorKind::Device),
    ] {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let token = Token::new([7; 16]);
        let mut device = Responder::new(5, token.clone());
        let task = tokio::spawn(async move {
            let mut buffer = vec![0; 2048];
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                use iot_home_miio::responder::Incoming;
                let reply = match device.receive(9, &mut buffer[..length]) {
                    Ok(Incoming::Hello { .. }) => device.hello_reply(9).to_vec(),
                    Ok(Incoming::Request(request)) => {
                        let text = format!("{{\"id\":{},{answer}}}", request.id);
                        device.seal(9, text.as_bytes()).unwrap()
                    }
                    _ => continue,
                };
                socket.send_to(&reply, from).await.unwrap();
            }
        });
        let client = Client::builder().timeout(Duration::from_secs(2)).bind().await.unwrap();
        let error = client.device(addr, token).provision(&home()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        for text in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
            assert!(!text.contains("horse"), "{text}");
        }
        task.abort();
    }
}

#[tokio::test]
async fn nothing_is_sent_that_is_wrong() {
    let (sim, client) = spawn(AccessPoint::new()).await;
    let device = client.device(sim.addr(), sim.token());
    let network = Network::new("home", Secret::new(String::from("short")));
    let error = device.provision(&network).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert!(!error.to_string().contains("short"), "{error}");
    assert_eq!(sim.report().datagrams, 0);
}

proptest! {
    /// Whatever settings pass the check reach the device as they are.
    #[test]
    fn settings_arrive_as_they_are(
        ssid in "\\PC{1,8}",
        password in "[ -~]{8,63}",
        uid in any::<u64>(),
        key in proptest::option::of("\\PC{0,20}"),
        offset in proptest::option::of(-12_i64..=14),
        plain in any::<bool>(),
    ) {
        let mut network = Network::new(&*ssid, Secret::new(password.clone())).uid(uid);
        if let Some(key) = &key {
            network = network.bind_key(Secret::new(key.clone()));
        }
        if let Some(offset) = offset {
            network = network.gmt_offset(Number::from(offset));
        }
        let forbidden = |text: &str| text.contains([';', '\\', '/', '#', '\'', '"']);
        let network = network.plain_characters(plain);
        match network.request() {
            Ok(request) => {
                prop_assert!(!plain || !forbidden(&ssid) && !forbidden(&password));
                let sent: Value = serde_json::from_str(&params(request)).unwrap();
                prop_assert_eq!(&sent["ssid"], &json!(ssid));
                prop_assert_eq!(&sent["passwd"], &json!(password));
                prop_assert_eq!(&sent["uid"], &json!(uid));
                prop_assert_eq!(sent.get("bind_key").cloned(), key.map(Value::from));
                prop_assert_eq!(sent.get("gmt_offset").cloned(), offset.map(Value::from));
            }
            Err(NetworkError::Forbidden { .. }) => prop_assert!(plain),
            Err(error) => prop_assert!(ssid.len() > 32, "{}", error),
        }
    }

    /// Whatever a device answers is read without a panic, and only a few things mean yes.
    #[test]
    fn any_answer_is_read(text in "\\PC*", number in any::<i64>()) {
        let ok = Acknowledgement::read(&json!(text)) == Acknowledgement::Ok;
        prop_assert!(!ok || text.eq_ignore_ascii_case("ok") || text.parse() == Ok(0));
        let ok = Acknowledgement::read(&json!([number])) == Acknowledgement::Ok;
        prop_assert_eq!(ok, number == 0);
        let value = json!({"state": text, "auth_fail_count": number, "conn_fail_count": text});
        let association = Association::from_value(&value);
        prop_assert!(!association.is_online() || text.eq_ignore_ascii_case("online"));
    }
}

#[test]
fn a_lossy_way_is_no_way_to_be_told_twice() {
    let faults = Faults::seed(5).loss(0.3).id_memory(16);
    let access_point = AccessPoint::new().away_for(Duration::from_millis(200));
    let builder = SimDevice::vacuum().access_point(access_point).faults(faults);
    let mut link = VirtualLink::new(builder.build().unwrap());
    let _ = link.call(home().request().unwrap());
    link.idle(Duration::from_secs(5));
    let report = link.device().report();
    assert!(report.executed("miIO.config_router") <= 1);
    assert_eq!(report.refusals.total(), 0);
}
