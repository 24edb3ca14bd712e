//! The bulbs of the demo and the connections to them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use iot_home::sim::SimBulb;
use iot_home::sim::yeelight::{Builder, Faults, Quirk};
use iot_home::yeelight::client::{
    BulbBuilder, Direction, RealtimeKind, RealtimeOptions, WireEvent,
};
use iot_home::yeelight::session::Config;
use iot_home::yeelight::{Bulb, Sighting};

use super::super::Context;
use crate::record::Recorder;

/// A few bulbs, each with something to show.
pub(super) struct Bulbs {
    pub(super) desk: Member,
    pub(super) strip: Member,
    pub(super) hall: Member,
    pub(super) shelf: Member,
    recorder: Option<Recorder>,
}

/// One bulb.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) character: &'static str,
    pub(super) bulb: SimBulb,
}

impl Bulbs {
    pub(super) async fn start(context: &Context) -> Result<Self, String> {
        let member = async |name, character, builder: Builder| {
            let bulb = builder.name(name).spawn().await.map_err(|error| error.to_string())?;
            Ok::<_, String>(Member { name, character, bulb })
        };
        let babble = Faults::seed(3).quirk(Quirk::GarbageLine).quirk(Quirk::SplitSegments);
        Ok(Self {
            desk: member("desk", "connects back for music mode", SimBulb::color()).await?,
            strip: member("strip", "takes datagrams too, by a token", SimBulb::strip()).await?,
            hall: member("hall", "takes 60 commands a minute", SimBulb::white()).await?,
            shelf: member(
                "shelf",
                "writes garbage between answers that come in pieces",
                SimBulb::tunable().faults(babble),
            )
            .await?,
            recorder: context.recorder.clone(),
        })
    }

    pub(super) fn members(&self) -> [&Member; 4] {
        [&self.desk, &self.strip, &self.hall, &self.shelf]
    }

    /// What a transcript of the demo calls with all that goes and comes.
    pub(super) fn observer(&self) -> impl Fn(&WireEvent<'_>) + Send + Sync + 'static {
        let transcript = self.recorder.as_ref().map(Recorder::bulb_observer);
        move |event| {
            if let Some(transcript) = &transcript {
                transcript(event);
            }
        }
    }

    /// A connection whose pieces are counted as they come.
    pub(super) async fn counted(&self, member: &Member) -> Result<(Bulb, Arc<AtomicU32>), String> {
        let pieces = Arc::new(AtomicU32::new(0));
        let (counter, transcript) = (Arc::clone(&pieces), self.observer());
        let builder = Bulb::builder(member.bulb.addr()).session(patient()).on_wire(move |event| {
            if event.direction == Direction::Received {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            transcript(event);
        });
        Ok((builder.connect().await.map_err(super::told)?, pieces))
    }

    /// A connection to a bulb that was found.
    pub(super) async fn to_found(&self, found: &Sighting) -> Result<Bulb, String> {
        let builder = Bulb::builder(found.addr()).found(found).session(patient());
        self.connect(builder).await
    }

    /// A connection with these settings.
    pub(super) async fn with(&self, member: &Member, config: Config) -> Result<Bulb, String> {
        self.connect(Bulb::builder(member.bulb.addr()).session(config)).await
    }

    async fn connect(&self, builder: BulbBuilder) -> Result<Bulb, String> {
        builder.on_wire(self.observer()).connect().await.map_err(super::told)
    }
}

impl Member {
    /// A channel of this sort that stays on loopback.
    pub(super) fn channel(&self, kind: RealtimeKind) -> RealtimeOptions {
        RealtimeOptions::default()
            .kind(kind)
            .listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .session_port(self.bulb.session_addr().port())
    }
}

/// Simulated bulbs need no moment between a connection and the first command.
pub(super) fn patient() -> Config {
    Config::default().settle(Duration::ZERO)
}
