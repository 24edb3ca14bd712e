//! A session without IO: the time and every byte are the test's.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::session::{Config, Event, Session};
use iot_home_yeelight::{Failure, Light, Method, Profile, Reply};

fn at(millis: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(millis))
}

fn toggle() -> Method {
    Method::Toggle(Light::Main)
}

/// A session, the bulb's quota, and what is written.
struct Rig {
    session: Session<u32>,
    bulb: Window,
    out: Vec<u8>,
}

impl Rig {
    fn new(config: Config) -> Self {
        let session = Session::new(config, Profile::unknown());
        Self { session, bulb: Window::of_bulb(), out: Vec::new() }
    }

    /// What is written by then.
    fn sent(&mut self, now: Instant) -> String {
        self.session.handle_timeout(now);
        self.out.clear();
        while self.session.poll_transmit(now, &mut self.bulb, &mut self.out) {}
        String::from_utf8(self.out.clone()).unwrap()
    }

    fn events(&mut self) -> Vec<Event<u32>> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    fn done(&mut self) -> Vec<(u32, Result<Reply, Failure>)> {
        let done = self.events().into_iter().filter_map(|event| match event {
            Event::Done { tag, result } => Some((tag, result)),
            _ => None,
        });
        done.collect()
    }
}

#[test]
fn a_bulb_that_hangs_up_before_anything_is_sent_keeps_no_command_waiting() {
    let config = Config::default().read_state(false);
    let mut rig = Rig::new(config);
    rig.session.request(at(0), toggle(), 7).unwrap();
    // A connection each second that ends within the moment that a bulb gets before its first command.
    for second in 1..=6 {
        rig.session.connected(at(second * 1_000));
        assert_eq!(rig.sent(at(second * 1_000 + 50)), "");
        rig.session.disconnected(at(second * 1_000 + 60));
        rig.session.handle_timeout(at(second * 1_000 + 60));
    }
    let after = Duration::from_secs(5);
    assert_eq!(rig.done(), [(7, Err(Failure::NotConnected { after }))]);
}
