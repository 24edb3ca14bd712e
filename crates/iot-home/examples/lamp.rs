//! Drives a lamp: a simulated one, or with `IOT_HOME_ADDR` and `IOT_HOME_TOKEN` set a real one.
//!
//! ```sh
//! cargo run -p iot-home --example lamp --features sim
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::net::SocketAddr;

use iot_home::miio::client::ErrorKind;
use iot_home::miio::{ActionInput, Client, Token};
use iot_home::sim::SimDevice;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulated = SimDevice::light().spawn().await?;
    let (addr, token) = match std::env::var("IOT_HOME_ADDR") {
        Ok(addr) => {
            (addr.parse::<SocketAddr>()?, std::env::var("IOT_HOME_TOKEN")?.parse::<Token>()?)
        }
        Err(_) => (simulated.addr(), simulated.token()),
    };

    let client = Client::bind().await?;
    let lamp = client.device(addr, token);
    println!("{:?} at {addr}", lamp.info().await?.model);

    lamp.set([((2, 1), true.into()), ((2, 2), 40.into())]).await?;
    println!("brightness {} %", lamp.get::<u8>((2, 2)).await?);

    lamp.action((2, 1), ActionInput::None).await?;
    println!("toggled, now on: {}", lamp.get::<bool>((2, 1)).await?);

    // Each cause of a failure is told apart, and says what may help.
    match lamp.get::<u8>((99, 1)).await {
        Err(error) if error.kind() == ErrorKind::Refused => println!("{error}"),
        other => println!("{other:?}"),
    }
    Ok(())
}
