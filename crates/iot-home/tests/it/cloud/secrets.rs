//! Nothing that is traced, shown or told has a secret in it.

use std::io;
use std::sync::{Arc, Mutex};

use iot_home::Did;
use iot_home::micloud::client::Error;
use iot_home::micloud::{Call, api};
use iot_home::sim::SimDevice;
use iot_home::sim::micloud::{CloudDevice, Expiry, Faults, Outage, Verification};
use serde_json::json;

use super::{PASSWORD, USER, account, answered, builder, client, within};

/// Keeps all that is traced.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told(error: &Error) -> String {
    let source = std::error::Error::source(error).map(|source| format!("{source} {source:?}"));
    format!("{error} {error:?} {:?} {source:?}\n", error.hint())
}

#[tokio::test]
async fn no_secret_is_shown() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let verification = Verification::new("246810").phone("138******00");
    let lamp = CloudDevice::of(SimDevice::light().did(300_000_001));
    let cloud = builder()
        .account(account().captcha("Ab3dEf").verification(verification))
        .device(lamp)
        .spawn()
        .await
        .unwrap();
    let client = client(&cloud);
    let mut dialog = client.log_in(USER, PASSWORD);
    let mut shown = format!("{dialog:?} {client:?}");
    let asked = answered(&mut dialog, ["Ab3dEf", "246810"]).await.unwrap();
    shown += &format!("{dialog:?} {client:?} {asked:?}");
    let first = client.session().unwrap();
    let devices = within(client.devices()).await.unwrap();
    shown += &format!("{devices:?} {first:?}");
    let did = Did::from(300_000_001);
    within(client.rpc(&did, "get_prop", &json!(["power", "payload-is-private"]))).await.unwrap();
    cloud.expire(Expiry::InvalidSignature);
    within(client.check_messages(0)).await.unwrap();
    let second = client.session().unwrap();
    let private = Call::<serde_json::Value>::new("/no/such", r#"["payload-is-private"]"#).unwrap();
    for outage in [Outage::Status(500), Outage::Page, Outage::Truncated, Outage::Unanswered] {
        cloud.set_faults(Faults::default().next(outage, 1).below("/app/"));
        shown += &told(&within(client.send(&private)).await.unwrap_err());
    }
    shown += &told(&within(client.send(&private)).await.unwrap_err());
    cloud.forget_pass_tokens();
    cloud.expire(Expiry::Code3);
    shown += &told(&within(client.check_messages(0)).await.unwrap_err());
    shown += &told(
        &within(client.log_in(USER, "another secret").challenge())
            .await
            .err()
            .unwrap_or_else(|| client.signed_url(&api::messages()).unwrap_err()),
    );
    drop(cloud);
    shown += &told(&within(client.send(&private)).await.unwrap_err());

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for traced in ["answered", "the login is not accepted", "the login was renewed"] {
        assert!(log.contains(traced), "something is traced");
    }
    let token = devices[0].token.as_ref().unwrap().expose().clone();
    let mut secrets = vec![
        PASSWORD.to_owned(),
        "another secret".to_owned(),
        "246810".to_owned(),
        "Ab3dEf".to_owned(),
        "payload-is-private".to_owned(),
        token,
    ];
    for session in [&first, &second] {
        secrets.push(session.pass_token.as_ref().unwrap().expose().clone());
        let keys = &session.services["xiaomiio"];
        secrets.push(keys.service_token.expose().clone());
        secrets.push(keys.ssecurity.expose_base64().expose().clone());
    }
    for secret in secrets {
        // As it travels in cookies, and in forms.
        let encoded = secret.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for text in [&log, &shown] {
            for secret in [&secret, &encoded] {
                let at = text.find(secret.as_str());
                let around = at.map(|at| &text[at.saturating_sub(200)..at]);
                assert!(at.is_none(), "after {around:?}");
            }
        }
    }
    for traced in ["ticket=", "hash=", "&data="] {
        assert!(!log.contains(traced), "no query, and no form: {traced}");
    }
}
