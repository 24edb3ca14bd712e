//! Messages, in both directions and across connections.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use iot_home::mqtt::client::{ErrorKind, Event, Message, Qos, Session};
use iot_home::sim::mqtt::{DeviceId, Faults, SimPlatform};

use super::{
    aliyun_at, connect, connected, event, lamp, message, options, platform, tencent_at, within,
};

const UP: &str = "/a1X2bEnP82z/lamp-1/user/update";
const DOWN: &str = "/a1X2bEnP82z/lamp-1/user/get";

/// How often each numbered message came.
fn received(platform: &SimPlatform) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for message in platform.messages().iter().filter(|message| message.topic == UP) {
        *counts.entry(message.text().unwrap().parse().unwrap()).or_insert(0) += 1;
    }
    counts
}

#[tokio::test]
async fn a_property_report_is_answered() {
    let platform = platform().spawn().await.unwrap();
    let mut session = connect(aliyun_at(&platform), options(&platform)).await;
    let reply = "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post_reply";
    assert_eq!(session.subscribe(reply, Qos::AtLeastOnce).await.unwrap(), Qos::AtLeastOnce);
    let post =
        r#"{"id":"7","version":"1.0","params":{"power":1},"method":"thing.event.property.post"}"#;
    session.publish("/sys/a1X2bEnP82z/lamp-1/thing/event/property/post", post).await.unwrap();
    let message = message(&mut session).await;
    let json: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!((&message.topic[..], &json["id"], &json["code"]), (reply, &"7".into(), &200.into()));
    assert_eq!(platform.report().violations.total(), 0);
}

#[tokio::test]
async fn what_another_devices_topic_is_for_is_refused() {
    let platform = platform().spawn().await.unwrap();
    let session = connect(aliyun_at(&platform), options(&platform)).await;
    let error = session.subscribe("test", Qos::AtMostOnce).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubscriptionRefused);
    assert!(error.to_string().contains("test"));
}

/// Nothing is lost, and nothing comes twice but what MQTT lets come twice.
#[tokio::test]
async fn messages_survive_a_broker_that_restarts() {
    const MESSAGES: usize = 400;
    for keep_sessions in [true, false] {
        let platform = platform().spawn().await.unwrap();
        let login = aliyun_at(&platform).clean_session(false);
        let mut session = connect(login, options(&platform).window(20)).await;
        let handle = session.handle();
        let publishing = stream::iter(0..MESSAGES)
            .map(|number| handle.publish(UP, number.to_string()))
            .buffer_unordered(50)
            .for_each(|done| async { done.unwrap() });
        let restarting = async {
            for restarts in 1..=3 {
                platform.until(|platform| platform.report().received > 80 * restarts).await;
                // Some are taken and never acknowledged.
                platform.set_faults(Faults::default().lost_acks(5));
                platform.until(|platform| platform.report().lost_acks == 5 * restarts).await;
                platform.restart(keep_sessions).await.unwrap();
            }
        };
        within(async { tokio::join!(publishing, restarting) }).await;

        let counts = received(&platform);
        assert!(counts.keys().copied().eq(0..MESSAGES), "everything came");
        let report = platform.report();
        let again = counts.values().filter(|count| **count > 1).count();
        assert!(again >= 15, "{again}: acknowledgements were lost");
        assert!(again <= 3 * 20, "{again}: no more than were under way");
        if keep_sessions {
            assert!(report.received_again >= 15, "{report:?}");
        } else {
            assert_eq!(report.received_again, 0, "{report:?}");
        }
        assert_eq!((report.violations.total(), report.restarts), (0, 3), "{report:?}");
        event(&mut session).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_anywhere_loses_nothing() {
    // In the login, in a subscription, in messages, between them; and in what answers them.
    let input = (1..300).step_by(13).map(|bytes| Faults::default().cut_at_input(bytes));
    let output = (0..25).map(|bytes| Faults::default().cut_at_output(bytes));
    for faults in input.chain(output) {
        let platform = platform().faults(faults.clone()).spawn().await.unwrap();
        let mut session = Session::start(aliyun_at(&platform), options(&platform)).unwrap();
        within(session.subscribe(DOWN, Qos::AtLeastOnce)).await.unwrap();
        for number in 0..5 {
            within(session.publish(UP, number.to_string())).await.unwrap();
        }
        assert!(received(&platform).keys().copied().eq(0..5), "{faults:?}");
        assert!(platform.report().connections >= 2, "{faults:?}");
        platform.publish(DOWN, "down", 1);
        assert_eq!(message(&mut session).await.payload, "down");
    }
}

#[tokio::test]
async fn downlinks_of_any_size_that_the_platform_takes() {
    let platform = platform().spawn().await.unwrap();
    let mut session = connect(aliyun_at(&platform), options(&platform)).await;
    session.subscribe(DOWN, Qos::AtLeastOnce).await.unwrap();
    for size in [12 * 1024, 200 * 1024, 256 * 1024] {
        platform.publish(DOWN, vec![b'x'; size], 1);
        let message = message(&mut session).await;
        assert_eq!(message.payload.len(), size);
        // And back.
        within(session.publish(UP, message.payload)).await.unwrap();
    }
    let error = session.publish(UP, vec![b'x'; 256 * 1024 + 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    let received = platform.messages().iter().filter(|message| message.topic == UP).count();
    assert_eq!((received, platform.report().violations.total()), (3, 0));
}

#[tokio::test]
async fn what_the_platforms_refuse_is_not_sent() {
    let platform = platform().spawn().await.unwrap();
    let tencent = connect(tencent_at(&platform), options(&platform)).await;
    let topic = "YOURPROD01/lamp1/event";
    for message in [
        Message::new(topic, "").qos(Qos::ExactlyOnce),
        Message::new(topic, "").retain(true),
        Message::new(topic, vec![0; 16 * 1024 + 1]),
        Message::new("YOURPROD01/+/event", ""),
    ] {
        let error = tencent.send(message).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadInput, "{error}");
    }
    tencent.send(Message::new(topic, vec![b'x'; 16 * 1024])).await.unwrap();
    let will = options(&platform).will(Message::new(topic, ""));
    let error = Session::connect(tencent_at(&platform), will).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadInput);
    assert_eq!(platform.report().violations.total(), 0);
    assert_eq!(platform.report().connections, 1);
}

/// Tencent takes one filter in a packet, also when many are subscribed to again.
#[tokio::test]
async fn subscriptions_are_made_again_one_by_one() {
    let platform = platform().reconnect_limit(false).spawn().await.unwrap();
    let mut session = connect(tencent_at(&platform), options(&platform)).await;
    let filters = ["control", "data"].map(|name| format!("YOURPROD01/lamp1/{name}"));
    for filter in &filters {
        session.subscribe(filter, Qos::AtLeastOnce).await.unwrap();
    }
    event(&mut session).await;
    platform.restart(false).await.unwrap();
    assert!(!within(connected(&mut session)).await);
    let device = DeviceId::tencent("YOURPROD01", "lamp1");
    within(platform.until(|platform| platform.subscriptions(&device).len() == 2)).await;
    platform.publish(&filters[0], "on", 1);
    assert_eq!(message(&mut session).await.payload, "on");
    assert_eq!(platform.report().violations.total(), 0);
}

#[tokio::test]
async fn messages_that_came_in_between_are_delivered_where_the_session_is_kept() {
    let platform = platform().spawn().await.unwrap();
    let login = aliyun_at(&platform).clean_session(false);
    let mut session = connect(login, options(&platform)).await;
    session.subscribe(DOWN, Qos::AtLeastOnce).await.unwrap();
    platform.stop(true).await.unwrap();
    platform.publish(DOWN, "meanwhile", 1);
    event(&mut session).await;
    platform.start().await.unwrap();
    assert!(connected(&mut session).await, "the broker remembers");
    let message = message(&mut session).await;
    assert_eq!(message.payload, "meanwhile");
    within(platform.until(|platform| platform.pending(&DeviceId::from(&lamp())) == 0)).await;
}

#[tokio::test]
async fn closing_sends_what_waits_and_says_goodbye() {
    let platform = platform().spawn().await.unwrap();
    let session = connect(aliyun_at(&platform), options(&platform)).await;
    let handle = session.handle();
    let messages: Vec<_> = (0..50)
        .map(|number| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.publish(UP, number.to_string()).await })
        })
        .collect();
    tokio::task::yield_now().await;
    within(session.close()).await;
    let mut sent = 0;
    for message in messages {
        match message.await.unwrap() {
            Ok(()) => sent += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Closed),
        }
    }
    assert_eq!(received(&platform).len(), sent);
    within(platform.until(|platform| platform.report().disconnects == 1)).await;
    assert_eq!(handle.publish(UP, "x").await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn the_last_handle_closes_the_session() {
    let platform = platform().spawn().await.unwrap();
    let session = connect(aliyun_at(&platform), options(&platform)).await;
    let handle = session.handle();
    drop(session);
    // Whoever still has a handle can publish.
    handle.publish(UP, "1").await.unwrap();
    drop(handle);
    within(platform.until(|platform| platform.report().disconnects == 1)).await;
}

/// A program that takes its time loses what it has no room for, is told, and goes on.
#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed() {
    let platform = platform().spawn().await.unwrap();
    let mut session =
        connect(aliyun_at(&platform), options(&platform).inbox(10, 1024 * 1024)).await;
    session.subscribe(DOWN, Qos::AtMostOnce).await.unwrap();
    for number in 0..30 {
        platform.publish(DOWN, number.to_string(), 0);
    }
    // They are behind this one's acknowledgement at the latest.
    session.publish(UP, "1").await.unwrap();
    session.publish(UP, "2").await.unwrap();
    let mut messages = 0;
    loop {
        match event(&mut session).await {
            Event::Message(_) => messages += 1,
            Event::Missed { count, .. } => {
                assert_eq!((messages, count), (10, 20));
                break;
            }
            _ => {}
        }
    }
    platform.publish(DOWN, "later", 0);
    assert_eq!(message(&mut session).await.payload, "later");
}
