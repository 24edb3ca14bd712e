//! Each fault shows its effect, and equal seeds give equal runs.

use std::time::Duration;

use iot_home_miio::packet::HELLO;
use iot_home_sim::miio::{Beyond, Silence};
use iot_home_sim::{Faults, Quirk, Report, SimDevice};

use crate::client::{Client, DID, is_hello_reply};

const SECOND: Duration = Duration::from_secs(1);

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Two hundred requests a second apart: when each answer came, and what the device says of it.
fn run(faults: Faults) -> (Vec<(u32, Duration)>, Report) {
    let mut client = Client::of(SimDevice::light().faults(faults));
    let mut answers = Vec::new();
    for id in 1..=200 {
        let text = format!(r#"{{"id":{id},"method":"get_prop","params":["power"]}}"#);
        let packet = client.seal(DID, client.device.stamp(client.now), text.as_bytes());
        client.device.handle_datagram(client.now, Client::addr(), &mut packet.clone());
        for (after, datagram) in client.wait(SECOND) {
            if let Some(text) = client.open(&datagram) {
                assert_eq!(text, format!(r#"{{"id":{id},"result":["off"]}}"#).into_bytes());
                answers.push((id, after));
            }
        }
    }
    (answers, client.device.report().clone())
}

#[test]
fn nothing_goes_wrong_by_default() {
    let (answers, report) = run(Faults::default());
    assert!(answers.iter().all(|(_, after)| after.is_zero()));
    assert_eq!((answers.len(), report.requests, report.answers), (200, 200, 200));
    assert_eq!((report.dropped_in, report.dropped_out, report.duplicated), (0, 0, 0));
    assert_eq!((report.reordered, report.garbage, report.violations.total()), (0, 0, 0));
}

#[test]
fn equal_seeds_equal_runs() {
    let faults = |seed| {
        Faults::seed(seed)
            .loss(0.1)
            .delay(millis(5)..=millis(300))
            .duplicate(0.2)
            .reorder(0.2)
            .garbage(0.2)
    };
    assert_eq!(run(faults(7)), run(faults(7)));
    assert_ne!(run(faults(7)), run(faults(8)));
}

#[test]
fn loss_each_way() {
    let (answers, report) = run(Faults::seed(1).loss_in(0.25));
    assert!((30..70).contains(&report.dropped_in), "{}", report.dropped_in);
    assert_eq!((report.dropped_out, report.requests), (0, 200 - report.dropped_in));
    assert_eq!(answers.len() as u64, report.requests);

    let (answers, report) = run(Faults::seed(1).loss_out(0.25));
    assert!((30..70).contains(&report.dropped_out), "{}", report.dropped_out);
    assert_eq!((report.dropped_in, report.executed("get_prop")), (0, 200), "all were carried out");
    assert_eq!(answers.len() as u64, 200 - report.dropped_out);

    let (_, report) = run(Faults::seed(1).loss(0.25));
    assert!(report.dropped_in > 0 && report.dropped_out > 0);
    let (answers, _) = run(Faults::seed(1).loss(1.0));
    assert!(answers.is_empty());
}

#[test]
fn delay_both_ways() {
    let (answers, _) = run(Faults::seed(1).delay(millis(5)..=millis(50)));
    assert_eq!(answers.len(), 200);
    assert!(answers.iter().all(|(_, after)| (millis(10)..=millis(100)).contains(after)));
    let (least, most) = (answers.iter().min_by_key(|a| a.1), answers.iter().max_by_key(|a| a.1));
    assert!(least.unwrap().1 < millis(25) && most.unwrap().1 > millis(85), "the range is used");
}

#[test]
fn duplication_both_ways_is_not_held_against_the_client() {
    let (answers, report) = run(Faults::seed(1).duplicate(0.3));
    assert!(report.duplicated > 80 && report.requests > 200, "{report:?}");
    assert!(answers.len() > 300, "copies of requests are answered, and copies of answers arrive");

    // With a memory for ids the copies are ignored, and nobody is to blame.
    let (_, report) = run(Faults::seed(1).duplicate(0.3).id_memory(8).delay(millis(1)..=millis(9)));
    assert_eq!(report.executed("get_prop"), 200);
    assert_eq!(report.violations.total(), 0);
}

#[test]
fn reordering() {
    let overtaken = |faults| {
        let mut client = Client::of(SimDevice::light().faults(faults));
        for id in 1..=100 {
            let text = format!(r#"{{"id":{id},"method":"get_prop","params":["power"]}}"#);
            let mut packet = client.seal(DID, 12_345, text.as_bytes());
            client.device.handle_datagram(client.now, Client::addr(), &mut packet);
        }
        let answers = client.wait(SECOND);
        assert_eq!(answers.len(), 100);
        let texts: Vec<_> =
            answers.iter().filter_map(|(_, datagram)| client.open(datagram)).collect();
        let id = |text: &[u8]| {
            let text = std::str::from_utf8(text).unwrap();
            text.trim_start_matches("{\"id\":").split(',').next().unwrap().parse::<u32>().unwrap()
        };
        (
            texts.windows(2).filter(|pair| id(&pair[0]) > id(&pair[1])).count(),
            client.device.report().reordered,
        )
    };
    assert_eq!(overtaken(Faults::seed(1)), (0, 0));
    let (overtaken, reordered) = overtaken(Faults::seed(1).reorder(0.2));
    assert!(overtaken > 5 && (20..60).contains(&reordered), "{overtaken} {reordered}");
}

#[test]
fn garbage() {
    let mut client = Client::of(SimDevice::light().faults(Faults::seed(1).garbage(0.5)));
    let mut sound = 0;
    for id in 1..=100 {
        let text = format!(r#"{{"id":{id},"method":"get_prop","params":["power"]}}"#);
        let packet = client.seal(DID, 12_345, text.as_bytes());
        let answers = client.raw(&packet);
        assert!(client.open(answers.last().unwrap()).is_some(), "the answer comes behind it");
        sound += answers.iter().filter(|answer| client.open(answer).is_some()).count();
    }
    assert_eq!(sound, 100);
    assert!((30..70).contains(&client.device.report().garbage));
}

#[test]
fn a_stamp_window_can_be_open() {
    for (faults, answers) in [
        (Faults::seed(1), [1, 0]),
        (Faults::seed(1).stamp_window(2 * SECOND), [0, 0]),
        (Faults::seed(1).any_stamp(), [1, 1]),
    ] {
        let mut client = Client::of(SimDevice::light().faults(faults));
        let got = [59, 61].map(|off| {
            let text = format!(r#"{{"id":{off},"method":"toggle","params":[]}}"#);
            let packet = client.seal(DID, 12_345 - off, text.as_bytes());
            client.raw(&packet).len()
        });
        assert_eq!(got, answers);
    }
}

#[test]
fn ids_are_not_remembered_unless_asked() {
    let toggled = |memory| {
        let mut client = Client::of(SimDevice::light().faults(Faults::seed(1).id_memory(memory)));
        (0..3).for_each(|_| drop(client.send(r#"{"id":9,"method":"toggle","params":[]}"#)));
        client.device.report().executed("toggle")
    };
    assert_eq!((toggled(0), toggled(1)), (3, 1));
}

const FOUR: &str = r#"{"id":1,"method":"get_prop","params":["power","bright","ct","mode"]}"#;
const SET_FOUR: &str = concat!(
    r#"{"id":2,"method":"set_properties","params":[{"siid":2,"piid":2,"value":9},"#,
    r#"{"siid":2,"piid":3,"value":2000},{"siid":2,"piid":1,"value":true},"#,
    r#"{"siid":2,"piid":4,"value":1}]}"#
);

#[test]
fn too_many_properties() {
    let client = |beyond| {
        Client::of(SimDevice::light().faults(Faults::seed(1).max_properties(3).beyond(beyond)))
    };
    let bright = |client: &Client| client.device.properties().get("bright").unwrap();

    let mut error = client(Beyond::Error);
    let answer = error.ask(FOUR);
    assert_eq!((&answer["error"]["code"], &answer["exe_time"]), (&(-9999).into(), &4002.into()));
    assert_eq!(error.ask(SET_FOUR)["error"]["code"], -9999);
    assert_eq!(bright(&error), 50);
    assert_eq!(error.device.report().executed("get_prop"), 0);
    let three = r#"{"id":3,"method":"get_prop","params":["power","bright","ct"]}"#;
    assert_eq!(error.ask(three)["result"][1], 50);

    let mut silent = client(Beyond::Silence);
    assert!(silent.send(FOUR).is_empty() && silent.send(SET_FOUR).is_empty());
    assert_eq!((bright(&silent), silent.device.report().violations.total()), (50.into(), 0));

    let mut cut = client(Beyond::Truncated);
    let text = String::from_utf8(cut.send(FOUR).remove(0)).unwrap();
    assert!(text.starts_with(r#"{"id":1,"res"#) && !text.ends_with('}'), "{text}");
    cut.send(SET_FOUR);
    assert_eq!(bright(&cut), 9);

    let mut damaged = client(Beyond::BadChecksum);
    let packet = damaged.seal(DID, 12_345, FOUR.as_bytes());
    let answers = damaged.raw(&packet);
    assert_eq!(answers.len(), 1);
    assert_eq!(damaged.open(&answers[0]), None);

    let mut internal = client(Beyond::Internal);
    assert_eq!(internal.ask(FOUR)["result"], serde_json::json!([]));
    let answer = internal.ask(SET_FOUR);
    assert!(answer["result"].as_array().unwrap().iter().all(|item| item["code"] == -4004));
    assert_eq!((answer["result"].as_array().unwrap().len(), bright(&internal)), (4, 50.into()));
}

#[test]
fn too_many_properties_take_time() {
    let faults = Faults::seed(1).max_properties(3).beyond_delay(millis(4000));
    let mut client = Client::of(SimDevice::light().faults(faults));
    assert!(client.send(FOUR).is_empty());
    let answers = client.wait(Duration::from_secs(5));
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].0, millis(4000));
}

#[test]
fn silence() {
    let mut client = Client::of(SimDevice::light());
    let toggle = client.seal(DID, 12_345, br#"{"id":1,"method":"toggle","params":[]}"#);
    for (silence, hellos, answers) in
        [(Silence::Never, 1, 1), (Silence::ToRequests, 1, 0), (Silence::Total, 0, 0)]
    {
        client.device.set_silence(silence);
        let hello = client.raw(&HELLO);
        assert_eq!(hello.iter().filter(|reply| is_hello_reply(reply)).count(), hellos);
        assert_eq!(client.raw(&toggle).len(), answers);
    }
    assert_eq!(client.device.report().executed("toggle"), 1);
    assert_eq!(client.device.report().ignored, 3);
}

#[test]
fn faults_change_while_it_runs() {
    let mut client = Client::of(SimDevice::light());
    client.device.set_faults(Faults::seed(1).id_memory(2).quirk(Quirk::DoubleComma));
    let first = client.send(FOUR);
    assert!(first[0].windows(2).any(|pair| pair == b",,"));
    assert!(client.send(FOUR).is_empty());
    client.device.set_faults(Faults::seed(1).id_memory(2));
    assert!(client.send(FOUR).is_empty(), "what stays the same forgets nothing");
    client.device.set_faults(Faults::default());
    assert_eq!(client.send(FOUR).len(), 1);
}

#[test]
fn a_reboot_loses_what_is_on_its_way() {
    let faults = Faults::seed(1).delay(millis(100)..=millis(100));
    let mut client = Client::of(SimDevice::light().faults(faults));
    assert!(client.raw(&HELLO).is_empty());
    client.now = client.now + millis(150);
    assert!(client.received().is_empty());
    assert!(client.device.poll_timeout().is_some());
    client.device.reboot(client.now);
    assert_eq!(client.device.poll_timeout(), None);
}
