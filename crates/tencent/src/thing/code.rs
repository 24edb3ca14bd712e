//! What the platform answers.

use iot_home_mqtt::codes;

codes! {
    /// How a request went, in either direction. The documents name success and a conflict of versions; whatever else comes is
    /// a failure, and its number is kept.
    Code {
        SUCCESS = 0 "success",
        FAILED = 400 "the request is malformed",
        VERSION_CONFLICT = 5005 "the shadow has another version",
    }
}

impl Code {
    /// Whether it was done.
    pub const fn is_success(self) -> bool {
        self.get() == Self::SUCCESS.get()
    }
}
