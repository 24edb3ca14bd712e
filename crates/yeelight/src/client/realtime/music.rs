//! Music mode: the bulb connects back and takes commands without answering.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio::time;

use super::channel::Channel;
use super::{RealtimeOptions, within};
use crate::client::error::{Error, RealtimeFailure};
use crate::client::lan::Lan;
use crate::client::transport::Transport as _;
use crate::method::{Method, id_after};
use crate::property::{Property, PropertyValue};

/// Asks for music mode and waits for the bulb's connection.
pub(super) async fn open(lan: &Lan, options: &RealtimeOptions) -> Result<Channel, Error> {
    let bulb = lan.shared().addr;
    let failed = |error| Error::io(Some(options.listen), "listening for the bulb", error);
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let advertised = match options.advertised {
        Some(addr) => addr,
        None => match options.listen.ip() {
            IpAddr::V4(ip) if !ip.is_unspecified() => ip,
            _ => local_towards(bulb)
                .ok_or_else(|| Error::realtime(bulb, "set_music", RealtimeFailure::Address))?,
        },
    };
    let addr = SocketAddrV4::new(advertised, port);
    lan.call(Method::SetMusic(Some(addr))).await?;
    // Behind an address translation the bulb's own is not the one that is seen.
    let expected = if options.advertised.is_some() { None } else { Some(bulb.ip().to_canonical()) };
    match within(options.timeout, accept(&listener, expected)).await {
        Some(stream) => {
            // Not every bulb tells.
            let began = [(Property::MusicOn, PropertyValue::Number(1))];
            lan.shared().lock().session.learn(began);
            Ok(Channel::new(|commands| serve(stream, commands)))
        }
        None => {
            // The bulb is asked to give it up; whether it says so does not matter.
            let _ = lan.call(Method::SetMusic(None)).await;
            let failure = RealtimeFailure::NoConnection(options.timeout);
            Err(Error::realtime(bulb, "set_music", failure))
        }
    }
}

/// The bulb's connection; others' are closed.
async fn accept(listener: &TcpListener, expected: Option<IpAddr>) -> TcpStream {
    loop {
        match listener.accept().await {
            // A listener for both families sees IPv4 addresses in the clothes of IPv6 ones.
            Ok((stream, from)) if expected.is_none_or(|ip| ip == from.ip().to_canonical()) => {
                // A stream that breaks at once shows that when it is used.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Ok((_, from)) => tracing::debug!(%from, "a connection that is not the bulb's"),
            Err(error) => {
                tracing::debug!(%error, "accepting failed");
                // Out of file handles, say: not again at once.
                time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Sends what comes; whatever waits goes in one write.
async fn serve(mut stream: TcpStream, mut commands: Receiver<Method>) {
    let (mut reader, mut writer) = stream.split();
    let mut lines = Vec::new();
    let mut id: u32 = 0;
    let mut ignored = [0; 256];
    loop {
        lines.clear();
        let first = tokio::select! {
            command = commands.recv() => match command {
                Some(method) => method,
                None => return,
            },
            // There is nothing to read but the end.
            read = reader.read(&mut ignored) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            },
            // A bulb without power is noticed only by writing to it.
            () = time::sleep(KEEP_ALIVE) => Method::GetProp(vec![Property::Power]),
        };
        write(&first, &mut id, &mut lines);
        while lines.len() < BATCH
            && let Ok(method) = commands.try_recv()
        {
            write(&method, &mut id, &mut lines);
        }
        match within(STUCK, writer.write_all(&lines)).await {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return,
        }
    }
}

fn write(method: &Method, id: &mut u32, lines: &mut Vec<u8>) {
    *id = id_after(*id, 1);
    method.write(*id, lines);
}

/// The address that this machine has towards the bulb. Nothing is sent for it.
fn local_towards(bulb: SocketAddr) -> Option<Ipv4Addr> {
    let local = || -> io::Result<SocketAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(bulb)?;
        socket.local_addr()
    };
    match local().ok()?.ip() {
        IpAddr::V4(ip) if !ip.is_unspecified() => Some(ip),
        _ => None,
    }
}

const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// A bulb that takes nothing for this long has gone.
const STUCK: Duration = Duration::from_secs(5);
const BATCH: usize = 16 * 1024;
