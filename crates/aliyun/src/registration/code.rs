//! What the servers over HTTP answer.

use iot_home_mqtt::codes;

codes! {
    /// What the server of registration and authentication answers.
    AuthCode {
        SUCCESS = 200 "success",
        UNAUTHORIZED = 401 "the signature or the device is wrong",
        BAD_PARAMETER = 460 "a parameter is wrong",
        INTERNAL = 500 "an error inside the platform",
        SERVER = 5001 "an error inside the platform",
        NO_DEVICE = 6100 "there is no such device",
        NO_DEVICE_OTHER = 6200 "there is no such device",
        REGISTRATION_OFF = 6288 "dynamic registration is switched off for the product",
        ALREADY_ACTIVE = 6289 "the device was activated before",
        SIGN_METHOD = 6292 "the sign method is not supported",
        WRONG_SIGNATURE = 6600 "the signature is wrong",
    }
}
