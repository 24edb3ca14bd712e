//! `iot-home get|set|action`: a device of the home, on the LAN first and over the cloud second.

use std::fs::DirBuilder;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use iot_home::hub::home::{Answer, Device, Error, ErrorKind};
use iot_home::hub::{Facts, Home, Source};
use iot_home::miio::{Client, PORT, Token};
use iot_home::{MiotCode, PropertyId};
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::cloud::link;
use super::deadline::within;
use super::{Context, results, spec};
use crate::args::{Address, HomeArgs, HubAction, HubGet, HubSet};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::{Hidden, Ordered, spellings, without_tokens};
use crate::output::{Table, Tone, fields};
use crate::{token, value};

pub(super) async fn get(context: &Context, args: HubGet) -> Outcome {
    let names: Vec<_> = args.properties.iter().map(String::as_str).collect();
    let found = Found::open(context, &args.home, &names).await?;
    let answers = found.run(context, "reading", false, found.device.get_many(names)).await?;
    print(context, &found, answers)
}

pub(super) async fn set(context: &Context, args: HubSet) -> Outcome {
    let values: Result<Vec<_>, Failure> = args.values.iter().map(|text| assignment(text)).collect();
    let values = values?;
    let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
    let found = Found::open(context, &args.home, &names).await?;
    let mut answers = found.run(context, "writing", true, found.device.set(values)).await?;
    // What is echoed after a write is not what the device has.
    answers.iter_mut().for_each(|answer| answer.value = None);
    print(context, &found, answers)
}

#[derive(Serialize)]
struct Done {
    action: Box<str>,
    code: i64,
    out: Ordered,
    via: &'static str,
}

pub(super) async fn action(context: &Context, args: HubAction) -> Outcome {
    let inputs = args.arguments.iter().map(|text| value::parse(text));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    let found = Found::open(context, &args.home, &[args.action.as_str()]).await?;
    let running = found.device.action(&args.action, inputs);
    let answer = found.run(context, "waiting for", true, running).await?;
    let (code, via) = (answer.code, answer.via().as_str());
    let out = found.shown(context, Value::Array(answer.out));
    let done = Done { action: answer.action, code: code.get(), out, via };
    context.output.print(&done, |done, style| {
        let out = Some(done.out.to_string()).filter(|out| out != "[]");
        let result = Some(results::code_text(code));
        fields(style, [("result", result), ("out", out), ("via", Some(done.via.to_owned()))])
    })?;
    Ok(if code.get() < 0 { Verdict::NotOk } else { Verdict::Done })
}

#[derive(Serialize)]
struct Item {
    property: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Ordered>,
    code: i64,
    via: &'static str,
    /// For a person.
    #[serde(skip)]
    shown: String,
}

fn print(context: &Context, found: &Found, answers: Vec<Answer>) -> Outcome {
    let item = |answer: Answer| {
        let (code, via) = (answer.code.get(), answer.via().as_str());
        let value = answer.value.map(|value| found.shown(context, value));
        let shown = match (&value, answer.shown) {
            // Not where a secret was taken out of it.
            (Some(value), Some(shown)) if value.to_string() != "null" => shown.into(),
            (value, _) => value.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        Item { property: answer.property, value, code, via, shown }
    };
    let items: Vec<Item> = answers.into_iter().map(item).collect();
    context.output.print(&items, |items, style| {
        let mut table = Table::new(&["property", "value", "via", "status"]);
        for item in items {
            let tone = if item.code < 0 { Tone::Bad } else { Tone::Good };
            let status = (results::code_text(MiotCode::new(item.code)), Some(tone));
            let cells = [item.property.to_string(), item.shown.clone(), item.via.to_owned()];
            let [property, value, via] = cells.map(|cell| (cell, None));
            table.toned([property, value, via, status]);
        }
        table.render(style)
    })?;
    let refused = items.iter().any(|item| item.code < 0);
    Ok(if refused { Verdict::NotOk } else { Verdict::Done })
}

fn assignment(text: &str) -> Result<(&str, Value), Failure> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            Failure::bad_input(format!("{text:?} has no name and value"))
                .hint("write PROPERTY=VALUE, as in light:brightness=40")
        })?;
    Ok((name, value::parse(value)?))
}

/// A device of the home, and when the command has to be done.
struct Found {
    device: Device,
    until: Instant,
    whole: Duration,
}

impl Found {
    async fn open(context: &Context, args: &HomeArgs, names: &[&str]) -> Result<Self, Failure> {
        let given = token::given(&args.token).await?;
        let session = link::path(&args.stored).ok().filter(|file| file.exists());
        let whole = match session {
            Some(_) => context.options.cloud_timeout(),
            None => context.options.timeout(),
        };
        let until = Instant::now() + whole;
        let addr = args.device.parse::<Address>().ok();
        let finding = async {
            let client = bind(context, addr.as_ref(), given.as_ref(), whole).await?;
            let mut builder = Home::builder().miio(client.clone()).deadline(whole);
            let specs =
                spec::server(context, args.spec_url.as_deref(), args.spec_cache.as_deref(), false)?;
            builder = builder.spec_server(specs).inventory(inventory(args)?);
            if let Some(file) = &session {
                let cloud = link::builder(context, &args.hosts, file)?.build();
                builder = builder.cloud(cloud.map_err(Failure::before_cloud)?);
            }
            let home = builder.open().await.map_err(|error| match error.kind() {
                ErrorKind::File => Failure::bad_input(error.to_string()),
                _ => error.into(),
            })?;
            if args.refresh {
                make_folder(&inventory(args)?)?;
                let _waiting = context.output.waiting("fetching the cloud's list");
                home.refresh().await?;
            }
            match (home.device(&args.device), addr, given) {
                (Ok(device), ..) => Ok(device),
                (Err(error), Some(addr), Some(token)) if is_meant(&addr, &error) => {
                    learn(&home, &client, &addr, token, names).await
                }
                (Err(error), ..) => Err(error.into()),
            }
        };
        Ok(Self { device: within(whole, finding).await?, until, whole })
    }

    /// Waits for a call, which may have been carried out where its time is over and it `changes` something.
    async fn run<T>(
        &self,
        context: &Context,
        doing: &str,
        changes: bool,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let _waiting = context.output.waiting(format!("{doing} {}", self.device.name()));
        let Ok(done) = timeout_at(self.until, call).await else {
            let (device, whole) = (self.device.name(), self.whole);
            let message = format!("{device}: no answer within {whole:?}");
            return Err(match changes {
                true => Failure::new(
                    Kind::MaybeExecuted,
                    format!("{message}, and it may have been done"),
                ),
                false => Failure::new(Kind::Timeout, message),
            });
        };
        done.map_err(|error| {
            let failure = Failure::from(error);
            if context.output.show_secrets() {
                return failure;
            }
            failure.map_text(|text| without_tokens(text, &self.secrets()))
        })
    }

    fn shown(&self, context: &Context, value: Value) -> Ordered {
        let mut value = Ordered::from(value);
        if !context.output.show_secrets() {
            value.hide(&Hidden::secrets(&self.secrets()));
        }
        value
    }

    /// The spellings of its token, which may have been fetched anew.
    fn secrets(&self) -> Vec<String> {
        let token = self.device.facts().and_then(|facts| facts.token);
        token.as_ref().map(spellings).unwrap_or_default()
    }
}

/// Whether an address that the home does not know is meant as one: a host's name may be a mistyped device's.
fn is_meant(addr: &Address, error: &Error) -> bool {
    let is_ip = addr.parts().0.parse::<std::net::IpAddr>().is_ok();
    error.kind() == ErrorKind::Device
        && (is_ip || addr.has_port() || error.candidates().next().is_none())
}

/// A device that only its address and token are known of; for names, it is asked for its model.
async fn learn(
    home: &Home,
    client: &Client,
    addr: &Address,
    token: Token,
    names: &[&str],
) -> Result<Device, Failure> {
    let at = addr.resolve(PORT).await?;
    let mut facts = Facts::default();
    if names.iter().any(|name| name.parse::<PropertyId>().is_err()) {
        facts.model = client.device(at, token.clone()).info().await?.model.map(Into::into);
    }
    facts.miio = Some(at);
    facts.token = Some(token);
    home.learn(Source::Device, facts);
    Ok(home.device(&at.to_string())?)
}

/// A client that gives up early enough for the cloud to take over.
async fn bind(
    context: &Context,
    addr: Option<&Address>,
    token: Option<&Token>,
    whole: Duration,
) -> Result<Client, Failure> {
    let is_v6 = addr.is_some_and(|addr| addr.parts().0.parse::<Ipv6Addr>().is_ok());
    let local = if is_v6 {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    };
    let mut builder = Client::builder().local_addr(local).timeout(LAN.min(whole / 2));
    if let Some(recorder) = &context.recorder {
        builder = builder.on_wire(recorder.observer(token.map(spellings).unwrap_or_default()));
    }
    Ok(builder.bind().await?)
}

fn inventory(args: &HomeArgs) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.inventory {
        return Ok(file.clone());
    }
    let homeless = |_| {
        Failure::usage("this user has no home folder to keep an inventory in")
            .hint("say where it is: --inventory FILE")
    };
    let strategy = choose_native_strategy().map_err(homeless)?;
    Ok(strategy.config_dir().join("iot-home").join("inventory.json"))
}

/// Makes the inventory's folder, for its owner alone.
fn make_folder(file: &Path) -> Result<(), Failure> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let wrong = |error| Failure::io(&format!("cannot make {}", folder.display()), &error);
    builder.create(folder).map_err(wrong)
}

/// The longest that a device on the LAN is waited for.
const LAN: Duration = Duration::from_secs(3);
