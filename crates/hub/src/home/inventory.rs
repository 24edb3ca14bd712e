//! What is known of the home's devices, in a file.

use std::path::PathBuf;

use iot_home_core::file::{read_private, write_private};
use iot_home_core::{Random as _, Secret, SystemRandom};
use iot_home_miio::Token;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::error::Error;
use crate::{CloudFacts, Facts, Parent};

/// A file with an inventory in it.
pub(super) struct Inventory(PathBuf);

impl Inventory {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The devices in it: none where there is no such file, or where it is torn. An entry that cannot be read is left out.
    pub(super) fn load(&self) -> Result<Vec<Facts>, Error> {
        let text = match read_private(&self.0, LONGEST) {
            Ok(text) => text,
            // It is torn in the middle of a letter, or no text at all.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Some(Secret::default())
            }
            Err(error) => return Err(Error::file(&self.0, "read", error)),
        };
        let Some(text) = text else { return Ok(Vec::new()) };
        let Ok(file) = serde_json::from_str::<Head>(text.expose()) else {
            tracing::warn!(path = %self.0.display(), "the inventory is torn, and left out");
            return Ok(Vec::new());
        };
        if file.version != VERSION {
            let problem =
                format!("it has the format {}, and this version knows {VERSION}", file.version);
            return Err(Error::file(&self.0, "used", problem));
        }
        let entries = file.devices.into_iter();
        Ok(entries.filter_map(|entry| Entry::deserialize(entry).ok()).map(Facts::from).collect())
    }

    /// Puts these devices into it, in place of what was there.
    pub(super) fn save(&self, known: &[Facts]) -> Result<(), Error> {
        let devices: Vec<Entry> = known.iter().map(Entry::from).collect();
        // Texts always have a JSON form.
        let json = serde_json::to_string_pretty(&File { version: VERSION, devices });
        let json = Secret::new(json.unwrap_or_default());
        write_private(&self.0, json.expose().as_bytes(), SystemRandom::new().next_u64())
            .map_err(|error| Error::file(&self.0, "written", error))
    }
}

#[derive(Deserialize)]
struct Head {
    version: u32,
    #[serde(default)]
    devices: Vec<Value>,
}

#[derive(Serialize)]
struct File {
    version: u32,
    devices: Vec<Entry>,
}

/// A device. All are texts, as the protocols write them; one that is none of its kind is left out.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulb: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Box<str>>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed",
        deserialize_with = "secret"
    )]
    token: Option<Secret<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    miio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yeelight: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lumi: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_did: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<CloudEntry>,
}

#[derive(Serialize, Deserialize)]
struct CloudEntry {
    region: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spec: Option<Box<str>>,
}

impl From<&Facts> for Entry {
    fn from(facts: &Facts) -> Self {
        fn text<T: ToString>(fact: &Option<T>) -> Option<String> {
            fact.as_ref().map(T::to_string)
        }
        let (mut parent_did, mut parent_sid) = (None, None);
        match &facts.parent {
            Some(Parent::Did(did)) => parent_did = Some(did.to_string()),
            Some(Parent::Sid(sid)) => parent_sid = Some(sid.to_string()),
            None => {}
        }
        Self {
            did: text(&facts.did),
            bulb: text(&facts.bulb),
            sid: text(&facts.sid),
            mac: text(&facts.mac),
            model: facts.model.clone(),
            name: facts.name.clone(),
            token: facts.token.as_ref().map(Token::expose_hex).map(Secret::new),
            miio: text(&facts.miio),
            yeelight: text(&facts.yeelight),
            lumi: text(&facts.lumi),
            host: text(&facts.host),
            parent_did,
            parent_sid,
            cloud: facts.cloud.as_ref().map(|cloud| CloudEntry {
                region: cloud.region.clone(),
                home: cloud.home.clone(),
                room: cloud.room.clone(),
                spec: cloud.spec.clone(),
            }),
        }
    }
}

impl From<Entry> for Facts {
    fn from(entry: Entry) -> Self {
        fn read<T: std::str::FromStr>(text: Option<String>) -> Option<T> {
            text?.parse().ok()
        }
        let of_did = read(entry.parent_did).map(Parent::Did);
        Self {
            did: read(entry.did),
            bulb: read(entry.bulb),
            sid: read(entry.sid),
            mac: read(entry.mac),
            model: entry.model,
            name: entry.name,
            token: entry.token.and_then(|token| token.expose().parse().ok()),
            miio: read(entry.miio),
            yeelight: read(entry.yeelight),
            lumi: read(entry.lumi),
            host: read(entry.host),
            parent: of_did.or_else(|| read(entry.parent_sid).map(Parent::Sid)),
            cloud: entry.cloud.map(|entry| CloudFacts {
                region: entry.region,
                home: entry.home,
                room: entry.room,
                spec: entry.spec,
                ..CloudFacts::default()
            }),
            ..Self::default()
        }
    }
}

fn exposed<S: Serializer>(
    secret: &Option<Secret<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|secret| secret.expose().as_str()).serialize(serializer)
}

fn secret<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret<String>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

const VERSION: u32 = 1;
/// Far more than the devices of a household have.
const LONGEST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::home::ErrorKind;

    const TOKEN: &str = "00112233445566778899aabbccddeeff";

    fn facts() -> Facts {
        Facts {
            did: Some("51880628".parse().unwrap()),
            mac: "28:6C:07:AA:BB:CC".parse().ok(),
            model: Some("yeelink.light.lamp4".into()),
            name: Some("Küche \"links\"".into()),
            token: TOKEN.parse().ok(),
            miio: "127.0.0.1:4000".parse().ok(),
            host: "127.0.0.1".parse().ok(),
            parent: Some(Parent::Did(7.into())),
            cloud: Some(CloudFacts {
                region: "de".into(),
                room: Some("kitchen".into()),
                spec: Some("urn:miot-spec-v2:device:light:0000A001:yeelink-lamp4:1".into()),
                ..CloudFacts::default()
            }),
            ..Facts::default()
        }
    }

    fn bulb() -> Facts {
        Facts {
            bulb: "0x15243f".parse().ok(),
            yeelight: "[::1]:55443".parse().ok(),
            ..Facts::default()
        }
    }

    fn inventory(name: &str) -> Inventory {
        let file = format!("iot-home-hub-{}-{name}.json", std::process::id());
        let path = std::env::temp_dir().join(file);
        let _ = fs::remove_file(&path);
        Inventory::new(path)
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let inventory = inventory("saved");
        assert_eq!(inventory.load().unwrap(), []);
        inventory.save(&[bulb()]).unwrap();
        inventory.save(&[facts(), bulb()]).unwrap();
        assert_eq!(inventory.load().unwrap(), [facts(), bulb()]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            assert_eq!(fs::metadata(&inventory.0).unwrap().mode() & 0o777, 0o600);
        }
        fs::remove_file(&inventory.0).unwrap();
    }

    #[test]
    fn a_torn_file_is_left_out_and_a_torn_entry_too() {
        let inventory = inventory("torn");
        inventory.save(&[facts(), bulb()]).unwrap();
        let whole = fs::read(&inventory.0).unwrap();
        for len in 0..whole.len() {
            fs::write(&inventory.0, &whole[..len]).unwrap();
            assert_eq!(inventory.load().unwrap(), [], "{len} of {} bytes", whole.len());
        }
        fs::write(
            &inventory.0,
            r#"{"version":1,"devices":[7,{"did":3},{"did":"x\"y","name":"kept"}]}"#,
        )
        .unwrap();
        let [kept] = &inventory.load().unwrap()[..] else { panic!("one entry") };
        assert_eq!((&kept.did, kept.name.as_deref()), (&None, Some("kept")));
        fs::remove_file(&inventory.0).unwrap();
    }

    #[test]
    fn one_of_a_later_version_is_not_overwritten_by_accident() {
        let inventory = inventory("later");
        fs::write(&inventory.0, r#"{"version":2,"devices":[]}"#).unwrap();
        let error = inventory.load().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.to_string().contains("format 2"), "{error}");
        fs::remove_file(&inventory.0).unwrap();
    }

    #[test]
    fn errors_do_not_hold_tokens() {
        let folder = inventory("folder");
        fs::create_dir_all(&folder.0).unwrap();
        for error in [folder.save(&[facts()]).unwrap_err(), folder.load().unwrap_err()] {
            let shown = format!("{error} {error:?} {:?}", facts());
            assert!(!shown.contains(TOKEN), "{shown}");
        }
        fs::remove_dir(&folder.0).unwrap();
    }
}
