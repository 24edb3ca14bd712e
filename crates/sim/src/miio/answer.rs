//! An answer as text, with the device's quirks in it.

use iot_home_miio::DeviceError;
use serde_json::{Map, Value};

use crate::miio::faults::Faults;
use crate::miio::quirk::Quirk;

/// What a method has to say.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) id: i64,
    pub(crate) method: &'a str,
    pub(crate) body: Result<Value, DeviceError>,
    pub(crate) exe_time: Option<u32>,
}

impl Answer<'_> {
    /// The payload that the device seals.
    pub(crate) fn write(self, faults: &Faults) -> Vec<u8> {
        let has = |quirk| faults.has(quirk);
        if has(Quirk::EmptyPayload) && self.is_info() {
            return Vec::new();
        }
        let mut writer = Writer { faults, out: Vec::new() };
        if has(Quirk::ByteOrderMark) {
            writer.text("\u{feff} \r\n");
        }
        writer.text("{");
        let start = writer.out.len();
        if has(Quirk::ExtraKeys) {
            writer.text("\"partner_id\":\"\"");
        }
        if !has(Quirk::IdMissing) {
            let id = if has(Quirk::IdZero) { 0 } else { self.id };
            writer.separate(start);
            writer.text(&format!("\"id\":{id}"));
        }
        if has(Quirk::ExtraKeys) {
            writer.separate(start);
            writer.text("\"code\":0,\"message\":\"ok\"");
        }
        writer.separate(start);
        if has(Quirk::DoubleComma) {
            writer.text(",");
        }
        let mut exe_time = self.exe_time;
        match self.body_with(faults) {
            // The key needs something behind its comma.
            Ok(_) if has(Quirk::ResultComma) => {
                writer.text("\"result\":");
                exe_time = exe_time.or(Some(10));
            }
            Ok(Value::Object(fields)) if has(Quirk::MissingWrapper) => writer.members(&fields),
            Ok(result) => {
                writer.text("\"result\":");
                writer.value(&result, Place::Result);
            }
            Err(error) => writer.error(&error),
        }
        if let Some(exe_time) = exe_time {
            writer.text(&format!(",\"exe_time\":{exe_time}"));
        }
        writer.text("}");
        if has(Quirk::TrailingNul) {
            writer.text("\0");
        }
        if has(Quirk::TrailingNuls) {
            writer.text(&"\0".repeat(16));
        }
        if has(Quirk::TrailingGarbage) {
            writer.text("\0k\"}],\"");
        }
        writer.out
    }

    fn is_info(&self) -> bool {
        self.method == "miIO.info"
    }

    /// The body, after the quirks that change what it says.
    fn body_with(self, faults: &Faults) -> Result<Value, DeviceError> {
        let has = |quirk| faults.has(quirk);
        let (info, method) = (self.is_info(), self.method);
        let mut result = match self.body {
            Err(error) if error.code == Some(-32601) && has(Quirk::UnknownMethodResult) => {
                return Ok("unknown_method".into());
            }
            body => body?,
        };
        if result == ok() && has(Quirk::OkAsZero) {
            return Ok(0.into());
        }
        if result == ok() && has(Quirk::OkAsText) {
            return Ok("ok".into());
        }
        if method == "action" && has(Quirk::ActionOk) && result.get("code") == Some(&0.into()) {
            return Ok(ok());
        }
        if info && let Some(ssid) = result.pointer_mut("/ap/ssid") {
            if has(Quirk::ControlCharacters) {
                *ssid = "ho\tme\u{1}".into();
            }
            if has(Quirk::InvalidUtf8) {
                *ssid = "家".into();
            }
        }
        if has(Quirk::NumbersAsText)
            && let Value::Array(items) = &mut result
        {
            for item in items {
                match item {
                    Value::Object(fields) => fields.get_mut("value").map_or((), as_text),
                    item => as_text(item),
                }
            }
        }
        if method == "get_prop"
            && has(Quirk::MissingElements)
            && let Value::Array(items) = &mut result
        {
            // The writer leaves nulls out under this quirk.
            items.fill(Value::Null);
        }
        Ok(result)
    }
}

/// What a command that went well answers.
pub(crate) fn ok() -> Value {
    Value::from(vec!["ok"])
}

fn as_text(value: &mut Value) {
    let text = match &*value {
        Value::Bool(on) => if *on { "on" } else { "off" }.to_string(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    *value = text.into();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Result,
    Element,
    Member(&'a str),
}

struct Writer<'a> {
    faults: &'a Faults,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn has(&self, quirk: Quirk) -> bool {
        self.faults.has(quirk)
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A comma, unless this is where the object begins.
    fn separate(&mut self, start: usize) {
        if self.out.len() > start {
            self.text(",");
        }
    }

    fn error(&mut self, error: &DeviceError) {
        let message = Value::from(error.message.as_str());
        let code = error.code.map(|code| format!("\"code\":{code},")).unwrap_or_default();
        if self.has(Quirk::ErrorAsString) {
            self.text(&format!("\"error\":{message}"));
        } else {
            let key = if self.has(Quirk::ErrorInError) { "error" } else { "message" };
            self.text(&format!("\"error\":{{{code}\"{key}\":{message}}}"));
        }
    }

    fn value(&mut self, value: &Value, place: Place<'_>) {
        match value {
            Value::Number(_) if self.has(Quirk::NumberJunk) && place == Place::Member("value") => {
                self.text("-0./");
            }
            Value::Number(number) if self.has(Quirk::LeadingZero) && !number.is_f64() => {
                let number = number.to_string();
                match number.strip_prefix('-') {
                    Some(digits) => self.text(&format!("-0{digits}")),
                    None => self.text(&format!("0{number}")),
                }
            }
            Value::String(word)
                if self.has(Quirk::BareWord) && place == Place::Element && is_word(word) =>
            {
                self.text(word);
            }
            Value::String(text) => self.string(text),
            Value::Array(items) if self.has(Quirk::MissingElements) && all_null(items) => {
                let commas = items.len().saturating_sub(1).max(1);
                self.text(&format!("[{}]", ",".repeat(commas)));
            }
            Value::Array(items) => {
                self.text("[");
                for (at, item) in items.iter().enumerate() {
                    self.text(if at > 0 { "," } else { "" });
                    self.value(item, Place::Element);
                }
                self.text("]");
            }
            Value::Object(fields) => {
                self.text("{");
                self.members(fields);
                self.text("}");
            }
            plain => self.text(&plain.to_string()),
        }
    }

    fn members(&mut self, fields: &Map<String, Value>) {
        for (at, (key, value)) in fields.iter().enumerate() {
            self.text(if at > 0 { "," } else { "" });
            if key == "ott_stat" && self.has(Quirk::EmptyOttStat) {
                // Nothing at all between its two commas.
                continue;
            }
            self.string(key);
            self.text(":");
            self.value(value, Place::Member(key));
        }
    }

    fn string(&mut self, text: &str) {
        let raw = self.has(Quirk::ControlCharacters);
        self.text("\"");
        for character in text.chars() {
            match character {
                '"' | '\\' => self.text(&format!("\\{character}")),
                control if control.is_ascii_control() && !raw => {
                    self.text(&format!("\\u{:04x}", u32::from(control)));
                }
                wide if !wide.is_ascii() && self.has(Quirk::InvalidUtf8) => {
                    self.out.extend(wide.encode_utf8(&mut [0; 4]).bytes().take(1));
                }
                other => self.text(other.encode_utf8(&mut [0; 4])),
            }
        }
        self.text("\"");
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !matches!(text, "true" | "false" | "null")
}

fn all_null(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(Value::is_null)
}
