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
    events: Events,
    /// When the thread is asked next what it keeps, or has not answered that.
    check: Pin<Box<Sleep>>,
    asked: Option<Pin<Box<dyn Stream<Item = Metrics> + Send>>>,
}

impl Browser {
    /// Asks over the IPv4 interfaces that have these addresses.
    pub(crate) fn start(interfaces: &[Ipv4Addr]) -> Result<Self, Error> {
        let mut browser = Self {
            daemon: ServiceDaemon::new()?,
            events: Events::default(),
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
            browser.events.services.push(Box::pin(found.into_stream()));
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
        if self.is_flooded(cx) {
            return Poll::Ready(None);
        }
        self.events.poll_next(cx)
    }
}

/// What is heard of each service.
#[derive(Default)]
struct Events {
    services: Vec<Pin<Box<dyn Stream<Item = ServiceEvent> + Send>>>,
    /// Which service is read first.
    turn: usize,
}

impl Events {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Announcement>> {
        let mut budget = BUDGET;
        let mut idle = 0;
        while idle < self.services.len() {
            let at = self.turn.checked_rem(self.services.len()).unwrap_or_default();
            self.turn = at.wrapping_add(1);
            match self.services.get_mut(at).map(|service| service.as_mut().poll_next(cx)) {
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Wake, Waker};

    use futures_util::stream::{self, StreamExt as _};
    use mdns_sd::ServiceInfo;

    use super::*;

    fn events(services: Vec<Pin<Box<dyn Stream<Item = ServiceEvent> + Send>>>) -> Events {
        Events { services, turn: 0 }
    }

    fn resolved(service: Service, name: &str, txt: &[(&str, &str)]) -> ServiceEvent {
        let info = ServiceInfo::new(service.name(), name, "host.local.", "192.0.2.7", 54321, txt);
        ServiceEvent::ServiceResolved(Box::new(info.unwrap().as_resolved_service()))
    }

    /// A waker that counts.
    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn what_is_resolved_is_announced_with_its_records() {
        let heard = [
            ServiceEvent::SearchStarted(Service::Miio.name().into()),
            ServiceEvent::ServiceFound(Service::Miio.name().into(), "x".into()),
            resolved(Service::Miio, "no form of a name", &[]),
            resolved(Service::Miio, "yeelink-light-lamp4_miio7", &[("mac", "286c07aabbcc")]),
            ServiceEvent::ServiceRemoved(Service::Miio.name().into(), "x".into()),
        ];
        let mut events = events(vec![stream::iter(heard).boxed()]);
        let told = poll_fn(|cx| events.poll_next(cx)).await.unwrap();
        assert_eq!((told.service, told.did), (Service::Miio, Some(7.into())));
        assert_eq!(told.addr, "192.0.2.7:54321".parse().unwrap());
        assert_eq!(told.mac, "286c07aabbcc".parse().ok());
        assert_eq!(poll_fn(|cx| events.poll_next(cx)).await, None, "a search that broke off ends");
    }

    #[tokio::test]
    async fn a_flooded_service_silences_no_other() {
        let flood = || resolved(Service::HomeKit, "neighbour", &[]);
        let lamp = resolved(Service::Miio, "yeelink-light-lamp4_miio7", &[]);
        let lamp = stream::iter([lamp]).chain(stream::pending());
        let mut events = events(vec![stream::repeat_with(flood).boxed(), lamp.boxed()]);
        let mut services = Vec::new();
        for _ in 0..4 {
            services.push(poll_fn(|cx| events.poll_next(cx)).await.unwrap().service);
        }
        assert_eq!(services.iter().filter(|of| **of == Service::Miio).count(), 1, "{services:?}");
    }

    #[test]
    fn what_tells_nothing_keeps_the_program_from_nothing() {
        let nothing = || ServiceEvent::SearchStarted(String::new());
        let mut events = events(vec![stream::repeat_with(nothing).boxed()]);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert_eq!(events.poll_next(&mut Context::from_waker(&waker)), Poll::Pending);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "and then it goes on");
    }

    #[test]
    fn one_service_that_ends_ends_all() {
        let ended = stream::empty().boxed();
        let mut events = events(vec![stream::pending().boxed(), ended]);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(events.poll_next(&mut cx), Poll::Ready(None));
    }
}
