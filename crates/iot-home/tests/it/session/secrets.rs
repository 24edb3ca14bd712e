//! Nothing that is traced, shown or told has a secret in it.

use std::io;
use std::sync::{Arc, Mutex};

use iot_home::mqtt::Signer as _;
use iot_home::mqtt::client::{Qos, Session};
use iot_home::sim::mqtt::Faults;

use super::{NEW_YEAR, SECRET, aliyun_at, connect, connected, event, options, platform, within};

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

#[tokio::test]
async fn no_secret_is_shown() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // With one subscriber alone, what another thread traces first is off for good, since there nobody listens.
    let _other = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish());

    let platform = platform().spawn().await.unwrap();
    let login = aliyun_at(&platform);
    let signed = login.login(NEW_YEAR, &mut iot_home::core::SeededRandom::new(1));
    let password = signed.password.as_ref().unwrap().expose().clone();
    let options = options(&platform);
    let mut shown = format!("{login:?} {options:?} {signed:?}");
    let mut session = connect(login.clone(), options.clone()).await;
    session.subscribe("/a1X2bEnP82z/lamp-1/user/get", Qos::AtLeastOnce).await.unwrap();
    session.publish("/a1X2bEnP82z/lamp-1/user/update", "payload-is-private").await.unwrap();
    platform.publish("/a1X2bEnP82z/lamp-1/user/get", "payload-is-private", 1);
    shown += &format!("{session:?} {:?}", event(&mut session).await);
    shown += &format!("{:?}", event(&mut session).await);
    platform.disconnect_all();
    connected(&mut session).await;
    platform.set_faults(Faults::default().refuse(iot_home::mqtt::ConnectCode::NOT_AUTHORIZED, 1));
    let error = within(Session::connect(login, options)).await.unwrap_err();
    shown += &format!("{error} {error:?} {:?}", error.hint());

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("no connection any longer"), "something is traced: {log}");
    for secret in [SECRET, &password, "payload-is-private"] {
        assert!(!log.contains(secret), "traced");
        assert!(!shown.contains(secret), "shown: {shown}");
    }
}
