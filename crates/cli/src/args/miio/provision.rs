//! `iot-home miio provision`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use iot_home::Secret;

use super::super::{Address, TokenSource, duration, secret};

/// A device as its own access point, and the Wi-Fi it is to join.
#[derive(Debug, Args)]
pub(crate) struct Provision {
    /// Where the device is, this machine having joined its Wi-Fi (MODEL_miapXXXX): IP, IP:PORT or [v6]:PORT
    /// [default: looked for at the addresses that devices have there]
    pub(crate) addr: Option<Address>,
    /// Its token, where its hello does not show it
    #[command(flatten)]
    pub(crate) token: TokenSource,
    /// The name of the Wi-Fi to join
    #[arg(long, value_name = "SSID")]
    pub(crate) ssid: String,
    /// Its password. Other users of this machine can see it: better set IOT_HOME_PASSWORD or use
    /// --password-file
    #[arg(long, value_name = "PASSWORD", value_parser = secret)]
    pub(crate) password: Option<Secret<String>>,
    /// Read the password from FILE; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The Wi-Fi has no password
    #[arg(long, conflicts_with_all = ["password", "password_file"])]
    pub(crate) open: bool,
    /// The Mi account that the device is to belong to. 0 is none, which some vacuums refuse
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) uid: u64,
    /// Read the secret from the cloud that binds the device to the account from FILE; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) bind_key_file: Option<PathBuf>,
    /// Who provisions, for firmware that wants to be told, such as app
    #[arg(long, value_name = "WORD")]
    pub(crate) config_type: Option<String>,
    /// The cloud that the device is to turn to, such as cn, de or us
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) country_domain: Option<String>,
    /// The country whose Wi-Fi channels are allowed
    #[arg(long, value_name = "CC")]
    pub(crate) country: Option<String>,
    /// The time zone, such as Europe/Berlin
    #[arg(long, value_name = "TZ")]
    pub(crate) timezone: Option<String>,
    /// The distance from UTC in the unit of the device's firmware, mostly hours
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) gmt_offset: Option<serde_json::Number>,
    /// The device's model, in place of asking: of vacuums, some characters are refused
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Send every character, also to firmware that is known not to take it
    #[arg(long, conflicts_with = "model")]
    pub(crate) any_characters: bool,
    /// Use the secure variant of newer firmware (experimental); needs a code
    #[arg(long)]
    pub(crate) secure: bool,
    /// Read the code that stands on the device, after O= in its QR code, from FILE; - is stdin
    #[arg(long, value_name = "FILE", requires = "secure")]
    pub(crate) oob_file: Option<PathBuf>,
    /// The code is a number that the device shows
    #[arg(long, requires = "oob_file")]
    pub(crate) shown: bool,
    /// Look for the device afterwards for so long: this machine has to be in the Wi-Fi that was joined
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) find: Option<Duration>,
    /// Where to look for it; may be repeated [default: every interface]
    #[arg(long = "target", value_name = "ADDR", requires = "find")]
    pub(crate) targets: Vec<Address>,
}
