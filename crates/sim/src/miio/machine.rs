//! A device without a socket and without a clock.

#[cfg(feature = "micloud")]
mod cloud;
mod packets;

use std::net::SocketAddr;

use iot_home_core::{Did, EventId, Instant, Random, SeededRandom};
use iot_home_miio::packet::HelloField;
use iot_home_miio::{Responder, Token};
use serde_json::{Map, Value};

use crate::miio::builder::{Builder, DeviceClock, HelloToken};
use crate::miio::faults::{Faults, Silence};
use crate::miio::gateway::Gateway;
use crate::miio::methods::Appliance;
use crate::miio::network::Network;
use crate::miio::properties::Properties;
use crate::miio::push::Push;
use crate::miio::report::{Report, count};
use crate::miio::scene::Scenes;
use crate::miio::station::{Station, Then};
use crate::miio::updater::Fetch;

/// A simulated device as a state machine: datagrams and the time go in, datagrams come out.
///
/// 1. hand it what arrives: [`handle_datagram`](Self::handle_datagram);
/// 2. send what [`poll_transmit`](Self::poll_transmit) gives until it gives nothing;
/// 3. sleep until [`poll_timeout`](Self::poll_timeout) or the next datagram, and begin again: what is
///    delayed comes due later.
///
/// ```
/// use iot_home_core::Instant;
/// use iot_home_miio::packet::{HELLO, HelloReply};
/// use iot_home_sim::SimDevice;
///
/// let mut lamp = SimDevice::light().did(51880628).build()?;
/// let client = "127.0.0.1:40000".parse()?;
/// lamp.handle_datagram(Instant::ORIGIN, client, &mut HELLO.clone());
/// let mut answer = Vec::new();
/// assert_eq!(lamp.poll_transmit(Instant::ORIGIN, &mut answer), Some(client));
/// assert_eq!(HelloReply::parse(&answer)?.did, 51880628);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Machine {
    model: String,
    hello: HelloToken,
    responder: Responder,
    appliance: Appliance,
    clock: DeviceClock,
    /// When the clock showed its first value.
    clock_set: Instant,
    faults: Faults,
    network: Network,
    station: Station,
    report: Report,
    push: Option<Push>,
    scenes: Option<Scenes>,
    gateway: Option<Gateway>,
    garbled: bool,
}

impl Machine {
    pub(crate) fn new(
        builder: Builder,
        did: u64,
        token: Token,
        info: Map<String, Value>,
        properties: Properties,
    ) -> Self {
        let Builder {
            hello,
            model,
            services,
            methods,
            unknown_property,
            did_policy,
            clock,
            access_point,
            update_fault,
            push,
            scenes,
            scene_port,
            faults,
            ..
        } = builder;
        let appliance = Appliance::new(services, methods, did, info, properties)
            .policies(unknown_property, did_policy);
        Self {
            model,
            hello,
            responder: responder(did, &token, hello, &faults),
            appliance,
            clock,
            clock_set: Instant::ORIGIN,
            network: Network::new(faults.seed),
            station: Station::new(access_point, update_fault),
            faults,
            report: Report::default(),
            push: push.map(Push::new),
            scenes: scenes.then(|| Scenes::new(scene_port)),
            gateway: None,
            garbled: false,
        }
    }

    /// Takes in a datagram, decrypting it in place. Whatever it holds, nothing panics.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &mut [u8]) {
        self.arrive(now);
        count(&mut self.report.datagrams);
        let Self { network, faults, report, .. } = self;
        if let Some(travel) = network.admit(faults, report, now, from, datagram) {
            self.receive(now, from, datagram, travel);
        }
        self.arrive(now);
    }

    /// The next datagram to be sent by now, written into `buffer`, and to whom.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Option<SocketAddr> {
        self.arrive(now);
        let (to, datagram) = self.network.depart(now)?;
        *buffer = datagram;
        Some(to)
    }

    /// When [`poll_transmit`](Self::poll_transmit) may have something next; never, if nothing is under way.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let push = self.push.as_ref().and_then(|push| push.next(&self.appliance.properties));
        let scene = self.scenes.as_ref().and_then(Scenes::next);
        let station = self.station.next();
        self.network.next().into_iter().chain(push).chain(scene).chain(station).min()
    }

    /// The image that the device wants to have, if it was just told to update itself. A
    /// [`SimDevice`](crate::SimDevice) fetches it by itself, from this machine only.
    pub fn poll_fetch(&mut self) -> Option<Fetch> {
        self.station.updater.poll_fetch()
    }

    /// How much of the image has come, in percent.
    pub fn handle_progress(&mut self, percent: u8) {
        self.station.updater.progressed(percent);
    }

    /// The image that was wanted, or nothing where it did not come whole.
    pub fn handle_image(&mut self, now: Instant, image: Option<&[u8]>) {
        self.station.updater.fetched(now, image);
    }

    /// The device's id.
    pub fn did(&self) -> Did {
        self.responder.did().into()
    }

    /// The device's token.
    pub fn token(&self) -> &Token {
        self.responder.token()
    }

    /// The device's model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What the device's clock shows.
    pub fn stamp(&self, now: Instant) -> u32 {
        match self.clock {
            DeviceClock::Unset => 0,
            DeviceClock::From(first) => {
                let seconds = now.saturating_since(self.clock_set).as_secs();
                first.saturating_add(u32::try_from(seconds).unwrap_or(u32::MAX))
            }
        }
    }

    /// What the device has seen, refused and done so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The values it has at the moment.
    pub fn properties(&self) -> &Properties {
        &self.appliance.properties
    }

    /// The values, to be changed as by a hand on the device.
    pub fn properties_mut(&mut self) -> &mut Properties {
        &mut self.appliance.properties
    }

    /// Switches the device off and on: what was on its way is lost, ids and subscriptions are forgotten, and the clock
    /// shows 1, the uptime. The properties keep their values.
    pub fn reboot(&mut self, now: Instant) {
        self.network.clear();
        self.start_again(now);
    }

    /// Sets the device's clock, as it is when the device gets to know the time.
    pub fn set_clock(&mut self, now: Instant, clock: DeviceClock) {
        self.clock = clock;
        self.clock_set = now;
    }

    /// Gives the device another token, as a new provisioning does.
    pub fn set_token(&mut self, token: impl Into<Token>) {
        let token = token.into();
        if let Some(shown) = self.appliance.info.get_mut("token") {
            *shown = token.expose_hex().into();
        }
        self.responder.set_token(token);
    }

    /// Changes everything that goes wrong, and begins with the new seed. Where the number of ids to
    /// remember or the stamp window change, the device forgets the ids it knew.
    pub fn set_faults(&mut self, faults: Faults) {
        let (old, new) = (&self.faults, &faults);
        let same = (old.id_memory, old.stamp_window) == (new.id_memory, new.stamp_window);
        self.network.seed(faults.seed);
        self.faults = faults;
        if !same {
            self.forget_ids();
        }
    }

    /// Changes what the device does not even look at.
    pub fn set_silence(&mut self, silence: Silence) {
        self.faults.silence = silence;
    }

    /// Lets an event occur. Who has subscribed is told of it, three events a second at most.
    pub fn emit(
        &mut self,
        id: impl Into<EventId>,
        arguments: impl IntoIterator<Item = (u32, Value)>,
    ) {
        match &mut self.push {
            Some(push) => push.emit(id.into(), arguments.into_iter().collect(), &mut self.report),
            None => count(&mut self.report.untold_events),
        }
    }

    /// Lets something happen that scenes may wait for, such as `event.lumi.sensor_switch.v2.click`. Returns how
    /// many fire.
    pub fn fire(&mut self, now: Instant, key: &str) -> usize {
        self.scenes.as_mut().map_or(0, |scenes| scenes.fire(now, key))
    }

    /// The names of the scenes that are stored, such as `x.scene.1000001`.
    pub fn scenes(&self) -> impl Iterator<Item = &str> {
        self.scenes.iter().flat_map(Scenes::names)
    }

    /// The sids of its children, if it is a gateway.
    pub fn children(&self) -> Vec<String> {
        self.gateway.as_ref().map(Gateway::children).unwrap_or_default()
    }

    pub(crate) fn set_gateway(&mut self, gateway: Option<Gateway>) {
        self.gateway = gateway;
    }

    fn forget_ids(&mut self) {
        let token = self.responder.token().clone();
        self.responder = responder(self.appliance.did, &token, self.hello, &self.faults);
    }

    /// Comes back from where the device was told to go.
    fn come_back(&mut self, now: Instant) {
        if self.station.update(now) {
            count(&mut self.report.updates);
        }
        let Some((at, then)) = self.station.arrive(now) else { return };
        match then {
            Then::Joined => self.show(HelloToken::Hidden),
            Then::NotJoined | Then::Restarted => {}
            Then::Reset => {
                let mut token = [0; 16];
                // Another one each time, and the same ones in each run.
                let [a, b, c, d, e, f, g, h, ..] = *self.token().expose();
                let seed = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                SeededRandom::new(seed ^ self.appliance.did).fill(&mut token);
                self.set_token(token);
                self.show(HelloToken::Shown);
            }
        }
        if matches!(then, Then::Reset | Then::Restarted) {
            self.start_again(at);
        }
    }

    /// What a device has lost when its power comes back.
    fn start_again(&mut self, now: Instant) {
        self.forget_ids();
        if let Some(push) = &mut self.push {
            push.forget();
        }
        if let Some(scenes) = &mut self.scenes {
            scenes.forget_firing();
        }
        if self.clock != DeviceClock::Unset {
            self.set_clock(now, DeviceClock::From(1));
        }
    }

    /// Changes what a hello shows in place of the token.
    fn show(&mut self, hello: HelloToken) {
        self.hello = hello;
        if hello == HelloToken::Shown {
            let token = self.token().expose_hex();
            self.appliance.info.insert("token".into(), token.into());
        } else {
            self.appliance.info.remove("token");
        }
        // It remembers the ids: what is sent again meanwhile is known.
        let field = hello_field(hello, self.token());
        let forgetful = responder(self.appliance.did, self.token(), hello, &self.faults);
        self.responder = std::mem::replace(&mut self.responder, forgetful).hello_field(field);
    }

    /// Takes in what has arrived by now.
    fn arrive(&mut self, now: Instant) {
        self.come_back(now);
        while let Some((due, mut arrival)) = self.network.arrive(now) {
            self.receive(due, arrival.from, &mut arrival.datagram, arrival.travel);
        }
        // A device that is silent or away talks on, and nobody hears it.
        let heard = self.faults.silence != Silence::Total && !self.station.is_away(now);
        if let Some(scenes) = &mut self.scenes {
            let due = scenes.due(now, self.responder.token());
            for (to, datagram) in due.into_iter().filter(|_| heard) {
                self.network.send(&self.faults, &mut self.report, now, to, datagram);
            }
        }
        let Some(push) = &mut self.push else { return };
        let did = self.responder.did().into();
        let due = push.due(now, &did, &self.appliance.properties, &mut self.report);
        for (to, text) in due.into_iter().filter(|_| heard) {
            self.seal_and_send(now, to, text.as_bytes());
        }
    }
}

fn hello_field(hello: HelloToken, token: &Token) -> HelloField {
    match hello {
        HelloToken::Hidden => HelloField::HiddenFf,
        HelloToken::HiddenAsZeros => HelloField::HiddenZero,
        HelloToken::Shown => HelloField::Token(token.clone()),
    }
}

fn responder(did: u64, token: &Token, hello: HelloToken, faults: &Faults) -> Responder {
    let field = hello_field(hello, token);
    let responder =
        Responder::new(did, token.clone()).hello_field(field).id_memory(faults.id_memory);
    match faults.stamp_window {
        Some(window) => responder.stamp_window(u32::try_from(window.as_secs()).unwrap_or(u32::MAX)),
        None => responder,
    }
}
