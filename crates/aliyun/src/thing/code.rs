//! What the platform answers.

use iot_home_mqtt::codes;

codes! {
    /// How a request went, in either direction.
    ///
    /// The meanings are those of the platform's list of errors. Some numbers are used by more than one part of it.
    Code {
        SUCCESS = 200 "success",
        BAD_REQUEST = 400 "the request is malformed",
        SIGNATURE = 401 "a sub-device's signature is wrong",
        LOGGED_IN_ELSEWHERE = 427 "the sub-device logged in elsewhere",
        TOO_MANY_ONLINE = 428 "too many sub-devices are online",
        THROTTLED = 429 "too many requests, try again later",
        BAD_PARAMETER = 460 "a parameter is wrong",
        INTERNAL = 500 "an error inside the platform",
        NO_SESSION = 520 "the sub-device has no session",
        SUB_DEVICE_DELETED = 521 "the sub-device was deleted",
        SUB_DEVICE_DISABLED = 522 "the sub-device is disabled",
        LOGGED_IN_ELSEWHERE_OTHER = 527 "the sub-device logged in elsewhere",
        TOKEN_INVALID = 2043 "the account's token is not valid",
        PRODUCT = 5005 "the product cannot be looked up",
        NO_DEVICE = 6100 "there is no such device",
        TOO_MANY_PROPERTIES = 6104 "more than 200 properties at once",
        TOO_MANY_PROPERTIES_OTHER = 6106 "more than 200 properties at once",
        TOPIC = 6203 "the topic is malformed",
        DEVICE_DISABLED = 6204 "the device is disabled",
        PRODUCT_OTHER = 6250 "the product cannot be looked up",
        SUB_DEVICE_NAME = 6280 "a sub-device's name is wrong",
        SUB_DEVICE_SIGNATURE = 6287 "the sub-device's signature is wrong",
        REGISTRATION_OFF = 6288 "dynamic registration is switched off for the product",
        ALREADY_ACTIVE = 6289 "the device was activated before",
        SIGN_METHOD = 6292 "the sign method is not supported",
        TOO_MANY_EVENTS = 6356 "more than 200 events at once",
        TOO_MANY_SUB_DEVICES = 6357 "more than 20 sub-devices in one pack",
        TOPOLOGY_FULL = 6400 "the gateway has too many sub-devices",
        NO_TOPOLOGY = 6401 "the device is not below this gateway",
        OWN_SUB_DEVICE = 6402 "a gateway cannot be below itself",
        NO_METHOD = 6450 "there is no such method",
        WRONG_SIGNATURE = 6600 "the signature is wrong",
        BOUND_ELSEWHERE = 6619 "the device is bound to another gateway",
        DESIRED = 6661 "the desired values cannot be read",
        CONFIG = 6710 "the remote configuration cannot be read",
        CONFIG_OTHER = 6713 "the remote configuration cannot be read",
        SYSTEM = 6760 "an error inside the platform",
        INVALID = 9112 "the request is not valid",
        SCRIPT = 26001 "the product's script cannot parse the data",
        SCRIPT_EMPTY = 26002 "the product's script cannot parse the data",
        SCRIPT_RUN = 26006 "the product's script cannot parse the data",
        SCRIPT_METHOD = 26007 "the product's script cannot parse the data",
        SCRIPT_RESULT = 26010 "the product's script cannot parse the data",
        TIMEOUT = 100_000 "it took too long",
    }
}

impl Code {
    /// Whether it was done.
    pub const fn is_success(self) -> bool {
        self.get() == Self::SUCCESS.get()
    }

    /// Whether the same request may succeed later.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::THROTTLED | Self::INTERNAL | Self::SYSTEM | Self::TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::Code;

    #[test]
    fn codes_have_meanings_and_keep_their_numbers() {
        for code in Code::KNOWN {
            assert!(code.meaning().is_some(), "{code}");
        }
        assert_eq!(format!("{}", Code::THROTTLED), "429 (too many requests, try again later)");
        assert_eq!(format!("{} {0:?}", Code::new(12)), "12 Code(12)");
        assert_eq!(serde_json::from_str::<Code>("\"1000\"").unwrap(), Code::new(1000));
        assert!(Code::THROTTLED.is_retryable() && !Code::SIGNATURE.is_retryable());
    }
}
