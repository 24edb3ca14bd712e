//! A session without IO: the time and every byte are the test's.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::session::{Config, Event, Session};
use iot_home_yeelight::{Failure, Light, Method, Profile, QuotaPolicy, Reply};

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

fn bare() -> Config {
    Config::default().read_state(false).settle(Duration::ZERO).keep_alive(None)
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

#[test]
fn a_full_list_of_unanswered_commands_is_waited_for_and_not_looked_at_all_the_time() {
    let config = bare().quota(QuotaPolicy::Off).max_waiting(10_000);
    let mut rig = Rig::new(config);
    rig.session.connected(at(0));
    for tag in 0..5_000 {
        rig.session.request(at(1), toggle(), tag).unwrap();
    }
    assert_eq!(rig.sent(at(1)).lines().count(), 4_096);
    // Until an answer makes room or the first deadline does, there is nothing to do.
    assert_eq!(rig.session.poll_timeout(), Some(at(5_001)));
    rig.session.handle_bytes(at(2), b"{\"id\":1,\"result\":[\"ok\"]}\r\n");
    assert_eq!(rig.sent(at(2)).lines().count(), 1);
    assert_eq!(rig.session.poll_timeout(), Some(at(5_001)));
}
