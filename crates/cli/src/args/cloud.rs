//! `iot-home cloud …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use iot_home::Secret;
use iot_home::micloud::{Method, Mode, Nonce};

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
    /// Sign a request, and show every value on the way; nothing is sent
    Sign(CloudSign),
    /// Open captured requests and answers
    Decrypt(CloudDecrypt),
}

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
