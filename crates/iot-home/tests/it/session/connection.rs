//! Connections that are lost in a way that nobody tells.

use std::time::Duration;

use iot_home::mqtt::client::{ErrorKind, Event, Session};
use iot_home::sim::mqtt::{Faults, Silence};

use super::{aliyun_at, connect, connected, disconnected, event, options, platform, within};

/// The network is gone and nobody says so.
#[tokio::test]
async fn a_half_open_connection_is_noticed_and_replaced() {
    let platform = platform().spawn().await.unwrap();
    let options = options(&platform)
        .ping_interval(Duration::from_millis(100))
        .patience(Duration::from_millis(300));
    let mut session = connect(aliyun_at(&platform), options.clone()).await;
    event(&mut session).await;
    platform.set_faults(Faults::default().silence(Silence::Total));
    let error = disconnected(&mut session).await;
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(error.to_string().starts_with("nothing heard of the broker"), "{error}");
    platform.set_faults(Faults::default());
    within(connected(&mut session)).await;
    let publish = session.publish("/a1X2bEnP82z/lamp-1/user/update", "1");
    within(publish).await.unwrap();
    assert_eq!(platform.report().violations.total(), 0);
}

/// While something is awaited that is noticed soon, whatever the keep-alive is.
#[tokio::test]
async fn a_message_that_is_awaited_finds_out_sooner() {
    let platform = platform().spawn().await.unwrap();
    let options = options(&platform).patience(Duration::from_millis(300));
    let mut session = connect(aliyun_at(&platform), options).await;
    event(&mut session).await;
    platform.set_faults(Faults::default().silence(Silence::Total));
    let handle = session.handle();
    let publishing =
        tokio::spawn(async move { handle.publish("/a1X2bEnP82z/lamp-1/user/update", "1").await });
    disconnected(&mut session).await;
    platform.set_faults(Faults::default());
    // It arrives with the next connection.
    within(publishing).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_broker_that_never_answers_the_login() {
    let platform =
        platform().faults(Faults::default().silence(Silence::Total)).spawn().await.unwrap();
    // Past the TLS handshake, which takes part in the silence.
    let addr = platform.tcp_addr();
    let login = super::lamp().tcp().host(addr.ip().to_string()).unwrap().port(addr.port());
    let options = options(&platform).connect_timeout(Duration::from_millis(200));
    let before = tokio::time::Instant::now();
    let error = within(Session::connect(login, options.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(before.elapsed() < Duration::from_secs(5));
    let error = within(Session::connect(aliyun_at(&platform), options)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn nobody_listens() {
    let platform = platform().spawn().await.unwrap();
    platform.stop(true).await.unwrap();
    let error =
        within(Session::connect(aliyun_at(&platform), options(&platform))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains(&platform.tls_addr().port().to_string()));

    // A device that starts before its network goes on trying.
    let mut session = Session::start(aliyun_at(&platform), options(&platform)).unwrap();
    disconnected(&mut session).await;
    disconnected(&mut session).await;
    platform.start().await.unwrap();
    within(connected(&mut session)).await;
}

/// Two programs with one identity end each other's connections, and are told.
#[tokio::test]
async fn twins_are_recognised() {
    let platform = platform().spawn().await.unwrap();
    let mut first = connect(aliyun_at(&platform), options(&platform)).await;
    let mut second = connect(aliyun_at(&platform), options(&platform)).await;
    let suspicion = |session: Session| async move {
        let mut session = session;
        loop {
            if let Event::Disconnected { error, .. } = event(&mut session).await
                && let Some(evictions) = error.evictions()
            {
                return (error, evictions, session);
            }
        }
    };
    let ((error, evictions, one), (_, _, two)) =
        within(async { tokio::join!(suspicion(first), suspicion(second)) }).await;
    assert_eq!((error.kind(), evictions), (ErrorKind::Disconnected, 3));
    assert!(error.hint().unwrap().contains("same identity"));
    first = one;
    second = two;
    assert!(platform.report().kicked >= 5);
    // Where one leaves, the other stays.
    first.close().await;
    within(async {
        while !second.is_connected() {
            event(&mut second).await;
        }
    })
    .await;
}
