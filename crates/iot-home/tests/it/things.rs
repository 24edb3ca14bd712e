//! Devices on their sessions, at the platform that plays both clouds.

mod aliyun_device;
mod aliyun_gateway;
mod calls;
mod firmware;
mod registration;
mod secrets;
mod tencent_device;
mod virtual_time;

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::aliyun::{self, client as ali};
use iot_home::core::{Clock, Instant, SystemClock};
use iot_home::mqtt::client::{Options, Session, Tls};
use iot_home::sim::mqtt::SimPlatform;
use iot_home::tencent;

const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
const SUB_SECRET: &str = "sub1sub1sub1sub1sub1sub1sub1sub1";
/// 2026-01-01.
const NEW_YEAR: Duration = Duration::from_secs(1_767_225_600);
/// For answers that do not come.
const SHORT: Duration = Duration::from_millis(300);

fn lamp() -> aliyun::Device {
    aliyun::Device::new("a1X2bEnP82z", "lamp-1", SECRET).unwrap()
}

fn switch() -> tencent::Device {
    tencent::Device::new("YOURPROD01", "lamp1", PSK).unwrap()
}

fn lock() -> tencent::Device {
    tencent::Device::new("YOURPROD01", "lock1", PSK).unwrap()
}

fn sub(name: &str) -> aliyun::Device {
    aliyun::Device::new("a1X2bEnP82z", name, SUB_SECRET).unwrap()
}

/// A wall clock that stands.
struct NewYear(SystemClock);

impl Clock for NewYear {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn unix_time(&self) -> Duration {
        NEW_YEAR
    }
}

fn options(platform: &SimPlatform) -> Options {
    Options::new()
        .backoff(Duration::from_millis(20), Duration::from_millis(200))
        .clock(NewYear(SystemClock::new()))
        .tls(Tls::new().ca_pem(platform.ca_pem()).unwrap())
}

/// Nothing here takes half a minute.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it takes too long")
}

/// A platform that knows the lamp and two devices that may be below it.
async fn platform() -> SimPlatform {
    let builder = SimPlatform::builder().aliyun(lamp()).aliyun(sub("sub-1")).aliyun(sub("sub-2"));
    let builder = builder.tencent(switch()).tencent(lock()).reconnect_limit(false);
    builder.time(NEW_YEAR).spawn().await.unwrap()
}

async fn ali_session(platform: &SimPlatform) -> Session {
    let addr = platform.tls_addr();
    let login = lamp().tls().host(addr.ip().to_string()).unwrap().port(addr.port());
    within(Session::connect(login, options(platform))).await.unwrap()
}

async fn ali_thing(platform: &SimPlatform) -> aliyun::Thing {
    let session = ali_session(platform).await;
    within(aliyun::Thing::new(session, lamp().topics())).await.unwrap()
}

/// One that does not wait for long.
async fn hasty(platform: &SimPlatform) -> aliyun::Thing {
    let session = ali_session(platform).await;
    within(aliyun::Thing::with_patience(session, lamp().topics(), SHORT)).await.unwrap()
}

/// The next event that is none of the connection.
async fn ali_event(events: &mut ali::Events) -> ali::Event {
    loop {
        match within(events.next()).await.expect("it goes on").expect("it goes on") {
            ali::Event::Connected { .. } | ali::Event::Disconnected { .. } => {}
            event => return event,
        }
    }
}
