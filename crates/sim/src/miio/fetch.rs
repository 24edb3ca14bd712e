//! How a device fetches its image: as small modules do, over plain HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time;

use crate::miio::updater::Fetch;

/// The image, or nothing where it did not come whole. It is fetched from this machine only.
pub(crate) async fn fetch(wanted: &Fetch, progressed: impl Fn(u8)) -> Option<Vec<u8>> {
    time::timeout(DEADLINE, get(wanted, progressed)).await.ok().flatten()
}

async fn get(wanted: &Fetch, progressed: impl Fn(u8)) -> Option<Vec<u8>> {
    let rest = wanted.url.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let addr: SocketAddr = host.parse().ok()?;
    if !addr.ip().is_loopback() {
        return None;
    }
    let mut stream = TcpStream::connect(addr).await.ok()?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut received = Vec::new();
    let (body, length) = loop {
        if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = std::str::from_utf8(received.get(..end)?).ok()?;
            let body = end.checked_add(4)?;
            break (body, announced(head)?);
        }
        if received.len() > MAX_HEAD || stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    };
    let mut image = received.split_off(body);
    if length > MAX_IMAGE {
        return None;
    }
    let enough = if wanted.broken_off { length / 2 } else { length };
    while image.len() < enough {
        if stream.read_buf(&mut image).await.ok()? == 0 {
            return None;
        }
        let percent = image.len().saturating_mul(100).checked_div(length.max(1))?;
        progressed(u8::try_from(percent).unwrap_or(100));
    }
    (image.len() == length && !wanted.broken_off).then_some(image)
}

/// The length that the head of a good answer tells.
fn announced(head: &str) -> Option<usize> {
    let mut lines = head.lines();
    if lines.next()?.split(' ').nth(1)? != "200" {
        return None;
    }
    lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

const MAX_HEAD: usize = 16 << 10;
const MAX_IMAGE: usize = 64 << 20;
const DEADLINE: Duration = Duration::from_secs(60);
