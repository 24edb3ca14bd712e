//! The cloud devices of the demo: two, and a platform that plays both clouds for them.

use std::time::Duration;

use iot_home::mqtt::client::{Error, Options, Session, Tls};
use iot_home::sim::mqtt::{DeviceId, SimPlatform};
use iot_home::{aliyun, tencent};

/// The platform, the devices that it lets in, and how they log in over TLS.
pub(super) struct Clouds {
    pub(super) platform: SimPlatform,
    pub(super) kettle: Member<aliyun::Login>,
    pub(super) curtain: Member<tencent::Login>,
    /// The kettle's name with another secret.
    pub(super) stranger: aliyun::Login,
    tls: Tls,
}

/// One device.
pub(super) struct Member<L> {
    pub(super) name: &'static str,
    pub(super) product: String,
    pub(super) character: &'static str,
    pub(super) id: DeviceId,
    pub(super) login: L,
}

impl Clouds {
    pub(super) async fn start() -> Result<Self, String> {
        let kettle = aliyun::Device::new(PRODUCT_KEY, "kettle", SECRET).map_err(text)?;
        let stranger = aliyun::Device::new(PRODUCT_KEY, "kettle", WRONG_SECRET).map_err(text)?;
        let curtain = tencent::Device::new(PRODUCT_ID, "curtain", PSK).map_err(text)?;
        let platform = SimPlatform::builder().aliyun(kettle.clone()).tencent(curtain.clone());
        let platform = platform.spawn().await.map_err(text)?;
        let port = platform.tls_addr().port();
        let to_platform = |device: &aliyun::Device| {
            device.tls().host(HOST).map(|login| login.port(port)).map_err(text)
        };
        Ok(Self {
            kettle: Member {
                name: "kettle",
                product: format!("aliyun {PRODUCT_KEY}"),
                character: "loses its connection with a message in flight",
                id: DeviceId::from(&kettle),
                login: to_platform(&kettle)?,
            },
            curtain: Member {
                name: "curtain",
                product: format!("tencent {PRODUCT_ID}"),
                character: "signs logins that are good for an hour",
                id: DeviceId::from(&curtain),
                login: curtain.tls().host(HOST).map_err(text)?.port(port),
            },
            stranger: to_platform(&stranger)?,
            tls: Tls::new().only_own_cas().ca_pem(platform.ca_pem()).map_err(text)?,
            platform,
        })
    }

    /// A session of this login's.
    pub(super) async fn connect(
        &self,
        login: impl iot_home::mqtt::Signer + Send + 'static,
    ) -> Result<Session, Error> {
        // Nobody in the audience wants to wait for a pause of a second.
        let options = Options::new().backoff(Duration::from_millis(100), Duration::from_secs(1));
        Session::connect(login, options.timeout(PATIENCE).tls(self.tls.clone())).await
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

const HOST: &str = "127.0.0.1";
const PRODUCT_KEY: &str = "a1X2bEnP82z";
const PRODUCT_ID: &str = "YOURPROD01";
/// The secrets of devices that are simulated.
const SECRET: &str = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
const WRONG_SECRET: &str = "not-the-secret-of-the-kettle";
const PSK: &str = "7WmFA/MEs+Fy+32QwJWtYw==";
const PATIENCE: Duration = Duration::from_secs(3);
