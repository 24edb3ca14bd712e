use std::sync::{Arc, Mutex};
use std::time::Duration;

use iot_home_lan::Direction;
use iot_home_lan::wire::{self, Observer};

#[test]
fn whoever_watches_sees_the_bytes_and_prints_none() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let observer: Observer = Arc::new(move |event| {
        told.lock().unwrap().push((event.direction, event.bytes.to_vec(), format!("{event:?}")));
    });
    let peer = ([127, 0, 0, 1], 9).into();
    wire::tell(Some(&observer), Direction::Sent, peer, Duration::from_secs(1), b"\xAB\xCD secret");
    wire::tell(None, Direction::Received, peer, Duration::ZERO, b"unseen");
    let seen = seen.lock().unwrap();
    let [(direction, bytes, printed)] = seen.as_slice() else { panic!("{} events", seen.len()) };
    assert_eq!((*direction, bytes.as_slice()), (Direction::Sent, &b"\xAB\xCD secret"[..]));
    assert!(printed.contains("len: 9") && printed.contains("127.0.0.1:9"), "{printed}");
    assert!(!printed.contains("secret") && !printed.contains("171"), "{printed}");
}
