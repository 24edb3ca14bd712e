//! What the program has not taken yet.

use std::collections::VecDeque;

use crate::client::event::Event;
use crate::client::message::Message;

/// So many events that are no messages are kept; each is a change of the connection, and older ones are forgotten first.
const CHANGES: usize = 64;

/// Events that wait to be taken: bounded, whoever reads and whatever arrives.
#[derive(Debug)]
pub(super) struct Inbox {
    events: VecDeque<Delivery>,
    /// How many of the events are messages, and how large these are.
    messages: usize,
    bytes: usize,
    changes: usize,
    /// Messages that were lost behind those which wait.
    missed: u64,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug)]
struct Delivery {
    event: Event,
    /// What is to be acknowledged when it is taken.
    acknowledge: Option<Received>,
}

/// A packet id of the broker's, which means something in one connection only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) connection: u64,
    pub(super) id: u16,
}

impl Inbox {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            events: VecDeque::new(),
            messages: 0,
            bytes: 0,
            changes: 0,
            missed: 0,
            most,
            most_bytes,
        }
    }

    /// Keeps a message; no more than is allowed, but one of any size where there is none.
    pub(super) fn message(&mut self, message: Message, acknowledge: Option<Received>) -> bool {
        let size = message.size();
        let fits = self.bytes.saturating_add(size) <= self.most_bytes || self.messages == 0;
        if self.messages >= self.most || !fits {
            self.miss();
            return false;
        }
        self.report_missed();
        self.messages = self.messages.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size);
        self.events.push_back(Delivery { event: Event::Message(message), acknowledge });
        true
    }

    /// A message was lost.
    pub(super) fn miss(&mut self) {
        self.missed = self.missed.saturating_add(1);
    }

    /// Keeps an event that is no message.
    pub(super) fn change(&mut self, event: Event) {
        self.report_missed();
        if self.changes >= CHANGES {
            let oldest =
                self.events.iter().position(|kept| !matches!(kept.event, Event::Message(_)));
            if let Some(Delivery { event: Event::Missed { count }, .. }) =
                oldest.and_then(|at| self.events.remove(at))
            {
                self.missed = self.missed.saturating_add(count);
            }
        } else {
            self.changes = self.changes.saturating_add(1);
        }
        self.events.push_back(Delivery { event, acknowledge: None });
    }

    fn report_missed(&mut self) {
        let count = std::mem::take(&mut self.missed);
        if count > 0 {
            self.change(Event::Missed { count });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.missed == 0
    }

    pub(super) fn take(&mut self) -> Option<(Event, Option<Received>)> {
        if self.events.is_empty() {
            self.report_missed();
        }
        let Delivery { event, acknowledge } = self.events.pop_front()?;
        match &event {
            Event::Message(message) => {
                self.messages = self.messages.saturating_sub(1);
                self.bytes = self.bytes.saturating_sub(message.size());
            }
            _ => self.changes = self.changes.saturating_sub(1),
        }
        Some((event, acknowledge))
    }
}
