//! What registering a device takes.

use std::path::PathBuf;

use clap::Args;
use iot_home::mqtt::http::Origin;
use iot_home::{Secret, aliyun, tencent};

use crate::args::{Address, secret};

/// Where a product's secret comes from; besides, `IOT_HOME_PRODUCT_SECRET`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProductSecretSource {
    /// The product's secret. Other users of this machine can see it: better set
    /// IOT_HOME_PRODUCT_SECRET or use --product-secret-file
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    pub(crate) product_secret: Option<Secret<String>>,
    /// Read the product's secret from FILE; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) product_secret_file: Option<PathBuf>,
}

/// Where what the device is given goes.
#[derive(Debug, Args)]
pub(crate) struct Keep {
    /// Write what the device is given to FILE, which only this user can read and which must not exist yet;
    /// --device-secret-file takes it. Without it, --show-secrets is needed
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Ask this server: https://HOST or https://HOST:PORT
    #[arg(long, value_name = "URL", value_parser = origin)]
    pub(crate) server: Option<Origin>,
    /// Trust these CAs (PEM) as well as those that are trusted anyhow
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

fn origin(text: &str) -> Result<Origin, String> {
    text.parse().map_err(|error: iot_home::mqtt::InvalidField| error.to_string())
}

#[derive(Debug, Args)]
pub(crate) struct AliyunRegister {
    /// Which product the device is of
    #[arg(long, value_name = "KEY")]
    pub(crate) product_key: String,
    /// What the device is called: 4 to 32 letters, digits and _-@.:
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: String,
    #[command(flatten)]
    pub(crate) secret: ProductSecretSource,
    /// hmacsha256, hmacsha1 or hmacmd5
    #[arg(long, value_name = "METHOD", default_value = "hmacsha256")]
    pub(crate) sign_method: aliyun::SignMethod,
    /// Which region the product is in [default: cn-shanghai]
    #[arg(long, value_name = "REGION", conflicts_with = "server")]
    pub(crate) region: Option<aliyun::Region>,
    /// Ask over MQTT, not over HTTPS
    #[arg(long, conflicts_with = "server")]
    pub(crate) mqtt: bool,
    /// The platform does not know the device: it is made, and given a token. Over MQTT
    #[arg(long, conflicts_with = "server")]
    pub(crate) unknown: bool,
    /// In this instance, with --unknown
    #[arg(long, value_name = "iot-…", requires = "unknown")]
    pub(crate) instance: Option<aliyun::InstanceId>,
    /// Over MQTT, connect to this host instead of the cloud's: HOST or HOST:PORT
    #[arg(long, value_name = "HOST", conflicts_with = "server")]
    pub(crate) host: Option<Address>,
    #[command(flatten)]
    pub(crate) keep: Keep,
}

#[derive(Debug, Args)]
pub(crate) struct TencentRegister {
    /// Which product the device is of: 10 upper-case letters and digits
    #[arg(long, value_name = "ID")]
    pub(crate) product_id: String,
    /// What the device is called: 1 to 48 letters, digits and _-:
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: String,
    #[command(flatten)]
    pub(crate) secret: ProductSecretSource,
    /// hmacsha256 or hmacsha1
    #[arg(long, value_name = "METHOD", default_value = "hmacsha256")]
    pub(crate) sign_method: tencent::SignMethod,
    /// Which region the product is in: ap-guangzhou, us-east, europe or ap-bangkok
    #[arg(long, value_name = "REGION", default_value = "ap-guangzhou", conflicts_with = "server")]
    pub(crate) region: tencent::Region,
    /// Ask in the old way, as the C SDKs do
    #[arg(long)]
    pub(crate) old: bool,
    #[command(flatten)]
    pub(crate) keep: Keep,
}
