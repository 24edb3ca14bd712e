//! The README's first command.

use std::time::Duration;

use crate::program::{keys, run};

#[test]
fn every_step_is_done_in_time() {
    let demo = run(["demo", "--json"]);
    let steps = demo.lines();
    for step in &steps {
        assert_eq!(keys(step), ["detail", "ok", "step"]);
        assert_eq!(step["ok"], true, "{step}");
        assert!(step["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{step}");
    }
    assert_eq!((demo.code, demo.stderr.as_str()), (0, ""));
    let names: Vec<_> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    for name in [
        "discover",
        "read",
        "write",
        "broken-json",
        "property-limit",
        "restart",
        "wrong-token",
        "bulbs",
        "notification",
        "flow",
        "music-mode",
        "udp-session",
        "quota",
        "garbage",
        "reconnect",
        "cloud-logins",
        "report",
        "property-set",
        "in-flight",
        "wrong-secret",
        "mi-cloud",
        "mi-property",
        "mi-expired",
        "home-discover",
        "home-list",
        "home-set",
        "home-cut",
        "home-back",
        "home-once",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(demo.took < Duration::from_secs(10), "{:?}", demo.took);
}

#[test]
fn a_person_gets_tables() {
    let demo = run(["demo"]);
    assert_eq!(demo.code, 0, "{demo:?}");
    for word in [
        "A simulated home",
        "loses one packet in ten",
        "refused",
        "garbage between answers",
        "a message in flight",
        "aliyun, tencent",
        "mi home",
        "3 bulbs, 1 Lumi gateway",
        "none of them twice",
        "everything worked",
    ] {
        assert!(demo.stdout.contains(word), "{demo:?}");
    }
}
