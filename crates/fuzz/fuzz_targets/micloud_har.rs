//! Any bytes as a HAR file, as a form and as a single value: no panic, no foreign host, and no signature that
//! nobody made.
#![no_main]

use iot_home_micloud::capture::{Har, Signature};
use iot_home_micloud::{Capture, Method, Mode, Nonce, SignedNonce, Ssecurity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let ssecurity: Ssecurity = "AAECAwQFBgcICQoLDA0ODw==".parse().expect("a key");
    let capture = Capture::new(ssecurity.clone());
    if let Ok(har) = Har::parse(bytes) {
        let mut count = 0;
        for exchange in har.exchanges(&capture) {
            count += 1;
            let _ = format!("{exchange:?}");
            assert!(exchange.failed_step.is_none_or(|step| !step.to_string().is_empty()));
        }
        assert!(count <= har.len());
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    let nonce = Nonce::from_bytes([7; 12]);
    if let Ok(opened) = capture.value(nonce, text) {
        assert!(!opened.is_empty());
    }
    for method in [Method::Get, Method::Post] {
        let opened = capture.request(method, "api.io.mi.com", "/app/x", text);
        if opened.signature == Signature::Ok {
            // Then it is what signing the same gives.
            let (nonce, mode) = (opened.nonce.expect("signed"), opened.mode.expect("signed"));
            let signed = opened.params.len() == 1 && opened.data().is_some();
            if let (true, None, Some(data)) = (signed, opened.failed_step, opened.data()) {
                let again = SignedNonce::new(&ssecurity, nonce).sign(mode, method, "/x", data);
                let fields: Vec<_> = text.split('&').collect();
                assert!(mode == Mode::Plain || fields.len() >= 4);
                assert!(!again.signature.is_empty());
            }
        } else {
            assert!(opened.signature == Signature::Absent || opened.failed_step.is_some());
        }
    }
});
