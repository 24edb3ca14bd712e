//! The client itself.

use std::fmt;
use std::sync::Arc;

use iot_home_core::Secret;

use super::builder::Builder;
use super::dialog::Dialog;
use super::error::Error;
use super::properties::Reads;
use super::shared::Shared;
use crate::login::LongPoll;
use crate::{Api, DeviceId, Login, Mode, Region, Session};

/// An account at a region of the Mi cloud. Cloning it is cheap, and clones share the session.
#[derive(Clone)]
pub struct MiCloud {
    pub(super) shared: Arc<Shared>,
    pub(super) api: Arc<Api>,
    pub(super) reads: Arc<Reads>,
    region: Region,
    mode: Mode,
}

impl MiCloud {
    /// Says what the client is to be like.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(super) fn new(shared: Arc<Shared>, region: Region) -> Self {
        Self::with(shared, region, Mode::Rc4)
    }

    fn with(shared: Arc<Shared>, region: Region, mode: Mode) -> Self {
        let api = Api::new(region, shared.identity.clone());
        let api = Arc::new(api.hosts(shared.hosts.clone()).mode(mode));
        Self { shared, api, reads: Arc::default(), region, mode }
    }

    /// The same account at another region. The session is the same one.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        Self::with(Arc::clone(&self.shared), region, self.mode)
    }

    /// The same, with calls signed and encrypted in this mode: [`Mode::Rc4`] unless it is said.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Self {
        Self::with(Arc::clone(&self.shared), self.region, mode)
    }

    /// Which region is called.
    pub const fn region(&self) -> Region {
        self.region
    }

    /// The installation's id.
    pub fn device_id(&self) -> &DeviceId {
        self.shared.identity.device_id()
    }

    /// The session in use, as it is now.
    pub fn session(&self) -> Option<Session> {
        self.shared.session().map(|session| (*session).clone())
    }

    /// Whether there is a session. Whether the server still takes it, a call will tell.
    pub fn is_logged_in(&self) -> bool {
        self.shared.session().is_some()
    }

    /// Logs in with a password. `user` is an e-mail address, a phone number with its country's code, or the account's
    /// number. The server may ask for a captcha, and for a code that it sends.
    ///
    /// Never do it on a timer: after a few failures the server blocks the account's logins for a day.
    pub fn log_in(&self, user: &str, password: &str) -> Dialog {
        self.dialog(Login::password(self.shared.identity.clone(), user, password))
    }

    /// Logs in by a QR code, which is asked for least often in vain.
    pub fn log_in_by_qr(&self, style: LongPoll) -> Dialog {
        let login = Login::qr(self.shared.identity.clone(), self.shared.server_time());
        self.dialog(login.long_poll(style))
    }

    /// Logs in with a passToken: of an earlier login, or copied from a browser's cookies of account.xiaomi.com.
    ///
    /// # Errors
    /// When a text cannot be a cookie's value.
    pub fn log_in_by_pass_token(
        &self,
        user_id: &str,
        pass_token: &Secret<String>,
    ) -> Result<Dialog, Error> {
        let login = Login::pass_token(self.shared.identity.clone(), user_id, pass_token)?;
        Ok(self.dialog(login))
    }

    fn dialog(&self, login: Login) -> Dialog {
        Dialog::new(Arc::clone(&self.shared), login.hosts(self.shared.hosts.clone()))
    }
}

impl fmt::Debug for MiCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MiCloud")
            .field("region", &self.region)
            .field("mode", &self.mode)
            .field("is_logged_in", &self.is_logged_in())
            .finish_non_exhaustive()
    }
}
