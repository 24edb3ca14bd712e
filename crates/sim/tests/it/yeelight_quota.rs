//! The quota at its edges.

use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::Quota;
use serde_json::json;

use crate::yeelight_client::Client;

const TOGGLE: &str = "{\"id\":1,\"method\":\"toggle\",\"params\":[]}\r\n";

/// Whether a command on this connection is carried out.
fn taken(
    client: &mut Client,
    connection: usize,
    connections: &[iot_home_sim::yeelight::ConnectionId],
) -> bool {
    let id = connections[connection];
    client.bulb.handle_bytes(client.now, id, TOGGLE.as_bytes());
    let messages = client.read_on(id);
    let answer = messages.iter().find(|message| message["id"] == 1).unwrap();
    if answer.get("error").is_some() {
        let error = json!({"code": -1, "message": "client quota exceeded"});
        assert_eq!(answer["error"], error);
    }
    answer["result"] == json!(["ok"])
}

#[test]
fn sixty_in_any_minute_on_one_connection() {
    let mut client = Client::of(SimBulb::color());
    let only = [client.connection];
    // One each second: the first is a minute old when the sixty-first comes.
    for _ in 0..150 {
        assert!(taken(&mut client, 0, &only));
        client.wait(Duration::from_secs(1));
    }
    let mut client = Client::of(SimBulb::color());
    let only = [client.connection];
    for _ in 0..60 {
        assert!(taken(&mut client, 0, &only));
    }
    for wait in [Duration::ZERO, Duration::from_nanos(59_999_999_999)] {
        client.wait(wait);
        assert!(!taken(&mut client, 0, &only));
    }
    // What was refused does not count.
    client.wait(Duration::from_nanos(1));
    for _ in 0..60 {
        assert!(taken(&mut client, 0, &only));
    }
    assert!(!taken(&mut client, 0, &only));
    let report = client.bulb.report();
    assert_eq!((report.violations.quota, report.violations.total()), (3, 3));
    assert_eq!(report.executed("toggle"), 120);
}

#[test]
fn the_window_slides() {
    let mut client = Client::of(SimBulb::color());
    let only = [client.connection];
    for _ in 0..30 {
        assert!(taken(&mut client, 0, &only));
    }
    client.wait(Duration::from_secs(30));
    for _ in 0..30 {
        assert!(taken(&mut client, 0, &only));
    }
    client.wait(Duration::from_secs(30));
    // Those of the first half have left, those of the second have not.
    for _ in 0..30 {
        assert!(taken(&mut client, 0, &only));
    }
    assert!(!taken(&mut client, 0, &only));
}

#[test]
fn a_hundred_and_forty_four_on_all_together() {
    let mut client = Client::of(SimBulb::color());
    let mut all = vec![client.connection];
    all.extend((0..3).map(|_| client.bulb.accept(client.now).unwrap()));
    for connection in [0, 1] {
        for _ in 0..60 {
            assert!(taken(&mut client, connection, &all));
        }
    }
    for _ in 0..24 {
        assert!(taken(&mut client, 2, &all));
    }
    assert!(!taken(&mut client, 2, &all));
    assert!(!taken(&mut client, 3, &all));
    // A new connection has a window of its own, and the bulb's is still full.
    client.bulb.closed(client.now, all[0]);
    all[0] = client.bulb.accept(client.now).unwrap();
    assert!(!taken(&mut client, 0, &all));
    client.wait(Duration::from_secs(60));
    assert!(taken(&mut client, 0, &all));
}

#[test]
fn other_quotas_and_none() {
    let mut client = Client::of(SimBulb::color().quota(Quota::new(2, 3)));
    let all = [client.connection, client.bulb.accept(client.now).unwrap()];
    let outcome = [0, 0, 0, 1, 1].map(|connection| taken(&mut client, connection, &all));
    assert_eq!(outcome, [true, true, false, true, false]);
    let mut client = Client::of(SimBulb::color().quota(Quota::off()));
    let only = [client.connection];
    assert!((0..1000).all(|_| taken(&mut client, 0, &only)));
}

#[test]
fn refused_commands_of_other_kinds_count() {
    let mut client = Client::of(SimBulb::color().quota(Quota::new(1, 1)));
    assert_eq!(client.refused("set_bright", json!([0, "sudden", 0])), -5000);
    assert_eq!(client.refused("toggle", json!([])), -1);
}
