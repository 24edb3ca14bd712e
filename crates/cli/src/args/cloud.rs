//! `iot-home cloud …`.

mod online;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use iot_home::micloud::{Method, Mode, Nonce};
use iot_home::{ActionId, Did, PropertyId, Secret};

pub(crate) use self::online::{Login, Online, Place, Regions, Stored};
use super::secret;

#[derive(Debug, Args)]
pub(crate) struct Cloud {
    #[command(flatten)]
    pub(crate) hosts: CloudHosts,
    #[command(subcommand)]
    pub(crate) command: CloudCommand,
}

/// Other servers than Xiaomi's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every cloud command")]
pub(crate) struct CloudHosts {
    /// Log in at this server: https://HOST, or http:// on this machine
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) account_url: Option<String>,
    /// Exchange tickets at this server
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) sts_url: Option<String>,
    /// Call this server, for all regions
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) api_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CloudCommand {
    /// Log in, and store the session for the commands below
    Login(Login),
    /// List the devices of the account, shared ones among them
    Devices {
        #[command(flatten)]
        place: Place,
    },
    /// List its homes and their rooms, shared ones among them
    Homes {
        #[command(flatten)]
        place: Place,
    },
    /// List the scenes of all its homes
    Scenes {
        #[command(flatten)]
        place: Place,
    },
    /// Read MIoT properties of a device
    Get {
        #[command(flatten)]
        online: Online,
        #[arg(help = DID)]
        did: Did,
        /// Which properties, such as 2.1
        #[arg(value_name = "SIID.PIID", required = true)]
        properties: Vec<PropertyId>,
    },
    /// Write MIoT properties of a device
    Set {
        #[command(flatten)]
        online: Online,
        #[arg(help = DID)]
        did: Did,
        /// Which properties and what to write, such as 2.1=true; VALUE is JSON, a bare word is a string
        #[arg(value_name = "SIID.PIID=VALUE", required = true)]
        values: Vec<String>,
    },
    /// Run a MIoT action of a device
    Action {
        #[command(flatten)]
        online: Online,
        #[arg(help = DID)]
        did: Did,
        /// Which action, such as 3.1
        #[arg(value_name = "SIID.AIID")]
        action: ActionId,
        /// Its arguments, by their piid (1=60) or in order (60); VALUE is JSON, a bare word is a string
        #[arg(value_name = "PIID=VALUE|VALUE", allow_negative_numbers = true)]
        arguments: Vec<String>,
    },
    /// Pass a method of the miIO protocol to a device
    Rpc {
        #[command(flatten)]
        online: Online,
        #[arg(help = DID)]
        did: Did,
        /// The method's name, such as get_prop
        method: String,
        /// Its parameters
        #[arg(value_name = "PARAMS", default_value = "[]", allow_negative_numbers = true)]
        params: String,
    },
    /// Work with scenes
    Scene {
        #[command(subcommand)]
        command: SceneCommand,
    },
    /// The key that a Bluetooth device encrypts its advertisements with
    Beaconkey {
        #[command(flatten)]
        online: Online,
        #[arg(help = DID)]
        did: Did,
    },
    /// Call any path of the API
    Call {
        #[command(flatten)]
        online: Online,
        /// The path, such as /v2/message/v2/typelist
        path: String,
        /// The data
        #[arg(value_name = "JSON", default_value = "{}", allow_negative_numbers = true)]
        data: String,
        /// Sign without encrypting, as older programs do
        #[arg(long)]
        plain: bool,
    },
    /// Sign a request, and show every value on the way; nothing is sent
    Sign(CloudSign),
    /// Open captured requests and answers
    Decrypt(CloudDecrypt),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SceneCommand {
    /// Run a scene, of whichever home it is
    Run {
        #[command(flatten)]
        online: Online,
        /// Its id, as `cloud scenes` tells it
        id: String,
    },
}

const DID: &str = "The device's id, as `cloud devices` tells it";

#[derive(Debug, Args)]
pub(crate) struct CloudSign {
    #[command(flatten)]
    pub(crate) key: Key,
    /// The nonce: 16 characters of base64
    #[arg(long, value_name = "NONCE", allow_hyphen_values = true)]
    pub(crate) nonce: Nonce,
    /// The path, such as /home/device_list; a leading /app is not signed
    #[arg(long, value_name = "PATH")]
    pub(crate) path: String,
    /// GET or POST
    #[arg(long, value_name = "METHOD", default_value = "POST")]
    pub(crate) method: Method,
    /// The request's data
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) data: String,
    /// rc4 encrypts; plain leaves readable
    #[arg(long, value_name = "rc4|plain", default_value = "rc4")]
    pub(crate) mode: Mode,
}

#[derive(Debug, Args)]
pub(crate) struct CloudDecrypt {
    #[command(flatten)]
    pub(crate) key: Key,
    /// The nonce of the request that the value belongs to
    #[arg(long, value_name = "NONCE", required_unless_present = "har", allow_hyphen_values = true)]
    pub(crate) nonce: Option<Nonce>,
    /// A value of a request's form, or the body of an answer; - is stdin
    #[arg(value_name = "BODY|-", required_unless_present = "har")]
    pub(crate) body: Option<String>,
    /// Open every request and answer of a HAR file, and verify the signatures; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nonce", "body"])]
    pub(crate) har: Option<PathBuf>,
}

/// Where the key of a login comes from.
#[derive(Debug, Args)]
pub(crate) struct Key {
    /// The login's ssecurity, in base64. Other users of this machine can see it: better use
    /// --ssecurity-file
    #[arg(long, value_name = "KEY", value_parser = secret)]
    pub(crate) ssecurity: Option<Secret<String>>,
    /// Read the ssecurity from FILE; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "ssecurity")]
    pub(crate) ssecurity_file: Option<PathBuf>,
}
