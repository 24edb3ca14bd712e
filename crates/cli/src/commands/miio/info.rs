//! `iot-home miio info`.

use iot_home::miio::{Info, Request, Token};
use serde::Serialize;

use super::link::Link;
use super::{token_text, unprintable};
use crate::args::Target;
use crate::commands::Context;
use crate::failure::{Failure, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::{Style, fields};

#[derive(Serialize)]
struct InfoDocument<'a> {
    model: Option<&'a str>,
    fw_ver: Option<&'a str>,
    hw_ver: Option<&'a str>,
    mcu_fw_ver: Option<&'a str>,
    mac: Option<&'a str>,
    life: Option<i64>,
    uid: Option<i64>,
    token: Option<String>,
    token_visible: bool,
    ap: AccessPoint<'a>,
    netif: NetworkInterface<'a>,
    raw: Ordered,
}

#[derive(Serialize)]
struct AccessPoint<'a> {
    ssid: Option<&'a str>,
    bssid: Option<&'a str>,
    rssi: Option<i64>,
}

#[derive(Serialize)]
struct NetworkInterface<'a> {
    local_ip: Option<&'a str>,
    mask: Option<&'a str>,
    gateway: Option<&'a str>,
}

pub(super) async fn info(context: &Context, target: &Target) -> Outcome {
    let link = Link::open(context, target).await?;
    let request =
        Request::new("miIO.info", ()).map_err(|error| Failure::bad_input(error.to_string()))?;
    let reply = link.within(context, "asking", link.device.request(request)).await?;
    let info = Info::from_value(reply.value().map_err(|_| unprintable())?);
    let mut raw = Ordered::parse(reply.text()).map_err(|_| unprintable())?;
    link.hide(context, &mut raw);
    let token = info.token.as_ref().filter(|_| context.output.show_secrets());
    let document = InfoDocument {
        model: info.model.as_deref(),
        fw_ver: info.fw_ver.as_deref(),
        hw_ver: info.hw_ver.as_deref(),
        mcu_fw_ver: info.mcu_fw_ver.as_deref(),
        mac: info.mac.as_deref(),
        life: info.life,
        uid: info.uid,
        token: token.map(Token::expose_hex),
        token_visible: info.token.is_some(),
        ap: AccessPoint {
            ssid: info.ap.ssid.as_deref(),
            bssid: info.ap.bssid.as_deref(),
            rssi: info.ap.rssi,
        },
        netif: NetworkInterface {
            local_ip: info.netif.local_ip.as_deref(),
            mask: info.netif.mask.as_deref(),
            gateway: info.netif.gateway.as_deref(),
        },
        raw,
    };
    context.output.print(&document, |document, style| info_text(&info, document, style))?;
    Ok(Verdict::Done)
}

fn info_text(info: &Info, document: &InfoDocument<'_>, style: Style) -> String {
    let network = info.ap.ssid.as_ref().map(|ssid| match info.ap.rssi {
        Some(rssi) => format!("{ssid} ({rssi} dBm)"),
        None => ssid.clone(),
    });
    let firmware = match (&info.fw_ver, &info.mcu_fw_ver) {
        (Some(wifi), Some(mcu)) => Some(format!("{wifi}, controller {mcu}")),
        (wifi, mcu) => wifi.clone().or(mcu.clone()),
    };
    let uptime = info.life.and_then(|life| u64::try_from(life).ok()).map(|life| {
        let (days, hours, minutes) = (life / 86_400, life / 3600 % 24, life / 60 % 60);
        format!("{days} d {hours} h {minutes} min")
    });
    let token = info.token.as_ref();
    fields(
        style,
        [
            ("model", info.model.clone()),
            ("firmware", firmware),
            ("hardware", info.hw_ver.clone()),
            ("mac", info.mac.clone()),
            ("running for", uptime),
            ("network", network),
            ("address", info.netif.local_ip.clone()),
            ("netmask", info.netif.mask.clone()),
            ("gateway", info.netif.gateway.clone()),
            ("account", info.uid.map(|uid| uid.to_string())),
            ("token", token.map(|_| token_text(document.token.as_deref(), true))),
        ],
    )
}
