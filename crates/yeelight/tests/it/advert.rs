//! Search answers and advertisements: the fixtures, and whatever bytes there may be.

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;

use iot_home_yeelight::property::Property;
use iot_home_yeelight::{Advert, AdvertError, AdvertKind, BulbId, Sighting, name};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The datagrams of the fixtures, with their names.
pub(crate) fn datagrams() -> Vec<(String, Vec<u8>)> {
    cases().iter().map(|case| (text(case, "id").to_owned(), datagram(case))).collect()
}

/// The datagram of one case.
pub(crate) fn named(id: &str) -> Vec<u8> {
    datagram(cases().iter().find(|case| case["id"] == id).expect("a case of the fixtures"))
}

fn cases() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/yeelight/adverts.json");
    let fixtures: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    fixtures["cases"].as_array().unwrap().clone()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("{key} is missing in {case}"))
}

fn datagram(case: &Value) -> Vec<u8> {
    let Some(hex) = case["hex"].as_str() else { return text(case, "text").into() };
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// All that an advertisement tells, in the form of the fixtures.
fn reading(sighting: &Sighting) -> Value {
    let properties: Map<_, _> = sighting
        .properties()
        .map(|(property, value)| {
            let value = match value.as_number() {
                Some(number) => json!(number),
                None => json!(value.to_string()),
            };
            (property.to_string(), value)
        })
        .collect();
    json!({
        "kind": match sighting.kind() {
            AdvertKind::Answer => "answer",
            AdvertKind::Notify => "notify",
        },
        "id": sighting.id().to_string(),
        "addr": sighting.addr().to_string(),
        "location": sighting.advert().location().map(|addr| addr.to_string()),
        "max_age": sighting.max_age().map(|age| age.as_secs()),
        "model": sighting.model(),
        "fw_ver": sighting.fw_ver(),
        "support": sighting.support().collect::<Vec<_>>(),
        "properties": properties,
        "raw_name": sighting.raw_name(),
        "name": sighting.name(),
        "headers": sighting.headers().count(),
    })
}

fn error_name(error: &AdvertError) -> &'static str {
    match error {
        AdvertError::Search => "search",
        AdvertError::StartLine => "start_line",
        AdvertError::NoId => "no_id",
        AdvertError::Id => "id",
        _ => "another",
    }
}

#[test]
fn every_fixture_is_read_as_it_says() {
    let mut readings = 0;
    for case in cases() {
        let id = text(&case, "id");
        let datagram = datagram(&case);
        let advert = match Advert::parse(&datagram) {
            Ok(advert) => advert,
            Err(error) => {
                assert_eq!(case["error"], error_name(&error), "{id}: {error}");
                continue;
            }
        };
        let sighting = advert.to_sighting(text(&case, "source").parse().unwrap());
        assert_eq!(reading(&sighting), case["read"], "{id}");
        for (name, value) in case["header"].as_object().into_iter().flatten() {
            assert_eq!(json!(sighting.header(name)), *value, "{id}: {name}");
        }
        agree(&advert, &sighting);
        readings += 1;
    }
    assert!(readings > 80, "{readings} were read");
}

#[test]
fn the_rows_of_the_tables_are_all_there() {
    let cases = cases();
    for id in [
        "documented_answer",
        "documented_notify",
        "name_with_colon",
        "no_blank_after_colon",
        "date_without_blank",
        "names_in_capitals",
        "lf_line_ends",
        "eighteenth_header",
        "forty_headers",
        "no_location",
        "location_host_name",
        "latin1_name",
        "random_200_bytes",
        "cut_at_120_bytes",
        "source_other_port",
        "base64_name",
        "name_like_base64",
        "name_missing",
        "support_empty",
        "repeated_headers",
        "nul_behind_the_text",
        "search",
    ] {
        assert!(cases.iter().any(|case| case["id"] == id), "{id}");
    }
}

#[test]
fn a_datagram_that_is_none_for_its_length() {
    let mut long = named("documented_answer");
    long.resize(65_535, b'\n');
    assert!(Advert::parse(&long).is_ok());
    long.push(b'\n');
    assert_eq!(Advert::parse(&long), Err(AdvertError::TooLong { length: 65_536 }));
    // A value that ends with the largest of them.
    let mut long = named("documented_answer");
    long.extend(b"x: ");
    long.resize(65_535, b'y');
    let advert = Advert::parse(&long).unwrap();
    assert!(advert.header("x").unwrap().ends_with('y'));
}

#[test]
fn debug_shows_what_it_is_about_and_escapes_it() {
    let datagram = named("name_with_control_characters");
    let advert = Advert::parse(&datagram).unwrap();
    let sighting = advert.to_sighting(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 7));
    for text in [format!("{advert:?}"), format!("{sighting:?}")] {
        assert!(text.contains("0x000000000015243f") && text.contains("color"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    assert!(format!("{sighting:?}").contains("127.0.0.1:55443"));
}

#[test]
fn sightings_are_equal_where_bytes_and_sender_are() {
    let from = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
    let [one, other] = [named("documented_answer"), named("name_with_colon")];
    let sighting = |datagram: &[u8], port| Advert::parse(datagram).unwrap().to_sighting(from(port));
    assert_eq!(sighting(&one, 1), sighting(&one, 1));
    assert_ne!(sighting(&one, 1), sighting(&one, 2));
    assert_ne!(sighting(&one, 1), sighting(&other, 1));
}

/// Whatever can be asked of the borrowed and of the owned form.
fn agree(advert: &Advert<'_>, sighting: &Sighting) {
    assert_eq!(sighting.advert(), *advert);
    assert_eq!((sighting.id(), sighting.kind()), (advert.id(), advert.kind()));
    assert_eq!((sighting.max_age(), sighting.fw_ver()), (advert.max_age(), advert.fw_ver()));
    assert_eq!((sighting.model(), sighting.name()), (advert.model(), advert.name()));
    assert_eq!(sighting.raw_name(), advert.raw_name());
    assert!(sighting.support().eq(advert.support()));
    assert!(sighting.properties().eq(advert.properties()));
    assert!(sighting.headers().eq(advert.headers()));
    // What the one pass has found is what a search from the beginning finds.
    for (name, _) in advert.headers() {
        let first = advert.headers().find(|(other, _)| other.eq_ignore_ascii_case(&name));
        if !name.contains(char::REPLACEMENT_CHARACTER) {
            assert_eq!(advert.header(&name), first.map(|(_, value)| value), "{name:?}");
        }
    }
    assert_eq!(advert.header("id").and_then(|id| id.parse().ok()), Some(advert.id()));
    assert!(advert.max_age().is_none_or(|age| (1..=86_400).contains(&age.as_secs())));
}

#[derive(Clone, Debug)]
struct Rendered {
    notify: bool,
    id: u64,
    location: Option<SocketAddrV4>,
    max_age: Option<u32>,
    model: String,
    fw_ver: u32,
    support: Vec<String>,
    numbers: [u32; 6],
    on: bool,
    name: Option<String>,
    unknown: Vec<(String, String)>,
    /// Where the unknown ones go, how the names are spelt, and how lines end.
    shape: u64,
}

impl Rendered {
    fn headers(&self) -> Vec<(Cow<'_, str>, String)> {
        let mut headers: Vec<(Cow<'_, str>, String)> = Vec::new();
        headers.extend(self.max_age.map(|age| ("Cache-Control".into(), format!("max-age={age}"))));
        headers.extend(self.location.map(|addr| ("Location".into(), format!("yeelight://{addr}"))));
        headers.push(("id".into(), BulbId::new(self.id).to_string()));
        headers.push(("model".into(), self.model.clone()));
        headers.push(("fw_ver".into(), self.fw_ver.to_string()));
        headers.push(("support".into(), self.support.join(" ")));
        headers.push(("power".into(), if self.on { "on" } else { "off" }.into()));
        let names = ["bright", "color_mode", "ct", "rgb", "hue", "sat"];
        let numbers = names.into_iter().zip(self.numbers);
        headers.extend(numbers.map(|(name, number)| (name.into(), number.to_string())));
        headers.extend(self.name.clone().map(|name| ("name".into(), name)));
        for (index, (name, value)) in self.unknown.iter().enumerate() {
            let at = (self.shape >> index) as usize % (headers.len() + 1);
            headers.insert(at, (format!("x-{name}").into(), value.clone()));
        }
        headers
    }

    fn render(&self) -> String {
        let end = if self.shape & 1 == 0 { "\r\n" } else { "\n" };
        let blanks = ["", " ", " \t", "  "][(self.shape >> 1) as usize % 4];
        let start = if self.notify { "NOTIFY * HTTP/1.1" } else { "HTTP/1.1 200 OK" };
        let mut text = format!("{start}{end}");
        for (index, (name, value)) in self.headers().into_iter().enumerate() {
            let name = match (self.shape >> (index % 64)) & 3 {
                0 => name.to_uppercase(),
                1 => name.to_lowercase(),
                _ => name.into_owned(),
            };
            text.push_str(&format!("{name}:{blanks}{value}{end}"));
        }
        text
    }
}

/// Text as it stands in a header: no line ends, no blanks around.
fn value() -> impl Strategy<Value = String> {
    "[^\\x00-\\x1f]{0,40}".prop_map(|text| text.trim_matches(|c| c <= ' ').to_owned())
}

fn rendered() -> impl Strategy<Value = Rendered> {
    let location = proptest::option::of((any::<u32>(), 1..=u16::MAX));
    let state = (any::<[u32; 6]>(), any::<bool>(), proptest::option::of(value()));
    let unknown = proptest::collection::vec(("[a-z_]{0,12}", value()), 0..60);
    let support = proptest::collection::vec("[a-z_]{1,14}", 0..40);
    let head = (any::<bool>(), any::<u64>(), location, proptest::option::of(any::<u32>()));
    (head, "[a-z0-9]{1,12}", any::<u32>(), support, state, unknown, any::<u64>()).prop_map(
        |((notify, id, location, max_age), model, fw_ver, support, state, unknown, shape)| {
            let (numbers, on, name) = state;
            let location =
                location.map(|(ip, port)| SocketAddrV4::new(Ipv4Addr::from_bits(ip), port));
            Rendered {
                notify,
                id,
                location,
                max_age,
                model,
                fw_ver,
                support,
                numbers,
                on,
                name,
                unknown,
                shape,
            }
        },
    )
}

/// A datagram of the fixtures with some bytes changed, cut and repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let datagrams = datagrams();
    let edits = proptest::collection::vec((any::<u16>(), any::<u8>(), 0..4_u8), 0..12);
    (0..datagrams.len(), edits).prop_map(move |(index, edits)| {
        let mut bytes = datagrams[index].1.clone();
        for (at, byte, edit) in edits {
            let at = usize::from(at) % (bytes.len() + 1);
            match edit {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.insert(at, b":\r\n \0"[usize::from(byte) % 5]),
                _ => bytes.truncate(at.max(30)),
            }
        }
        bytes
    })
}

fn hold_together(datagram: &[u8]) {
    let Ok(advert) = Advert::parse(datagram) else { return };
    let source = SocketAddr::new(Ipv4Addr::new(192, 168, 1, 7).into(), 1982);
    let sighting = advert.to_sighting(source);
    agree(&advert, &sighting);
    assert_eq!(sighting.addr().ip(), source.ip());
    assert_ne!(sighting.addr().port(), 0);
    assert_eq!(Advert::parse(advert.as_bytes()), Ok(sighting.advert()));
    assert!(!format!("{sighting:?}").is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        hold_together(&bytes);
        let behind = [b"HTTP/1.1 200 OK\nid:7\n", &bytes[..]].concat();
        prop_assert!(Advert::parse(&behind).is_ok());
        hold_together(&behind);
    }

    #[test]
    fn changed_datagrams_are_read_or_refused(bytes in mutated()) {
        hold_together(&bytes);
    }

    #[test]
    fn what_was_rendered_is_what_is_read(rendered in rendered()) {
        let text = rendered.render();
        let advert = Advert::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(advert.kind() == AdvertKind::Notify, rendered.notify);
        prop_assert_eq!(advert.id().get(), rendered.id);
        prop_assert_eq!(advert.location(), rendered.location);
        let age = rendered.max_age.map(|age| u64::from(age.clamp(1, 86_400)));
        prop_assert_eq!(advert.max_age().map(|age| age.as_secs()), age);
        assert_eq!(advert.model().as_deref(), Some(&*rendered.model));
        prop_assert_eq!(advert.fw_ver(), Some(rendered.fw_ver));
        prop_assert!(advert.support().eq(rendered.support.iter().map(String::as_str)));
        assert_eq!(advert.raw_name().as_deref(), rendered.name.as_deref());
        prop_assert_eq!(advert.name(), rendered.name.as_deref().map(name::decode));
        let read: Vec<_> = advert.properties().filter_map(|(_, value)| value.as_number()).collect();
        prop_assert_eq!(read, rendered.numbers.map(i64::from));
        let (power, value) = advert.properties().next().unwrap();
        prop_assert_eq!((power, value.as_switch()), (Property::Power, Some(rendered.on)));
        let read: Vec<_> = advert.headers().map(|(name, value)| {
            (name.to_ascii_lowercase(), value.into_owned())
        }).collect();
        let written: Vec<_> = rendered.headers().into_iter().map(|(name, value)| {
            (name.to_ascii_lowercase(), value)
        }).collect();
        prop_assert_eq!(read, written);
        hold_together(text.as_bytes());
    }

    #[test]
    fn a_name_comes_back_as_it_was_given(given in "\\PC{0,40}") {
        let given = given.trim();
        let stored = name::encode(given);
        prop_assert!(stored.is_ascii());
        // ASCII that happens to be the BASE64 of something else is the convention's own hole.
        if !given.is_ascii() {
            prop_assert_eq!(name::decode(&stored), given);
        }
    }
}
