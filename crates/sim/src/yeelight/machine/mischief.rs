//! What goes wrong, and when it is its turn.

use std::time::Duration;

use iot_home_core::{Random, SeededRandom};

use crate::yeelight::faults::{Close, Faults, Silence};
use crate::yeelight::quirk::Quirk;

/// The faults, and how far they have got.
#[derive(Debug)]
pub(super) struct Mischief {
    pub(super) faults: Faults,
    random: SeededRandom,
    /// Commands so far.
    commands: u64,
    /// How many bytes may still be written, where that is limited.
    bytes_left: Option<u64>,
    searches_to_lose: u64,
    /// Nothing goes wrong; answers take the short way.
    none: bool,
}

impl Mischief {
    pub(super) fn new(faults: Faults) -> Self {
        let bytes_left = match faults.close {
            Some(Close::AtByte(byte)) => Some(byte),
            _ => None,
        };
        Self {
            random: SeededRandom::new(faults.seed),
            commands: 0,
            bytes_left,
            searches_to_lose: faults.lost_searches,
            none: is_none(&faults),
            faults,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.none
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.faults.has(quirk)
    }

    pub(super) fn silence(&self) -> Silence {
        self.faults.silence
    }

    pub(super) fn set_silence(&mut self, silence: Silence) {
        self.faults.silence = silence;
        self.none = is_none(&self.faults);
    }

    /// Another command; which one it is.
    pub(super) fn command(&mut self) -> u64 {
        self.commands = self.commands.saturating_add(1);
        self.commands
    }

    /// Whether this search gets lost.
    pub(super) fn loses_search(&mut self) -> bool {
        let lost = self.searches_to_lose > 0;
        self.searches_to_lose = self.searches_to_lose.saturating_sub(1);
        lost
    }

    /// How much of what is to be written is still written, if that is not all of it.
    pub(super) fn cut(&mut self, length: usize) -> Option<usize> {
        let left = self.bytes_left?;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if length < left {
            self.bytes_left = Some(left.saturating_sub(length));
            return None;
        }
        self.bytes_left = None;
        usize::try_from(left).ok()
    }

    pub(super) fn answer_delay(&mut self) -> Duration {
        let (low, high) = self.faults.delay.clone().into_inner();
        self.duration(low, high)
    }

    pub(super) fn search_delay(&mut self) -> Duration {
        let (low, high) = self.faults.search_delay.clone().into_inner();
        self.duration(low, high)
    }

    fn duration(&mut self, low: Duration, high: Duration) -> Duration {
        if high.is_zero() {
            return high;
        }
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.random.between(micros(low), micros(high)))
    }

    /// One to forty random bytes without a line feed.
    pub(super) fn garbage(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.random.between(1, 40)).unwrap_or(1);
        let mut bytes = vec![0; length];
        self.random.fill(&mut bytes);
        for byte in bytes.iter_mut().filter(|byte| **byte == b'\n') {
            *byte = b'?';
        }
        bytes
    }

    /// A message in two to four pieces.
    pub(super) fn split<'a>(&mut self, mut message: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        for _ in 0..self.random.between(1, 3) {
            let most = u64::try_from(message.len()).unwrap_or(u64::MAX).saturating_sub(1);
            let at = usize::try_from(self.random.between(1, most)).unwrap_or(usize::MAX);
            if let Some((piece, rest)) =
                message.split_at_checked(at).filter(|(_, rest)| !rest.is_empty())
            {
                pieces.push(piece);
                message = rest;
            }
        }
        pieces.push(message);
        pieces
    }
}

fn is_none(faults: &Faults) -> bool {
    *faults == Faults::seed(faults.seed)
}
