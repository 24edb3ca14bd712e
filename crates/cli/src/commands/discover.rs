//! `iot-home discover`: what is there.

mod line;
mod told;

use std::net::SocketAddr;

use futures_util::StreamExt as _;
use iot_home::hub::discovery::{self, DiscoveryError, Event};
use iot_home::hub::{DiscoveryBuilder, Facts, Home, Household, Sighting};
use iot_home::lumi::Sid;
use iot_home::{lumi, miio, yeelight as bulbs};

use self::line::Line;
use self::told::Told;
use super::Context;
use super::inventory::{Inventory, tokens};
use super::search::{Plan, targets};
use super::yeelight;
use crate::args::{Discover, Protocol};
use crate::failure::{Failure, Outcome, Verdict};

pub(super) async fn run(context: &Context, args: Discover) -> Outcome {
    check(&args)?;
    let output = &context.output;
    let plan = Plan::of(context, &args.search)?;
    let keeper = match args.save {
        true => Some(Keeper::open(context, &args).await?),
        false => None,
    };
    let waiting = output.waiting("searching");
    let mut search = search(context, &args, &plan, keeper.as_ref()).await?.start()?;
    let mut told = Told::default();
    while let Some(event) = search.next().await {
        match event {
            Event::Device { sighting, update } => {
                if let Some(keeper) = &keeper {
                    keeper.keep(&sighting)?;
                }
                let known = search.household().facts(update.device).cloned().unwrap_or_default();
                let known =
                    keeper.as_ref().and_then(|keeper| keeper.known(&known)).unwrap_or(known);
                let gateway = match &*sighting {
                    Sighting::Child { gateway, .. } => addr_of(search.household(), *gateway),
                    _ => None,
                };
                let line = Line::of(context, &sighting, &known, gateway);
                let is_first = told.is_empty();
                if told.is_new(update.device, sighting.protocol(), line.addr) {
                    output.print(&line, |line, style| line.text(style, is_first))?;
                }
            }
            Event::Neighbor(neighbor) => {
                let (service, name) = (neighbor.service.name(), &neighbor.name);
                tracing::info!(service, ?name, addr = %neighbor.addr, "a neighbour, no device of ours");
            }
            Event::Failed(error) => {
                // The others go on, and a program sees it in the trace.
                tracing::warn!(error = %whole(&error), "a part of the search is missing");
                if !output.json() {
                    output.warn(&whole(&error));
                }
            }
            _ => {}
        }
    }
    drop(waiting);
    if told.is_empty() {
        output.note(&format!("no device answered within {:?}", plan.wait));
        output.advise(hint(&args));
        return Ok(Verdict::NotOk);
    }
    if let Some(keeper) = keeper {
        output.note(&format!("kept in {}", keeper.inventory.name()));
    }
    Ok(Verdict::Done)
}

/// What clap cannot tell.
fn check(args: &Discover) -> Result<(), Failure> {
    let Some(target) = args.search.targets.first() else { return Ok(()) };
    if args.protocols == [Protocol::Mdns] {
        return Err(Failure::usage(format!("mDNS asks everybody, and not {target} alone"))
            .hint("leave --target out, or say --protocol miio, yeelight or lumi"));
    }
    if let Some(target) = args.search.targets.iter().find(|target| target.has_port())
        && args.protocols.len() != 1
    {
        return Err(Failure::usage(format!(
            "{target} names a port, and which protocol speaks there has to be said"
        ))
        .hint("add --protocol miio, --protocol yeelight or --protocol lumi"));
    }
    Ok(())
}

fn asks(args: &Discover, protocol: Protocol) -> bool {
    args.protocols.is_empty() || args.protocols.contains(&protocol)
}

/// Every protocol at once.
async fn search(
    context: &Context,
    args: &Discover,
    plan: &Plan,
    keeper: Option<&Keeper>,
) -> Result<DiscoveryBuilder, Failure> {
    let protocols = [
        (Protocol::Miio, discovery::Protocol::Miio, miio::PORT),
        (Protocol::Yeelight, discovery::Protocol::Yeelight, bulbs::SEARCH_PORT),
        (Protocol::Lumi, discovery::Protocol::Lumi, lumi::SEARCH_PORT),
        (Protocol::Mdns, discovery::Protocol::Mdns, 0),
    ];
    let asked = protocols.iter().filter(|(protocol, ..)| asks(args, *protocol));
    let mut search = iot_home::discover()
        .wait(plan.wait)
        .interfaces(plan.interfaces.iter().copied())
        .protocols(asked.clone().map(|(_, protocol, _)| *protocol));
    for (_, protocol, port) in asked.filter(|(protocol, ..)| *protocol != Protocol::Mdns) {
        for addr in targets(context, &args.search, *port).await? {
            search = search.target(*protocol, addr);
        }
    }
    if let Some(count) = plan.count {
        search = search.count(count);
    }
    if let Some(recorder) = &context.recorder {
        // What the search finds out itself is in no datagram's text.
        let known = keeper.map(|keeper| tokens(&keeper.home)).unwrap_or_default();
        search = search.on_wire(recorder.lan_observer(move || known.clone()));
    }
    Ok(search)
}

/// The inventory that takes in what is found.
struct Keeper {
    home: Home,
    inventory: Inventory,
}

impl Keeper {
    async fn open(context: &Context, args: &Discover) -> Result<Self, Failure> {
        let inventory = Inventory::of(context, args.inventory.as_deref())?;
        let home = inventory.open(Home::builder()).await?;
        inventory.make_folder()?;
        Ok(Self { home, inventory })
    }

    /// At once, so that whoever reads the line finds the device, and an interrupt loses nothing.
    fn keep(&self, sighting: &Sighting) -> Result<(), Failure> {
        if let Some(facts) = sighting.facts() {
            self.home.learn(sighting.source(), facts);
        }
        Ok(self.home.save()?)
    }

    /// What is known of a device by the inventory too.
    fn known(&self, found: &Facts) -> Option<Facts> {
        let did = found.did.as_ref().map(ToString::to_string);
        let bulb = || found.bulb.map(|bulb| bulb.to_string());
        let mac = || found.mac.map(|mac| mac.to_string());
        self.home.device(&did.or_else(bulb).or_else(mac)?).ok()?.facts()
    }
}

impl From<DiscoveryError> for Failure {
    fn from(error: DiscoveryError) -> Self {
        use discovery::DiscoveryErrorKind as Kind;

        let whole = whole(&error);
        let is_bad = std::error::Error::source(&error).is_some_and(|source| {
            let miio = source.downcast_ref::<miio::Error>();
            let bulbs = source.downcast_ref::<bulbs::Error>();
            let lumi = source.downcast_ref::<lumi::Error>();
            miio.is_some_and(|error| error.kind() == miio::ErrorKind::BadInput)
                || bulbs.is_some_and(|error| error.kind() == bulbs::ErrorKind::BadInput)
                || lumi.is_some_and(|error| error.kind() == lumi::ErrorKind::BadInput)
        });
        match error.kind() {
            _ if is_bad => Self::bad_input(whole),
            Kind::NoInterface => Self::new(crate::failure::Kind::Io, whole)
                .hint("connect this machine, or say whom to ask: --target ADDR, --interface NAME"),
            Kind::NothingToAsk => Self::usage(whole),
            _ => Self::new(crate::failure::Kind::Io, whole),
        }
    }
}

/// Where a gateway is.
fn addr_of(household: &Household, gateway: Sid) -> Option<SocketAddr> {
    household.facts(household.by_sid(gateway)?)?.lumi
}

fn whole(error: &DiscoveryError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn hint(args: &Discover) -> &'static str {
    match args.protocols.as_slice() {
        [Protocol::Miio] => {
            "devices answer only in their own network, and neither a guest network nor a \
             firewall may keep UDP port 54321 away; --target ADDR asks one address, --wait 10s \
             asks longer"
        }
        [Protocol::Yeelight] => yeelight::HINT,
        [Protocol::Lumi] => {
            "gateways answer only with developer mode switched on in their app and in their own \
             network, and no firewall may keep UDP ports 4321 and 9898 away; --wait 10s asks longer"
        }
        [Protocol::Mdns] => {
            "announcements stay in their own network, and no firewall may keep UDP port 5353 away; \
             --wait 10s listens longer"
        }
        _ => {
            "devices answer only in their own network, bulbs only with LAN Control switched on, and \
             neither a guest network nor a firewall may keep UDP ports 54321, 1982 and 4321 away; \
             --target ADDR asks one address, --wait 10s asks longer"
        }
    }
}
