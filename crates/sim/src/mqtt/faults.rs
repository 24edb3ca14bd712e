//! What goes wrong between a client and the platform.

use std::ops::RangeInclusive;
use std::time::Duration;

use iot_home_mqtt::ConnectCode;

/// How a platform misbehaves. Equal seeds give equal runs.
///
/// Bytes are counted over all connections since the faults were set; what is to happen at the nth happens once.
///
/// ```
/// use std::time::Duration;
/// use iot_home_mqtt::ConnectCode;
/// use iot_home_sim::mqtt::Faults;
///
/// let faults = Faults::seed(7)
///     .delay(Duration::from_millis(5)..=Duration::from_millis(50))
///     .refuse(ConnectCode::UNAVAILABLE, 2)
///     .lost_acks(1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    pub(crate) seed: u64,
    pub(crate) delay: RangeInclusive<Duration>,
    pub(crate) refuse: Option<ConnectCode>,
    pub(crate) refusals: u64,
    pub(crate) cut_in: Option<u64>,
    pub(crate) cut_out: Option<u64>,
    pub(crate) lost_acks: u64,
    pub(crate) silence: Silence,
    pub(crate) cut_files: Option<(usize, u64)>,
    pub(crate) wrong_files: u64,
    pub(crate) answer: Option<AnswerFault>,
    pub(crate) answers: u64,
}

impl Faults {
    /// No faults, and the seed for those to come.
    pub fn seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// How long the platform takes for each answer. What goes out on one connection stays in its order.
    #[must_use]
    pub fn delay(mut self, delay: RangeInclusive<Duration>) -> Self {
        self.delay = delay;
        self
    }

    /// The next so many answers with a file, or a part of one, end after so many bytes.
    #[must_use]
    pub fn cut_files(mut self, bytes: usize, times: u64) -> Self {
        self.cut_files = Some((bytes, times));
        self
    }

    /// The next so many answers with a file, or a part of one, have a wrong byte.
    #[must_use]
    pub fn wrong_files(mut self, times: u64) -> Self {
        self.wrong_files = times;
        self
    }

    /// The next so many logins get this code, whatever they are; [`u64::MAX`] is always.
    #[must_use]
    pub fn refuse(mut self, code: ConnectCode, times: u64) -> Self {
        self.refuse = Some(code);
        self.refusals = times;
        self
    }

    /// When so many bytes have come in, the connection that they came on is cut. What came before is taken.
    #[must_use]
    pub fn cut_at_input(mut self, bytes: u64) -> Self {
        self.cut_in = Some(bytes);
        self
    }

    /// When so many bytes have gone out, the connection that they would have gone on with is cut.
    #[must_use]
    pub fn cut_at_output(mut self, bytes: u64) -> Self {
        self.cut_out = Some(bytes);
        self
    }

    /// The next so many PUBACK packets are not sent. The messages are taken all the same.
    #[must_use]
    pub fn lost_acks(mut self, acks: u64) -> Self {
        self.lost_acks = acks;
        self
    }

    /// This becomes of the next so many answers to what devices ask; of what the platform says by itself nothing does. A
    /// registration over MQTT may be missing, there twice, malformed, or another device's ([`AnswerFault::WrongId`]).
    #[must_use]
    pub fn answers(mut self, fault: AnswerFault, times: u64) -> Self {
        self.answer = Some(fault);
        self.answers = times;
        self
    }

    /// What the platform says nothing to.
    #[must_use]
    pub fn silence(mut self, silence: Silence) -> Self {
        self.silence = silence;
        self
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            delay: Duration::ZERO..=Duration::ZERO,
            refuse: None,
            refusals: 0,
            cut_in: None,
            cut_out: None,
            lost_acks: 0,
            cut_files: None,
            wrong_files: 0,
            silence: Silence::default(),
            answer: None,
            answers: 0,
        }
    }
}

/// What a platform says nothing to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Silence {
    /// It answers everything.
    #[default]
    Never,
    /// It takes everything and sends nothing. What it would have sent is lost.
    Output,
    /// As if the network were gone: connections stand and lead nowhere, those that are made meanwhile as well.
    /// They stay so when the silence is over; a client has to notice, and to connect anew.
    Total,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerFault {
    /// It is not given.
    Missing,
    /// It comes so much later.
    Late(Duration),
    /// It comes twice.
    Twice,
    /// It comes behind the next one.
    Overtaken,
    /// It has another id, where it has one.
    WrongId,
    /// It has this code, where it has one.
    Code(i64),
    /// It breaks off half way.
    Malformed,
}
