//! What a cloud has seen, refused and done.

use std::collections::BTreeMap;

/// Counts since the cloud began. A test asserts on them what no answer shows: that a client sent nothing a real
/// cloud would refuse, or that it logged in again once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Requests of all kinds that were answered.
    pub requests: u64,
    /// How often a request was found to have to wait: for a QR code to be scanned.
    pub held: u64,
    /// Logins by password that were asked for: the second request.
    pub password_attempts: u64,
    /// Those that got their keys, verified ones among them.
    pub password_logins: u64,
    /// Logins by QR code.
    pub qr_logins: u64,
    /// Logins by passToken.
    pub pass_token_logins: u64,
    /// passTokens that were not taken.
    pub pass_tokens_refused: u64,
    /// Tickets exchanged for a serviceToken.
    pub tickets: u64,
    /// Passwords that were wrong, or of nobody.
    pub wrong_passwords: u64,
    /// Images that were handed out.
    pub captchas: u64,
    /// Texts of images that were wrong.
    pub wrong_captchas: u64,
    /// Codes that were sent.
    pub codes_sent: u64,
    /// Codes that were wrong.
    pub wrong_codes: u64,
    /// Calls of the API by path as it is signed, those alone that were verified.
    pub calls: BTreeMap<String, u64>,
    /// Those of them whose answer was compressed.
    pub compressed: u64,
    /// Calls that were told that their login has expired.
    pub expired: u64,
    /// Answers that the faults spoiled.
    pub outages: u64,
    /// Properties that were read, by did.
    pub reads: BTreeMap<String, u64>,
    /// Properties that were written, by did.
    pub writes: BTreeMap<String, u64>,
    /// Actions that were executed, by did.
    pub actions: BTreeMap<String, u64>,
    /// Methods of miIO that were passed to a device, by did.
    pub rpcs: BTreeMap<String, u64>,
    /// Scenes that were run, by id.
    pub scenes: BTreeMap<String, u64>,
    /// What clients sent that a real cloud refuses.
    pub violations: Violations,
}

impl Report {
    /// How often this path was called.
    pub fn called(&self, path: &str) -> u64 {
        self.calls.get(path).copied().unwrap_or(0)
    }

    /// Logins of all kinds.
    pub fn logins(&self) -> u64 {
        self.password_logins.saturating_add(self.qr_logins).saturating_add(self.pass_token_logins)
    }
}

macro_rules! violations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What clients sent that a real cloud refuses, or should never see, by the rule that was broken.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Violations {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Violations {
            /// All of them together.
            pub fn total(&self) -> u64 {
                [$(self.$name),*].into_iter().fold(0, u64::saturating_add)
            }
        }
    };
}

violations! {
    /// A path that the server does not have.
    unknown_path,
    /// GET where POST is right, or POST where GET is.
    method,
    /// A form that was not said to be one by its `Content-Type`.
    content_type,
    /// A cookie that is another server's business.
    foreign_cookie,
    /// A first request without `sid`, or without `_json`.
    bad_login,
    /// `_sign`, `qs` or `callback` are not those of the first answer.
    bad_sign,
    /// The password's hash is not in capitals.
    hash_case,
    /// An image's text without the cookie `ick`, or with one that was used.
    no_ick,
    /// A step of a verification without its cookie `identity_session`, or with a context that there is not.
    no_identity_session,
    /// A code was checked that was never sent by that way.
    code_not_sent,
    /// A step of a verification that came before the one it needs.
    out_of_order,
    /// A ticket that is unknown, or was exchanged before.
    bad_ticket,
    /// A `clientSign` that is wrong, or is missing where the service wants it.
    client_sign,
    /// A call without serviceToken or without the account's id.
    no_cookies,
    /// A serviceToken that never was, or is another account's.
    bad_cookies,
    /// A call without `signature`, `_nonce` or `data`.
    unsigned,
    /// A nonce that is none.
    bad_nonce,
    /// A nonce that is too old, or of the future.
    nonce_age,
    /// A nonce that was used before.
    nonce_reuse,
    /// The signature does not fit.
    bad_signature,
    /// The signature fits another path: `/app` was left, or too much of it taken away.
    signed_path,
    /// The signature fits the key of another login of the account.
    mixed_pair,
    /// `rc4_hash__` does not fit, or was not encrypted.
    bad_hash,
    /// The key itself was sent.
    ssecurity_sent,
    /// Data that are no JSON, or not of the form that the path wants.
    bad_data,
    /// More properties or devices in one call than the server takes.
    too_many,
}

/// Adds one to a counter that stops at its largest value.
pub(crate) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
