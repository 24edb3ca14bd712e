//! The way to the cloud: its servers, the stored session, and a deadline for all of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use iot_home::http::{Client, HttpClient};
use iot_home::micloud::client::{Builder, Error, SessionFile};
use iot_home::micloud::{Hosts, InvalidUrl, MiCloud, Region};
use tokio::time::{self, Instant};

use crate::args::{CloudHosts, Stored};
use crate::commands::Context;
use crate::failure::{Failure, Kind};
use crate::ordered::{Hidden, Ordered};

/// An account, and the time left to call in its name.
pub(super) struct Link {
    pub(super) cloud: MiCloud,
    deadline: Instant,
    whole: Duration,
}

impl Link {
    /// The account of the stored session, in this region or else in that of the login.
    pub(super) fn open(
        context: &Context,
        hosts: &CloudHosts,
        stored: &Stored,
        region: Option<Region>,
    ) -> Result<Self, Failure> {
        let cloud = builder(context, hosts, &path(stored)?)?.build();
        let cloud = cloud.map_err(Failure::before_cloud)?;
        let cloud = region.map(|region| cloud.in_region(region)).unwrap_or(cloud);
        let whole = context.options.cloud_timeout();
        Ok(Self { cloud, deadline: Instant::now() + whole, whole })
    }

    /// Waits for what does no harm when it is done twice.
    pub(super) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let answer = time::timeout_at(self.deadline, call).await;
        Ok(answer.map_err(|_| missed(self.whole))??)
    }

    /// Waits for what is not to be done twice.
    pub(super) async fn once<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let missed = |_| {
            let whole = self.whole;
            Failure::maybe_executed(format!(
                "no answer within {whole:?}, and it may have been done"
            ))
        };
        let answer = time::timeout_at(self.deadline, call).await.map_err(missed)?;
        answer.map_err(Failure::of_once)
    }

    /// Takes the secrets out of what is to be printed: by their names, and those of the session wherever they stand.
    pub(super) fn hide(&self, context: &Context, value: &mut Ordered) {
        if context.output.show_secrets() {
            return;
        }
        let mut secrets = Vec::new();
        if let Some(session) = self.cloud.session() {
            secrets.extend(session.pass_token.map(|token| token.expose().to_ascii_lowercase()));
            for keys in session.services.values() {
                secrets.push(keys.ssecurity.expose_base64().expose().to_ascii_lowercase());
                secrets.push(keys.service_token.expose().to_ascii_lowercase());
            }
        }
        value.hide(&Hidden::mi_cloud(&secrets));
    }
}

/// A client of these servers, whose session is in this file.
pub(in crate::commands) fn builder(
    context: &Context,
    hosts: &CloudHosts,
    file: &Path,
) -> Result<Builder, Failure> {
    let client = Client::new().map_err(|error| Failure::bad_input(error.to_string()))?;
    let client: Arc<dyn HttpClient> = match &context.recorder {
        Some(recorder) => Arc::new(recorder.http(client)),
        None => Arc::new(client),
    };
    let builder = MiCloud::builder().hosts(servers(hosts)?).http(client);
    Ok(builder.session_file(SessionFile::new(file)))
}

pub(super) fn servers(hosts: &CloudHosts) -> Result<Hosts, Failure> {
    type Set = fn(Hosts, &str) -> Result<Hosts, InvalidUrl>;
    let given: [(&str, &Option<String>, Set); 3] = [
        ("--account-url", &hosts.account_url, Hosts::account),
        ("--sts-url", &hosts.sts_url, Hosts::sts),
        ("--api-url", &hosts.api_url, Hosts::api),
    ];
    let mut servers = Hosts::default();
    for (option, url, set) in given {
        if let Some(url) = url {
            let wrong = |error| Failure::bad_input(format!("{option}: {error}"));
            servers = set(servers, url).map_err(wrong)?;
        }
    }
    Ok(servers)
}

/// Where the session is kept.
pub(in crate::commands) fn path(stored: &Stored) -> Result<PathBuf, Failure> {
    if let Some(file) = &stored.session {
        return Ok(file.clone());
    }
    let homeless = |_| {
        Failure::usage("this user has no home folder to keep a session in")
            .hint("say where it is: --session FILE")
    };
    let strategy = choose_native_strategy().map_err(homeless)?;
    Ok(strategy.config_dir().join("iot-home").join("session.json"))
}

pub(super) fn missed(whole: Duration) -> Failure {
    Failure::new(Kind::Timeout, format!("not done within {whole:?}"))
        .hint("give it longer with --timeout, as in --timeout 60s")
}
