//! What a platform takes of messages.

use crate::client::error::{Error, Input};
use crate::client::message::Message;
use crate::{Rules, topic};

/// A topic of the longest kind, with its length and a packet id.
const TOPIC: usize = 65_535 + 4;
/// The largest remaining length, without the two lengths in it.
const PACKET: usize = 268_435_455 - 4;

/// The largest packet that holds a message within the rules.
pub(in crate::client) fn largest_packet(rules: &Rules) -> usize {
    rules.payload.saturating_add(TOPIC)
}

pub(super) fn check_message(rules: &Rules, message: &Message) -> Result<(), Error> {
    topic::check_name(&message.topic).map_err(|error| Error::input(Input::Topic(error)))?;
    if message.qos.get() > rules.qos {
        let qos = message.qos.get();
        return Err(Error::input(Input::Qos { qos, highest: rules.qos }));
    }
    if message.retain && !rules.retain {
        return Err(Error::input(Input::Retain));
    }
    let bytes = message.payload.len();
    // The packet has a length too.
    let most = rules.payload.min(PACKET.saturating_sub(message.topic.len()));
    if bytes > most {
        return Err(Error::input(Input::Payload { bytes, most }));
    }
    Ok(())
}
