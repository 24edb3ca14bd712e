//! What cameras saw.
//!
//! These are GET requests whose address holds everything. That of [`camera_playlist`] and [`camera_image`] can be
//! handed to a player: take it from [`Signed::request`](crate::Signed::request).

use core::ops::Range;

use iot_home_core::Did;
use serde_json::{Value, json};

use crate::{Call, Region, Service};

/// Events that a camera saw; `time` is in milliseconds since 1970. The result has `thirdPartPlayUnits`, the latest first.
pub fn camera_events(
    did: &Did,
    model: &str,
    region: Region,
    time: Range<i64>,
    limit: u32,
) -> Call<Value> {
    let data = json!({
        "did": did, "model": model, "doorBell": false, "eventType": "Default", "needMerge": true,
        "sortType": "DESC", "region": region.name().to_ascii_uppercase(), "language": "zh_CN",
        "beginTime": time.start, "endTime": time.end, "limit": limit,
    });
    Call::known("/common/app/get/eventlist", &data).service(Service::Camera).get()
}

/// The same of older cameras. The result has `playUnits`.
pub fn alarm_playlist(did: &Did, region: Region, time: Range<i64>, limit: u32) -> Call<Value> {
    let data = json!({
        "did": did, "region": region.name().to_ascii_uppercase(), "language": "zh_CN",
        "beginTime": time.start, "endTime": time.end, "limit": limit,
    });
    let call = Call::known("/miot/camera/app/v1/alarm/playlist/limit", &data);
    call.service(Service::Camera).get()
}

/// The playlist of a recorded event. Its segments are encrypted with the ssecurity as the key.
pub fn camera_playlist(did: &Did, model: &str, file_id: &str, is_alarm: bool) -> Call<Value> {
    let data = json!({
        "did": did, "model": model, "fileId": file_id, "isAlarm": is_alarm, "videoCodec": "H265",
    });
    Call::known("/common/app/m3u8", &data).service(Service::Camera).get()
}

/// The picture of an event, with the ids and the IV that the event names.
pub fn camera_image(did: &Did, file_id: &str, sto_id: &str, segment_iv: &str) -> Call<Value> {
    let data = json!({ "did": did, "fileId": file_id, "stoId": sto_id, "segmentIv": segment_iv });
    Call::known("/miot/camera/app/v1/img", &data).service(Service::CameraProcessor).get()
}
