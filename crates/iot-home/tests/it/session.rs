//! A device's session at the platform that plays both clouds.

mod clock;
mod connection;
mod credentials;
mod messages;
mod secrets;
mod tls;

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::Signer;
use iot_home::mqtt::client::{Error, Event, Message, Options, Session, Tls};
use iot_home::sim::mqtt::{Builder, SimPlatform};
use iot_home::{aliyun, tencent};

use self::clock::TestClock;

const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
/// 2026-01-01.
const NEW_YEAR: Duration = Duration::from_secs(1_767_225_600);

fn lamp() -> aliyun::Device {
    aliyun::Device::new("a1X2bEnP82z", "lamp-1", SECRET).unwrap()
}

fn switch() -> tencent::Device {
    tencent::Device::new("YOURPROD01", "lamp1", PSK).unwrap()
}

/// A platform that knows both devices, at new year.
fn platform() -> Builder {
    SimPlatform::builder().aliyun(lamp()).tencent(switch()).time(NEW_YEAR)
}

/// Pauses that a test can wait for, the platform's own clock, and the platform's CA.
fn options(platform: &SimPlatform) -> Options {
    Options::new()
        .backoff(Duration::from_millis(20), Duration::from_millis(200))
        .clock(TestClock::at(NEW_YEAR))
        .tls(Tls::new().ca_pem(platform.ca_pem()).unwrap())
}

/// Aliyun's device over TLS, at this platform.
fn aliyun_at(platform: &SimPlatform) -> aliyun::Login {
    let addr = platform.tls_addr();
    lamp().tls().host(addr.ip().to_string()).unwrap().port(addr.port())
}

/// Tencent's device over TLS, at this platform.
fn tencent_at(platform: &SimPlatform) -> tencent::Login {
    let addr = platform.tls_addr();
    switch().tls().host(addr.ip().to_string()).unwrap().port(addr.port())
}

async fn connect(signer: impl Signer + Send + 'static, options: Options) -> Session {
    let connected = within(Session::connect(signer, options)).await;
    connected.unwrap_or_else(|error| panic!("{error}: {error:?}"))
}

/// Nothing here takes half a minute.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it takes too long")
}

async fn event(session: &mut Session) -> Event {
    within(session.next()).await.expect("the session goes on").expect("the session goes on")
}

/// The next message; what happens to the connection is passed over.
async fn message(session: &mut Session) -> Message {
    within(session.messages().next()).await.expect("the session goes on").expect("it goes on")
}

/// Why the connection was lost next.
async fn disconnected(session: &mut Session) -> Error {
    loop {
        if let Event::Disconnected { error, .. } = event(session).await {
            return error;
        }
    }
}

/// Until the broker lets the session in once more.
async fn connected(session: &mut Session) -> bool {
    loop {
        if let Event::Connected { session_present, .. } = event(session).await {
            return session_present;
        }
    }
}
