//! `iot-home mqtt decode`: a handshake packet, whose it is, and what is wrong with it.

use std::path::Path;

use iot_home::core::{Clock as _, SystemClock};
use iot_home::mqtt::packet::inspect;
use iot_home::mqtt::platform::{Way, whose};
use iot_home::mqtt::{Connack, Connect, Credentials, Packet, Platform};
use iot_home::{Secret, aliyun, tencent};
use serde::{Serialize, Serializer};

use super::secret;
use crate::args::MqttDecode;
use crate::commands::Context;
use crate::failure::{Failure, Outcome, Verdict};
use crate::output::{Style, Tone, fields, printable};
use crate::{hex, input};

const PLATFORMS: [&dyn Platform; 2] = [&aliyun::Aliyun, &tencent::Tencent];

pub(in super::super) async fn run(context: &Context, args: MqttDecode) -> Outcome {
    let from_stdin = args.packet == "-";
    if from_stdin && args.secret.device_secret_file.as_deref().is_some_and(input::is_stdin) {
        return Err(Failure::usage("stdin can be the secret or the packet, not both"));
    }
    let secret = secret::given(&args.secret).await?;
    let text = if from_stdin { input::text(Path::new("-"), "packet").await? } else { args.packet };
    let bytes = hex::decode(&text)
        .map_err(|error| Failure::bad_input(format!("the packet is not hexadecimal: {error}")))?;
    let inspection = inspect(&bytes)
        .map_err(|problem| Failure::bad_input(format!("malformed packet: {problem}")))?;
    let mut way = Way::default();
    way.port = args.port;
    way.tls = (args.tls || args.tcp).then_some(args.tls);

    let problems = inspection.problems.iter().map(|problem| problem.to_string()).collect();
    match &inspection.packet {
        Packet::Connect(connect) => {
            let mut decoded = Decoded::of(connect, problems);
            decoded.recognize(connect, way, secret.as_ref());
            context.output.print(&decoded, Decoded::block)?;
        }
        Packet::Connack(connack) => {
            context.output.print(&Answer::of(connack, problems), Answer::block)?;
        }
        _ => return Err(Failure::bad_input("malformed packet: neither CONNECT nor CONNACK")),
    }
    Ok(Verdict::Done)
}

/// What a CONNECT says.
#[derive(Serialize)]
struct Decoded {
    packet: &'static str,
    protocol: &'static str,
    level: u8,
    clean_session: bool,
    keep_alive: u16,
    client_id: String,
    username: Option<String>,
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    will: Option<Will>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'static str>,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    login: Fields,
    /// With a secret: whether it proves the login. `none` where TLS does.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'static str>,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Will {
    topic: String,
    message: String,
    qos: u8,
    retain: bool,
}

/// Names and values, as an object.
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Decoded {
    fn of(connect: &Connect<'_>, problems: Vec<String>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            packet: "connect",
            protocol: connect.protocol.name(),
            level: connect.protocol.level(),
            clean_session: connect.clean_session,
            keep_alive: connect.keep_alive,
            client_id: connect.client_id.clone().into_owned(),
            username: connect.username.as_deref().map(ToOwned::to_owned),
            password: connect.password.map(text),
            will: connect.will.as_ref().map(|will| Will {
                topic: will.topic.clone().into_owned(),
                message: text(will.message),
                qos: will.qos,
                retain: will.retain,
            }),
            platform: None,
            login: Fields(Vec::new()),
            signature: None,
            problems,
        }
    }

    /// Whose login it is, and what that platform says to it.
    fn recognize(&mut self, connect: &Connect<'_>, way: Way, secret: Option<&Secret<String>>) {
        let credentials = Credentials::from(connect);
        let Some((platform, recognized)) = whose(&PLATFORMS, &credentials, way) else { return };
        self.platform = Some(platform.name());
        self.login = Fields(recognized.fields);
        let rules = platform.rules().problems(connect).map(|problem| problem.to_string());
        self.problems.extend(rules.chain(recognized.problems));
        let Some(secret) = secret else { return };
        let (signature, refusal) = match platform.name() {
            "aliyun" => of_aliyun(credentials, secret),
            _ => of_tencent(credentials, secret),
        };
        self.signature = Some(signature);
        // What can be seen without the secret was said already.
        let refusal = refusal.filter(|refusal| !self.problems.contains(refusal));
        self.problems.extend(refusal);
    }

    fn block(&self, style: Style) -> String {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let will = self.will.as_ref().map(|will| {
            let retain = if will.retain { ", retained" } else { "" };
            format!("{} to {} (QoS {}{retain})", will.message, will.topic, will.qos)
        });
        let known = [
            ("packet", Some(format!("CONNECT, {} level {}", self.protocol, self.level))),
            ("client id", Some(self.client_id.clone())),
            ("user name", self.username.clone()),
            ("password", self.password.clone()),
            ("keep-alive", Some(format!("{} s", self.keep_alive))),
            ("clean session", Some(yes(self.clean_session))),
            ("will", will),
            ("platform", self.platform.map(ToOwned::to_owned)),
            ("signature", self.signature.map(ToOwned::to_owned)),
        ];
        // The client id stands above, with all that is in it.
        let login = self.login.0.iter().filter(|(name, _)| *name != "client_id");
        let login: Vec<_> = login.map(|(name, value)| (name.replace('_', " "), value)).collect();
        let login = login.iter().map(|(name, value)| (name.as_str(), Some((*value).clone())));
        fields(style, known.into_iter().chain(login)) + &listed(&self.problems, style)
    }
}

/// What a CONNACK says.
#[derive(Serialize)]
struct Answer {
    packet: &'static str,
    session_present: bool,
    code: u8,
    meaning: Option<&'static str>,
    problems: Vec<String>,
}

impl Answer {
    fn of(connack: &Connack, problems: Vec<String>) -> Self {
        let (code, session_present) = (connack.code, connack.session_present);
        let meaning = code.meaning();
        Self { packet: "connack", session_present, code: code.get(), meaning, problems }
    }

    fn block(&self, style: Style) -> String {
        let session = if self.session_present { "present" } else { "new" };
        let known = [
            ("packet", Some("CONNACK".to_owned())),
            ("session", Some(session.to_owned())),
            ("code", Some(self.code.to_string())),
            ("meaning", self.meaning.map(ToOwned::to_owned)),
        ];
        fields(style, known) + &listed(&self.problems, style)
    }
}

fn listed(problems: &[String], style: Style) -> String {
    let line = |problem: &String| {
        format!("{} {}\n", style.paint(Tone::Bad, "problem:"), printable(problem))
    };
    problems.iter().map(line).collect()
}

/// How the signature is, and why.
type Signature = (&'static str, Option<String>);

/// It is proved by TLS, and not by a secret.
const NONE: Signature = ("none", None);

fn bad(reason: &impl ToString) -> Signature {
    ("bad", Some(reason.to_string()))
}

/// Whether what proves the login is this secret: of the device, of the product for a registration, or a token.
fn of_aliyun(credentials: Credentials<'_>, secret: &Secret<String>) -> Signature {
    let presented = aliyun::Presented::new(credentials);
    let (product_key, device_name) = (presented.product_key(), presented.device_name());
    let secret = secret.clone();
    // What is wrong with the way it came was said already, and is not the signature's fault.
    let way = Way::default();
    let verified = match presented.kind() {
        aliyun::Kind::Certificate => return NONE,
        aliyun::Kind::DeviceToken => {
            aliyun::TokenDevice::new(product_key, device_name, presented.client_id(), secret)
                .map(|device| presented.verify_token(&device, way))
        }
        aliyun::Kind::Registration | aliyun::Kind::RegistrationUnknown => {
            aliyun::ProductSecret::try_from(secret)
                .map(|secret| presented.verify_registration(&secret, way))
        }
        _ => aliyun::Device::new(product_key, device_name, secret)
            .map(|device| presented.verify(&device, way)),
    };
    match verified {
        Ok(Ok(())) => ("ok", None),
        Ok(Err(refusal)) => bad(&refusal),
        Err(error) => bad(&error),
    }
}

/// The same for Tencent, now.
fn of_tencent(credentials: Credentials<'_>, secret: &Secret<String>) -> Signature {
    let presented = tencent::Presented::new(credentials);
    let (product_id, device_name) = (presented.product_id(), presented.device_name());
    if presented.kind() == tencent::Kind::Transport {
        return NONE;
    }
    match tencent::Device::new(product_id, device_name, secret.clone()) {
        Ok(device) => match presented.verify(&device, SystemClock::new().unix_time()) {
            Ok(()) => ("ok", None),
            // Signed as it should be, and too old: which a capture mostly is.
            Err(refusal @ tencent::Refusal::Expired { .. }) => ("ok", Some(refusal.to_string())),
            Err(refusal) => bad(&refusal),
        },
        Err(error) => bad(&error),
    }
}
