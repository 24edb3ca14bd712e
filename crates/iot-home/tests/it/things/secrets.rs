//! Nothing that is traced, shown or told has a secret in it, nor what devices say.

use std::io;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use iot_home::aliyun::client::Event;
use iot_home::aliyun::thing::Code;
use iot_home::sim::mqtt::{AnswerFault, Faults};
use serde_json::json;

use super::{SECRET, SUB_SECRET, hasty, lamp, sub, within};

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
    const PRIVATE: &str = "this-is-private";
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // With one subscriber alone, what another thread traces first is off for good, since there nobody listens.
    let _other = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish());

    let platform = super::platform().await;
    let thing = hasty(&platform).await;
    let mut events = thing.events();
    let private = json!({ "name": PRIVATE });
    let proof = sub("sub-1").sub_device();
    thing.gateway().add(std::slice::from_ref(&proof)).await.unwrap();
    let below = thing.gateway().login(&proof).await.unwrap();
    below.report(&private).await.unwrap();
    let mut shown = format!("{thing:?} {below:?} {events:?} {:?} {proof:?}", thing.gateway());
    platform.set_properties(&lamp(), &private).unwrap();
    platform.call_service(&lamp(), "blink", &private).unwrap();
    platform.desire(&lamp(), private.as_object().unwrap()).unwrap();
    platform
        .offer_firmware(
            &lamp(),
            json!({"version": "2", "url": format!("https://a.example/{PRIVATE}")}),
        )
        .unwrap();
    thing.firmware_version("1", None).await.unwrap();
    platform.publish("/sys/a1X2bEnP82z/lamp-1/thing/service/property/set", PRIVATE, 1);
    platform.publish("/broadcast/a1X2bEnP82z/news", PRIVATE, 1);
    let mut kinds = 0;
    while kinds < 6 {
        let event = within(events.next()).await.unwrap().unwrap();
        kinds += u32::from(!matches!(event, Event::Connected { .. }));
        shown += &format!("{event:?}");
    }
    for fault in [AnswerFault::Missing, AnswerFault::Code(460)] {
        platform.set_faults(Faults::default().answers(fault, 1));
        let error = thing.report(&private).await.unwrap_err();
        shown += &format!("{error} {error:?} {:?}", error.hint());
    }
    platform.call_service(&lamp(), "blink", &private).unwrap();
    if let Event::Service(call) = within(events.next()).await.unwrap().unwrap() {
        let error = call.reply(Code::SUCCESS, &[PRIVATE]).await.unwrap_err();
        shown += &format!("{error} {error:?}");
    }
    platform.disconnect_all();
    loop {
        let event = within(events.next()).await.unwrap().unwrap();
        shown += &format!("{event:?}");
        if matches!(event, Event::Disconnected { .. }) {
            break;
        }
    }

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("no connection any longer"), "something is traced: {log}");
    for secret in [SECRET, SUB_SECRET, PRIVATE] {
        assert!(!log.contains(secret), "traced");
        assert!(!shown.contains(secret), "shown: {shown}");
    }
}
