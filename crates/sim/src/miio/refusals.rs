//! Requests that are sound, and refused for what they ask.

/// Requests that the device answered by an error, by the reason. A client that knows the device makes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusals {
    /// A Wi-Fi for a device that has one.
    pub provisioned: u64,
    /// Parameters that are missing or of another type.
    pub bad_params: u64,
    /// A character that the firmware cannot take.
    pub forbidden_character: u64,
    /// The uid 0, where there has to be an account.
    pub no_uid: u64,
    /// The plain variant, where the device takes the secure one alone.
    pub plain: u64,
    /// A step of the secure variant that is not the next one.
    pub wrong_step: u64,
    /// A suite, a curve or a mode that was not offered.
    pub not_offered: u64,
    /// A public key that is no point of its curve.
    pub bad_public_key: u64,
    /// A proof or a signature that was made with another key or another code.
    pub bad_proof: u64,
    /// An update while another one is under way.
    pub updating: u64,
}

impl Refusals {
    /// All of them together.
    pub fn total(&self) -> u64 {
        let Self {
            provisioned,
            bad_params,
            forbidden_character,
            no_uid,
            plain,
            wrong_step,
            not_offered,
            bad_public_key,
            bad_proof,
            updating,
        } = *self;
        [
            provisioned,
            bad_params,
            forbidden_character,
            no_uid,
            plain,
            wrong_step,
            not_offered,
            bad_public_key,
            bad_proof,
            updating,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }
}
