//! `iot-home miio children`.

use serde::Serialize;

use super::link::Link;
use crate::args::Target;
use crate::commands::Context;
use crate::failure::{Outcome, Verdict};
use crate::output::{Table, printable};

#[derive(Serialize)]
struct Child {
    sid: String,
    model: Option<String>,
    type_id: Option<i64>,
    online: Option<bool>,
    fw_ver: Option<String>,
}

pub(super) async fn children(context: &Context, target: &Target) -> Outcome {
    let link = Link::open(context, target).await?;
    let children = link.within(context, "asking", link.device.children()).await?;
    let child = |child: iot_home::miio::gateway::ChildInfo| Child {
        sid: child.sid.to_string(),
        model: child.model,
        type_id: child.type_id,
        online: child.online,
        fw_ver: child.firmware,
    };
    let children: Vec<_> = children.into_iter().map(child).collect();
    context.output.print(&children, |children, style| {
        if children.is_empty() {
            return "no children\n".into();
        }
        let mut table = Table::new(&["sid", "model", "type", "state", "firmware"]);
        for child in children {
            let text =
                |text: &Option<String>| printable(text.as_deref().unwrap_or_default()).into_owned();
            let state = match child.online {
                Some(true) => "online",
                Some(false) => "offline",
                None => "",
            };
            table.row([
                child.sid.clone(),
                text(&child.model),
                child.type_id.map(|id| id.to_string()).unwrap_or_default(),
                state.to_string(),
                text(&child.fw_ver),
            ]);
        }
        table.render(style)
    })?;
    Ok(Verdict::Done)
}
