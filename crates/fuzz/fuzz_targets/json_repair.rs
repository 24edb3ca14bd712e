//! Any text as JSON: what is valid stays as it is, what is mended is valid.
#![no_main]

use iot_home_miio::json::{self, Lenient};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let parsed = json::parse(bytes);
    if let Ok(value) = &parsed {
        let _ = (value.to_bool(), value.to_i64(), value.to_f64(), value.to_text(), value.is_ok());
    }

    let Ok(text) = core::str::from_utf8(bytes) else { return };
    // With its raw values on, serde_json reads an object with this key as something else.
    if text.contains("$serde_json::private::") {
        return;
    }
    let strict = serde_json::from_str::<Value>(text);
    if let Ok(strict) = &strict {
        assert_eq!(parsed.as_ref(), Ok(strict), "valid JSON was altered");
    }
    if let Some(mended) = json::repair(text) {
        assert!(mended.len() <= 6 * text.len(), "{} bytes became {}", text.len(), mended.len());
        let mended: Value = serde_json::from_str(&mended).expect("mended JSON is strict JSON");
        if strict.is_err() {
            assert_eq!(parsed, Ok(mended));
        }
    }
});
