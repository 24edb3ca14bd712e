//! How something fails in a home, and what to do about it.

mod kinds;

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use iot_home_core::MiotCode;
use iot_home_miot::{InputError, LookupError, ValueError};
use iot_home_yeelight::error::InvalidInput;

use self::kinds::{of_cloud, of_lumi, of_miio, of_yeelight};
use super::way::Way;

/// Why something did not work. [`kind`](Self::kind) tells causes apart, `Display` names the device and what went wrong
/// on each way that was tried, and [`hint`](Self::hint) says what to do. No token and no value is part of it.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    device: Option<Box<str>>,
    cause: Cause,
    /// What went wrong before, on other ways.
    earlier: Vec<(Way, Error)>,
}

/// What went wrong, to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such device, or more than one; [`Error::candidates`] says which may have been meant.
    Device,
    /// There is no such property or action, it does not take this, or nothing is known of the device's names. Nothing was
    /// sent.
    BadInput,
    /// There is no way to the device: its address or its token is not known, and the cloud does not know it.
    NoWay,
    /// Nothing answers at the device's address, or the cloud does not reach it. Nothing was carried out.
    Unreachable,
    /// It was not answered, and nothing but reading was sent.
    NoAnswer,
    /// It was sent and not answered: it may have been carried out. It was not sent another way.
    MaybeExecuted,
    /// The device answered with an error, or refused the property or the action.
    Refused,
    /// The device does not take it over any of its ways.
    NotSupported,
    /// What came back cannot be read.
    Malformed,
    /// The time ran out before it was sent.
    Timeout,
    /// A person must log in to the cloud.
    NeedsLogin,
    /// The cloud does not answer as it should.
    Cloud,
    /// The spec server does not answer as it should, and nothing else knows the name.
    Spec,
    /// The inventory cannot be read or written.
    File,
    /// The operating system refused.
    Io,
}

#[derive(Clone, Debug)]
pub(super) enum Cause {
    Unknown {
        name: Box<str>,
        near: Vec<Box<str>>,
    },
    Ambiguous {
        name: Box<str>,
        candidates: Vec<Box<str>>,
    },
    Forgotten,
    Lookup(LookupError),
    Nameless {
        name: Box<str>,
    },
    Value(ValueError),
    Input(InputError),
    Bulb(InvalidInput),
    Spec(iot_home_miot::client::Error),
    /// The spec server has not answered by then.
    SpecLate(Duration),
    NoWay,
    Inexpressible,
    Code {
        what: Box<str>,
        code: MiotCode,
    },
    Unanswered {
        what: &'static str,
    },
    Uncertain,
    /// It was carried out in part, or may have been.
    Partly(Error),
    Deadline(Duration),
    Miio {
        error: Arc<iot_home_miio::Error>,
        changes: bool,
    },
    Yeelight {
        error: Arc<iot_home_yeelight::Error>,
        changes: bool,
    },
    Lumi {
        error: Arc<iot_home_lumi::Error>,
        changes: bool,
    },
    Cloud {
        error: iot_home_micloud::client::Error,
        changes: bool,
    },
    Offline(MiotCode),
    NoCloud,
    File {
        path: Box<Path>,
        doing: &'static str,
        error: Arc<dyn StdError + Send + Sync>,
    },
}

impl Error {
    pub(super) fn new(cause: Cause) -> Self {
        Self(Arc::new(Inner { device: None, cause, earlier: Vec::new() }))
    }

    pub(super) fn file(
        path: &Path,
        doing: &'static str,
        error: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(Cause::File { path: path.into(), doing, error: Arc::from(error.into()) })
    }

    /// Says which device it is about.
    pub(super) fn of(mut self, device: &str) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.device.get_or_insert_with(|| device.into());
        self
    }

    /// It may have been carried out, or a part of it; this is how it ended.
    pub(super) fn into_uncertain(self) -> Self {
        if self.kind() == ErrorKind::MaybeExecuted {
            return self;
        }
        Self::new(Cause::Partly(self))
    }

    /// Adds what went wrong before.
    pub(super) fn after(mut self, earlier: Vec<(Way, Self)>) -> Self {
        if !earlier.is_empty() {
            Arc::make_mut(&mut self.0).earlier = earlier;
        }
        self
    }

    /// What went wrong, to act on.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Unknown { .. } | Cause::Ambiguous { .. } | Cause::Forgotten => ErrorKind::Device,
            Cause::Lookup(_)
            | Cause::Nameless { .. }
            | Cause::Value(_)
            | Cause::Input(_)
            | Cause::Bulb(_) => ErrorKind::BadInput,
            Cause::Spec(error) => match error.kind() {
                iot_home_miot::client::ErrorKind::UnknownModel => ErrorKind::BadInput,
                _ => ErrorKind::Spec,
            },
            Cause::SpecLate(_) => ErrorKind::Spec,
            Cause::NoWay => ErrorKind::NoWay,
            Cause::Inexpressible => ErrorKind::NotSupported,
            Cause::Code { .. } => ErrorKind::Refused,
            Cause::Unanswered { .. } => ErrorKind::Malformed,
            Cause::Uncertain | Cause::Partly(_) => ErrorKind::MaybeExecuted,
            Cause::Offline(_) => ErrorKind::Unreachable,
            Cause::Deadline(_) => ErrorKind::Timeout,
            Cause::Miio { error, changes } => of_miio(error.kind(), *changes),
            Cause::Yeelight { error, changes } => of_yeelight(error.kind(), *changes),
            Cause::Lumi { error, changes } => of_lumi(error.kind(), *changes),
            Cause::Cloud { error, changes } => of_cloud(error.kind(), *changes),
            Cause::NoCloud => ErrorKind::BadInput,
            Cause::File { .. } => ErrorKind::File,
        }
    }

    /// What to do, where something can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.0.cause {
            Cause::Unknown { near, .. } if near.is_empty() => Some(
                "the home's devices come from the cloud's list, from discovery and from the inventory: refresh it, or \
                 look for the device on the LAN",
            ),
            Cause::Ambiguous { .. } => Some("say the did or the address instead of the name"),
            Cause::Nameless { .. } => Some(
                "no spec of the model is at hand: name the property by its numbers, as in 2.1, or give the home a spec \
                 server",
            ),
            Cause::NoWay => Some(
                "a device is reached on the LAN by its address and token, or by a cloud that knows it: log in to the \
                 cloud, which knows its tokens",
            ),
            Cause::Spec(error) => error.hint(),
            Cause::SpecLate(_) => {
                Some("is the machine on the internet? by its numbers a property needs no spec")
            }
            Cause::Uncertain | Cause::Partly(_) => Some(UNCERTAIN),
            Cause::Miio { error, .. } => error.hint(),
            Cause::Yeelight { error, .. } => error.hint(),
            Cause::Lumi { error, .. } => error.hint(),
            Cause::Cloud { .. } if self.kind() == ErrorKind::MaybeExecuted => Some(UNCERTAIN),
            Cause::Cloud { error, .. } => error.hint(),
            Cause::NoCloud => Some("give the home a client of the Mi cloud"),
            Cause::File { .. } => Some("is the folder there, and may this user write to it?"),
            _ => None,
        }
    }

    /// Devices that may have been meant, or those that share the name.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        let names = match &self.0.cause {
            Cause::Unknown { near: names, .. } | Cause::Ambiguous { candidates: names, .. } => {
                names.as_slice()
            }
            _ => &[],
        };
        names.iter().map(|name| &**name)
    }

    /// The code by which the device refused, where there is one.
    pub fn code(&self) -> Option<MiotCode> {
        match &self.0.cause {
            Cause::Code { code, .. } => Some(*code),
            Cause::Miio { error, .. } => error.device_error()?.code.map(MiotCode::new),
            _ => None,
        }
    }

    /// The ways that were tried before, and what went wrong there.
    pub fn earlier(&self) -> impl Iterator<Item = (Way, &Self)> {
        self.0.earlier.iter().map(|(way, error)| (*way, error))
    }

    /// Whether the time ran out, one way or another.
    pub fn is_timeout(&self) -> bool {
        use ErrorKind::{MaybeExecuted, NoAnswer, Timeout, Unreachable};
        matches!(self.kind(), MaybeExecuted | NoAnswer | Timeout | Unreachable)
    }

    /// Whether the same may work later, and asking again does no harm.
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Cloud, NoAnswer, Spec, Timeout, Unreachable};
        matches!(self.kind(), Cloud | NoAnswer | Spec | Timeout | Unreachable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(device) = &self.0.device {
            write!(f, "{device}: ")?;
        }
        match &self.0.cause {
            Cause::Unknown { name, near } if near.is_empty() => {
                write!(f, "there is no device {name:?}")?;
            }
            Cause::Unknown { name, near } => {
                write!(f, "there is no device {name:?}; is it {}?", near.join(" or "))?;
            }
            Cause::Ambiguous { name, candidates } => {
                write!(f, "more than one device is called {name:?}: {}", candidates.join(", "))?;
            }
            Cause::Forgotten => f.write_str("the home knows this device no longer")?,
            Cause::Lookup(error) => error.fmt(f)?,
            Cause::Nameless { name } => write!(f, "nothing is known of the name {name:?}")?,
            Cause::Value(error) => error.fmt(f)?,
            Cause::Input(error) => error.fmt(f)?,
            Cause::Bulb(error) => error.fmt(f)?,
            Cause::Spec(error) => error.fmt(f)?,
            Cause::SpecLate(after) => {
                write!(f, "the spec server has told no spec within {after:?}")?;
            }
            Cause::NoWay => f.write_str("there is no way to it")?,
            Cause::Inexpressible => f.write_str("no way to it takes this")?,
            Cause::Code { what, code } => write!(f, "{what}: {code}")?,
            Cause::Unanswered { what } => write!(f, "{what}: the answer cannot be read")?,
            Cause::Uncertain => f.write_str("no answer: it may have been carried out")?,
            Cause::Partly(error) => {
                write!(f, "it may have been carried out, or a part of it: {error}")?;
            }
            Cause::Deadline(after) => write!(f, "the time ran out after {after:?}")?,
            Cause::Miio { error, .. } => error.fmt(f)?,
            Cause::Yeelight { error, .. } => error.fmt(f)?,
            Cause::Lumi { error, .. } => error.fmt(f)?,
            Cause::Cloud { error, .. } => error.fmt(f)?,
            Cause::Offline(code) => write!(f, "the cloud does not reach it: {code}")?,
            Cause::NoCloud => f.write_str("the home has no cloud")?,
            Cause::File { path, doing, error } => {
                write!(f, "the inventory {} cannot be {doing}: {error}", path.display())?;
            }
        }
        for (way, error) in &self.0.earlier {
            write!(f, "; before that, by {way}: {error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("device", &self.0.device)
            .field("cause", &self.0.cause)
            .field("earlier", &self.0.earlier)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // Every cause's own text stands in ours; what is below it does not.
        match &self.0.cause {
            Cause::Miio { error, .. } => error.source(),
            Cause::Yeelight { error, .. } => error.source(),
            Cause::Lumi { error, .. } => error.source(),
            Cause::Cloud { error, .. } => error.source(),
            Cause::Spec(error) => error.source(),
            Cause::Partly(error) => error.source(),
            _ => None,
        }
    }
}

impl From<LookupError> for Error {
    fn from(error: LookupError) -> Self {
        Self::new(Cause::Lookup(error))
    }
}

impl From<ValueError> for Error {
    fn from(error: ValueError) -> Self {
        Self::new(Cause::Value(error))
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::new(Cause::Input(error))
    }
}

const UNCERTAIN: &str = "look at the device's state before trying again: it was not sent another way, since it may have been carried out";
