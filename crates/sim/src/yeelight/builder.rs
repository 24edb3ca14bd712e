//! What a bulb is, said before it runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use iot_home_yeelight::{BulbId, Property, PropertyValue};
use serde_json::Value;

use crate::yeelight::faults::Faults;
use crate::yeelight::lamp::Lamp;
use crate::yeelight::machine::Machine;
use crate::yeelight::message::{AnswerForm, PushForm};
use crate::yeelight::model::{Kind, UdpSession};
use crate::yeelight::properties::Properties;
use crate::yeelight::quota::Quota;

/// What a bulb is. [`spawn`](Self::spawn) puts it on sockets,
/// [`spawn_in_memory`](Self::spawn_in_memory) lets it run without any, and [`build`](Self::build) makes
/// it a [`Machine`] that is driven by hand.
///
/// ```
/// use iot_home_sim::SimBulb;
/// use iot_home_sim::yeelight::Quota;
///
/// let machine = SimBulb::color()
///     .id(0x15243f)
///     .name("desk")
///     .property("bright", 30)
///     .quota(Quota::off())
///     .build()?;
/// assert_eq!(machine.property("bright"), Some(30.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) listen: SocketAddr,
    pub(crate) search_listen: SocketAddr,
    pub(crate) session_listen: Option<SocketAddr>,
    pub(crate) groups: Vec<Ipv4Addr>,
    pub(crate) advertise_to: Option<SocketAddr>,
    pub(crate) max_age: Duration,
    pub(crate) id: Option<BulbId>,
    pub(crate) model: String,
    pub(crate) kind: Kind,
    pub(crate) fw_ver: u32,
    pub(crate) support: Option<Vec<String>>,
    pub(crate) name: String,
    pub(crate) values: Vec<(Property, Value)>,
    pub(crate) answers: AnswerForm,
    pub(crate) pushes: PushForm,
    pub(crate) quota: Quota,
    pub(crate) lan_control: bool,
    pub(crate) token_as_result: bool,
    pub(crate) faults: Faults,
}

impl Builder {
    pub(crate) fn new(model: &str) -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let new = Self {
            listen: any,
            search_listen: any,
            session_listen: None,
            groups: Vec::new(),
            advertise_to: None,
            max_age: Duration::from_secs(3600),
            id: None,
            model: String::new(),
            kind: Kind::COLOR,
            fw_ver: 18,
            support: None,
            name: String::new(),
            values: Vec::new(),
            answers: AnswerForm::default(),
            pushes: PushForm::default(),
            quota: Quota::default(),
            lan_control: true,
            token_as_result: false,
            faults: Faults::default(),
        };
        new.model(model)
    }

    /// Where [`spawn`](Self::spawn) listens for control connections: a free port of 127.0.0.1 by
    /// default.
    #[must_use]
    pub fn listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.listen = addr.into();
        self
    }

    /// Where it listens for searches: a free port of 127.0.0.1 by default. Several bulbs may share an
    /// address, as they have to for the group's port 1982; see [`join_group`](Self::join_group).
    #[must_use]
    pub fn search_listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.search_listen = addr.into();
        self
    }

    /// Where it listens for UDP sessions: a free port of the control connections' address by default.
    #[must_use]
    pub fn session_listen(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.session_listen = Some(addr.into());
        self
    }

    /// Listens at this address of the machine, where it was not told another one than loopback's.
    #[cfg(feature = "home")]
    pub(crate) fn at(mut self, ip: std::net::IpAddr) -> Self {
        crate::home::move_to(&mut self.listen, ip);
        crate::home::move_to(&mut self.search_listen, ip);
        self
    }

    /// Takes searches to the group 239.255.255.250 on the interface with this address, once for each
    /// interface. The searches' address has to be an unspecified one, `0.0.0.0:1982`.
    #[must_use]
    pub fn join_group(mut self, interface: Ipv4Addr) -> Self {
        self.groups.push(interface);
        self
    }

    /// Where the bulb advertises itself when it begins and each [`max_age`](Self::max_age) after that:
    /// `239.255.255.250:1982` on a real network. By default it does not.
    #[must_use]
    pub fn advertise_to(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.advertise_to = Some(addr.into());
        self
    }

    /// The time between two advertisements, in whole seconds and at least one, an hour by default.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age.clamp(Duration::from_secs(1), Duration::from_secs(u32::MAX.into()));
        self
    }

    /// The bulb's id. By default each bulb of a process gets another one.
    #[must_use]
    pub fn id(mut self, id: u64) -> Self {
        self.id = Some(BulbId::new(id));
        self
    }

    /// The model as searches show it, such as `ceiling10`. A known one brings its lights, its ranges
    /// and its methods with it; an unknown one keeps those that were there.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        if let Some(kind) = Kind::of(&self.model) {
            self.kind = kind;
        }
        self
    }

    /// The firmware's version.
    #[must_use]
    pub fn fw_ver(mut self, version: u32) -> Self {
        self.fw_ver = version;
        self
    }

    /// The methods that the bulb lists and takes, in place of its model's.
    #[must_use]
    pub fn support(mut self, methods: impl IntoIterator<Item: Into<String>>) -> Self {
        self.support = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// The name stored in the bulb, none by default.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The value that a property has at first: a number or a text. One that the model does not have
    /// comes into being.
    #[must_use]
    pub fn property(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.push((name.into(), value.into()));
        self
    }

    /// How answers are written.
    #[must_use]
    pub fn answers(mut self, form: AnswerForm) -> Self {
        self.answers = form;
        self
    }

    /// How notifications are written.
    #[must_use]
    pub fn pushes(mut self, form: PushForm) -> Self {
        self.pushes = form;
        self
    }

    /// How many commands it takes in a minute.
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// Whether LAN control is on, as it is by default. Where it is off, connections are refused and
    /// searches get no answer.
    #[must_use]
    pub fn lan_control(mut self, on: bool) -> Self {
        self.lan_control = on;
        self
    }

    /// Which UDP session the bulb offers, in place of its model's.
    #[must_use]
    pub fn udp_session(mut self, session: UdpSession) -> Self {
        self.kind.session = session;
        self
    }

    /// The token of a UDP session comes as `result[0]` of an answer, in place of a message of its own.
    #[must_use]
    pub fn token_as_result(mut self) -> Self {
        self.token_as_result = true;
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The bulb without sockets and without a clock.
    ///
    /// # Errors
    /// When a property's first value is neither a number nor a text, or does not fit a known property.
    pub fn build(self) -> Result<Machine, PropertyError> {
        let mut properties = Properties::of(self.kind, &self.name);
        for (property, value) in &self.values {
            let value = fitting(property, value)
                .ok_or_else(|| PropertyError { property: property.clone() })?;
            properties.define(property.clone(), value);
        }
        let mut lamp = Lamp::new(self.kind, properties);
        lamp.sync();
        lamp.properties.forget_changes();
        let id = self.id.unwrap_or_else(next_id);
        Ok(Machine::new(self, id, lamp))
    }
}

/// The value, if the property can have it.
pub(crate) fn fitting(property: &Property, value: &Value) -> Option<PropertyValue> {
    if !matches!(value, Value::Number(_) | Value::String(_)) {
        return None;
    }
    let value = PropertyValue::from_json(property, value);
    let fits = match property {
        Property::Other(_) => true,
        Property::Power | Property::MainPower | Property::BgPower => value.as_switch().is_some(),
        Property::Name | Property::FlowParams | Property::BgFlowParams => value.as_text().is_some(),
        _ => value.as_number().is_some(),
    };
    fits.then_some(value)
}

/// A value that a property cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the property {property} cannot have this value")]
#[non_exhaustive]
pub struct PropertyError {
    /// Which property.
    pub property: Property,
}

/// Bulbs of one process must not share an id, or discovery would take them for one.
fn next_id() -> BulbId {
    static NEXT: AtomicU64 = AtomicU64::new(0x0300_0001);
    BulbId::new(NEXT.fetch_add(1, Ordering::Relaxed))
}
