//! `iot-home sim mqtt`.

use std::future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use iot_home::sim::SimPlatform;
use iot_home::sim::config::Device;
use iot_home::sim::mqtt::{Builder, CertificateError, DeviceId, Product, SpawnError};
use iot_home::{aliyun, tencent};
use serde::Serialize;

use super::configured;
use crate::args::SimMqtt;
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{Style, Tone, printable};

#[derive(Serialize)]
struct Listener {
    kind: &'static str,
    addr: SocketAddr,
    tls: bool,
    devices: Vec<Known>,
    /// The file that the certificate was written to, where TLS is spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_pem: Option<String>,
}

/// A device that is let in, and what it proves itself by, where that was made here.
#[derive(Clone, Serialize)]
struct Known {
    platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<String>,
    device_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_secret: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Where devices register, and get files.
#[derive(Serialize)]
struct Web {
    kind: &'static str,
    addr: SocketAddr,
    products: Vec<OfProduct>,
}

/// A product whose devices may register, where it was made here.
#[derive(Serialize)]
struct OfProduct {
    platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_key: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<&'static str>,
    product_secret: &'static str,
    devices: [&'static str; 1],
}

/// Of devices that do not exist.
const ALIYUN: [&str; 3] = ["a1SimLamp01", "lamp-1", "simulated-secret-of-lamp-1-00001"];
const TENCENT: [&str; 3] = ["SIMPROD001", "lamp1", "c2ltdWxhdGVkLXBzay0wMQ=="];
/// Their products' secrets, and devices that have to register.
const ALIYUN_FRESH: [&str; 2] = ["simulated-secret-of-a1SimLamp01", "fresh-1"];
const TENCENT_FRESH: [&str; 2] = ["simulated-secret-of-SIMPROD001", "fresh1"];

pub(super) async fn run(context: &Context, args: SimMqtt) -> Outcome {
    let (builders, is_ours) = match &args.config {
        Some(file) => (configured(file, mqtt).await?, false),
        None => (vec![one_of_each(&args)?], true),
    };
    // Dropped, and with them their sockets, when the command is interrupted.
    let _platforms = serve(context, builders, args.ca_out.as_deref(), is_ours).await?;
    let trust = match &args.ca_out {
        Some(file) => format!("over TLS trust {}", file.display()),
        None => "over TLS trust what --ca-out FILE writes".to_owned(),
    };
    context.output.note(&format!("\nserving until interrupted; {trust}"));
    future::pending().await
}

/// Puts platforms on their sockets, and tells of each.
pub(super) async fn serve(
    context: &Context,
    builders: Vec<Builder>,
    ca_out: Option<&Path>,
    is_ours: bool,
) -> Result<Vec<SimPlatform>, Failure> {
    let mut platforms = Vec::with_capacity(builders.len());
    for builder in builders {
        platforms.push(builder.spawn().await.map_err(failure)?);
    }
    if let Some(file) = ca_out {
        let all: String = platforms.iter().map(SimPlatform::ca_pem).collect();
        write(file, all).await?;
    }
    for (at, platform) in platforms.iter().enumerate() {
        let devices = known(platform, is_ours)?;
        for tls in [false, true] {
            let listener = Listener {
                kind: "mqtt",
                addr: if tls { platform.tls_addr() } else { platform.tcp_addr() },
                tls,
                devices: devices.clone(),
                ca: ca_out.filter(|_| tls).map(|file| file.display().to_string()),
                ca_pem: tls.then(|| platform.ca_pem().to_owned()),
            };
            let first = at == 0 && !tls;
            context.output.print(&listener, |listener, style| lines(listener, style, first))?;
        }
        let products = if is_ours { products() } else { Vec::new() };
        let web = Web { kind: "http", addr: platform.http_addr(), products };
        context.output.print(&web, |web, _| web.lines())?;
    }
    Ok(platforms)
}

/// A platform that knows a device of each cloud, at MQTT's ports; or at another one, and then a free one for TLS.
fn one_of_each(args: &SimMqtt) -> Result<Builder, Failure> {
    let plain = args.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 1883)));
    let tls_port = if plain.port() == 1883 { 8883 } else { 0 };
    let http = args.http_listen.unwrap_or(SocketAddr::new(plain.ip(), 0));
    let tls = args.tls_listen.unwrap_or(SocketAddr::new(plain.ip(), tls_port));
    let wrong = |error: aliyun::InvalidField| Failure::new(Kind::Internal, error.to_string());
    let [key, name, secret] = ALIYUN;
    let aliyun = aliyun::Device::new(key, name, secret).map_err(wrong)?;
    let [id, name, psk] = TENCENT;
    let tencent = tencent::Device::new(id, name, psk).map_err(wrong)?;
    let [secret, name] = ALIYUN_FRESH;
    let product = Product::aliyun(key.parse().map_err(wrong)?, secret.try_into().map_err(wrong)?);
    let [secret, other] = TENCENT_FRESH;
    let of_tencent =
        Product::tencent(id.parse().map_err(wrong)?, secret.try_into().map_err(wrong)?);
    let builder = SimPlatform::builder().aliyun(aliyun).tencent(tencent);
    let builder = builder.product(product.device(name)).product(of_tencent.device(other));
    Ok(builder.listen(plain).tls_listen(tls).http_listen(http))
}

fn known(platform: &SimPlatform, is_ours: bool) -> Result<Vec<Known>, Failure> {
    let devices = platform.look(|inside| {
        let devices = inside.devices().into_iter();
        devices.map(|device| (inside.needs_certificate(&device), device)).collect::<Vec<_>>()
    });
    let known = devices.into_iter().map(|(needs_certificate, device)| {
        let identity = match needs_certificate {
            true => Some(platform.client_identity(&device).map_err(certificate)?),
            false => None,
        };
        let (platform, product_key, product_id, device_name, secret) = match device {
            DeviceId::Aliyun { product_key, device_name, .. } => {
                ("aliyun", Some(product_key), None, device_name, ALIYUN[2])
            }
            DeviceId::Tencent { product_id, device_name, .. } => {
                ("tencent", None, Some(product_id), device_name, TENCENT[2])
            }
            other => return Err(Failure::new(Kind::Internal, format!("what is {other}?"))),
        };
        let (certificate, key) = match identity {
            Some(identity) => (Some(identity.certificate), Some(identity.key.expose().clone())),
            None => (None, None),
        };
        let device_secret = is_ours.then_some(secret);
        Ok(Known {
            platform,
            product_key,
            product_id,
            device_name,
            device_secret,
            certificate,
            key,
        })
    });
    known.collect()
}

fn products() -> Vec<OfProduct> {
    let [product_secret, name] = ALIYUN_FRESH;
    let aliyun = OfProduct {
        platform: "aliyun",
        product_key: Some(ALIYUN[0]),
        product_id: None,
        product_secret,
        devices: [name],
    };
    let [product_secret, name] = TENCENT_FRESH;
    let tencent = OfProduct {
        platform: "tencent",
        product_key: None,
        product_id: Some(TENCENT[0]),
        product_secret,
        devices: [name],
    };
    Vec::from([aliyun, tencent])
}

impl Web {
    fn lines(&self) -> String {
        let mut text = format!("{:<21}  HTTP: registration, files\n", self.addr.to_string());
        for product in &self.products {
            let OfProduct { platform, product_secret, devices: [name], .. } = product;
            let id = product.product_key.or(product.product_id).unwrap_or_default();
            text.push_str(&format!(
                "  {platform:<8} {id:<11}  {name:<12}  {product_secret} (of the product)\n"
            ));
        }
        text
    }
}

async fn write(file: &Path, text: String) -> Result<(), Failure> {
    let (path, name) = (file.to_owned(), file.display().to_string());
    let written = tokio::task::spawn_blocking(move || std::fs::write(path, text)).await;
    written
        .map_err(|_| Failure::new(Kind::Internal, "writing was interrupted"))?
        .map_err(|error| Failure::io(&format!("cannot write {name}"), &error))
}

fn mqtt(device: Device) -> Result<Builder, Failure> {
    match device {
        Device::Mqtt(builder) => Ok(builder),
        _ => Err(Failure::bad_input("sim mqtt runs devices of the kind mqtt only")),
    }
}

fn failure(error: SpawnError) -> Failure {
    match error {
        SpawnError::Certificate(error) => certificate(error),
        SpawnError::Bind { ref source, .. } => Failure::new(Kind::Io, format!("{error}: {source}")),
        error => Failure::new(Kind::Io, error.to_string()),
    }
}

fn certificate(error: CertificateError) -> Failure {
    Failure::bad_input(error.to_string())
}

/// A line for the listener, and with the first one of a platform a line for each device.
fn lines(listener: &Listener, style: Style, first: bool) -> String {
    let mut text = String::new();
    if first {
        text.push_str(&style.paint(Tone::Name, &format!("{:<21}  speaks", "address")));
        text.push('\n');
    }
    let speaks = if listener.tls { "MQTT over TLS" } else { "MQTT" };
    text.push_str(&format!("{:<21}  {speaks}\n", listener.addr.to_string()));
    if !listener.tls {
        for device in &listener.devices {
            let product = device.product_key.as_ref().or(device.product_id.as_ref());
            let product = product.map(|product| printable(product)).unwrap_or_default();
            let proof = match (device.device_secret, &device.certificate) {
                (Some(secret), _) => secret,
                (None, Some(_)) => "(a certificate, in the output of --json)",
                (None, None) => "(a secret, in the configuration)",
            };
            let (cloud, name) = (device.platform, printable(&device.device_name));
            text.push_str(&format!("  {cloud:<8} {product:<11}  {name:<12}  {proof}\n"));
        }
    }
    text
}
