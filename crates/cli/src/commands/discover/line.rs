//! A device that answered, as it is printed.

use std::net::SocketAddr;

use iot_home::hub::{Facts, Sighting};
use iot_home::yeelight::Property;
use serde::Serialize;

use crate::commands::miio::{shown_token, token_text};
use crate::commands::{Context, yeelight};
use crate::ordered::Ordered;
use crate::output::{Style, Tone, printable};

/// What it told, and of who it is also what was known before.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    protocol: &'static str,
    pub(super) addr: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Null where it is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_visible: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Ordered>,
    #[serde(skip)]
    light: Option<String>,
}

impl Line {
    /// Of a gateway's child, `gateway` is where the gateway is.
    pub(super) fn of(
        context: &Context,
        sighting: &Sighting,
        known: &Facts,
        gateway: Option<SocketAddr>,
    ) -> Self {
        let mut line = Self {
            protocol: "",
            addr: gateway.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0))),
            did: known.did.as_ref().map(ToString::to_string),
            id: None,
            model: known.model.as_deref().map(Into::into),
            mac: known.mac.map(|mac| mac.to_string()),
            name: known.name.as_deref().map(Into::into),
            token: None,
            token_visible: None,
            stamp: None,
            properties: None,
            light: None,
        };
        match sighting {
            Sighting::Miio(found) => {
                (line.protocol, line.addr) = ("miio", found.addr);
                line.did = Some(found.did.to_string());
                line.token = Some(shown_token(context, found));
                line.token_visible = Some(found.token.is_some());
                line.stamp = Some(found.stamp);
            }
            Sighting::Yeelight(found) => {
                // The name has its own place.
                let told = found.properties().filter(|(property, _)| *property != Property::Name);
                (line.protocol, line.addr) = ("yeelight", found.addr());
                line.id = Some(found.id().to_string());
                line.model = found.model().map(Into::into).or(line.model);
                line.name = found.name().map(Into::into).or(line.name);
                line.properties = Some(yeelight::object(&told.collect::<Vec<_>>()));
                line.light = Some(yeelight::light(&yeelight::state(found)));
            }
            Sighting::Lumi(found) => {
                (line.protocol, line.addr) = ("lumi", found.addr);
                line.id = Some(found.sid.to_string());
            }
            Sighting::Child { child, .. } => {
                line.protocol = "lumi";
                line.id = Some(child.sid.to_string());
            }
            Sighting::Mdns(found) => (line.protocol, line.addr) = ("mdns", found.addr),
            _ => {}
        }
        line
    }

    /// Lines come one by one, so the columns are as wide as their widest contents can be.
    pub(super) fn text(&self, style: Style, first: bool) -> String {
        let row = |protocol: &str, addr: &str, id: &str, tells: &str| {
            format!("{protocol:<8}  {addr:<21}  {id:<20}  {tells}").trim_end().to_owned()
        };
        let heading = if first {
            let heading = row("protocol", "address", "did or id", "tells");
            format!("{}\n", style.paint(Tone::Name, &heading))
        } else {
            String::new()
        };
        let stamp = self.stamp.map(|stamp| format!("stamp {stamp}"));
        let token = self.token_visible.map(|visible| {
            let token = self.token.as_ref().and_then(Option::as_deref);
            format!("token {}", token_text(token, visible))
        });
        let name = self.name.as_ref().filter(|name| !name.is_empty());
        let tells =
            [self.model.as_ref(), self.light.as_ref(), stamp.as_ref(), token.as_ref(), name];
        let tells: Vec<_> = tells.into_iter().flatten().map(|text| printable(text)).collect();
        let id = self.id.as_ref().or(self.did.as_ref());
        let id = printable(id.map(String::as_str).unwrap_or_default());
        heading + &row(self.protocol, &self.addr.to_string(), &id, &tells.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use iot_home::hub::mdns::Announcement;

    use super::*;
    use crate::args::Cli;
    use crate::output::Output;

    /// An announcement has no simulator on loopback: mDNS asks a group.
    #[test]
    fn an_announcement() {
        let options = Cli::parse_from(["iot-home", "discover", "--json"]).options;
        let context = Context { output: Output::of(&options), options, recorder: None };
        let addr: std::net::IpAddr = "10.0.0.5".parse().unwrap();
        let txt = [("mac", &b"286c07aabbcc"[..])];
        let name = "lumi-gateway-v3_miio123456._miio._udp.local.";
        let announcement = Announcement::new(name, [addr], 54321, txt).unwrap();
        let known = announcement.facts().unwrap();
        let line = Line::of(&context, &Sighting::Mdns(announcement), &known, None);
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            r#"{"protocol":"mdns","addr":"10.0.0.5:54321","did":"123456","model":"lumi.gateway.v3","mac":"28:6C:07:AA:BB:CC"}"#
        );
        let text = line.text(context.output.style(), false);
        assert_eq!(text, "mdns      10.0.0.5:54321         123456                lumi.gateway.v3");
    }
}
