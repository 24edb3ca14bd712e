//! The task that serves the sockets: it receives, keeps the time, and sends.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use iot_home_core::Instant;
use iot_home_lan::Sockets;
use iot_home_lan::wire::{self, Direction, Observer};
use tokio::net::UdpSocket;
use tokio::time::{self, Sleep};

use super::shared::Shared;

/// The task: it ends when it is aborted, or when the socket of commands breaks for good.
pub(super) struct Driver {
    shared: Arc<Shared>,
    commands: Sockets,
    reports: Sockets,
    on_wire: Option<Observer>,
    /// What the socket would not take yet.
    unsent: Option<(SocketAddr, Vec<u8>)>,
    buffer: Vec<u8>,
    sleep: Pin<Box<Sleep>>,
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        commands: UdpSocket,
        reports: Sockets,
        on_wire: Option<Observer>,
    ) -> Self {
        let sleep = Box::pin(time::sleep_until(shared.origin));
        let commands = Sockets::new([commands]);
        Self { shared, commands, reports, on_wire, unsent: None, buffer: Vec::new(), sleep }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) {
        let Self { shared, commands, reports, on_wire, .. } = self;
        let heard = |now: Instant, from, datagram: &[u8]| {
            let at = now.since_origin();
            wire::tell(on_wire.as_ref(), Direction::Received, from, at, datagram);
        };
        commands.poll_receive(cx, |_, from, datagram| {
            let now = shared.now();
            heard(now, from, datagram);
            shared.lock().receive(from, |session| session.handle_datagram(now, from, datagram));
            None::<()>
        });
        reports.poll_receive(cx, |_, from, datagram| {
            heard(shared.now(), from, datagram);
            shared.lock().receive(from, |session| session.handle_multicast(from, datagram));
            None::<()>
        });
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) {
        loop {
            if let Some((to, datagram)) = self.unsent.take() {
                match self.commands.poll_send(cx, 0, to, &datagram) {
                    Poll::Pending => {
                        self.unsent = Some((to, datagram));
                        return;
                    }
                    Poll::Ready(Ok(())) => {
                        let at = self.shared.now().since_origin();
                        wire::tell(self.on_wire.as_ref(), Direction::Sent, to, at, &datagram);
                    }
                    // It counts as lost, and its request has a deadline.
                    Poll::Ready(Err(error)) => {
                        tracing::debug!(%error, %to, "a datagram was not sent");
                    }
                }
            }
            let now = self.shared.now();
            let mut state = self.shared.lock();
            for peer in state.peers.values_mut() {
                if let Some(datagram) = peer.session.poll_transmit(now, &mut self.buffer) {
                    self.unsent = Some((peer.session.addr(), datagram.to_vec()));
                    break;
                }
            }
            if self.unsent.is_none() {
                return;
            }
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.poll_receive(cx);
        if this.commands.is_broken() {
            tracing::error!("the socket of commands is broken");
            return Poll::Ready(());
        }
        loop {
            let now = this.shared.now();
            let next = {
                let mut state = this.shared.lock();
                // Before the sessions are looked at: what is asked of them from now on wakes this task.
                if state.driver.as_ref().is_none_or(|driver| !driver.will_wake(cx.waker())) {
                    state.driver = Some(cx.waker().clone());
                }
                for peer in state.peers.values_mut() {
                    peer.session.handle_timeout(now);
                }
                drop(state);
                this.poll_send(cx);
                let mut state = this.shared.lock();
                for peer in state.peers.values_mut() {
                    peer.drain();
                }
                state.peers.values().filter_map(|peer| peer.session.poll_timeout()).min()
            };
            let Some(next) = next else { return Poll::Pending };
            // A deadline beyond what the clock can count never comes.
            let Some(at) = this.shared.origin.checked_add(next.since_origin()) else {
                return Poll::Pending;
            };
            if this.sleep.deadline() != at {
                this.sleep.as_mut().reset(at);
            }
            if this.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.close();
    }
}
