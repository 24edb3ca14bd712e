//! The topics of Tencent Cloud IoT, Hub and Explorer.

use super::{Pattern, all_but, below, exactly};

/// Topics of one's own, `control`, `event` and `data` of every product among them.
pub(super) const CUSTOM: Pattern = below("{d}/", "#");

pub(super) const PUBLISHED: &[Pattern] = &[
    all_but("{d}/", "control"),
    exactly("$shadow/operation/{d}"),
    exactly("$template/operation/{d}"),
    exactly("$ota/report/{d}"),
    exactly("$gateway/operation/{d}"),
    exactly("$sys/operation/{d}"),
    exactly("$config/report/{d}"),
    exactly("$log/operation/{d}"),
    below("$rrpc/txd/{d}/", "+"),
    exactly("$resource/up/service/{d}"),
    exactly("$thing/up/property/{d}"),
    exactly("$thing/up/event/{d}"),
    exactly("$thing/up/action/{d}"),
    exactly("$thing/up/service/{d}"),
    exactly("$thing/up/raw/{d}"),
];

pub(super) const RECEIVED: &[Pattern] = &[
    all_but("{d}/", "event"),
    exactly("$shadow/operation/result/{d}"),
    exactly("$template/operation/result/{d}"),
    exactly("$ota/update/{d}"),
    exactly("$gateway/operation/result/{d}"),
    exactly("$sys/operation/result/{d}"),
    exactly("$config/update/{d}"),
    exactly("$log/operation/result/{d}"),
    below("$rrpc/rxd/{d}/", "+"),
    exactly("$broadcast/rxd/{d}"),
    exactly("$resource/down/service/{d}"),
    exactly("$thing/down/property/{d}"),
    exactly("$thing/down/event/{d}"),
    exactly("$thing/down/action/{d}"),
    exactly("$thing/down/service/{d}"),
    exactly("$thing/down/raw/{d}"),
];
