//! Any bytes in any pieces into the simulated platform: no panic, nothing behind the end of a connection, an end to
//! everything, and no more kept than there is room for.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use iot_home_aliyun as aliyun;
use iot_home_core::{Instant, SeededRandom};
use iot_home_mqtt::{Connect, MqttLogin};
use iot_home_sim::mqtt::{
    ConnectionId, DeviceId, Faults, Link, Machine, Output, Silence, SimPlatform,
};
use iot_home_tencent as tencent;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    faults: Option<Mischief>,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
struct Mischief {
    seed: u64,
    delay_ms: (u16, u16),
    cut_in: Option<u16>,
    cut_out: Option<u16>,
    lost_acks: u8,
    silence: u8,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Open {
        tls: bool,
    },
    /// A login that is right.
    Login {
        connection: u8,
        which: u8,
        clean: bool,
    },
    Bytes {
        connection: u8,
        bytes: Vec<u8>,
    },
    /// A packet with a length that is right.
    Packet {
        connection: u8,
        first: u8,
        body: Vec<u8>,
    },
    Publish {
        topic: u8,
        qos: u8,
        payload: Vec<u8>,
    },
    SetProperties {
        which: u8,
    },
    Rrpc {
        which: u8,
        within_ms: u16,
    },
    Close {
        connection: u8,
    },
    Pass {
        millis: u32,
    },
    DisconnectAll,
    Restart {
        keep: bool,
    },
    Overflow {
        connection: u8,
    },
}

const TIME: Duration = Duration::from_secs(1_600_000_000);
const TOPICS: [&str; 6] = [
    "a",
    "/a1X2bEnP82z/lamp-1/user/get",
    "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set",
    "YOURPROD01/lamp1/data",
    "$thing/down/property/YOURPROD01/lamp1",
    "$SYS/x",
];

fn aliyun_device() -> aliyun::Device {
    aliyun::Device::new("a1X2bEnP82z", "lamp-1", "ga7XA6KdlEeiPXQPpRbAjOZXwG8ydgSe")
        .expect("a device")
}

fn tencent_device() -> tencent::Device {
    tencent::Device::new("YOURPROD01", "lamp1", "7WmFA/MEs+Fy+32QwJWtYw==").expect("a device")
}

fn login(which: u8) -> MqttLogin {
    match which % 4 {
        0 => aliyun_device().tls().params(aliyun::Params::new().auto_subscribe()).sign(TIME),
        1 => tencent_device().tcp().sign(TIME, &mut SeededRandom::new(1)),
        which => {
            let mut login = MqttLogin::new("localhost", 1883, format!("client-{which}"));
            login.username = Some("me".into());
            login.password = Some(String::from("x").into());
            login
        }
    }
}

struct Run {
    platform: Machine,
    now: Instant,
    open: Vec<ConnectionId>,
    is_closed: BTreeMap<ConnectionId, bool>,
    written: usize,
}

impl Run {
    fn connection(&self, number: u8) -> Option<ConnectionId> {
        let at = usize::from(number).checked_rem(self.open.len())?;
        self.open.get(at).copied()
    }

    fn drain(&mut self) {
        while let Some(output) = self.platform.poll_output(self.now) {
            match output {
                Output::Write { to, bytes } => {
                    assert!(!self.is_closed.contains_key(&to), "nothing behind the end");
                    assert!(!bytes.is_empty());
                    self.written += bytes.len();
                }
                Output::Close { connection, cut } => {
                    assert_eq!(self.is_closed.insert(connection, cut), None, "closed once");
                    self.open.retain(|one| *one != connection);
                }
                Output::Answered { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn pass(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(due) = self.platform.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.platform.handle_timeout(self.now);
            self.drain();
            assert!(self.platform.poll_timeout().is_none_or(|next| next > due), "time goes on");
        }
        self.now = until;
    }

    fn bytes(&mut self, number: u8, bytes: &[u8]) {
        if let Some(id) = self.connection(number) {
            self.platform.handle_bytes(self.now, id, bytes);
        }
    }

    fn step(&mut self, step: Step) {
        let now = self.now;
        let devices = [DeviceId::from(&aliyun_device()), DeviceId::from(&tencent_device())];
        let device = |which: u8| &devices[usize::from(which % 2)];
        match step {
            Step::Open { tls } => {
                let link = if tls { Link::tls() } else { Link::tcp() };
                self.open.extend(self.platform.accept(now, link));
            }
            Step::Login { connection, which, clean } => {
                let mut login = login(which);
                login.clean_session = clean;
                let mut packet = Vec::new();
                Connect::from(&login).encode(&mut packet).expect("a packet");
                self.bytes(connection, &packet);
            }
            Step::Bytes { connection, bytes } => self.bytes(connection, &bytes),
            Step::Packet { connection, first, mut body } => {
                body.truncate(127);
                let mut packet = vec![first, body.len() as u8];
                packet.append(&mut body);
                self.bytes(connection, &packet);
            }
            Step::Publish { topic, qos, payload } => {
                let topic = TOPICS[usize::from(topic) % TOPICS.len()];
                assert!(self.platform.publish(now, topic, &payload, qos) <= 4);
            }
            Step::SetProperties { which } => {
                let params = serde_json::json!({"x": 1});
                self.platform.set_properties(now, device(which), &params).expect("it is known");
            }
            Step::Rrpc { which, within_ms } => {
                let within = Duration::from_millis(within_ms.into());
                let _ = self.platform.rrpc(now, device(which), b"x", within);
            }
            Step::Close { connection } => {
                if let Some(id) = self.connection(connection) {
                    self.platform.closed(now, id);
                    self.open.retain(|one| *one != id);
                    self.is_closed.insert(id, true);
                }
            }
            Step::Pass { millis } => self.pass(Duration::from_millis(millis.into())),
            Step::DisconnectAll => self.platform.disconnect_all(now),
            Step::Restart { keep } => self.platform.restart(now, keep),
            Step::Overflow { connection } => {
                if let Some(id) = self.connection(connection) {
                    self.platform.overflowed(now, id);
                }
            }
        }
        self.drain();
    }
}

fuzz_target!(|input: Input| {
    let faults = input.faults.map(|mischief| {
        let (low, high) = mischief.delay_ms;
        let millis = |millis: u16| Duration::from_millis(millis.into());
        let mut faults = Faults::seed(mischief.seed)
            .delay(millis(low.min(high))..=millis(low.max(high)))
            .lost_acks(mischief.lost_acks.into())
            .silence(match mischief.silence % 4 {
                1 => Silence::Output,
                2 => Silence::Total,
                _ => Silence::Never,
            });
        if let Some(bytes) = mischief.cut_in {
            faults = faults.cut_at_input(bytes.into());
        }
        if let Some(bytes) = mischief.cut_out {
            faults = faults.cut_at_output(bytes.into());
        }
        faults
    });
    let builder = SimPlatform::builder()
        .aliyun(aliyun_device())
        .tencent(tencent_device())
        .account("me", "x")
        .time(TIME)
        .faults(faults.unwrap_or_default());
    let mut run = Run {
        platform: builder.build(),
        now: Instant::ORIGIN,
        open: Vec::new(),
        is_closed: BTreeMap::new(),
        written: 0,
    };
    for step in input.steps {
        run.step(step);
        let report = run.platform.report();
        assert!(report.open_connections <= 256 && report.refusals.len() <= 100);
        assert!(report.logins + report.refused <= report.connections);
        assert!(run.platform.messages().count() <= 1000);
        for device in run.platform.devices() {
            assert!(run.platform.pending(&device) <= 150 + 20);
            assert!(run.platform.subscriptions(&device).len() <= 100);
        }
    }
    // An hour and a half of silence ends every keep-alive there is, and every question.
    run.platform.set_faults(Faults::default());
    run.pass(Duration::from_secs(100_000));
    let _ = run.written;
});
