//! What a platform is, said before it runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_aliyun as aliyun;
use iot_home_core::{Clock, SystemClock};
use iot_home_mqtt::ConnectCode;
use iot_home_tencent as tencent;

use crate::mqtt::faults::Faults;
use crate::mqtt::login::{Accounts, Token, aliyun_certificate, tencent_certificate};
use crate::mqtt::machine::Machine;
use crate::mqtt::product::Product;
use crate::mqtt::tls::ClientCertificates;

/// What a platform is. [`spawn`](Self::spawn) puts it on sockets, and [`build`](Self::build) makes it a
/// [`Machine`] that is driven by hand.
///
/// ```
/// use std::time::Duration;
/// use iot_home_sim::mqtt::SimPlatform;
///
/// # let secret = "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe";
/// # let psk = "7WmFA/MEs+Fy+32QwJWtYw==";
/// let machine = SimPlatform::builder()
///     .aliyun(iot_home_aliyun::Device::new("a1X2bEnP82z", "lamp-1", secret)?)
///     .tencent(iot_home_tencent::Device::new("YOURPROD01", "lamp1", psk)?)
///     .time(Duration::from_secs(1_764_000_000))
///     .build();
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) listen: SocketAddr,
    pub(crate) tls_listen: SocketAddr,
    pub(crate) web_listen: SocketAddr,
    pub(crate) hosts: Vec<String>,
    pub(crate) client_certificates: ClientCertificates,
    pub(crate) accounts: Accounts,
    pub(crate) products: Vec<Product>,
    /// Where devices are sent that ask over HTTPS first.
    pub(crate) guides_to: (String, u16),
    pub(crate) time: Duration,
    pub(crate) bad_login: ConnectCode,
    pub(crate) reconnect_limit: bool,
    pub(crate) queue: usize,
    pub(crate) window: usize,
    pub(crate) faults: Faults,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: any,
            tls_listen: any,
            web_listen: any,
            hosts: Vec::new(),
            client_certificates: ClientCertificates::default(),
            accounts: Accounts::default(),
            products: Vec::new(),
            guides_to: ("localhost".into(), 1883),
            time: SystemClock::new().unix_time(),
            bad_login: ConnectCode::BAD_CREDENTIALS,
            reconnect_limit: true,
            queue: 150,
            window: 20,
            faults: Faults::default(),
        }
    }

    /// Lets in a device of Aliyun IoT with a secret of its own.
    #[must_use]
    pub fn aliyun(mut self, device: aliyun::Device) -> Self {
        self.accounts.aliyun.push(device);
        self
    }

    /// Lets in a device of Aliyun IoT that was given a token.
    #[must_use]
    pub fn aliyun_token(mut self, device: &aliyun::TokenDevice) -> Self {
        self.accounts.tokens.push(Token::of(device));
        self
    }

    /// Lets in a device of Aliyun IoT with a certificate, which
    /// [`SimPlatform::client_identity`](crate::mqtt::SimPlatform::client_identity) issues. A device that does not
    /// know its name is told it by its certificate; say the name here all the same.
    #[must_use]
    pub fn aliyun_certificate(mut self, device: &aliyun::CertificateDevice) -> Self {
        self.accounts.certificates.extend(aliyun_certificate(device));
        self
    }

    /// Lets in a device of Tencent Cloud IoT with a key.
    #[must_use]
    pub fn tencent(mut self, device: tencent::Device) -> Self {
        self.accounts.tencent.push(device);
        self
    }

    /// Lets in a device of Tencent Cloud IoT with a certificate, which
    /// [`SimPlatform::client_identity`](crate::mqtt::SimPlatform::client_identity) issues.
    #[must_use]
    pub fn tencent_certificate(mut self, device: &tencent::CertificateDevice) -> Self {
        self.accounts.certificates.push(tencent_certificate(device));
        self
    }

    /// Lets the devices of a product register.
    #[must_use]
    pub fn product(mut self, product: Product) -> Self {
        self.products.push(product);
        self
    }

    /// Lets in whoever has this user name and password, as a broker of one's own does: any client id, any topic,
    /// but neither wills nor retained messages nor a quality of service of 2.
    #[must_use]
    pub fn account(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.accounts.plain.push((username.into(), password.into().into()));
        self
    }

    /// Where [`spawn`](Self::spawn) listens for plain connections: a free port of 127.0.0.1 by default.
    #[must_use]
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.listen = addr.into();
        self
    }

    /// Where it listens for TLS: a free port of 127.0.0.1 by default.
    #[must_use]
    pub fn tls_listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.tls_listen = addr.into();
        self
    }

    /// Where it takes requests over plain HTTP: a free port of 127.0.0.1 by default.
    #[must_use]
    pub fn http_listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.web_listen = addr.into();
        self
    }

    /// One more name in the server's certificate, besides `localhost`, 127.0.0.1 and ::1: the name of the cloud's
    /// host, for a client that is led here under it.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// What becomes of clients' certificates; they are optional by default.
    #[must_use]
    pub fn client_certificates(mut self, policy: ClientCertificates) -> Self {
        self.client_certificates = policy;
        self
    }

    /// What the platform's wall clock shows when it begins, since 1970-01-01 00:00 UTC: the system's time by
    /// default.
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// What a login with a wrong secret is told: 4 by default; the clouds say 5 as well.
    #[must_use]
    pub fn bad_login(mut self, code: ConnectCode) -> Self {
        self.bad_login = code;
        self
    }

    /// Whether a device may connect only so often: Tencent's once in 5 s, as it is by default. It is told 3.
    #[must_use]
    pub fn reconnect_limit(mut self, on: bool) -> Self {
        self.reconnect_limit = on;
        self
    }

    /// How many messages of quality 1 wait for a client at most, 150 by default.
    #[must_use]
    pub fn queue(mut self, messages: usize) -> Self {
        self.queue = messages;
        self
    }

    /// How many messages of quality 1 are sent before one has to be acknowledged: 1 to 1000, 20 by default.
    #[must_use]
    pub fn window(mut self, messages: usize) -> Self {
        self.window = messages.clamp(1, 1000);
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The platform without sockets and without a clock.
    pub fn build(self) -> Machine {
        Machine::new(self)
    }
}
