//! Any bytes as a search answer or an advertisement: no panic, and every way to look at it agrees.
#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use iot_home_core::Instant;
use iot_home_yeelight::directory::{Directory, MAX_LEN, Update};
use iot_home_yeelight::search::{Search, Target};
use iot_home_yeelight::{Advert, AdvertKind, PORT, name};
use libfuzzer_sys::fuzz_target;

const NOW: Instant = Instant::ORIGIN;

fuzz_target!(|datagram: &[u8]| {
    let source = SocketAddr::new(Ipv4Addr::new(192, 168, 1, 7).into(), 1982);
    let target = Target { link: 0, addr: source };
    let mut search = Search::new(NOW, [target], &[], Duration::from_secs(3));
    let found = search.handle_datagram(NOW, 0, source, datagram);
    let mut directory = Directory::new();
    let update = directory.handle_datagram(NOW, source, datagram);

    let Ok(advert) = Advert::parse(datagram) else {
        assert!(found.is_none() && update.is_none(), "what cannot be read tells of nobody");
        assert_eq!(search.ignored(), 1);
        return;
    };
    let sighting = advert.to_sighting(source);
    let is_answer = advert.kind() == AdvertKind::Answer;
    assert_eq!(found, is_answer.then(|| sighting.clone()));
    let is_kept = datagram.len() <= MAX_LEN;
    assert_eq!(update, is_kept.then(|| Update::New(sighting.clone())));
    if is_kept {
        let again = directory.handle_datagram(NOW, source, datagram);
        assert_eq!(again, Some(Update::Renewed(sighting.clone())));
        let expires = directory.poll_timeout().expect("it is there");
        assert_eq!(directory.handle_timeout(expires), Some(Update::Expired(sighting.clone())));
        assert_eq!(directory.poll_timeout(), None);
    }

    // The owned form says what the borrowed one does, and reading its bytes again gives the same.
    assert_eq!(sighting.advert(), advert);
    assert_eq!(Advert::parse(sighting.advert().as_bytes()), Ok(advert));
    assert!(sighting.properties().eq(advert.properties()));
    assert!(sighting.support().eq(advert.support()));
    assert_eq!(
        (sighting.name(), sighting.model(), sighting.fw_ver(), sighting.max_age()),
        (advert.name(), advert.model(), advert.fw_ver(), advert.max_age()),
    );
    assert!(advert.support().all(|method| !method.is_empty()));
    assert!(advert.max_age().is_none_or(|age| (1..=86_400).contains(&age.as_secs())));
    let port = advert.location().map_or(PORT, |location| location.port());
    assert_eq!(sighting.addr(), SocketAddr::new(source.ip(), port));
    assert_ne!(port, 0);
    let _ = format!("{sighting:?} {advert:?}");

    // What the one pass has found is the first of its name.
    for known in [
        "id",
        "model",
        "fw_ver",
        "support",
        "power",
        "bright",
        "color_mode",
        "ct",
        "rgb",
        "hue",
        "sat",
        "name",
        "Location",
        "cache-control",
        "Date",
        "x",
    ] {
        let mut headers = advert.headers();
        let first = headers.find(|(name, _)| name.eq_ignore_ascii_case(known));
        assert_eq!(advert.header(known), first.map(|(_, value)| value), "{known}");
    }
    assert_eq!(advert.header("id").and_then(|id| id.parse().ok()), Some(advert.id()));

    if let Some(stored) = advert.raw_name() {
        let decoded = name::decode(&stored);
        assert_eq!(advert.name().as_ref(), Some(&decoded));
        if decoded != stored {
            assert_eq!(name::encode(&decoded), stored, "only what was encoded is decoded");
        }
    }
});
