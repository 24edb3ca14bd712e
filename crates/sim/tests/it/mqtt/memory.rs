//! A platform in memory, in tokio's time, and what is shown of it.

use iot_home_mqtt::{Connect, MqttLogin};
use iot_home_sim::mqtt::{Faults, Link, MemoryPlatform, Silence};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::{Instant, timeout};

use super::wire::{Wire, aliyun_login, plain_login, tencent_login};
use super::{PSK, SECRET, aliyun_id, both, secs};

async fn login(platform: &MemoryPlatform, link: Link, login: &MqttLogin) -> (DuplexStream, u8) {
    let mut stream = platform.connect(link).unwrap();
    let mut packet = Vec::new();
    Connect::from(login).encode(&mut packet).unwrap();
    stream.write_all(&packet).await.unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    (stream, answer[3])
}

#[tokio::test(start_paused = true)]
async fn an_hour_takes_a_moment() {
    let platform = both().spawn_in_memory();
    let began = Instant::now();
    let (mut stream, code) = login(&platform, Link::tls(), &aliyun_login()).await;
    assert_eq!(code, 0);
    // Nothing is said for one and a half times the keep-alive of 300 s.
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(began.elapsed().as_secs(), 450);
    platform.until(|platform| platform.report().violations.silence == 1).await;

    // The wall clock goes along, and can be put forward.
    assert_eq!(platform.time().as_secs(), super::TIME.as_secs() + 450);
    let (_, code) = login(&platform, Link::tls(), &tencent_login()).await;
    assert_eq!(code, 0);
    platform.advance(secs(3600));
    tokio::time::sleep(secs(5)).await;
    let (_, code) = login(&platform, Link::tls(), &tencent_login()).await;
    assert_eq!(code, 4);
    platform.set_time(super::TIME);
    let (_, code) = login(&platform, Link::tls(), &tencent_login()).await;
    assert_eq!(code, 0);
}

#[tokio::test(start_paused = true)]
async fn delays_and_ends() {
    let platform = both().spawn_in_memory();
    platform.set_faults(Faults::seed(1).delay(secs(2)..=secs(2)));
    let began = Instant::now();
    let (mut stream, _) = login(&platform, Link::tcp(), &plain_login("a", false)).await;
    assert_eq!(began.elapsed(), secs(2));
    platform.set_faults(Faults::seed(1).silence(Silence::Total));
    stream.write_all(&[0xc0, 0]).await.unwrap();
    timeout(secs(10_000), stream.read(&mut [0; 1])).await.unwrap_err();
    platform.set_faults(Faults::default());
    platform.disconnect_all();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    let (mut stream, _) = login(&platform, Link::tcp(), &plain_login("a", false)).await;
    platform.restart(false);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(platform.report().restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off() {
    let platform = both().spawn_in_memory();
    let (mut stream, _) = login(&platform, Link::tls(), &aliyun_login()).await;
    stream.write_all(b"\x82\x21\0\x01\0\x1c/a1X2bEnP82z/lamp-1/user/get\0").await.unwrap();
    let began = Instant::now();
    platform.until(|inside| !inside.subscriptions(&aliyun_id()).is_empty()).await;
    assert_eq!(began.elapsed(), secs(0), "it is told at once");
    let payload = vec![0; 256 << 10];
    for _ in 0..40 {
        platform.publish("/a1X2bEnP82z/lamp-1/user/get", &payload, 0);
    }
    platform.until(|inside| !inside.is_connected(&aliyun_id())).await;
    assert_eq!(platform.report().overflows, 1);
}

#[test]
fn no_secret_is_shown() {
    let builder = both();
    let mut wire = Wire::new(builder.clone());
    let id = wire.plain("a", true);
    wire.publish(id, "a", b"a payload that is private", 0);
    let mut wrong = plain_login("b", true);
    wrong.password = Some(String::from("wrong horse").into());
    wire.login(&wrong);
    let mut other = aliyun_login();
    other.password = Some(String::from("00112233445566778899aabbccddeeff").into());
    wire.login(&other);
    let refusals = wire.report().refusals;
    assert_eq!(refusals.len(), 2);
    let told: Vec<_> = refusals.iter().map(|(_, refusal)| refusal.to_string()).collect();
    let messages: Vec<_> = wire.platform.messages().cloned().collect();
    let debug = format!("{builder:?} {:?} {messages:?} {refusals:?} {told:?}", wire.report());
    for secret in [SECRET, PSK, "correct horse", "wrong horse", "private", "00112233445566778899"] {
        assert!(!debug.contains(secret), "{secret}");
    }
    // Neither does a machine, whatever is on its way.
    let debug = format!("{:?}", wire.platform);
    for secret in [SECRET, PSK, "correct horse"] {
        assert!(!debug.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn neither_is_a_key() {
    let platform = both().spawn().await.unwrap();
    let identity = platform.client_identity(aliyun_id()).unwrap();
    let key = identity.key.expose().lines().nth(1).unwrap();
    assert!(key.len() > 20);
    assert!(!format!("{identity:?} {platform:?}").contains(key));
}
