//! A broker that sends anything, in any pieces: the session neither panics nor hangs, and keeps no more than it may.

#![no_main]

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home_mqtt::MqttLogin;
use iot_home_mqtt::client::{Event, Message, Options, Qos, Session};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fuzz_target!(|input: (bool, bool, Vec<Vec<u8>>)| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(play(input));
});

async fn play((let_in, clean, pieces): (bool, bool, Vec<Vec<u8>>)) {
    let (client, mut broker) = tokio::io::duplex(4096);
    let client = Mutex::new(Some(client));
    let options =
        Options::new().inbox(4, 400).max_packet(300).timeout(Duration::from_secs(20)).dial_with(
            move |_, _| {
                let stream = client.lock().expect("nobody panics").take();
                async move { stream.ok_or_else(|| io::ErrorKind::ConnectionRefused.into()) }
            },
        );
    let mut login = MqttLogin::new("broker.test", 1883, "fuzz");
    login.clean_session = clean;
    let mut session = Session::start(login, options).expect("the options are sound");

    // Something of everything under way, so that any acknowledgement may fit.
    for qos in [Qos::AtLeastOnce, Qos::ExactlyOnce] {
        let handle = session.handle();
        tokio::spawn(async move { handle.send(Message::new("t", "x").qos(qos)).await });
    }
    let handle = session.handle();
    tokio::spawn(async move { handle.subscribe("a/#", Qos::AtLeastOnce).await });
    let handle = session.handle();
    tokio::spawn(async move { handle.unsubscribe("b").await });

    let broker = tokio::spawn(async move {
        if let_in && broker.write_all(&[0x20, 2, 1, 0]).await.is_err() {
            return;
        }
        for piece in pieces {
            if broker.write_all(&piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        // Everything that it is sent, until it is left.
        let mut sink = [0; 1024];
        while broker.read(&mut sink).await.is_ok_and(|read| read > 0) {}
    });
    let reading = async {
        while let Some(Ok(event)) = session.next().await {
            match event {
                Event::Disconnected { .. } => break,
                Event::Message(message) => assert!(message.payload.len() <= 300),
                _ => {}
            }
        }
    };
    // A connection that is not cut has its pings answered or not; either way a minute tells.
    let _ = tokio::time::timeout(Duration::from_secs(60), reading).await;
    tokio::time::timeout(Duration::from_secs(60), session.close()).await.expect("it closes");
    broker.abort();
}
