//! The quota: 60 commands a minute on a connection, 144 to a bulb, never exceeded unasked. In virtual time,
//! against the simulated bulb that counts by itself.

use std::sync::Arc;
use std::time::Duration;

use iot_home_sim::SimBulb;
use iot_home_sim::yeelight::Quota;
use iot_home_yeelight::session::Config;
use iot_home_yeelight::{Bulb, Effect, ErrorKind, QuotaPolicy};

use crate::rig::{address, timed, to_sim};

fn config() -> Config {
    Config::default().read_state(false).settle(Duration::ZERO).keep_alive(None)
}

#[tokio::test(start_paused = true)]
async fn the_sixty_first_command_waits_for_the_minute_to_pass() {
    let sim = Arc::new(SimBulb::color().spawn_in_memory().unwrap());
    let bulb = to_sim(&sim).session(config()).connect().await.unwrap();
    let (_, quick) = timed(async {
        for _ in 0..60 {
            bulb.on(Effect::Sudden).await.unwrap();
        }
    })
    .await;
    assert_eq!(quick, Duration::ZERO);
    let (ended, waited) = timed(bulb.on(Effect::Sudden)).await;
    ended.unwrap();
    assert!((60..=62).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(sim.report().violations.total(), 0, "{:?}", sim.report());
}

#[tokio::test(start_paused = true)]
async fn on_request_it_is_refused_with_the_time() {
    let sim = Arc::new(SimBulb::color().spawn_in_memory().unwrap());
    let config = config().quota(QuotaPolicy::Refuse);
    let bulb = to_sim(&sim).session(config).connect().await.unwrap();
    for _ in 0..60 {
        bulb.on(Effect::Sudden).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    let error = bulb.on(Effect::Sudden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Quota);
    let wait = error.retry_after().unwrap();
    assert!((39..=42).contains(&wait.as_secs()), "{wait:?}");
    tokio::time::sleep(wait).await;
    bulb.on(Effect::Sudden).await.unwrap();
    assert_eq!((sim.report().violations.total(), sim.report().executed("set_power")), (0, 61));
}

#[tokio::test(start_paused = true)]
async fn connections_to_one_bulb_share_its_quota_and_others_do_not() {
    let sim = Arc::new(SimBulb::color().spawn_in_memory().unwrap());
    let other = Arc::new(SimBulb::color().spawn_in_memory().unwrap());
    let addr = address();
    let connect = |sim: &Arc<iot_home_sim::yeelight::MemoryBulb>, addr| {
        let sim = Arc::clone(sim);
        Bulb::builder(addr)
            .session(config())
            .dial_with(move || std::future::ready(sim.connect()))
            .connect()
    };
    let mut bulbs = Vec::new();
    for _ in 0..3 {
        bulbs.push(connect(&sim, addr).await.unwrap());
    }
    let (_, took) = timed(async {
        for turn in 0..144 {
            bulbs[turn % 3].on(Effect::Sudden).await.unwrap();
        }
    })
    .await;
    assert_eq!(took, Duration::ZERO);
    let elsewhere = connect(&other, address()).await.unwrap();
    assert_eq!(timed(elsewhere.on(Effect::Sudden)).await.1, Duration::ZERO);
    // Nor does a new connection to the same bulb have a new quota.
    drop(bulbs);
    let again = connect(&sim, addr).await.unwrap();
    let (ended, waited) = timed(again.on(Effect::Sudden)).await;
    ended.unwrap();
    assert!((60..=62).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(sim.report().violations.total(), 0, "{:?}", sim.report());
}

#[tokio::test(start_paused = true)]
async fn on_request_not_even_connecting_waits_for_the_quota() {
    let sim = Arc::new(SimBulb::color().spawn_in_memory().unwrap());
    let addr = address();
    let connect = |config| {
        let sim = Arc::clone(&sim);
        let dialer = move || std::future::ready(sim.connect());
        Bulb::builder(addr).session(config).dial_with(dialer).connect()
    };
    for _ in 0..3 {
        let bulb = connect(config()).await.unwrap();
        for _ in 0..48 {
            bulb.on(Effect::Sudden).await.unwrap();
        }
    }
    let impatient = Config::default().quota(QuotaPolicy::Refuse);
    let (bulb, took) = timed(connect(impatient)).await;
    let bulb = bulb.unwrap();
    assert!(took < Duration::from_secs(1), "{took:?}");
    // Nothing is known of it but what it tells.
    assert!(bulb.state().is_empty());
    assert_eq!(bulb.on(Effect::Sudden).await.unwrap_err().kind(), ErrorKind::Quota);
    let (bulb, took) = timed(connect(Config::default())).await;
    assert!(!bulb.unwrap().state().is_empty());
    assert!((60..=62).contains(&took.as_secs()), "{took:?}");
    assert_eq!(sim.report().violations.total(), 0, "{:?}", sim.report());
}

#[tokio::test(start_paused = true)]
async fn switched_off_it_is_the_bulb_that_refuses() {
    let sim = Arc::new(SimBulb::color().spawn_in_memory().unwrap());
    let config = config().quota(QuotaPolicy::Off);
    let bulb = to_sim(&sim).session(config).connect().await.unwrap();
    for _ in 0..60 {
        bulb.on(Effect::Sudden).await.unwrap();
    }
    let error = bulb.on(Effect::Sudden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Quota);
    assert!(error.retry_after().is_some());
    assert_eq!(sim.report().violations.quota, 1);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_others_have_used_up_is_waited_for() {
    let sim = Arc::new(SimBulb::color().quota(Quota::new(60, 10)).spawn_in_memory().unwrap());
    let bulb = to_sim(&sim).session(config()).connect().await.unwrap();
    for _ in 0..10 {
        bulb.on(Effect::Sudden).await.unwrap();
    }
    assert_eq!(bulb.on(Effect::Sudden).await.unwrap_err().kind(), ErrorKind::Quota);
    // The bulb has said so once; it is not asked again before there is room.
    let (ended, waited) = timed(bulb.on(Effect::Sudden)).await;
    ended.unwrap();
    assert!((59..=62).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(sim.report().violations.quota, 1);
}

#[tokio::test(start_paused = true)]
async fn a_day_of_keep_alives_and_reconnects_stays_within_the_quota() {
    let sim = Arc::new(SimBulb::ceiling().spawn_in_memory().unwrap());
    let bulb = to_sim(&sim).connect().await.unwrap();
    for hour in 0..24 {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        if hour % 3 == 0 {
            sim.reset_connections();
        }
    }
    bulb.on(Effect::Sudden).await.unwrap();
    let report = sim.report();
    assert_eq!((report.violations.total(), report.connections), (0, 9), "{report:?}");
    // A question a minute, and one for the state after each connection.
    assert!((1_400..=1_500).contains(&report.executed("get_prop")), "{report:?}");
}

/// Programs test with paused clocks, each test in a runtime of its own, and may name the same bulb in all.
#[test]
fn a_clock_that_ran_ahead_in_another_runtime_holds_up_nothing() {
    let addr = address();
    let silence = |before: Duration| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            tokio::time::sleep(before).await;
            let kept = std::sync::Mutex::new(Vec::new());
            let silent = move || {
                let (ours, theirs) = tokio::io::duplex(1_024);
                kept.lock().unwrap().push(theirs);
                std::future::ready(Ok(ours))
            };
            let builder = Bulb::builder(addr).session(config()).dial_with(silent);
            let bulb = builder.connect().await.unwrap();
            timed(bulb.on(Effect::Sudden)).await.1
        })
    };
    let day = Duration::from_secs(24 * 3_600);
    for before in [day, Duration::ZERO, day, Duration::ZERO] {
        assert_eq!(silence(before), Duration::from_secs(5));
    }
}
