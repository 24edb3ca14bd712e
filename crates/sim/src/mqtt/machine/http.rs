//! What is asked over HTTP: registration, authentication, publishing.

mod aliyun;
mod files;
mod form;
mod tencent;

use ::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use iot_home_core::Instant;
use rumqttc::mqttbytes::QoS;
use serde_json::Value;

pub use self::files::CutAfter;
pub(super) use self::files::Files;
use crate::mqtt::DeviceId;
use crate::mqtt::machine::Machine;
use crate::mqtt::report::count;
use crate::mqtt::session::Outgoing;

impl Machine {
    /// Answers a request over HTTP: to `iot-auth.<region>.aliyuncs.com`, `iot-as-http.<region>.aliyuncs.com` or
    /// `<region>.gateway.tencentdevices.com`, which are told apart by their paths; or for a [file](Self::put_file). An answer
    /// of which not everything arrives has [`CutAfter`] among its extensions.
    pub fn handle_request(&mut self, now: Instant, request: &Request<Bytes>) -> Response<Bytes> {
        self.handle_timeout(now);
        count(&mut self.report.requests);
        if request.method() == Method::GET
            && let Some(name) = request.uri().path().strip_prefix(FILES)
        {
            return self.give_file(name, request);
        }
        if request.method() != Method::POST {
            count(&mut self.report.violations.bad_request);
            return plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        let answer = match request.uri().path() {
            "/auth/register/device" => self.register_aliyun(request),
            "/auth/devicename" => self.guide_aliyun(now, request),
            "/auth" => self.authenticate_aliyun(now, request),
            "/device/register" => self.register_tencent(now, request),
            "/register/dev" => self.register_tencent_as_before(now, request),
            "/device/publish" => self.publish_tencent(now, request),
            path => match path.strip_prefix("/topic") {
                Some(topic) => self.publish_aliyun(now, topic, request),
                None => {
                    count(&mut self.report.violations.bad_request);
                    return plain(StatusCode::NOT_FOUND);
                }
            },
        };
        let mut response = Response::new(Bytes::from(answer.to_string()));
        let json = ::http::HeaderValue::from_static("application/json;charset=UTF-8");
        response.headers_mut().insert(::http::header::CONTENT_TYPE, json);
        response
    }

    /// A device publishes without a connection.
    fn publish_for(
        &mut self,
        now: Instant,
        device: &DeviceId,
        topic: &str,
        payload: Bytes,
    ) -> bool {
        let is_permitted = device.may_publish(topic);
        let message = Outgoing { topic: topic.to_owned(), payload, qos: QoS::AtLeastOnce };
        self.record(now, Some(device), &message, false, is_permitted);
        if !is_permitted {
            count(&mut self.report.violations.forbidden_publish);
            return false;
        }
        count(&mut self.report.received);
        self.answer(now, device, &message);
        if device.is_custom(topic) {
            self.route(now, message);
        }
        true
    }

    /// What is wrong with a request is counted.
    fn bad_request(&mut self, answer: Value) -> Value {
        count(&mut self.report.violations.bad_request);
        answer
    }

    /// Whether a number is new, of the last ones.
    pub(super) fn is_new(&mut self, nonce: &str) -> bool {
        let is_new = !self.nonces.iter().any(|known| known == nonce);
        if is_new {
            if self.nonces.len() >= MOST_NONCES {
                self.nonces.pop_front();
            }
            self.nonces.push_back(nonce.to_owned());
        }
        is_new
    }
}

fn plain(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Where files lie.
const FILES: &str = "/files/";
const MOST_NONCES: usize = 1000;
