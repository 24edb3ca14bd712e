//! `iot-home miio provision`: a device is told which Wi-Fi to join.

use std::net::SocketAddr;
use std::time::Duration;

use iot_home::Secret;
use iot_home::miio::discovery::Found;
use iot_home::miio::provisioning::secure::Oob;
use iot_home::miio::provisioning::{JoinFailure, Network, NetworkError};
use iot_home::miio::{Client, Device, Error, ErrorKind, Info, PORT, Request};
use serde::Serialize;

use super::Context;
use super::link::bind_hiding;
use super::shown_token;
use crate::args::Provision;
use crate::commands::deadline::Deadline;
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::{spellings, without_tokens};
use crate::output::fields;
use crate::secret::{self, Names};
use crate::token;

#[derive(Serialize)]
struct Provisioned {
    ok: bool,
    did: String,
    /// Where it is now, where it was looked for and found.
    #[serde(skip_serializing_if = "Option::is_none")]
    addr: Option<SocketAddr>,
    /// Which it keeps; only as long as it is an access point does it show it.
    token: Option<String>,
}

pub(super) async fn provision(context: &Context, args: Provision) -> Outcome {
    let token = token::given(&args.token).await?;
    let (network, secrets) = network(&args).await?;
    let oob = oob(&args).await?;
    // What no device takes is said before any is asked.
    network.request().map_err(|error| unfit(&error))?;

    let deadline = Deadline::of(context);
    let found = find(context, &args, &deadline).await?;
    let Some(token) = token.or_else(|| found.token.clone()) else {
        return Err(Failure::new(
            Kind::Auth,
            format!("the device at {} hides its token", found.addr),
        )
        .hint("it has joined a Wi-Fi already: reset its Wi-Fi, or give the token"));
    };
    let mut hidden = spellings(&token);
    let secrets = secrets.iter().chain(oob.iter().map(|(code, _)| code));
    hidden.extend(secrets.map(|secret| secret.expose().to_ascii_lowercase()));
    let client = bind_hiding(context, found.addr, &deadline, hidden.clone()).await?;
    let device = client.device(found.addr, token);

    let network = match (&args.model, args.any_characters) {
        (_, true) => network,
        (Some(model), false) => network.for_model(model),
        (None, false) => match model(&device, &deadline).await {
            Some(model) => network.for_model(&model),
            None => network,
        },
    };
    network.request().map_err(|error| unfit(&error))?;
    let waiting = context.output.waiting(format!("telling {}", found.addr));
    let telling = async {
        match &oob {
            Some((_, oob)) => device.provision_secure(&network, oob).await,
            None => device.provision(&network).await,
        }
    };
    let told = deadline.bound(telling).await?;
    drop(waiting);
    let addr = match (told, args.find) {
        (Err(error), Some(wait)) if may_have_joined(&error) => {
            Some(joined(context, &args, &client, &device, &found, wait).await?)
        }
        (Err(error), _) => {
            // A device may repeat in an error what it was sent.
            return Err(Failure::from(error).map_text(|text| without_tokens(text, &hidden)));
        }
        (Ok(()), Some(wait)) => Some(joined(context, &args, &client, &device, &found, wait).await?),
        (Ok(()), None) => None,
    };
    let done = Provisioned {
        ok: true,
        did: found.did.to_string(),
        addr,
        token: shown_token(context, &found),
    };
    context.output.print(&done, |done, style| {
        let state = if done.addr.is_some() { "joined" } else { "told; not looked for" };
        fields(
            style,
            [
                ("did", Some(done.did.clone())),
                ("state", Some(state.to_owned())),
                ("address", done.addr.map(|addr| addr.to_string())),
                ("token", done.token.clone()),
            ],
        )
    })?;
    Ok(Verdict::Done)
}

/// Whether the device may be in the other network although it did not say so.
fn may_have_joined(error: &Error) -> bool {
    let provisioned = error.device_error().is_some_and(|error| error.code == Some(-30015));
    error.kind() == ErrorKind::MaybeExecuted || provisioned
}

/// The settings, and what of them is secret.
async fn network(args: &Provision) -> Result<(Network, Vec<Secret<String>>), Failure> {
    let password = if args.open {
        Secret::new(String::new())
    } else {
        let given = PASSWORD.find(args.password.as_ref(), args.password_file.as_deref()).await?;
        given.ok_or_else(|| {
            Failure::usage("this needs the password of the Wi-Fi, or --open").hint(PASSWORD.ways())
        })?
    };
    let mut secrets = vec![password.clone()];
    let mut network = Network::new(&args.ssid, password).uid(args.uid);
    if let Some(file) = &args.bind_key_file {
        let key = secret::read(file).await?;
        secrets.push(key.clone());
        network = network.bind_key(key);
    }
    if let Some(kind) = &args.config_type {
        network = network.config_type(kind);
    }
    if let Some(domain) = &args.country_domain {
        network = network.country_domain(domain);
    }
    if let Some(country) = &args.country {
        network = network.cc(country);
    }
    if let Some(zone) = &args.timezone {
        network = network.tz(zone);
    }
    if let Some(offset) = &args.gmt_offset {
        network = network.gmt_offset(offset.clone());
    }
    Ok((network, secrets))
}

async fn oob(args: &Provision) -> Result<Option<(Secret<String>, Oob)>, Failure> {
    match (&args.oob_file, args.secure) {
        (Some(file), _) => {
            let code = secret::read(file).await?;
            let oob = if args.shown { Oob::shown(code.clone()) } else { Oob::code(code.clone()) };
            Ok(Some((code, oob)))
        }
        (None, true) => Err(Failure::usage("--secure needs the code: --oob-file FILE")
            .hint("it follows O= in the QR code on the device, or the device shows it (--shown)")),
        (None, false) => Ok(None),
    }
}

async fn find(context: &Context, args: &Provision, deadline: &Deadline) -> Result<Found, Failure> {
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    match &args.addr {
        Some(addr) => {
            let addr = deadline.resolve(context, addr, PORT).await?;
            let client = bind_hiding(context, addr, deadline, Vec::new()).await?;
            let _waiting = context.output.waiting(format!("asking {addr}"));
            Ok(client.hello(addr, deadline.left()).await?)
        }
        None => {
            let client = bind_hiding(context, any, deadline, Vec::new()).await?;
            let _waiting = context.output.waiting("looking for an access point");
            let known: [SocketAddr; 0] = [];
            Ok(client.find_access_point(known, deadline.left()).await?)
        }
    }
}

/// The model, where the device tells it soon: some do not, and work otherwise.
async fn model(device: &Device, deadline: &Deadline) -> Option<String> {
    let request = Request::new("miIO.info", ()).ok()?;
    let reply = device.request(request.timeout(ASKING.min(deadline.left() / 3))).await.ok()?;
    Info::from_value(reply.value().ok()?).model
}

/// Where the device is after it was told, or why it is not there.
async fn joined(
    context: &Context,
    args: &Provision,
    client: &Client,
    device: &Device,
    found: &Found,
    wait: Duration,
) -> Result<SocketAddr, Failure> {
    let mut targets = Vec::new();
    for target in &args.targets {
        targets.push(target.resolve(PORT).await?);
    }
    let _waiting = context.output.waiting(format!("looking for {}", found.did));
    let again = client.find_provisioned(&found.did, targets, wait).await?;
    if again.token.is_none() {
        return Ok(again.addr);
    }
    let failure = device.association().await.ok().and_then(|association| association.failure());
    let why = failure.map_or_else(|| "it does not tell why".into(), |failure| failure.to_string());
    let failed = Failure::new(Kind::Refused, format!("the device did not join the Wi-Fi: {why}"));
    Err(match failure {
        Some(JoinFailure::Password) => failed.hint("it is an access point again: try again"),
        _ => failed,
    })
}

fn unfit(error: &NetworkError) -> Failure {
    let failure = Failure::bad_input(error.to_string());
    match error {
        NetworkError::Forbidden { .. } => {
            failure.hint("--any-characters sends it all the same; another name or password works")
        }
        _ => failure,
    }
}

const PASSWORD: Names = Names { option: "--password", variable: "IOT_HOME_PASSWORD" };
const ASKING: Duration = Duration::from_secs(1);
