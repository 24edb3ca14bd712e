//! Why a command is not carried out.

use crate::yeelight::report::Violations;

/// Why a command is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Quota,
    /// The method is not among the supported ones.
    Method,
    /// `params` is no array.
    NoArray,
    /// Too few parameters or too many.
    Count,
    /// A parameter of another JSON type.
    Type,
    /// A value that the model does not take.
    Range,
    /// Taken only while the light is on.
    Off,
    /// Not allowed as things stand, which a client cannot always know.
    State,
}

impl Refusal {
    /// Code and message of the error.
    pub(crate) const fn error(self) -> (i32, &'static str) {
        match self {
            Self::Quota => (-1, "client quota exceeded"),
            Self::Method => (-1, "method not supported"),
            Self::NoArray | Self::Count | Self::Type => (-5001, "invalid params"),
            Self::Range | Self::Off | Self::State => (-5000, "general error"),
        }
    }

    /// Where it is counted.
    pub(crate) fn counter(self, violations: &mut Violations) -> Option<&mut u64> {
        Some(match self {
            Self::Quota => &mut violations.quota,
            Self::Method => &mut violations.unsupported_method,
            Self::NoArray => &mut violations.params_not_array,
            Self::Count => &mut violations.wrong_param_count,
            Self::Type => &mut violations.wrong_param_type,
            Self::Range => &mut violations.out_of_range,
            Self::Off => &mut violations.off_command,
            Self::State => return None,
        })
    }
}
