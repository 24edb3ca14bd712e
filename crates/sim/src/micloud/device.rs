//! The devices of an account.

use std::fmt;
use std::sync::Arc;

use iot_home_micloud::Region;
use serde_json::{Map, Value, json};

use crate::micloud::remote::Remote;
use crate::miio::{self, BuildError, Shared, SimDevice};

/// A device as the cloud knows it. It may be a simulated one, which calls then reach: a miIO device, a bulb, a gateway or a
/// child of one. Otherwise it is offline.
///
/// ```
/// use iot_home_sim::SimDevice;
/// use iot_home_sim::micloud::CloudDevice;
///
/// let lamp = CloudDevice::of(SimDevice::light().did(300000001)).name("hall").home(1).room(2);
/// let thermometer = CloudDevice::new("blt.3.1abc").beacon_key("00112233445566778899aabbccddeeff");
/// ```
#[derive(Clone)]
pub struct CloudDevice {
    pub(crate) did: Option<String>,
    pub(crate) source: Source,
    pub(crate) region: Option<Region>,
    pub(crate) owner: Option<u64>,
    pub(crate) shared_with: Vec<u64>,
    pub(crate) home: Option<u64>,
    pub(crate) room: Option<u64>,
    pub(crate) beacon_key: Option<String>,
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) fields: Map<String, Value>,
}

/// What is behind the record.
#[derive(Clone)]
pub(crate) enum Source {
    Nothing,
    Described(Box<miio::Builder>),
    Running(Arc<Shared>),
    Remote { device: Arc<dyn Remote>, model: String },
}

impl CloudDevice {
    /// A record without a device behind it.
    pub fn new(did: impl Into<String>) -> Self {
        Self::from_source(Some(did.into()), Source::Nothing)
    }

    /// A simulated device without a socket.
    pub fn of(device: miio::Builder) -> Self {
        Self::from_source(None, Source::Described(Box::new(device)))
    }

    /// A simulated device that is on the LAN as well.
    pub fn running(device: &SimDevice) -> Self {
        let addr = device.addr();
        let device =
            Self::from_source(Some(device.did().to_string()), Source::Running(device.shared()));
        device.field("localip", addr.ip().to_string())
    }

    pub(crate) fn remote(did: String, model: String, device: Arc<dyn Remote>) -> Self {
        Self::from_source(Some(did), Source::Remote { device, model })
    }

    fn from_source(did: Option<String>, source: Source) -> Self {
        Self {
            did,
            source,
            region: None,
            owner: None,
            shared_with: Vec::new(),
            home: None,
            room: None,
            beacon_key: None,
            keys: Vec::new(),
            fields: Map::new(),
        }
    }

    /// Whether nothing is behind it.
    #[cfg(feature = "home")]
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self.source, Source::Nothing)
    }

    /// The same device in the place of this record.
    #[cfg(feature = "home")]
    pub(crate) fn known_as(self, record: Self) -> Self {
        let mut fields = self.fields;
        fields.extend(record.fields);
        Self { did: self.did, source: self.source, fields, ..record }
    }

    /// Where it is kept: where its home is, or else in mainland China.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// The number of the account that it belongs to: that of its home, or else the first one.
    #[must_use]
    pub fn owner(mut self, user_id: u64) -> Self {
        self.owner = Some(user_id);
        self
    }

    /// The account of this number sees it too, by itself.
    #[must_use]
    pub fn shared_with(mut self, user_id: u64) -> Self {
        self.shared_with.push(user_id);
        self
    }

    /// The home it is in.
    #[must_use]
    pub fn home(mut self, id: u64) -> Self {
        self.home = Some(id);
        self
    }

    /// The room of that home.
    #[must_use]
    pub fn room(mut self, id: u64) -> Self {
        self.room = Some(id);
        self
    }

    /// What its owner calls it.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        let name: String = name.into();
        self.field("name", name)
    }

    /// The key of a Bluetooth device: 32 hexadecimal digits.
    #[must_use]
    pub fn beacon_key(mut self, key: impl Into<String>) -> Self {
        self.beacon_key = Some(key.into());
        self
    }

    /// It is a remote control, and this is one of its keys.
    #[must_use]
    pub fn key(mut self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.keys.push((id.into(), name.into()));
        self
    }

    /// A field of its record, in addition to the usual ones or in place of one.
    #[must_use]
    pub fn field(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(key.into(), value.into());
        self
    }
}

impl fmt::Debug for CloudDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudDevice").field("did", &self.did).finish_non_exhaustive()
    }
}

/// A device in its place.
pub(crate) struct Device {
    pub(crate) did: String,
    pub(crate) region: Region,
    pub(crate) owner: u64,
    pub(crate) shared_with: Vec<u64>,
    pub(crate) home: Option<u64>,
    pub(crate) room: Option<u64>,
    pub(crate) beacon_key: Option<String>,
    pub(crate) keys: Vec<(String, String)>,
    pub(crate) record: Map<String, Value>,
    pub(crate) remote: Option<Arc<dyn Remote>>,
}

impl Device {
    /// Puts a device where it belongs; `home` has its region and its owner where it is in one.
    pub(crate) fn new(
        device: CloudDevice,
        (region, owner): (Region, u64),
    ) -> Result<Self, BuildError> {
        let (remote, did, model) = match device.source {
            Source::Nothing => (None, String::new(), "simulated.device.v1".to_owned()),
            Source::Described(builder) => of_miio(Arc::new(Shared::new(builder.build()?))),
            Source::Running(shared) => of_miio(shared),
            Source::Remote { device, model } => (Some(device), String::new(), model),
        };
        let did = device.did.unwrap_or(did);
        let token = remote.as_ref().and_then(|remote| remote.token()).unwrap_or_default();
        let is_described = remote.is_some() && !device.fields.contains_key("parent_id");
        let (owner, region) = (device.owner.unwrap_or(owner), device.region.unwrap_or(region));
        let record = json!({
            "did": did, "uid": owner, "token": token, "name": model, "model": model, "pid": 0,
            "localip": if is_described { "192.168.31.20" } else { "" },
            "mac": "50:EC:50:00:00:01", "ssid": "home", "bssid": "50:EC:50:00:00:02", "rssi": -57,
            "longitude": "0.0", "latitude": "0.0", "permitLevel": 16, "isOnline": remote.is_some(),
            "parent_id": "", "parent_model": "", "adminFlag": 1, "shareFlag": 0,
            "extra": {"fw_version": "2.1.3_0013", "isSetPincode": 0},
        });
        let mut record = match record {
            Value::Object(record) => record,
            _ => Map::new(),
        };
        record.extend(device.fields);
        Ok(Self {
            did,
            region,
            owner,
            shared_with: device.shared_with,
            home: device.home,
            room: device.room,
            beacon_key: device.beacon_key,
            keys: device.keys,
            record,
            remote,
        })
    }

    /// What is behind it, if that has power.
    pub(crate) fn reached(&self) -> Option<Arc<dyn Remote>> {
        self.remote.clone().filter(|remote| remote.is_online())
    }
}

fn of_miio(shared: Arc<Shared>) -> (Option<Arc<dyn Remote>>, String, String) {
    let (did, model) = {
        let machine = shared.machine();
        (machine.did().to_string(), machine.model().to_owned())
    };
    (Some(shared), did, model)
}
