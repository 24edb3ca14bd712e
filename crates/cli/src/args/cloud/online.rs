//! What every command is told that talks to the Mi Home cloud.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use iot_home::micloud::{Region, UnknownRegion};

/// Who calls, and where.
#[derive(Debug, Args)]
pub(crate) struct Online {
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// Where the devices are: cn, de, us, ru, sg, i2, tw or in [default: the region of the login]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
}

/// The same for lists.
#[derive(Debug, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// Where to look: cn, de, us, ru, sg, i2, tw, in, or all of them [default: the region of the login]
    #[arg(long, value_name = "REGION|all")]
    pub(crate) region: Option<Regions>,
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// An e-mail address, a phone number with its country's code, or the account's number. The password is
    /// asked for, unless IOT_HOME_PASSWORD or --password-file has it
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of FILE; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "qr")]
    pub(crate) password_file: Option<PathBuf>,
    /// Show a QR code, which the Mi Home app scans, instead of asking for a password
    #[arg(long, conflicts_with = "user")]
    pub(crate) qr: bool,
    /// Where the devices are: cn, de, us, ru, sg, i2, tw or in; commands use it unless they say another
    #[arg(long, value_name = "REGION", default_value = "cn")]
    pub(crate) region: Region,
}

/// Where the session is kept.
#[derive(Debug, Args)]
pub(crate) struct Stored {
    /// The file of the session, for its owner alone [default: iot-home/session.json in the user's
    /// configuration folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) session: Option<PathBuf>,
}

/// One region, or every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Regions {
    One(Region),
    All,
}

impl FromStr for Regions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        text.parse().map(Self::One).map_err(|error: UnknownRegion| format!("{error}; or all"))
    }
}
