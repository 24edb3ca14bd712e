//! A spec server without a socket.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::json;

use crate::miot::faults::Faults;
use crate::miot::report::{Report, count};
use crate::web::{Answer, Outage};

/// A server: requests in, answers out.
#[derive(Debug)]
pub(crate) struct Machine {
    instances: Vec<Instance>,
    faults: Faults,
    report: Report,
}

/// What a model can do.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) model: String,
    pub(crate) urn: String,
    pub(crate) json: String,
}

impl Machine {
    pub(crate) fn new(instances: Vec<Instance>, faults: Faults) -> Self {
        Self { instances, faults, report: Report::default() }
    }

    /// Answers a request.
    pub(crate) fn handle(&mut self, request: &Request<Bytes>) -> Answer {
        count(&mut self.report.requests);
        let outage = self.faults.take();
        if outage.is_some() {
            count(&mut self.report.outages);
        }
        match outage.filter(|outage| outage.is_before()) {
            Some(Outage::Status(status)) => {
                return Answer::of(StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT));
            }
            Some(Outage::Page) => return said(PAGE.to_owned(), "text/html;charset=utf-8").into(),
            Some(_) => return Answer::close(),
            None => {}
        }
        let body = match *request.method() {
            Method::GET => self.body(request.uri().path(), request.uri().query()),
            _ => None,
        };
        let Some(body) = body else {
            count(&mut self.report.unknown);
            return Answer::of(StatusCode::NOT_FOUND);
        };
        let response = said(body, "application/json;charset=utf-8");
        match outage {
            Some(outage) => outage.spoil(response),
            None => response.into(),
        }
    }

    fn body(&mut self, path: &str, query: Option<&str>) -> Option<String> {
        match (path, query?) {
            ("/miot-spec-v2/instances", "status=all" | "status=released") => {
                count(&mut self.report.lists);
                let entry = |instance: &Instance| {
                    let version = instance.urn.rsplit(':').next()?.parse().unwrap_or(1_u64);
                    Some(json!({
                        "status": "released", "model": instance.model, "version": version,
                        "type": instance.urn, "ts": 1_700_000_000,
                    }))
                };
                let list: Vec<_> = self.instances.iter().filter_map(entry).collect();
                Some(json!({ "instances": list }).to_string())
            }
            ("/miot-spec-v2/instance", query) => {
                let urn = query.strip_prefix("type=")?.replace("%3A", ":");
                let instance = self.instances.iter().find(|instance| instance.urn == urn)?;
                count(self.report.instances.entry(urn).or_default());
                Some(instance.json.clone())
            }
            _ => None,
        }
    }

    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    pub(crate) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }
}

fn said(body: String, media_type: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body/></html>";
