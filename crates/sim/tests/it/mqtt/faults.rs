//! Each fault is the fault it says.

use std::time::Duration;

use iot_home_mqtt::ConnectCode;
use iot_home_sim::mqtt::{Faults, Link, LoginRefusal, Silence};

use super::wire::{Wire, plain_login};
use super::{both, secs};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn refusals() {
    for code in 1..=5 {
        let code = ConnectCode::new(code);
        let mut wire = Wire::new(both().faults(Faults::seed(1).refuse(code, 2)));
        for _ in 0..2 {
            assert_eq!(wire.login(&plain_login("a", true)).1, code.get());
        }
        assert_eq!(wire.login(&plain_login("a", true)).1, 0);
        let report = wire.report();
        assert_eq!(report.refusals, [(code, LoginRefusal::Fault), (code, LoginRefusal::Fault)]);
        assert_eq!(report.violations.total(), 0, "it is not the client's fault");
    }
    let mut wire = Wire::new(both());
    wire.platform.set_faults(Faults::seed(1).refuse(ConnectCode::UNAVAILABLE, u64::MAX));
    for _ in 0..50 {
        assert_eq!(wire.login(&plain_login("a", true)).1, 3);
    }
    wire.platform.set_faults(Faults::default());
    wire.plain("a", true);
}

#[test]
fn cut_at_a_byte_of_the_input() {
    let mut wire = Wire::new(both());
    let [one, other] = [wire.plain("a", true), wire.plain("b", true)];
    wire.platform.set_faults(Faults::seed(1).cut_at_input(3));
    wire.send_bytes(other, &[0xc0]);
    assert!(!wire.is_closed(other));
    wire.send_bytes(one, &[0xc0, 0, 0xc0, 0]);
    assert!(wire.is_cut(one) && !wire.is_closed(other));
    assert_eq!(wire.report().pings, 1, "what came before is taken");
    // Once.
    wire.send_bytes(other, &[0]);
    assert!(wire.answers(other));
}

#[test]
fn cut_at_a_byte_of_the_output() {
    let mut wire = Wire::new(both());
    let [one, other] = [wire.plain("a", true), wire.plain("b", true)];
    wire.platform.set_faults(Faults::seed(1).cut_at_output(5));
    assert!(wire.answers(one) && wire.answers(other));
    wire.send_bytes(one, &[0xc0, 0]);
    assert_eq!(wire.bytes(one), [0xd0], "half a packet");
    assert!(wire.is_closed(one) && !wire.is_closed(other));
    assert!(wire.answers(other));
}

#[test]
fn delays() {
    let delay = millis(20)..=millis(50);
    let mut wire = Wire::new(both().faults(Faults::seed(3).delay(delay)));
    let id = wire.open(Link::tcp());
    let mut packet = Vec::new();
    iot_home_mqtt::Connect::from(&plain_login("a", true)).encode(&mut packet).unwrap();
    wire.send_bytes(id, &packet);
    wire.pass(millis(19));
    assert_eq!(wire.bytes(id), b"");
    wire.pass(millis(31));
    assert_eq!(wire.bytes(id), [0x20, 2, 0, 0]);
    // The end comes when everything was said.
    wire.send_bytes(id, &[0xc0, 0, 0xe0, 0]);
    assert!(!wire.is_closed(id));
    wire.pass(millis(50));
    assert_eq!(wire.bytes(id), [0xd0, 0]);
    assert!(wire.is_closed(id));
}

#[test]
fn delays_change_no_order() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    for (pkid, delay) in [(1, 50), (2, 10), (3, 0), (4, 30)] {
        wire.platform.set_faults(Faults::seed(1).delay(millis(delay)..=millis(delay)));
        wire.publish(id, "a", b"x", pkid);
    }
    wire.pass(millis(49));
    assert_eq!(wire.bytes(id), b"");
    wire.pass(millis(1));
    assert_eq!(
        wire.bytes(id),
        [[0x40, 2, 0, 1], [0x40, 2, 0, 2], [0x40, 2, 0, 3], [0x40, 2, 0, 4]].concat()
    );
}

#[test]
fn equal_seeds_give_equal_delays() {
    let when = |seed| {
        let faults = Faults::seed(seed).delay(millis(0)..=secs(1));
        let mut wire = Wire::new(both().faults(faults));
        let id = wire.open(Link::tcp());
        let mut packet = Vec::new();
        iot_home_mqtt::Connect::from(&plain_login("a", true)).encode(&mut packet).unwrap();
        wire.send_bytes(id, &packet);
        wire.platform.poll_timeout()
    };
    assert_eq!(when(1), when(1));
    assert_ne!(when(1), when(2));
}

#[test]
fn lost_acknowledgements() {
    let mut wire = Wire::new(both().faults(Faults::seed(1).lost_acks(2)));
    let id = wire.plain("a", true);
    for pkid in 1..=3 {
        wire.publish(id, "a", b"x", pkid);
    }
    assert_eq!(wire.bytes(id), [0x40, 2, 0, 3]);
    assert_eq!((wire.report().received, wire.report().lost_acks), (3, 2), "taken all the same");
}

#[test]
fn no_output() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    wire.platform.set_faults(Faults::seed(1).silence(Silence::Output));
    wire.publish(id, "a", b"x", 1);
    assert!(!wire.answers(id));
    assert_eq!((wire.report().received, wire.report().pings), (1, 1));
    wire.platform.set_faults(Faults::default());
    assert!(wire.answers(id), "it goes on");
}

#[test]
fn half_open() {
    let mut wire = Wire::new(both());
    let mut login = plain_login("a", false);
    login.keep_alive = 10;
    let (id, ..) = wire.login(&login);
    wire.subscribe(id, &[("a", 1)]);
    wire.platform.set_faults(Faults::seed(1).silence(Silence::Total));
    wire.publish(id, "a", b"x", 1);
    assert!(!wire.answers(id));
    assert_eq!((wire.report().received, wire.report().pings), (0, 0));
    let late = wire.open(Link::tcp());
    wire.send_bytes(late, &[0xc0, 0]);
    wire.pass(secs(1000));
    assert!(!wire.is_closed(id) && !wire.is_closed(late), "nobody hears of any end");
    assert_eq!(wire.report().violations.total(), 0);

    // When it is over these connections still lead nowhere; new ones are served.
    wire.platform.set_faults(Faults::default());
    assert!(!wire.answers(id));
    let (again, code, present) = wire.login(&login);
    assert_eq!((code, present), (0, true));
    assert!(wire.is_cut(id));
    assert!(wire.answers(again));
}

#[test]
fn everybody_is_disconnected() {
    let mut wire = Wire::new(both());
    let [one, other] = [wire.plain("a", false), wire.plain("b", true)];
    wire.platform.disconnect_all(wire.now);
    wire.drain();
    assert!(wire.is_cut(one) && wire.is_cut(other));
    assert_eq!(wire.report().open_connections, 0);
    assert!(wire.login(&plain_login("a", false)).2);
}
