//! Nothing secret is traced or told, through a login, calls, an expired login, and every way to fail.

use std::io;
use std::sync::{Arc, Mutex};

use iot_home_micloud::MiCloud;
use iot_home_micloud::client::Error;
use iot_home_sim::micloud::{Expiry, Faults, Outage, Verification};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::{PASSWORD, USER, account, client, cloud_of, play};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn secrets_of(client: &MiCloud) -> Vec<String> {
    let session = client.session().unwrap();
    let mut secrets = vec![session.pass_token.as_ref().unwrap().expose().clone()];
    for keys in session.services.values() {
        secrets.push(keys.service_token.expose().clone());
        secrets.push(keys.ssecurity.expose_base64().expose().clone());
    }
    secrets
}

// One thread, so that the subscriber sees everything.
#[tokio::test]
async fn a_full_session_at_trace() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(captured.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut errors: Vec<Error> = Vec::new();
    let verification = Verification::new("246810").phone("138******00");
    let cloud =
        cloud_of(account().captcha("Ab3d").verification(verification)).spawn().await.unwrap();
    let client = client(&cloud).build().unwrap();
    let wrong = client.log_in(USER, "made-up-wrong");
    errors.push(play(wrong, |_| "Ab3d".into()).await.unwrap_err());
    let login = client.log_in(USER, PASSWORD);
    let answers = |challenge: &iot_home_micloud::Challenge| match challenge {
        iot_home_micloud::Challenge::Captcha { .. } => "Ab3d".into(),
        _ => "246810".into(),
    };
    play(login, answers).await.unwrap();
    let mut secrets = secrets_of(&client);
    secrets.extend([PASSWORD, "made-up-wrong", "Ab3d", "246810"].map(ToOwned::to_owned));
    let devices = client.devices().await.unwrap();
    secrets.extend(
        devices
            .iter()
            .filter_map(|device| device.token.clone())
            .map(|token| token.expose().clone()),
    );
    cloud.expire(Expiry::Status426);
    client.devices().await.unwrap();
    secrets.extend(secrets_of(&client));
    for outage in [Outage::Status(500), Outage::Page, Outage::Closed, Outage::Truncated] {
        cloud.set_faults(Faults::seed(1).next(outage, 1).below("/app/"));
        errors.push(client.call("/home/device_list", &json!({})).await.unwrap_err());
    }
    cloud.set_faults(Faults::seed(1));
    cloud.expire(Expiry::InvalidSignature);
    cloud.forget_pass_tokens();
    errors.push(client.devices().await.unwrap_err());
    let traced = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(traced.contains("/home/device_list"), "something was traced");
    let mut told = format!("{client:?} {:?}", client.session());
    for error in &errors {
        let source = std::error::Error::source(error);
        told.push_str(&format!("{error} {error:?} {source:?} {:?}\n", error.hint()));
    }
    assert_eq!(errors.len(), 6);
    for secret in secrets {
        assert!(!traced.contains(&secret), "a secret of {} characters was traced", secret.len());
        assert!(
            !told.contains(&secret),
            "a secret of {} characters was told: {told}",
            secret.len()
        );
    }
}
