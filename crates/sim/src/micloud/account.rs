//! Who may log in.

use std::fmt;

use iot_home_core::Secret;
use md5::{Digest as _, Md5};

/// An account, and what is asked of whoever logs in to it.
///
/// ```
/// use iot_home_sim::micloud::{Account, Verification};
///
/// let account = Account::new("someone@example.com", "made up")
///     .captcha("Ab3d")
///     .verification(Verification::new("246810").phone("138******00").email("s***@example.com"));
/// ```
#[derive(Clone)]
pub struct Account {
    pub(crate) user: String,
    pub(crate) password: Secret<String>,
    pub(crate) user_id: u64,
    pub(crate) captcha: Option<String>,
    pub(crate) verification: Option<Verification>,
    pub(crate) code: Option<i64>,
    pub(crate) stale_notification: bool,
}

impl Account {
    /// An account whose number is 1234567890. `user` is an e-mail address or a phone number; the number logs in too.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Secret::new(password.into()),
            user_id: 1_234_567_890,
            captcha: None,
            verification: None,
            code: None,
            stale_notification: false,
        }
    }

    /// Its number.
    #[must_use]
    pub fn user_id(mut self, user_id: u64) -> Self {
        self.user_id = user_id;
        self
    }

    /// A password is taken with this text only, which its image stands for. Capitals count.
    #[must_use]
    pub fn captcha(mut self, text: impl Into<String>) -> Self {
        self.captcha = Some(text.into());
        self
    }

    /// A login by password has to be verified by a code.
    #[must_use]
    pub fn verification(mut self, verification: Verification) -> Self {
        self.verification = Some(verification);
        self
    }

    /// Every login by password ends with this code, also with the right one: 70016 as of a blocked account, or
    /// 81003.
    #[must_use]
    pub fn refused_with(mut self, code: i64) -> Self {
        self.code = Some(code);
        self
    }

    /// A login that succeeds names an old verification beside the keys.
    #[must_use]
    pub fn stale_notification(mut self) -> Self {
        self.stale_notification = true;
        self
    }

    pub(crate) fn is_called(&self, user: &str) -> bool {
        self.user == user || self.user_id.to_string() == user
    }

    /// The password as it travels.
    pub(crate) fn hash(&self) -> Secret<String> {
        let digest: [u8; 16] = Md5::digest(self.password.expose().as_bytes()).into();
        Secret::new(digest.iter().map(|byte| format!("{byte:02X}")).collect())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The second step of a login: a code, by phone or by e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub(crate) code: String,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) captcha: Option<String>,
    pub(crate) tips: bool,
    pub(crate) skip: bool,
    pub(crate) polled: bool,
}

impl Verification {
    /// The code that is sent. Say by which ways.
    pub fn new(code: impl Into<String>) -> Self {
        let (phone, email, captcha) = (None, None, None);
        let (tips, skip, polled) = (false, false, false);
        Self { code: code.into(), phone, email, captcha, tips, skip, polled }
    }

    /// It can be sent to this phone, as the server shows it.
    #[must_use]
    pub fn phone(mut self, masked: impl Into<String>) -> Self {
        self.phone = Some(masked.into());
        self
    }

    /// It can be sent to this address, as the server shows it. It is the preferred way.
    #[must_use]
    pub fn email(mut self, masked: impl Into<String>) -> Self {
        self.email = Some(masked.into());
        self
    }

    /// It is sent against this text only, which its image stands for.
    #[must_use]
    pub fn captcha(mut self, text: impl Into<String>) -> Self {
        self.captcha = Some(text.into());
        self
    }

    /// The last hop but one shows a page of tips the first time.
    #[must_use]
    pub fn tips(mut self) -> Self {
        self.tips = true;
        self
    }

    /// The way leads over a page that asks to confirm a phone number, which names how to skip that.
    #[must_use]
    pub fn skip_url(mut self) -> Self {
        self.skip = true;
        self
    }

    /// The answer to the code has the code 2 and does not say where to go on: the result has to be asked for.
    #[must_use]
    pub fn polled(mut self) -> Self {
        self.polled = true;
        self
    }
}
