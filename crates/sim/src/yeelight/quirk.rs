//! What bulbs write wrongly, one quirk for each kind seen in the field or to be feared.

use std::fmt;
use std::str::FromStr;

macro_rules! quirks {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// Something that bulbs get wrong. In configurations it goes by the name in
        /// [`name`](Self::name), such as `split-segments`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Quirk {
            $($(#[$doc])* $name,)*
        }

        impl Quirk {
            /// Every quirk there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in configurations.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

quirks! {
    /// Each message comes in two to four pieces, 2 ms apart.
    SplitSegments => "split-segments",
    /// Messages wait for the next fiftieth of a second and come in one piece.
    Coalesced => "coalesced",
    /// Before each answer a line of random bytes.
    GarbageLine => "garbage-line",
    /// Before each answer random bytes without a line end, so that it cannot be read.
    GarbageBytes => "garbage-bytes",
    /// The first half of an answer, and then nothing more on this connection.
    HalfMessage => "half-message",
    /// 200 KiB without a line end, and then nothing more on this connection.
    HugeLine => "huge-line",
    /// Answers carry the id after the command's.
    WrongId => "wrong-id",
    /// Answers without an id.
    IdMissing => "id-missing",
    /// `"id":"1"`.
    IdAsText => "id-as-text",
    /// Each answer is sent twice.
    DuplicateAnswer => "duplicate-answer",
    /// Lines end in LF alone.
    LfLines => "lf-lines",
    /// `"error":"general error"` in place of an object.
    ErrorAsText => "error-as-text",
    /// `"result":"ok"` in place of an array.
    ResultAsText => "result-as-text",
    /// `get_prop` answers numbers as numbers.
    NumbersInResults => "numbers-in-results",
    /// Before each answer 500 notifications of any brightness, to everybody; the last one is true.
    NotificationFlood => "notification-flood",
    /// Before each answer a notification with another method, and one whose `params` are no object.
    OddNotifications => "odd-notifications",
    /// Notifications tell the opposite of `bg_power`.
    WrongBgPower => "wrong-bg-power",
    /// `set_music` is refused.
    MusicRefused => "music-refused",
    /// `set_music` is taken, and no connection comes.
    MusicNoConnection => "music-no-connection",
    /// `name: desk: left` in searches.
    SearchNameColon => "search-name-colon",
    /// No blank behind the colons of search answers.
    SearchNoBlank => "search-no-blank",
    /// Header names of search answers in capitals.
    SearchCapitals => "search-capitals",
    /// Lines of search answers end in LF alone.
    SearchLf => "search-lf",
    /// An eighteenth header in search answers.
    SearchExtraHeader => "search-extra-header",
    /// Search answers without `Location`.
    SearchNoLocation => "search-no-location",
    /// `Location: yeelight://lamp.local`.
    SearchBadLocation => "search-bad-location",
    /// Search answers without `name`.
    SearchNoName => "search-no-name",
    /// A name in Latin-1 in search answers.
    SearchLatin1Name => "search-latin1-name",
    /// A name in BASE64 in search answers, as clients store what is beyond ASCII.
    SearchBase64Name => "search-base64-name",
    /// A datagram of random bytes before each search answer.
    SearchRandomBytes => "search-random-bytes",
    /// Search answers end in their middle.
    SearchTruncated => "search-truncated",
    /// Search answers come from another port.
    SearchOtherPort => "search-other-port",
    /// Search answers come three times.
    SearchRepeated => "search-repeated",
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Quirk {
    type Err = UnknownQuirk;

    fn from_str(name: &str) -> Result<Self, UnknownQuirk> {
        Self::ALL.iter().copied().find(|quirk| quirk.name() == name).ok_or(UnknownQuirk)
    }
}

/// A name that no quirk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownQuirk;

impl fmt::Display for UnknownQuirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such quirk; there are")?;
        for (at, quirk) in Quirk::ALL.iter().enumerate() {
            write!(f, "{} {quirk}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownQuirk {}
