//! `iot-home aliyun connect` and `iot-home tencent connect`: a session, and what happens in it.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::Secret;
use iot_home::mqtt::client::tls::InvalidTls;
use iot_home::mqtt::client::{Handle, Message, Options, Qos, Session, Tls};
use iot_home::mqtt::{Rules, Signer, topic};
use tokio::time::{self, Instant};

use super::events::Teller;
use super::{login, secret};
use crate::args::{AliyunConnect, SecretSource, SessionArgs, TencentConnect};
use crate::commands::Context;
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::input;
use crate::program::interrupted;

type AnySigner = Box<dyn Signer + Send>;

pub(in super::super) async fn aliyun(context: &Context, args: AliyunConnect) -> Outcome {
    let AliyunConnect { login, session } = args;
    run(context, &session, login.secret.clone(), |secret| match secret {
        Some(secret) => Ok(Box::new(login::aliyun(login, secret)?) as AnySigner),
        None => Ok(Box::new(login::aliyun_certificate(login)?)),
    })
    .await
}

pub(in super::super) async fn tencent(context: &Context, args: TencentConnect) -> Outcome {
    let TencentConnect { login, session } = args;
    run(context, &session, login.secret.clone(), |secret| match secret {
        Some(secret) => Ok(Box::new(login::tencent(login, secret)?) as AnySigner),
        None => Ok(Box::new(login::tencent_certificate(login)?)),
    })
    .await
}

/// Connects and stays. However it ends, the broker is told.
async fn run(
    context: &Context,
    args: &SessionArgs,
    source: SecretSource,
    sign: impl FnOnce(Option<Secret<String>>) -> Result<AnySigner, Failure>,
) -> Outcome {
    let mut session = None;
    let ended = tokio::select! {
        biased;
        () = interrupted() => Ok(Verdict::Done),
        ended = async {
            let secret = prove(args, &source).await?;
            let teller_secret = secret.clone();
            let signer = sign(secret)?;
            let teller = Teller::new(context, &signer, teller_secret);
            connect(context, args, signer, &teller, &mut session).await?;
            stay(args, &teller, session.as_mut()).await
        } => ended,
    };
    if let Some(session) = session {
        // Whatever comes of it.
        let _ = time::timeout(FAREWELL, session.close()).await;
    }
    ended
}

/// The secret that proves the device, unless a certificate does.
async fn prove(
    args: &SessionArgs,
    source: &SecretSource,
) -> Result<Option<Secret<String>>, Failure> {
    if args.cert.is_none() {
        return secret::required(source).await.map(Some);
    }
    if source.device_secret.is_some() || source.device_secret_file.is_some() {
        return Err(Failure::usage("a device is proved by its secret or by --cert, not by both"));
    }
    Ok(None)
}

/// Makes the connection; what cannot be sent is found before.
async fn connect(
    context: &Context,
    args: &SessionArgs,
    signer: AnySigner,
    teller: &Teller<'_>,
    session: &mut Option<Session>,
) -> Result<(), Failure> {
    check(args, signer.rules())?;
    let tls = tls(context, args, teller.is_tls()).await?;
    let timeout = context.options.cloud_timeout();
    let mut options = Options::new().connect_timeout(timeout).timeout(timeout).tls(tls);
    if let Some(observer) = teller.observer() {
        options = options.on_wire(observer);
    }
    let _waiting = context.output.waiting(format!("connecting to {}", teller.peer()));
    *session = Some(Session::connect(signer, options).await?);
    Ok(())
}

/// Whether MQTT and the platform take it.
fn check(args: &SessionArgs, rules: &Rules) -> Result<(), Failure> {
    let invalid = |topic: &str, error: topic::InvalidTopic| {
        Failure::bad_input(format!("the topic {topic:?} cannot be used: {error}"))
    };
    for filter in &args.subscriptions {
        topic::check_filter(filter).map_err(|error| invalid(filter, error))?;
    }
    for message in &args.publications {
        topic::check_name(&message.topic).map_err(|error| invalid(&message.topic, error))?;
        let (length, most) = (message.payload.len(), rules.payload);
        if length > most {
            let message = format!("a payload of {length} bytes, and the platform takes {most}");
            return Err(Failure::bad_input(message));
        }
    }
    Ok(())
}

async fn tls(context: &Context, args: &SessionArgs, is_tls: bool) -> Result<Tls, Failure> {
    if !is_tls && (args.ca.is_some() || args.no_name_check) {
        let message = "--ca and --no-name-check are for TLS, and this login is over plain TCP";
        return Err(Failure::usage(message));
    }
    let mut tls = Tls::new();
    if let Some(ca) = &args.ca {
        tls = tls.ca_pem(&pem(ca).await?).map_err(|error| unusable(ca, error))?.only_own_cas();
    }
    if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
        let (chain, secret) = (pem(cert).await?, Secret::new(pem(key).await?));
        let identity = tls.client_identity(&chain, secret.expose());
        tls = identity.map_err(|error| unusable(cert, error))?;
    }
    if args.no_name_check {
        context.output.warn(
            "the name in the broker's certificate is not checked: whoever has a certificate of a trusted CA \
             can pass for the broker",
        );
        tls = tls.without_name_check();
    }
    Ok(tls)
}

async fn pem(file: &Path) -> Result<String, Failure> {
    input::text(file, "certificate or key").await
}

fn unusable(file: &Path, error: InvalidTls) -> Failure {
    Failure::bad_input(format!("{}: {error}", input::name(file)))
}

/// Subscribes, publishes, and tells what happens, for as long as is wanted.
async fn stay(args: &SessionArgs, teller: &Teller<'_>, session: Option<&mut Session>) -> Outcome {
    let session = session.ok_or_else(|| Failure::new(Kind::Internal, "there is no session"))?;
    // That it stands is told before what is done with it.
    teller.tell(session.next().await.ok_or_else(ended)??)?;
    let handle = session.handle();
    let mut asking = pin!(ask(args, teller, &handle));
    let mut asked = false;
    let mut until = None;
    let mut missing = args.count;
    loop {
        tokio::select! {
            event = session.next(), if missing != Some(0) => {
                let event = event.ok_or_else(ended)??;
                if teller.tell(event)? {
                    missing = missing.map(|count| count.saturating_sub(1));
                }
            }
            done = &mut asking, if !asked => {
                done?;
                asked = true;
                if args.stay.is_none() && args.count.is_none() {
                    teller.waits();
                }
                until = args.stay.and_then(|stay| Instant::now().checked_add(stay));
            }
            () = at(until) => return Ok(Verdict::Done),
        }
        // What is to be published is published in any case.
        if asked && missing == Some(0) {
            return Ok(Verdict::Done);
        }
    }
}

fn ended() -> Failure {
    Failure::new(Kind::Io, "the session has ended")
}

/// What was asked for on the command line, in order.
async fn ask(args: &SessionArgs, teller: &Teller<'_>, handle: &Handle) -> Result<(), Failure> {
    let qos = if args.qos == 0 { Qos::AtMostOnce } else { Qos::AtLeastOnce };
    for filter in &args.subscriptions {
        let granted = handle.subscribe(filter, qos).await?;
        teller.subscribed(filter, granted)?;
    }
    for publication in &args.publications {
        let message = Message::new(&publication.topic, publication.payload.clone()).qos(qos);
        handle.send(message).await?;
        teller.published(publication, qos)?;
    }
    Ok(())
}

async fn at(until: Option<Instant>) {
    match until {
        Some(until) => time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// So long a broker may take to hear that we leave: an interrupt ends the program within a second.
const FAREWELL: Duration = Duration::from_millis(500);
