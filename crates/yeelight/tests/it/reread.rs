//! What the client asks by itself after a change of power, and that it does not spend the quota on it. In
//! virtual time.

use std::time::Duration;

use iot_home_yeelight::session::Config;
use iot_home_yeelight::{Bulb, Effect, Light};

use crate::rig::{Peer, Scripted, timed};

const SECOND: Duration = Duration::from_secs(1);
const ON: &str = "{\"method\":\"props\",\"params\":{\"power\":\"on\"}}\r\n";
const BACKGROUND_ON: &str = "{\"method\":\"props\",\"params\":{\"bg_power\":\"on\"}}\r\n";

/// A bulb whose state was read, and that is off.
async fn connected() -> (Scripted, Peer, Bulb) {
    let (mut bulb, builder) = Scripted::new();
    let config = Config::default().settle(Duration::ZERO).keep_alive(None);
    let connecting = tokio::spawn(builder.session(config).connect());
    let mut peer = bulb.accept().await;
    answer(&mut peer).await;
    (bulb, peer, connecting.await.unwrap().unwrap())
}

/// Answers a question: the light is off, and of the rest nothing is told.
async fn answer(peer: &mut Peer) {
    let line = peer.line().await.expect("a question");
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["method"], "get_prop", "{line}");
    let values: Vec<_> = json["params"].as_array().unwrap().iter().map(|_| "").collect();
    let mut values = serde_json::to_value(values).unwrap();
    values[0] = "off".into();
    peer.say(format!("{{\"id\":{},\"result\":{values}}}\r\n", json["id"])).await;
}

/// Whether anything is asked within that time.
async fn is_asked_within(peer: &mut Peer, time: Duration) -> bool {
    tokio::time::timeout(time, peer.line()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_bulb_that_tells_of_the_power_is_not_asked_whether_before_or_after_its_answer() {
    for told_first in [true, false] {
        let (_bulb, mut peer, handle) = connected().await;
        let caller = handle.clone();
        let calling = tokio::spawn(async move { caller.on(Effect::Sudden).await });
        let (id, _) = peer.command().await;
        if told_first {
            peer.say(ON).await;
        }
        peer.ok(id).await;
        calling.await.unwrap().unwrap();
        if !told_first {
            tokio::time::sleep(SECOND / 2).await;
            peer.say(ON).await;
        }
        assert!(!is_asked_within(&mut peer, 60 * SECOND).await, "told first: {told_first}");
        assert_eq!(handle.state().is_on(Light::Main), Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bulb_that_does_not_tell_of_the_power_is_asked_after_a_second() {
    let (_bulb, mut peer, handle) = connected().await;
    let caller = handle.clone();
    let calling = tokio::spawn(async move { caller.on(Effect::Sudden).await });
    let (id, _) = peer.command().await;
    peer.ok(id).await;
    calling.await.unwrap().unwrap();
    let (_, after) = timed(answer(&mut peer)).await;
    assert_eq!(after, SECOND);
    assert!(!is_asked_within(&mut peer, 60 * SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_the_second_light_is_asked_for_again_a_moment_later() {
    let (_bulb, mut peer, _handle) = connected().await;
    peer.say(BACKGROUND_ON).await;
    // That the main light is on says nothing of it.
    peer.say(ON).await;
    let (_, after) = timed(answer(&mut peer)).await;
    assert_eq!(after, Duration::from_millis(400));
    assert!(!is_asked_within(&mut peer, 60 * SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn a_bulb_that_goes_on_telling_does_not_use_up_the_quota() {
    let (_bulb, mut peer, handle) = connected().await;
    let caller = handle.clone();
    // A command every two seconds is well within the quota: none of them should have to wait.
    let calling = tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        for _ in 0..90 {
            let (ended, took) = timed(caller.set_bright(50, Effect::Sudden)).await;
            ended.unwrap();
            longest = longest.max(took);
            tokio::time::sleep(2 * SECOND).await;
        }
        longest
    });
    let mut questions = 0;
    let mut tick = tokio::time::interval(Duration::from_millis(600));
    while !calling.is_finished() {
        tokio::select! {
            _ = tick.tick() => peer.say(BACKGROUND_ON).await,
            line = peer.line() => {
                let json: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
                if json["method"] == "get_prop" {
                    questions += 1;
                    peer.say(format!("{{\"id\":{},\"result\":[]}}\r\n", json["id"])).await;
                } else {
                    peer.ok(json["id"].as_u64().unwrap()).await;
                }
            }
        }
    }
    let longest = calling.await.unwrap();
    assert!(longest < SECOND, "a command waited for {longest:?}");
    assert!((30..=40).contains(&questions), "{questions} questions in three minutes");
}
