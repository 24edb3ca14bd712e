//! What a session's handles and its driver share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::BytesMut;
use iot_home_core::{Clock, Instant, Random};
use tokio::sync::{Notify, oneshot};
use tokio::time;

use super::error::Error;
use super::event::Event;
use super::machine::{Done, Machine, Step};
use crate::MqttLogin;

pub(super) type Waiter = oneshot::Sender<Result<Done, Error>>;

pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the driver.
    pub(super) wake: Notify,
    /// The zero of the machine's clock.
    origin: time::Instant,
    /// What logins are signed by.
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
}

struct State {
    machine: Machine<Waiter>,
    /// Whoever waits for events.
    reader: Option<Waker>,
}

impl Shared {
    pub(super) fn new(
        clock: Arc<dyn Clock + Send + Sync>,
        machine: impl FnOnce(Instant) -> Result<Machine<Waiter>, Error>,
    ) -> Result<Self, Error> {
        let machine = machine(Instant::ORIGIN)?;
        Ok(Self {
            state: Mutex::new(State { machine, reader: None }),
            wake: Notify::new(),
            origin: time::Instant::now(),
            clock,
        })
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// The point on tokio's clock; `None` beyond what that can count.
    pub(super) fn at(&self, instant: Instant) -> Option<time::Instant> {
        self.origin.checked_add(instant.since_origin())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A machine whose caller panicked is as it was before or after.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the machine, then tells those who wait what came of it.
    fn with<T>(&self, work: impl FnOnce(&mut Machine<Waiter>, Instant) -> T) -> T {
        let mut state = self.lock();
        let result = work(&mut state.machine, self.now());
        while let Some((waiter, done)) = state.machine.take_done() {
            // Who does not wait any longer need not be told.
            let _ = waiter.send(done);
        }
        let reader = if state.machine.has_news() { state.reader.take() } else { None };
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        result
    }

    // ---- for the handles

    /// Has the machine ask for something, and waits for what comes of it.
    pub(super) async fn request(
        &self,
        ask: impl FnOnce(&mut Machine<Waiter>, Instant, Waiter) -> Result<(), Error>,
    ) -> Result<Done, Error> {
        let (waiter, done) = oneshot::channel();
        self.with(|machine, now| ask(machine, now, waiter))?;
        self.wake.notify_one();
        done.await.unwrap_or_else(|_| Err(Error::closed()))
    }

    /// Has the machine ask for something, and does not wait.
    pub(super) fn ask(
        &self,
        ask: impl FnOnce(&mut Machine<Waiter>, Instant, Waiter) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (waiter, _) = oneshot::channel();
        self.with(|machine, now| ask(machine, now, waiter))?;
        self.wake.notify_one();
        Ok(())
    }

    pub(super) fn close(&self) {
        self.with(Machine::close);
        self.wake.notify_one();
    }

    pub(super) fn is_connected(&self) -> bool {
        self.lock().machine.is_connected()
    }

    pub(super) fn poll_event(&self, waker: &Waker) -> Poll<Option<Result<Event, Error>>> {
        let mut state = self.lock();
        let Some(news) = state.machine.take() else {
            state.reader = Some(waker.clone());
            return Poll::Pending;
        };
        let has_work = state.machine.has_work();
        drop(state);
        if has_work {
            self.wake.notify_one();
        }
        Poll::Ready(news)
    }

    /// Whether there is a connection or will be none.
    pub(super) fn poll_settled(&self, waker: &Waker) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        if state.machine.is_connected() {
            return Poll::Ready(Ok(()));
        }
        match state.machine.over() {
            Some(error) => Poll::Ready(Err(error)),
            None => {
                state.reader = Some(waker.clone());
                Poll::Pending
            }
        }
    }

    pub(super) fn poll_over(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if state.machine.over().is_some() {
            return Poll::Ready(());
        }
        state.reader = Some(waker.clone());
        Poll::Pending
    }

    // ---- for the driver

    pub(super) fn step(&self) -> Step {
        self.with(Machine::step)
    }

    pub(super) fn opened(&self, login: &MqttLogin) -> Result<(), Error> {
        self.with(|machine, now| machine.opened(now, login))
    }

    pub(super) fn lost(&self, error: Error, random: &mut dyn Random) {
        self.with(|machine, now| machine.lost(now, error, random));
    }

    pub(super) fn abort(&self) {
        self.with(|machine, _| machine.abort());
    }

    /// False where not all was taken that could be.
    pub(super) fn receive(&self, input: &mut BytesMut) -> Result<bool, Error> {
        self.with(|machine, now| {
            machine.receive(now, input)?;
            Ok(machine.may_read())
        })
    }

    /// Lets time pass, and fills `out` where it is empty.
    pub(super) fn work(&self, out: &mut BytesMut) -> Result<Work, Error> {
        self.with(|machine, now| {
            if out.is_empty() {
                machine.transmit(now, out);
            }
            let due = machine.serve(now, !out.is_empty())?;
            Ok(Work { due, may_read: machine.may_read(), is_leaving: machine.is_leaving() })
        })
    }
}

/// What a driver is to do with a connection.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) due: Option<Instant>,
    pub(super) may_read: bool,
    /// Once everything is written, the connection is to be closed.
    pub(super) is_leaving: bool,
}
