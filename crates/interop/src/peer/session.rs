//! Our session at a broker of others: what it tells, in the order in which it has to.

use std::time::Duration;

use futures_util::StreamExt as _;
use iot_home::mqtt::Signer;
use iot_home::mqtt::client::{Event, Message, Options, Qos, Session};
use tokio::time::timeout;

use crate::process::Failure;
use crate::tally::Tally;

/// Everything comes sooner.
const SOON: Duration = Duration::from_secs(20);

/// A session, which tells nothing but what is asked for.
pub(crate) struct Client {
    pub(crate) session: Session,
    /// Logins, and messages in both directions.
    pub(crate) logins: u64,
    pub(crate) messages: u64,
}

impl Client {
    /// Connects, and is told so.
    pub(crate) async fn connect(
        what: &str,
        signer: impl Signer + Send + 'static,
        options: Options,
        tally: &mut Tally,
    ) -> Result<Self, Failure> {
        let session = Session::connect(signer, options).await?;
        let mut client = Self { session, logins: 0, messages: 0 };
        client.connected(&format!("{what}: it connects"), false, tally).await?;
        Ok(client)
    }

    /// What it tells next.
    async fn event(&mut self, what: &str) -> Result<Event, Failure> {
        match timeout(SOON, self.session.next()).await {
            Ok(Some(event)) => Ok(event?),
            Ok(None) => Err(Failure::new(format!("{what}: the session is over"))),
            Err(_) => Err(Failure::new(format!("{what}: nothing in {} s", SOON.as_secs()))),
        }
    }

    /// It tells that it was let in, and whether the broker remembers it. Attempts in between may have failed.
    pub(crate) async fn connected(
        &mut self,
        what: &str,
        remembered: bool,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        loop {
            match self.event(what).await? {
                Event::Disconnected { .. } => {}
                Event::Connected { session_present, .. } => {
                    tally.equal(what, session_present, remembered);
                    self.logins += 1;
                    return Ok(());
                }
                other => return Err(Failure::new(format!("{what}: {other:?}"))),
            }
        }
    }

    /// It tells that it lost the connection.
    pub(crate) async fn disconnected(
        &mut self,
        what: &str,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let event = self.event(what).await?;
        tally.check(what, matches!(event, Event::Disconnected { .. }), event);
        Ok(())
    }

    /// It tells of this message.
    pub(crate) async fn receives(
        &mut self,
        what: &str,
        wanted: &Message,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        match self.event(what).await? {
            Event::Message(message) => {
                self.messages += 1;
                // Payloads are long, and not shown.
                tally.check(what, message == *wanted, message);
            }
            other => tally.check(what, false, other),
        }
        Ok(())
    }

    /// It sends this message, which is acknowledged.
    pub(crate) async fn sends(&mut self, message: Message) -> Result<(), Failure> {
        self.session.send(message).await?;
        self.messages += 1;
        Ok(())
    }

    /// It leaves, and everything that was exchanged is counted.
    pub(crate) async fn leave(self, tally: &mut Tally) -> Result<(), Failure> {
        let left = timeout(SOON, self.session.close()).await;
        tally.exchanged(self.logins, self.messages);
        left.map_err(|_| Failure::new("the session does not close"))
    }
}

/// What long payloads are filled with; the peers' scripts know it too.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..251_u8).cycle().step_by(7).take(length).collect()
}

/// A message of that length.
pub(crate) fn message(topic: &str, length: usize, qos: Qos) -> Message {
    Message::new(topic, pattern(length)).qos(qos)
}
