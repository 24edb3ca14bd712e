//! What a client id says besides the login: ext params that no signature covers.

use alloc::string::{String, ToString as _};
use core::fmt;

use iot_home_mqtt::InvalidField;
use iot_home_mqtt::field::{Fault, Field, first_other};

/// Ext params that no signature covers, in the order in which they are added.
///
/// Those that belong to the login itself (`securemode`, `signmethod`, `timestamp`, `authType`, `random`,
/// `instanceId`) cannot be among them.
///
/// ```
/// use iot_home_aliyun::Params;
///
/// let params = Params::new().auto_subscribe().language("Rust")?.version("0.1.0")?.own("mid", "7")?;
/// assert_eq!(params.to_string(), "_ss=1,lan=Rust,_v=0.1.0,mid=7");
/// // What the official SDK sends from a browser would end the client id.
/// assert!(Params::new().language("JS|Broswer").is_err());
/// assert!(Params::new().own("securemode", "2").is_err());
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    text: String,
    count: usize,
}

/// So that a client id stays far below what a packet can hold.
const MOST: usize = 16;

/// Those that a login sets by itself.
pub(crate) const RESERVED: [&str; 6] =
    ["securemode", "signmethod", "timestamp", "authType", "random", "instanceId"];

const KEY: Field = Field::new(
    "ext param's name",
    "1 to 32 printable characters without blank, bar, comma and equals sign, and none of the login's own",
    1..=32,
    |text| first_other(text, |c| c.is_ascii_graphic() && !"|,=".contains(c)),
);
const VALUE: Field = Field::new(
    "ext param's value",
    "at most 128 printable characters without blank, bar and comma",
    0..=128,
    |text| first_other(text, |c| c.is_ascii_graphic() && !"|,".contains(c)),
);
const ALL: Field =
    Field::new("ext param", "one of at most 16 with different names", 0..=MOST, |_| None);

impl Params {
    /// None.
    pub const fn new() -> Self {
        Self { text: String::new(), count: 0 }
    }

    /// `_ss=1`: the platform delivers the system's topics without being asked for them. Messages then
    /// come before, and without, an answer to any SUBSCRIBE.
    #[must_use]
    pub fn auto_subscribe(self) -> Self {
        self.known("_ss", "1")
    }

    /// `ext`: a bitmap, 1 for RRPC on custom topics, 2 for extended notifications.
    #[must_use]
    pub fn ext(self, bits: u8) -> Self {
        self.known("ext", &bits.to_string())
    }

    /// `gw=1`: the device is a gateway; what the old C SDK sends.
    #[must_use]
    pub fn gateway(self) -> Self {
        self.known("gw", "1")
    }

    /// `_v`: the version of the SDK.
    ///
    /// # Errors
    /// If the text cannot be the value of an ext param.
    pub fn version(self, version: &str) -> Result<Self, InvalidField> {
        self.own("_v", version)
    }

    /// `lan`: the language of the SDK.
    ///
    /// # Errors
    /// If the text cannot be the value of an ext param.
    pub fn language(self, language: &str) -> Result<Self, InvalidField> {
        self.own("lan", language)
    }

    /// Any other.
    ///
    /// # Errors
    /// If name or value could be more than that, if the name is the login's own or there already, or if there
    /// are 16 of them.
    pub fn own(self, name: &str, value: &str) -> Result<Self, InvalidField> {
        KEY.check(name)?;
        VALUE.check(value)?;
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return Err(KEY.error(Fault::Reserved));
        }
        if self.value(name).is_some() {
            return Err(ALL.error(Fault::Duplicate));
        }
        if self.count >= MOST {
            return Err(ALL.error(Fault::TooMany));
        }
        Ok(self.push(name, value))
    }

    /// Adds one of ours, or gives it its value again.
    fn known(mut self, name: &str, value: &str) -> Self {
        if self.value(name).is_some() {
            let others = self.text.split(',').filter(|item| name_of(item) != name);
            self.text = others.fold(String::new(), join);
            self.count = self.count.saturating_sub(1);
        }
        self.push(name, value)
    }

    fn push(mut self, name: &str, value: &str) -> Self {
        self.text = join(self.text, name);
        self.text.push('=');
        self.text.push_str(value);
        self.count = self.count.saturating_add(1);
        self
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.text.split(',').find(|item| name_of(item) == name)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

fn name_of(item: &str) -> &str {
    item.split('=').next().unwrap_or_default()
}

fn join(mut text: String, item: &str) -> String {
    if !text.is_empty() {
        text.push(',');
    }
    text.push_str(item);
    text
}

/// As they stand in the client id.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
