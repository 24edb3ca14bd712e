//! Calls and their answers, on a session.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_core::Stream as _;
use tokio::sync::oneshot;
use tokio::time;

use super::call_error::CallError;
use super::error::Error;
use super::event::Event;
use super::message::{Message, Qos};
use super::session::{Handle, Session};
use crate::{AnswerKey, Pending, Publication, topic};

/// What a message is to an [`Exchange`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sorted {
    /// The answer to a call. Where nobody waits for it, it is counted and forgotten.
    Answer(AnswerKey),
    /// The answer to a call where somebody waits for it, and news where nobody does.
    Either(AnswerKey),
    /// News: something that was not asked for.
    News,
}

/// A session that is both asked and listened to: what arrives is sorted into answers, which go to the calls that wait for
/// them, and news. Cheap to clone; all clones are the same.
///
/// It has no task of its own. Whoever waits for something reads for all: a call that waits for its answer keeps the news
/// for whoever takes them, and whoever takes news hands answers to the calls. What nobody takes is bounded; what comes
/// beyond that is lost, counted, and told in its place as [`Event::Missed`].
///
/// A message that waits here was acknowledged to the broker already.
#[derive(Clone)]
pub struct Exchange(Arc<Inner>);

struct Inner {
    handle: Handle,
    sort: fn(&Message) -> Sorted,
    patience: Duration,
    state: Mutex<State>,
    waiting: Arc<Waiting>,
}

struct State {
    session: Session,
    pending: Pending<oneshot::Sender<Message>>,
    /// What was subscribed to.
    filters: BTreeSet<String>,
    news: VecDeque<Event>,
    bytes: usize,
    missed: u64,
    strays: u64,
    over: Option<Over>,
}

/// How the session ended.
struct Over {
    error: Option<Error>,
    is_told: bool,
}

/// Those that wait for the session, in tasks of their own.
#[derive(Default)]
struct Waiting(Mutex<Vec<Waker>>);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
}

impl Waiting {
    fn register(&self, waker: &Waker) {
        let mut wakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wakers.iter().any(|known| known.will_wake(waker)) {
            return;
        }
        // Those of futures that are gone are in it as well. Whoever is woken for nothing comes again.
        let stale =
            if wakers.len() < MOST_WAKERS { Vec::new() } else { std::mem::take(&mut *wakers) };
        wakers.push(waker.clone());
        drop(wakers);
        stale.into_iter().for_each(Waker::wake);
    }

    fn wake_all(&self) {
        let wakers = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Exchange {
    /// Sorts what arrives by `sort`. The answer to a call is waited for so long, beginning when the broker has it; until
    /// then the session's own [timeout](super::Options::timeout) holds.
    pub fn new(session: Session, sort: fn(&Message) -> Sorted, patience: Duration) -> Self {
        let state = State {
            pending: Pending::new(MOST_CALLS),
            filters: BTreeSet::new(),
            news: VecDeque::new(),
            bytes: 0,
            missed: 0,
            strays: 0,
            over: None,
            session,
        };
        Self(Arc::new(Inner {
            handle: state.session.handle(),
            sort,
            patience,
            state: Mutex::new(state),
            waiting: Arc::default(),
        }))
    }

    /// A handle of the session.
    pub fn handle(&self) -> &Handle {
        &self.0.handle
    }

    /// How many answers came that nobody waited for: twice, too late, or with another id.
    pub fn strays(&self) -> u64 {
        self.0.state().strays
    }

    /// Subscribes to these filters, those left out that are subscribed to already.
    ///
    /// # Errors
    /// Why it does not work with the first that it does not work with. The others are subscribed to all the same.
    ///
    /// # Cancel safety
    /// What was asked of the broker by then goes on.
    pub async fn subscribe(&self, filters: impl IntoIterator<Item = String>) -> Result<(), Error> {
        let mut asking: Vec<_> = filters
            .into_iter()
            .filter(|filter| !self.0.state().filters.contains(filter))
            .map(|filter| {
                let subscribed = self.0.handle.clone();
                let asked = filter.clone();
                let future =
                    async move { subscribed.subscribe(asked, Qos::AtLeastOnce).await.map(|_| ()) };
                (filter, Some(Box::pin(future)))
            })
            .collect();
        let mut first = Ok(());
        poll_fn(|cx| {
            let mut all = Poll::Ready(());
            for (filter, slot) in &mut asking {
                let Some(future) = slot else { continue };
                let Poll::Ready(done) = future.as_mut().poll(cx) else {
                    all = Poll::Pending;
                    continue;
                };
                *slot = None;
                match done {
                    Ok(()) => drop(self.0.state().filters.insert(std::mem::take(filter))),
                    Err(error) if first.is_ok() => first = Err(error),
                    Err(_) => {}
                }
            }
            all
        })
        .await;
        first
    }

    /// Ends the subscriptions that `is_meant` says so of.
    ///
    /// # Errors
    /// Why it does not work with the first that it does not work with. Those behind it stand.
    ///
    /// # Cancel safety
    /// What was asked of the broker by then goes on.
    pub async fn unsubscribe(&self, is_meant: impl Fn(&str) -> bool) -> Result<(), Error> {
        let meant: Vec<_> =
            self.0.state().filters.iter().filter(|filter| is_meant(filter)).cloned().collect();
        for filter in meant {
            self.0.handle.unsubscribe(filter.as_str()).await?;
            self.0.state().filters.remove(&filter);
        }
        Ok(())
    }

    /// Publishes, and waits for the answer. The answer's topic is subscribed to first, where it is not yet.
    ///
    /// A connection that is lost meanwhile ends no call: the session makes another one and sends what the broker has not
    /// acknowledged; what the broker had may be answered on it, or not, which the deadline tells.
    ///
    /// # Errors
    /// Each tells whether it was sent: see [`CallErrorKind`](super::CallErrorKind).
    ///
    /// # Cancel safety
    /// Nobody waits for the answer any more; what was published is published. No answer of another is lost.
    pub async fn call<R>(&self, publication: Publication) -> Result<Message, CallError<R>> {
        let key = publication.answer.clone().ok_or_else(CallError::nothing_answers)?;
        let is_subscribed = |filter: &String| topic::matches(filter, &key.topic);
        if !self.0.state().filters.iter().any(is_subscribed) {
            self.subscribe([key.topic.clone()]).await?;
        }
        let waiter = self.expect(key)?;
        self.0.handle.send(publication.into()).await?;
        let late = time::sleep(self.0.patience);
        waiter.wait(pin!(late)).await
    }

    /// Publishes what nobody answers.
    ///
    /// # Errors
    /// As for [`Handle::send`].
    ///
    /// # Cancel safety
    /// As for [`Handle::send`].
    pub async fn tell(&self, publication: Publication) -> Result<(), Error> {
        self.0.handle.send(publication.into()).await
    }

    /// The next news: what happens to the session, and messages that answer nothing. The last item is the error that
    /// ended the session, where one did.
    pub fn poll_news(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        self.0.drive(cx, |state| {
            if let Some(event) = state.news.pop_front() {
                state.bytes = state.bytes.saturating_sub(size(&event));
                return Poll::Ready(Some(Ok(event)));
            }
            if let Some(count @ 1..) = Some(std::mem::take(&mut state.missed)) {
                return Poll::Ready(Some(Ok(Event::Missed { count })));
            }
            match &mut state.over {
                Some(Over { error: Some(error), is_told: is_told @ false }) => {
                    *is_told = true;
                    Poll::Ready(Some(Err(error.clone())))
                }
                Some(_) => Poll::Ready(None),
                None => Poll::Pending,
            }
        })
    }

    /// Leaves, as by [`Session::close`]; for all clones.
    ///
    /// # Cancel safety
    /// Dropping the future leaves all the same.
    pub async fn close(&self) {
        self.0.handle.close();
        poll_fn(|cx| {
            self.0.drive(cx, |state| match &state.over {
                Some(_) => Poll::Ready(()),
                None => Poll::Pending,
            })
        })
        .await;
    }

    fn expect<R>(&self, key: AnswerKey) -> Result<Waiter<'_>, CallError<R>> {
        let (sender, answer) = oneshot::channel();
        let now = self.0.handle.now();
        let mut state = self.0.state();
        // Those whose futures were neither finished nor dropped.
        while state.pending.expire(now).is_some() {}
        let kept = state.pending.insert(key.clone(), now + FORGOTTEN, sender);
        kept.map_err(|error| CallError::busy(error.why))?;
        Ok(Waiter { inner: &self.0, key, answer })
    }
}

/// A call that waits for its answer. It waits no more when it is dropped.
struct Waiter<'a> {
    inner: &'a Inner,
    key: AnswerKey,
    answer: oneshot::Receiver<Message>,
}

impl Waiter<'_> {
    async fn wait<R>(mut self, mut late: Pin<&mut time::Sleep>) -> Result<Message, CallError<R>> {
        poll_fn(|cx| {
            let driven = self.inner.drive(cx, |state| match &state.over {
                Some(over) => Poll::Ready(over.error.clone().unwrap_or_else(Error::closed)),
                None => Poll::Pending,
            });
            // An answer counts also where it is the last that was heard.
            if let Ok(message) = self.answer.try_recv() {
                return Poll::Ready(Ok(message));
            }
            if let Poll::Ready(error) = driven {
                return Poll::Ready(Err(error.into()));
            }
            late.as_mut().poll(cx).map(|()| Err(CallError::no_answer(self.inner.patience)))
        })
        .await
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        // What was answered has left its place, and another call may have it by now.
        if let Err(oneshot::error::TryRecvError::Empty) = self.answer.try_recv() {
            state.pending.take(&self.key);
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked left it as it was before or after.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all that is there, and looks whether that is what was waited for.
    fn drive<T>(&self, cx: &mut Context<'_>, look: impl FnOnce(&mut State) -> Poll<T>) -> Poll<T> {
        self.waiting.register(cx.waker());
        let waker = Waker::from(Arc::clone(&self.waiting));
        let mut state = self.state();
        while state.over.is_none() {
            let next = Pin::new(&mut state.session).poll_next(&mut Context::from_waker(&waker));
            let Poll::Ready(next) = next else { break };
            state.take(next, self.sort);
        }
        // What was read here for others is seen by them as well: what arrived has woken all of them.
        look(&mut state)
    }
}

impl State {
    fn take(&mut self, next: Option<Result<Event, Error>>, sort: fn(&Message) -> Sorted) {
        let event = match next {
            Some(Ok(event)) => event,
            Some(Err(error)) => return self.end(Some(error)),
            None => return self.end(None),
        };
        match &event {
            Event::Message(message) => match sort(message) {
                Sorted::Answer(key) | Sorted::Either(key) if self.pending.contains(&key) => {
                    let Event::Message(message) = event else { return };
                    if let Some(waiter) = self.pending.take(&key) {
                        // Who gave up in this moment needs no answer.
                        let _ = waiter.send(message);
                    }
                    return;
                }
                Sorted::Answer(_) => {
                    self.strays = self.strays.saturating_add(1);
                    return;
                }
                Sorted::Either(_) | Sorted::News => {}
            },
            Event::Unsubscribed { filter, .. } => drop(self.filters.remove(filter)),
            Event::Missed { count, .. } => {
                self.missed = self.missed.saturating_add(*count);
                return;
            }
            Event::Connected { .. } | Event::Disconnected { .. } => {}
        }
        let bytes = self.bytes.saturating_add(size(&event));
        if self.news.len() < MOST_NEWS && (bytes <= MOST_BYTES || self.news.is_empty()) {
            self.bytes = bytes;
            if let Some(count @ 1..) = Some(std::mem::take(&mut self.missed)) {
                self.news.push_back(Event::Missed { count });
            }
            self.news.push_back(event);
        } else {
            self.missed = self.missed.saturating_add(1);
        }
    }

    fn end(&mut self, error: Option<Error>) {
        self.over = Some(Over { error, is_told: false });
        // Those who wait see that it is over.
        self.pending.clear().for_each(drop);
    }
}

fn size(event: &Event) -> usize {
    match event {
        Event::Message(message) => message.size(),
        _ => 0,
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        f.debug_struct("Exchange")
            .field("session", &state.session)
            .field("waiting", &state.pending.len())
            .field("news", &state.news.len())
            .finish_non_exhaustive()
    }
}

/// How many answers are waited for at once.
const MOST_CALLS: usize = 256;
/// How many news wait to be taken, and how many bytes of them.
const MOST_NEWS: usize = 256;
const MOST_BYTES: usize = 4 * 1024 * 1024;
const MOST_WAKERS: usize = 64;
/// A call whose future was leaked holds its place no longer than that; no other takes so long.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);
