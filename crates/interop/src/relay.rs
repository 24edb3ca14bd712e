//! A line between a client and a server that can be cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::process::Failure;

/// Connections to it go to a port of this machine, while it is whole.
pub(crate) struct Relay {
    addr: SocketAddr,
    whole: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// A line to this port.
    pub(crate) async fn to(port: u16) -> Result<Self, Failure> {
        let cannot = |error: io::Error| Failure::new(format!("a relay: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(cannot)?;
        let addr = listener.local_addr().map_err(cannot)?;
        let (whole, state) = watch::channel(true);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, port, state.clone()));
            }
        });
        Ok(Self { addr, whole, accepting })
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Ends every connection, and each that is made until it is mended.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Carries again.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(mut client: TcpStream, port: u16, mut state: watch::Receiver<bool>) {
    let carried = async {
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        // How it ended is seen by the two ends.
        _ = carried => {}
        _ = state.wait_for(|whole| !whole) => {}
    }
}
