//! The command line: what there is to say, and nothing of what it does.
//!
//! Secrets are taken as text and read later, because what clap refuses it quotes.

mod address;
mod cloud;
mod duration;
mod hub;
mod miio;
mod mqtt;
mod spec;
mod yeelight;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use iot_home::Secret;

pub(crate) use self::address::Address;
pub(crate) use self::cloud::{
    Cloud, CloudCommand, CloudDecrypt, CloudHosts, CloudSign, Key, Login, Online, Place, Regions,
    SceneCommand as CloudSceneCommand, Stored,
};
pub(crate) use self::hub::{HomeArgs, HubAction, HubGet, HubSet};
pub(crate) use self::miio::{Decode, Encode, Miio, MiioCommand, Provision, Target, TokenCommand};
pub(crate) use self::mqtt::{
    Aliyun, AliyunCommand, AliyunConnect, AliyunCredentials, AliyunLogin, AliyunRegister, Keep,
    Mqtt, MqttCommand, MqttDecode, ProductSecretSource, Publication, SecretSource, SecureMode,
    SessionArgs, Tencent, TencentCommand, TencentConnect, TencentCredentials, TencentLogin,
    TencentRegister, Way,
};
pub(crate) use self::spec::Spec;
pub(crate) use self::yeelight::{
    Call, FlowArgs, Get, List, Manner, Play, SceneArgs, SceneKind, SetArgs, Switch, Timer, Values,
    Yeelight, YeelightCommand,
};

/// What this program was built with; shown by `--version`.
pub(crate) const FEATURES: &[&str] = &[
    "miio", "sim", "yeelight", "aliyun", "tencent", "mqtt", "micloud", "miot", "hub", "lumi",
    "mdns",
];

const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nfeatures: miio, sim, yeelight, aliyun, tencent, mqtt, micloud, miot, hub, lumi, mdns"
);

const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 the operation failed; 2 wrong usage or bad input, found before anything was sent.
Try it without any device: iot-home demo";

/// Find, read and control smart-home devices on the local network
#[derive(Debug, Parser)]
#[command(
    name = "iot-home",
    version = VERSION,
    after_help = AFTER_HELP,
    arg_required_else_help = true,
    subcommand_required = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Options {
    /// Print JSON: one document, or a line for each result as it comes
    #[arg(long, global = true, overrides_with = "json")]
    pub(crate) json: bool,
    /// Print tokens and other secrets instead of null
    #[arg(long, global = true)]
    pub(crate) show_secrets: bool,
    /// Bounds the whole operation, or what a session waits for: 500ms, 5s, 1m [default: 5s, 30s for
    /// sessions with clouds]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) timeout: Option<Duration>,
    /// Write what goes over the wire to FILE, without secrets: to attach to a bug report
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Tell on stderr what happens; twice: every step
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Options {
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(5))
    }

    /// The same where a cloud is at the other end.
    pub(crate) fn cloud_timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(30))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a simulated home inside this process and drive it with the real clients
    Demo,
    /// Search the local network for devices and print each as it answers
    Discover(Discover),
    /// Read properties of a device of the home, on the LAN or else over the cloud
    Get(Box<HubGet>),
    /// Write properties of a device of the home
    Set(Box<HubSet>),
    /// Run an action of a device of the home
    Action(Box<HubAction>),
    /// Talk miIO to Xiaomi and Mi Home devices
    Miio(Miio),
    /// Find, read and control Yeelight bulbs that have LAN Control switched on
    Yeelight(Yeelight),
    /// Log in to the Mi Home cloud, call it, and open captured traffic
    Cloud(Cloud),
    /// Log in to Aliyun IoT over MQTT
    Aliyun(Aliyun),
    /// Log in to Tencent Cloud IoT over MQTT
    Tencent(Tencent),
    /// Take MQTT packets apart
    Mqtt(Mqtt),
    /// Show what a model of device can do, by the spec server
    Spec(Spec),
    /// Run simulated devices in the foreground until interrupted
    Sim(Sim),
    /// Print the completion script of a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// Search by this protocol; may be repeated [default: all there are]
    #[arg(long = "protocol", value_enum)]
    pub(crate) protocols: Vec<Protocol>,
    #[command(flatten)]
    pub(crate) search: Search,
    /// Keep what is found in the inventory, so that get, set and action reach it
    #[arg(long)]
    pub(crate) save: bool,
    /// The inventory's file [default: iot-home/inventory.json in the user's configuration folder]
    #[arg(long, value_name = "FILE", requires = "save")]
    pub(crate) inventory: Option<PathBuf>,
}

/// What every search can be told.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// How long to search: 500ms, 3s, 1m
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = duration::parse)]
    pub(crate) wait: Duration,
    /// Ask this address instead of every interface; may be repeated
    #[arg(long = "target", value_name = "ADDR")]
    pub(crate) targets: Vec<Address>,
    /// Ask over this interface only, by its name or IPv4 address; may be repeated
    #[arg(long = "interface", value_name = "NAME|IP")]
    pub(crate) interfaces: Vec<String>,
    /// End as soon as this many have answered
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) count: Option<usize>,
}

/// How devices can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// A hello by UDP: Xiaomi and Mi Home devices
    Miio,
    /// A search by UDP: Yeelight bulbs that have LAN Control switched on
    Yeelight,
    /// A question by UDP: gateways of Aqara and Mi with developer mode switched on
    Lumi,
    /// A question to all: what announces itself as a Xiaomi device
    Mdns,
}

#[derive(Debug, Args)]
pub(crate) struct Sim {
    #[command(subcommand)]
    pub(crate) command: SimCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimCommand {
    /// Simulate the Mi cloud: account server, exchange of tickets, API
    Cloud(SimCloud),
    /// Simulate a whole home: devices of all kinds, and the cloud and the spec server that know them
    Home(SimHome),
    /// Simulate miIO devices
    Miio(SimMiio),
    /// Simulate the platforms Aliyun IoT and Tencent Cloud IoT
    Mqtt(SimMqtt),
    /// Simulate Yeelight bulbs
    Yeelight(SimYeelight),
}

#[derive(Debug, Args)]
pub(crate) struct SimCloud {
    /// Simulate a cloud with one account, one home and one lamp at this address [default: 127.0.0.1, a
    /// free port]. It is all three servers
    #[arg(long, value_name = "ADDR", value_parser = address::listen_cloud, conflicts_with = "config")]
    pub(crate) listen: Option<SocketAddr>,
    /// Simulate the clouds described in FILE (JSON; - is stdin)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimHome {
    /// Simulate ten miIO devices, three bulbs and a Lumi gateway at this address, each on free ports; a
    /// port is the cloud's [default: 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = address::listen_cloud, conflicts_with = "config")]
    pub(crate) listen: Option<SocketAddr>,
    /// Simulate the home described in FILE (JSON; - is stdin): its devices, and at most one cloud and one
    /// spec server, which know them
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimMiio {
    /// Simulate one lamp at this address; port 0 takes a free one [default: 127.0.0.1:54321]
    #[arg(long, value_name = "ADDR", value_parser = address::listen_miio, conflicts_with = "config")]
    pub(crate) listen: Option<SocketAddr>,
    /// Simulate the devices described in FILE (JSON; - is stdin)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimMqtt {
    /// Simulate a platform that knows one device of each cloud, for plain connections at this address
    /// [default: 127.0.0.1:1883, TLS on port 8883]. At another port TLS takes a free one; port 0 is a
    /// free one itself
    #[arg(long, value_name = "ADDR", value_parser = address::listen_mqtt, conflicts_with = "config")]
    pub(crate) listen: Option<SocketAddr>,
    /// Take TLS connections at this address
    #[arg(long, value_name = "ADDR", value_parser = address::listen_mqtts, conflicts_with = "config")]
    pub(crate) tls_listen: Option<SocketAddr>,
    /// Take requests over HTTP at this address: registration, files [default: a free port]
    #[arg(long, value_name = "ADDR", conflicts_with = "config")]
    pub(crate) http_listen: Option<SocketAddr>,
    /// Simulate the platforms described in FILE (JSON; - is stdin)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Write the certificate that a client has to trust to FILE (PEM); with several platforms, all of them
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimYeelight {
    /// Simulate one colour bulb at this address [default: 127.0.0.1:55443, searched on port 1982, with
    /// UDP sessions on port 55444]. At another port it takes free ones for searches and sessions;
    /// port 0 is a free one itself
    #[arg(long, value_name = "ADDR", value_parser = address::listen_yeelight, conflicts_with = "config")]
    pub(crate) listen: Option<SocketAddr>,
    /// Simulate the bulbs described in FILE (JSON; - is stdin)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Where a token comes from; besides, `IOT_HOME_TOKEN`.
#[derive(Debug, Args)]
pub(crate) struct TokenSource {
    /// The device's token: 32 hex digits, 16 characters, or 96 digits from iOS. Other users of this
    /// machine can see it: better set IOT_HOME_TOKEN or use --token-file
    #[arg(long, value_name = "TOKEN", value_parser = secret)]
    pub(crate) token: Option<Secret<String>>,
    /// Read the token from FILE; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Takes any text, and never quotes it.
pub(crate) fn secret(text: &str) -> Result<Secret<String>, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("expected a number from 1 up")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Cli, FEATURES, VERSION};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        assert!(VERSION.ends_with(&FEATURES.join(", ")));
    }
}
