//! The logins that home automation uses today: built here, packed, unpacked and verified.

use std::time::Duration;

use iot_home_aliyun::{Aliyun, Device, Login, Params, Presented, RULES, SignMethod, Timestamp};
use iot_home_mqtt::packet::Will;
use iot_home_mqtt::platform::{Way, whose};
use iot_home_mqtt::{Connect, Credentials, Packet, Problem};

const NOW: Duration = Duration::from_millis(1_764_000_000_456);

/// Through a packet and back, the login is still the device's.
fn through_a_packet(device: &Device, connect: &Connect<'_>, tls: bool) -> Vec<Problem> {
    let mut bytes = Vec::new();
    connect.encode(&mut bytes).unwrap();
    let inspection = iot_home_mqtt::packet::inspect(&bytes).unwrap();
    assert_eq!(inspection.problems, []);
    let Packet::Connect(read) = &inspection.packet else { panic!("it is a CONNECT") };
    assert_eq!(read, connect);
    let way = Way::default().tls(tls);
    let (platform, recognized) = whose(&[&Aliyun], &read.into(), way).unwrap();
    assert_eq!((platform.name(), recognized.problems.as_slice()), ("aliyun", [].as_slice()));
    assert_eq!(Presented::new(Credentials::from(read)).verify(device, way), Ok(()));
    let wrong = Way::default().tls(!tls);
    assert!(Presented::new(Credentials::from(read)).verify(device, wrong).is_err());
    RULES.problems(read).collect()
}

/// homeassistant_petkit: SHA-256, no timestamp, plain TCP, and a will that is tolerated.
#[test]
fn petkit() {
    let device =
        Device::new("a1gQ4TnZkS2", "d_t4_123456", "6b2f2c8e9ad04c1fa3bd5a4a9f1c7e55").unwrap();
    let login = device.tcp().client_id("d_t4_123456").unwrap().keep_alive(60).unwrap().sign(NOW);
    assert_eq!(login.client_id, "d_t4_123456|securemode=3,signmethod=hmacsha256|");
    assert_eq!((login.port, login.tls), (1883, false));
    let mut connect = Connect::from(&login);
    connect.will = Some(Will::new("/a1gQ4TnZkS2/d_t4_123456/user/update", b"offline"));
    assert_eq!(through_a_packet(&device, &connect, false), [Problem::WillUnsupported]);
}

/// PyMammotion: SHA-1, seconds, TLS on 8883, automatic subscription; signed anew for every attempt.
#[test]
fn mammotion() {
    let device =
        Device::new("a1ae1QnXZGf", "Luba-VS123456", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe").unwrap();
    let login = device
        .tls()
        .client_id("a1ae1QnXZGf&Luba-VS123456")
        .unwrap()
        .sign_method(SignMethod::HmacSha1)
        .timestamp(Timestamp::Seconds)
        .params(Params::new().auto_subscribe().ext(1).language("Python").unwrap());
    let signed = login.sign(NOW);
    assert_eq!(
        signed.client_id,
        "a1ae1QnXZGf&Luba-VS123456|securemode=2,signmethod=hmacsha1,timestamp=1764000000,_ss=1,ext=1,lan=Python|"
    );
    assert_eq!((signed.port, signed.tls), (8883, true));
    assert_eq!(through_a_packet(&device, &Connect::from(&signed), true), []);
    let again = login.sign(NOW + Duration::from_secs(60));
    assert_ne!(again.password, signed.password);
    assert_eq!(through_a_packet(&device, &Connect::from(&again), true), []);
}

/// petkit-local stands where the cloud was: it is given what the firmware's C SDK makes, in upper case.
#[test]
fn petkit_local() {
    let device =
        Device::new("a1gQ4TnZkS2", "d_t4_123456", "6b2f2c8e9ad04c1fa3bd5a4a9f1c7e55").unwrap();
    let ours: Login = device
        .tls()
        .client_id("a1gQ4TnZkS2.d_t4_123456")
        .unwrap()
        .timestamp(Timestamp::Fixed(2_524_608_000_000));
    let password = ours.sign(NOW).password.unwrap().expose().to_uppercase();
    let mut connect = Connect::new(
        "a1gQ4TnZkS2.d_t4_123456|timestamp=2524608000000,_ss=1,_v=sdk-c-4.1.0,securemode=2,signmethod=hmacsha256,ext=3,|",
    );
    connect.username = Some("d_t4_123456&a1gQ4TnZkS2".into());
    connect.password = Some(password.as_bytes());
    connect.keep_alive = 1200;
    assert_eq!(through_a_packet(&device, &connect, true), []);
}
