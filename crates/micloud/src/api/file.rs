//! Files that devices leave in the cloud, such as maps of vacuum cleaners.

use iot_home_core::Secret;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::{Call, lenient};

/// Where a device leaves its files, which depends on its maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Storage {
    /// Roborock's maps, by the name that the device's method `get_map_v1` tells (`retry` means: ask it again).
    Map,
    /// The same of older ones.
    RobotMap,
    /// Viomi, Dreame, Roidmi, by `OWNER/DID/INDEX`.
    Interim,
    /// Ijai and newer ones, by the same. Where one of the two refuses, the other may not.
    InterimPro,
}

/// The address of a file, which is good for a short time, for whoever has it.
pub fn file_url(storage: Storage, object_name: &str) -> Call<FileUrl> {
    let path = match storage {
        Storage::Map => "/home/getmapfileurl",
        Storage::RobotMap => "/home/getrobomapurl",
        Storage::Interim => "/v2/home/get_interim_file_url",
        Storage::InterimPro => "/v2/home/get_interim_file_url_pro",
    };
    Call::known(path, &json!({ "obj_name": object_name }))
}

/// The address of a file. It is fetched as it is, without cookies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FileUrl {
    /// The address.
    #[serde(deserialize_with = "secret")]
    pub url: Secret<String>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<String>, D::Error> {
    lenient::id(deserializer).map(Secret::new)
}
