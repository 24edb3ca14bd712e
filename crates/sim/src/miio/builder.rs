//! What a device is, said before it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use iot_home_core::{ActionId, Random, SeededRandom};
use iot_home_miio::{DeviceError, Token};
use serde_json::{Map, Value, json};

use crate::miio::access_point::AccessPoint;
use crate::miio::device::{SimDevice, SpawnError};
use crate::miio::faults::Faults;
use crate::miio::gateway::{Child, ChildList, Gateway};
use crate::miio::machine::Machine;
use crate::miio::methods::{Appliance, Method};
use crate::miio::properties::{Properties, PropertyName};
use crate::miio::push::LanPush;
use crate::miio::spec::{Format, Property, Service};
use crate::miio::updater::UpdateFault;

/// What a device is. [`spawn`](Self::spawn) puts it on a socket, [`build`](Self::build) makes it a
/// [`Machine`] without one.
///
/// ```
/// use iot_home_sim::{Faults, SimDevice};
/// use iot_home_sim::miio::{Property, Service};
/// use serde_json::json;
///
/// let machine = SimDevice::builder()
///     .did(51880628)
///     .model("acme.lamp.v1")
///     .property("power", "on")
///     .service(Service::new(2).property(Property::integer(1, 0..=100)))
///     .method("play", |_, params| Ok(json!([params[0], "ok"])))
///     .faults(Faults::seed(7).id_memory(32))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Builder {
    pub(crate) listen: SocketAddr,
    pub(crate) did: Option<u64>,
    pub(crate) token: Option<Token>,
    pub(crate) hello: HelloToken,
    pub(crate) model: String,
    pub(crate) info: Map<String, Value>,
    pub(crate) services: Vec<Service>,
    pub(crate) values: Vec<(PropertyName, Value)>,
    pub(crate) methods: BTreeMap<String, Method>,
    pub(crate) unknown_property: Value,
    pub(crate) did_policy: DidPolicy,
    pub(crate) clock: DeviceClock,
    pub(crate) access_point: Option<AccessPoint>,
    pub(crate) update_fault: UpdateFault,
    pub(crate) push: Option<LanPush>,
    pub(crate) scenes: bool,
    pub(crate) scene_port: Option<u16>,
    pub(crate) child_list: Option<ChildList>,
    pub(crate) children: Vec<Child>,
    pub(crate) faults: Faults,
}

impl Builder {
    pub(crate) fn new(model: &str) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            did: None,
            token: None,
            hello: HelloToken::default(),
            model: model.into(),
            info: Map::new(),
            services: Vec::new(),
            values: Vec::new(),
            methods: BTreeMap::new(),
            unknown_property: Value::Null,
            did_policy: DidPolicy::default(),
            clock: DeviceClock::default(),
            access_point: None,
            update_fault: UpdateFault::None,
            push: None,
            scenes: false,
            scene_port: None,
            child_list: None,
            children: Vec::new(),
            faults: Faults::default(),
        }
    }

    /// Where [`spawn`](Self::spawn) listens: a free port of 127.0.0.1 by default. On Linux every
    /// address in 127.0.0.0/8 will do, so that each device has an address of its own.
    #[must_use]
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.listen = addr.into();
        self
    }

    /// The device's id. By default each device of a process gets another one.
    #[must_use]
    pub fn did(mut self, did: u64) -> Self {
        self.did = Some(did);
        self
    }

    /// The device's token. By default one that follows from the did.
    #[must_use]
    pub fn token(mut self, token: impl Into<Token>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Whether hello replies show the token. By default they do not.
    #[must_use]
    pub fn hello(mut self, token: HelloToken) -> Self {
        self.hello = token;
        self
    }

    /// The model, such as `yeelink.light.lamp4`.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// A field of the answer to `miIO.info`, in addition to the usual ones or in place of one. `null`
    /// takes a field away.
    #[must_use]
    pub fn info(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.info.insert(key.into(), value.into());
        self
    }

    /// One more service. One with the same number is replaced.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.services.retain(|old| old.siid != service.siid);
        self.services.push(service);
        self
    }

    /// The value that a property has at first. One that does not exist comes into being: a classic
    /// name with any value, a number with the type of this value.
    #[must_use]
    pub fn property(mut self, name: impl Into<PropertyName>, value: impl Into<Value>) -> Self {
        self.values.push((name.into(), value.into()));
        self
    }

    /// One more method, or another behaviour of a known one. It gets the device's properties and the
    /// request's `params`. It runs while the device is locked, so it must not use the [`SimDevice`].
    #[must_use]
    pub fn method(
        mut self,
        name: impl Into<String>,
        method: impl Fn(&mut Properties, &Value) -> Result<Value, DeviceError> + Send + Sync + 'static,
    ) -> Self {
        self.methods.insert(name.into(), Method::new(method));
        self
    }

    /// What `get_prop` answers for a name it does not know: `null` by default; many devices say `""`.
    #[must_use]
    pub fn unknown_property(mut self, value: impl Into<Value>) -> Self {
        self.unknown_property = value.into();
        self
    }

    /// What the device makes of the did inside MIoT requests.
    #[must_use]
    pub fn did_policy(mut self, policy: DidPolicy) -> Self {
        self.did_policy = policy;
        self
    }

    /// The device's clock.
    #[must_use]
    pub fn clock(mut self, clock: DeviceClock) -> Self {
        self.clock = clock;
        self
    }

    /// It has not joined a Wi-Fi yet: it is an access point, and shows its token.
    #[must_use]
    pub fn access_point(mut self, access_point: AccessPoint) -> Self {
        self.access_point = Some(access_point);
        self.hello = HelloToken::Shown;
        self
    }

    /// What goes wrong when it is updated.
    #[must_use]
    pub fn update_fault(mut self, fault: UpdateFault) -> Self {
        self.update_fault = fault;
        self
    }

    /// Takes LAN subscriptions: probes are answered with `MSUB`, and the subscriber is told what changes.
    /// By default a device knows of none.
    #[must_use]
    pub fn lan_push(mut self, terms: LanPush) -> Self {
        self.push = Some(terms);
        self
    }

    /// Takes scenes (`send_data_frame`), and tells their targets when they [fire](SimDevice::fire). A target
    /// listens on port 54321; `port` is for tests, which cannot.
    #[must_use]
    pub fn scenes(mut self, port: impl Into<Option<u16>>) -> Self {
        (self.scenes, self.scene_port) = (true, port.into());
        self
    }

    /// Makes the device a gateway, which lists its children so.
    #[must_use]
    pub fn gateway(mut self, list: ChildList) -> Self {
        self.child_list = Some(list);
        self
    }

    /// One more child of the [`gateway`](Self::gateway). One with the same sid is replaced.
    #[must_use]
    pub fn child(mut self, child: Child) -> Self {
        self.children.push(child);
        self
    }

    /// Listens at this address of the machine, where it was not told another one than loopback's.
    #[cfg(feature = "home")]
    pub(crate) fn at(mut self, ip: std::net::IpAddr) -> Self {
        crate::home::move_to(&mut self.listen, ip);
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The device without a socket.
    ///
    /// # Errors
    /// When a property's first value does not fit its type, or an action names a property that its
    /// service does not have.
    pub fn build(self) -> Result<Machine, BuildError> {
        let properties = self.properties()?;
        let did = self.did.unwrap_or_else(next_did);
        let token = self.token.clone().unwrap_or_else(|| token_of(did));
        let info = self.info_body(did, &token);
        let gateway = match self.child_list {
            Some(list) => Some(Gateway::new(list, self.children.clone())?),
            None => None,
        };
        let mut machine = Machine::new(self, did, token, info, properties);
        machine.set_gateway(gateway);
        Ok(machine)
    }

    /// What is behind the network module.
    pub(crate) fn appliance(self) -> Result<Appliance, BuildError> {
        let properties = self.properties()?;
        let did = self.did.unwrap_or_default();
        Ok(Appliance::new(self.services, self.methods, did, Map::new(), properties)
            .policies(self.unknown_property, self.did_policy))
    }

    /// Puts the device on its socket; it runs in a task of the present tokio runtime.
    ///
    /// # Errors
    /// [`SpawnError::Build`] as for [`build`](Self::build), [`SpawnError::Bind`] when the address
    /// cannot be listened on.
    ///
    /// # Cancel safety
    /// When the future is dropped there is no device.
    pub async fn spawn(self) -> Result<SimDevice, SpawnError> {
        let listen = self.listen;
        SimDevice::start(self.build()?, listen).await
    }

    /// All values as they are at first, each checked against its type.
    fn properties(&self) -> Result<Properties, BuildError> {
        let mut properties = Properties::default();
        for service in &self.services {
            let siid = service.siid.get();
            for property in &service.properties {
                if !property.format.accepts(&property.value) {
                    let property = (siid, property.piid.get()).into();
                    return Err(BuildError::Value { property });
                }
                properties.insert(siid, property.clone());
            }
            for action in &service.actions {
                let known = |piid| service.properties.iter().any(|property| property.piid == piid);
                if !action.inputs.iter().chain(&action.outputs).all(|piid| known(*piid)) {
                    let action = ActionId::new(siid, action.aiid.get());
                    return Err(BuildError::Action { action });
                }
            }
        }
        for (name, value) in &self.values {
            if let PropertyName::Miot(id) = name
                && properties.miot(*id).is_none()
            {
                let mut property = Property::any(id.piid.get());
                property.format = Format::of(value);
                properties.insert(id.siid.get(), property);
            }
            properties
                .set(name.clone(), value.clone())
                .map_err(|_| BuildError::Value { property: name.clone() })?;
        }
        Ok(properties)
    }

    /// The answer to `miIO.info`; the uptime is put in when it is asked.
    fn info_body(&self, did: u64, token: &Token) -> Map<String, Value> {
        let [.., a, b, c] = did.to_be_bytes();
        let mac = format!("28:6C:07:{a:02X}:{b:02X}:{c:02X}");
        let mut info = json!({
            "mac": mac,
            "model": self.model,
            "fw_ver": "1.4.2_0001",
            "hw_ver": "esp32",
            "miio_ver": "0.0.9",
            "mmfree": 84_212,
            "ap": {"ssid": "home", "bssid": "50:64:2B:00:00:01", "rssi": -51},
            "netif": {"localIp": "127.0.0.1", "mask": "255.0.0.0", "gw": "127.0.0.1"},
            "ot": "otu",
            "ott_stat": [0, 0, 0, 0],
            "otu_stat": [320, 267, 3, 0, 3, 742],
        });
        let mut info = info.as_object_mut().map(std::mem::take).unwrap_or_default();
        if self.hello == HelloToken::Shown {
            info.insert("token".into(), token.expose_hex().into());
        }
        for (key, value) in self.info.clone() {
            match value {
                Value::Null => drop(info.remove(&key)),
                value => drop(info.insert(key, value)),
            }
        }
        info
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("did", &self.did)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// What a hello reply shows in place of the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HelloToken {
    /// Ones: every provisioned device of today.
    #[default]
    Hidden,
    /// Zeros: some devices.
    HiddenAsZeros,
    /// The token itself: a device that is not provisioned, or one of before 2017.
    Shown,
}

/// What a device makes of the did inside MIoT requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DidPolicy {
    /// It repeats what was sent; most devices.
    #[default]
    Echo,
    /// It answers its own did whatever was sent.
    Own,
    /// It answers -4007 for any did but its own.
    Checked,
}

/// What a device's clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceClock {
    /// So many seconds at first, and one more each second: a small number is uptime, a large one
    /// Unix time.
    From(u32),
    /// Always 0: the device does not know the time.
    Unset,
}

impl Default for DeviceClock {
    fn default() -> Self {
        Self::From(12_345)
    }
}

/// Why there is no such device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A value that its property cannot have.
    #[error("the first value of the property {property} does not fit its type and range")]
    Value {
        /// Which property.
        property: PropertyName,
    },
    /// An action names a property that its service does not have.
    #[error("the action {action} names a property that its service does not have")]
    Action {
        /// Which action.
        action: ActionId,
    },
}

/// Devices of one process must not share a did, or discovery would take them for one.
fn next_did() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(200_000_001);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn token_of(did: u64) -> Token {
    let mut bytes = [0; 16];
    SeededRandom::new(did).fill(&mut bytes);
    Token::new(bytes)
}
