//! The Mi Home cloud of the demo, and what is done with it. Each step says what it saw, or what was not as it should be.

use std::sync::Arc;

use futures_util::future::join_all;
use iot_home::Did;
use iot_home::http::Client;
use iot_home::micloud::api::DataSource;
use iot_home::micloud::{Answer, Challenge, Hosts, MiCloud};
use iot_home::sim::micloud::{Account, CloudDevice, Expiry, Home as CloudHome};
use iot_home::sim::{SimCloud, SimDevice};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::steps::{BRIGHTNESS, check, expect, millis};
use super::told;

/// A cloud that reaches a device of the home.
pub(super) struct MiHome {
    pub(super) cloud: SimCloud,
    client: MiCloud,
}

impl MiHome {
    /// `lamp` is what calls reach.
    pub(super) async fn start(lamp: &SimDevice) -> Result<Self, String> {
        let cloud = SimCloud::builder()
            .account(Account::new(USER, PASSWORD).captcha(CAPTCHA))
            .home(CloudHome::new(1, "flat").room(2, "hall"))
            .device(CloudDevice::running(lamp).name("lamp").home(1).room(2));
        let cloud = cloud.spawn().await.map_err(text)?;
        let hosts = Hosts::default().account(&cloud.account_url()).map_err(text)?;
        let hosts = hosts.sts(&cloud.sts_url()).and_then(|hosts| hosts.api(&cloud.api_url()));
        let http = Client::builder().no_proxy().build().map_err(text)?;
        let builder = MiCloud::builder().hosts(hosts.map_err(text)?).http(Arc::new(http));
        let client = builder.build().map_err(told)?;
        Ok(Self { cloud, client })
    }
}

pub(super) async fn log_in(mi: &MiHome, lamp: &SimDevice) -> Result<String, String> {
    let started = Instant::now();
    let mut dialog = mi.client.log_in(USER, PASSWORD);
    let mut images = 0;
    while let Some(challenge) = dialog.challenge().await.map_err(told)? {
        check(matches!(challenge, Challenge::Captcha { .. }), || "no captcha was asked".into())?;
        images += 1;
        dialog.answer(Answer::from(CAPTCHA)).map_err(told)?;
    }
    let devices = mi.client.devices().await.map_err(told)?;
    let took = started.elapsed();
    expect("captchas", &json!(images), Some(json!(1)))?;
    let listed: Vec<_> = devices.iter().map(|device| device.did.to_string()).collect();
    expect("devices", &json!(listed), Some(json!([lamp.did().to_string()])))?;
    let token = devices.first().and_then(|device| device.token.as_ref());
    check(token.is_some_and(|token| *token.expose() == lamp.token().expose_hex()), || {
        "the cloud's token is not the lamp's".into()
    })?;
    clean(mi)?;
    Ok(format!(
        "a login with a password and a captcha, and a list with the lamp's token, within {}",
        millis(took)
    ))
}

pub(super) async fn property(mi: &MiHome, lamp: &SimDevice) -> Result<String, String> {
    let (did, wanted) = (did(lamp)?, json!(73));
    let started = Instant::now();
    let values = [(did.clone(), BRIGHTNESS, wanted.clone())];
    let set = mi.client.set_properties(&values).await.map_err(told)?;
    let code = set.first().and_then(Option::as_ref).map(|result| result.code.get());
    expect("the answer to the write", &json!(code), Some(json!(0)))?;
    expect("the lamp's own value", &wanted, lamp.property(BRIGHTNESS))?;
    expect("what is read", &read(mi, &did).await?, Some(wanted))?;
    clean(mi)?;
    Ok(format!(
        "through the cloud the lamp is set to 73 %, which it says itself, and read again, within {}",
        millis(started.elapsed())
    ))
}

pub(super) async fn expired(mi: &MiHome, lamp: &SimDevice) -> Result<String, String> {
    let did = did(lamp)?;
    let before = mi.cloud.report();
    mi.cloud.expire(Expiry::Status401);
    let started = Instant::now();
    // Of another client each, so that they are not gathered into one request.
    let apart = (0..CALLERS).map(|_| mi.client.in_region(mi.client.region()));
    let reads = apart.map(|client| {
        let asked = [(did.clone(), BRIGHTNESS)];
        async move { client.properties(&asked, DataSource::Device).await }
    });
    for answer in join_all(reads).await {
        answer.map_err(told)?;
    }
    let took = started.elapsed();
    let report = mi.cloud.report();
    let logins = report.pass_token_logins - before.pass_token_logins;
    expect("logins", &json!(logins), Some(json!(1)))?;
    let told_so = report.expired - before.expired;
    check(told_so >= 1, || "no call was told that its login has expired".into())?;
    clean(mi)?;
    Ok(format!(
        "the login expires, {told_so} of {CALLERS} callers are told so at once, one login without a password helps \
         them all, within {}",
        millis(took)
    ))
}

async fn read(mi: &MiHome, did: &Did) -> Result<Value, String> {
    let asked = [(did.clone(), BRIGHTNESS)];
    let answers = mi.client.properties(&asked, DataSource::Device).await.map_err(told)?;
    let value = answers.into_iter().flatten().next().and_then(|result| result.value);
    Ok(value.unwrap_or_default())
}

fn did(lamp: &SimDevice) -> Result<Did, String> {
    lamp.did().to_string().parse().map_err(text)
}

/// Nothing was sent that a real cloud would refuse.
fn clean(mi: &MiHome) -> Result<(), String> {
    expect(
        "requests that are refused",
        &json!(mi.cloud.report().violations.total()),
        Some(json!(0)),
    )
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Of nobody.
const USER: &str = "someone@example.com";
const PASSWORD: &str = "simulated";
const CAPTCHA: &str = "Ab3d";
const CALLERS: usize = 20;
