//! Connections: how they begin, and how they end.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, BytesMut};
use iot_home_core::{Instant, Random};

use super::link::{Link, Phase};
use super::outbox::Expired;
use super::{Done, Machine};
use crate::client::error::{Cause, Error, Input};
use crate::client::event::Event;
use crate::packet::Will;
use crate::{Connect, ConnectCode, MqttLogin};

impl<W> Machine<W> {
    /// A connection stands. [`transmit`](Self::transmit) begins with the login.
    ///
    /// # Errors
    /// The login breaks a rule and is not sent.
    pub(in crate::client) fn opened(
        &mut self,
        now: Instant,
        login: &MqttLogin,
    ) -> Result<(), Error> {
        self.connection = self.connection.wrapping_add(1);
        self.answers.clear();
        self.skip = 0;
        self.owed = false;
        let keep_alive = &self.rules.keep_alive;
        if !keep_alive.contains(&login.keep_alive) {
            return Err(Error::input(Input::KeepAlive {
                seconds: login.keep_alive,
                low: *keep_alive.start(),
                high: *keep_alive.end(),
            }));
        }
        let mut connect = Connect::from(login);
        connect.will = self.settings.will.as_ref().map(|message| {
            let mut will = Will::new(message.topic.as_str(), &message.payload);
            will.qos = message.qos.get();
            will.retain = message.retain;
            will
        });
        let mut packet = Vec::new();
        connect.encode(&mut packet).map_err(|error| Error::input(Input::Login(error)))?;
        self.answers.put_slice(&packet);
        // A quarter earlier than has to be, since packets need their time.
        let keep_alive =
            (login.keep_alive > 0).then(|| Duration::from_secs(login.keep_alive.into()) * 3 / 4);
        let interval = keep_alive.into_iter().chain(self.settings.ping).min();
        let link = Link {
            since: now,
            interval,
            sent: now,
            heard: now,
            unheard: None,
            asked: None,
            clean: login.clean_session,
        };
        // Making the connection has taken its part of the time.
        let began = if let Phase::Opening(began) = self.phase { began } else { now };
        self.phase = Phase::Greeting { deadline: began + self.settings.connect_timeout, link };
        Ok(())
    }

    /// There is no connection, or not any longer.
    pub(in crate::client) fn lost(&mut self, now: Instant, error: Error, random: &mut dyn Random) {
        let lived = match &self.phase {
            Phase::Over(_) => return,
            Phase::Leaving { .. } => return self.end(None),
            Phase::Connected(link) => Some(now.saturating_since(link.since)),
            _ => None,
        };
        self.answers.clear();
        if self.closing.is_some() {
            return self.end(None);
        }
        let evictions = self.retry.ended(lived, error.is_by_broker());
        let error = match evictions {
            Some(evictions) => error.with_evictions(evictions),
            None => error,
        };
        if error.is_final() || (self.settings.fail_fast && !self.retry.has_succeeded()) {
            return self.end(Some(error));
        }
        self.outbox.lost();
        self.requests.lost();
        let retry_after = self.retry.pause(now, random);
        self.inbox.change(Event::Disconnected { error, retry_after });
        self.phase = Phase::Waiting(now + retry_after);
    }

    /// Who waits is told why; or that the session is closed, where there is no reason.
    pub(super) fn end(&mut self, error: Option<Error>) {
        let reason = error.clone().unwrap_or_else(Error::closed);
        for Expired { waiter, sent } in self.outbox.drain() {
            let error = match sent {
                true => Error::new(Cause::Timeout { what: "message", sent }),
                false => reason.clone(),
            };
            self.done.push_back((waiter, Err(error)));
        }
        for waiter in self.requests.drain() {
            self.done.push_back((waiter, Err(reason.clone())));
        }
        self.phase = Phase::Over(error);
    }

    /// The answer to the login; false where it is not there yet.
    pub(super) fn greeted(
        &mut self,
        now: Instant,
        mut link: Link,
        input: &mut BytesMut,
    ) -> Result<bool, Error> {
        if input.first().is_some_and(|first| *first != 0x20) {
            return Err(Error::malformed("the first packet is no CONNACK"));
        }
        let Some(&[_, length, flags, code]) = input.get(..4) else { return Ok(false) };
        if length != 2 || flags > 1 {
            return Err(Error::malformed("the first packet is no CONNACK"));
        }
        input.advance(4);
        let code = ConnectCode::new(code);
        if code != ConnectCode::ACCEPTED {
            return Err(Error::new(Cause::Refused(code)));
        }
        // A broker that remembers what it was told to forget is not believed.
        let session_present = flags == 1 && !link.clean;
        for waiter in self.outbox.connected(session_present) {
            self.done.push_back((waiter, Ok(Done::Published)));
        }
        self.requests.connected(session_present, self.rules.filters);
        if !session_present {
            self.received.clear();
        }
        link.since = now;
        link.heard = now;
        self.retry.succeeded();
        self.phase = Phase::Connected(link);
        self.inbox.change(Event::Connected { session_present });
        Ok(true)
    }
}
