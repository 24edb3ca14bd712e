//! The ids of requests.

use alloc::string::{String, ToString as _};

/// Numbers one after the other, as texts: an id for each request of a connection.
///
/// ```
/// use iot_home_mqtt::payload::Ids;
///
/// let mut ids = Ids::new();
/// assert_eq!((ids.next().as_str(), ids.next().as_str()), ("1", "2"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ids(u32);

impl Ids {
    /// From 1 on.
    pub const fn new() -> Self {
        Self(0)
    }

    /// From the number behind this one on. 0 follows the largest.
    pub const fn after(number: u32) -> Self {
        Self(number)
    }

    /// The next one.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> String {
        self.0 = self.0.wrapping_add(1);
        self.0.to_string()
    }
}
