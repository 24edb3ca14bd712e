//! `iot-home aliyun register` and `iot-home tencent register`: a device is given what it proves itself by.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use iot_home::aliyun::registration::{RegisterError as AliyunError, Server};
use iot_home::aliyun::thing::Registered as AliyunRegistered;
use iot_home::core::{Clock as _, SystemClock, SystemRandom};
use iot_home::http::Client;
use iot_home::mqtt::client::{Options, Tls};
use iot_home::mqtt::http::ExchangeError;
use iot_home::tencent::registration::{
    NotGiven as TencentNotGiven, RegisterError as TencentError, Registered as TencentRegistered,
};
use iot_home::{aliyun, tencent};
use serde::Serialize;

use super::events::Peer;
use super::secret;
use crate::args::{AliyunRegister, Keep, TencentRegister};
use crate::commands::Context;
use crate::commands::deadline;
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::input;
use crate::output::{Style, fields};
use crate::record::Recorded;

pub(in super::super) async fn aliyun(context: &Context, args: AliyunRegister) -> Outcome {
    let by_mqtt = args.mqtt || args.unknown;
    if args.host.is_some() && !by_mqtt {
        return Err(Failure::usage(
            "--host is for --mqtt and --unknown; over HTTPS it is --server",
        ));
    }
    let secret = secret::product(&args.secret).await?;
    let names = (args.product_key.as_str(), args.device_name.as_str());
    let hidden = vec![secret.expose().to_ascii_lowercase()];
    let registration = aliyun::registration::Registration::new(names.0, names.1, secret);
    let mut registration = registration.map_err(invalid)?.sign_method(args.sign_method);
    if let Some(server) = &args.keep.server {
        registration = registration.server(server.clone());
    } else if let Some(region) = args.region.clone() {
        registration = registration.server(Server::Region(region));
    }
    let ca = authorities(&args.keep).await?;
    let place = Place::new(context, &args.keep)?;
    let registered = deadline::within(context.options.cloud_timeout(), async {
        if !by_mqtt {
            let client = Recorded::new(client(ca.as_deref())?, context.recorder.as_ref(), hidden);
            let device = registration.register(&client, &mut SystemRandom::new()).await;
            return Ok(AliyunRegistered::Secret(device.map_err(aliyun_failure)?));
        }
        let mut login = if args.unknown {
            registration.mqtt_unknown(args.instance.clone())
        } else {
            registration.mqtt()
        };
        if let Some(region) = args.region {
            login = login.endpoint(&region.into()).map_err(invalid)?;
        }
        if let Some((host, port)) = args.host.map(|host| host.parts()) {
            login = login.host(host).map_err(invalid)?;
            if let Some(port) = port {
                login = login.port(port);
            }
        }
        let mut tls = Tls::new();
        if let Some(ca) = &ca {
            tls = tls.ca_pem(ca).map_err(|error| Failure::bad_input(error.to_string()))?;
        }
        let timeout = context.options.cloud_timeout();
        let mut options = Options::new().connect_timeout(timeout).timeout(timeout).tls(tls);
        if let Some(recorder) = &context.recorder {
            let peer = Peer::of(&login).addr();
            options = options.on_wire(recorder.session_observer(peer, hidden));
        }
        login.register(options).await.map_err(aliyun_failure)
    });
    let registered = registered.await?;
    let (client_id, token, secret) = match &registered {
        AliyunRegistered::Secret(device) => (None, None, Some(device.secret().expose())),
        AliyunRegistered::Token(device) => {
            (Some(device.client_id().as_str()), Some(device.token().expose()), None)
        }
        _ => return Err(Failure::new(Kind::Malformed, "the platform gave something unknown")),
    };
    let saved = place.keep(&[token.or(secret).unwrap_or_default()])?;
    let shown = |given: Option<&str>| {
        given.map(|given| context.output.show_secrets().then(|| given.to_owned()))
    };
    let told = Told {
        product_key: Some(names.0),
        product_id: None,
        device_name: names.1,
        client_id,
        device_secret: shown(secret),
        device_token: shown(token),
        certificate: None,
        key: None,
        saved,
    };
    context.output.print(&told, Told::block)?;
    Ok(Verdict::Done)
}

pub(in super::super) async fn tencent(context: &Context, args: TencentRegister) -> Outcome {
    let secret = secret::product(&args.secret).await?;
    let names = (args.product_id.as_str(), args.device_name.as_str());
    let hidden = vec![secret.expose().to_ascii_lowercase()];
    let registration = tencent::registration::Registration::new(names.0, names.1, secret);
    let registration = registration.map_err(invalid)?.sign_method(args.sign_method);
    let registration = match &args.keep.server {
        Some(server) => registration.server(server.clone()),
        None => registration.server(args.region),
    };
    let client = client(authorities(&args.keep).await?.as_deref())?;
    let client = Recorded::new(client, context.recorder.as_ref(), hidden);
    let place = Place::new(context, &args.keep)?;
    let registered = deadline::within(context.options.cloud_timeout(), async {
        let (now, random) = (SystemClock::new().unix_time(), &mut SystemRandom::new());
        let registered = if args.old {
            registration.register_as_before(&client, now, random).await
        } else {
            registration.register(&client, now, random).await
        };
        registered.map_err(tencent_failure)
    });
    let registered = registered.await?;
    let mut told = Told {
        product_key: None,
        product_id: Some(names.0),
        device_name: names.1,
        client_id: None,
        device_secret: None,
        device_token: None,
        certificate: None,
        key: None,
        saved: None,
    };
    let shown = |given: &str| Some(context.output.show_secrets().then(|| given.to_owned()));
    match &registered {
        TencentRegistered::Key(device) => {
            told.saved = place.keep(&[device.psk().expose()])?;
            told.device_secret = shown(device.psk().expose());
        }
        TencentRegistered::Certificate { certificate, key, .. } => {
            told.saved = place.keep(&[certificate, key.expose()])?;
            told.certificate = Some(certificate);
            told.key = shown(key.expose());
        }
        _ => return Err(Failure::new(Kind::Malformed, "the platform gave something unknown")),
    }
    context.output.print(&told, Told::block)?;
    Ok(Verdict::Done)
}

/// What the device is and what it was given. What proves it is null unless it is to be shown.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<&'a str>,
    device_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_secret: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<String>,
}

impl Told<'_> {
    fn block(&self, style: Style) -> String {
        let shown = |given: &Option<Option<String>>| given.clone().flatten();
        fields(
            style,
            [
                ("product key", self.product_key.map(ToOwned::to_owned)),
                ("product id", self.product_id.map(ToOwned::to_owned)),
                ("device name", Some(self.device_name.to_owned())),
                ("client id", self.client_id.map(ToOwned::to_owned)),
                ("device secret", shown(&self.device_secret)),
                ("device token", shown(&self.device_token)),
                ("certificate", self.certificate.map(ToOwned::to_owned)),
                ("key", shown(&self.key)),
                ("saved in", self.saved.clone()),
            ],
        )
    }
}

/// Where what is given goes. The file is made beforehand: what is given once must not be lost.
struct Place(Option<(PathBuf, File)>);

impl Place {
    fn new(context: &Context, keep: &Keep) -> Result<Self, Failure> {
        let Some(path) = &keep.save else {
            if context.output.show_secrets() {
                return Ok(Self(None));
            }
            let message =
                "what the device is given has to go somewhere: --save FILE or --show-secrets";
            return Err(Failure::usage(message));
        };
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let cannot = |error| Failure::bad_input(format!("cannot make {}: {error}", path.display()));
        Ok(Self(Some((path.clone(), options.open(path).map_err(cannot)?))))
    }

    /// Writes it down, and says where.
    fn keep(mut self, given: &[&str]) -> Result<Option<String>, Failure> {
        let Some((path, mut file)) = self.0.take() else { return Ok(None) };
        let name = path.display().to_string();
        let mut write = || {
            for text in given {
                file.write_all(text.trim_end().as_bytes())?;
                file.write_all(b"\n")?;
            }
            file.sync_all()
        };
        write().map_err(|error| {
            Failure::io(&format!("cannot write {name}"), &error)
                .hint("the device is registered; until it connects it can register again")
        })?;
        Ok(Some(name))
    }
}

impl Drop for Place {
    /// Nothing was given.
    fn drop(&mut self) {
        if let Some((path, _)) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn authorities(keep: &Keep) -> Result<Option<String>, Failure> {
    match &keep.ca {
        Some(file) => pem(file).await.map(Some),
        None => Ok(None),
    }
}

async fn pem(file: &Path) -> Result<String, Failure> {
    input::text(file, "certificate").await
}

fn client(ca: Option<&str>) -> Result<Client, Failure> {
    let mut builder = Client::builder();
    let wrong = |error: iot_home::http::InvalidClient| Failure::bad_input(error.to_string());
    if let Some(ca) = ca {
        builder = builder.ca_pem(ca).map_err(wrong)?;
    }
    builder.build().map_err(wrong)
}

fn invalid(error: aliyun::InvalidField) -> Failure {
    Failure::bad_input(error.to_string())
}

fn aliyun_failure(error: AliyunError) -> Failure {
    use aliyun::registration::NotGiven;

    match error {
        AliyunError::Exchange(error) => exchange_failure(&error),
        AliyunError::Session(error) => error.into(),
        AliyunError::NotGiven(given) => {
            let code = match given {
                NotGiven::Refused { code } => Some(code.get()),
                _ => None,
            };
            refused(&given, code, code.is_some())
        }
        AliyunError::Silent => Failure::new(Kind::NoAnswer, error.to_string()),
        error => Failure::new(Kind::BadInput, error.to_string()),
    }
}

fn tencent_failure(error: TencentError) -> Failure {
    match error {
        TencentError::Exchange(error) => exchange_failure(&error),
        TencentError::NotGiven(given) => match given {
            TencentNotGiven::RefusedByNumber { code } => refused(&given, Some(code), true),
            TencentNotGiven::Refused { .. } => refused(&given, None, true),
            given => refused(&given, None, false),
        },
        error => Failure::new(Kind::BadInput, error.to_string()),
    }
}

/// Refused by the platform, or an answer that cannot be read.
fn refused(error: &dyn std::error::Error, code: Option<i64>, is_refusal: bool) -> Failure {
    let kind = if is_refusal { Kind::Refused } else { Kind::Malformed };
    Failure::new(kind, error.to_string()).code(code)
}

fn exchange_failure(error: &ExchangeError) -> Failure {
    use iot_home::http::ErrorKind;

    let ExchangeError::Http(http) = error else {
        let kind = match error {
            ExchangeError::Timeout(_) => Kind::Timeout,
            ExchangeError::Request => Kind::BadInput,
            _ => Kind::Refused,
        };
        return Failure::new(kind, error.to_string());
    };
    let kind = match http.kind() {
        ErrorKind::BadRequest => Kind::BadInput,
        ErrorKind::Tls => Kind::Tls,
        ErrorKind::Timeout => Kind::Timeout,
        ErrorKind::Malformed | ErrorKind::TooLarge => Kind::Malformed,
        _ => Kind::Io,
    };
    let failure = Failure::new(kind, http.to_string());
    match http.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
