//! `iot-home miio reboot`.

use serde::Serialize;

use super::Context;
use super::link::Link;
use crate::args::Target;
use crate::failure::{Outcome, Verdict};

#[derive(Serialize)]
struct Done {
    ok: bool,
}

pub(super) async fn reboot(context: &Context, target: &Target) -> Outcome {
    let link = Link::open(context, target).await?;
    link.within(context, "calling", link.device.reboot()).await?;
    context.output.print(&Done { ok: true }, |_, _| "it starts again\n".into())?;
    Ok(Verdict::Done)
}
