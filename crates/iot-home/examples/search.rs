//! Looks for miIO devices: at the addresses given, or on every interface without any.
//!
//! ```sh
//! cargo run -p iot-home --example search -- 192.168.1.20 192.168.1.255
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::net::IpAddr;

use futures_util::StreamExt;
use iot_home::miio::Discovery;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let targets: Vec<IpAddr> =
        std::env::args().skip(1).map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    let mut found = Discovery::builder().targets(targets).start()?;
    while let Some(device) = found.next().await {
        let token = if device.token.is_some() { "shown" } else { "hidden" };
        println!("{} at {}, token {token}, {:?}", device.did, device.addr, device.round_trip);
    }
    Ok(())
}
