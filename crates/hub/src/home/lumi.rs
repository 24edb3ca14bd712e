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
    use iot_home_sim::SimGateway;
    use iot_home_sim::lumi::{Builder, Child};
    use serde_json::json;
    use tokio::net::UdpSocket;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::Source;
    use crate::home::{Event, Home, Origin, Watch};

    const KEY: &str = "q3zq0f2yd3t3nqx4";
    const GATEWAY: &str = "f0b429000001";
    const MS: Duration = Duration::from_millis(1);

    fn gateway() -> Builder {
        let plug = Child::plug("158d0002000001".parse().unwrap());
        SimGateway::builder(KEY.parse().unwrap()).sid(GATEWAY.parse().unwrap()).children([plug])
    }

    /// A home whose own clients hear reports on loopback.
    async fn home() -> Home {
        let miio = iot_home_miio::Client::builder().local_addr(([127, 0, 0, 1], 0).into());
        let mut home = Home::builder().miio(miio.bind().await.unwrap());
        home.gateways = home.gateways.local_addr(([127, 0, 0, 1], 0).into());
        home.gateways = home.gateways.group(Ipv4Addr::LOCALHOST).port(0);
        home = home.gateway_key(GATEWAY.parse().unwrap(), KEY.parse().unwrap());
        home.open().await.unwrap()
    }

    fn learn(home: &Home, gateway: &SimGateway) -> crate::home::Device {
        let (sid, lumi) = (Some(gateway.sid()), Some(gateway.addr()));
        home.learn(Source::Lumi, Facts { sid, lumi, ..Facts::default() }).unwrap();
        let (sid, model) = (gateway.children()[0], Some("plug".into()));
        let parent = Some(Parent::Sid(gateway.sid()));
        home.learn(Source::Lumi, Facts { sid: Some(sid), model, parent, ..Facts::default() });
        home.device(&sid.to_string()).unwrap()
    }

    async fn hearing(home: &Home) -> Option<Arc<Client>> {
        home.shared.lumi.hearing.lock().await.upgrade()
    }

    async fn soon<T>(future: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(20), future).await.expect("it takes too long")
    }

    async fn told(watch: &mut Watch) -> (serde_json::Value, Origin) {
        match soon(watch.next()).await.unwrap() {
            Event::Change(change) => (change.value, change.from),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn reports_are_heard_only_while_something_is_watched() {
        let (home, gateway) = (home().await, gateway().spawn().await.unwrap());
        let plug = learn(&home, &gateway);
        assert_eq!(plug.get("switch:on").await.unwrap().value, Some(json!(false)));
        assert!(plug.set([("switch:on", json!(true))]).await.unwrap()[0].is_ok());
        let calls = home.shared.lumi.calls.get().expect("it was spoken to");
        assert_eq!(calls.lumi.report_addr(), None);
        assert!(hearing(&home).await.is_none());

        let long = Duration::from_secs(600);
        let watch = home.watch().properties(&plug, ["switch:on"]).every(long..=long);
        let mut watch = watch.start();
        assert_eq!(told(&mut watch).await, (json!(true), Origin::PolledLan));
        let to = soon(async {
            loop {
                match hearing(&home).await {
                    Some(client) => break client.lumi.report_addr().unwrap(),
                    None => sleep(5 * MS).await,
                }
            }
        });
        let to = to.await;
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let sid = gateway.children()[0];
        for (cmd, word, is_on) in [("report", "off", false), ("heartbeat", "on", true)] {
            let data = json!({ "status": word }).to_string();
            let report =
                json!({ "cmd": cmd, "model": "plug", "sid": sid.to_string(), "data": data });
            // It may still be about to listen.
            let told = soon(async {
                loop {
                    socket.send_to(report.to_string().as_bytes(), to).await.unwrap();
                    if let Ok(Some(event)) = timeout(100 * MS, watch.next()).await {
                        break event;
                    }
                }
            });
            let Event::Change(change) = told.await else { panic!("no change") };
            assert_eq!((change.value, change.from), (json!(is_on), Origin::Gateway), "{cmd}");
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
    async fn a_token_that_is_heard_while_watching_is_written_with() {
        let home = home().await;
        let held = home.shared.lumi.for_reports().await.unwrap();
        let gateway = gateway().heartbeat(100 * MS).report_to(held.lumi.report_addr().unwrap());
        let gateway = gateway.spawn().await.unwrap();
        let plug = learn(&home, &gateway);
        let mut watch = home.watch().properties(&plug, ["switch:on"]).start();
        assert_eq!(told(&mut watch).await.0, json!(false));
        drop(held);
        assert!(plug.set([("switch:on", json!(true))]).await.unwrap()[0].is_ok());
        let lists = gateway.report().lists;
        gateway.roll_token();
        let heartbeats = gateway.report().heartbeats;
        soon(async {
            while gateway.report().heartbeats < heartbeats + 2 {
                sleep(5 * MS).await;
            }
        })
        .await;
        sleep(50 * MS).await;
        assert!(plug.set([("switch:on", json!(false))]).await.unwrap()[0].is_ok());
        assert_eq!(gateway.report().lists, lists, "nobody had to be asked for the token");
        assert_eq!(gateway.report().violations.total(), 0);
        assert_eq!(gateway.value(gateway.children()[0], "status"), Some(json!("off")));
    }
}
