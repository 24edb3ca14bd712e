//! Signatures whose key is a text as it is written, and whose form is base64.

use alloc::string::String;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_home_mqtt::mac::Mac;

use crate::SignMethod;

/// The signature of the parts, one behind the other.
pub(crate) fn base64<'p>(
    method: SignMethod,
    key: &str,
    parts: impl IntoIterator<Item = &'p str>,
) -> String {
    let tag = Mac::new(method.algorithm(), key.as_bytes()).sign(parts);
    tag.with_bytes(|bytes| STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::path::Path;
    use std::string::String;

    use iot_home_mqtt::mac::Mac;
    use serde_json::Value;

    use super::base64;
    use crate::SignMethod;

    /// Registration signs like this.
    #[test]
    fn registrations_of_the_vectors() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mqtt/vectors.json");
        let text = std::fs::read_to_string(path).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let (mut first, mut second) = (0, 0);
        for case in file["tencent"].as_array().unwrap() {
            let text = |value: &Value| String::from(value.as_str().unwrap_or_default());
            let (secret, content) =
                (text(&case["input"]["product_secret"]), text(&case["content"]));
            let digest = text(&case["digest_lower_hex"]);
            match text(&case["kind"]).as_str() {
                "dynreg-v1" => {
                    first += 1;
                    let mac = Mac::new(SignMethod::HmacSha1.algorithm(), secret.as_bytes());
                    assert_eq!(mac.sign([content.as_str()]).to_hex(), digest);
                }
                "dynreg-v2" => {
                    second += 1;
                    let method: SignMethod = text(&case["input"]["algorithm"]).parse().unwrap();
                    let mac = Mac::new(method.algorithm(), secret.as_bytes());
                    assert_eq!(mac.sign([content.as_str()]).to_hex(), digest);
                    let headers = &case["expected"]["headers"];
                    let signature = base64(method, &secret, [content.as_str()]);
                    assert_eq!(signature, text(&headers["x-tc-signature"]));
                }
                _ => {}
            }
        }
        assert_eq!((first, second), (1, 2));
    }
}
