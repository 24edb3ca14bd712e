//! The halves of this program that run at the stations: a simulated device, and our client.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::StreamExt;
use iot_home::miio::{Client, Discovery, Error, PORT, Token};
use iot_home::sim::SimDevice;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::TOKEN;
use crate::process::Failure;

/// A light on every address of its namespace. Each order is answered with its report so far.
pub(crate) async fn device(did: &str) -> Result<(), Failure> {
    let did = did.parse().map_err(|error| Failure::new(format!("{did:?} is no did: {error}")))?;
    let light = SimDevice::light().did(did).token(Token::new(TOKEN));
    let light = light.listen((Ipv4Addr::UNSPECIFIED, PORT)).spawn().await?;
    say(&json!("ready"));
    while listen().is_some() {
        let report = light.report();
        say(&json!({
            "datagrams": report.datagrams,
            "hellos": report.hellos,
            "answers": report.answers,
            "violations": report.violations.total(),
        }));
    }
    Ok(())
}

/// Our client. Each order is an object that names what to do.
pub(crate) async fn client() -> Result<(), Failure> {
    say(&json!("ready"));
    while let Some(line) = listen() {
        let order: Value = serde_json::from_str(&line)
            .map_err(|error| Failure::new(format!("{line:?} is no order: {error}")))?;
        let done = match order["do"].as_str() {
            Some("discover") => discover(&order).await,
            Some("hello") => hello(&order).await,
            Some("info") => info(&order).await,
            _ => return Err(Failure::new(format!("{line:?} is no order"))),
        };
        say(&done.unwrap_or_else(|error| {
            json!({
                "kind": format!("{:?}", error.kind()),
                "off_subnet": error.off_subnet(),
                "text": error.to_string(),
            })
        }));
    }
    Ok(())
}

/// A search without targets, as long as it takes unless the order says otherwise.
async fn discover(order: &Value) -> Result<Value, Error> {
    let interfaces = order["interfaces"].as_array().into_iter().flatten().filter_map(addr);
    let mut search = Discovery::builder().interfaces(interfaces);
    if let Some(count) = order["count"].as_u64().and_then(|count| usize::try_from(count).ok()) {
        search = search.count(count);
    }
    let began = Instant::now();
    let mut search = search.start()?;
    let mut found = Vec::new();
    while let Some(device) = search.next().await {
        found.push(json!([device.addr.to_string(), device.did.to_string()]));
    }
    Ok(json!({"found": found, "ms": u64::try_from(began.elapsed().as_millis()).ok()}))
}

async fn hello(order: &Value) -> Result<Value, Error> {
    let found = Client::bind().await?.hello(to(order), BRIEFLY).await?;
    Ok(json!({"did": found.did.to_string()}))
}

async fn info(order: &Value) -> Result<Value, Error> {
    let client = Client::builder().timeout(BRIEFLY).bind().await?;
    let info = client.device(to(order), Token::new(TOKEN)).info().await?;
    Ok(json!({"model": info.model}))
}

/// Long enough for an answer from the next namespace, and for more than one hello.
const BRIEFLY: Duration = Duration::from_millis(900);

fn to(order: &Value) -> Ipv4Addr {
    addr(&order["to"]).unwrap_or(Ipv4Addr::UNSPECIFIED)
}

fn addr(value: &Value) -> Option<Ipv4Addr> {
    value.as_str()?.parse().ok()
}

/// Answers an order.
pub(crate) fn say(answer: &Value) {
    println!("{answer}");
}

/// The next order. The thread may wait for it: all else runs on the runtime's own threads.
pub(crate) fn listen() -> Option<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).is_ok_and(|read| read > 0).then_some(line)
}
