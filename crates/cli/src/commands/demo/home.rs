//! The home of the demo: its miIO devices, the client that drives them, the bulbs and the clouds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iot_home::miio::client::{Direction, WireEvent};
use iot_home::miio::{Client, Device};
use iot_home::sim::{Faults, Quirk, SimDevice};
use serde::de::IgnoredAny;

use super::super::Context;
use super::bulbs::Bulbs;
use super::clouds::Clouds;
use super::mi_cloud::MiHome;
use crate::ordered::spellings;
use crate::record::Recorder;

/// A handful of devices, each difficult in its own way.
pub(super) struct Home {
    pub(super) lamp: Member,
    pub(super) plug: Member,
    pub(super) vacuum: Member,
    pub(super) humidifier: Member,
    pub(super) fan: Member,
    pub(super) bulbs: Bulbs,
    pub(super) clouds: Clouds,
    pub(super) mi: MiHome,
    pub(super) client: Client,
    answers: Arc<Answers>,
    recorder: Option<Recorder>,
}

/// One device.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) character: &'static str,
    pub(super) device: SimDevice,
}

impl Home {
    pub(super) async fn start(context: &Context) -> Result<Self, String> {
        let member = async |name, character, builder: iot_home::sim::miio::Builder| {
            let device = builder.spawn().await.map_err(|error| error.to_string())?;
            Ok::<_, String>(Member { name, character, device })
        };
        let milliseconds = |ms| Duration::from_millis(ms);
        let lamp = Faults::seed(7).loss(0.1).delay(milliseconds(1)..=milliseconds(4));
        let plug = Faults::seed(1)
            .quirk(Quirk::DoubleComma)
            .quirk(Quirk::EmptyOttStat)
            .quirk(Quirk::LeadingZero)
            .quirk(Quirk::TrailingGarbage);
        let vacuum = Faults::seed(1).max_properties(3);
        let humidifier = Faults::seed(1).id_memory(32).stamp_window(Duration::from_secs(2));
        let fan = SimDevice::fan().did(SIXTY_FOUR_BIT);
        let lamp = SimDevice::light().faults(lamp);
        let lamp = member("lamp", "loses one packet in ten, each way", lamp).await?;
        let mut home = Self {
            mi: MiHome::start(&lamp.device).await?,
            lamp,
            plug: member("plug", "writes broken JSON", SimDevice::plug().faults(plug)).await?,
            vacuum: member(
                "vacuum",
                "takes 3 properties per request",
                SimDevice::vacuum().faults(vacuum),
            )
            .await?,
            humidifier: member(
                "humidifier",
                "ignores ids it has seen, and stamps 2 s off its clock",
                SimDevice::humidifier().faults(humidifier),
            )
            .await?,
            fan: member("fan", "shows its token, and has a did of 64 bits", fan).await?,
            bulbs: Bulbs::start(context).await?,
            clouds: Clouds::start().await?,
            client: Client::bind().await.map_err(|error| error.to_string())?,
            answers: Arc::default(),
            recorder: context.recorder.clone(),
        };
        home.client = home.another_client().await?;
        Ok(home)
    }

    pub(super) fn members(&self) -> [&Member; 5] {
        [&self.lamp, &self.plug, &self.vacuum, &self.humidifier, &self.fan]
    }

    /// A client that has never talked to anybody.
    pub(super) async fn another_client(&self) -> Result<Client, String> {
        let tokens = self.members().into_iter().flat_map(|it| spellings(&it.device.token()));
        let tokens: Vec<_> = tokens.collect();
        let transcript = self.recorder.as_ref().map(|recorder| recorder.observer(tokens));
        let answers = Arc::clone(&self.answers);
        let client = Client::builder().timeout(PATIENCE).on_wire(move |event| {
            answers.count(event);
            if let Some(transcript) = &transcript {
                transcript(event);
            }
        });
        client.bind().await.map_err(|error| error.to_string())
    }

    /// How many answers came from this device, and how many of them were JSON.
    pub(super) fn answers(&self, member: &Member) -> (u32, u32) {
        let all = self.answers.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&member.device.addr()).copied().unwrap_or_default()
    }
}

impl Member {
    /// A handle for it, with its right token.
    pub(super) fn through(&self, client: &Client) -> Device {
        client.device(self.device.addr(), self.device.token())
    }
}

/// What came over the wire: by device, the answers and those that were strict JSON.
#[derive(Default)]
struct Answers(Mutex<BTreeMap<SocketAddr, (u32, u32)>>);

impl Answers {
    fn count(&self, event: &WireEvent<'_>) {
        let (Direction::Received, Some(text)) = (event.direction, event.payload) else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (answers, valid) = all.entry(event.peer).or_default();
        *answers += 1;
        *valid += u32::from(serde_json::from_str::<IgnoredAny>(text).is_ok());
    }
}

/// Time enough for every retransmission that this loss asks for.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than 32 bits, as dids are in Xiaomi's own software and in few clients.
const SIXTY_FOUR_BIT: u64 = 1_311_768_467_463_790_320;
