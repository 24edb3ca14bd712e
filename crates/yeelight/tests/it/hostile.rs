//! Whatever a bulb does, a call ends, and says how. In virtual time, against a bulb whose every byte is
//! the test's.

use std::time::Duration;

use futures_util::StreamExt;
use iot_home_yeelight::client::Change;
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{Bulb, DeviceError, Effect, ErrorKind, Light, Property, Rgb};

use crate::rig::{Peer, Scripted, timed};

const SECOND: Duration = Duration::from_secs(1);

async fn connected() -> (Scripted, Peer, Bulb) {
    let (mut bulb, builder) = Scripted::new();
    let config = Config::default().read_state(false).settle(Duration::ZERO);
    let handle = builder.session(config).connect().await.unwrap();
    let peer = bulb.accept().await;
    (bulb, peer, handle)
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_call_at_its_deadline() {
    let (_bulb, _peer, handle) = connected().await;
    let (ended, took) = timed(handle.on(Effect::Sudden)).await;
    let error = ended.unwrap_err();
    assert_eq!((error.kind(), took), (ErrorKind::NoAnswer, 5 * SECOND));
    assert!(error.is_timeout() && error.is_retryable(), "{error}");
    // What must not be done twice may have been done once.
    let error = handle.toggle().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MaybeExecuted);
    assert!(!error.is_retryable());
    assert!(error.to_string().starts_with("toggle at 192.0.2.1:"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_is_none_until_the_rest_comes() {
    let (_bulb, mut peer, handle) = connected().await;
    let calling = tokio::spawn({
        let handle = handle.clone();
        async move { timed(handle.on(Effect::Sudden)).await }
    });
    let (id, _) = peer.command().await;
    for piece in
        [format!("{{\"id\":{id},\"res"), "ult\":[\"".into(), "ok\"]}\r".into(), "\n".into()]
    {
        tokio::time::sleep(SECOND).await;
        peer.say(piece).await;
    }
    let (ended, took) = calling.await.unwrap();
    ended.unwrap();
    assert_eq!(took, 4 * SECOND);
    // And where it never comes, the call ends at its deadline.
    let calling = tokio::spawn(async move { handle.on(Effect::Sudden).await });
    let (id, _) = peer.command().await;
    peer.say(format!("{{\"id\":{id},\"result\":[\"o")).await;
    assert_eq!(calling.await.unwrap().unwrap_err().kind(), ErrorKind::NoAnswer);
}

#[tokio::test(start_paused = true)]
async fn garbage_wrong_ids_and_endless_lines_hide_no_answer() {
    for noise in [
        &b"\xff\xfe\x00garbage\r\n"[..],
        b"{\"id\":",
        b"{\"id\":99,\"result\":[\"ok\"]}\r\n",
        b"{\"id\":-1,\"result\":[\"ok\"]}\r\n{\"id\":\"x\",\"result\":1}\r\n",
        b"[1,2,3]\r\nnull\r\n\"text\"\r\n{}\r\n{\"id\":1}\r\n",
        b"{\"method\":\"props\",\"params\":\"none\"}\r\n{\"method\":7}\r\n",
        &[b'x'; 100_000],
    ] {
        let (_bulb, mut peer, handle) = connected().await;
        let calling = tokio::spawn(async move { timed(handle.on(Effect::Sudden)).await });
        let (id, _) = peer.command().await;
        peer.say(noise).await;
        // What begins in the middle of an endless line is lost with it.
        peer.say("\r\n").await;
        peer.ok(id).await;
        let (ended, took) = calling.await.unwrap();
        ended.unwrap();
        assert!(took < SECOND, "{}", String::from_utf8_lossy(&noise[..10.min(noise.len())]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_id_is_not_taken_for_the_answer() {
    let (_bulb, mut peer, handle) = connected().await;
    let calling = tokio::spawn(async move { handle.get([Property::Power]).await });
    let (id, _) = peer.command().await;
    peer.say(format!("{{\"id\":{},\"result\":[\"on\"]}}\r\n", id + 1)).await;
    assert_eq!(calling.await.unwrap().unwrap_err().kind(), ErrorKind::NoAnswer);
}

#[tokio::test(start_paused = true)]
async fn many_calls_share_a_write_and_take_their_answers_in_any_order() {
    let (_bulb, mut peer, handle) = connected().await;
    let calls: Vec<_> = (0..50_u8)
        .map(|at| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.get([Property::from(&*format!("p{at}"))]).await })
        })
        .collect();
    let mut asked = Vec::new();
    for _ in 0..50 {
        let line = peer.line().await.unwrap();
        asked.push(serde_json::from_str::<serde_json::Value>(&line).unwrap());
    }
    asked.reverse();
    let answers = asked
        .iter()
        .map(|asked| format!("{{\"id\":{},\"result\":[{}]}}\r\n", asked["id"], asked["params"][0]));
    peer.say(answers.collect::<String>()).await;
    for (at, call) in calls.into_iter().enumerate() {
        let property = Property::from(&*format!("p{at}"));
        let read = call.await.unwrap().unwrap();
        assert_eq!(read.value(&property).unwrap().as_text(), Some(&*format!("p{at}")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_is_told_at_once_and_made_again() {
    let (mut bulb, mut peer, handle) = connected().await;
    let mut changes = handle.changes();
    let caller = handle.clone();
    let calling = tokio::spawn(async move { timed(caller.on(Effect::Sudden)).await });
    peer.command().await;
    drop(peer);
    let (ended, took) = calling.await.unwrap();
    let error = ended.unwrap_err();
    assert_eq!((error.kind(), took), (ErrorKind::Disconnected, Duration::ZERO));
    assert!(error.is_retryable());
    assert_eq!(changes.next().await, Some(Change::Lost));
    // The next call waits for the next connection.
    let caller = handle.clone();
    let calling = tokio::spawn(async move { caller.toggle().await });
    let mut peer = bulb.accept().await;
    assert_eq!(changes.next().await, Some(Change::Restored));
    let (id, method) = peer.command().await;
    // Ids go on counting, so that no late answer is taken for another.
    assert_eq!((id, &*method), (2, "toggle"));
    peer.ok(id).await;
    calling.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bulb_that_always_hangs_up_is_tried_less_and_less_often() {
    let (mut bulb, mut peer, _handle) = connected().await;
    let mut pauses = Vec::new();
    for _ in 0..9 {
        drop(peer);
        let (next, pause) = timed(bulb.accept()).await;
        peer = next;
        pauses.push(pause);
    }
    assert!(pauses[0] <= SECOND, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 30 * SECOND), "{pauses:?}");
    assert!(pauses[8] >= 22 * SECOND, "{pauses:?}");
    // After one that was good the next is made at once.
    tokio::time::sleep(11 * SECOND).await;
    drop(peer);
    let (_peer, pause) = timed(bulb.accept()).await;
    assert_eq!(pause, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_finds_no_connection_waits_for_it_and_then_says_so() {
    let (bulb, peer, handle) = connected().await;
    drop(bulb);
    drop(peer);
    tokio::time::sleep(SECOND).await;
    let (ended, took) = timed(handle.on(Effect::Sudden)).await;
    let error = ended.unwrap_err();
    assert_eq!((error.kind(), took), (ErrorKind::Refused, 5 * SECOND), "{error}");
    assert!(error.to_string().contains("nothing was sent"), "{error}");
    assert!(error.hint().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_bulb_without_power_is_noticed_and_left() {
    let (mut bulb, mut peer, handle) = connected().await;
    let ((ping, quiet), _) = (timed(peer.command()).await, ());
    assert_eq!((&*ping.1, quiet), ("get_prop", 60 * SECOND));
    // One answer, and silence from then on.
    peer.say(format!("{{\"id\":{},\"result\":[\"on\"]}}\r\n", ping.0)).await;
    let (_, quiet) = timed(peer.command()).await;
    assert_eq!(quiet, 60 * SECOND);
    let (_next, noticed) = timed(bulb.accept()).await;
    assert_eq!(noticed, 5 * SECOND);
    assert!(peer.line().await.is_none(), "the old connection is closed");
    assert!(handle.is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_command_without_an_answer_makes_the_client_look_whether_the_bulb_is_there() {
    let (mut bulb, mut peer, handle) = connected().await;
    let caller = handle.clone();
    let calling = tokio::spawn(async move { caller.on(Effect::Sudden).await });
    peer.command().await;
    let (ping, after) = timed(peer.command()).await;
    assert_eq!((&*ping.1, after), ("get_prop", 5 * SECOND));
    assert_eq!(calling.await.unwrap().unwrap_err().kind(), ErrorKind::NoAnswer);
    let (_next, noticed) = timed(bulb.accept()).await;
    assert!(noticed < 7 * SECOND, "{noticed:?}");
    assert!(handle.is_connected());
}

#[tokio::test(start_paused = true)]
async fn the_connection_ends_with_the_last_handle() {
    let (_bulb, mut peer, handle) = connected().await;
    let other = handle.clone();
    let mut changes = handle.changes();
    drop(handle);
    other.toggle().await.unwrap_err();
    drop(other);
    assert_eq!(changes.next().await, None);
    while peer.line().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn errors_are_typed() {
    let (_bulb, mut peer, handle) = connected().await;
    for (error, kind, device) in [
        (
            "{\"code\":-1,\"message\":\"method not supported\"}",
            ErrorKind::NotSupported,
            DeviceError::NotSupported,
        ),
        (
            "{\"code\":-5001,\"message\":\"invalid params\"}",
            ErrorKind::Device,
            DeviceError::InvalidParams { code: Some(-5001) },
        ),
        ("{\"code\":-5000,\"message\":\"general error\"}", ErrorKind::Device, DeviceError::General),
        (
            "{\"code\":-1,\"message\":\"client quota exceeded\"}",
            ErrorKind::Quota,
            DeviceError::QuotaExceeded,
        ),
    ] {
        let caller = handle.clone();
        let calling = tokio::spawn(async move { caller.on(Effect::Sudden).await });
        let (id, _) = peer.command().await;
        peer.say(format!("{{\"id\":{id}, \"error\":{error}}}\r\n")).await;
        let failed = calling.await.unwrap().unwrap_err();
        assert_eq!((failed.kind(), failed.device_error()), (kind, Some(&device)), "{failed}");
        assert!(failed.hint().is_some() || kind == ErrorKind::Device, "{failed}");
        assert_eq!(failed.retry_after().is_some(), kind == ErrorKind::Quota);
    }
    // The bulb could not even read the command, and says so without its id.
    tokio::time::sleep(61 * SECOND).await;
    let (ping, _) = peer.command().await;
    peer.ok(ping).await;
    let caller = handle.clone();
    let calling = tokio::spawn(async move { caller.on(Effect::Sudden).await });
    peer.command().await;
    peer.say("{\"id\":0, \"error\":{\"code\":-1, \"message\":\"invalid command\"}}\r\n").await;
    let failed = calling.await.unwrap().unwrap_err();
    assert_eq!(failed.device_error(), Some(&DeviceError::InvalidCommand));
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_changes_who_sleeps_holds_up_nothing() {
    let (_bulb, mut peer, handle) = connected().await;
    let mut changes = handle.changes();
    let caller = handle.clone();
    let calling = tokio::spawn(async move {
        for _ in 0..20 {
            caller.on(Effect::Sudden).await?;
        }
        Ok::<_, iot_home_yeelight::Error>(())
    });
    for round in 0..20 {
        let (id, _) = peer.command().await;
        for bright in 1..=100 {
            let push = format!(
                "{{\"method\":\"props\",\"params\":{{\"bright\":{bright},\"x{round}\":1}}}}\r\n"
            );
            peer.say(push).await;
        }
        peer.ok(id).await;
    }
    calling.await.unwrap().unwrap();
    assert_eq!(handle.state().brightness(Light::Main), Some(100));
    drop(handle);
    let told: Vec<_> = changes.by_ref().collect().await;
    assert_eq!(told.len(), 64);
    let Some(Change::Properties(last)) = told.last() else { panic!("{told:?}") };
    assert_eq!(last.value(&Property::Bright).unwrap().as_number(), Some(100));
    assert!(last.value(&Property::from("x19")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_that_was_not_sent_never_is() {
    let (mut bulb, builder) = Scripted::new();
    let config = Config::default().read_state(false).settle(SECOND);
    let handle = builder.session(config).connect().await.unwrap();
    let mut peer = bulb.accept().await;
    let dropped =
        tokio::time::timeout(Duration::from_millis(500), handle.set_rgb(Rgb(1), Effect::Sudden));
    assert!(dropped.await.is_err());
    let calling = tokio::spawn(async move { timed(handle.toggle()).await });
    let (id, method) = peer.command().await;
    assert_eq!((id, &*method), (1, "toggle"));
    peer.ok(id).await;
    let (ended, took) = calling.await.unwrap();
    ended.unwrap();
    assert_eq!(took, Duration::from_millis(500), "a bulb gets its moment after the connection");
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_may_wait_are_refused() {
    let (mut bulb, builder) = Scripted::new();
    let config = Config::default().read_state(false).settle(Duration::ZERO).max_waiting(3);
    let handle = builder.session(config).connect().await.unwrap();
    let _peer = bulb.accept().await;
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let caller = handle.clone();
            tokio::spawn(async move { caller.toggle().await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(handle.toggle().await.unwrap_err().kind(), ErrorKind::Full);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::MaybeExecuted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_is_left_within_its_time() {
    let (mut bulb, builder) = Scripted::new();
    let config = Config::default()
        .read_state(false)
        .settle(Duration::ZERO)
        .quota(iot_home_yeelight::QuotaPolicy::Off);
    let handle = builder.session(config).connect().await.unwrap();
    let _stuck = bulb.accept().await;
    let leds = || handle.update_leds(vec![Rgb(7); 3_000]);
    let calls = futures_util::future::join_all((0..6).map(|_| leds()));
    let (ended, took) = timed(calls).await;
    assert!(ended.iter().all(Result::is_err));
    assert!(took <= 15 * SECOND, "{took:?}");
}
