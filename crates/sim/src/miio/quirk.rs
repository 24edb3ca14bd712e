//! What devices write wrongly, one quirk for each kind seen in the field.

use std::fmt;
use std::str::FromStr;

macro_rules! quirks {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// Something that real devices get wrong. In configurations it goes by the name in
        /// [`name`](Self::name), such as `double-comma`.
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
    /// One NUL behind the JSON, as most devices send it.
    TrailingNul => "trailing-nul",
    /// Sixteen NULs behind the JSON.
    TrailingNuls => "trailing-nuls",
    /// A NUL and leftovers of an older answer behind the JSON.
    TrailingGarbage => "trailing-garbage",
    /// `{"id":1,,"result":…}`.
    DoubleComma => "double-comma",
    /// `,,"otu_stat"` in `miIO.info`: power strips without their cloud print nothing for `ott_stat`.
    EmptyOttStat => "empty-ott-stat",
    /// Whole numbers with a zero in front: `00`, `06`.
    LeadingZero => "leading-zero",
    /// `"result":,`: no result at all.
    ResultComma => "result-comma",
    /// `[,]` for two values, `[,,]` for three: an array of values without any of them.
    MissingElements => "missing-elements",
    /// Control characters stand in strings as they are; the network's name in `miIO.info` has some.
    ControlCharacters => "control-characters",
    /// `[on]`: words in arrays without their quotes.
    BareWord => "bare-word",
    /// `"value":-0./` for every number read by `get_properties`.
    NumberJunk => "number-junk",
    /// An answer to `miIO.info` that is sealed well and has no text.
    EmptyPayload => "empty-payload",
    /// `"error":"…"` in place of an object.
    ErrorAsString => "error-as-string",
    /// `"error":{"code":…,"error":"…"}`.
    ErrorInError => "error-in-error",
    /// `"result":0` for a command that went well.
    OkAsZero => "ok-as-zero",
    /// `"result":"ok"` for a command that went well.
    OkAsText => "ok-as-text",
    /// `"result":["ok"]` for an action that went well, without its outputs.
    ActionOk => "action-ok",
    /// An object's fields at the top level, without `"result"` around them.
    MissingWrapper => "missing-wrapper",
    /// Further keys at the top level: `partner_id`, `code`, `message`.
    ExtraKeys => "extra-keys",
    /// Answers without an id.
    IdMissing => "id-missing",
    /// Answers with the id 0.
    IdZero => "id-zero",
    /// Every other answer is the error -30001 with the id 0: the device could not read its own answer.
    Garbled => "garbled",
    /// Characters beyond ASCII are cut off behind their first byte; the network's name in `miIO.info` is one.
    InvalidUtf8 => "invalid-utf8",
    /// Numbers as strings and switches as `"on"` and `"off"`.
    NumbersAsText => "numbers-as-text",
    /// Each answer is sent twice.
    DuplicateReply => "duplicate-reply",
    /// Before each answer one to the id before it.
    WrongId => "wrong-id",
    /// Before each answer a request of the device's own, with the same id.
    UnsolicitedRequest => "unsolicited-request",
    /// A byte order mark and blanks in front of the JSON.
    ByteOrderMark => "byte-order-mark",
    /// The result `"unknown_method"` in place of the error.
    UnknownMethodResult => "unknown-method-result",
    /// Silence on requests with blanks between the JSON's tokens.
    NoBlanks => "no-blanks",
    /// Inputs of actions are taken as `{"piid":…,"value":…}` only.
    PiidInputs => "piid-inputs",
    /// Inputs of actions are taken as bare values only.
    BareInputs => "bare-inputs",
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
