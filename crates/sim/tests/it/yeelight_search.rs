//! Searches: which are answered, what is answered, advertisements, and odd answers.

use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::{Builder, Faults, Machine, Output, Quirk, Silence, Violations};

use crate::yeelight_client::{Client, SEARCH};

fn desk() -> Builder {
    SimBulb::of_model("color").name("desk").id(0x15243f)
}

/// The datagrams that answer a search, all of them to the searcher.
fn answers(bulb: &mut Machine, search: &[u8]) -> Vec<Vec<u8>> {
    let client = Client::addr();
    bulb.handle_search(iot_home_core::Instant::ORIGIN, client, search);
    let outputs = std::iter::from_fn(|| bulb.poll_output(iot_home_core::Instant::ORIGIN));
    let datagram = |output| match output {
        Output::SearchAnswer { to, datagram, other_port: false } if to == client => datagram,
        other => panic!("{other:?}"),
    };
    outputs.map(datagram).collect()
}

fn answer(builder: Builder) -> Vec<u8> {
    let mut answers = answers(&mut builder.build().unwrap(), SEARCH);
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\n\
    Cache-Control: max-age=3600\r\n\
    Date: \r\n\
    Ext: \r\n\
    Location: yeelight://192.168.1.239:55443\r\n\
    Server: POSIX UPnP/1.0 YGLC/1\r\n\
    id: 0x000000000015243f\r\n\
    model: color\r\n\
    fw_ver: 18\r\n\
    support: get_prop set_default set_power toggle set_bright start_cf stop_cf set_scene cron_add \
    cron_get cron_del set_ct_abx set_adjust adjust_bright adjust_ct set_rgb set_hsv adjust_color \
    set_music set_name\r\n\
    power: on\r\n\
    bright: 100\r\n\
    color_mode: 2\r\n\
    ct: 4000\r\n\
    rgb: 16711680\r\n\
    hue: 0\r\n\
    sat: 100\r\n\
    name: desk\r\n";

fn at_home(builder: Builder) -> Machine {
    let mut bulb = builder.build().unwrap();
    bulb.set_location("192.168.1.239:55443".parse().unwrap());
    bulb
}

#[test]
fn an_answer_byte_by_byte() {
    let mut bulb = at_home(desk());
    let answer = answers(&mut bulb, SEARCH).remove(0);
    assert_eq!(String::from_utf8(answer).unwrap(), ANSWER);
    // What a bulb does not have is 0.
    let white = String::from_utf8(answer_of_white()).unwrap();
    assert!(white.contains("\r\nct: 0\r\nrgb: 0\r\nhue: 0\r\nsat: 0\r\nname: \r\n"), "{white}");
    let report = bulb.report();
    assert_eq!((report.searches, report.search_answers, report.violations.total()), (1, 1, 0));
}

fn answer_of_white() -> Vec<u8> {
    answer(SimBulb::white())
}

#[test]
fn every_form_that_real_bulbs_answer() {
    let text = std::str::from_utf8(SEARCH).unwrap();
    assert_eq!(text.len(), 86);
    let own = text.replace("239.255.255.250:1982", "192.168.1.239:1982");
    for search in [
        text.trim_end().to_owned(),
        format!("{text}\r\n"),
        format!("{text}\0"),
        text.replace("HOST: 239.255.255.250:1982\r\n", ""),
        own,
        "M-SEARCH * HTTP/1.1\r\nHOST:239.255.255.250:1982\r\nMAN:\"ssdp:discover\"\r\nMX:5\r\n\
         ST:wifi_bulb\r\n\r\n"
            .into(),
        text.replace("HOST", "host").replace("MAN", "Man").replace("ST: w", "st: w"),
    ] {
        let mut bulb = at_home(desk());
        assert_eq!(answers(&mut bulb, search.as_bytes()).len(), 1, "{search:?}");
        assert_eq!(bulb.report().violations.total(), 0);
    }
}

#[test]
fn every_broken_search_is_dropped_and_counted() {
    let text = std::str::from_utf8(SEARCH).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    };
    type Counter = fn(&mut Violations) -> &mut u64;
    let cases: Vec<(Vec<u8>, Counter)> = vec![
        (vec![], |v| &mut v.bad_start_line),
        (vec![0xff; 86], |v| &mut v.bad_start_line),
        (b" ".iter().chain(SEARCH).copied().collect(), |v| &mut v.bad_start_line),
        (replaced("M-SEARCH", "m-search"), |v| &mut v.bad_start_line),
        (replaced("HTTP/1.1", "HTTP/1.0"), |v| &mut v.bad_start_line),
        (replaced("HTTP/1.1", "HTTP/1.1 "), |v| &mut v.bad_start_line),
        (replaced("\r\n", "\n"), |v| &mut v.search_line_end),
        (replaced("1982\r\n", "1982\n"), |v| &mut v.search_line_end),
        (replaced("HOST: 239.255.255.250:1982", "HOST"), |v| &mut v.bad_header),
        (replaced("239.255.255.250:1982", "239.255.255.250:1900"), |v| &mut v.wrong_host),
        (replaced("239.255.255.250:1982", "239.255.255.250"), |v| &mut v.wrong_host),
        (replaced("239.255.255.250:1982", "192.168.1.240:1982"), |v| &mut v.wrong_host),
        (replaced("MAN: \"ssdp:discover\"\r\n", ""), |v| &mut v.missing_man),
        (replaced("\"ssdp:discover\"", "ssdp:discover"), |v| &mut v.wrong_man),
        (replaced("ssdp:discover", "SSDP:discover"), |v| &mut v.wrong_man),
        (replaced("\"ssdp:discover\"", "\u{201c}ssdp:discover\u{201d}"), |v| &mut v.curly_quotes),
        (replaced("ST: wifi_bulb\r\n", ""), |v| &mut v.missing_st),
        (replaced("\r\nST: ", "\r\n\r\nST: "), |v| &mut v.missing_st),
        (replaced("wifi_bulb", "WiFi_bulb"), |v| &mut v.wrong_st),
        (replaced("wifi_bulb", "ssdp:all"), |v| &mut v.wrong_st),
    ];
    for (search, counter) in cases {
        let mut bulb = at_home(desk());
        let said = String::from_utf8_lossy(&search).into_owned();
        assert!(answers(&mut bulb, &search).is_empty(), "{said:?}");
        let mut expected = Violations::default();
        *counter(&mut expected) += 1;
        assert_eq!(bulb.report().violations, expected, "{said:?}");
    }
}

#[test]
fn what_other_bulbs_send_is_no_search() {
    let mut bulb = at_home(desk());
    let notify = ANSWER.replace("HTTP/1.1 200 OK", "NOTIFY * HTTP/1.1");
    assert!(answers(&mut bulb, notify.as_bytes()).is_empty());
    assert!(answers(&mut bulb, ANSWER.as_bytes()).is_empty());
    assert_eq!(bulb.report().violations.total(), 0);
}

#[test]
fn no_answer_while_lan_control_is_off() {
    let mut bulb = desk().lan_control(false).build().unwrap();
    let now = iot_home_core::Instant::ORIGIN;
    assert!(answers(&mut bulb, SEARCH).is_empty());
    assert_eq!(bulb.accept(now), None);
    assert_eq!(bulb.property("lan_ctrl"), Some(0.into()));
    bulb.set_lan_control(now, true);
    assert_eq!(answers(&mut bulb, SEARCH).len(), 1);
    assert!(bulb.accept(now).is_some());
    assert_eq!(bulb.report().violations.total(), 0);
}

#[test]
fn advertisements_come_at_once_and_each_max_age() {
    let group = "239.255.255.250:1982".parse::<std::net::SocketAddr>().unwrap();
    let max_age = Duration::from_secs(1800);
    let mut client = Client::of(desk().advertise_to(group).max_age(max_age));
    let text = |outputs: Vec<Output>| match &outputs[..] {
        [Output::Advertisement { to, datagram }] if *to == group => {
            String::from_utf8(datagram.clone()).unwrap()
        }
        other => panic!("{other:?}"),
    };
    let outputs = client.outputs();
    let first = text(outputs);
    let location = client.bulb.location();
    let (head, fields) = first.split_once("id: ").unwrap();
    assert_eq!(
        head,
        format!(
            "NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1982\r\nCache-Control: max-age=1800\r\n\
             Location: yeelight://{location}\r\nNTS: ssdp:alive\r\n\
             Server: POSIX, UPnP/1.0 YGLC/1\r\n"
        )
    );
    assert_eq!(fields, ANSWER.split_once("id: ").unwrap().1);
    client.wait(Duration::from_secs(1799));
    assert!(client.outputs().is_empty());
    client.bulb.set_property(client.now, "bright", 5).unwrap();
    client.outputs();
    client.wait(Duration::from_secs(1));
    let outputs = client.outputs();
    assert!(text(outputs).contains("\r\nbright: 5\r\n"));
    client.bulb.power_cycle(client.now);
    client.wait(Duration::ZERO);
    let outputs = client.outputs();
    assert!(matches!(&outputs[..], [Output::Close { .. }, Output::Advertisement { .. }]));
    assert_eq!(client.bulb.report().advertisements, 3);
    client.bulb.set_faults(Faults::default().silence(Silence::Total));
    client.wait(2 * max_age);
    assert!(client.outputs().is_empty());
}

#[test]
fn odd_answers() {
    let with = |quirk| {
        let faults = Faults::seed(3).quirk(quirk);
        let mut bulb = at_home(desk().faults(faults));
        answers(&mut bulb, SEARCH)
    };
    let one = |quirk| {
        let mut all = with(quirk);
        assert_eq!(all.len(), 1);
        all.remove(0)
    };
    let replaced = |from: &str, to: &[u8]| {
        let (before, after) = ANSWER.split_once(from).unwrap();
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    let location = "Location: yeelight://192.168.1.239:55443\r\n";
    assert_eq!(one(Quirk::SearchNameColon), replaced("name: desk", b"name: desk: left"));
    assert_eq!(one(Quirk::SearchLatin1Name), replaced("name: desk", b"name: K\xfcche"));
    assert_eq!(one(Quirk::SearchBase64Name), replaced("name: desk", "name: 5Lit5paH".as_bytes()));
    assert_eq!(one(Quirk::SearchNoName), replaced("name: desk\r\n", b""));
    assert_eq!(one(Quirk::SearchNoBlank), ANSWER.replace(": ", ":").into_bytes());
    assert_eq!(one(Quirk::SearchLf), ANSWER.replace("\r\n", "\n").into_bytes());
    assert_eq!(one(Quirk::SearchNoLocation), replaced(location, b""));
    let bad = b"Location: yeelight://lamp.local\r\n";
    assert_eq!(one(Quirk::SearchBadLocation), replaced(location, bad));
    assert_eq!(one(Quirk::SearchTruncated), ANSWER.as_bytes()[..ANSWER.len() / 2]);
    assert_eq!(with(Quirk::SearchRepeated), [ANSWER.as_bytes(); 3]);

    let extra = String::from_utf8(one(Quirk::SearchExtraHeader)).unwrap();
    assert!(extra.starts_with(ANSWER));
    assert_eq!(extra.lines().count(), 1 + 18);
    let capitals = String::from_utf8(one(Quirk::SearchCapitals)).unwrap();
    assert!(capitals.starts_with("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=3600\r\nDATE: \r\n"));
    assert!(capitals.ends_with("SAT: 100\r\nNAME: desk\r\n"));
    let [random, sound] = &with(Quirk::SearchRandomBytes)[..] else { panic!("two") };
    assert!(!random.is_empty() && !random.starts_with(b"HTTP"));
    assert_eq!(sound, ANSWER.as_bytes());
}

#[test]
fn answers_from_elsewhere_late_or_not_at_first() {
    let slow = Duration::from_millis(300);
    let faults = Faults::seed(1).lost_searches(2).search_delay(slow..=slow);
    let mut client = Client::of(desk().faults(faults.quirk(Quirk::SearchOtherPort)));
    for _ in 0..3 {
        assert!(client.outputs().is_empty());
        client.bulb.handle_search(client.now, Client::addr(), SEARCH);
    }
    client.wait(Duration::from_millis(299));
    assert!(client.outputs().is_empty());
    client.wait(Duration::from_millis(1));
    let outputs = client.outputs();
    assert!(matches!(&outputs[..], [Output::SearchAnswer { other_port: true, .. }]));
    let report = client.bulb.report();
    assert_eq!((report.searches, report.lost_searches), (1, 2));
}
