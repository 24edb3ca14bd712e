//! `iot-home miio …`.

mod provision;

use std::path::PathBuf;

pub(crate) use self::provision::Provision;
use clap::{Args, Subcommand};
use iot_home::{ActionId, PropertyId, Secret};

use super::{Address, TokenSource, secret};

#[derive(Debug, Args)]
pub(crate) struct Miio {
    #[command(subcommand)]
    pub(crate) command: MiioCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MiioCommand {
    /// Probe a device: needs no token
    Hello {
        #[arg(help = ADDRESS)]
        addr: Address,
    },
    /// What a device tells of itself (miIO.info)
    Info {
        #[command(flatten)]
        target: Target,
    },
    /// Call any method
    Call {
        #[command(flatten)]
        target: Target,
        /// The method's name, such as get_prop
        method: String,
        /// Its parameters
        #[arg(value_name = "PARAMS_JSON", default_value = "[]", allow_negative_numbers = true)]
        params: String,
        /// Address a child of a gateway by its sid
        #[arg(long, value_name = "SID")]
        sid: Option<String>,
    },
    /// Read MIoT properties
    Get {
        #[command(flatten)]
        target: Target,
        /// Which properties, such as 2.1
        #[arg(value_name = "SIID.PIID", required = true)]
        properties: Vec<PropertyId>,
    },
    /// Write MIoT properties
    Set {
        #[command(flatten)]
        target: Target,
        /// Which properties and what to write, such as 2.1=true; VALUE is JSON, a bare word is a string
        #[arg(value_name = "SIID.PIID=VALUE", required = true)]
        values: Vec<String>,
    },
    /// Run a MIoT action
    Action {
        #[command(flatten)]
        target: Target,
        /// Which action, such as 3.1
        #[arg(value_name = "SIID.AIID")]
        action: ActionId,
        /// Its arguments, by their piid (1=60) or in order (60); VALUE is JSON, a bare word is a string
        #[arg(value_name = "PIID=VALUE|VALUE", allow_negative_numbers = true)]
        arguments: Vec<String>,
    },
    /// Bring a device into a Wi-Fi: this machine has joined the device's own
    Provision(Box<Provision>),
    /// Start a device again (miIO.reboot)
    Reboot {
        #[command(flatten)]
        target: Target,
    },
    /// Print what the device tells by itself, until interrupted (LAN subscription; newer devices)
    Watch {
        #[command(flatten)]
        target: Target,
    },
    /// The children of a gateway
    Children {
        #[command(flatten)]
        target: Target,
    },
    /// Build one packet around exactly these bytes
    Encode(Encode),
    /// Open one packet, or every miIO packet of a capture
    Decode(Decode),
    /// Work with tokens
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
}

/// A device and its token.
#[derive(Debug, Args)]
pub(crate) struct Target {
    #[arg(help = ADDRESS)]
    pub(crate) addr: Address,
    #[command(flatten)]
    pub(crate) token: TokenSource,
}

#[derive(Debug, Args)]
pub(crate) struct Encode {
    #[command(flatten)]
    pub(crate) token: TokenSource,
    /// The device's id, a decimal number
    #[arg(long, value_name = "N")]
    pub(crate) did: Option<u64>,
    /// Seconds on the device's clock
    #[arg(long, value_name = "N")]
    pub(crate) stamp: Option<u32>,
    /// Build the probe, which needs nothing else
    #[arg(long, conflicts_with_all = ["token", "token_file", "did", "stamp", "text"])]
    pub(crate) hello: bool,
    /// What the packet carries; - is stdin, byte by byte. Without it: the keep-alive form
    #[arg(value_name = "TEXT|-", allow_negative_numbers = true)]
    pub(crate) text: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// The packet; - is stdin
    #[arg(value_name = "HEX|-", required_unless_present = "pcap", conflicts_with = "pcap")]
    pub(crate) packet: Option<String>,
    /// Open every miIO packet of this capture (pcap or pcapng; - is stdin), on whatever port
    #[arg(long, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,
    /// The token; of a capture one for each device as IP=TOKEN, and any number without an IP to try.
    /// Other users of this machine can see it: better set IOT_HOME_TOKEN or use --token-file
    #[arg(long = "token", value_name = "[IP=]TOKEN", value_parser = secret)]
    pub(crate) tokens: Vec<Secret<String>>,
    /// Read the token, of a capture a line for each, from FILE; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Bring a token into its usual form of 32 hex digits
    Decode {
        /// 32 hex digits, 16 characters, or the 96 digits of the iOS app's database; - is stdin
        #[arg(value_parser = secret)]
        value: Secret<String>,
    },
}

const ADDRESS: &str = "IP, HOST, IP:PORT, HOST:PORT or [v6]:PORT";
