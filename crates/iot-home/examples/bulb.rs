//! A bulb: found, controlled, watched, and set many times a second. It runs against a simulated one.
//!
//! ```sh
//! cargo run -p iot-home --example bulb --features sim
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use futures_util::StreamExt;
use iot_home::sim::SimBulb;
use iot_home::yeelight::client::{Change, RealtimeOptions};
use iot_home::yeelight::{Bulb, Discovery, Effect, Flow, FlowEnd, Rgb, Step};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sim = SimBulb::color().name("Desk").spawn().await?;

    // Without targets it asks every interface.
    let mut found = Discovery::builder().targets([sim.search_addr()]).count(1).start()?;
    let sighting = found.next().await.ok_or("no bulb answers")?;
    println!(
        "{} is a {} at {}",
        sighting.id(),
        sighting.model().unwrap_or_default(),
        sighting.addr()
    );

    // What the search has told is not asked for again, and says what the model can do.
    let bulb = Bulb::builder(sighting.addr()).found(&sighting).connect().await?;
    let mut changes = bulb.changes();
    bulb.on(Effect::Sudden).await?;
    bulb.set_rgb(Rgb(0xff8800), Effect::smooth(Duration::from_millis(500))).await?;
    if let Some(Change::Properties(properties)) = changes.next().await {
        for (name, value) in properties.iter() {
            println!("{name} is {value} now");
        }
    }

    let quarter = Duration::from_millis(250);
    let steps = [Step::rgb(Rgb(0xff0000), quarter).bright(100), Step::rgb(Rgb(0x0000ff), quarter)];
    bulb.start_flow(Flow::new(steps).rounds(2).then(FlowEnd::Stay)).await?;
    bulb.stop_flow().await?;

    // More than the sixty commands a minute that a bulb takes otherwise.
    let options = RealtimeOptions::default().session_port(sim.session_addr().port());
    let stage = bulb.realtime(options).await?;
    for hue in 0..=359 {
        stage.set_hsv(hue, 100, Effect::Sudden).await?;
    }
    println!("{:?}: {:?}", stage.kind(), stage.state().color(stage.light()));
    stage.end().await?;
    Ok(())
}
