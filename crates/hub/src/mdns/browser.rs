//! Looking for announcements, by the library mdns-sd.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use mdns_sd::{Error, IfKind, Metrics, ServiceDaemon, ServiceEvent};
use tokio::time::{Sleep, sleep};

use super::{Announcement, Service};

/// Asks for every recognised service, and yields what is announced. It runs a thread until it is dropped. What nobody
/// takes is held to a thousand events a service, and what the thread keeps is looked at four times a second; beyond what a
/// home has, it ends.
pub(crate) struct Browser {
    daemon: ServiceDaemon,
    services: Vec<Pin<Box<dyn Stream<Item = ServiceEvent> + Send>>>,
    /// Which service is read first.
    turn: usize,
    /// When the thread is asked next what it keeps, or has not answered that.
    check: Pin<Box<Sleep>>,
    asked: Option<Pin<Box<dyn Stream<Item = Metrics> + Send>>>,
}

impl Browser {
    /// Asks over the IPv4 interfaces that have these addresses.
    pub(crate) fn start(interfaces: &[Ipv4Addr]) -> Result<Self, Error> {
        let mut browser = Self {
            daemon: ServiceDaemon::new()?,
            services: Vec::new(),
            turn: 0,
            check: Box::pin(sleep(EVERY)),
            asked: None,
        };
        // From here on the thread is ended whatever happens.
        let daemon = &browser.daemon;
        daemon.disable_interface(IfKind::All)?;
        let chosen: Vec<_> = interfaces.iter().map(|ip| IfKind::Addr((*ip).into())).collect();
        daemon.enable_interface(chosen)?;
        for service in Service::ALL {
            let found = browser.daemon.browse(service.name())?;
            browser.services.push(Box::pin(found.into_stream()));
        }
        Ok(browser)
    }

    /// Whether more was announced than can be there. The library itself keeps whatever it hears.
    fn is_flooded(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if let Some(asked) = &mut self.asked
                && let Poll::Ready(kept) = asked.as_mut().poll_next(cx)
            {
                self.asked = None;
                self.check.set(sleep(EVERY));
                if kept.is_none_or(|kept| is_too_much(&kept)) {
                    return true;
                }
            }
            if self.check.as_mut().poll(cx).is_pending() {
                return false;
            }
            // A thread that is kept from answering by what it hears is flooded too.
            let Ok(answer) = self.daemon.get_metrics() else { return true };
            if self.asked.replace(Box::pin(answer.into_stream())).is_some() {
                return true;
            }
            self.check.set(sleep(PATIENCE));
        }
    }
}

impl Stream for Browser {
    type Item = Announcement;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Announcement>> {
        let this = &mut *self;
        if this.is_flooded(cx) {
            return Poll::Ready(None);
        }
        let mut budget = BUDGET;
        let mut idle = 0;
        while idle < this.services.len() {
            let at = this.turn.checked_rem(this.services.len()).unwrap_or_default();
            this.turn = at.wrapping_add(1);
            match this.services.get_mut(at).map(|service| service.as_mut().poll_next(cx)) {
                Some(Poll::Pending) => {
                    idle = idle.saturating_add(1);
                    continue;
                }
                Some(Poll::Ready(Some(event))) => {
                    if let Some(announcement) = read(&event) {
                        return Poll::Ready(Some(announcement));
                    }
                }
                // One service that is flooded ends all: more were announced than can be there.
                _ => return Poll::Ready(None),
            }
            idle = 0;
            budget = budget.saturating_sub(1);
            if budget == 0 {
                cx.waker().wake_by_ref();
                break;
            }
        }
        Poll::Pending
    }
}

fn is_too_much(kept: &Metrics) -> bool {
    let records = kept.iter().filter(|(counter, _)| counter.starts_with("cached-"));
    let records: i64 = records.fold(0, |sum, (_, count)| sum.saturating_add(*count));
    records > MOST_RECORDS || kept.get("timer").is_some_and(|timers| *timers > MOST_TIMERS)
}

fn read(event: &ServiceEvent) -> Option<Announcement> {
    let ServiceEvent::ServiceResolved(found) = event else { return None };
    let addrs = found.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr);
    let txt = found.txt_properties.iter();
    let txt = txt.map(|record| (record.key(), record.val().unwrap_or_default()));
    Announcement::new(&found.fullname, addrs, found.port, txt)
}

impl Drop for Browser {
    fn drop(&mut self) {
        let daemon = self.daemon.clone();
        if !matches!(daemon.shutdown(), Err(Error::Again)) {
            return;
        }
        // The thread is behind with its commands. It is told as soon as it has caught up.
        let told = thread::Builder::new().spawn(move || {
            for _ in 0..TRIES {
                thread::sleep(PAUSE);
                if !matches!(daemon.shutdown(), Err(Error::Again)) {
                    break;
                }
            }
        });
        if let Err(error) = told {
            tracing::debug!(%error, "the thread of mDNS was not told to end");
        }
    }
}

/// How often the thread is asked what it keeps, and how long its answer is waited for.
const EVERY: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(5);
/// Four records describe an announced service.
const MOST_RECORDS: i64 = 16_384;
/// Two are set for each record that is heard, as often as it is heard.
const MOST_TIMERS: i64 = 1_000_000;
/// Events taken in before others get their turn.
const BUDGET: u32 = 64;
/// How often the thread is told to end that does not listen, and how long that takes.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);
