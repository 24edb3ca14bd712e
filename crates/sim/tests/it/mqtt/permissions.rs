//! What a device may publish to and subscribe to.

use super::wire::Wire;
use super::{aliyun_id, both, tencent_id};

#[test]
fn topics_of_aliyun() {
    let may_subscribe = [
        "/a1X2bEnP82z/lamp-1/user/get",
        "/a1X2bEnP82z/lamp-1/user/#",
        "/a1X2bEnP82z/lamp-1/user/+/x",
        "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post_reply",
        "/sys/a1X2bEnP82z/lamp-1/thing/event/+/post_reply",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/open",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/#",
        "/sys/a1X2bEnP82z/lamp-1/rrpc/request/+",
        "/sys/a1X2bEnP82z/lamp-1/thing/model/down_raw",
        "/sys/a1X2bEnP82z/lamp-1/thing/config/push",
        "/sys/a1X2bEnP82z/lamp-1/app/down/account/bind_reply",
        "/ext/session/a1X2bEnP82z/lamp-1/combine/login_reply",
        "/ext/ntp/a1X2bEnP82z/lamp-1/response",
        "/ext/error/a1X2bEnP82z/lamp-1",
        "/ext/rrpc/+/a/b",
        "/ota/device/upgrade/a1X2bEnP82z/lamp-1",
        "/shadow/get/a1X2bEnP82z/lamp-1",
        "/broadcast/a1X2bEnP82z/news",
        "/broadcast/a1X2bEnP82z/+",
    ];
    let may_not_subscribe = [
        "test",
        "#",
        "+/+/+",
        "/+/lamp-1/user/get",
        "/a1X2bEnP82z/+/user/get",
        "/a1X2bEnP82z/lamp-2/user/get",
        "/a1X2bEnP82z/lamp-1/other/get",
        "/a1X2bEnP82z/lamp-1",
        "/a1X2bEnP82z/lamp-1/#",
        "/sys/#",
        "/sys/a1X2bEnP82z/lamp-2/thing/service/property/set",
        "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set_reply",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/open_reply",
        "/sys/a1X2bEnP82z/lamp-1/rrpc/response/+",
        "/ext/ntp/a1X2bEnP82z/lamp-1/request",
        "/ext/ntp/a1X2bEnP82z/+/response",
        "/ota/device/upgrade/a1X2bEnP82z/lamp-10",
        "/shadow/update/a1X2bEnP82z/lamp-1",
        "/broadcast/+/news",
        "YOURPROD01/lamp1/data",
    ];
    let may_publish = [
        "/a1X2bEnP82z/lamp-1/user/update",
        "/a1X2bEnP82z/lamp-1/user/a/b/c",
        "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post",
        "/sys/a1X2bEnP82z/lamp-1/thing/event/alarm/post",
        "/sys/a1X2bEnP82z/lamp-1/thing/event/property/pack/post",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set_reply",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/open_reply",
        "/sys/a1X2bEnP82z/lamp-1/rrpc/response/12",
        "/sys/a1X2bEnP82z/lamp-1/thing/model/up_raw",
        "/ext/ntp/a1X2bEnP82z/lamp-1/request",
        "/ext/session/a1X2bEnP82z/lamp-1/combine/login",
        "/ota/device/inform/a1X2bEnP82z/lamp-1",
        "/shadow/update/a1X2bEnP82z/lamp-1",
    ];
    let may_not_publish = [
        "test",
        "/a1X2bEnP82z/lamp-2/user/update",
        "/a1X2bEnP82z/lamp-1/get",
        "/sys/a1X2bEnP82z/lamp-2/thing/event/property/post",
        "/sys/a1X2bEnP82z/lamp-1/thing/event/property/post_reply",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/property/set",
        "/sys/a1X2bEnP82z/lamp-1/thing/service/open",
        "/sys/a1X2bEnP82z/lamp-1/rrpc/request/12",
        "/sys/a1X2bEnP82z/lamp-1/rrpc/response/12/34",
        "/ext/session/a1X2bEnP82z/lamp-1/combine/login_reply",
        "/shadow/get/a1X2bEnP82z/lamp-1",
        "/broadcast/a1X2bEnP82z/news",
    ];
    let mut wire = Wire::new(both());
    let id = wire.aliyun();
    check(&mut wire, id, &may_subscribe, &may_not_subscribe, &may_publish, &may_not_publish);
    assert_eq!(wire.platform.subscriptions(&aliyun_id()), may_subscribe);
}

#[test]
fn topics_of_tencent() {
    let may_subscribe = [
        "YOURPROD01/lamp1/control",
        "YOURPROD01/lamp1/data",
        "YOURPROD01/lamp1/mine/#",
        "$shadow/operation/result/YOURPROD01/lamp1",
        "$ota/update/YOURPROD01/lamp1",
        "$gateway/operation/result/YOURPROD01/lamp1",
        "$sys/operation/result/YOURPROD01/lamp1",
        "$rrpc/rxd/YOURPROD01/lamp1/+",
        "$broadcast/rxd/YOURPROD01/lamp1",
        "$thing/down/property/YOURPROD01/lamp1",
        "$thing/down/action/YOURPROD01/lamp1",
    ];
    let may_not_subscribe = [
        "#",
        "+/lamp1/data",
        "YOURPROD01/+/data",
        "YOURPROD01/lamp2/data",
        "YOURPROD01/lamp1/event",
        "$thing/up/property/YOURPROD01/lamp1",
        "$thing/down/property/YOURPROD01/lamp2",
        "$thing/down/property/YOURPROD01/lamp1/x",
        "$thing/down/+/YOURPROD01/lamp1",
        "$thing/down/#",
        "$rrpc/txd/YOURPROD01/lamp1/+",
        "/a1X2bEnP82z/lamp-1/user/get",
    ];
    let may_publish = [
        "YOURPROD01/lamp1/event",
        "YOURPROD01/lamp1/data",
        "$shadow/operation/YOURPROD01/lamp1",
        "$ota/report/YOURPROD01/lamp1",
        "$sys/operation/YOURPROD01/lamp1",
        "$rrpc/txd/YOURPROD01/lamp1/12",
        "$thing/up/property/YOURPROD01/lamp1",
        "$thing/up/raw/YOURPROD01/lamp1",
    ];
    let may_not_publish = [
        "test",
        "YOURPROD01/lamp2/data",
        "YOURPROD01/lamp1/control",
        "YOURPROD01/lamp1",
        "$thing/down/property/YOURPROD01/lamp1",
        "$thing/up/property/YOURPROD01/lamp2",
        "$thing/up/other/YOURPROD01/lamp1",
        "$sys/operation/result/YOURPROD01/lamp1",
        "$rrpc/rxd/YOURPROD01/lamp1/12",
    ];
    let mut wire = Wire::new(both());
    let id = wire.tencent();
    check(&mut wire, id, &may_subscribe, &may_not_subscribe, &may_publish, &may_not_publish);
    assert_eq!(wire.platform.subscriptions(&tencent_id()), may_subscribe);
}

fn check(
    wire: &mut Wire,
    id: iot_home_sim::mqtt::ConnectionId,
    may_subscribe: &[&str],
    may_not_subscribe: &[&str],
    may_publish: &[&str],
    may_not_publish: &[&str],
) {
    for filter in may_subscribe {
        assert_eq!(wire.subscribe(id, &[(filter, 1)]), [1], "{filter}");
    }
    assert_eq!(wire.report().violations.total(), 0);
    for (at, filter) in may_not_subscribe.iter().enumerate() {
        assert_eq!(wire.subscribe(id, &[(filter, 1)]), [0x80], "{filter}");
        assert_eq!(wire.report().violations.forbidden_subscribe, at as u64 + 1, "{filter}");
    }
    let before = wire.report().violations.total();
    assert_eq!(before, may_not_subscribe.len() as u64);
    for (at, topic) in may_publish.iter().enumerate() {
        wire.publish(id, topic, b"{}", 9);
        assert!(wire.bytes(id).starts_with(&[0x40, 2, 0, 9]), "{topic}");
        assert_eq!(wire.report().violations.forbidden_publish, 0, "{topic}");
        assert_eq!(wire.report().received, at as u64 + 1, "{topic}");
    }
    for (at, topic) in may_not_publish.iter().enumerate() {
        wire.publish(id, topic, b"{}", 9);
        // Acknowledged and forgotten.
        assert_eq!(wire.bytes(id), [0x40, 2, 0, 9], "{topic}");
        assert_eq!(wire.report().violations.forbidden_publish, at as u64 + 1, "{topic}");
        assert_eq!(wire.report().received, may_publish.len() as u64, "{topic}");
        let message = wire.platform.messages().next_back().unwrap();
        assert_eq!((message.topic.as_str(), message.permitted), (*topic, false));
    }
}

#[test]
fn a_plain_account_has_no_borders_but_the_dollar() {
    let mut wire = Wire::new(both());
    let id = wire.plain("a", true);
    assert_eq!(wire.subscribe(id, &[("#", 1), ("$x/#", 0)]), [1, 0]);
    wire.publish(id, "any/topic", b"x", 1);
    assert_eq!(wire.packets(id).len(), 2, "acknowledged, and come back");
    wire.publish(id, "$x/topic", b"x", 1);
    assert_eq!(wire.bytes(id), [0x40, 2, 0, 1]);
    assert_eq!(wire.report().violations.forbidden_publish, 1);
    // A wildcard in the first place does not find it.
    assert_eq!(wire.subscribe(id, &[("$x/#", 0)]), [0]);
    assert_eq!(wire.platform.publish(wire.now, "$x/y", b"x", 0), 1);
    assert_eq!(wire.platform.publish(wire.now, "$y/y", b"x", 0), 0);
}
