//! Lumi gateways of a home, and the clients that speak to them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use iot_home_lumi::client::LumiBuilder;
use iot_home_lumi::{Gateway, Key, Lumi, Sid};
use tokio::sync::{Mutex as AsyncMutex, OnceCell};

use super::error::{Cause, Error};
use super::over::{Miss, Over, OverLumi};
use super::route::Outcome;
use super::shared::Shared;
use crate::{Facts, Parent};

/// The clients of a home. One that hears reports joins a group on every interface, so there is one only while something is
/// watched; meanwhile all calls go by it, since it hears the gateways' tokens too.
pub(super) struct Gateways {
    settings: LumiBuilder,
    /// It hears no reports, unless it was handed in.
    calls: OnceCell<Arc<Client>>,
    hearing: AsyncMutex<Weak<Client>>,
}

/// A client, and the handles of its gateways, kept with what it learns of each.
pub(super) struct Client {
    lumi: Lumi,
    is_given: bool,
    known: Mutex<BTreeMap<Sid, (SocketAddr, Gateway)>>,
}

/// Where a child is reached, or a gateway itself.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The gateway's id.
    pub(super) gateway: Sid,
    addr: SocketAddr,
    /// The child's, or the gateway's once more.
    pub(super) sid: Sid,
}

impl Shared {
    /// The gateway that tells of a device: itself, or the one that it hangs below.
    pub(super) fn gateway_of(&self, facts: &Facts) -> Option<Place> {
        let sid = facts.sid?;
        if let Some(addr) = facts.lumi {
            return Some(Place { gateway: sid, addr, sid });
        }
        let state = self.state();
        let key = match facts.parent.as_ref()? {
            Parent::Sid(sid) => state.household.by_sid(*sid),
            Parent::Did(did) => state.household.by_did(did),
        };
        let gateway = state.household.facts(key?)?;
        Some(Place { gateway: gateway.sid?, addr: gateway.lumi?, sid })
    }

    /// Whether the gateway is still where it was.
    pub(super) fn is_at(&self, place: Place) -> bool {
        let state = self.state();
        let key = state.household.by_sid(place.gateway);
        let facts = key.and_then(|key| state.household.facts(key));
        facts.is_some_and(|facts| facts.lumi == Some(place.addr))
    }

    /// A child as its gateway knows it.
    pub(super) async fn lumi_child(&self, facts: &Facts) -> Over<Option<OverLumi>> {
        let Some(place) = self.gateway_of(facts) else { return Ok(None) };
        let gateway = self.gateway(place).await;
        let gateway = gateway.map_err(|error| Miss { outcome: Outcome::Unreachable, error })?;
        Ok(Some(OverLumi { gateway, sid: place.sid }))
    }

    /// The handle of a gateway. The first one opens a client's socket, where the home was given none.
    pub(super) async fn gateway(&self, place: Place) -> Result<Gateway, Error> {
        let client = self.lumi.for_calls().await?;
        Ok(client.gateway(place, self.setup.keys.get(&place.gateway)))
    }

    /// The same of a client that hears reports, for as long as that is held.
    pub(super) async fn heard_gateway(
        &self,
        place: Place,
    ) -> Result<(Arc<Client>, Gateway), Error> {
        let client = self.lumi.for_reports().await?;
        let gateway = client.gateway(place, self.setup.keys.get(&place.gateway));
        Ok((client, gateway))
    }
}

impl Gateways {
    /// Speaks by the client that was handed in, or else by such as the settings say.
    pub(super) fn new(given: Option<Lumi>, settings: LumiBuilder) -> Self {
        let given = given.map(|lumi| Arc::new(Client::new(lumi, true)));
        Self { settings, calls: OnceCell::new_with(given), hearing: AsyncMutex::default() }
    }

    async fn for_calls(&self) -> Result<Arc<Client>, Error> {
        if let Some(hearing) = self.hearing.lock().await.upgrade() {
            return Ok(hearing);
        }
        let open = || open(self.settings.clone().without_reports());
        self.calls.get_or_try_init(open).await.cloned()
    }

    async fn for_reports(&self) -> Result<Arc<Client>, Error> {
        if let Some(given) = self.calls.get().filter(|client| client.is_given) {
            return Ok(Arc::clone(given));
        }
        let mut hearing = self.hearing.lock().await;
        if let Some(client) = hearing.upgrade() {
            return Ok(client);
        }
        let client = open(self.settings.clone()).await?;
        *hearing = Arc::downgrade(&client);
        Ok(client)
    }
}

impl Client {
    fn new(lumi: Lumi, is_given: bool) -> Self {
        Self { lumi, is_given, known: Mutex::default() }
    }

    fn gateway(&self, place: Place, key: Option<&Key>) -> Gateway {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((addr, gateway)) = known.get(&place.gateway)
            && *addr == place.addr
        {
            return gateway.clone();
        }
        let gateway = self.lumi.gateway(place.addr, key.cloned());
        known.insert(place.gateway, (place.addr, gateway.clone()));
        while known.len() > MOST_GATEWAYS {
            known.pop_first();
        }
        gateway
    }
}

async fn open(settings: LumiBuilder) -> Result<Arc<Client>, Error> {
    let lumi = settings.bind().await;
    let lumi =
        lumi.map_err(|error| Error::new(Cause::Lumi { error: Arc::new(error), changes: false }))?;
    Ok(Arc::new(Client::new(lumi, false)))
}

/// Handles beyond these are made anew.
const MOST_GATEWAYS: usize = 256;

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use futures_util::StreamExt as _;
    use serde_json::{Value, json};
    use tokio::net::UdpSocket;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::Source;
    use crate::home::{Device, Event, Home, Origin, Watch};

    const GATEWAY: &str = "f0b429000001";
    const PLUG: &str = "158d0002000001";
    const MS: Duration = Duration::from_millis(1);

    /// A home whose own clients hear reports on loopback.
    async fn home() -> Home {
        let miio = iot_home_miio::Client::builder().local_addr(([127, 0, 0, 1], 0).into());
        let mut home = Home::builder().miio(miio.bind().await.unwrap());
        home.gateways = home.gateways.local_addr(([127, 0, 0, 1], 0).into());
        home.gateways = home.gateways.group(Ipv4Addr::LOCALHOST).port(0);
        home.open().await.unwrap()
    }

    /// What a gateway says of its plug.
    fn told(cmd: &str, status: &str) -> Vec<u8> {
        let data = json!({ "status": status }).to_string();
        json!({ "cmd": cmd, "model": "plug", "sid": PLUG, "data": data }).to_string().into_bytes()
    }

    /// Learns of a plug that is on, as its gateway says whenever it is asked.
    async fn plug(home: &Home) -> Device {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (sid, lumi) = (GATEWAY.parse().ok(), socket.local_addr().ok());
        home.learn(Source::Lumi, Facts { sid, lumi, ..Facts::default() }).unwrap();
        let (sid, model) = (PLUG.parse().ok(), Some("plug".into()));
        let parent = GATEWAY.parse().ok().map(Parent::Sid);
        home.learn(Source::Lumi, Facts { sid, model, parent, ..Facts::default() });
        tokio::spawn(async move {
            let mut room = [0; 2048];
            loop {
                let (_, from) = socket.recv_from(&mut room).await.unwrap();
                socket.send_to(&told("read_ack", "on"), from).await.unwrap();
            }
        });
        home.device(PLUG).unwrap()
    }

    async fn hearing(home: &Home) -> Option<Arc<Client>> {
        home.shared.lumi.hearing.lock().await.upgrade()
    }

    async fn soon<T>(future: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(20), future).await.expect("it takes too long")
    }

    async fn change(watch: &mut Watch) -> (Value, Origin) {
        match watch.next().await.unwrap() {
            Event::Change(change) => (change.value, change.from),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn reports_are_heard_only_while_something_is_watched() {
        let home = home().await;
        let plug = plug(&home).await;
        assert_eq!(plug.get("switch:on").await.unwrap().value, Some(json!(true)));
        let calls = home.shared.lumi.calls.get().expect("it was spoken to");
        assert_eq!(calls.lumi.report_addr(), None);
        assert!(hearing(&home).await.is_none());

        let long = Duration::from_secs(600);
        let mut watch = home.watch().properties(&plug, ["switch:on"]).every(long..=long).start();
        assert_eq!(soon(change(&mut watch)).await, (json!(true), Origin::PolledLan));
        let to = soon(async {
            loop {
                match hearing(&home).await {
                    Some(client) => break client.lumi.report_addr().unwrap(),
                    None => sleep(5 * MS).await,
                }
            }
        })
        .await;
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for (cmd, status, is_on) in [("report", "off", false), ("heartbeat", "on", true)] {
            let change = soon(async {
                loop {
                    // It may still be about to listen.
                    socket.send_to(&told(cmd, status), to).await.unwrap();
                    if let Ok(change) = timeout(100 * MS, change(&mut watch)).await {
                        break change;
                    }
                }
            });
            assert_eq!(change.await, (json!(is_on), Origin::Gateway), "{cmd}");
        }

        drop(watch);
        soon(async {
            while hearing(&home).await.is_some() {
                sleep(5 * MS).await;
            }
        })
        .await;
        assert_eq!(plug.get("switch:on").await.unwrap().value, Some(json!(true)));
        assert!(hearing(&home).await.is_none());
    }

    #[tokio::test]
    async fn while_reports_are_heard_calls_go_where_tokens_are_heard_too() {
        let home = home().await;
        let gateways = &home.shared.lumi;
        let calls = gateways.for_calls().await.unwrap();
        let (one, two) = (gateways.for_reports().await, gateways.for_reports().await);
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(Arc::ptr_eq(&one, &two) && !Arc::ptr_eq(&one, &calls));
        assert!(Arc::ptr_eq(&one, &gateways.for_calls().await.unwrap()));
        drop((one, two));
        assert!(Arc::ptr_eq(&calls, &gateways.for_calls().await.unwrap()));
    }
}
