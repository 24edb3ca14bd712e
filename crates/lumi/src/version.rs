//! The two versions of the protocol.

/// Which of its two forms a gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// 1.x: `get_id_list`, answers that end in `_ack`, values as JSON text in `data`.
    V1,
    /// 2.x: `discovery`, answers that end in `_rsp`, values as objects in `params`.
    V2,
}

impl Version {
    /// The version that a `proto_version` such as `1.1.2` stands for. Nothing, if it begins with no number.
    pub fn from_proto(text: &str) -> Option<Self> {
        let major = text.split('.').next()?.trim();
        match major.parse::<u32>().ok()? {
            0 | 1 => Some(Self::V1),
            _ => Some(Self::V2),
        }
    }

    /// What asks for the children: `get_id_list` or `discovery`.
    pub(crate) const fn list_command(self) -> &'static str {
        match self {
            Self::V1 => "get_id_list",
            Self::V2 => "discovery",
        }
    }
}
