//! What a session with a cloud can be told.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::args::{at_least_one, duration};

#[derive(Debug, Args)]
#[command(next_help_heading = "Session")]
pub(crate) struct SessionArgs {
    /// Subscribe to this topic filter; may be repeated
    #[arg(long = "subscribe", value_name = "TOPIC")]
    pub(crate) subscriptions: Vec<String>,
    /// Publish this once everything is subscribed to; may be repeated
    #[arg(long = "publish", value_name = "TOPIC=PAYLOAD", value_parser = publication)]
    pub(crate) publications: Vec<Publication>,
    /// How surely what is published and subscribed to is to arrive
    #[arg(
        long,
        value_name = "0|1",
        default_value = "1",
        value_parser = clap::value_parser!(u8).range(0..=1)
    )]
    pub(crate) qos: u8,
    /// Stay for so long once everything is subscribed and published [default: until interrupted]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) stay: Option<Duration>,
    /// End as soon as this many messages have arrived and everything is published
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) count: Option<usize>,
    /// Trust these CAs (PEM), and not those that the cloud is known to have
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Prove the device by this certificate (PEM), and not by a secret
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's private key (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Take the broker's certificate whatever host it was made out to. Whoever has a certificate of a
    /// trusted CA can then pass for the broker
    #[arg(long)]
    pub(crate) no_name_check: bool,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) topic: String,
    pub(crate) payload: String,
}

fn publication(text: &str) -> Result<Publication, &'static str> {
    let (topic, payload) =
        text.split_once('=').ok_or("expected a topic, an equals sign and the payload")?;
    Ok(Publication { topic: topic.to_owned(), payload: payload.to_owned() })
}
