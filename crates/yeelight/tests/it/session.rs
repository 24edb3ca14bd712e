//! A session without IO: the time and every byte are the test's.

use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::quota::Window;
use iot_home_yeelight::session::{Config, Event, Session};
use iot_home_yeelight::{Failure, Kind, Light, Method, Profile, QuotaPolicy, Reply};

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

#[test]
fn a_model_that_is_not_known_is_told_by_its_properties() {
    for profile in [Profile::unknown(), Profile::of_model("brandnew9")] {
        let named = profile.model().map(str::to_owned);
        let config = Config::default().settle(Duration::ZERO);
        let mut session: Session<u32> = Session::new(config, profile);
        session.connected(at(0));
        let mut out = Vec::new();
        assert!(session.poll_transmit(at(0), &mut Window::of_bulb(), &mut out));
        let asked: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let values = asked["params"].as_array().unwrap().iter().map(|name| match name.as_str() {
            Some("power") => "on",
            Some("ct") => "4000",
            _ => "",
        });
        let answer = serde_json::json!({"id": 1, "result": values.collect::<Vec<_>>()});
        session.handle_bytes(at(1), format!("{answer}\r\n").as_bytes());
        assert_eq!(session.profile().kind(), Kind::Tunable);
        assert_eq!(session.profile().model().map(str::to_owned), named);
    }
}

#[test]
fn what_the_bulb_says_of_its_quota_holds_for_every_connection_to_it() {
    let (mut one, mut other) = (Rig::new(bare()), Rig::new(bare()));
    one.session.connected(at(0));
    other.session.connected(at(0));
    one.session.request(at(0), toggle(), 1).unwrap();
    one.sent(at(0));
    let error = "{\"id\":1,\"error\":{\"code\":-1,\"message\":\"client quota exceeded\"}}\r\n";
    one.session.handle_bytes(at(10), error.as_bytes());
    assert_eq!(one.sent(at(10)), "");
    // Some program else has used it up: the other connection would be told the same.
    std::mem::swap(&mut one.bulb, &mut other.bulb);
    other.session.request(at(20), toggle(), 1).unwrap();
    assert_eq!(other.sent(at(60_999)), "");
    assert_eq!(other.session.poll_timeout(), Some(at(61_000)));
    assert_eq!(other.sent(at(61_000)).lines().count(), 1);
}

#[test]
fn a_keep_alive_of_no_time_asks_no_more_than_once_a_second() {
    let config = bare().quota(QuotaPolicy::Off).keep_alive(Some(Duration::ZERO));
    let mut rig = Rig::new(config);
    rig.session.connected(at(0));
    assert_eq!(rig.sent(at(0)), "");
    assert_eq!(rig.session.poll_timeout(), Some(at(1_000)));
    assert_eq!(rig.sent(at(1_000)).lines().count(), 1);
    assert_eq!(rig.session.poll_timeout(), Some(at(2_000)));
}

#[test]
fn a_bulb_whose_quota_is_used_up_is_left_alone_on_the_next_connection_too() {
    let mut rig = Rig::new(bare());
    rig.session.connected(at(0));
    rig.session.request(at(0), toggle(), 1).unwrap();
    rig.sent(at(0));
    let error = "{\"id\":1,\"error\":{\"code\":-1,\"message\":\"client quota exceeded\"}}\r\n";
    rig.session.handle_bytes(at(0), error.as_bytes());
    let retry_after = Duration::from_secs(61);
    assert_eq!(rig.done(), [(1, Err(Failure::QuotaExceeded { retry_after }))]);
    // Some bulbs hang up as well.
    rig.session.disconnected(at(10));
    rig.session.connected(at(1_000));
    rig.session.request(at(1_000), toggle(), 2).unwrap();
    assert_eq!(rig.sent(at(60_999)), "");
    assert_eq!(rig.session.poll_timeout(), Some(at(61_000)));
    assert_eq!(rig.sent(at(61_000)).lines().count(), 1);
}
