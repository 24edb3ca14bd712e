//! What the two simulators of python-miio have in common: where they listen, and how our client
//! meets them.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use iot_home::Did;
use iot_home::miio::client::Direction;
use iot_home::miio::packet::PacketKind;
use iot_home::miio::{Client, Device, Token};
use tokio::process::Command;

use crate::install::Peers;
use crate::process::{Background, Failure};
use crate::tally::Tally;

/// They bind every address, and answer from the one that the client's own address leads to.
pub(super) const ADDR: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Their token cannot be chosen.
pub(super) const TOKEN: [u8; 16] = [0; 16];

/// A running simulator and our client beside it.
pub(super) struct Simulator {
    program: Background,
    client: Client,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    hellos: AtomicU64,
    calls: AtomicU64,
}

impl Simulator {
    /// Starts `miiocli devtools` with these arguments, and waits until it answers our hello.
    pub(super) async fn start(
        peers: &Peers,
        log: &Path,
        arguments: &[&str],
        did: u32,
        tally: &mut Tally,
    ) -> Result<Self, Failure> {
        let seen = Arc::new(Seen::default());
        let client = Client::builder()
            .local_addr((ADDR, 0).into())
            .in_flight(IN_FLIGHT)
            .on_wire({
                let seen = Arc::clone(&seen);
                move |event| {
                    if event.direction == Direction::Received {
                        let of = match (event.kind, event.payload) {
                            (_, Some(_)) => &seen.calls,
                            (Some(PacketKind::Short), None) => &seen.hellos,
                            _ => return,
                        };
                        of.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
            .bind()
            .await?;
        let mut command = Command::new(peers.miiocli());
        command.arg("devtools").args(arguments);
        let mut program = Background::start(&mut command, log)?;
        for _ in 0..STARTING_S {
            let Ok(found) = client.hello(ADDR, Duration::from_secs(1)).await else { continue };
            tally.equal("the did in its hello", found.did, Did::from(u64::from(did)));
            tally.check("a hello of zeros hides the token", found.token.is_none(), "shown");
            seen.hellos.fetch_add(1, Ordering::Relaxed);
            return Ok(Self { program, client, seen });
        }
        Err(program.failure("no answer to a hello"))
    }

    /// Our handle for the simulated device.
    pub(super) fn device(&self) -> Device {
        self.client.device(ADDR, Token::new(TOKEN))
    }

    /// Ends the simulator and adds up what was exchanged.
    pub(super) async fn stop(self, tally: &mut Tally) {
        tally.exchanged(
            self.seen.hellos.load(Ordering::Relaxed),
            self.seen.calls.load(Ordering::Relaxed),
        );
        self.program.stop().await;
    }
}

/// A Python program on a busy machine takes its time to start.
const STARTING_S: u32 = 30;
const IN_FLIGHT: usize = 8;
