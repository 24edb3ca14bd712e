//! A client's session and a device, joined in memory in virtual time.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::{Instant, SeededRandom};
use iot_home_miio::session::{Config, Event, RequestKey};
use iot_home_miio::{DeviceRequest, Failure, Reply, Request, Session, push};

use crate::lane::Lane;
use crate::miio::machine::Machine;

/// A client's [`Session`] and a [`Machine`], joined in memory, in a time that only passes when something
/// waits for it: an hour takes a moment. Equal seeds give equal runs.
///
/// Each datagram takes a millisecond; everything else that may happen to it is the machine's
/// [`Faults`](crate::Faults).
///
/// ```
/// use std::time::Duration;
/// use iot_home_miio::Request;
/// use iot_home_sim::{Faults, SimDevice, VirtualLink};
///
/// let lamp = SimDevice::light().faults(Faults::seed(1).loss(0.3)).build()?;
/// let mut link = VirtualLink::new(lamp);
/// let (reply, elapsed) = link.call(Request::new("get_prop", ["power"])?);
/// assert_eq!(reply?.text(), r#"["off"]"#);
/// assert!(elapsed < Duration::from_secs(5));
///
/// link.idle(Duration::from_secs(3600));
/// link.call(Request::new("set_power", ["on"])?).0?;
/// assert_eq!(link.device().properties().get("power"), Some("on".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct VirtualLink {
    now: Instant,
    session: Session,
    machine: Machine,
    to_device: Lane<(SocketAddr, Vec<u8>)>,
    to_session: Lane<Vec<u8>>,
    done: BTreeMap<RequestKey, Result<Reply, Failure>>,
    requests: Vec<DeviceRequest>,
    pushes: Vec<push::Event>,
    outgoing: Vec<u8>,
}

impl VirtualLink {
    /// A session of its own for the device, with the device's token.
    pub fn new(machine: Machine) -> Self {
        let session = Session::new(machine.token(), Config::default(), &mut SeededRandom::new(1));
        Self::with_session(session, machine)
    }

    /// This session and this device.
    pub fn with_session(session: Session, machine: Machine) -> Self {
        Self {
            now: Instant::ORIGIN,
            session,
            machine,
            to_device: Lane::default(),
            to_session: Lane::default(),
            done: BTreeMap::new(),
            requests: Vec::new(),
            pushes: Vec::new(),
            outgoing: Vec::new(),
        }
    }

    /// Plays a request from its beginning to its end: the result, and how long it took.
    pub fn call(&mut self, request: Request) -> (Result<Reply, Failure>, Duration) {
        let began = self.now;
        let key = self.start(request);
        let result = self.finish(key);
        (result, self.now.saturating_since(began))
    }

    /// Begins a request; no time passes.
    pub fn start(&mut self, request: Request) -> RequestKey {
        let key = self.session.request(self.now, request);
        self.exchange();
        key
    }

    /// Lets time pass until a request has ended.
    ///
    /// # Errors
    /// As the request failed; [`Failure::NeverSent`] for one that the session does not know or that was
    /// finished before.
    pub fn finish(&mut self, key: RequestKey) -> Result<Reply, Failure> {
        loop {
            if let Some(result) = self.done.remove(&key) {
                return result;
            }
            match self.next() {
                Some(next) => self.advance(next),
                // A session always knows when its requests end.
                None => return Err(Failure::NeverSent),
            }
        }
    }

    /// Lets this much time pass.
    pub fn idle(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.advance(next);
        }
        if self.now < until {
            self.advance(until);
        }
    }

    /// The present time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The client's end.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The client's end, to be changed; or replaced, as when a program is started anew.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The device's end.
    pub fn device(&self) -> &Machine {
        &self.machine
    }

    /// The device's end, to be changed.
    pub fn device_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Switches the device off and on.
    pub fn reboot(&mut self) {
        self.machine.reboot(self.now);
    }

    /// What the device asked of the client since this was last called.
    pub fn take_requests(&mut self) -> Vec<DeviceRequest> {
        std::mem::take(&mut self.requests)
    }

    /// Subscribes the session to what the device pushes.
    pub fn subscribe(&mut self) {
        self.session.subscribe(self.now, 1_700_000_000, &mut SeededRandom::new(2));
        self.exchange();
    }

    /// Ends the session's subscription.
    pub fn unsubscribe(&mut self) {
        self.session.unsubscribe(self.now);
        self.exchange();
    }

    /// What the subscription told since this was last called.
    pub fn take_pushes(&mut self) -> Vec<push::Event> {
        std::mem::take(&mut self.pushes)
    }

    /// Gives the session a datagram as if it came from the device's address, and lets it react.
    pub fn inject_to_session(&mut self, datagram: &[u8]) {
        self.session.handle_datagram(self.now, &mut datagram.to_vec());
        self.exchange();
    }

    /// Gives the device a datagram as if a client other than the session had sent it, and lets it
    /// react. What it answers is lost.
    pub fn inject_to_device(&mut self, datagram: &[u8]) {
        self.machine.handle_datagram(self.now, STRANGER, &mut datagram.to_vec());
        self.exchange();
    }

    /// When something happens next.
    fn next(&self) -> Option<Instant> {
        let wires = self.to_device.next().into_iter().chain(self.to_session.next());
        wires.chain(self.session.poll_timeout()).chain(self.machine.poll_timeout()).min()
    }

    /// Moves on to this time and lets happen what is due.
    fn advance(&mut self, to: Instant) {
        // An end that is not content with being woken must not stop the time.
        let nudge = if to <= self.now { Duration::from_micros(1) } else { Duration::ZERO };
        self.now = self.now.max(to) + nudge;
        while let Some((_, (from, mut datagram))) = self.to_device.pop(self.now) {
            self.machine.handle_datagram(self.now, from, &mut datagram);
        }
        while let Some((_, mut datagram)) = self.to_session.pop(self.now) {
            self.session.handle_datagram(self.now, &mut datagram);
        }
        if self.session.poll_timeout().is_some_and(|due| due <= self.now) {
            self.session.handle_timeout(self.now);
        }
        self.exchange();
    }

    /// Puts on the wire what both ends have to say, and takes the session's events.
    fn exchange(&mut self) {
        let arrival = self.now + WIRE;
        while let Some(datagram) = self.session.poll_transmit(self.now, &mut self.outgoing) {
            self.to_device.push(arrival, (CLIENT, datagram.to_vec()));
        }
        while let Some(to) = self.machine.poll_transmit(self.now, &mut self.outgoing) {
            if to == CLIENT {
                self.to_session.push(arrival, std::mem::take(&mut self.outgoing));
            }
        }
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Done { key, result } => drop(self.done.insert(key, result)),
                Event::Request(request) => self.requests.push(request),
                Event::Push(event) => self.pushes.push(event),
                _ => {}
            }
        }
    }
}

const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);
const STRANGER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 40_001);
/// How long a datagram takes.
const WIRE: Duration = Duration::from_millis(1);
