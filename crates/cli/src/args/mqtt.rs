//! `iot-home aliyun …`, `iot-home tencent …` and `iot-home mqtt …`.

mod register;
mod session;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use iot_home::{Secret, aliyun, tencent};

pub(crate) use self::register::{AliyunRegister, Keep, ProductSecretSource, TencentRegister};
pub(crate) use self::session::{Publication, SessionArgs};
use super::{Address, secret};

#[derive(Debug, Args)]
pub(crate) struct Aliyun {
    #[command(subcommand)]
    pub(crate) command: AliyunCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AliyunCommand {
    /// Compute what a device says in its CONNECT packet
    Credentials(AliyunCredentials),
    /// Connect as a device, subscribe, publish, and print what arrives
    Connect(AliyunConnect),
    /// Register a device by its product's secret, and keep what it is given
    Register(AliyunRegister),
}

#[derive(Debug, Args)]
pub(crate) struct AliyunCredentials {
    #[command(flatten)]
    pub(crate) login: AliyunLogin,
    /// Print the CONNECT packet as well, in hex, as a tool for TCP can send it
    #[arg(long)]
    pub(crate) packet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AliyunConnect {
    #[command(flatten)]
    pub(crate) login: AliyunLogin,
    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// Who connects, where to, and how that is signed.
#[derive(Debug, Args)]
pub(crate) struct AliyunLogin {
    /// Which product the device is of
    #[arg(long, value_name = "KEY")]
    pub(crate) product_key: String,
    /// What the device is called: 4 to 32 letters, digits and _-@.:
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: String,
    #[command(flatten)]
    pub(crate) secret: SecretSource,
    /// What the client calls itself: up to 64 characters, no bar
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: String,
    /// Say this time, and sign it [default: none]
    #[arg(long, value_name = "MS")]
    pub(crate) timestamp: Option<u64>,
    /// hmacsha256, hmacsha1 or hmacmd5
    #[arg(long, value_name = "METHOD", default_value = "hmacsha256")]
    pub(crate) sign_method: aliyun::SignMethod,
    /// 2 is TLS, on port 8883; 3 is plain TCP, on port 1883
    #[arg(
        long,
        value_name = "2|3",
        default_value = "2",
        value_parser = secure_mode,
        allow_negative_numbers = true
    )]
    pub(crate) secure_mode: SecureMode,
    /// Which region the public instance is in [default: cn-shanghai]
    #[arg(long, value_name = "REGION", conflicts_with_all = ["instance", "host"])]
    pub(crate) region: Option<aliyun::Region>,
    /// Connect to this instance
    #[arg(long, value_name = "iot-…", conflicts_with = "host")]
    pub(crate) instance: Option<String>,
    #[command(flatten)]
    pub(crate) way: Way,
    /// Add an ext param, such as _ss=1, which is not signed; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
}

/// How a device of Aliyun's connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecureMode {
    Tls,
    Tcp,
}

fn secure_mode(text: &str) -> Result<SecureMode, &'static str> {
    match text {
        "2" => Ok(SecureMode::Tls),
        "3" => Ok(SecureMode::Tcp),
        _ => Err("a login that is signed with a device secret has secure mode 2 (TLS) or 3 (TCP)"),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Tencent {
    #[command(subcommand)]
    pub(crate) command: TencentCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TencentCommand {
    /// Compute what a device says in its CONNECT packet
    Credentials(TencentCredentials),
    /// Connect as a device, subscribe, publish, and print what arrives
    Connect(TencentConnect),
    /// Register a device by its product's secret, and keep what it is given
    Register(TencentRegister),
}

#[derive(Debug, Args)]
pub(crate) struct TencentCredentials {
    #[command(flatten)]
    pub(crate) login: TencentLogin,
    /// Print the CONNECT packet as well, in hex, as a tool for TCP can send it
    #[arg(long)]
    pub(crate) packet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TencentConnect {
    #[command(flatten)]
    pub(crate) login: TencentLogin,
    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// Who connects, where to, and how that is signed.
#[derive(Debug, Args)]
pub(crate) struct TencentLogin {
    /// Which product the device is of: 10 upper-case letters and digits
    #[arg(long, value_name = "ID")]
    pub(crate) product_id: String,
    /// What the device is called: 1 to 48 letters, digits and _-:
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: String,
    #[command(flatten)]
    pub(crate) secret: SecretSource,
    /// hmacsha256 or hmacsha1
    #[arg(long, value_name = "METHOD", default_value = "hmacsha256")]
    pub(crate) sign_method: tencent::SignMethod,
    /// The number of the SDK
    #[arg(long, value_name = "N", default_value = "12010126")]
    pub(crate) sdk_app_id: tencent::SdkAppId,
    /// What the connection is called [default: five random letters and digits]
    #[arg(long, value_name = "X")]
    pub(crate) conn_id: Option<String>,
    /// Until when the login is good, in seconds since 1970 [default: in an hour]
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    pub(crate) expiry: Option<u64>,
    /// Which region the product is in: ap-guangzhou, us-east, europe or ap-bangkok
    #[arg(long, value_name = "REGION", default_value = "ap-guangzhou", conflicts_with = "host")]
    pub(crate) region: tencent::Region,
    /// Connect over TLS, on port 8883, instead of plain TCP on 1883
    #[arg(long)]
    pub(crate) tls: bool,
    #[command(flatten)]
    pub(crate) way: Way,
}

/// What the logins of all clouds have in common.
#[derive(Debug, Args)]
pub(crate) struct Way {
    /// Connect to this host instead of the cloud's: HOST or HOST:PORT
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<Address>,
    /// The longest silence between two packets, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    pub(crate) keep_alive: u16,
}

/// Where a device's secret comes from; besides, `IOT_HOME_DEVICE_SECRET`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SecretSource {
    /// The device's secret. Other users of this machine can see it: better set
    /// IOT_HOME_DEVICE_SECRET or use --device-secret-file
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    pub(crate) device_secret: Option<Secret<String>>,
    /// Read the device's secret from FILE; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) device_secret_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Mqtt {
    #[command(subcommand)]
    pub(crate) command: MqttCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MqttCommand {
    /// Take a CONNECT or CONNACK packet apart, and name what is wrong with it
    Decode(MqttDecode),
}

#[derive(Debug, Args)]
pub(crate) struct MqttDecode {
    /// The packet; - is stdin
    #[arg(value_name = "HEX|-")]
    pub(crate) packet: String,
    /// It went to this port: tells what a login may say there
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// It went over TLS
    #[arg(long, conflicts_with = "tcp")]
    pub(crate) tls: bool,
    /// It went over plain TCP
    #[arg(long)]
    pub(crate) tcp: bool,
    #[command(flatten)]
    pub(crate) secret: SecretSource,
}
