//! Makes this program a miIO device: a lamp of software, which any miIO client controls.
//!
//! ```sh
//! # Where other programs find it; python-miio and node-mihome drive it as it is.
//! IOT_HOME_LISTEN=0.0.0.0:54321 cargo run -p iot-home --example software_lamp
//! # A short conversation over loopback.
//! cargo run -p iot-home --example software_lamp
//! ```
//!
//! All of the lamp is in `lamp.rs`; what is here is its socket and its clock.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod lamp;

use std::error::Error;

use iot_home::miio::{Client, Token};
use tokio::net::UdpSocket;

use crate::lamp::Lamp;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let token = match std::env::var("IOT_HOME_TOKEN") {
        Ok(token) => token.parse()?,
        // A lamp for everybody. Take one of your own, of random bytes, where others share the network.
        Err(_) => Token::new(*b"software_lamp_16"),
    };
    let lamp = Lamp::new(0x50f7_1a3b, token.clone());
    if let Ok(listen) = std::env::var("IOT_HOME_LISTEN") {
        let socket = UdpSocket::bind(listen).await?;
        println!("a lamp at {}", socket.local_addr()?);
        return Ok(lamp.serve(&socket).await?);
    }

    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let addr = socket.local_addr()?;
    let serving = tokio::spawn(async move { lamp.serve(&socket).await });
    let client = Client::bind().await?;
    let device = client.device(addr, token);
    println!("{:?} at {addr}", device.info().await?.model);
    device.set([((2, 1), true.into()), ((2, 2), 40.into())]).await?;
    println!("on: {}, {} %", device.get::<bool>((2, 1)).await?, device.get::<u8>((2, 2)).await?);
    println!("by its classic names: {:?}", device.get_prop(&["power", "bright"]).await?);
    serving.abort();
    Ok(())
}
