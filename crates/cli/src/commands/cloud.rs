//! `iot-home cloud …`.

mod control;
mod decrypt;
pub(super) mod link;
mod lists;
mod login;
mod qr;
mod questions;

use std::path::Path;

use iot_home::Secret;
use iot_home::micloud::{Mode, SignedNonce, Ssecurity, signing_path};
use serde::Serialize;

use self::decrypt::decrypt;
use super::Context;
use crate::args::{Cloud, CloudCommand, CloudSceneCommand, CloudSign, Key};
use crate::failure::{Failure, Outcome, Verdict};
use crate::output::{Style, fields};
use crate::{input, ordered::Ordered};

pub(super) async fn run(context: &Context, Cloud { hosts, command }: Cloud) -> Outcome {
    match command {
        CloudCommand::Login(args) => login::login(context, &hosts, args).await,
        CloudCommand::Devices { place } => lists::devices(context, &hosts, &place).await,
        CloudCommand::Homes { place } => lists::homes(context, &hosts, &place).await,
        CloudCommand::Scenes { place } => lists::scenes(context, &hosts, &place).await,
        CloudCommand::Get { online, did, properties } => {
            control::get(context, &hosts, &online, &did, &properties).await
        }
        CloudCommand::Set { online, did, values } => {
            control::set(context, &hosts, &online, &did, &values).await
        }
        CloudCommand::Action { online, did, action, arguments } => {
            control::action(context, &hosts, &online, (&did, action), &arguments).await
        }
        CloudCommand::Rpc { online, did, method, params } => {
            control::rpc(context, &hosts, &online, &did, (&method, &params)).await
        }
        CloudCommand::Scene { command: CloudSceneCommand::Run { online, id } } => {
            control::run_scene(context, &hosts, &online, &id).await
        }
        CloudCommand::Beaconkey { online, did } => {
            control::beacon_key(context, &hosts, &online, &did).await
        }
        CloudCommand::Call { online, path, data, plain } => {
            let mode = if plain { Mode::Plain } else { Mode::Rc4 };
            control::call(context, &hosts, &online, mode, (&path, &data)).await
        }
        CloudCommand::Sign(args) => sign(context, args).await,
        CloudCommand::Decrypt(args) => decrypt(context, args, hosts).await,
    }
}

async fn sign(context: &Context, args: CloudSign) -> Outcome {
    let ssecurity = key(&args.key).await?;
    if !args.path.starts_with('/') {
        return Err(Failure::bad_input("the path does not begin with a slash")
            .hint("sign what follows the host: /home/device_list"));
    }
    if Ordered::parse(&args.data).is_err() {
        return Err(Failure::bad_input("the data is not JSON"));
    }
    let key = SignedNonce::new(&ssecurity, args.nonce);
    let signed = key.sign(args.mode, args.method, signing_path("", &args.path), &args.data);
    let result = Signed {
        signed_nonce: key.expose(),
        signature: &signed.signature,
        rc4_hash: signed.rc4_hash.as_deref(),
        data: &signed.data,
        form: signed.to_urlencoded(),
    };
    context.output.print(&result, Signed::block)?;
    Ok(Verdict::Done)
}

/// A request as it would be sent, and what it is made with.
#[derive(Serialize)]
struct Signed<'a> {
    signed_nonce: &'a str,
    signature: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rc4_hash: Option<&'a str>,
    data: &'a str,
    form: String,
}

impl Signed<'_> {
    fn block(&self, style: Style) -> String {
        fields(
            style,
            [
                ("signed nonce", Some(self.signed_nonce.to_owned())),
                ("signature", Some(self.signature.to_owned())),
                ("rc4 hash", self.rc4_hash.map(ToOwned::to_owned)),
                ("data", Some(self.data.to_owned())),
                ("form", Some(self.form.clone())),
            ],
        )
    }
}

/// The login's key that the command line names.
async fn key(source: &Key) -> Result<Ssecurity, Failure> {
    let text = match (&source.ssecurity, source.ssecurity_file.as_deref()) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => read(file).await?,
        (None, None) => {
            return Err(Failure::usage("this needs the login's ssecurity").hint(
                "give it by --ssecurity-file FILE (- is stdin), or by --ssecurity KEY (which other \
                 users of this machine can see)",
            ));
        }
    };
    text.expose()
        .trim()
        .parse()
        .map_err(|error: iot_home::micloud::SsecurityError| Failure::bad_input(error.to_string()))
}

async fn read(file: &Path) -> Result<Secret<String>, Failure> {
    Ok(Secret::new(input::text(file, "key").await?))
}
