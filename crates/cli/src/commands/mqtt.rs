//! `iot-home aliyun …`, `iot-home tencent …` and `iot-home mqtt …`: logins made, used, and taken apart.

mod connect;
mod decode;
mod events;
mod login;
mod payload;
mod register;
mod secret;

use std::time::Duration;

use iot_home::core::{Clock as _, SystemClock, SystemRandom};
use iot_home::mqtt::{Connect, MqttLogin};
use serde::Serialize;

pub(super) use self::connect::{aliyun as connect_aliyun, tencent as connect_tencent};
pub(super) use self::decode::run as decode;
pub(super) use self::register::{aliyun as register_aliyun, tencent as register_tencent};
use super::Context;
use crate::args::{AliyunCredentials, TencentCredentials};
use crate::failure::{Failure, Outcome, Verdict};
use crate::hex;
use crate::output::{Style, fields};

pub(super) async fn aliyun(context: &Context, args: AliyunCredentials) -> Outcome {
    let secret = secret::required(&args.login.secret).await?;
    let login = login::aliyun(args.login, secret)?;
    // A timestamp that is asked for is given: the clock says nothing here.
    print(context, &login.sign(Duration::ZERO), args.packet)
}

pub(super) async fn tencent(context: &Context, args: TencentCredentials) -> Outcome {
    let secret = secret::required(&args.login.secret).await?;
    let login = login::tencent(args.login, secret)?;
    let signed = login.sign(SystemClock::new().unix_time(), &mut SystemRandom::new());
    print(context, &signed, args.packet)
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
