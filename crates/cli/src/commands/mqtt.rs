//! `iot-home aliyun …`, `iot-home tencent …` and `iot-home mqtt …`: logins made, and taken apart.

mod decode;
mod secret;

use std::time::Duration;

use iot_home::core::{Clock as _, SystemClock, SystemRandom};
use iot_home::mqtt::{Connect, MqttLogin};
use iot_home::{aliyun, tencent};
use serde::Serialize;

pub(super) use self::decode::run as decode;
use super::Context;
use crate::args::{AliyunCredentials, SecureMode, TencentCredentials};
use crate::failure::{Failure, Outcome, Verdict};
use crate::hex;
use crate::output::{Style, fields};

pub(super) async fn aliyun(context: &Context, args: AliyunCredentials) -> Outcome {
    let secret = secret::required(&args.secret).await?;
    let device =
        aliyun::Device::new(args.product_key, args.device_name, secret).map_err(invalid)?;
    let login = match args.secure_mode {
        SecureMode::Tls => device.tls(),
        SecureMode::Tcp => device.tcp(),
    };
    let mut login = login.client_id(args.client_id).map_err(invalid)?.sign_method(args.sign_method);
    if let Some(milliseconds) = args.timestamp {
        login = login.timestamp(aliyun::Timestamp::Fixed(milliseconds));
    }
    let params = args.params.iter().try_fold(aliyun::Params::new(), |params, param| {
        let (name, value) = param.split_once('=').ok_or_else(|| {
            Failure::bad_input("an ext param is a name and a value, such as _ss=1")
        })?;
        params.own(name, value).map_err(invalid)
    })?;
    login = login.params(params).keep_alive(args.way.keep_alive).map_err(invalid)?;
    if let Some(region) = args.region {
        login = login.region(region);
    }
    if let Some(instance) = args.instance {
        login = login.instance(instance).map_err(invalid)?;
    }
    if let Some((host, port)) = args.way.host.map(|host| host.parts()) {
        login = login.host(host).map_err(invalid)?;
        if let Some(port) = port {
            login = login.port(port);
        }
    }
    // A timestamp that is asked for is given: the clock says nothing here.
    print(context, &login.sign(Duration::ZERO), args.way.packet)
}

pub(super) async fn tencent(context: &Context, args: TencentCredentials) -> Outcome {
    let secret = secret::required(&args.secret).await?;
    let device =
        tencent::Device::new(args.product_id, args.device_name, secret).map_err(invalid)?;
    let login = if args.tls { device.tls() } else { device.tcp() };
    let mut login = login.sign_method(args.sign_method).sdk_app_id(args.sdk_app_id);
    login = login.region(args.region).keep_alive(args.way.keep_alive).map_err(invalid)?;
    if let Some(conn_id) = args.conn_id {
        login = login.conn_id(conn_id).map_err(invalid)?;
    }
    if let Some(expiry) = args.expiry {
        login = login.expiry(tencent::Expiry::At(expiry));
    }
    if let Some((host, port)) = args.way.host.map(|host| host.parts()) {
        login = login.host(host).map_err(invalid)?;
        if let Some(port) = port {
            login = login.port(port);
        }
    }
    let signed = login.sign(SystemClock::new().unix_time(), &mut SystemRandom::new());
    print(context, &signed, args.way.packet)
}

/// A login as it is printed. That is what the commands are for: the password is shown.
#[derive(Serialize)]
struct Credentials<'a> {
    host: &'a str,
    port: u16,
    tls: bool,
    client_id: &'a str,
    username: &'a str,
    password: &'a str,
    keep_alive: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_packet: Option<String>,
}

impl Credentials<'_> {
    fn block(&self, style: Style) -> String {
        fields(
            style,
            [
                ("host", Some(self.host.to_owned())),
                ("port", Some(self.port.to_string())),
                ("tls", Some(if self.tls { "yes" } else { "no" }.to_owned())),
                ("client id", Some(self.client_id.to_owned())),
                ("user name", Some(self.username.to_owned())),
                ("password", Some(self.password.to_owned())),
                ("keep-alive", Some(format!("{} s", self.keep_alive))),
                ("packet", self.connect_packet.clone()),
            ],
        )
    }
}

fn print(context: &Context, login: &MqttLogin, packet: bool) -> Outcome {
    let packet = packet.then(|| {
        let mut bytes = Vec::new();
        let encoded = Connect::from(login).encode(&mut bytes);
        encoded.map(|()| hex::encode(&bytes)).map_err(|error| Failure::bad_input(error.to_string()))
    });
    let credentials = Credentials {
        host: &login.host,
        port: login.port,
        tls: login.tls,
        client_id: &login.client_id,
        username: login.username.as_deref().unwrap_or_default(),
        password: login.password.as_ref().map_or("", |password| password.expose()),
        keep_alive: login.keep_alive,
        connect_packet: packet.transpose()?,
    };
    context.output.print(&credentials, Credentials::block)?;
    Ok(Verdict::Done)
}

fn invalid(error: aliyun::InvalidField) -> Failure {
    Failure::bad_input(error.to_string())
}
